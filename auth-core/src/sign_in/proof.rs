//! Proofs of identity and the methods used.

use crate::storage::{Credential, IdentityKey, Session};
use crate::time::Timestamp;

/// The `amr` value (RFC 8176) of a session whose user has proved more than one factor.
const MFA: &str = "mfa";

/// Whether the user has proved more than one factor in this session.
pub(crate) fn has_proved_mfa(session: &Session) -> bool {
    session.amr.iter().any(|name| name == MFA)
}

/// An authentication method.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Method {
    /// The password.
    Password,
    /// An identity at a sign-in provider.
    Identity,
    /// A code of the second factor.
    SecondFactor,
    /// An existing session.
    Session,
}

impl Method {
    /// Returns the method's names in `amr` (RFC 8176).
    fn amr(self) -> &'static [&'static str] {
        match self {
            Self::Password => &["pwd"],
            Self::Identity => &["fed"],
            Self::SecondFactor => &["otp", MFA],
            Self::Session => &[],
        }
    }
}

/// A proof that a person is a user. Each verifier returns one, and all later steps require it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Proof {
    user_id: String,
    credential_id: Option<String>,
    identity: Option<IdentityKey>,
    /// When the person signed in at the provider, if that is known.
    signed_in_at: Option<Timestamp>,
    methods: Vec<Method>,
}

impl Proof {
    /// Creates a proof by the password of this credential.
    pub(crate) fn by_password(password: &Credential) -> Self {
        Self::by_password_of(&password.user_id, &password.id)
    }

    /// Creates a proof by a password that was just verified, from its credential's ID.
    pub(crate) fn by_password_of(user_id: &str, credential_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            credential_id: Some(credential_id.to_owned()),
            identity: None,
            signed_in_at: None,
            methods: vec![Method::Password],
        }
    }

    /// Creates a proof by an identity. `auth_time` is when the person signed in at the provider, in seconds since 1970.
    pub(crate) fn by_identity(
        user_id: &str,
        identity: IdentityKey,
        auth_time: Option<u64>,
    ) -> Self {
        Self {
            user_id: user_id.to_owned(),
            credential_id: None,
            identity: Some(identity),
            signed_in_at: auth_time
                .map(|seconds| Timestamp::from_millis(seconds.saturating_mul(1000))),
            methods: vec![Method::Identity],
        }
    }

    /// Creates a proof by a session.
    pub(crate) fn by_session(user_id: &str) -> Self {
        Self {
            user_id: user_id.to_owned(),
            credential_id: None,
            identity: None,
            signed_in_at: None,
            methods: vec![Method::Session],
        }
    }

    /// Adds a method that the user has also proved.
    pub(crate) fn and(mut self, method: Method) -> Self {
        self.methods.push(method);
        self
    }

    /// Replaces the credential that the proof is based on.
    pub(crate) fn now_by(mut self, credential_id: &str) -> Self {
        self.credential_id = Some(credential_id.to_owned());
        self
    }

    /// Returns the user's ID.
    pub(crate) fn user_id(&self) -> &str {
        &self.user_id
    }

    /// Returns the credential that the proof is based on. Once that credential is replaced, the proof is no longer
    /// valid.
    pub(crate) fn credential_id(&self) -> Option<&str> {
        self.credential_id.as_deref()
    }

    /// Returns the identity that the proof is based on. Once it is unlinked, the proof is no longer valid.
    pub(crate) fn identity(&self) -> Option<&IdentityKey> {
        self.identity.as_ref()
    }

    /// Returns when the person proved who they are: now, unless a provider says that it was earlier.
    pub(crate) fn proved_at(&self, now: Timestamp) -> Timestamp {
        self.signed_in_at.map_or(now, |earlier| earlier.min(now))
    }

    /// Whether the user has proved a first factor: the password or an identity.
    pub(crate) fn has_first_factor(&self) -> bool {
        self.has(Method::Password) || self.has(Method::Identity)
    }

    /// Whether the user has proved their identity with this method.
    pub(crate) fn has(&self, method: Method) -> bool {
        self.methods.contains(&method)
    }

    /// Returns the `amr` values for a session (RFC 8176).
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

    /// A provider that remembers a person for a week has not just seen them.
    #[test]
    fn a_proof_is_as_old_as_the_sign_in_at_the_provider() {
        let key = || IdentityKey {
            issuer: "https://op.example".to_owned(),
            subject: "1".to_owned(),
        };
        let now = Timestamp::from_millis(1_000_000);
        let proof = |auth_time| Proof::by_identity("user", key(), auth_time);
        assert_eq!(proof(None).proved_at(now), now);
        assert_eq!(
            proof(Some(400)).proved_at(now),
            Timestamp::from_millis(400_000)
        );
        assert_eq!(proof(Some(1_001)).proved_at(now), now);
        assert_eq!(proof(Some(u64::MAX)).proved_at(now), now);
        assert_eq!(proof(None).amr(), ["fed"]);
        assert!(proof(None).has_first_factor());
    }
}
