//! What older versions of AWS Load Balancer Controller leave behind is taken over without a change,
//! like what the present one does.
//!
//! What 3.5 leaves is what this program makes of LBC's classes: `observed` holds that to
//! recordings. What older versions leave is that with the differences of the table below.

use std::collections::BTreeSet;
use std::sync::Arc;

use albedo::model::action::KubeAction;
use albedo::model::index::Seen;
use albedo::model::settings::Settings;

use super::support::canon;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, CERTIFICATE_2, NODES, settings, wait};

/// A difference in what stands.
struct Difference {
    /// The last version that leaves it so.
    until: (u32, u32),
    /// What differs.
    what: &'static str,
    /// Where LBC's source says so.
    source: &'static str,
    /// Makes it so.
    make: fn(&Site),
}

const DIFFERENCES: [Difference; 2] = [
    Difference {
        until: (3, 4),
        what: "the default certificate is not among those that are chosen by host",
        source: "updateSDKListenerWithExtraCertificates in pkg/deploy/elbv2/listener_manager.go \
                 of v3.4.0, which v3.4.1 has changed",
        make: |site| {
            site.aws.change(|state| {
                for listener in state.listeners.values_mut() {
                    let spec = &mut listener.spec;
                    spec.certificates.retain(|one| Some(one) != spec.default_certificate.as_ref());
                }
            });
        },
    },
    Difference {
        until: (2, 13),
        what: "a TargetGroupBinding does not say what its target group speaks",
        source: "apis/elbv2/v1beta1/targetgroupbinding_types.go of v2.13.4, to which v2.14.0 has \
                 added targetGroupProtocol",
        make: |site| {
            let bindings = site.cluster.objects.read().unwrap().bindings.clone();
            for (key, binding) in bindings {
                let mut binding = (*binding).clone();
                binding.spec.target_group_protocol = None;
                site.cluster.see(&Seen::Binding(key, Some(Arc::new(binding))));
            }
        },
    },
];

/// What LBC serves: groups and Ingresses alone, pods and nodes, one certificate and several.
fn served() -> String {
    let both = "listen-ports: '[{\"HTTP\":80},{\"HTTPS\":443}]'";
    format!(
        "
service shop/s: {{ports: ['80:8080@31080']}}
endpoints shop/s: {{at: [172.31.0.1, 172.31.0.2]}}
service team/s: {{ports: ['http=80:8080']}}
endpoints team/s: {{ports: {{http: 8080}}, at: [172.31.1.1]}}
node n1: {{id: i-1, ready: true}}
ingress shop/http: {{rules: [http.example.com Prefix / s:80]}}
ingress shop/nodes: {{target-type: instance, rules: [nodes.example.com Prefix / s:80]}}
ingress shop/one: {{certificate-arn: {CERTIFICATE}, rules: [one.example.com Exact /a s:80]}}
ingress shop/two: {{certificate-arn: '{CERTIFICATE},{CERTIFICATE_2}', ssl-redirect: 443,
  {both}, tags: team=a, rules: [two.example.com Prefix / s:80]}}
ingress shop/edge: {{group.name: edge, group.order: 2, certificate-arn: {CERTIFICATE_2}, {both},
  rules: [edge.example.com Prefix /a s:80], default: s:80}}
ingress team/edge: {{group.name: edge, group.order: 1, certificate-arn: {CERTIFICATE}, {both},
  rules: [edge.example.com Prefix /b s:http]}}
ingress team/own: {{security-groups: {NODES}, inbound-cidrs: 10.0.0.0/8, scheme: internet-facing,
  load-balancer-attributes: idle_timeout.timeout_seconds=30,
  rules: [own.example.com ImplementationSpecific '/x*' s:http]}}
"
    )
    .replace("'/x*'", "/x*")
}

/// What LBC is started with besides: each flag that shows in what it leaves.
const FLAGS: [&[&str]; 7] = [
    &[],
    &["--default-tags=team=core,env=prod"],
    &["--default-load-balancer-scheme=internet-facing"],
    &["--default-ssl-policy=ELBSecurityPolicy-TLS13-1-2-2021-06"],
    &["--enable-backend-security-group=false"],
    &["--disable-restricted-sg-rules=true"],
    &["--enable-manage-backend-security-group-rules=true"],
];

fn started_with(flags: &[&str]) -> Settings {
    let flags = [flags, &["--default-target-type=ip"]].concat();
    Settings { vpc: settings().vpc, ..super::flags::settings(&flags).unwrap() }
}

#[test]
fn what_any_version_leaves_is_taken_over_without_a_change() {
    wait(async {
        let versions = [(3, 5), (3, 2), (2, 13)];
        let each = versions.iter().flat_map(|version| FLAGS.map(|flags| (*version, flags)));
        let mut left = BTreeSet::new();
        for (version, flags) in each {
            let site = Site::with(started_with(flags), &served());
            drop(site.settle().await);
            let here = DIFFERENCES.iter().filter(|difference| version <= difference.until);
            let here: Vec<&Difference> = here.collect();
            for difference in &here {
                let before = (site.aws.everything(), site.cluster.objects.read().unwrap().clone());
                (difference.make)(&site);
                let after = (site.aws.everything(), site.cluster.objects.read().unwrap().clone());
                let has_changed = before.0 != after.0 || before.1.bindings != after.1.bindings;
                assert!(
                    has_changed,
                    "nothing stands of which {} ({})",
                    difference.what, difference.source
                );
            }
            // LBC remembers nothing of ours.
            site.cluster.forget_memories();
            site.aws.forget_calls();
            site.cluster.forget_calls();
            let before = canon::aws(&site.aws.everything());
            left.insert(before.clone());
            let controller = site.settle().await;
            controller.look_again();
            controller.settle().await;
            assert_eq!(site.aws.performed(), [], "{version:?} {flags:?}");
            assert_eq!(site.refused(), 0, "{version:?} {flags:?}");
            assert_eq!(canon::aws(&site.aws.everything()), before, "{version:?} {flags:?}");
            // A binding is filled in, as LBC of the present fills it in.
            let is_filled_in = |action: &KubeAction| {
                let fills = matches!(
                    action,
                    KubeAction::Rebind { .. } | KubeAction::CompleteBinding { .. }
                );
                fills && version <= (2, 13)
            };
            let mut others = site.cluster.performed();
            others.retain(|action| !is_filled_in(action));
            assert_eq!(others, [], "{version:?} {flags:?}");
        }
        assert_eq!(left.len(), FLAGS.len(), "each flag shows");
    });
}
