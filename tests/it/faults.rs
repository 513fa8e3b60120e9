//! Whatever call fails, and however: the end is as if none had failed.

use albedo::aws::Kind as AwsKind;
use albedo::cluster::Kind;
use albedo::model::settings::DnsScope;

use super::support::canon;
use super::support::cluster::Fault as ClusterFault;
use super::support::fake::{Death, Fault, Faulty, Struck, When};
use super::support::site::Site;
use super::support::world::{key, settings, wait};

mod front;
mod rules;

use front::Dress;
use rules::Change;

const BEFORE: &str = "
service shop/web: {ports: ['http=80:8080']}
service shop/api: {ports: ['80:9090']}
endpoints shop/web: {ports: {http: 8080}, at: [172.31.0.1, 172.31.0.2]}
endpoints shop/api: {ports: {'': 9090}, at: [172.31.0.3]}
secret shop/tls: {fixture: ec}
ingress shop/one: {group.name: edge, group.order: 1, tags: team=a, rules: [any Exact /1 web:80],
  tls: [tls public.example.com]}
ingress shop/two: {group.name: edge, group.order: 2, rules: [any Exact /2 api:80]}
";

/// An Ingress that asks ACM for a certificate of these hosts.
fn asking(host: &str) -> String {
    format!(
        "
class own: {{controller: alb.ingress.k8s.aws/albedo}}
service shop/web: {{ports: ['http=80:8080']}}
ingress shop/asks:
  {{class: own, group.name: edge, create-acm-cert: 'true',
   rules: [{host} Exact /1 web:80, same.example.com Exact /2 web:80]}}
"
    )
}

/// What answers a challenge of ACME for one of them.
const SOLVER: &str = "
service shop/solver: {ports: ['http=8089:8089@31009']}
endpoints shop/solver: {ports: {http: 8089}, at: [172.31.0.9]}
ingress shop/solver:
  {class: null, labels: {acme.cert-manager.io/http01-solver: 'true'},
   rules: [same.example.com Exact /.well-known/acme-challenge/token solver:8089]}
";

/// What happens to a site that stands.
#[derive(Clone, Copy, Debug)]
enum Step {
    Make,
    Change,
    Replace,
    Delete,
    Ask,
    AskForAnother,
    AskNoMore,
    Answer,
    Rules(Change),
    Front(Dress),
}

impl Step {
    /// The services that it cannot be taken without.
    fn services(self) -> &'static [&'static str] {
        match self {
            Self::Rules(_) => &["elbv2"],
            Self::Front(_) => &["ec2", "elbv2"],
            _ => &["ec2", "elbv2", "acm", "route53"],
        }
    }

    /// How many calls it takes at least.
    fn calls_min(self) -> usize {
        match self {
            Self::Rules(_) => 3,
            Self::Front(_) => 4,
            _ => 6,
        }
    }
}

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Blow {
    Throttle,
    Error,
    LostReply,
    Kill,
    KillAfter,
}

const BLOWS: [Blow; 5] =
    [Blow::Throttle, Blow::Error, Blow::LostReply, Blow::Kill, Blow::KillAfter];

impl Blow {
    fn is_done(self) -> bool {
        matches!(self, Self::LostReply | Self::KillAfter)
    }

    fn kills(self) -> bool {
        matches!(self, Self::Kill | Self::KillAfter)
    }
}

/// A site with a hosted zone, whose hosts and Secrets count whatever their class.
fn empty() -> Site {
    let mut settings = settings();
    settings.tls_secrets = true;
    settings.dns.scope = DnsScope::All;
    let site = Site::with(settings, "");
    site.aws.change(|state| state.add_zone("ZPUB", "example.com", false));
    site
}

fn fresh() -> Site {
    let site = empty();
    site.cluster.add(BEFORE);
    site
}

/// A site at which a step is about to be taken.
fn site(step: Step) -> Site {
    let site = match step {
        Step::Make => fresh(),
        Step::Change => {
            let site = fresh();
            wait(site.settle());
            site.cluster.add(
                "
ingress shop/one:
  group.name: edge
  group.order: 1
  target-group-attributes: deregistration_delay.timeout_seconds=5
  inbound-cidrs: 10.0.0.0/8
  rules: [any Exact /0 web:http, new.example.com Exact /1 web:80]
  tls: [tls public.example.com]
secret shop/tls: {fixture: renewed}
endpoints shop/api: {ports: {'': 9090}, at: [172.31.0.4]}
",
            );
            site.cluster.delete(&key("shop/two"));
            site
        }
        Step::Replace => {
            let site = fresh();
            wait(site.settle());
            site.cluster.add(
                "
ingress shop/one:
  {group.name: edge, group.order: 1, tags: team=a, scheme: internet-facing,
   rules: [any Exact /1 web:80], tls: [tls public.example.com]}
ingress shop/two:
  {group.name: edge, group.order: 2, scheme: internet-facing, backend-protocol: HTTPS,
   rules: [any Exact /2 api:80]}
",
            );
            site
        }
        Step::Delete => {
            let site = fresh();
            wait(site.settle());
            for name in ["shop/one", "shop/two"] {
                site.cluster.delete(&key(name));
            }
            site
        }
        Step::Ask | Step::AskForAnother | Step::AskNoMore | Step::Answer => asked(step),
        Step::Rules(change) => rules::site(change),
        Step::Front(dress) => front::site(dress),
    };
    site.aws.forget_calls();
    site.cluster.forget_calls();
    site
}

/// The same where ACM is asked.
fn asked(step: Step) -> Site {
    let site = empty();
    site.cluster.add(&asking("a.example.com"));
    if let Step::AskNoMore = step {
        // Somebody else asks for another one all along.
        let other = asking("c.example.com").replace("shop/asks", "shop/keeps");
        site.cluster.add(&other.replace("same.example.com", "d.example.com"));
    }
    if let Step::Ask = step {
        return site;
    }
    wait(site.settle());
    match step {
        Step::AskForAnother => site.cluster.add(&asking("b.example.com")),
        Step::Answer => {
            site.cluster.add(SOLVER);
            site.cluster.add(&asking("b.example.com"));
        }
        _ => site.cluster.delete(&key("shop/asks")),
    }
    site
}

/// What stands in the end.
fn end(site: &Site) -> (Vec<String>, Vec<String>) {
    let state = site.aws.everything();
    (canon::aws(&state), canon::cluster(&site.cluster, &state))
}

/// Which side's nth call fails.
#[derive(Clone, Copy, Debug)]
enum Side {
    Aws,
    /// The writes alone, where a run is long.
    AwsWrites,
    Cluster,
}

/// Takes a step while one call fails; then, if that killed the process, starts another one.
fn run(step: Step, side: Side, nth: usize, blow: Blow) -> Site {
    let site = site(step);
    let death = blow.kills().then(Death::new);
    let is_done = blow.is_done();
    let faults = match side {
        Side::Cluster => Vec::new(),
        Side::Aws | Side::AwsWrites => {
            let kind = if blow == Blow::Throttle { AwsKind::Throttled } else { AwsKind::Transient };
            let when = if is_done { When::After } else { When::Before };
            let struck = if let Side::Aws = side { Struck::Any } else { Struck::Writes };
            vec![Fault { struck, nth, when, kind }]
        }
    };
    let mut aws = Faulty::new(site.aws.clone(), faults);
    if let Some(death) = &death {
        aws = aws.deadly(death);
    }
    if let Side::Cluster = side {
        let kind = if blow == Blow::Throttle { Kind::Throttled } else { Kind::Transient };
        site.cluster.fail(Some(ClusterFault { nth, kind, is_done, kills: death.clone() }));
    }
    wait(async {
        let controller = site.start_on(aws);
        let Some(death) = death else { return controller.settle().await };
        tokio::select! {
            biased;
            () = death.awaited() => {}
            () = controller.settle() => {}
        }
        drop(controller);
        site.cluster.fail(None);
        site.settle().await;
    });
    site
}

fn check(step: Step, side: Side) {
    let clean = run(step, side, usize::MAX, Blow::Error);
    let calls = match side {
        Side::Aws => clean.aws.calls().values().sum(),
        Side::AwsWrites => clean.aws.performed().len(),
        Side::Cluster => clean.cluster.calls(),
    };
    assert!(calls >= step.calls_min(), "{step:?} takes only {calls} calls");
    let operations = clean.aws.calls();
    for service in step.services() {
        let is_called = operations.keys().any(|operation| operation.starts_with(service));
        assert!(is_called, "{step:?} never calls {service}: {operations:?}");
    }
    let expected = end(&clean);
    for nth in 1..=calls {
        for blow in BLOWS {
            let site = run(step, side, nth, blow);
            let found = end(&site);
            assert_eq!(found, expected, "{step:?}: {blow:?} at call {nth} of {calls} to {side:?}");
            if let Step::Rules(change) = step {
                rules::check(change, &site);
            }
            // Nothing was even tried that has to wait for the call that failed.
            let refused = if blow.is_done() { 0 } else { site.refused() };
            assert_eq!(refused, 0, "{step:?}: {blow:?} at call {nth} of {calls} to {side:?}");
        }
    }
}

#[test]
fn making_survives_any_call_to_aws_that_fails() {
    check(Step::Make, Side::Aws);
}

#[test]
fn making_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Make, Side::Cluster);
}

#[test]
fn changing_survives_any_call_to_aws_that_fails() {
    check(Step::Change, Side::Aws);
}

#[test]
fn changing_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Change, Side::Cluster);
}

#[test]
fn replacing_survives_any_call_to_aws_that_fails() {
    check(Step::Replace, Side::Aws);
}

#[test]
fn replacing_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Replace, Side::Cluster);
}

#[test]
fn deleting_survives_any_call_to_aws_that_fails() {
    check(Step::Delete, Side::Aws);
}

#[test]
fn deleting_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Delete, Side::Cluster);
}

#[test]
fn asking_survives_any_call_to_aws_that_fails() {
    check(Step::Ask, Side::Aws);
}

#[test]
fn asking_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Ask, Side::Cluster);
}

#[test]
fn asking_for_another_certificate_survives_any_call_to_aws_that_fails() {
    check(Step::AskForAnother, Side::Aws);
}

#[test]
fn asking_no_more_survives_any_call_to_aws_that_fails() {
    check(Step::AskNoMore, Side::Aws);
}

#[test]
fn answering_survives_any_call_to_aws_that_fails() {
    check(Step::Answer, Side::Aws);
}

#[test]
fn answering_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Answer, Side::Cluster);
}

#[test]
fn a_change_of_weights_survives_any_call_to_aws_that_fails() {
    check(Step::Rules(Change::Weigh), Side::Aws);
}

#[test]
fn a_secret_s_renewal_survives_any_call_to_aws_that_fails() {
    check(Step::Rules(Change::Renew), Side::Aws);
}

#[test]
fn a_secret_s_renewal_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Rules(Change::Renew), Side::Cluster);
}

#[test]
fn a_swap_of_rules_at_their_quota_survives_any_write_that_fails() {
    check(Step::Rules(Change::Swap), Side::AwsWrites);
}

#[test]
fn all_that_can_be_asked_of_a_front_survives_any_call_to_aws_that_fails() {
    check(Step::Front(Dress::On), Side::Aws);
}

#[test]
fn all_that_can_be_asked_of_a_front_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Front(Dress::On), Side::Cluster);
}

#[test]
fn a_change_of_all_that_survives_any_call_to_aws_that_fails() {
    check(Step::Front(Dress::Other), Side::Aws);
}

#[test]
fn asking_for_none_of_it_any_more_survives_any_call_to_aws_that_fails() {
    check(Step::Front(Dress::Off), Side::Aws);
}

#[test]
fn asking_for_none_of_it_any_more_survives_any_call_to_the_cluster_that_fails() {
    check(Step::Front(Dress::Off), Side::Cluster);
}

#[test]
fn sharing_target_groups_survives_any_call_to_aws_that_fails() {
    check(Step::Front(Dress::Share), Side::Aws);
}

#[test]
fn who_has_no_room_is_not_let_in_whatever_call_to_aws_fails() {
    check(Step::Front(Dress::Crowd), Side::Aws);
}

#[test]
fn the_end_of_deleting_is_nothing() {
    let clean = run(Step::Delete, Side::Aws, usize::MAX, Blow::Error);
    assert_eq!(end(&clean), end(&empty()));
}
