//! The description of a route in the OpenAPI document.

use std::collections::BTreeSet;

use utoipa::openapi::content::{Content, ContentBuilder};
use utoipa::openapi::path::{
    Operation, OperationBuilder, Parameter, ParameterBuilder, ParameterIn,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Deprecated, Ref, Required};

use super::errors::{ErrorResponse, OAuthError};
use crate::request::media_type;
use crate::request::query::DEFAULT_LIMIT;
use crate::route::{Access, ParameterForm, Recency, RequestBody, Route};
use crate::schema::SchemaOf;
use crate::table;

pub(super) fn operation(route: &Route) -> Operation {
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route)))
        .summary(Some(route.summary));
    if route.deprecated {
        operation = operation.deprecated(Some(Deprecated::True));
    }
    for parameter in parameters(route) {
        operation = operation.parameter(parameter);
    }
    let mut needs = Vec::new();
    if let Access::Permission(needed) = route.access {
        needs.push(format!("Requires the permission `{needed}`."));
    }
    needs.extend(recency(route.recency));
    if !needs.is_empty() {
        operation = operation.description(Some(needs.join(" ")));
    }
    let (media_type, required) = match route.body {
        RequestBody::Form | RequestBody::FormPost => (media_type::FORM, Required::True),
        RequestBody::OptionalJson => ("application/json", Required::False),
        RequestBody::Json | RequestBody::None => ("application/json", Required::True),
    };
    operation = operation.request_body(route.request_schema.map(|schema| {
        let mut body = RequestBodyBuilder::new().content(media_type, content(schema));
        if route.takes_multipart() {
            body = body.content(media_type::MULTIPART, content(schema));
        }
        body.required(Some(required)).build()
    }));
    let mut success = ResponseBuilder::new().description("Success.");
    if let Some(content_type) = route.content_type {
        let body = route.answer_schema.map_or_else(Content::default, content);
        success = success.content(content_type.split(';').next().unwrap(), body);
    }
    let success = success.build();
    if route.can_wait {
        operation = operation.response("202", success.clone());
    }
    operation = operation.response(route.status.as_str(), success);
    let error = match route.body {
        RequestBody::Form => SchemaOf::new::<OAuthError>(),
        _ => SchemaOf::new::<ErrorResponse>(),
    };
    for status in errors(route) {
        let reason = http::StatusCode::from_u16(status)
            .unwrap()
            .canonical_reason()
            .unwrap();
        let response = ResponseBuilder::new()
            .description(format!("{reason}."))
            .content("application/json", content(error));
        operation = operation.response(status.to_string(), response.build());
    }
    if route.access != Access::Public {
        for scheme in ["bearer", "password"] {
            operation = operation.security(SecurityRequirement::new(scheme, Vec::<String>::new()));
        }
    }
    if route.access == Access::OptionalSession {
        operation = operation.security(SecurityRequirement::default());
    }
    operation.build()
}

/// Describes when the route requires recent authentication.
fn recency(recency: Recency) -> Option<String> {
    let when = match recency {
        Recency::Never => return None,
        Recency::Always => String::new(),
        Recency::WithMember(name) => format!(" if `{name}` is present"),
        Recency::WithFlag(name) => format!(" if `{name}` is true"),
        Recency::OfOtherSessions => " unless `id` is the session of the request".to_owned(),
    };
    Some(format!(
        "Requires authentication within the last ten minutes{when} (see `/auth/reauthenticate`)."
    ))
}

fn content(schema: SchemaOf) -> Content {
    ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(schema.name())))
        .build()
}

/// Returns the path parameters and query parameters of a route.
fn parameters(route: &Route) -> Vec<Parameter> {
    let inner = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
    let of_path = route.path.split('/').filter_map(inner);
    let of_path = of_path.map(|name| {
        let text = ObjectBuilder::new().schema_type(Type::String);
        ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Path)
            .required(Required::True)
            .schema(Some(text))
            .build()
    });
    let of_query = route.query.iter().map(|parameter| {
        ParameterBuilder::new()
            .name(parameter.name)
            .parameter_in(ParameterIn::Query)
            .required(Required::False)
            .schema(Some(form(parameter.form)))
            .build()
    });
    of_path.chain(of_query).collect()
}

fn form(form: ParameterForm) -> ObjectBuilder {
    let text = ObjectBuilder::new().schema_type(Type::String);
    match form {
        ParameterForm::Text { max } => text.max_length(max),
        ParameterForm::OneOf(words) => text.enum_values(Some(words.to_vec())),
        ParameterForm::Flag => ObjectBuilder::new().schema_type(Type::Boolean),
        ParameterForm::Time => text.format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime))),
        ParameterForm::Uuid => text.format(Some(SchemaFormat::Custom("uuid".to_owned()))),
        ParameterForm::Limit { max } => ObjectBuilder::new()
            .schema_type(Type::Integer)
            .minimum(Some(1))
            .maximum(Some(max))
            .default(Some(max.min(DEFAULT_LIMIT).into())),
        ParameterForm::Cursor => text,
    }
}

/// Returns the name of the handler in the spelling of types. Further routes of the same handler get a number.
fn operation_id(route: &Route) -> String {
    if let Some(name) = route.operation_id {
        return name.to_owned();
    }
    let words = route.handler.split('_');
    let name: String = words
        .map(|word| word[..1].to_uppercase() + &word[1..])
        .collect();
    let is_route = |other: &&Route| other.method == route.method && other.path == route.path;
    let same = table::all().filter(|other| other.handler == route.handler);
    match same.take_while(|other| !is_route(other)).count() {
        0 => name,
        before => format!("{name}{}", before + 1),
    }
}

/// Returns the statuses of errors: the route's own, and those that follow from its body, access and parameters.
fn errors(route: &Route) -> BTreeSet<u16> {
    let mut errors: BTreeSet<u16> = route.errors.iter().copied().collect();
    match route.body {
        RequestBody::None => {}
        RequestBody::Json | RequestBody::OptionalJson => errors.extend([400, 413, 415, 422]),
        RequestBody::Form => errors.extend([400, 413]),
        RequestBody::FormPost => errors.extend([400, 413, 415]),
    }
    if route.access != Access::Public {
        errors.insert(401);
        // A cookie from a page of another site, a missing permission, impersonation, or a missing second factor.
        if route.method != "GET" || !route.while_impersonating || !route.while_enrolling {
            errors.insert(403);
        }
    }
    if route.path.contains('{') {
        let by_identifier = matches!(route.access, Access::Session | Access::Permission(_));
        errors.insert(if by_identifier { 404 } else { 400 });
    }
    if !route.query.is_empty() {
        errors.insert(422);
    }
    errors.extend([500, 503]);
    errors
}
