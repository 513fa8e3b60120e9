//! What is asked of listeners and load balancers while calls fail.

use albedo::model::id::AwsId;

use super::super::support::site::Site;
use super::super::support::world::{CERTIFICATE, wait};

const STORE: &str =
    "arn:aws:elasticloadbalancing:us-east-1:123456789012:truststore/ours/0123456789abcdef";
const SERVER: &str = "arn:aws:iam::123456789012:server-certificate/web";

/// What changes at a site that stands.
#[derive(Clone, Copy, Debug)]
pub enum Dress {
    /// All that can be asked for is.
    On,
    /// Otherwise than before: ports as well, the one of the network load balancer in front leads to
    /// another one.
    Other,
    /// Nothing of it is any more.
    Off,
    /// Members share their target groups.
    Share,
    /// Somebody comes for whom there is no room.
    Crowd,
}

fn app(more: &str) -> String {
    format!(
        "
class own: {{controller: alb.ingress.k8s.aws/albedo}}
service shop/web: {{ports: ['http=80:8080']}}
endpoints shop/web: {{ports: {{http: 8080}}, at: [172.31.0.1]}}
ingress shop/web:
  class: own
  group.name: edge
  target-type: ip
  certificate-arn: '{CERTIFICATE},{SERVER}'
{more}
  rules: [any Exact /a web:80]
"
    )
}

fn plain() -> String {
    app(r#"  listen-ports: '[{"HTTP":80},{"HTTPS":443}]'"#)
}

fn dressed(port: u16, idle: u8, mode: &str) -> String {
    app(&format!(
        "  listen-ports: '[{{\"HTTP\":{port}}},{{\"HTTPS\":443}}]'
  load-balancer-attributes: idle_timeout.timeout_seconds={idle}
  listener-attributes.HTTPS-443: routing.http.response.server.enabled=false
  target-group-attributes: deregistration_delay.timeout_seconds={idle}
  mutual-authentication: '[{{\"port\":443,{mode}}}]'
  minimum-load-balancer-capacity: CapacityUnits=1{idle}
  inbound-cidrs: 10.{idle}.0.0/16
  tags: team=t{idle}
  enable-frontend-nlb: 'true'
  frontend-nlb-listener-port-mapping: '80={port}'
  frontend-nlb-attributes: load_balancing.cross_zone.enabled=true"
    ))
}

fn tenants(class: &str) -> String {
    let each = ["a", "b"].map(|name| {
        format!(
            "ingress shop/{name}: {{class: own, group.name: edge, target-type: ip, \
             rules: [any Exact /{name} web:80]}}\n"
        )
    });
    format!(
        "
class own: {{controller: alb.ingress.k8s.aws/albedo{class}}}
service shop/web: {{ports: ['http=80:8080']}}
endpoints shop/web: {{ports: {{http: 8080}}, at: [172.31.0.1]}}
{}",
        each.concat()
    )
}

/// A member with so many certificates of IAM.
fn crowd(name: &str, certificates: std::ops::Range<usize>) -> String {
    let arns: Vec<String> = certificates.map(of_iam).collect();
    format!(
        "ingress shop/{name}: {{class: own, group.name: edge, certificate-arn: '{}', \
         rules: [any Exact /{name} web:80]}}\n",
        arns.join(",")
    )
}

fn of_iam(number: usize) -> String {
    format!("{SERVER}-{number}")
}

/// A site at which a change is about to be made.
pub fn site(dress: Dress) -> Site {
    let verify = r#""mode":"verify","trustStore":"ours""#;
    let on = || dressed(80, 90, verify);
    let (before, after) = match dress {
        Dress::On => (plain(), on()),
        Dress::Other => (on(), dressed(8080, 91, r#""mode":"passthrough""#)),
        Dress::Off => (on(), plain()),
        Dress::Share => {
            (tenants(""), tenants(", alb.ingress.k8s.aws/shared-target-groups: 'true'"))
        }
        // AWS takes 25 besides the default one.
        Dress::Crowd => {
            let first = format!("{}{}", tenants(""), crowd("one", 0..22));
            (first, format!("{}{}", crowd("last", 22..32), crowd("small", 0..1)))
        }
    };
    let site = Site::new(&before);
    site.aws.change(|state| {
        let crowd = (0..32).map(of_iam).chain([SERVER.to_owned()]);
        state.certificates.extend(crowd.map(AwsId::new));
        state.trust_stores.insert("ours".to_owned(), AwsId::new(STORE));
    });
    wait(site.settle());
    site.cluster.add(&after);
    site
}
