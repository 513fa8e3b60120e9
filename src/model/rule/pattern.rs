//! Patterns of AWS: `*` stands for any characters, `?` for one, and a backslash makes an ordinary
//! character of either.

/// Characters that may mean something else than themselves.
const SIGNS: [char; 3] = ['*', '?', '\\'];

/// Whether the case of letters counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Case {
    /// As in paths.
    Counts,
    /// As in hosts, headers and queries.
    Ignored,
}

impl Case {
    /// Whether two bytes are the same.
    fn is_same(self, left: u8, right: u8) -> bool {
        match self {
            Self::Counts => left == right,
            Self::Ignored => left.eq_ignore_ascii_case(&right),
        }
    }
}

/// A part of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sign {
    /// Any characters, also none.
    Any,
    /// One character, whichever.
    One,
    /// This character.
    Is(char),
}

impl Sign {
    /// Whether what a sign of another pattern stands for is among what this one does, where both
    /// stand for one character.
    fn takes(self, other: Self) -> bool {
        self == other || (self == Self::One && other != Self::Any)
    }
}

/// Whether a pattern takes a text.
#[must_use]
pub fn takes(pattern: &str, text: &str, case: Case) -> bool {
    let text: Vec<Sign> = text.chars().map(|c| Sign::Is(folded(c, case))).collect();
    holds(&signs(pattern, case), &text)
}

/// Whether a pattern takes every text that another one takes; not every such pair is found.
#[must_use]
pub fn contains(pattern: &str, other: &str, case: Case) -> bool {
    if pattern == other {
        return true;
    }
    let mut others = other.bytes();
    for byte in pattern.bytes() {
        if is_sign(byte) {
            return holds(&signs(pattern, case), &signs(other, case));
        }
        // What begins with something else needs no closer look.
        if !others.next().is_some_and(|other| case.is_same(byte, other)) {
            return false;
        }
    }
    others.next().is_none()
}

/// Whether some text is taken by both patterns.
#[must_use]
pub fn meet(left: &str, right: &str, case: Case) -> bool {
    if left == right {
        return true;
    }
    let (mut lefts, mut rights) = (left.bytes(), right.bytes());
    loop {
        match (lefts.next(), rights.next()) {
            (left, right) if left.into_iter().chain(right).any(is_sign) => break,
            (Some(left), Some(right)) if case.is_same(left, right) => {}
            // What begins with something else needs no closer look.
            (left, right) => return left == right,
        }
    }
    have_common(&signs(left, case), &signs(right, case))
}

/// Whether some text is taken by both.
fn have_common(left: &[Sign], right: &[Sign]) -> bool {
    // From the ends: whether what is left of both patterns meets, for each start in the right one.
    let mut shorter = vec![false; right.len() + 1];
    for i in (0..=left.len()).rev() {
        let mut meets = vec![false; right.len() + 1];
        for j in (0..=right.len()).rev() {
            meets[j] = match (left.get(i), right.get(j)) {
                (None, None) => true,
                (Some(Sign::Any), other) => shorter[j] || (other.is_some() && meets[j + 1]),
                (other, Some(Sign::Any)) => meets[j + 1] || (other.is_some() && shorter[j]),
                (Some(a), Some(b)) => (a.takes(*b) || b.takes(*a)) && shorter[j + 1],
                (None, Some(_)) | (Some(_), None) => false,
            };
        }
        shorter = meets;
    }
    shorter.first().copied().unwrap_or_default()
}

/// Whether a byte of a pattern may be a character that means something else than itself.
/// Whether a pattern takes one text alone: itself.
#[must_use]
pub fn is_text(pattern: &str) -> bool {
    !pattern.bytes().any(is_sign)
}

fn is_sign(byte: u8) -> bool {
    matches!(byte, b'*' | b'?' | b'\\')
}

fn signs(pattern: &str, case: Case) -> Vec<Sign> {
    let mut signs = Vec::with_capacity(pattern.len());
    let mut rest = pattern.chars().peekable();
    while let Some(c) = rest.next() {
        let escaped = if c == '\\' { rest.next_if(|next| SIGNS.contains(next)) } else { None };
        signs.push(match (escaped, c) {
            (Some(escaped), _) => Sign::Is(escaped),
            (None, '*') => Sign::Any,
            (None, '?') => Sign::One,
            (None, c) => Sign::Is(folded(c, case)),
        });
    }
    signs
}

fn folded(c: char, case: Case) -> char {
    match case {
        Case::Counts => c,
        Case::Ignored => c.to_ascii_lowercase(),
    }
}

/// Whether a pattern takes all that another one does, where only `*` takes a `*`.
///
/// The last `*` that was met takes as much as the rest needs: what earlier ones took is enough.
fn holds(pattern: &[Sign], other: &[Sign]) -> bool {
    let (mut at, mut other_at) = (0, 0);
    let mut any: Option<(usize, usize)> = None;
    while other_at < other.len() {
        match pattern.get(at) {
            Some(Sign::Any) => {
                any = Some((at, other_at));
                at += 1;
            }
            Some(sign) if sign.takes(other[other_at]) => {
                at += 1;
                other_at += 1;
            }
            Some(_) | None => {
                let Some((start, taken)) = any else { return false };
                any = Some((start, taken + 1));
                (at, other_at) = (start + 1, taken + 1);
            }
        }
    }
    pattern[at..].iter().all(|sign| *sign == Sign::Any)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_takes_what_it_stands_for() {
        for (pattern, text, expected) in [
            ("/a", "/a", true),
            ("/a", "/A", false),
            ("/*", "/", true),
            ("/*b*c", "/abbc", true),
            ("/*b*c", "/abbcd", false),
            ("/?", "/", false),
            ("", "", true),
            ("*", "", true),
            (r"/\*", "/*", true),
            (r"/\*", "/a", false),
            (r"/\a", r"/\a", true),
            (r"/\\?", r"/\a", true),
        ] {
            assert_eq!(takes(pattern, text, Case::Counts), expected, "{pattern} {text}");
        }
        assert!(takes("*.Example.com", "A.eXample.com", Case::Ignored));
    }

    #[test]
    fn a_pattern_contains_those_that_take_less() {
        for (pattern, other, expected) in [
            ("/a", "/a", true),
            ("/*", "/a*", true),
            ("/a*", "/a/*", true),
            ("/a/*", "/a*", false),
            ("/?", "/*", false),
            ("/?", r"/\*", true),
            (r"/\*", "/*", false),
            ("/*", "/?", true),
            ("*.example.com", "*.a.example.com", true),
            ("*.example.com", "example.com", false),
        ] {
            assert_eq!(contains(pattern, other, Case::Counts), expected, "{pattern} {other}");
        }
        assert!(contains("a.b", "A.b", Case::Ignored));
    }

    #[test]
    fn a_closer_look_tells_nothing_else() {
        let mut all = vec![String::new()];
        for length in 0..3 {
            let longest: Vec<String> =
                all.iter().filter(|text| text.chars().count() == length).cloned().collect();
            let more = longest.iter().flat_map(|text| {
                ['a', 'b', 'B', 'ä', '*', '?', '\\'].map(|c| format!("{text}{c}"))
            });
            all.extend(more);
        }
        for (one, other) in all.iter().flat_map(|one| all.iter().map(move |other| (one, other))) {
            for case in [Case::Counts, Case::Ignored] {
                let (left, right) = (signs(one, case), signs(other, case));
                assert_eq!(contains(one, other, case), holds(&left, &right), "{one} {other}");
                assert_eq!(meet(one, other, case), have_common(&left, &right), "{one} {other}");
            }
        }
    }

    #[test]
    fn patterns_meet_where_some_text_is_taken_by_both() {
        for (left, right) in [
            ("/a", "/a"),
            ("/a*", "/a"),
            ("/a/*", "/a/b"),
            ("*.example.com", "a.example.com"),
            ("*", ""),
            ("/?", "/*"),
            ("/a*c", "/*bc"),
            (r"/\*", "/?"),
        ] {
            assert!(meet(left, right, Case::Counts), "{left} {right}");
            assert!(meet(right, left, Case::Counts), "{right} {left}");
        }
        for (left, right) in [
            ("/a", "/b"),
            ("/a", "/a/b"),
            ("*.example.com", "example.com"),
            ("/?", "/"),
            ("a*", "b*"),
            (r"/\*", "/a"),
        ] {
            assert!(!meet(left, right, Case::Counts), "{left} {right}");
            assert!(!meet(right, left, Case::Counts), "{right} {left}");
        }
    }
}
