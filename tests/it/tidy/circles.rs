//! Who imports whom: modules that stand beside each other never do so in a circle, at any depth. A
//! module and the files of its own folder are one, seen from beside it.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{code, files};

/// A module, by the names on the way to it from the crate's root, which has none.
type Path = Vec<String>;

/// What a module says about others.
#[derive(Default)]
struct Module {
    /// What each name stands for that a `use` brings in.
    imports: BTreeMap<String, Path>,
    /// The names among them that are handed on.
    handed_on: BTreeSet<String>,
    /// What its code names besides, by a path.
    named: Vec<Path>,
}

/// The modules of a crate.
struct Modules(BTreeMap<Path, Module>);

/// One module that names what another one has.
struct Arrow {
    from: Path,
    to: Path,
    what: String,
}

impl Modules {
    /// Reads the files of a crate, each by its path from the root.
    fn read(files: &[(String, String)]) -> Self {
        let texts: BTreeMap<Path, String> = files
            .iter()
            .filter(|(name, _)| name != "main.rs")
            .map(|(name, text)| (path_of(name), bare(&code(text).join("\n"))))
            .collect();
        let is_module = |path: &[String]| texts.contains_key(path);
        let read = |(path, text): (&Path, &String)| (path.clone(), read(path, text, &is_module));
        Self(texts.iter().map(read).collect())
    }

    /// The module that has what a path names, and the name there; through all who hand it on.
    fn owner(&self, path: &[String]) -> (Path, String) {
        let mut path = path.to_vec();
        // Whoever hands on to each other in a circle has nothing: the compiler refuses that.
        for _ in 0..self.0.len() {
            let within = (0..=path.len()).rev().find(|end| self.0.contains_key(&path[..*end]));
            let (owner, rest) = path.split_at(within.unwrap_or(0));
            let Some(name) = rest.first() else { return (owner.to_vec(), String::new()) };
            let module = &self.0[owner];
            match module.imports.get(name).filter(|_| module.handed_on.contains(name)) {
                Some(from) => path = [from, &rest[1..]].concat(),
                None => return (owner.to_vec(), name.clone()),
            }
        }
        (Path::new(), String::new())
    }

    /// Who names what others have. What is only handed on counts where it is used.
    fn arrows(&self) -> Vec<Arrow> {
        let mut arrows = Vec::new();
        for (from, module) in &self.0 {
            let used = module.imports.iter().filter(|(name, _)| !module.handed_on.contains(*name));
            for path in used.map(|(_, path)| path).chain(&module.named) {
                let (to, what) = self.owner(path);
                if !from.starts_with(&to) && !to.starts_with(from) {
                    arrows.push(Arrow { from: from.clone(), to, what });
                }
            }
        }
        arrows
    }

    /// The circles of each folder, each with what closes it.
    fn circles(&self) -> Vec<String> {
        let mut folders: BTreeMap<Path, BTreeMap<String, BTreeMap<String, Arrow>>> =
            BTreeMap::new();
        for arrow in self.arrows() {
            let common = arrow.from.iter().zip(&arrow.to).take_while(|(a, b)| a == b).count();
            let (one, other) = (arrow.from[common].clone(), arrow.to[common].clone());
            let folder = folders.entry(arrow.from[..common].to_vec()).or_default();
            folder.entry(one).or_default().entry(other).or_insert(arrow);
        }
        folders.values().filter_map(circle).collect()
    }
}

/// A circle among modules that stand beside each other, where there is one.
fn circle(folder: &BTreeMap<String, BTreeMap<String, Arrow>>) -> Option<String> {
    let mut open = folder.keys().collect::<BTreeSet<_>>();
    // Whoever imports nobody who is left is in no circle.
    while let Some(done) = open.iter().find(|one| !folder[**one].keys().any(|to| open.contains(to)))
    {
        let done = *done;
        open.remove(done);
    }
    let mut way = vec![*open.first()?];
    loop {
        let next = folder[*way.last()?].keys().find(|to| open.contains(to))?;
        if let Some(start) = way.iter().position(|one| *one == next) {
            way.drain(..start);
            way.push(next);
            break;
        }
        way.push(next);
    }
    let mut said = String::new();
    for pair in way.windows(2) {
        let Arrow { from, to, what } = &folder[pair[0]][pair[1]];
        let (from, to) = (from.join("::"), to.join("::"));
        writeln!(said, "{from} names {to}::{what}").expect("a text takes all");
    }
    Some(said)
}

/// The module that a file holds.
fn path_of(file: &str) -> Path {
    match file.trim_end_matches(".rs") {
        "lib" => Path::new(),
        stem => stem.split('/').map(str::to_owned).collect(),
    }
}

/// Code without comments at the ends of lines, and without what literals say.
fn bare(code: &str) -> String {
    let mut bare = String::new();
    let mut is_text = false;
    let mut before = ' ';
    let mut all = code.chars().peekable();
    while let Some(c) = all.next() {
        match (is_text, c) {
            (true, '\\') => _ = all.next(),
            (_, '"') if before != '\'' || all.peek() != Some(&'\'') => is_text = !is_text,
            (false, '/') if all.peek() == Some(&'/') => {
                while all.next_if(|c| *c != '\n').is_some() {}
            }
            (false, _) => bare.push(c),
            (true, _) => {}
        }
        before = c;
    }
    bare
}

/// What a module says, by its bare code.
fn read(at: &Path, code: &str, is_module: &dyn Fn(&[String]) -> bool) -> Module {
    let mut module = Module::default();
    let mut rest = String::new();
    for statement in code.split_inclusive(';') {
        let start = statement.rfind("use ").filter(|start| {
            let before = statement[..*start].chars().last();
            before.is_none_or(char::is_whitespace)
        });
        let Some(start) = start.filter(|_| statement.ends_with(';')) else {
            rest.push_str(statement);
            continue;
        };
        let (before, tree) = statement.split_at(start);
        rest.push_str(before);
        let is_handed_on = before.trim_end().lines().last().is_some_and(|line| {
            let line = line.trim();
            line == "pub" || line.starts_with("pub(") && line.ends_with(')')
        });
        let tree: String = tree["use ".len()..tree.len() - 1].split_whitespace().fold(
            String::new(),
            |tree, word| if word == "as" { tree + " as " } else { tree + word },
        );
        for (path, name) in leaves(&tree) {
            let Some(path) = absolute(at, &path, is_module) else { continue };
            if is_handed_on {
                module.handed_on.insert(name.clone());
            }
            module.imports.insert(name, path);
        }
    }
    for path in paths(&rest) {
        let imported = module.imports.get(&path[0]);
        let path = match imported {
            Some(imported) => Some([imported, &path[1..]].concat()),
            None => absolute(at, &path, is_module),
        };
        module.named.extend(path);
    }
    module
}

/// What a tree of imports brings in: each path, and the name that it has from then on.
fn leaves(tree: &str) -> Vec<(Path, String)> {
    if let Some((before, inner)) = tree.split_once('{') {
        let inner = inner.strip_suffix('}').unwrap_or(inner);
        let (mut depth, mut parts) = (0_usize, vec![String::new()]);
        for c in inner.chars() {
            match c {
                ',' if depth == 0 => parts.push(String::new()),
                _ => {
                    depth = depth + usize::from(c == '{') - usize::from(c == '}');
                    parts.last_mut().expect("there is one").push(c);
                }
            }
        }
        let parts = parts.iter().filter(|part| !part.is_empty());
        return parts.flat_map(|part| leaves(&format!("{before}{part}"))).collect();
    }
    let (path, name) = tree.split_once(" as ").unwrap_or((tree, ""));
    let mut path: Path = path.split("::").map(str::to_owned).collect();
    if path.len() > 1 && path.last().is_some_and(|last| last == "self") {
        path.pop();
    }
    let name = if name.is_empty() { path.last().cloned().unwrap_or_default() } else { name.into() };
    vec![(path, name)]
}

/// The paths of two names or more in a text.
fn paths(code: &str) -> Vec<Path> {
    let is_of_path = |c: char| c.is_alphanumeric() || c == '_' || c == ':';
    let words = code.split(|c| !is_of_path(c));
    let paths = words.map(|word| word.split("::").map(str::to_owned).collect::<Path>());
    paths.filter(|path| path.len() > 1 && path.iter().all(|name| !name.is_empty())).collect()
}

/// A path from the crate's root; nothing for what lies in other crates.
fn absolute(at: &Path, path: &[String], is_module: &dyn Fn(&[String]) -> bool) -> Option<Path> {
    let mut base = at.clone();
    let mut rest = path;
    match rest.first()?.as_str() {
        "crate" => Some(rest[1..].to_vec()),
        "super" | "self" => {
            while let Some(("super" | "self", more)) =
                rest.split_first().map(|(first, more)| (first.as_str(), more))
            {
                if rest[0] == "super" {
                    base.pop();
                }
                rest = more;
            }
            Some([base.as_slice(), rest].concat())
        }
        first => {
            base.push(first.to_owned());
            is_module(&base).then(|| [at.as_slice(), rest].concat())
        }
    }
}

#[test]
fn no_modules_import_each_other_in_a_circle() {
    let circles = Modules::read(&files("src")).circles();
    assert!(circles.is_empty(), "{}", circles.join("\n"));
}

/// The circles of a crate of these files.
fn circles_of(files: &[(&str, &str)]) -> Vec<String> {
    let owned = |(name, text): &(&str, &str)| ((*name).to_owned(), (*text).to_owned());
    Modules::read(&files.iter().map(owned).collect::<Vec<_>>()).circles()
}

#[test]
fn a_circle_is_found_however_it_is_written() {
    let root = ("lib.rs", "pub mod room;\npub mod hall;\n");
    let by_use = [
        root,
        ("room.rs", "use crate::hall::{self, Door};\npub struct Bed;\n"),
        ("hall.rs", "use std::fmt;\nuse super::room::Bed;\npub struct Door;\n"),
    ];
    assert_eq!(circles_of(&by_use), ["hall names room::Bed\nroom names hall::Door\n"]);
    let by_path = [
        root,
        ("room.rs", "pub fn bed() -> crate::hall::Door { todo() }\n"),
        ("hall.rs", "use crate::room;\npub fn open() { room::bed() }\n"),
    ];
    assert_eq!(circles_of(&by_path).len(), 1);
    let within = [
        ("lib.rs", "mod house;\n"),
        ("house.rs", "mod hall;\nmod room;\npub use hall::Door;\npub(crate) use room::Bed;\n"),
        ("house/room.rs", "use super::Door;\npub struct Bed;\n"),
        ("house/hall.rs", "pub struct Door;\nfn lie(_: super::Bed) {}\n"),
    ];
    let expected = "house::hall names house::room::Bed\nhouse::room names house::hall::Door\n";
    assert_eq!(circles_of(&within), [expected]);
}

#[test]
fn what_is_no_circle_is_none() {
    let tree = [
        ("lib.rs", "mod cellar;\nmod room;\nmod hall;\npub use room::Bed;\n"),
        ("cellar.rs", "pub struct Floor;\n"),
        // What hands on what another one has does not use it.
        ("hall.rs", "pub use crate::cellar::Floor;\npub struct Door;\n"),
        // A module and what lies in its folder are one.
        ("room.rs", "mod bed;\npub use bed::Bed;\nuse crate::hall::{Door, Floor};\nstruct Wall;\n"),
        ("room/bed.rs", "use super::Wall;\nuse crate::hall::Door;\npub struct Bed;\n"),
        // What comments, literals and tests say does not count.
        (
            "cellar/deep.rs",
            "// crate::hall::Door\nconst A: &str = \"use crate::hall::Door;\";\n\
             #[cfg(test)]\nmod tests { use crate::hall::Door; }\n",
        ),
    ];
    assert_eq!(circles_of(&tree), [""; 0]);
}
