//! The page of the reasons of Events.

use maud::html;

use super::html::{self, Place};
use super::vantage::Vantage;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::report::reasons::Reason;

pub(super) fn page<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, all: &[Reason]) -> String {
    let main = html! {
        h1 { "Reasons of Events" }
        p {
            "Each Event has a reason and a number, which never change their meaning. This is "
            code { "docs/errors.md" } "."
        }
        @for reason in all {
            section id=(reason.number) {
                h2 { (reason.number) " " (reason.name) }
                @for line in &reason.lines { p { (line) } }
            }
        }
    };
    html::page(vantage, &vantage.standpoint(), (Some(Place::Errors), "Reasons"), &main)
}
