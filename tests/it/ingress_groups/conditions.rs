//! Each condition in each of its states.

use albedo::model::id::AwsId;
use albedo::model::ingress_group::Aspect;
use albedo::model::record::RecordType;
use albedo::model::target::TargetState;

use super::{A_WHILE, WEB, look, message, named, says, shown, site, status};
use crate::support::site::Site;
use crate::support::world::wait;
use crate::zones::alias;

#[test]
fn a_load_balancer_is_awaited_set_up_and_not_taken_for_well_while_a_step_fails() {
    wait(async {
        let site = site(&format!(
            "{WEB}
ingress shop/a: {{rules: [a.example.com Prefix /a web:80]}}"
        ));
        site.aws.take_time();
        let controller = site.start();
        controller.settle_for(60).await;
        controller.pass(A_WHILE).await;
        assert_eq!(says(&site, "shop/a", Aspect::Programmed), "False Provisioning");
        assert_eq!(says(&site, "shop/a", Aspect::DnsReady), "False NoRecord");
        assert_eq!(says(&site, "shop/a", Aspect::Ready), "False Programmed");
        assert_eq!(says(&site, "shop/a", Aspect::CertificatesReady), "True NoneAsked");
        site.aws.be_quick();
        controller.settle().await;
        look(&controller).await;
        assert_eq!(says(&site, "shop/a", Aspect::Ready), "True Served");
        site.aws.forbid(&["elbv2.CreateRule"]);
        controller.cluster.add(
            "ingress shop/a: {rules: [a.example.com Prefix /a web:80, a.example.com Exact /b web:80]}",
        );
        controller.settle_for(30).await;
        controller.pass(A_WHILE).await;
        // Who is refused is told so by an Event, whose reason it is.
        assert_eq!(says(&site, "shop/a", Aspect::Programmed), "False FailedDeployModel");
        let said = message(&site, "shop/a", Aspect::Programmed);
        assert!(said.contains("Ingress shop/a: elbv2.CreateRule"), "{said}");
        assert!(said.contains("docs/errors.md#a"), "{said}");
        assert_eq!(status(&site, "shop/a").problem_count, 1);
        site.aws.mend();
        site.aws.forbid(&[]);
        controller.settle().await;
        controller.pass(A_WHILE).await;
        assert_eq!(says(&site, "shop/a", Aspect::Programmed), "True Programmed");
        assert_eq!(status(&site, "shop/a").problem_count, 0);
    });
}

#[test]
fn what_is_wrong_with_a_member_and_what_cannot_be_read_is_said() {
    wait(async {
        let site = site(&format!(
            "{WEB}
ingress shop/a: {{group.name: edge, rules: [a.example.com Prefix /a web:80]}}
ingress shop/b: {{group.name: edge, target-type: lambda,
  rules: [a.example.com Prefix /b web:80]}}"
        ));
        let controller = shown(&site).await;
        assert_eq!(says(&site, "edge", Aspect::Programmed), "False InvalidAnnotation");
        let said = message(&site, "edge", Aspect::Programmed);
        assert!(said.starts_with("Ingress shop/b: "), "{said}");
        assert!(said.contains("(A104, docs/errors.md#a104-invalidannotation)"), "{said}");
        let problems = status(&site, "edge").problems;
        assert_eq!((&*problems[0].object, &*problems[0].number), ("Ingress shop/b", "A104"));
        site.aws.outage(&["elbv2"]);
        look(&controller).await;
        assert_eq!(says(&site, "edge", Aspect::Programmed), "Unknown Unread");
        assert_eq!(says(&site, "edge", Aspect::Ready), "Unknown Programmed");
    });
}

#[test]
fn a_group_without_a_load_balancer_says_so() {
    wait(async {
        let site = site(&format!(
            "{WEB}
ingress shop/a: {{subnets: subnet-none, rules: [a.example.com Prefix /a web:80]}}"
        ));
        let controller = site.start();
        controller.settle_for(60).await;
        controller.pass(A_WHILE).await;
        let said = says(&site, "shop/a", Aspect::Programmed);
        assert!(["False NoSubnets", "False NoLoadBalancer"].contains(&&*said), "{said}");
        assert_eq!(status(&site, "shop/a").load_balancer, None);
        assert!(status(&site, "shop/a").problem_count > 0);
    });
}

#[test]
fn targets_are_counted_and_a_target_group_that_serves_nobody_is_named() {
    wait(async {
        let site = site(&format!(
            "{WEB}
service shop/none: {{ports: ['80:8080']}}
ingress shop/a: {{rules: [a.example.com Prefix /a web:80]}}
ingress shop/none: {{rules: [n.example.com Prefix /a none:80]}}
ingress shop/fixed: {{rules: [f.example.com Prefix /a fix:use-annotation],
  actions.fix: '{{\"type\":\"fixed-response\",\"fixedResponseConfig\":{{\"statusCode\":\"404\"}}}}'}}"
        ));
        let controller = site.settle().await;
        controller.pass(A_WHILE).await;
        // Nobody looks by itself at what was registered.
        assert_eq!(says(&site, "shop/a", Aspect::TargetsHealthy), "Unknown Registered");
        assert_eq!(says(&site, "shop/a", Aspect::Ready), "Unknown TargetsHealthy");
        assert_eq!(says(&site, "shop/none", Aspect::TargetsHealthy), "False NoTargets");
        assert_eq!(says(&site, "shop/fixed", Aspect::TargetsHealthy), "True NoTargetGroups");
        look(&controller).await;
        assert_eq!(says(&site, "shop/a", Aspect::TargetsHealthy), "True Healthy");
        let ill = |count: usize| {
            site.aws.change(|state| {
                let targets =
                    state.target_groups.values_mut().flat_map(|it| it.targets.values_mut());
                for (place, state) in targets.enumerate() {
                    let is_ill = place < count;
                    *state = if is_ill { TargetState::Unhealthy } else { TargetState::Healthy };
                }
            });
        };
        ill(1);
        look(&controller).await;
        assert_eq!(says(&site, "shop/a", Aspect::TargetsHealthy), "True PartlyHealthy");
        assert_eq!(status(&site, "shop/a").targets_healthy, "1/2");
        ill(2);
        look(&controller).await;
        assert_eq!(says(&site, "shop/a", Aspect::TargetsHealthy), "False NoneHealthy");
        let said = message(&site, "shop/a", Aspect::TargetsHealthy);
        assert!(said.contains("shop/a-web:80"), "{said}");
    });
}

#[test]
fn certificates_that_are_missing_or_end_are_said() {
    wait(async {
        let mut settings = named();
        settings.tls_secrets = true;
        let sketch = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {at: [172.31.0.1]}
secret shop/tls: {fixture: brief}
ingress shop/web: {tls: [tls public.example.com], rules: [public.example.com Prefix / web:80]}
";
        let site = Site::with(settings, sketch);
        let controller = shown(&site).await;
        assert_eq!(says(&site, "shop/web", Aspect::CertificatesReady), "False InvalidSecret");
        assert_eq!(status(&site, "shop/web").certificates_ready, "0/1");
        // It holds from one hour after the beginning, for 49 hours.
        controller.pass(2 * 60 * 60).await;
        controller.settle().await;
        controller.pass(60 * 60).await;
        let said = message(&site, "shop/web", Aspect::CertificatesReady);
        assert_eq!(says(&site, "shop/web", Aspect::CertificatesReady), "True EndsSoon", "{said}");
        assert!(said.contains("within 3 days"), "{said}");
        assert_eq!(status(&site, "shop/web").certificates_ready, "1/1");
        controller.pass(50 * 60 * 60).await;
        let said = says(&site, "shop/web", Aspect::CertificatesReady);
        assert!(["False Ended", "False InvalidSecret"].contains(&&*said), "{said}");
        assert_eq!(status(&site, "shop/web").certificates_ready, "0/1");
    });
}

#[test]
fn names_that_lead_elsewhere_or_nowhere_or_cannot_be_read_are_said() {
    wait(async {
        let site = site(&format!(
            "{WEB}
ingress shop/a: {{rules: [a.example.com Prefix / web:80, c.example.com Prefix / web:80]}}
ingress shop/dark: {{rules: [a.dark.org Prefix / web:80]}}
ingress shop/other: {{rules: [a.other.net Prefix / web:80]}}
ingress shop/none: {{rules: [any Prefix / web:80]}}"
        ));
        site.aws.change(|state| {
            state.add_zone("ZDARK", "dark.org", false);
            state.unread_zones.insert(AwsId::new("ZDARK"));
            let foreign = alias("a.example.com", RecordType::A, "their.elb.amazonaws.com");
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.insert(foreign.key.clone(), foreign);
        });
        let controller = site.start();
        controller.settle_for(120).await;
        look(&controller).await;
        assert_eq!(says(&site, "shop/a", Aspect::DnsReady), "False ForeignRecord");
        assert_eq!(status(&site, "shop/a").names_ready, "1/2");
        assert_eq!(says(&site, "shop/dark", Aspect::DnsReady), "Unknown Unread");
        // Where a host leads that lies in no zone here is not known, and nobody's fault.
        assert_eq!(says(&site, "shop/other", Aspect::DnsReady), "Unknown NoHostedZone");
        assert_eq!(says(&site, "shop/other", Aspect::Ready), "True Served");
        assert_eq!(says(&site, "shop/none", Aspect::DnsReady), "True NoneAsked");
        site.aws.change(|state| {
            let zone = state.zones.get_mut(&AwsId::new("ZPUB")).unwrap();
            zone.records.retain(|key, _| key.name != "a.example.com");
        });
        look(&controller).await;
        assert_eq!(says(&site, "shop/a", Aspect::DnsReady), "True Led");
        // Who hears of a change in a zone are those whose names it is about.
        let writes = site.cluster.group_writes();
        controller.cluster.add(
            "ingress shop/a: {rules: [a.example.com Prefix / web:80, d.example.com Prefix / web:80]}",
        );
        controller.settle_for(30).await;
        controller.pass(A_WHILE).await;
        assert_eq!(says(&site, "shop/a", Aspect::DnsReady), "True Led");
        assert!(site.cluster.group_writes() - writes <= 2);
    });
}

#[test]
fn who_keeps_no_names_is_served_all_the_same_and_who_comes_close_to_a_limit_says_so() {
    wait(async {
        let rules: Vec<String> = (0..85).map(|i| format!("any Exact /{i} web:80")).collect();
        let rules = rules.join(", ");
        let site = Site::new(&format!("{WEB}\ningress shop/a: {{rules: [{rules}]}}"));
        let _controller = shown(&site).await;
        assert_eq!(says(&site, "shop/a", Aspect::DnsReady), "Unknown NotKept");
        assert_eq!(says(&site, "shop/a", Aspect::Ready), "True Served");
        assert_eq!(says(&site, "shop/a", Aspect::QuotaPressure), "True NearLimit");
        let said = message(&site, "shop/a", Aspect::QuotaPressure);
        assert!(said.contains("80 or more rules"), "{said}");
        assert_eq!(status(&site, "shop/a").rules, 85);
    });
}
