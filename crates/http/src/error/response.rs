//! Errors as responses, in the format of the API or of OAuth 2.0.

use bytes::Bytes;
use http::header::RETRY_AFTER;
use http::{Response, StatusCode};
use serde_json::{Value, json};

use crate::error::api_error::{ApiError, Header};
use crate::response::reply;
use crate::route::{RequestBody, Route};

impl ApiError {
    /// Returns the answer in the format of the route: that of RFC 6749 for OAuth 2.0 endpoints.
    pub(crate) fn into_route_response(
        self,
        route: &Route,
        request_id: Option<&str>,
    ) -> Response<Bytes> {
        match route.body {
            RequestBody::Form => self.into_oauth_response(),
            _ => self.into_response(request_id),
        }
    }

    /// Returns the answer in the format of the API. An internal error shows only the request ID.
    pub(crate) fn into_response(self, request_id: Option<&str>) -> Response<Bytes> {
        let mut error = json!({"code": self.code, "message": self.message, "status_code": self.status.as_u16()});
        if !self.details.is_empty() {
            error["details"] = self.details.into();
        }
        if let (StatusCode::INTERNAL_SERVER_ERROR, Some(id)) = (self.status, request_id) {
            error["request_id"] = id.into();
        }
        Self::finish(self.status, self.header, &json!({ "error": error }))
    }

    /// Returns the answer in the format of RFC 6749 section 5.2, for OAuth 2.0 endpoints.
    fn into_oauth_response(self) -> Response<Bytes> {
        let (status, code) = match (self.status, self.code) {
            (status, "cross_site_request") => (status, "invalid_request"),
            (_, "mfa_required") => (StatusCode::BAD_REQUEST, "mfa_required"),
            (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
                (StatusCode::BAD_REQUEST, "invalid_grant")
            }
            (_, "unsupported_grant_type") => (StatusCode::BAD_REQUEST, "unsupported_grant_type"),
            (StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE, _) => {
                (self.status, "temporarily_unavailable")
            }
            (StatusCode::INTERNAL_SERVER_ERROR, _) => (self.status, "server_error"),
            (StatusCode::PAYLOAD_TOO_LARGE, _) => (self.status, "invalid_request"),
            _ => (StatusCode::BAD_REQUEST, "invalid_request"),
        };
        let header = self.header.filter(|header| header.0 == RETRY_AFTER);
        let mut body = json!({"error": code, "error_description": self.message});
        if let Some(token) = self.mfa_token {
            body["mfa_token"] = token.into_string().into();
        }
        Self::finish(status, header, &body)
    }

    fn finish(status: StatusCode, header: Option<Header>, body: &Value) -> Response<Bytes> {
        let mut response = reply::json(status, body);
        if let Some(header) = header {
            response.headers_mut().insert(header.0, header.1);
        }
        response
    }
}
