//! How values are written: as LBC's own command line (Go's pflag) reads them.

use std::time::Duration;

/// Pairs of a key and a value, as one use of a flag gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pairs(pub Vec<(String, String)>);

/// Words, as one use of a flag gives them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Words(pub Vec<String>);

/// All pairs of several uses of a flag.
pub(super) fn all_pairs(uses: &[Pairs]) -> impl Iterator<Item = (String, String)> {
    uses.iter().flat_map(|one| one.0.iter().cloned())
}

/// All words of several uses of a flag.
pub(super) fn all_words(uses: &[Words]) -> Vec<String> {
    uses.iter().flat_map(|one| one.0.iter().cloned()).collect()
}

/// What an empty value stands for: that nothing is given, as where a chart has no value.
pub(super) fn given(text: Option<&String>) -> Option<&str> {
    text.map(String::as_str).filter(|text| !text.is_empty())
}

/// A truth value.
pub(super) fn boolean(text: &str) -> Result<bool, String> {
    match text {
        "1" | "t" | "T" | "true" | "TRUE" | "True" => Ok(true),
        "0" | "f" | "F" | "false" | "FALSE" | "False" => Ok(false),
        _ => Err("expected true or false".to_owned()),
    }
}

/// A whole number: decimal, or with Go's prefixes `0x`, `0o`, `0` and `0b`; underscores may stand
/// between digits.
pub(super) fn integer(text: &str) -> Result<i64, String> {
    let (is_negative, digits) = match text.strip_prefix('-') {
        Some(digits) => (true, digits),
        None => (false, text.strip_prefix('+').unwrap_or(text)),
    };
    let lower = digits.to_lowercase();
    let (radix, digits) = match (lower.get(..2), lower.strip_prefix('0')) {
        (Some("0x"), _) => (16, &lower[2..]),
        (Some("0o"), _) => (8, &lower[2..]),
        (Some("0b"), _) => (2, &lower[2..]),
        (_, Some(rest)) if !rest.is_empty() => (8, rest),
        _ => (10, lower.as_str()),
    };
    let plain = digits.replace('_', "");
    let is_number = plain.starts_with(|first: char| first.is_digit(radix));
    let number = is_number.then(|| i64::from_str_radix(&plain, radix).ok()).flatten();
    let number = number.ok_or_else(|| "expected a whole number".to_owned())?;
    Ok(if is_negative { -number } else { number })
}

/// A number of things that are done at once.
pub(super) fn count(text: &str) -> Result<u16, String> {
    let number = integer(text)?;
    let number = u16::try_from(number).ok().filter(|number| (1..=1000).contains(number));
    number.ok_or_else(|| format!("{text} is not in 1..=1000"))
}

/// A number that is not below zero.
pub(super) fn amount(text: &str) -> Result<u32, String> {
    let number = integer(text)?;
    u32::try_from(number).map_err(|_| format!("{text} is no number of things"))
}

/// A duration as Go writes it, such as `10h` or `1h30m`.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let allowed = || format!("{text:?} is no duration such as 10h, 30m or 90s");
    let span: jiff::SignedDuration = text.parse().map_err(|_| allowed())?;
    let duration = Duration::try_from(span).map_err(|_| allowed())?;
    if duration.is_zero() { Err(allowed()) } else { Ok(duration) }
}

/// Words separated by commas; one with a comma in it stands in quotes.
pub(super) fn words(text: &str) -> Result<Words, String> {
    if text.is_empty() { Ok(Words::default()) } else { record(text).map(Words) }
}

/// Pairs `key=value` separated by commas; one with a comma in it stands in quotes. What has one
/// `=` only is one pair, with whatever commas.
pub(super) fn pairs(text: &str) -> Result<Pairs, String> {
    let each = match text.matches('=').count() {
        0 if text.is_empty() => Vec::new(),
        1 => vec![text.trim_matches('"').to_owned()],
        _ => record(text)?,
    };
    let pair = |text: &String| match text.split_once('=') {
        Some((key, value)) if !key.is_empty() => Ok((key.to_owned(), value.to_owned())),
        Some(_) | None => Err("expected key=value".to_owned()),
    };
    each.iter().map(pair).collect::<Result<_, _>>().map(Pairs)
}

/// The fields of one line of comma-separated values (RFC 4180).
fn record(text: &str) -> Result<Vec<String>, String> {
    let mut fields = Vec::new();
    let mut rest = text;
    loop {
        let (field, after) = match rest.strip_prefix('"') {
            Some(quoted) => quoted_field(quoted)?,
            None => {
                let end = rest.find(',').unwrap_or(rest.len());
                (rest[..end].to_owned(), &rest[end..])
            }
        };
        if !rest.starts_with('"') && field.contains('"') {
            return Err("expected a value with a quote in it to stand in quotes".to_owned());
        }
        fields.push(field);
        match after.strip_prefix(',') {
            Some(next) => rest = next,
            None if after.is_empty() => return Ok(fields),
            None => return Err("expected a comma after a closing quote".to_owned()),
        }
    }
}

/// A field whose opening quote has been read, and what follows its closing one.
fn quoted_field(text: &str) -> Result<(String, &str), String> {
    let mut field = String::new();
    let mut rest = text;
    loop {
        let Some((before, after)) = rest.split_once('"') else {
            return Err("expected a closing quote".to_owned());
        };
        field.push_str(before);
        match after.strip_prefix('"') {
            Some(more) => {
                field.push('"');
                rest = more;
            }
            None => return Ok((field, after)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<Vec<(String, String)>, String> {
        pairs(text).map(|pairs| pairs.0)
    }

    fn owned(expected: &[(&str, &str)]) -> Vec<(String, String)> {
        expected.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn booleans_are_go_s() {
        for text in ["1", "t", "T", "true", "TRUE", "True"] {
            assert_eq!(boolean(text), Ok(true));
        }
        for text in ["0", "f", "F", "false", "FALSE", "False"] {
            assert_eq!(boolean(text), Ok(false));
        }
        assert!(boolean("yes").is_err() && boolean("").is_err());
    }

    #[test]
    fn numbers_are_go_s() {
        for (text, number) in [("3", 3), ("0x10", 16), ("0b11", 3), ("017", 15), ("1_000", 1000)] {
            assert_eq!(integer(text), Ok(number), "{text}");
        }
        assert_eq!((integer("-1"), integer("+7"), integer("0")), (Ok(-1), Ok(7), Ok(0)));
        for text in ["", "-", "x", "1.5", "0x", "--1", "+-1"] {
            assert!(integer(text).is_err(), "{text}");
        }
    }

    #[test]
    fn durations_are_go_s() {
        for (text, seconds) in [("10h", 36000), ("16m40s", 1000), ("1h30m", 5400), ("1.5h", 5400)] {
            assert_eq!(duration(text), Ok(Duration::from_secs(seconds)), "{text}");
        }
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert!(duration("0s").is_err() && duration("10").is_err() && duration("-1h").is_err());
    }

    #[test]
    fn a_value_with_a_comma_stands_in_quotes() {
        assert_eq!(of("team=shop,env=prod"), Ok(owned(&[("team", "shop"), ("env", "prod")])));
        let quoted = of(r#"owners="a,b",env=prod"#);
        assert!(quoted.is_err(), "a quote in the middle is none of CSV's: {quoted:?}");
        assert_eq!(
            of(r#""owners=a,b",env=prod"#),
            Ok(owned(&[("owners", "a,b"), ("env", "prod")]))
        );
        assert_eq!(
            of(r#""say=""hi""",env=prod"#),
            Ok(owned(&[("say", "\"hi\""), ("env", "prod")]))
        );
        assert_eq!(of("owners=a,b"), Ok(owned(&[("owners", "a,b")])));
        assert_eq!(of(r#""owners=a,b""#), Ok(owned(&[("owners", "a,b")])));
        assert_eq!(of("empty=,b=c=d"), Ok(owned(&[("empty", ""), ("b", "c=d")])));
        assert_eq!(of(""), Ok(Vec::new()));
        for text in ["x", "=x", "a=b,c=d,", "\"a=b,c=d"] {
            assert!(of(text).is_err(), "{text}");
        }
        assert_eq!(words(r#"a,"b,c""#), Ok(Words(vec!["a".to_owned(), "b,c".to_owned()])));
    }
}
