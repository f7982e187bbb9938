use gatewright_tests::host::{Host, PASSWORD};
use gatewright_tests::{BreachService, MailService};
use serde_json::json;

/// The last 35 digits of the SHA-1 of `a breached password`, which begins with 0E865, and those of an unknown one.
const LISTED: &str =
    "9A4A24AF245D7F9CCB25AB6C7F9CC66632B:17\r\n0018A45C4D1DEF81644B54AB7F969B88D65:0\r\n";

fn start(service: &BreachService, further: &[(&str, &str)]) -> Host {
    let own = service.settings();
    let mut settings: Vec<_> = own
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    settings.extend_from_slice(further);
    Host::start(&settings)
}

/// V6.2.12: a breached password is refused wherever one is chosen; the lookup service receives only five digits of its
/// digest.
#[tokio::test]
async fn a_breached_password_is_refused() {
    let service = BreachService::start("200 OK", LISTED);
    let mail = MailService::start();
    let own = service.settings();
    let own = own.each_ref().map(|(name, value)| (*name, value.as_str()));
    let host = mail.host(&own);
    let breached = json!({"email": "ada@example.com", "password": "a breached password"});
    let refused = host.post("/auth/register", breached).await;
    assert_eq!(refused.broken_rules(), ["password breached_password"]);
    let heads = service.heads();
    assert_eq!(heads.len(), 1);
    assert!(
        heads[0].starts_with("get /range/0e865 http/1.1"),
        "{heads:?}"
    );
    assert!(heads[0].contains("add-padding: true"), "{heads:?}");

    let session = host.register("ada@example.com").await;
    mail.link("verify_email", "ada@example.com");
    let change = json!({"current_password": PASSWORD, "new_password": "a breached password"});
    let changed = host
        .send_as(
            "POST",
            "/account/change-password",
            &session.access_token,
            change,
        )
        .await;
    assert_eq!(changed.broken_rules(), ["new_password breached_password"]);

    let forgot = json!({"email": "ada@example.com"});
    host.post("/auth/forgot-password", forgot).await;
    let reset = mail.link("reset_password", "ada@example.com");
    let path = format!("/auth/reset-password/{reset}");
    let reset = host
        .post(&path, json!({"password": "a breached password"}))
        .await;
    assert_eq!(reset.broken_rules(), ["password breached_password"]);
}

/// If the lookup service fails, passwords are accepted and the operator is notified, or refused, depending on the
/// setting.
#[tokio::test]
async fn a_service_that_fails_stops_nobody_unless_it_has_to_answer() {
    let service = BreachService::start("503 Service Unavailable", "");
    let host = start(&service, &[]);
    host.register("ada@example.com").await;
    host.wait_for_log("the breach check failed");
    let host = start(&service, &[("BREACH_CHECK_REQUIRED", "true")]);
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/register", ada)
        .await
        .assert_error(503, "unavailable");
}

/// A redirect would send the request to a host that no setting names.
#[tokio::test]
async fn a_redirect_of_the_service_is_not_followed() {
    let target = BreachService::start("200 OK", "");
    let [(_, url), _] = target.settings();
    let status = format!("302 Found\r\nlocation: {url}0E865");
    let service = BreachService::start(status.leak(), "");
    let host = start(&service, &[("BREACH_CHECK_REQUIRED", "true")]);
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/register", ada)
        .await
        .assert_error(503, "unavailable");
    assert_eq!((service.heads().len(), target.heads().len()), (1, 0));
}

/// Each byte in time is no answer in time: otherwise a service holds a request for as long as it likes.
#[tokio::test]
async fn a_service_that_drips_is_cut_off() {
    let service = BreachService::start_dripping();
    let host = start(&service, &[("BREACH_CHECK_REQUIRED", "true")]);
    let ada = json!({"email": "ada@example.com", "password": PASSWORD});
    host.post("/auth/register", ada)
        .await
        .assert_error(503, "unavailable");
}
