//! How work is handed over, and back.

use albedo::model::evidence::ExternalDns;
use albedo::model::id::ObjectKey;
use albedo::model::neighbour::{Duty, Neighbour};
use albedo::report::adopt::{Move, Side, back, names, over};

fn external_dns(replicas: i32) -> ExternalDns {
    ExternalDns {
        key: ObjectKey::new("dns", "external-dns"),
        arguments: vec!["--txt-owner-id=mine".to_owned()],
        replicas,
    }
}

fn both() -> Side {
    let lbc = ObjectKey::new("kube-system", "lbc");
    let mut neighbour = Neighbour::default();
    neighbour.deployments.insert(lbc.clone());
    neighbour.webhooks.insert("aws-load-balancer-webhook".to_owned());
    neighbour.duties.entry(Duty::Services).or_default().insert(ObjectKey::new("shop", "nlb"));
    Side { neighbour, lbc: Some(lbc), external_dns: vec![external_dns(1)] }
}

/// The place of the first move that says something.
fn place(way: &[Move], text: &str) -> usize {
    way.iter().position(|one| one.what.contains(text)).unwrap_or_else(|| panic!("{text}: {way:#?}"))
}

#[test]
fn webhooks_go_before_their_deployment_and_names_after_it() {
    let way = over(&both());
    let order = [
        "decide about what nobody will do: services",
        "start albedo run with --take-over=services",
        "delete the webhook configuration aws-load-balancer-webhook",
        "scale Deployment kube-system/lbc to 0",
        "scale Deployment dns/external-dns to 0",
        "start albedo run with --dns --txt-owner-id=mine",
        "see that nothing is left to do",
    ]
    .map(|text| place(&way, text));
    assert!(order.is_sorted() && order.len() == way.len(), "{way:#?}");
    let scaled = &way[order[3]].command;
    assert_eq!(scaled.as_deref(), Some("kubectl scale deployment -n kube-system lbc --replicas=0"));
}

#[test]
fn what_is_not_there_is_not_stopped() {
    let way = over(&Side { external_dns: vec![external_dns(0)], ..Side::default() });
    assert!(way.iter().all(|one| !one.what.contains("scale")), "{way:#?}");
    assert!(place(&way, "start albedo run with --take-over and") == 0);
}

#[test]
fn on_the_way_home_albedo_stops_before_anybody_else_begins() {
    let way = back(&both());
    let stops = place(&way, "stop albedo run");
    assert!(place(&way, "move Ingresses of classes under alb.ingress.k8s.aws") < stops);
    let begins = place(&way, "scale Deployment kube-system/lbc up");
    assert!(stops < begins && begins < place(&way, "webhook configurations again"));
    assert!(stops < place(&way, "scale Deployment dns/external-dns up"));
}

#[test]
fn of_external_dns_what_decides_about_names_is_taken_over() {
    let given = [
        "--source=ingress",
        "--txt-owner-id",
        "mine",
        "--provider=aws",
        "--domain-filter=example.com",
        "--log-level=debug",
        "--aws-prefer-cname",
        "--interval=1m",
    ];
    let given = given.map(str::to_owned);
    assert_eq!(
        names(&given),
        ["--txt-owner-id=mine", "--domain-filter=example.com", "--aws-prefer-cname"]
    );
}
