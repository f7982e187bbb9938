//! Broken files: a broken record is refused with its line, and later records are read.

#![allow(clippy::unwrap_used, reason = "a failed test may panic")]

use std::io::{self, BufReader, Cursor, Read};

use gatewright_transfer::{Format, ImportUser, Item, Options, ReadError, Record, read};

fn records(format: Format, text: impl Into<Vec<u8>>) -> Vec<Record> {
    read(format, Cursor::new(text.into()), Options::default())
        .unwrap()
        .collect()
}

fn user(record: &Record) -> Option<&ImportUser> {
    match &record.item {
        Ok(Item::User(user)) => Some(user),
        _ => None,
    }
}

/// Returns the line of each record, with the address of the user, or `None` for a refused record.
fn outline(format: Format, text: impl Into<Vec<u8>>) -> Vec<(u64, Option<String>)> {
    records(format, text)
        .into_iter()
        .map(|record| {
            (
                record.line,
                user(&record).and_then(|user| user.email.clone()),
            )
        })
        .collect()
}

fn good(line: u64, email: &str) -> (u64, Option<String>) {
    (line, Some(email.into()))
}

#[test]
fn json_lines() {
    let long = "x".repeat(2 << 20);
    let text = format!(
        "{{\"email\":\"a@x\"}}\n{{\"email\":\"b@x}}\nnonsense\n{{\"email\":\"c@x\",\"admin\":true}}\n{{\"email\":\"\0\"}}\n{{\"email\":\"{long}\"}}\n[1]\n{{\"email\":7}}\n{{\"email\":\"d@x\"}}\n{{\"email\":\"e@"
    );
    let found = outline(Format::Jsonl, text);
    let refused = (2..=8).chain([10]).map(|line| (line, None));
    let mut expected: Vec<_> = refused.collect();
    expected.insert(0, good(1, "a@x"));
    expected.insert(8, good(9, "d@x"));
    assert_eq!(found, expected);
    let found = outline(Format::Jsonl, b"{\"email\":\"\xff\"}\n{\"email\":\"a@x\"}");
    assert_eq!(found, [(1, None), good(2, "a@x")]);
    let reasons = records(Format::Jsonl, "{\"emial\":\"a@x\"}");
    assert!(
        reasons[0]
            .item
            .as_ref()
            .unwrap_err()
            .starts_with("unknown field `emial`")
    );
}

/// A record is an object: a list of the values of its fields is refused.
#[test]
fn lists_of_values() {
    let values = format!("[null,\"a@x\"{}]", ",null".repeat(12));
    let text = format!(
        "[]\n{values}\n{{\"permission\":[\"posts:read\",\"\"]}}\n{{\"role\":[\"editor\",\"\",[\"*\"]]}}\n{{\"email\":\"b@x\"}}"
    );
    let read = records(Format::Jsonl, text);
    assert_eq!(read.len(), 5);
    for record in &read[..4] {
        let problem = record.item.as_ref().unwrap_err();
        assert!(problem.contains("sequence"), "{problem}");
    }
    assert_eq!(user(&read[4]).unwrap().email.as_deref(), Some("b@x"));
}

#[test]
fn csv() {
    let long = "x".repeat(2 << 20);
    for (what, broken, lines) in [
        ("a column is missing", "b@x".to_owned(), 1),
        ("a column too many", "b@x,,x".into(), 1),
        (
            "a quote isn't closed, to the end of the file",
            "b@x,\"B".into(),
            1,
        ),
        ("NUL", "b@x,B\0".into(), 1),
        ("a very long line", format!("b@x,{long}"), 1),
        (
            "a quote isn't closed before a very long line",
            format!("b@x,\"B\nc@x,{long}"),
            2,
        ),
        ("carriage returns", "b@x,B\rc@x,C".into(), 1),
        ("no time", "b@x,B".into(), 0),
    ] {
        let text = format!("email,username\r\na@x,A\n\n{broken}\nd@x,\"D\n\"\"d\"\"\"\ne@x,E");
        let mut expected = vec![good(2, "a@x")];
        expected.extend((0..lines).map(|line| (4 + line, None)));
        let next = 4 + broken.lines().count() as u64;
        if lines == 0 {
            expected.push(good(4, "b@x"));
        }
        let next = if what == "carriage returns" { 5 } else { next };
        expected.extend([good(next, "d@x"), good(next + 2, "e@x")]);
        assert_eq!(outline(Format::Csv, text), expected, "{what}");
    }
    // A quote that isn't closed before another one opens doesn't break other lines.
    let text = "email,username\na@x,\"A\nb@x,B\nc@x,\"C\"\nd@x,D\n";
    assert_eq!(
        outline(Format::Csv, text),
        [(2, None), good(3, "b@x"), good(4, "c@x"), good(5, "d@x")]
    );
    // A file that was cut off inside a quote.
    assert_eq!(outline(Format::Csv, "email,username\na@x,\"A"), [(2, None)]);
    assert_eq!(
        outline(Format::Csv, b"email,username\na@x,\xff\nb@x,B\n"),
        [(2, None), good(3, "b@x")]
    );
    let reason = records(Format::Csv, "email,email_verified\na@x,maybe\n").remove(0);
    assert_eq!(
        reason.item.unwrap_err(),
        "a@x: `email_verified` is neither true nor false"
    );
}

const TABLE: &str = "CREATE TABLE user (email TEXT, hashed_password TEXT);\n";

#[test]
fn inserts() {
    let insert = |email: &str| format!("INSERT INTO user VALUES('{email}','h');\n");
    let (a, z) = (insert("a@x"), insert("z@x"));
    for (what, broken) in [
        (
            "a quote isn't closed",
            "INSERT INTO user VALUES('b@x,'h');\n".to_owned(),
        ),
        (
            "a quote isn't escaped",
            "INSERT INTO user VALUES('b'@x','h');\n".into(),
        ),
        (
            "a column is missing",
            "INSERT INTO user VALUES('b@x');\n".into(),
        ),
        (
            "an unknown function",
            "INSERT INTO user VALUES(lower('b@x'),'h');\n".into(),
        ),
        ("no values", "INSERT INTO user DEFAULT;\n".into()),
        ("NUL", "INSERT INTO user VALUES('b@x','\0');\n".into()),
        (
            "a string without an end",
            "INSERT INTO user VALUES('b@x','h);\n".into(),
        ),
        (
            "a bracket is missing",
            "INSERT INTO user VALUES('b@x','h';\n".into(),
        ),
        (
            "too long",
            format!(
                "INSERT INTO user VALUES('b@x','{}');\n",
                "x".repeat(2 << 20)
            ),
        ),
        (
            "too deep",
            format!(
                "INSERT INTO user VALUES({}'b@x','h');\n",
                "replace(".repeat(50_000)
            ),
        ),
    ] {
        let text = format!("{TABLE}{a}{broken}{z}{z}");
        assert_eq!(
            outline(Format::FastapiUsers, text),
            [good(2, "a@x"), (3, None), good(4, "z@x"), good(5, "z@x")],
            "{what}"
        );
    }
    // Cut off.
    for end in [
        "INSERT INTO user VALUES('b@x",
        "INSERT INTO user VALUES(",
        "INSERT INTO user VALUES('b@x','h'",
    ] {
        let found = outline(Format::FastapiUsers, format!("{TABLE}{a}{end}"));
        assert_eq!(found, [good(2, "a@x"), (3, None)], "{end}");
    }
    // Several rows in a statement, as pg_dump --rows-per-insert writes them.
    let text = "INSERT INTO public.\"user\" (email, hashed_password) VALUES\n\t('a@x', 'h'),\n\t('b@x, 'h'),\n\t('c@x', 'h')\n  ON CONFLICT DO NOTHING;\n";
    assert_eq!(
        outline(Format::FastapiUsers, format!("{text}{z}")),
        [good(2, "a@x"), (3, None), good(4, "c@x"), (6, None)],
        "the last has no columns"
    );
}

#[test]
fn copied_lines() {
    let text = "--\nCOPY public.other (a) FROM stdin;\nit's\n\\.\nCOPY public.\"user\" (email, hashed_password) FROM stdin;\n\
        a@x\th\nb@x\nc@x\th\tx\nd@x\t'\\\n\\145@x\t\\x\\t\\N\n";
    let expected = [
        good(6, "a@x"),
        (7, None),
        (8, None),
        (9, None),
        good(10, "e@x"),
    ];
    assert_eq!(
        outline(Format::FastapiUsers, format!("{text}\\.\n")),
        expected
    );
    // Cut off: the last record reports it.
    let cut = records(Format::FastapiUsers, text);
    assert_eq!(cut.len(), 6);
    assert_eq!(
        cut[5].item.as_ref().unwrap_err(),
        "the file ends inside of a table, a text or a comment"
    );
}

#[test]
fn what_stands_around_the_rows_of_a_dump() {
    let text = "-- it's\nSET x = 'a;''b';\n/* INSERT INTO user ' */\n\\connect it's\n\
        CREATE FUNCTION f() RETURNS text AS $_$ select 'it''s; $1' ' $_$ LANGUAGE sql;\n\
        CREATE TABLE public.\"user\" (\n email varchar(3) DEFAULT 'a,b)'::text NOT NULL, -- ,\n \"key\" numeric(1,2),\n hashed_password text,\n CONSTRAINT c CHECK ((email <> ''))\n);\n\
        INSERT INTO other VALUES ('it''s; (', E'\\'');\n\
        INSERT INTO public.\"user\" VALUES ('a@x'::text, -1.50, E'\\'h\\n');\n";
    let found = records(Format::FastapiUsers, text);
    assert_eq!(found.len(), 1);
    let user = user(&found[0]).unwrap();
    assert_eq!(user.email.as_deref(), Some("a@x"));
    assert_eq!(user.password_hash.as_deref(), Some("'h\n"));
    assert_eq!(user.profile.as_ref().unwrap()["key"], -1.5);

    let none = records(
        Format::FastapiUsers,
        "CREATE TABLE user (id int);\nINSERT INTO user VALUES (1);\n",
    );
    assert_eq!(none.len(), 1);
    assert!(
        none[0]
            .item
            .as_ref()
            .unwrap_err()
            .starts_with("the dump has no table `user` or `users`")
    );
    assert_eq!(
        records(Format::FastapiUsers, TABLE),
        [],
        "a table without rows"
    );
}

#[test]
fn documents() {
    let text = "{\"version\": [1], \"users\": [\n{\"localId\": \"1\", \"email\": \"a@x\"},\n{\"email\": b},\n[],\n7,\n{\"email\": \"c@x\"}\n]}";
    assert_eq!(
        outline(Format::Firebase, text),
        [
            good(2, "a@x"),
            (3, None),
            (4, None),
            (5, None),
            good(6, "c@x")
        ]
    );
    let long = format!(
        "[{{\"id\": \"{}\"}},\n{{\"primary_email_address\": \"a@x\"}}]",
        "x".repeat(2 << 20)
    );
    assert_eq!(outline(Format::Clerk, long), [(1, None), good(2, "a@x")]);
    // The brackets are broken, so the rest can't be read.
    for (rest, line) in [
        ("{\"email\": \"b@x", 3),
        ("{\"email\": \"b@x},\n{\"email\": \"c@x\"}]}", 3),
        ("", 3),
    ] {
        let text = format!("{{\"users\": [\n{{\"email\": \"a@x\"}},\n{rest}");
        assert_eq!(
            outline(Format::Firebase, text),
            [good(2, "a@x"), (line, None)],
            "{rest}"
        );
    }
    assert_eq!(outline(Format::Firebase, "{\"user\": []}"), [(1, None)]);
    assert_eq!(outline(Format::Firebase, "{\"users\": []}"), []);
}

#[test]
fn files_that_are_something_else() {
    for (format, text) in [
        (Format::Csv, &b"\xff\xfee\0m\0"[..]),
        (Format::Django, b"\x1f\x8b\x08"),
        (Format::Supabase, b"PGDMP\x01"),
        (Format::FastapiUsers, b"SQLite format 3\0"),
        (Format::Auth0, b"Email,Name\n"),
        (Format::BetterAuth, b"id,email\n"),
        (Format::Firebase, b"[]"),
    ] {
        let answer = read(format, text, Options::default());
        assert!(matches!(answer, Err(ReadError::Form(_))), "{format:?}");
    }
    let answer = read(Format::Supabase, &b"id,email\n"[..], Options::default());
    assert!(matches!(
        answer,
        Err(ReadError::Column("encrypted_password"))
    ));
}

/// Fails after its text.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buffer)? {
            0 => Err(io::Error::other("the disk is gone")),
            count => Ok(count),
        }
    }
}

#[test]
fn a_failing_disk_ends_the_stream() {
    let filler = " ".repeat(8192);
    for (format, text) in [
        (
            Format::Jsonl,
            format!("{{\"email\":\"a@x\"}}\n{filler}\n{{\"email\":\"b@"),
        ),
        (Format::Csv, format!("email\na@x\n{filler}\nb@")),
        (
            Format::FastapiUsers,
            format!("{TABLE}INSERT INTO user VALUES ('a@x','h');\n{filler}INSERT"),
        ),
        (
            Format::Firebase,
            format!("{{\"users\":[{{\"email\":\"a@x\"}},{filler}{{"),
        ),
    ] {
        let input = BufReader::new(Failing(Cursor::new(text.into_bytes())));
        let found: Vec<_> = read(format, input, Options::default())
            .unwrap()
            .take(9)
            .collect();
        assert_eq!(found.len(), 2, "{format:?}");
        assert_eq!(user(&found[0]).unwrap().email.as_deref(), Some("a@x"));
        assert!(
            found[1]
                .item
                .as_ref()
                .unwrap_err()
                .contains("the disk is gone")
        );
    }
}

/// Returns a byte at a time, so that every look ahead reaches the end of a buffer.
struct Slow(Cursor<Vec<u8>>);

impl Read for Slow {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = buffer.len().min(1);
        self.0.read(&mut buffer[..count])
    }
}

/// An import that stopped continues with `skip`: the rest equals that of a complete read, however the file is split
/// into buffers. A file that was cut off anywhere, or with any byte changed, is read to its end without a panic.
#[test]
fn reading_again_gives_the_same() {
    let folder = std::path::Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures"));
    let format_of = |name: &str| match name {
        name if name.starts_with("fastapi") => Format::FastapiUsers,
        name if name.starts_with("django") => Format::Django,
        name if name.starts_with("better") => Format::BetterAuth,
        _ => Format::Supabase,
    };
    for entry in folder.read_dir().unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let format = format_of(&name);
        let mut text = std::fs::read(&path).unwrap();
        let half = text.len() / 2;
        text.splice(half..half, *b"'\"\n");
        let all = records(format, text.clone());
        assert!(!all.is_empty(), "{name}");
        for skipped in 0..=all.len() {
            let input = BufReader::with_capacity(1, Slow(Cursor::new(text.clone())));
            let rest: Vec<_> = read(format, input, Options::default())
                .unwrap()
                .skip(skipped)
                .collect();
            assert_eq!(rest, all[skipped..], "{name}");
        }
        for at in (0..text.len()).step_by(29) {
            let mut changed = text.clone();
            changed[at] = b"'\"\\\n(,\0\xff}"[at % 9];
            for damaged in [text[..at].to_vec(), changed] {
                let max = damaged.len() + 1;
                if let Ok(records) = read(format, Cursor::new(damaged), Options::default()) {
                    assert!(
                        records.take(max).count() < max,
                        "{name}, {at}: without an end"
                    );
                }
            }
        }
    }
}
