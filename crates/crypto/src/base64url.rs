//! Base64url without padding (RFC 4648 section 5, RFC 7515 section 2), for public text.

/// Marks characters that are not in the alphabet. No value has this bit.
const INVALID: u8 = 0x80;

/// The value of each character.
const VALUES: [u8; 256] = {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let mut values = [INVALID; 256];
    let mut value = 0;
    while value < alphabet.len() {
        values[alphabet[value] as usize] = value as u8;
        value += 1;
    }
    values
};

/// Decodes `text`, or returns `None` if it has another character, padding, or bits set beyond the last byte.
///
/// Uses a lookup table, which is several times faster than constant time: not for secrets.
pub fn decode(text: &str) -> Option<Vec<u8>> {
    let value = |character: u8| VALUES[usize::from(character)];
    let (groups, rest) = text.as_bytes().as_chunks::<4>();
    let mut bytes = vec![0; text.len() * 3 / 4];
    let (triples, last) = bytes.as_chunks_mut::<3>();
    let mut seen = 0;
    for (group, triple) in groups.iter().zip(triples) {
        let [a, b, c, d] = group.map(value);
        seen |= a | b | c | d;
        *triple = [a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d];
    }
    // Bits beyond the last byte must be zero, so that each sequence of bytes has only one text.
    let beyond = match (rest, last) {
        ([], []) => 0,
        (&[a, b], [first]) => {
            let (a, b) = (value(a), value(b));
            seen |= a | b;
            *first = a << 2 | b >> 4;
            b << 4
        }
        (&[a, b, c], [first, second]) => {
            let (a, b, c) = (value(a), value(b), value(c));
            seen |= a | b | c;
            [*first, *second] = [a << 2 | b >> 4, b << 4 | c >> 2];
            c << 6
        }
        _ => return None,
    };
    (seen & INVALID == 0 && beyond == 0).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use proptest::prelude::*;

    use super::decode;

    proptest! {
        #![proptest_config(ProptestConfig { cases: 4000, ..ProptestConfig::default() })]

        #[test]
        fn bytes_come_back(bytes: Vec<u8>) {
            prop_assert_eq!(decode(&URL_SAFE_NO_PAD.encode(&bytes)), Some(bytes));
        }

        /// Only characters of the alphabet, so that the cases differ in lengths and last bits.
        #[test]
        fn as_the_base64_crate(text in "[A-Za-z0-9_-]{0,12}") {
            prop_assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        }

        #[test]
        fn as_the_base64_crate_for_any_text(text in "[A-Za-z0-9_=+/é. -]{0,8}") {
            prop_assert_eq!(decode(&text), URL_SAFE_NO_PAD.decode(&text).ok());
        }
    }

    /// Each byte at each position of a group and of the rest after the last group.
    #[test]
    fn one_character_at_a_time() {
        for length in 1..8 {
            for place in 0..length {
                for character in 0..=127 {
                    let mut text = vec![b'A'; length];
                    text[place] = character;
                    let text = String::from_utf8(text).unwrap();
                    assert_eq!(
                        decode(&text),
                        URL_SAFE_NO_PAD.decode(&text).ok(),
                        "{text:?}"
                    );
                }
            }
        }
    }
}
