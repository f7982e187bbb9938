//! Messages.

mod mail_by_webhook;
mod mail_limits;
