//! Apps that ask clients to log in, and whose targets others than the load balancer reach.

use albedo::model::id::{AwsId, Id};
use albedo::model::security::{IngressRule, Peer};

use super::super::support::site::Site;
use super::super::support::world::{CERTIFICATE, NODES, wait};
use super::SERVICES;

const LOGIN: &str = r#"auth-type: cognito
  listen-ports: '[{"HTTPS":443}]'
  auth-idp-cognito: '{"userPoolARN":"arn:aws:cognito-idp:us-east-1:1:userpool/us-east-1_a",
    "userPoolClientID":"c","userPoolDomain":"d"}'"#;

#[test]
fn who_asks_for_a_login_where_addresses_reach_the_app_is_told_once() {
    wait(async {
        let site = Site::new(&format!(
            "{SERVICES}endpoints shop/web: {{ports: {{http: 8080}}, at: [172.31.0.1]}}\n\
             ingress shop/web:\n  certificate-arn: {CERTIFICATE}\n  {LOGIN}\n  \
             rules: [a.example.com Exact /a web:80]\n\
             ingress shop/open: {{rules: [any Exact /a web:80]}}"
        ));
        let controller = site.settle().await;
        let told = || {
            let events = site.cluster.events().into_iter();
            let told = events.filter(|event| event.reason == "ReachedPast");
            told.map(|event| (event.object.key.to_string(), event.message)).collect::<Vec<_>>()
        };
        // The security group of the nodes lets in the load balancer, and each other.
        let open = |port: u16, source: Peer| {
            site.aws.change(|state| {
                let nodes = state.security_groups.get_mut(&AwsId::new(NODES)).unwrap();
                let rule = IngressRule {
                    protocol: "tcp".to_owned(),
                    from_port: port,
                    to_port: port,
                    source,
                };
                nodes.rules.insert(rule, "somebody's".to_owned());
            });
        };
        open(8080, Peer::Group(Id::Is(AwsId::new(NODES))));
        open(22, Peer::Cidr("0.0.0.0/0".to_owned()));
        controller.look_again();
        controller.settle().await;
        assert_eq!(told(), []);
        open(8080, Peer::Cidr("10.0.0.0/8".to_owned()));
        for _ in 0..2 {
            controller.look_again();
            controller.settle().await;
            let told = told();
            let [(object, message)] = &told[..] else { panic!("{told:?}") };
            assert_eq!(object, "shop/web");
            let found = format!(
                "port 8080 of the targets of Service web, which security group {NODES} opens to \
                 addresses"
            );
            assert!(message.contains(&found), "{message}");
        }
    });
}
