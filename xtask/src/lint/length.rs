//! The maximum length of files.

/// The maximum number of lines of a file, tests included.
pub(crate) const LIMIT: usize = 450;
/// Kinds of files that people write.
const KINDS: [&str; 8] = ["rs", "js", "mjs", "ts", "py", "sh", "sql", "wit"];
/// Files and folders that can be longer, each with the reason.
const EXCEPTIONS: [(&str, &str); 2] = [
    (
        "wit/deps/",
        "interfaces of WASI and Spin, as their authors publish them",
    ),
    (
        "crates/storage-sqlite/src/migrations.rs",
        "a table of migrations, of which none may change",
    ),
];

/// Returns whether a file is written by people and has too many lines.
pub(crate) fn is_too_long(path: &str, lines: usize) -> bool {
    let extension = path.rsplit_once('.').map_or("", |(_, extension)| extension);
    let excepted = EXCEPTIONS
        .iter()
        .any(|(beginning, _)| path.starts_with(beginning));
    lines > LIMIT && KINDS.contains(&extension) && !excepted
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_written_by_hand_has_a_limit() {
        assert!(!is_too_long("auth-core/src/lib.rs", 450));
        assert!(is_too_long("auth-core/src/lib.rs", 451));
        assert!(is_too_long("wit/users.wit", 451));
        assert!(!is_too_long("wit/deps/http.wit", 451));
        assert!(!is_too_long(
            "auth-core/src/password/common_passwords.txt",
            451
        ));
    }
}
