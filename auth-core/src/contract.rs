//! Messages over the boundary of a component. What crosses it for storage is in [`storage`](crate::storage).

/// Implements [`Mirror`](crate::storage::Mirror) both ways between [`Message`](crate::Message),
/// [`MailError`](crate::MailError) and bindings that are generated from the interface `mail`, whose module is the argument.
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
