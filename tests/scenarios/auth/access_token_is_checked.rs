use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use gatewright_tests::host::{Answer, Host, JWT_SECRET};
use hmac::{Hmac, KeyInit as _, Mac as _};
use reqwest::Method;
use serde_json::{Value, json};
use sha2::Sha256;

const SETTINGS: &[(&str, &str)] = &[("JWT_ALGORITHM", "HS256"), ("JWT_SECRET", JWT_SECRET)];

/// Returns a part of a token: 0 is its header, 1 its claims.
pub(crate) fn part(token: &str, index: usize) -> Value {
    serde_json::from_slice(
        &URL_SAFE_NO_PAD
            .decode(token.split('.').nth(index).unwrap())
            .unwrap(),
    )
    .unwrap()
}

/// Signs a token with these parts with the service's own secret, so that only the parts can be wrong.
fn signed(header: &Value, claims: &Value) -> String {
    signed_text(&header.to_string(), &claims.to_string())
}

fn signed_text(header: &str, claims: &str) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(header),
        URL_SAFE_NO_PAD.encode(claims)
    );
    let mut mac = Hmac::<Sha256>::new_from_slice(JWT_SECRET.as_bytes()).unwrap();
    mac.update(message.as_bytes());
    format!(
        "{message}.{}",
        URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
    )
}

fn with(value: &Value, name: &str, member: Value) -> Value {
    let mut changed = value.clone();
    changed[name] = member;
    changed
}

fn without(value: &Value, name: &str) -> Value {
    let mut changed = value.clone();
    changed.as_object_mut().unwrap().remove(name);
    changed
}

/// V9.1.1, V9.1.2, V9.1.3, V9.2.1, V9.2.2, V9.2.3: each check of RFC 8725 and RFC 9068 separately.
#[tokio::test]
async fn every_claim_and_header_is_checked() {
    let host = Host::start(SETTINGS);
    let token = host.register("ada@example.com").await.access_token;
    let (header, claims) = (part(&token, 0), part(&token, 1));
    assert_eq!(
        (&header["alg"], &header["typ"]),
        (&json!("HS256"), &json!("at+jwt"))
    );
    let host = &host;
    let get = |token: String| async move { host.get_as("/auth/me", &token).await };

    assert_eq!(
        get(signed(&header, &claims)).await.status,
        200,
        "the forger of this test must be right"
    );
    assert_eq!(
        get(signed(
            &with(&header, "typ", json!("application/at+JWT")),
            &claims
        ))
        .await
        .status,
        200
    );
    assert_eq!(
        get(signed(
            &header,
            &with(&claims, "aud", json!(["other", claims["aud"]]))
        ))
        .await
        .status,
        200
    );

    let now = claims["iat"].as_u64().unwrap();
    for (name, member, code) in [
        ("exp", json!(now - 6), "token_expired"),
        ("exp", json!(0), "token_expired"),
        ("nbf", json!(now + 600), "token_not_yet_valid"),
        ("iat", json!(now + 600), "token_not_yet_valid"),
        (
            "iss",
            json!("https://elsewhere.example.com"),
            "issuer_mismatch",
        ),
        ("aud", json!("another-service"), "audience_mismatch"),
        ("aud", json!(["another-service"]), "audience_mismatch"),
        ("aud", json!([]), "audience_mismatch"),
        (
            "sub",
            json!("018bcfe5-6800-7000-8000-000000000000"),
            "session_ended",
        ),
        (
            "sid",
            json!("018bcfe5-6800-7000-8000-000000000000"),
            "session_ended",
        ),
        ("exp", json!("9999999999"), "token_malformed"),
        ("exp", json!(-1), "token_malformed"),
        ("exp", json!(1e300), "token_malformed"),
        ("sid", json!(null), "token_malformed"),
    ] {
        get(signed(&header, &with(&claims, name, member)))
            .await
            .assert_error(401, code);
    }
    for name in ["exp", "iat", "iss", "aud", "sub", "sid", "jti"] {
        get(signed(&header, &without(&claims, name)))
            .await
            .assert_error(401, "token_malformed");
    }

    for (name, member, code) in [
        ("typ", json!("JWT"), "token_type_mismatch"),
        ("typ", json!("refresh+jwt"), "token_type_mismatch"),
        ("alg", json!("HS512"), "algorithm_mismatch"),
        ("alg", json!("EdDSA"), "algorithm_mismatch"),
        ("alg", json!("none"), "algorithm_mismatch"),
        ("alg", json!("None"), "algorithm_mismatch"),
        ("kid", json!("another"), "key_unknown"),
        ("crit", json!(["exp"]), "token_malformed"),
        ("crit", json!([]), "token_malformed"),
    ] {
        get(signed(&with(&header, name, member), &claims))
            .await
            .assert_error(401, code);
    }
    get(signed(&without(&header, "typ"), &claims))
        .await
        .assert_error(401, "token_type_mismatch");
    get(signed(&without(&header, "kid"), &claims))
        .await
        .assert_error(401, "key_unknown");

    // A key of the attacker in the header is ignored.
    let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode("attacker"), "kid": "mine"});
    let own_key = with(&with(&header, "jwk", jwk), "kid", json!("mine"));
    get(signed(&own_key, &claims))
        .await
        .assert_error(401, "key_unknown");

    let twice = claims
        .to_string()
        .replacen('{', "{\"sub\":\"someone else\",", 1);
    get(signed_text(&header.to_string(), &twice))
        .await
        .assert_error(401, "token_malformed");
}

/// The clocks of issuer and verifier can differ slightly: `iat`, `nbf` and `exp` have the same tolerance.
#[tokio::test]
async fn clocks_may_differ_by_the_tolerance() {
    // A short tolerance leaves little margin for a late answer, because the test itself takes time.
    for (tolerance, early, late) in [
        (None, 5, None),
        (Some("300"), 300, Some(100)),
        (Some("0"), 0, None),
    ] {
        let tolerance = tolerance.map(|seconds| ("CLOCK_TOLERANCE_SECONDS", seconds));
        let settings: Vec<_> = SETTINGS.iter().copied().chain(tolerance).collect();
        let host = Host::start(&settings);
        let token = host.register("ada@example.com").await.access_token;
        let (header, claims) = (part(&token, 0), part(&token, 1));
        let now = claims["iat"].as_u64().unwrap();
        let late = late.map(|late| ("exp", now - late, true));
        for (name, time, accepted) in late.into_iter().chain([
            ("iat", now + early, true),
            ("nbf", now + early, true),
            ("iat", now + 600, false),
            ("nbf", now + 600, false),
            ("exp", now - 301, false),
        ]) {
            let changed = signed(&header, &with(&claims, name, json!(time)));
            let answer = host.get_as("/auth/me", &changed).await;
            let expected = if accepted { 200 } else { 401 };
            assert_eq!(answer.status, expected, "{tolerance:?} {name} {time}");
        }
    }
}

/// A token without its signature, with another token's, or changed after signing.
#[tokio::test]
async fn a_tampered_token_is_refused() {
    let host = Host::start(SETTINGS);
    let token = host.register("ada@example.com").await.access_token;
    let other = host.register("bob@example.com").await.access_token;
    let [header, claims, signature] = token.split('.').collect::<Vec<_>>()[..] else {
        panic!("not three parts")
    };
    let none = URL_SAFE_NO_PAD.encode(json!({"alg": "none", "typ": "at+jwt"}).to_string());
    let flipped = if signature.starts_with('A') { "B" } else { "A" };
    for (token, code) in [
        (format!("{header}.{claims}."), "signature_invalid"),
        (
            format!("{header}.{claims}.{flipped}{}", &signature[1..]),
            "signature_invalid",
        ),
        (
            format!("{header}.{claims}.{}", &signature[..20]),
            "signature_invalid",
        ),
        (
            format!("{header}.{claims}.{}", other.rsplit('.').next().unwrap()),
            "signature_invalid",
        ),
        (
            format!("{header}.{}.{signature}", other.split('.').nth(1).unwrap()),
            "signature_invalid",
        ),
        (format!("{none}.{claims}."), "key_unknown"),
        (format!("{none}.{claims}.{signature}"), "key_unknown"),
        (format!("{header}.{claims}"), "token_malformed"),
        (format!("{header}.{claims}.{signature}="), "token_malformed"),
        (
            format!("{header}.{claims}.{signature}.{signature}"),
            "token_malformed",
        ),
        (
            format!(" {header}.!{claims}.{signature}"),
            "token_malformed",
        ),
        ("x".repeat(9000), "token_malformed"),
        ("..".into(), "token_malformed"),
        ("nonsense".into(), "token_malformed"),
    ] {
        host.get_as("/auth/me", &token)
            .await
            .assert_error(401, code);
    }
    assert_eq!(host.get_as("/auth/me", &token).await.status, 200);
}

/// A request without a token, or with one in a wrong place, is asked for one.
#[tokio::test]
async fn a_token_is_taken_from_the_authorization_header_alone() {
    let host = Host::start(SETTINGS);
    let token = host.register("ada@example.com").await.access_token;
    let get = |value: String| {
        host.request(Method::GET, "/auth/me")
            .header("authorization", value)
    };
    for request in [
        host.request(Method::GET, "/auth/me"),
        host.request(Method::GET, &format!("/auth/me?access_token={token}")),
        get(String::new()),
        get(token.clone()),
        get(format!("Basic {token}")),
        get(format!("Bearer {token}")).header("authorization", format!("Bearer {token}")),
    ] {
        let answer = Answer::of(request).await;
        answer.assert_error(401, "unauthenticated");
        assert!(!answer.header("www-authenticate").contains("error="));
    }
    assert_eq!(Answer::of(get(format!("bearer {token}"))).await.status, 200);
    let invalid = host.get_as("/auth/me", "nonsense").await;
    assert!(
        invalid
            .header("www-authenticate")
            .contains("error=\"invalid_token\"")
    );
}

/// Every algorithm that signs also verifies its tokens; public keys are served, secrets never.
#[tokio::test]
async fn every_algorithm_signs_and_verifies() {
    let long = "s".repeat(64);
    for algorithm in ["EdDSA", "ES256", "HS256", "HS384", "HS512"] {
        let host = Host::start(&[("JWT_ALGORITHM", algorithm), ("JWT_SECRET", &long)]);
        let token = host.register("ada@example.com").await.access_token;
        assert_eq!(part(&token, 0)["alg"], algorithm);
        assert_eq!(
            host.get_as("/auth/me", &token).await.status,
            200,
            "{algorithm}"
        );
        let jwks = host.get("/.well-known/jwks.json").await;
        let keys = jwks.body["keys"].as_array().unwrap();
        assert_eq!(
            keys.len(),
            usize::from(!algorithm.starts_with("HS")),
            "{algorithm}"
        );
        for key in keys {
            assert_eq!(
                (&key["kid"], &key["alg"]),
                (&part(&token, 0)["kid"], &json!(algorithm))
            );
            assert!(key.get("d").is_none() && key.get("k").is_none());
        }
    }
}
