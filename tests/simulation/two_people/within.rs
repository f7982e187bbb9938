//! The actions of a person within a session.

use auth_core::storage::ActiveSession;
use auth_core::{Evidence, FlowCookies, FlowPurpose, Presented};

use super::actor::{Actor, gain, text};
use super::person::{DELETES, Gain};
use crate::client;

impl Actor<'_> {
    pub(super) async fn act_within(&mut self, action: usize, session: &ActiveSession) -> Gain {
        match action {
            22 | 23 => self.link(session).await,
            24 => self.unlink(session).await,
            25 | 26 => self.change_email(session).await,
            27 => self.change_password(session).await,
            28 => self.enable_factor(session).await,
            _ => match self.numbers.below(8) {
                0 => {
                    let sessions = self.auth.sessions();
                    let ended = sessions.logout_all(session, &client()).await;
                    gain("log out", ended.is_ok())
                }
                1 => {
                    let (password, code) = (self.password(), self.code());
                    let evidence = Evidence {
                        password,
                        code: code.as_deref(),
                        ..Evidence::default()
                    };
                    let client = client();
                    let deleted = self.auth.accounts().delete(session, evidence, &client);
                    gain(DELETES[0], deleted.await.is_ok())
                }
                _ => self.disable_factor(session).await,
            },
        }
    }

    /// Returns a new address for an account. If the link that goes there is sufficient, nobody asks for one to a mailbox
    /// that isn't theirs, because that gives the account away.
    fn new_email(&mut self) -> &'static str {
        let gives_away = self.rules.needs_password == "false";
        match self.email() {
            email if gives_away && !self.me.emails.contains(&email) => self.me.emails[0],
            email => email,
        }
    }

    async fn link(&mut self, session: &ActiveSession) -> Gain {
        let mut visited = self.visit(FlowPurpose::Link).await;
        let Some(code) = visited.codes.pop() else {
            return visited;
        };
        let verifier = self.verifier();
        let presented = Presented {
            code: &code,
            verifier: Some(&verifier),
            flows: &FlowCookies::default(),
        };
        let client = client();
        let linked = self.auth.identities().link(session, presented, &client);
        Gain {
            action: "link",
            is_done: linked.await.is_ok(),
            ..visited
        }
    }

    async fn unlink(&mut self, session: &ActiveSession) -> Gain {
        let linked = self.auth.identities().list(session).await;
        let linked = linked.unwrap_or_default();
        let Some(identity) = self.numbers.any(&linked) else {
            return self.link(session).await;
        };
        let client = client();
        let unlinked = self
            .auth
            .identities()
            .unlink(session, &identity.id, &client);
        let unlinked = unlinked.await;
        gain("unlink", unlinked.is_ok())
    }

    async fn change_email(&mut self, session: &ActiveSession) -> Gain {
        let (email, password, code) = (self.new_email(), self.password(), self.code());
        let evidence = Evidence {
            password,
            code: code.as_deref(),
            ..Evidence::default()
        };
        let client = client();
        let accounts = self.auth.accounts();
        let asked = accounts.change_email(session, email, evidence, &client);
        gain("change the address", asked.await.is_ok())
    }

    async fn change_password(&mut self, session: &ActiveSession) -> Gain {
        let (password, code) = (self.password(), self.code());
        let evidence = Evidence {
            password,
            code: code.as_deref(),
            ..Evidence::default()
        };
        let client = client();
        let accounts = self.auth.accounts();
        let changed = accounts.change_password(session, evidence, self.me.password, &client);
        let changed = changed.await;
        Gain {
            sessions: changed.iter().map(text).collect(),
            ..gain("change the password", changed.is_ok())
        }
    }
}
