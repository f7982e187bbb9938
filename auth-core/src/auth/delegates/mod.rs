//! Each decision by a name of its own on `Auth`, until every caller asks the services.

mod administrators;
mod persons;

use crate::sign_in::reauthentication::Evidence;
use crate::storage::ActiveSession;

/// How somebody shows that an account is theirs, beyond receiving its mail.
#[derive(Clone, Copy, Default)]
pub struct Proof<'a> {
    /// A session of the account.
    pub session: Option<&'a ActiveSession>,
    /// The account's password.
    pub password: Option<&'a str>,
}

impl<'a> From<Proof<'a>> for Evidence<'a> {
    fn from(proof: Proof<'a>) -> Self {
        Self {
            session: proof.session,
            password: proof.password,
            code: None,
        }
    }
}
