//! The list of sign-in providers.

use auth_core::Platform;
use serde::Serialize;

use crate::call::{Answer, Call};
use crate::proof::Public;
use crate::row::{get, rows};

rows![
    providers = get(
        "/auth/oauth",
        "Lists the sign-in providers that are set up, for the buttons of a sign-in page.",
    )
    .answers::<ProvidersResponse>(),
];

/// The sign-in providers that are set up, in the order of their buttons.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ProvidersResponse {
    providers: Vec<ProviderView>,
}

/// A sign-in provider.
#[derive(Serialize)]
#[cfg_attr(test, derive(utoipa::ToSchema))]
pub(crate) struct ProviderView {
    /// Name in paths and settings.
    id: String,
    /// Name for people.
    name: String,
    /// URL of the icon. Null if there is none.
    icon: Option<String>,
    /// URL to open in the browser to sign in.
    url: String,
    /// Whether `purpose=reauthenticate` works there. Users of other providers prove their identity by another sign-in.
    reauthenticates: bool,
}

async fn providers<P: Platform>(call: &Call<'_, P>, _: Public) -> Answer<ProvidersResponse> {
    let base = &call.config().web.public_base_url;
    let providers = call.auth.federation().providers().into_iter();
    let providers = providers.map(|provider| ProviderView {
        icon: provider
            .preset
            .then(|| format!("{base}/assets/providers/{}.svg", provider.id)),
        url: format!("{base}/auth/oauth/{}", provider.id),
        reauthenticates: provider.reauthenticates,
        name: provider.label,
        id: provider.id,
    });
    let response = ProvidersResponse {
        providers: providers.collect(),
    };
    Ok(call.json(&response).cached("public, max-age=60"))
}
