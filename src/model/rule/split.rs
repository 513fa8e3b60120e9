//! Rules that ask for more than AWS takes in one: several that ask for the same together.

use super::{Condition, Rule};

/// The most values of a rule's conditions together (AWS).
const VALUES_MAX: usize = 5;
/// The most wildcards of a rule's conditions together (AWS).
const WILDCARDS_MAX: usize = 5;
/// The most rules of a load balancer (AWS quota): more are no help.
const RULES_MAX: usize = 100;

impl Rule {
    /// Whether AWS takes it as one rule.
    #[must_use]
    pub fn fits(&self) -> bool {
        let all = |count: fn(&Condition) -> usize| self.conditions.iter().map(count).sum::<usize>();
        all(Condition::count) <= VALUES_MAX && all(Condition::wildcards) <= WILDCARDS_MAX
    }

    /// The fewest rules that take the same requests together, each of which AWS takes; `None` where
    /// there are none.
    #[must_use]
    pub fn split(&self) -> Option<Vec<Self>> {
        let counts: Vec<usize> = self.conditions.iter().map(Condition::count).collect();
        let sizes = sizes(&counts, VALUES_MAX).into_iter();
        let parts = |sizes: &Vec<usize>| -> usize {
            counts.iter().zip(sizes).map(|(count, size)| count.div_ceil(*size)).product()
        };
        let mut sizes: Vec<Vec<usize>> = sizes.filter(|sizes| parts(sizes) <= RULES_MAX).collect();
        sizes.sort_by_key(parts);
        sizes.iter().find_map(|sizes| self.cut(sizes))
    }

    /// Cuts each condition into pieces of so many values, and puts every piece of one together with
    /// every piece of the others.
    fn cut(&self, sizes: &[usize]) -> Option<Vec<Self>> {
        let mut all = vec![Vec::new()];
        for (condition, size) in self.conditions.iter().zip(sizes) {
            let pieces = condition.pieces(*size);
            let with = |before: &Vec<Condition>| -> Vec<Vec<Condition>> {
                let each = pieces
                    .iter()
                    .map(|piece| before.iter().cloned().chain([piece.clone()]).collect());
                each.collect()
            };
            all = all.iter().flat_map(with).collect();
        }
        let rules: Vec<Self> =
            all.into_iter().map(|conditions| Self { conditions, ..self.clone() }).collect();
        rules.iter().all(Self::fits).then_some(rules)
    }
}

/// For each of several counts a size from one up to it, all together no more than a sum; all ways
/// to choose them.
fn sizes(counts: &[usize], sum: usize) -> Vec<Vec<usize>> {
    let Some((count, rest)) = counts.split_first() else { return vec![Vec::new()] };
    let most = (*count).min(sum.saturating_sub(rest.len()));
    let ways = (1..=most).rev().flat_map(|size| {
        let others = sizes(rest, sum - size).into_iter();
        others.map(move |others| std::iter::once(size).chain(others).collect())
    });
    ways.collect()
}

impl Condition {
    /// The same in pieces of so many values.
    fn pieces(&self, size: usize) -> Vec<Self> {
        let cut = |values: &[smol_str::SmolStr], make: &dyn Fn(Vec<smol_str::SmolStr>) -> Self| {
            values.chunks(size).map(|piece| make(piece.to_vec())).collect()
        };
        match self {
            Self::Host(values) => cut(values, &Self::Host),
            Self::HostRegex(values) => cut(values, &Self::HostRegex),
            Self::Path(values) => cut(values, &Self::Path),
            Self::PathRegex(values) => cut(values, &Self::PathRegex),
            Self::Method(values) => cut(values, &Self::Method),
            Self::SourceIp(values) => cut(values, &Self::SourceIp),
            Self::Header { name, values } => {
                cut(values, &|values| Self::Header { name: name.clone(), values })
            }
            Self::HeaderRegex { name, regexes } => {
                cut(regexes, &|regexes| Self::HeaderRegex { name: name.clone(), regexes })
            }
            Self::Query(values) => {
                values.chunks(size).map(|piece| Self::Query(piece.to_vec())).collect()
            }
            Self::Foreign(_) => vec![self.clone()],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(conditions: Vec<Condition>) -> Rule {
        Rule { conditions, actions: Vec::new(), transforms: Vec::new() }
    }

    fn hosts(count: usize, start: &str) -> Condition {
        Condition::Host((0..count).map(|n| format!("{start}{n}.example.com").into()).collect())
    }

    fn paths(values: &[&str]) -> Condition {
        Condition::Path(values.iter().copied().map(Into::into).collect())
    }

    #[test]
    fn what_fits_stays_one_and_what_does_not_becomes_as_few_as_can_be() {
        let check = |conditions: Vec<Condition>, expected: Option<usize>| {
            let rule = rule(conditions);
            let split = rule.split();
            assert_eq!(split.as_ref().map(Vec::len), expected, "{rule}");
            assert_eq!(rule.fits(), expected == Some(1), "{rule}");
            assert!(split.iter().flatten().all(Rule::fits), "{rule}");
        };
        check(vec![hosts(3, "h"), paths(&["/a", "/a/*"])], Some(1));
        check(vec![hosts(4, "h"), paths(&["/a", "/a/*"])], Some(2));
        check(vec![hosts(20, "h")], Some(4));
        check(vec![paths(&["*?*?*", "/*"])], Some(2));
        check(vec![paths(&["*?*?*?"])], None);
        check(vec![hosts(1, "h"); 6], None);
        check(vec![hosts(501, "h")], None);
    }

    #[test]
    fn pieces_take_what_the_whole_takes_in_its_order() {
        let rule = rule(vec![hosts(4, "h"), paths(&["/a", "/a/*"])]);
        let split: Vec<String> = rule.split().unwrap().iter().map(ToString::to_string).collect();
        let expected = [
            "h0.example.com|h1.example.com|h2.example.com|h3.example.com /a ->",
            "h0.example.com|h1.example.com|h2.example.com|h3.example.com /a/* ->",
        ];
        assert_eq!(split, expected);
    }
}
