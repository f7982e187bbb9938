//! The providers that `OIDC_PROVIDERS` names.

use super::{ACME, KEY, OLD, load, loaded, refusal, secret, with};
use crate::federation::provider::{ClientAuthentication, Protocol, Verification};
use crate::federation::registration::Credential;

#[test]
fn a_provider_of_openid_connect_has_every_field() {
    let registration = &loaded(&ACME).registrations[0];
    let provider = &registration.provider;
    // The slash at the end is a part of the issuer.
    assert_eq!(
        (provider.id.as_str(), provider.issuer.as_str()),
        ("acme", "https://login.example.com/")
    );
    assert_eq!(
        (provider.label.as_str(), provider.scopes.as_str()),
        ("acme", "openid email profile")
    );
    assert_eq!(provider.protocol, Protocol::Discovery);
    assert_eq!(provider.claims.subject, "/sub");
    assert_eq!(
        provider.claims.email_verified,
        Verification::Claim("/email_verified".to_owned())
    );
    assert_eq!(
        provider.dialect.authentication,
        ClientAuthentication::Advertised
    );
    assert!(provider.dialect.pkce && !provider.dialect.trusted && !provider.dialect.form_post);
    assert_eq!(secret(registration), "geheim");

    let given = with(
        &ACME,
        &[
            ("OIDC_ACME_LABEL", "Acme Inc."),
            ("OIDC_ACME_SCOPES", " openid  groups "),
            ("OIDC_ACME_CLIENT_SECRET", ""),
            ("OIDC_ACME_CLIENT_AUTHENTICATION", "private_key_jwt"),
            ("OIDC_ACME_PRIVATE_KEY", KEY),
            ("OIDC_ACME_RESPONSE_MODE", "form_post"),
            ("OIDC_ACME_CLAIMS", r#"{"username": "/upn"}"#),
        ],
    );
    let registration = &loaded(&given).registrations[0];
    let provider = &registration.provider;
    assert_eq!(
        (provider.label.as_str(), provider.scopes.as_str()),
        ("Acme Inc.", "openid groups")
    );
    assert_eq!(
        (
            provider.claims.username.as_str(),
            provider.claims.email.as_str()
        ),
        ("/upn", "/email")
    );
    assert!(provider.dialect.form_post);
    assert!(matches!(registration.credential, Credential::Key(_)));
    let unknown = with(&ACME, &[("OIDC_ACME_RESPONSE_MODE", "fragment")]);
    assert_eq!(refusal(&unknown).0, "OIDC_ACME_RESPONSE_MODE");
}

#[test]
fn a_provider_of_plain_oauth_has_endpoints_and_claims() {
    let provider = &loaded(&OLD).registrations[0].provider;
    // Identities are stored under the endpoint that says who a person is, or under the name that is set.
    assert_eq!(provider.issuer, "https://old.example.com/me?all=1");
    assert!(
        matches!(&provider.protocol, Protocol::OAuth { token, .. } if token == "https://old.example.com/token")
    );
    assert_eq!(
        (
            provider.claims.subject.as_str(),
            provider.claims.name.as_str()
        ),
        ("/id", "")
    );
    assert_eq!(
        (provider.scopes.as_str(), &provider.claims.email_verified),
        ("", &Verification::Never)
    );
    let named = with(&OLD, &[("OIDC_OLD_ISSUER", "https://old.example.com")]);
    assert_eq!(
        loaded(&named).registrations[0].provider.issuer,
        "https://old.example.com"
    );
    for lacking in [
        "OIDC_OLD_TOKEN_URL",
        "OIDC_OLD_USERINFO_URL",
        "OIDC_OLD_CLAIMS",
    ] {
        let (name, problem) = refusal(&with(&OLD, &[(lacking, "")]));
        assert_eq!(
            (name, problem.as_str()),
            (lacking, "not set, but OIDC_OLD_AUTHORIZE_URL is")
        );
    }
    let (name, _) = refusal(&with(&OLD, &[("OIDC_OLD_AUTHORIZE_URL", "")]));
    assert_eq!(name, "OIDC_OLD_ISSUER");
}

#[test]
fn what_a_provider_lacks_is_named() {
    for (lacking, problem) in [
        (
            "OIDC_ACME_ISSUER",
            "not set, but OIDC_PROVIDERS names acme and OIDC_ACME_AUTHORIZE_URL is not set either",
        ),
        (
            "OIDC_ACME_CLIENT_ID",
            "not set, but OIDC_PROVIDERS names acme",
        ),
        (
            "OIDC_ACME_CLIENT_SECRET",
            "not set, but OIDC_PROVIDERS names acme",
        ),
    ] {
        let found = refusal(&with(&ACME, &[(lacking, "")]));
        assert_eq!((found.0, found.1.as_str()), (lacking, problem));
    }
    let keyless = with(
        &ACME,
        &[("OIDC_ACME_CLIENT_AUTHENTICATION", "private_key_jwt")],
    );
    assert_eq!(refusal(&keyless).0, "OIDC_ACME_PRIVATE_KEY");
    // A name in the list without any setting, beside one that is whole.
    let unknown = with(&ACME, &[("OIDC_PROVIDERS", "acme,wrok")]);
    assert_eq!(refusal(&unknown).0, "OIDC_WROK_ISSUER");
}

#[test]
fn a_value_that_is_not_accepted_is_named() {
    for (name, value) in [
        ("OIDC_ACME_ISSUER", "http://login.example.com"),
        ("OIDC_ACME_ISSUER", "https://login.example.com/?tenant=1"),
        (
            "OIDC_ACME_ISSUER",
            "https://login.example.com/.well-known/openid-configuration",
        ),
        ("OIDC_ACME_ISSUER", "https://ada@login.example.com"),
        ("OIDC_ACME_ISSUER", "login.example.com"),
        ("OIDC_ACME_CLIENT_ID", "a\nb"),
        ("OIDC_ACME_LABEL", "a\u{202e}b"),
        ("OIDC_ACME_SCOPES", "email"),
        ("OIDC_ACME_SCOPES", "openid \"x\""),
        ("OIDC_ACME_CLIENT_AUTHENTICATION", "none"),
        ("OIDC_ACME_CLAIMS", "{"),
        ("OIDC_ACME_CLAIMS", r#"["/sub"]"#),
        ("OIDC_ACME_CLAIMS", r#"{"subject": ""}"#),
        ("OIDC_ACME_CLAIMS", r#"{"subject": "sub"}"#),
        ("OIDC_ACME_CLAIMS", r#"{"email": "/a~2"}"#),
        ("OIDC_ACME_CLAIMS", r#"{"e-mail": "/email"}"#),
        ("OIDC_OLD_TOKEN_URL", "http://old.example.com/token"),
        ("OIDC_OLD_USERINFO_URL", "https://old.example.com/#me"),
        ("OIDC_OLD_CLAIMS", r#"{"email": "/mail"}"#),
        ("GOOGLE_SCOPES", "email profile"),
        ("LINK_BY_VERIFIED_EMAIL", "true"),
        ("OAUTH_ROLES", "user,superadmin"),
        ("OAUTH_ROLES", "user;editor"),
    ] {
        let google = [
            ("GOOGLE_CLIENT_ID", "id"),
            ("GOOGLE_CLIENT_SECRET", "geheim"),
        ];
        let all = [
            &[(name, value)],
            &[("OIDC_PROVIDERS", "acme,old")],
            &ACME[..],
            &OLD[..],
            &google[..],
        ]
        .concat();
        let error = load(&all).err().map(|error| error.to_string());
        assert!(
            error
                .as_ref()
                .is_some_and(|error| error.starts_with(&format!("{name}: "))),
            "{value}: {error:?}"
        );
    }
    for issuer in [
        "http://127.0.0.1:9000",
        "http://localhost:9000/realm",
        "http://[::1]:9000",
    ] {
        let local = with(&ACME, &[("OIDC_ACME_ISSUER", issuer)]);
        assert_eq!(loaded(&local).registrations[0].provider.issuer, issuer);
    }
}

/// The usual claim is about the usual address. Another address, such as a user name, can be anyone's.
#[test]
fn another_address_needs_another_verification() {
    let verification = |claims| {
        let given = with(&ACME, &[("OIDC_ACME_CLAIMS", claims)]);
        loaded(&given).registrations[0]
            .provider
            .claims
            .email_verified
            .clone()
    };
    assert_eq!(verification(r#"{"email": "/upn"}"#), Verification::Never);
    let own = verification(r#"{"email": "/upn", "email_verified": "/upn_verified"}"#);
    assert_eq!(own, Verification::Claim("/upn_verified".to_owned()));
}

#[test]
fn each_name_is_there_once_and_of_no_preset() {
    for names in [
        "acme,acme",
        "google",
        "Acme",
        "acme,",
        "a-b",
        "a_b",
        "1a",
        "exchange",
        "callback",
        "a b",
        "../x",
    ] {
        let (name, problem) = refusal(&with(&ACME, &[("OIDC_PROVIDERS", names)]));
        assert_eq!(
            (name, problem),
            ("OIDC_PROVIDERS", format!("{names:?} is not accepted"))
        );
    }
    let many: Vec<_> = (0..33).map(|number| format!("a{number}")).collect();
    assert_eq!(
        refusal(&[("OIDC_PROVIDERS", &many.join(","))]).0,
        "OIDC_PROVIDERS"
    );
}

/// Two providers with one issuer would share their identities.
#[test]
fn each_issuer_is_there_once() {
    let google = [
        ("GOOGLE_CLIENT_ID", "id"),
        ("GOOGLE_CLIENT_SECRET", "geheim"),
    ];
    let issuer = ("OIDC_ACME_ISSUER", "https://accounts.google.com");
    let same = [&[issuer], &google[..], &ACME[..]].concat();
    assert_eq!(
        refusal(&same),
        (
            "OIDC_ACME_ISSUER",
            "google has the issuer https://accounts.google.com".to_owned()
        )
    );
    let both = [
        ("OIDC_PROVIDERS", "acme,old"),
        ("OIDC_OLD_ISSUER", "https://login.example.com/"),
    ];
    assert_eq!(
        refusal(&[&both, &ACME[..], &OLD[..]].concat()).0,
        "OIDC_OLD_ISSUER"
    );
    assert_eq!(
        loaded(&[&both[..1], &ACME[..], &OLD[..]].concat())
            .registrations
            .len(),
        2
    );
}
