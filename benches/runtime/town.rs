//! A cluster of any size, and the changes that are made to it.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::Duration;

use albedo::clock::Clock as _;
use albedo::cluster::Intake as _;
use albedo::model::id::{AwsId, ObjectKey};
use albedo::model::index::Seen;
use albedo::model::seen::{Endpoint, EndpointSlice, SeenSecret};
use albedo::model::snapshot::Objects;
use albedo::model::subject::SubjectKind;
use albedo::model::surroundings::Interface;

use super::support::site::{Controller, Site};
use super::support::world::{NODES, key, settings};
use super::timed::{Meter, Timed};

/// How many Ingresses share a load balancer.
pub const GROUP_SIZE: usize = 10;
/// How many Ingresses share a namespace, which has a certificate for every ten of them: half of
/// what a namespace may import at once, so that renewals wait for nothing.
const NAMESPACE_SIZE: usize = 500;
/// The endpoints of each Service.
pub const ENDPOINTS_EACH: usize = 5;
/// The addresses that a Service has pods at, the later ones only after changes.
const ADDRESSES_EACH: usize = ENDPOINTS_EACH + 1;
/// The addresses of a node: a block of 256.
const NODE_SIZE: usize = 256;
/// The first address of those that come with changes.
pub const NEW_ADDRESSES: usize = 1 << 17;

/// AWS and a cluster of so many Ingresses.
pub struct Town {
    pub site: Site,
    pub size: usize,
    pub meter: Meter,
}

/// A process that keeps it.
pub type Keeper = Controller<Timed>;

/// The nth address that pods are at.
fn address(number: usize) -> String {
    format!("10.{}.{}.{}", number >> 16, number >> 8 & 0xff, number & 0xff)
}

/// The namespace of an Ingress, and of all that is its.
fn namespace(number: usize) -> String {
    format!("shop-{}", number / NAMESPACE_SIZE)
}

/// The interface of a node, which all addresses from this one on are at.
fn node(first: usize) -> Interface {
    Interface {
        id: AwsId::new(format!("eni-{first}")),
        addresses: [].into(),
        prefixes: vec![format!("{}/24", address(first))],
        security_groups: vec![AwsId::new(NODES)],
        instance: None,
    }
}

/// Ten Ingresses share a group, each with a Service of five endpoints; one of the ten has a
/// certificate.
fn sketch(number: usize) -> String {
    let mut sketch = String::new();
    let at: Vec<String> =
        (0..ENDPOINTS_EACH).map(|nth| address(number * ADDRESSES_EACH + nth)).collect();
    let (group, shop) = (number / GROUP_SIZE, namespace(number));
    let (host, tls) = match number % GROUP_SIZE {
        0 => ("public.example.com".to_owned(), format!("tls: [tls-{group} public.example.com], ")),
        _ => (format!("h{number}.example.com"), String::new()),
    };
    let mut line = |line: String| writeln!(sketch, "{line}").expect("a String takes all");
    line(format!("service {shop}/web-{number}: {{ports: [80:8080]}}"));
    line(format!("endpoints {shop}/web-{number}: {{at: [{}]}}", at.join(", ")));
    line(format!(
        "ingress {shop}/web-{number}: {{group.name: g{group}, {tls}rules: [{host} Prefix / web-{number}:80]}}"
    ));
    if !tls.is_empty() {
        line(format!("secret {shop}/tls-{group}: {{fixture: ec}}"));
    }
    sketch
}

impl Town {
    /// A cluster, and an AWS that holds nothing of it yet.
    pub fn new(size: usize) -> Self {
        let mut settings = settings();
        settings.tls_secrets = true;
        let site = Site::with(settings, "{}");
        (0..size).for_each(|number| site.cluster.add(&sketch(number)));
        site.aws.change(|state| {
            let firsts = (0..size * ADDRESSES_EACH).chain(NEW_ADDRESSES..NEW_ADDRESSES + (1 << 16));
            let blocks = firsts.filter(|number| number % NODE_SIZE == 0);
            state.vpc.cidrs = vec!["10.0.0.0/8".to_owned()];
            state.load_balancers_max = size;
            state.interfaces = blocks.map(node).collect();
        });
        Self { site, size, meter: Meter::default() }
    }

    /// Starts a process and lets it come to rest.
    pub async fn start(&self) -> Keeper {
        let keeper = self.site.start_on(Timed::new(self.site.aws.clone(), self.meter.clone()));
        self.rest(&keeper).await;
        keeper
    }

    /// Lets time pass until nothing is left to do.
    pub async fn rest(&self, keeper: &Keeper) {
        loop {
            keeper.clock.sleep(Duration::from_millis(1)).await;
            let queue = keeper.runtime.queue();
            if !queue.is_idle() {
                continue;
            }
            self.meter.leave_out(|| self.site.aws.pass_time());
            let next = queue.next_deadline(|subject| subject.kind() != SubjectKind::Census);
            let Some((moment, _)) = next else { return };
            keeper.clock.sleep_until(moment).await;
        }
    }

    /// Tells the process of a change.
    pub fn change(&self, keeper: &Keeper, seen: Seen) {
        self.meter.leave_out(|| self.objects(|objects| objects.take(seen.clone())));
        self.site.cluster.keep_bytes(&seen);
        keeper.runtime.intake().take(seen);
    }

    fn objects<T>(&self, look: impl FnOnce(&mut Objects) -> T) -> T {
        look(&mut self.site.cluster.objects.write().expect("nobody panics with it"))
    }

    /// Another path for an Ingress.
    pub fn path(&self, number: usize, path: &str) -> Seen {
        let key = ObjectKey::new(namespace(number), format!("web-{number}"));
        let mut ingress = self.objects(|objects| objects.ingresses[&key].as_ref().clone());
        let rules = ingress.spec.iter_mut().flat_map(|spec| &mut spec.rules).flatten();
        let paths = rules.flat_map(|rule| &mut rule.http).flat_map(|http| &mut http.paths);
        paths.for_each(|each| each.path = Some(path.into()));
        Seen::Ingress(key, Some(Arc::new(ingress)))
    }

    /// Another endpoint for a Service, beside those that it had at first.
    pub fn endpoint(&self, number: usize, at: usize) -> Seen {
        let name = format!("web-{number}");
        let key = ObjectKey::new(namespace(number), &name);
        let old = self.objects(|objects| objects.slices[&key][name.as_str()].as_ref().clone());
        let mut endpoints: Vec<Endpoint> = old.endpoints;
        endpoints.truncate(ENDPOINTS_EACH);
        let address = address(at);
        let pod = format!("pod-{address}");
        self.site.cluster.add(&format!("pod {}/{pod}: {{ready: true}}", key.namespace));
        let pod = Some(ObjectKey::new(key.namespace.clone(), pod));
        let new = Endpoint { address: address.into(), pod, ..endpoints[0].clone() };
        endpoints.push(new);
        Seen::Slice(key, Some(Arc::new(EndpointSlice { endpoints, ..old })))
    }

    /// A new certificate and key in a Secret.
    pub fn secret(group: usize, renewed: &Arc<SeenSecret>) -> Seen {
        let key = ObjectKey::new(namespace(group * GROUP_SIZE), format!("tls-{group}"));
        Seen::Secret(key, Some(Arc::clone(renewed)))
    }

    /// A Secret as it is after its renewal.
    pub fn renewed() -> Arc<SeenSecret> {
        let mut objects = super::support::sketch::objects("secret shop/tls: {fixture: renewed}");
        match objects.pop() {
            Some(albedo::cluster::Object::Secret(_, secret)) => secret,
            _ => panic!("it is one"),
        }
    }
}
