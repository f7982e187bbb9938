//! The documentation is true: its commands run and print what it shows, its links lead somewhere, its samples are code.
//!
//! The test runs each page's blocks of the language `sh` and `js` in order, in one session of bash and in a folder of its own.
//! `GATEWRIGHT_PAGE` restricts it to one page. CONTRIBUTING.md has the rules for pages.

#![allow(clippy::disallowed_methods, reason = "tests read JSON that they know")]
#![allow(clippy::print_stdout, reason = "prints which commands are not run")]
#![allow(clippy::unwrap_used, reason = "tests")]

mod answer;
mod javascript;
mod links;
mod marks;
mod page;
mod run;
mod script;

use std::sync::Mutex;

use gatewright_tests::repository;

use page::{Page, documentation};

#[test]
fn links_lead_to_files_and_headings() {
    let files = repository::files().into_iter();
    let pages = files
        .filter(|path| path.ends_with(".md"))
        .map(|path| Page::read(&path));
    let broken: Vec<_> = pages.flat_map(|page| links::broken(&page)).collect();
    assert!(broken.is_empty(), "{}", broken.join("\n"));
}

#[test]
fn every_page_can_be_reached() {
    let pages = documentation();
    let is_index = |page: &&Page| matches!(&*page.path, "README.md" | "docs/README.md");
    let reached: Vec<_> = pages
        .iter()
        .filter(is_index)
        .flat_map(links::targets)
        .collect();
    for page in &pages {
        let found = page.path == "README.md" || reached.contains(&page.path);
        assert!(
            found,
            "neither README.md nor docs/README.md links to {}",
            page.path
        );
    }
}

#[test]
fn blocks_say_what_they_are() {
    let pages = documentation();
    let mut wrong: Vec<_> = pages.iter().flat_map(marks::wrong).collect();
    wrong.extend(javascript::wrong(&pages));
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn commands_do_what_the_pages_say() {
    let only = std::env::var("GATEWRIGHT_PAGE").ok();
    let mut pages = documentation();
    pages.retain(|page| only.as_ref().is_none_or(|only| *only == page.path));
    assert!(
        !pages.is_empty(),
        "{only:?} is no page of the documentation"
    );

    let (waiting, wrong) = (Mutex::new(pages.iter()), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().unwrap().next();
                    let Some(page) = next else { break };
                    let found = run::run(page);
                    wrong.lock().unwrap().extend(found);
                }
            });
        }
    });
    println!("not run:");
    let not_run = pages.iter().flat_map(marks::not_run);
    not_run.for_each(|block| println!("  {block}"));
    let wrong = wrong.into_inner().unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
