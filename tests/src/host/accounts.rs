//! Accounts and sessions on a host.

use reqwest::StatusCode;
use serde_json::{Value, json};

use super::answer::Answer;
use super::person::{PASSWORD, Person, SETUP, Tokens};
use super::running::Host;
use crate::totp::{code_at, step};

impl Host {
    /// Creates the first superadmin on a host that was started with [`SETUP`], and signs them in.
    pub async fn administrator(&self) -> Person {
        let email = "root@example.com";
        let body = json!({"token": SETUP.1, "email": email, "password": PASSWORD});
        let made = self.post("/setup", body).await;
        assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
        self.person_of(&made.body, email).await
    }

    /// Lets an administrator create a user with a verified address and these roles, and signs the user in.
    pub async fn person(&self, administrator: &Person, name: &str, roles: &[&str]) -> Person {
        let email = format!("{name}@example.com");
        let body = json!({
            "email": email,
            "email_verified": true,
            "password": PASSWORD,
            "roles": roles,
        });
        let made = self
            .send_as("POST", "/users", administrator.token(), body)
            .await;
        assert_eq!(made.status, StatusCode::CREATED, "{:?}", made.body);
        self.person_of(&made.body, &email).await
    }

    async fn person_of(&self, record: &Value, email: &str) -> Person {
        Person {
            id: record["id"].as_str().unwrap().to_owned(),
            email: email.to_owned(),
            session: self.login(email).await,
        }
    }

    /// Returns a user's record as an administrator sees it.
    pub async fn record(&self, administrator: &Person, id: &str) -> Value {
        let path = format!("/users/{id}");
        let answer = self.get_as(&path, administrator.token()).await;
        answer.assert_ok();
        answer.body
    }

    /// Registers a user and signs them in.
    pub async fn register(&self, email: &str) -> Tokens {
        self.register_with(json!({"email": email})).await
    }

    /// Registers a user with more fields than an address.
    pub async fn register_with(&self, mut person: Value) -> Tokens {
        person["password"] = PASSWORD.into();
        let answer = self.post("/auth/register", person).await;
        assert_eq!(answer.status, StatusCode::CREATED, "{:?}", answer.body);
        Tokens::of(&answer.body["tokens"])
    }

    /// Signs a user in.
    pub async fn login(&self, email: &str) -> Tokens {
        let answer = self
            .post("/auth/login", json!({"email": email, "password": PASSWORD}))
            .await;
        assert_eq!(answer.status, StatusCode::OK, "{:?}", answer.body);
        Tokens::of(&answer.body)
    }

    /// Confirms the key of a second factor, and returns the response and the time step of the code. It is the step before
    /// the current one, which leaves later codes for the test; if another step has begun meanwhile, it is repeated.
    pub async fn confirm_second_factor(&self, token: &str, secret: &str) -> (Answer, u64) {
        loop {
            let used = step() - 1;
            let code = json!({"code": code_at(secret, used)});
            let answer = self.send_as("POST", "/auth/2fa/verify", token, code).await;
            if answer.status == StatusCode::OK || used == step() - 1 {
                return (answer, used);
            }
        }
    }

    /// Uses a refresh token twice, which ends its session and notifies the user by mail.
    pub async fn use_twice(&self, session: &Tokens) {
        self.refresh(&session.refresh_token).await.assert_ok();
        self.refresh(&session.refresh_token)
            .await
            .assert_error(401, "invalid_refresh_token");
    }

    /// Signs a user in with the transport of the settings, and returns the response.
    pub async fn login_by_default(&self, email: &str) -> Value {
        let body = json!({"email": email, "password": PASSWORD});
        let answer = self.post("/auth/login", body).await;
        answer.assert_ok();
        answer.body
    }

    /// Waits until a session's last use, which was in an earlier hour, is stored after a response, and returns it. Each
    /// response until then stores it again, so small differences are expected.
    pub async fn last_seen_after(&self, token: &str, before: &str) -> String {
        loop {
            let answer = self.get_as("/account/sessions", token).await;
            answer.assert_ok();
            let mut sessions = answer.body["sessions"].as_array().unwrap().iter();
            let current = sessions.find(|session| session["current"] == true).unwrap();
            let seen = current["last_seen_at"].as_str().unwrap();
            if seen.get(..13) != before.get(..13) {
                return seen.to_owned();
            }
        }
    }

    /// Exchanges a refresh token.
    pub async fn refresh(&self, refresh_token: &str) -> Answer {
        self.post("/auth/refresh", json!({"refresh_token": refresh_token}))
            .await
    }
}
