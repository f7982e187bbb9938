//! The HTTP API as the commands see it.

use std::fmt;
use std::time::Duration;

use anyhow::{Context as _, Result, bail, ensure};
use gatewright_transfer::objects;
use http::header::{ACCEPT, CONTENT_TYPE, LOCATION, RETRY_AFTER};
use http::{Method, Request, Response, StatusCode};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::Door;
use crate::console::Console;
use crate::show::clean;

/// What is escaped in a part of a path. The names of permissions, such as `posts:*`, stay as they are.
const PART: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b':')
    .remove(b'*');

/// Most rows that one page of a list has.
pub(crate) const PAGE: u64 = 200;

/// How often a busy service is asked, all in all.
const ATTEMPTS: u32 = 8;
/// Longest time that it is waited for at once.
const LONGEST_WAIT: Duration = Duration::from_secs(300);

/// An error that the service answered.
#[derive(Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    /// Empty where the answer was not in the form of the API.
    pub(crate) code: String,
    message: String,
    details: Vec<Detail>,
    request_id: Option<String>,
    retry_after: Option<Duration>,
}

/// One broken rule.
#[derive(Debug, Clone, Deserialize, serde::Serialize)]
pub(crate) struct Detail {
    pub(crate) field: String,
    pub(crate) code: String,
    pub(crate) message: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.code.is_empty() {
            write!(f, "the service answered {}", self.status)?;
            return f.write_str(&clean(&self.message));
        }
        write!(f, "{} [{}]", clean(&self.message), clean(&self.code))?;
        if let Some(wait) = self.retry_after {
            write!(f, " (try again in {} s)", wait.as_secs())?;
        }
        if let Some(id) = &self.request_id {
            write!(f, " (request {})", clean(id))?;
        }
        for Detail {
            field,
            code,
            message,
        } in &self.details
        {
            write!(
                f,
                "\n  {}: {} [{}]",
                clean(field),
                clean(message),
                clean(code)
            )?;
        }
        Ok(())
    }
}

impl std::error::Error for Refusal {}

impl Refusal {
    fn new(status: StatusCode, headers: &http::HeaderMap, body: &[u8]) -> Self {
        #[derive(Deserialize)]
        struct Envelope {
            error: Body,
        }
        #[derive(Deserialize)]
        struct Body {
            code: String,
            message: String,
            #[serde(default)]
            details: Vec<Detail>,
            request_id: Option<String>,
        }
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        let seconds = header(RETRY_AFTER).and_then(|text| text.trim().parse().ok());
        let retry_after = seconds.map(Duration::from_secs);
        match objects::from_slice(body) {
            Ok(Envelope { error }) => Self {
                status,
                code: error.code,
                message: error.message,
                details: error.details,
                request_id: error.request_id,
                retry_after,
            },
            Err(_) => Self {
                status,
                code: String::new(),
                message: match header(LOCATION) {
                    Some(place) if status.is_redirection() => {
                        format!(" and points to {place}; give that address if it is right")
                    }
                    _ => String::new(),
                },
                details: Vec::new(),
                request_id: None,
                retry_after,
            },
        }
    }
}

/// Whether the service refused with that status.
pub(crate) fn is(error: &anyhow::Error, status: StatusCode) -> bool {
    error
        .downcast_ref()
        .is_some_and(|refusal: &Refusal| refusal.status == status)
}

/// Who is meant by an id, an e-mail address or a user name.
pub(crate) struct Named {
    pub(crate) id: String,
    /// The record, where it had to be looked up.
    pub(crate) record: Option<Value>,
    label: String,
}

impl fmt::Display for Named {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&clean(&self.label))
    }
}

/// Part of a list.
pub(crate) struct Listed {
    /// Its rows, as they came.
    pub(crate) rows: Vec<Box<RawValue>>,
    /// Where it goes on.
    pub(crate) next: Option<String>,
    /// The document of the API, as if it were one page.
    pub(crate) document: Vec<u8>,
}

impl Listed {
    pub(crate) fn values(&self) -> Result<Vec<Value>> {
        let parsed = self.rows.iter().map(|row| objects::from_str(row.get()));
        Ok(parsed.collect::<Result<_, _>>()?)
    }
}

/// Names and values behind the `?` of an address.
pub(crate) type Query = Vec<(&'static str, String)>;

pub(crate) struct Api<'a> {
    door: &'a dyn Door,
}

impl<'a> Api<'a> {
    pub(crate) fn new(door: &'a dyn Door) -> Self {
        Self { door }
    }

    /// Sends a request and returns the body of the answer.
    pub(crate) fn send(
        &self,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Vec<u8>> {
        body_of(self.door.send(request(method, path, body)?)?)
    }

    /// What tells the service from others.
    pub(crate) fn service(&self) -> String {
        self.door.name()
    }

    /// How many requests are best sent together.
    pub(crate) fn at_once(&self) -> usize {
        self.door.at_once()
    }

    /// Posts JSON bodies to one address, together, and returns the bodies of the answers in their order.
    pub(crate) fn post_all(
        &self,
        path: &str,
        bodies: impl Iterator<Item = Result<Vec<u8>>>,
    ) -> Result<Vec<Result<Vec<u8>>>> {
        let mut unsent = None;
        let mut requests = bodies.map_while(|body| {
            let request = body.and_then(|body| request(Method::POST, path, Some(body)));
            request.map_err(|error| unsent = Some(error)).ok()
        });
        let answers = self.door.send_all(&mut requests);
        if let Some(error) = unsent {
            return Err(error);
        }
        Ok(answers.into_iter().map(|answer| body_of(answer?)).collect())
    }

    pub(crate) fn get(&self, path: &str) -> Result<Vec<u8>> {
        self.send(Method::GET, path, None)
    }

    pub(crate) fn post(&self, path: &str, body: &Value) -> Result<Vec<u8>> {
        self.send(Method::POST, path, Some(body.to_string().into_bytes()))
    }

    /// One page of a list.
    fn page(
        &self,
        path: &str,
        query: &Query,
        cursor: Option<String>,
        limit: u64,
    ) -> Result<Listed> {
        #[derive(Deserialize)]
        struct Page {
            #[serde(alias = "users", alias = "events")]
            rows: Vec<Box<RawValue>>,
            next_cursor: Option<String>,
        }
        let mut query = query.clone();
        query.push(("limit", limit.to_string()));
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let document = self.get(&with_query(path, &query))?;
        let Page { rows, next_cursor } = read(&document)?;
        Ok(Listed {
            rows,
            next: next_cursor,
            document,
        })
    }

    /// The rows under `field` of as many pages as `wanted` takes, or of all of them.
    pub(crate) fn list(
        &self,
        path: &str,
        field: &str,
        query: &Query,
        cursor: Option<String>,
        wanted: Option<u64>,
    ) -> Result<Listed> {
        let missing =
            |rows: &[_]| wanted.map_or(PAGE, |wanted| wanted.saturating_sub(rows.len() as u64));
        let mut listed = self.page(path, query, cursor, missing(&[]).min(PAGE))?;
        let mut alone = true;
        while let Some(cursor) = listed.next.take() {
            let limit = missing(&listed.rows).min(PAGE);
            if limit == 0 {
                listed.next = Some(cursor);
                break;
            }
            let page = self.page(path, query, Some(cursor), limit)?;
            listed.rows.extend(page.rows);
            listed.next = page.next;
            alone = false;
        }
        if !alone {
            let rows: Vec<&str> = listed.rows.iter().map(|row| row.get()).collect();
            let next = serde_json::to_string(&listed.next)?;
            let rows = rows.join(",");
            listed.document =
                format!("{{\"{field}\":[{rows}],\"next_cursor\":{next}}}").into_bytes();
        }
        Ok(listed)
    }

    /// Finds a user by id, e-mail address or user name.
    pub(crate) fn user(&self, name: &str) -> Result<Named> {
        if is_uuid(name) {
            return Ok(Named {
                id: name.to_owned(),
                record: None,
                label: name.to_owned(),
            });
        }
        ensure!(
            !name.trim().is_empty(),
            "a user is named by id, e-mail address or user name"
        );
        let query = vec![("search", name.to_owned())];
        let mut cursor = None;
        loop {
            let page = self.page("/users", &query, cursor, PAGE)?;
            for record in page.values()? {
                let is = |field: &str| {
                    let value = record[field].as_str();
                    value.is_some_and(|value| value.to_lowercase() == name.trim().to_lowercase())
                };
                if is("email") || is("username") {
                    let id = record["id"].as_str().context("a user without an id")?;
                    return Ok(Named {
                        id: id.to_owned(),
                        label: name.trim().to_owned(),
                        record: Some(record),
                    });
                }
            }
            cursor = page.next;
            if cursor.is_none() {
                bail!("no user has the e-mail address or user name {name:?}");
            }
        }
    }
}

/// Asks again for as long as the service says when to, which is not for ever.
pub(crate) fn patiently<T>(
    console: &mut dyn Console,
    mut ask: impl FnMut() -> Result<T>,
) -> Result<T> {
    let mut attempt = 1;
    loop {
        let error = match ask() {
            Ok(answer) => return Ok(answer),
            Err(error) => error,
        };
        let wait = error.downcast_ref().and_then(|refusal: &Refusal| {
            let busy = [
                StatusCode::TOO_MANY_REQUESTS,
                StatusCode::SERVICE_UNAVAILABLE,
            ];
            refusal
                .retry_after
                .filter(|wait| busy.contains(&refusal.status) && *wait <= LONGEST_WAIT)
        });
        match wait {
            Some(wait) if attempt < ATTEMPTS => console.wait(wait.max(Duration::from_secs(1))),
            _ => return Err(error),
        }
        attempt += 1;
    }
}

fn request(method: Method, path: &str, body: Option<Vec<u8>>) -> Result<Request<Vec<u8>>> {
    let mut request = Request::builder()
        .method(method)
        .uri(path)
        .header(ACCEPT, "application/json");
    if body.is_some() {
        request = request.header(CONTENT_TYPE, "application/json");
    }
    Ok(request.body(body.unwrap_or_default())?)
}

/// The body of an answer; anything but a success is a [`Refusal`].
fn body_of(answer: Response<Vec<u8>>) -> Result<Vec<u8>> {
    let (answer, body) = answer.into_parts();
    if answer.status.is_success() {
        return Ok(body);
    }
    Err(Refusal::new(answer.status, &answer.headers, &body).into())
}

/// A path of parts that people gave.
pub(crate) fn path(parts: &[&str]) -> Result<String> {
    let mut path = String::new();
    for part in parts {
        // Clients and servers take these two out of a path.
        ensure!(!["", ".", ".."].contains(part), "{part:?} is not a name");
        path.push('/');
        path.extend(utf8_percent_encode(part, PART));
    }
    Ok(path)
}

pub(crate) fn with_query(path: &str, query: &Query) -> String {
    if query.is_empty() {
        return path.to_owned();
    }
    let mut encoded = form_urlencoded::Serializer::new(String::new());
    encoded.extend_pairs(query);
    format!("{path}?{}", encoded.finish())
}

pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T> {
    objects::from_slice(body).context("the answer is not that of this service's API")
}

/// Whether it is an identifier, in the one form that the service writes.
pub(crate) fn is_uuid(text: &str) -> bool {
    text.len() == 36 && Uuid::try_parse(text).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::{Fake, Script};
    use serde_json::json;

    const ID: &str = "01890a5d-ac96-774b-bcce-b302099a8057";

    #[test]
    fn what_people_give_stays_one_part_of_the_path() {
        assert_eq!(
            path(&["roles", "a/b c?d#e%é"]).unwrap(),
            "/roles/a%2Fb%20c%3Fd%23e%25%C3%A9"
        );
        assert_eq!(
            path(&["permissions", "posts:*"]).unwrap(),
            "/permissions/posts:*"
        );
        for name in ["", ".", ".."] {
            assert!(path(&["roles", name]).is_err(), "{name:?}");
        }
    }

    #[test]
    fn values_of_a_query_are_escaped() {
        let query = vec![("search", "a+b@c &d=é".to_owned())];
        assert_eq!(
            with_query("/users", &query),
            "/users?search=a%2Bb%40c+%26d%3D%C3%A9"
        );
        assert_eq!(with_query("/users", &Vec::new()), "/users");
    }

    #[test]
    fn an_id_is_not_looked_up() {
        let fake = Fake::new([]);
        assert_eq!(Api::new(&fake).user(ID).unwrap().id, ID);
        assert!(fake.requests().is_empty());
    }

    #[test]
    fn a_name_is_found_among_those_that_begin_with_it_over_pages() {
        let fake = Fake::new([
            Script::json(
                200,
                json!({"users": [{"id": "1", "email": "ada@example.com.uk", "username": null},
                    {"id": "2", "email": null, "username": "adams"}], "next_cursor": "c&2"}),
            ),
            Script::json(
                200,
                json!({"users": [{"id": ID, "email": "Ada@example.com", "username": null}], "next_cursor": "c3"}),
            ),
        ]);
        let user = Api::new(&fake).user("ada@Example.com").unwrap();
        assert_eq!(user.id, ID);
        assert_eq!(
            fake.paths(),
            [
                "GET /users?search=ada%40Example.com&limit=200",
                "GET /users?search=ada%40Example.com&limit=200&cursor=c%262"
            ]
        );
    }

    #[test]
    fn a_name_that_only_begins_one_is_nobody() {
        let fake = Fake::new([Script::json(
            200,
            json!({"users": [{"id": ID, "email": null, "username": "adam"}], "next_cursor": null}),
        )]);
        let error = Api::new(&fake).user("ada").err().unwrap();
        assert!(error.to_string().contains("no user has"), "{error}");
        assert!(Api::new(&fake).user(" ").is_err());
    }

    #[test]
    fn a_refusal_is_readable_and_harmless() {
        let body = json!({"error": {"code": "validation_failed", "message": "Some fields\u{1b}[2J are not valid.",
            "status_code": 422, "details": [{"field": "email", "code": "format", "message": "No address."}]}});
        let fake = Fake::new([Script::json(422, body)]);
        let error = Api::new(&fake).get("/users").unwrap_err().to_string();
        assert_eq!(
            error,
            "Some fields\\u{1b}[2J are not valid. [validation_failed]\n  email: No address. [format]"
        );
    }

    #[test]
    fn what_is_not_the_api_is_named_by_its_status() {
        let fake = Fake::new([
            Script::text(502, "<html>"),
            Script::text(301, "").with("location", "https://elsewhere.example/"),
            Script::text(200, "<html>"),
        ]);
        let api = Api::new(&fake);
        let error = api.get("/users").unwrap_err().to_string();
        assert_eq!(error, "the service answered 502 Bad Gateway");
        let error = api.get("/users").unwrap_err().to_string();
        assert!(error.contains("https://elsewhere.example/"), "{error}");
        assert!(api.user("ada").is_err());
    }
}
