//! The README's tables against the code.

use std::collections::BTreeSet;
use std::fs;

use albedo::desired::annotations::{Support, all};
use albedo::flags::{Cli, EXTERNAL_DNS_FLAGS, Effect, ForeignFlag, GATES, LBC_FLAGS, Otherwise};
use albedo::model::account_limits::Limit;
use clap::CommandFactory as _;

/// How many kinds of differences there may be from LBC.
const DIFFERENCES_MAX: usize = 12;

/// The words in backticks of the table that follows a marker.
fn table(marker: &str) -> BTreeSet<String> {
    let rows = lines(marker).into_iter();
    let cells = rows.filter_map(|row| row.split('|').nth(2).map(str::to_owned));
    let words = cells.flat_map(|cell| {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect::<Vec<_>>()
    });
    words.collect()
}

/// The lines of the table that follows a marker.
fn lines(marker: &str) -> Vec<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("<!-- {marker}:")).unwrap();
    let rows = rest.lines().skip(1).take_while(|line| line.starts_with('|'));
    rows.map(str::to_owned).collect()
}

#[test]
fn the_readme_says_of_annotations_what_the_table_does() {
    let mut expected = vec![
        "| annotation | on | IngressClassParams go over it by | |".to_owned(),
        "|---|---|---|---|".to_owned(),
    ];
    expected.extend(all().filter(|known| known.support == Support::Built).map(|known| {
        let on = known.carriers.kinds();
        let field = known.class_field.map(|path| format!("`{path}`")).unwrap_or_default();
        format!("| `{}` | {on} | {field} | {} |", known.name, known.help.trim())
    }));
    let found = lines("annotations");
    assert!(found == expected, "README should hold:\n{}", expected.join("\n"));
}

#[test]
fn the_readme_lists_every_flag() {
    let command = Cli::command();
    let flags = command.get_subcommands().flat_map(|command| {
        let named = command.get_arguments().filter(|argument| !argument.is_hide_set());
        named.filter_map(|argument| Some(format!("--{}", argument.get_long()?))).collect::<Vec<_>>()
    });
    let flags: BTreeSet<String> = flags.filter(|flag| flag != "--help").collect();
    assert_eq!(table("flags"), flags);
}

#[test]
fn the_readme_says_what_flags_of_others_come_to() {
    says_what_they_come_to("lbc-flags", LBC_FLAGS);
    says_what_they_come_to("external-dns-flags", EXTERNAL_DNS_FLAGS);
}

fn says_what_they_come_to(marker: &str, flags: &[ForeignFlag]) {
    let mut expected = vec!["| flag | |".to_owned(), "|---|---|".to_owned()];
    expected.extend(flags.iter().map(|flag| match flag.effect {
        Effect::Nothing(why) => format!("| `--{}` | changes nothing: {why} |", flag.name),
        Effect::Only("", why) => format!("| `--{}` | has to be empty: {why} |", flag.name),
        Effect::Only(only, why) => format!("| `--{}` | has to be `{only}`: {why} |", flag.name),
    }));
    let found = lines(marker);
    assert!(found == expected, "README should hold:\n{}", expected.join("\n"));
}

#[test]
fn the_readme_says_what_feature_gates_come_to() {
    let mut expected =
        vec!["| gate | default | otherwise |".to_owned(), "|---|---|---|".to_owned()];
    expected.extend(GATES.iter().map(|gate| {
        let otherwise = match gate.otherwise {
            Otherwise::Built(_) => "is as with LBC".to_owned(),
            Otherwise::Nothing(why) => format!("changes nothing: {why}"),
            Otherwise::Stops(why) => format!("stops the start: {why}"),
        };
        format!("| `{}` | {} | {otherwise} |", gate.name, gate.default)
    }));
    let found = lines("gates");
    assert!(found == expected, "README should hold:\n{}", expected.join("\n"));
}

#[test]
fn what_the_readme_says_of_namespaces_and_brakes_is_tested() {
    let rows = ["tenants", "brakes", "classes"].map(|table| lines(table).into_iter().skip(2));
    for row in rows.into_iter().flatten() {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default().to_owned();
        for name in cell.split('`').skip(1).step_by(2) {
            let (path, test) = named(name);
            let text = fs::read_to_string(path).unwrap();
            assert!(text.contains(&format!("fn {test}()")), "{name}");
        }
    }
}

/// The file of a test as tables name it, and the test's own name.
fn named(test: &str) -> (String, &str) {
    let (folder, test) = match test.strip_prefix("live::") {
        Some(test) => ("live", test),
        None => ("it", test),
    };
    let (file, test) = test.rsplit_once("::").unwrap();
    let file = file.replace("::", "/");
    (format!("{}/tests/{folder}/{file}.rs", env!("CARGO_MANIFEST_DIR")), test)
}

#[test]
fn every_attack_and_every_fault_is_tested() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/security.md");
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(tested(&text), rows(&text).count(), "every row names its tests");
}

#[test]
fn every_difference_from_lbc_is_tested() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/differences.md");
    let text = fs::read_to_string(path).unwrap();
    let count = rows(&text).count();
    assert_eq!(tested(&text), count, "every row names its tests");
    assert!(count <= DIFFERENCES_MAX, "{count} kinds are more than anybody keeps in mind");
    // What compares accounts knows no other kinds.
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/localstack/acceptance/kinds.py");
    let known = fs::read_to_string(path).unwrap();
    let (_, listed) = known.split_once("KINDS = [").unwrap();
    let (listed, _) = listed.split_once("\n]").unwrap();
    let known: Vec<&str> = listed.split('"').skip(1).step_by(2).collect();
    assert!(!known.is_empty());
    for kind in known {
        let begins = format!("| {kind}");
        assert!(rows(&text).any(|row| row.starts_with(&begins)), "no row of {kind}");
    }
}

#[test]
fn what_is_said_of_certificates_is_tested() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/certificates.md");
    let text = fs::read_to_string(path).unwrap();
    let (sources, said) = text.split_once("## cert-manager").unwrap();
    assert_eq!(tested(said), rows(said).count(), "every row names its tests");
    assert_eq!(rows(sources).count(), 5, "the head and four ways");
}

#[test]
fn what_is_asked_of_an_add_on_is_tested() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/eks-add-on.md");
    let text = fs::read_to_string(path).unwrap();
    assert_eq!(tested(&text), rows(&text).count(), "every row names its tests");
}

#[test]
fn what_is_said_of_operations_and_beside_others_is_tested() {
    for page in ["operations", "comparison"] {
        let text = read(&format!("docs/{page}.md"));
        let mut count = 0;
        for table in text.split("\n\n").filter(|part| part.contains("shown by |\n")) {
            let rows = rows(table).filter(|row| !row.starts_with("|---"));
            assert_eq!(tested(table), rows.count(), "{page}: every row names its tests: {table}");
            count += tested(table);
        }
        assert!(count > 8, "{page}: {count}");
        // In prose as well.
        let is_test = |word: &&str| word.contains("::") && !word.contains("file::test");
        for name in text.split('`').skip(1).step_by(2).filter(is_test) {
            let (path, test) = named(name);
            let file = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name}"));
            assert!(file.contains(&format!("fn {test}()")), "{name}");
        }
    }
}

#[test]
fn every_alert_and_every_limit_is_on_the_page_of_operations() {
    let text = read("docs/operations.md");
    let column = |marker: &str, place: usize| {
        let (_, rest) = text.split_once(&format!("<!-- {marker}:")).unwrap();
        let rows = rest.lines().skip(3).take_while(|line| line.starts_with('|'));
        let cells = rows.filter_map(|row| row.split('|').nth(place));
        cells.map(|cell| cell.trim().trim_matches('`').to_owned()).collect::<Vec<_>>()
    };
    let alerts = read("deploy/helm/albedo/files/alerts.yaml");
    let alerts = alerts.lines().filter_map(|line| line.trim().strip_prefix("- alert: "));
    assert_eq!(column("alerts", 1), alerts.collect::<Vec<_>>());
    let names = Limit::ALL.map(|limit| limit.name().to_owned());
    let defaults = Limit::ALL.map(|limit| limit.default().to_string());
    assert_eq!((column("limits", 3), column("limits", 2)), (names.into(), defaults.into()));
}

/// A file of the repository.
fn read(path: &str) -> String {
    fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
}

/// The rows of a page's tables, without their heads.
fn rows(text: &str) -> impl Iterator<Item = &str> {
    let is_row = |line: &&str| line.starts_with("| ");
    let is_head = |line: &&str| line.ends_with("shown by |") || line.ends_with("here |");
    text.lines().filter(is_row).filter(move |line| !is_head(line))
}

/// How many rows name tests in their last cell; each has to be there.
fn tested(text: &str) -> usize {
    let mut count = 0;
    for row in rows(text) {
        let cell = row.trim_end_matches('|').rsplit('|').next().unwrap_or_default();
        let tests: Vec<&str> = cell.split('`').skip(1).step_by(2).collect();
        for name in &tests {
            let (path, test) = named(name);
            let file = fs::read_to_string(&path).unwrap_or_else(|_| panic!("{name}"));
            assert!(file.contains(&format!("fn {test}()")), "{name}");
        }
        count += usize::from(!tests.is_empty());
    }
    count
}

#[test]
fn every_flag_is_explained() {
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{}: {}", command.get_name(), argument.get_id());
        }
    }
}
