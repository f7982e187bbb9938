//! Known answers: the vectors of RFC 9106 (with those of version 0x10 in the reference implementation's `kats`), and the
//! reference implementation's `src/test.c`.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use gatewright_argon2_simd::Algorithm::{self, Argon2id};
use gatewright_argon2_simd::Version::{self, V0x10, V0x13};
use gatewright_argon2_simd::{Argon2, AssociatedData, Block, Error, Params, ParamsBuilder};

/// Section 5 of the RFC: 32 KiB, three passes, four lanes.
const RFC_9106: &str = "
    argon2d 0x10 96a9d4e5a1734092c85e29f410a45914a5dd1f5cbf08b2670da68a0285abf32b
    argon2i 0x10 87aeedd6517ab830cd9765cd8231abb2e647a5dee08f7c05e02fcb763335d0fd
    argon2id 0x10 b64615f07789b66b645b67ee9ed3b377ae350b6bfcbb0fc95141ea8f322613c0
    argon2d 0x13 512b391b6f1162975371d30919734294f868e3be3984f3c1a13a4db9fabe4acb
    argon2i 0x13 c814d9d1dc7f37aa13f0d77f2494bda1c8de6b016dd388d29952a4c4672b6ce8
    argon2id 0x13 0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659
";

/// Passes, the exponent of the memory, lanes, password, salt, hash.
const REFERENCE: &str = "
    argon2i 0x10 2 16 1 password somesalt f6c4db4a54e2a370627aff3db6176b94a2a209a62c8e36152711802f7b30c694
    argon2i 0x10 2 18 1 password somesalt 3e689aaa3d28a77cf2bc72a51ac53166761751182f1ee292e3f677a7da4c2467
    argon2i 0x10 2 8 1 password somesalt fd4dd83d762c49bdeaf57c47bdcd0c2f1babf863fdeb490df63ede9975fccf06
    argon2i 0x10 2 8 2 password somesalt b6c11560a6a9d61eac706b79a2f97d68b4463aa3ad87e00c07e2b01e90c564fb
    argon2i 0x10 1 16 1 password somesalt 81630552b8f3b1f48cdb1992c4c678643d490b2b5eb4ff6c4b3438b5621724b2
    argon2i 0x10 4 16 1 password somesalt f212f01615e6eb5d74734dc3ef40ade2d51d052468d8c69440a3a1f2c1c2847b
    argon2i 0x10 2 16 1 differentpassword somesalt e9c902074b6754531a3a0be519e5baf404b30ce69b3f01ac3bf21229960109a3
    argon2i 0x10 2 16 1 password diffsalt 79a103b90fe8aef8570cb31fc8b22259778916f8336b7bdac3892569d4f1c497
    argon2i 0x13 2 16 1 password somesalt c1628832147d9720c5bd1cfd61367078729f6dfb6f8fea9ff98158e0d7816ed0
    argon2i 0x13 2 18 1 password somesalt 296dbae80b807cdceaad44ae741b506f14db0959267b183b118f9b24229bc7cb
    argon2i 0x13 2 8 1 password somesalt 89e9029f4637b295beb027056a7336c414fadd43f6b208645281cb214a56452f
    argon2i 0x13 2 8 2 password somesalt 4ff5ce2769a1d7f4c8a491df09d41a9fbe90e5eb02155a13e4c01e20cd4eab61
    argon2i 0x13 1 16 1 password somesalt d168075c4d985e13ebeae560cf8b94c3b5d8a16c51916b6f4ac2da3ac11bbecf
    argon2i 0x13 4 16 1 password somesalt aaa953d58af3706ce3df1aefd4a64a84e31d7f54175231f1285259f88174ce5b
    argon2i 0x13 2 16 1 differentpassword somesalt 14ae8da01afea8700c2358dcef7c5358d9021282bd88663a4562f59fb74d22ee
    argon2i 0x13 2 16 1 password diffsalt b0357cccfbef91f3860b0dba447b2348cbefecadaf990abfe9cc40726c521271
    argon2id 0x13 2 16 1 password somesalt 09316115d5cf24ed5a15a31a3ba326e5cf32edc24702987c02b6566f61913cf7
    argon2id 0x13 2 18 1 password somesalt 78fe1ec91fb3aa5657d72e710854e4c3d9b9198c742f9616c2f085bed95b2e8c
    argon2id 0x13 2 8 1 password somesalt 9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe
    argon2id 0x13 2 8 2 password somesalt 6d093c501fd5999645e0ea3bf620d7b8be7fd2db59c20d9fff9539da2bf57037
    argon2id 0x13 1 16 1 password somesalt f6a5adc1ba723dddef9b5ac1d464e180fcd9dffc9d1cbf76cca2fed795d9ca98
    argon2id 0x13 4 16 1 password somesalt 9025d48e68ef7395cca9079da4c4ec3affb3c8911fe4f86d1a2520856f63172c
    argon2id 0x13 2 16 1 differentpassword somesalt 0b84d652cf6b0c4beaef0dfe278ba6a80df6696281d7e0d2891b817d8c458fde
    argon2id 0x13 2 16 1 password diffsalt bdf32b05ccc42eb15d58fd19b1f856b113da1e9a5874fdcc544308565aa8141c
";

const REFERENCE_LARGE: &str = "
    argon2i 0x10 2 20 1 password somesalt 9690ec55d28d3ed32562f2e73ea62b02b018757643a2ae6e79528459de8106e9
    argon2i 0x13 2 20 1 password somesalt d1587aca0922c3b5d6a83edab31bee3c4ebaef342ed6127a55d19b2351ad1f41
";

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The fields of each line after the algorithm and the version.
fn lines(table: &str) -> impl Iterator<Item = (Algorithm, Version, Vec<&str>)> {
    table.trim().lines().map(|line| {
        let mut fields = line.split_whitespace();
        let algorithm = fields.next().unwrap().parse().unwrap();
        let version = match fields.next().unwrap() {
            "0x10" => V0x10,
            "0x13" => V0x13,
            other => panic!("{other}"),
        };
        (algorithm, version, fields.collect())
    })
}

fn check(table: &str) {
    for (algorithm, version, fields) in lines(table) {
        let [t, m, p, password, salt, expected] = fields[..] else {
            panic!("{fields:?}")
        };
        let memory = 1 << m.parse::<u32>().unwrap();
        let params = Params::new(memory, t.parse().unwrap(), p.parse().unwrap(), Some(32));
        let argon2 = Argon2::new(algorithm, version, params.unwrap());
        let mut out = [0; 32];
        argon2
            .hash_password_into(password.as_bytes(), salt.as_bytes(), &mut out)
            .unwrap();
        assert_eq!(hex(&out), expected, "{argon2:?}");
    }
}

#[test]
fn vectors_of_rfc_9106() {
    for (algorithm, version, expected) in lines(RFC_9106) {
        let params = ParamsBuilder::new()
            .m_cost(32)
            .t_cost(3)
            .p_cost(4)
            .data(AssociatedData::new(&[4; 12]).unwrap())
            .build()
            .unwrap();
        let argon2 = Argon2::new_with_secret(&[3; 8], algorithm, version, params).unwrap();
        let mut out = [0; 32];
        argon2
            .hash_password_into(&[1; 32], &[2; 16], &mut out)
            .unwrap();
        assert_eq!([hex(&out)], expected[..], "{argon2:?}");
    }
}

#[test]
fn reference_implementation() {
    check(REFERENCE);
}

#[test]
#[cfg_attr(
    target_family = "wasm",
    ignore = "needs more memory than the engine has"
)]
fn reference_implementation_with_much_memory() {
    check(REFERENCE_LARGE);
}

#[test]
fn lengths_that_argon2_does_not_take() {
    let params = Params::new(32, 1, 1, None).unwrap();
    let argon2 = Argon2::new(Argon2id, V0x13, params);
    let hash = |salt: &[u8], len| argon2.hash_password_into(b"password", salt, &mut vec![0; len]);
    assert_eq!(hash(b"somesalt", 4), Ok(()));
    assert_eq!(hash(b"somesalt", 3), Err(Error::OutputTooShort));
    assert_eq!(hash(b"somesal", 4), Err(Error::SaltTooShort));

    let params = Params::new(32, 1, 1, Some(16)).unwrap();
    let argon2 = Argon2::new(Argon2id, V0x13, params);
    let hash = |len, blocks| {
        let mut blocks = vec![Block::new(); blocks];
        let mut out = vec![0; len];
        argon2.hash_password_into_with_memory(b"password", b"somesalt", &mut out, &mut blocks)
    };
    assert_eq!(hash(16, 32), Ok(()));
    assert_eq!(hash(15, 32), Err(Error::OutputTooShort));
    assert_eq!(hash(17, 32), Err(Error::OutputTooLong));
    assert_eq!(hash(16, 31), Err(Error::MemoryTooLittle));
}
