//! What the pages under `docs/` and the chart's name, against the code.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use albedo::desired::annotations::all;
use albedo::flags::{Cli, LBC_FLAGS};
use albedo::telemetry::Metrics;
use clap::CommandFactory as _;
use serde_json::Value;

/// Flags of other programs that pages name.
const OTHERS: [&str; 4] =
    ["--configuration-values", "--resolve-conflicts", "--set", "--take-ownership"];

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Every page, by its path.
fn pages() -> Vec<(PathBuf, String)> {
    let docs = fs::read_dir(root().join("docs")).unwrap().map(|file| file.unwrap().path());
    let pages = docs.filter(|path| path.extension().is_some_and(|extension| extension == "md"));
    let pages = pages.chain([root().join("deploy/helm/albedo/README.md")]);
    pages.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// The lines of a page's blocks of one language.
fn block<'a>(page: &'a str, language: &str) -> Vec<&'a str> {
    let mut is_in = false;
    let mut lines = Vec::new();
    for line in page.lines().map(str::trim) {
        match line.strip_prefix("```") {
            Some(name) => is_in = name == language,
            None if is_in => lines.push(line),
            None => {}
        }
    }
    lines
}

/// What a page has in backticks, outside of blocks.
fn quoted(page: &str) -> Vec<&str> {
    let prose = page.split("```").step_by(2);
    prose.flat_map(|text| text.split('`').skip(1).step_by(2)).collect()
}

/// The flags of the program, and LBC's that it takes.
fn flags() -> BTreeSet<String> {
    let command = Cli::command();
    let of_commands = command.get_subcommands().flat_map(|command| {
        let named = command.get_arguments().filter_map(|argument| argument.get_long());
        named.map(|name| format!("--{name}")).collect::<Vec<_>>()
    });
    of_commands.chain(LBC_FLAGS.iter().map(|flag| format!("--{}", flag.name))).collect()
}

#[test]
fn every_flag_that_a_page_names_is_one() {
    let known = flags();
    for (path, page) in pages() {
        let commands = block(&page, "sh").into_iter().filter(|line| line.starts_with("albedo "));
        let named = commands.flat_map(str::split_whitespace).chain(quoted(&page));
        for word in named.filter(|word| word.starts_with("--")) {
            let flag = word.split(['=', ' ']).next().unwrap_or_default();
            let is_known = known.contains(flag) || OTHERS.contains(&flag);
            assert!(is_known, "{flag} in {}", path.display());
        }
    }
}

#[test]
fn every_link_of_a_page_leads_somewhere() {
    for (path, page) in pages() {
        for rest in page.split("](").skip(1) {
            let link = rest.split(')').next().unwrap_or_default();
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            let target = match file {
                "" => path.clone(),
                _ => path.parent().unwrap_or(Path::new("/")).join(file),
            };
            let where_to = format!("{link} in {}", path.display());
            assert!(target.exists(), "{where_to}");
            if !anchor.is_empty() {
                let text = fs::read_to_string(target).unwrap();
                let slug = |head: &str| {
                    let kept = head.to_lowercase().replace(' ', "-");
                    let is_kept =
                        |letter: &char| letter.is_alphanumeric() || "-_".contains(*letter);
                    kept.chars().filter(is_kept).collect::<String>()
                };
                let heads = text.lines().filter(|line| line.starts_with('#'));
                let mut slugs = heads.map(|head| slug(head.trim_start_matches('#').trim()));
                assert!(slugs.any(|slug| slug == anchor), "{where_to}");
            }
        }
    }
}

#[test]
fn every_value_that_a_page_sets_is_the_charts() {
    let path = root().join("deploy/helm/albedo/values.schema.json");
    let schema: Value = serde_json::from_str(&fs::read_to_string(path).unwrap()).unwrap();
    let mut count = 0;
    for (page, text) in pages() {
        let given = block(&text, "sh").into_iter().flat_map(|line| line.split("--set ").skip(1));
        let given = given.filter_map(|rest| rest.split_whitespace().next());
        for pair in given.flat_map(|pairs| pairs.split(',')) {
            let name = pair.split('=').next().unwrap_or_default();
            let mut at = &schema;
            for part in name.split('.') {
                at = &at["properties"][part];
                assert!(!at.is_null(), "{name} in {}", page.display());
            }
            count += 1;
        }
    }
    assert!(count > 8, "{count}");
}

#[test]
fn every_metric_and_annotation_that_a_page_names_is_one() {
    let annotations: BTreeSet<&str> = all().map(|known| known.name).collect();
    for (path, page) in pages() {
        let where_from = path.display();
        let is_word = |letter: char| letter.is_ascii_alphanumeric() || "_-./".contains(letter);
        for word in page.split(|letter| !is_word(letter)) {
            let word = word.trim_end_matches('.');
            if let Some(name) = word.strip_prefix("alb.ingress.kubernetes.io/") {
                let is_known = name.is_empty() || annotations.contains(name);
                assert!(is_known, "{word} in {where_from}");
            }
            if word.starts_with("albedo_") {
                let base = word.trim_end_matches("_total");
                assert!(Metrics::NAMES.contains(&base), "{word} in {where_from}");
            }
        }
    }
}
