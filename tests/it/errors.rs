//! The page of the reasons of Events, against the code.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

const ROOT: &str = env!("CARGO_MANIFEST_DIR");

fn text(path: &str) -> String {
    fs::read_to_string(format!("{ROOT}/{path}")).unwrap()
}

/// The reasons on the page, by their numbers.
fn told() -> BTreeMap<String, String> {
    let page = text("docs/errors.md");
    let headings = page.lines().filter_map(|line| line.strip_prefix("### "));
    let pairs: Vec<(String, String)> = headings
        .map(|heading| heading.split_once(' ').unwrap())
        .map(|(number, reason)| (number.to_owned(), reason.to_owned()))
        .collect();
    let count = pairs.len();
    let told: BTreeMap<String, String> = pairs.into_iter().collect();
    assert_eq!(told.len(), count, "a number is given twice");
    told
}

/// The reasons in the code: those of problems, and LBC's.
fn known() -> BTreeSet<String> {
    let problems = text("src/model/problem.rs");
    let (_, codes) = problems.split_once("pub enum Code {").unwrap();
    let (codes, _) = codes.split_once("\n}").unwrap();
    let codes = codes.lines().map(str::trim).filter(|line| !line.starts_with("///"));
    let codes = codes.filter_map(|line| line.strip_suffix(',')).map(str::to_owned);
    let told = [text("src/report/told.rs"), text("src/report/binding.rs")].concat();
    let lbcs = told.lines().filter(|line| line.starts_with("const REASON_"));
    let lbcs = lbcs.filter_map(|line| line.split('"').nth(1)).map(str::to_owned);
    // A condition's, not an Event's.
    codes.chain(lbcs).filter(|reason| reason != "Served").collect()
}

#[test]
fn every_reason_has_a_number_and_every_number_a_reason() {
    let told: BTreeSet<String> = told().into_values().collect();
    assert_eq!(told, known());
}

#[test]
fn numbers_are_in_their_order_and_each_says_what_to_do() {
    let page = text("docs/errors.md");
    let sections: Vec<&str> = page.split("### A").skip(1).collect();
    let numbers: Vec<u16> = sections.iter().map(|section| section[..3].parse().unwrap()).collect();
    assert!(numbers.is_sorted(), "{numbers:?}");
    for section in sections {
        let said = section.lines().skip(1).filter(|line| !line.is_empty());
        assert_eq!(said.count(), 2, "{section}");
    }
}
