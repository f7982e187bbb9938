use gatewright_tests::MailService;
use gatewright_tests::host::{Host, PASSWORD};
use serde_json::json;

const STRANGER: [u8; 4] = [127, 0, 0, 2];
const RESEND: &str = "/auth/verify/resend";
const FORGOT: &str = "/auth/forgot-password";

/// V6.3.1, V6.4.3: requests for one kind of mail, which may send nothing, don't use up the quota of another kind.
#[tokio::test]
async fn requests_for_verification_do_not_block_recovery() {
    let mail = MailService::start();
    let host = mail.host(&[("MAILS_PER_ADDRESS", "2")]);
    let ada = json!({"email": "ada@example.com"});
    host.register("ada@example.com").await;
    let link = mail.link("verify_email", "ada@example.com");
    let verify = format!("/auth/verify/{link}");
    host.post(&verify, json!({"password": PASSWORD}))
        .await
        .assert_ok();
    for _ in 0..2 {
        assert_eq!(host.post(RESEND, ada.clone()).await.status, 202);
    }
    host.post(RESEND, ada.clone())
        .await
        .assert_error(429, "rate_limited");
    for _ in 0..2 {
        assert_eq!(host.post(FORGOT, ada.clone()).await.status, 202);
        mail.link("reset_password", "ada@example.com");
    }
    host.post(FORGOT, ada)
        .await
        .assert_error(429, "rate_limited");
}

/// A stranger in another network is refused, and the owner still gets a link.
#[tokio::test]
async fn a_stranger_elsewhere_does_not_block_recovery() {
    let mail = MailService::start();
    let host = mail.host(&[("MAILS_PER_ADDRESS", "2")]);
    let ada = json!({"email": "ada@example.com"});
    host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    for (path, kind) in [(FORGOT, "reset_password"), (RESEND, "verify_email")] {
        for _ in 0..2 {
            let asked = host.post_from(STRANGER, path, ada.clone()).await;
            assert_eq!(asked.status, 202);
            mail.link(kind, "ada@example.com");
        }
        for _ in 0..20 {
            host.post_from(STRANGER, path, ada.clone())
                .await
                .assert_error(429, "rate_limited");
        }
        assert_eq!(host.post(path, ada.clone()).await.status, 202);
        mail.link(kind, "ada@example.com");
    }
}

/// V6.3.8: a network's limits count every request equally, and reveal nothing about accounts.
#[tokio::test]
async fn requests_for_mail_are_counted_alike_for_all_addresses() {
    let mail = MailService::start();
    let host = mail.host(&[
        ("MAILS_PER_ADDRESS", "2"),
        ("MAILS_PER_IP", "7"),
        ("REQUIRE_EMAIL_VERIFICATION", "true"),
    ]);
    let register = async |address: &str| {
        let body = json!({"email": address, "password": PASSWORD});
        let answer = host.post("/auth/register", body).await;
        assert_eq!(answer.status, 201);
    };
    register("ada@example.com").await;
    for network in 2..10 {
        for (path, address) in [
            (FORGOT, "ada@example.com"),
            (FORGOT, "nobody@example.com"),
            (RESEND, "ada@example.com"),
            (RESEND, "nobody@example.com"),
        ] {
            let body = json!({"email": address});
            let from = [127, 0, 0, network];
            for expected in [202, 202, 429] {
                let answer = host.post_from(from, path, body.clone()).await;
                assert_eq!(answer.status, expected, "{path} {address}");
            }
        }
        // One more is the seventh request, and the next is refused for every address.
        for path in [FORGOT, RESEND] {
            for expected in [202, 429] {
                let body = json!({"email": "another@example.com"});
                let answer = host.post_from([127, 0, 0, network], path, body).await;
                assert_eq!(answer.status, expected, "{path}");
            }
        }
    }
    // A registration uses up the same quota if the address is taken.
    register("ada@example.com").await;
    register("bob@example.com").await;
    for address in ["ada@example.com", "bob@example.com"] {
        for expected in [202, 202, 429] {
            let answer = host.post(RESEND, json!({"email": address})).await;
            assert_eq!(answer.status, expected, "{address}");
        }
    }
}

/// V6.3.8: beyond an address's quota the response is the same and no mail is sent; earlier links still work.
#[tokio::test]
async fn the_quota_of_an_address_suppresses_the_mail_alone() {
    let mail = MailService::start();
    let host = mail.host(&[("MAILS_PER_ADDRESS_EVERYWHERE", "2")]);
    host.register("ada@example.com").await;
    let first = mail.link("verify_email", "ada@example.com");
    let ada = json!({"email": "ada@example.com"});
    let mut links = vec![first];
    for (path, kind) in [(FORGOT, "reset_password"), (RESEND, "verify_email")] {
        for network in 2..6 {
            for address in ["ada@example.com", "nobody@example.com"] {
                let body = json!({"email": address});
                let asked = host.post_from([127, 0, 0, network], path, body).await;
                assert_eq!((asked.status.as_u16(), asked.text.as_str()), (202, ""));
            }
            if network < 4 {
                links.push(mail.link(kind, "ada@example.com"));
            }
        }
    }
    // No other mail was sent before this one.
    host.register("bob@example.com").await;
    mail.link("verify_email", "bob@example.com");
    let [_, reset, _, _, verify] = links.as_slice() else {
        panic!("{links:?}");
    };
    let verify = format!("/auth/verify/{verify}");
    host.post(&verify, json!({"password": PASSWORD}))
        .await
        .assert_ok();
    let reset = format!("/auth/reset-password/{reset}");
    let new = json!({"password": "a new and better password"});
    assert_eq!(host.post(&reset, new).await.status, 204);
    assert_eq!(host.post(FORGOT, ada).await.status, 202);
}

/// Requests that send nothing don't use up the quota: a later registration gets its links.
#[tokio::test]
async fn requests_that_send_nothing_use_up_no_quota() {
    let mail = MailService::start();
    let host: Host = mail.host(&[("MAILS_PER_ADDRESS_EVERYWHERE", "2")]);
    let ada = json!({"email": "ada@example.com"});
    for network in 2..8 {
        for path in [FORGOT, RESEND] {
            let asked = host.post_from([127, 0, 0, network], path, ada.clone());
            assert_eq!(asked.await.status, 202);
        }
    }
    host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    for (path, kind) in [(FORGOT, "reset_password"), (RESEND, "verify_email")] {
        assert_eq!(host.post(path, ada.clone()).await.status, 202);
        mail.link(kind, "ada@example.com");
    }
}
