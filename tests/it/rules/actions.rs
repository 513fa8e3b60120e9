//! What annotations say of backends: `actions.*`, and the rules that a listener does not need.

use albedo::model::id::{AwsId, Id};
use albedo::model::marks::Tags;
use albedo::model::problem::{Code, Problem, Severity};
use albedo::model::rule::{GroupStickiness, Redirect, Rule, RuleAction, Weighted};
use albedo::model::target_group::TargetType;

use super::super::bindings::made_elsewhere;
use super::super::support::canon;
use super::super::support::fake::State;
use super::super::support::site::Site;
use super::super::support::world::{CERTIFICATE, World, key, wait};
use super::{SERVICES, calls, rules_of, world};

const FORWARD: &str = r#"{"type":"forward","forwardConfig":{"targetGroups":[
  {"serviceName":"web","servicePort":80,"weight":20},
  {"serviceName":"api","servicePort":"http","weight":80}],
  "targetGroupStickinessConfig":{"enabled":true,"durationSeconds":200}}}"#;

/// An Ingress whose only path has an action.
pub fn with_action(action: &str) -> World {
    let action = action.replace('\'', "''");
    let rules = "[any Exact /a do:use-annotation]";
    world(&format!("ingress shop/web: {{rules: {rules}, actions.do: '{action}'}}"))
}

/// What an action comes to.
fn built(action: &str) -> RuleAction {
    let world = with_action(action);
    let built = world.build("shop/web");
    assert_eq!(built.problems, [], "{action}");
    let front = built.stack.front.unwrap();
    let [action] = &front.listeners[&80].rules[0].0.actions[..] else { panic!("{front:?}") };
    action.clone()
}

/// The one error of an action, which names the annotation.
fn refused(action: &str) -> Problem {
    let problems = with_action(action).problems("shop/web");
    let [problem] = &problems[..] else { panic!("{action}: {problems:?}") };
    assert_eq!((problem.code, problem.severity), (Code::InvalidAnnotation, Severity::Error));
    assert_eq!(problem.field, "annotation alb.ingress.kubernetes.io/actions.do");
    problem.clone()
}

#[test]
fn requests_are_shared_among_services() {
    let RuleAction::Forward { groups, stickiness } = built(FORWARD) else { panic!() };
    let shares: Vec<(String, Option<i32>)> =
        groups.iter().map(|group| (group.group.short(), group.weight)).collect();
    let share = |name: &str, weight| (format!("target group shop/web-{name}"), Some(weight));
    assert_eq!(shares, [share("web:80", 20), share("api:http", 80)]);
    let expected = GroupStickiness { enabled: Some(true), duration_seconds: Some(200) };
    assert_eq!(stickiness, Some(expected));
}

#[test]
fn a_port_in_quotes_is_the_port() {
    for port in ["80", "\"80\""] {
        let tuple = format!(r#"{{"serviceName":"web","servicePort":{port}}}"#);
        let action =
            format!(r#"{{"type":"forward","forwardConfig":{{"targetGroups":[{tuple}]}}}}"#);
        let RuleAction::Forward { groups, .. } = built(&action) else { panic!() };
        assert_eq!(groups[0].group.short(), "target group shop/web-web:80");
        assert_eq!(groups[0].weight, None);
    }
}

#[test]
fn keys_have_any_case_and_texts_may_end_in_a_line() {
    let expected = built(FORWARD);
    let big = FORWARD.replace("type", "Type").replace("forwardConfig", "ForwardConfig");
    let big = big.replace("targetGroups\"", "TARGETGROUPS\"").replace("weight", "Weight");
    assert_eq!(built(&format!("{big}    \n")), expected);
}

#[test]
fn keys_that_nobody_knows_or_that_are_there_twice_are_noted() {
    let action = r#"{"type":"redirect","Type":"fixed-response","color":"red",
        "fixedResponseConfig":{"statusCode":"200","statuscode":"503"}}"#;
    let world = with_action(action);
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!(problem.severity, Severity::Note);
    for part in ["type, which is there again", "color", "fixedResponseConfig.statusCode"] {
        assert!(problem.found.contains(part), "{problem}");
    }
    assert_eq!(rules_short(&built), ["/a -> 503"]);
}

fn rules_short(built: &albedo::desired::balancer::Built) -> Vec<String> {
    let front = built.stack.front.as_ref().unwrap();
    front.listeners[&80].rules.iter().map(|(rule, _)| super::short(rule)).collect()
}

#[test]
fn a_target_group_that_somebody_else_made_is_led_to_by_its_arn() {
    let arn = "arn:aws:elasticloadbalancing:us-east-1:123456789012:targetgroup/theirs/0a";
    let group = Id::Is(AwsId::new(arn));
    let simple = built(&format!(r#"{{"type":"forward","targetGroupARN":"{arn}"}}"#));
    let expected = |weight| RuleAction::Forward {
        groups: vec![Weighted { group: group.clone(), weight }],
        stickiness: None,
    };
    assert_eq!(simple, expected(None));
    let tuple = format!(r#"{{"targetGroupArn":"{arn}","weight":7}}"#);
    let action = format!(r#"{{"type":"forward","forwardConfig":{{"targetGroups":[{tuple}]}}}}"#);
    assert_eq!(built(&action), expected(Some(7)));
}

#[test]
fn a_target_group_is_found_by_its_name_also_once_it_is_made() {
    wait(async {
        let action = r#"{"type":"forward","targetGroupName":"theirs"}"#;
        let site = Site::new(&format!(
            "{SERVICES}
ingress shop/named:
  {{group.name: edge, rules: [any Exact /a do:use-annotation], actions.do: '{action}'}}
ingress shop/other: {{group.name: edge, rules: [any Exact /b web:80]}}
"
        ));
        let controller = site.start();
        controller.settle_for(60).await;
        let events = site.cluster.events();
        let of_it = events.iter().filter(|event| event.object.key == key("shop/named"));
        let [event] = of_it.collect::<Vec<_>>()[..] else { panic!("{events:#?}") };
        assert_eq!(event.reason, "NoTargetGroup");
        assert!(event.message.contains("\"theirs\", which does not exist"), "{}", event.message);
        let paths = || site.aws.everything().rules.into_values().map(|rule| rule.rule);
        assert_eq!(paths().count(), 1, "its sibling is served");
        let made = made_elsewhere(&site, ("theirs", TargetType::Ip), Tags::new());
        controller.settle_for(120).await;
        let leads_there = |rule: Rule| {
            let groups = rule.actions.iter().flat_map(RuleAction::target_groups);
            groups.map(|one| &one.group).any(|group| *group == Id::Is(made.clone()))
        };
        assert!(paths().any(leads_there));
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn on_own_classes_nobody_leads_to_the_targets_of_another_namespace_s_ingress() {
    wait(async {
        let site = Site::new(&format!(
            "{SERVICES}
class own: {{controller: alb.ingress.k8s.aws/albedo}}
service evil/s: {{ports: [80]}}
ingress shop/web: {{class: own, group.name: edge, rules: [any Exact /a web:80]}}
"
        ));
        let controller = site.settle().await;
        let of_shop = site.aws.everything().target_groups.into_keys().next().unwrap();
        let theirs = made_elsewhere(&site, ("theirs", TargetType::Ip), Tags::new());
        let leading = |namespace: &str, class: &str, arn: &AwsId| {
            let action = format!(r#"{{"type":"forward","targetGroupARN":"{arn}"}}"#);
            controller.cluster.add(&format!(
                "ingress {namespace}/x: {{class: {class}, group.name: edge, \
                 rules: [any Exact /{namespace} do:use-annotation], actions.do: '{action}'}}"
            ));
        };
        let paths = || canon::rules(&site.aws.everything()).join("\n");
        leading("evil", "own", &of_shop);
        controller.settle_for(60).await;
        assert!(!paths().contains("/evil"), "{}", paths());
        let events = site.cluster.events();
        let told = events.iter().find(|event| event.object.key == key("evil/x")).unwrap();
        assert_eq!(told.reason, "ForeignTargetGroup");
        assert!(!told.message.contains("shop"), "{}", told.message);
        // What no Ingress has, and what its own namespace has, may be led to; so may all on LBC's.
        for (namespace, class, arn) in
            [("evil", "own", &theirs), ("shop", "own", &of_shop), ("more", "alb", &of_shop)]
        {
            leading(namespace, class, arn);
            controller.settle_for(60).await;
            assert!(paths().contains(&format!("/{namespace}")), "{}", paths());
        }
    });
}

#[test]
fn redirects_and_fixed_answers_are_as_they_are_written() {
    let some = |text: &str| Some(text.to_owned());
    let redirect = r#"{"type":"redirect","redirectConfig":{"host":"b.example.com",
        "path":"/eks/","port":"443","protocol":"HTTPS","query":"k=v","statusCode":"HTTP_302"}}"#;
    let expected = Redirect {
        host: some("b.example.com"),
        path: some("/eks/"),
        port: some("443"),
        protocol: some("HTTPS"),
        query: some("k=v"),
        status_code: "HTTP_302".to_owned(),
    };
    assert_eq!(built(redirect), RuleAction::Redirect(Box::new(expected)));
    let fixed = r#"{"type":"fixed-response","fixedResponseConfig":{"contentType":"text/plain",
        "statusCode":"503","messageBody":"it's over"}}"#;
    let expected = RuleAction::FixedResponse {
        status_code: "503".to_owned(),
        content_type: some("text/plain"),
        body: some("it's over"),
    };
    assert_eq!(built(fixed), expected);
}

#[test]
fn what_cannot_be_an_action_is_one_error_that_says_what_can() {
    let forward = |tuples: &str| {
        format!(r#"{{"type":"forward","forwardConfig":{{"targetGroups":{tuples}}}}}"#)
    };
    let service = r#""serviceName":"web","servicePort":80"#;
    let redirect = |fields: &str| format!(r#"{{"type":"redirect","redirectConfig":{{{fields}}}}}"#);
    let fixed =
        |fields: &str| format!(r#"{{"type":"fixed-response","fixedResponseConfig":{{{fields}}}}}"#);
    let arn = "arn:aws:x:y:1:targetgroup/a/b";
    for (action, allowed) in [
        (String::new(), "JSON"),
        ("443".to_owned(), "a JSON object"),
        ("null".to_owned(), "a JSON object"),
        ("{}".to_owned(), "a type of forward, redirect or fixed-response"),
        (r#"{"type":"redirection"}"#.to_owned(), "a type of forward"),
        (r#"{"type":3}"#.to_owned(), "a text in quotes"),
        (r#"{"type":"forward"}"#.to_owned(), "forwardConfig, targetGroupARN"),
        (
            format!(r#"{{"type":"forward","targetGroupARN":"{arn}","forwardConfig":{{}}}}"#),
            "either forwardConfig",
        ),
        (forward("[]"), "1 to 5"),
        (forward(r#"[{"serviceName":"web"}]"#), "servicePort"),
        (forward("[{}]"), "serviceName, targetGroupARN"),
        (forward(&format!(r#"[{{{service},"targetGroupARN":"{arn}"}}]"#)), "either serviceName"),
        (forward(&format!(r#"[{{{service},"weight":1000}}]"#)), "from 0 to 999"),
        (forward(&format!(r#"[{{{service},"weight":"20"}}]"#)), "from 0 to 999"),
        (forward(&format!("[{{{service}}},{{{service}}}]")), "a weight"),
        (redirect(""), "statusCode"),
        (redirect(r#""statusCode":301"#), "a text in quotes"),
        (redirect(r#""statusCode":"301""#), "HTTP_301"),
        (redirect(r#""statusCode":"HTTP_301","port":"0""#), "a port number"),
        (redirect(r#""statusCode":"HTTP_301","protocol":"https""#), "HTTP, HTTPS"),
        (redirect(r#""statusCode":"HTTP_301","path":"x""#), "a / in front"),
        (fixed(""), "statusCode"),
        (fixed(r#""statusCode":"302""#), "2xx, 4xx or 5xx"),
        (fixed(r#""statusCode":"200","contentType":"image/png""#), "text/plain"),
        (fixed(&format!(r#""statusCode":"200","messageBody":"{}""#, "x".repeat(1025))), "1024"),
        (fixed(&format!(r#""statusCode":"200","x":{}"#, "[".repeat(1 << 20))), "JSON"),
    ] {
        let problem = refused(&action);
        assert!(problem.allowed.contains(allowed), "{action:.200}: {problem}");
        assert!(problem.found.len() < 500, "{problem}");
    }
}

#[test]
fn text_in_the_place_of_an_arn_is_tried_on_classes_of_lbcs_only() {
    let forward = r#"{"type":"forward","targetGroupARN":"mine"}"#;
    let rules = "[any Exact /a do:use-annotation, any Exact /b web:80]";
    let asked = |class: &str| {
        let ingress =
            format!("ingress shop/web: {{{class}rules: {rules}, actions.do: '{forward}'}}");
        world(&format!("class own: {{controller: alb.ingress.k8s.aws/albedo}}\n{ingress}"))
    };
    let built = asked("").build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::InvalidAnnotation, Severity::Warning));
    assert_eq!(problem.field, "annotation alb.ingress.kubernetes.io/actions.do");
    assert!(problem.found.contains("mine") && problem.allowed.contains("ARN"), "{problem}");
    assert_eq!(built.stack.front.unwrap().listeners[&80].rules.len(), 2);
    let built = asked("class: own, ").build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::InvalidAnnotation, Severity::Error));
    assert!(problem.allowed.contains("the ARN of a target group"), "{problem}");
    assert!(built.good.is_empty());
}

#[test]
fn a_rule_that_leads_nowhere_holds_up_no_other() {
    wait(async {
        let forward = r#"{"type":"forward","targetGroupARN":"mine"}"#;
        let site = Site::new(&format!(
            "
service shop/web: {{ports: [80]}}
ingress shop/web: {{rules: [any Exact /a do:use-annotation, any Exact /b web:80],
  actions.do: '{forward}'}}
"
        ));
        let controller = site.start();
        controller.settle_for(600).await;
        assert_eq!(canon::rules(&site.aws.everything()), ["80:2 /b -> shop/web-web:80"]);
    });
}

#[test]
fn an_action_that_is_missing_is_answered_with_503() {
    let world = world("ingress shop/web: {rules: [any Exact /a gone:use-annotation]}");
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::InvalidBackend, Severity::Note));
    assert!(problem.allowed.contains("actions.gone"), "{problem}");
    assert_eq!(rules_short(&built), ["/a -> 503"]);
}

#[test]
fn an_action_that_no_rule_has_is_a_note_whatever_it_says() {
    let world = world("ingress shop/web: {rules: [any Exact /a web:80], actions.other: '443'}");
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::UnknownAnnotation, Severity::Note));
    assert_eq!(rules_short(&built), ["/a -> web:80"]);
}

#[test]
fn a_missing_service_of_several_loses_its_share_and_of_one_all() {
    let missing = |names: [&str; 2]| {
        let tuples =
            names.map(|name| format!(r#"{{"serviceName":"{name}","servicePort":80,"weight":1}}"#));
        let tuples = tuples.join(",");
        with_action(&format!(
            r#"{{"type":"forward","forwardConfig":{{"targetGroups":[{tuples}]}}}}"#
        ))
    };
    let check = |names: [&str; 2], rule: &str, severity| {
        let mut world = missing(names);
        let built = world.build("shop/web");
        assert_eq!(rules_short(&built), [rule]);
        assert!(!built.problems.is_empty());
        assert!(built.problems.iter().all(|problem| problem.severity == severity));
        world.settings.tolerate_missing_service = false;
        assert_eq!(world.build("shop/web").stack.front, None);
    };
    check(["web", "gone"], "/a -> web:80", Severity::Warning);
    check(["gone", "gone-too"], "/a -> 503", Severity::Note);
}

#[test]
fn services_of_actions_are_the_ingress_s() {
    let world = with_action(FORWARD);
    let ingress = &world.objects.ingresses[&key("shop/web")];
    let services = albedo::desired::destinations::services(&key("shop/web"), ingress);
    assert_eq!(services, [key("shop/api"), key("shop/do"), key("shop/web")].into());
}

#[test]
fn the_default_backend_may_have_an_action() {
    let fixed = r#"{"type":"fixed-response","fixedResponseConfig":{"statusCode":"403"}}"#;
    let world = world(&format!(
        "ingress shop/web: {{rules: [], default: 'do:use-annotation', actions.do: '{fixed}'}}"
    ));
    let built = world.build("shop/web");
    assert_eq!(built.problems, []);
    let front = built.stack.front.unwrap();
    assert_eq!(front.listeners[&80].listener.default_actions[0].to_string(), "403");
}

/// What people wrote before there was `ssl-redirect`.
const TO_HTTPS: &str = r#"{"Type": "redirect", "RedirectConfig":
    {"Protocol": "HTTPS", "Port": "443", "StatusCode": "HTTP_301"}}"#;

#[test]
fn a_redirect_to_https_is_left_out_there_and_hides_the_rest_on_http() {
    let world = world(&format!(
        "ingress shop/web: {{listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', \
         certificate-arn: {CERTIFICATE}, actions.ssl: '{TO_HTTPS}', rules: [\
         any ImplementationSpecific /* ssl:use-annotation, any ImplementationSpecific /* web:80, \
         a.example.com Exact /a api:80]}}"
    ));
    assert_eq!(rules_of(&world, "shop/web", 80), ["/* -> redirect HTTP_301"]);
    let expected = ["/* -> web:80", "a.example.com /a -> api:80"];
    assert_eq!(rules_of(&world, "shop/web", 443), expected);
}

#[test]
fn a_redirect_that_leads_back_everywhere_is_told() {
    let world = world(&format!(
        "ingress shop/web: {{certificate-arn: {CERTIFICATE}, actions.ssl: '{TO_HTTPS}', \
         rules: [any Exact /a ssl:use-annotation, any Exact /a web:80]}}"
    ));
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::InvalidRule, Severity::Note));
    assert!(problem.found.contains("/a -> redirect HTTP_301"), "{problem}");
    let front = built.stack.front.unwrap();
    assert_eq!(front.listeners[&443].rules.len(), 1);
}

#[test]
fn a_default_that_sends_clients_back_where_they_are_is_left_out() {
    let world = world(&format!(
        "ingress shop/web: {{listen-ports: '[{{\"HTTP\":80}},{{\"HTTPS\":443}}]', \
         certificate-arn: {CERTIFICATE}, actions.ssl: '{TO_HTTPS}', \
         default: 'ssl:use-annotation', rules: [a.example.com Exact /a api:80]}}"
    ));
    let front = world.build("shop/web").stack.front.unwrap();
    let default = |port| front.listeners[&port].listener.default_actions[0].to_string();
    assert_eq!([default(80), default(443)], ["redirect HTTP_301", "404"]);
}

#[test]
fn a_path_that_is_there_twice_on_purpose_stays_twice() {
    let world = world(
        "ingress shop/web: {rules: [any Exact / web:80, any Exact / api:80], conditions.web:
            '[{\"field\":\"http-request-method\",\"httpRequestMethodConfig\":{\"values\":[\"GET\"]}}]'}",
    );
    assert_eq!(rules_of(&world, "shop/web", 80), ["GET / -> web:80", "/ -> api:80"]);
}

#[test]
fn actions_come_to_rest_and_one_weight_is_one_call() {
    let sketch = |action: &str| {
        let rules = "[any Exact /a do:use-annotation]";
        format!("{SERVICES}ingress shop/web: {{rules: {rules}, actions.do: '{action}'}}")
    };
    let changed = FORWARD.replace("\"weight\":20", "\"weight\":30");
    assert_eq!(calls(&sketch(FORWARD), &sketch(&changed), |_| {}), ["ModifyRule"]);
    // AWS adds a weight to a lone target group, and says that nobody stays with it.
    let lone = r#"{"type":"forward","forwardConfig":{"targetGroups":[
        {"serviceName":"web","servicePort":80}]}}"#;
    assert_eq!(calls(&sketch(lone), &sketch(lone), |_| {}), [""; 0]);
    let shuffle = |state: &mut State| {
        for rule in state.rules.values_mut() {
            if let [RuleAction::Forward { groups, .. }] = &mut rule.rule.actions[..] {
                groups.reverse();
            }
        }
    };
    assert_eq!(calls(&sketch(FORWARD), &sketch(FORWARD), shuffle), [""; 0]);
}
