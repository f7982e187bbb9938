//! The entry point: one instance of the core.

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
use crate::federation::Federation;
use crate::identities::Identities;
use crate::mfa::Mfa;
use crate::password::hasher::Hasher;
use crate::platform::Platform;
use crate::secret::SecretKey;
use crate::secret_key_check::require_secret_key;
use crate::sessions::Sessions;
use crate::sign_in::SignIn;
use crate::signing_keys::SigningKeys;
use crate::signing_keys::cache::Freshness;
use crate::signing_keys::current::current_keys;
use crate::storage::Maintenance as _;

/// Every decision, for one platform and one configuration. Each noun has a service: `auth.sign_in()`, `auth.users()`.
///
/// An instance is cheap to keep and meant to be kept: it owns the password hasher's memory and the current keys. It can
/// be shared between threads if the platform can. It keeps no future and no lock across requests.
pub struct Auth<P> {
    context: Context<P>,
}

impl<P: Platform> Auth<P> {
    /// Creates an instance of a platform and a checked configuration. Does no work that can fail or wait.
    pub fn new(platform: P, config: Config) -> Self {
        Self {
            context: Context::new(platform, config),
        }
    }

    /// Returns the platform.
    pub fn platform(&self) -> &P {
        &self.context.platform
    }

    /// Drops the instance, and returns the platform.
    pub fn into_platform(self) -> P {
        self.context.platform
    }

    /// Returns the configuration.
    pub fn config(&self) -> &Config {
        &self.context.config
    }

    /// Returns the password hasher.
    pub fn hasher(&self) -> &Hasher {
        &self.context.hasher
    }

    /// Returns the service of signing in.
    pub fn sign_in(&self) -> SignIn<'_, P> {
        SignIn::new(&self.context)
    }

    /// Returns the service of sessions and their tokens.
    pub fn sessions(&self) -> Sessions<'_, P> {
        Sessions::new(&self.context)
    }

    /// Returns the service of users' own accounts.
    pub fn accounts(&self) -> Accounts<'_, P> {
        Accounts::new(&self.context)
    }

    /// Returns the service of second factors.
    pub fn mfa(&self) -> Mfa<'_, P> {
        Mfa::new(&self.context)
    }

    /// Returns the service of sign-in by providers.
    pub fn federation(&self) -> Federation<'_, P> {
        Federation::new(&self.context)
    }

    /// Returns the service of a user's identities.
    pub fn identities(&self) -> Identities<'_, P> {
        Identities::new(&self.context)
    }

    /// Returns the service of users, as administrators see them.
    pub fn users(&self) -> Users<'_, P> {
        Users::new(&self.context)
    }

    /// Returns the service of roles.
    pub fn roles(&self) -> Roles<'_, P> {
        Roles::new(&self.context)
    }

    /// Returns the service of permissions.
    pub fn permissions(&self) -> Permissions<'_, P> {
        Permissions::new(&self.context)
    }

    /// Returns the service of the keys that sign and verify access tokens.
    pub fn signing_keys(&self) -> SigningKeys<'_, P> {
        SigningKeys::new(&self.context)
    }

    /// Returns the service of the audit log.
    pub fn audit(&self) -> AuditLog<'_, P> {
        AuditLog::new(&self.context)
    }

    /// Returns the service of the first administrator.
    pub fn setup(&self) -> Setup<'_, P> {
        Setup::new(&self.context)
    }

    /// Checks that `SECRET_KEY` is the key of the database. Call it before anything else that uses storage. Once it was
    /// right, this costs nothing.
    ///
    /// # Errors
    /// It is another key, or storage fails.
    pub async fn require_secret_key(&self) -> Result<()> {
        require_secret_key(&self.context).await
    }

    /// Checks that requests can be served: storage answers and accepts writes, has the key of the settings, and there is
    /// a key to sign with.
    ///
    /// # Errors
    /// The reason why not.
    pub async fn ready(&self) -> Result<()> {
        let now = self.context.now();
        self.context.storage().check(now).await?;
        require_secret_key(&self.context).await?;
        current_keys(&self.context, now, Freshness::Usual)
            .await
            .map(|_| ())
    }

    /// Does deferred work. A failure is logged and has no other effect.
    pub async fn run(&self, deferred: Deferred) {
        run::run(&self.context, deferred).await;
    }

    /// Reports in the log that deferred work will not be done, because too much is waiting already.
    pub fn give_up(&self, deferred: Deferred) {
        run::give_up(&self.context, deferred);
    }

    /// Logs a warning after the answer, once a day for all instances on one storage together.
    pub fn warn_once(&self, message: &'static str, fields: Vec<(&'static str, String)>) {
        let warning = Warning { message, fields };
        self.context.platform.defer(Deferred(Task::Warn(warning)));
    }

    /// Whether the presented text is the secret of a setting.
    pub fn is_secret(&self, secret: &SecretKey, presented: &str) -> bool {
        secret.matches(presented)
    }
}
