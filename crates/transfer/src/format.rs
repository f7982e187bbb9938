//! The formats of files, by name.

/// The format of a file, by the system that exported it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// An [`ImportUser`](crate::ImportUser) or a [`Definition`](crate::Definition) on each line.
    Jsonl,
    /// The fields of [`ImportUser`](crate::ImportUser), named by a header.
    Csv,
    /// fastapi-users.
    FastapiUsers,
    /// Django.
    Django,
    /// better-auth.
    BetterAuth,
    /// Auth0.
    Auth0,
    /// Clerk.
    Clerk,
    /// Supabase.
    Supabase,
    /// Firebase Authentication.
    Firebase,
}

impl Format {
    /// The names of all formats.
    pub const NAMES: [&str; 9] = [
        "jsonl",
        "csv",
        "fastapi-users",
        "django",
        "better-auth",
        "auth0",
        "clerk",
        "supabase",
        "firebase",
    ];

    /// Returns the format with this name.
    pub fn parse(name: &str) -> Option<Self> {
        Some(match name {
            "jsonl" => Self::Jsonl,
            "csv" => Self::Csv,
            "fastapi-users" => Self::FastapiUsers,
            "django" => Self::Django,
            "better-auth" => Self::BetterAuth,
            "auth0" => Self::Auth0,
            "clerk" => Self::Clerk,
            "supabase" => Self::Supabase,
            "firebase" => Self::Firebase,
            _ => return None,
        })
    }
}
