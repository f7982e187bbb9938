use gatewright_tests::host::{Answer, Host, PASSWORD, SETUP};
use reqwest::Method;
use serde_json::{Map, Value, json};

const JSON_ROUTES: [&str; 3] = ["/auth/register", "/auth/login", "/auth/refresh"];

/// Malformed JSON gets the usual form of error, without internal details.
#[tokio::test]
async fn malformed_json_is_refused() {
    let host = Host::start(&[]);
    for path in JSON_ROUTES {
        for body in [
            "",
            "{",
            "nonsense",
            "{\"email\": \"a@example.com\"",
            "{} {}",
            "\u{feff}{}",
            "{'a': 1}",
        ] {
            if body.is_empty() && path == "/auth/refresh" {
                // This route uses the cookie instead.
                continue;
            }
            let request = host
                .request(Method::POST, path)
                .header("content-type", "application/json")
                .body(body);
            Answer::of(request)
                .await
                .assert_error(400, "malformed_json");
        }
        let deep = "[".repeat(10_000);
        let request = host
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(deep);
        let answer = Answer::of(request).await;
        assert!(answer.status == 400 || answer.status == 422, "{answer:?}");
    }
}

/// Fields of another type and duplicate fields are named in the error.
#[tokio::test]
async fn fields_of_another_type_are_refused() {
    let host = Host::start(&[]);
    for (path, body, rule) in [
        (
            "/auth/register",
            "{\"email\": 1, \"password\": \"x\"}",
            "email invalid_type",
        ),
        ("/auth/register", "{\"email\": null}", "email invalid_type"),
        (
            "/auth/register",
            "{\"username\": [\"a\"]}",
            "username invalid_type",
        ),
        ("/auth/register", "[]", " invalid_type"),
        (
            "/auth/login",
            "{\"password\": {\"$ne\": 1}}",
            "password invalid_type",
        ),
        (
            "/auth/refresh",
            "{\"refresh_token\": true}",
            "refresh_token invalid_type",
        ),
        ("/auth/refresh", "\"token\"", " invalid_type"),
    ] {
        let request = host
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body);
        let answer = Answer::of(request).await;
        answer.assert_error(422, "validation_failed");
        assert_eq!(answer.broken_rules(), [rule], "{body}");
    }
    let twice = "{\"email\": \"a@example.com\", \"email\": \"b@example.com\", \"password\": \"x\"}";
    let request = host
        .request(Method::POST, "/auth/login")
        .header("content-type", "application/json")
        .body(twice);
    Answer::of(request)
        .await
        .assert_error(422, "validation_failed");
    let both = json!({"email": "a@example.com", "username": "a", "password": "x"});
    assert_eq!(
        host.post("/auth/login", both).await.broken_rules(),
        ["username ambiguous"]
    );
    assert_eq!(
        host.post("/auth/login", json!({"password": "x"}))
            .await
            .broken_rules(),
        ["email required"]
    );
    assert_eq!(
        host.post("/auth/login", json!({"email": "a@b.c"}))
            .await
            .broken_rules(),
        ["password required"]
    );
    assert_eq!(
        host.post("/auth/refresh", json!({})).await.broken_rules(),
        ["refresh_token required"]
    );
}

/// Other content types are refused before the body is read.
#[tokio::test]
async fn other_content_types_are_refused() {
    let host = Host::start(&[]);
    for path in JSON_ROUTES {
        for content_type in [
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
            "",
        ] {
            let request = host
                .request(Method::POST, path)
                .header("content-type", content_type)
                .body("{}");
            Answer::of(request)
                .await
                .assert_error(415, "unsupported_media_type");
        }
        Answer::of(host.request(Method::POST, path).body("{}"))
            .await
            .assert_error(415, "unsupported_media_type");
        let request = host
            .request(Method::POST, path)
            .header("content-type", "Application/JSON; charset=utf-8")
            .body("{}");
        Answer::of(request)
            .await
            .assert_error(422, "validation_failed");
    }
}

/// A body beyond the limit is refused, with and without an announced length.
#[tokio::test]
async fn an_oversized_body_is_refused() {
    let host = Host::start(&[]);
    let body = json!({"email": "ada@example.com", "password": "x".repeat(70_000)}).to_string();
    for path in JSON_ROUTES {
        let request = host
            .request(Method::POST, path)
            .header("content-type", "application/json")
            .body(body.clone());
        Answer::of(request)
            .await
            .assert_error(413, "payload_too_large");
    }
    let request = host.request(Method::POST, "/auth/token").body(body);
    assert_eq!(Answer::of(request).await.status, 413);
}

/// A compressed body is refused with a specific error on every route.
#[tokio::test]
async fn compressed_bodies_are_refused() {
    let host = Host::start(&[]);
    let send = |path: &str, form: &str, coding: &str| {
        let request = host.request(Method::POST, path);
        let request = request.header("content-type", form);
        let body = "\u{1f}compressed";
        Answer::of(request.header("content-encoding", coding).body(body))
    };
    let (json, form) = ("application/json", "application/x-www-form-urlencoded");
    for coding in ["gzip", "br", "identity, gzip", "GZIP"] {
        for path in JSON_ROUTES {
            let answer = send(path, json, coding).await;
            answer.assert_error(415, "unsupported_encoding");
            assert_eq!(answer.header("accept-encoding"), "identity");
        }
        // RFC 6749 section 5.2 has one status for all invalid requests.
        let token = send("/auth/token", form, coding).await;
        assert_eq!(token.status, 400);
        let told = token.body["error_description"].as_str().unwrap();
        assert!(told.contains("compressed"), "{told}");
    }
    let plain = send("/auth/login", json, "identity").await;
    plain.assert_error(400, "malformed_json");
}

/// A route that reads JSON, from the OpenAPI document.
struct WriteRoute {
    method: String,
    path: String,
    /// The members of its body, with their allowed types.
    fields: Map<String, Value>,
}

/// Returns a schema, following references within the document.
fn resolve(document: &Value, schema: &Value) -> Value {
    let mut schema = schema.clone();
    while let Some(name) = schema["$ref"].as_str() {
        let name = name.rsplit('/').next().unwrap();
        schema = document["components"]["schemas"][name].clone();
    }
    schema
}

/// Returns every route of the document that reads JSON, except for those that sign the caller out.
fn write_routes(document: &Value) -> Vec<WriteRoute> {
    let mut routes = Vec::new();
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if body.is_null() || path.contains("logout") {
                continue;
            }
            let fields = resolve(document, body)["properties"].clone();
            routes.push(WriteRoute {
                method: method.to_uppercase(),
                path: path.clone(),
                fields: fields.as_object().cloned().unwrap_or_default(),
            });
        }
    }
    routes
}

/// Returns arrays that replace an object: as many values as the object has members.
fn lists_for(schema: &Value) -> [Value; 3] {
    let members = schema["properties"].as_object().map_or(0, Map::len);
    [
        json!([]),
        Value::from(vec![Value::Null; members]),
        Value::from(vec!["x"; members]),
    ]
}

/// An object is required in every body and within it: an array of its members' values is refused, and changes nothing.
#[tokio::test]
async fn lists_are_no_objects() {
    let host = Host::start(&[SETUP, ("LOGIN_ATTEMPTS_PER_IP", "0")]);
    let root = host.administrator().await;
    let ben = host.person(&root, "ben", &["user"]).await;
    let values = json!([ben.email, null, PASSWORD, null, null]);
    let login = host.post("/auth/login", values).await;
    login.assert_error(422, "validation_failed");
    assert_eq!(login.broken_rules(), [" invalid_type"]);

    let document = host.get("/openapi.json").await.body;
    let resolve = |schema: &Value| resolve(&document, schema);
    let mut bodies = 0;
    let mut nested = 0;
    for (path, methods) in document["paths"].as_object().unwrap() {
        for (method, operation) in methods.as_object().unwrap() {
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            if body.is_null() {
                continue;
            }
            bodies += 1;
            let body = resolve(body);
            let path = path
                .replace("{id}", &ben.id)
                .replace("{role}", "user")
                .replace("{permission}", "users:read")
                .replace("{token}", &"A".repeat(43));
            let send = async |body: Value, rule: &str| {
                let method = method.to_uppercase();
                let answer = host
                    .send_as(&method, &path, root.token(), body.clone())
                    .await;
                assert_eq!(answer.status, 422, "{method} {path} {body}: {answer:?}");
                assert_eq!(answer.broken_rules(), [rule], "{method} {path} {body}");
            };
            for list in lists_for(&body) {
                send(list, " invalid_type").await;
            }
            for (name, schema) in body["properties"].as_object().unwrap() {
                let (one, many) = (resolve(schema), resolve(&schema["items"]));
                if one["properties"].is_object() {
                    nested += 1;
                    for list in lists_for(&one) {
                        send(json!({ name: list }), &format!("{name} invalid_type")).await;
                    }
                }
                if many["properties"].is_object() {
                    nested += 1;
                    for list in lists_for(&many) {
                        let rule = format!("{name}[0] invalid_type");
                        send(json!({ name: [list] }), &rule).await;
                    }
                }
            }
        }
    }
    assert!(bodies >= 30 && nested >= 1, "{bodies} {nested}");
    // Nobody was signed out, deleted or changed.
    host.get_as("/auth/me", root.token()).await.assert_ok();
    host.login(&ben.email).await;
}

/// Returns whether a schema requires other types than this value's.
fn is_mistyped(schema: &Value, value: &Value) -> bool {
    let name = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |given: &Value| given == name || (name == "number" && given == "integer");
    match &schema["type"] {
        Value::Array(types) => !types.iter().any(fits),
        Value::Null => false,
        one => !fits(one),
    }
}

/// Every route that writes, including those for administrators, with missing, mistyped, unknown or huge fields: returns
/// a clear error in the usual form, or accepts a valid combination, and stays intact.
#[tokio::test]
async fn every_write_route_of_the_document_takes_bad_input() {
    let host = Host::start(&[
        SETUP,
        ("LOGIN_ATTEMPTS_PER_ACCOUNT", "0"),
        ("LOGIN_ATTEMPTS_PER_IP", "0"),
        ("MAILS_PER_ADDRESS", "0"),
    ]);
    let root = host.administrator().await;
    let ben = host.person(&root, "ben", &["user"]).await;
    for (path, body) in [
        ("/permissions", json!({"name": "posts:write"})),
        ("/roles", json!({"name": "editor"})),
    ] {
        let made = host.send_as("POST", path, root.token(), body).await;
        assert_eq!(made.status, 201, "{made:?}");
    }
    let document = host.get("/openapi.json").await.body;
    let routes = write_routes(&document);
    for path in [
        "/users",
        "/users/import",
        "/roles",
        "/permissions",
        "/setup",
    ] {
        assert!(routes.iter().any(|route| route.path == path), "{path}");
    }
    let huge = "x".repeat(60_000);
    for route in &routes {
        let path = route
            .path
            .replace("{id}", &ben.id)
            .replace("{role}", "editor")
            .replace("{permission}", "posts:write")
            .replace("{token}", &"A".repeat(43));
        let method = route.method.as_str();
        let send = async |body: &Value| {
            let answer = host
                .send_as(method, &path, root.token(), body.clone())
                .await;
            let text = body.to_string();
            let shown = &text[..text.len().min(100)];
            let is_error =
                answer.status.is_client_error() && answer.body["error"]["code"].is_string();
            let told = format!("{method} {path} {shown}: {answer:?}");
            assert!(is_error || answer.status.is_success(), "{told}");
            (is_error, told)
        };
        // A value that is not an object, or of another type, is never valid.
        for body in [json!("x"), json!(5), json!(true)] {
            let (is_error, told) = send(&body).await;
            assert!(is_error, "{told}");
        }
        for (name, schema) in &route.fields {
            for value in [json!(5), json!("x"), json!(true), json!([]), json!({})] {
                if is_mistyped(schema, &value) {
                    let (is_error, told) = send(&json!({ name: value })).await;
                    assert!(is_error, "{told}");
                }
            }
            for value in [
                json!(null),
                json!(""),
                json!("\u{0}"),
                json!(huge),
                json!([huge]),
                json!([5]),
                json!([null]),
                json!([{}]),
                json!({"unknown": [huge]}),
                json!(-1),
                json!(1e300),
            ] {
                send(&json!({ name: value })).await;
            }
        }
        let all = |value: Value| {
            let names = route.fields.keys().cloned();
            Value::Object(names.map(|name| (name, value.clone())).collect())
        };
        for body in [
            json!({}),
            json!([]),
            json!({"unknown": "x", "id": 5, "roles_": ["superadmin"]}),
            all(json!("")),
            all(json!([])),
            all(json!({})),
            all(json!(null)),
        ] {
            send(&body).await;
        }
        for raw in ["{", "{} {}", "\u{feff}{}", "nonsense"] {
            let request = host
                .request(Method::from_bytes(method.as_bytes()).unwrap(), &path)
                .bearer_auth(root.token())
                .header("content-type", "application/json")
                .body(raw);
            let answer = Answer::of(request).await;
            assert!(
                answer.status.is_client_error() && answer.body["error"]["code"].is_string(),
                "{method} {path} {raw}: {answer:?}"
            );
        }
        let form = host
            .request(Method::from_bytes(method.as_bytes()).unwrap(), &path)
            .bearer_auth(root.token())
            .form(&[("email", "a@example.com")]);
        Answer::of(form)
            .await
            .assert_error(415, "unsupported_media_type");
        let beyond = "x".repeat(70_000);
        let (is_error, told) = send(&json!({ "name": beyond })).await;
        assert!(is_error, "{told}");
    }
    // Nobody was signed out, and no rank has changed.
    host.get_as("/users", root.token()).await.assert_ok();
    let record = host.record(&root, &ben.id).await;
    let roles = record["roles"].as_array().unwrap();
    let first = [json!("user"), json!("verified")];
    assert!(roles.iter().all(|role| first.contains(role)), "{record}");
}
