//! The second factor: TOTP, and recovery codes for who has lost his device.

use core::time::Duration;

use zeroize::Zeroizing;

use crate::audit::{Event, EventKind};
use crate::auth::{Auth, Client};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::mail::MailKind;
use crate::platform::Platform;
use crate::quota::SelfService;
use crate::secret::digest;
use crate::storage::{Account, ActiveSession, Credential, Credentials as _};
use crate::time::Timestamp;
use crate::totp;

/// Kinds of credentials.
pub(crate) const TOTP: &str = "totp";
const PENDING: &str = "totp_pending";
pub(crate) const RECOVERY_CODE: &str = "recovery_code";
/// Everything that belongs to a second factor.
pub(crate) const FACTOR: [&str; 3] = [TOTP, PENDING, RECOVERY_CODE];
/// What TOTP keys are encrypted for.
const KEY_PURPOSE: &str = "gatewright totp key v1";
/// How many recovery codes a person gets.
const RECOVERY_CODES: usize = 10;
/// Random bytes of a recovery code: enough for a plain hash (ASVS V6.5.2), and 24 characters.
const RECOVERY_LEN: usize = 15;
/// For how long after proving himself a person may add a factor without doing it again.
const RECENT: Duration = Duration::from_secs(600);

/// What an authenticator app needs.
pub struct TotpEnrolment {
    /// The key in Base32.
    pub secret: Zeroizing<String>,
    /// The key as an `otpauth` URI, which apps read as a QR code.
    pub uri: Zeroizing<String>,
}

impl<P: Platform> Auth<P> {
    /// Makes a TOTP key for the person of a session. It is not in force before it is confirmed; another unconfirmed one
    /// is void. Takes the password, unless the person has just signed in.
    ///
    /// # Errors
    /// [`Error::MfaEnabled`], [`Error::ReauthenticationRequired`], [`Error::WrongPassword`], [`Error::RateLimited`], or a
    /// failure of the platform.
    pub async fn enable_totp(
        &self,
        active: &ActiveSession,
        password: Option<&str>,
        client: &Client,
    ) -> Result<TotpEnrolment> {
        self.count_self_service(&active.user.id, SelfService::Factor)
            .await?;
        let now = self.platform.now();
        match password {
            Some(password) => {
                self.check_password(&active.user.id, password, client)
                    .await?;
            }
            None if now.since(active.session.authenticated_at) < RECENT => {}
            None => return Err(Error::ReauthenticationRequired),
        }
        let mut key = Zeroizing::new([0; totp::KEY_LEN]);
        self.platform.fill_random(key.as_mut());
        let mut pending = self.credential(&active.user.id, PENDING, String::new());
        pending.secret = self.seal_totp_key(&pending.id, key.as_ref());
        let user = self
            .change(&active.user.id, |account| {
                if has_second_factor(&account) {
                    return Err(Error::MfaEnabled);
                }
                Ok(Change {
                    deletes: vec![PENDING],
                    credentials: vec![pending.clone()],
                    ..Change::of(account.user)
                })
            })
            .await?;
        let name = user.email.as_deref().or(user.username.as_deref());
        let uri = totp::uri(
            key.as_ref(),
            self.config.totp_issuer(),
            name.unwrap_or(&user.id),
        );
        Ok(TotpEnrolment {
            secret: Zeroizing::new(totp::encode_key(key.as_ref())),
            uri: Zeroizing::new(uri),
        })
    }

    /// Confirms a TOTP key by a code of it, which puts it in force, and returns recovery codes: they are shown once.
    ///
    /// # Errors
    /// [`Error::MfaNotEnabled`]: there is nothing to confirm; [`Error::InvalidCode`], [`Error::RateLimited`], or a failure
    /// of the platform.
    pub async fn confirm_totp(
        &self,
        active: &ActiveSession,
        presented: &str,
        client: &Client,
    ) -> Result<Vec<String>> {
        self.count_code(&active.user.id, client).await?;
        let account = self.find_by_id(&active.user.id).await?;
        let pending = account
            .and_then(|account| one_of(&account, PENDING).cloned())
            .ok_or(Error::MfaNotEnabled)?;
        let now = self.platform.now();
        let step =
            totp::step_of(&self.totp_key(&pending)?, presented, now).ok_or(Error::InvalidCode)?;
        let (codes, kept) = self.make_recovery_codes(&active.user.id);
        let confirmed = Credential {
            kind: TOTP.to_owned(),
            counter: Some(step),
            updated_at: now,
            last_used_at: Some(now),
            ..pending
        };
        let user = self
            .change(&active.user.id, |account| {
                let still = one_of(&account, PENDING).is_some_and(|other| other.id == confirmed.id);
                if !still {
                    return Err(Error::MfaNotEnabled);
                }
                let credentials = kept.iter().chain([&confirmed]).cloned();
                Ok(Change {
                    deletes: FACTOR.to_vec(),
                    credentials: credentials.collect(),
                    ..Change::of(account.user)
                })
            })
            .await?;
        self.record(Event::own(EventKind::MfaEnabled, active), client);
        self.notify_user(&user, MailKind::MfaEnabled, client);
        Ok(codes)
    }

    /// Takes the second factor away, by password and a code.
    ///
    /// # Errors
    /// [`Error::MfaNotEnabled`], [`Error::WrongPassword`], [`Error::InvalidCode`], [`Error::RateLimited`], or a failure of
    /// the platform.
    pub async fn disable_totp(
        &self,
        active: &ActiveSession,
        password: &str,
        code: &str,
        client: &Client,
    ) -> Result<()> {
        self.prove_both(active, password, code, client).await?;
        let user = self
            .change(&active.user.id, |account| {
                Ok(Change {
                    deletes: FACTOR.to_vec(),
                    ..Change::of(account.user)
                })
            })
            .await?;
        self.record(Event::own(EventKind::MfaDisabled, active), client);
        self.notify_user(&user, MailKind::MfaDisabled, client);
        Ok(())
    }

    /// Makes new recovery codes, by password and a code; the old ones are void.
    ///
    /// # Errors
    /// As [`disable_totp`](Self::disable_totp).
    pub async fn regenerate_recovery_codes(
        &self,
        active: &ActiveSession,
        password: &str,
        code: &str,
        client: &Client,
    ) -> Result<Vec<String>> {
        self.prove_both(active, password, code, client).await?;
        let (codes, kept) = self.make_recovery_codes(&active.user.id);
        let user = self
            .change(&active.user.id, |account| {
                // The factor was taken away meanwhile.
                one_of(&account, TOTP).ok_or(Error::MfaNotEnabled)?;
                Ok(Change {
                    deletes: vec![RECOVERY_CODE],
                    credentials: kept.clone(),
                    ..Change::of(account.user)
                })
            })
            .await?;
        self.record(Event::own(EventKind::RecoveryCodesMade, active), client);
        self.notify_user(&user, MailKind::RecoveryCodesRegenerated, client);
        Ok(codes)
    }

    async fn prove_both(
        &self,
        active: &ActiveSession,
        password: &str,
        code: &str,
        client: &Client,
    ) -> Result<()> {
        self.check_password(&active.user.id, password, client)
            .await?;
        let account = self
            .find_by_id(&active.user.id)
            .await?
            .ok_or(Error::AccountGone)?;
        if !has_second_factor(&account) {
            return Err(Error::MfaNotEnabled);
        }
        self.use_code(&account, code, client).await
    }

    /// Uses a code of TOTP or a recovery code up. Attempts are counted for the account, whatever way they come.
    ///
    /// # Errors
    /// [`Error::InvalidCode`], [`Error::RateLimited`], or a failure of the platform.
    pub(crate) async fn use_code(
        &self,
        account: &Account,
        presented: &str,
        client: &Client,
    ) -> Result<()> {
        self.count_code(&account.user.id, client).await?;
        let used = self.use_counted_code(account, presented, client).await;
        if matches!(used, Err(Error::InvalidCode)) {
            self.record_failed_login(Some(&account.user.id), "wrong_code", client);
        }
        used
    }

    async fn use_counted_code(
        &self,
        account: &Account,
        presented: &str,
        client: &Client,
    ) -> Result<()> {
        let storage = self.platform.storage();
        let now = self.platform.now();
        // Apps show a blank in the middle.
        let presented: String = presented.chars().filter(|c| !c.is_whitespace()).collect();
        if presented.len() == 6 {
            let credential = one_of(account, TOTP).ok_or(Error::InvalidCode)?;
            let step = totp::step_of(&self.totp_key(credential)?, &presented, now)
                .ok_or(Error::InvalidCode)?;
            let first = storage.accept_counter(credential.id.clone(), step, now);
            return first.await?.then_some(()).ok_or(Error::InvalidCode);
        }
        let secret = digest_of_recovery_code(&presented);
        let credential = account
            .credentials
            .iter()
            .find(|credential| credential.kind == RECOVERY_CODE && credential.secret == secret)
            .ok_or(Error::InvalidCode)?;
        if !storage.delete_credential(credential.id.clone()).await? {
            return Err(Error::InvalidCode);
        }
        let event = Event::of_user(EventKind::RecoveryCodeUsed, &account.user.id);
        self.record(event, client);
        self.notify_user(&account.user, MailKind::RecoveryCodeUsed, client);
        Ok(())
    }

    /// A TOTP key, encrypted for the row of its credential.
    pub(crate) fn seal_totp_key(&self, credential_id: &str, key: &[u8]) -> String {
        self.config
            .secret_key
            .seal(&self.platform, KEY_PURPOSE, credential_id, "", key)
    }

    pub(crate) fn totp_key(&self, credential: &Credential) -> Result<Zeroizing<Vec<u8>>> {
        self.config
            .secret_key
            .open(KEY_PURPOSE, &credential.id, "", &credential.secret)
            .ok_or_else(|| {
                let user = &credential.user_id;
                Error::Internal(format!(
                    "SECRET_KEY does not open the TOTP key of user {user}"
                ))
            })
    }

    /// Recovery codes, and what is stored of them.
    fn make_recovery_codes(&self, user_id: &str) -> (Vec<String>, Vec<Credential>) {
        let make = |_| {
            let mut bytes = Zeroizing::new([0; RECOVERY_LEN]);
            self.platform.fill_random(bytes.as_mut());
            let letters = totp::encode_key(bytes.as_ref());
            let secret = digest_of_recovery_code(&letters);
            let groups: Vec<_> = letters
                .as_bytes()
                .chunks(4)
                .map(String::from_utf8_lossy)
                .collect();
            (
                groups.join("-"),
                self.credential(user_id, RECOVERY_CODE, secret),
            )
        };
        (0..RECOVERY_CODES).map(make).unzip()
    }
}

/// Whether a login needs more than the password.
pub(crate) fn has_second_factor(account: &Account) -> bool {
    one_of(account, TOTP).is_some()
}

/// Since when a second factor is in force.
pub(crate) fn second_factor_since(account: &Account) -> Option<Timestamp> {
    one_of(account, TOTP).map(|credential| credential.updated_at)
}

/// How many recovery codes are left.
pub(crate) fn recovery_codes_left(account: &Account) -> usize {
    let left = |credential: &&Credential| credential.kind == RECOVERY_CODE;
    account.credentials.iter().filter(left).count()
}

pub(crate) fn one_of<'a>(account: &'a Account, kind: &str) -> Option<&'a Credential> {
    account
        .credentials
        .iter()
        .find(|credential| credential.kind == kind)
}

/// However it is written: in any letter case, with or without hyphens.
fn digest_of_recovery_code(code: &str) -> String {
    let letters = code
        .chars()
        .filter(|c| *c != '-')
        .map(|c| c.to_ascii_uppercase());
    digest(&Zeroizing::new(letters.collect::<String>()))
}
