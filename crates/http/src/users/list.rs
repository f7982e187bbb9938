//! The list of users.

use auth_core::Platform;
use auth_core::storage::{UserOrder, UserQuery};
use serde::Serialize;

use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::request::query::invalid;
use crate::route::Parameter;
use crate::row::{get, rows};
use crate::users::view::UserRecord;

rows![
    list_users = get(
        "/users",
        "Lists users, one page at a time, with search, filters and sorting."
    )
    .permission("users:read")
    .query(PARAMETERS)
    .answers::<UsersResponse>(),
];

/// Maximum number of characters in a search.
const SEARCH_MAX: usize = 254;

const PARAMETERS: &[Parameter] = &[
    Parameter::short_text("search", SEARCH_MAX),
    Parameter::text("role"),
    Parameter::text("provider"),
    Parameter::flag("verified"),
    Parameter::flag("disabled"),
    Parameter::flag("locked"),
    Parameter::time("created_from"),
    Parameter::time("created_to"),
    Parameter::time("last_login_from"),
    Parameter::time("last_login_to"),
    Parameter::one_of("sort", SORTS),
    Parameter::limit(200),
    Parameter::cursor(),
];

const SORTS: &[&str] = &[
    "created_at",
    "-created_at",
    "last_login_at",
    "-last_login_at",
    "email",
    "-email",
    "username",
    "-username",
];

/// A page of users.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct UsersResponse {
    users: Vec<UserRecord>,
    /// Pass this as `cursor` to get the next page. Null on the last page.
    next_cursor: Option<String>,
}

async fn list_users<P: Platform>(call: &Call<'_, P>, _: Administrator) -> Answer<UsersResponse> {
    let query = call.query()?;
    let (search, sort) = (query.text("search"), query.text("sort"));
    if search.is_some() && sort.is_some() {
        let message = "`sort` can't be combined with `search`.";
        return Err(invalid("sort", message));
    }
    let descending = sort.is_some_and(|sort| sort.starts_with('-'));
    let order = match sort.map(|sort| sort.strip_prefix('-').unwrap_or(sort)) {
        None | Some("created_at") => UserOrder::CreatedAt,
        Some("last_login_at") => UserOrder::LastLoginAt,
        Some("email") => UserOrder::Email,
        Some("username") => UserOrder::Username,
        Some(_) => {
            let message = "Use created_at, last_login_at, email or username, with a leading - for descending order.";
            return Err(invalid("sort", message));
        }
    };
    if search.is_some_and(|text| text.chars().count() > SEARCH_MAX) {
        return Err(invalid(
            "search",
            &format!("Use at most {SEARCH_MAX} characters."),
        ));
    }
    // A cursor is valid only for the list with this search and order.
    let this = format!(
        "users/{}/{}",
        sort.unwrap_or_default(),
        search.unwrap_or_default()
    );
    let after = call.cursor(&this, &query)?;
    let page = call
        .auth
        .users()
        .list(UserQuery {
            search: search.map(str::to_owned),
            role: query.text("role").map(str::to_owned),
            provider: query.text("provider").map(str::to_owned),
            verified: query.flag("verified")?,
            disabled: query.flag("disabled")?,
            locked: query.flag("locked")?,
            created: query.times("created_from", "created_to")?,
            last_login: query.times("last_login_from", "last_login_to")?,
            order,
            descending,
            after,
            limit: query.limit()?,
            ..UserQuery::default()
        })
        .await?;
    let users = page.users.into_iter();
    Ok(call.json(&UsersResponse {
        users: users.map(|member| UserRecord::of(call, member)).collect(),
        next_cursor: page
            .next
            .map(|next| call.auth.users().encrypt_cursor(&this, &next)),
    }))
}
