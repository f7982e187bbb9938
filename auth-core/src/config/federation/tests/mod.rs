//! Loading of the settings of providers.

mod named;
mod origins;

use core::pin::pin;
use core::task::{Context, Poll, Waker};

use super::*;
use crate::federation::provider::{PERSONAL_TENANT, Protocol, Quirk, TENANT_ID};
use crate::federation::registration::Credential;

struct Given<'a>(&'a [(&'a str, &'a str)]);

impl Settings for Given<'_> {
    async fn get(&self, name: &str) -> Result<Option<String>, String> {
        let given = self.0.iter().find(|(given, _)| *given == name);
        Ok(given.map(|(_, value)| (*value).to_owned()))
    }
}

fn load(settings: &[(&str, &str)]) -> Result<FederationConfig, SettingError> {
    let settings = Given(settings);
    let future = pin!(FederationConfig::load(&settings));
    match future.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(config) => config,
        Poll::Pending => unreachable!("a list answers at once"),
    }
}

fn loaded(settings: &[(&str, &str)]) -> FederationConfig {
    load(settings)
        .map_err(|error| error.to_string())
        .ok()
        .unwrap()
}

/// The name of the setting that is refused, and the problem.
fn refusal(settings: &[(&str, &str)]) -> (&'static str, String) {
    match load(settings).err().unwrap() {
        SettingError::Value { name, problem, .. } => (name, problem),
        SettingError::Unavailable(problem) => panic!("{problem}"),
    }
}

fn secret(registration: &Registration) -> &str {
    match &registration.credential {
        Credential::Secret(secret) => secret.expose(),
        Credential::Key(_) | Credential::Apple { .. } => panic!("a key"),
    }
}

const KEY: &str = "-----BEGIN PRIVATE KEY-----\\nMC4CAQAwBQYDK2VwBCIEIJ1hsZ3v/VpguoRK9JLsLMREScVpezJpGXA7rAMcrn9g\\n-----END PRIVATE KEY-----";

/// A key of P-256, made by OpenSSL from 32 bytes of 7.
const APPLE_KEY: &str = "-----BEGIN PRIVATE KEY-----\\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49AwEHBG0wawIBAQQgBwcHBwcHBwcHBwcH\\nBwcHBwcHBwcHBwcHBwcHBwcHBwehRANCAAQeGFMv1HVMAvMEHZx1zrM7g//YGsfO\\nT+iCzLHJi8WJbqRsMRxOL/QN2Wo2U+bkVEXTLf5Ibs7XXHqQxqGIgcCj\\n-----END PRIVATE KEY-----";

const ACME: [(&str, &str); 4] = [
    ("OIDC_PROVIDERS", "acme"),
    ("OIDC_ACME_ISSUER", "https://login.example.com/"),
    ("OIDC_ACME_CLIENT_ID", "gatewright"),
    ("OIDC_ACME_CLIENT_SECRET", "geheim"),
];

const OLD: [(&str, &str); 7] = [
    ("OIDC_PROVIDERS", "old"),
    ("OIDC_OLD_CLIENT_ID", "gatewright"),
    ("OIDC_OLD_CLIENT_SECRET", "geheim"),
    (
        "OIDC_OLD_AUTHORIZE_URL",
        "https://old.example.com/authorize",
    ),
    ("OIDC_OLD_TOKEN_URL", "https://old.example.com/token"),
    ("OIDC_OLD_USERINFO_URL", "https://old.example.com/me?all=1"),
    ("OIDC_OLD_CLAIMS", r#"{"subject": "/id", "email": "/mail"}"#),
];

/// The settings, with some replaced. An empty value is not set.
fn with<'a>(
    settings: &[(&'a str, &'a str)],
    other: &[(&'a str, &'a str)],
) -> Vec<(&'a str, &'a str)> {
    other.iter().chain(settings).copied().collect()
}

#[test]
fn nothing_is_set_up_by_default() {
    let config = loaded(&[]);
    assert!(config.registrations.is_empty());
    let values = &config.values;
    assert!(values.sign_up && !values.store_tokens);
    assert_eq!(values.roles, ["user"]);
    // Scopes and a secret alone switch nothing on.
    assert!(
        loaded(&[("GOOGLE_CLIENT_SECRET", "s"), ("GOOGLE_SCOPES", "openid")])
            .registrations
            .is_empty()
    );
}

#[test]
fn a_preset_is_set_up_by_its_client_id_and_secret() {
    for row in PRESETS.iter().filter(|row| row.preset.id != "apple") {
        let prefix = row.preset.id.to_ascii_uppercase();
        let id_name = format!("{prefix}_CLIENT_ID");
        let secret_name = format!("{prefix}_CLIENT_SECRET");
        let id = (id_name.as_str(), " an id ");
        let config = loaded(&[id, (&secret_name, "geheim")]);
        let registration = config.registration(row.preset.id).unwrap();
        assert_eq!(
            (registration.client_id.as_str(), secret(registration)),
            ("an id", "geheim")
        );
        assert_eq!(registration.provider.scopes, row.preset.scopes);
        let (name, problem) = refusal(&[id]);
        assert_eq!(
            (name, problem),
            (secret_name.as_str(), format!("not set, but {id_name} is"))
        );
    }
}

#[test]
fn apple_needs_a_key() {
    let whole = [
        ("APPLE_CLIENT_ID", "com.example.web"),
        ("APPLE_TEAM_ID", "A1B2C3D4E5"),
        ("APPLE_KEY_ID", "ABC123DEFG"),
        ("APPLE_PRIVATE_KEY", APPLE_KEY),
    ];
    let config = loaded(&whole);
    let Credential::Apple { key, .. } = &config.registrations[0].credential else {
        panic!("no key of Apple");
    };
    assert_eq!(key.verifying_key().kid(), "ABC123DEFG");
    for lacking in ["APPLE_TEAM_ID", "APPLE_KEY_ID", "APPLE_PRIVATE_KEY"] {
        let given = with(&whole, &[(lacking, "")]);
        assert_eq!(
            refusal(&given),
            (lacking, "not set, but APPLE_CLIENT_ID is".to_owned())
        );
    }
    for (name, value) in [
        ("APPLE_TEAM_ID", "A1/../"),
        ("APPLE_PRIVATE_KEY", "geheim"),
        // Apple verifies ES256 alone.
        ("APPLE_PRIVATE_KEY", KEY),
        (
            "APPLE_PRIVATE_KEY",
            "-----BEGIN PRIVATE KEY-----\\n-----END PRIVATE KEY-----",
        ),
        (
            "APPLE_PRIVATE_KEY",
            "-----BEGIN RSA PRIVATE KEY-----\\nMC4C\\n-----END RSA PRIVATE KEY-----",
        ),
    ] {
        assert_eq!(refusal(&with(&whole, &[(name, value)])).0, name, "{value}");
    }
}

#[test]
fn tenants_and_servers_of_presets_are_set() {
    let microsoft = |tenant| {
        let config = loaded(&[
            ("MICROSOFT_CLIENT_ID", "id"),
            ("MICROSOFT_CLIENT_SECRET", "geheim"),
            ("MICROSOFT_TENANT", tenant),
        ]);
        config.registrations[0].provider.clone()
    };
    let one = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    for (tenant, id, personal) in [
        ("", TENANT_ID, true),
        ("common", TENANT_ID, true),
        ("organizations", TENANT_ID, false),
        ("consumers", PERSONAL_TENANT, true),
        (one, one, true),
    ] {
        let provider = microsoft(tenant);
        let part = if tenant.is_empty() { "common" } else { tenant };
        assert_eq!(
            provider.issuer,
            format!("https://login.microsoftonline.com/{id}/v2.0")
        );
        assert_eq!(provider.dialect.quirk, Some(Quirk::Microsoft { personal }));
        let token = format!("https://login.microsoftonline.com/{part}/oauth2/v2.0/token");
        assert!(matches!(provider.protocol, Protocol::OpenId { token: url, .. } if url == token));
    }
    for tenant in [
        "contoso.onmicrosoft.com",
        "COMMON",
        "..",
        &one.to_uppercase(),
    ] {
        assert_eq!(
            refusal(&[("MICROSOFT_TENANT", tenant)]).0,
            "MICROSOFT_TENANT"
        );
    }
    let settings = [
        ("MICROSOFT_CLIENT_ID", "id"),
        ("MICROSOFT_CLIENT_SECRET", "geheim"),
        ("MICROSOFT_URL", "https://login.microsoftonline.us/"),
    ];
    let government = &loaded(&settings).registrations[0].provider;
    let issuer = format!("https://login.microsoftonline.us/{TENANT_ID}/v2.0");
    assert_eq!(government.issuer, issuer);
    // Its administrators decide which addresses it calls verified.
    assert!(!government.dialect.trusted);
    let keys = "https://login.microsoftonline.us/common/discovery/v2.0/keys";
    assert!(matches!(&government.protocol, Protocol::OpenId { keys: url, .. } if url == keys));
    let settings = [
        ("GITLAB_CLIENT_ID", "id"),
        ("GITLAB_CLIENT_SECRET", "geheim"),
        ("GITLAB_URL", "https://Git.example.com/lab/"),
    ];
    let gitlab = &loaded(&settings).registrations[0].provider;
    assert_eq!(gitlab.issuer, "https://git.example.com/lab");
    assert!(!gitlab.dialect.trusted);
    assert!(
        loaded(&settings[..2]).registrations[0]
            .provider
            .dialect
            .trusted
    );
    let keys = "https://git.example.com/lab/oauth/discovery/keys";
    assert!(matches!(&gitlab.protocol, Protocol::OpenId { keys: url, .. } if url == keys));
    for setting in FederationConfig::servers() {
        assert_eq!(
            refusal(&[(setting.name, "http://git.example.com")]).0,
            setting.name
        );
    }
}

/// The API of GitHub Enterprise Server has a path, where that of GitHub has a host.
#[test]
fn github_is_also_a_server_of_ones_own() {
    let settings = [
        ("GITHUB_CLIENT_ID", "id"),
        ("GITHUB_CLIENT_SECRET", "geheim"),
        ("GITHUB_URL", "https://Git.example.com/"),
    ];
    for (settings, issuer, user, named, own) in [
        (
            &settings[..],
            "https://git.example.com",
            "https://git.example.com/api/v3/user",
            "https://git.example.com/login/oauth",
            true,
        ),
        (
            &settings[..2],
            "https://github.com",
            "https://api.github.com/user",
            "https://github.com/login/oauth",
            false,
        ),
    ] {
        let github = &loaded(settings).registrations[0].provider;
        assert_eq!(github.issuer, issuer);
        assert_eq!(github.named_issuer(), Some(named));
        let endpoints = Protocol::OAuth {
            authorize: format!("{issuer}/login/oauth/authorize"),
            token: format!("{issuer}/login/oauth/access_token"),
            userinfo: user.to_owned(),
        };
        assert_eq!(github.protocol, endpoints);
        let dialect = github.dialect;
        assert_eq!((dialect.trusted, dialect.names_issuer), (!own, !own));
    }
}

/// Everything else is a page to which codes would be sent.
#[test]
fn addresses_of_native_apps_have_schemes_of_their_own() {
    let setting = |text| [("OAUTH_REDIRECT_URIS", text)];
    let longest = format!("https://app.example.com/{}", "a".repeat(1000));
    for text in [
        "com.example.app:/callback",
        "com.example.app://callback/x?y=1",
        "https://app.example.com/callback",
        "http://127.0.0.1:49152/callback, http://[::1]:49152/callback",
        &longest,
    ] {
        let count = text.split(',').count();
        assert_eq!(
            loaded(&setting(text)).values.redirect_uris.len(),
            count,
            "{text}"
        );
    }
    for text in [
        "javascript:alert(1)",
        "javascript.x:alert(1)",
        "data:/text",
        "app:/callback",
        "com.example.app:callback",
        "com.example.app:/callback#x",
        "Com.example.app:/callback",
        "http://app.example.com/callback",
        "/callback",
        "com.example.app:/a b",
        &format!("{longest}a"),
    ] {
        assert_eq!(refusal(&setting(text)).0, "OAUTH_REDIRECT_URIS", "{text}");
    }
}

/// Hosts let requests go there, and nowhere else.
#[test]
fn requests_go_to_the_endpoints_that_are_set_up() {
    let origins = |settings: &[(&str, &str)]| {
        let origins = loaded(settings).outbound_origins();
        origins.into_iter().collect::<Vec<_>>().join(" ")
    };
    assert_eq!(origins(&[]), "");
    assert_eq!(origins(&ACME), "https://login.example.com");
    let hosts = (
        "OIDC_ACME_HOSTS",
        "api.example.com, keys.example.com:8443,localhost:9",
    );
    assert_eq!(
        origins(&with(&ACME, &[hosts])),
        "http://localhost:9 https://api.example.com https://keys.example.com:8443 https://localhost:9 https://login.example.com"
    );
    assert_eq!(origins(&OLD), "https://old.example.com");
    let client = |prefix: &str| {
        let (id, secret) = (
            format!("{prefix}_CLIENT_ID"),
            format!("{prefix}_CLIENT_SECRET"),
        );
        origins(&[(&id, "id"), (&secret, "s")])
    };
    assert_eq!(
        client("GITHUB"),
        "https://api.github.com https://github.com"
    );
    assert_eq!(client("FACEBOOK"), "https://graph.facebook.com");
    assert_eq!(
        client("GOOGLE"),
        "https://oauth2.googleapis.com https://www.googleapis.com"
    );
    for hosts in ["https://api.example.com", "a b", ",", "a,b,c,d,e,f,g,h,i"] {
        let given = with(&ACME, &[("OIDC_ACME_HOSTS", hosts)]);
        assert_eq!(refusal(&given).0, "OIDC_ACME_HOSTS", "{hosts}");
    }
}

#[test]
fn a_secret_is_never_in_a_message() {
    let acme = |name, value| {
        with(
            &ACME,
            &[
                ("OIDC_ACME_CLIENT_AUTHENTICATION", "private_key_jwt"),
                (name, value),
            ],
        )
    };
    for (settings, name) in [
        (
            with(&ACME, &[("OIDC_ACME_CLIENT_SECRET", "geh\u{1}eim")]),
            "OIDC_ACME_CLIENT_SECRET",
        ),
        (
            acme("OIDC_ACME_PRIVATE_KEY", "geheim"),
            "OIDC_ACME_PRIVATE_KEY",
        ),
        (
            vec![("X_CLIENT_ID", "id"), ("X_CLIENT_SECRET", "geheim\u{e4}")],
            "X_CLIENT_SECRET",
        ),
        (vec![("APPLE_PRIVATE_KEY", "geheim")], "APPLE_PRIVATE_KEY"),
    ] {
        let message = load(&settings).err().unwrap().to_string();
        assert!(
            message.starts_with(&format!("{name}: the value is not accepted")),
            "{message}"
        );
        assert!(!message.contains("eim"), "{message}");
    }
}

#[test]
fn every_setting_has_a_row() {
    for (name, row) in [
        ("GOOGLE_CLIENT_SECRET", Some("GOOGLE_CLIENT_SECRET")),
        ("OAUTH_ROLES", Some("OAUTH_ROLES")),
        ("OIDC_ACME_CLIENT_SECRET", Some("OIDC_NAME_CLIENT_SECRET")),
        ("OIDC_PROVIDERS", Some("OIDC_PROVIDERS")),
        ("OIDC__ISSUER", None),
        ("OIDC_acme_ISSUER", None),
        ("OIDC_ACME_OWNER", None),
        ("APPLE_CLIENT_SECRET", None),
    ] {
        assert_eq!(
            FederationConfig::row(name).map(|row| row.name),
            row,
            "{name}"
        );
    }
    let secrets = ["_CLIENT_SECRET", "_PRIVATE_KEY"];
    for row in FederationConfig::TABLES
        .into_iter()
        .flatten()
        .chain(FederationConfig::NAMED)
    {
        assert_eq!(
            row.secret,
            secrets.iter().any(|end| row.name.ends_with(end)),
            "{}",
            row.name
        );
        assert_ne!(row.default, Some(row.example), "{}", row.name);
    }
}

#[test]
fn every_example_is_accepted() {
    for row in FederationValues::TABLE
        .iter()
        .filter(|row| !row.secret && row.name != "OIDC_PROVIDERS")
    {
        loaded(&[(row.name, row.example)]);
    }
    for row in FederationConfig::servers() {
        loaded(&[(row.name, row.example)]);
    }
    for row in FederationConfig::NAMED.iter().filter(|row| !row.secret) {
        let name = row.name.replace("NAME", "OLD");
        loaded(&with(&OLD, &[(name.as_str(), row.example)]));
    }
}
