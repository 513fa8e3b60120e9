//! Beside AWS Load Balancer Controller: nothing of either is the other's.

use albedo::desired::classes::{Claim, claim};
use albedo::flags::{Cli, Command};
use albedo::model::action::{Action, AwsAction, Ec2Action, ElbAction, KubeAction};
use albedo::model::id::AwsId;
use albedo::model::settings::{Scope, Settings};

use super::support::canon;
use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::{NODES, World, key, settings, wait};

/// What LBC serves.
const THEIRS: &str = "
service shop/s: {ports: [80:8080]}
endpoints shop/s: {ports: {'': 8080}, at: [172.31.0.1]}
ingress shop/theirs: {target-type: ip, rules: [theirs.example.com Exact /a s:80]}
ingress shop/shared: {group.name: edge, target-type: ip, rules: [shared.example.com Exact /a s:80]}
";
/// What is served beside it.
const OURS: &str = "
class own: {controller: alb.ingress.k8s.aws/albedo}
ingress shop/ours: {class: own, target-type: ip, rules: [ours.example.com Exact /a s:80]}
ingress shop/also: {class: own, group.name: edge, target-type: ip,
  rules: [also.example.com Exact /a s:80]}
";

/// The settings of a process beside LBC, as the flag gives them.
fn own() -> Settings {
    let args = ["albedo", "run", "--scope=own"].map(Into::into);
    let (cli, _) = Cli::parse_with_notes(args).unwrap();
    let Command::Run(run) = cli.command else { panic!("{cli:?}") };
    let meant = run.build.settings("demo", "us-east-1".into(), AwsId::new("vpc-fake")).unwrap();
    let Settings { scope, cluster, cluster_named, .. } = meant;
    assert_eq!((scope, cluster.as_str()), (Scope::Own, "demo.own"));
    Settings { scope, cluster, cluster_named, ..settings() }
}

/// The same AWS and cluster, as a process beside LBC sees it.
fn beside(site: &Site) -> Site {
    Site { cluster: site.cluster.with(own()), ..site.clone() }
}

fn lines(aws: &Fake) -> Vec<String> {
    canon::aws(&aws.everything())
}

#[test]
fn lbcs_classes_and_its_annotation_are_its_own() {
    let mut world = World::new(&format!(
        "class alb:\n{THEIRS}{OURS}
ingress shop/annotated: {{class: null, kubernetes.io/ingress.class: alb}}
ingress shop/nobodys: {{class: null}}"
    ));
    world.settings = own();
    let is_ours = |name: &str| {
        let snapshot = world.snapshot();
        let (key, ingress) = (key(name), &snapshot.objects.ingresses[&key(name)]);
        matches!(claim(&world.settings, &snapshot.objects, &key, ingress), Claim::Ours(_))
    };
    assert!(is_ours("shop/ours") && is_ours("shop/also"));
    for theirs in ["shop/theirs", "shop/shared", "shop/annotated", "shop/nobodys"] {
        assert!(!is_ours(theirs), "{theirs}");
    }
}

#[test]
fn what_lbc_keeps_stays_as_it_is_and_what_is_kept_beside_it_goes_by_itself() {
    wait(async {
        let site = Site::new(THEIRS);
        site.settle().await;
        let bindings = |site: &Site| site.cluster.objects.read().unwrap().bindings.clone();
        let (before, bound) = (lines(&site.aws), bindings(&site));
        let beside = beside(&site);
        beside.cluster.add(OURS);
        let controller = beside.settle().await;
        let with_ours = lines(&site.aws);
        assert!(with_ours.iter().any(|line| line.contains("ours.example.com")), "{with_ours:#?}");
        let gone: Vec<_> = before.iter().filter(|line| !with_ours.contains(line)).collect();
        // The nodes let the load balancer beside LBC's in as well.
        let is_nodes = |line: &&String| line.starts_with("security group nodes:");
        assert!(gone.iter().all(is_nodes), "{gone:#?}");
        let nodes = with_ours.iter().find(is_nodes).unwrap();
        for rules in ["targetGroupBinding=shared", "targetGroupBinding=albedo"] {
            assert!(nodes.contains(rules), "{nodes}");
        }
        for (name, binding) in &bound {
            assert_eq!(bindings(&site).get(name), Some(binding));
        }
        for name in ["shop/ours", "shop/also"] {
            beside.cluster.delete(&key(name));
        }
        controller.settle().await;
        assert_eq!(lines(&site.aws), before);
        assert_eq!(bindings(&site), bound);
    });
}

#[test]
fn nothing_that_is_made_beside_lbc_bears_its_marks() {
    wait(async {
        let site = Site::with(own(), OURS);
        site.cluster.add("service shop/s: {ports: [80:8080]}");
        site.cluster.add("endpoints shop/s: {ports: {'': 8080}, at: [172.31.0.1]}");
        site.settle().await;
        let claims = site.cluster.performed().into_iter().filter_map(|action| match action {
            KubeAction::Claim { finalizer, .. } => Some(finalizer),
            _ => None,
        });
        let mut claims: Vec<String> = claims.collect();
        claims.sort();
        // LBC takes an Ingress with a finalizer of its own and another's class for one that leaves.
        assert_eq!(claims, ["alb.ingress.k8s.aws/resources", "group.alb.ingress.k8s.aws/edge"]);
        let mut descriptions = Vec::new();
        for action in site.aws.performed() {
            let text = canon::call(&Action::Aws(action.clone()));
            assert!(!text.contains("elbv2.k8s.aws/cluster=demo "), "{text}");
            if let AwsAction::Ec2(Ec2Action::AuthorizeIngress { group, description, .. }) = &action
                && group.given().is_some_and(|id| id.as_str() == NODES)
            {
                descriptions.push(description.clone());
            }
        }
        assert_eq!(descriptions, ["elbv2.k8s.aws/targetGroupBinding=albedo"]);
    });
}

#[test]
fn bindings_of_lbcs_are_not_even_spoken_of() {
    wait(async {
        let site = Site::new(THEIRS);
        site.settle().await;
        let told = site.cluster.events().len();
        site.cluster.apply(
            "apiVersion: elbv2.k8s.aws/v1beta1
kind: TargetGroupBinding
metadata: {name: nodes, namespace: shop}
spec: {targetGroupARN: 'arn:nodes', targetType: instance, serviceRef: {name: s, port: 80}}",
        );
        let beside = beside(&site);
        beside.settle().await;
        let spoken = site.cluster.events();
        assert_eq!(spoken.len(), told, "{spoken:#?}");
    });
}

#[test]
fn what_is_not_in_an_inventory_that_may_be_the_wrong_one_is_neither_unbound_nor_deregistered() {
    wait(async {
        let site = Site::new(THEIRS);
        site.settle().await;
        let (bound, calls) =
            (site.cluster.objects.read().unwrap().bindings.clone(), site.aws.performed().len());
        let name = "typo".to_owned();
        let settings = Settings { cluster: name.clone(), cluster_named: name, ..settings() };
        let wrong = Site { cluster: site.cluster.with(settings), ..site.clone() };
        wrong.start().settle_for(600).await;
        let now = site.cluster.objects.read().unwrap().bindings.clone();
        for (name, binding) in bound {
            assert_eq!(now.get(&name), Some(&binding), "{name}");
        }
        let performed = site.aws.performed().split_off(calls);
        let takes = |action: &AwsAction| {
            matches!(action, AwsAction::Elb(ElbAction::DeregisterTargets { .. }))
        };
        assert!(!performed.iter().any(takes), "{performed:#?}");
    });
}
