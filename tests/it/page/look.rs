//! How pages look: what their one file of style says of colours.

use std::collections::BTreeMap;

use super::super::support::world::wait;
use super::{Looker, TOWN};

/// The least contrast of text (WCAG 2.2, 1.4.3, level AA).
const CONTRAST_MIN: f64 = 4.5;

/// The colours of a block, by their names.
fn colours(block: &str) -> BTreeMap<&str, [f64; 3]> {
    let lines = block.lines().filter_map(|line| line.trim().strip_prefix("--")?.split_once(": #"));
    let read = |(name, value)| {
        let value: &str = value;
        let part = |at: usize| f64::from(u8::from_str_radix(&value[at..at + 2], 16).unwrap());
        (name, [part(0), part(2), part(4)])
    };
    lines.map(read).collect()
}

/// How light a colour is (WCAG 2.2, relative luminance).
fn luminance(colour: [f64; 3]) -> f64 {
    let linear = |part: f64| {
        let part = part / 255.0;
        if part <= 0.04045 { part / 12.92 } else { ((part + 0.055) / 1.055).powf(2.4) }
    };
    let [red, green, blue] = colour.map(linear);
    0.2126 * red + 0.7152 * green + 0.0722 * blue
}

fn contrast(one: [f64; 3], other: [f64; 3]) -> f64 {
    let (one, other) = (luminance(one), luminance(other));
    (one.max(other) + 0.05) / (one.min(other) + 0.05)
}

#[test]
fn everything_can_be_told_from_its_ground_in_the_light_and_in_the_dark() {
    wait(async {
        let style = Looker::at(TOWN).await.page("style.css");
        let (light, rest) = style.split_once("@media (prefers-color-scheme: dark)").unwrap();
        let dark = rest.split_once("* {").unwrap().0;
        for block in [light, dark] {
            let colours = colours(block);
            assert_eq!(colours.len(), 9, "{colours:?}");
            for ground in ["ground", "raised"] {
                for text in ["text", "quiet", "link", "good", "note", "bad"] {
                    let found = contrast(colours[text], colours[ground]);
                    assert!(found >= CONTRAST_MIN, "{text} on {ground}: {found}");
                }
            }
        }
        assert!(!style.contains("url(") && !style.contains("@import"), "nothing from elsewhere");
        assert!(style.contains(":focus-visible"));
    });
}

#[test]
fn what_is_not_there_is_said() {
    wait(async {
        let looker = Looker::at(TOWN).await;
        for (address, status, part) in [
            ("nothing", 404, "there is no page /nothing"),
            ("group?name=none/such", 404, "there is no group"),
            ("./?only=some", 400, "allowed: all, problems, unhealthy, pending"),
            ("problems?page=0", 400, "allowed: a number from 1 on"),
        ] {
            let answer = looker.ask(address);
            assert_eq!(answer.status, status, "{address}");
            assert!(answer.body.contains(part), "{address}: {}", answer.body);
        }
        let answer = looker.vantage.answer("/nothing", "", true);
        assert_eq!(answer.content_type, "application/json");
        assert!(answer.body.contains("error"), "{}", answer.body);
    });
}
