//! Generated files under version control: the variables and hosts in Spin's manifests, the D1 migrations and the page about
//! configuration; and the limits and error codes in the documentation.

#![allow(clippy::unwrap_used, reason = "tests")]

mod configuration;
mod spin_default;

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use auth_core::Config;
use auth_core::config::{
    FederationConfig, LogConfig, ProxyConfig, RetentionConfig, Setting, WebConfig,
};
use gatewright_http::BodyConfig;
use gatewright_mail::MailConfig;
use gatewright_storage_sqlite::MIGRATIONS;

use spin_default::spin_default;

const END: &str = "# generated: end\n";

fn settings() -> impl Iterator<Item = &'static Setting> {
    let [providers, presets] = FederationConfig::TABLES;
    let tables = [
        Config::TABLE,
        providers,
        presets,
        WebConfig::TABLE,
        ProxyConfig::TABLE,
        RetentionConfig::TABLE,
        BodyConfig::TABLE,
        LogConfig::TABLE,
        MailConfig::TABLE,
    ];
    tables.into_iter().flatten()
}

/// Returns the variables with the origins of servers that the operator can choose, each with the setting that it belongs
/// to. Spin can't take an origin from a URL.
fn origins() -> impl Iterator<Item = (String, &'static Setting)> {
    FederationConfig::servers().map(|setting| {
        let name = setting.name.strip_suffix("URL").unwrap();
        (format!("{}origin", name.to_ascii_lowercase()), setting)
    })
}

/// Returns the application's variables.
fn variables() -> String {
    let origins = origins().map(|(name, setting)| {
        let default = setting.default.unwrap();
        format!(
            "# Scheme, host and port of {}.\n{name} = {{ default = {default:?} }}\n",
            setting.name
        )
    });
    let variable = |setting: &Setting| {
        let value = match spin_default(setting) {
            None => "required = true".to_owned(),
            Some(default) => format!("default = {default:?}"),
        };
        let secret = if setting.secret {
            ", secret = true"
        } else {
            ""
        };
        let name = setting.name.to_ascii_lowercase();
        format!(
            "# {} ({})\n{name} = {{ {value}{secret} }}\n",
            setting.doc.trim(),
            setting.accepts
        )
    };
    origins.chain(settings().map(variable)).collect()
}

/// Returns the component's variables, which refer to the application's.
fn component_variables() -> String {
    settings()
        .map(|setting| setting.name.to_ascii_lowercase())
        .map(|name| format!("{name} = \"{{{{ {name} }}}}\"\n"))
        .collect()
}

/// Returns the hosts that a component can reach for the presets, whatever is configured.
fn hosts() -> String {
    let chosen = origins().map(|(name, _)| format!("{{{{ {name} }}}}"));
    let origins = chosen.chain(FederationConfig::preset_origins());
    let lines = origins.map(|origin| format!("    {origin:?},\n"));
    lines.chain(["    ".to_owned()]).collect()
}

/// Inserts the generated text between its marks.
fn generated(manifest: &str) -> String {
    let put = |manifest: &str, name: &str, content: String| {
        let begin = format!("# generated: {name}\n");
        let (before, rest) = manifest.split_once(&begin).unwrap();
        let (_, after) = rest.split_once(END).unwrap();
        format!("{before}{begin}{content}{END}{after}")
    };
    let manifest = put(manifest, "hosts", hosts());
    let manifest = put(&manifest, "variables", variables());
    put(&manifest, "component variables", component_variables())
}

#[test]
fn the_manifests_for_spin_have_every_setting() {
    for name in ["spin.toml", "spin-dependencies.toml"] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../hosts/spin")
            .join(name);
        let manifest = std::fs::read_to_string(&path).unwrap();
        let wanted = generated(&manifest);
        if std::env::var_os("GATEWRIGHT_UPDATE").is_some() {
            std::fs::write(&path, &wanted).unwrap();
        } else {
            assert!(
                manifest == wanted,
                "{name} is not current: run `cargo xtask generate`"
            );
        }
    }
}

/// On Spin, a provider at another server is reached only if its variable is set, too.
#[test]
fn the_documentation_of_spin_names_every_origin() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/deploy-spin.md");
    let document = std::fs::read_to_string(path).unwrap();
    let names: Vec<_> = origins().map(|(name, _)| name).collect();
    assert_eq!(
        names,
        ["github_origin", "microsoft_origin", "gitlab_origin"]
    );
    for (name, setting) in origins() {
        let default = setting.default.unwrap();
        let link = setting.name.to_ascii_lowercase();
        let row = format!(
            "| `{name}` | `{default}` | [`{link}`](configuration.md#{link}) has another origin |"
        );
        assert!(document.contains(&row), "{row}");
    }
}

#[test]
fn the_migrations_for_d1_are_those_of_the_sql() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/cloudflare/migrations");
    let wanted: BTreeMap<_, _> = MIGRATIONS
        .iter()
        .map(|migration| (format!("{:04}.sql", migration.version), migration.script()))
        .collect();
    if std::env::var_os("GATEWRIGHT_UPDATE").is_some() {
        std::fs::create_dir_all(&folder).unwrap();
        for (name, script) in &wanted {
            std::fs::write(folder.join(name), script).unwrap();
        }
    }
    let there: BTreeMap<_, _> = std::fs::read_dir(&folder)
        .unwrap()
        .map(|file| {
            let file = file.unwrap();
            let name = file.file_name().into_string().unwrap();
            (name, std::fs::read_to_string(file.path()).unwrap())
        })
        .collect();
    assert!(
        there == wanted,
        "the migrations are not current: run `cargo xtask generate`"
    );
}

/// Wrangler uploads the files of the configured rules, and adds its default rules for other types. It warns about a
/// rule that doesn't set `fallthrough`.
#[test]
fn wrangler_uploads_the_worker_and_nothing_else() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../hosts/cloudflare/wrangler.toml");
    let manifest = std::fs::read_to_string(path).unwrap();
    let rules = manifest.split("[[rules]]\n").skip(1);
    let rules: Vec<Vec<_>> = rules
        .map(|rule| rule.lines().take_while(|line| line.contains('=')).collect())
        .collect();
    let last = "fallthrough = false";
    let wasm = [
        "type = \"CompiledWasm\"",
        "globs = [\"index_bg.wasm\"]",
        last,
    ];
    let modules = "globs = [\"index.js\", \"snippets/**/*.js\"]";
    let modules = ["type = \"ESModule\"", modules, last];
    let text = ["type = \"Text\"", "globs = []", last];
    assert_eq!(rules, [wasm, modules, text]);
}

/// V6.1.1: the documentation names every limit against guessing and flooding, with its default.
#[test]
fn the_documentation_of_security_names_every_limit() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/security-model.md");
    let document = std::fs::read_to_string(path).unwrap();
    let limits: Vec<_> = settings()
        .filter(|setting| setting.name.contains("_PER_"))
        .collect();
    assert!(limits.len() > 10, "there are only {}", limits.len());
    for setting in limits {
        let named = format!("`{}`", setting.name);
        let mut lines = document.lines().filter(|line| line.contains(&named));
        let default = |line: &str| setting.default.is_none_or(|default| line.contains(default));
        assert!(lines.any(default), "{named} with {:?}", setting.default);
    }
}

/// Sources that answer requests with errors.
const ANSWERING: [&str; 4] = [
    "crates/http/src",
    "components/service/src",
    "hosts/native/src",
    "hosts/cloudflare/src",
];
/// Codes that the command line prints with `--json` and in reports, and that no answer of the API has.
const COMMAND_LINE_CODES: [&str; 3] = ["failed", "invalid_arguments", "unreadable"];

/// The code in the literal that a source begins with, if it does.
fn literal(source: &str) -> Option<&str> {
    let (code, _) = source.trim_start().strip_prefix('"')?.split_once('"')?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    (!code.is_empty() && code.bytes().all(plain)).then_some(code)
}

/// The literals that follow a call's first argument, which holds no comma. `first` says which first arguments count.
fn second_arguments<'a>(
    source: &'a str,
    call: &'a str,
    first: fn(&str) -> bool,
) -> impl Iterator<Item = &'a str> {
    source.split(call).skip(1).filter_map(move |arguments| {
        let (given, rest) = arguments.split_once(',')?;
        first(given.trim()).then(|| literal(rest)).flatten()
    })
}

fn sources(folder: &Path, found: &mut Vec<String>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            let source = std::fs::read_to_string(path).unwrap();
            // Unit tests stand at the end of a file, and their errors are no answers.
            let (code, _) = source
                .split_once("#[cfg(test)]\nmod ")
                .unwrap_or((&source, ""));
            found.push(code.to_owned());
        }
    }
}

/// Every code that the code answers with: of errors, of their fields, and those of OAuth 2.0.
fn error_codes() -> BTreeSet<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let is_status = |first: &str| first.starts_with("StatusCode::") || first == "status";
    let mut codes = BTreeSet::new();
    let mut answering = Vec::new();
    for folder in ANSWERING {
        sources(&root.join(folder), &mut answering);
    }
    for source in &answering {
        let errors = second_arguments(source, "::new(", is_status);
        let fields = second_arguments(source, "invalid_field(", |_| true);
        codes.extend(errors.chain(fields).map(str::to_owned));
    }
    // The names of causes: `Self::Used => "link_used",`.
    for name in ["access_token", "field", "link"] {
        let path = root.join(format!("auth-core/src/error/{name}.rs"));
        let source = std::fs::read_to_string(path).unwrap();
        codes.extend(
            source
                .split("=>")
                .skip(1)
                .filter_map(literal)
                .map(str::to_owned),
        );
    }
    // Pairs of a status and a code: `(StatusCode::BAD_REQUEST, "invalid_grant")`.
    let response = root.join("crates/http/src/error/response.rs");
    let response = std::fs::read_to_string(response).unwrap();
    let pairs = response.split(',').skip(1);
    let pairs = pairs.filter(|rest| {
        rest.split('"')
            .nth(2)
            .is_some_and(|end| end.starts_with(')'))
    });
    codes.extend(pairs.filter_map(literal).map(str::to_owned));
    codes
}

/// Readers look up every code there, and find none that no longer exists.
#[test]
fn the_documentation_explains_every_error_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/troubleshooting.md");
    let document = std::fs::read_to_string(path).unwrap();
    // A row of a table begins with the code that it explains.
    let rows = document.lines().filter_map(|line| line.strip_prefix("| `"));
    let explained: BTreeSet<_> = rows
        .filter_map(|row| row.split_once('`'))
        .map(|(code, _)| code.to_owned())
        .collect();
    let mut codes = error_codes();
    assert!(
        codes.len() > 60,
        "there are only {}: {codes:?}",
        codes.len()
    );
    codes.extend(COMMAND_LINE_CODES.map(str::to_owned));
    let missing: Vec<_> = codes.difference(&explained).collect();
    let unknown: Vec<_> = explained.difference(&codes).collect();
    assert!(
        missing.is_empty() && unknown.is_empty(),
        "docs/troubleshooting.md lacks {missing:?} and explains {unknown:?}, which no answer has"
    );
}
