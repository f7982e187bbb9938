//! The origins to which requests to providers go.

use super::{ACME, FederationConfig, OLD, loaded, with};

fn origins(settings: &[(&str, &str)]) -> Vec<String> {
    loaded(settings).outbound_origins().into_iter().collect()
}

/// Otherwise the host would send requests wherever a provider's answer points.
#[test]
fn requests_go_to_configured_providers_alone() {
    assert!(origins(&[("GITHUB_CLIENT_SECRET", "geheim")]).is_empty());
    let github = [
        ("GITHUB_CLIENT_ID", "id"),
        ("GITHUB_CLIENT_SECRET", "geheim"),
    ];
    assert_eq!(
        origins(&github),
        ["https://api.github.com", "https://github.com"]
    );
    assert_eq!(origins(&ACME), ["https://login.example.com"]);
    let here = [("OIDC_ACME_ISSUER", "http://LOCALHOST:9000/op")];
    assert_eq!(origins(&with(&ACME, &here)), ["http://localhost:9000"]);
    // The authorization endpoint is for browsers.
    let authorize = [(
        "OIDC_OLD_AUTHORIZE_URL",
        "https://www.example.com/authorize",
    )];
    assert_eq!(
        origins(&with(&OLD, &authorize)),
        ["https://old.example.com"]
    );
    let own = [
        ("GITLAB_CLIENT_ID", "id"),
        ("GITLAB_CLIENT_SECRET", "geheim"),
        ("GITLAB_URL", "https://git.example.com:8443/lab"),
    ];
    assert_eq!(origins(&own), ["https://git.example.com:8443"]);
    let own = [
        ("GITHUB_CLIENT_ID", "id"),
        ("GITHUB_CLIENT_SECRET", "geheim"),
        ("GITHUB_URL", "https://git.example.com"),
    ];
    assert_eq!(origins(&own), ["https://git.example.com"]);
}

#[test]
fn every_preset_has_origins() {
    let origins = FederationConfig::preset_origins();
    for origin in [
        "https://www.googleapis.com",
        "https://graph.facebook.com",
        "https://login.microsoftonline.com",
    ] {
        assert!(origins.contains(origin), "{origin}");
    }
    assert!(origins.iter().all(|origin| origin.starts_with("https://")));
}
