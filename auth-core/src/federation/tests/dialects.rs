//! The requests of each preset, from the start of a flow to the person, as its provider documents them.

use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use serde_json::{Value, json};

use super::quirks::APPLE_KEY;
use super::world::{ACCESS_TOKEN, Begun, SIGN_IN, World, code, key, key_set, pairs};
use crate::federation::flow::FlowPurpose;
use crate::federation::pkce;
use crate::federation::presets::PRESETS;
use crate::federation::private_key::signing_key;
use crate::federation::provider::Protocol;
use crate::federation::start::StartRequest;
use crate::outbound::OutboundRequest;

/// A preset: the person in its ID token or its answer, and the requests.
///
/// The first is that of the browser. Each has its address, and then what not every preset has: `nonce` and `pkce` stand for
/// random values that fit, `basic` for the secret in a header, `form` and `json` for the form of the body, and `token` for
/// the access token. The others are parameters and headers.
type Case = (&'static str, fn() -> Value, &'static [&'static str]);

const CASES: &[Case] = &[
    (
        "google",
        || json!({"iss": "https://accounts.google.com"}),
        &[
            "https://accounts.google.com/o/oauth2/v2/auth | client_id=client | scope=openid email profile | nonce | pkce | access_type=offline | prompt=consent",
            "POST https://oauth2.googleapis.com/token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://www.googleapis.com/oauth2/v3/certs",
        ],
    ),
    (
        "github",
        || json!({"id": 7}),
        &[
            "https://github.com/login/oauth/authorize | client_id=client | scope=read:user user:email | pkce",
            "POST https://github.com/login/oauth/access_token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://api.github.com/user | token",
            "GET https://api.github.com/user/emails | token",
        ],
    ),
    (
        "microsoft",
        || json!({"iss": format!("https://login.microsoftonline.com/{TENANT}/v2.0"), "tid": TENANT, "oid": "7"}),
        &[
            "https://login.microsoftonline.com/common/oauth2/v2.0/authorize | client_id=client | scope=openid email profile | nonce | pkce",
            "POST https://login.microsoftonline.com/common/oauth2/v2.0/token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://login.microsoftonline.com/common/discovery/v2.0/keys",
        ],
    ),
    (
        "apple",
        || json!({"iss": "https://appleid.apple.com"}),
        &[
            "https://appleid.apple.com/auth/authorize | client_id=client | scope=name email | nonce | response_mode=form_post",
            "POST https://appleid.apple.com/auth/token | form | client_id=client | client_secret=signed",
            "GET https://appleid.apple.com/auth/keys",
        ],
    ),
    (
        "gitlab",
        || json!({"iss": "https://gitlab.com", "name": null}),
        &[
            "https://gitlab.com/oauth/authorize | client_id=client | scope=openid email profile | nonce | pkce",
            "POST https://gitlab.com/oauth/token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://gitlab.com/oauth/discovery/keys",
            "GET https://gitlab.com/oauth/userinfo | token",
        ],
    ),
    (
        "discord",
        || json!({"id": "7"}),
        &[
            "https://discord.com/api/oauth2/authorize | client_id=client | scope=identify email | pkce | prompt=none",
            "POST https://discord.com/api/oauth2/token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://discord.com/api/users/@me | token",
        ],
    ),
    (
        "linkedin",
        || json!({"sub": "7"}),
        &[
            "https://www.linkedin.com/oauth/v2/authorization | client_id=client | scope=openid profile email",
            "POST https://www.linkedin.com/oauth/v2/accessToken | form | client_id=client | client_secret=geheim",
            "GET https://api.linkedin.com/v2/userinfo | token",
        ],
    ),
    (
        "facebook",
        || json!({"id": "7", "data": {"app_id": "client", "user_id": "7", "is_valid": true}}),
        &[
            "https://www.facebook.com/v24.0/dialog/oauth | client_id=client | scope=email,public_profile | pkce",
            "POST https://graph.facebook.com/v24.0/oauth/access_token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://graph.facebook.com/v24.0/me?fields=id,name,email,picture | token",
            "GET https://graph.facebook.com/v24.0/debug_token?input_token=TOKEN | authorization: Bearer client|geheim",
        ],
    ),
    (
        "slack",
        || json!({"iss": "https://slack.com", "https://slack.com/team_id": "T1", "https://slack.com/user_id": "U1"}),
        &[
            "https://slack.com/openid/connect/authorize | client_id=client | scope=openid email profile | nonce",
            "POST https://slack.com/api/openid.connect.token | form | client_id=client | client_secret=geheim",
            "GET https://slack.com/openid/connect/keys",
        ],
    ),
    (
        "twitch",
        || json!({"iss": "https://id.twitch.tv/oauth2"}),
        &[
            "https://id.twitch.tv/oauth2/authorize | client_id=client | scope=openid user:read:email | nonce | pkce | claims={\"id_token\":{\"email\":null,\"email_verified\":null,\"picture\":null,\"preferred_username\":null}}",
            "POST https://id.twitch.tv/oauth2/token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://id.twitch.tv/oauth2/keys",
        ],
    ),
    (
        "spotify",
        || json!({"id": "7"}),
        &[
            "https://accounts.spotify.com/authorize | client_id=client | scope=user-read-email | pkce",
            "POST https://accounts.spotify.com/api/token | basic | form | pkce",
            "GET https://api.spotify.com/v1/me | token",
        ],
    ),
    (
        "x",
        || json!({"data": {"id": "7"}}),
        &[
            "https://x.com/i/oauth2/authorize | client_id=client | scope=users.read tweet.read users.email | pkce",
            "POST https://api.x.com/2/oauth2/token | basic | form | pkce",
            "GET https://api.x.com/2/users/me?user.fields=confirmed_email,profile_image_url | token",
        ],
    ),
    (
        "reddit",
        || json!({"id": "7"}),
        &[
            "https://www.reddit.com/api/v1/authorize | client_id=client | scope=identity | duration=permanent",
            "POST https://www.reddit.com/api/v1/access_token | basic | form",
            "GET https://oauth.reddit.com/api/v1/me | token",
        ],
    ),
    (
        "dropbox",
        || json!({"account_id": "dbid:7"}),
        &[
            "https://www.dropbox.com/oauth2/authorize | client_id=client | scope=account_info.read | pkce | token_access_type=offline",
            "POST https://api.dropboxapi.com/oauth2/token | form | pkce | client_id=client | client_secret=geheim",
            "POST https://api.dropboxapi.com/2/users/get_current_account | token",
        ],
    ),
    (
        "atlassian",
        || json!({"account_id": "7"}),
        &[
            "https://auth.atlassian.com/authorize | client_id=client | scope=read:me | pkce | audience=api.atlassian.com | prompt=consent",
            "POST https://auth.atlassian.com/oauth/token | form | pkce | client_id=client | client_secret=geheim",
            "GET https://api.atlassian.com/me | token",
        ],
    ),
    (
        "zoom",
        || json!({"id": "7"}),
        &[
            "https://zoom.us/oauth/authorize | client_id=client | pkce",
            "POST https://zoom.us/oauth/token | basic | form | pkce",
            "GET https://api.zoom.us/v2/users/me | token",
        ],
    ),
    (
        "notion",
        || json!({"bot": {"owner": {"user": {"id": "7"}}}}),
        &[
            "https://api.notion.com/v1/oauth/authorize | client_id=client | owner=user",
            "POST https://api.notion.com/v1/oauth/token | basic | json | notion-version: 2022-06-28",
            "GET https://api.notion.com/v1/users/me | token | notion-version: 2022-06-28",
        ],
    ),
    (
        "tiktok",
        || json!({"data": {"user": {"open_id": "7"}}}),
        &[
            "https://www.tiktok.com/v2/auth/authorize | client_key=client | scope=user.info.basic,user.info.profile",
            "POST https://open.tiktokapis.com/v2/oauth/token/ | form | client_key=client | client_secret=geheim",
            "GET https://open.tiktokapis.com/v2/user/info/?fields=open_id,avatar_url,display_name,username | token",
        ],
    ),
];

const TENANT: &str = "72f988bf-86f1-41af-91ab-2d7cd011db47";
const CODE: &str = "the-code";

fn world(id: &str) -> World {
    let prefix = id.to_uppercase();
    let own = |rest: &str| format!("{prefix}_{rest}");
    let (client_id, secret) = (own("CLIENT_ID"), own("CLIENT_SECRET"));
    World::new(&[
        (&client_id, "client"),
        (&secret, "geheim"),
        ("APPLE_TEAM_ID", "A1B2C3D4E5"),
        ("APPLE_KEY_ID", "ABC123DEFG"),
        ("APPLE_PRIVATE_KEY", APPLE_KEY),
        ("OAUTH_STORE_TOKENS", "true"),
    ])
}

/// Serves everything at the endpoints that the service knows. Its requests are compared afterwards.
fn serve(world: &World, id: &str, begun: &Begun, person: &Value) {
    let config = &world.federation().context.config.federation;
    let mut answer = json!({"access_token": ACCESS_TOKEN, "token_type": "Bearer"});
    let (token, userinfo) = match &config.registration(id).unwrap().provider.protocol {
        Protocol::OpenId {
            token,
            keys,
            userinfo,
            ..
        } => {
            world.serve(keys, 200, &key_set(&key(7)));
            let claims = world.claims(begun, person);
            answer["id_token"] = key(7).sign("JWT", &claims).into();
            (token, userinfo.clone().map(|url| (url, claims)))
        }
        Protocol::OAuth {
            token, userinfo, ..
        } => (token, Some((userinfo.clone(), person.clone()))),
        Protocol::Discovery => panic!("{id}"),
    };
    world.serve_json(token, &answer);
    if let Some((url, document)) = userinfo {
        let url = url.split('?').next().unwrap();
        world.serve_json(url, &document);
        world.serve(&format!("{url}/emails"), 404, "{}");
    }
    if id == "facebook" {
        let check = "https://graph.facebook.com/v24.0/debug_token";
        world.serve_json(check, person);
    }
}

/// Checks that this is the client secret that Apple asks for, signed for this request by the key of the team.
fn check_signed(secret: &str, now: u64) {
    let (message, signature) = secret.rsplit_once('.').unwrap();
    let decode = |part: &str| URL_SAFE_NO_PAD.decode(part).unwrap();
    let key = signing_key(APPLE_KEY, None).unwrap();
    let is_signed = key
        .verifying_key()
        .verifies(message.as_bytes(), &decode(signature));
    assert!(is_signed);
    let (header, claims) = message.split_once('.').unwrap();
    let json = |part| serde_json::from_slice::<Value>(&decode(part)).unwrap();
    let header = json(header);
    assert_eq!(header["alg"], "ES256");
    assert_eq!(header["kid"], "ABC123DEFG");
    let claims = json(claims);
    assert_eq!(claims["iss"], "A1B2C3D4E5");
    assert_eq!(claims["sub"], "client");
    assert_eq!(claims["aud"], "https://appleid.apple.com");
    assert_eq!(claims["iat"], now);
    assert!(claims["exp"].as_u64().unwrap() > now);
}

/// Describes the address that the browser is sent to.
fn page(url: &str, begun: &Begun, redirect_uri: &str) -> String {
    let (endpoint, query) = url.split_once('?').unwrap();
    let mut line = endpoint.to_owned();
    for (name, value) in form_urlencoded::parse(query.as_bytes()) {
        match (name.as_ref(), value.as_ref()) {
            ("response_type", value) => assert_eq!(value, "code"),
            ("redirect_uri", value) => assert_eq!(value, redirect_uri),
            ("state", value) => assert_eq!(value, begun.state()),
            ("code_challenge_method", value) => assert_eq!(value, "S256"),
            ("code_challenge", _) => line += " | pkce",
            ("nonce", _) => line += " | nonce",
            (name, value) => line += &format!(" | {name}={value}"),
        }
    }
    for name in ["response_type", "redirect_uri", "state"] {
        assert!(begun.parameters.contains_key(name), "{url}");
    }
    line
}

/// Describes a request of the service.
fn described(request: &OutboundRequest, begun: &Begun, redirect_uri: &str, now: u64) -> String {
    let url = request.url.replace(ACCESS_TOKEN, "TOKEN");
    let mut line = format!("{} {url}", request.method.as_str());
    let basic = format!("Basic {}", STANDARD.encode("client:geheim"));
    let bearer = format!("Bearer {ACCESS_TOKEN}");
    let mut fields: Vec<(String, String)> = Vec::new();
    for (name, value) in &request.headers {
        match (*name, value.as_str()) {
            ("accept", value) => assert_eq!(value, "application/json"),
            ("user-agent", value) => assert_eq!(value, "Gatewright"),
            ("authorization", value) if value == basic => line += " | basic",
            ("authorization", value) if value == bearer => line += " | token",
            ("content-type", "application/json") => {
                line += " | json";
                let body: Value = serde_json::from_slice(&request.body).unwrap();
                let members = body.as_object().unwrap().iter();
                let text = |value: &Value| value.as_str().unwrap().to_owned();
                fields.extend(members.map(|(name, value)| (name.clone(), text(value))));
            }
            ("content-type", value) => {
                assert_eq!(value, "application/x-www-form-urlencoded");
                line += " | form";
                fields.extend(form_urlencoded::parse(&request.body).into_owned());
            }
            (name, value) => line += &format!(" | {name}: {value}"),
        }
    }
    assert_eq!(fields.is_empty(), request.body.is_empty());
    let mut usual = 0;
    for (name, value) in &fields {
        match name.as_str() {
            "grant_type" => assert_eq!(value, "authorization_code"),
            "code" => assert_eq!(value, CODE),
            "redirect_uri" => assert_eq!(value, redirect_uri),
            "code_verifier" => {
                assert!(pkce::answers(value, &begun.parameters["code_challenge"]));
                line += " | pkce";
                continue;
            }
            "client_secret" if value != "geheim" => {
                check_signed(value, now);
                line += " | client_secret=signed";
                continue;
            }
            name => {
                line += &format!(" | {name}={value}");
                continue;
            }
        }
        usual += 1;
    }
    assert!(fields.is_empty() || usual == 3, "{line}");
    line
}

#[test]
fn each_preset_is_asked_as_it_documents() {
    let ids: Vec<_> = PRESETS.iter().map(|row| row.preset.id).collect();
    let tested: Vec<_> = CASES.iter().map(|(id, ..)| *id).collect();
    assert_eq!(tested, ids);
    for (id, of_person, expected) in CASES {
        let (world, person) = (world(id), of_person());
        let request = StartRequest {
            provider: id,
            ..SIGN_IN
        };
        let started = world.start(request).unwrap();
        let url = started.authorization_url;
        let (_, query) = url.split_once('?').unwrap();
        let begun = Begun {
            parameters: pairs(query),
            cookie: started.flow,
        };
        serve(&world, id, &begun, &person);
        let cookies = [(begun.cookie.id.clone(), begun.cookie.value.clone())].into();
        let provider = &world.federation().context.config.federation;
        let provider = &provider.registration(id).unwrap().provider;
        let mut query = format!("code={CODE}&state={}", begun.state());
        if provider.dialect.names_issuer {
            query += &format!("&iss={}", provider.named_issuer().unwrap());
        }
        let code = code(world.arrive_with(id, &query, &cookies, false));
        let person = world.present_with(&code, None, &[&begun.cookie.value], FlowPurpose::SignIn);
        assert_eq!(person.unwrap().provider, *id);

        let redirect_uri = format!("http://localhost:8080/auth/oauth/{id}/callback");
        let mut lines = vec![page(&url, &begun, &redirect_uri)];
        let requests = world.auth.platform().requests.lock().unwrap();
        let now = world.seconds();
        lines.extend(
            requests
                .iter()
                .map(|request| described(request, &begun, &redirect_uri, now)),
        );
        assert_eq!(lines, *expected, "{id}");
    }
}
