//! How work is handed over, and back.

use std::process::Command;

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
    let external_dns = external_dns(1);
    let flags = ["--txt-owner-id=mine", "--policy=upsert-only"].map(str::to_owned);
    let names = [(external_dns.key.clone(), flags.into())].into();
    Side { neighbour, lbc: Some(lbc), external_dns: vec![external_dns], names }
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
        "start albedo run with --take-over=services --dns --txt-owner-id=mine --policy=upsert-only",
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
        "--no-prefer-alias",
    ];
    let given = given.map(str::to_owned);
    let known = ["txt-owner-id", "domain-filter", "aws-prefer-cname", "prefer-alias"];
    assert_eq!(
        names(&given, |flag| known.contains(&flag)),
        [
            "--txt-owner-id=mine",
            "--domain-filter=example.com",
            "--aws-prefer-cname",
            "--prefer-alias=false"
        ]
    );
}

#[test]
fn names_of_what_else_external_dns_looks_at_are_a_persons_to_decide() {
    let mut both = both();
    both.external_dns[0].arguments =
        ["--source=ingress", "--source=service"].map(str::to_owned).into();
    let way = over(&both);
    let decided = place(&way, "decide about names of service");
    assert!(decided < place(&way, "scale Deployment dns/external-dns to 0"), "{way:#?}");
}

/// `albedo adopt --from nginx` of a fixture, where there is neither AWS nor a cluster: its exit
/// code and what it prints.
fn from_nginx(fixture: &str, more: &[&str]) -> (Option<i32>, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_albedo"));
    let path = format!("{}/tests/it/fixtures/nginx/{fixture}", env!("CARGO_MANIFEST_DIR"));
    command.env_clear().args(["adopt", "--from", "nginx", "-f", &path]).args(more);
    let output = command.output().unwrap();
    assert_eq!(String::from_utf8_lossy(&output.stderr), "");
    (output.status.code(), String::from_utf8(output.stdout).unwrap())
}

#[test]
fn manifests_of_ingress_nginx_that_lose_nothing_are_told_so() {
    let (code, text) = from_nginx("apps.yaml", &[]);
    for line in [
        "Ingress shop/shop",
        "on HTTP: redirects to HTTPS",
        "shop.example.com / -> 302 #{protocol}://#{host}/webui",
        "shop.example.com /* -> shop/shop-shop:80 (80), shop/shop-shop-next:80 (20)",
        "tools.example.com ~^/workflows(/|$)(.*) -> URL",
        "Nothing is lost of 3 Ingresses.",
    ] {
        assert!(text.contains(line), "{line}: {text}");
    }
    let is_header = |line: &&str| line.trim_start().starts_with("ANNOTATION");
    assert_eq!(text.lines().filter(is_header).count(), 3, "{text}");
    assert_eq!(code, Some(0), "{text}");
}

#[test]
fn manifests_of_ingress_nginx_that_lose_something_say_what_to_write_instead() {
    let (code, text) = from_nginx("lost.yaml", &[]);
    for line in ["serves nothing", "auth-url", "auth-type with oidc", "limit-rps", "rate-based"] {
        assert!(text.contains(line), "{line}: {text}");
    }
    assert!(text.contains("api.example.com /v1* -> team/api-api:http"), "{text}");
    assert!(text.contains("2 of 2 Ingresses lose something."), "{text}");
    assert_eq!(code, Some(2), "{text}");
    let (code, text) = from_nginx("lost.yaml", &["-o", "json"]);
    let document: serde_json::Value = serde_json::from_str(&text).unwrap();
    let lines = |place: usize| document["ingresses"][place]["lines"].as_array().unwrap().clone();
    let outcomes = |place: usize| {
        let lines = lines(place).into_iter();
        lines.map(|line| line["outcome"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(outcomes(0), ["lost", "lost"], "{text}");
    assert_eq!(outcomes(1), ["refused", "refused"], "{text}");
    assert_eq!(document["ingresses"][1]["rules"], serde_json::json!([]));
    assert_eq!(code, Some(2));
}

#[test]
fn who_adopts_from_ingress_nginx_gives_manifests() {
    for arguments in [
        &["--from", "nginx"][..],
        &["-f", "x"],
        &["--from", "nginx", "-f", "x", "--back"],
        &["--from", "nginx", "-f", "/nowhere"],
    ] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_albedo"));
        let output = command.env_clear().arg("adopt").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {output:?}");
    }
}
