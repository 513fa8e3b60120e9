//! That a page is HTML which anybody can read: well-formed, with landmarks and labels, without
//! scripts, and with links that lead somewhere.

use std::collections::{BTreeMap, BTreeSet};

use super::super::support::world::wait;
use super::{Looker, TOWN};

/// Elements without an end.
const VOID: [&str; 5] = ["meta", "link", "input", "br", "hr"];

/// A start of an element, with its attributes.
#[derive(Debug)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
}

/// The elements of a page in their order; it is a fault where they do not nest.
fn elements(page: &str) -> Vec<Element> {
    let body = page.strip_prefix("<!DOCTYPE html>").expect("it says what it is");
    let (mut open, mut found): (Vec<String>, Vec<Element>) = (Vec::new(), Vec::new());
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("each tag ends");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop().as_deref(), Some(name), "{page}");
            continue;
        }
        let (name, rest) = tag.split_once(' ').unwrap_or((tag, ""));
        let mut attributes = BTreeMap::new();
        let mut rest = rest.trim();
        while !rest.is_empty() {
            let end = rest.find([' ', '=']).unwrap_or(rest.len());
            let (key, after) = rest.split_at(end);
            let (value, after) = match after.strip_prefix("=\"") {
                Some(after) => after.split_once('"').expect("values are in quotes"),
                None => ("", after),
            };
            let is_new = attributes.insert(key.to_owned(), unescaped(value)).is_none();
            assert!(is_new, "{tag}");
            rest = after.trim_start();
        }
        if !VOID.contains(&name) {
            open.push(name.to_owned());
        }
        found.push(Element { name: name.to_owned(), attributes });
    }
    assert!(open.is_empty(), "{open:?}");
    found
}

fn unescaped(text: &str) -> String {
    text.replace("&quot;", "\"").replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&")
}

/// Every page that a link leads to, by its address.
pub fn all_pages(looker: &Looker) -> BTreeMap<String, String> {
    let mut pages = BTreeMap::new();
    let mut next = vec!["./".to_owned()];
    while let Some(address) = next.pop() {
        if pages.contains_key(&address) || address.contains("format=json") {
            continue;
        }
        let page = looker.page(&address);
        for link in links(&page) {
            let (there, _) = link.split_once('#').unwrap_or((&link, ""));
            if !there.is_empty() && there != "style.css" {
                next.push(there.to_owned());
            }
        }
        pages.insert(address, page);
    }
    pages
}

fn links(page: &str) -> Vec<String> {
    let hrefs = elements(page).into_iter().filter(|element| element.name == "a");
    hrefs.map(|mut element| element.attributes.remove("href").expect("a link leads on")).collect()
}

fn ids(page: &str) -> BTreeSet<String> {
    let mut ids = BTreeSet::new();
    for id in elements(page).into_iter().filter_map(|mut one| one.attributes.remove("id")) {
        assert!(ids.insert(id.clone()), "{id} is there twice");
    }
    ids
}

#[test]
fn every_link_leads_somewhere_also_within_a_page() {
    wait(async {
        let looker = Looker::in_town().await;
        let pages = all_pages(&looker);
        assert!(pages.len() > 10, "{:?}", pages.keys());
        let mut fragments = 0;
        for (address, page) in &pages {
            for link in links(page) {
                assert!(!link.contains("//"), "{address} leads to {link}, which is elsewhere");
                let Some((there, id)) = link.split_once('#') else { continue };
                let there = if there.is_empty() { page.clone() } else { looker.page(there) };
                assert!(ids(&there).contains(id), "{address}: {link}");
                fragments += 1;
            }
        }
        assert!(fragments > 20, "{fragments}");
    });
}

#[test]
fn every_page_can_be_read_by_anybody() {
    wait(async {
        let looker = Looker::in_town().await;
        for (address, page) in all_pages(&looker) {
            let all = elements(&page);
            let count = |name: &str| all.iter().filter(|one| one.name == name).count();
            for name in ["h1", "main", "header", "footer", "title"] {
                assert_eq!(count(name), 1, "{address}: {name}");
            }
            let html = all.iter().find(|one| one.name == "html").unwrap();
            assert_eq!(html.attributes["lang"], "en");
            for name in ["script", "style", "img", "iframe", "object", "embed", "base"] {
                assert_eq!(count(name), 0, "{address}: {name}");
            }
            for one in &all {
                let is_bad = |key: &String| key.starts_with("on") || key == "style";
                assert!(!one.attributes.keys().any(is_bad), "{address}: {one:?}");
                if one.name == "nav" {
                    assert!(one.attributes.contains_key("aria-label"), "{address}");
                }
            }
            let labels = all.iter().filter(|one| one.name == "label");
            let labels: BTreeSet<&String> = labels.map(|one| &one.attributes["for"]).collect();
            for field in all.iter().filter(|one| ["input", "select"].contains(&one.name.as_str())) {
                assert!(labels.contains(&field.attributes["id"]), "{address}: {field:?}");
            }
            for form in all.iter().filter(|one| one.name == "form") {
                assert_eq!(form.attributes["method"], "get", "{address}");
            }
            let levels = all.iter().filter_map(|one| one.name.strip_prefix('h')?.parse().ok());
            let levels: Vec<u8> = levels.collect();
            let skips = levels.windows(2).any(|pair| pair[1] > pair[0] + 1);
            assert!(levels[0] == 1 && !skips, "{address}: {levels:?}");
        }
    });
}

#[test]
fn what_others_write_is_shown_and_not_obeyed() {
    wait(async {
        let hostile = "<script>alert(1)</script>";
        let sketch = format!(
            "{TOWN}
ingress shop/evil:
  target-type: 'ip<img src=x onerror=alert(1)>'
  rules: [evil.example.com Prefix / web:80]
ingress shop/path:
  target-type: ip
  rules: ['path.example.com Exact /{hostile} web:80']
"
        );
        let looker = Looker::at(&sketch).await;
        let path = looker.page("group?name=shop/path");
        assert!(path.contains("/&lt;script&gt;alert(1)&lt;/script&gt;"), "{path}");
        let evil = looker.page("group?name=shop/evil");
        assert!(evil.contains("&lt;img src=x"), "{evil}");
        let mut pages: Vec<String> = all_pages(&looker).into_values().collect();
        let asked = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
        for address in [
            format!("./?q={asked}"),
            format!("./?only={asked}"),
            format!("./?page={asked}"),
            format!("problems?q={asked}"),
            format!("plans?q={asked}"),
            format!("group?name={asked}"),
            format!("group?name=shop/web&host={asked}"),
            hostile.to_owned(),
        ] {
            pages.push(looker.ask(&address).body);
        }
        for page in pages {
            let wrong = elements(&page).into_iter().find(|one| {
                one.name == "script"
                    || one.name == "img"
                    || one.attributes.keys().any(|key| key.starts_with("on"))
            });
            assert!(wrong.is_none(), "{wrong:?}");
        }
    });
}
