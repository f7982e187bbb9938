//! The sessions of a user.

use auth_core::Platform;

use crate::account::view::{SessionView, SessionsResponse};
use crate::call::{Answer, Call};
use crate::proof::Administrator;
use crate::response::reply::NoContent;
use crate::row::{delete, get, rows};

rows![
    user_sessions = get(
        "/users/{id}/sessions",
        "Lists the active sessions of a user."
    )
    .permission("users:read")
    .answers::<SessionsResponse>(),
    end_user_sessions =
        delete("/users/{id}/sessions", "Ends all sessions of a user.").permission("users:write"),
    end_user_session = delete(
        "/users/{id}/sessions/{session_id}",
        "Ends one session of a user.",
    )
    .permission("users:write"),
];

async fn user_sessions<P: Platform>(
    call: &Call<'_, P>,
    _: Administrator,
) -> Answer<SessionsResponse> {
    let sessions = call
        .auth
        .users()
        .sessions(&call.path_parameter("id"))
        .await?
        .into_iter();
    let sessions = sessions.map(|session| SessionView::of(session, None));
    Ok(call.json(&SessionsResponse {
        sessions: sessions.collect(),
    }))
}

async fn end_user_sessions<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let id = call.path_parameter("id");
    call.auth
        .users()
        .end_sessions(&administrator, &id, None)
        .await?;
    Ok(call.done())
}

async fn end_user_session<P: Platform>(
    call: &Call<'_, P>,
    administrator: Administrator,
) -> Answer<NoContent> {
    let (id, session) = (call.path_parameter("id"), call.path_parameter("session_id"));
    call.auth
        .users()
        .end_sessions(&administrator, &id, Some(&session))
        .await?;
    Ok(call.done())
}
