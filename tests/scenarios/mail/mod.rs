//! Mail.

mod mail_by_webhook;
mod mail_limits;
mod what_mail_holds;
