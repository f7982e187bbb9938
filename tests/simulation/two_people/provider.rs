//! Two providers, which say whatever a code says: a person can make a provider say what their account there has.

use auth_core::{OutboundRequest, OutboundResponse};
use serde_json::json;

/// A provider whose addresses are trusted.
pub(super) const TRUSTED: &str = "discord";
/// A provider at which a person can be anybody, unless the policy trusts all.
pub(super) const OTHER: &str = "club";

/// The settings of both.
pub(super) const SETTINGS: [(&str, &str); 9] = [
    ("DISCORD_CLIENT_ID", "app"),
    ("DISCORD_CLIENT_SECRET", "secret"),
    ("OIDC_PROVIDERS", OTHER),
    ("OIDC_CLUB_CLIENT_ID", "app"),
    ("OIDC_CLUB_CLIENT_SECRET", "secret"),
    ("OIDC_CLUB_AUTHORIZE_URL", "https://club.example/authorize"),
    ("OIDC_CLUB_TOKEN_URL", "https://club.example/token"),
    ("OIDC_CLUB_USERINFO_URL", "https://club.example/me"),
    (
        "OIDC_CLUB_CLAIMS",
        r#"{"subject":"/id","email":"/email","email_verified":"/verified","name":"/global_name"}"#,
    ),
];

/// Returns the code of a person, with the address that their account has, if any.
pub(super) fn code(subject: &str, name: &str, email: Option<&str>, is_verified: bool) -> String {
    let email = email.unwrap_or_default();
    format!("{subject},{name},{email},{is_verified}")
}

/// Responds for both. The access token is the code.
pub(super) fn respond(request: &OutboundRequest) -> Option<OutboundResponse> {
    let body = if request.url.ends_with("/token") {
        let mut form = form_urlencoded::parse(&request.body);
        let (_, code) = form.find(|(name, _)| name == "code")?;
        json!({ "access_token": code, "token_type": "Bearer" })
    } else {
        let mut headers = request.headers.iter();
        let (_, value) = headers.find(|(name, _)| *name == "authorization")?;
        let code = value.strip_prefix("Bearer ")?;
        let parts: Vec<_> = code.split(',').collect();
        let [subject, name, email, is_verified] = parts[..] else {
            return None;
        };
        json!({
            "id": subject, "global_name": name, "email": email, "verified": is_verified == "true",
        })
    };
    Some(OutboundResponse {
        status: 200,
        body: body.to_string().into_bytes(),
    })
}
