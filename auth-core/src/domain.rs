//! Domain names, in the form in which they are compared and mail goes to them.

use idna::AsciiDenyList;
use idna::uts46::{DnsLength, Hyphens, Uts46};

/// The domain as A-labels (UTS 46 without transitional processing), in lower case; none: mail goes to no such domain.
/// `münchen.de` and `xn--mnchen-3ya.de` are one.
pub(crate) fn a_labels(domain: &str) -> Option<String> {
    // Hyphens in the third and fourth place stand in domains that are registered.
    let ascii = Uts46::new().to_ascii(
        domain.as_bytes(),
        AsciiDenyList::STD3,
        Hyphens::CheckFirstLast,
        DnsLength::Verify,
    );
    ascii
        .ok()
        .filter(|domain| domain.contains('.'))
        .map(|domain| domain.into_owned())
}

#[cfg(test)]
mod tests {
    use super::a_labels;

    #[test]
    fn a_domain_has_one_form() {
        for (domain, form) in [
            ("Example.COM", Some("example.com")),
            ("r3---sn.example.com", Some("r3---sn.example.com")),
            ("münchen.de", Some("xn--mnchen-3ya.de")),
            ("MÜNCHEN。DE", Some("xn--mnchen-3ya.de")),
            ("mu\u{308}nchen.de", Some("xn--mnchen-3ya.de")),
            ("XN--MNCHEN-3YA.de", Some("xn--mnchen-3ya.de")),
            ("straße.de", Some("xn--strae-oqa.de")),
            ("डाटामेल.भारत", Some("xn--c2bd4bq1db8d.xn--h2brj9c")),
            ("例え.テスト", Some("xn--r8jz45g.xn--zckzah")),
            ("localhost", None),
            ("a..example.com", None),
            ("-a.example.com", None),
            ("a_b.example.com", None),
            ("example.com.", None),
            ("xn--a.com", None),
            ("a\u{202e}b.com", None),
            ("a b.com", None),
        ] {
            assert_eq!(a_labels(domain).as_deref(), form, "{domain}");
        }
        assert_eq!(a_labels(&format!("{}.com", "a".repeat(64))), None);
    }
}
