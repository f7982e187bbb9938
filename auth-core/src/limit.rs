//! How often something may be tried.

use core::net::IpAddr;
use core::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

use crate::auth::{Auth, Client};
use crate::error::{Error, Result};
use crate::platform::{Level, Platform};
use crate::storage::{Limit, Storage as _};

/// Length of a window of counted attempts.
const WINDOW: Duration = Duration::from_secs(15 * 60);
/// An account may be tried this many times as often from everywhere together as from one address. So one
/// attacker locks out himself and not the owner, and many attackers together still end at a limit.
const EVERYWHERE: u64 = 10;

impl<P: Platform> Auth<P> {
    /// Counts a password attempt, before the password is looked at, so that concurrent ones can't slip through.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past one of the limits.
    pub(crate) async fn count_login(&self, account: &str, client: &Client) -> Result<()> {
        let account = URL_SAFE_NO_PAD.encode(Sha256::digest(account));
        let network = network(client);
        let per_account = self.config.login_attempts_per_account;
        self.count(vec![
            (
                format!("login/ip/{network}"),
                self.config.login_attempts_per_ip,
            ),
            (format!("login/account/{account}/{network}"), per_account),
            (
                format!("login/account/{account}"),
                per_account.saturating_mul(EVERYWHERE),
            ),
        ])
        .await
    }

    /// Counts a registration.
    ///
    /// # Errors
    /// [`Error::RateLimited`] past the limit.
    pub(crate) async fn count_registration(&self, client: &Client) -> Result<()> {
        self.count(vec![(
            format!("register/ip/{}", network(client)),
            self.config.login_attempts_per_ip,
        )])
        .await
    }

    async fn count(&self, limits: Vec<(String, u64)>) -> Result<()> {
        let limits: Vec<_> = limits.into_iter().filter(|(_, most)| *most > 0).collect();
        if limits.is_empty() {
            return Ok(());
        }
        let now = self.platform.now();
        let counters = limits
            .iter()
            .map(|(key, _)| Limit {
                key: key.clone(),
                window: WINDOW,
            })
            .collect();
        let states = self.platform.storage().count(counters, now).await?;
        let exceeded = limits
            .iter()
            .zip(states)
            .filter(|((_, most), state)| state.count > *most)
            .max_by_key(|(_, state)| state.resets_at);
        match exceeded {
            None => Ok(()),
            Some(((key, _), state)) => {
                self.platform
                    .log(Level::Warn, "too many attempts", &[("limit", key)]);
                Err(Error::RateLimited {
                    retry_after: state.resets_at.since(now).as_secs().max(1),
                })
            }
        }
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
                user_agent: None,
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
