//! Web ACLs of AWS WAF and protections of AWS Shield: what is asked for stands, what nobody asks
//! for is left alone, and nothing else ever waits for either service.

use albedo::aws::{Tally, Turns};
use albedo::model::action::AwsAction;
use albedo::model::id::AwsId;
use albedo::model::plan::{Plan, WaitKey};
use albedo::model::problem::{Code, Severity};
use albedo::model::protection::ShieldProtection;
use albedo::model::report::Event;
use albedo::model::subject::SubjectKind;

use super::support::canon;
use super::support::clock::VirtualClock;
use super::support::fake::Fake;
use super::support::site::Site;
use super::support::world::{World, fake, key, settings, wait};

mod unmeant;
mod wishes;

const SERVICE: &str = "service shop/s: {ports: [80]}\n";
const OWN: &str = "class own: {controller: alb.ingress.k8s.aws/albedo}\n";

/// One Ingress with these annotations.
fn web(annotations: &str) -> String {
    format!("ingress shop/web: {{{annotations}rules: [any Exact /a s:80]}}")
}

/// The ARN of the web ACL that the fake has under a name.
fn arn(name: &str) -> String {
    format!("arn:aws:wafv2:us-east-1:123456789012:regional/webacl/{name}/1")
}

fn by_arn(name: &str) -> String {
    format!("wafv2-acl-arn: '{}', ", arn(name))
}

/// An account with the web ACLs `one` and `two`, subscribed to Shield Advanced.
fn site(annotations: &str) -> Site {
    let site = Site::new(SERVICE);
    site.cluster.add(&web(annotations));
    site.aws.change(|state| {
        state.guards.add_web_acl("one");
        state.guards.add_web_acl("two");
        state.guards.is_subscribed = true;
    });
    site
}

/// What protects the load balancers: the names of their web ACLs and of their protections.
fn guards(aws: &Fake) -> (Vec<String>, Vec<String>) {
    let guards = aws.everything().guards;
    let acls = guards.associations.values().map(|id| guards.web_acls[id].clone()).collect();
    (acls, guards.protections.into_values().map(|found| found.name).collect())
}

/// The operations of both services that were performed.
fn performed(aws: &Fake) -> Vec<&'static str> {
    let all = aws
        .performed()
        .into_iter()
        .filter(|action| matches!(action, AwsAction::Wafv2(_) | AwsAction::Shield(_)));
    all.map(|action| action.operation().1).collect()
}

fn unprotected(site: &Site) -> Vec<Event> {
    let events = site.cluster.events().into_iter();
    events.filter(|event| event.reason == Code::Unprotected.to_string()).collect()
}

/// The plan of what protects the group of `shop/web`.
fn planned(world: &World, aws: &Fake) -> Plan {
    let plans = world.plan(aws).plans.into_iter();
    let mut plans = plans.filter(|(subject, _)| subject.kind() == SubjectKind::Protection);
    plans.next().map(|(_, plan)| plan).unwrap_or_default()
}

const SHIELD: &str = "managed by aws-load-balancer-controller";

/// Annotations, the web ACL and the protection that stand then, and the calls that it takes.
type Step<'a> = (String, Option<&'a str>, Option<&'a str>, &'a [&'a str]);

#[test]
fn what_is_asked_for_stands_and_goes_as_it_is_asked() {
    wait(async {
        let site = site(&by_arn("one"));
        let controller = site.settle().await;
        assert_eq!(performed(&site.aws), ["AssociateWebACL"]);
        let both = format!("{}wafv2-acl-name: one, ", by_arn("two"));
        let shield = |value: &str| format!("shield-advanced-protection: '{value}', ");
        let no_call: &[&str] = &[];
        let steps: [Step<'_>; 10] = [
            (by_arn("two"), Some("two"), None, &["AssociateWebACL"]),
            // One that is asked for by its name goes over an ARN.
            (both, Some("one"), None, &["AssociateWebACL"]),
            // Silence changes nothing, and neither does an empty word.
            (String::new(), Some("one"), None, no_call),
            ("wafv2-acl-arn: '', wafv2-acl-name: '', ".to_owned(), Some("one"), None, no_call),
            ("wafv2-acl-arn: none, ".to_owned(), None, None, &["DisassociateWebACL"]),
            ("wafv2-acl-name: none, ".to_owned(), None, None, no_call),
            (shield("false"), None, None, no_call),
            (shield("True"), None, Some(SHIELD), &["CreateProtection"]),
            (String::new(), None, Some(SHIELD), no_call),
            (shield("0"), None, None, &["DeleteProtection"]),
        ];
        for (annotations, acl, protection, calls) in steps {
            site.aws.forget_calls();
            site.cluster.add(&web(&annotations));
            controller.settle().await;
            let strings = |of: Option<&str>| of.map(str::to_owned).into_iter().collect();
            assert_eq!(guards(&site.aws), (strings(acl), strings(protection)), "{annotations}");
            assert_eq!(performed(&site.aws), calls, "{annotations}");
            let rules = canon::rules(&site.aws.everything());
            assert_eq!(rules, ["80:1 /a -> shop/web-s:80"], "{annotations}");
        }
        assert_eq!(site.refused(), 0);
        assert_eq!(unprotected(&site), []);
    });
}

#[test]
fn a_restart_and_a_take_over_plan_nothing() {
    wait(async {
        let site = site(&format!("{}shield-advanced-protection: 'true', ", by_arn("one")));
        site.settle().await;
        site.aws.forget_calls();
        // Whatever made it: LBC leaves exactly this.
        site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // Who asks for nothing costs nothing.
        site.cluster.add(&web(""));
        site.aws.forget_calls();
        site.settle().await;
        let calls = site.aws.calls();
        assert!(!calls.keys().any(|name| name.starts_with("wafv2.")), "{calls:?}");
        assert!(!calls.keys().any(|name| name.starts_with("shield.")), "{calls:?}");
        assert_eq!(guards(&site.aws), (vec!["one".to_owned()], vec![SHIELD.to_owned()]));
    });
}

#[test]
fn a_protection_that_somebody_else_made_stays() {
    wait(async {
        for (name, stays) in [
            (SHIELD, false),
            ("managed by aws-alb-ingress-controller", false),
            ("the security team's", true),
        ] {
            let site = site("");
            site.settle().await;
            site.aws.change(|state| {
                let id = state.load_balancers.keys().next().unwrap().clone();
                let found = ShieldProtection { id: AwsId::new("p-1"), name: name.to_owned() };
                state.guards.protections.insert(id, found);
            });
            site.cluster.add(&web("shield-advanced-protection: 'false', "));
            site.settle().await;
            assert_eq!(guards(&site.aws).1.len(), usize::from(stays), "{name}");
        }
    });
}

#[test]
fn a_new_load_balancer_is_protected_once_it_takes_traffic() {
    wait(async {
        let site = site(&by_arn("one"));
        site.aws.take_time();
        let controller = site.start();
        controller.settle_for(100).await;
        assert_eq!(performed(&site.aws), Vec::<&str>::new(), "AWS does not find it yet");
        assert_eq!(canon::rules(&site.aws.everything()).len(), 1, "nobody waits for it");
        site.aws.be_quick();
        site.aws.finish_provisioning();
        controller.settle_for(3).await;
        assert_eq!(performed(&site.aws), ["AssociateWebACL"]);
        assert_eq!(site.refused(), 0);
    });
}

#[test]
fn a_plan_shows_what_a_load_balancer_that_is_still_to_be_made_will_have() {
    let world = World::new(&format!("{SERVICE}{}", web(&by_arn("one"))));
    let plan = planned(&world, &fake());
    let [step] = plan.steps.as_slice() else { panic!("{plan:?}") };
    assert!(matches!(step.gate, Some(WaitKey::Made(_))), "{step:?}");
    assert_eq!(step.action.operation(), ("wafv2", "AssociateWebACL"));
}

/// What AWS does to whoever calls it.
type Trouble = fn(&Fake);

/// Whatever WAF and Shield do, a path that is added is served at once.
#[test]
fn a_service_that_fails_or_is_slow_holds_nothing() {
    wait(async {
        let asked = format!("{}shield-advanced-protection: 'true', ", by_arn("one"));
        let more = "rules: [any Exact /a s:80, any Exact /b s:80]";
        let troubles: [(&str, Trouble); 6] = [
            ("both are out", |aws| aws.outage(&["wafv2.", "shield."])),
            ("both ask for fewer calls", |aws| aws.throttle(&["wafv2.", "shield."])),
            ("reads fail", |aws| aws.outage(&["wafv2.GetWeb", "shield.Describe"])),
            ("writes fail", |aws| aws.outage(&["wafv2.Associate", "shield.Create"])),
            ("web ACLs cannot be listed", |aws| aws.outage(&["wafv2.List", "shield.GetSub"])),
            ("a call takes its turn in a quarter of an hour", |aws| {
                let limits = "WAFV2:.*=0.0011:1,Shield:.*=0.0011:1".parse().unwrap();
                aws.pace_by(Turns::new(&limits, &VirtualClock::new(), &Tally::default()));
            }),
        ];
        for (what, trouble) in troubles {
            let site = site(&format!("{asked}wafv2-acl-name: one, "));
            trouble(&site.aws);
            let controller = site.start();
            controller.settle_for(30).await;
            assert_eq!(canon::rules(&site.aws.everything()).len(), 1, "{what}");
            site.cluster.add(&format!("ingress shop/web: {{{asked}wafv2-acl-name: one, {more}}}"));
            site.cluster.add("endpoints shop/s: {ports: {'': 80}, at: [172.31.1.10]}");
            controller.settle_for(5).await;
            let state = site.aws.everything();
            assert_eq!(canon::rules(&state).len(), 2, "{what}");
            let targets = state.target_groups.values().map(|group| group.targets.len());
            assert_eq!(targets.sum::<usize>(), 1, "{what}");
            site.aws.mend();
            site.aws.throttle(&[]);
            controller.settle().await;
            let both = (vec!["one".to_owned()], vec![SHIELD.to_owned()]);
            assert_eq!(guards(&site.aws), both, "{what}");
        }
    });
}

#[test]
fn one_service_that_fails_does_not_hold_the_other() {
    wait(async {
        let asked = format!("{}shield-advanced-protection: 'true', ", by_arn("one"));
        for (out, stands) in [("wafv2.", (0, 1)), ("shield.", (1, 0))] {
            let site = site(&asked);
            site.aws.outage(&[out]);
            let controller = site.start();
            controller.settle_for(60).await;
            let (acls, protections) = guards(&site.aws);
            assert_eq!((acls.len(), protections.len()), stands, "{out}");
            site.aws.mend();
            controller.settle().await;
            assert_eq!(guards(&site.aws).0.len() + guards(&site.aws).1.len(), 2, "{out}");
        }
    });
}

#[test]
fn what_does_not_exist_is_told_once_to_who_asks_and_what_stands_is_kept() {
    wait(async {
        let cases = [
            (
                "wafv2-acl-name: three, ",
                "web ACL \"three\", which does not exist; allowed: a \
              WAFv2 web ACL of the region: one, two",
            ),
            (
                "wafv2-acl-arn: 'arn:aws:wafv2:us-east-1:123456789012:regional/webacl/three/1', ",
                "WAFNonexistentItemException",
            ),
        ];
        for (annotations, text) in cases {
            let site = site(&by_arn("one"));
            let controller = site.settle().await;
            site.cluster.add(&web(annotations));
            controller.settle_for(3000).await;
            assert_eq!(guards(&site.aws).0, ["one"]);
            let events = unprotected(&site);
            let [event] = &events[..] else { panic!("{events:#?}") };
            assert_eq!((&event.object.key, event.severity), (&key("shop/web"), Severity::Warning));
            assert!(event.message.contains(text), "{}", event.message);
            // Once somebody has made it, that is found out.
            site.aws.change(|state| state.guards.add_web_acl("three"));
            controller.settle().await;
            assert_eq!(guards(&site.aws).0, ["three"]);
        }
    });
}

#[test]
fn who_is_not_subscribed_to_shield_is_told_and_protected_once_he_is() {
    wait(async {
        let site = site("shield-advanced-protection: 'true', ");
        site.aws.change(|state| state.guards.is_subscribed = false);
        let controller = site.start();
        controller.settle_for(1000).await;
        let events = unprotected(&site);
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert!(event.message.contains("not subscribed"), "{}", event.message);
        assert_eq!(performed(&site.aws), Vec::<&str>::new());
        site.aws.change(|state| state.guards.is_subscribed = true);
        controller.settle().await;
        assert_eq!(guards(&site.aws).1, [SHIELD]);
    });
}

#[test]
fn what_a_flag_turns_off_is_neither_looked_at_nor_touched() {
    wait(async {
        let asked = format!("{}shield-advanced-protection: 'true', waf-acl-id: x, ", by_arn("one"));
        let mut settings = settings();
        settings.protection.waf_classic = false;
        settings.protection.wafv2 = false;
        settings.protection.shield = false;
        let site = Site::with(settings, SERVICE);
        site.cluster.add(&web(&asked));
        site.settle().await;
        assert_eq!(canon::rules(&site.aws.everything()).len(), 1);
        let calls = site.aws.calls();
        assert!(!calls.keys().any(|name| name.starts_with("wafv2.")), "{calls:?}");
        assert!(!calls.keys().any(|name| name.starts_with("shield.")), "{calls:?}");
        let events: Vec<String> = site.cluster.events().into_iter().map(|e| e.reason).collect();
        assert_eq!(events, ["SuccessfullyReconciled"]);
    });
}

/// A bad member of which nothing good is known may be the one for which a web ACL stands.
#[test]
fn what_stands_gives_way_only_once_every_member_is_known() {
    wait(async {
        let member = |name: &str, more: &str| {
            format!(
                "ingress shop/{name}: {{group.name: edge, finalizers: [group.ingress.k8s.aws/edge], \
                 {more}rules: [any Exact /{name} s:80]}}"
            )
        };
        let site = Site::new(SERVICE);
        site.aws.change(|state| {
            state.guards.add_web_acl("one");
            state.guards.add_web_acl("two");
            state.guards.is_subscribed = true;
        });
        site.cluster.add(&member("a", &by_arn("one")));
        site.settle().await;
        // A new process knows nothing of what the bad one wanted.
        site.cluster.forget_memories();
        site.cluster.add(&member("a", "listen-ports: nonsense, "));
        let asked = format!("{}shield-advanced-protection: 'true', ", by_arn("two"));
        site.cluster.add(&member("b", &asked));
        let controller = site.settle().await;
        assert_eq!(guards(&site.aws), (vec!["one".to_owned()], vec![SHIELD.to_owned()]));
        site.cluster.add(&member("a", ""));
        controller.settle().await;
        assert_eq!(guards(&site.aws).0, ["two"]);
    });
}

#[test]
fn who_may_not_look_says_so_to_who_asks() {
    wait(async {
        let site = site(&by_arn("one"));
        site.aws.forbid(&["wafv2.Get"]);
        let controller = site.start();
        controller.settle_for(600).await;
        let events = unprotected(&site);
        let [event] = &events[..] else { panic!("{events:#?}") };
        assert!(event.message.contains("wafv2.GetWebACLForResource: AccessDenied"), "{event:?}");
        assert_eq!(event.object.key, key("shop/web"));
        assert_eq!(canon::rules(&site.aws.everything()).len(), 1);
        site.aws.forbid(&[]);
        controller.settle().await;
        assert_eq!(guards(&site.aws).0, ["one"]);
    });
}

#[test]
fn nothing_is_kept_of_a_group_that_is_gone() {
    wait(async {
        let site = site(&by_arn("three"));
        let controller = site.start();
        controller.settle_for(100).await;
        assert_eq!(controller.runtime.world().lock().protections.len(), 1);
        site.cluster.delete(&key("shop/web"));
        controller.settle().await;
        assert!(controller.runtime.world().lock().protections.is_empty());
        assert!(site.aws.everything().load_balancers.is_empty());
        let mirror = controller.runtime.mirror().kept();
        assert!(mirror < 20, "{mirror}");
    });
}
