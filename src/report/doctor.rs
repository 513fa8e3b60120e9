//! What is wrong with how this program is set up: each fault by itself, with what shows it and what
//! mends it. Pure.
//!
//! A check looks at what was found and says what of it is wrong, or nothing. Where something could
//! not be looked at, only the check for that speaks: what follows from it is not guessed.

use serde::Serialize;

use crate::model::evidence::Evidence;

mod account;
mod cluster;
mod names;
mod network;
mod objects;
mod setup;

/// What a fault means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// Something does not work.
    Fault,
    /// Something may not work, or not for long.
    Doubt,
}

/// A check.
#[derive(Clone, Copy, Debug)]
pub struct Check {
    /// Its name, which is stable.
    pub code: &'static str,
    /// What it means where it finds something.
    pub verdict: Verdict,
    /// What shows the fault; nothing where there is none.
    find: fn(&Evidence) -> Option<String>,
    /// What a person does about it.
    pub mend: &'static str,
}

/// A fault that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Finding {
    /// The check's name.
    pub code: &'static str,
    /// What it means.
    pub verdict: Verdict,
    /// What shows it.
    pub evidence: String,
    /// What a person does about it.
    pub mend: &'static str,
}

const fn fault(
    code: &'static str,
    find: fn(&Evidence) -> Option<String>,
    mend: &'static str,
) -> Check {
    Check { code, verdict: Verdict::Fault, find, mend }
}

const fn doubt(
    code: &'static str,
    find: fn(&Evidence) -> Option<String>,
    mend: &'static str,
) -> Check {
    Check { code, verdict: Verdict::Doubt, find, mend }
}

/// Every check, in the order in which what is found is told: what others rest on comes first.
pub fn checks() -> impl Iterator<Item = &'static Check> {
    let all = [
        setup::CHECKS,
        account::CHECKS,
        network::CHECKS,
        cluster::CHECKS,
        objects::CHECKS,
        names::CHECKS,
    ];
    all.into_iter().flatten()
}

/// What is wrong.
#[must_use]
pub fn diagnose(evidence: &Evidence) -> Vec<Finding> {
    let found = checks().filter_map(|check| {
        let Check { code, verdict, find, mend } = *check;
        find(evidence).map(|evidence| Finding { code, verdict, evidence, mend })
    });
    found.collect()
}

/// Some of many, as far as a sentence has room for them.
fn some<T: ToString>(all: impl IntoIterator<Item = T>) -> Option<String> {
    /// How many are named.
    const NAMED_MAX: usize = 5;
    let all: Vec<String> = all.into_iter().map(|one| one.to_string()).collect();
    let more = all.len().saturating_sub(NAMED_MAX);
    let named = all[..all.len() - more].join(", ");
    match (all.is_empty(), more) {
        (true, _) => None,
        (false, 0) => Some(named),
        (false, more) => Some(format!("{named} and {more} more")),
    }
}
