//! Administering users.

use auth_core::storage::{Member, UserOrder, UserQuery};
use auth_core::{ImportOutcome, ImportUser, NewAccount, Platform, SignInMethods, UserUpdate};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::accounts::{SessionView, SessionsResponse, UserView, or_empty};
use crate::body;
use crate::caller::Call;
use crate::query::{Query, invalid};
use crate::reply;
use crate::service::Answer;

/// Most users of a page, of an import and of a page of an export.
const PAGE: u64 = 200;
const IMPORT: usize = 500;
const EXPORT: u64 = 500;

/// A user as administrators see him.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserRecord {
    #[serde(flatten)]
    user: UserView,
    /// When the user proved to receive mail at the address, RFC 3339.
    email_verified_at: Option<String>,
    /// Whether an administrator has switched the account off.
    disabled: bool,
    /// Since when, RFC 3339.
    disabled_at: Option<String>,
    /// Until when too many attempts have closed the account, RFC 3339.
    locked_until: Option<String>,
    /// When the user last changed, RFC 3339.
    updated_at: String,
    /// Names of the user's roles.
    roles: Vec<String>,
    /// Permissions of those roles.
    permissions: Vec<String>,
    /// Whether there is a password to sign in with.
    has_password: bool,
    /// Whether a second factor is in force.
    mfa_enabled: bool,
}

impl UserRecord {
    pub(crate) fn of<P: Platform>(call: &Call<'_, P>, member: Member) -> Self {
        let methods = SignInMethods::of(&member.account);
        let user = member.account.user;
        let now = call.auth.platform().now();
        let time = |time: auth_core::Timestamp| time.to_string();
        Self {
            email_verified_at: user.email_verified_at.map(time),
            disabled: user.disabled_at.is_some(),
            disabled_at: user.disabled_at.map(time),
            locked_until: user.locked_until.filter(|until| *until > now).map(time),
            updated_at: user.updated_at.to_string(),
            roles: member.roles,
            permissions: member.permissions,
            has_password: methods.password,
            mfa_enabled: methods.second_factor,
            user: user.into(),
        }
    }
}

/// A page of users.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UsersResponse {
    users: Vec<UserRecord>,
    /// What `cursor` gets the next page by; null: this was the last.
    next_cursor: Option<String>,
}

/// A user to be made. An address or a user name is needed.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct CreateUserRequest {
    /// E-mail address.
    email: Option<String>,
    /// Whether the user is known to receive mail there.
    email_verified: bool,
    /// User name.
    username: Option<String>,
    /// Password; without one the user chooses it by a link.
    #[cfg_attr(test, schema(format = Password))]
    password: Option<String>,
    /// Name to show to others.
    display_name: Option<String>,
    /// Values of the configured extra fields.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
    /// Names of roles; `user` without it.
    roles: Option<Vec<String>>,
    /// Whether the user gets a mail with a link to choose a password.
    invite: bool,
}

/// What changes of a user; what is left out stays, null takes away.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UserUpdateRequest {
    /// E-mail address; another one counts as not verified unless that is said as well.
    #[serde(default, deserialize_with = "or_empty")]
    email: Option<String>,
    /// Whether the user is known to receive mail there.
    email_verified: Option<bool>,
    /// User name.
    #[serde(default, deserialize_with = "or_empty")]
    username: Option<String>,
    /// Name to show to others.
    #[serde(default, deserialize_with = "or_empty")]
    display_name: Option<String>,
    /// Values of the configured extra fields; null takes one away.
    #[cfg_attr(test, schema(value_type = Option<Object>))]
    profile: Option<Map<String, Value>>,
}

/// Why somebody acts as another.
#[derive(Deserialize, Default)]
#[serde(default)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImpersonateRequest {
    /// For the audit log, at most 500 characters.
    reason: Option<String>,
}

/// What somebody acts as another by.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImpersonateResponse {
    /// Access token, whose claim `act` names who acts.
    access_token: String,
    /// `Bearer`.
    token_type: &'static str,
    /// Seconds until it expires.
    expires_in: u64,
    /// Whom it stands for.
    user: UserRecord,
}

/// Users to be imported.
#[derive(Deserialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportRequest {
    /// 1 to 500 of them.
    #[cfg_attr(test, schema(value_type = Vec<ImportedUser>))]
    users: Vec<ImportUser>,
    /// Whether to store nothing, and say what would become of each.
    #[serde(default)]
    dry_run: bool,
}

/// A user who comes from elsewhere. An address or a user name is needed.
#[cfg(test)]
#[derive(utoipa::ToSchema)]
#[allow(dead_code, reason = "documents auth_core::ImportUser")]
pub(crate) struct ImportedUser {
    /// Identifier, a UUID; a new one without it.
    id: Option<String>,
    /// E-mail address.
    email: Option<String>,
    /// Whether the user is known to receive mail there.
    email_verified: Option<bool>,
    /// Since when, RFC 3339.
    email_verified_at: Option<String>,
    /// User name.
    username: Option<String>,
    /// Name to show to others.
    display_name: Option<String>,
    /// Values of the configured extra fields.
    #[schema(value_type = Option<Object>)]
    profile: Option<Map<String, Value>>,
    /// Hash of the password, in a form of Argon2, bcrypt, scrypt or PBKDF2.
    password_hash: Option<String>,
    /// Whether the account is switched off.
    disabled: Option<bool>,
    /// Names of roles; `user` without it.
    roles: Option<Vec<String>>,
    /// When the user was created, RFC 3339.
    created_at: Option<String>,
    /// When the user last signed in, RFC 3339.
    last_login_at: Option<String>,
    /// Key of the second factor, in Base32.
    totp_secret: Option<String>,
    /// Digests of recovery codes.
    recovery_codes: Option<Vec<String>>,
}

/// What became of users who were imported, in their order.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportResponse {
    results: Vec<ImportResult>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportResult {
    /// `created`, `exists` or `refused`.
    status: &'static str,
    /// Identifier of who was created.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    /// About how many milliseconds the service computes to verify the password of who was created, as the parameters of
    /// the hash tell, until that is replaced at a login.
    #[serde(skip_serializing_if = "Option::is_none")]
    password_cost_ms: Option<u32>,
    /// Why the user was refused.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    errors: Vec<ImportError>,
}

#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ImportError {
    /// Name of the field.
    field: String,
    /// Which rule, for programs.
    code: &'static str,
    /// Which rule, for people.
    message: String,
}

/// A page of users to be imported elsewhere.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ExportResponse {
    #[cfg_attr(test, schema(value_type = Vec<ImportedUser>))]
    users: Vec<ImportUser>,
    /// What `cursor` gets the next page by; null: this was the last.
    next_cursor: Option<String>,
}

/// Parameters of the list of users.
pub(crate) const LIST: &[&str] = &[
    "search",
    "role",
    "verified",
    "disabled",
    "locked",
    "created_from",
    "created_to",
    "last_login_from",
    "last_login_to",
    "sort",
    "limit",
    "cursor",
];

pub(crate) async fn list<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let query = Query::parse(call.parts, LIST)?;
    let (search, sort) = (query.text("search"), query.text("sort"));
    if search.is_some() && sort.is_some() {
        let message = "What is searched has an order of its own.";
        return Err(invalid("sort", message));
    }
    let descending = sort.is_some_and(|sort| sort.starts_with('-'));
    let order = match sort.map(|sort| sort.strip_prefix('-').unwrap_or(sort)) {
        None | Some("created_at") => UserOrder::CreatedAt,
        Some("last_login_at") => UserOrder::LastLoginAt,
        Some("email") => UserOrder::Email,
        Some("username") => UserOrder::Username,
        Some(_) => {
            let message =
                "created_at, last_login_at, email or username, with - in front to turn it round.";
            return Err(invalid("sort", message));
        }
    };
    if search.is_some_and(|text| text.chars().count() > 254) {
        return Err(invalid("search", "At most 254 characters."));
    }
    // A cursor is one of this list alone.
    let this = format!(
        "users/{}/{}",
        sort.unwrap_or_default(),
        search.unwrap_or_default()
    );
    let after = call.cursor(&this, &query)?;
    let page = call
        .auth
        .list_users(UserQuery {
            search: search.map(str::to_owned),
            role: query.text("role").map(str::to_owned),
            verified: query.flag("verified")?,
            disabled: query.flag("disabled")?,
            locked: query.flag("locked")?,
            created: query.times("created_from", "created_to")?,
            last_login: query.times("last_login_from", "last_login_to")?,
            order,
            descending,
            after,
            limit: query.limit(PAGE)?,
            ..UserQuery::default()
        })
        .await?;
    let users = page.members.into_iter();
    let response = UsersResponse {
        users: users.map(|member| UserRecord::of(call, member)).collect(),
        next_cursor: page.next.map(|next| call.auth.seal_cursor(&this, &next)),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

fn answer<P: Platform>(call: &Call<'_, P>, status: StatusCode, member: Member) -> Answer {
    Ok(reply::json(status, &UserRecord::of(call, member)))
}

pub(crate) async fn create<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: CreateUserRequest = body::json(call.parts, call.body)?;
    let new = NewAccount {
        email: request.email.as_deref(),
        email_verified: request.email_verified,
        username: request.username.as_deref(),
        password: request.password.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
        roles: request.roles.as_deref(),
        invite: request.invite,
    };
    let member = call.auth.create_member(&actor, new).await?;
    answer(call, StatusCode::CREATED, member)
}

pub(crate) async fn get<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let member = call.auth.member(&call.named("id")).await?;
    answer(call, StatusCode::OK, member)
}

pub(crate) async fn update<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: UserUpdateRequest = body::json(call.parts, call.body)?;
    let update = UserUpdate {
        email: request.email.as_deref(),
        email_verified: request.email_verified,
        username: request.username.as_deref(),
        display_name: request.display_name.as_deref(),
        profile: request.profile.as_ref(),
    };
    let id = call.named("id");
    let member = call.auth.update_member(&actor, &id, update).await?;
    answer(call, StatusCode::OK, member)
}

pub(crate) async fn delete<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    call.auth.delete_member(&actor, &call.named("id")).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn disable<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    call.auth.disable_user(&actor, &call.named("id")).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn enable<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    call.auth.enable_user(&actor, &call.named("id")).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn unlock<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    call.auth.unlock_user(&actor, &call.named("id")).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn reset_password<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let id = call.named("id");
    call.auth.force_password_reset(&actor, &id).await?;
    Ok(reply::empty(StatusCode::ACCEPTED))
}

pub(crate) async fn sessions<P: Platform>(call: &Call<'_, P>) -> Answer {
    call.actor().await?;
    let sessions = call.auth.sessions_of(&call.named("id")).await?.into_iter();
    let response = SessionsResponse {
        sessions: sessions
            .map(|session| SessionView::of(session, None))
            .collect(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn end_sessions<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let id = call.named("id");
    call.auth.end_sessions_of(&actor, &id, None).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn end_session<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let (id, session) = (call.named("id"), call.named("session_id"));
    call.auth
        .end_sessions_of(&actor, &id, Some(&session))
        .await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn add_role<P: Platform>(call: &Call<'_, P>) -> Answer {
    set_role(call, true).await
}

pub(crate) async fn remove_role<P: Platform>(call: &Call<'_, P>) -> Answer {
    set_role(call, false).await
}

async fn set_role<P: Platform>(call: &Call<'_, P>, held: bool) -> Answer {
    let actor = call.actor().await?;
    let (id, role) = (call.named("id"), call.named("role"));
    call.auth.set_role(&actor, &id, &role, held).await?;
    Ok(reply::empty(StatusCode::NO_CONTENT))
}

pub(crate) async fn impersonate<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: ImpersonateRequest = body::optional_json(call.parts, call.body)?;
    let why = request.reason.as_deref();
    if why.is_some_and(|text| text.chars().count() > 500) {
        return Err(invalid("reason", "At most 500 characters."));
    }
    let started = call
        .auth
        .impersonate(&actor, &call.named("id"), why)
        .await?;
    let response = ImpersonateResponse {
        access_token: started.access_token,
        token_type: "Bearer",
        expires_in: started.expires_in,
        user: UserRecord::of(call, started.member),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

pub(crate) async fn import<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let request: ImportRequest = body::json(call.parts, call.body)?;
    if !(1..=IMPORT).contains(&request.users.len()) {
        return Err(invalid("users", &format!("1 to {IMPORT} of them.")));
    }
    let cost = |user: &ImportUser| call.auth.password_cost(user.password_hash.as_deref()?).ok();
    let costs: Vec<_> = request.users.iter().map(cost).collect();
    let outcomes = call
        .auth
        .import(&actor, request.users, request.dry_run)
        .await?;
    let result = |(outcome, password_cost_ms)| match outcome {
        ImportOutcome::Created(id) => ImportResult {
            status: "created",
            id: Some(id),
            password_cost_ms,
            errors: Vec::new(),
        },
        ImportOutcome::Exists => ImportResult {
            status: "exists",
            id: None,
            password_cost_ms: None,
            errors: Vec::new(),
        },
        ImportOutcome::Refused(rules) => ImportResult {
            status: "refused",
            id: None,
            password_cost_ms: None,
            errors: rules
                .into_iter()
                .map(|rule| ImportError {
                    field: rule.field.into_owned(),
                    code: rule.code.as_str(),
                    message: rule.message,
                })
                .collect(),
        },
    };
    let response = ImportResponse {
        results: outcomes.into_iter().zip(costs).map(result).collect(),
    };
    Ok(reply::json(StatusCode::OK, &response))
}

/// Parameters of an export.
pub(crate) const EXPORT_QUERY: &[&str] = &["secrets", "limit", "cursor"];

pub(crate) async fn export<P: Platform>(call: &Call<'_, P>) -> Answer {
    let actor = call.actor().await?;
    let query = Query::parse(call.parts, EXPORT_QUERY)?;
    let secrets = query.flag("secrets")?.unwrap_or_default();
    let this = if secrets { "export/secrets" } else { "export" };
    let after = call.cursor(this, &query)?;
    let limit = query.limit(EXPORT)?;
    let page = call.auth.export(&actor, after, limit, secrets);
    let (users, next) = page.await?;
    let response = ExportResponse {
        users,
        next_cursor: next.map(|next| call.auth.seal_cursor(this, &next)),
    };
    Ok(reply::json(StatusCode::OK, &response))
}
