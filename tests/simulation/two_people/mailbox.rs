//! The mail of a person, and everything else that they hold and can present.

use auth_core::storage::{OneTimeSecrets as _, Users as _};
use auth_core::{Evidence, Platform as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use super::actor::Actor;
use super::oracle::owner;
use super::person::{DELETES, Gain, Numbers, Person};
use super::rules::{Rules, Service};
use crate::client;

/// A link in a mail: its kind and its token.
pub(super) type Letter = (String, String);

/// Returns the links that a person has received.
pub(super) fn letters(auth: &Service, person: &Person) -> Vec<Letter> {
    let mut letters = Vec::new();
    for mail in auth.platform().mail() {
        if person.emails.contains(&mail.to.as_str())
            && let Some((_, rest)) = mail.text.split_once("?token=")
            && let Some(token) = rest.split_whitespace().next()
        {
            letters.push((mail.kind.to_string(), token.to_owned()));
        }
    }
    letters
}

impl Actor<'_> {
    /// Opens a link with whatever evidence the person has.
    pub(super) async fn open(&self, (kind, token): &Letter, evidence: Evidence<'_>) -> Gain {
        let accounts = self.auth.accounts();
        let client = client();
        let (action, is_done) = match kind.as_str() {
            "verify_email" => {
                let verified = self.would_verify(token)
                    && accounts
                        .verify_email(token, evidence, &client)
                        .await
                        .is_ok();
                ("verify the address", verified)
            }
            "change_email" => {
                let confirmed = accounts.confirm_email(token, evidence, &client).await;
                ("confirm the address", confirmed.is_ok())
            }
            "reset_password" => {
                let reset = accounts.reset_password(token, self.me.password, &client);
                ("reset the password", reset.await.is_ok())
            }
            "email_changed" => {
                let undone = accounts.undo_email(token, &client).await;
                (DELETES[1], undone.is_ok())
            }
            "mfa_enabled" => {
                let undone = self.auth.mfa().undo_second_factor(token, &client).await;
                ("undo the second factor", undone.is_ok())
            }
            _ => ("read", true),
        };
        Gain {
            action,
            is_done,
            ..Gain::default()
        }
    }

    /// Whether the person opens a link that verifies their address: if it is sufficient, only one for their account.
    /// Otherwise they would confirm what a stranger has registered with their address.
    fn would_verify(&self, token: &str) -> bool {
        if self.rules.needs_password == "true" {
            return true;
        }
        let storage = &self.auth.platform().storage().inner;
        let digest = URL_SAFE_NO_PAD.encode(Sha256::digest(token));
        let secret = storage.told(storage.find_one_time_secret(digest));
        let Some(user_id) = secret.and_then(|secret| secret.user_id) else {
            return true;
        };
        let member = storage.told(storage.find_user(user_id));
        member.is_none_or(|member| owner(&member.account.user) == self.me.name)
    }
}

/// Presents everything that a person holds: links, codes, challenges and tokens, with each key of their app.
pub(super) async fn present_everything(auth: &Service, rules: Rules, me: &Person) -> Vec<Gain> {
    let actor = Actor {
        auth,
        rules,
        me: me.clone(),
        other: me.clone(),
        topic: me.emails[0],
        numbers: Numbers::new(0),
    };
    let mut gains = Vec::new();
    for letter in letters(auth, me) {
        let token = me.sessions.last().map(String::as_str).unwrap_or_default();
        let session = auth.sessions().authenticate(token).await.ok();
        let evidence = Evidence {
            session: session.as_ref(),
            password: Some(me.password),
            ..Evidence::default()
        };
        gains.push(actor.open(&letter, evidence).await);
    }
    for code in &me.codes {
        gains.push(actor.exchange(code, Gain::default()).await);
    }
    for token in &me.completions {
        gains.push(actor.complete(token, me.emails[0]).await);
    }
    for challenge in &me.challenges {
        for key in &me.keys {
            gains.push(actor.answer(challenge, key).await);
        }
    }
    gains
}
