//! The entry point: one instance of the service's decisions.

use crate::account::Accounts;
use crate::admin::permissions::Permissions;
use crate::admin::roles::Roles;
use crate::admin::setup::Setup;
use crate::admin::users::Users;
use crate::audit::AuditLog;
use crate::config::Config;
use crate::context::Context;
use crate::deferred::run;
use crate::deferred::task::{Deferred, Task, Warning};
use crate::error::Result;
use crate::mfa::Mfa;
use crate::password::hasher::Hasher;
use crate::platform::Platform;
use crate::secret::SecretKey;
use crate::sessions::Sessions;
use crate::sign_in::SignIn;
use crate::signing_keys::SigningKeys;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::Maintenance as _;

/// Every decision, for one platform and one configuration. Each noun has a service: `auth.sign_in()`, `auth.users()`.
///
/// Cheap to keep and meant to be kept: it holds the password hasher's memory and the current keys. Safe to share
/// between threads where the platform is. No future and no lock is held across requests.
pub struct Auth<P> {
    context: Context<P>,
}

impl<P: Platform> Auth<P> {
    /// Takes a platform and a checked configuration. Does no work that could fail or wait.
    pub fn new(platform: P, config: Config) -> Self {
        Self {
            context: Context::new(platform, config),
        }
    }

    /// The platform it was made with.
    pub fn platform(&self) -> &P {
        &self.context.platform
    }

    /// Gives the platform back.
    pub fn into_platform(self) -> P {
        self.context.platform
    }

    /// The configuration it was made with.
    pub fn config(&self) -> &Config {
        &self.context.config
    }

    /// What hashes passwords.
    pub fn hasher(&self) -> &Hasher {
        &self.context.hasher
    }

    /// Signing in.
    pub fn sign_in(&self) -> SignIn<'_, P> {
        SignIn::new(&self.context)
    }

    /// Sessions and their tokens.
    pub fn sessions(&self) -> Sessions<'_, P> {
        Sessions::new(&self.context)
    }

    /// A person's own account.
    pub fn accounts(&self) -> Accounts<'_, P> {
        Accounts::new(&self.context)
    }

    /// The second factor of an account.
    pub fn mfa(&self) -> Mfa<'_, P> {
        Mfa::new(&self.context)
    }

    /// Users, as administrators see them.
    pub fn users(&self) -> Users<'_, P> {
        Users::new(&self.context)
    }

    /// Roles.
    pub fn roles(&self) -> Roles<'_, P> {
        Roles::new(&self.context)
    }

    /// Permissions.
    pub fn permissions(&self) -> Permissions<'_, P> {
        Permissions::new(&self.context)
    }

    /// The keys that sign and verify access tokens.
    pub fn signing_keys(&self) -> SigningKeys<'_, P> {
        SigningKeys::new(&self.context)
    }

    /// The audit log.
    pub fn audit(&self) -> AuditLog<'_, P> {
        AuditLog::new(&self.context)
    }

    /// The first administrator.
    pub fn setup(&self) -> Setup<'_, P> {
        Setup::new(&self.context)
    }

    /// Whether requests can be served: storage answers and takes what is written, and there is a key to sign with.
    ///
    /// # Errors
    /// Why not.
    pub async fn ready(&self) -> Result<()> {
        let now = self.context.now();
        self.context.storage().check(now).await?;
        current_keys(&self.context, now, Freshness::Usual)
            .await
            .map(|_| ())
    }

    /// Does deferred work. What fails is in the log, and harms nobody.
    pub async fn run(&self, deferred: Deferred) {
        run::run(&self.context, deferred).await;
    }

    /// Says of work that it will not be done, as too much waits already.
    pub fn give_up(&self, deferred: Deferred) {
        run::give_up(&self.context, deferred);
    }

    /// Writes a warning into the log after the answer, once a day for all instances on one storage together.
    pub fn warn_once(&self, message: &'static str, fields: Vec<(&'static str, String)>) {
        let warning = Warning { message, fields };
        self.context.platform.defer(Deferred(Task::Warn(warning)));
    }

    /// Whether somebody brings the secret of a setting.
    pub fn is_secret(&self, secret: &SecretKey, presented: &str) -> bool {
        secret.matches(presented)
    }
}
