//! The table of routes.

use std::sync::LazyLock;

use auth_core::access::IMPERSONATE;
use http::{Method, StatusCode};

use crate::aliases::ALIASES;
use crate::body::MAX_BODY;
use crate::{operations, users};

/// What a route does; each has one handler.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[allow(missing_docs, reason = "each is described by its row of the table")]
pub enum Operation {
    Register,
    Login,
    LoginMfa,
    CookieLogin,
    Token,
    Refresh,
    Logout,
    LogoutAll,
    Me,
    ResendVerification,
    VerifyEmail,
    ForgotPassword,
    ResetPassword,
    EnableTotp,
    ConfirmTotp,
    DisableTotp,
    RecoveryCodes,
    Account,
    UpdateAccount,
    DeleteAccount,
    ChangePassword,
    ChangeEmail,
    ConfirmEmail,
    UndoEmail,
    LogoutOthers,
    Sessions,
    EndSession,
    ListUsers,
    CreateUser,
    ImportUsers,
    ExportUsers,
    GetUser,
    UpdateUser,
    DeleteUser,
    DisableUser,
    EnableUser,
    UnlockUser,
    ForcePasswordReset,
    UserSessions,
    EndUserSessions,
    EndUserSession,
    AddRole,
    RemoveRole,
    Impersonate,
    ListRoles,
    CreateRole,
    GetRole,
    UpdateRole,
    DeleteRole,
    GrantPermission,
    RevokePermission,
    ListPermissions,
    CreatePermission,
    GetPermission,
    UpdatePermission,
    DeletePermission,
    CheckAccess,
    Audit,
    ListKeys,
    RotateKey,
    SetUp,
    Metrics,
    Jwks,
    Healthz,
    Readyz,
    OpenApi,
    HomePage,
    RegisterPage,
    LoginPage,
    VerifyPage,
    ConfirmEmailPage,
    UndoEmailPage,
    ForgotPasswordPage,
    ResetPasswordPage,
    AccountPage,
    PageScript,
    PageStyle,
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Who presents the token of a session, in a header or a cookie.
    Authenticated,
    /// Whose session has this permission.
    Permission(&'static str),
    /// The same, or who presents something else in the body.
    TokenHolder,
}

/// The form of a request's body; the name is that of its schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// None is read.
    None,
    /// JSON.
    Json(&'static str),
    /// JSON, or nothing.
    OptionalJson(&'static str),
    /// `application/x-www-form-urlencoded`, as OAuth 2.0 prescribes.
    Form(&'static str),
}

/// One route.
#[derive(Debug, Clone)]
pub struct Route {
    /// What it does.
    pub operation: Operation,
    /// Method; a route for GET answers HEAD too.
    pub method: Method,
    /// Path; what stands in braces is a parameter.
    pub path: &'static str,
    /// What it is for, in a sentence.
    pub summary: &'static str,
    /// Who may call it.
    pub access: Access,
    /// Whether an administrator who acts as another may call it: it shows what is the other's, and changes nothing of it. Every
    /// route that takes a session is closed to them unless it says so.
    pub while_acting: bool,
    /// Names of parameters behind the question mark.
    pub query: &'static [&'static str],
    /// What it reads.
    pub request: RequestBody,
    /// Most bytes of it.
    pub max_body: usize,
    /// Status of success.
    pub status: StatusCode,
    /// Content type of success and, for JSON, the name of its schema; none: no body.
    pub response: Option<(&'static str, Option<&'static str>)>,
    /// Statuses of the errors that are its own; those that follow from its body and from who may call it, and those of
    /// every route (404, 405, 500, 503), are not repeated.
    pub errors: &'static [u16],
    /// True: it computes a password hash, tens of milliseconds, so a host runs it apart from the others.
    pub heavy: bool,
    /// True: it is there for clients of other systems.
    pub deprecated: bool,
}

const JSON: &str = "application/json";
const HTML: &str = "text/html; charset=utf-8";

impl Route {
    /// Whether it reads a body.
    pub fn reads_body(&self) -> bool {
        self.request != RequestBody::None
    }

    /// A route for anybody that reads and returns nothing.
    pub(crate) const fn new(
        method: Method,
        path: &'static str,
        operation: Operation,
        summary: &'static str,
    ) -> Self {
        Self {
            operation,
            method,
            path,
            summary,
            access: Access::Public,
            while_acting: false,
            query: &[],
            request: RequestBody::None,
            max_body: MAX_BODY,
            status: StatusCode::NO_CONTENT,
            response: None,
            errors: &[],
            heavy: false,
            deprecated: false,
        }
    }

    pub(crate) const fn authenticated(mut self) -> Self {
        self.access = Access::Authenticated;
        self
    }

    /// For those who have a permission themselves.
    const fn needs(mut self, permission: &'static str) -> Self {
        self.access = Access::Permission(permission);
        self
    }

    /// Also for an administrator who acts as another.
    const fn while_acting(mut self) -> Self {
        self.while_acting = true;
        self
    }

    /// For bodies that are a list.
    const fn large(mut self) -> Self {
        self.max_body = 1 << 20;
        self
    }

    const fn queries(mut self, names: &'static [&'static str]) -> Self {
        self.query = names;
        self
    }

    pub(crate) const fn for_holders(mut self) -> Self {
        self.access = Access::TokenHolder;
        self
    }

    pub(crate) const fn reads(mut self, request: RequestBody) -> Self {
        self.request = request;
        self
    }

    pub(crate) const fn answers(mut self, status: StatusCode, schema: &'static str) -> Self {
        self.status = status;
        self.response = Some((JSON, Some(schema)));
        self
    }

    pub(crate) const fn returns(self, schema: &'static str) -> Self {
        self.answers(StatusCode::OK, schema)
    }

    /// Success says nothing, and that it may take a while.
    pub(crate) const fn accepted(mut self) -> Self {
        self.status = StatusCode::ACCEPTED;
        self
    }

    pub(crate) const fn fails(mut self, errors: &'static [u16]) -> Self {
        self.errors = errors;
        self
    }

    pub(crate) const fn heavy(mut self) -> Self {
        self.heavy = true;
        self
    }

    pub(crate) const fn deprecated(mut self) -> Self {
        self.deprecated = true;
        self
    }
}

pub(crate) const fn get(path: &'static str, operation: Operation, summary: &'static str) -> Route {
    Route::new(Method::GET, path, operation, summary)
}

pub(crate) const fn post(path: &'static str, operation: Operation, summary: &'static str) -> Route {
    Route::new(Method::POST, path, operation, summary)
}

const fn put(path: &'static str, operation: Operation, summary: &'static str) -> Route {
    Route::new(Method::PUT, path, operation, summary)
}

const fn delete(path: &'static str, operation: Operation, summary: &'static str) -> Route {
    Route::new(Method::DELETE, path, operation, summary)
}

const fn page(
    path: &'static str,
    operation: Operation,
    summary: &'static str,
    content_type: &'static str,
) -> Route {
    let mut route = get(path, operation, summary);
    route.status = StatusCode::OK;
    route.response = Some((content_type, None));
    route
}

use RequestBody::{Form, Json, OptionalJson};

/// Every route but those for clients of other systems.
pub static ROUTES: &[Route] = &[
    post(
        "/auth/register",
        Operation::Register,
        "Creates a user, and signs in where that is configured.",
    )
    .reads(Json("RegisterRequest"))
    .answers(StatusCode::CREATED, "RegisterResponse")
    .fails(&[409, 429])
    .heavy(),
    post(
        "/auth/login",
        Operation::Login,
        "Signs in with e-mail address or user name and password.",
    )
    .reads(Json("LoginRequest"))
    .returns("LoginResponse")
    .fails(&[401, 403, 429])
    .heavy(),
    post(
        "/auth/login/mfa",
        Operation::LoginMfa,
        "Goes on with a login by a code of the second factor.",
    )
    .reads(Json("LoginMfaRequest"))
    .returns("TokenResponse")
    .fails(&[401, 403, 429]),
    post(
        "/auth/token",
        Operation::Token,
        "The OAuth 2.0 token endpoint: grants `password` and `refresh_token` (RFC 6749).",
    )
    .reads(Form("TokenRequest"))
    .returns("TokenResponse")
    .fails(&[429])
    .heavy(),
    post(
        "/auth/refresh",
        Operation::Refresh,
        "Exchanges a refresh token, of the body or of a cookie, for a new pair; the old one is used up.",
    )
    .reads(OptionalJson("RefreshRequest"))
    .returns("TokenResponse")
    .fails(&[401, 403, 429]),
    post(
        "/auth/logout",
        Operation::Logout,
        "Ends the session of the refresh token in the body or, without one, of the token in the header or cookie.",
    )
    .for_holders()
    .reads(OptionalJson("LogoutRequest"))
    .fails(&[403]),
    post("/auth/logout-all", Operation::LogoutAll, "Ends every session of the user.")
        .authenticated(),
    get("/auth/me", Operation::Me, "The user, with roles and permissions.")
        .authenticated()
        .while_acting()
        .returns("MeResponse"),
    get("/users/me", Operation::Me, "The same as `/auth/me`.")
        .authenticated()
        .while_acting()
        .returns("MeResponse"),
    post(
        "/auth/verify/resend",
        Operation::ResendVerification,
        "Sends the link that verifies an address anew. Answers alike whether or not there is such an account.",
    )
    .reads(Json("EmailRequest"))
    .accepted()
    .fails(&[429]),
    post(
        "/auth/verify/{token}",
        Operation::VerifyEmail,
        "Verifies an e-mail address by the link that was sent there, with a session or the password of the account.",
    )
    .for_holders()
    .reads(OptionalJson("VerifyRequest"))
    .returns("UserView")
    .fails(&[403, 429])
    .heavy(),
    get(
        "/auth/verify/{token}",
        Operation::VerifyEmail,
        "The same with a session of the account; a browser without one is led to the page `/verify`.",
    )
    .for_holders()
    .returns("UserView")
    .fails(&[400, 403]),
    post(
        "/auth/forgot-password",
        Operation::ForgotPassword,
        "Sends a link to choose a new password. Answers alike whether or not there is such an account.",
    )
    .reads(Json("EmailRequest"))
    .accepted()
    .fails(&[429]),
    post(
        "/auth/reset-password/{token}",
        Operation::ResetPassword,
        "Sets a new password by the link that was sent. All sessions end.",
    )
    .reads(Json("ResetPasswordRequest"))
    .fails(&[429])
    .heavy(),
    post(
        "/auth/confirm-email/{token}",
        Operation::ConfirmEmail,
        "Changes the e-mail address by the link that was sent to the new one, with a session or the password of the account.",
    )
    .for_holders()
    .reads(OptionalJson("VerifyRequest"))
    .returns("UserView")
    .fails(&[403, 409, 429])
    .heavy(),
    post(
        "/auth/undo-email/{token}",
        Operation::UndoEmail,
        "Takes a change of the e-mail address back by the link that was sent to the old one. All sessions end.",
    )
    .returns("UserView")
    .fails(&[400, 409]),
    post(
        "/auth/2fa/enable",
        Operation::EnableTotp,
        "Makes a TOTP key for an authenticator app; a code of it puts it in force.",
    )
    .authenticated()
    .reads(OptionalJson("EnableTotpRequest"))
    .returns("TotpResponse")
    .fails(&[403, 409, 429])
    .heavy(),
    post(
        "/auth/2fa/verify",
        Operation::ConfirmTotp,
        "Puts the TOTP key in force by a code of it; returns recovery codes, which are shown this once.",
    )
    .authenticated()
    .reads(Json("CodeRequest"))
    .returns("RecoveryCodesResponse")
    .fails(&[409, 429]),
    post("/auth/2fa/disable", Operation::DisableTotp, "Takes the second factor away.")
        .authenticated()
        .reads(Json("PasswordAndCodeRequest"))
        .fails(&[403, 409, 429])
        .heavy(),
    post(
        "/auth/2fa/recovery-codes",
        Operation::RecoveryCodes,
        "Makes new recovery codes; the old ones are void.",
    )
    .authenticated()
    .reads(Json("PasswordAndCodeRequest"))
    .returns("RecoveryCodesResponse")
    .fails(&[403, 409, 429])
    .heavy(),
    get("/account", Operation::Account, "The account of the person who is signed in.")
        .authenticated()
        .while_acting()
        .returns("AccountResponse"),
    Route::new(
        Method::PATCH,
        "/account",
        Operation::UpdateAccount,
        "Changes user name, name and profile; what is left out stays, null takes away.",
    )
    .authenticated()
    .reads(Json("AccountUpdateRequest"))
    .returns("UserView")
    .fails(&[409, 429]),
    delete("/account", Operation::DeleteAccount, "Deletes the account and everything of it.")
        .authenticated()
        .reads(Json("PasswordRequest"))
        .fails(&[403, 429])
        .heavy(),
    post(
        "/account/change-password",
        Operation::ChangePassword,
        "Sets another password. All other sessions end.",
    )
    .authenticated()
    .reads(Json("ChangePasswordRequest"))
    .fails(&[403, 429])
    .heavy(),
    post(
        "/account/change-email",
        Operation::ChangeEmail,
        "Sends a link to a new e-mail address, which changes it.",
    )
    .authenticated()
    .reads(Json("ChangeEmailRequest"))
    .accepted()
    .fails(&[403, 429])
    .heavy(),
    post(
        "/account/logout-others",
        Operation::LogoutOthers,
        "Ends every other session of the user.",
    )
    .authenticated(),
    get("/account/sessions", Operation::Sessions, "The sessions that last.")
        .authenticated()
        .while_acting()
        .returns("SessionsResponse"),
    delete("/account/sessions/{id}", Operation::EndSession, "Ends one session.").authenticated(),
    get("/users", Operation::ListUsers, "A page of users: searched, filtered and sorted.")
        .needs("users:read")
        .queries(users::LIST)
        .returns("UsersResponse"),
    post("/users", Operation::CreateUser, "Makes a user, and invites him if that is asked for.")
        .needs("users:write")
        .reads(Json("CreateUserRequest"))
        .answers(StatusCode::CREATED, "UserRecord")
        .fails(&[409])
        .heavy(),
    post(
        "/users/import",
        Operation::ImportUsers,
        "Imports users with their hashes, each on his own; who is there already stays as he is.",
    )
    .needs("users:import")
    .reads(Json("ImportRequest"))
    .large()
    .returns("ImportResponse"),
    get(
        "/users/export",
        Operation::ExportUsers,
        "A page of users in the form of the import; `secrets` is for superadmins.",
    )
    .needs("users:export")
    .queries(users::EXPORT_QUERY)
    .returns("ExportResponse"),
    get("/users/{id}", Operation::GetUser, "A user.")
        .needs("users:read")
        .returns("UserRecord"),
    Route::new(
        Method::PATCH,
        "/users/{id}",
        Operation::UpdateUser,
        "Changes a user; what is left out stays, null takes away.",
    )
    .needs("users:write")
    .reads(Json("UserUpdateRequest"))
    .returns("UserRecord")
    .fails(&[409]),
    delete("/users/{id}", Operation::DeleteUser, "Deletes a user and everything of him.")
        .needs("users:delete")
        .fails(&[409]),
    post(
        "/users/{id}/disable",
        Operation::DisableUser,
        "Switches an account off, and ends its sessions.",
    )
    .needs("users:write")
    .fails(&[409]),
    post("/users/{id}/enable", Operation::EnableUser, "Switches an account on again.")
        .needs("users:write"),
    post(
        "/users/{id}/unlock",
        Operation::UnlockUser,
        "Forgets failed attempts to sign in to an account.",
    )
    .needs("users:write"),
    post(
        "/users/{id}/reset-password",
        Operation::ForcePasswordReset,
        "Makes a user choose another password by a link; his sessions end.",
    )
    .needs("users:write")
    .accepted()
    .fails(&[409]),
    get("/users/{id}/sessions", Operation::UserSessions, "The sessions of a user that last.")
        .needs("users:read")
        .returns("SessionsResponse"),
    delete("/users/{id}/sessions", Operation::EndUserSessions, "Ends all sessions of a user.")
        .needs("users:write"),
    delete(
        "/users/{id}/sessions/{session_id}",
        Operation::EndUserSession,
        "Ends one session of a user.",
    )
    .needs("users:write"),
    post("/users/{id}/roles/{role}", Operation::AddRole, "Gives a user a role, by identifier or name.")
        .needs("users:write"),
    delete("/users/{id}/roles/{role}", Operation::RemoveRole, "Takes a role away from a user.")
        .needs("users:write")
        .fails(&[409]),
    post(
        "/users/{id}/impersonate",
        Operation::Impersonate,
        "Starts a short session in which an administrator acts as a user below him.",
    )
    .needs(IMPERSONATE)
    .reads(OptionalJson("ImpersonateRequest"))
    .returns("ImpersonateResponse"),
    get("/roles", Operation::ListRoles, "All roles.").needs("roles:read").returns("RolesResponse"),
    post("/roles", Operation::CreateRole, "Makes a role.")
        .needs("roles:write")
        .reads(Json("CreateRoleRequest"))
        .answers(StatusCode::CREATED, "RoleView")
        .fails(&[409]),
    get("/roles/{role}", Operation::GetRole, "A role, by identifier or name.")
        .needs("roles:read")
        .returns("RoleView"),
    put("/roles/{role}", Operation::UpdateRole, "Changes a role.")
        .needs("roles:write")
        .reads(Json("RoleUpdateRequest"))
        .returns("RoleView")
        .fails(&[409]),
    delete("/roles/{role}", Operation::DeleteRole, "Deletes a role, also from those who have it.")
        .needs("roles:write")
        .fails(&[409]),
    post(
        "/roles/{role}/permissions/{permission}",
        Operation::GrantPermission,
        "Gives a role a permission.",
    )
    .needs("roles:write")
    .fails(&[409]),
    delete(
        "/roles/{role}/permissions/{permission}",
        Operation::RevokePermission,
        "Takes a permission away from a role.",
    )
    .needs("roles:write")
    .fails(&[409]),
    get("/permissions", Operation::ListPermissions, "All permissions.")
        .needs("roles:read")
        .returns("PermissionsResponse"),
    post("/permissions", Operation::CreatePermission, "Makes a permission.")
        .needs("roles:write")
        .reads(Json("CreatePermissionRequest"))
        .answers(StatusCode::CREATED, "PermissionView")
        .fails(&[409]),
    get("/permissions/{permission}", Operation::GetPermission, "A permission, by identifier or name.")
        .needs("roles:read")
        .returns("PermissionView"),
    put("/permissions/{permission}", Operation::UpdatePermission, "Changes a permission.")
        .needs("roles:write")
        .reads(Json("PermissionUpdateRequest"))
        .returns("PermissionView")
        .fails(&[409]),
    delete(
        "/permissions/{permission}",
        Operation::DeletePermission,
        "Deletes a permission, also from the roles that hold it.",
    )
    .needs("roles:write")
    .fails(&[409]),
    post(
        "/access/check",
        Operation::CheckAccess,
        "Answers whether the caller, or with `users:read` somebody else, has permissions and roles.",
    )
    .authenticated()
    .while_acting()
    .reads(Json("CheckRequest"))
    .returns("CheckResponse")
    .fails(&[404]),
    get("/audit", Operation::Audit, "A page of the audit log, newest first.")
        .needs("audit:read")
        .queries(operations::AUDIT)
        .returns("AuditResponse"),
    get("/keys", Operation::ListKeys, "The keys that sign access tokens, or did.")
        .needs("keys:read")
        .returns("KeysResponse"),
    post("/keys/rotate", Operation::RotateKey, "Makes a new key that signs from now on.")
        .needs("keys:write")
        .answers(StatusCode::CREATED, "KeyView")
        .fails(&[404]),
    post(
        "/setup",
        Operation::SetUp,
        "Makes the first administrator by `SETUP_TOKEN`, once.",
    )
    .reads(Json("SetupRequest"))
    .answers(StatusCode::CREATED, "UserRecord")
    .fails(&[403, 404, 409, 429])
    .heavy(),
    page(
        "/metrics",
        Operation::Metrics,
        "Counters for Prometheus, by the bearer token `METRICS_TOKEN`.",
        "text/plain; version=0.0.4; charset=utf-8",
    )
    .fails(&[401, 404]),
    get(
        "/.well-known/jwks.json",
        Operation::Jwks,
        "The public keys that verify access tokens, as a JWK Set (RFC 7517).",
    )
    .returns("JwkSet"),
    get("/healthz", Operation::Healthz, "Answers while the process lives.").returns("Health"),
    get(
        "/readyz",
        Operation::Readyz,
        "Answers 200 while requests can be served, 503 otherwise.",
    )
    .returns("Health"),
    page("/openapi.json", Operation::OpenApi, "This document.", JSON),
    page("/", Operation::HomePage, "Where to go.", HTML),
    page("/register", Operation::RegisterPage, "Sign up.", HTML),
    page("/login", Operation::LoginPage, "Sign in.", HTML),
    page("/verify", Operation::VerifyPage, "Verify an e-mail address.", HTML),
    page("/confirm-email", Operation::ConfirmEmailPage, "Confirm a new e-mail address.", HTML),
    page("/undo-email", Operation::UndoEmailPage, "Take a change of address back.", HTML),
    page("/forgot-password", Operation::ForgotPasswordPage, "Ask for a new password.", HTML),
    page("/reset-password", Operation::ResetPasswordPage, "Choose a new password.", HTML),
    page(
        "/account/settings",
        Operation::AccountPage,
        "Who is signed in, and signing out.",
        HTML,
    ),
    page(
        "/assets/pages.js",
        Operation::PageScript,
        "Script of the pages.",
        "text/javascript; charset=utf-8",
    ),
    page(
        "/assets/pages.css",
        Operation::PageStyle,
        "Style of the pages.",
        "text/css; charset=utf-8",
    ),
];

/// Every route, in the order of the documentation.
pub(crate) fn all() -> impl Iterator<Item = &'static Route> {
    ROUTES.iter().chain(ALIASES)
}

/// Why no route fits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum NoRoute {
    /// The path is unknown.
    Path,
    /// The path is known and takes these methods.
    Method(&'static [&'static Route]),
}

static ROUTER: LazyLock<matchit::Router<&'static [&'static Route]>> = LazyLock::new(|| {
    let mut router = matchit::Router::new();
    for route in all() {
        let same_path: Vec<_> = all().filter(|other| other.path == route.path).collect();
        // A path is met once for each of its methods; the first time it is inserted.
        if std::ptr::eq(same_path[0], route) {
            router
                .insert(route.path, &*Vec::leak(same_path))
                .expect("the table's paths don't clash");
        }
    }
    router
});

/// The route for a method and a path.
pub fn find(method: &Method, path: &str) -> Option<&'static Route> {
    find_or_reason(method, path).ok()
}

pub(crate) fn find_or_reason(method: &Method, path: &str) -> Result<&'static Route, NoRoute> {
    let routes = ROUTER.at(path).map_err(|_| NoRoute::Path)?.value;
    let wanted = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    routes
        .iter()
        .copied()
        .find(|route| route.method == *wanted)
        .ok_or(NoRoute::Method(routes))
}

impl PartialEq for Route {
    fn eq(&self, other: &Self) -> bool {
        self.method == other.method && self.path == other.path
    }
}

impl Eq for Route {}
