//! The page of all hosts.

use maud::{Markup, html};

use super::html::{self, Place, group_link, host_name, state};
use super::question::address;
use super::vantage::Vantage;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::report::explain::Verdict;
use crate::report::topology::{HostRow, Hosts, Only, Standpoint, Totals, in_words, verdict};

const LABEL: &str = "Search hosts, Ingresses, groups, Services and names of load balancers";

pub(super) fn page<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, view: &Hosts) -> String {
    let main = html! {
        h1 { "Hosts and where they lead" }
        (totals(&view.totals))
        (html::search("./", &view.asked, LABEL, &Only::ALL))
        (html::pages("./", &view.asked, &view.hosts, "hosts"))
        @if !view.hosts.rows.is_empty() {
            table {
                caption class="hidden" { "Hosts, and how what they lead to is" }
                thead {
                    tr {
                        @for name in ["Host", "Ingresses", "Targets", "Problems", "Left to do",
                            "Load balancer"] {
                            th scope="col" { (name) }
                        }
                    }
                }
                tbody { @for row in &view.hosts.rows { (host(row, &view.standpoint)) } }
            }
            (html::pages("./", &view.asked, &view.hosts, "hosts"))
        } @else {
            p { "Nothing is found. " a href="./" { "Show all hosts" } }
        }
        p {
            "The same as JSON: "
            a href=(address("./", &[
                ("q", &view.asked.q),
                ("only", view.asked.only.as_str()),
                ("page", &view.hosts.page.to_string()),
                ("format", "json"),
            ])) { "format=json" }
        }
    };
    html::page(vantage, &view.standpoint, (Some(Place::Hosts), "Hosts"), &main)
}

fn totals(totals: &Totals) -> Markup {
    let Totals { hosts, ingresses, groups, unhealthy, pending, problems } = *totals;
    let all = [
        (hosts, ["host", "hosts"], "./".to_owned()),
        (ingresses, ["Ingress", "Ingresses"], String::new()),
        (groups, ["group", "groups"], String::new()),
        (
            unhealthy,
            ["group unhealthy", "groups unhealthy"],
            address("./", &[("only", Only::Unhealthy.as_str())]),
        ),
        (
            pending,
            ["group with drift or a plan", "groups with drift or a plan"],
            address("./", &[("only", Only::Pending.as_str())]),
        ),
        (problems, ["problem", "problems"], "problems".to_owned()),
    ];
    html! {
        ul class="totals" {
            @for (count, [one, more], to) in all {
                @let what = if count == 1 { one } else { more };
                li {
                    @if to.is_empty() { b { (count) } " " (what) }
                    @else { a href=(to) { b { (count) } " " (what) } }
                }
            }
        }
    }
}

fn host(row: &HostRow, standpoint: &Standpoint) -> Markup {
    html! {
        tr {
            th scope="row" {
                (group_link(&row.group, Some(&row.host), host_name(&row.host)))
                @if !row.ingresses.contains(&row.group) {
                    div class="small" { "group " (group_link(&row.group, None, &row.group)) }
                }
            }
            td data-label="Ingresses" {
                @for ingress in row.ingresses.iter().take(3) { div { (ingress) } }
                @if row.ingresses.len() > 3 { div { "and " (row.ingresses.len() - 3) " more" } }
            }
            td data-label="Targets" { (targets(row, standpoint)) }
            td data-label="Problems" {
                @if row.problems == 0 { "none" }
                @else { (state(Verdict::Bad, &row.problems.to_string())) }
            }
            td data-label="Left to do" {
                @if row.is_unread { (state(Verdict::Bad, "AWS could not be read")) " " }
                @if row.pending > 0 {
                    (state(Verdict::Note, &steps(row.pending)))
                } @else if !row.is_unread { "nothing" }
            }
            td data-label="Load balancer" {
                @for name in &row.load_balancers { div class="long" { (name) } }
                @if row.load_balancers.is_empty() {
                    @if standpoint.leads { "none that is known" } @else { "not known here" }
                }
            }
        }
    }
}

fn targets(row: &HostRow, standpoint: &Standpoint) -> Markup {
    html! {
        @match &row.targets {
            None => (state(Verdict::Unknown, "not known")),
            Some(count) => {
                (state(verdict(count), &in_words(count)))
                @if count.oldest.is_some() {
                    div class="small" { (html::read(count.oldest, standpoint)) }
                }
            }
        }
    }
}

/// So many steps, in words.
fn steps(count: usize) -> String {
    if count == 1 { "1 step".to_owned() } else { format!("{count} steps") }
}
