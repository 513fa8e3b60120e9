//! The cases that are about the names of TXT records.

use super::*;

const HOSTS: [&str; 3] = ["*.w.example.com", ZONE, HOST];

fn named(prefix: &str, suffix: &str, wildcard: Option<&str>) -> Case {
    let wishes = HOSTS.map(|host| format!("default/web {host} one"));
    let mut case = dual(&wishes.each_ref().map(String::as_str));
    case.dns.txt_names = TxtNames {
        prefix: prefix.to_owned(),
        suffix: suffix.to_owned(),
        wildcard: wildcard.map(str::to_owned),
    };
    case
}

/// Every name has its TXT records, also the apex; what stands is known again, and goes.
fn owned_by(case: &Case, of_a: &[&str; 3]) {
    let end = case.carried_out(&Records::new());
    let found: BTreeSet<&str> = end
        .keys()
        .filter(|key| key.record_type == RecordType::Txt)
        .map(|key| key.name.as_str())
        .collect();
    assert_eq!(found.len(), 6, "{found:?}");
    assert!(of_a.iter().all(|name| found.contains(name)), "{found:?}");
    let rest = case.plan(&end);
    assert!(rest.is_empty(), "{:?}", changes(&rest));
    let nobody = Case { dns: case.dns.clone(), ..dual(&[]) };
    assert!(nobody.carried_out(&end).is_empty());
}

pub fn template_and_label() {
    let names = ["a-abc.*.w.example.com", "a-abc.example.com", "a-abc.web.example.com"];
    owned_by(&named("%{record_type}-abc.", "", None), &names);
}

pub fn prefix() {
    let names = ["extdns.a-*.w.example.com", "extdns.a-_apex.example.com"];
    owned_by(&named("extdns.", "", None), &[names[0], names[1], "extdns.a-web.example.com"]);
}

pub fn template() {
    let names = ["a-*.w.example.com", "a-_apex.example.com", "a-web.example.com"];
    owned_by(&named("%{record_type}-", "", None), &names);
}

pub fn suffix_of_template() {
    let names = ["*-a.w.example.com", "_apex-a.example.com", "web-a.example.com"];
    owned_by(&named("", "-%{record_type}", None), &names);
}

pub fn suffix() {
    let names = ["a-*-edns.w.example.com", "a-_apex-edns.example.com", "a-web-edns.example.com"];
    owned_by(&named("", "-edns", None), &names);
}

pub fn suffix_of_template_and_label() {
    let names = ["*-a.x.w.example.com", "_apex-a.x.example.com", "web-a.x.example.com"];
    owned_by(&named("", "-%{record_type}.x", None), &names);
}

pub fn wildcard() {
    let names = ["a-any.w.example.com", "a-_apex.example.com", "a-web.example.com"];
    owned_by(&named("", "", Some("any")), &names);
}

/// One of the two gets its records, the other one hears why not, and nothing flips.
pub fn wildcard_collides() {
    let wishes = ["default/web *.w.example.com one", "default/web2 any.w.example.com two"];
    let mut case = dual(&wishes);
    case.dns.txt_names.wildcard = Some("any".to_owned());
    let plan = case.plan(&Records::new());
    assert_eq!(sorted(&plan), four("CREATE", "any.w.example.com"));
    assert_eq!(plan.refusals[0].object.key, key("default/web"));
    assert!(case.plan(&case.carried_out(&Records::new())).is_empty());
    // Whoever has the TXT record keeps it.
    let wildcard = Case { dns: case.dns.clone(), ..dual(&wishes[..1]) };
    let stands = wildcard.carried_out(&Records::new());
    let plan = case.plan(&stands);
    assert!(plan.is_empty() && plan.refusals[0].object.key == key("default/web2"), "{plan:?}");
}

pub fn no_separator() {
    let mut case = dual(&[WEB]);
    "%{record_type}x".clone_into(&mut case.dns.txt_names.prefix);
    let end = case.carried_out(&Records::new());
    let names: Vec<&str> = end.keys().map(|key| key.name.as_str()).collect();
    assert_eq!(names, ["aaaaxweb.example.com", "axweb.example.com", HOST, HOST]);
    case.stack.names.get_mut(HOST).unwrap()[0].load_balancer = Id::Is(AwsId::new("two"));
    assert_eq!(changes(&case.plan(&end)).len(), 4, "both records are known again");
}
