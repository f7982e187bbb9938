//! Rows of the table of routes. A row defines the method, path, summary, access, body, answer and handler of a route.

use std::marker::PhantomData;
use std::pin::Pin;

use auth_core::Platform;
use bytes::Bytes;
use http::{Response, StatusCode};
use serde::de::DeserializeOwned;

use crate::call::{Answer, Call};
use crate::error::api_error::ApiError;
use crate::limits::MAX_FORM_POST;
use crate::proof::{
    Administrator, Authorize, Caller, Guard, OptionalSession, Public, Session, TokenHolder,
};
use crate::request::{form, json, media_type};
use crate::response::reply::{File, NoContent, Reply};
use crate::route::{Access, Parameter, Recency, RequestBody, Route};
use crate::schema::Schema;
#[cfg(test)]
use crate::schema::SchemaOf;

/// A route whose handler takes the proof `A` and the body `B`, and answers with an `R`.
pub(crate) struct Row<A, B, R> {
    route: Route,
    types: Types<A, B, R>,
}

/// The types of a row, without its route.
pub(crate) struct Types<A, B, R>(PhantomData<(A, B, R)>);

/// No body is read.
pub(crate) struct NoBody;
/// A JSON body.
pub(crate) struct Json<T>(PhantomData<T>);
/// An optional JSON body.
pub(crate) struct OptionalJson<T>(PhantomData<T>);
/// A form body with these parameters.
pub(crate) struct Form<T>(PhantomData<T>);
/// A form body with these parameters, which a browser carries from a provider.
pub(crate) struct FormPost<T>(PhantomData<T>);

/// A type-erased handler.
pub(crate) struct Handler<P>(pub(crate) for<'a> fn(&'a Call<'a, P>) -> Answering<'a>);

/// The future of an answer.
type Answering<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, ApiError>> + 'a>>;

/// The future of a proof.
type Authorizing<'a, A> = Pin<Box<dyn Future<Output = Result<A, ApiError>> + 'a>>;

/// A body that can be read.
pub(crate) trait ReadBody {
    /// The value passed to the handler.
    type Value;

    /// Reads the body of a request.
    fn read<P>(call: &Call<'_, P>) -> Result<Self::Value, ApiError>;
}

impl<T: DeserializeOwned> ReadBody for Json<T> {
    type Value = T;

    fn read<P>(call: &Call<'_, P>) -> Result<T, ApiError> {
        json::read(call.parts, call.body)
    }
}

impl<T: DeserializeOwned + Default> ReadBody for OptionalJson<T> {
    type Value = T;

    fn read<P>(call: &Call<'_, P>) -> Result<T, ApiError> {
        json::read_optional(call.parts, call.body)
    }
}

impl<T> ReadBody for Form<T> {
    type Value = form::Form;

    fn read<P>(call: &Call<'_, P>) -> Result<form::Form, ApiError> {
        form::Form::parse(call.parts, call.route, call.body)
    }
}

impl<T> ReadBody for FormPost<T> {
    type Value = String;

    fn read<P>(call: &Call<'_, P>) -> Result<String, ApiError> {
        media_type::require(call.parts, media_type::FORM)?;
        Ok(String::from_utf8_lossy(call.body).into_owned())
    }
}

/// A public route that reads and returns no body, until its row changes that.
type Plain = Row<Public, NoBody, NoContent>;

pub(crate) const fn get(path: &'static str, summary: &'static str) -> Plain {
    Row::of(Route::new("GET", path, summary))
}

pub(crate) const fn post(path: &'static str, summary: &'static str) -> Plain {
    Row::of(Route::new("POST", path, summary))
}

pub(crate) const fn put(path: &'static str, summary: &'static str) -> Plain {
    Row::of(Route::new("PUT", path, summary))
}

pub(crate) const fn patch(path: &'static str, summary: &'static str) -> Plain {
    Row::of(Route::new("PATCH", path, summary))
}

pub(crate) const fn delete(path: &'static str, summary: &'static str) -> Plain {
    Row::of(Route::new("DELETE", path, summary))
}

/// Access control: set at most once.
impl<B, R> Row<Public, B, R> {
    /// Requires this proof, which decides who can call the route.
    pub(crate) const fn guarded<A: Guard>(self) -> Row<A, B, R> {
        Row::of(self.route)
    }

    /// Requires the token of a session.
    pub(crate) const fn session(self) -> Row<Session, B, R> {
        Row::of(self.with_access(Access::Session))
    }

    /// Requires the token of a session, or the operator. The handler gets the caller.
    pub(crate) const fn caller(self) -> Row<Caller, B, R> {
        Row::of(self.with_access(Access::Session))
    }

    /// Requires this permission, or the operator. Methods other than GET also require recent authentication, unless the
    /// row changes that.
    pub(crate) const fn permission(self, needed: &'static str) -> Row<Administrator, B, R> {
        let mut route = self.with_access(Access::Permission(needed));
        if !matches!(route.method.as_bytes(), b"GET") {
            route.recency = Recency::Always;
        }
        Row::of(route)
    }

    /// Accepts the token of a session, or another proof that the handler requires.
    pub(crate) const fn optional_session(self) -> Row<OptionalSession, B, R> {
        Row::of(self.with_access(Access::OptionalSession))
    }

    /// Accepts a token whose session the handler ends.
    pub(crate) const fn token_holder(self) -> Row<TokenHolder, B, R> {
        Row::of(self.with_access(Access::OptionalSession))
    }

    const fn with_access(self, access: Access) -> Route {
        let mut route = self.route;
        route.access = access;
        route
    }
}

/// Request body: set at most once.
impl<A, R> Row<A, NoBody, R> {
    pub(crate) const fn json<T: DeserializeOwned + Schema>(self) -> Row<A, Json<T>, R> {
        Row::of(self.with_body::<T>(RequestBody::Json))
    }

    pub(crate) const fn optional_json<T: DeserializeOwned + Schema>(
        self,
    ) -> Row<A, OptionalJson<T>, R> {
        Row::of(self.with_body::<T>(RequestBody::OptionalJson))
    }

    pub(crate) const fn form<T: Schema>(self) -> Row<A, Form<T>, R> {
        Row::of(self.with_body::<T>(RequestBody::Form))
    }

    pub(crate) const fn form_post<T: Schema>(self) -> Row<A, FormPost<T>, R> {
        let mut route = self.with_body::<T>(RequestBody::FormPost);
        route.max_body = MAX_FORM_POST;
        Row::of(route)
    }

    const fn with_body<T: Schema>(self, body: RequestBody) -> Route {
        let mut route = self.route;
        route.body = body;
        #[cfg(test)]
        {
            route.request_schema = Some(SchemaOf::new::<T>());
        }
        route
    }
}

/// Answer: set at most once.
impl<A, B> Row<A, B, NoContent> {
    /// Answers 200 with this type in JSON.
    pub(crate) const fn answers<T: Schema>(self) -> Row<A, B, T> {
        self.with_answer::<T>(StatusCode::OK)
    }

    /// Answers 201 with this type in JSON.
    pub(crate) const fn creates<T: Schema>(self) -> Row<A, B, T> {
        self.with_answer::<T>(StatusCode::CREATED)
    }

    /// Answers 202 without a body. The work continues after the answer.
    pub(crate) const fn accepted(self) -> Self {
        let mut route = self.route;
        route.status = StatusCode::ACCEPTED;
        Self::of(route)
    }

    /// Answers 303 and sends a browser to another address.
    pub(crate) const fn redirects(self) -> Self {
        let mut route = self.route;
        route.status = StatusCode::SEE_OTHER;
        Self::of(route)
    }

    /// Answers 200 with a body of this content type.
    pub(crate) const fn file(self, content_type: &'static str) -> Row<A, B, File> {
        let mut route = self.route;
        route.status = StatusCode::OK;
        route.content_type = Some(content_type);
        Row::of(route)
    }

    const fn with_answer<T: Schema>(self, status: StatusCode) -> Row<A, B, T> {
        let mut route = self.route;
        route.status = status;
        route.content_type = Some("application/json");
        #[cfg(test)]
        {
            route.answer_schema = Some(SchemaOf::new::<T>());
        }
        Row::of(route)
    }
}

impl<B, R> Row<Administrator, B, R> {
    /// Allows long bodies, for lists. Only administrators can send them.
    pub(crate) const fn long_body(mut self) -> Self {
        self.route.max_body = 1 << 20;
        self
    }
}

impl<A, B, R> Row<A, B, R> {
    const fn of(route: Route) -> Self {
        let types = Types(PhantomData);
        Self { route, types }
    }

    /// Sets when recent authentication is required.
    pub(crate) const fn recent(mut self, recency: Recency) -> Self {
        self.route.recency = recency;
        self
    }

    /// Allows administrators who impersonate a user.
    pub(crate) const fn while_impersonating(mut self) -> Self {
        self.route.while_impersonating = true;
        self
    }

    /// Allows sessions that can only set up a second factor.
    pub(crate) const fn while_enrolling(mut self) -> Self {
        self.route.while_enrolling = true;
        self
    }

    pub(crate) const fn query(mut self, parameters: &'static [Parameter]) -> Self {
        self.route.query = parameters;
        self
    }

    /// Can also answer 202, with a body of the same type: something else has to happen first.
    pub(crate) const fn can_wait(mut self) -> Self {
        self.route.can_wait = true;
        self
    }

    /// Sets the statuses of errors specific to the route.
    pub(crate) const fn fails(mut self, errors: &'static [u16]) -> Self {
        self.route.errors = errors;
        self
    }

    pub(crate) const fn hashes_password(mut self) -> Self {
        self.route.hashes_password = true;
        self
    }

    /// Marks a route that can wait for a sign-in provider.
    pub(crate) const fn calls_provider(mut self) -> Self {
        self.route.calls_provider = true;
        self
    }

    /// Marks a GET with side effects.
    pub(crate) const fn acts(mut self) -> Self {
        self.route.acts = true;
        self
    }

    pub(crate) const fn deprecated(mut self) -> Self {
        self.route.deprecated = true;
        self
    }

    /// Sets the operation ID in the OpenAPI document, if it differs from the name of the handler.
    pub(crate) const fn operation_id(mut self, name: &'static str) -> Self {
        self.route.operation_id = Some(name);
        self
    }

    /// Returns the route with the name of its handler.
    pub(crate) const fn route(self, handler: &'static str) -> Route {
        let mut route = self.route;
        route.handler = handler;
        route
    }

    pub(crate) const fn types(self) -> Types<A, B, R> {
        self.types
    }
}

/// Authorizes the request. The future is erased, so that handlers with the same proof share its code.
fn authorized<'a, A: Authorize + 'static, P: Platform>(
    call: &'a Call<'a, P>,
) -> Authorizing<'a, A> {
    Box::pin(A::authorize(call))
}

impl<A: Authorize + 'static, R> Types<A, NoBody, R> {
    /// Authorizes the request and calls the handler.
    pub(crate) async fn run<'a, P: Platform>(
        self,
        call: &'a Call<'a, P>,
        handler: impl AsyncFnOnce(&'a Call<'a, P>, A) -> Answer<R>,
    ) -> Result<Response<Bytes>, ApiError> {
        let proof = authorized(call).await?;
        handler(call, proof).await.map(Reply::into_response)
    }
}

impl<A: Authorize + 'static, B: ReadBody, R> Types<A, B, R> {
    /// Authorizes the request, reads its body and calls the handler.
    pub(crate) async fn run<'a, P: Platform>(
        self,
        call: &'a Call<'a, P>,
        handler: impl AsyncFnOnce(&'a Call<'a, P>, A, B::Value) -> Answer<R>,
    ) -> Result<Response<Bytes>, ApiError> {
        let proof = authorized(call).await?;
        let body = B::read(call)?;
        handler(call, proof, body).await.map(Reply::into_response)
    }
}

/// Defines the rows of a module as `handler = row`. Generates `ROUTES`, and `handlers` in the same order.
macro_rules! rows {
    ($($handler:ident = $row:expr),+ $(,)?) => {
        /// The routes of this module.
        pub(crate) static ROUTES: &[$crate::route::Route] = &[$($row.route(stringify!($handler))),+];

        /// Returns their handlers, in the same order.
        pub(crate) fn handlers<P: auth_core::Platform + 'static>() -> Vec<$crate::row::Handler<P>> {
            vec![$($crate::row::Handler(|call| {
                Box::pin(const { $row.types() }.run(call, $handler))
            })),+]
        }
    };
}

pub(crate) use rows;
