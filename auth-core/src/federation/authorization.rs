//! The authorization request: the address that a browser is sent to (RFC 6749 section 4.1.1, OpenID Connect Core
//! section 3.1.2.1).

use form_urlencoded::Serializer;

use super::pkce;

/// The parts of an authorization request.
#[derive(Clone, Copy)]
pub(crate) struct AuthorizationRequest<'a> {
    /// The provider's page. It may have a query, which is kept.
    pub(crate) endpoint: &'a str,
    /// The name of the parameter with the client's identifier: `client_id`, except at TikTok.
    pub(crate) client_id_name: &'a str,
    /// The client's identifier.
    pub(crate) client_id: &'a str,
    /// The address that the browser comes back to.
    pub(crate) redirect_uri: &'a str,
    /// The scopes in the provider's form. Empty means none.
    pub(crate) scope: &'a str,
    /// The secret that binds the response to the browser.
    pub(crate) state: &'a str,
    /// The value that the ID token must repeat, unless the provider has no ID tokens.
    pub(crate) nonce: Option<&'a str>,
    /// The challenge of PKCE, unless the provider refuses it.
    pub(crate) code_challenge: Option<&'a str>,
    /// How the response comes back, if not in the query.
    pub(crate) response_mode: Option<&'a str>,
    /// The provider's own parameters. They replace none of the others.
    pub(crate) extra: &'a [(&'a str, &'a str)],
}

impl AuthorizationRequest<'_> {
    /// Returns the address.
    pub(crate) fn url(&self) -> String {
        let own = [
            ("response_type", Some("code")),
            (self.client_id_name, Some(self.client_id)),
            ("redirect_uri", Some(self.redirect_uri)),
            ("scope", Some(self.scope).filter(|scope| !scope.is_empty())),
            ("state", Some(self.state)),
            ("nonce", self.nonce),
            ("code_challenge", self.code_challenge),
            (
                "code_challenge_method",
                self.code_challenge.map(|_| pkce::METHOD),
            ),
            ("response_mode", self.response_mode),
        ];
        let is_own = |name: &str| own.iter().any(|(own, _)| *own == name);
        let mut query = Serializer::new(String::new());
        query.extend_pairs(
            own.iter()
                .filter_map(|(name, value)| Some((name, (*value)?))),
        );
        query.extend_pairs(self.extra.iter().filter(|(name, _)| !is_own(name)));
        let joint = if self.endpoint.contains('?') {
            '&'
        } else {
            '?'
        };
        format!("{}{joint}{}", self.endpoint, query.finish())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const REQUEST: AuthorizationRequest<'_> = AuthorizationRequest {
        endpoint: "https://op.example/authorize",
        client_id_name: "client_id",
        client_id: "a client",
        redirect_uri: "https://auth.example/auth/oauth/acme/callback",
        scope: "openid email",
        state: "s&t=1",
        nonce: Some("n"),
        code_challenge: Some("c"),
        response_mode: None,
        extra: &[],
    };

    #[test]
    fn a_request_has_every_parameter_once() {
        assert_eq!(
            REQUEST.url(),
            "https://op.example/authorize?response_type=code&client_id=a+client\
             &redirect_uri=https%3A%2F%2Fauth.example%2Fauth%2Foauth%2Facme%2Fcallback&scope=openid+email\
             &state=s%26t%3D1&nonce=n&code_challenge=c&code_challenge_method=S256"
        );
        let request = AuthorizationRequest {
            endpoint: "https://op.example/authorize?tenant=1",
            client_id_name: "client_key",
            scope: "",
            nonce: None,
            code_challenge: None,
            response_mode: Some("form_post"),
            extra: &[("access_type", "offline"), ("prompt", "select account")],
            ..REQUEST
        };
        assert_eq!(
            request.url(),
            "https://op.example/authorize?tenant=1&response_type=code&client_key=a+client\
             &redirect_uri=https%3A%2F%2Fauth.example%2Fauth%2Foauth%2Facme%2Fcallback&state=s%26t%3D1\
             &response_mode=form_post&access_type=offline&prompt=select+account"
        );
    }

    #[test]
    fn extra_parameters_replace_no_others() {
        let own = [
            "response_type",
            "client_id",
            "redirect_uri",
            "scope",
            "state",
            "nonce",
            "code_challenge",
            "code_challenge_method",
            "response_mode",
        ];
        let extra: Vec<_> = own.iter().map(|name| (*name, "evil")).collect();
        let request = AuthorizationRequest {
            extra: &extra,
            ..REQUEST
        };
        assert_eq!(request.url(), REQUEST.url());
    }
}
