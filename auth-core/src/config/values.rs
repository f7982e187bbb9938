//! The table of the service's settings, each with name, default, parser, description, group and example.

use core::time::Duration;

use super::parse;
use crate::jose::algorithm::Algorithm;
use crate::mfa::requirement::RequireMfa;
use crate::password::parameters::Parameters;
use crate::profile::ProfileFields;
use crate::secret::SecretKey;
use crate::sessions::transport::SessionTransport;
use crate::settings;

settings! {
    /// The settings of [`Config`](crate::Config) with a value each.
    pub struct Values on Native Spin Worker;

    /// Key that encrypts the signing keys, second factors and other secrets in the database. Without it, or with another key, they can't be read. The native host creates it at its first start; Spin and Workers need it.
    SECRET_KEY secret_key: SecretKey = "", |text| SecretKey::new(text.as_bytes()), "at least 32 bytes", Storage, "$(gatewright secret generate)", secret;
    /// Secret that signs access tokens when `JWT_ALGORITHM` is HS256, HS384 or HS512. The native host then creates it if it is not set.
    JWT_SECRET jwt_secret: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes, 48 for HS384, 64 for HS512", Storage, "$(gatewright secret generate)", secret;
    /// Signature algorithm of access tokens. With EdDSA and ES256 the key pair is created at first use, and the public key is served at /.well-known/jwks.json.
    JWT_ALGORITHM jwt_algorithm: Algorithm = "EdDSA", |text| Algorithm::parse(text).filter(|algorithm| algorithm.can_sign()), "EdDSA, ES256, HS256, HS384 or HS512", Sessions, "ES256";
    /// Name of the service in mails.
    PRODUCT_NAME product_name: String = "Gatewright", parse::name, "1 to 64 printable characters, not only punctuation", Accounts, "Acme";
    /// `iss` of access tokens; `PUBLIC_BASE_URL` when not set.
    JWT_ISSUER jwt_issuer: Option<String> = "", parse::string_or_uri, "a URI, or text without a colon, of at most 255 bytes", Sessions, "https://auth.example.com";
    /// `aud` of access tokens; the issuer when not set.
    JWT_AUDIENCE jwt_audience: Option<String> = "", parse::string_or_uri, "a URI, or text without a colon, of at most 255 bytes", Sessions, "https://api.example.com";
    /// Accepted difference between the clock that issues an access token and the one that verifies it: `exp` can have passed, and `nbf` and `iat` can be in the future, by this time.
    CLOCK_TOLERANCE_SECONDS clock_tolerance: Duration = "5", |text| parse::whole(text, 0, 300).map(Duration::from_secs), "seconds, 0 to 300", Sessions, "30";
    /// Lifetime of an access token.
    ACCESS_TOKEN_EXPIRE_MINUTES access_token_life: Duration = "15", |text| parse::whole(text, 1, 1440).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 1440", Sessions, "5";
    /// Lifetime of a refresh token. Each refresh issues a new one (refresh token rotation), up to the end of the session.
    REFRESH_TOKEN_EXPIRE_DAYS refresh_token_life: Duration = "7", |text| parse::whole(text, 1, 365).map(|n| Duration::from_secs(n * 86_400)), "days, 1 to 365", Sessions, "14";
    /// Time after a refresh in which the old refresh token still gets the same new one, so that two tabs that refresh at once don't sign the user out.
    REFRESH_TOKEN_GRACE_SECONDS refresh_token_grace: Duration = "10", |text| parse::whole(text, 0, 300).map(Duration::from_secs), "seconds, 0 to 300", Sessions, "30";
    /// Lifetime of a session, however often it is refreshed.
    SESSION_EXPIRE_DAYS session_life: Duration = "30", |text| parse::whole(text, 1, 3650).map(|n| Duration::from_secs(n * 86_400)), "days, 1 to 3650", Sessions, "90";
    /// Whether signing in ends all other sessions of the user.
    SINGLE_SESSION single_session: bool = "false", parse::boolean, "true or false", Sessions, "true";
    /// Whether registration signs the user in at once.
    REGISTER_AUTO_LOGIN register_auto_login: bool = "true", parse::boolean, "true or false", Accounts, "false";
    /// How a login delivers its tokens when the request has no `transport`: `jwt` (JWTs) and `session` (an opaque token) in the answer, `jwt_cookie` and `cookie` the same in cookies.
    SESSION_TRANSPORT session_transport: SessionTransport = "jwt", SessionTransport::parse, "jwt, session, cookie or jwt_cookie", Sessions, "cookie";
    /// Time after which a session with an opaque token ends if it is not used.
    SESSION_IDLE_MINUTES session_idle: Duration = "10080", |text| parse::whole(text, 5, 525_600).map(|n| Duration::from_secs(n * 60)), "minutes, 5 to 525600", Sessions, "1440";
    /// Whether cookies are sent over HTTPS only. With `false`, their names lose the prefix `__Host-` or `__Secure-`, and anyone on the network path can read them.
    COOKIE_SECURE cookie_secure: bool = "true", parse::boolean, "true or false", Addresses, "false";
    /// Domain of the cookies, to share them with its subdomains. The service's host alone when not set.
    COOKIE_DOMAIN cookie_domain: Option<String> = "", parse::domain, "the host of PUBLIC_BASE_URL, or a parent domain of it", Addresses, "example.com";
    /// Whether users must verify their e-mail address before they can sign in. Registration then doesn't reveal which addresses are taken.
    REQUIRE_EMAIL_VERIFICATION require_email_verification: bool = "false", parse::boolean, "true or false", Accounts, "true";
    /// Whether the link that verifies an address also requires the password, a session or a sign-in by a provider, so that nobody verifies an account that a stranger created with their address.
    VERIFY_NEEDS_PASSWORD verify_needs_password: bool = "true", parse::boolean, "true or false", Accounts, "false";
    /// Lifetime of links that verify an address.
    VERIFY_TOKEN_TTL verify_token_life: Duration = "86400", |text| parse::whole(text, 300, 2_592_000).map(Duration::from_secs), "seconds, 300 to 2592000", Accounts, "3600";
    /// Lifetime of links that reset a password.
    RESET_TOKEN_TTL reset_token_life: Duration = "3600", |text| parse::whole(text, 300, 86_400).map(Duration::from_secs), "seconds, 300 to 86400", Passwords, "1800";
    /// Name of the service in authenticator apps; `PRODUCT_NAME` without its colons when not set.
    TOTP_ISSUER totp_issuer: Option<String> = "", parse::issuer_name, "1 to 64 printable characters without a colon, not only punctuation", SecondFactors, "Acme";
    /// Users who must have a second factor: `off` (nobody), `all`, or those with one of the named roles. Until they have one, their sessions, old ones too, can do little more than set it up.
    REQUIRE_MFA require_mfa: RequireMfa = "off", RequireMfa::parse, "off, all, or names of roles separated by commas", SecondFactors, "admin,superadmin";
    /// How far the clock of an authenticator app can be off, in steps of 30 seconds: with 0 a code is valid for 30 seconds, with 1 for 90. Each code works once.
    TOTP_SKEW_STEPS totp_skew: u64 = "1", |text| parse::whole(text, 0, 1), "0 or 1", SecondFactors, "0";
    /// Extra fields of a user: a JSON list of `{"name": …, "type": "string", "integer", "number" or "boolean", "required": …, "max_length": …, "editable_by": "user" or "admin"}`.
    PROFILE_FIELDS profile_fields: ProfileFields = "[]", ProfileFields::parse, "a JSON list of declarations", Accounts, "[{\"name\":\"company\",\"type\":\"string\",\"required\":false,\"max_length\":100,\"editable_by\":\"user\"}]";
    /// Whether the paths of fastapi-users and other systems are served as well as Gatewright's own.
    COMPATIBILITY_ROUTES compatibility_routes: bool = "true", parse::boolean, "true or false", Accounts, "false";
    /// Whether `POST /auth/token` accepts the OAuth 2.0 grant `password`. The client sees users' passwords, so this grant is only for clients of your own, and RFC 9700 forbids it. Same as `COMPATIBILITY_ROUTES` when not set.
    PASSWORD_GRANT password_grant: Option<bool> = "", |text| if text.is_empty() { Some(None) } else { parse::boolean(text).map(Some) }, "true or false", Passwords, "false";
    /// Minimum length of a password.
    PASSWORD_MIN_LENGTH password_min_length: usize = "8", |text| parse::whole(text, 8, 64).map(|n| n as usize), "characters, 8 to 64", Passwords, "12";
    /// Maximum length of a password.
    PASSWORD_MAX_LENGTH password_max_length: usize = "128", |text| parse::whole(text, 64, 1024).map(|n| n as usize), "characters, 64 to 1024", Passwords, "256";
    /// URL of a service that lists breached passwords, such as `https://api.pwnedpasswords.com/range/`. For each password that a user chooses, it is requested with the first five digits of the password's SHA-1 at its end. No check when not set.
    BREACH_CHECK_URL breach_check_url: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::url_prefix(text).map(Some) }, "an http or https URL that ends with /", Passwords, "https://api.pwnedpasswords.com/range/";
    /// Whether new passwords are refused while the service of `BREACH_CHECK_URL` does not answer. With `false` they are accepted, with a warning in the log.
    BREACH_CHECK_REQUIRED breach_check_required: bool = "false", parse::boolean, "true or false", Passwords, "true";
    /// Memory of a password hash (Argon2id), at least 8 KiB for each lane. Applies to new hashes; a stored one is replaced at the user's next sign-in.
    ARGON2_MEMORY_KIB argon2_memory: u32 = "19456", |text| parse::whole(text, 8, u64::from(Parameters::MAX_MEMORY)).map(|n| n as u32), "KiB, 8 to 131072, and to 65536 on Workers", Passwords, "47104";
    /// Passes over the memory of a password hash.
    ARGON2_ITERATIONS argon2_iterations: u32 = "2", |text| parse::whole(text, 1, u64::from(Parameters::MAX_ITERATIONS)).map(|n| n as u32), "1 to 64", Passwords, "3";
    /// Lanes (degree of parallelism) of a password hash.
    ARGON2_PARALLELISM argon2_parallelism: u32 = "1", |text| parse::whole(text, 1, u64::from(Parameters::MAX_PARALLELISM)).map(|n| n as u32), "1 to 16", Passwords, "2";
    /// Maximum time to verify a password hash of another system, estimated from its parameters. An import refuses slower hashes.
    IMPORT_HASH_MILLISECONDS import_hash_milliseconds: u32 = "2000", |text| parse::whole(text, 1, 25_000).map(|n| n as u32), "milliseconds, 1 to 25000", Passwords, "500";
    /// Maximum number of password hashes that all instances together begin within a second; further ones are refused with 503. For Spin, where nothing else limits them. Work that takes as much time or memory as several hashes of the default cost, such as a login after an import of costly hashes, counts as that many. 0 means no limit.
    HASHES_PER_SECOND hashes_per_second: u64 = "0", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "64";
    /// Length of the rate limit windows in which attempts and requests for mails are counted.
    LIMIT_WINDOW_MINUTES limit_window: Duration = "15", |text| parse::whole(text, 1, 1440).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 1440", Limits, "30";
    /// Password attempts, right or wrong, at one address or user name from one network within a window; further ones are refused. A network is an IPv4 address or an IPv6 /64; twice as many are accepted from a /56, and four times as many from a /48. Each device that signed in to the account before has as many attempts of its own. 0 means no limit.
    LOGIN_ATTEMPTS_PER_ACCOUNT login_attempts_per_account: u64 = "20", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "10";
    /// Password attempts at one address or user name from all networks together within a window. Devices that signed in before, and networks in which a session of the account began, are exempt. Ten times `LOGIN_ATTEMPTS_PER_ACCOUNT` when not set; 0 means no limit.
    LOGIN_ATTEMPTS_PER_ACCOUNT_EVERYWHERE login_attempts_per_account_everywhere: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000", Limits, "50";
    /// Password attempts and registrations together from one network within a window, for any names; further ones are refused. Codes of a second factor and returns from sign-in providers have the same limit, each counted separately. In a day, ten times as many registrations, profile changes and second factor set-ups are accepted, each counted separately. 0 means no limit.
    LOGIN_ATTEMPTS_PER_IP login_attempts_per_ip: u64 = "200", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "100";
    /// Codes of a second factor that can be tried at one account within a window, at sign-ins and in its sessions separately.
    MFA_ATTEMPTS_PER_ACCOUNT mfa_attempts_per_account: u64 = "10", |text| parse::whole(text, 1, 1000), "1 to 1000", Limits, "5";
    /// Passwords that can be tried with the password reset links of an account within a window.
    RESET_ATTEMPTS_PER_ACCOUNT reset_attempts_per_account: u64 = "10", |text| parse::whole(text, 1, 1000), "1 to 1000", Limits, "5";
    /// Requests from one network for one kind of mail (another verification, a password reset, a new address) to one address within a window; further ones are refused. 0 means no limit.
    MAILS_PER_ADDRESS mails_per_address: u64 = "5", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "3";
    /// Mails of one kind that are sent to one address within a window, requested from all networks together; further requests get their usual answer and send nothing. Four times `MAILS_PER_ADDRESS` when not set; 0 means no limit.
    MAILS_PER_ADDRESS_EVERYWHERE mails_per_address_everywhere: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000", Limits, "10";
    /// Requests from one network for one kind of mail, to any addresses, within a window; further ones are refused. Ten times `MAILS_PER_ADDRESS` when not set; 0 means no limit.
    MAILS_PER_IP mails_per_ip: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000", Limits, "30";
    /// Sign-ins of one user with the right password within a window, and ten times as many in a day; further ones are refused. 0 means no limit.
    SIGN_INS_PER_USER sign_ins_per_user: u64 = "100", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "50";
    /// Profile changes of one user within a window, and ten times as many in a day; further ones are refused. Uses of the password within sessions, and second factor set-ups, have the same limits, each counted separately. 0 means no limit.
    CHANGES_PER_USER changes_per_user: u64 = "60", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "30";
    /// Refreshes of one session within a window; further ones are refused. 0 means no limit.
    REFRESHES_PER_SESSION refreshes_per_session: u64 = "120", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "60";
    /// Token with which `POST /setup` creates the first superadmin, once. Without it, the route does not exist.
    SETUP_TOKEN setup_token: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes", Administration, "$(gatewright secret generate)", secret;
    /// Bearer token for `GET /metrics`. Without it, the route does not exist.
    METRICS_TOKEN metrics_token: Option<SecretKey> = "", parse::bearer, "at least 32 visible ASCII characters without blanks", Logging, "$(gatewright secret generate)", secret;
    /// Lifetime of a session in which an administrator acts as a user.
    IMPERSONATION_MINUTES impersonation_life: Duration = "15", |text| parse::whole(text, 1, 60).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 60", Administration, "30";
}
