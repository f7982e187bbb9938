//! Which tests a run is about: all of them, those of one host, or those of a name, for which nothing else is built.

use std::collections::BTreeSet;
use std::path::Path;

use anyhow::Result;

use crate::component::Module;
use crate::host::Host;
use crate::targets::{Target, test_targets};

/// Programs of tests that run in a way of their own.
pub(crate) const KIT: &str = "contract";
pub(crate) const SCENARIOS: &str = "scenarios";
pub(crate) const HOSTS: [Host; 3] = [Host::Native, Host::Spin, Host::Cloudflare];

/// Tests of a host by itself, beside the scenarios that every host passes.
pub(crate) const fn own_tests(host: Host) -> &'static str {
    match host {
        Host::Native => "native",
        Host::Spin => "spin",
        Host::Cloudflare => "cloudflare",
    }
}

/// What is to be tested.
pub(crate) struct Selection {
    /// Hosts that the scenarios run on.
    pub(crate) scenarios: Vec<Host>,
    /// Programs of tests, the scenarios not among them.
    pub(crate) programs: Vec<String>,
    /// Whether unit tests run, too.
    pub(crate) units: bool,
    /// Whether what is no program of tests runs, too: examples in the documentation, the npm package, pages.
    pub(crate) everything: bool,
    /// What is compiled to WebAssembly for them.
    pub(crate) modules: Vec<Module>,
}

impl Selection {
    /// Everything.
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

    /// One host: its scenarios, and its own tests.
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

    /// Where tests are declared whose names hold this text; everything if the text is found nowhere, as a macro may make the
    /// name.
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
            println!("xtask: no test is seen to be named {filter}: all are built");
            return Self::all();
        }
        let scenarios = found.iter().any(|name| name == SCENARIOS);
        println!(
            "xtask: {filter} is looked for in {}{}",
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

    /// Whether tests of this program run.
    pub(crate) fn has(&self, program: &str) -> bool {
        self.programs.iter().any(|name| name == program)
    }
}

/// What a program of tests needs of WebAssembly, the scenarios on these hosts.
fn modules_of(program: &str, hosts: &[Host]) -> Vec<Module> {
    match program {
        KIT => vec![Module::Spin, Module::Memory, Module::WorkerKit],
        SCENARIOS => {
            let needs = |host: &Host| match host {
                Host::Native => Module::Service,
                Host::Spin => Module::Spin,
                Host::Cloudflare => Module::Worker,
            };
            hosts.iter().map(needs).collect()
        }
        "native" => vec![Module::Service, Module::Faulty],
        "spin" => vec![Module::Spin, Module::Memory],
        "cloudflare" => vec![Module::Worker, Module::WorkerKit],
        "core" => vec![Module::Core],
        "docs" => vec![Module::Service, Module::Js],
        "prose" | "simulation" | "vectors" | "who_exists" | "growth" | "manifests" => Vec::new(),
        _ => Module::ALL.to_vec(),
    }
}

/// Whether a file, by its name or by a function in it, is about this text: the last part of a path.
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
