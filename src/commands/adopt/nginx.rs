//! `albedo adopt --from nginx`: what becomes of manifests that were written for ingress-nginx.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::{Context as _, bail};
use k8s_openapi::api::networking::v1::IngressClassSpec;
use serde_json::json;

use crate::commands::manifests::{self, Manifests};
use crate::commands::paint::Paint;
use crate::commands::table::aligned;
use crate::commands::{EXIT_DIFFERENCES, EXIT_FINE, plan, println};
use crate::desired::annotations::table::{CERTIFICATE_ARN, GROUP_NAME, NGINX};
use crate::desired::classes::{ANNOTATION_CLASS, CONTROLLER_DOMAIN};
use crate::flags::{AdoptFlags, Cli, Command, Output};
use crate::model::id::AwsId;
use crate::model::marks::Labels;
use crate::model::seen::{Ingress, IngressClass};
use crate::model::snapshot::{Extent, Objects};
use crate::report::nginx::{Account, Outcome, accounts};

/// The class that Ingresses are taken to have, and their group.
const CLASS: &str = "nginx";
/// The controller of ingress-nginx's own classes.
const CONTROLLER_NGINX: &str = "k8s.io/ingress-nginx";
/// Stands for the certificate that hosts of `spec.tls` will have.
const CERTIFICATE: &str = "arn:aws:acm:us-east-1:111122223333:certificate/its-own";
/// The widest value of an annotation that is printed.
const VALUE_LENGTH_MAX: usize = 40;

/// Says what becomes of each Ingress of manifests, without asking AWS or a cluster.
pub fn run(flags: &AdoptFlags) -> anyhow::Result<u8> {
    let mut manifests = manifests::load(&flags.files)?;
    let mut notes = Vec::new();
    as_ours(&mut manifests.objects, &mut notes);
    manifests::fill_in(&mut manifests);
    let Manifests { objects, notes: more, removed } = manifests;
    notes.extend(more);
    let arguments = ["albedo", "plan", "--cluster-name", CLASS].map(str::to_owned);
    let arguments = arguments.into_iter().chain(flags.flags.iter().cloned());
    let build = match Cli::parse_with_notes(arguments.map(Into::into)) {
        Ok((Cli { command: Command::Plan(flags) }, _)) => flags.build,
        Ok(_) => bail!("the flags behind -- are another command's"),
        Err(error) => bail!("{}", crate::commands::said(&error)),
    };
    let settings = build.settings(CLASS, String::new(), AwsId::new("vpc"))?;
    let snapshot = plan::snapshot(settings, Extent::Manifests, objects, Arc::default());
    let accounts = accounts(&snapshot);
    let loses = accounts.iter().any(Account::loses) || !removed.is_empty();
    match flags.output {
        Output::Json => {
            let document = json!({"ingresses": accounts, "removed": removed, "notes": notes});
            let text = serde_json::to_string_pretty(&document);
            println(&text.context("what is found cannot be printed")?);
        }
        Output::Text => print_text(&accounts, &removed, &notes),
    }
    Ok(if loses { EXIT_DIFFERENCES } else { EXIT_FINE })
}

/// Gives every Ingress of ingress-nginx a class of ours that translates, in one group. One that
/// names the class of another controller is left alone.
fn as_ours(objects: &mut Objects, notes: &mut Vec<String>) {
    let is_other = |name: &str| {
        let class = objects.classes.get(name).and_then(|class| class.spec.as_ref());
        let controller = class.and_then(|spec| spec.controller.as_deref());
        controller.is_some_and(|controller| controller != CONTROLLER_NGINX)
    };
    let mut ours = BTreeMap::new();
    for (key, ingress) in &objects.ingresses {
        let named = ingress.spec.as_ref().and_then(|spec| spec.ingress_class_name.as_deref());
        if let Some(name) = named.filter(|name| is_other(name)) {
            notes.push(format!("Ingress {key} is of class {name} and left out"));
            continue;
        }
        ours.insert(key.clone(), Arc::new(as_one_of_ours(ingress)));
    }
    objects.ingresses = ours;
    let controller = Some(format!("{CONTROLLER_DOMAIN}/{CLASS}"));
    let mut class = IngressClass {
        spec: Some(IngressClassSpec { controller, parameters: None }),
        ..IngressClass::default()
    };
    class.metadata.name = Some(CLASS.into());
    class.metadata.annotations = Some(Labels::from([(NGINX.key(), "true")]));
    objects.classes.insert(CLASS.to_owned(), Arc::new(class));
}

fn as_one_of_ours(ingress: &Ingress) -> Ingress {
    let mut ingress = ingress.clone();
    let has_tls = ingress.spec.as_ref().is_some_and(|spec| spec.tls.is_some());
    ingress.spec.get_or_insert_default().ingress_class_name = Some(CLASS.into());
    let annotations = ingress.metadata.annotations.get_or_insert_default();
    annotations.remove(ANNOTATION_CLASS);
    let mut say = |key: String, value: &str| {
        if !annotations.contains_key(key.as_str()) {
            annotations.insert(key.into(), value.into());
        }
    };
    say(GROUP_NAME.key(), CLASS);
    if has_tls {
        say(CERTIFICATE_ARN.key(), CERTIFICATE);
    }
    ingress
}

fn print_text(accounts: &[Account], removed: &[String], notes: &[String]) {
    let paint = Paint::of_output();
    notes.iter().for_each(|note| println(&paint.dim(&format!("# {note}"))));
    removed.iter().for_each(|what| println(&paint.bad(&format!("! {what}"))));
    for account in accounts {
        println(&format!("\nIngress {}", account.ingress));
        match account.rules.as_slice() {
            [] => println(&paint.bad("  serves nothing")),
            rules => rules.iter().for_each(|rule| println(&format!("  {rule}"))),
        }
        let rows: Vec<[String; 4]> = account.lines.iter().map(row).collect();
        if rows.is_empty() {
            continue;
        }
        let table = aligned(["ANNOTATION", "VALUE", "OUTCOME", ""], &rows);
        println("");
        for (place, line) in table.lines().enumerate() {
            let outcome = place.checked_sub(1).and_then(|at| account.lines.get(at));
            let text = format!("  {line}");
            println(&match outcome.map(|line| line.outcome) {
                None => text,
                Some(Outcome::Translated) => paint.good(&text),
                Some(Outcome::Harmless) => paint.dim(&text),
                Some(Outcome::Lost) => paint.doubtful(&text),
                Some(Outcome::Refused) => paint.bad(&text),
            });
        }
    }
    let losing = accounts.iter().filter(|account| account.loses()).count();
    let count = accounts.len();
    println(&match losing {
        0 => paint.good(&format!("\nNothing is lost of {count} Ingresses.")),
        losing => paint.doubtful(&format!("\n{losing} of {count} Ingresses lose something.")),
    });
}

/// A line of the table; a value of several lines is one.
fn row(line: &crate::report::nginx::Line) -> [String; 4] {
    let value = line.value.split_whitespace().collect::<Vec<_>>().join(" ");
    let value = match value.char_indices().nth(VALUE_LENGTH_MAX) {
        Some((end, _)) => format!("{}…", value.get(..end).unwrap_or_default()),
        None => value,
    };
    [line.what.clone(), value, line.outcome.as_str().to_owned(), line.text.clone()]
}
