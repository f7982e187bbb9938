//! That a person has proved who they are, and by what.

use crate::storage::Credential;

/// What a session says (RFC 8176) whose person has proved more than one factor.
pub(crate) const MFA: &str = "mfa";

/// A way to prove who one is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The password.
    Password,
    /// A code of the second factor.
    SecondFactor,
    /// A session that they have already.
    Session,
}

impl Method {
    /// The names in `amr` (RFC 8176).
    fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::SecondFactor => &["otp", MFA],
            Self::Session => &[],
        }
    }
}

/// A person has proved to be a user. Whatever somebody proves themself with, its verifier gives one of these, and
/// everything that follows asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    user_id: String,
    credential_id: Option<String>,
    methods: Vec<Method>,
}

impl Proof {
    /// By a password: the one of this credential.
    pub(crate) fn by_password(password: &Credential) -> Self {
        Self::by_password_of(&password.user_id, &password.id)
    }

    /// By a password that was right a moment ago, by its credential.
    pub(crate) fn by_password_of(user_id: &str, credential_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            credential_id: Some(credential_id.to_owned()),
            methods: vec![Method::Password],
        }
    }

    /// By a session.
    pub(crate) fn by_session(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            credential_id: None,
            methods: vec![Method::Session],
        }
    }

    /// The same, with something that they have proved as well.
    pub(crate) fn and(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// The same, resting on the credential that has taken the place of the one that it was by.
    pub(crate) fn now_by(mut self, credential_id: &str) -> Self {
        self.credential_id = Some(credential_id.to_owned());
        self
    }

    /// Who it is.
    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// The credential that it rests on: when that is replaced, it proves nothing any more.
    pub(crate) fn credential_id(&self) -> Option<&str> {
        self.credential_id.as_deref()
    }

    /// Whether they have proved themself by this.
    pub(crate) fn has(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }

    /// What a session says of it (RFC 8176).
    pub(crate) fn amr(&self) -> Vec<String> {
        let names = self.methods.iter().flat_map(|method| method.amr());
        names.map(|name| (*name).to_owned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_session_says_by_what_it_was_proved() {
        let proof = Proof::by_password_of("user", "credential");
        assert_eq!(proof.amr(), ["pwd"]);
        assert!(!proof.has(Method::SecondFactor));
        let both = proof.and(Method::SecondFactor);
        assert_eq!(both.amr(), ["pwd", "otp", "mfa"]);
        assert_eq!(both.credential_id(), Some("credential"));
        assert_eq!(Proof::by_session("user").credential_id(), None);
    }
}
