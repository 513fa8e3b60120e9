//! The reasons of Events and their numbers, as `docs/errors.md` has them: the page is part of the
//! program, so that what it says can be read where there is nothing but the cluster.

use std::sync::LazyLock;

use serde::Serialize;

/// The page.
const PAGE: &str = include_str!("../../docs/errors.md");

static ALL: LazyLock<Vec<Reason>> = LazyLock::new(|| {
    let sections = PAGE.split("\n### ").skip(1);
    sections.filter_map(Reason::read).collect()
});

/// A reason of Events.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its number, such as `A109`, which is never given twice.
    pub number: String,
    /// Its name, such as `Conflict`.
    pub name: String,
    /// What it means, and what mends it.
    pub lines: Vec<String>,
}

impl Reason {
    fn read(section: &str) -> Option<Self> {
        let mut lines = section.lines();
        let (number, name) = lines.next()?.split_once(' ')?;
        let lines = lines.filter(|line| !line.is_empty()).map(plain);
        Some(Self { number: number.to_owned(), name: name.to_owned(), lines: lines.collect() })
    }
}

/// All of them, by their numbers.
#[must_use]
pub fn all() -> &'static [Reason] {
    &ALL
}

/// The number of a reason.
#[must_use]
pub fn number(name: &str) -> Option<&'static str> {
    ALL.iter().find(|reason| reason.name == name).map(|reason| reason.number.as_str())
}

/// Where a reason is explained: its number, and the page with the anchor that GitHub gives its
/// heading.
#[must_use]
pub fn place(name: &str) -> Option<String> {
    let number = number(name)?;
    let anchor = format!("{number}-{name}").to_ascii_lowercase();
    Some(format!("{number}, docs/errors.md#{anchor}"))
}

/// A line without the marks of Markdown: of links what they say, of code what it is.
fn plain(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('[') {
        let Some((said, (_, behind))) =
            after.split_once("](").and_then(|(said, to)| Some((said, to.split_once(')')?)))
        else {
            break;
        };
        text.push_str(before);
        text.push_str(said);
        rest = behind;
    }
    text.push_str(rest);
    text.replace('`', "")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::problem::Code;

    #[test]
    fn each_reason_is_read_with_its_number_and_what_mends_it() {
        assert_eq!(number(&Code::Conflict.to_string()), Some("A109"));
        assert_eq!(number("SuccessfullyReconciled"), Some("A201"));
        assert_eq!(number("Nonsense"), None);
        assert_eq!(place("Conflict").as_deref(), Some("A109, docs/errors.md#a109-conflict"));
        assert_eq!(place("Nonsense"), None);
        assert!(all().len() > 40);
        for reason in all() {
            assert_eq!(reason.lines.len(), 2, "{reason:?}");
            let text = reason.lines.concat();
            assert!(!text.contains("](") && !text.contains('`'), "{reason:?}");
        }
        assert_eq!(plain("see [the page](x.md), `so` [b](c)."), "see the page, so b.");
        assert_eq!(plain("an [open end"), "an [open end");
    }
}
