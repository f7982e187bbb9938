//! The second factor of a person.

use auth_core::storage::{ActiveSession, Users as _};
use auth_core::{Evidence, Platform as _, totp};

use super::actor::{Actor, gain, text};
use super::person::Gain;
use crate::client;

impl Actor<'_> {
    /// Sets a second factor up, and confirms it.
    pub(super) async fn enable_factor(&mut self, session: &ActiveSession) -> Gain {
        let evidence = Evidence {
            password: self.password(),
            ..Evidence::default()
        };
        let client = client();
        let mut gain = gain("enable a factor", false);
        let enabled = self.auth.mfa().enable_totp(session, evidence, &client);
        let Ok(enrolment) = enabled.await else {
            return gain;
        };
        let key = totp::decode_key(&enrolment.secret).unwrap();
        gain.factors.extend(self.factors_of(session));
        let code = self.code_of(&key);
        gain.keys.push(key);
        let confirmed = self.auth.mfa().confirm_totp(session, &code, &client);
        if let Ok((_, tokens)) = confirmed.await {
            gain.factors.extend(self.factors_of(session));
            gain.sessions.push(text(&tokens));
            gain.is_done = true;
        }
        gain
    }

    pub(super) async fn disable_factor(&mut self, session: &ActiveSession) -> Gain {
        let (password, code) = (self.password(), self.code());
        let evidence = Evidence {
            password,
            code: code.as_deref(),
            ..Evidence::default()
        };
        let client = client();
        let disabled = self.auth.mfa().disable_totp(session, evidence, &client);
        let disabled = disabled.await;
        Gain {
            sessions: disabled.iter().map(text).collect(),
            ..gain("disable the factor", disabled.is_ok())
        }
    }

    /// Returns the identifiers of the factor of a session's account: its keys and recovery codes.
    fn factors_of(&self, session: &ActiveSession) -> Vec<String> {
        let storage = &self.auth.platform().storage().inner;
        let member = storage.told(storage.find_user(session.user.id.clone()));
        let credentials = member
            .into_iter()
            .flat_map(|member| member.account.credentials);
        let factors = credentials.filter(|credential| credential.kind != "password");
        factors.map(|credential| credential.id).collect()
    }
}
