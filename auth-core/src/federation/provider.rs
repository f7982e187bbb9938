//! The record of a provider: everything that differs between one and another, as data.

use crate::outbound::OutboundMethod;

/// A provider of identities. The text of a preset is borrowed, that of a configured provider is owned.
#[derive(Clone, Copy)]
pub(crate) struct Provider<T = String> {
    /// The name in paths and settings.
    pub id: T,
    /// The name on buttons.
    pub label: T,
    /// The first half of an identity, whose second is the subject. With OpenID Connect it is the `iss` of ID tokens.
    /// `{tenantid}` stands for the tenant that the token names in `tid`.
    pub issuer: T,
    /// The issuer that responses name (RFC 9207).
    pub named: NamedIssuer<T>,
    /// The protocol, with its endpoints.
    pub protocol: Protocol<T>,
    /// The requested scopes, separated by blanks. Empty: the parameter is left out.
    pub scopes: T,
    /// The places of a person's data.
    pub claims: Claims<T>,
    /// The differences in the requests, which settings do not change.
    pub dialect: Dialect,
}

/// A row of the table of presets.
pub(crate) type Preset = Provider<&'static str>;

/// A protocol, with the endpoints that it needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol<T> {
    /// OpenID Connect. The endpoints are in the issuer's discovery document.
    Discovery,
    /// OpenID Connect with known endpoints.
    OpenId {
        /// The authorization endpoint.
        authorize: T,
        /// The token endpoint.
        token: T,
        /// The key set of ID tokens.
        keys: T,
        /// The userinfo endpoint, if ID tokens lack claims.
        userinfo: Option<T>,
    },
    /// OAuth 2.0, with the identity from an endpoint that takes the access token.
    OAuth {
        /// The authorization endpoint.
        authorize: T,
        /// The token endpoint.
        token: T,
        /// The endpoint that describes the person.
        userinfo: T,
    },
}

/// The issuer that the responses of a provider name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NamedIssuer<T> {
    /// That of the identities, as with OpenID Connect.
    Own,
    /// Another one.
    Other(T),
    /// It is not known, so none is refused.
    Unknown,
}

/// The places of a person's data in the claims of an ID token or in the answer of a userinfo endpoint: JSON pointers
/// (RFC 6901). An empty pointer finds the whole document, which is never text, so it means that the provider has no such
/// value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Claims<T> {
    /// The identifier of the account, text or a whole number. It never changes and is never given to another person.
    pub subject: T,
    /// The identifier of the group in which alone the subject is unique. If there is a place, both are the identifier.
    pub group: T,
    /// The e-mail address.
    pub email: T,
    /// The proof that the address is the person's own.
    pub email_verified: Verification<T>,
    /// The name to show.
    pub name: T,
    /// The user name.
    pub username: T,
    /// The URL of a picture.
    pub picture: T,
    /// The language.
    pub locale: T,
}

/// The proof that an e-mail address belongs to the person.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Verification<T> {
    /// There is none: every address counts as not verified.
    Never,
    /// A claim: true, `"true"` or 1.
    Claim(T),
    /// The provider has no other addresses.
    Always,
}

/// The claims of OpenID Connect (Core 1.0 section 5.1).
pub(crate) const STANDARD_CLAIMS: Claims<&str> = Claims {
    subject: "/sub",
    group: "",
    email: "/email",
    email_verified: Verification::Claim("/email_verified"),
    name: "/name",
    username: "/preferred_username",
    picture: "/picture",
    locale: "/locale",
};

/// No claims.
pub(crate) const NO_CLAIMS: Claims<&str> = Claims {
    subject: "",
    group: "",
    email: "",
    email_verified: Verification::Never,
    name: "",
    username: "",
    picture: "",
    locale: "",
};

/// A parameter of a request, or a header: its name and its value.
pub(crate) type Pair = (&'static str, &'static str);

/// The differences in the requests to a provider.
#[derive(Clone, Copy)]
pub(crate) struct Dialect {
    /// The character between two scopes.
    pub scope_separator: char,
    /// The authentication of this service at the token endpoint.
    pub authentication: ClientAuthentication,
    /// Whether the flow uses PKCE (RFC 7636), which a few providers refuse or do not know.
    pub pkce: bool,
    /// Additional parameters of authorization requests.
    pub parameters: &'static [Pair],
    /// Further parameters of authorization requests, by which the provider issues a refresh token.
    pub offline: &'static [Pair],
    /// Whether every response names its issuer (RFC 9207), as the provider's metadata promise.
    pub names_issuer: bool,
    /// Whether the callback is a POST from the provider's page (`response_mode=form_post`).
    pub form_post: bool,
    /// The name of the parameter `client_id`.
    pub client_id: &'static str,
    /// Whether the body of token requests is JSON. Otherwise it is a form.
    pub json_body: bool,
    /// The method of requests to the userinfo endpoint.
    pub userinfo_method: OutboundMethod,
    /// Headers of every request besides those that all providers get.
    pub headers: &'static [Pair],
    /// Whether the provider's word that an address is verified is enough to link an account under
    /// `LINK_BY_VERIFIED_EMAIL` `trusted`.
    pub trusted: bool,
    /// Whether a provider of OpenID Connect signs a person in again on request, and says when (`auth_time`).
    pub reauthenticates: bool,
    /// The difference that needs code.
    pub quirk: Option<Quirk>,
}

/// The dialect of a provider that follows the standards. PKCE is used.
pub(crate) const STANDARD_DIALECT: Dialect = Dialect {
    scope_separator: ' ',
    authentication: ClientAuthentication::Advertised,
    pkce: true,
    parameters: &[],
    offline: &[],
    names_issuer: false,
    form_post: false,
    client_id: "client_id",
    json_body: false,
    userinfo_method: OutboundMethod::Get,
    headers: &[],
    trusted: false,
    reauthenticates: true,
    quirk: None,
};

/// A way in which this service authenticates at a token endpoint (OpenID Connect Core 1.0 section 9).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ClientAuthentication {
    /// The secret in the header, unless the metadata name only the body.
    Advertised,
    /// The secret in the header `Authorization`.
    Basic,
    /// The secret in the body.
    Post,
    /// A JWT that this service signs (RFC 7523).
    PrivateKeyJwt,
    /// The same in Apple's form, as the value of `client_secret`.
    AppleSecret,
}

impl ClientAuthentication {
    /// Parses the name of a method that a setting can choose.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        match text {
            "client_secret_basic" => Some(Self::Basic),
            "client_secret_post" => Some(Self::Post),
            "private_key_jwt" => Some(Self::PrivateKeyJwt),
            _ => None,
        }
    }
}

/// A difference that needs code.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Quirk {
    /// Google: `iss` can lack its scheme.
    SchemelessIssuer,
    /// Microsoft: addresses are verified by claims of its own.
    Microsoft {
        /// Whether personal accounts can sign in.
        personal: bool,
    },
    /// GitHub: addresses have an endpoint of their own.
    GithubAddresses,
    /// Facebook: an access token is not bound to an app, and another endpoint names the app.
    FacebookApp {
        /// The endpoint.
        check: &'static str,
    },
}

/// The part of Microsoft's issuer that stands for a tenant, as its discovery documents have it.
pub(crate) const TENANT_ID: &str = "{tenantid}";
/// The maximum length of a subject in bytes (OpenID Connect Core 1.0 section 2).
pub const SUBJECT_MAX: usize = 255;
/// The tenant of Microsoft's personal accounts.
pub const PERSONAL_TENANT: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

impl<T: AsRef<str>> Provider<T> {
    /// Returns the addresses that the service itself calls. With discovery, the issuer stands for them.
    pub(crate) fn called_urls(&self) -> impl Iterator<Item = &str> {
        let urls = match &self.protocol {
            Protocol::Discovery => [Some(&self.issuer), None, None],
            Protocol::OpenId {
                token,
                keys,
                userinfo,
                ..
            } => [Some(token), Some(keys), userinfo.as_ref()],
            Protocol::OAuth {
                token, userinfo, ..
            } => [Some(token), Some(userinfo), None],
        };
        let further = match self.dialect.quirk {
            Some(Quirk::FacebookApp { check }) => Some(check),
            _ => None,
        };
        urls.into_iter().flatten().map(AsRef::as_ref).chain(further)
    }

    /// Returns the provider with each text converted.
    pub(crate) fn map<U>(&self, convert: impl Fn(&str) -> U) -> Provider<U> {
        let text = |text: &T| convert(text.as_ref());
        let claims = &self.claims;
        Provider {
            id: text(&self.id),
            label: text(&self.label),
            issuer: text(&self.issuer),
            named: match &self.named {
                NamedIssuer::Own => NamedIssuer::Own,
                NamedIssuer::Other(named) => NamedIssuer::Other(text(named)),
                NamedIssuer::Unknown => NamedIssuer::Unknown,
            },
            protocol: match &self.protocol {
                Protocol::Discovery => Protocol::Discovery,
                Protocol::OpenId {
                    authorize,
                    token,
                    keys,
                    userinfo,
                } => Protocol::OpenId {
                    authorize: text(authorize),
                    token: text(token),
                    keys: text(keys),
                    userinfo: userinfo.as_ref().map(text),
                },
                Protocol::OAuth {
                    authorize,
                    token,
                    userinfo,
                } => Protocol::OAuth {
                    authorize: text(authorize),
                    token: text(token),
                    userinfo: text(userinfo),
                },
            },
            scopes: text(&self.scopes),
            claims: Claims {
                subject: text(&claims.subject),
                group: text(&claims.group),
                email: text(&claims.email),
                email_verified: match &claims.email_verified {
                    Verification::Never => Verification::Never,
                    Verification::Claim(claim) => Verification::Claim(text(claim)),
                    Verification::Always => Verification::Always,
                },
                name: text(&claims.name),
                username: text(&claims.username),
                picture: text(&claims.picture),
                locale: text(&claims.locale),
            },
            dialect: self.dialect,
        }
    }

    /// Whether the provider can confirm that a person has signed in again. Plain OAuth 2.0 has no way to say so.
    pub(crate) fn reauthenticates(&self) -> bool {
        self.dialect.reauthenticates && !matches!(self.protocol, Protocol::OAuth { .. })
    }

    /// Returns the issuer that a response has to name if it names one.
    pub(crate) fn named_issuer(&self) -> Option<&str> {
        match &self.named {
            NamedIssuer::Own => Some(self.issuer.as_ref()),
            NamedIssuer::Other(named) => Some(named.as_ref()),
            NamedIssuer::Unknown => None,
        }
    }

    /// Returns the names that the issuer gives to itself in ID tokens.
    pub(crate) fn issuers(&self) -> Vec<&str> {
        let issuer = self.issuer.as_ref();
        let schemeless = issuer
            .strip_prefix("https://")
            .filter(|_| self.dialect.quirk == Some(Quirk::SchemelessIssuer));
        [Some(issuer), schemeless].into_iter().flatten().collect()
    }

    /// Returns the issuer of the identity in a validated ID token, which has one name. Returns `None` if accounts of its
    /// tenant can't sign in.
    pub(crate) fn issuer_in(&self, tenant: Option<&str>) -> Option<String> {
        let work_only = self.dialect.quirk == Some(Quirk::Microsoft { personal: false });
        let tenant = tenant.unwrap_or_default();
        (!work_only || tenant != PERSONAL_TENANT)
            .then(|| self.issuer.as_ref().replace(TENANT_ID, tenant))
    }
}

/// Whether the text is the identifier of a tenant: a GUID in lower case.
pub(crate) fn is_tenant(text: &str) -> bool {
    uuid::Uuid::try_parse(text).is_ok_and(|id| id.hyphenated().to_string() == text)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::federation::issuer::is_issuer;
    use crate::federation::presets::preset;

    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";

    fn microsoft(tenant: &str, personal: bool) -> Provider {
        let mut provider = preset("microsoft").map(|text| text.replace(TENANT_ID, tenant));
        provider.dialect.quirk = Some(Quirk::Microsoft { personal });
        provider
    }

    /// The issuer of the identity that an ID token with these claims has.
    fn issuer_of<T: AsRef<str>>(provider: &Provider<T>, claims: &Value) -> Option<String> {
        let claim = |name| claims.get(name).and_then(Value::as_str);
        let (named, tenant) = (claim("iss")?, claim("tid"));
        let mut issuers = provider.issuers().into_iter();
        issuers
            .any(|issuer| is_issuer(named, issuer, tenant))
            .then(|| provider.issuer_in(tenant))
            .flatten()
    }

    fn of_tenant(issuer: &str, tid: &str) -> Value {
        json!({"iss": format!("https://login.microsoftonline.com/{issuer}/v2.0"), "tid": tid})
    }

    #[test]
    fn an_issuer_is_compared_exactly() {
        let github_like = preset("gitlab");
        for (given, accepted) in [
            ("https://gitlab.com", true),
            ("https://gitlab.com/", false),
            ("gitlab.com", false),
            ("https://gitlab.com.example.org", false),
            ("http://gitlab.com", false),
        ] {
            let issuer = issuer_of(&github_like, &json!({"iss": given}));
            assert_eq!(issuer.is_some(), accepted, "{given}");
        }
        assert_eq!(issuer_of(&github_like, &json!({})), None);
        assert_eq!(
            issuer_of(&github_like, &json!({"iss": ["https://gitlab.com"]})),
            None
        );
    }

    /// Google's tokens have both forms. The identity has one.
    #[test]
    fn google_can_leave_out_the_scheme() {
        for given in ["https://accounts.google.com", "accounts.google.com"] {
            let issuer = issuer_of(&preset("google"), &json!({"iss": given}));
            assert_eq!(issuer.as_deref(), Some("https://accounts.google.com"));
        }
        for given in ["http://accounts.google.com", "//accounts.google.com", ""] {
            assert_eq!(issuer_of(&preset("google"), &json!({"iss": given})), None);
        }
    }

    #[test]
    fn a_token_of_microsoft_is_from_the_tenant_that_it_names() {
        let any = microsoft(TENANT_ID, true);
        let issuer = issuer_of(&any, &of_tenant(TENANT, TENANT));
        assert_eq!(
            issuer.as_deref(),
            Some("https://login.microsoftonline.com/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0")
        );
        assert!(issuer_of(&any, &of_tenant(PERSONAL_TENANT, PERSONAL_TENANT)).is_some());
        for (issuer, tid) in [
            (TENANT, PERSONAL_TENANT),
            (TENANT_ID, TENANT_ID),
            (TENANT_ID, TENANT),
            ("", ""),
            ("x/../y", "x/../y"),
            ("common", "common"),
        ] {
            assert_eq!(
                issuer_of(&any, &of_tenant(issuer, tid)),
                None,
                "{issuer} {tid}"
            );
        }
        let mut without = of_tenant(TENANT_ID, "");
        without.as_object_mut().unwrap().remove("tid");
        assert_eq!(issuer_of(&any, &without), None);
    }

    #[test]
    fn tenants_of_microsoft_can_be_limited() {
        let work = microsoft(TENANT_ID, false);
        assert!(issuer_of(&work, &of_tenant(TENANT, TENANT)).is_some());
        let personal = of_tenant(PERSONAL_TENANT, PERSONAL_TENANT);
        assert_eq!(issuer_of(&work, &personal), None);
        let one = microsoft(TENANT, true);
        assert!(issuer_of(&one, &of_tenant(TENANT, TENANT)).is_some());
        assert_eq!(issuer_of(&one, &personal), None);
    }
}
