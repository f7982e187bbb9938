//! Mails that cross the boundary of a component. The types of storage that cross it are in [`storage`](crate::storage).

/// Implements [`Mirror`](crate::storage::Mirror) both ways between [`Message`](crate::Message),
/// [`MailError`](crate::MailError) and the bindings generated from the interface `mail`. The argument is their module.
#[macro_export]
macro_rules! mirror_mail {
    ($($wit:tt)*) => {
        const _: () = {
            use $($wit)* as wit;
            $crate::storage::mirror_types! { [$crate::mail] [wit]
                record Message { to, subject, text, html, kind }
                variant MailError = Error { Unavailable(cause), Refused(cause) }
            }
        };
    };
}
