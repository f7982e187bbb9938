//! The table of presets: providers whose endpoints and claims are known, so that a client ID and a secret are enough.

pub(crate) mod row;
#[cfg(test)]
mod tests;

use self::row::{count, presets, settings};
use super::client_authentication::APPLE;
use super::provider::{
    Claims, ClientAuthentication, Dialect, NO_CLAIMS, NamedIssuer, Preset, Protocol, Quirk,
    STANDARD_CLAIMS, STANDARD_DIALECT, Verification,
};
use crate::config::setting::Setting;
use crate::outbound::OutboundMethod;

/// The settings of all presets.
pub(crate) const SETTINGS: [Setting; count(PRESETS)] = settings(PRESETS);

/// A provider of OpenID Connect. The secret is in the body, which every preset accepts that doesn't say otherwise, and
/// its addresses are trusted.
const OPENID: Preset = Preset {
    id: "",
    label: "",
    issuer: "",
    named: NamedIssuer::Own,
    protocol: Protocol::Discovery,
    scopes: "openid email profile",
    claims: STANDARD_CLAIMS,
    dialect: Dialect {
        authentication: ClientAuthentication::Post,
        trusted: true,
        ..STANDARD_DIALECT
    },
};

/// A provider of plain OAuth 2.0. Its addresses are not trusted, and it publishes no issuer unless a row says so.
const OAUTH: Preset = Preset {
    named: NamedIssuer::Unknown,
    scopes: "",
    claims: NO_CLAIMS,
    dialect: Dialect {
        trusted: false,
        ..OPENID.dialect
    },
    ..OPENID
};

presets! {
    "GOOGLE" "google" "Google" secret => Preset {
        issuer: "https://accounts.google.com",
        protocol: Protocol::OpenId {
            authorize: "https://accounts.google.com/o/oauth2/v2/auth",
            token: "https://oauth2.googleapis.com/token",
            keys: "https://www.googleapis.com/oauth2/v3/certs",
            userinfo: None,
        },
        dialect: Dialect {
            offline: &[("access_type", "offline"), ("prompt", "consent")],
            // It asks nobody to sign in again, and leaves out `auth_time`.
            reauthenticates: false,
            names_issuer: true,
            quirk: Some(Quirk::SchemelessIssuer),
            ..OPENID.dialect
        },
        ..OPENID
    };
    "GITHUB" "github" "GitHub" secret at "https://github.com" {
        "URL of your GitHub Enterprise Server.", "https://github.example.com", &[("https://api.github.com", "/api/v3")]
    } => Preset {
        issuer: "https://github.com",
        named: NamedIssuer::Other("https://github.com/login/oauth"),
        protocol: Protocol::OAuth {
            authorize: "https://github.com/login/oauth/authorize",
            token: "https://github.com/login/oauth/access_token",
            userinfo: "https://api.github.com/user",
        },
        scopes: "read:user user:email",
        claims: Claims { subject: "/id", name: "/name", username: "/login", picture: "/avatar_url", ..NO_CLAIMS },
        dialect: Dialect {
            names_issuer: true,
            trusted: true,
            quirk: Some(Quirk::GithubAddresses),
            ..OAUTH.dialect
        },
        ..OAUTH
    };
    "MICROSOFT" "microsoft" "Microsoft" secret at "https://login.microsoftonline.com" {
        "URL of Microsoft's login, which is another in a national cloud.", "https://login.microsoftonline.us", &[]
    } => Preset {
        issuer: "https://login.microsoftonline.com/{tenantid}/v2.0",
        protocol: Protocol::OpenId {
            authorize: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/authorize",
            token: "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
            keys: "https://login.microsoftonline.com/{tenant}/discovery/v2.0/keys",
            userinfo: None,
        },
        // `sub` differs between two apps of one operator, `oid` does not.
        claims: Claims { subject: "/oid", email_verified: Verification::Never, ..STANDARD_CLAIMS },
        dialect: Dialect { quirk: Some(Quirk::Microsoft { personal: true }), ..OPENID.dialect },
        ..OPENID
    };
    "APPLE" "apple" "Apple" key => Preset {
        issuer: APPLE,
        protocol: Protocol::OpenId {
            authorize: "https://appleid.apple.com/auth/authorize",
            token: "https://appleid.apple.com/auth/token",
            keys: "https://appleid.apple.com/auth/keys",
            userinfo: None,
        },
        scopes: "name email",
        dialect: Dialect {
            authentication: ClientAuthentication::AppleSecret,
            pkce: false,
            form_post: true,
            ..OPENID.dialect
        },
        ..OPENID
    };
    "GITLAB" "gitlab" "GitLab" secret at "https://gitlab.com" {
        "URL of your GitLab server.", "https://gitlab.example.com", &[]
    } => Preset {
        issuer: "https://gitlab.com",
        protocol: Protocol::OpenId {
            authorize: "https://gitlab.com/oauth/authorize",
            token: "https://gitlab.com/oauth/token",
            keys: "https://gitlab.com/oauth/discovery/keys",
            // ID tokens of older versions have the subject alone.
            userinfo: Some("https://gitlab.com/oauth/userinfo"),
        },
        ..OPENID
    };
    "DISCORD" "discord" "Discord" secret => Preset {
        issuer: "https://discord.com",
        protocol: Protocol::OAuth {
            authorize: "https://discord.com/api/oauth2/authorize",
            token: "https://discord.com/api/oauth2/token",
            userinfo: "https://discord.com/api/users/@me",
        },
        scopes: "identify email",
        claims: Claims {
            subject: "/id",
            email: "/email",
            email_verified: Verification::Claim("/verified"),
            name: "/global_name",
            username: "/username",
            locale: "/locale",
            ..NO_CLAIMS
        },
        // Discord asks for consent anyway if there is none yet.
        dialect: Dialect { parameters: &[("prompt", "none")], trusted: true, ..OAUTH.dialect },
        ..OAUTH
    };
    // Its ID tokens lack the nonce, so the identity is from the userinfo endpoint.
    "LINKEDIN" "linkedin" "LinkedIn" secret => Preset {
        issuer: "https://www.linkedin.com/oauth",
        named: NamedIssuer::Own,
        protocol: Protocol::OAuth {
            authorize: "https://www.linkedin.com/oauth/v2/authorization",
            token: "https://www.linkedin.com/oauth/v2/accessToken",
            userinfo: "https://api.linkedin.com/v2/userinfo",
        },
        scopes: "openid profile email",
        claims: Claims { username: "", locale: "", ..STANDARD_CLAIMS },
        // It answers a code_verifier of a client with a secret with 401.
        dialect: Dialect { pkce: false, trusted: true, ..OAUTH.dialect },
        ..OAUTH
    };
    "FACEBOOK" "facebook" "Facebook" secret => Preset {
        issuer: "https://www.facebook.com",
        protocol: Protocol::OAuth {
            authorize: "https://www.facebook.com/v24.0/dialog/oauth",
            token: "https://graph.facebook.com/v24.0/oauth/access_token",
            userinfo: "https://graph.facebook.com/v24.0/me?fields=id,name,email,picture",
        },
        scopes: "email public_profile",
        claims: Claims { subject: "/id", email: "/email", name: "/name", picture: "/picture/data/url", ..NO_CLAIMS },
        dialect: Dialect {
            scope_separator: ',',
            quirk: Some(Quirk::FacebookApp { check: "https://graph.facebook.com/v24.0/debug_token" }),
            ..OAUTH.dialect
        },
        ..OAUTH
    };
    "SLACK" "slack" "Slack" secret => Preset {
        issuer: "https://slack.com",
        protocol: Protocol::OpenId {
            authorize: "https://slack.com/openid/connect/authorize",
            token: "https://slack.com/api/openid.connect.token",
            keys: "https://slack.com/openid/connect/keys",
            userinfo: None,
        },
        // The identifier of a user is unique in their workspace only.
        claims: Claims {
            subject: "/https:~1~1slack.com~1user_id",
            group: "/https:~1~1slack.com~1team_id",
            username: "",
            ..STANDARD_CLAIMS
        },
        // Administrators of a workspace can set addresses. PKCE must be switched on for an app, for good.
        dialect: Dialect { pkce: false, trusted: false, ..OPENID.dialect },
        ..OPENID
    };
    "TWITCH" "twitch" "Twitch" secret => Preset {
        issuer: "https://id.twitch.tv/oauth2",
        protocol: Protocol::OpenId {
            authorize: "https://id.twitch.tv/oauth2/authorize",
            token: "https://id.twitch.tv/oauth2/token",
            keys: "https://id.twitch.tv/oauth2/keys",
            userinfo: None,
        },
        scopes: "openid user:read:email",
        claims: Claims { name: "/preferred_username", locale: "", ..STANDARD_CLAIMS },
        dialect: Dialect {
            parameters: &[(
                "claims",
                r#"{"id_token":{"email":null,"email_verified":null,"picture":null,"preferred_username":null}}"#,
            )],
            // It knows no `auth_time`.
            reauthenticates: false,
            ..OPENID.dialect
        },
        ..OPENID
    };
    "SPOTIFY" "spotify" "Spotify" secret => Preset {
        issuer: "https://accounts.spotify.com",
        protocol: Protocol::OAuth {
            authorize: "https://accounts.spotify.com/authorize",
            token: "https://accounts.spotify.com/api/token",
            userinfo: "https://api.spotify.com/v1/me",
        },
        scopes: "user-read-email",
        // Spotify does not verify addresses.
        claims: Claims { subject: "/id", email: "/email", name: "/display_name", picture: "/images/0/url", ..NO_CLAIMS },
        dialect: Dialect { authentication: ClientAuthentication::Basic, ..OAUTH.dialect },
        ..OAUTH
    };
    "X" "x" "X" secret => Preset {
        issuer: "https://x.com",
        protocol: Protocol::OAuth {
            authorize: "https://x.com/i/oauth2/authorize",
            token: "https://api.x.com/2/oauth2/token",
            userinfo: "https://api.x.com/2/users/me?user.fields=confirmed_email,profile_image_url",
        },
        scopes: "users.read tweet.read users.email",
        claims: Claims {
            subject: "/data/id",
            email: "/data/confirmed_email",
            email_verified: Verification::Always,
            name: "/data/name",
            username: "/data/username",
            picture: "/data/profile_image_url",
            ..NO_CLAIMS
        },
        dialect: Dialect { authentication: ClientAuthentication::Basic, trusted: true, ..OAUTH.dialect },
        ..OAUTH
    };
    // It has no addresses.
    "REDDIT" "reddit" "Reddit" secret => Preset {
        issuer: "https://www.reddit.com",
        protocol: Protocol::OAuth {
            authorize: "https://www.reddit.com/api/v1/authorize",
            token: "https://www.reddit.com/api/v1/access_token",
            userinfo: "https://oauth.reddit.com/api/v1/me",
        },
        scopes: "identity",
        claims: Claims { subject: "/id", name: "/name", username: "/name", picture: "/icon_img", ..NO_CLAIMS },
        dialect: Dialect {
            authentication: ClientAuthentication::Basic,
            pkce: false,
            offline: &[("duration", "permanent")],
            ..OAUTH.dialect
        },
        ..OAUTH
    };
    "DROPBOX" "dropbox" "Dropbox" secret => Preset {
        issuer: "https://www.dropbox.com",
        named: NamedIssuer::Own,
        protocol: Protocol::OAuth {
            authorize: "https://www.dropbox.com/oauth2/authorize",
            token: "https://api.dropboxapi.com/oauth2/token",
            userinfo: "https://api.dropboxapi.com/2/users/get_current_account",
        },
        scopes: "account_info.read",
        claims: Claims {
            subject: "/account_id",
            email: "/email",
            email_verified: Verification::Claim("/email_verified"),
            name: "/name/display_name",
            picture: "/profile_photo_url",
            locale: "/locale",
            ..NO_CLAIMS
        },
        dialect: Dialect {
            userinfo_method: OutboundMethod::Post,
            offline: &[("token_access_type", "offline")],
            trusted: true,
            ..OAUTH.dialect
        },
        ..OAUTH
    };
    "ATLASSIAN" "atlassian" "Atlassian" secret => Preset {
        issuer: "https://auth.atlassian.com",
        protocol: Protocol::OAuth {
            authorize: "https://auth.atlassian.com/authorize",
            token: "https://auth.atlassian.com/oauth/token",
            userinfo: "https://api.atlassian.com/me",
        },
        scopes: "read:me",
        claims: Claims {
            subject: "/account_id",
            email: "/email",
            name: "/name",
            username: "/nickname",
            picture: "/picture",
            locale: "/locale",
            ..NO_CLAIMS
        },
        dialect: Dialect {
            parameters: &[("audience", "api.atlassian.com"), ("prompt", "consent")],
            ..OAUTH.dialect
        },
        ..OAUTH
    };
    "ZOOM" "zoom" "Zoom" secret => Preset {
        issuer: "https://zoom.us",
        protocol: Protocol::OAuth {
            authorize: "https://zoom.us/oauth/authorize",
            token: "https://zoom.us/oauth/token",
            userinfo: "https://api.zoom.us/v2/users/me",
        },
        claims: Claims {
            subject: "/id",
            email: "/email",
            email_verified: Verification::Claim("/verified"),
            name: "/display_name",
            picture: "/pic_url",
            locale: "/language",
            ..NO_CLAIMS
        },
        dialect: Dialect { authentication: ClientAuthentication::Basic, ..OAUTH.dialect },
        ..OAUTH
    };
    "NOTION" "notion" "Notion" secret => Preset {
        issuer: "https://www.notion.com",
        protocol: Protocol::OAuth {
            authorize: "https://api.notion.com/v1/oauth/authorize",
            token: "https://api.notion.com/v1/oauth/token",
            userinfo: "https://api.notion.com/v1/users/me",
        },
        claims: Claims {
            subject: "/bot/owner/user/id",
            email: "/bot/owner/user/person/email",
            name: "/bot/owner/user/name",
            picture: "/bot/owner/user/avatar_url",
            ..NO_CLAIMS
        },
        dialect: Dialect {
            authentication: ClientAuthentication::Basic,
            pkce: false,
            parameters: &[("owner", "user")],
            json_body: true,
            headers: &[("notion-version", "2022-06-28")],
            ..OAUTH.dialect
        },
        ..OAUTH
    };
    // It has no addresses.
    "TIKTOK" "tiktok" "TikTok" secret => Preset {
        issuer: "https://www.tiktok.com",
        protocol: Protocol::OAuth {
            authorize: "https://www.tiktok.com/v2/auth/authorize",
            token: "https://open.tiktokapis.com/v2/oauth/token/",
            userinfo: "https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_url,display_name,username",
        },
        scopes: "user.info.basic user.info.profile",
        claims: Claims {
            subject: "/data/user/open_id",
            name: "/data/user/display_name",
            username: "/data/user/username",
            picture: "/data/user/avatar_url",
            ..NO_CLAIMS
        },
        dialect: Dialect { scope_separator: ',', pkce: false, client_id: "client_key", ..OAUTH.dialect },
        ..OAUTH
    };
}

/// Returns the icon of the preset with this name: an SVG document in one colour.
pub fn preset_icon(id: &str) -> Option<&'static str> {
    let row = PRESETS.iter().find(|row| row.preset.id == id)?;
    Some(row.icon)
}

/// Returns the name of each preset, and the issuer of its identities. In Microsoft's issuer, `{tenantid}` stands for the
/// tenant of the account.
pub fn preset_issuers() -> impl Iterator<Item = (&'static str, &'static str)> {
    let presets = PRESETS.iter().map(|row| &row.preset);
    presets.map(|preset| (preset.id, preset.issuer))
}

/// Returns a preset by its name.
#[cfg(test)]
pub(crate) fn preset(id: &str) -> Preset {
    let row = PRESETS.iter().find(|row| row.preset.id == id);
    row.unwrap().preset
}
