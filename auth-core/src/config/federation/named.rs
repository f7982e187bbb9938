//! Settings of the providers that `OIDC_PROVIDERS` names.

use std::sync::Arc;

use serde::Deserialize;

use super::read::{client_id, client_secret, lasting, read, refused, scopes};
use crate::config::parse;
use crate::config::setting::{Group, HostKind, Setting, SettingError};
use crate::federation::private_key::signing_key;
use crate::federation::provider::{
    Claims, ClientAuthentication, Dialect, NO_CLAIMS, NamedIssuer, Protocol, Provider,
    STANDARD_CLAIMS, STANDARD_DIALECT, Verification,
};
use crate::federation::registration::{Credential, Registration};
use crate::json;
use crate::platform::Settings;

/// A row whose name contains `NAME`.
const fn row(
    name: &'static str,
    doc: &'static str,
    accepts: &'static str,
    default: Option<&'static str>,
    example: &'static str,
) -> Setting {
    Setting {
        name,
        doc,
        accepts,
        default,
        secret: false,
        group: Group::Providers,
        example,
        hosts: &[HostKind::Native, HostKind::Spin, HostKind::Worker],
    }
}

const fn secret(row: Setting) -> Setting {
    Setting {
        secret: true,
        ..row
    }
}

const URL: &str = "an https URL, or http on this machine";
const TEXT: &str = "printable ASCII characters";

const ISSUER: Setting = row(
    "OIDC_NAME_ISSUER",
    "Issuer of the OpenID Connect provider, exactly as it writes it. With OIDC_NAME_AUTHORIZE_URL, the name under which identities are stored, which is OIDC_NAME_USERINFO_URL when not set, and `iss` of responses that have one.",
    "an https URL, or http on this machine, without query and without the path of its metadata",
    None,
    "https://login.example.com",
);
const CLIENT_ID: Setting = row(
    "OIDC_NAME_CLIENT_ID",
    "Client ID of the app that is registered at the provider.",
    TEXT,
    None,
    "gatewright",
);
const CLIENT_SECRET: Setting = secret(row(
    "OIDC_NAME_CLIENT_SECRET",
    "Client secret of the app.",
    TEXT,
    None,
    "the secret that the provider shows",
));
const LABEL: Setting = row(
    "OIDC_NAME_LABEL",
    "Name of the provider on its button; the name in OIDC_PROVIDERS when not set.",
    "1 to 64 printable characters, not only punctuation",
    None,
    "Acme",
);
const SCOPES: Setting = row(
    "OIDC_NAME_SCOPES",
    "Scopes that are requested; none for a provider of plain OAuth 2.0 when not set.",
    "scopes separated by blanks, with openid for OpenID Connect",
    Some("openid email profile"),
    "openid email",
);
const CLIENT_AUTHENTICATION: Setting = row(
    "OIDC_NAME_CLIENT_AUTHENTICATION",
    "How the service authenticates at the token endpoint; when not set, with the secret as the metadata of the provider say, which is in a header if they say nothing. With the secret in a header, with the secret in the body, or with a JWT that OIDC_NAME_PRIVATE_KEY signs.",
    "client_secret_basic, client_secret_post or private_key_jwt",
    None,
    "client_secret_post",
);
const RESPONSE_MODE: Setting = row(
    "OIDC_NAME_RESPONSE_MODE",
    "How the provider's response comes back: in the address, or in the body of a POST, for providers that require it.",
    "query or form_post",
    Some("query"),
    "form_post",
);
const PRIVATE_KEY: Setting = secret(row(
    "OIDC_NAME_PRIVATE_KEY",
    "Key for private_key_jwt: Ed25519 or P-256. Line breaks can be written as `\\n`.",
    "a private key in PEM (PKCS #8)",
    None,
    "$(cat key.pem)",
));
const AUTHORIZE_URL: Setting = row(
    "OIDC_NAME_AUTHORIZE_URL",
    "Authorization endpoint of a provider of plain OAuth 2.0. OpenID Connect needs OIDC_NAME_ISSUER alone.",
    URL,
    None,
    "https://login.example.com/oauth/authorize",
);
const TOKEN_URL: Setting = row(
    "OIDC_NAME_TOKEN_URL",
    "Token endpoint of a provider of plain OAuth 2.0.",
    URL,
    None,
    "https://login.example.com/oauth/token",
);
const USERINFO_URL: Setting = row(
    "OIDC_NAME_USERINFO_URL",
    "Endpoint of a provider of plain OAuth 2.0 that describes the user as JSON.",
    URL,
    None,
    "https://login.example.com/api/me",
);
const CLAIMS: Setting = row(
    "OIDC_NAME_CLAIMS",
    "Places of a user's data in the provider's JSON. Required for plain OAuth 2.0; OpenID Connect has usual ones. An address counts as verified only if `email_verified` has a place.",
    "a JSON object of JSON pointers, with some of subject, email, email_verified, name, username, picture and locale",
    None,
    r#"{"subject":"/id","email":"/email","email_verified":"/verified","name":"/name"}"#,
);

const HOSTS: Setting = row(
    "OIDC_NAME_HOSTS",
    "Further hosts that may have endpoints of the OpenID Connect provider, beside that of OIDC_NAME_ISSUER. Metadata that name another host are refused. The authorization endpoint can be anywhere, because only browsers go there.",
    "up to 8 hosts separated by commas, each with an optional port",
    None,
    "api.example.com",
);

/// The settings of a provider, in the order of the documentation.
pub(super) const NAMED: &[Setting] = &[
    ISSUER,
    HOSTS,
    CLIENT_ID,
    CLIENT_SECRET,
    LABEL,
    SCOPES,
    CLIENT_AUTHENTICATION,
    RESPONSE_MODE,
    PRIVATE_KEY,
    AUTHORIZE_URL,
    TOKEN_URL,
    USERINFO_URL,
    CLAIMS,
];

/// An issuer, the one that responses name, and the endpoints.
type Server = (String, NamedIssuer<String>, Protocol<String>);

/// The settings of one provider.
struct Own<'a, S> {
    settings: &'a S,
    name: &'a str,
}

impl<S: Settings> Own<'_, S> {
    fn setting(&self, row: &Setting) -> &'static str {
        lasting(&row.name.replace("NAME", &self.name.to_ascii_uppercase()))
    }

    async fn optional<T>(
        &self,
        row: &'static Setting,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<Option<T>, SettingError> {
        read(self.settings, row, self.setting(row), parse).await
    }

    async fn required<T>(
        &self,
        row: &'static Setting,
        because: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Result<T, SettingError> {
        let value = self.optional(row, parse).await?;
        value.ok_or_else(|| self.refused(row, format!("not set, but {because}")))
    }

    fn refused(&self, row: &'static Setting, problem: String) -> SettingError {
        refused(row, self.setting(row), problem)
    }

    /// Reads the issuer and the endpoints.
    async fn protocol(&self, listed: &str) -> Result<Server, SettingError> {
        let authorize = self.optional(&AUTHORIZE_URL, parse::endpoint).await?;
        let authorize_name = self.setting(&AUTHORIZE_URL);
        let Some(authorize) = authorize else {
            let because = format!("{listed} and {authorize_name} is not set either");
            let issuer = self.required(&ISSUER, &because, parse::issuer).await?;
            return Ok((issuer, NamedIssuer::Own, Protocol::Discovery));
        };
        let because = format!("{authorize_name} is");
        let token = self.required(&TOKEN_URL, &because, parse::endpoint).await?;
        let userinfo = self
            .required(&USERINFO_URL, &because, parse::endpoint)
            .await?;
        let issuer = self.optional(&ISSUER, parse::issuer).await?;
        let named = match issuer {
            Some(_) => NamedIssuer::Own,
            None => NamedIssuer::Unknown,
        };
        let issuer = issuer.unwrap_or_else(|| userinfo.clone());
        let protocol = Protocol::OAuth {
            authorize,
            token,
            userinfo,
        };
        Ok((issuer, named, protocol))
    }
}

/// Reads the settings of a provider. `others` are those that are set up before it.
///
/// # Errors
/// The first setting whose value can't be used.
pub(super) async fn named_registration(
    settings: &impl Settings,
    name: &str,
    others: &[Registration],
) -> Result<Registration, SettingError> {
    let own = Own { settings, name };
    let listed = format!("OIDC_PROVIDERS names {name}");
    let (issuer, named, protocol) = own.protocol(&listed).await?;
    // Identities of two providers with one issuer would be the same, and OAuth 2.0 has no rule that keeps them apart.
    if let Some(other) = others.iter().find(|other| other.provider.issuer == issuer) {
        let problem = format!("{} has the issuer {issuer}", other.provider.id);
        return Err(own.refused(&ISSUER, problem));
    }
    let (usual_claims, usual_scopes) = match protocol {
        Protocol::Discovery => (&STANDARD_CLAIMS, "openid email profile"),
        _ => (&NO_CLAIMS, ""),
    };
    let given = own.optional(&CLAIMS, |text| claims(text, usual_claims));
    let given = given.await?.or_else(|| claims("{}", usual_claims));
    let claims = given.ok_or_else(|| {
        let because = format!("{} is", own.setting(&AUTHORIZE_URL));
        own.refused(&CLAIMS, format!("not set, but {because}"))
    })?;
    let client_id = own.required(&CLIENT_ID, &listed, client_id).await?;
    let scopes = own
        .optional(&SCOPES, |text| scopes(text, usual_scopes))
        .await?;
    let label = own.optional(&LABEL, parse::name).await?;
    let hosts = own.optional(&HOSTS, hosts).await?;
    let authentication = own
        .optional(&CLIENT_AUTHENTICATION, ClientAuthentication::parse)
        .await?
        .unwrap_or(STANDARD_DIALECT.authentication);
    let form_post = own.optional(&RESPONSE_MODE, |text| match text {
        "query" => Some(false),
        "form_post" => Some(true),
        _ => None,
    });
    let form_post = form_post.await?.unwrap_or(STANDARD_DIALECT.form_post);
    let credential = if authentication == ClientAuthentication::PrivateKeyJwt {
        let because = format!("{} is private_key_jwt", own.setting(&CLIENT_AUTHENTICATION));
        let key = own.required(&PRIVATE_KEY, &because, |text| signing_key(text, None).ok());
        Credential::Key(Arc::new(key.await?))
    } else {
        Credential::Secret(own.required(&CLIENT_SECRET, &listed, client_secret).await?)
    };
    Ok(Registration {
        provider: Provider {
            id: name.to_owned(),
            label: label.unwrap_or_else(|| name.to_owned()),
            issuer,
            named,
            protocol,
            scopes: scopes.unwrap_or_else(|| usual_scopes.to_owned()),
            claims,
            dialect: Dialect {
                authentication,
                form_post,
                ..STANDARD_DIALECT
            },
        },
        client_id,
        credential,
        hosts: hosts.unwrap_or_default(),
    })
}

/// Parses further hosts, each with an optional port.
fn hosts(text: &str) -> Option<Vec<String>> {
    let hosts: Vec<_> = text
        .to_ascii_lowercase()
        .split(',')
        .map(|host| host.trim().to_owned())
        .collect();
    let fits = hosts.len() <= 8 && hosts.iter().all(|host| parse::is_authority(host));
    fits.then_some(hosts)
}

/// The places of a user's data as a setting has them.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct GivenClaims {
    subject: Option<String>,
    email: Option<String>,
    email_verified: Option<String>,
    name: Option<String>,
    username: Option<String>,
    picture: Option<String>,
    locale: Option<String>,
}

/// Parses places in JSON, with the usual ones for those that are not given.
fn claims(text: &str, usual: &Claims<&str>) -> Option<Claims<String>> {
    let given: GivenClaims = json::from_str(text).ok()?;
    let or = |given: &Option<String>, usual: &str| {
        let place = given.clone().unwrap_or_else(|| usual.to_owned());
        (given.is_none() || is_pointer(&place)).then_some(place)
    };
    let email_verified = match (&given.email_verified, usual.email_verified) {
        (Some(place), _) => Verification::Claim(or(&Some(place.clone()), "")?),
        // The usual claim is about the usual address, and says nothing about another.
        (None, Verification::Claim(place)) if given.email.is_none() => {
            Verification::Claim(place.to_owned())
        }
        (None, _) => Verification::Never,
    };
    let claims = Claims {
        subject: or(&given.subject, usual.subject)?,
        group: usual.group.to_owned(),
        email: or(&given.email, usual.email)?,
        email_verified,
        name: or(&given.name, usual.name)?,
        username: or(&given.username, usual.username)?,
        picture: or(&given.picture, usual.picture)?,
        locale: or(&given.locale, usual.locale)?,
    };
    Some(claims).filter(|claims| !claims.subject.is_empty())
}

/// Whether the text is a JSON pointer to a part of a document (RFC 6901).
fn is_pointer(text: &str) -> bool {
    let escaped = |rest: &str| rest.starts_with(['0', '1']);
    text.starts_with('/') && text.split('~').skip(1).all(escaped)
}
