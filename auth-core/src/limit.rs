//! How often something may be tried.

use core::net::IpAddr;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::auth::{Auth, Client};
use crate::deferred::{Deferred, Work};
use crate::error::{Error, Result};
use crate::identifier::{EmailAddress, canonical};
use crate::platform::{Level, Platform};
use crate::quota::quotas_of;
use crate::storage::{Limit, LoginName, Storage as _, User};
use crate::time::Timestamp;

/// Length of a window of counted attempts.
pub(crate) const WINDOW: Duration = Duration::from_secs(15 * 60);
/// Codes of a second factor that may be tried at one account within a window.
const CODES: u64 = 10;
/// A name may be tried this many times as often from everywhere together as from one network. So one attacker
/// locks out himself and not the owner, and many attackers together still end at a limit.
const EVERYWHERE: u64 = 10;

impl<P: Platform> Auth<P> {
    /// Counts a password attempt at a name, before the password is looked at, so that concurrent ones can't slip
    /// through. The narrow limits come first: what they refuse does not use up the wide one.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past one of the limits.
    pub(crate) async fn count_login(
        &self,
        name: &str,
        whose: Option<LoginName>,
        client: &Client,
    ) -> Result<()> {
        let everywhere = attempts_at(name);
        let network = network(client);
        let most = self.config.login_attempts_per_account;
        let limits = vec![
            self.by_network(&network),
            limit(format!("{everywhere}/{network}"), most),
            limit(everywhere.clone(), most.saturating_mul(EVERYWHERE)),
        ];
        let Some(exceeded) = self.exceeded(limits).await? else {
            return Ok(());
        };
        if exceeded.first {
            self.record_failed_login(None, "rate_limited", client);
        }
        // After the answer, which is the same for accounts that are not there.
        if let Some(name) = whose.filter(|_| exceeded.first && exceeded.key == everywhere) {
            self.lock_later(name, exceeded.until, client);
        }
        Err(exceeded.error)
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
            attempts_at(&user.id),
            format!("code/{}", user.id),
            format!("reset/{}", user.id),
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
        let limits = vec![limit(format!("code/{user_id}"), CODES)];
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
        self.count(vec![limit(format!("reset/{user_id}"), CODES)])
            .await
    }

    /// Counts a mail that somebody asks for, by network and by address.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past one of the limits.
    pub(crate) async fn count_mail(&self, address: &EmailAddress, client: &Client) -> Result<()> {
        let most = self.config.mails_per_address;
        let network = network(client);
        self.count(vec![
            limit(
                format!("mail-network/{network}"),
                most.saturating_mul(EVERYWHERE),
            ),
            self.by_address(address),
        ])
        .await
    }

    /// Whether one more mail may go to an address that somebody has registered with, whether it was taken or not.
    ///
    /// # Errors
    /// A failure of the platform.
    pub(crate) async fn may_mail(&self, address: &EmailAddress) -> Result<bool> {
        match self.count(vec![self.by_address(address)]).await {
            Err(Error::RateLimited { .. }) => Ok(false),
            counted => counted.map(|()| true),
        }
    }

    fn by_address(&self, address: &EmailAddress) -> Limit {
        let address = URL_SAFE_NO_PAD.encode(Sha256::digest(address.key()));
        limit(format!("mail/{address}"), self.config.mails_per_address)
    }

    /// Counts a registration.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past the limit.
    pub(crate) async fn count_registration(&self, client: &Client) -> Result<()> {
        self.count(vec![self.by_network(&network(client))]).await
    }

    fn by_network(&self, network: &str) -> Limit {
        limit(
            format!("network/{network}"),
            self.config.login_attempts_per_ip,
        )
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
    format!("login/{}", URL_SAFE_NO_PAD.encode(Sha256::digest(name)))
}

fn limit(key: String, most: u64) -> Limit {
    Limit {
        key,
        window: WINDOW,
        most,
    }
}

/// What counts as one client: an IPv4 address, or the /64 of an IPv6 address since one subscriber has all of
/// it. An IPv4 address in IPv6 form is the IPv4 address.
fn network(client: &Client) -> String {
    match client.ip.map(|ip| ip.to_canonical()) {
        None => "unknown".to_owned(),
        Some(IpAddr::V4(ip)) => ip.to_string(),
        Some(IpAddr::V6(ip)) => {
            let [a, b, c, d, ..] = ip.segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_subscriber_is_one_network_in_every_spelling() {
        let of = |ip: &str| {
            network(&Client {
                ip: Some(ip.parse().unwrap()),
                ..Client::default()
            })
        };
        assert_eq!(of("192.0.2.1"), of("::ffff:192.0.2.1"));
        assert_eq!(
            of("2001:db8:0:1::1"),
            of("2001:0db8:0000:0001:ffff:ffff:ffff:ffff")
        );
        assert_ne!(of("2001:db8:0:1::1"), of("2001:db8:0:2::1"));
        assert_ne!(of("192.0.2.1"), of("192.0.2.2"));
    }
}
