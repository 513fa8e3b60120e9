//! Several clusters with names in one zone: nobody takes what is another's.

use super::*;

const WEB: &str = "default/web web.example.com one";
const TXT_A: &str = "a-web.example.com";

fn held(target: &str, owner: &str, ingress: &str) -> Records {
    records([alias(HOST, RecordType::A, target), txt(TXT_A, owner, ingress)])
}

/// The cluster `demo`, to which nobody has given an owner id, and the load balancer `two`, which is
/// the cluster `other`'s.
fn case(wishes: &[&str]) -> Case {
    let mut case = Case::new(wishes);
    "demo".clone_into(&mut case.dns.owner);
    case.dns.keeps_default = true;
    give(&mut case, "two", Some("other"));
    case
}

fn give(case: &mut Case, load_balancer: &str, cluster: Option<&str>) {
    let address = case.load_balancers.get_mut(&AwsId::new(load_balancer)).unwrap();
    address.cluster = cluster.map(Into::into);
}

/// The owners that TXT records of a zone name, each with for whom.
fn owners(standing: &Records) -> Vec<String> {
    let texts = standing.values().filter_map(|record| match &record.value {
        RecordValue::Values { values, .. } => Ownership::parse(&values[0]),
        RecordValue::Alias { .. } => None,
    });
    texts.map(|found| format!("{} {}", found.owner, found.resource)).collect()
}

#[test]
fn a_name_of_another_clusters_load_balancer_neither_goes_nor_changes() {
    // The other cluster has an Ingress of the same name, and the same owner id.
    for owner in ["demo", "default"] {
        let standing = held(ALB_2, owner, "default/web");
        for explicit in [false, true] {
            let explicitly = |mut case: Case| {
                if explicit {
                    owner.clone_into(&mut case.dns.owner);
                    case.dns.keeps_default = false;
                }
                case
            };
            let gone = explicitly(case(&[]));
            assert!(gone.plan(&standing).is_empty(), "{owner} {explicit}");
            assert_eq!(gone.leading(&standing), BTreeSet::new());
            let plan = explicitly(case(&[WEB])).plan(&standing);
            assert!(plan.is_empty(), "{owner} {explicit}: {:?}", changes(&plan));
            let [problem] = &plan.refusals[..] else { panic!("{:?}", plan.refusals) };
            assert_eq!(problem.severity, albedo::model::problem::Severity::Warning);
            assert!(problem.found.contains("cluster \"other\""), "{owner}: {problem:?}");
            assert!(problem.allowed.contains("--take-names-from=other"), "{problem:?}");
        }
    }
}

#[test]
fn what_lies_in_another_vpc_or_region_is_another_clusters() {
    let near = "k8s-default-web-1234567890-333333333.us-east-1.elb.amazonaws.com";
    let far = "k8s-default-web-1234567890-333333333.eu-west-1.elb.amazonaws.com";
    for target in [near, far, "net-1.elb.eu-west-1.amazonaws.com"] {
        let standing = held(target, "demo", "default/web");
        for wishes in [&[WEB][..], &[]] {
            let mut case = case(wishes);
            case.elsewhere = BTreeSet::from([AwsId::new(near)]);
            let plan = case.plan(&standing);
            assert!(plan.is_empty(), "{target}: {:?}", changes(&plan));
            assert_eq!(plan.refusals.len(), wishes.len());
        }
    }
    // One that stands nowhere any more was ours, as the TXT record says.
    let standing = held(near, "demo", "default/web");
    assert!(case(&[]).carried_out(&standing).is_empty());
    let end = case(&[WEB]).carried_out(&standing);
    assert_eq!(end.values().find_map(Record::alias_target), Some(&AwsId::new(ALB)));
}

#[test]
fn new_names_are_the_clusters_own() {
    let end = case(&[WEB]).carried_out(&Records::new());
    assert_eq!(owners(&end), ["demo ingress/default/web"]);
    assert!(case(&[WEB]).plan(&end).is_empty());
    assert!(case(&[]).carried_out(&end).is_empty());
}

#[test]
fn a_record_of_external_dns_s_default_owner_is_ours_by_where_it_leads_and_keeps_that_owner() {
    let standing = held(ALB, "default", "default/web");
    assert!(case(&[WEB]).plan(&standing).is_empty());
    assert_eq!(case(&[]).leading(&standing), BTreeSet::from([AwsId::new(ALB)]));
    assert!(case(&[]).carried_out(&standing).is_empty());
    // Another Ingress takes the name over.
    let mut moved = case(&["default/api web.example.com two"]);
    give(&mut moved, "two", Some("demo"));
    let end = moved.carried_out(&standing);
    assert_eq!(owners(&end), ["default ingress/default/api"]);
    assert!(moved.plan(&end).is_empty());
    // What comes beside it is of the same owner.
    let dual = case(&[WEB]).dualstack().carried_out(&standing);
    assert_eq!(owners(&dual), ["default ingress/default/web"; 2]);
    // Where nobody can tell, it is not ours.
    for target in ["d111.cloudfront.net", "gone-1.us-east-1.elb.amazonaws.com", "192.0.2.1"] {
        let standing = held(target, "default", "default/web");
        for wishes in [&[WEB][..], &[]] {
            assert!(case(wishes).plan(&standing).is_empty(), "{target}");
        }
    }
    let mut untagged = case(&[WEB]);
    give(&mut untagged, "two", None);
    assert!(untagged.plan(&held(ALB_2, "default", "default/web")).is_empty());
    // Who gives an id means exactly that.
    let mut given = case(&[]);
    given.dns.keeps_default = false;
    assert!(given.plan(&standing).is_empty());
    assert!(!given.is_ours(&standing, &alias(HOST, RecordType::A, ALB)));
}

#[test]
fn names_change_hands_once_somebody_asks_where_a_flag_names_the_cluster() {
    let older = "cname-web.example.com";
    let mut standing = held(ALB_2, "theirs", "default/app");
    let bare = txt(older, "theirs", "default/app");
    standing.insert(bare.key.clone(), bare);
    let named = |wishes: &[&str], names: &[&str]| {
        let mut case = case(wishes);
        case.dns.taken_from = names.iter().map(|name| (*name).to_owned()).collect();
        case
    };
    assert!(named(&[WEB], &["third"]).plan(&standing).is_empty());
    assert!(named(&[], &["other"]).plan(&standing).is_empty(), "nobody asks");
    let case = named(&[WEB], &["other"]);
    let end = case.carried_out(&standing);
    assert_eq!(end.values().find_map(Record::alias_target), Some(&AwsId::new(ALB)));
    assert_eq!(owners(&end), ["demo ingress/default/web"; 2], "no TXT record says otherwise");
    assert!(case.plan(&end).is_empty());
    assert!(named(&[], &[]).carried_out(&end).is_empty());
    // Of a load balancer elsewhere, the owner id names the cluster.
    let far = held("x-1.eu-west-1.elb.amazonaws.com", "theirs", "default/app");
    assert!(named(&[WEB], &["other"]).plan(&far).is_empty());
    let end = named(&[WEB], &["theirs"]).carried_out(&far);
    assert_eq!(end.values().find_map(Record::alias_target), Some(&AwsId::new(ALB)));
    // What nobody says to be of anybody was made by hand.
    let unowned = records([alias(HOST, RecordType::A, ALB_2)]);
    assert!(named(&[WEB], &["other"]).plan(&unowned).is_empty());
}

#[test]
fn a_name_with_the_prefix_of_the_console_leads_to_the_same_load_balancer() {
    let standing = held(&format!("dualstack.{ALB_2}"), "demo", "default/web");
    assert!(case(&[WEB]).plan(&standing).is_empty());
    let standing = held(&format!("dualstack.{ALB}"), "default", "default/web");
    assert_eq!(case(&[]).leading(&standing), BTreeSet::from([AwsId::new(ALB)]));
}

/// The load balancer is gone, and so is the Ingress: nobody would ever look at the record again.
#[test]
fn a_record_of_the_cluster_s_own_that_leads_nowhere_goes() {
    let gone = "k8s-default-gone-1234567890-1.us-east-1.elb.amazonaws.com";
    let standing = |owner: &str| held(gone, owner, "default/gone");
    assert!(case(&[]).carried_out(&standing("demo")).is_empty());
    // Who has been given an owner id may not be the only one that has it.
    let mut given = case(&[]);
    given.dns.keeps_default = false;
    assert!(given.plan(&standing("demo")).is_empty());
    assert!(case(&[]).plan(&standing("default")).is_empty());
    let mut seen = case(&[]);
    seen.elsewhere = BTreeSet::from([AwsId::new(gone)]);
    assert!(seen.plan(&standing("demo")).is_empty(), "it stands in another VPC");
}
