//! Conversion of password hashes from the forms of other systems to forms that the server verifies. Unknown hashes stay
//! unchanged, and the server refuses them.

use crate::options::FirebaseHash;

/// Returns a hash of Django, whose forms the server knows. `None` means an unusable password, which begins with `!`.
pub(crate) fn django(stored: String) -> Option<String> {
    (!stored.starts_with('!')).then_some(stored)
}

/// Converts a hash of Clerk, according to its API's description of `password_digest` for each `password_hasher`.
pub(crate) fn clerk(hasher: &str, digest: String) -> Result<String, String> {
    let parts: Vec<_> = digest.split('$').collect();
    Ok(match (hasher, &parts[..]) {
        ("scrypt_firebase", [hash, salt, signer_key, separator, rounds, memory]) => {
            firebase_string(memory, rounds, separator, signer_key, salt, hash)
        }
        // Salt and hash are in Base64, while the salt of Django is plain text.
        ("pbkdf2_sha256", ["pbkdf2_sha256", iterations, salt, hash]) => {
            format!("$pbkdf2-sha256$i={iterations},l=32${salt}${hash}")
        }
        // The form of Werkzeug: a plain salt, and the hash in hex.
        ("pbkdf2_sha1", ["pbkdf2_sha1", iterations, salt, hash]) => {
            format!("pbkdf2:sha1:{iterations}${salt}${hash}")
        }
        (
            "" | "bcrypt" | "argon2i" | "argon2id" | "scrypt_werkzeug" | "pbkdf2_sha256_django",
            _,
        ) => digest,
        _ => return Err(format!("password hashes of `{hasher}` can't be verified")),
    })
}

/// Converts a hash of Supabase. Those from Firebase have a form of their own (`internal/crypto/password.go` of its auth
/// server); the server knows the others.
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
    // The API returns Base64 in the URL-safe alphabet, which the command line tool converts to the standard one.
    format!(
        "$firebase-scrypt$ln={memory},r={rounds},p=1,ss={separator},sk={signer_key}${salt}${hash}"
    )
    .replace('-', "+")
    .replace('_', "/")
    .replacen("$firebase+scrypt$", "$firebase-scrypt$", 1)
}
