//! Records the version and the settings of the service.

use serde_json::{Map, Value};

use crate::VERSION;
use crate::audit::append::append;
use crate::audit::event::{Event, EventKind};
use crate::audit::record::tell;
use crate::client::Client;
use crate::context::Context;
use crate::error::Error;
use crate::platform::{Level, Platform};
use crate::storage::{Audit as _, AuditQuery, TimeRange};

pub(crate) async fn tell_settings<P: Platform>(context: &Context<P>) {
    context.platform.log(
        Level::Info,
        "an instance of gatewright starts",
        &[("version", VERSION)],
    );
    let given = context.config.given.iter();
    let given = given.map(|(name, value)| (*name, value.as_str()));
    let told: Map<_, _> = given
        .chain([("version", VERSION)])
        .map(|(name, value)| (name.to_owned(), Value::from(value)))
        .collect();
    let details = Value::from(told).to_string();
    let kind = EventKind::SettingsLoaded;
    let last = AuditQuery {
        kind: Some(kind.as_str().to_owned()),
        actor_id: None,
        target_id: None,
        at: TimeRange::default(),
        after: None,
        limit: 1,
    };
    match context.storage().list_audit(last).await {
        Ok(page)
            if page
                .events
                .first()
                .is_some_and(|last| last.details == details) => {}
        Ok(_) => {
            let mut event = tell(context, Event::new(kind), &Client::default());
            event.details = details;
            append(context, event).await;
        }
        Err(error) => {
            let cause = Error::from(error).to_string();
            context.platform.log(
                Level::Warn,
                "failed to record the settings in the audit log",
                &[("cause", &cause)],
            );
        }
    }
}
