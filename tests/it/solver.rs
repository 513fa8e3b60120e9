//! Challenges of ACME: cert-manager's Ingresses for them, and the paths that it writes into others.

use super::support::canon;
use super::support::fake::Fake;
use super::support::site::{Controller, Site};
use super::support::world::{CERTIFICATE, key, settings, wait};

/// What answers, as cert-manager makes it: a Service of type NodePort, and one pod.
const ANSWERS: &str = "
service shop/solver: {ports: ['http=8089:8089@31009']}
endpoints shop/solver: {ports: {http: 8089}, at: [172.31.1.99]}
";
const PATH: &str = "/.well-known/acme-challenge/Tok-en_1";

/// Its Ingress: with a class, in a namespace, for a host.
fn solver(class: &str, name: &str, host: &str) -> String {
    format!(
        "ingress {name}:
           {{class: {class}, labels: {{acme.cert-manager.io/http01-solver: 'true'}},
            rules: ['{host} ImplementationSpecific {PATH} solver:8089']}}"
    )
}

/// A group of a class of ours that sends everybody to HTTPS, and one of LBC's that asks clients to
/// log in.
fn served() -> String {
    let login = r#"{"issuer":"https://i","authorizationEndpoint":"https://i/a","tokenEndpoint":"https://i/t","userInfoEndpoint":"https://i/u","secretName":"login"}"#;
    format!(
        "
class own: {{controller: alb.ingress.k8s.aws/albedo}}
service shop/web: {{ports: ['80:8080']}}
secret shop/login: {{texts: {{clientID: c, clientSecret: s}}}}
ingress shop/redirected:
  {{class: own, group.name: redirected, certificate-arn: '{CERTIFICATE}', ssl-redirect: '443',
   listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', rules: [r.example.com Prefix / web:80]}}
ingress shop/asked:
  {{class: alb, group.name: asked, certificate-arn: '{CERTIFICATE}', auth-type: oidc,
   auth-idp-oidc: '{login}',
   listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]',
   rules: [a.example.com Exact /one web:80, a.example.com Prefix / web:80]}}
"
    )
}

async fn served_site() -> (Site, Controller<Fake>) {
    let site = Site::new(&format!("{}{ANSWERS}", served()));
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    let controller = site.settle().await;
    site.aws.forget_calls();
    (site, controller)
}

/// The rules at port 80 of a load balancer that lead to what answers.
fn answering(site: &Site) -> Vec<String> {
    let rules = canon::rules(&site.aws.everything());
    rules.into_iter().filter(|rule| rule.contains("acme-challenge")).collect()
}

/// Everything, apart from where rules are called and what has been asked.
fn picture(site: &Site) -> (Vec<String>, Vec<String>) {
    let state = site.aws.everything();
    (canon::aws(&state), canon::cluster(&site.cluster, &state))
}

#[test]
fn a_solver_s_path_stands_above_redirects_and_logins_and_goes_with_it() {
    wait(async {
        let (site, controller) = served_site().await;
        let before = picture(&site);
        for (class, host) in [
            ("null", "r.example.com"),
            ("own", "r.example.com"),
            ("alb", "r.example.com"),
            ("null", "a.example.com"),
            ("own", "a.example.com"),
            ("alb", "a.example.com"),
        ] {
            controller.cluster.add(&solver(class, "shop/solver", host));
            controller.settle_for(20).await;
            let what = format!("{class} {host}");
            let rule = format!("80:1 {host} {PATH} -> shop/solver-solver:8089");
            assert_eq!(answering(&site), [rule], "{what}");
            let state = site.aws.everything();
            let group = state.target_groups.values().find(|group| group.spec.port == 8089);
            let targets: Vec<String> =
                group.unwrap().targets.keys().map(ToString::to_string).collect();
            assert!(targets.len() == 1 && targets[0].contains("172.31.1.99"), "{targets:?}");
            let calls = site.aws.calls();
            for never in ["CreateLoadBalancer", "CreateListener", "ModifyListener", "AddTags"] {
                assert!(!calls.contains_key(&format!("elbv2.{never}")), "{what}: {never}");
            }
            assert!(!calls.contains_key("route53.ChangeResourceRecordSets"), "{what}");
            let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
            let found = &ingresses[&key("shop/solver")];
            assert!(found.metadata.finalizers.is_empty() && found.status.is_empty(), "{what}");
            // Nobody is in doubt who has not seen it come.
            controller.look_again();
            controller.settle_for(1).await;
            site.aws.forget_calls();
            controller.cluster.delete(&key("shop/solver"));
            controller.settle_for(1).await;
            assert_eq!(answering(&site), [] as [String; 0], "{what}");
            assert!(!site.aws.calls().contains_key("elbv2.AddTags"), "{what}");
            controller.settle().await;
            assert_eq!(picture(&site), before, "{what}");
        }
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn with_room_between_priorities_a_solver_moves_and_renames_no_rule() {
    wait(async {
        let site = Site::new(&format!(
            "
class k8s: {{controller: alb.ingress.k8s.aws/k8s, alb.ingress.k8s.aws/precedence: kubernetes}}
service shop/web: {{ports: ['80:8080']}}
ingress shop/web:
  {{class: k8s, rules: [a.example.com Exact /one web:80, a.example.com Prefix / web:80]}}
{ANSWERS}"
        ));
        let controller = site.settle().await;
        let before = picture(&site);
        site.aws.forget_calls();
        controller.cluster.add(&solver("k8s", "shop/solver", "a.example.com"));
        controller.settle_for(20).await;
        let [answer] = &answering(&site)[..] else { panic!("{:?}", answering(&site)) };
        let first = canon::rules(&site.aws.everything()).into_iter().next();
        assert_eq!(first.as_ref(), Some(answer));
        controller.cluster.delete(&key("shop/solver"));
        controller.settle().await;
        let calls = site.aws.calls();
        for never in ["SetRulePriorities", "AddTags", "RemoveTags", "ModifyRule"] {
            assert!(!calls.contains_key(&format!("elbv2.{never}")), "{never}: {calls:?}");
        }
        assert_eq!(picture(&site), before);
    });
}

#[test]
fn what_a_solver_left_while_nobody_watched_goes() {
    wait(async {
        let (site, controller) = served_site().await;
        let before = picture(&site);
        controller.cluster.add(&solver("null", "shop/solver", "r.example.com"));
        controller.settle().await;
        drop(controller);
        site.cluster.delete(&key("shop/solver"));
        let controller = site.settle().await;
        assert_eq!(picture(&site), before);
        // And it is served at once by whoever starts while it stands.
        drop(controller);
        site.cluster.add(&solver("null", "shop/solver", "r.example.com"));
        site.settle().await;
        assert_eq!(answering(&site).len(), 1);
    });
}

#[test]
fn whoever_is_no_solver_of_a_served_host_is_a_newcomer_like_any_other() {
    wait(async {
        let (site, controller) = served_site().await;
        let others = "
class nginx: {controller: k8s.io/ingress-nginx}
service away/solver: {ports: ['http=8089:8089@31009']}
";
        controller.cluster.add(others);
        // Another's class, a host that nobody serves, another namespace.
        controller.cluster.add(&solver("nginx", "shop/theirs", "r.example.com"));
        controller.cluster.add(&solver("null", "shop/classless", "x.example.com"));
        controller.cluster.add(&solver("null", "away/classless", "r.example.com"));
        let unlabelled = solver("null", "shop/unlabelled", "r.example.com");
        controller.cluster.add(&unlabelled.replace("http01-solver", "other"));
        let below = solver("null", "shop/below", "r.example.com");
        controller.cluster.add(&below.replace("Tok-en_1", "a/b"));
        controller.settle().await;
        assert_eq!(answering(&site), [] as [String; 0]);
        assert_eq!(site.aws.everything().load_balancers.len(), 2);
        controller.cluster.add(&solver("alb", "away/named", "r.example.com"));
        controller.settle().await;
        assert_eq!(site.aws.everything().load_balancers.len(), 3, "its own, as with LBC");
        // Who names a group is in that one, as with LBC.
        let named = solver("alb", "shop/named", "a.example.com");
        controller.cluster.add(&named.replace("class: alb", "class: alb, group.name: asked"));
        controller.settle().await;
        let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
        assert!(!ingresses[&key("shop/named")].metadata.finalizers.is_empty());
    });
}

#[test]
fn a_solver_that_comes_before_its_host_is_served_joins_when_it_is() {
    wait(async {
        let site = Site::new(ANSWERS);
        let controller = site.start();
        // With a class it gets a load balancer of its own, as long as nobody serves its host.
        controller.cluster.add(&solver("alb", "shop/solver", "r.example.com"));
        controller.settle().await;
        assert_eq!(site.aws.everything().load_balancers.len(), 1);
        controller.cluster.add(&served());
        controller.settle().await;
        assert_eq!(site.aws.everything().load_balancers.len(), 2);
        assert_eq!(answering(&site).len(), 1);
        // The host goes to another group, and then away.
        let moved = served().replace("group.name: redirected", "group.name: other");
        controller.cluster.add(&moved);
        controller.settle().await;
        assert_eq!(answering(&site).len(), 1);
        controller.cluster.delete(&key("shop/redirected"));
        controller.settle().await;
        assert_eq!(site.refused(), 0);
        let ingresses = site.cluster.objects.read().unwrap().ingresses.clone();
        let own = ingresses[&key("shop/solver")].metadata.finalizers.clone();
        assert!(!own.is_empty(), "it is a newcomer again");
    });
}

#[test]
fn nobody_answers_for_a_host_that_another_namespace_is_served_at() {
    wait(async {
        let (site, controller) = served_site().await;
        let intruder = "
service evil/web: {ports: ['80:8080']}
service evil/solver: {ports: ['http=8089:8089@31009']}
ingress evil/web: {class: own, group.name: redirected, rules: [r.example.com Prefix /e web:80]}
";
        controller.cluster.add(intruder);
        controller.cluster.add(&solver("null", "evil/solver", "r.example.com"));
        controller.settle().await;
        assert_eq!(answering(&site), [] as [String; 0]);
        let events = site.cluster.events();
        assert!(events.iter().any(|event| event.object.key == key("evil/solver")), "{events:?}");
        // Nor by writing into its own Ingress.
        let in_place = format!(
            "ingress evil/web:
               {{class: own, group.name: redirected,
                acme.cert-manager.io/http01-edit-in-place: 'true',
                rules: [r.example.com Prefix /e web:80,
                        r.example.com ImplementationSpecific {PATH} solver:8089]}}"
        );
        controller.cluster.add(&in_place);
        controller.settle().await;
        assert_eq!(answering(&site), [] as [String; 0]);
        // The owner's is answered.
        controller.cluster.add(&solver("null", "shop/solver", "r.example.com"));
        controller.settle().await;
        assert_eq!(answering(&site).len(), 1);
    });
}

#[test]
fn a_path_that_is_written_into_an_ingress_stands_above_its_own_and_goes() {
    wait(async {
        let (site, controller) = served_site().await;
        let before = picture(&site);
        for (name, host) in [("redirected", "r.example.com"), ("asked", "a.example.com")] {
            let edited = served();
            let edit = "acme.cert-manager.io/http01-edit-in-place: 'true', ";
            let edited = edited
                .replace(&format!("group.name: {name}, "), &format!("group.name: {name}, {edit}"));
            let path = format!(", {host} ImplementationSpecific {PATH} solver:8089]");
            let edited = edited.replace(
                &format!("{host} Prefix / web:80]"),
                &format!("{host} Prefix / web:80{path}"),
            );
            controller.cluster.add(&edited);
            controller.settle().await;
            let rule = format!("80:1 {host} {PATH} -> shop/{name}-solver:8089");
            assert_eq!(answering(&site), [rule]);
            let state = site.aws.everything();
            let group = state.target_groups.values().find(|group| group.spec.port == 8089);
            assert_eq!(group.unwrap().spec.target_type.as_str(), "ip");
            controller.cluster.add(&served());
            controller.settle().await;
            assert_eq!(picture(&site), before);
        }
    });
}

#[test]
fn without_a_port_to_ask_on_the_solver_is_told() {
    wait(async {
        let sketch = format!(
            "
service shop/web: {{ports: ['80:8080']}}
ingress shop/web:
  {{class: alb, certificate-arn: '{CERTIFICATE}', listen-ports: '[{{\"HTTPS\":443}}]',
   rules: [s.example.com Prefix / web:80]}}
{ANSWERS}"
        );
        let site = Site::new(&sketch);
        let controller = site.settle().await;
        let before = picture(&site);
        controller.cluster.add(&solver("null", "shop/solver", "s.example.com"));
        controller.settle().await;
        assert_eq!(picture(&site).0, before.0);
        let events = site.cluster.events();
        let told = events.iter().find(|event| event.object.key == key("shop/solver"));
        assert!(told.is_some_and(|event| event.message.contains("port 80")), "{events:?}");
    });
}

#[test]
fn from_a_missing_secret_to_https_and_a_renewal_by_one_call() {
    wait(async {
        let mut settings = settings();
        settings.tls_secrets = true;
        let sketch = format!(
            "
service shop/web: {{ports: ['80:8080']}}
ingress shop/web:
  {{ssl-redirect: '443', tls: [tls public.example.com],
   rules: [public.example.com Prefix / web:80]}}
{ANSWERS}"
        );
        let site = Site::with(settings, &sketch);
        let controller = site.settle().await;
        let ports = || {
            let state = site.aws.everything();
            state.listeners.values().map(|listener| listener.port).collect::<Vec<_>>()
        };
        assert_eq!(ports(), [80]);
        controller.cluster.add(&solver("null", "shop/solver", "public.example.com"));
        controller.settle().await;
        assert_eq!(answering(&site).len(), 1);
        controller.cluster.add("secret shop/tls: {fixture: ec}");
        controller.cluster.delete(&key("shop/solver"));
        controller.settle().await;
        let mut all = ports();
        all.sort_unstable();
        assert_eq!((all, answering(&site).len()), (vec![80, 443], 0));
        site.aws.forget_calls();
        controller.cluster.add("secret shop/tls: {fixture: renewed}");
        controller.settle().await;
        let writes: Vec<_> =
            site.aws.performed().iter().map(|action| action.operation().1).collect();
        assert_eq!(writes, ["ImportCertificate"]);
    });
}
