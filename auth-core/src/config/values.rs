//! The table of the service's settings: a name, a default, a parser and a sentence each.

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

    /// Protects private keys and other secrets at rest. Losing it means losing them; changing it makes stored keys unreadable.
    SECRET_KEY secret_key: SecretKey = "", |text| SecretKey::new(text.as_bytes()), "at least 32 bytes", Storage, "$(gatewright secret generate)", secret;
    /// Signs access tokens when `JWT_ALGORITHM` is HS256, HS384 or HS512.
    JWT_SECRET jwt_secret: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes, 48 for HS384, 64 for HS512", Storage, "$(gatewright secret generate)", secret;
    /// Algorithm of access tokens. With EdDSA and ES256 the key pair is made at first use and the public half is served at /.well-known/jwks.json.
    JWT_ALGORITHM jwt_algorithm: Algorithm = "EdDSA", |text| Algorithm::parse(text).filter(|algorithm| algorithm.can_sign()), "EdDSA, ES256, HS256, HS384 or HS512", Sessions, "ES256";
    /// How the service calls itself in mail.
    PRODUCT_NAME product_name: String = "Gatewright", parse::name, "1 to 64 printable characters, some of them more than punctuation", Accounts, "Acme";
    /// `iss` of access tokens; `PUBLIC_BASE_URL` when not set.
    JWT_ISSUER jwt_issuer: Option<String> = "", parse::string_or_uri, "a URI, or text without a colon, of at most 255 bytes", Sessions, "https://auth.example.com";
    /// `aud` of access tokens; the issuer when not set.
    JWT_AUDIENCE jwt_audience: Option<String> = "", parse::string_or_uri, "a URI, or text without a colon, of at most 255 bytes", Sessions, "https://api.example.com";
    /// By how much the clocks of what issues access tokens and what verifies them may differ: `exp`, `nbf` and `iat` are taken that much late or early.
    CLOCK_TOLERANCE_SECONDS clock_tolerance: Duration = "5", |text| parse::whole(text, 0, 300).map(Duration::from_secs), "seconds, 0 to 300", Sessions, "30";
    /// Life of an access token.
    ACCESS_TOKEN_EXPIRE_MINUTES access_token_life: Duration = "15", |text| parse::whole(text, 1, 1440).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 1440", Sessions, "5";
    /// Life of a refresh token; each refresh hands out a new one, up to the end of the session.
    REFRESH_TOKEN_EXPIRE_DAYS refresh_token_life: Duration = "7", |text| parse::whole(text, 1, 365).map(|n| Duration::from_secs(n * 86_400)), "days, 1 to 365", Sessions, "14";
    /// For how long after a refresh the old token still gets the same answer, so that two tabs don't sign a person out.
    REFRESH_TOKEN_GRACE_SECONDS refresh_token_grace: Duration = "10", |text| parse::whole(text, 0, 300).map(Duration::from_secs), "seconds, 0 to 300", Sessions, "30";
    /// Life of a session, however often it is refreshed.
    SESSION_EXPIRE_DAYS session_life: Duration = "30", |text| parse::whole(text, 1, 3650).map(|n| Duration::from_secs(n * 86_400)), "days, 1 to 3650", Sessions, "90";
    /// Whether signing in ends all other sessions of the person.
    SINGLE_SESSION single_session: bool = "false", parse::boolean, "true or false", Sessions, "true";
    /// Whether registering signs in at once.
    REGISTER_AUTO_LOGIN register_auto_login: bool = "true", parse::boolean, "true or false", Accounts, "false";
    /// What carries a session when a login does not say: `jwt`, `session` (an opaque token), or a cookie that holds one of the two.
    SESSION_TRANSPORT session_transport: SessionTransport = "jwt", SessionTransport::parse, "jwt, session, cookie or jwt_cookie", Sessions, "cookie";
    /// How long a session of an opaque token lasts without being used.
    SESSION_IDLE_MINUTES session_idle: Duration = "10080", |text| parse::whole(text, 5, 525_600).map(|n| Duration::from_secs(n * 60)), "minutes, 5 to 525600", Sessions, "1440";
    /// Whether cookies are sent over HTTPS alone; without it they lose the `__Host-` of their names, and anybody on the way can read them.
    COOKIE_SECURE cookie_secure: bool = "true", parse::boolean, "true or false", Addresses, "false";
    /// Domain of the cookies, to share them with its subdomains; this host alone when not set.
    COOKIE_DOMAIN cookie_domain: Option<String> = "", parse::domain, "the host of PUBLIC_BASE_URL, or a domain that it is in", Addresses, "example.com";
    /// Whether nobody signs in before he has proved to receive mail at his address. Registering then says nothing of addresses that are taken.
    REQUIRE_EMAIL_VERIFICATION require_email_verification: bool = "false", parse::boolean, "true or false", Accounts, "true";
    /// Whether the link that verifies an address also takes the password or a session, so that nobody verifies an account that a stranger made with his address.
    VERIFY_NEEDS_PASSWORD verify_needs_password: bool = "true", parse::boolean, "true or false", Accounts, "false";
    /// Life of links that verify an address.
    VERIFY_TOKEN_TTL verify_token_life: Duration = "86400", |text| parse::whole(text, 300, 2_592_000).map(Duration::from_secs), "seconds, 300 to 2592000", Accounts, "3600";
    /// Life of links that reset a password.
    RESET_TOKEN_TTL reset_token_life: Duration = "3600", |text| parse::whole(text, 300, 86_400).map(Duration::from_secs), "seconds, 300 to 86400", Passwords, "1800";
    /// How authenticator apps call the service; `PRODUCT_NAME` without its colons when not set.
    TOTP_ISSUER totp_issuer: Option<String> = "", parse::issuer_name, "1 to 64 printable characters without a colon, some of them more than punctuation", SecondFactors, "Acme";
    /// Who has to have a second factor: `off` (nobody), `all`, or names of roles. Until it is set up, at the next login or at once, their sessions are good for nothing else.
    REQUIRE_MFA require_mfa: RequireMfa = "off", RequireMfa::parse, "off, all, or names of roles separated by commas", SecondFactors, "admin,superadmin";
    /// How many steps of 30 seconds the clock of an authenticator app may be off, either way: a code is good for 30 seconds with 0, and for 90 with 1. Each code counts once.
    TOTP_SKEW_STEPS totp_skew: u64 = "1", |text| parse::whole(text, 0, 1), "0 or 1", SecondFactors, "0";
    /// Extra fields of a user: a JSON list of `{"name": …, "type": "string", "integer", "number" or "boolean", "required": …, "max_length": …, "editable_by": "user" or "admin"}`.
    PROFILE_FIELDS profile_fields: ProfileFields = "[]", ProfileFields::parse, "a JSON list of declarations", Accounts, "[{\"name\":\"company\",\"type\":\"string\",\"required\":false,\"max_length\":100,\"editable_by\":\"user\"}]";
    /// Whether the paths of fastapi-users and other systems are served besides our own.
    COMPATIBILITY_ROUTES compatibility_routes: bool = "true", parse::boolean, "true or false", Accounts, "false";
    /// Whether `POST /auth/token` takes the grant `password` of OAuth 2.0. It shows people's passwords to the client, so it is for first-party clients alone, and RFC 9700 forbids it to others. As `COMPATIBILITY_ROUTES` when not set.
    PASSWORD_GRANT password_grant: Option<bool> = "", |text| if text.is_empty() { Some(None) } else { parse::boolean(text).map(Some) }, "true or false", Passwords, "false";
    /// Fewest characters of a password.
    PASSWORD_MIN_LENGTH password_min_length: usize = "8", |text| parse::whole(text, 8, 64).map(|n| n as usize), "characters, 8 to 64", Passwords, "12";
    /// Most characters of a password.
    PASSWORD_MAX_LENGTH password_max_length: usize = "128", |text| parse::whole(text, 64, 1024).map(|n| n as usize), "characters, 64 to 1024", Passwords, "256";
    /// Service that lists breached passwords, asked for each that a person chooses by the first five digits of its SHA-1, which are appended to this: `https://api.pwnedpasswords.com/range/`. None when not set.
    BREACH_CHECK_URL breach_check_url: Option<String> = "", |text| if text.is_empty() { Some(None) } else { parse::url_prefix(text).map(Some) }, "an http or https URL that ends with /", Passwords, "https://api.pwnedpasswords.com/range/";
    /// Whether no password can be chosen while that service does not answer; otherwise they are taken then, with a warning in the log.
    BREACH_CHECK_REQUIRED breach_check_required: bool = "false", parse::boolean, "true or false", Passwords, "true";
    /// Memory of a password hash (Argon2id), freshly hashed passwords only.
    ARGON2_MEMORY_KIB argon2_memory: u32 = "19456", |text| parse::whole(text, 8, u64::from(Parameters::MAX_MEMORY)).map(|n| n as u32), "KiB, 8 to 131072, and to 65536 on Workers", Passwords, "47104";
    /// Passes over that memory.
    ARGON2_ITERATIONS argon2_iterations: u32 = "2", |text| parse::whole(text, 1, u64::from(Parameters::MAX_ITERATIONS)).map(|n| n as u32), "1 to 64", Passwords, "3";
    /// Lanes of that memory.
    ARGON2_PARALLELISM argon2_parallelism: u32 = "1", |text| parse::whole(text, 1, u64::from(Parameters::MAX_PARALLELISM)).map(|n| n as u32), "1 to 16", Passwords, "2";
    /// Most time that verifying a password hash of another system may take, as its parameters tell; an import refuses others.
    IMPORT_HASH_MILLISECONDS import_hash_milliseconds: u32 = "2000", |text| parse::whole(text, 1, 25_000).map(|n| n as u32), "milliseconds, 1 to 25000", Passwords, "500";
    /// Password hashes that all instances together begin within a second, before further ones are refused with 503, where nothing else bounds how many there are at once (Spin). Work that takes as much time or memory as several of the default cost counts as so many, such as a login after an import of costly hashes; 0 for no limit.
    HASHES_PER_SECOND hashes_per_second: u64 = "0", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "64";
    /// Length of the windows in which attempts and requests for mails are counted.
    LIMIT_WINDOW_MINUTES limit_window: Duration = "15", |text| parse::whole(text, 1, 1440).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 1440", Limits, "30";
    /// Password attempts, right or wrong, at one address or user name from one network (IPv4: an address; IPv6: a /64, twice as many from a /56, four times as many from a /48) within a window before further ones are refused, and as many from each device that signed in to the account before; 0 for no limit.
    LOGIN_ATTEMPTS_PER_ACCOUNT login_attempts_per_account: u64 = "20", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "10";
    /// The same from everywhere together. It does not bind devices that signed in before, and networks that a session of the account began in. Ten times `LOGIN_ATTEMPTS_PER_ACCOUNT` when not set; 0 for no limit.
    LOGIN_ATTEMPTS_PER_ACCOUNT_EVERYWHERE login_attempts_per_account_everywhere: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000", Limits, "50";
    /// Password attempts and registrations from one network, whatever the names, within a window before further ones are refused, and as many codes of a second factor; ten times as many registrations, changes of profiles and set-ups of a second factor in a day, each apart; 0 for no limit.
    LOGIN_ATTEMPTS_PER_IP login_attempts_per_ip: u64 = "200", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "100";
    /// Codes of a second factor that may be tried at one account within a window.
    MFA_ATTEMPTS_PER_ACCOUNT mfa_attempts_per_account: u64 = "10", |text| parse::whole(text, 1, 1000), "1 to 1000", Limits, "5";
    /// Passwords that may be tried with the links to a new one of an account within a window.
    RESET_ATTEMPTS_PER_ACCOUNT reset_attempts_per_account: u64 = "10", |text| parse::whole(text, 1, 1000), "1 to 1000", Limits, "5";
    /// Requests from one network for one kind of mail (another verification, a new password, a new address) to one address within a window before further ones are refused; 0 for no limit.
    MAILS_PER_ADDRESS mails_per_address: u64 = "5", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "3";
    /// Mails of one kind that are sent to one address within a window, whoever asks; further requests get their usual answer and send nothing. Four times `MAILS_PER_ADDRESS` when not set; 0 for no limit.
    MAILS_PER_ADDRESS_EVERYWHERE mails_per_address_everywhere: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000", Limits, "10";
    /// Requests from one network for one kind of mail within a window, whatever the addresses, before further ones are refused. Ten times `MAILS_PER_ADDRESS` when not set; 0 for no limit.
    MAILS_PER_IP mails_per_ip: Option<u64> = "", |text| parse::optional_whole(text, 0, 1_000_000), "0 to 1000000", Limits, "30";
    /// Sign-ins of one user with the right password within a window, and ten times as many in a day, before further ones are refused; 0 for no limit.
    SIGN_INS_PER_USER sign_ins_per_user: u64 = "100", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "50";
    /// Changes that one user makes to the profile within a window, and ten times as many in a day, before further ones are refused; as many uses of the password within sessions, and of setting up a second factor; 0 for no limit.
    CHANGES_PER_USER changes_per_user: u64 = "60", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "30";
    /// Refreshes of one session within a window before further ones are refused; 0 for no limit.
    REFRESHES_PER_SESSION refreshes_per_session: u64 = "120", |text| parse::whole(text, 0, 1_000_000), "0 to 1000000", Limits, "60";
    /// What `POST /setup` takes to make the first administrator, once; without it there is no such route.
    SETUP_TOKEN setup_token: Option<SecretKey> = "", |text| if text.is_empty() { Some(None) } else { SecretKey::new(text.as_bytes()).map(Some) }, "at least 32 bytes", Administration, "$(gatewright secret generate)", secret;
    /// Bearer token that `GET /metrics` takes; without it there is no such route.
    METRICS_TOKEN metrics_token: Option<SecretKey> = "", parse::bearer, "at least 32 visible ASCII characters without blanks", Logging, "$(gatewright secret generate)", secret;
    /// Life of a session in which an administrator acts as a user.
    IMPERSONATION_MINUTES impersonation_life: Duration = "15", |text| parse::whole(text, 1, 60).map(|n| Duration::from_secs(n * 60)), "minutes, 1 to 60", Administration, "30";
}
