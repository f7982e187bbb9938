//! What is known of a route besides its handler: for hosts, the router and the OpenAPI document.

use http::StatusCode;

use crate::limits::MAX_BODY;
#[cfg(test)]
use crate::schema::SchemaOf;

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Whoever presents the token of a session, in a header or a cookie.
    Session,
    /// Whoever has this permission.
    Permission(&'static str),
    /// Whoever presents the token of a session, or proves otherwise what the route asks for.
    OptionalSession,
}

/// When a route takes that the person has proved within ten minutes who they are (`POST /auth/reauthenticate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recency {
    /// Never.
    Never,
    /// Always.
    Always,
    /// Where the body, in JSON, has this member.
    WithMember(&'static str),
    /// Where this flag behind the question mark is true.
    WithFlag(&'static str),
    /// Where `{id}` in the path is another session than the one that asks.
    OfOtherSessions,
}

/// The form of a request's body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// None is read.
    None,
    /// JSON.
    Json,
    /// JSON, or nothing.
    OptionalJson,
    /// `application/x-www-form-urlencoded`, as OAuth 2.0 prescribes.
    Form,
}

/// A parameter behind the question mark.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Its name.
    pub name: &'static str,
    /// The form of its value.
    pub form: ParameterForm,
}

/// The form of a parameter's value.
#[derive(Debug, Clone, Copy)]
pub enum ParameterForm {
    /// Text of at most so many characters.
    Text {
        /// Most characters; none: any number.
        max: Option<usize>,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// A time of RFC 3339.
    Time,
    /// A UUID.
    Uuid,
    /// How many records a page has, at least 1.
    Limit {
        /// Most records of a page.
        max: u64,
    },
    /// The `next_cursor` of the page before.
    Cursor,
}

impl Parameter {
    pub(crate) const fn text(name: &'static str) -> Self {
        let form = ParameterForm::Text { max: None };
        Self { name, form }
    }

    pub(crate) const fn short_text(name: &'static str, max: usize) -> Self {
        let form = ParameterForm::Text { max: Some(max) };
        Self { name, form }
    }

    pub(crate) const fn one_of(name: &'static str, words: &'static [&'static str]) -> Self {
        let form = ParameterForm::OneOf(words);
        Self { name, form }
    }

    pub(crate) const fn flag(name: &'static str) -> Self {
        let form = ParameterForm::Flag;
        Self { name, form }
    }

    pub(crate) const fn time(name: &'static str) -> Self {
        let form = ParameterForm::Time;
        Self { name, form }
    }

    pub(crate) const fn uuid(name: &'static str) -> Self {
        let form = ParameterForm::Uuid;
        Self { name, form }
    }

    /// How many records a page has, at most this many.
    pub(crate) const fn limit(max: u64) -> Self {
        let form = ParameterForm::Limit { max };
        Self {
            name: "limit",
            form,
        }
    }

    /// Where the page begins.
    pub(crate) const fn cursor() -> Self {
        let form = ParameterForm::Cursor;
        Self {
            name: "cursor",
            form,
        }
    }
}

/// One route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// Method; a route for GET answers HEAD too, unless it `acts`.
    pub method: &'static str,
    /// Path; a segment in braces is a parameter.
    pub path: &'static str,
    /// What it is for, in a sentence.
    pub summary: &'static str,
    /// Name of its handler.
    pub handler: &'static str,
    /// Its name in the OpenAPI document; none: that of its handler.
    pub operation_id: Option<&'static str>,
    /// Who may call it.
    pub access: Access,
    /// When it takes a proof within ten minutes.
    pub recency: Recency,
    /// Whether an administrator who impersonates a user may call it: it shows data of that user and changes none. Every
    /// other route with a session refuses them.
    pub while_impersonating: bool,
    /// Whether a session may call it that is good for setting up a second factor alone. Every other route with a session
    /// refuses it.
    pub while_enrolling: bool,
    /// Parameters behind the question mark.
    pub query: &'static [Parameter],
    /// What it reads.
    pub body: RequestBody,
    /// Most bytes of it.
    pub max_body: usize,
    /// Status of success.
    pub status: StatusCode,
    /// Content type of success; none: no body.
    pub content_type: Option<&'static str>,
    /// Statuses of the errors that are its own. Those that follow from its body and from its access, and those of
    /// every route (404, 405, 500, 503), are not repeated.
    pub errors: &'static [u16],
    /// Whether a GET does more than show something. HEAD is not answered then: who asks for the head alone wants nothing done
    /// (RFC 9110 section 9.2.1).
    pub acts: bool,
    /// Whether it computes a password hash, which takes tens of milliseconds: a host runs it apart from the others.
    pub hashes_password: bool,
    /// Whether it exists for clients of other systems.
    pub deprecated: bool,
    #[cfg(test)]
    pub(crate) request_schema: Option<SchemaOf>,
    #[cfg(test)]
    pub(crate) answer_schema: Option<SchemaOf>,
}

impl Route {
    /// Whether it reads a body.
    pub fn reads_body(&self) -> bool {
        self.body != RequestBody::None
    }

    /// Whether its form may be `multipart/form-data`, too. The clients of other systems send either; RFC 6749 knows one.
    pub(crate) fn takes_multipart(&self) -> bool {
        self.deprecated && self.body == RequestBody::Form
    }

    /// Whether it answers a request with this method.
    pub(crate) fn answers(&self, method: &str) -> bool {
        self.method == method || method == "HEAD" && self.method == "GET" && !self.acts
    }

    /// A public route that reads and returns nothing.
    pub(crate) const fn new(
        method: &'static str,
        path: &'static str,
        summary: &'static str,
    ) -> Self {
        Self {
            method,
            path,
            summary,
            handler: "",
            operation_id: None,
            access: Access::Public,
            recency: Recency::Never,
            while_impersonating: false,
            while_enrolling: false,
            query: &[],
            body: RequestBody::None,
            max_body: MAX_BODY,
            status: StatusCode::NO_CONTENT,
            content_type: None,
            errors: &[],
            acts: false,
            hashes_password: false,
            deprecated: false,
            #[cfg(test)]
            request_schema: None,
            #[cfg(test)]
            answer_schema: None,
        }
    }
}
