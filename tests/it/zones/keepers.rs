//! Another external-dns under the same owner id.

use albedo::model::name_keeper::{NameKeeper, Quarrel};
use albedo::model::settings::DnsScope;

use super::*;

fn quarrel(dns: &DnsSettings, arguments: &[&str]) -> Option<Quarrel> {
    NameKeeper::new(arguments.iter().copied(), []).unwrap().quarrel(dns)
}

#[test]
fn who_would_change_or_remove_our_records_is_known_by_his_flags() {
    let all = DnsSettings { scope: DnsScope::All, ..dns() };
    let mut mine = all.clone();
    mine.owner = "mine".to_owned();
    let mut within = all.clone();
    within.filter.domains = vec!["a.example.com".to_owned()];
    let mut affixed = all.clone();
    affixed.txt_names.prefix = "x.".to_owned();
    let off = DnsSettings { scope: DnsScope::Off, ..all.clone() };
    for (dns, arguments, expected) in [
        (&all, &["--source=ingress"][..], Some(Quarrel::SameNames)),
        (&all, &["--source=ingress", "--policy=upsert-only"], Some(Quarrel::SameNames)),
        (&all, &["--source=ingress", "--ingress-class=nginx"], Some(Quarrel::Deletes)),
        (&all, &["--source=service"], Some(Quarrel::Deletes)),
        (&all, &["--source=service", "--policy=upsert-only"], None),
        (&all, &["--source=service", "--txt-owner-id=other"], None),
        (&all, &["--source=service", "--txt-prefix=x."], None),
        (&affixed, &["--source=service", "--txt-prefix=X."], Some(Quarrel::Deletes)),
        (&mine, &["--source=ingress"], None),
        (&off, &["--source=ingress"], None),
        (&within, &["--source=service", "--domain-filter=example.com"], Some(Quarrel::Deletes)),
        (&within, &["--source=service", "--domain-filter=b.example.com"], None),
    ] {
        assert_eq!(quarrel(dns, arguments), expected, "{arguments:?}");
    }
}
