//! The user's own sessions.

use auth_core::Platform;

use crate::account::view::{SessionView, SessionsResponse};
use crate::call::{Answer, Call};
use crate::proof::Session;
use crate::response::reply::NoContent;
use crate::route::Recency;
use crate::row::{delete, get, post, rows};

rows![
    sessions = get(
        "/account/sessions",
        "Lists the active sessions of the user."
    )
    .session()
    .while_impersonating()
    .answers::<SessionsResponse>(),
    end_session = delete("/account/sessions/{id}", "Ends one session of the user.")
        .session()
        .recent(Recency::OfOtherSessions),
    logout_others = post(
        "/account/logout-others",
        "Ends all other sessions of the user.",
    )
    .session()
    .recent(Recency::Always),
];

async fn sessions<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<SessionsResponse> {
    let sessions = call.auth.sessions().list(&session).await?.into_iter();
    let current = Some(session.session.id.as_str());
    let sessions = sessions.map(|session| SessionView::of(session, current));
    Ok(call.json(&SessionsResponse {
        sessions: sessions.collect(),
    }))
}

async fn end_session<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<NoContent> {
    let session_id = call.path_parameter("id");
    call.auth
        .sessions()
        .end(&session, &session_id, &call.client())
        .await?;
    let mut reply = call.done();
    if session_id == session.session.id {
        call.clear_cookies(reply.headers_mut());
    }
    Ok(reply)
}

async fn logout_others<P: Platform>(call: &Call<'_, P>, session: Session) -> Answer<NoContent> {
    call.auth
        .sessions()
        .logout_others(&session, &call.client())
        .await?;
    Ok(call.done())
}
