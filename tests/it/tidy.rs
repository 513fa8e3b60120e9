//! The room rules: who may name what, no circle of imports, no orphan file, no long file, no long
//! line.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

mod circles;
mod mutants;

/// A room, and the words that no file in it may hold.
struct Room {
    /// Files whose path from `src/` starts so.
    starts: &'static str,
    /// Words that would break the room's law.
    forbidden: &'static [&'static str],
}

/// What the middle may never name: clients, waiting, clocks, and the edges.
const EDGES: &[&str] = &[
    "async ",
    ".await",
    "tokio::",
    "aws_sdk",
    "aws_config",
    "kube::",
    "crate::aws",
    "crate::cluster",
    "crate::clock",
    "crate::commands",
    "crate::flags",
    "Timestamp::now",
    "anyhow",
];

/// What the runtime may never name, so that a simulation runs it: real clients, and the time of a
/// real machine.
const RUNTIME: &[&str] = &[
    "aws_sdk",
    "aws_config",
    "kube::",
    "crate::commands",
    "crate::flags",
    "SystemClock",
    "clock::now",
    "clock::sleep",
    "tokio::time",
    "tokio::spawn",
    "anyhow",
];

const ROOMS: &[Room] = &[
    Room { starts: "model/", forbidden: EDGES },
    Room { starts: "model/", forbidden: &["crate::desired", "crate::plan", "crate::report"] },
    Room { starts: "desired/", forbidden: EDGES },
    Room { starts: "desired/", forbidden: &["crate::plan", "crate::report"] },
    Room { starts: "plan/", forbidden: EDGES },
    Room { starts: "plan/", forbidden: &["crate::desired", "crate::report", "k8s_openapi"] },
    Room { starts: "report/", forbidden: EDGES },
    Room {
        starts: "aws/",
        forbidden: &[
            "kube::",
            "k8s_openapi",
            "crate::cluster",
            "crate::desired",
            "crate::plan",
            "anyhow",
        ],
    },
    Room { starts: "world", forbidden: RUNTIME },
    Room { starts: "controller/", forbidden: RUNTIME },
    Room { starts: "reconcile", forbidden: RUNTIME },
    Room { starts: "apply", forbidden: RUNTIME },
    Room { starts: "cluster/", forbidden: &["aws_sdk", "crate::aws", "crate::plan", "anyhow"] },
];

/// Files that may name the AWS SDK.
const SDK: &[&str] = &[
    "aws/sdk.rs",
    "aws/iam.rs",
    "aws/vpcs.rs",
    "aws/tally.rs",
    "aws/elb/",
    "aws/ec2/",
    "aws/acm/",
    "aws/route53/",
    "aws/shield.rs",
    "aws/tagging.rs",
    "aws/wafv2.rs",
    "aws/error.rs",
];
/// Files that may name `backoff`, which is unmaintained.
const BACKOFF: &[&str] = &["controller/queue.rs"];
/// The only file that asks what time it is.
const CLOCK: &[&str] = &["clock.rs"];
/// Names that say nothing.
const EMPTY_NAMES: &[&str] = &["manager", "handler", "helper", "utils", "common"];

/// Lines of code of one file; comments, blank lines and tests do not count.
const CODE_LINES_MAX: usize = 400;
/// Characters of one line.
const LINE_LENGTH_MAX: usize = 100;

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file under a folder, by its path from there.
fn files(folder: &str) -> Vec<(String, String)> {
    fn walk(folder: &Path, base: &Path, found: &mut Vec<(String, String)>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                walk(&path, base, found);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let name = path.strip_prefix(base).unwrap().to_string_lossy().into_owned();
                found.push((name, fs::read_to_string(&path).unwrap()));
            }
        }
    }
    let base = root().join(folder);
    let mut found = Vec::new();
    walk(&base, &base, &mut found);
    assert!(!found.is_empty(), "no Rust files in {folder}");
    found.sort();
    found
}

/// The code of a file: without comments and without its unit tests.
fn code(text: &str) -> Vec<&str> {
    let end = text.find("#[cfg(test)]").unwrap_or(text.len());
    let lines = text[..end].lines();
    lines.filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with("//")).collect()
}

#[test]
fn no_room_names_what_it_may_not() {
    let mut wrong = Vec::new();
    for (name, text) in files("src") {
        let code = code(&text);
        // A room's own text stands beside its folder.
        let stem = name.trim_end_matches(".rs");
        let name = if root().join("src").join(stem).is_dir() { format!("{stem}/") } else { name };
        let mut forbid = |words: &[&str], allowed: &[&str]| {
            if allowed.iter().any(|start| name.starts_with(start)) {
                return;
            }
            for word in words {
                if code.iter().any(|line| line.contains(word)) {
                    wrong.push(format!("{name} names {word}"));
                }
            }
        };
        for room in ROOMS.iter().filter(|room| name.starts_with(room.starts)) {
            forbid(room.forbidden, &[]);
        }
        forbid(&["aws_sdk_", "aws_smithy"], SDK);
        forbid(&["backoff::"], BACKOFF);
        forbid(&["Timestamp::now", "Instant::now", "SystemTime::now"], CLOCK);
        forbid(&["kube::Client", "Client::try_default"], &["cluster/", "commands/"]);
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn every_file_is_compiled() {
    for (folder, roots) in [
        ("src", &["lib.rs", "main.rs"][..]),
        ("tests/it", &["main.rs"][..]),
        ("tests/live", &["main.rs"][..]),
    ] {
        let all = files(folder);
        let mut named: BTreeSet<String> = roots.iter().map(|root| (*root).to_owned()).collect();
        for (name, text) in &all {
            let stem = name.strip_suffix(".rs").unwrap();
            let base = match stem.rsplit_once('/') {
                Some((parent, "mod" | "main" | "lib")) => format!("{parent}/"),
                None if ["mod", "main", "lib"].contains(&stem) => String::new(),
                _ => format!("{stem}/"),
            };
            let folder = name.rsplit_once('/').map_or("", |(folder, _)| folder);
            let mut elsewhere = None;
            for line in text.lines() {
                if let Some(path) = line.trim().strip_prefix("#[path = \"") {
                    elsewhere = path.split('"').next();
                    continue;
                }
                let line = line.trim_start_matches("pub(crate) ").trim_start_matches("pub(super) ");
                let module = line.trim_start_matches("pub ").strip_prefix("mod ");
                if let Some(module) = module.and_then(|rest| rest.strip_suffix(';')) {
                    if let Some(path) = elsewhere.take() {
                        let from = if folder.is_empty() { "" } else { "/" };
                        named.insert(format!("{folder}{from}{path}"));
                        continue;
                    }
                    named.insert(format!("{base}{module}.rs"));
                    named.insert(format!("{base}{module}/mod.rs"));
                }
            }
        }
        let orphans: Vec<&String> =
            all.iter().map(|(name, _)| name).filter(|name| !named.contains(*name)).collect();
        assert!(orphans.is_empty(), "{folder}: no `mod` names {orphans:?}");
    }
}

#[test]
fn files_and_lines_are_short_and_names_say_something() {
    let mut wrong = Vec::new();
    for folder in ["src", "tests"] {
        for (name, text) in files(folder) {
            let length = code(&text).len();
            if length > CODE_LINES_MAX {
                wrong.push(format!("{folder}/{name}: {length} lines of code"));
            }
            for (number, line) in text.lines().enumerate() {
                // Rustfmt leaves literals and what holds them alone.
                if line.chars().count() > LINE_LENGTH_MAX && !line.contains('"') {
                    wrong.push(format!("{folder}/{name}:{} is long", number + 1));
                }
            }
            if EMPTY_NAMES.iter().any(|word| name.contains(word)) {
                wrong.push(format!("{folder}/{name}: a name that says nothing"));
            }
            // What tests and benches share is named by its path, which only such a file allows.
            if folder == "src" && name.ends_with("/mod.rs") {
                wrong.push(format!("{folder}/{name}: its text belongs beside its folder"));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn main_only_chooses_a_command() {
    let text = fs::read_to_string(root().join("src/main.rs")).unwrap();
    assert!(text.lines().count() <= 40);
}
