//! The page of one group.

use maud::{Markup, html};

use super::html::{self, Among, Place, group_link, host_name, read, state, word};
use super::question::address;
use super::vantage::Vantage;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::report::explain::Verdict;
use crate::report::topology::{
    GroupView, HostView, ListenerView, LoadBalancerView, RuleView, Standpoint, TargetGroupView,
    TargetView, WayOn, in_words, verdict,
};

/// How many other hosts of a group are linked to.
const OTHERS_MAX: usize = 200;

pub(super) fn page<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, view: &GroupView) -> String {
    let title = match &view.host {
        Some(host) => format!("{} of group {}", host_name(host), view.group),
        None => format!("Group {}", view.group),
    };
    let main = html! {
        h1 { (title) }
        (about(view))
        (wrong(view))
        (left(view))
        section {
            h2 { "Where hosts lead" }
            @for host in &view.hosts { (way(host)) }
            @if view.hosts.is_empty() { p { "No Ingress of the group names this host." } }
            (others(view))
        }
        section id="load-balancers" {
            h2 { "Load balancers" }
            p { "Which there are: " (read(view.read_at, &view.standpoint)) "." }
            @for one in &view.load_balancers { (load_balancer(one, view)) }
        }
        section id="target-groups" {
            h2 { "Target groups and pods" }
            p {
                "What AWS's health checks say is looked at now and then. To have AWS asked at once: "
                code { "albedo explain ingress NAMESPACE/NAME" }
            }
            @for (place, one) in view.target_groups.iter().enumerate() {
                (target_group(place, one, &view.standpoint))
            }
        }
    };
    // Of the pages that each page leads to, a group lies below the first one.
    html::page(vantage, &view.standpoint, (Some(Place::Group), &title), &main)
}

fn about(view: &GroupView) -> Markup {
    html! {
        @if view.host.is_some() {
            p { "All hosts of group " (group_link(&view.group, None, &view.group)) }
        }
        p {
            @if view.ingresses.len() == 1 { "Ingress: " }
            @else { (view.ingresses.len()) " Ingresses: " }
            @for (nth, ingress) in view.ingresses.iter().take(OTHERS_MAX).enumerate() {
                @if nth > 0 { ", " } b { (ingress) }
            }
            @if view.ingresses.len() > OTHERS_MAX {
                " and " (view.ingresses.len() - OTHERS_MAX) " more"
            }
        }
        p {
            "The same as JSON: "
            a href=(address("group", &[("name", &view.group), ("format", "json")])) {
                "format=json"
            }
        }
    }
}

fn wrong(view: &GroupView) -> Markup {
    html! {
        section {
            h2 { "Problems and notes" }
            @if !view.problems.is_empty() { (html::problems(&view.problems, Among::Its)) }
            @else if view.standpoint.leads { p { (state(Verdict::Good, "none")) } }
            @else { p { (state(Verdict::Unknown, "not judged here")) } }
        }
    }
}

fn left(view: &GroupView) -> Markup {
    html! {
        section {
            h2 { "Drift and what is left to do" }
            @for one in &view.plans {
                h3 { (one.subject) }
                (html::remainder(one, &view.standpoint))
            }
            @if !view.plans.is_empty() {}
            @else if view.standpoint.leads {
                p { (state(Verdict::Good, "nothing")) " All stands as the last visit left it." }
            } @else { p { (state(Verdict::Unknown, "not known here")) } }
        }
    }
}

fn way(host: &HostView) -> Markup {
    html! {
        section {
            h3 { (host_name(&host.host)) " " (state(host.verdict, word(host.verdict))) }
            p class="small" { "Named by " (host.ingresses.join(", ")) }
            ol class="way" {
                li { span class="what" { "host" } p { b { (host_name(&host.host)) } } }
                @for one in &host.stations {
                    li {
                        span class="what" { (one.what) }
                        p { (state(one.verdict, "")) (one.found) }
                        @if !one.beside.is_empty() {
                            ul class="small" { @for line in &one.beside { li { (line) } } }
                        }
                        @if let Some(mend) = &one.mend { p class="mend" { (mend) } }
                        @if let Some(below) = below(one.what) {
                            p class="small" { a href=(below) { "all of the group" } }
                        }
                    }
                }
            }
        }
    }
}

/// Where on the page more is said of a station.
fn below(what: &str) -> Option<&'static str> {
    match what {
        "rule" => Some("#load-balancers"),
        "target group" => Some("#target-groups"),
        _ => None,
    }
}

fn others(view: &GroupView) -> Markup {
    html! {
        @if !view.other_hosts.is_empty() {
            h3 { "Other hosts of the group" }
            ul class="inline" {
                @for host in view.other_hosts.iter().take(OTHERS_MAX) {
                    li { (group_link(&view.group, Some(host), host_name(host))) }
                }
                @if view.other_hosts.len() > OTHERS_MAX {
                    li {
                        "and " (view.other_hosts.len() - OTHERS_MAX) " more: "
                        a href=(address("./", &[("q", &view.group)])) { "search" }
                    }
                }
            }
        }
    }
}

fn load_balancer(one: &LoadBalancerView, view: &GroupView) -> Markup {
    let verdict = if one.state == "active" { Verdict::Good } else { Verdict::Bad };
    html! {
        section {
            h3 { (one.name) " " (state(verdict, one.state)) }
            dl {
                dt { "Kind" } dd { (one.kind) ", " (one.scheme) }
                dt { "Name in DNS" } dd class="long" { (one.dns_name) }
                dt { "ARN" } dd class="long" { (one.id) }
                dt { "Listeners" } dd { (read(one.read_at, &view.standpoint)) }
            }
            @for listener in &one.listeners { (self::listener(listener, view)) }
        }
    }
}

fn listener(one: &ListenerView, view: &GroupView) -> Markup {
    html! {
        h4 { "Listener: " (one.protocol) " on port " (one.port) }
        @if !one.certificates.is_empty() {
            p { "Certificates:" }
            ul { @for id in &one.certificates { li class="long" { (id) } } }
        }
        table {
            caption class="hidden" { "Rules of " (one.protocol) " on port " (one.port) }
            thead {
                tr {
                    th scope="col" { "Rule" }
                    th scope="col" { "Takes requests with all of" }
                    th scope="col" { "And then" }
                }
            }
            tbody { @for rule in &one.rules { (self::rule(rule, view)) } }
        }
    }
}

fn rule(one: &RuleView, view: &GroupView) -> Markup {
    html! {
        tr {
            th scope="row" {
                @match one.priority { Some(number) => (number), None => "default" }
            }
            td data-label="Takes" {
                @if one.priority.is_none() { "what no other rule takes" }
                @for condition in &one.conditions { div { code { (condition) } } }
            }
            td data-label="And then" { @for way in &one.ways { div { (step(way, view)) } } }
        }
    }
}

fn step(way: &WayOn, view: &GroupView) -> Markup {
    let led_to = way.target_group.and_then(|place| Some((place, view.target_groups.get(place)?)));
    html! {
        @match led_to {
            Some((place, group)) => {
                a href={ "#target-group-" (place) } {
                    (group.service.as_ref().unwrap_or(&group.name))
                }
                " " (count(group))
            }
            None => (way.text),
        }
        @if let Some(weight) = way.weight { ", weight " (weight) }
    }
}

fn count(one: &TargetGroupView) -> Markup {
    state(verdict(&one.count), &in_words(&one.count))
}

fn target_group(place: usize, one: &TargetGroupView, standpoint: &Standpoint) -> Markup {
    html! {
        section id={ "target-group-" (place) } {
            h3 { (one.service.as_ref().unwrap_or(&one.name)) " " (count(one)) }
            dl {
                dt { "Target group" } dd { (one.name) ", " (one.protocol) }
                dt { "ARN" } dd class="long" { (one.id) }
                @if let Some(binding) = &one.binding {
                    dt { "TargetGroupBinding" } dd { (binding) }
                }
                @if let Some(resource) = &one.resource { dt { "For" } dd { (resource) } }
                dt { "Targets" } dd { (read(one.read_at, standpoint)) }
            }
            @if !one.targets.is_empty() {
                table {
                    caption class="hidden" { "Targets of " (one.name) }
                    thead {
                        tr {
                            th scope="col" { "Target" }
                            th scope="col" { "Is" }
                            th scope="col" { "State" }
                        }
                    }
                    tbody { @for target in &one.targets { (self::target(target)) } }
                }
                @if one.more > 0 { p { "and " (one.more) " more" } }
            }
        }
    }
}

fn target(one: &TargetView) -> Markup {
    html! {
        tr {
            th scope="row" { (one.target) }
            td data-label="Is" { (one.who.as_deref().unwrap_or("nobody that is known")) }
            td data-label="State" {
                (state(one.verdict, &one.words))
                @if let Some(mend) = one.mend { div class="mend" { (mend) } }
            }
        }
    }
}
