//! `gatewright export`.

use std::fs::File;
use std::io::{BufWriter, Read as _, Write};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, ensure};
use clap::{Arg, ArgMatches, Command, value_parser};
use gatewright_transfer::Definition;
use http::StatusCode;
use serde::Deserialize;
use serde_json::value::RawValue;
use tempfile::NamedTempFile;

use crate::api::{Api, Query, read, refused_with, with_query, with_retry};
use crate::arguments::flag;
use crate::call::Call;
use crate::console::Console;
use crate::show::one_line;

/// Largest number of users in one response.
const PAGE: u64 = 500;

pub(crate) fn command() -> Command {
    Command::new("export")
        .about("Export permissions, roles and all users as JSON Lines, which `import` reads")
        .arg(
            Arg::new("file")
                .value_name("FILE")
                .value_parser(value_parser!(PathBuf))
                .help("File to write, readable only by its owner and replaced only when complete; standard output by default"),
        )
        .arg(flag("secrets").help(
            "Include password hashes, keys of second factors and recovery codes; only a superadmin can do this",
        ))
}

pub(crate) fn run(call: &mut Call<'_>, matches: &ArgMatches) -> Result<()> {
    let secrets = matches.get_flag("secrets");
    let file = matches.get_one::<PathBuf>("file");
    let Some(file) = file.filter(|file| file.as_os_str() != "-") else {
        write(&call.api, call.console, call.out, secrets)?;
        return Ok(());
    };
    let cannot = || format!("can't write {}", file.display());
    ensure!(
        !is_database(file),
        "{} is an SQLite database and would be replaced; name another file",
        file.display()
    );
    let folder = file.parent().filter(|folder| *folder != Path::new(""));
    let folder = folder.unwrap_or_else(|| Path::new("."));
    // Readable only by its owner.
    let part = NamedTempFile::new_in(folder).with_context(cannot)?;
    let mut lines = BufWriter::new(part);
    let count = write(&call.api, call.console, &mut lines, secrets)?;
    let part = lines.into_inner().with_context(cannot)?;
    part.as_file().sync_all().with_context(cannot)?;
    part.persist(file).with_context(cannot)?;
    writeln!(call.out, "{count} users exported to {}", file.display())?;
    Ok(())
}

/// Whether the file exists and begins as databases of SQLite do.
pub(crate) fn is_database(path: &Path) -> bool {
    let mut head = [0; 16];
    let file = File::open(path).and_then(|mut file| file.read_exact(&mut head));
    file.is_ok() && head == *b"SQLite format 3\0"
}

/// Writes the permissions and roles, and then every user, each as a line. Returns the number of users.
fn write(
    api: &Api<'_>,
    console: &mut dyn Console,
    out: &mut dyn Write,
    secrets: bool,
) -> Result<u64> {
    #[derive(Deserialize)]
    struct Page {
        users: Vec<Box<RawValue>>,
        next_cursor: Option<String>,
    }
    write_definitions(api, console, out)?;
    let mut count = 0;
    let mut cursor = None;
    let bar = console.begin(None);
    loop {
        let mut query: Query = vec![("limit", PAGE.to_string())];
        if secrets {
            query.push(("secrets", "true".to_owned()));
        }
        query.extend(cursor.map(|cursor| ("cursor", cursor)));
        let path = with_query("/users/export", &query);
        let page: Page = read(&with_retry(console, || api.get(&path))?)?;
        for user in &page.users {
            writeln!(out, "{}", one_line(user))?;
        }
        count += page.users.len() as u64;
        bar.set_message(format!("{count} users"));
        bar.tick();
        cursor = page.next_cursor;
        if cursor.is_none() {
            bar.finish_and_clear();
            return Ok(count);
        }
    }
}

/// Writes the permissions that are not built in, and every role. A note reports that they are missing if the caller
/// lacks the permission to read them.
fn write_definitions(api: &Api<'_>, console: &mut dyn Console, out: &mut dyn Write) -> Result<()> {
    #[derive(Deserialize)]
    struct List {
        #[serde(alias = "permissions", alias = "roles")]
        rows: Vec<Row>,
    }
    #[derive(Deserialize)]
    struct Row {
        name: String,
        description: String,
        built_in: bool,
        rank: Option<u64>,
        #[serde(default)]
        permissions: Vec<String>,
    }
    let mut get = |path| -> Result<Vec<Row>> {
        let list: List = read(&with_retry(console, || api.get(path))?)?;
        Ok(list.rows)
    };
    let lists = get("/permissions").and_then(|permissions| Ok((permissions, get("/roles")?)));
    let (permissions, roles) = match lists {
        Err(error) if refused_with(&error, StatusCode::FORBIDDEN) => {
            console.say("permissions and roles are left out, because reading them needs the permission roles:read");
            return Ok(());
        }
        lists => lists?,
    };
    let permissions = permissions.into_iter().filter(|row| !row.built_in);
    let permissions = permissions.map(|row| Definition::Permission {
        name: row.name,
        description: row.description,
    });
    let roles = roles.into_iter().map(|row| Definition::Role {
        name: row.name,
        description: row.description,
        rank: row.rank,
        permissions: row.permissions,
    });
    for definition in permissions.chain(roles) {
        writeln!(out, "{}", serde_json::to_string(&definition)?)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use crate::fake::{Fake, Person, Script, run_line};
    use serde_json::json;
    use std::fs;
    use std::time::Duration;

    fn definitions() -> [Script; 2] {
        let permission = |name, built_in| json!({"id": "1", "name": name, "description": "", "built_in": built_in});
        let role = json!({"id": "1", "name": "editor", "description": "Edits", "built_in": false, "rank": 10, "permissions": ["posts:*"]});
        [
            Script::json(
                200,
                json!({"permissions": [permission("users:read", true), permission("posts:*", false)]}),
            ),
            Script::json(200, json!({"roles": [role]})),
        ]
    }

    fn two_pages() -> [Script; 2] {
        [
            Script::text(
                200,
                "{\"users\": [{\"id\": \"1\",\n \"n\":1.0}, {\"id\":\"2\"}], \"next_cursor\": \"c/1\"}",
            ),
            Script::text(200, r#"{"users": [{"id":"3"}], "next_cursor": null}"#),
        ]
    }

    fn everything() -> impl Iterator<Item = Script> {
        definitions().into_iter().chain(two_pages())
    }

    const LINES: &str = concat!(
        r#"{"permission":{"name":"posts:*","description":""}}"#,
        "\n",
        r#"{"role":{"name":"editor","description":"Edits","rank":10,"permissions":["posts:*"]}}"#,
        "\n",
        "{\"id\": \"1\",  \"n\":1.0}\n{\"id\":\"2\"}\n{\"id\":\"3\"}\n"
    );

    #[test]
    fn every_page_is_written_as_lines() {
        let fake = Fake::new(everything());
        assert_eq!(run_line(&fake, "export").unwrap(), LINES);
        assert_eq!(
            fake.paths(),
            [
                "GET /permissions",
                "GET /roles",
                "GET /users/export?limit=500",
                "GET /users/export?limit=500&cursor=c%2F1"
            ]
        );
    }

    #[test]
    fn secrets_are_asked_for_only_when_told_to() {
        let fake = Fake::new(everything());
        run_line(&fake, "export --secrets -").unwrap();
        assert_eq!(fake.paths()[2], "GET /users/export?limit=500&secrets=true");
    }

    #[test]
    fn a_file_is_whole_or_is_as_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("users.jsonl");
        fs::write(&file, "old").unwrap();
        let line = format!("export {}", file.display());
        let fake = Fake::new(everything().take(3));
        assert!(run_line(&fake, &line).is_err());
        assert_eq!(fs::read_to_string(&file).unwrap(), "old");
        let out = run_line(&Fake::new(everything()), &line).unwrap();
        assert!(out.starts_with("3 users"), "{out}");
        assert_eq!(fs::read_to_string(&file).unwrap(), LINES);
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        #[cfg(unix)]
        {
            let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&file).unwrap());
            assert_eq!(mode & 0o777, 0o600);
        }
    }

    #[test]
    fn who_may_only_export_users_is_told_what_is_missing() {
        let forbidden = || {
            Script::json(
                403,
                json!({"error": {"code": "forbidden", "message": "You may not.", "status_code": 403}}),
            )
        };
        let mut person = Person::default();
        let fake = Fake::new([forbidden()].into_iter().chain(two_pages()));
        let out = person.run(&fake, "export").unwrap();
        assert_eq!(out.lines().count(), 3);
        assert!(person.said[0].contains("roles:read"), "{:?}", person.said);
    }

    #[test]
    fn a_busy_service_is_waited_for_but_not_for_ever() {
        let busy = || Script::text(429, "").with("retry-after", "7");
        let [first, second] = two_pages();
        let fake = Fake::new(
            definitions()
                .into_iter()
                .chain([first, busy(), busy(), second]),
        );
        let mut person = Person::default();
        assert_eq!(person.run(&fake, "export").unwrap(), LINES);
        assert_eq!(person.waited, [Duration::from_secs(7); 2]);
        let fake = Fake::new((0..20).map(|_| busy()));
        assert!(run_line(&fake, "export").is_err());
        assert_eq!(fake.requests().len(), 8);
        // Without `Retry-After`, or with one of a day, there is no retry.
        let fake = Fake::new([Script::text(503, "")]);
        assert!(run_line(&fake, "export").is_err());
        let fake = Fake::new([Script::text(503, "").with("retry-after", "86400")]);
        assert!(run_line(&fake, "export").is_err());
    }
}
