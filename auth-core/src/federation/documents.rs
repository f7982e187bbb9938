//! The documents of providers: metadata and keys. They are kept in the instance and in storage, and are refreshed after an
//! answer, so that few requests wait for a provider. The instance keeps them as read.

use core::time::Duration;
use std::sync::Arc;

use crate::context::Context;
use crate::deferred::task::{Deferred, DocumentKind, DocumentPlace, Task};
use crate::error::{Error, Result};
use crate::federation::document_cache::{Content, Entry, LIFE};
use crate::federation::fetch::{failed, fetch};
use crate::federation::jwks::JwkSet;
use crate::federation::metadata::Metadata;
use crate::federation::registration::Registration;
use crate::outbound::OutboundRequest;
use crate::platform::{Level, Platform};
use crate::storage::{Document, Documents as _};
use crate::time::Timestamp;

/// How long a document is used without a refresh.
const FRESH: Duration = Duration::from_secs(60 * 60);
/// The minimum time between two fetches for the same reason.
const COOL_DOWN: Duration = Duration::from_secs(60);
/// How long a failure is remembered.
const FAILURE: Duration = Duration::from_secs(10);

fn is_within(span: Duration, at: Option<Timestamp>, now: Timestamp) -> bool {
    at.is_some_and(|at| now.since(at) < span)
}

/// Returns the name of a document in storage. It does not depend on other documents, so that all are found at once.
fn name_of(registration: &Registration, kind: DocumentKind) -> String {
    let kind = match kind {
        DocumentKind::Metadata => "metadata",
        DocumentKind::Keys => "keys",
    };
    format!("{} {kind}", registration.provider.issuer)
}

/// Reads all stored documents of a provider into the instance, unless this was done a moment ago. A document is kept under
/// the address that it is from, so keys are used only if they are from the address that the metadata name.
async fn load<P: Platform>(context: &Context<P>, registration: &Registration) -> Result<()> {
    let (now, issuer) = (context.now(), &registration.provider.issuer);
    if is_within(FAILURE, context.documents.get(issuer).asked_at, now) {
        return Ok(());
    }
    let named = [DocumentKind::Metadata, DocumentKind::Keys]
        .map(|kind| (name_of(registration, kind), kind));
    let names = named.iter().map(|(name, _)| name.clone()).collect();
    let stored = context.storage().find_documents(names).await?;
    // Not before the answer: until then, others have to ask as well.
    let asked = |entry: &mut Entry| entry.asked_at = Some(now);
    context.documents.note(issuer, asked);
    for document in stored {
        let kind = named.iter().find(|(name, _)| *name == document.name);
        let (Some((_, kind)), Some((url, text))) = (kind, document.content.split_once('\n')) else {
            continue;
        };
        let at = document.fetched_at;
        let known = context.documents.get(url).document;
        let is_newer = known.is_none_or(|(_, known)| known < at);
        let is_usable = now.since(at) < LIFE;
        if is_newer
            && is_usable
            && let Ok(content) = read(registration, *kind, text.as_bytes())
        {
            context.documents.keep(url, content, at);
        }
    }
    Ok(())
}

/// Returns the metadata of a provider that is discovered.
///
/// # Errors
/// [`Error::ProviderUnavailable`], [`Error::OauthFailed`] if they can't be used, or a failure of the platform.
pub(super) async fn metadata<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
) -> Result<Arc<Metadata>> {
    let issuer = &registration.provider.issuer;
    let url = Metadata::address(issuer);
    match document(context, registration, DocumentKind::Metadata, &url).await? {
        // Two names of an issuer can have one address.
        Content::Metadata(metadata) if metadata.issuer == *issuer => Ok(metadata),
        Content::Metadata(_) | Content::Keys(_) => Err(Error::OauthFailed),
    }
}

/// Returns the keys of a provider.
///
/// # Errors
/// As of [`metadata`].
pub(super) async fn keys<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    url: &str,
) -> Result<Arc<JwkSet>> {
    let content = document(context, registration, DocumentKind::Keys, url).await?;
    keys_in(content)
}

fn keys_in(content: Content) -> Result<Arc<JwkSet>> {
    match content {
        Content::Keys(keys) => Ok(keys),
        Content::Metadata(_) => Err(Error::OauthFailed),
    }
}

/// Returns a document of a provider. One that is older than an hour is refreshed after the answer; one that is older than
/// a day is fetched first.
async fn document<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    kind: DocumentKind,
    url: &str,
) -> Result<Content> {
    let now = context.now();
    let is_usable = |(_, at): &(Content, Timestamp)| now.since(*at) < LIFE;
    let mut entry = context.documents.get(url);
    let mut found = entry.document.filter(is_usable);
    if found.is_none() {
        if is_within(FAILURE, entry.failed_at, now) {
            return Err(Error::ProviderUnavailable);
        }
        load(context, registration).await?;
        entry = context.documents.get(url);
        found = entry.document.filter(is_usable);
    }
    let Some((content, fetched_at)) = found else {
        return fetched(context, registration, kind, url).await;
    };
    if now.since(fetched_at) >= FRESH && !is_within(COOL_DOWN, entry.refreshed_at, now) {
        let noted = |entry: &mut Entry| entry.refreshed_at = Some(now);
        context.documents.note(url, noted);
        let place = DocumentPlace {
            provider: registration.provider.id.clone(),
            kind,
            url: url.to_owned(),
        };
        context
            .platform
            .defer(Deferred(Task::RefreshDocument(place)));
    }
    Ok(content)
}

/// Returns newer keys for a token whose key is unknown, or `None` if the known ones were fetched for this reason less than
/// a minute ago. While another request fetches them, or after it has failed, they are not known yet.
///
/// # Errors
/// As of [`metadata`].
pub(super) async fn renewed_keys<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    url: &str,
) -> Result<Option<Arc<JwkSet>>> {
    let now = context.now();
    let entry = context.documents.get(url);
    if is_within(FAILURE, entry.failed_at, now) {
        return Err(Error::ProviderUnavailable);
    }
    let fetched_at = entry.document.map(|(_, at)| at);
    if is_within(COOL_DOWN, entry.renewed_at, now) && fetched_at >= entry.renewed_at {
        return Ok(None);
    }
    context
        .documents
        .note(url, |entry| entry.renewed_at = Some(now));
    let content = fetched(context, registration, DocumentKind::Keys, url).await?;
    keys_in(content).map(Some)
}

/// Fetches a document and keeps it. It is stored after the answer.
async fn fetched<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    kind: DocumentKind,
    url: &str,
) -> Result<Content> {
    let (content, document) = fetch_document(context, registration, kind, url).await?;
    context
        .platform
        .defer(Deferred(Task::StoreDocument(document)));
    Ok(content)
}

/// Fetches a document and keeps it in the instance. Also returns what to store. A failure is remembered.
async fn fetch_document<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    kind: DocumentKind,
    url: &str,
) -> Result<(Content, Document)> {
    let fetched = try_fetch(context, registration, kind, url).await;
    let now = context.now();
    let (content, text) = match fetched {
        Ok(fetched) => fetched,
        Err(error) => {
            let failed = |entry: &mut Entry| entry.failed_at = Some(now);
            context.documents.note(url, failed);
            return Err(error);
        }
    };
    context.documents.keep(url, content.clone(), now);
    let document = Document {
        name: name_of(registration, kind),
        content: format!("{url}\n{text}"),
        fetched_at: now,
        expires_at: now + LIFE,
    };
    Ok((content, document))
}

async fn try_fetch<P: Platform>(
    context: &Context<P>,
    registration: &Registration,
    kind: DocumentKind,
    url: &str,
) -> Result<(Content, String)> {
    let provider = &registration.provider;
    let request = OutboundRequest::get(url.to_owned());
    let response = fetch(context, registration, request).await?;
    if response.status != 200 {
        let cause = format!("{url} returned status {}", response.status);
        return Err(failed(
            context,
            &provider.id,
            &cause,
            Error::ProviderUnavailable,
        ));
    }
    let content = read(registration, kind, &response.body).and_then(|content| {
        let text = String::from_utf8(response.body);
        text.map(|text| (content, text))
            .map_err(|_| "the document is not UTF-8".to_owned())
    });
    content.map_err(|defect| {
        let cause = format!("{url}: {defect}");
        failed(context, &provider.id, &cause, Error::OauthFailed)
    })
}

/// Reads a document.
///
/// # Errors
/// The reason why it can't be used.
fn read(
    registration: &Registration,
    kind: DocumentKind,
    text: &[u8],
) -> core::result::Result<Content, String> {
    match kind {
        DocumentKind::Keys => JwkSet::read(text)
            .map(|keys| Content::Keys(Arc::new(keys)))
            .ok_or_else(|| "the document is no key set".to_owned()),
        DocumentKind::Metadata => {
            let metadata = Metadata::read(text, &registration.provider.issuer)
                .map_err(|error| error.to_string())?;
            match metadata.foreign_origin(&registration.origins()) {
                None => Ok(Content::Metadata(Arc::new(metadata))),
                Some(origin) => {
                    let name = registration.provider.id.to_ascii_uppercase();
                    Err(format!(
                        "{origin} is not the issuer's host; add it to OIDC_{name}_HOSTS"
                    ))
                }
            }
        }
    }
}

/// Fetches a document again, and stores it.
pub(crate) async fn refresh_document<P: Platform>(context: &Context<P>, place: &DocumentPlace) {
    let DocumentPlace {
        provider,
        kind,
        url,
    } = place;
    let Some(registration) = context.config.federation.registration(provider) else {
        return;
    };
    if let Ok((_, document)) = fetch_document(context, registration, *kind, url).await {
        store_document(context, document).await;
    }
}

/// Stores a document for other instances.
pub(crate) async fn store_document<P: Platform>(context: &Context<P>, document: Document) {
    let name = document.name.clone();
    match context.storage().store_document(document).await {
        Ok(()) => context.platform.log(
            Level::Debug,
            "a document of a sign-in provider was stored",
            &[("document", &name)],
        ),
        Err(error) => {
            let cause = Error::from(error).to_string();
            context.platform.log(
                Level::Warn,
                "a document of a sign-in provider could not be stored",
                &[("document", &name), ("cause", &cause)],
            );
        }
    }
}
