//! The table of the settings of sign-in with other providers that have fixed names and belong to no preset.

use crate::access::{SUPERADMIN, is_role_name};
use crate::config::parse;
use crate::federation::link_policy::LinkPolicy;
use crate::federation::presets::PRESETS;
use crate::federation::private_key::signing_key;
use crate::federation::profile_map::ProfileMap;
use crate::federation::provider::is_tenant;
use crate::jose::Algorithm;
use crate::secret::SecretToken;
use crate::settings;

settings! {
    /// The settings that have fixed names and no preset.
    pub struct FederationValues on Native Spin Worker;

    /// Whether the first sign-in with an account of another provider creates an account. With `false`, users link it to an account that they have.
    OAUTH_SIGN_UP sign_up: bool = "true", parse::boolean, "true or false", Providers, "false";
    /// Roles of an account that such a sign-in creates.
    OAUTH_ROLES roles: Vec<String> = "user", roles, "names of roles separated by commas, without superadmin", Providers, "user,premium";
    /// Profile fields that such an account gets from the provider: each of `PROFILE_FIELDS`, of the type text, with `name`, `username`, `picture` (a URL) or `locale`.
    OAUTH_PROFILE profile: ProfileMap = "{}", ProfileMap::parse, "a JSON object of declared profile fields, each with name, username, picture or locale", Providers, "{\"language\":\"locale\"}";
    /// Providers whose verified addresses link a first sign-in to the account that has the same verified address: `off` (none), `trusted` (presets that verify every address, such as Google and GitHub), or `all` (also `OIDC_PROVIDERS`). A provider that is not trusted can let its administrators set any address.
    LINK_BY_VERIFIED_EMAIL link_policy: LinkPolicy = "trusted", LinkPolicy::parse, "off, trusted or all", Providers, "off";
    /// Whether the access and refresh tokens of the providers are stored, encrypted, for the user to retrieve.
    OAUTH_STORE_TOKENS store_tokens: bool = "false", parse::boolean, "true or false", Providers, "true";
    /// Addresses of native apps that a sign-in can return to, exactly as they send them in `redirect_to`: with a scheme of their own such as `com.example.app:/callback`, with https, or with http on this machine. They need a `code_challenge`. Pages of `PUBLIC_BASE_URL`, `FRONTEND_URL` and `CORS_ORIGINS` need not be listed.
    OAUTH_REDIRECT_URIS redirect_uris: Vec<String> = "", redirect_uris, "URIs separated by commas, without fragment; a scheme of an app has a dot", Providers, "com.example.app:/callback";
    /// Names of further providers. Each name has settings of its own, such as `OIDC_ACME_ISSUER` for `acme`.
    OIDC_PROVIDERS names: Vec<String> = "", names, "up to 32 names separated by commas: each a lower-case letter, then lower-case letters and digits, given once, and not the name of a preset", Providers, "acme,work";
    /// Accounts of Microsoft that can sign in: `common` (all), `organizations` (work and school), `consumers` (personal), or those of one tenant.
    MICROSOFT_TENANT microsoft_tenant: String = "common", |text| (matches!(text, "common" | "organizations" | "consumers") || is_tenant(text)).then(|| text.to_owned()), "common, organizations, consumers, or the ID of a tenant in lower case", Providers, "72f988bf-86f1-41af-91ab-2d7cd011db47";
    /// ID of your team at Apple, which the developer account shows.
    APPLE_TEAM_ID apple_team_id: Option<String> = "", word, "letters and digits", Providers, "A1B2C3D4E5";
    /// ID of the key for Sign in with Apple.
    APPLE_KEY_ID apple_key_id: Option<String> = "", word, "letters and digits", Providers, "ABC123DEFG";
    /// Key for Sign in with Apple: the content of the file `AuthKey_….p8`. Line breaks can be written as `\n`.
    APPLE_PRIVATE_KEY apple_private_key: Option<SecretToken> = "", |text| if text.is_empty() { Some(None) } else { apple_key(text).map(Some) }, "a private key of P-256 in PEM (PKCS #8)", Providers, "$(cat AuthKey_ABC123DEFG.p8)", secret;
}

/// Names that are parts of paths beside those of providers.
const RESERVED: [&str; 6] = [
    "authorize",
    "callback",
    "complete",
    "exchange",
    "oauth",
    "verify",
];
/// The maximum number of further providers.
const MAX_NAMES: usize = 32;

/// Whether the text can be the name of a provider: a letter, then letters and digits, at most 32, in lower case.
pub(crate) fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_lowercase())
        && text.len() <= 32
        && text
            .chars()
            .all(|c| c.is_ascii_lowercase() || c.is_ascii_digit())
}

/// Parses the names of further providers.
fn names(text: &str) -> Option<Vec<String>> {
    if text.is_empty() {
        return Some(Vec::new());
    }
    let names: Vec<_> = text.split(',').map(str::trim).collect();
    let is_preset = |name: &str| PRESETS.iter().any(|row| row.preset.id == name);
    let fits = |name: &str| is_name(name) && !RESERVED.contains(&name) && !is_preset(name);
    let once = |at: usize| !names[..at].contains(&names[at]);
    let fit = names.len() <= MAX_NAMES
        && names.iter().all(|name| fits(name))
        && (0..names.len()).all(once);
    fit.then(|| names.into_iter().map(str::to_owned).collect())
}

/// Parses the roles of new accounts. Everyone who has an account at a provider gets them, so none is superadmin.
fn roles(text: &str) -> Option<Vec<String>> {
    let names = text.split(',').map(str::trim);
    let fits = |name: &str| is_role_name(name) && name != SUPERADMIN;
    names
        .map(|name| fits(name).then(|| name.to_owned()))
        .collect()
}

/// Parses the addresses of native apps.
fn redirect_uris(text: &str) -> Option<Vec<String>> {
    let texts = text.split(',').map(str::trim);
    let texts = texts.filter(|text| !text.is_empty());
    let uris: Vec<_> = texts.map(str::to_owned).collect();
    uris.iter().all(|uri| is_app_uri(uri)).then_some(uris)
}

/// Whether the text is the address of a native app (RFC 8252 section 7): with a scheme that is a domain name in reverse,
/// so that it is neither `javascript` nor one of the system's, or an address for a request.
fn is_app_uri(text: &str) -> bool {
    let own_scheme = text.split_once(':').is_some_and(|(scheme, rest)| {
        let allowed = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "+-.".contains(c);
        scheme.starts_with(|c: char| c.is_ascii_lowercase())
            && scheme.contains('.')
            && scheme.chars().all(allowed)
            && rest.starts_with('/')
            && rest.chars().all(parse::is_url_character)
    });
    text.len() <= parse::MAX_RETURN_URL && (own_scheme || parse::endpoint(text).is_some())
}

/// Parses a key of Apple, which signs by ES256.
fn apple_key(text: &str) -> Option<SecretToken> {
    let key = signing_key(text, None).ok()?;
    let fits = key.verifying_key().algorithm() == Algorithm::Es256;
    fits.then(|| SecretToken::of(text.to_owned()))
}

fn word(text: &str) -> Option<Option<String>> {
    let plain = text.chars().all(|c| c.is_ascii_alphanumeric());
    plain.then(|| parse::optional(text)).flatten()
}
