//! What the columns of each system mean.

use std::collections::{HashMap, VecDeque};

use serde_json::{Map, Value};
use time::OffsetDateTime;

use crate::fields::{Fields, Row, uuid};
use crate::{FirebaseHash, ImportUser, Item, Record, hash};

type Converted = Result<ImportUser, String>;

/// Roles are separated by blanks or semicolons, and `profile.X` is the field X of the profile.
pub(crate) fn csv(mut fields: Fields) -> Converted {
    let roles = fields.texts("roles")?;
    let codes = fields.texts("recovery_codes")?;
    let user = ImportUser {
        id: fields.uuid("id"),
        email: fields.text("email")?,
        email_verified: fields.flag("email_verified")?,
        email_verified_at: fields.time("email_verified_at")?,
        username: fields.text("username")?,
        display_name: fields.text("display_name")?,
        password_hash: fields.text("password_hash")?,
        disabled: fields.flag("disabled")?,
        roles: some(roles),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_login_at")?,
        totp_secret: fields.text("totp_secret")?,
        recovery_codes: some(codes),
        profile: None,
    };
    let profile = fields.rest().map(|rest| {
        let named = rest
            .into_iter()
            .filter_map(|(name, value)| Some((name.strip_prefix("profile.")?.to_owned(), value)));
        named.collect()
    });
    Ok(ImportUser { profile, ..user })
}

/// Whether a column is one of our CSV.
pub(crate) fn csv_column(name: &str) -> bool {
    const NAMES: [&str; 13] = [
        "id",
        "email",
        "email_verified",
        "email_verified_at",
        "username",
        "display_name",
        "password_hash",
        "disabled",
        "roles",
        "created_at",
        "last_login_at",
        "totp_secret",
        "recovery_codes",
    ];
    NAMES.contains(&name)
        || name
            .strip_prefix("profile.")
            .is_some_and(|name| !name.is_empty())
}

/// The table of `SQLAlchemyBaseUserTable` (`fastapi_users_db_sqlalchemy/__init__.py`). A further column that has the
/// name of one of our fields is that, and any other a field of the profile.
pub(crate) fn fastapi_users(mut fields: Fields) -> Converted {
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

/// The users of `dumpdata`, which may have objects of other models too.
pub(crate) struct DjangoModels<I> {
    rows: I,
    /// The model, as its table is called.
    table: String,
    /// The line of an object, until there has been a user.
    none_yet: Option<u64>,
    found: bool,
}

impl<I> DjangoModels<I> {
    pub(crate) const fn new(rows: I, table: String) -> Self {
        Self {
            rows,
            table,
            none_yet: None,
            found: false,
        }
    }

    /// The user of an object; none if it is of another model.
    fn user(&self, mut object: Fields) -> Option<Result<Fields, String>> {
        let Ok(Some(model)) = object.text("model") else {
            return Some(Err("it has no `model`: is this from dumpdata?".into()));
        };
        if !model.replace('.', "_").eq_ignore_ascii_case(&self.table) {
            return None;
        }
        let key = object.value("pk");
        Some(match object.value("fields") {
            Some(Value::Object(mut fields)) => {
                fields.insert("id".into(), key.unwrap_or_default());
                Ok(Fields::new(fields))
            }
            _ => Err("it has no `fields`".into()),
        })
    }
}

impl<I: Iterator<Item = Row>> Iterator for DjangoModels<I> {
    type Item = Row;

    fn next(&mut self) -> Option<Row> {
        while let Some(row) = self.rows.next() {
            let fields = match row.fields {
                Ok(fields) => self.user(fields),
                Err(reason) => Some(Err(reason)),
            };
            if let Some(fields) = fields {
                self.found = true;
                return Some(Row { fields, ..row });
            }
            self.none_yet = Some(row.line);
        }
        let line = self.none_yet.take().filter(|_| !self.found)?;
        let reason = format!(
            "the document has no user: no model has the table `{}`",
            self.table
        );
        Some(Row {
            line,
            table: 0,
            fields: Err(reason),
        })
    }
}

/// `django.contrib.auth.models.AbstractUser`. Groups, permissions and `is_staff`, which opens Django's own pages, are
/// left out. There is nothing about an address being verified.
pub(crate) fn django(mut fields: Fields) -> Converted {
    let superuser = fields.flag("is_superuser")?;
    let active = fields.flag("is_active")?;
    let email = fields.text("email")?;
    // Many have the address in both, which is no user name here and isn't needed.
    let same = |name: &String| {
        let email = email.as_deref().unwrap_or_default();
        name.eq_ignore_ascii_case(email)
    };
    let username = fields.text("username")?.filter(|name| !same(name));
    Ok(ImportUser {
        id: fields.uuid("id"),
        username,
        display_name: full_name(&mut fields, "first_name", "last_name")?,
        password_hash: fields.text("password")?.and_then(hash::django),
        disabled: disabled(active == Some(false)),
        roles: superadmin(superuser),
        created_at: fields.time("date_joined")?,
        last_login_at: fields.time("last_login")?,
        email,
        ..ImportUser::default()
    })
}

/// Users of better-auth get the hash of their account, which is in another table.
pub(crate) struct BetterAuth<I> {
    rows: I,
    hashes: HashMap<String, String>,
    accounts: bool,
    /// Users that came before the accounts.
    waiting: VecDeque<(u64, Fields)>,
}

impl<I> BetterAuth<I> {
    pub(crate) fn new(rows: I) -> Self {
        Self {
            rows,
            hashes: HashMap::new(),
            accounts: false,
            waiting: VecDeque::new(),
        }
    }

    fn account(&mut self, mut fields: Fields) -> Result<(), String> {
        self.accounts = true;
        fields.rename("provider_id", "providerId");
        fields.rename("user_id", "userId");
        if fields.text("providerId")?.as_deref() == Some("credential")
            && let (Some(user), Some(hash)) = (fields.text("userId")?, fields.text("password")?)
        {
            self.hashes.insert(user, hash);
        }
        Ok(())
    }

    fn user(&mut self, line: u64, mut fields: Fields) -> Record {
        let key = fields.text("id").ok().flatten().unwrap_or_default();
        let user = fields.convert(|fields| better_auth(fields, &key, self.hashes.remove(&key)));
        Record {
            line,
            item: user.map(Item::from),
        }
    }
}

impl<I: Iterator<Item = Row>> Iterator for BetterAuth<I> {
    type Item = Record;

    fn next(&mut self) -> Option<Record> {
        while let Some(Row {
            line,
            table,
            fields,
        }) = self.rows.next()
        {
            match (table, fields) {
                (_, Err(reason)) => {
                    return Some(Record {
                        line,
                        item: Err(reason),
                    });
                }
                (0, Ok(fields)) if self.accounts => return Some(self.user(line, fields)),
                (0, Ok(fields)) => self.waiting.push_back((line, fields)),
                (_, Ok(fields)) => {
                    if let Err(reason) = self.account(fields) {
                        let item = Err(format!("an account: {reason}"));
                        return Some(Record { line, item });
                    }
                }
            }
        }
        let (line, fields) = self.waiting.pop_front()?;
        Some(self.user(line, fields))
    }
}

/// The table `user` (`packages/core/src/db/get-tables.ts`) with the plugins `username`, `admin` and `phoneNumber`,
/// in the names of better-auth or with underscores. Roles of the plugin `admin` are left out, and so is the table
/// `twoFactor`, whose keys are encrypted with a secret of better-auth. Further columns are fields of the profile.
fn better_auth(mut fields: Fields, key: &str, hash: Option<String>) -> Converted {
    for (with_underscores, name) in [
        ("email_verified", "emailVerified"),
        ("created_at", "createdAt"),
        ("ban_expires", "banExpires"),
        ("phone_number", "phoneNumber"),
    ] {
        fields.rename(with_underscores, name);
    }
    let banned = fields.flag("banned")? == Some(true);
    let over = past(fields.instant("banExpires")?);
    fields.drop(&[
        "updatedAt",
        "updated_at",
        "displayUsername",
        "display_username",
        "role",
        "banReason",
        "ban_reason",
        "twoFactorEnabled",
        "two_factor_enabled",
        "isAnonymous",
        "is_anonymous",
        "phoneNumberVerified",
        "phone_number_verified",
    ]);
    fields.rename("phoneNumber", "phone_number");
    let user = ImportUser {
        id: uuid(key),
        email: fields.text("email")?,
        email_verified: fields.flag("emailVerified")?,
        username: fields.text("username")?,
        display_name: fields.text("name")?,
        password_hash: hash,
        disabled: disabled(banned && !over),
        created_at: fields.time("createdAt")?,
        ..ImportUser::default()
    };
    Ok(ImportUser {
        profile: fields.rest(),
        ..user
    })
}

/// What a job of `POST /api/v2/jobs/users-exports` writes, and the password hashes that support gives ("How to Use
/// the Password Hashes Export from Auth0"), where e-mail address and user name may be in `identifiers` only.
/// `user_metadata` is the profile; `app_metadata`, which people can't write there, is left out, as they could here.
pub(crate) fn auth0(mut fields: Fields) -> Converted {
    let id = fields.text("user_id")?;
    let own_id = fields.text("alt_id")?;
    // `auth0|`, and what the person was created with.
    let id = [own_id, id]
        .into_iter()
        .flatten()
        .find_map(|id| uuid(id.rsplit('|').next()?));
    let mut email = fields.text("email")?;
    let mut verified = fields.flag("email_verified")?;
    let mut username = fields.text("username")?;
    if let Some(Value::Array(identifiers)) = fields.value("identifiers") {
        for identifier in &identifiers {
            let text = |name| {
                identifier
                    .get(name)
                    .and_then(Value::as_str)
                    .map(str::to_owned)
            };
            match text("type").as_deref() {
                Some("email") if email.is_none() => {
                    email = text("value");
                    verified = identifier.get("verified").and_then(Value::as_bool);
                }
                Some("username") if username.is_none() => username = text("value"),
                _ => {}
            }
        }
    }
    // Where nobody gave a name, Auth0 takes the address.
    let name = fields
        .text("name")?
        .filter(|name| Some(name) != email.as_ref());
    let full = full_name(&mut fields, "given_name", "family_name")?;
    Ok(ImportUser {
        id,
        email_verified: verified.filter(|_| email.is_some()),
        email,
        username,
        display_name: name.or(full),
        profile: fields.object("user_metadata")?,
        password_hash: fields.text("passwordHash")?,
        disabled: disabled(fields.flag("blocked")? == Some(true)),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_login")?,
        ..ImportUser::default()
    })
}

/// The CSV of Clerk's dashboard, and users in JSON with the same names. `unsafe_metadata` is the profile; the other
/// two, which people can't write there, are left out, as they could here.
pub(crate) fn clerk(mut fields: Fields) -> Converted {
    let verified = fields.texts("verified_email_addresses")?;
    let unverified = fields.texts("unverified_email_addresses")?;
    let any = fields.texts("email_addresses")?;
    let first = [&verified, &unverified, &any].into_iter().flatten().next();
    let email = fields
        .text("primary_email_address")?
        .or_else(|| first.cloned());
    let in_list = |list: &[String]| email.as_ref().is_some_and(|email| list.contains(email));
    let email_verified = match (in_list(&verified), in_list(&unverified)) {
        (true, _) => Some(true),
        (_, true) => Some(false),
        _ => None,
    };
    let hasher = fields.text("password_hasher")?.unwrap_or_default();
    let digest = fields.text("password_digest")?;
    let own_id = fields.uuid("external_id");
    let phone = fields.text("primary_phone_number")?;
    Ok(ImportUser {
        id: fields.uuid("id").or(own_id),
        email,
        email_verified,
        username: fields.text("username")?,
        display_name: full_name(&mut fields, "first_name", "last_name")?,
        profile: with_phone(fields.object("unsafe_metadata")?, phone),
        password_hash: digest
            .map(|digest| hash::clerk(&hasher, digest))
            .transpose()?,
        disabled: disabled(fields.flag("banned")? == Some(true)),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_sign_in_at")?,
        totp_secret: fields.text("totp_secret")?,
        ..ImportUser::default()
    })
}

/// What Supabase's auth server writes into `raw_user_meta_data` itself, of the account and of the provider.
const SUPABASE_OWN: [&str; 6] = [
    "sub",
    "iss",
    "provider_id",
    "email",
    "email_verified",
    "phone_verified",
];

/// The table `auth.users` (`migrations/` of Supabase's auth server). `raw_user_meta_data` is the profile, but for what
/// the auth server writes there itself and the name; `raw_app_meta_data`, which people can't write there, is left out,
/// as they could here. So is `is_super_admin`, which the server doesn't use.
pub(crate) fn supabase(mut fields: Fields) -> Converted {
    if let Some(at) = fields.time("deleted_at")? {
        return Err(format!("the user was deleted at {at}"));
    }
    let banned = fields.instant("banned_until");
    // Postgres' word for ever.
    let banned = match banned {
        Err(_) => true,
        Ok(until) => until.is_some() && !past(until),
    };
    let email = fields.text("email")?;
    let confirmed = fields.time("email_confirmed_at")?;
    let mut profile = fields.object("raw_user_meta_data")?;
    let name = |key| profile.as_ref()?.get(key)?.as_str().map(str::to_owned);
    let display_name = name("full_name").or_else(|| name("name"));
    if let Some(profile) = &mut profile {
        let is_name = |key: &str, value: &Value| {
            ["full_name", "name"].contains(&key) && value.as_str() == display_name.as_deref()
        };
        profile.retain(|key, value| !SUPABASE_OWN.contains(&key.as_str()) && !is_name(key, value));
    }
    let phone = fields.text("phone")?;
    Ok(ImportUser {
        id: fields.uuid("id"),
        email_verified: email.as_ref().map(|_| confirmed.is_some()),
        email_verified_at: confirmed.filter(|_| email.is_some()),
        email,
        display_name: display_name.filter(|name| !name.is_empty()),
        profile: with_phone(profile, phone),
        password_hash: fields.text("encrypted_password")?.map(hash::supabase),
        disabled: disabled(banned),
        created_at: fields.time("created_at")?,
        last_login_at: fields.time("last_sign_in_at")?,
        ..ImportUser::default()
    })
}

/// The columns of `firebase auth:export --format=csv`, which has no header (`src/accountExporter.ts` of
/// firebase-tools); those of the providers are not needed.
pub(crate) const FIREBASE_COLUMNS: [&str; 27] = [
    "localId",
    "email",
    "emailVerified",
    "passwordHash",
    "salt",
    "displayName",
    "photoUrl",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "",
    "createdAt",
    "lastSignedInAt",
    "phoneNumber",
    "disabled",
];

/// A user of `firebase auth:export`. `customAttributes` are claims, which people can't write there, and are left out.
pub(crate) fn firebase(mut fields: Fields, parameters: Option<&FirebaseHash>) -> Converted {
    let salt = fields.text("salt")?.unwrap_or_default();
    let password_hash = match (fields.text("passwordHash")?, parameters) {
        (None, _) => None,
        (Some(hash), Some(parameters)) => Some(hash::firebase(parameters, &salt, &hash)),
        (Some(_), None) => {
            return Err(
                "it has a password hash, and the hash parameters of the project are not given"
                    .into(),
            );
        }
    };
    let mut profile = Map::new();
    if let Some(photo) = fields.text("photoUrl")? {
        profile.insert("photo_url".into(), photo.into());
    }
    let phone = fields.text("phoneNumber")?;
    let email = fields.text("email")?;
    Ok(ImportUser {
        id: fields.uuid("localId"),
        email_verified: fields.flag("emailVerified")?.filter(|_| email.is_some()),
        email,
        display_name: fields.text("displayName")?,
        profile: with_phone(Some(profile), phone),
        password_hash,
        disabled: disabled(fields.flag("disabled")? == Some(true)),
        created_at: fields.time("createdAt")?,
        last_login_at: fields.time("lastSignedInAt")?,
        ..ImportUser::default()
    })
}

fn some<T>(list: Vec<T>) -> Option<Vec<T>> {
    Some(list).filter(|list| !list.is_empty())
}

fn disabled(disabled: bool) -> Option<bool> {
    disabled.then_some(true)
}

fn superadmin(is: Option<bool>) -> Option<Vec<String>> {
    (is == Some(true)).then(|| vec!["superadmin".into()])
}

fn past(time: Option<OffsetDateTime>) -> bool {
    time.is_some_and(|time| time <= OffsetDateTime::now_utc())
}

fn full_name(fields: &mut Fields, first: &str, last: &str) -> Result<Option<String>, String> {
    let (first, last) = (fields.text(first)?, fields.text(last)?);
    let parts: Vec<_> = [first, last].into_iter().flatten().collect();
    let name = parts.join(" ").trim().to_owned();
    Ok(Some(name).filter(|name| !name.is_empty()))
}

fn with_phone(
    profile: Option<Map<String, Value>>,
    phone: Option<String>,
) -> Option<Map<String, Value>> {
    let mut profile = profile.unwrap_or_default();
    if let Some(phone) = phone {
        profile.entry("phone_number").or_insert(phone.into());
    }
    Some(profile).filter(|profile| !profile.is_empty())
}
