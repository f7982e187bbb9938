//! The comparison of issuers.

use super::provider::{TENANT_ID, is_tenant};

/// Whether `named` is the issuer that is expected. In an expected issuer, `{tenantid}` stands for the tenant that the
/// same token names in `tid`, which has to be a UUID. All else is compared character by character (OpenID Connect Core
/// section 3.1.3.7).
pub(super) fn is_issuer(named: &str, expected: &str, tenant: Option<&str>) -> bool {
    match expected.split_once(TENANT_ID) {
        None => named == expected,
        Some((before, after)) => tenant.is_some_and(|tenant| {
            is_tenant(tenant)
                && named
                    .strip_prefix(before)
                    .and_then(|rest| rest.strip_suffix(after))
                    == Some(tenant)
        }),
    }
}

/// Whether `named` is the issuer that is expected, in any tenant: in a response (RFC 9207 section 2.4) or of a stored
/// identity.
pub(crate) fn is_issuer_in_any_tenant(named: &str, expected: &str) -> bool {
    let tenant = expected
        .find(TENANT_ID)
        .and_then(|at| named.get(at..at + 36));
    is_issuer(named, expected, tenant)
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEMPLATE: &str = "https://login.microsoftonline.com/{tenantid}/v2.0";
    const TID: &str = "9188040d-6c67-4c5b-b112-36a304b66dad";

    #[test]
    fn an_issuer_is_compared_exactly() {
        let issuer = "https://op.example";
        assert!(is_issuer(issuer, issuer, None));
        for other in [
            "https://op.example/",
            "https://OP.example",
            "http://op.example",
            "",
        ] {
            assert!(!is_issuer(other, issuer, None), "{other}");
            assert!(!is_issuer_in_any_tenant(other, issuer), "{other}");
        }
    }

    #[test]
    fn the_tenant_of_an_issuer_is_that_of_the_token() {
        let issuer = format!("https://login.microsoftonline.com/{TID}/v2.0");
        assert!(is_issuer(&issuer, TEMPLATE, Some(TID)));
        assert!(is_issuer_in_any_tenant(&issuer, TEMPLATE));
        let other = "aaaaaaaa-6c67-4c5b-b112-36a304b66dad";
        assert!(!is_issuer(&issuer, TEMPLATE, Some(other)));
        assert!(!is_issuer(&issuer, TEMPLATE, None));
        assert!(!is_issuer(TEMPLATE, TEMPLATE, Some("{tenantid}")));
        assert!(!is_issuer_in_any_tenant(TEMPLATE, TEMPLATE));
        for tenant in ["", "x/../y", "common", &TID.to_uppercase()] {
            let issuer = format!("https://login.microsoftonline.com/{tenant}/v2.0");
            assert!(!is_issuer(&issuer, TEMPLATE, Some(tenant)), "{tenant}");
            assert!(!is_issuer_in_any_tenant(&issuer, TEMPLATE), "{tenant}");
        }
    }
}
