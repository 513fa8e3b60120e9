//! What is known not to hold yet, each with a seed that shows it or did: cases that have to fail as
//! they say.

use std::fs;
use std::path::Path;

use super::judge::{Invariant, Violation};
use super::run::Report;

/// A way in which an invariant is known to be broken.
#[derive(Clone, Debug, Default)]
pub struct Case {
    /// The file.
    pub name: String,
    /// The seed that shows it, or did so when somebody looked last.
    pub seed: u64,
    invariant: String,
    operation: String,
    contains: String,
    why: String,
}

/// The invariants that may be broken in known ways.
const OPEN: [Invariant; 7] = [
    Invariant::Dangling,
    Invariant::Served,
    Invariant::Healthy,
    Invariant::Reached,
    Invariant::Names,
    Invariant::Neighbours,
    Invariant::Fresh,
];

/// All of them.
pub fn cases() -> Vec<Case> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/simulation/known");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut cases: Vec<Case> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| {
            let name = path.file_stem().unwrap().to_string_lossy().into_owned();
            read(name, &fs::read_to_string(&path).unwrap())
        })
        .collect();
    cases.sort_by(|one, other| one.name.cmp(&other.name));
    cases
}

fn read(name: String, text: &str) -> Case {
    let mut case = Case { name, ..Case::default() };
    for line in text.lines() {
        let (field, value) = line.split_once(": ").unwrap();
        let value = value.to_owned();
        match field {
            "seed" => case.seed = value.parse().unwrap(),
            "invariant" => case.invariant = value,
            "operation" => case.operation = value,
            "contains" => case.contains = value,
            "why" => case.why = value,
            other => panic!("{}: {other} means nothing", case.name),
        }
    }
    assert!(!case.why.is_empty(), "{} does not say why", case.name);
    let is_open = OPEN.iter().any(|open| format!("{open:?}") == case.invariant);
    assert!(is_open, "{}: nobody may break {}", case.name, case.invariant);
    case
}

impl Case {
    /// Whether this is what is known.
    pub fn explains(&self, violation: &Violation) -> bool {
        format!("{:?}", violation.invariant) == self.invariant
            && violation.operation == self.operation
            && violation.text.to_lowercase().contains(&self.contains)
    }
}

/// What is wrong with a run that nobody knows of yet.
pub fn news(report: &Report, cases: &[Case]) -> Vec<Violation> {
    let mut news = report.violations.clone();
    news.retain(|violation| !cases.iter().any(|case| case.explains(violation)));
    news
}
