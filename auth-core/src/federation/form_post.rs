//! Responses that come as a form (OAuth 2.0 Form Post Response Mode). The provider's page posts it, so no cookie with
//! `SameSite=Lax` comes along; the browser is sent to the callback with the same parameters, where it has them.

use form_urlencoded::Serializer;

use crate::context::Context;
use crate::error::{Error, Result};
use crate::federation::Federation;
use crate::federation::callback::Callback;
use crate::federation::profile::apple_name;
use crate::federation::start::redirect_uri;
use crate::json;
use crate::platform::Platform;
use crate::secret::SecretToken;

/// The purpose of the encryption of a person's data.
const PURPOSE: &str = "oauth_user";

/// The parameters that the callback reads.
const PARAMETERS: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

impl<P: Platform> Federation<'_, P> {
    /// Returns the address of the callback for a response that came as a form. `compatible` says whether it came to the path
    /// of another system. The person's data in `user` are encrypted in it, because addresses are logged.
    ///
    /// # Errors
    /// [`Error::ProviderUnknown`] also if the provider sends no forms, and [`Error::OauthStateInvalid`] if the form is
    /// malformed or has no state.
    pub fn form_post(self, provider: &str, form: &str, compatible: bool) -> Result<String> {
        let context = self.context;
        if !self.registration(provider)?.provider.dialect.form_post {
            return Err(Error::ProviderUnknown);
        }
        let callback = Callback::read(form).map_err(|_| Error::OauthStateInvalid)?;
        let state = callback.get("state").and_then(SecretToken::parse);
        let state = state.ok_or(Error::OauthStateInvalid)?;
        let mut query = Serializer::new(String::new());
        query.extend_pairs(
            PARAMETERS
                .iter()
                .filter_map(|name| Some((*name, callback.get(name)?))),
        );
        if let Some(user) = callback.get("user") {
            let key = &context.config.secret_key;
            let text = user.as_bytes();
            let sealed = key.encrypt(&context.platform, PURPOSE, provider, state.expose(), text);
            query.append_pair("user", &sealed);
        }
        let callback = redirect_uri(&context.config, provider, compatible);
        Ok(format!("{callback}?{}", query.finish()))
    }
}

/// Returns the name in a person's data that [`Federation::form_post`] has encrypted.
pub(super) fn apple_user<P: Platform>(
    context: &Context<P>,
    provider: &str,
    state: &SecretToken,
    sealed: &str,
) -> Option<String> {
    let key = &context.config.secret_key;
    let user = key.decrypt(PURPOSE, provider, state.expose(), sealed)?;
    apple_name(&json::from_slice(&user).ok()?)
}
