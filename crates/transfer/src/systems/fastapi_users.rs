//! fastapi-users.

use auth_core::ImportUser;

use super::convert::{Converted, disabled, superadmin};
use crate::fields::Fields;

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
