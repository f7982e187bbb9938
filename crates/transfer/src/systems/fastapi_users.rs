//! fastapi-users.

use auth_core::ImportUser;

use super::convert::{Converted, disabled, superadmin};
use super::join::{Account, Tables};
use crate::fields::Fields;
use crate::identity::{Foreign, Found};

pub(crate) const TABLES: Tables = Tables {
    user: convert,
    account,
};

/// Converts a row of the table of `SQLAlchemyBaseOAuthAccountTable`.
fn account(mut fields: Fields) -> Result<Account, String> {
    Ok(Account {
        user: fields.text("user_id")?.unwrap_or_default(),
        password_hash: None,
        identity: Some(identity(fields)?),
    })
}

/// Returns the identities of a user in a column of its own.
pub(crate) fn identities(fields: &mut Fields) -> Result<Found, String> {
    let accounts = fields.objects("oauth_accounts")?;
    accounts.into_iter().map(identity).collect()
}

/// Converts an account, whose identifier is from the clients of httpx-oauth: Google's is a resource of the People API,
/// and Reddit's is the user name.
fn identity(mut fields: Fields) -> Result<Result<Foreign, String>, String> {
    let name = fields.text("oauth_name")?.unwrap_or_default();
    let mut id = fields.text("account_id")?.unwrap_or_default();
    if let Some(number) = id.strip_prefix("people/") {
        id = number.to_owned();
    }
    if name == "reddit" {
        return Ok(Err(format!(
            "{name}: fastapi-users knows the account by its user name, which can change"
        )));
    }
    let mut identity = Foreign::new(name, id);
    identity.email = fields.text("account_email")?;
    Ok(Ok(identity))
}

/// Converts a row of the table of `SQLAlchemyBaseUserTable` (`fastapi_users_db_sqlalchemy/__init__.py`). A further
/// column with the name of a field of Gatewright becomes that field, and any other one a field of the profile.
pub(crate) fn convert(mut fields: Fields) -> Converted {
    let superuser = fields.flag("is_superuser")?;
    let active = fields.flag("is_active")?;
    let user = ImportUser {
        id: fields.uuid("id"),
        email: fields.text("email")?,
        email_verified: fields.flag("is_verified")?,
        username: fields.text("username")?,
        display_name: fields.text("display_name")?,
        password_hash: fields.text("hashed_password")?,
        disabled: disabled(active == Some(false)),
        roles: superadmin(superuser),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_login_at")?,
        ..ImportUser::default()
    };
    Ok(ImportUser {
        profile: fields.rest(),
        ..user
    })
}
