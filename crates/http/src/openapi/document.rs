//! Generation of the OpenAPI 3.1 document from the table of routes. It is checked in as `openapi.json`.

use utoipa::openapi::path::{HttpMethod, PathsBuilder};
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityScheme,
};
use utoipa::openapi::{InfoBuilder, License, OpenApi, OpenApiBuilder, PathItem};

use super::errors::{ErrorResponse, OAuthError};
use super::operation::operation;
use crate::schema::SchemaOf;
use crate::table;

fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in table::all() {
        let method = match route.method {
            "POST" => HttpMethod::Post,
            "PATCH" => HttpMethod::Patch,
            "PUT" => HttpMethod::Put,
            "DELETE" => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        paths = paths.path(route.path, PathItem::new(method, operation(route)));
    }
    let oauth = OAuth2::with_description(
        [Flow::Password(Password::new("/auth/token", Scopes::new()))],
        "Sign in with an e-mail address or user name and a password.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
    let mut components = ComponentsBuilder::new()
        .security_scheme("bearer", SecurityScheme::Http(bearer))
        .security_scheme("password", SecurityScheme::OAuth2(oauth));
    let errors = [
        SchemaOf::new::<ErrorResponse>(),
        SchemaOf::new::<OAuthError>(),
    ];
    let of_routes = table::all().flat_map(|route| [route.request_schema, route.answer_schema]);
    for schema in of_routes.flatten().chain(errors) {
        for (name, schema) in schema.with_inner() {
            components = components.schema(name, schema);
        }
    }
    OpenApiBuilder::new()
        .info(
            InfoBuilder::new()
                .title("Gatewright")
                .version(env!("CARGO_PKG_VERSION"))
                .description(Some("Authentication and authorization for the edge."))
                .license(Some(License::new(env!("CARGO_PKG_LICENSE"))))
                .build(),
        )
        .paths(paths.build())
        .components(Some(components.build()))
        .build()
}

/// Returns the document with a line for each operation and each schema, so that it is short and can be compared.
fn text() -> String {
    /// The depth of operations and schemas.
    const DEPTH: usize = 3;
    let mut text = String::new();
    for line in document().to_pretty_json().unwrap().lines() {
        let content = line.trim_start();
        let depth = (line.len() - content.len()) / 2;
        let ends_line = depth == DEPTH && content.starts_with(['}', ']']);
        if depth > DEPTH || ends_line {
            text.push_str(content);
        } else {
            text.push('\n');
            text.push_str(line);
        }
    }
    text.trim_start().to_owned() + "\n"
}

/// Environment variable that makes the test write the document instead of comparing it.
const UPDATE: &str = "GATEWRIGHT_UPDATE";

#[test]
fn the_checked_in_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let current = text();
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(
        checked_in == current,
        "openapi.json is out of date; run this test with {UPDATE}=1"
    );
}

#[test]
fn every_schema_that_a_route_names_is_there() {
    let document: serde_json::Value = serde_json::from_str(&document().to_json().unwrap()).unwrap();
    let mut references = Vec::new();
    collect_references(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').unwrap();
        assert!(
            document.pointer(pointer).is_some(),
            "{reference} does not exist"
        );
    }
}

fn collect_references<'a>(value: &'a serde_json::Value, found: &mut Vec<&'a str>) {
    match value {
        serde_json::Value::Object(members) => {
            for (name, member) in members {
                match member.as_str() {
                    Some(target) if name == "$ref" => found.push(target),
                    _ => collect_references(member, found),
                }
            }
        }
        serde_json::Value::Array(items) => items
            .iter()
            .for_each(|item| collect_references(item, found)),
        _ => {}
    }
}
