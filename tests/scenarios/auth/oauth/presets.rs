//! Presets whose server the operator chooses.

use gatewright_tests::identity::{CLIENT_SECRET, IdentityService, Key, Reply, Signature};
use serde_json::json;

use super::{OWN, account, error_of, identities, signed_in, verified};

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const OTHER: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

/// A token of Microsoft is of the tenant that it names, and its user is the object in that tenant.
#[tokio::test]
async fn microsofts_issuer_names_the_tenant_of_the_token() {
    // No other provider is set up at this address, so that Spin's manifest allows it only for this one.
    let service = IdentityService::start(&[], &[]);
    let url = service.issuer("ms");
    let host = service.host(&[
        OWN[0],
        ("MICROSOFT_CLIENT_ID", "app"),
        ("MICROSOFT_CLIENT_SECRET", CLIENT_SECRET),
        ("MICROSOFT_URL", &url),
        ("MICROSOFT_ORIGIN", &service.origin()),
        ("LINK_BY_VERIFIED_EMAIL", "all"),
    ]);
    let issuer = |tenant: &str| format!("{url}/{tenant}/v2.0");
    let person = |tenant: &str, iss: &str, email: &str| {
        let mut person = verified("pairwise", email);
        person["tid"] = tenant.into();
        person["iss"] = iss.into();
        person["oid"] = "object".into();
        person
    };
    // Microsoft doesn't name itself in responses, and has addresses that nobody verified, whatever its tokens say.
    let be = |person| {
        service.person("ms", person);
        service.script("ms", |script| script.parameter("iss", json!(null)));
    };
    be(person(TENANT, &issuer(TENANT), "one@example.com"));
    let tokens = signed_in(&host, &service, "microsoft").await;
    let one = account(&host, &tokens).await;
    assert_eq!(one["email_verified"], false, "{one}");
    for (tenant, iss) in [
        (TENANT, issuer(OTHER)),
        (OTHER, issuer(TENANT)),
        (TENANT, issuer("{tenantid}")),
        (TENANT, issuer("common")),
        ("common", issuer("common")),
        (TENANT, url.clone()),
        (&TENANT.to_uppercase(), issuer(&TENANT.to_uppercase())),
    ] {
        be(person(tenant, &iss, "two@example.com"));
        assert_eq!(
            error_of(&host, &service, "microsoft").await,
            "oauth_failed",
            "{tenant} {iss}"
        );
    }
    // The same object in another tenant is another person, and the same one is known by whatever address.
    for (tenant, known) in [(OTHER, false), (TENANT, true)] {
        be(person(tenant, &issuer(tenant), "two@example.com"));
        let tokens = signed_in(&host, &service, "microsoft").await;
        let found = account(&host, &tokens).await;
        assert_eq!(found["id"] == one["id"], known, "{tenant}");
    }
}

/// A preset signs in like any issuer at a server of one's own.
#[tokio::test]
async fn gitlab_signs_in_at_a_server_of_ones_own() {
    let service = IdentityService::start(&[], &[]);
    let url = service.issuer("lab");
    let host = service.host(&[
        OWN[0],
        ("GITLAB_CLIENT_ID", "app"),
        ("GITLAB_CLIENT_SECRET", CLIENT_SECRET),
        ("GITLAB_URL", &url),
        ("GITLAB_ORIGIN", &service.origin()),
    ]);
    service.person("lab", verified("1", "ada@example.com"));
    // Presets have no metadata, and keys of any algorithm that is accepted.
    service.script("lab", |script| {
        script.keys = vec![Key::Rs256, Key::Es256];
        script.signature = Signature::By(Key::Es256);
    });
    let tokens = signed_in(&host, &service, "gitlab").await;
    assert_eq!(account(&host, &tokens).await["email"], "ada@example.com");
    let linked = identities(&host, &tokens.access_token).await;
    assert_eq!(linked[0]["provider"], "gitlab", "{linked:?}");
    assert_eq!(service.requests("lab", "openid-configuration").len(), 0);
}

/// GitHub Enterprise Server has its API below a path, and its identities are those of the server.
#[tokio::test]
async fn github_signs_in_at_a_server_of_ones_own() {
    let service = IdentityService::start(&[], &[]);
    let url = service.issuer("hub");
    let host = service.host(&[
        OWN[0],
        ("GITHUB_CLIENT_ID", "app"),
        ("GITHUB_CLIENT_SECRET", CLIENT_SECRET),
        ("GITHUB_URL", &url),
        ("GITHUB_ORIGIN", &service.origin()),
        ("LINK_BY_VERIFIED_EMAIL", "all"),
    ]);
    let emails = json!([{"email": "ada@example.com", "primary": true, "verified": true}]);
    let be = |iss| {
        service.person("hub", json!({"id": 7, "login": "ada", "name": "Ada"}));
        service.script("hub", |script| {
            let reply = Reply::Of(200, "application/json", emails.to_string());
            script.replies.insert("emails", reply);
            script.parameter("iss", iss);
        });
    };
    // It need not name itself, but what it names is compared.
    be(json!("https://github.com/login/oauth"));
    assert_eq!(error_of(&host, &service, "github").await, "oauth_failed");
    for iss in [json!(null), json!(format!("{url}/login/oauth"))] {
        be(iss);
        let tokens = signed_in(&host, &service, "github").await;
        let ada = account(&host, &tokens).await;
        assert_eq!(ada["email"], "ada@example.com", "{ada}");
        let linked = identities(&host, &tokens.access_token).await;
        assert_eq!(linked.len(), 1);
        assert_eq!(linked[0]["issuer"], url.as_str(), "{linked:?}");
    }
    assert_eq!(service.requests("hub", "user").len(), 2);
}
