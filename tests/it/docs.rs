//! The README's tables against the code.

use std::collections::BTreeSet;
use std::fs;

use albedo::desired::annotations::{Support, TABLE};
use albedo::flags::Cli;
use clap::CommandFactory as _;

/// The words in backticks of the table that follows a marker.
fn table(marker: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let text = fs::read_to_string(path).unwrap();
    let (_, rest) = text.split_once(&format!("<!-- {marker}:")).unwrap();
    let rows = rest.lines().skip(1).take_while(|line| line.starts_with('|'));
    let cells = rows.filter_map(|row| row.split('|').nth(2).map(str::to_owned));
    let words = cells.flat_map(|cell| {
        let quoted = cell.split('`').skip(1).step_by(2);
        quoted.map(str::to_owned).collect::<Vec<_>>()
    });
    words.collect()
}

#[test]
fn the_readme_lists_the_annotations_that_are_built() {
    let built = TABLE.iter().filter(|known| known.support == Support::Built);
    let built: BTreeSet<String> = built.map(|known| known.name.to_owned()).collect();
    assert_eq!(table("annotations"), built);
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
fn every_flag_is_explained() {
    for command in Cli::command().get_subcommands() {
        for argument in command.get_arguments() {
            assert!(argument.get_help().is_some(), "{}: {}", command.get_name(), argument.get_id());
        }
    }
}
