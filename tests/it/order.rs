//! What is served before a change and after it is served at every moment of it, whatever AWS
//! refuses meanwhile: nothing goes before what takes its place stands.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;

use albedo::aws::Kind;
use albedo::model::id::{AwsId, Id};
use albedo::model::rule::{self, Rule, RuleAction, route};
use albedo::model::security::{IngressRule, Peer};

use super::support::fake::{Fault, Faulty, State, Struck, When};
use super::support::site::Site;
use super::support::world::{CERTIFICATE, NODES, fake, wait};

/// Somebody's request.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Request {
    from: Ipv4Addr,
    host: &'static str,
    path: &'static str,
}

fn request(from: [u8; 4], path: &'static str) -> Request {
    Request { from: from.into(), host: "public.example.com", path }
}

/// Whether a rule lets an address in at a port.
fn lets_in(rule: &IngressRule, address: Ipv4Addr, port: u16) -> bool {
    let Peer::Cidr(cidr) = &rule.source else { return false };
    let (network, bits) = cidr.split_once('/').unwrap();
    let (network, bits) = (network.parse::<Ipv4Addr>().unwrap(), bits.parse::<u32>().unwrap());
    let mask = u32::MAX.checked_shl(32 - bits).unwrap_or(0);
    (rule.from_port..=rule.to_port).contains(&port)
        && u32::from(address) & mask == u32::from(network) & mask
}

/// The target groups whose pods a request reaches, at whatever port: through the load balancer's
/// security groups, the first rule that takes it, and the security group of the nodes.
fn reached(state: &State, request: Request) -> BTreeSet<AwsId> {
    let mut reached = BTreeSet::new();
    for (id, listener) in &state.listeners {
        let carried = &state.load_balancers[&listener.load_balancer].spec.security_groups;
        let mut let_in = carried.iter().filter_map(Id::given).flat_map(|group| {
            state.security_groups.get(group).into_iter().flat_map(|group| group.rules.keys())
        });
        if !let_in.any(|rule| lets_in(rule, request.from, listener.port)) {
            continue;
        }
        let mut rules: Vec<_> = state.rules.values().filter(|rule| rule.listener == *id).collect();
        rules.sort_by_key(|rule| rule.priority);
        let rules: Vec<Rule> = rules.into_iter().map(|rule| rule.rule.clone()).collect();
        let routed = route(&rules, &rule::Request::get(request.host, request.path));
        let Some(place) = routed.taken else { continue };
        let groups = rules[place].actions.iter().flat_map(RuleAction::target_groups);
        for group in groups.filter_map(|weighted| weighted.group.given()) {
            let is_open = |port: u16| {
                state.security_groups[&AwsId::new(NODES)].rules.keys().any(|rule| {
                    matches!(&rule.source, Peer::Group(source) if carried.contains(source))
                        && (rule.from_port..=rule.to_port).contains(&port)
                })
            };
            let mut targets = state.target_groups[group].targets.keys();
            if targets.any(|target| is_open(target.port)) {
                reached.insert(group.clone());
            }
        }
    }
    reached
}

/// A change of a site that stands, and whose requests are looked at.
struct Edit<'a> {
    before: &'a str,
    after: &'a str,
    requests: &'a [Request],
}

impl Edit<'_> {
    /// The change, while AWS refuses these of its writes.
    fn run(&self, refused: &[usize]) -> (State, Site) {
        let site = Site::new(self.before);
        wait(site.settle());
        site.aws.finish_provisioning();
        let start = site.aws.everything();
        site.aws.forget_calls();
        site.cluster.add(self.after);
        let fault = |nth: &usize| Fault {
            struck: Struck::Writes,
            nth: *nth,
            when: When::Before,
            kind: Kind::Refused,
        };
        let aws = Faulty::new(site.aws.clone(), refused.iter().map(fault).collect());
        wait(async { site.start_on(aws).settle_for(600).await });
        (start, site)
    }

    /// What must hold after every single write.
    fn holds_at_every_moment(&self, refused: &[usize], start: &State, site: &Site) {
        let end = site.aws.everything();
        let is_kept = |request: &&Request| {
            !reached(start, **request).is_empty() && !reached(&end, **request).is_empty()
        };
        let kept: Vec<&Request> = self.requests.iter().filter(is_kept).collect();
        assert_eq!(kept.len(), self.requests.len(), "served before and after; refused {refused:?}");
        let replay = fake();
        replay.change(|state| *state = start.clone());
        for action in site.aws.performed() {
            replay.meddle(&action).unwrap();
            let now = replay.everything();
            for request in &kept {
                let is_served = !reached(&now, **request).is_empty();
                assert!(is_served, "{request:?} is lost; refused {refused:?}; after {action:?}");
            }
        }
    }

    /// Whichever write is refused once.
    fn check(&self) {
        let (start, clean) = self.run(&[]);
        let writes = clean.aws.performed().len();
        assert!(writes > 0, "it changes something");
        self.holds_at_every_moment(&[], &start, &clean);
        for nth in 1..=writes {
            let (start, site) = self.run(&[nth]);
            self.holds_at_every_moment(&[nth], &start, &site);
        }
    }
}

const ONE: &str = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1]}
ingress shop/web: {rules: [public.example.com Exact /a web:80]}
";

#[test]
fn a_refused_source_keeps_the_one_it_takes_the_place_of() {
    Edit {
        before: ONE,
        after: "ingress shop/web:
  {inbound-cidrs: 10.0.0.0/8, rules: [public.example.com Exact /a web:80]}",
        requests: &[request([10, 1, 2, 3], "/a")],
    }
    .check();
}

/// An edit of `ONE` that asks for so many sources, one address each, from 10.0.`block`.0 on.
fn sources(block: u8, count: u8) -> String {
    let cidrs: Vec<String> = (0..count).map(|n| format!("10.0.{block}.{n}/32")).collect();
    let cidrs = cidrs.join(",");
    format!(
        "ingress shop/web: {{inbound-cidrs: '{cidrs}', rules: [public.example.com Exact /a web:80]}}"
    )
}

fn front_sources(state: &State) -> usize {
    let group =
        state.security_groups.values().find(|group| group.spec.name.starts_with("k8s-shop"));
    group.unwrap().rules.len()
}

#[test]
fn more_sources_than_a_group_has_room_for_leave_the_old_one() {
    let after = sources(0, 61);
    let edit = Edit { before: ONE, after: &after, requests: &[request([192, 0, 2, 1], "/a")] };
    let (start, site) = edit.run(&[]);
    edit.holds_at_every_moment(&[], &start, &site);
}

#[test]
fn as_many_sources_as_a_group_has_room_for_come_in_turns() {
    // Of sixty sources fifty-nine have room beside the one that goes.
    let after = sources(0, 60);
    let edit = Edit { before: ONE, after: &after, requests: &[request([10, 0, 0, 7], "/a")] };
    edit.check();
    assert_eq!(front_sources(&edit.run(&[]).1.aws.everything()), 60);
    // A full group gets sixty others, of which one is there all along.
    let before = format!("{ONE}{}", sources(0, 60))
        .replace("ingress shop/web: {rules: [public.example.com Exact /a web:80]}\n", "");
    let after = sources(0, 1).replace("10.0.0.0/32", "10.0.0.0/32,REST");
    let rest: Vec<String> = (0..59).map(|n| format!("10.0.1.{n}/32")).collect();
    let after = after.replace("REST", &rest.join(","));
    let edit = Edit { before: &before, after: &after, requests: &[request([10, 0, 0, 0], "/a")] };
    edit.check();
    assert_eq!(front_sources(&edit.run(&[]).1.aws.everything()), 60);
}

const SECOND_PORT: &str = "
service shop/new: {ports: ['80:9090']}
endpoints shop/new: {ports: {'': 9090}, at: [172.31.0.2]}
ingress shop/new: {rules: [public.example.com Exact /new new:80]}
";

/// Two rules become two others, of which one takes what the other one has been for.
#[test]
fn a_rule_gives_up_its_requests_after_the_one_that_takes_them() {
    let services = "
service shop/old: {ports: ['80:8080']}
endpoints shop/old: {ports: {'': 8080}, at: [172.31.0.1]}
service shop/new: {ports: ['80:9090']}
endpoints shop/new: {ports: {'': 9090}, at: [172.31.0.2]}
";
    let before = "ingress shop/web: {rules: [any Prefix /a old:80, a.example.com Exact /b new:80]}";
    Edit {
        before: &format!("{services}{before}"),
        after: "ingress shop/web: {rules: [c.example.com Exact /b new:80, any Exact /a new:80]}",
        requests: &[request([192, 0, 2, 1], "/a")],
    }
    .check();
}

#[test]
fn a_refused_port_of_a_new_service_cuts_nobody_off() {
    Edit { before: ONE, after: SECOND_PORT, requests: &[request([192, 0, 2, 1], "/a")] }.check();
}

#[test]
fn a_full_group_of_nodes_keeps_the_port_that_it_lets_in() {
    let site = Site::new(ONE);
    let foreign = |n: u16| IngressRule {
        protocol: "tcp".to_owned(),
        from_port: n,
        to_port: n,
        source: Peer::Cidr("10.0.0.0/8".to_owned()),
    };
    let nodes = AwsId::new(NODES);
    site.aws.change(|state| {
        let group = state.security_groups.get_mut(&nodes).unwrap();
        group.rules.extend((1..60).map(|n| (foreign(n), "theirs".to_owned())));
    });
    wait(async {
        let controller = site.settle().await;
        let old = request([192, 0, 2, 1], "/a");
        let new = request([192, 0, 2, 1], "/new");
        let start = site.aws.everything();
        assert!(!reached(&start, old).is_empty());
        site.aws.forget_calls();
        controller.cluster.add(SECOND_PORT);
        controller.settle_for(600).await;
        let replay = fake();
        replay.change(|state| *state = start.clone());
        for action in site.aws.performed() {
            replay.meddle(&action).unwrap();
            assert!(!reached(&replay.everything(), old).is_empty(), "after {action:?}");
        }
        // Once somebody makes room, the new port comes by itself.
        site.aws.change(|state| {
            state.security_groups.get_mut(&nodes).unwrap().rules.remove(&foreign(1));
        });
        controller.look_again();
        controller.settle().await;
        assert!(!reached(&site.aws.everything(), old).is_empty());
        assert!(!reached(&site.aws.everything(), new).is_empty());
    });
}

/// `ONE`, whose load balancer carries a security group of somebody's own.
const OWN_GROUP: &str = "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1]}
ingress shop/web: {security-groups: sg-own-1, rules: [public.example.com Exact /a web:80]}
";

/// A site where nodes let in somebody's own security group, as they let in those of ours.
fn with_own_group() -> Site {
    let site = Site::new(OWN_GROUP);
    let rule = |port, source| IngressRule {
        protocol: "tcp".to_owned(),
        from_port: port,
        to_port: port,
        source,
    };
    site.aws.change(|state| {
        let mut spec = state.security_groups[&AwsId::new(NODES)].spec.clone();
        "own".clone_into(&mut spec.name);
        spec.tags.clear();
        let own = state.add_security_group(spec);
        assert_eq!(own.as_str(), "sg-own-1");
        let everybody = rule(80, Peer::Cidr("0.0.0.0/0".to_owned()));
        let group = state.security_groups.get_mut(&own).unwrap();
        group.rules.insert(everybody, String::new());
        let nodes = state.security_groups.get_mut(&AwsId::new(NODES)).unwrap();
        nodes.rules.insert(rule(8080, Peer::Group(Id::Is(own))), "theirs".to_owned());
    });
    wait(site.settle());
    site.aws.finish_provisioning();
    site
}

#[test]
fn a_load_balancer_keeps_a_security_group_until_nodes_let_in_the_next() {
    let request = request([192, 0, 2, 1], "/a");
    let mut writes = 1;
    let mut nth = 0;
    while nth <= writes {
        let site = with_own_group();
        let start = site.aws.everything();
        assert!(!reached(&start, request).is_empty());
        site.aws.forget_calls();
        site.cluster.add("ingress shop/web: {rules: [public.example.com Exact /a web:80]}");
        // Refused again and again: whatever comes meanwhile must not build on it.
        let fault =
            |nth| Fault { struck: Struck::Writes, nth, when: When::Before, kind: Kind::Refused };
        let faults = if nth == 0 { Vec::new() } else { (nth..nth + 4).map(fault).collect() };
        let aws = Faulty::new(site.aws.clone(), faults);
        wait(async { site.start_on(aws).settle_for(600).await });
        let replay = fake();
        replay.change(|state| *state = start.clone());
        for action in site.aws.performed() {
            replay.meddle(&action).unwrap();
            let is_served = !reached(&replay.everything(), request).is_empty();
            assert!(is_served, "refused {nth}; after {action:?}");
        }
        let carried = |state: &State| {
            let all = state.load_balancers.values();
            all.flat_map(|found| found.spec.security_groups.clone()).collect::<BTreeSet<Id>>()
        };
        let end = carried(&site.aws.everything());
        assert!(end.is_disjoint(&carried(&start)) && end.len() == 2, "refused {nth}: {end:?}");
        writes = site.aws.performed().len();
        nth += 1;
    }
}

const TWO_BACKENDS: &str = "
service shop/web: {ports: ['80:8080']}
service shop/other: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1]}
endpoints shop/other: {ports: {'': 8080}, at: [172.31.0.2]}
";

#[test]
fn a_rule_goes_after_the_one_that_takes_its_requests() {
    let requests = ["/o", "/a", "/x"].map(|path| request([192, 0, 2, 1], path));
    // The rule is made anew, behind a new one.
    let before = format!(
        "{TWO_BACKENDS}
ingress shop/web:
  rules: [public.example.com Exact /x web:80, public.example.com Exact /a web:80,
          public.example.com Exact /o other:80]"
    );
    let after = "
ingress shop/web:
  rules: [public.example.com Exact /n web:80, public.example.com Exact /x web:80,
          public.example.com Exact /a other:80, public.example.com Exact /o other:80]";
    Edit { before: &before, after, requests: &requests }.check();
    // The rule's place is taken by one that stands and changes.
    let after = "
ingress shop/web:
  rules: [public.example.com Exact /a other:80, public.example.com Exact /o other:80]";
    Edit { before: &before, after, requests: &requests[..2] }.check();
}

#[test]
fn a_listener_goes_after_the_one_that_takes_its_requests() {
    let after = format!(
        "ingress shop/web:
  listen-ports: '[{{\"HTTPS\":443}}]'
  certificate-arn: {CERTIFICATE}
  rules: [public.example.com Exact /a web:80]"
    );
    Edit { before: ONE, after: &after, requests: &[request([192, 0, 2, 1], "/a")] }.check();
}

#[test]
fn a_rule_that_takes_more_than_before_is_made_of_the_one_that_stands() {
    // By their places each would become the other one's, and be nobody's for a moment.
    Edit {
        before: "
service shop/web: {ports: ['80:8080']}
endpoints shop/web: {ports: {'': 8080}, at: [172.31.0.1]}
ingress shop/web:
  {rules: [public.example.com Exact /a web:80, any Exact /c web:80]}
",
        after: "
ingress shop/web:
  {rules: [public.example.com Exact /c web:80, public.example.com Prefix /a web:80,
           other.example.org Prefix /d web:80]}
",
        requests: &[request([10, 1, 2, 3], "/a"), request([10, 1, 2, 3], "/c")],
    }
    .check();
}
