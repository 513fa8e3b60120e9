//! Health checks that are derived from what the kubelet asks pods before they are ready.

use albedo::model::index::Seen;
use albedo::model::listener::Protocol;
use albedo::model::problem::{Code, Kind, Problem, Severity};
use albedo::model::subject::SubjectKind;
use albedo::model::target_group::HealthCheck;

use super::support::site::Site;
use super::support::world::{World, key, wait};

const ASKED: &str = "alb.ingress.k8s.aws/healthcheck-from-readiness-probe: 'true'";
const REFUSED: &str = "alb.ingress.k8s.aws/healthcheck-from-readiness-probe: 'false'";

/// A shop whose Ingress and Service say this, with pods that are like this.
fn shop((ingress, service): (&str, &str), pods: &[&str]) -> String {
    let name = |nth: usize| format!("172.31.0.{}", nth + 1);
    let at: Vec<String> = (0..pods.len()).map(name).collect();
    let mut sketch = format!(
        "
service shop/s: {{ports: ['http=80:8080', 'health=81:9090'], {service}}}
ingress shop/web: {{rules: [any Prefix / s:80], {ingress}}}
endpoints shop/s: {{ports: {{http: 8080}}, pods: false, at: [{}]}}
",
        at.join(", ")
    );
    for (nth, pod) in pods.iter().enumerate() {
        sketch += &format!("pod shop/pod-{}: {{ready: true, {pod}}}\n", name(nth));
    }
    sketch
}

/// The health check of the only target group as one line, and what is wrong.
fn checked(sketch: &str) -> (String, Vec<Problem>) {
    let built = World::new(sketch).build("shop/web");
    let groups: Vec<_> = built.stack.target_groups.into_values().collect();
    let [group] = &groups[..] else { panic!("one: {groups:#?}") };
    let is_told = group.said_of_check.is_some();
    let line = line(&group.target_group.health_check);
    (if is_told { format!("{line}, or what stands") } else { line }, built.problems)
}

fn line(check: &HealthCheck) -> String {
    let HealthCheck { port, protocol, path, success_codes, .. } = check;
    let every = (check.interval_seconds, check.timeout_seconds);
    let counts = (check.healthy_threshold, check.unhealthy_threshold);
    let (every, counts) =
        (format!("{}s/{}s", every.0, every.1), format!("{}/{}", counts.0, counts.1));
    format!("{protocol} {port} {path} {success_codes} {every} {counts}")
}

/// What the check of pods like this is derived to.
fn derived(pod: &str) -> String {
    let (line, problems) = checked(&shop((ASKED, ""), &[pod]));
    assert_eq!(problems, [], "{pod}");
    line
}

#[test]
fn load_balancers_ask_what_the_kubelet_asks() {
    assert_eq!(
        derived("probe: {httpGet: {path: /ready, port: 8080}}"),
        "HTTP traffic-port /ready 200-399 10s/2s 2/3"
    );
    let all = "probe: {httpGet: {path: ready, port: 9090, scheme: HTTPS}, periodSeconds: 20, \
               timeoutSeconds: 4, successThreshold: 3, failureThreshold: 5}";
    assert_eq!(derived(all), "HTTPS 9090 /ready 200-399 20s/4s 3/5");
    let named = "probe: {httpGet: {port: probe}}, containerPorts: [{containerPort: 8080, name: \
                 main}, {containerPort: 9090, name: probe}]";
    assert_eq!(derived(named), "HTTP 9090 / 200-399 10s/2s 2/3");
}

#[test]
fn what_is_asked_keeps_within_what_aws_takes() {
    let often = "probe: {httpGet: {port: 8080}, periodSeconds: 1, timeoutSeconds: 9, \
                 failureThreshold: 30}";
    // AWS wants a check to have failed before the next one begins.
    assert_eq!(derived(often), "HTTP traffic-port / 200-399 5s/4s 2/10");
    let seldom = "probe: {httpGet: {port: 8080}, periodSeconds: 900, timeoutSeconds: 600, \
                  failureThreshold: 1}";
    assert_eq!(derived(seldom), "HTTP traffic-port / 200-399 300s/120s 2/2");
}

#[test]
fn of_several_containers_the_one_that_listens_is_asked() {
    let proxy = "{ports: [{containerPort: 15021}], \
                 readinessProbe: {httpGet: {path: /proxy, port: 15021}}}";
    let app =
        "{ports: [{containerPort: 8080}], readinessProbe: {httpGet: {path: /app, port: 8080}}}";
    let both = format!("containers: [{proxy}, {app}]");
    assert_eq!(derived(&both), "HTTP traffic-port /app 200-399 10s/2s 2/3");
    // Nobody has to list ports.
    let unlisted = app.replace("ports: [{containerPort: 8080}], ", "");
    let both = format!("containers: [{proxy}, {unlisted}]");
    assert_eq!(derived(&both), "HTTP traffic-port /app 200-399 10s/2s 2/3");
    // One that begins before the others and stays may listen.
    let proxied = "{restartPolicy: Always, ports: [{containerPort: 8080}], \
                   readinessProbe: {httpGet: {path: /first, port: 8080}}}";
    let pod = format!("containers: [{unlisted}], initContainers: [{proxied}]");
    assert_eq!(derived(&pod), "HTTP traffic-port /first 200-399 10s/2s 2/3");
}

#[test]
fn a_named_port_is_the_one_that_requests_go_to() {
    let pod = "probe: {httpGet: {path: /a, port: web}}, \
               containerPorts: [{containerPort: 8080, name: web}]";
    let sketch = shop((ASKED, ""), &[pod]).replace("http=80:8080", "http=80:web");
    assert_eq!(checked(&sketch).0, "HTTP traffic-port /a 200-399 10s/2s 2/3");
    // It has a number of its own in each pod.
    let other = pod.replace("8080", "8081");
    let sketch = shop((ASKED, ""), &[pod, &other]).replace("http=80:8080", "http=80:web");
    assert_eq!(checked(&sketch).0, "HTTP traffic-port /a 200-399 10s/2s 2/3");
}

#[test]
fn the_service_says_it_before_the_ingress_and_that_before_the_class() {
    let pod = "probe: {httpGet: {path: /ready, port: 8080}}";
    let is_derived = |class: &str, ingress: &str, service: &str| {
        let sketch = shop((ingress, service), &[pod]);
        let (line, problems) = checked(&format!("class alb: {{{class}}}\n{sketch}"));
        assert_eq!(problems, []);
        line.contains("/ready")
    };
    for (class, ingress, service, expected) in [
        ("", "", "", false),
        (ASKED, "", "", true),
        ("", ASKED, "", true),
        ("", "", ASKED, true),
        (ASKED, REFUSED, "", false),
        (ASKED, REFUSED, ASKED, true),
        ("", ASKED, REFUSED, false),
    ] {
        assert_eq!(is_derived(class, ingress, service), expected, "{class} {ingress} {service}");
    }
}

#[test]
fn annotations_of_health_checks_go_over_it() {
    let pod = "probe: {httpGet: {path: /ready, port: 9090}, periodSeconds: 30, timeoutSeconds: 20}";
    let with = |said: &str| checked(&shop((&format!("{ASKED}, {said}"), ""), &[pod])).0;
    assert_eq!(with("healthcheck-path: /own"), "HTTP 9090 /own 200-399 30s/20s 2/3");
    assert_eq!(
        with("healthcheck-port: traffic-port"),
        "HTTP traffic-port /ready 200-399 30s/20s 2/3"
    );
    // What is derived gives way where both together would be none.
    assert_eq!(with("healthcheck-interval-seconds: '10'"), "HTTP 9090 /ready 200-399 10s/9s 2/3");
    assert_eq!(
        with("healthcheck-timeout-seconds: '60', success-codes: '200'"),
        "HTTP 9090 /ready 200 61s/60s 2/3"
    );
}

#[test]
fn nodes_are_asked_at_the_node_port_that_leads_there() {
    let of = |node_ports: [&str; 2], port: u16| {
        let pod = format!("probe: {{httpGet: {{path: /ready, port: {port}}}}}");
        let sketch = shop((&format!("{ASKED}, target-type: instance"), ""), &[&pod]);
        let [main, health] = node_ports;
        let sketch = sketch.replace("80:8080", &format!("80:8080{main}"));
        checked(&sketch.replace("81:9090", &format!("81:9090{health}")))
    };
    let (line, problems) = of(["@31000", "@31001"], 8080);
    assert_eq!((line.as_str(), problems.len()), ("HTTP traffic-port /ready 200-399 10s/2s 2/3", 0));
    let (line, problems) = of(["@31000", "@31001"], 9090);
    assert_eq!((line.as_str(), problems.len()), ("HTTP 31001 /ready 200-399 10s/2s 2/3", 0));
    let (line, problems) = of(["@31000", ""], 9090);
    assert_eq!(line, "HTTP traffic-port / 200 15s/5s 2/2, or what stands");
    assert!(problems[0].found.contains("to which no nodePort"), "{problems:?}");
}

#[test]
fn what_cannot_be_asked_is_told_once_and_changes_nothing() {
    let good = "probe: {httpGet: {path: /ready, port: 8080}}";
    let long = format!("probe: {{httpGet: {{path: /{}, port: 8080}}}}", "x".repeat(1024));
    let two = "containers: [{readinessProbe: {httpGet: {port: 1}}}, {ports: [{containerPort: 2}]}]";
    let other = "containers: [{readinessProbe: {httpGet: {port: 1}}}, \
                 {ports: [{containerPort: 8080}]}]";
    for (pods, why) in [
        (vec![""], "no readinessProbe"),
        (vec!["probe: {exec: {command: [ls]}}"], "a readinessProbe that is exec"),
        (vec!["probe: {tcpSocket: {port: 8080}}"], "a readinessProbe that is tcpSocket"),
        (vec!["probe: {grpc: {port: 8080}}"], "a readinessProbe that is grpc"),
        (vec!["probe: {httpGet: {port: 8080, host: h}}"], "a host or headers of its own"),
        (
            vec!["probe: {httpGet: {port: 8080, httpHeaders: [{name: a, value: b}]}}"],
            "a host or headers of its own",
        ),
        (vec!["probe: {httpGet: {port: gone}}"], "on a port that its container lacks"),
        (vec![long.as_str()], "a path of 1025 letters"),
        (vec![two], "several containers, of which none lists the port 8080"),
        (vec![other], "no readinessProbe of the container that listens on 8080"),
        (vec![good, ""], "probes that differ: no readinessProbe; HTTP traffic-port /ready"),
    ] {
        let (line, problems) = checked(&shop((ASKED, ""), &pods));
        assert_eq!(line, "HTTP traffic-port / 200 15s/5s 2/2, or what stands", "{why}");
        let [problem] = &problems[..] else { panic!("{why}: {problems:?}") };
        assert_eq!((problem.code, problem.severity), (Code::UnfitProbe, Severity::Warning));
        assert_eq!((problem.object.kind, &problem.object.key), (Kind::Ingress, &key("shop/web")));
        assert!(problem.found.contains(why), "{why}: {problem}");
        assert!(problem.found.starts_with("pods of shop/s with"), "{problem}");
    }
    // Whoever asks for it is told.
    let (_, problems) = checked(&shop(("", ASKED), &[""]));
    assert_eq!((problems[0].object.kind, &problems[0].object.key), (Kind::Service, &key("shop/s")));
    // Nobody can say anything of pods that are still to come, or that have none of the Service's.
    let (line, problems) = checked(&shop((ASKED, ""), &[]));
    assert_eq!(
        (line.as_str(), problems.len()),
        ("HTTP traffic-port / 200 15s/5s 2/2, or what stands", 0)
    );
}

#[test]
fn health_checks_by_grpc_are_not_derived() {
    let pod = "probe: {httpGet: {path: /ready, port: 8080}}";
    let said = format!("{ASKED}, backend-protocol-version: GRPC");
    let (line, problems) = checked(&shop((&said, ""), &[pod]));
    assert_eq!(line, "HTTP traffic-port /AWS.ALB/healthcheck 12 15s/5s 2/2, or what stands");
    assert!(problems[0].found.contains("by gRPC"), "{problems:?}");
    // A pod without probes is no reason for a word where nobody asks.
    assert_eq!(checked(&shop(("", ""), &[""])).1, []);
}

#[test]
fn a_value_that_is_neither_true_nor_false_makes_its_author_bad() {
    let asked = ASKED.replace("true", "yes");
    for (ingress, service, kind) in
        [(asked.as_str(), "", Kind::Ingress), ("", &asked, Kind::Service)]
    {
        let problems = World::new(&shop((ingress, service), &[""])).problems("shop/web");
        let error = problems.iter().find(|problem| problem.severity == Severity::Error);
        assert_eq!(error.map(|problem| problem.object.kind), Some(kind), "{problems:?}");
    }
    let class = format!("class alb: {{{asked}}}\n{}", shop(("", ""), &[""]));
    assert_eq!(World::new(&class).problems("shop/web")[0].code, Code::InvalidClass);
}

/// The health check that stands.
fn standing(site: &Site) -> String {
    let state = site.aws.everything();
    let groups: Vec<_> = state.target_groups.values().collect();
    let [group] = &groups[..] else { panic!("one: {groups:#?}") };
    line(&group.spec.health_check)
}

#[test]
fn while_pods_differ_what_stands_stays_and_neighbours_change() {
    wait(async {
        let old = "probe: {httpGet: {path: /old, port: 9090}}";
        let new = "probe: {httpGet: {path: /new, port: 8080}}";
        let site = Site::new(&shop((ASKED, ""), &[old, old]));
        let controller = site.settle().await;
        let before = "HTTP 9090 /old 200-399 10s/2s 2/3";
        assert_eq!(standing(&site), before);
        // The Deployment is rolled over: a new pod comes, of which nobody is told but the targets.
        controller.cluster.add(&shop((ASKED, ""), &[old, old, new]));
        controller.settle_for(30).await;
        assert_eq!(standing(&site), before);
        let told = || {
            let events = site.cluster.events().into_iter();
            events.filter(|event| event.reason == "UnfitProbe").count()
        };
        assert_eq!(told(), 1);
        // The port that is asked stays open.
        let opened = |site: &Site| {
            let objects = site.cluster.objects.read().unwrap();
            let bindings: Vec<_> = objects.bindings.iter().collect();
            let [(name, seen)] = &bindings[..] else { panic!("one") };
            let mut ports: Vec<String> = (seen.as_binding(name).openings.iter())
                .filter_map(|opening| Some(opening.port.as_ref()?.to_string()))
                .collect();
            ports.sort();
            ports
        };
        assert_eq!(opened(&site), ["8080", "9090"]);
        // Other settings of the Ingress change all the same, this one as well.
        let said = format!("{ASKED}, success-codes: '204', tags: 'team=edge'");
        controller.cluster.add(&shop((&said, ""), &[old, old, new]));
        controller.settle_for(30).await;
        assert_eq!(standing(&site), "HTTP 9090 /old 204 10s/2s 2/3");
        controller.cluster.add(&shop((ASKED, ""), &[old, old, new]));
        controller.settle_for(30).await;
        // A new process knows no more, and does nothing.
        controller.stop().await;
        site.aws.forget_calls();
        let controller = site.settle().await;
        assert_eq!(site.aws.performed(), []);
        // The old ones are on their way out.
        controller.cluster.add(&shop((ASKED, ""), &[new, new, new]));
        controller.settle().await;
        assert_eq!(standing(&site), "HTTP traffic-port /new 200-399 10s/2s 2/3");
        assert_eq!(opened(&site), ["8080"]);
        // Nobody is left, and what is asked stays.
        site.aws.forget_calls();
        controller.cluster.add("endpoints shop/s: {at: []}");
        controller.settle_for(60).await;
        let calls = site.aws.calls();
        assert!(!calls.contains_key("elbv2.ModifyTargetGroup"), "{calls:?}");
    });
}

#[test]
fn what_takes_the_place_of_a_target_group_is_asked_as_that_is() {
    wait(async {
        let old = "probe: {httpGet: {path: /old, port: 8080}}";
        let new = "probe: {httpGet: {path: /new, port: 8080}}";
        let site = Site::new(&shop((ASKED, ""), &[old]));
        let controller = site.settle().await;
        let said = format!("{ASKED}, backend-protocol: HTTPS");
        controller.cluster.add(&shop((&said, ""), &[old, new]));
        controller.settle_for(30).await;
        let state = site.aws.everything();
        let groups = || state.target_groups.values();
        assert!(groups().any(|group| group.spec.protocol == Protocol::Https));
        for group in groups() {
            let line = line(&group.spec.health_check);
            assert_eq!(line, "HTTP traffic-port /old 200-399 10s/2s 2/3");
        }
    });
}

#[test]
fn pods_that_are_asked_as_those_before_wake_no_load_balancer() {
    wait(async {
        let pod = "probe: {httpGet: {path: /ready, port: 8080}}";
        let site = Site::new(&shop((ASKED, ""), &[pod]));
        let controller = site.settle().await;
        let world = controller.runtime.world();
        let woken = |sketch: &str| {
            let objects = super::support::sketch::objects(sketch).into_iter();
            let seen: Vec<Seen> = objects.filter_map(albedo::cluster::Object::seen).collect();
            let mut world = world.lock();
            let subjects = seen.into_iter().flat_map(|seen| world.take(seen));
            let balancers = subjects.filter(|subject| subject.kind() == SubjectKind::Balancer);
            balancers.collect::<std::collections::BTreeSet<_>>().len()
        };
        // The first one is looked at, since it may have come before anybody asked.
        woken(&shop((ASKED, ""), &[pod, pod]));
        let only_pods = |pods: &[&str]| {
            let sketch = shop((ASKED, ""), pods);
            let lines = sketch.lines().filter(|line| !line.starts_with("ingress"));
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(woken(&only_pods(&[pod, pod, pod])), 0);
        assert_eq!(woken(&only_pods(&[pod])), 0);
        assert_eq!(woken(&only_pods(&[pod, "probe: {exec: {}}"])), 1);
    });
}

#[test]
fn pods_of_one_template_keep_what_they_are_asked_once() {
    let pod = "probe: {httpGet: {path: /ready, port: 8080}}";
    let other = "probe: {httpGet: {path: /other, port: 8080}}";
    let world = World::new(&shop((ASKED, ""), &[pod, pod, other, pod]));
    let pods: Vec<_> = world.objects.pods.values().map(|pod| pod.probes.clone().unwrap()).collect();
    assert!(std::sync::Arc::ptr_eq(&pods[0], &pods[1]));
    assert!(!std::sync::Arc::ptr_eq(&pods[1], &pods[2]));
    assert_eq!(pods[0], pods[3]);
}
