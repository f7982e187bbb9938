//! The OpenAPI 3.1 document of the table of routes, checked in as `openapi.json`.

use std::collections::BTreeSet;

use http::Method;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::response::ResponseBuilder;
use utoipa::openapi::schema::ComponentsBuilder;
use utoipa::openapi::security::{
    Flow, HttpAuthScheme, HttpBuilder, OAuth2, Password, Scopes, SecurityRequirement,
    SecurityScheme,
};
use utoipa::openapi::{
    Deprecated, InfoBuilder, License, OpenApi, OpenApiBuilder, PathItem, Ref, Required,
};
use utoipa::{PartialSchema, ToSchema};

use crate::accounts::{
    AccountResponse, AccountUpdateRequest, ChangeEmailRequest, ChangePasswordRequest, MeResponse,
    PasswordRequest, SessionView, SessionsResponse, UserView,
};
use crate::factors::{
    CodeRequest, EnableTotpRequest, PasswordAndCodeRequest, RecoveryCodesResponse, TotpResponse,
};
use crate::links::{EmailRequest, ResetPasswordRequest, VerifyRequest};
use crate::operations::{AuditResponse, EventView, KeyView, KeysResponse, SetupRequest};
use crate::roles::{
    CheckRequest, CheckResponse, CreatePermissionRequest, CreateRoleRequest, OneCheck,
    PermissionUpdateRequest, PermissionView, PermissionsResponse, RoleUpdateRequest, RoleView,
    RolesResponse,
};
use crate::routes::{Access, RequestBody, Route, all};
use crate::signing_in::{
    LoginBody, LoginMfaRequest, LoginResponse, LogoutRequest, MfaRequiredResponse, RefreshRequest,
    RegisterRequest, RegisterResponse, TokenResponse,
};
use crate::users::{
    CreateUserRequest, ExportResponse, ImpersonateRequest, ImpersonateResponse, ImportError,
    ImportRequest, ImportResponse, ImportResult, ImportedUser, UserRecord, UserUpdateRequest,
    UsersResponse,
};

/// The form of errors.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what error.rs writes")]
struct ErrorResponse {
    error: ErrorBody,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what error.rs writes")]
struct ErrorBody {
    /// Stable, for programs.
    code: String,
    /// For people.
    message: String,
    /// The HTTP status.
    status_code: u16,
    /// On `validation_failed`: every broken rule.
    #[schema(nullable = false)]
    details: Option<Vec<ErrorDetail>>,
    /// On `internal_error`: what to quote to the operator.
    #[schema(nullable = false)]
    request_id: Option<String>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what error.rs writes")]
struct ErrorDetail {
    field: String,
    code: String,
    message: String,
}

/// The form of errors of RFC 6749 section 5.2.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what error.rs writes")]
struct OAuthError {
    error: String,
    error_description: String,
    /// On `mfa_required`: for `/auth/login/mfa`.
    #[schema(nullable = false)]
    mfa_token: Option<String>,
}

/// Parameters of RFC 6749 sections 4.3.2 and 6.
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what signing_in.rs reads")]
struct TokenRequest {
    /// `password` or `refresh_token`.
    grant_type: String,
    /// With `password`: e-mail address or user name.
    #[schema(nullable = false)]
    username: Option<String>,
    /// With `password`.
    #[schema(nullable = false)]
    password: Option<String>,
    /// With `refresh_token`.
    #[schema(nullable = false)]
    refresh_token: Option<String>,
    /// With `password`, where a second factor is in force: a code of it, or a recovery code.
    #[schema(nullable = false)]
    totp_code: Option<String>,
}

#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what service.rs writes")]
struct Health {
    status: String,
}

/// A JWK Set (RFC 7517 section 5).
#[derive(ToSchema)]
#[allow(dead_code, reason = "documents what auth_core writes")]
struct JwkSet {
    keys: Vec<serde_json::Map<String, serde_json::Value>>,
}

fn document() -> OpenApi {
    let mut paths = PathsBuilder::new();
    for route in all() {
        let method = match route.method {
            Method::POST => HttpMethod::Post,
            Method::PATCH => HttpMethod::Patch,
            Method::PUT => HttpMethod::Put,
            Method::DELETE => HttpMethod::Delete,
            _ => HttpMethod::Get,
        };
        paths = paths.path(route.path, PathItem::new(method, operation(route)));
    }
    let oauth = OAuth2::with_description(
        [Flow::Password(Password::new("/auth/token", Scopes::new()))],
        "Sign in with e-mail address or user name and password.",
    );
    let bearer = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .bearer_format("JWT")
        .build();
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
        .components(Some(
            ComponentsBuilder::new()
                .schema("RegisterRequest", RegisterRequest::schema())
                .schema("LoginRequest", LoginBody::schema())
                .schema("LoginMfaRequest", LoginMfaRequest::schema())
                .schema("TokenRequest", TokenRequest::schema())
                .schema("RefreshRequest", RefreshRequest::schema())
                .schema("LogoutRequest", LogoutRequest::schema())
                .schema("TokenResponse", TokenResponse::schema())
                .schema("MfaRequiredResponse", MfaRequiredResponse::schema())
                .schema("LoginResponse", LoginResponse::schema())
                .schema("UserView", UserView::schema())
                .schema("RegisterResponse", RegisterResponse::schema())
                .schema("MeResponse", MeResponse::schema())
                .schema("EmailRequest", EmailRequest::schema())
                .schema("VerifyRequest", VerifyRequest::schema())
                .schema("ResetPasswordRequest", ResetPasswordRequest::schema())
                .schema("EnableTotpRequest", EnableTotpRequest::schema())
                .schema("TotpResponse", TotpResponse::schema())
                .schema("CodeRequest", CodeRequest::schema())
                .schema("PasswordAndCodeRequest", PasswordAndCodeRequest::schema())
                .schema("RecoveryCodesResponse", RecoveryCodesResponse::schema())
                .schema("AccountResponse", AccountResponse::schema())
                .schema("AccountUpdateRequest", AccountUpdateRequest::schema())
                .schema("PasswordRequest", PasswordRequest::schema())
                .schema("ChangePasswordRequest", ChangePasswordRequest::schema())
                .schema("ChangeEmailRequest", ChangeEmailRequest::schema())
                .schema("SessionsResponse", SessionsResponse::schema())
                .schema("SessionView", SessionView::schema())
                .schema("UsersResponse", UsersResponse::schema())
                .schema("UserRecord", UserRecord::schema())
                .schema("CreateUserRequest", CreateUserRequest::schema())
                .schema("UserUpdateRequest", UserUpdateRequest::schema())
                .schema("ImpersonateRequest", ImpersonateRequest::schema())
                .schema("ImpersonateResponse", ImpersonateResponse::schema())
                .schema("ImportRequest", ImportRequest::schema())
                .schema("ImportedUser", ImportedUser::schema())
                .schema("ImportResponse", ImportResponse::schema())
                .schema("ImportResult", ImportResult::schema())
                .schema("ImportError", ImportError::schema())
                .schema("ExportResponse", ExportResponse::schema())
                .schema("RolesResponse", RolesResponse::schema())
                .schema("RoleView", RoleView::schema())
                .schema("CreateRoleRequest", CreateRoleRequest::schema())
                .schema("RoleUpdateRequest", RoleUpdateRequest::schema())
                .schema("PermissionsResponse", PermissionsResponse::schema())
                .schema("PermissionView", PermissionView::schema())
                .schema("CreatePermissionRequest", CreatePermissionRequest::schema())
                .schema("PermissionUpdateRequest", PermissionUpdateRequest::schema())
                .schema("CheckRequest", CheckRequest::schema())
                .schema("OneCheck", OneCheck::schema())
                .schema("CheckResponse", CheckResponse::schema())
                .schema("AuditResponse", AuditResponse::schema())
                .schema("EventView", EventView::schema())
                .schema("KeysResponse", KeysResponse::schema())
                .schema("KeyView", KeyView::schema())
                .schema("SetupRequest", SetupRequest::schema())
                .schema("Health", Health::schema())
                .schema("JwkSet", JwkSet::schema())
                .schema("ErrorResponse", ErrorResponse::schema())
                .schema("ErrorBody", ErrorBody::schema())
                .schema("ErrorDetail", ErrorDetail::schema())
                .schema("OAuthError", OAuthError::schema())
                .security_scheme("bearer", SecurityScheme::Http(bearer))
                .security_scheme("password", SecurityScheme::OAuth2(oauth))
                .build(),
        ))
        .build()
}

fn operation(route: &Route) -> utoipa::openapi::path::Operation {
    let schema = |name: &str| {
        ContentBuilder::new()
            .schema(Some(Ref::from_schema_name(name)))
            .build()
    };
    let mut operation = OperationBuilder::new()
        .operation_id(Some(operation_id(route)))
        .summary(Some(route.summary));
    if route.deprecated {
        operation = operation.deprecated(Some(Deprecated::True));
    }
    let inner = |part: &'static str| part.strip_prefix('{')?.strip_suffix('}');
    let of_path = route.path.split('/').filter_map(inner);
    let of_path = of_path.map(|name| (name, ParameterIn::Path, Required::True));
    let of_query = route.query.iter();
    let of_query = of_query.map(|name| (*name, ParameterIn::Query, Required::False));
    for (name, place, required) in of_path.chain(of_query) {
        let parameter = ParameterBuilder::new()
            .name(name)
            .parameter_in(place)
            .required(required)
            .schema(Some(String::schema()))
            .build();
        operation = operation.parameter(parameter);
    }
    if let Access::Permission(needed) = route.access {
        operation = operation.description(Some(format!("Needs the permission `{needed}`.")));
    }
    let body = |content_type, name, required| {
        RequestBodyBuilder::new()
            .content(content_type, schema(name))
            .required(Some(required))
            .build()
    };
    let form = matches!(route.request, RequestBody::Form(_));
    operation = operation.request_body(match route.request {
        RequestBody::None => None,
        RequestBody::Json(name) => Some(body("application/json", name, Required::True)),
        RequestBody::OptionalJson(name) => Some(body("application/json", name, Required::False)),
        RequestBody::Form(name) => Some(body(
            "application/x-www-form-urlencoded",
            name,
            Required::True,
        )),
    });
    let mut success = ResponseBuilder::new().description("Success.");
    if let Some((content_type, name)) = route.response {
        let content = name.map_or_else(|| ContentBuilder::new().build(), schema);
        success = success.content(content_type.split(';').next().unwrap(), content);
    }
    operation = operation.response(route.status.as_str(), success.build());
    let error = if form { "OAuthError" } else { "ErrorResponse" };
    for status in errors(route) {
        let reason = http::StatusCode::from_u16(status)
            .unwrap()
            .canonical_reason()
            .unwrap();
        let response = ResponseBuilder::new()
            .description(format!("{reason}."))
            .content("application/json", schema(error));
        operation = operation.response(status.to_string(), response.build());
    }
    if route.access != Access::Public {
        for scheme in ["bearer", "password"] {
            operation = operation.security(SecurityRequirement::new(scheme, Vec::<String>::new()));
        }
    }
    if route.access == Access::TokenHolder {
        operation = operation.security(SecurityRequirement::default());
    }
    operation.build()
}

/// Of an operation with several routes the first has its name.
fn operation_id(route: &Route) -> String {
    let same = |other: &&Route| other.operation == route.operation;
    let nth = all().filter(same).position(|other| other == route).unwrap();
    match nth {
        0 => format!("{:?}", route.operation),
        nth => format!("{:?}{}", route.operation, nth + 1),
    }
}

/// Statuses of errors: a route's own, and those that follow from the rest of it.
fn errors(route: &Route) -> BTreeSet<u16> {
    let mut errors: BTreeSet<u16> = route.errors.iter().copied().collect();
    match route.request {
        RequestBody::None => {}
        RequestBody::Json(_) | RequestBody::OptionalJson(_) => errors.extend([400, 413, 415, 422]),
        RequestBody::Form(_) => errors.extend([400, 413]),
    }
    if route.access != Access::Public {
        errors.insert(401);
        // By a cookie, from a page of another site; without the permission; or acting as another.
        if route.method != Method::GET || !route.while_acting {
            errors.insert(403);
        }
    }
    if route.path.contains('{') {
        let by_identifier = matches!(route.access, Access::Authenticated | Access::Permission(_));
        errors.insert(if by_identifier { 404 } else { 400 });
    }
    if !route.query.is_empty() {
        errors.insert(422);
    }
    errors.extend([500, 503]);
    errors
}

/// Set to write the document instead of comparing it.
const UPDATE: &str = "GATEWRIGHT_UPDATE";

#[test]
fn the_checked_in_document_is_current() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/openapi.json");
    let current = document().to_pretty_json().unwrap() + "\n";
    if std::env::var_os(UPDATE).is_some() {
        std::fs::write(path, &current).unwrap();
    }
    let checked_in = std::fs::read_to_string(path).unwrap();
    assert!(
        checked_in == current,
        "openapi.json is not what the routes say; run this test with {UPDATE}=1"
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
            "{reference} leads nowhere"
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
