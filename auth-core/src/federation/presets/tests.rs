//! The rules that the table of presets follows.

use std::collections::BTreeSet;

use super::row::Row;
use super::*;
use crate::config::parse;
use crate::federation::provider::Pair;
use crate::federation::start::AGAIN;

fn ids(holds: impl Fn(&Preset) -> bool) -> Vec<&'static str> {
    let presets = PRESETS.iter().map(|row| row.preset);
    presets
        .filter(|preset| holds(preset))
        .map(|preset| preset.id)
        .collect()
}

/// Whether the icon is one small path without a colour, script or link of its own.
fn is_plain(icon: &str) -> bool {
    let path = icon
        .strip_prefix(r#"<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24"><path d=""#)
        .and_then(|rest| rest.trim_end().strip_suffix(r#""/></svg>"#));
    let drawn = |c: char| c.is_ascii_alphanumeric() || " .,-".contains(c);
    icon.len() < 1500 && path.is_some_and(|path| path.chars().all(drawn))
}

#[test]
fn every_preset_is_whole() {
    let names: BTreeSet<_> = SETTINGS.iter().map(|setting| setting.name).collect();
    assert_eq!(names.len(), SETTINGS.len());
    let issuers: BTreeSet<_> = PRESETS.iter().map(|row| row.preset.issuer).collect();
    assert_eq!(issuers.len(), PRESETS.len());
    for Row {
        preset,
        icon,
        settings,
        server,
    } in PRESETS
    {
        assert!(is_plain(icon), "{}", preset.id);
        let urls = match preset.protocol {
            Protocol::Discovery => panic!("{}", preset.id),
            Protocol::OpenId {
                authorize,
                token,
                keys,
                userinfo,
            } => [Some(authorize), Some(token), Some(keys), userinfo],
            Protocol::OAuth {
                authorize,
                token,
                userinfo,
            } => [Some(authorize), Some(token), Some(userinfo), None],
        };
        for url in urls.into_iter().flatten().chain([preset.issuer]) {
            let url = url.replace(['{', '}'], "");
            assert!(
                url.starts_with("https://") && parse::endpoint(&url).is_some(),
                "{url}"
            );
        }
        assert!(preset.claims.subject.starts_with('/'), "{}", preset.id);
        let names = settings
            .iter()
            .map(|setting| (setting.name, setting.secret));
        assert!(
            names
                .clone()
                .all(|(name, secret)| secret == name.ends_with("_SECRET"))
        );
        assert_eq!(
            names.clone().any(|(_, secret)| secret),
            preset.id != "apple"
        );
        let server = server.as_ref().map(|server| server.setting);
        if let Some(setting) = server {
            assert_eq!(setting.name, format!("{}_URL", preset.id.to_uppercase()));
            let usual = setting.default.unwrap();
            assert!(preset.issuer.starts_with(usual), "{usual}");
        }
        let prefix = format!("{}_", preset.id.to_ascii_uppercase());
        assert!(names.clone().all(|(name, _)| name.starts_with(&prefix)));
    }
}

/// An ID token is bound to the request by its nonce. Without one, and without PKCE, the state alone is.
#[test]
fn every_request_is_bound_to_its_answer_where_the_provider_allows_it() {
    let openid = |preset: &Preset| matches!(preset.protocol, Protocol::OpenId { .. });
    let weak = ids(|preset| !preset.dialect.pkce && !openid(preset));
    assert_eq!(weak, ["linkedin", "reddit", "notion", "tiktok"]);
    let with_token = ids(|preset| openid(preset) && preset.id != "apple");
    let scoped =
        ids(|preset| openid(preset) && preset.scopes.split(' ').any(|scope| scope == "openid"));
    assert_eq!(with_token, scoped);
}

/// Each provider here verifies an address before it says so, and lets nobody set the address of another.
#[test]
fn few_providers_are_trusted_with_addresses() {
    let trusted = ids(|preset| preset.dialect.trusted);
    assert_eq!(
        trusted,
        [
            "google",
            "github",
            "microsoft",
            "apple",
            "gitlab",
            "discord",
            "linkedin",
            "twitch",
            "x",
            "dropbox"
        ]
    );
    let unverified = ids(|preset| preset.claims.email_verified == Verification::Never);
    assert_eq!(
        unverified,
        [
            "github",
            "microsoft",
            "facebook",
            "spotify",
            "reddit",
            "atlassian",
            "notion",
            "tiktok"
        ]
    );
}

/// Google asks nobody to sign in again, and Twitch knows no `auth_time`.
#[test]
fn few_providers_confirm_that_a_person_has_signed_in_again() {
    assert_eq!(
        ids(Preset::reauthenticates),
        ["microsoft", "apple", "gitlab", "slack"]
    );
}

/// A parameter stands in a request once (RFC 6749 section 3.1).
#[test]
fn no_request_has_a_parameter_twice() {
    for row in PRESETS {
        let dialect = row.preset.dialect;
        let again: &[Pair] = if row.preset.reauthenticates() {
            &AGAIN
        } else {
            &[]
        };
        let all = [again, dialect.offline, dialect.parameters].concat();
        let names: BTreeSet<_> = all.iter().map(|(name, _)| name).collect();
        assert_eq!(names.len(), all.len(), "{}", row.preset.id);
    }
}
