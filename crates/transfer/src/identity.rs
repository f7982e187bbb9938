//! Identities at sign-in providers: the names and identifiers of other systems become issuers and subjects.

use std::collections::BTreeMap;

use auth_core::config::parse;
use auth_core::{ImportIdentity, ImportUser, PERSONAL_TENANT, SUBJECT_MAX, preset_issuers};

use crate::error::ReadError;
use crate::fields::uuid;

/// The name of Microsoft's preset.
pub(crate) const MICROSOFT: &str = "microsoft";
/// The name of Slack's preset.
const SLACK: &str = "slack";
/// The claim with the team of an account at Slack.
pub(crate) const SLACK_TEAM: &str = "https://slack.com/team_id";
/// The name of X's preset.
const X: &str = "x";
/// The beginning of the object ID of a personal account at Microsoft; 16 hex digits follow.
const PERSONAL_OBJECT: &str = "00000000-0000-0000-";
/// The maximum length of a provider's name.
const NAME_MAX: usize = 32;
/// The maximum length of a label in characters.
const LABEL_MAX: usize = 100;

/// Other names of presets: of Auth0, then of Firebase, then of Supabase, Clerk and better-auth.
const ALIASES: [(&str, &str); 15] = [
    ("google-oauth2", "google"),
    ("windowslive", MICROSOFT),
    ("waad", MICROSOFT),
    ("sign-in-with-slack", SLACK),
    ("google.com", "google"),
    ("facebook.com", "facebook"),
    ("twitter.com", X),
    ("github.com", "github"),
    ("apple.com", "apple"),
    ("microsoft.com", MICROSOFT),
    ("azure", MICROSOFT),
    ("microsoft-entra-id", MICROSOFT),
    ("twitter", X),
    ("linkedin_oidc", "linkedin"),
    ("slack_oidc", SLACK),
];

/// An identity, as another system stores it.
#[derive(Default)]
pub(crate) struct Foreign {
    /// Names of the provider there. The first one is the one that people know.
    pub(crate) names: Vec<String>,
    /// The preset of the provider, if it is one.
    pub(crate) preset: Option<&'static str>,
    /// Identifier of the person there.
    pub(crate) id: String,
    /// Issuer, if the system stores it.
    pub(crate) issuer: Option<String>,
    /// Object ID of an account at Microsoft, if the system stores it beside the identifier.
    pub(crate) object: Option<String>,
    /// Team of an account at Slack, if the system stores it beside the identifier.
    pub(crate) team: Option<String>,
    pub(crate) email: Option<String>,
    pub(crate) label: Option<String>,
}

impl Foreign {
    /// Creates an identity by the name of its provider.
    pub(crate) fn new(name: String, id: String) -> Self {
        Self {
            preset: preset(&name),
            names: vec![name],
            id,
            ..Self::default()
        }
    }
}

/// Identities, or the reasons why they are left out.
pub(crate) type Found = Vec<Result<Foreign, String>>;

/// Returns the preset with this name, which can be the one of another system.
pub(crate) fn preset(name: &str) -> Option<&'static str> {
    let alias = ALIASES.iter().find(|(alias, _)| *alias == name);
    let name = alias.map_or(name, |(_, preset)| preset);
    let mut presets = preset_issuers().map(|(preset, _)| preset);
    presets.find(|preset| *preset == name)
}

/// The issuers of providers, by the names that another system gives the providers.
#[derive(Clone, Default)]
pub(crate) struct Providers(BTreeMap<String, String>);

impl Providers {
    pub(crate) fn new(issuers: BTreeMap<String, String>) -> Result<Self, ReadError> {
        if !issuers.values().all(|text| parse::issuer(text).is_some()) {
            return Err(ReadError::Option(
                "the issuer of a provider has to be a URL with https, without a query",
            ));
        }
        Ok(Self(issuers))
    }

    /// Gives a user their identities. Returns the reasons why some are left out.
    pub(crate) fn give(&self, user: &mut ImportUser, found: Found) -> Vec<String> {
        let (mut identities, mut left_out) = (Vec::<ImportIdentity>::new(), Vec::new());
        for foreign in found {
            match foreign.and_then(|foreign| self.identity(foreign)) {
                Ok(identity) => {
                    let same = |known: &ImportIdentity| {
                        (&known.issuer, &known.subject) == (&identity.issuer, &identity.subject)
                    };
                    if !identities.iter().any(same) {
                        identities.push(identity);
                    }
                }
                Err(reason) => left_out.push(reason),
            }
        }
        user.identities = Some(identities).filter(|identities| !identities.is_empty());
        left_out
    }

    fn identity(&self, foreign: Foreign) -> Result<ImportIdentity, String> {
        let name = foreign.names.first().map_or("", String::as_str);
        let named = foreign.names.iter().find_map(|name| self.0.get(name));
        let tenant = named.or(foreign.issuer.as_ref());
        let tenant = tenant.and_then(|issuer| tenant_of(issuer));
        let at_microsoft = match named {
            Some(_) => tenant.is_some(),
            None => foreign.preset == Some(MICROSOFT),
        };
        let at_slack = match named {
            Some(issuer) => issuer == issuer_of(SLACK),
            None => foreign.preset == Some(SLACK),
        };
        let (provider, issuer, subject) = match (named, foreign.preset) {
            _ if at_microsoft => {
                let object = foreign.object.as_deref().unwrap_or(&foreign.id);
                let (tenant, object) = object_of(object, tenant).ok_or_else(|| {
                    format!(
                        "{name}: Microsoft's accounts are known here by tenant and object ID, which the file does not have"
                    )
                })?;
                (MICROSOFT, issuer_in(&tenant), object)
            }
            _ if at_slack => {
                let subject = member_of(&foreign.id, foreign.team.as_deref()).ok_or_else(|| {
                    format!(
                        "{name}: Slack's accounts are known here by team and user ID, and the file does not have both"
                    )
                })?;
                (SLACK, issuer_of(SLACK).to_owned(), subject)
            }
            (Some(issuer), _) => (name, issuer.clone(), foreign.id),
            // A server of the operator, whose users are others than those of the public one.
            (None, Some(preset)) if !is_issuer_of(preset, foreign.issuer.as_deref()) => {
                (name, foreign.issuer.unwrap_or_default(), foreign.id)
            }
            (None, Some(preset)) => {
                if !is_subject(preset, &foreign.id) {
                    return Err(format!(
                        "{name}: the provider knows the account by another identifier than {}",
                        foreign.id
                    ));
                }
                (preset, issuer_of(preset).to_owned(), foreign.id)
            }
            (None, None) => match foreign.issuer {
                Some(issuer) => (name, issuer, foreign.id),
                None => {
                    return Err(format!(
                        "{name}: the issuer of this provider is not known; give it with --provider {name}=ISSUER"
                    ));
                }
            },
        };
        if subject.is_empty() || subject.len() > SUBJECT_MAX || subject.contains(char::is_control) {
            return Err(format!("{name}: the identifier is no subject"));
        }
        let text = |text: Option<String>| {
            let text = text.map(|text| text.trim().to_owned());
            text.filter(|text| !text.is_empty() && !text.contains(char::is_control))
        };
        Ok(ImportIdentity {
            provider: setting_name(provider),
            issuer,
            subject,
            email: text(foreign.email),
            label: text(foreign.label).filter(|label| label.chars().count() <= LABEL_MAX),
            ..ImportIdentity::default()
        })
    }
}

/// Returns a name that a provider can have in the settings: the letters and digits of its name elsewhere.
fn setting_name(name: &str) -> String {
    let name = name.to_ascii_lowercase();
    let name = name.trim_start_matches(|c: char| !c.is_ascii_lowercase());
    let plain = name.chars().filter(char::is_ascii_alphanumeric);
    let plain: String = plain.take(NAME_MAX).collect();
    if plain.is_empty() {
        return "provider".to_owned();
    }
    plain
}

fn issuer_of(preset: &str) -> &'static str {
    let mut issuers = preset_issuers().filter(|(id, _)| *id == preset);
    issuers.next().map_or("", |(_, issuer)| issuer)
}

/// Returns whether an issuer is that of a preset, or not known. ID tokens of Google can name it without a scheme.
fn is_issuer_of(preset: &str, issuer: Option<&str>) -> bool {
    let expected = issuer_of(preset);
    let short = expected
        .strip_prefix("https://")
        .filter(|_| preset == "google");
    issuer.is_none_or(|issuer| issuer == expected || Some(issuer) == short)
}

/// Returns Microsoft's issuer in a tenant.
fn issuer_in(tenant: &str) -> String {
    issuer_of(MICROSOFT).replace("{tenantid}", tenant)
}

/// Returns the tenant of one of Microsoft's issuers.
fn tenant_of(issuer: &str) -> Option<String> {
    let (before, after) = issuer_of(MICROSOFT).split_once("{tenantid}")?;
    uuid(issuer.strip_prefix(before)?.strip_suffix(after)?)
}

/// Returns tenant and object of an account at Microsoft. A personal account has no tenant of its own, and its ID in
/// Microsoft Graph is the end of its object ID.
fn object_of(id: &str, tenant: Option<String>) -> Option<(String, String)> {
    let is_short = id.len() <= 16 && !id.is_empty() && id.bytes().all(|c| c.is_ascii_hexdigit());
    let object = if is_short {
        let digits = format!("{id:0>16}").to_ascii_lowercase();
        format!("{PERSONAL_OBJECT}{}-{}", &digits[..4], &digits[4..])
    } else {
        uuid(id)?
    };
    let tenant = if object.starts_with(PERSONAL_OBJECT) {
        PERSONAL_TENANT.to_owned()
    } else {
        tenant?
    };
    Some((tenant, object))
}

/// Returns the subject of an account at Slack: the identifier of its team, and that of the user in it, which another team
/// can have, too. Some systems store both as one text already.
fn member_of(id: &str, team: Option<&str>) -> Option<String> {
    let (team, user) = match team {
        Some(team) => (team, id),
        None => id.split_once('-')?,
    };
    let is = |text: &str, first| {
        text.starts_with(first) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
    };
    (is(team, ['T', 'E']) && is(user, ['U', 'W'])).then(|| format!("{team}-{user}"))
}

/// Returns whether the provider of a preset can know an account by this identifier. Some systems store an address, a
/// user name or an older identifier in its place.
fn is_subject(preset: &str, id: &str) -> bool {
    match preset {
        "google" | "github" | "gitlab" | "discord" | "facebook" | "twitch" | X => {
            !id.is_empty() && id.bytes().all(|c| c.is_ascii_digit())
        }
        "dropbox" => id.starts_with("dbid:"),
        _ => !id.contains('@'),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
    const OBJECT: &str = "6f1c1d7e-2b5a-4c3d-9e8f-0a1b2c3d4e5f";

    #[test]
    fn every_alias_is_one_of_a_preset() {
        for (alias, name) in ALIASES {
            assert_eq!(preset(alias), Some(name), "{alias}");
            assert_eq!(preset(name), Some(name), "{name}");
        }
        assert_eq!(preset("cognito"), None);
    }

    #[test]
    fn an_account_at_microsoft_is_an_object_in_a_tenant() {
        let in_tenant = |id: &str, tenant: Option<&str>| object_of(id, tenant.map(str::to_owned));
        let personal = Some((
            PERSONAL_TENANT.to_owned(),
            "00000000-0000-0000-4cf0-a30169d55031".to_owned(),
        ));
        for id in [
            "4cf0a30169d55031",
            "4CF0A30169D55031",
            "00000000-0000-0000-4cf0-a30169d55031",
        ] {
            assert_eq!(in_tenant(id, None), personal, "{id}");
            assert_eq!(in_tenant(id, Some(TENANT)), personal, "{id}");
        }
        let padded = in_tenant("a30169d55031", None).unwrap();
        assert_eq!(padded.1, "00000000-0000-0000-0000-a30169d55031");
        let found = in_tenant(OBJECT, Some(TENANT));
        assert_eq!(found, Some((TENANT.to_owned(), OBJECT.to_owned())));
        assert_eq!(in_tenant(OBJECT, None), None);
        // A `sub`, which differs from app to app.
        let sub = "AAAAAAAAAAAAAAAAAAAAAIkzqFVrSaSaFHy782bbtaQ";
        for id in [sub, "", "ada@example.com"] {
            assert_eq!(in_tenant(id, Some(TENANT)), None, "{id}");
        }
        assert_eq!(tenant_of(&issuer_in(TENANT)), Some(TENANT.to_owned()));
        for issuer in [
            "https://login.microsoftonline.com/common/v2.0",
            "https://login.microsoftonline.com.example/72f988bf-86f1-41af-91ab-2d7cd011db47/v2.0",
            "https://sts.windows.net/72f988bf-86f1-41af-91ab-2d7cd011db47/",
        ] {
            assert_eq!(tenant_of(issuer), None, "{issuer}");
        }
    }

    #[test]
    fn an_account_at_slack_is_a_user_in_a_team() {
        let both = Some("T048F0ANS1M-U066Q9JAU3B".to_owned());
        assert_eq!(member_of("U066Q9JAU3B", Some("T048F0ANS1M")), both);
        assert_eq!(member_of("T048F0ANS1M-U066Q9JAU3B", None), both);
        for (id, team) in [
            ("U066Q9JAU3B", None),
            ("U066Q9JAU3B", Some("")),
            ("U066Q9JAU3B", Some("T1-U2")),
            ("ada@example.com", Some("T048F0ANS1M")),
            ("T048F0ANS1M-", None),
            ("-U066Q9JAU3B", None),
            ("T1-U2-U3", None),
            ("", Some("T048F0ANS1M")),
        ] {
            assert_eq!(member_of(id, team), None, "{id} {team:?}");
        }
    }

    /// An address or a user name can be given to another person, who must not get the account.
    #[test]
    fn an_address_or_a_name_is_no_subject() {
        for (preset, id) in [
            ("google", "117"),
            ("github", "583231"),
            ("dropbox", "dbid:AAH4f99T0taONIb-OurWxbNQ6ywGRopQngc"),
            ("apple", "001234.0123456789abcdef.0123"),
            ("spotify", "wizzler"),
        ] {
            assert!(is_subject(preset, id), "{preset}");
            assert!(!is_subject(preset, "ada@example.com"), "{preset}");
        }
        for (preset, id) in [
            ("google", ""),
            ("google", "people/117"),
            ("github", "octocat"),
            ("dropbox", "1234"),
        ] {
            assert!(!is_subject(preset, id), "{preset} {id}");
        }
    }

    #[test]
    fn a_provider_gets_a_name_of_the_settings() {
        for (name, expected) in [
            ("cognito", "cognito"),
            ("Acme-Corp", "acmecorp"),
            ("sso:6f1c", "sso6f1c"),
            ("oidc.acme", "oidcacme"),
            ("4all", "all"),
            ("42", "provider"),
        ] {
            assert_eq!(setting_name(name), expected);
        }
    }

    #[test]
    fn issuers_are_urls() {
        let of = |issuer: &str| {
            let named = ("work".to_owned(), issuer.to_owned());
            Providers::new(BTreeMap::from([named])).is_ok()
        };
        assert!(of("https://login.example.com/realms/a/") && of("http://localhost:9000"));
        for issuer in [
            "",
            "login.example.com",
            "http://login.example.com",
            "http://localhost.example.com",
            "https://login.example.com/?a",
            "https://login.microsoftonline.com/{tenantid}/v2.0",
            "https://login example.com",
        ] {
            assert!(!of(issuer), "{issuer}");
        }
    }
}
