//! Setup, confirmation and removal of an account's second factor.

use core::time::Duration;

use zeroize::Zeroizing;

use crate::account::change::{Change, change_own};
use crate::account::find::find_account;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::audit_event;
use crate::client::Client;
use crate::credential::{CredentialKind, SECOND_FACTOR, credential_of_kind, new_credential};
use crate::error::{Error, Result};
use crate::mail::kind::MailKind;
use crate::mail::outbox::{notify_user, notify_user_with_link};
use crate::mfa::recovery_code::new_recovery_codes;
use crate::mfa::second_factor::{
    decrypt_totp_key, encrypt_totp_key, has_second_factor, is_undoable,
};
use crate::mfa::undo::create_undo_link;
use crate::mfa::verify_code::without_blanks;
use crate::mfa::{Mfa, totp};
use crate::platform::Platform;
use crate::rate_limits::quota::{SelfService, count_self_service};
use crate::rate_limits::sign_in::{CodeUse, count_code};
use crate::sessions::start::renew_session;
use crate::sessions::tokens::Tokens;
use crate::sign_in::proof::{Method, Proof, has_proved_mfa};
use crate::sign_in::reauthentication::{Evidence, Required, reauthenticate};
use crate::storage::{Account, ActiveSession, Credential};

/// How long a TOTP key can be confirmed.
const PENDING_LIFE: Duration = Duration::from_secs(3600);

/// The data that an authenticator app needs.
pub struct TotpEnrolment {
    /// The key in Base32.
    pub secret: Zeroizing<String>,
    /// The key as an `otpauth` URI, which apps read as a QR code.
    pub uri: Zeroizing<String>,
}

impl<P: Platform> Mfa<'_, P> {
    /// Creates a TOTP key for the session's user. The key is not in force until it is confirmed; an earlier unconfirmed
    /// key becomes invalid. Requires the password, unless the user has just signed in. If the account has an e-mail
    /// address, ownership of it must be proved; otherwise the factor could lock out the address's real owner.
    ///
    /// # Errors
    /// [`Error::EmailNotProved`], [`Error::MfaEnabled`], [`Error::ReauthenticationRequired`], [`Error::WrongPassword`],
    /// [`Error::RateLimited`], or a failure of the platform.
    pub async fn enable_totp(
        self,
        active: &ActiveSession,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<TotpEnrolment> {
        let context = self.context;
        let what = SelfService::SecondFactor;
        count_self_service(context, &active.user.id, what, client).await?;
        let evidence = evidence.within(active);
        let required = Required::PasswordOrRecentSignIn;
        reauthenticate(context, &active.user.id, required, evidence, client).await?;
        let mut key = Zeroizing::new([0; totp::KEY_LEN]);
        context.platform.fill_random(key.as_mut());
        let mut pending = new_credential(
            context,
            &active.user.id,
            CredentialKind::TotpPending,
            String::new(),
        );
        pending.secret = encrypt_totp_key(context, &pending.id, key.as_ref());
        let user = change_own(context, active, |account| {
            check_address(&account)?;
            if has_second_factor(&account) {
                return Err(Error::MfaEnabled);
            }
            Ok(Change {
                deletes: vec![CredentialKind::TotpPending],
                credentials: vec![pending.clone()],
                ..Change::of(account.user)
            })
        })
        .await?;
        let name = user.email.as_deref().or(user.username.as_deref());
        let uri = totp::uri(
            key.as_ref(),
            context.config.totp_issuer(),
            name.unwrap_or(&user.id),
        );
        Ok(TotpEnrolment {
            secret: Zeroizing::new(totp::encode_key(key.as_ref())),
            uri: Zeroizing::new(uri),
        })
    }

    /// Confirms a TOTP key with one of its codes, which puts it in force. Returns the recovery codes, which are shown
    /// once, and the tokens of a new session that replaces this one. The notification mail contains a link that undoes
    /// the change.
    ///
    /// # Errors
    /// [`Error::EmailNotProved`], [`Error::MfaNotEnabled`] if there is no key to confirm or it is older than an hour,
    /// [`Error::InvalidCode`], [`Error::RateLimited`], [`Error::AccessToken`] if the session has ended in the meantime, or a
    /// failure of the platform.
    pub async fn confirm_totp(
        self,
        active: &ActiveSession,
        presented: &str,
        client: &Client,
    ) -> Result<(Vec<String>, Tokens)> {
        let context = self.context;
        count_code(context, &active.user.id, CodeUse::Session, client).await?;
        let now = context.now();
        let account = find_account(context, &active.user.id)
            .await?
            .ok_or(Error::AccountGone)?;
        let pending = credential_of_kind(&account, CredentialKind::TotpPending)
            .filter(|pending| now < pending.created_at + PENDING_LIFE)
            .cloned()
            .ok_or(Error::MfaNotEnabled)?;
        let key = decrypt_totp_key(context, &pending)?;
        let skew = context.config.totp_skew;
        let step =
            totp::step_of(&key, &without_blanks(presented), now, skew).ok_or(Error::InvalidCode)?;
        // Created first: no first factor must come into force without a way to undo it. The owner of an established factor
        // has proved it in this session to replace it, so the mailbox alone must not remove the new one.
        let former = credential_of_kind(&account, CredentialKind::FormerTotp)
            .filter(|_| has_proved_mfa(&active.session))
            .cloned();
        let undo = match account.user.email.as_deref().filter(|_| former.is_none()) {
            Some(to) => Some(create_undo_link(context, &account.user.id, to, &pending.id).await?),
            None => None,
        };
        let (codes, kept) = new_recovery_codes(context, &active.user.id);
        let confirmed = Credential {
            kind: CredentialKind::Totp.as_str().to_owned(),
            counter: Some(step),
            updated_at: now,
            last_used_at: Some(now),
            ..pending
        };
        let address = account.user.email;
        let event = Event::own(EventKind::MfaEnabled, active);
        let event = audit_event(context, event, client);
        let user = change_own(context, active, |account| {
            let still = credential_of_kind(&account, CredentialKind::TotpPending)
                .is_some_and(|other| other.id == confirmed.id);
            // The link that undoes the factor is for the address of before.
            if !still || account.user.email != address {
                return Err(Error::MfaNotEnabled);
            }
            check_address(&account)?;
            let credentials = kept.iter().chain([&confirmed]).chain(&former).cloned();
            Ok(Change {
                deletes: SECOND_FACTOR.to_vec(),
                credentials: credentials.collect(),
                events: vec![event.clone()],
                ..Change::of(account.user)
            })
        })
        .await?;
        notify_user_with_link(context, &user, MailKind::MfaEnabled, undo, client);
        let proof = Proof::by_session(&user.id).and(Method::SecondFactor);
        let tokens = renew_session(context, active, &proof, "mfa_enabled", client).await?;
        Ok((codes, tokens))
    }

    /// Removes the second factor and ends the user's other sessions. Requires the password, or a recent sign-in if
    /// there is none, and a code. Returns the tokens of a new session that replaces this one.
    ///
    /// # Errors
    /// [`Error::MfaNotEnabled`], [`Error::Invalid`], [`Error::WrongPassword`], [`Error::InvalidCode`],
    /// [`Error::RateLimited`], or a failure of the platform.
    pub async fn disable_totp(
        self,
        active: &ActiveSession,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<Tokens> {
        let context = self.context;
        let required = Required::PasswordAndSecondFactor;
        let evidence = evidence.within(active);
        let proof = reauthenticate(context, &active.user.id, required, evidence, client).await?;
        let now = context.now();
        let kind = CredentialKind::FormerTotp;
        let mark = new_credential(context, &active.user.id, kind, String::new());
        let event = Event::own(EventKind::MfaDisabled, active);
        let event = audit_event(context, event, client);
        let user = change_own(context, active, |account| {
            let is_established = has_second_factor(&account) && !is_undoable(&account, now);
            let mut change = Change {
                deletes: SECOND_FACTOR.to_vec(),
                credentials: is_established.then(|| mark.clone()).into_iter().collect(),
                events: vec![event.clone()],
                ..Change::of(account.user)
            };
            // Other sessions have proved this factor, and must not count as having proved a later one.
            change.end_sessions(Some(&active.session.id), "second_factor_removed");
            Ok(change)
        })
        .await?;
        notify_user(context, &user, MailKind::MfaDisabled, client);
        renew_session(context, active, &proof, "mfa_disabled", client).await
    }

    /// Creates new recovery codes; the old ones become invalid. Requires the password, or a recent sign-in if there is
    /// none, and a code.
    ///
    /// # Errors
    /// The errors of [`disable_totp`](Self::disable_totp).
    pub async fn regenerate_recovery_codes(
        self,
        active: &ActiveSession,
        evidence: Evidence<'_>,
        client: &Client,
    ) -> Result<Vec<String>> {
        let context = self.context;
        let required = Required::PasswordAndSecondFactor;
        let evidence = evidence.within(active);
        reauthenticate(context, &active.user.id, required, evidence, client).await?;
        let (codes, kept) = new_recovery_codes(context, &active.user.id);
        let event = Event::own(EventKind::RecoveryCodesMade, active);
        let event = audit_event(context, event, client);
        let user = change_own(context, active, |account| {
            // The factor may have been removed in the meantime.
            credential_of_kind(&account, CredentialKind::Totp).ok_or(Error::MfaNotEnabled)?;
            Ok(Change {
                deletes: vec![CredentialKind::RecoveryCode],
                credentials: kept.clone(),
                events: vec![event.clone()],
                ..Change::of(account.user)
            })
        })
        .await?;
        notify_user(context, &user, MailKind::RecoveryCodesRegenerated, client);
        Ok(codes)
    }
}

/// Checks that the account has no e-mail address or one whose ownership is proved.
fn check_address(account: &Account) -> Result<()> {
    let user = &account.user;
    if user.email.is_some() && user.email_proved_at.is_none() {
        return Err(Error::EmailNotProved);
    }
    Ok(())
}
