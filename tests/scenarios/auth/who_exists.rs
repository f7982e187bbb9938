use gatewright_tests::MailService;
use gatewright_tests::host::{Answer, Host, PASSWORD, Tokens};
use reqwest::Method;
use serde_json::{Value, json};

/// Registers with a user name, if registration does not sign in.
async fn register(host: &Host, email: &str, username: &str) -> Answer {
    let body = json!({"email": email, "password": PASSWORD, "username": username});
    host.post("/auth/register", body).await
}

/// Verifies the address of a registration, with the next mail.
async fn verify(host: &Host, mail: &MailService, email: &str) -> Value {
    let path = format!("/auth/verify/{}", mail.link("verify_email", email));
    let verified = host.post(&path, json!({"password": PASSWORD})).await;
    verified.assert_ok();
    verified.body
}

/// V6.3.8: if addresses must be verified, a taken user name gets the same response for taken and free addresses.
#[tokio::test]
async fn a_taken_user_name_says_nothing_of_the_address() {
    let mail = MailService::start();
    let host = mail.host(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    assert_eq!(register(&host, "ada@example.com", "ada").await.status, 201);
    verify(&host, &mail, "ada@example.com").await;
    let free = register(&host, "free@example.com", "ADA").await;
    free.assert_error(409, "username_taken");
    for email in ["ada@example.com", "Ada@Example.com"] {
        let taken = register(&host, email, "ADA").await;
        taken.assert_error(409, "username_taken");
        assert_eq!(taken.body["error"], free.body["error"]);
    }
    // The address stayed free, and a taken one with a free name still looks the same.
    assert_eq!(register(&host, "free@example.com", "bob").await.status, 201);
    assert_eq!(register(&host, "ada@example.com", "carl").await.status, 201);
}

/// V6.3.8: a stranger registers an address and then looks for the stored data, by the user name and by the password.
/// All responses are the same for taken and free addresses.
#[tokio::test]
async fn what_a_registration_has_stored_is_seen_by_the_owner_of_the_mailbox_alone() {
    let mail = MailService::start();
    let host = mail.host(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    for (email, username) in [("taken@example.com", "owner"), ("eve@example.com", "eve")] {
        let body =
            json!({"email": email, "password": "a password of the owner", "username": username});
        assert_eq!(host.post("/auth/register", body).await.status, 201);
        let path = format!("/auth/verify/{}", mail.link("verify_email", email));
        let password = json!({"password": "a password of the owner"});
        host.post(&path, password).await.assert_ok();
    }
    let eve = json!({"email": "eve@example.com", "password": "a password of the owner"});
    let eve = Tokens::of(&host.post("/auth/login", eve).await.body).access_token;

    // The responses that a stranger gets for an address; `run` makes the names unique.
    let seen = async |email: &str, run: &str| {
        let [name, other] = ["name", "other"].map(|word| format!("{word}-{run}"));
        let own = format!("stranger-{run}@example.com");
        let mut answers = vec![register(&host, email, &name).await];
        for password in [PASSWORD, "another password than that"] {
            for by in [email, name.as_str()] {
                let login = json!({"username": by, "password": password});
                answers.push(host.post("/auth/login", login).await);
                let login = json!({"username": by, "password": password, "totp_code": "123456"});
                answers.push(host.post("/auth/login", login).await);
                let form = [
                    ("grant_type", "password"),
                    ("username", by),
                    ("password", password),
                ];
                for path in ["/auth/token", "/auth/jwt/login", "/auth/cookie/login"] {
                    let request = host.request(Method::POST, path).form(&form);
                    answers.push(Answer::of(request).await);
                }
            }
        }
        // The name with another address, again with this one, and with an existing account.
        answers.push(register(&host, &own, &name).await);
        answers.push(register(&host, email, &name).await);
        answers.push(register(&host, email, &other).await);
        for name in [&name, &other] {
            let update = json!({"username": name});
            answers.push(host.send_as("PATCH", "/account", &eve, update).await);
        }
        let answers = answers.into_iter().map(|mut answer| {
            for varying in ["id", "created_at", "updated_at"] {
                if !answer.body[varying].is_null() {
                    answer.body[varying] = json!("varies");
                }
            }
            let text = answer.body.to_string();
            let text = text.replace(email, "(email)").replace(run, "(run)");
            (answer.status.as_u16(), text)
        });
        answers.collect::<Vec<_>>()
    };
    let free = seen("free@example.com", "run-a").await;
    let taken = seen("taken@example.com", "run-b").await;
    assert_eq!(free, taken);
    let statuses: Vec<_> = free.iter().map(|(status, _)| *status).collect();
    assert_eq!(statuses[..4], [201, 401, 401, 400]);
    assert_eq!(statuses[21..], [201, 201, 201, 200, 200]);
    let wrong = free[1].clone();
    assert!(wrong.1.contains("invalid_credentials"), "{}", wrong.1);
}

/// The user who verifies the address gets the user name of the registration. Of two users with the same name, the
/// second continues without one, and is notified by the response and by mail.
#[tokio::test]
async fn a_user_name_is_of_whoever_proves_the_address_first() {
    let mail = MailService::start();
    let host = mail.host(&[("REQUIRE_EMAIL_VERIFICATION", "true")]);
    let login = async |name: &str, password: &str| {
        let body = json!({"username": name, "password": password});
        host.post("/auth/login", body).await
    };
    let waiting = register(&host, "bob@example.com", "Ada").await;
    assert_eq!(
        (waiting.status.as_u16(), &waiting.body["username"]),
        (201, &json!("Ada"))
    );
    let bobs = mail.link("verify_email", "bob@example.com");
    assert_eq!(register(&host, "ada@example.com", "ada").await.status, 201);
    let verified = verify(&host, &mail, "ada@example.com").await;
    assert_eq!(verified["username"], "ada");
    login("ADA", PASSWORD).await.assert_ok();

    let path = format!("/auth/verify/{bobs}");
    let verified = host.post(&path, json!({"password": PASSWORD})).await;
    verified.assert_ok();
    assert_eq!(verified.body["email_verified"], true);
    assert_eq!(verified.body["username"], json!(null));
    let told = mail.next().message;
    assert_eq!(
        (&told["kind"], &told["to"]),
        (&json!("username_taken"), &json!("bob@example.com"))
    );
    let bob = host.login("bob@example.com").await.access_token;
    host.send_as("PATCH", "/account", &bob, json!({"username": "bob"}))
        .await
        .assert_ok();
    assert_eq!(mail.next().message["kind"], "username_changed");
    login("bob", PASSWORD).await.assert_ok();

    // A new password verifies the address as well.
    assert_eq!(
        register(&host, "carl@example.com", "carl").await.status,
        201
    );
    mail.link("verify_email", "carl@example.com");
    host.post(
        "/auth/forgot-password",
        json!({"email": "carl@example.com"}),
    )
    .await;
    let reset = mail.link("reset_password", "carl@example.com");
    let path = format!("/auth/reset-password/{reset}");
    let new = "another good password";
    assert_eq!(host.post(&path, json!({"password": new})).await.status, 204);
    login("carl", new).await.assert_ok();
}
