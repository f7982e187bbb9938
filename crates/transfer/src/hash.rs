//! Password hashes, put into the forms that the server verifies where a system writes them in one of its own. Those
//! it doesn't know stay as they are, for the server to refuse.

use crate::options::FirebaseHash;

/// Django's hashes are known as they are. A password that begins with `!` can't be used.
pub(crate) fn django(stored: String) -> Option<String> {
    (!stored.starts_with('!')).then_some(stored)
}

/// What Clerk's API says of `password_digest` for each `password_hasher`.
pub(crate) fn clerk(hasher: &str, digest: String) -> Result<String, String> {
    let parts: Vec<_> = digest.split('$').collect();
    Ok(match (hasher, &parts[..]) {
        ("scrypt_firebase", [hash, salt, signer_key, separator, rounds, memory]) => {
            firebase_string(memory, rounds, separator, signer_key, salt, hash)
        }
        // Both in Base64, where Django's has a plain salt.
        ("pbkdf2_sha256", ["pbkdf2_sha256", iterations, salt, hash]) => {
            format!("$pbkdf2-sha256$i={iterations},l=32${salt}${hash}")
        }
        // A plain salt, and the hash in hex, which is Werkzeug's form.
        ("pbkdf2_sha1", ["pbkdf2_sha1", iterations, salt, hash]) => {
            format!("pbkdf2:sha1:{iterations}${salt}${hash}")
        }
        (
            "" | "bcrypt" | "argon2i" | "argon2id" | "scrypt_werkzeug" | "pbkdf2_sha256_django",
            _,
        ) => digest,
        _ => return Err(format!("its hash of `{hasher}` can't be verified")),
    })
}

/// Supabase's form for hashes of Firebase (`internal/crypto/password.go` of its auth server); its others are known.
pub(crate) fn supabase(stored: String) -> String {
    let converted = || {
        let parts: Vec<_> = stored.split('$').collect();
        let ["", "fbscrypt", parameters, salt, hash] = parts[..] else {
            return None;
        };
        let parameter = |name: &str| {
            let mut parameters = parameters
                .split(',')
                .filter_map(|pair| pair.split_once('='));
            parameters.find(|(known, _)| *known == name)
        };
        let separator = parameter("ss").map_or("", |(_, value)| value);
        let ((_, memory), (_, rounds), (_, key)) =
            (parameter("n")?, parameter("r")?, parameter("sk")?);
        Some(firebase_string(memory, rounds, separator, key, salt, hash))
    };
    converted().unwrap_or(stored)
}

pub(crate) fn firebase(parameters: &FirebaseHash, salt: &str, hash: &str) -> String {
    firebase_string(
        &parameters.mem_cost.to_string(),
        &parameters.rounds.to_string(),
        &parameters.salt_separator,
        &parameters.signer_key,
        salt,
        hash,
    )
}

fn firebase_string(
    memory: &str,
    rounds: &str,
    separator: &str,
    signer_key: &str,
    salt: &str,
    hash: &str,
) -> String {
    // The API gives Base64 in the alphabet of URLs, which the command line tool makes the usual one.
    format!(
        "$firebase-scrypt$ln={memory},r={rounds},p=1,ss={separator},sk={signer_key}${salt}${hash}"
    )
    .replace('-', "+")
    .replace('_', "/")
    .replacen("$firebase+scrypt$", "$firebase-scrypt$", 1)
}
