//! What requests have to be like: `conditions.*`, regular expressions, and what is rewritten.

use albedo::model::problem::{Code, Problem, Severity};
use albedo::model::rule::{Condition, QueryValue, Rewrite, Rule, Transform};
use smol_str::SmolStr;

use super::super::support::fake::State;
use super::super::support::site::Site;
use super::super::support::world::{World, wait};
use super::{SERVICES, calls, world};

/// The conditions that LBC was recorded with (V06).
const ALL: &str = r#"[
  {"field":"host-header","hostHeaderConfig":{"values":["alt.example.com"]}},
  {"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-T","values":["one","two"]}},
  {"field":"http-request-method","httpRequestMethodConfig":{"values":["GET","HEAD"]}},
  {"field":"query-string","queryStringConfig":{"values":[{"key":"k","value":"v"},{"value":"w"}]}},
  {"field":"source-ip","sourceIpConfig":{"values":["10.0.0.0/8"]}},
  {"field":"path-pattern","pathPatternConfig":{"values":["/more/*"]}}]"#;

const REWRITES: &str = r#"[
  {"Type":"url-rewrite","UrlRewriteConfig":{"rewrites":[{"regex":"^/u/(.+)$","replace":"/$1"}]}},
  {"type":"host-header-rewrite","hostHeaderRewriteConfig":{"rewrites":[
    {"regex":"^a$","replace":"b.example.com"}]}}]"#;

fn texts(values: &[&str]) -> Vec<SmolStr> {
    values.iter().copied().map(Into::into).collect()
}

fn with(annotations: &str, rule: &str) -> World {
    world(&format!("ingress shop/web:\n  rules: [{rule}]\n  {annotations}"))
}

fn with_conditions(conditions: &str) -> World {
    let conditions = conditions.replace('\n', " ");
    with(&format!("conditions.web: '{conditions}'"), "main.example.com Exact /p web:80")
}

/// The only rule.
fn rule(world: &World) -> Rule {
    let built = world.build("shop/web");
    assert_eq!(built.problems, []);
    let front = built.stack.front.unwrap();
    let [(rule, _)] = &front.listeners[&80].rules[..] else { panic!("{front:?}") };
    rule.clone()
}

fn refused(world: &World, field: &str) -> Problem {
    let problems = world.problems("shop/web");
    let [problem] = &problems[..] else { panic!("{problems:?}") };
    assert_eq!((problem.code, problem.severity), (Code::InvalidAnnotation, Severity::Error));
    assert_eq!(problem.field, format!("annotation alb.ingress.kubernetes.io/{field}"));
    problem.clone()
}

#[test]
fn conditions_are_put_together_as_lbc_does() {
    let query = |key: Option<&str>, value: &str| QueryValue {
        key: key.map(Into::into),
        value: value.into(),
    };
    let expected = [
        Condition::Header { name: "X-T".into(), values: texts(&["one", "two"]) },
        Condition::Method(texts(&["GET", "HEAD"])),
        Condition::Query(vec![query(Some("k"), "v"), query(None, "w")]),
        Condition::SourceIp(texts(&["10.0.0.0/8"])),
        Condition::Host(texts(&["main.example.com", "alt.example.com"])),
        Condition::Path(texts(&["/p", "/more/*"])),
    ];
    let front = with_conditions(ALL).build("shop/web").stack.front.unwrap();
    assert_eq!(front.listeners[&80].rules[0].0.conditions, expected);
}

#[test]
fn conditions_hold_where_the_rule_itself_has_none() {
    let only = |conditions: &str| {
        rule(&with(&format!("conditions.web: '{conditions}'"), "\"any Exact  web:80\""))
    };
    let regex = r#"[{"Field":"host-header","HostHeaderConfig":{"RegexValues":["^a"]}}]"#;
    assert_eq!(only(regex).conditions, [Condition::HostRegex(texts(&["^a"]))]);
    let header = r#"[{"field":"http-header","httpHeaderConfig":
        {"httpHeaderName":"X","regexValues":["^a"]}}]"#;
    let expected = Condition::HeaderRegex { name: "X".into(), regexes: texts(&["^a"]) };
    assert_eq!(only(&header.replace('\n', " ")).conditions, [expected]);
    assert_eq!(only("[]").conditions, [Condition::Path(texts(&["/*"]))]);
}

#[test]
fn what_cannot_be_a_condition_is_one_error_that_says_what_can() {
    let one = |field: &str, config: &str| format!(r#"[{{"field":"{field}",{config}}}]"#);
    for (conditions, allowed) in [
        (String::new(), "JSON"),
        ("{}".to_owned(), "a JSON array"),
        ("[1]".to_owned(), "a JSON object"),
        (r#"[{"field":"host-header"}]"#.to_owned(), "hostHeaderConfig"),
        (one("host-header", r#""hostHeaderConfig":{}"#), "either values or regexValues"),
        (one("path-pattern", r#""pathPatternConfig":{"values":[""]}"#), "1 to 128"),
        (
            one("path-pattern", r#""pathPatternConfig":{"values":["/a"],"regexValues":["b"]}"#),
            "either values or regexValues",
        ),
        (one("http-header", r#""httpHeaderConfig":{"values":["a"]}"#), "httpHeaderName"),
        (
            one("http-header", r#""httpHeaderConfig":{"httpHeaderName":"Host","values":["a"]}"#),
            "other than Host",
        ),
        (
            one("http-request-method", r#""httpRequestMethodConfig":{"values":["get"]}"#),
            "capital letters",
        ),
        (one("http-request-method", r#""httpRequestMethodConfig":{"values":[]}"#), "values"),
        (one("source-ip", r#""sourceIpConfig":{"values":["10.0.0.1"]}"#), "CIDRs"),
        (one("query-string", r#""queryStringConfig":{"values":[]}"#), "a value"),
        (one("query-string", r#""queryStringConfig":{"values":[{"key":"k"}]}"#), "a value"),
        (one("query-string", r#""queryStringConfig":{"values":["k=v"]}"#), "a JSON object"),
        (format!("[{}", "[".repeat(1 << 20)), "JSON"),
    ] {
        let problem = refused(&with_conditions(&conditions), "conditions.web");
        assert!(problem.allowed.contains(allowed), "{conditions:.200}: {problem}");
    }
}

#[test]
fn patterns_and_regular_expressions_for_the_same_are_an_error() {
    let conditions = r#"[{"field":"host-header","hostHeaderConfig":{"regexValues":["^a"]}}]"#;
    let problem = refused(&with_conditions(conditions), "conditions.web");
    assert!(problem.found.contains("main.example.com"), "{problem}");
    let conditions = r#"[{"field":"path-pattern","pathPatternConfig":{"values":["/x"]}}]"#;
    let world = with(
        &format!("use-regex-path-match: 'true'\n  conditions.web: '{conditions}'"),
        "any ImplementationSpecific /^x$ web:80",
    );
    refused(&world, "conditions.web");
}

#[test]
fn a_field_that_nobody_knows_is_left_out_with_a_warning() {
    let world =
        with_conditions(r#"[{"field":"moon-phase","moonPhaseConfig":{"values":["full"]}}]"#);
    let built = world.build("shop/web");
    let warning = built.problems.iter().find(|p| p.severity == Severity::Warning).unwrap();
    assert!(warning.found.contains("moon-phase"), "{warning}");
    assert_eq!(built.good.len(), 1);
}

#[test]
fn paths_are_regular_expressions_where_the_ingress_says_so() {
    let of = |kind: &str, path: &str, is_on: &str| {
        let annotation = format!("use-regex-path-match: '{is_on}'");
        rule(&with(&annotation, &format!("{:?}", format!("any {kind} {path} web:80")))).conditions
    };
    let regex = |text: &str| [Condition::PathRegex(texts(&[text]))];
    assert_eq!(of("ImplementationSpecific", r"/^\/api\/v1\/.*", "true"), regex(r"^\/api\/v1\/.*"));
    let plain = |values: &[&str]| [Condition::Path(texts(values))];
    assert_eq!(of("ImplementationSpecific", "/a*", "false"), plain(&["/a*"]));
    assert_eq!(of("Exact", "/a", "true"), plain(&["/a"]));
    assert_eq!(of("Prefix", "/a", "true"), plain(&["/a", "/a/*"]));
    for bad in ["", "yes", "True "] {
        let annotation = format!("use-regex-path-match: '{bad}'");
        refused(&with(&annotation, "any Exact /a web:80"), "use-regex-path-match");
    }
}

#[test]
fn requests_are_rewritten() {
    let world = with(&format!("transforms.web: '{REWRITES}'"), "any Exact /a web:80");
    let rewrite = |regex: &str, replace: &str| {
        vec![Rewrite { regex: regex.to_owned(), replace: replace.to_owned() }]
    };
    let expected = [
        Transform::Url(rewrite("^/u/(.+)$", "/$1")),
        Transform::Host(rewrite("^a$", "b.example.com")),
    ];
    assert_eq!(rule(&world).transforms, expected);
}

#[test]
fn what_cannot_be_a_transform_is_one_error_that_says_what_can() {
    let url = |config: &str| format!(r#"[{{"type":"url-rewrite","urlRewriteConfig":{config}}}]"#);
    let one = r#"{"rewrites":[{"regex":"a","replace":"b"}]}"#;
    let twice = format!(
        r#"[{{"type":"url-rewrite","urlRewriteConfig":{one}}},
            {{"type":"url-rewrite","urlRewriteConfig":{one}}}]"#
    );
    for (transforms, allowed) in [
        ("{}".to_owned(), "a JSON array"),
        (r#"[{"type":"redirect"}]"#.to_owned(), "url-rewrite or host-header-rewrite"),
        (r#"[{"type":"url-rewrite"}]"#.to_owned(), "urlRewriteConfig"),
        (url(r#"{"rewrites":[]}"#), "one of them"),
        (url(r#"{"rewrites":[{"replace":"b"}]}"#), "regex"),
        (url(&format!(r#"{{"rewrites":[{{"regex":"{}"}}]}}"#, "a".repeat(1025))), "1024"),
        (twice.replace('\n', " "), "one transform of each type"),
    ] {
        let world = with(&format!("transforms.web: '{transforms}'"), "any Exact /a web:80");
        let problem = refused(&world, "transforms.web");
        assert!(problem.allowed.contains(allowed), "{transforms:.200}: {problem}");
    }
}

#[test]
fn a_shuffled_answer_is_no_difference() {
    let sketch = format!(
        "{SERVICES}ingress shop/web:\n  rules: [a.example.com Prefix /x web:80]\n  \
         conditions.web: '[{{\"field\":\"http-header\",\"httpHeaderConfig\":\
         {{\"httpHeaderName\":\"X\",\"values\":[\"b\",\"a\"]}}}}]'\n  transforms.web: '{REWRITES}'"
    );
    let shuffle = |state: &mut State| {
        for rule in state.rules.values_mut() {
            rule.rule.conditions.reverse();
            rule.rule.transforms.reverse();
            for condition in &mut rule.rule.conditions {
                if let Condition::Header { values, .. } | Condition::Path(values) = condition {
                    values.reverse();
                }
            }
        }
    };
    assert_eq!(calls(&sketch, &sketch, shuffle), [""; 0]);
    let other = sketch.replace("b.example.com", "c.example.com");
    assert_eq!(calls(&sketch, &other, shuffle), ["ModifyRule"]);
}

/// What LBC was recorded to ask for in one rule (V20), which AWS refuses.
const MANY: &str = r#"[
  {"field":"host-header","hostHeaderConfig":{"values":
    ["h1.example.com","h2.example.com","h3.example.com"]}},
  {"field":"http-header","httpHeaderConfig":{"httpHeaderName":"X-T","values":["a","b","c","d"]}}]"#;

fn many(path: &str) -> String {
    let rule = format!("h0.example.com Prefix {path} web:80");
    format!("{SERVICES}ingress shop/web:\n  rules: [{rule}]\n  conditions.web: '{MANY}'")
}

#[test]
fn more_than_aws_takes_becomes_several_rules() {
    wait(async {
        let site = Site::new(&many("/p"));
        let controller = site.settle().await;
        let rules: Vec<Rule> =
            site.aws.everything().rules.values().map(|rule| rule.rule.clone()).collect();
        assert_eq!(rules.len(), 8);
        assert!(rules.iter().all(Rule::fits));
        for host in ["h0", "h1", "h2", "h3"] {
            for header in ["a", "b", "c", "d"] {
                let host = format!("{host}.example.com");
                let takes = |rule: &&Rule| {
                    let has = |condition: &Condition| match condition {
                        Condition::Host(values) => values.contains(&SmolStr::new(&host)),
                        Condition::Header { values, .. } => values.contains(&SmolStr::new(header)),
                        _ => true,
                    };
                    rule.conditions.iter().all(has)
                };
                assert!(rules.iter().any(|rule| takes(&rule)), "{host} {header}");
            }
        }
        site.aws.forget_calls();
        controller.look_again();
        controller.settle().await;
        assert_eq!(site.aws.performed(), []);
    });
}

#[test]
fn more_than_aws_takes_stays_one_rule_where_it_stands_as_one() {
    let whole = rule(&World::new(&many("/p"))).conditions;
    let as_one = move |state: &mut State| {
        let ids: Vec<_> = state.rules.keys().cloned().collect();
        for id in &ids[1..] {
            state.rules.remove(id);
        }
        state.rules.get_mut(&ids[0]).unwrap().rule.conditions = whole;
    };
    assert_eq!(calls(&many("/p"), &many("/p"), as_one), [""; 0]);
}

#[test]
fn what_aws_takes_in_no_rule_is_tried_as_it_is_and_told() {
    let built = with_conditions(ALL).build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:?}", built.problems) };
    assert_eq!((problem.code, problem.severity), (Code::InvalidRule, Severity::Warning));
    assert_eq!(built.good.len(), 1);
}

#[test]
fn a_path_with_signs_that_aws_does_not_document_is_tried_and_told() {
    let world = with("", "'any ImplementationSpecific /mcpgw(/|$)(.*) web:80'");
    let built = world.build("shop/web");
    let [problem] = &built.problems[..] else { panic!("{:#?}", built.problems) };
    assert_eq!((problem.severity, problem.code), (Severity::Warning, Code::InvalidRule));
    assert_eq!(problem.field, "spec.rules[0].http.paths[0].path");
    assert!(problem.found.contains("mcpgw") && problem.allowed.contains("letters, digits and"));
    let listeners = built.stack.front.unwrap().listeners;
    assert_eq!(listeners[&80].rules.len(), 1);
}
