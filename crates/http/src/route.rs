//! The description of a route, for hosts, the router and the OpenAPI document.

use http::StatusCode;
use percent_encoding::percent_decode_str;

use crate::limits::MAX_BODY;
#[cfg(test)]
use crate::schema::SchemaOf;

/// Access control of a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anybody.
    Public,
    /// Clients with the token of a session, in a header or a cookie.
    Session,
    /// Users with this permission.
    Permission(&'static str),
    /// Clients with the token of a session, or with another proof that the route requires.
    OptionalSession,
}

/// When a route requires that the user has authenticated within the last ten minutes (`POST /auth/reauthenticate`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recency {
    /// Never.
    Never,
    /// Always.
    Always,
    /// If the JSON body has this member.
    WithMember(&'static str),
    /// If this query parameter is true.
    WithFlag(&'static str),
    /// If `{id}` in the path is not the session of the request.
    OfOtherSessions,
}

/// The format of a request body.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RequestBody {
    /// No body is read.
    None,
    /// JSON.
    Json,
    /// JSON, or no body.
    OptionalJson,
    /// `application/x-www-form-urlencoded`, as OAuth 2.0 prescribes.
    Form,
    /// `application/x-www-form-urlencoded`, which a browser carries from a provider (OAuth 2.0 Form Post Response Mode).
    /// Errors have the format of the API.
    FormPost,
}

/// A query parameter.
#[derive(Debug, Clone, Copy)]
pub struct Parameter {
    /// Name.
    pub name: &'static str,
    /// Format of the value.
    pub form: ParameterForm,
}

/// The format of a parameter value.
#[derive(Debug, Clone, Copy)]
pub enum ParameterForm {
    /// Text with an optional maximum length.
    Text {
        /// Maximum number of characters. `None` means unlimited.
        max: Option<usize>,
    },
    /// One of these words.
    OneOf(&'static [&'static str]),
    /// `true` or `false`.
    Flag,
    /// An RFC 3339 time.
    Time,
    /// A UUID.
    Uuid,
    /// Page size, at least 1.
    Limit {
        /// Maximum page size.
        max: u64,
    },
    /// The `next_cursor` of the previous page.
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

    /// Creates the parameter for the page size, with this maximum.
    pub(crate) const fn limit(max: u64) -> Self {
        let form = ParameterForm::Limit { max };
        Self {
            name: "limit",
            form,
        }
    }

    /// Creates the parameter for the start of the page.
    pub(crate) const fn cursor() -> Self {
        let form = ParameterForm::Cursor;
        Self {
            name: "cursor",
            form,
        }
    }
}

/// A route.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// HTTP method. A GET route also answers HEAD, unless it `acts`.
    pub method: &'static str,
    /// Path. A segment in braces is a parameter.
    pub path: &'static str,
    /// Summary of the route in a sentence.
    pub summary: &'static str,
    /// Name of the handler.
    pub handler: &'static str,
    /// Operation ID in the OpenAPI document. `None` means the name of the handler.
    pub operation_id: Option<&'static str>,
    /// Access control.
    pub access: Access,
    /// When recent authentication is required.
    pub recency: Recency,
    /// Whether administrators who impersonate a user can call the route: it shows data of that user and changes none.
    /// All other routes with a session refuse them.
    pub while_impersonating: bool,
    /// Whether sessions that can only set up a second factor can call the route. All other routes with a session refuse
    /// them.
    pub while_enrolling: bool,
    /// Query parameters.
    pub query: &'static [Parameter],
    /// Format of the request body.
    pub body: RequestBody,
    /// Maximum size of the request body in bytes.
    pub max_body: usize,
    /// Status of the success answer.
    pub status: StatusCode,
    /// Content type of the success answer. `None` means no body.
    pub content_type: Option<&'static str>,
    /// Whether the answer can also be 202, with a body of the same type: something else has to happen first.
    pub can_wait: bool,
    /// Statuses of errors specific to the route. Those that follow from its body and access, and those of every route
    /// (404, 405, 500, 503), are not repeated.
    pub errors: &'static [u16],
    /// Whether a GET has side effects. HEAD is not answered then, because it must have none (RFC 9110 section 9.2.1).
    pub acts: bool,
    /// Whether the route computes a password hash. That takes tens of milliseconds, so hosts run such requests
    /// separately.
    pub hashes_password: bool,
    /// Whether the route can wait for a sign-in provider. That takes seconds if the provider is slow, so hosts limit how
    /// many such requests run at once.
    pub calls_provider: bool,
    /// Whether the route exists only for clients of other systems.
    pub deprecated: bool,
    #[cfg(test)]
    pub(crate) request_schema: Option<SchemaOf>,
    #[cfg(test)]
    pub(crate) answer_schema: Option<SchemaOf>,
}

impl Route {
    /// Whether the route reads a body.
    pub fn reads_body(&self) -> bool {
        self.body != RequestBody::None
    }

    /// Returns the decoded value of a parameter in the path of a request to this route. It is empty if the route has no
    /// such parameter.
    pub(crate) fn path_parameter(&self, path: &str, name: &str) -> String {
        let is = |part: &str| {
            let inner = part
                .strip_prefix('{')
                .and_then(|part| part.strip_suffix('}'));
            inner == Some(name)
        };
        let mut parts = self.path.split('/').zip(path.split('/'));
        let found = parts.find(|(part, _)| is(part));
        let text = found.map(|(_, text)| text).unwrap_or_default();
        percent_decode_str(text).decode_utf8_lossy().into_owned()
    }

    /// Whether the form can also be `multipart/form-data`. Clients of other systems send either; RFC 6749 allows only
    /// one.
    pub(crate) fn takes_multipart(&self) -> bool {
        self.deprecated && self.body == RequestBody::Form
    }

    /// Whether the route answers requests with this method.
    pub(crate) fn answers(&self, method: &str) -> bool {
        self.method == method || method == "HEAD" && self.method == "GET" && !self.acts
    }

    /// Creates a public route that reads and returns no body.
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
            can_wait: false,
            errors: &[],
            acts: false,
            hashes_password: false,
            calls_provider: false,
            deprecated: false,
            #[cfg(test)]
            request_schema: None,
            #[cfg(test)]
            answer_schema: None,
        }
    }
}
