use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP, Tokens};
pub(crate) use gatewright_tests::totp::{code_at, code_now, step};
use reqwest::Method;
use serde_json::{Value, json};

/// A user with an active second factor.
pub(crate) struct Enrolled {
    pub secret: String,
    pub recovery_codes: Vec<String>,
    pub session: Tokens,
    /// The step of the code that confirmed it.
    used: u64,
}

/// Registers Ada, with a verified address, on a host that was started with [`SETUP`].
pub(crate) async fn ada(host: &Host) -> Tokens {
    let root = host.administrator().await;
    host.person(&root, "ada", &["user"]).await.session
}

pub(crate) async fn enrol(host: &Host, session: Tokens) -> Enrolled {
    let enabled = host
        .post_as("/auth/2fa/enable", &session.access_token)
        .await;
    enabled.assert_ok();
    let secret = enabled.body["secret"].as_str().unwrap().to_owned();
    let (confirmed, used) = host
        .confirm_second_factor(&session.access_token, &secret)
        .await;
    confirmed.assert_ok();
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    Enrolled {
        secret,
        recovery_codes: codes
            .iter()
            .map(|code| code.as_str().unwrap().to_owned())
            .collect(),
        session: Tokens::of(&confirmed.body["tokens"]),
        used,
    }
}

fn password() -> Value {
    json!({"email": "ada@example.com", "password": PASSWORD})
}

fn with_code(code: &str) -> Value {
    json!({"email": "ada@example.com", "password": PASSWORD, "totp_code": code})
}

/// A key becomes active when a code of it is confirmed; then every way to sign in requires one.
#[tokio::test]
async fn a_second_factor_is_asked_for_on_every_way_in() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let session = ada(&host).await;
    let enabled = host
        .post_as("/auth/2fa/enable", &session.access_token)
        .await;
    enabled.assert_ok();
    let secret = enabled.body["secret"].as_str().unwrap();
    let uri = enabled.body["otpauth_uri"].as_str().unwrap();
    assert!(
        uri.starts_with("otpauth://totp/Gatewright:ada%40example.com?secret="),
        "{uri}"
    );
    assert!(uri.contains(secret));
    assert!(
        enabled.body["qr_base64"]
            .as_str()
            .unwrap()
            .starts_with("iVBORw0KGgo")
    );
    assert!(enabled.body["qr_svg"].as_str().unwrap().contains("<svg"));
    // Not confirmed, so not active.
    host.login("ada@example.com").await;
    let wrong = json!({"code": "000000"});
    host.send_as("POST", "/auth/2fa/verify", &session.access_token, wrong)
        .await
        .assert_error(403, "invalid_code");

    let (confirmed, used) = host
        .confirm_second_factor(&session.access_token, secret)
        .await;
    let codes = confirmed.body["recovery_codes"].as_array().unwrap();
    let session = Tokens::of(&confirmed.body["tokens"]);
    assert_eq!(codes.len(), 10);
    assert_eq!(mail.next().message["kind"], "mfa_enabled");
    let account = host.get_as("/account", &session.access_token).await;
    assert_eq!(
        (
            &account.body["mfa_enabled"],
            &account.body["recovery_codes_left"]
        ),
        (&json!(true), &json!(10))
    );
    host.post_as("/auth/2fa/enable", &session.access_token)
        .await
        .assert_error(409, "mfa_enabled");

    // In a second call.
    let challenge = host.post("/auth/login", password()).await;
    challenge.assert_ok();
    assert_eq!(challenge.body["mfa_required"], true);
    assert_eq!(challenge.body["methods"], json!(["totp", "recovery_code"]));
    assert!(challenge.body.get("access_token").is_none());
    let answer = |code: &str| json!({"mfa_token": challenge.body["mfa_token"], "code": code});
    host.post("/auth/login/mfa", answer("000000"))
        .await
        .assert_error(403, "invalid_code");
    // A code is valid once: the one that confirmed the key is used up.
    host.post("/auth/login/mfa", answer(&code_at(secret, used)))
        .await
        .assert_error(403, "invalid_code");
    let signed_in = host
        .post("/auth/login/mfa", answer(&code_at(secret, used + 1)))
        .await;
    let tokens = Tokens::of(&signed_in.body);
    host.get_as("/auth/me", &tokens.access_token)
        .await
        .assert_ok();
    host.post("/auth/login/mfa", answer(&code_at(secret, used + 2)))
        .await
        .assert_error(401, "mfa_token_invalid");

    // In the same call, and in OAuth's form.
    let recovery = codes[0].as_str().unwrap();
    let login = host
        .post(
            "/auth/login",
            with_code(&recovery.to_lowercase().replace('-', "")),
        )
        .await;
    Tokens::of(&login.body);
    assert_eq!(mail.next().message["kind"], "recovery_code_used");
    host.post("/auth/login", with_code(recovery))
        .await
        .assert_error(403, "invalid_code");
    let form = |code: Option<&str>| {
        let mut form = vec![
            ("grant_type", "password"),
            ("username", "ada@example.com"),
            ("password", PASSWORD),
        ];
        form.extend(code.map(|code| ("totp_code", code)));
        Answer::of(host.request(Method::POST, "/auth/token").form(&form))
    };
    let refused = form(None).await;
    assert_eq!(
        (refused.status.as_u16(), &refused.body["error"]),
        (400, &json!("mfa_required"))
    );
    let go_on = json!({"mfa_token": refused.body["mfa_token"], "code": codes[1]});
    host.post("/auth/login/mfa", go_on).await.assert_ok();
    assert_eq!(mail.next().message["kind"], "recovery_code_used");
    form(codes[2].as_str()).await.assert_ok();
    let cookie = [("username", "ada@example.com"), ("password", PASSWORD)];
    let cookie = Answer::of(
        host.request(Method::POST, "/auth/cookie/login")
            .form(&cookie),
    )
    .await;
    assert_eq!(cookie.body["error"], "mfa_required");
    assert!(cookie.headers.get("set-cookie").is_none());
    let account = host.get_as("/account", &session.access_token).await;
    assert_eq!(account.body["recovery_codes_left"], 7);
}

/// V6.5.1: of concurrent logins with one code, exactly one succeeds.
#[tokio::test]
async fn one_code_signs_in_once_however_many_try() {
    let host = Host::start(&[SETUP]);
    let ada = enrol(&host, ada(&host).await).await;
    let code = code_at(&ada.secret, ada.used + 1);
    let tries = (0..8).map(|_| host.post("/auth/login", with_code(&code)));
    let answers = futures::future::join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1,
        "{answers:?}"
    );
    let recovery = &ada.recovery_codes[0];
    let host = host.restart_later(16 * 60);
    let tries = (0..8).map(|_| host.post("/auth/login", with_code(recovery)));
    let answers = futures::future::join_all(tries).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.status == 200).count(),
        1,
        "{answers:?}"
    );
}

/// Of several recovery codes that answer one challenge concurrently, one is used up.
#[tokio::test]
async fn one_challenge_takes_one_recovery_code() {
    let host = Host::start(&[SETUP]);
    let ada = enrol(&host, ada(&host).await).await;
    let challenge = host.post("/auth/login", password()).await;
    let tries = ada.recovery_codes[..8].iter().map(|code| {
        let answer = json!({"mfa_token": challenge.body["mfa_token"], "code": code});
        host.post("/auth/login/mfa", answer)
    });
    let answers = futures::future::join_all(tries).await;
    let signed_in = answers.iter().filter(|answer| answer.status == 200);
    assert_eq!(signed_in.count(), 1, "{answers:?}");
    let account = host.get_as("/account", &ada.session.access_token).await;
    assert_eq!(account.body["recovery_codes_left"], 9);
}

/// V6.5.5: without clock tolerance, a code is valid only for its own 30 seconds.
#[tokio::test]
async fn a_code_is_good_for_thirty_seconds_where_that_is_asked_for() {
    let host = Host::start(&[SETUP, ("TOTP_SKEW_STEPS", "0")]);
    let session = ada(&host).await;
    let enabled = host
        .post_as("/auth/2fa/enable", &session.access_token)
        .await;
    let secret = enabled.body["secret"].as_str().unwrap();
    let code = json!({"code": code_at(secret, step() - 1)});
    host.send_as("POST", "/auth/2fa/verify", &session.access_token, code)
        .await
        .assert_error(403, "invalid_code");
}

/// V6.6.3: guesses are counted per account; a new challenge allows no further attempts.
#[tokio::test]
async fn guessing_codes_is_limited_across_challenges() {
    let host = Host::start(&[SETUP]);
    let ada = enrol(&host, ada(&host).await).await;
    let mut refused = 0;
    for _ in 0..12 {
        let challenge = host.post("/auth/login", password()).await;
        let guess = json!({"mfa_token": challenge.body["mfa_token"], "code": "000000"});
        let answer = host.post("/auth/login/mfa", guess).await;
        if answer.status == 429 {
            refused += 1;
        } else {
            answer.assert_error(403, "invalid_code");
        }
    }
    assert!((2..=4).contains(&refused), "{refused}");
    host.post("/auth/login", with_code(&ada.recovery_codes[0]))
        .await
        .assert_error(429, "rate_limited");
}

/// V6.5.6, V7.5.1: removing the factor requires the password and a code, and so do new recovery codes.
#[tokio::test]
async fn taking_the_factor_away_takes_both_factors() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let ada = enrol(&host, ada(&host).await).await;
    assert_eq!(mail.next().message["kind"], "mfa_enabled");
    let token = &ada.session.access_token;
    let both = |password: &str, code: &str| json!({"password": password, "code": code});
    for path in ["/auth/2fa/disable", "/auth/2fa/recovery-codes"] {
        let try_with =
            |password: &str, code: &str| host.send_as("POST", path, token, both(password, code));
        try_with("not the right one", &ada.recovery_codes[0])
            .await
            .assert_error(403, "wrong_password");
        try_with(PASSWORD, "000000")
            .await
            .assert_error(403, "invalid_code");
        try_with(PASSWORD, "")
            .await
            .assert_error(422, "validation_failed");
    }
    let first = both(PASSWORD, &ada.recovery_codes[0]);
    let renewed = host
        .send_as("POST", "/auth/2fa/recovery-codes", token, first)
        .await;
    let codes = renewed.body["recovery_codes"].as_array().unwrap();
    assert_eq!(codes.len(), 10);
    host.post("/auth/login", with_code(&ada.recovery_codes[1]))
        .await
        .assert_error(403, "invalid_code");
    // The path of another system.
    let disable = both(PASSWORD, codes[0].as_str().unwrap());
    let disabled = host
        .send_as("POST", "/account/2fa/disable", token, disable)
        .await;
    let token = &Tokens::of(&disabled.body).access_token;
    host.login("ada@example.com").await;
    let again = both(PASSWORD, codes[1].as_str().unwrap());
    host.send_as("POST", "/auth/2fa/disable", token, again)
        .await
        .assert_error(409, "mfa_not_enabled");
    let kinds: Vec<_> = (0..4)
        .map(|_| mail.next().message["kind"].clone())
        .collect();
    for kind in [
        "recovery_code_used",
        "recovery_codes_regenerated",
        "mfa_disabled",
    ] {
        assert!(kinds.contains(&json!(kind)), "{kinds:?}");
    }
}

/// V6.4.3: a password reset doesn't bypass the second factor, and a challenge ends when its password changes.
#[tokio::test]
async fn resetting_the_password_leaves_the_factor_in_force() {
    let mail = MailService::start();
    let host = mail.host(&[SETUP]);
    let ada = enrol(&host, ada(&host).await).await;
    assert_eq!(mail.next().message["kind"], "mfa_enabled");
    let challenge = host.post("/auth/login", password()).await;
    host.post("/auth/forgot-password", json!({"email": "ada@example.com"}))
        .await;
    let reset = mail.link("reset_password", "ada@example.com");
    let new = "a new and better password";
    let path = format!("/auth/reset-password/{reset}");
    assert_eq!(host.post(&path, json!({"password": new})).await.status, 204);
    let stale = json!({"mfa_token": challenge.body["mfa_token"], "code": ada.recovery_codes[0]});
    host.post("/auth/login/mfa", stale)
        .await
        .assert_error(401, "mfa_token_invalid");
    let login = host
        .post(
            "/auth/login",
            json!({"email": "ada@example.com", "password": new}),
        )
        .await;
    assert_eq!(login.body["mfa_required"], true);
}

/// V7.5.1: some time after signing in, a new key requires the password again.
#[tokio::test]
async fn a_key_takes_the_password_some_time_after_signing_in() {
    let host = Host::start(&[SETUP]);
    let session = ada(&host).await;
    let host = host.restart_later(601);
    let enable =
        |body: Value| host.send_as("POST", "/auth/2fa/enable", &session.access_token, body);
    enable(json!({}))
        .await
        .assert_error(403, "reauthentication_required");
    enable(json!({"password": "not the right one"}))
        .await
        .assert_error(403, "wrong_password");
    enable(json!({"password": PASSWORD})).await.assert_ok();
}

/// Wrong codes of somebody who knows the password use up none of the attempts in the owner's sessions.
#[tokio::test]
async fn codes_at_sign_ins_and_in_sessions_are_counted_apart() {
    let host = Host::start(&[SETUP, ("MFA_ATTEMPTS_PER_ACCOUNT", "2")]);
    let ada = enrol(&host, ada(&host).await).await;
    let login = json!({"email": "ada@example.com", "password": PASSWORD});
    let challenge = host.post("/auth/login", login).await;
    let wrong = json!({"mfa_token": challenge.body["mfa_token"], "code": "000000"});
    for _ in 0..2 {
        host.post("/auth/login/mfa", wrong.clone()).await;
    }
    host.post("/auth/login/mfa", wrong)
        .await
        .assert_error(429, "rate_limited");
    let both = json!({"password": PASSWORD, "code": ada.recovery_codes[0]});
    let token = &ada.session.access_token;
    let proved = host.send_as("POST", "/auth/reauthenticate", token, both);
    let token = Tokens::of(&proved.await.body).access_token;
    // The code that confirmed the factor was the first in a session.
    let wrong = json!({"password": PASSWORD, "code": "000000"});
    host.send_as("POST", "/auth/2fa/disable", &token, wrong)
        .await
        .assert_error(429, "rate_limited");
}

/// A key that nobody confirmed within an hour does not come into force.
#[tokio::test]
async fn a_key_is_confirmed_within_an_hour() {
    let host = Host::start(&[SETUP]);
    let session = ada(&host).await;
    let enabled = host
        .post_as("/auth/2fa/enable", &session.access_token)
        .await;
    let secret = enabled.body["secret"].as_str().unwrap().to_owned();
    let host = host.restart_later(3630);
    let renewed = host.refresh(&session.refresh_token).await;
    let token = Tokens::of(&renewed.body).access_token;
    let code = json!({"code": code_at(&secret, step() + 121)});
    host.send_as("POST", "/auth/2fa/verify", &token, code)
        .await
        .assert_error(409, "mfa_not_enabled");
}
