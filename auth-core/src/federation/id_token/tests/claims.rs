//! The claims.

use super::*;

/// `oidcc-client-test`: a token that meets every condition.
#[test]
fn a_valid_token_is_accepted() {
    let token = validate(&claims(), &EXPECTED).unwrap();
    assert_eq!(token.subject, "ada");
    assert_eq!(token.claims["email"], "ada@example.com");
    assert_eq!(token.tenant, None);
}

/// `oidcc-client-test-invalid-iss`.
#[test]
fn another_issuer_is_refused() {
    for issuer in ["https://evil.example", "https://op.example/", ""] {
        assert_eq!(error_with("iss", issuer.into()), Some(IdTokenError::Issuer));
    }
    assert_eq!(error_without("iss"), Some(IdTokenError::Malformed));
    // Google's two names.
    let issuers = &["https://accounts.google.com", "accounts.google.com"];
    let expected = Expected {
        issuers,
        ..EXPECTED
    };
    let mut claims = claims();
    for issuer in issuers {
        claims["iss"] = (*issuer).into();
        assert!(validate(&claims, &expected).is_ok());
    }
}

const TID: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

fn of_tenant(tenant: &str, tid: &str) -> Value {
    let mut claims = claims();
    claims["iss"] = format!("https://login.microsoftonline.com/{tenant}/v2.0").into();
    claims["tid"] = tid.into();
    claims
}

/// Microsoft's tenants: the issuer has the token's own `tid`.
#[test]
fn the_tenant_is_that_of_the_issuer() {
    let issuers = &["https://login.microsoftonline.com/{tenantid}/v2.0"];
    let expected = Expected {
        issuers,
        ..EXPECTED
    };
    let token = validate(&of_tenant(TID, TID), &expected).unwrap();
    assert_eq!(token.tenant.as_deref(), Some(TID));
    let other = "aaaaaaaa-6c67-4c5b-b112-36a304b66dad";
    for (tenant, tid) in [
        (other, TID),
        (TID, other),
        ("{tenantid}", TID),
        ("{tenantid}", "{tenantid}"),
        (TID, ""),
    ] {
        let refused = validate(&of_tenant(tenant, tid), &expected);
        assert_eq!(refused, Err(IdTokenError::Issuer), "{tenant} {tid}");
    }
}

/// A key that Microsoft limits to one tenant signs for no other.
#[test]
fn a_key_is_limited_to_its_issuer() {
    let issuers = &["https://login.microsoftonline.com/{tenantid}/v2.0"];
    let expected = Expected {
        issuers,
        ..EXPECTED
    };
    let token = key(Algorithm::Es256).sign("JWT", &of_tenant(TID, TID));
    let validate_by = |tenant: &str| {
        let jwk = key(Algorithm::Es256).public_jwk().unwrap();
        let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
        let jwk = jwk.replacen('{', &format!(r#"{{"issuer":"{issuer}","#), 1);
        IdToken::validate(&token, &keys(&[&jwk]), &expected).map(drop)
    };
    assert_eq!(validate_by("{tenantid}"), Ok(()));
    assert_eq!(validate_by(TID), Ok(()));
    let other = "aaaaaaaa-6c67-4c5b-b112-36a304b66dad";
    assert_eq!(validate_by(other), Err(IdTokenError::Issuer));
}

/// `oidcc-client-test-missing-sub`.
#[test]
fn a_subject_is_required() {
    assert_eq!(error_without("sub"), Some(IdTokenError::Malformed));
    for (subject, error) in [
        ("a".repeat(255).into(), None),
        ("a".repeat(256).into(), Some(IdTokenError::Subject)),
        ("".into(), Some(IdTokenError::Subject)),
        ("ad\u{e4}".into(), Some(IdTokenError::Subject)),
        (json!(1), Some(IdTokenError::Malformed)),
        (json!(null), Some(IdTokenError::Malformed)),
    ] {
        assert_eq!(error_with("sub", subject), error);
    }
}

/// `oidcc-client-test-invalid-aud`.
#[test]
fn another_audience_is_refused() {
    assert_eq!(error_without("aud"), Some(IdTokenError::Malformed));
    for (audience, error) in [
        (json!(["client"]), None),
        (json!("other"), Some(IdTokenError::Audience)),
        (json!(["other"]), Some(IdTokenError::Audience)),
        (json!([]), Some(IdTokenError::Audience)),
        (json!(""), Some(IdTokenError::Audience)),
        (json!(null), Some(IdTokenError::Malformed)),
        // Several audiences need `azp`.
        (
            json!(["client", "other"]),
            Some(IdTokenError::AuthorizedParty),
        ),
    ] {
        assert_eq!(error_with("aud", audience), error);
    }
}

#[test]
fn the_authorized_party_is_the_client() {
    for audience in [json!("client"), json!(["other", "client"])] {
        let mut claims = claims();
        claims["aud"] = audience;
        claims["azp"] = "client".into();
        assert!(validate(&claims, &EXPECTED).is_ok());
        claims["azp"] = "other".into();
        let refused = validate(&claims, &EXPECTED);
        assert_eq!(refused, Err(IdTokenError::AuthorizedParty));
    }
}

/// `oidcc-client-test-missing-iat`, and each time.
#[test]
fn times_are_checked() {
    assert_eq!(error_without("iat"), Some(IdTokenError::Malformed));
    assert_eq!(error_without("exp"), Some(IdTokenError::Malformed));
    for (name, value, error) in [
        ("exp", json!(996), None),
        ("exp", json!(995), Some(IdTokenError::Expired)),
        ("exp", json!(995.5), None),
        ("exp", json!(-1), Some(IdTokenError::Expired)),
        ("exp", json!("1300"), Some(IdTokenError::Malformed)),
        ("exp", json!(null), Some(IdTokenError::Malformed)),
        ("iat", json!(1005), None),
        ("iat", json!(1006), Some(IdTokenError::NotYetValid)),
        ("iat", json!("1000"), Some(IdTokenError::Malformed)),
        ("nbf", json!(1005), None),
        ("nbf", json!(1006), Some(IdTokenError::NotYetValid)),
        ("auth_time", json!(1005), None),
        ("auth_time", json!(1006), Some(IdTokenError::NotYetValid)),
    ] {
        assert_eq!(error_with(name, value.clone()), error, "{name} {value}");
    }
}

/// `oidcc-client-test-nonce-invalid`.
#[test]
fn another_nonce_is_refused() {
    assert_eq!(
        error_with("nonce", "other".into()),
        Some(IdTokenError::Nonce)
    );
    assert_eq!(error_with("nonce", "".into()), Some(IdTokenError::Nonce));
    assert_eq!(error_without("nonce"), Some(IdTokenError::Nonce));
}

/// The example of OpenID Connect Core appendix A.3, and the hashes of the other algorithms.
#[test]
fn at_hash_is_that_of_the_access_token() {
    let access_token = "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y";
    for (algorithm, hash) in [
        ("RS256", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("PS256", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("ES256", "77QmUPtjPfzWtF2AnpK9RQ"),
        ("RS384", "jtAeDp945y1dDqU3nkIVGNZP1HjH_MFs"),
        ("RS512", "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"),
        ("EdDSA", "q7nS86GgvvFaZkzALLWqJYaJIKw2wCDAVfCAsm5CrBM"),
    ] {
        assert_eq!(half_hash(algorithm, access_token), hash);
    }
    let expected = Expected {
        access_token,
        ..EXPECTED
    };
    assert!(validate(&claims(), &expected).is_ok(), "it may be missing");
    let mut claims = claims();
    claims["at_hash"] = "77QmUPtjPfzWtF2AnpK9RQ".into();
    assert!(validate(&claims, &expected).is_ok());
    let other = Expected {
        access_token: "other",
        ..EXPECTED
    };
    assert_eq!(validate(&claims, &other), Err(IdTokenError::AccessToken));
}

/// A step-up by `max_age=0`: the sign-in is not before the request.
#[test]
fn a_new_sign_in_can_be_required() {
    let since = Some(Timestamp::from_millis(900_000));
    let expected = Expected {
        authenticated_since: since,
        ..EXPECTED
    };
    let refused = validate(&claims(), &expected);
    assert_eq!(refused, Err(IdTokenError::AuthenticationTooOld), "missing");
    let mut claims = claims();
    for (time, error) in [
        (900, None),
        (895, None),
        (894, Some(IdTokenError::AuthenticationTooOld)),
        (0, Some(IdTokenError::AuthenticationTooOld)),
    ] {
        claims["auth_time"] = time.into();
        assert_eq!(validate(&claims, &expected).err(), error, "{time}");
    }
}
