//! The pages of all problems, and of all that is left undone.

use maud::html;

use super::html::{self, Among, Place, group_link};
use super::vantage::Vantage;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::report::topology::{Complaints, Remainders};

pub(super) fn problems<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, view: &Complaints) -> String {
    let main = html! {
        h1 { "Problems and notes" }
        p {
            "What objects have been told by Events, and is still so. Each has a number, and the page "
            a href="errors" { "Reasons" } " says what mends it."
        }
        (html::search("problems", &view.asked, "Search objects, reasons, numbers and texts", &[]))
        (html::pages("problems", &view.asked, &view.problems, "problems and notes"))
        (html::problems(&view.problems.rows, Among::All))
    };
    html::page(vantage, &view.standpoint, (Some(Place::Problems), "Problems"), &main)
}

pub(super) fn plans<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, view: &Remainders) -> String {
    let main = html! {
        h1 { "Drift and plans" }
        p {
            "What is not as it is wished for, and what is left to be done about it: steps that wait "
            "for something, or that AWS has refused."
        }
        (html::search("plans", &view.asked, "Search groups, things and calls", &[]))
        (html::pages("plans", &view.asked, &view.plans, "plans"))
        @for one in &view.plans.rows {
            section {
                h2 { (one.subject) }
                @if let Some(group) = &one.group {
                    p { "Group " (group_link(group, None, group)) }
                }
                (html::remainder(one, &view.standpoint))
            }
        }
    };
    html::page(vantage, &view.standpoint, (Some(Place::Plans), "Drift and plans"), &main)
}
