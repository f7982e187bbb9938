//! What persons do with their own accounts.

use crate::account::registration::{Registered, Registration};
use crate::account::sign_in_methods::SignInMethods;
use crate::account::update::AccountUpdate;
use crate::auth::Auth;
use crate::auth::delegates::Proof;
use crate::client::Client;
use crate::client::device_token::DeviceToken;
use crate::error::Result;
use crate::mfa::enrolment::TotpEnrolment;
use crate::platform::Platform;
use crate::sessions::tokens::{TokenPair, Tokens};
use crate::sessions::transport::TokenFormat;
use crate::sign_in::login::{Login, LoginRequest};
use crate::sign_in::reauthentication::Evidence;
use crate::storage::{ActiveSession, Session, User};

impl<P: Platform> Auth<P> {
    /// [`SignIn::login`](crate::SignIn::login).
    pub async fn login(&self, request: LoginRequest<'_>, client: &Client) -> Result<Login> {
        self.sign_in().login(request, client).await
    }

    /// [`SignIn::login_by_second_factor`](crate::SignIn::login_by_second_factor).
    pub async fn login_by_second_factor(
        &self,
        challenge: &str,
        code: &str,
        carrier: TokenFormat,
        client: &Client,
    ) -> Result<Tokens> {
        self.sign_in()
            .login_by_second_factor(challenge, code, carrier, client)
            .await
    }

    /// [`Sessions::refresh`](crate::Sessions::refresh).
    pub async fn refresh(&self, presented: &str, client: &Client) -> Result<TokenPair> {
        self.sessions_service().refresh(presented, client).await
    }

    /// [`Sessions::refresh_within`](crate::Sessions::refresh_within).
    pub async fn refresh_within(
        &self,
        presented: &str,
        session_ids: &[&str],
        client: &Client,
    ) -> Result<TokenPair> {
        self.sessions_service()
            .refresh_within(presented, session_ids, client)
            .await
    }

    /// [`Sessions::authenticate`](crate::Sessions::authenticate).
    pub async fn authenticate(&self, token: &str) -> Result<ActiveSession> {
        self.sessions_service().authenticate(token).await
    }

    /// [`Sessions::logout`](crate::Sessions::logout).
    pub async fn logout(&self, token: &str, client: &Client) -> Result<()> {
        self.sessions_service().logout(token, client).await
    }

    /// [`Sessions::logout_by_refresh_token`](crate::Sessions::logout_by_refresh_token).
    pub async fn logout_by_refresh_token(
        &self,
        refresh_token: &str,
        client: &Client,
    ) -> Result<()> {
        self.sessions_service()
            .logout_by_refresh_token(refresh_token, client)
            .await
    }

    /// [`Sessions::logout_all`](crate::Sessions::logout_all).
    pub async fn logout_all(&self, active: &ActiveSession, client: &Client) -> Result<()> {
        self.sessions_service().logout_all(active, client).await
    }

    /// [`Sessions::logout_others`](crate::Sessions::logout_others).
    pub async fn logout_others(&self, active: &ActiveSession, client: &Client) -> Result<()> {
        self.sessions_service().logout_others(active, client).await
    }

    /// [`Sessions::list`](crate::Sessions::list).
    pub async fn sessions(&self, active: &ActiveSession) -> Result<Vec<Session>> {
        self.sessions_service().list(active).await
    }

    /// [`Sessions::end`](crate::Sessions::end).
    pub async fn end_own_session(
        &self,
        active: &ActiveSession,
        session_id: &str,
        client: &Client,
    ) -> Result<()> {
        self.sessions_service()
            .end(active, session_id, client)
            .await
    }

    /// [`Accounts::register`](crate::Accounts::register).
    pub async fn register(
        &self,
        registration: Registration<'_>,
        client: &Client,
    ) -> Result<Registered> {
        self.accounts().register(registration, client).await
    }

    /// [`Accounts::update`](crate::Accounts::update).
    pub async fn update_account(
        &self,
        active: &ActiveSession,
        update: AccountUpdate<'_>,
        client: &Client,
    ) -> Result<User> {
        self.accounts().update(active, update, client).await
    }

    /// [`Accounts::delete`](crate::Accounts::delete).
    pub async fn delete_account(
        &self,
        active: &ActiveSession,
        password: &str,
        client: &Client,
    ) -> Result<()> {
        self.accounts()
            .delete(active, Evidence::password(password), client)
            .await
    }

    /// [`Accounts::sign_in_methods`](crate::Accounts::sign_in_methods).
    pub async fn sign_in_methods(&self, active: &ActiveSession) -> Result<SignInMethods> {
        self.accounts().sign_in_methods(active).await
    }

    /// [`Accounts::forgot_password`](crate::Accounts::forgot_password).
    pub async fn forgot_password(&self, email: &str, client: &Client) -> Result<()> {
        self.accounts().forgot_password(email, client).await
    }

    /// [`Accounts::reset_password`](crate::Accounts::reset_password).
    pub async fn reset_password(
        &self,
        token: &str,
        new: &str,
        client: &Client,
    ) -> Result<DeviceToken> {
        self.accounts().reset_password(token, new, client).await
    }

    /// [`Accounts::change_password`](crate::Accounts::change_password).
    pub async fn change_password(
        &self,
        active: &ActiveSession,
        current: &str,
        new: &str,
        client: &Client,
    ) -> Result<DeviceToken> {
        self.accounts()
            .change_password(active, Evidence::password(current), new, client)
            .await
    }

    /// [`Accounts::resend_verification`](crate::Accounts::resend_verification).
    pub async fn resend_verification(&self, email: &str, client: &Client) -> Result<()> {
        self.accounts().resend_verification(email, client).await
    }

    /// [`Accounts::verify_email`](crate::Accounts::verify_email).
    pub async fn verify_email(
        &self,
        token: &str,
        proof: Proof<'_>,
        client: &Client,
    ) -> Result<User> {
        self.accounts()
            .verify_email(token, proof.into(), client)
            .await
    }

    /// [`Accounts::change_email`](crate::Accounts::change_email).
    pub async fn change_email(
        &self,
        active: &ActiveSession,
        email: &str,
        password: &str,
        client: &Client,
    ) -> Result<()> {
        self.accounts()
            .change_email(active, email, Evidence::password(password), client)
            .await
    }

    /// [`Accounts::confirm_email`](crate::Accounts::confirm_email).
    pub async fn confirm_email(
        &self,
        token: &str,
        proof: Proof<'_>,
        client: &Client,
    ) -> Result<User> {
        self.accounts()
            .confirm_email(token, proof.into(), client)
            .await
    }

    /// [`Accounts::undo_email`](crate::Accounts::undo_email).
    pub async fn undo_email(&self, token: &str, client: &Client) -> Result<User> {
        self.accounts().undo_email(token, client).await
    }

    /// [`Mfa::enable_totp`](crate::Mfa::enable_totp).
    pub async fn enable_totp(
        &self,
        active: &ActiveSession,
        password: Option<&str>,
        client: &Client,
    ) -> Result<TotpEnrolment> {
        self.mfa()
            .enable_totp(
                active,
                Evidence {
                    password,
                    ..Evidence::default()
                },
                client,
            )
            .await
    }

    /// [`Mfa::confirm_totp`](crate::Mfa::confirm_totp).
    pub async fn confirm_totp(
        &self,
        active: &ActiveSession,
        presented: &str,
        client: &Client,
    ) -> Result<Vec<String>> {
        self.mfa().confirm_totp(active, presented, client).await
    }

    /// [`Mfa::disable_totp`](crate::Mfa::disable_totp).
    pub async fn disable_totp(
        &self,
        active: &ActiveSession,
        password: &str,
        code: &str,
        client: &Client,
    ) -> Result<()> {
        self.mfa()
            .disable_totp(
                active,
                Evidence {
                    password: Some(password),
                    code: Some(code),
                    ..Evidence::default()
                },
                client,
            )
            .await
    }

    /// [`Mfa::regenerate_recovery_codes`](crate::Mfa::regenerate_recovery_codes).
    pub async fn regenerate_recovery_codes(
        &self,
        active: &ActiveSession,
        password: &str,
        code: &str,
        client: &Client,
    ) -> Result<Vec<String>> {
        self.mfa()
            .regenerate_recovery_codes(
                active,
                Evidence {
                    password: Some(password),
                    code: Some(code),
                    ..Evidence::default()
                },
                client,
            )
            .await
    }
}
