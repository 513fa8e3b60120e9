//! What people are told of certificates that end before long.

use jiff::{SignedDuration, Timestamp};

use crate::model::id::AwsId;
use crate::model::problem::{Code, ObjectRef, Problem, Severity};
use crate::model::source::Source;

/// How many days before its end a certificate is spoken of. ACM renews what it issued 60 days
/// before, and cert-manager what it asked for 30 days before, unless something is in the way.
const DAYS: [i64; 5] = [1, 3, 7, 14, 30];
/// What a certificate is that has ended.
const NONE: i64 = 0;

/// Within how many days a certificate ends, as far as that is spoken of; 0 for one that has ended.
#[must_use]
pub fn days(end: Timestamp, now: Timestamp) -> Option<i64> {
    let left = end.duration_since(now);
    if left <= SignedDuration::ZERO {
        return Some(NONE);
    }
    DAYS.into_iter().find(|days| left <= SignedDuration::from_hours(days * 24))
}

/// What a member is told of a certificate that it has at a port.
#[must_use]
pub fn problem(
    member: &Source,
    (port, certificate): (u16, &AwsId),
    end: Timestamp,
    days: i64,
) -> Problem {
    let ends = match days {
        NONE => "which has ended".to_owned(),
        1 => "which ends within a day".to_owned(),
        days => format!("which ends within {days} days"),
    };
    Problem {
        code: Code::CertificateEnds,
        severity: Severity::Warning,
        object: ObjectRef::of(member),
        field: format!("HTTPS on port {port}"),
        found: format!("the certificate {certificate}, {ends}: {end}"),
        allowed: "one that holds longer: ACM renews what it issued once its hosts are proved, and \
                  whoever fills a TLS Secret renews that"
            .to_owned(),
        meanwhile: "it goes on serving; clients refuse it once it has ended".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_spoken_of_five_times() {
        let now = Timestamp::from_second(1_000_000_000).unwrap();
        for (hours, expected) in [
            (31 * 24, None),
            (30 * 24, Some(30)),
            (14 * 24 + 1, Some(30)),
            (14 * 24, Some(14)),
            (7 * 24, Some(7)),
            (3 * 24, Some(3)),
            (24, Some(1)),
            (1, Some(1)),
            (0, Some(0)),
            (-5, Some(0)),
        ] {
            let end = now + SignedDuration::from_hours(hours);
            assert_eq!(days(end, now), expected, "{hours}");
        }
    }
}
