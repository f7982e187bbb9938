//! How often something may be tried.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::auth::{Auth, Client};
use crate::deferred::{Deferred, Work};
use crate::error::{Error, Result};
use crate::identifier::{EmailAddress, canonical};
use crate::network::{in_one_network, networks};
use crate::platform::{Level, Platform};
use crate::quota::quotas_of;
use crate::storage::{Account, Limit, LoginName, RateLimits as _, Session, User};
use crate::time::Timestamp;

impl<P: Platform> Auth<P> {
    /// Counts a password attempt at a name, before the password is looked at, so that concurrent ones can't slip
    /// through. The narrow limits come first: what they refuse does not use up the wide one.
    ///
    /// The wide limit is for strangers, who can use it up from many networks. A device that signed in to the account
    /// before has a counter of its own instead, and a network that a session of the account began in is let past it.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past one of the limits.
    pub(crate) async fn count_login(
        &self,
        name: &str,
        whose: Option<LoginName>,
        account: Option<&Account>,
        client: &Client,
    ) -> Result<()> {
        let everywhere = attempts_at(name);
        let mut limits = self.by_network(client);
        if let Some(device) = self.known_device(account, client) {
            limits.push(self.limit(device, self.config.login_attempts_per_account));
        } else {
            limits.extend(self.attempts(&everywhere, client));
        }
        let Some(exceeded) = self.exceeded(limits).await? else {
            return Ok(());
        };
        if exceeded.first {
            self.record_failed_login(None, "rate_limited", client);
        }
        if exceeded.key != everywhere {
            return Err(exceeded.error);
        }
        // After the answer, which is the same for accounts that are not there.
        if let Some(name) = whose.filter(|_| exceeded.first) {
            self.lock_later(name, exceeded.until, client);
        }
        if self.is_known_network(account, client).await? {
            return Ok(());
        }
        Err(exceeded.error)
    }

    /// Counts an attempt at the password of somebody who has a session or a link of the account: apart from logins, so
    /// that strangers use up nothing of it, whatever they type as their name.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past one of the limits.
    pub(crate) async fn count_reauthentication(
        &self,
        user_id: &str,
        client: &Client,
    ) -> Result<()> {
        let mut limits = self.by_network(client);
        limits.extend(self.attempts(&reauthentications_of(user_id), client));
        let Some(exceeded) = self.exceeded(limits).await? else {
            return Ok(());
        };
        if exceeded.first {
            self.record_failed_login(None, "rate_limited", client);
        }
        Err(exceeded.error)
    }

    /// The limits of attempts at one thing: from the networks of a client, then from everywhere.
    fn attempts(&self, everywhere: &str, client: &Client) -> Vec<Limit> {
        let most = self.config.login_attempts_per_account;
        let mut limits = self.in_networks(everywhere, most, client);
        let most = self.config.login_attempts_everywhere();
        limits.push(self.limit(everywhere.to_owned(), most));
        limits
    }

    /// Whether a session of the account that lasts began in the client's network. Without an account the same work is
    /// done.
    async fn is_known_network(&self, account: Option<&Account>, client: &Client) -> Result<bool> {
        let id = account.map_or("", |account| &account.user.id);
        let sessions = self.lasting_sessions(id).await?;
        let began_here = |session: &Session| {
            // Not by an administrator who acted as the person.
            let own = session.actor_id.is_none();
            let from = session.ip.as_ref().and_then(|ip| ip.parse().ok());
            own && matches!((from, client.ip), (Some(a), Some(b)) if in_one_network(a, b))
        };
        Ok(sessions.iter().any(began_here))
    }

    fn lock_later(&self, name: LoginName, until: Timestamp, client: &Client) {
        self.platform.defer(Deferred(Work::Lock {
            name,
            until,
            client: client.clone(),
        }));
    }

    /// Forgets the attempts that were counted at an account.
    pub(crate) async fn forget_attempts(&self, user: &User) -> Result<()> {
        let names = [&user.email, &user.username].into_iter().flatten();
        let mut prefixes: Vec<_> = names.map(|name| attempts_at(&canonical(name))).collect();
        prefixes.extend([
            reauthentications_of(&user.id),
            format!("code/{}", user.id),
            format!("reset/{}", user.id),
            format!("device/{}", user.id),
            quotas_of(&user.id),
        ]);
        Ok(self.platform.storage().clear_limits(prefixes).await?)
    }

    /// Counts an attempt at an account's second factor, whatever way it comes, so that a new challenge brings no new
    /// attempts.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past the limit.
    pub(crate) async fn count_code(&self, user_id: &str, client: &Client) -> Result<()> {
        let most = self.config.mfa_attempts_per_account;
        let limits = vec![self.limit(format!("code/{user_id}"), most)];
        let Some(exceeded) = self.exceeded(limits).await? else {
            return Ok(());
        };
        if exceeded.first {
            self.record_failed_login(Some(user_id), "rate_limited", client);
            let name = LoginName::Id(user_id.to_owned());
            self.lock_later(name, exceeded.until, client);
        }
        Err(exceeded.error)
    }

    /// Counts a use of a link to a new password, which may ask another service and computes a hash.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past the limit.
    pub(crate) async fn count_reset(&self, user_id: &str) -> Result<()> {
        let most = self.config.reset_attempts_per_account;
        self.count(vec![self.limit(format!("reset/{user_id}"), most)])
            .await
    }

    /// Counts a request for a mail: by network, and by address and network, so that a stranger elsewhere uses up
    /// nothing of the owner's. Every request counts, whoever has the address and whether a mail is sent.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past one of the limits.
    pub(crate) async fn count_mail(
        &self,
        mail: RequestedMail,
        address: &EmailAddress,
        client: &Client,
    ) -> Result<()> {
        let all = format!("mail-network/{}", mail.as_str());
        let mut limits = self.in_networks(&all, self.config.mails_per_ip(), client);
        limits.extend(self.by_address_and_network(mail, address, client));
        self.count(limits).await
    }

    /// Whether one more mail may go to an address. Past the quota a request gets its usual answer and no mail, so that
    /// nobody learns whether there is an account.
    ///
    /// `sends`: whether there is anything to send. Otherwise it is counted apart, for equal work: requests that send
    /// nothing must not use the quota up.
    ///
    /// # Errors
    /// A failure of the platform.
    pub(crate) async fn may_mail(
        &self,
        mail: RequestedMail,
        address: &EmailAddress,
        sends: bool,
    ) -> Result<bool> {
        self.admits(vec![self.mail_quota(mail, address, sends)])
            .await
    }

    /// Whether a mail may go to an address that somebody registers with, whether it was taken or not.
    ///
    /// # Errors
    /// A failure of the platform.
    pub(crate) async fn may_mail_registered(
        &self,
        address: &EmailAddress,
        client: &Client,
    ) -> Result<bool> {
        let mail = RequestedMail::Registration;
        let mut limits = self.by_address_and_network(mail, address, client);
        limits.push(self.mail_quota(mail, address, true));
        self.admits(limits).await
    }

    fn by_address_and_network(
        &self,
        mail: RequestedMail,
        address: &EmailAddress,
        client: &Client,
    ) -> Vec<Limit> {
        let one = format!("mail-request/{}/{}", mail.as_str(), hashed(&address.key()));
        self.in_networks(&one, self.config.mails_per_address, client)
    }

    fn mail_quota(&self, mail: RequestedMail, address: &EmailAddress, sends: bool) -> Limit {
        let counted = if sends { "mail" } else { "mail-unsent" };
        self.limit(
            format!("{counted}/{}/{}", mail.as_str(), hashed(&address.key())),
            self.config.mails_per_address_everywhere(),
        )
    }

    /// Counts, and says whether that is within the limits.
    async fn admits(&self, limits: Vec<Limit>) -> Result<bool> {
        Ok(self.exceeded(limits).await?.is_none())
    }

    /// Counts a registration.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past the limit.
    pub(crate) async fn count_registration(&self, client: &Client) -> Result<()> {
        self.count(self.by_network(client)).await
    }

    /// The limits of what comes from the networks of a client, whomever it is about.
    fn by_network(&self, client: &Client) -> Vec<Limit> {
        self.in_networks("network", self.config.login_attempts_per_ip, client)
    }

    /// The limits of something in each network of a client, the narrowest first.
    fn in_networks(&self, what: &str, most: u64, client: &Client) -> Vec<Limit> {
        networks(client.ip)
            .into_iter()
            .map(|network| {
                let key = format!("{what}/{}", network.name);
                self.limit(key, most.saturating_mul(network.share))
            })
            .collect()
    }

    fn limit(&self, key: String, most: u64) -> Limit {
        Limit {
            key,
            window: self.config.limit_window,
            most,
        }
    }

    pub(crate) async fn count(&self, limits: Vec<Limit>) -> Result<()> {
        match self.exceeded(limits).await? {
            None => Ok(()),
            Some(exceeded) => Err(exceeded.error),
        }
    }

    /// Counts, and says which of the limits that exceeds.
    async fn exceeded(&self, mut limits: Vec<Limit>) -> Result<Option<Exceeded>> {
        // 0 is no limit.
        limits.retain(|limit| limit.most > 0);
        if limits.is_empty() {
            return Ok(None);
        }
        let now = self.platform.now();
        let states = self.platform.storage().count(limits.clone(), now).await?;
        let mut counted = limits.into_iter().zip(states);
        let Some((limit, state)) = counted.find(|(limit, state)| state.count > limit.most) else {
            return Ok(None);
        };
        // Once for each window, or an attacker would fill the log.
        let first = state.count == limit.most + 1;
        if first {
            self.platform
                .log(Level::Warn, "too many attempts", &[("limit", &limit.key)]);
        }
        Ok(Some(Exceeded {
            key: limit.key,
            first,
            until: state.resets_at,
            error: Error::RateLimited {
                retry_after: state.resets_at.since(now).as_secs().max(1),
            },
        }))
    }
}

/// What somebody asks for a mail by. Each kind is counted by itself, so that none blocks another.
#[derive(Clone, Copy)]
pub(crate) enum RequestedMail {
    /// The first link to verify an address, or the notice that it is taken.
    Registration,
    /// Another link to verify an address.
    Verification,
    /// A link to a new password.
    Reset,
    /// A link to another address.
    NewAddress,
}

impl RequestedMail {
    fn as_str(self) -> &'static str {
        match self {
            Self::Registration => "registration",
            Self::Verification => "verification",
            Self::Reset => "reset",
            Self::NewAddress => "new-address",
        }
    }
}

/// A limit that is exceeded.
struct Exceeded {
    key: String,
    /// Whether this attempt was the first of the window to exceed it.
    first: bool,
    until: Timestamp,
    error: Error,
}

/// What attempts at a name are counted by, from wherever they come.
fn attempts_at(name: &str) -> String {
    format!("login/{}", hashed(name))
}

/// What stands for a text that a client chose in the key of a limit: short, and without the characters of keys.
fn hashed(text: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(text))
}

/// What re-authentications of a user are counted by. Unlike [`attempts_at`] it holds no text of a client.
fn reauthentications_of(user_id: &str) -> String {
    format!("password/{user_id}")
}
