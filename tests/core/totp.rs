//! Time-based one-time passwords.

use super::{Core, NOW, call};

/// The codes of RFC 6238 appendix B, the last six of their eight digits.
#[test]
fn codes_are_those_of_rfc_6238() {
    let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
    for (seconds, code) in [
        (59, "287082"),
        (1_111_111_109, "081804"),
        (1_111_111_111, "050471"),
        (1_234_567_890, "005924"),
        (2_000_000_000, "279037"),
        (20_000_000_000, "353130"),
    ] {
        let step = seconds as u64 / 30;
        let mut core = Core::at(seconds);
        assert_eq!(core.verify_code(secret, code, None), Some(step));
        assert_eq!(core.verify_code(secret, code, Some(step - 1)), Some(step));
        assert_eq!(core.verify_code(secret, code, Some(step)), None, "used");
        assert_eq!(core.verify_code(secret, code, Some(u64::MAX)), None);
        let lower = "gezd gnbv gy3t qojq gezd gnbv gy3t qojq";
        assert_eq!(core.verify_code(lower, code, None), Some(step));
        for (apart, answer) in [(30, Some(step)), (60, None)] {
            let late = Core::at(seconds + apart).verify_code(secret, code, None);
            assert_eq!(late, answer, "{apart} s later");
        }
    }
    let mut core = Core::at(59);
    for (secret, code) in [
        (secret, ""),
        (secret, "28708"),
        (secret, "2870821"),
        ("", "287082"),
        ("GEZDGNBVGY3TQ1", "287082"),
        ("GEZD", "287082"),
        ("A".repeat(100_000).as_str(), "287082"),
    ] {
        assert_eq!(core.verify_code(secret, code, None), None);
    }
}

#[test]
fn a_new_secret_is_of_the_randomness_that_is_given() {
    let mut core = Core::at(NOW);
    let secret = call!(core, gatewright_auth_totp.call_generate_secret());
    assert_eq!(secret, auth_core::totp::encode_key(b"somesaltsomesaltsome"));
    let uri = call!(
        core,
        gatewright_auth_totp.call_uri(&secret, "Acme Co", "ada@example.com")
    );
    assert_eq!(
        uri.unwrap(),
        format!(
            "otpauth://totp/Acme%20Co:ada%40example.com?secret={secret}&issuer=Acme%20Co&algorithm=SHA1&digits=6&period=30"
        )
    );
    let uri = call!(
        core,
        gatewright_auth_totp.call_uri("no secret!", "Acme", "ada")
    );
    assert_eq!(uri, None);
}
