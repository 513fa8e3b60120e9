//! Names that a template makes, and targets that their networks decide.

use albedo::desired::names;
use albedo::flags::{Cli, Command};
use albedo::model::problem::Problem;
use albedo::model::record::RecordValue;
use albedo::model::settings::{DnsScope, TemplateUse};
use albedo::model::surroundings::Cidr;
use albedo::model::template::Template;

use super::golden::said::said;
use super::*;
use crate::support::world::World as Cluster;

/// The hosts of an Ingress that has no rules, of which this is said.
fn hosts(dns: &DnsSettings, annotations: &str) -> (Option<Vec<String>>, Vec<Problem>) {
    let mut cluster = Cluster::new("{}");
    cluster.settings.dns = DnsSettings { scope: DnsScope::All, ..dns.clone() };
    cluster.add_manifests(&format!(
        "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: web
  namespace: default
  labels: {{app: front}}
  annotations: {{{annotations}}}
spec:
  defaultBackend: {{service: {{name: web, port: {{number: 80}}}}}}
"
    ));
    let ingress = cluster.objects.ingresses[&key("default/web")].clone();
    let mut problems = Vec::new();
    let names = names::wished(&cluster.snapshot(), &member("default/web"), &ingress, &mut problems);
    (names.map(|names| names.hosts.into_iter().collect()), problems)
}

#[test]
fn a_template_makes_names_where_there_are_none_or_always() {
    let template =
        Template::new("{{.Name}}.{{.Namespace}}.example.com,{{.Labels.app}}.example.com");
    let mut dns = DnsSettings { template: Some(template.unwrap()), ..dns() };
    let made = ["front.example.com", "web.default.example.com"];
    let list = |all: &[&str]| Some(all.iter().map(ToString::to_string).collect());
    assert_eq!(hosts(&dns, ""), (list(&made), vec![]));
    let named = "external-dns.kubernetes.io/hostname: a.example.com";
    assert_eq!(hosts(&dns, named), (list(&["a.example.com"]), vec![]));
    dns.template_use = TemplateUse::Always;
    assert_eq!(hosts(&dns, named), (list(&["a.example.com", made[0], made[1]]), vec![]));
    // What it makes of an Ingress may be no name, or nothing at all: others are not concerned.
    dns.template = Some(Template::new("{{.Labels.none}}.example.com,b.example.com").unwrap());
    let (names, problems) = hosts(&dns, "");
    assert_eq!(names, list(&["b.example.com"]));
    assert_eq!((problems[0].code, &*problems[0].field), (Code::InvalidName, "--fqdn-template"));
    dns.template = Some(Template::new("{{.Labels.none | toLower}}.example.com").unwrap());
    let (names, problems) = hosts(&dns, named);
    assert_eq!(names, None, "external-dns ends here");
    assert!(problems[0].meanwhile.contains("stay"), "{problems:?}");
}

#[test]
fn names_are_kept_by_the_labels_of_their_ingresses() {
    let named = "external-dns.kubernetes.io/hostname: a.example.com";
    for (filter, kept) in [("app=front", true), ("app in (back)", false), ("!app", false)] {
        let args = ["albedo", "plan", "--cluster-name=demo", "--label-filter", filter];
        let (cli, _) = Cli::parse_with_notes(args.map(Into::into)).unwrap();
        let Command::Plan(flags) = cli.command else { panic!("{cli:?}") };
        let meant = flags.build.settings("demo", "us-east-1".to_owned(), AwsId::new("vpc-1"));
        let (names, problems) = hosts(&meant.unwrap().dns, named);
        assert_eq!((names.is_some(), problems), (kept, vec![]), "{filter}");
    }
}

#[test]
fn names_lead_to_addresses_in_networks_only_where_some_are_named() {
    let net = |text| vec![Cidr::parse(text).unwrap()];
    let addresses = ("target", "10.1.0.1,192.0.2.7,2001:db8::1");
    let shown = |dns: &DnsSettings, annotations: &[(&str, &str)]| {
        let (case, problems) = said(dns, annotations);
        assert_eq!(problems, []);
        let zone = case.unwrap().carried_out(&Records::new());
        let lines = zone.values().filter(|record| record.key.name == HOST);
        let line = |record: &Record| match &record.value {
            RecordValue::Alias { target, .. } => target.to_string(),
            RecordValue::Values { values, .. } => values.join(" "),
        };
        lines.map(line).collect::<Vec<_>>()
    };
    let mut out = dns();
    out.filter.excluded_target_nets = net("10.0.0.0/8");
    assert_eq!(shown(&out, &[addresses]), ["192.0.2.7", "2001:db8::1"]);
    assert_eq!(shown(&out, &[]), [ALB, ALB], "a name is in no network");
    assert_eq!(shown(&out, &[("target", "10.9.9.9")]), [""; 0]);
    let mut within = dns();
    within.filter.target_nets = net("10.0.0.0/8");
    assert_eq!(shown(&within, &[addresses]), ["10.1.0.1"]);
    assert_eq!(shown(&within, &[]), [""; 0], "nor in one that is named");
    assert_eq!(shown(&within, &[("target", "10.1.0.1,lb.example.net")]), ["10.1.0.1"]);
    // What stood before goes, as with external-dns.
    let before = said(&dns(), &[]).0.unwrap().carried_out(&Records::new());
    assert_eq!(before.len(), 4);
    assert!(said(&within, &[]).0.unwrap().carried_out(&before).is_empty());
}
