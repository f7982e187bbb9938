//! Changes that users make in their own sessions.

use auth_core::{AccessTokenError, Error, Evidence};
use futures::executor::block_on;
use gatewright_tests::host::PASSWORD;

use super::{administrator, auth, client, login};

/// A change in a session that has ended in the meantime does not happen: a factor that an intruder was about to confirm.
#[test]
fn a_session_that_has_ended_changes_nothing() {
    let auth = auth(1, &[]);
    administrator(&auth, "ada@example.com");
    let intruder = login(&auth, "ada@example.com", PASSWORD).unwrap().active;
    let owner = login(&auth, "ada@example.com", PASSWORD).unwrap().active;
    let client = client();
    let evidence = Evidence::password(PASSWORD);
    let new = "a new and better password";
    let changed = auth
        .accounts()
        .change_password(&owner, evidence, new, &client);
    assert!(block_on(changed).is_ok());
    let evidence = Evidence::password(new);
    let deleted = auth.accounts().delete(&intruder, evidence, &client);
    let ended = Error::AccessToken(AccessTokenError::SessionEnded);
    assert_eq!(block_on(deleted).err(), Some(ended.clone()));
    let enabled = auth.mfa().enable_totp(&intruder, evidence, &client);
    assert_eq!(block_on(enabled).err(), Some(ended));
}
