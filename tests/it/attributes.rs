//! Attributes of listeners and of the load balancer: who decides them, and what of them AWS takes.

use albedo::model::load_balancer::Attributes;
use albedo::model::problem::{Code, Severity};

use super::support::canon;
use super::support::site::Site;
use super::support::world::{CERTIFICATE, World, key, wait};

const POLICY: &str = "routing.http.response.content_security_policy.header_value";
const SERVER: &str = "routing.http.response.server.enabled";
const FRAMES: &str = "routing.http.response.x_frame_options.header_value";

/// Two members of a group on HTTP and HTTPS, the first in its order and the second.
fn members(first: &str, second: &str) -> String {
    let ports = r#"listen-ports: '[{"HTTP":80},{"HTTPS":443}]'"#;
    format!(
        "
service shop/web: {{ports: ['80:8080']}}
ingress shop/first:
  {{group.name: edge, group.order: -1, {ports}, certificate-arn: {CERTIFICATE}, {first}
   rules: [any Exact /1 web:80]}}
ingress shop/second:
  {{group.name: edge, {ports}, certificate-arn: {CERTIFICATE}, {second}
   rules: [any Exact /2 web:80]}}
"
    )
}

fn of_listener(site: &Site, port: u16) -> Attributes {
    let state = site.aws.everything();
    let listener = state.listeners.values().find(|listener| listener.port == port).unwrap();
    listener.attributes.clone()
}

fn of_load_balancer(site: &Site) -> Attributes {
    let state = site.aws.everything();
    state.load_balancers.values().next().unwrap().attributes.clone()
}

fn value<'a>(attributes: &'a Attributes, key: &str) -> &'a str {
    attributes.get(key).unwrap()
}

fn calls(site: &Site, operation: &str) -> usize {
    site.aws.calls().get(operation).copied().unwrap_or_default()
}

const SETS: &str = "elbv2.ModifyListenerAttributes";

#[test]
fn each_listener_gets_what_members_ask_for_in_one_call() {
    wait(async {
        let site = Site::new(&members(
            &format!("listener-attributes.HTTP-80: \"{SERVER}=false\","),
            &format!(
                "listener-attributes.HTTP-80: \"{POLICY}=default-src 'self', x,{FRAMES}=a=b\","
            ),
        ));
        let controller = site.settle().await;
        let found = of_listener(&site, 80);
        assert_eq!(value(&found, SERVER), "false");
        assert_eq!(value(&found, POLICY), "default-src 'self', x");
        assert_eq!(value(&found, FRAMES), "a=b");
        assert_eq!(value(&of_listener(&site, 443), SERVER), "true");
        assert_eq!(calls(&site, SETS), 1);
        controller.cluster.add(&members(
            &format!("listener-attributes.HTTP-80: {SERVER}=true,"),
            "listener-attributes.HTTPS-443: \
             routing.http.request.x_amzn_tls_version.header_name=X-TLS,",
        ));
        controller.settle().await;
        let found = of_listener(&site, 80);
        assert_eq!(value(&found, SERVER), "true");
        // What nobody names any more stays as it is (LBC).
        assert_eq!(value(&found, FRAMES), "a=b");
        assert_eq!(calls(&site, SETS), 3);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn what_stands_as_it_should_costs_no_write_and_is_read_only_where_somebody_asks() {
    wait(async {
        let asked = format!("listener-attributes.HTTP-80: {SERVER}=false,");
        let site = Site::new(&members(&asked, ""));
        site.settle().await;
        site.aws.forget_calls();
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        assert_eq!(calls(&site, "elbv2.DescribeListenerAttributes"), 1);
        let site = Site::new(&members("", ""));
        site.settle().await;
        site.settle().await;
        assert_eq!(calls(&site, "elbv2.DescribeListenerAttributes"), 0);
    });
}

#[test]
fn a_second_member_may_not_want_otherwise_unless_the_class_decides() {
    let both = |class: &str| {
        let sketch = members(
            &format!("class: decided, listener-attributes.HTTP-80: {SERVER}=false,"),
            &format!(
                "class: decided, listener-attributes.HTTP-80: \"{SERVER}=true,{FRAMES}=DENY\","
            ),
        );
        World::new(&format!(
            "class decided: {{params: p}}\nparams p: {{listeners: [{class}]}}{sketch}"
        ))
        .build("edge")
    };
    let built = both("");
    let [problem] = &built.problems[..] else { panic!("{:#?}", built.problems) };
    assert_eq!((problem.code, &problem.object.key), (Code::Conflict, &key("shop/second")));
    let place = "annotation alb.ingress.kubernetes.io/listener-attributes.HTTP-80";
    assert_eq!(problem.field, place);
    let entry = |protocol, value| {
        let pair = format!("{{key: {SERVER}, value: '{value}'}}");
        format!("{{protocol: {protocol}, port: 80, listenerAttributes: [{pair}]}}")
    };
    // The first entry for the protocol and port counts.
    let entries = [entry("HTTPS", "maybe"), entry("HTTP", "true"), entry("HTTP", "false")];
    let built = both(&entries.join(", "));
    assert_eq!(built.problems, []);
    let front = built.stack.front.unwrap();
    let named = &front.listeners[&80].attributes;
    assert_eq!(value(&named.values, SERVER), "true");
    assert_eq!(value(&named.values, FRAMES), "DENY");
    assert_eq!(named.by.get(FRAMES).map(|member| &member.key), Some(&key("shop/second")));
    assert!(front.listeners[&443].attributes.values.is_empty());
}

#[test]
fn the_class_of_the_member_that_comes_first_decides_attributes_for_all() {
    let built = World::new(&format!(
        "
class one: {{params: one}}
params one: {{loadBalancerAttributes: [{{key: idle_timeout.timeout_seconds, value: '61'}}]}}
class two: {{params: two}}
params two: {{loadBalancerAttributes: [{{key: routing.http2.enabled, value: 'false'}}]}}
{}",
        members(
            "class: one, load-balancer-attributes: idle_timeout.timeout_seconds=1,",
            "class: two, load-balancer-attributes: idle_timeout.timeout_seconds=2,",
        )
    ))
    .build("edge");
    assert_eq!(built.problems, []);
    let values = built.stack.front.unwrap().attributes.values;
    assert_eq!(
        values.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>(),
        ["idle_timeout.timeout_seconds=61"]
    );
}

#[test]
fn a_bad_attribute_is_told_to_who_asks_for_it_and_the_good_ones_are_set() {
    wait(async {
        let site = Site::new(&members(
            &format!(
                "listener-attributes.HTTP-80: {SERVER}=false, load-balancer-attributes: idle_timeout.timeout_seconds=61,"
            ),
            &format!(
                "listener-attributes.HTTP-80: \"{FRAMES}=DENY,no.such.attribute=1\", \
                 load-balancer-attributes: \"drop_invalid_header-fields.enabled=true,waf.fail_open.enabled=true\","
            ),
        ));
        let controller = site.start();
        controller.settle_for(60).await;
        let found = of_listener(&site, 80);
        assert_eq!((value(&found, SERVER), value(&found, FRAMES)), ("false", "DENY"));
        let found = of_load_balancer(&site);
        assert_eq!(value(&found, "idle_timeout.timeout_seconds"), "61");
        assert_eq!(value(&found, "waf.fail_open.enabled"), "true");
        assert_eq!(canon::rules(&site.aws.everything()).len(), 4, "both are served");
        let events = site.cluster.events();
        let of = |name| {
            let object = key(name);
            events.iter().filter(move |one| one.object.key == object)
        };
        let first: Vec<_> = of("shop/first").map(|one| one.reason.as_str()).collect();
        assert!(!first.contains(&"FailedDeployModel"), "{events:#?}");
        let told = |reason: &str, what: &str| {
            let mut found = of("shop/second");
            found.any(|one| one.reason == reason && one.message.contains(what))
        };
        for what in ["no.such.attribute", "drop_invalid_header-fields.enabled"] {
            assert!(told("InvalidAnnotation", what), "{events:#?}");
            assert!(told("FailedDeployModel", what), "{events:#?}");
        }
        // What has been told is not told again.
        controller.settle_for(600).await;
        assert_eq!(site.cluster.events().len(), events.len());
    });
}

#[test]
fn attributes_for_ports_that_nobody_listens_on_change_nothing_and_are_told() {
    let sketch = members(&format!("listener-attributes.http-80: {SERVER}=false,"), "");
    let built = World::new(&format!("class alb:{sketch}")).build("edge");
    let [problem] = &built.problems[..] else { panic!("{:#?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::UnknownAnnotation, Severity::Note));
    assert!(problem.field.ends_with("listener-attributes.http-80"), "{problem}");
    assert_eq!(problem.allowed, "HTTP-80, HTTPS-443");
}

#[test]
fn where_logs_go_holds_up_no_other_attribute() {
    wait(async {
        let asked =
            "access_logs.s3.bucket=logs,access_logs.s3.enabled=true,waf.fail_open.enabled=true";
        let site = Site::new(&members(&format!("load-balancer-attributes: \"{asked}\","), ""));
        site.settle().await;
        assert_eq!(calls(&site, "elbv2.ModifyLoadBalancerAttributes"), 2);
        assert_eq!(value(&of_load_balancer(&site), "access_logs.s3.bucket"), "logs");
    });
}
