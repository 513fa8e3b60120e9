//! For how long an answer may be kept, as people write it.

/// What is read.
pub const EXPECTED: &str = "a number of seconds from 1 to 2147483647, or a duration such as 1h30m";
/// The longest (RFC 2181).
const MAX: f64 = 2_147_483_647.0;
/// The units of Go's durations, the longer spellings first, in seconds.
const UNITS: [(&str, f64); 7] = [
    ("ms", 1e-3),
    ("us", 1e-6),
    ("µs", 1e-6),
    ("ns", 1e-9),
    ("h", 3600.0),
    ("m", 60.0),
    ("s", 1.0),
];

/// Reads whole seconds, or a duration as Go writes it, of which fractions of a second go.
#[must_use]
pub fn read(text: &str) -> Option<i64> {
    let seconds = match text.parse::<u32>() {
        Ok(seconds) => f64::from(seconds),
        Err(_) => duration(text)?,
    };
    #[expect(clippy::cast_possible_truncation, reason = "it lies between 1 and 2^31")]
    (1.0..=MAX).contains(&seconds).then_some(seconds as i64)
}

fn duration(text: &str) -> Option<f64> {
    let (mut rest, mut sum) = (text, 0.0);
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let number: f64 = rest[..end].parse().ok()?;
        let (unit, seconds) = UNITS.iter().find(|(unit, _)| rest[end..].starts_with(unit))?;
        sum += number * seconds;
        rest = &rest[end + unit.len()..];
    }
    Some(sum)
}

#[cfg(test)]
mod tests {
    use super::read;

    #[test]
    fn seconds_and_durations_are_read() {
        for (text, seconds) in [
            ("60", Some(60)),
            ("1m", Some(60)),
            ("1h2m3s", Some(3723)),
            ("1.5m", Some(90)),
            ("1500ms", Some(1)),
            ("2147483647", Some(2_147_483_647)),
            ("2147483648", None),
            ("0", None),
            ("-1", None),
            (" 60", None),
            ("10 s", None),
            ("1x", None),
            ("", None),
        ] {
            assert_eq!(read(text), seconds, "{text:?}");
        }
    }
}
