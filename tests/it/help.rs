//! What help says, and by what names the program is called.

use std::process::Command;

use super::flags::albedo;

#[test]
fn who_asks_for_nothing_sees_what_can_be_asked_for() {
    let output = albedo(&[]);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), output.stdout.len()), (Some(1), 0));
    for word in ["Usage: albedo <COMMAND>", "doctor", "explain", "Where to begin"] {
        assert!(said.contains(word), "{word}: {said}");
    }
}

#[test]
fn a_short_help_has_what_a_command_needs_and_the_long_one_all_that_it_takes() {
    for command in ["plan", "explain", "sweep", "doctor"] {
        let output = albedo(&[command, "-h"]);
        let help = String::from_utf8(output.stdout).unwrap();
        for word in ["--cluster-name", "--context", "Example", "--help"] {
            assert!(help.contains(word), "{command}: {word}: {help}");
        }
        assert!(!help.contains("--txt-suffix") && help.lines().count() < 60, "{command}: {help}");
    }
    let output = albedo(&["run", "-h"]);
    assert!(String::from_utf8(output.stdout).unwrap().contains("--txt-suffix"));
}

#[test]
fn by_the_name_of_a_plugin_it_is_a_command_of_kubectl() {
    let folder = std::env::temp_dir().join(format!("albedo-plugin-{}", std::process::id()));
    std::fs::create_dir_all(&folder).unwrap();
    let plugin = folder.join("kubectl-albedo");
    std::os::unix::fs::symlink(env!("CARGO_BIN_EXE_albedo"), &plugin).unwrap();
    let output = Command::new(&plugin).args(["plan", "-h"]).output().unwrap();
    std::fs::remove_dir_all(&folder).unwrap();
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Usage: kubectl albedo plan [OPTIONS]"), "{help}");
}
