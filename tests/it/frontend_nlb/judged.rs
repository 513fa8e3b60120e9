//! What cannot be read of what is asked of it.

use crate::bad_member::check;
use crate::support::world::wait;

#[test]
fn each_annotation_of_the_frontend_nlb_is_judged() {
    wait(async {
        for (annotation, allowed) in [
            ("enable-frontend-nlb: maybe", "true, false"),
            ("frontend-nlb-scheme: public", "internal, internet-facing"),
            ("frontend-nlb-subnets: subnet-none", "subnet-none, which vpc-fake does not have"),
            ("frontend-nlb-security-groups: sg-none", "sg-none, which vpc-fake does not have"),
            ("frontend-nlb-listener-port-mapping: http=80", "pairs of ports from 1 to 65535"),
            ("frontend-nlb-eip-allocations: 192.0.2.1", "ids of allocations between commas"),
            ("frontend-nlb-healthcheck-port: http", "traffic-port, or a port number"),
            ("frontend-nlb-healthcheck-protocol: TCP", "HTTP, HTTPS"),
            ("frontend-nlb-healthcheck-path: healthz", "that starts with /"),
            ("frontend-nlb-healthcheck-interval-seconds: 4", "from 5 to 300"),
            ("frontend-nlb-healthcheck-timeout-seconds: 1", "from 2 to 120"),
            ("frontend-nlb-healthcheck-healthy-threshold-count: 11", "from 2 to 10"),
            ("frontend-nlb-healthcheck-unhealthy-threshold-count: 1", "from 2 to 10"),
            ("frontend-nlb-healthcheck-success-codes: ok", "status codes from 200 to 599"),
            ("frontend-nlb-attributes: cross-zone", "key=value pairs"),
            ("frontend-nlb-tags: team", "key=value pairs"),
        ] {
            let reason = match annotation {
                text if text.contains("subnet-none") => "NoSubnets",
                text if text.contains("sg-none") => "NoSecurityGroup",
                _ => "InvalidAnnotation",
            };
            let body = format!("{annotation}, rules: [any Exact /x s:80]");
            check(
                &format!("ingress shop/bad: {{group.name: edge, {body}}}"),
                "shop/bad",
                reason,
                allowed,
            )
            .await;
        }
    });
}
