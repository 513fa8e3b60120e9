//! The bugs that the simulation has to find, as patches, fit the sources that they are put into.

use std::fs;

use super::root;

/// The lines that a patch expects in a file beside each other, by file.
fn expected(patch: &str) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let mut file = String::new();
    for line in patch.lines() {
        if let Some(name) = line.strip_prefix("+++ b/") {
            name.clone_into(&mut file);
        } else if line.starts_with("@@ ") {
            found.push((file.clone(), String::new()));
        } else if let (Some((_, block)), [b' ' | b'-', ..]) = (found.last_mut(), line.as_bytes())
            && !line.starts_with("--- ")
        {
            block.push_str(&line[1..]);
            block.push('\n');
        }
    }
    found
}

#[test]
fn each_bug_fits_where_it_is_put_back() {
    let folder = root().join("tests/it/simulation/mutants");
    let (mut patches, mut outdated) = (0, Vec::new());
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_none_or(|extension| extension != "patch") {
            continue;
        }
        patches += 1;
        let hunks = expected(&fs::read_to_string(&path).unwrap());
        assert!(!hunks.is_empty(), "{path:?} changes nothing");
        for (file, lines) in hunks {
            if !fs::read_to_string(root().join(&file)).is_ok_and(|text| text.contains(&lines)) {
                outdated.push(format!("{}: {file} has not\n{lines}", path.display()));
            }
        }
    }
    assert_eq!(outdated, [""; 0]);
    assert!(patches >= 10, "{patches}");
}
