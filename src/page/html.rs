//! What all pages have in common. Whatever others wrote is escaped where it is put in: the macro
//! does so with everything that is not its own.

use jiff::Timestamp;
use maud::{DOCTYPE, Markup, html};

use super::question::address;
use super::vantage::Vantage;
use crate::aws::Cloud;
use crate::clock::Clock;
use crate::model::problem::Severity;
use crate::report::explain::Verdict;
use crate::report::topology::{Asked, ComplaintView, Only, Paged, RemainderView, Standpoint};
use crate::report::{Hold, PendingStep};

/// A page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    Hosts,
    Group,
    Problems,
    Plans,
    Errors,
}

/// The pages that each page leads to, where they lie and what they are called.
const PAGES: [(Place, &str, &str); 4] = [
    (Place::Hosts, "./", "Hosts"),
    (Place::Problems, "problems", "Problems"),
    (Place::Plans, "plans", "Drift and plans"),
    (Place::Errors, "errors", "Reasons"),
];

/// A whole page.
pub(super) fn page<C: Cloud, T: Clock>(
    vantage: &Vantage<C, T>,
    standpoint: &Standpoint,
    (place, title): (Option<Place>, &str),
    main: &Markup,
) -> String {
    let Standpoint { cluster, region, now, leads, .. } = standpoint;
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " - Albedo, " (cluster) }
                link rel="stylesheet" href="style.css";
                link rel="icon" href="data:,";
            }
            body {
                a class="skip" href="#main" { "Skip to the content" }
                header {
                    nav aria-label="Pages" {
                        ul {
                            @for (there, path, name) in PAGES {
                                li {
                                    a href=(path) aria-current=[is(place == Some(there))] {
                                        (name)
                                    }
                                }
                            }
                        }
                    }
                }
                main id="main" tabindex="-1" {
                    @if !leads { (standby(vantage, standpoint)) }
                    (main)
                }
                footer {
                    p {
                        "Cluster " b { (cluster) } ", region " b { (region) } ", as known at "
                        time datetime=(now) { (clock(*now)) } ". "
                        "What is shown is in the controller's memory: no look costs a call."
                    }
                }
            }
        }
    };
    page.into_string()
}

/// What a page says that is not there.
pub(super) fn sorry<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, what: &str) -> String {
    let main = html! {
        h1 { "Nothing to show" }
        p { (what) }
        p { a href="./" { "All hosts" } }
    };
    page(vantage, &vantage.standpoint(), (None, "Nothing to show"), &main)
}

fn is(is_so: bool) -> Option<&'static str> {
    is_so.then_some("page")
}

/// What a replica says that does not lead.
fn standby<C: Cloud, T: Clock>(vantage: &Vantage<C, T>, standpoint: &Standpoint) -> Markup {
    let (namespace, port) = (&vantage.namespace, vantage.port);
    html! {
        div class="banner" role="status" {
            p {
                strong { "This replica does not lead." }
                " It knows the cluster, and nothing of AWS; nor has it judged anything."
            }
            @match standpoint.leading_pod() {
                Some(pod) => {
                    p { "The one that leads is " b { (pod) } ". Look there:" }
                    pre { "kubectl -n " (namespace) " port-forward pod/" (pod) " " (port) }
                }
                None => p { "Nobody is known to lead." }
            }
        }
    }
}

/// A moment as people read it, to the second.
fn clock(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}

/// How long ago something was.
pub(super) fn ago(then: Timestamp, now: Timestamp) -> Markup {
    let seconds = now.duration_since(then).as_secs().max(0);
    let text = match seconds {
        0..60 => format!("{seconds} s ago"),
        60..3600 => format!("{} min ago", seconds / 60),
        3600..172_800 => format!("{} h ago", seconds / 3600),
        _ => format!("{} days ago", seconds / 86_400),
    };
    html! { time datetime=(then) title=(clock(then)) { (text) } }
}

/// When something was read.
pub(super) fn read(at: Option<Timestamp>, standpoint: &Standpoint) -> Markup {
    html! {
        @match at {
            Some(at) => { "as of " (ago(at, standpoint.now)) }
            None => "not known: nobody has looked"
        }
    }
}

/// A state, by its sign and in a word: never by its colour alone.
pub(super) fn state(verdict: Verdict, word: &str) -> Markup {
    let (class, sign) = match verdict {
        Verdict::Good => ("state good", "\u{2713}"),
        Verdict::Note => ("state note", "!"),
        Verdict::Unknown => ("state unknown", "?"),
        Verdict::Bad => ("state bad", "\u{2717}"),
    };
    html! { span class=(class) { span aria-hidden="true" { (sign) } " " (word) } }
}

/// The word for a verdict.
pub(super) fn word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Good => "well",
        Verdict::Note => "look at it",
        Verdict::Unknown => "not known",
        Verdict::Bad => "not served",
    }
}

/// A link to a group, or to a host of it.
pub(super) fn group_link(group: &str, host: Option<&str>, text: &str) -> Markup {
    let mut pairs = vec![("name", group)];
    pairs.extend(host.map(|host| ("host", host)));
    html! { a href=(address("group", &pairs)) { (text) } }
}

/// A host in words.
pub(super) fn host_name(host: &str) -> &str {
    if host.is_empty() { "any other host" } else { host }
}

/// The form to search with; `filters` where rows can be chosen by how they are.
pub(super) fn search(path: &str, asked: &Asked, label: &str, filters: &[(Only, &str)]) -> Markup {
    html! {
        form role="search" action=(path) method="get" {
            div class="field" {
                label for="q" { (label) }
                input id="q" type="search" name="q" value=(asked.q) autocomplete="off"
                    spellcheck="false" maxlength="300";
            }
            @if !filters.is_empty() {
                div class="field" {
                    label for="only" { "Show" }
                    select id="only" name="only" {
                        @for (only, name) in filters {
                            option value=(only.as_str()) selected[*only == asked.only] { (name) }
                        }
                    }
                }
            }
            button type="submit" { "Search" }
        }
    }
}

/// Where one is in a long list, and the way to its other pages.
pub(super) fn pages<R>(path: &str, asked: &Asked, paged: &Paged<R>, what: &str) -> Markup {
    let Paged { found, page, pages, .. } = paged;
    let to = |page: usize| {
        let page = page.to_string();
        let only = if asked.only == Only::All { "" } else { asked.only.as_str() };
        address(path, &[("q", &asked.q), ("only", only), ("page", &page)])
    };
    html! {
        nav class="pages" aria-label=(format!("Pages of {what}")) {
            p {
                (found) " " (what)
                @if *pages > 1 { ", page " (page) " of " (pages) }
            }
            @if *pages > 1 {
                ul {
                    @if *page > 1 {
                        li { a rel="first" href=(to(1)) { "First" } }
                        li { a rel="prev" href=(to(page - 1)) { "Previous" } }
                    }
                    @if page < pages {
                        li { a rel="next" href=(to(page + 1)) { "Next" } }
                        li { a rel="last" href=(to(*pages)) { "Last" } }
                    }
                }
            }
        }
    }
}

/// Where problems are listed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Among {
    /// Those of one group.
    Its,
    /// Those of all.
    All,
}

/// A list of problems.
pub(super) fn problems(all: &[ComplaintView], among: Among) -> Markup {
    html! {
        ul class="cards" {
            @for one in all {
                li {
                    p {
                        @match one.severity {
                            Severity::Error => (state(Verdict::Bad, "error")),
                            Severity::Warning => (state(Verdict::Note, "warning")),
                            Severity::Note => (state(Verdict::Good, "note")),
                        }
                        " " b { (one.object) } " "
                        @match one.number {
                            Some(number) => a href={ "errors#" (number) } {
                                (number) " " (one.reason)
                            },
                            None => (one.reason),
                        }
                        @if let (Among::All, Some(group)) = (among, &one.group) {
                            ", group " (group_link(group, None, group))
                        }
                    }
                    p { (one.text) }
                }
            }
        }
    }
}

/// What is left undone of a subject.
pub(super) fn remainder(one: &RemainderView, standpoint: &Standpoint) -> Markup {
    let left = &one.left;
    html! {
        p {
            "Last visit " (ago(left.at, standpoint.now)) ", so since "
            (ago(left.since, standpoint.now)) "."
        }
        @if let Some(error) = &left.unread {
            p { (state(Verdict::Bad, "AWS could not be read")) " " (error) }
        }
        @if left.count > 0 {
            p {
                (left.count) @if left.count == 1 { " step is" } @else { " steps are" } " left:"
            }
            ul class="steps" { @for step in &left.steps { li { (pending(step)) } } }
            @if left.count > left.steps.len() {
                p { "and " (left.count - left.steps.len()) " more" }
            }
        }
        @for note in &left.notes { p { (note) } }
    }
}

fn pending(step: &PendingStep) -> Markup {
    html! {
        code { (step.sign) " " (step.what) } " " code { (step.call) } " " (step.why) " "
        @match &step.hold {
            Hold::Waits(what) => { (state(Verdict::Note, "waits for")) " " (what) }
            Hold::Failed(answer) => { (state(Verdict::Bad, "failed")) " " (answer) }
            Hold::Held => { (state(Verdict::Note, "comes after another one")) }
        }
    }
}
