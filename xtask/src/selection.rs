//! Selects the tests of a run: all, those of one host, or those with a name. Only what they need is built.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::component::Module;
use crate::host::Host;
use crate::targets::{Target, test_targets};

/// The test program of the storage contract, which runs separately.
pub(crate) const KIT: &str = "contract";
pub(crate) const SCENARIOS: &str = "scenarios";
pub(crate) const SIMULATION: &str = "simulation";
/// The hosts that `cargo xtask test` runs scenarios on; on PostgreSQL, those of [`OF_SEVERAL_HOSTS`].
pub(crate) const HOSTS: [Host; 4] = [Host::Native, Host::Postgres, Host::Spin, Host::Cloudflare];
/// The scenarios about what several hosts share, which run on two hosts whenever everything does.
pub(crate) const OF_SEVERAL_HOSTS: [&str; 15] = [
    "access::",
    "account::",
    "auth::concurrent_refresh",
    "auth::lockout",
    "auth::login_limits",
    "auth::logout",
    "auth::recovery",
    "auth::refresh",
    "auth::second_factor",
    "auth::verification",
    "health::",
    "mail::mail_limits",
    "requests::malformed_request",
    "users::first_administrator",
    "users::user_administration",
];
/// The tests of the container image and of the files for deployments.
pub(crate) const DEPLOYMENT: &str = "deployment";
/// The test programs of Argon2, which also run as WebAssembly.
pub(crate) const ARGON2: [&str; 2] = ["differential", "known_answers"];

/// Returns the tests of one host, in addition to the scenarios that every host runs.
pub(crate) const fn own_tests(host: Host) -> &'static str {
    match host {
        Host::Native => "native",
        Host::Postgres | Host::SpinPostgres => "postgres",
        Host::Spin => "spin",
        Host::Cloudflare => "cloudflare",
    }
}

/// The selected tests.
pub(crate) struct Selection {
    /// Hosts that run the scenarios.
    pub(crate) scenarios: Vec<Host>,
    /// Test programs, except for the scenarios.
    pub(crate) programs: Vec<String>,
    /// Whether unit tests run too.
    pub(crate) units: bool,
    /// Whether everything else runs too: examples in the documentation, the npm package, pages.
    pub(crate) everything: bool,
    /// Modules that are compiled to WebAssembly for them.
    pub(crate) modules: Vec<Module>,
}

impl Selection {
    /// Selects everything.
    pub(crate) fn all() -> Result<Self> {
        let programs = test_targets()?.into_iter();
        Ok(Self {
            scenarios: HOSTS.to_vec(),
            programs: programs
                .filter(Target::is_program)
                .map(|target| target.name)
                .filter(|name| name != SCENARIOS)
                .collect(),
            units: true,
            everything: true,
            modules: Module::ALL.to_vec(),
        })
    }

    /// Selects one host: its scenarios and its own tests.
    pub(crate) fn of_host(host: Host) -> Self {
        let own = own_tests(host);
        Self {
            scenarios: vec![host],
            programs: vec![own.to_owned()],
            units: false,
            everything: false,
            modules: modules_of(SCENARIOS, &[host])
                .into_iter()
                .chain(modules_of(own, &[host]))
                .collect(),
        }
    }

    /// Selects the files with tests whose names contain this text. Selects everything if the text is not found, because
    /// a macro may generate the name.
    pub(crate) fn named(filter: &str) -> Result<Self> {
        let mut found = Vec::new();
        let mut units = false;
        for target in test_targets()? {
            let declared = target.sources().iter().any(|path| declares(path, filter));
            if declared && target.is_program() {
                found.push(target.name);
            } else if declared {
                units = true;
            }
        }
        if found.is_empty() && !units {
            println!("xtask: no test named {filter} found in the sources: building all tests");
            return Self::all();
        }
        let scenarios = found.iter().any(|name| name == SCENARIOS);
        println!(
            "xtask: running tests named {filter} in {}{}",
            found.join(", "),
            if units { " and unit tests" } else { "" }
        );
        let modules = found.iter().flat_map(|name| modules_of(name, &HOSTS));
        Ok(Self {
            modules: modules.collect::<BTreeSet<_>>().into_iter().collect(),
            scenarios: if scenarios {
                HOSTS.to_vec()
            } else {
                Vec::new()
            },
            programs: found.into_iter().filter(|name| name != SCENARIOS).collect(),
            units,
            everything: false,
        })
    }

    /// Returns whether tests of this program are selected.
    pub(crate) fn has(&self, program: &str) -> bool {
        self.programs.iter().any(|name| name == program)
    }
}

/// Returns the modules that a test program needs, with the scenarios on these hosts.
fn modules_of(program: &str, hosts: &[Host]) -> Vec<Module> {
    match program {
        KIT => vec![Module::Spin, Module::Memory, Module::WorkerKit],
        SCENARIOS => {
            let needs = |host: &Host| match host {
                Host::Native | Host::Postgres => Module::Service,
                Host::Spin => Module::Spin,
                Host::SpinPostgres => Module::SpinPostgres,
                Host::Cloudflare => Module::Worker,
            };
            hosts.iter().map(needs).collect()
        }
        "native" => vec![Module::Service, Module::Faulty],
        "postgres" => vec![Module::Service, Module::SpinPostgres],
        "spin" => vec![Module::Spin, Module::Memory],
        "cloudflare" => vec![Module::Worker, Module::WorkerKit],
        "core" => vec![Module::Core],
        DEPLOYMENT => vec![Module::Service],
        "docs" => vec![Module::Service, Module::Js],
        "prose" | "simulation" | "vectors" | "who_exists" | "growth" | "manifests"
        | "differential" | "known_answers" => Vec::new(),
        _ => Module::ALL.to_vec(),
    }
}

/// Returns whether a file's name or one of its functions matches this text, the last part of a path.
fn declares(path: &Path, filter: &str) -> bool {
    let parts = filter.split("::").filter(|part| !part.is_empty());
    let wanted = parts.last().unwrap_or(filter);
    let is_named = path
        .file_stem()
        .is_some_and(|stem| stem.to_string_lossy().contains(wanted));
    let declared = |line: &str| {
        let (head, rest) = line.split_once("fn ")?;
        let name = rest.split(['(', '<']).next()?;
        Some(
            head.trim()
                .chars()
                .all(|c| c.is_alphabetic() || "() ".contains(c))
                && name.contains(wanted),
        )
    };
    is_named
        || std::fs::read_to_string(path)
            .is_ok_and(|text| text.lines().any(|line| declared(line) == Some(true)))
}
