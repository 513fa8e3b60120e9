//! Services, their endpoints, and Secrets: what Ingresses name.

use albedo::model::id::ObjectKey;
use albedo::model::index::Seen;

use super::dice::Dice;
use super::edit::{Change, Edit};
use super::life::{Life, NAMESPACES, SECRETS, SERVICES};

const FIXTURES: [&str; 4] = ["ec", "rsa", "renewed", "ec"];
/// How many endpoints a Service may have.
const ENDPOINTS_MAX: usize = 4;

/// Endpoints of a Service: addresses, and what is the matter with them.
#[derive(Clone, Debug, Default)]
pub struct Endpoints {
    at: Vec<(String, &'static str)>,
    target: usize,
    made: usize,
}

impl Life {
    pub fn change_service(&mut self, edit: Edit, dice: &mut Dice) -> Vec<Change> {
        let key = ObjectKey::new(*dice.one_of(&NAMESPACES), *dice.one_of(&SERVICES));
        if edit == Edit::ServiceGone {
            self.services.insert(key.clone(), false);
            self.go_with_a_service(&key);
            return vec![Change::Now(Seen::Service(key, None))];
        }
        self.services.insert(key.clone(), true);
        let endpoints = self.endpoints.get_mut(&key).unwrap();
        endpoints.target = dice.below(3);
        let mut changes = vec![Change::Apply(self.service(&key), 0)];
        changes.extend(self.slice(&key));
        changes
    }

    pub fn change_endpoints(&mut self, edit: Edit, dice: &mut Dice) -> Vec<Change> {
        let key = ObjectKey::new(*dice.one_of(&NAMESPACES), *dice.one_of(&SERVICES));
        let endpoints = self.endpoints.get_mut(&key).unwrap();
        let mut steps = Vec::new();
        match edit {
            Edit::Scale if dice.falls(600) && endpoints.at.len() < ENDPOINTS_MAX => {
                endpoints.add(&key);
            }
            Edit::Scale => _ = endpoints.at.pop(),
            Edit::Roll => {
                for _ in 0..endpoints.at.len() {
                    endpoints.add(&key);
                    steps.push(endpoints.clone());
                    endpoints.at[0].1 = "terminating";
                    steps.push(endpoints.clone());
                    endpoints.at.remove(0);
                    steps.push(endpoints.clone());
                }
            }
            _ => {
                let count = endpoints.at.len();
                if count > 0 {
                    let state = *dice.one_of(&["", "unready", "bare"]);
                    endpoints.at[dice.below(count)].1 = state;
                }
            }
        }
        steps.push(endpoints.clone());
        let sketches = steps.iter().flat_map(|endpoints| endpoints.sketches(&key));
        sketches.map(|sketch| Change::Apply(sketch, 0)).collect()
    }

    /// A node comes, is ready or not, is about to be taken away, or is gone.
    pub fn change_node(dice: &mut Dice) -> Vec<Change> {
        let name = *dice.one_of(&NODES);
        match *dice.one_of(&["true", "true", "false", "unknown", "tainted", "gone"]) {
            "gone" => vec![Change::Now(Seen::Node(name.to_owned(), None))],
            "tainted" => vec![node(name, "true, taints: [karpenter.sh/disrupted]")],
            ready => vec![node(name, ready)],
        }
    }

    pub fn change_secret(&mut self, edit: Edit, dice: &mut Dice) -> Vec<Change> {
        let mut key = ObjectKey::new(*dice.one_of(&NAMESPACES), *dice.one_of(&SECRETS));
        let named = self.apps.iter().filter_map(|(app, wish)| {
            let (secret, _) = wish.tls?;
            Some(ObjectKey::new(app.namespace.clone(), SECRETS[secret]))
        });
        let named: Vec<ObjectKey> = named.collect();
        if edit == Edit::SecretRenewed && !named.is_empty() {
            key = dice.one_of(&named).clone();
        }
        if edit == Edit::SecretGone {
            self.secrets.insert(key.clone(), None);
            return vec![Change::Now(Seen::Secret(key, None))];
        }
        let fixture = match self.secrets[&key] {
            Some(2) if edit == Edit::SecretRenewed => 0,
            _ if edit == Edit::SecretRenewed => 2,
            _ => dice.below(FIXTURES.len()),
        };
        self.secrets.insert(key.clone(), Some(fixture));
        vec![Change::Apply(self.secret(&key), 0)]
    }

    pub fn service(&self, key: &ObjectKey) -> String {
        let target = self.endpoints[key].target;
        let namespace = NAMESPACES.iter().position(|name| *name == key.namespace).unwrap();
        let ports = match key.name.as_str() {
            "s0" => format!("['80:{}@3100{namespace}']", 8080 + target),
            _ => format!(
                "['http=80:{}@3101{namespace}', 'more=81:9000@3102{namespace}']",
                8090 + target
            ),
        };
        format!("service {key}: {{ports: {ports}}}")
    }

    pub fn slice(&self, key: &ObjectKey) -> Vec<Change> {
        let sketches = self.endpoints[key].sketches(key).into_iter();
        sketches.map(|sketch| Change::Apply(sketch, 0)).collect()
    }

    pub fn secret(&self, key: &ObjectKey) -> String {
        let fixture = self.secrets[key].map_or("ec", |number| FIXTURES[number]);
        format!("secret {key}: {{fixture: {fixture}}}")
    }
}

/// The nodes, which are instances.
pub const NODES: [&str; 2] = ["n0", "n1"];

/// A node that is so ready.
pub fn node(name: &str, ready: &str) -> Change {
    let number = NODES.iter().position(|node| *node == name).unwrap() + 1;
    Change::Apply(format!("node {name}: {{id: i-{number}, ready: {ready}}}"), 0)
}

impl Endpoints {
    pub fn add(&mut self, service: &ObjectKey) {
        let namespace = NAMESPACES.iter().position(|name| *name == service.namespace).unwrap();
        let number = SERVICES.iter().position(|name| *name == service.name).unwrap();
        self.made += 1;
        let address = format!("172.31.{}.{}", namespace * 2 + number, self.made % 250 + 1);
        self.at.push((address, ""));
    }

    /// The pods, and then the slice.
    pub fn sketches(&self, key: &ObjectKey) -> Vec<String> {
        let pods = self.at.iter().enumerate().map(|(number, (address, state))| {
            let (is_ready, node) = (*state != "unready", number % 2);
            let namespace = &key.namespace;
            format!("pod {namespace}/pod-{address}: {{ready: {is_ready}, node: n{node}}}")
        });
        let mut sketches: Vec<String> = pods.collect();
        let ports = match key.name.as_str() {
            "s0" => format!("{{'': {}}}", 8080 + self.target),
            _ => format!("{{http: {}, more: 9000}}", 8090 + self.target),
        };
        let at: Vec<String> = self
            .at
            .iter()
            .map(|(address, state)| format!("{address} {state}"))
            .map(|line| line.trim().to_owned())
            .collect();
        sketches.push(format!("endpoints {key}: {{ports: {ports}, at: {at:?}, pods: false}}"));
        sketches
    }
}
