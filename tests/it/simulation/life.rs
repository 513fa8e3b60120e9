//! The life of a cluster: what people wish for, and how they change their minds.

use std::collections::{BTreeMap, BTreeSet};

use albedo::model::id::ObjectKey;

use super::app::{App, Front, HOSTS, PATHS, PORTS};
use super::backends::{Endpoints, NODES, node};
use super::dice::Dice;
use super::edit::{Change, Edit, meddle};
use super::judge::Asking;
use super::naming::{Naming, Namings};
use super::served;
use crate::support::clock::elapsed;
use crate::support::cluster::FakeCluster;

pub const NAMESPACES: [&str; 2] = ["shop", "team"];
pub const SERVICES: [&str; 2] = ["s0", "s1"];
pub const SECRETS: [&str; 2] = ["tls", "other"];
const GROUPS: [Option<&str>; 4] = [None, Some("edge"), Some("edge"), Some("core")];
const CLASSES: [&str; 4] = ["alb", "alb", "own", "other"];
/// The last of the hosts that the certificates are for.
const CERTIFIED_HOST_MAX: usize = 3;
/// How many mistakes are taken back at once, of a thousand.
const FICKLE: usize = 400;
/// How many rules an Ingress may have before it takes over others.
const RULES_MAX: usize = 6;
/// How many Ingresses there may be in a namespace.
const APPS_MAX: usize = 4;

/// What people wish for.
pub struct Life {
    pub apps: BTreeMap<ObjectKey, App>,
    fronts: BTreeMap<String, Front>,
    pub services: BTreeMap<ObjectKey, bool>,
    pub endpoints: BTreeMap<ObjectKey, Endpoints>,
    pub secrets: BTreeMap<ObjectKey, Option<usize>>,
    is_tier_a: BTreeMap<&'static str, bool>,
    params: usize,
    is_own_default: bool,
    made: i64,
    /// The hosts with paths, and the names, that were wished for all the time since somebody asked.
    always: Option<BTreeSet<String>>,
    /// The namespace whose rights are taken away.
    forbidden: Option<&'static str>,
    /// What people may say of names.
    pub namings: Namings,
}

impl Life {
    /// The beginning: everything but Ingresses.
    pub fn new(dice: &mut Dice) -> (Self, Vec<Change>) {
        let mut life = Self {
            apps: BTreeMap::new(),
            fronts: BTreeMap::new(),
            services: BTreeMap::new(),
            endpoints: BTreeMap::new(),
            secrets: BTreeMap::new(),
            is_tier_a: NAMESPACES.map(|name| (name, true)).into(),
            params: 0,
            is_own_default: false,
            made: 0,
            always: None,
            forbidden: None,
            namings: Namings::default(),
        };
        let mut changes = vec![Change::Apply(life.classes(), 0), Change::Apply(life.params(), 0)];
        for namespace in NAMESPACES {
            changes.push(Change::Apply(life.namespace(namespace), 0));
            for name in SERVICES {
                let key = ObjectKey::new(namespace, name);
                life.services.insert(key.clone(), true);
                let mut endpoints = Endpoints::default();
                for _ in 0..=dice.below(3) {
                    endpoints.add(&key);
                }
                life.endpoints.insert(key.clone(), endpoints);
                changes.push(Change::Apply(life.service(&key), 0));
                changes.extend(life.slice(&key));
            }
            for name in SECRETS {
                let key = ObjectKey::new(namespace, name);
                life.secrets.insert(key.clone(), Some(0));
                changes.push(Change::Apply(life.secret(&key), 0));
            }
        }
        changes.extend(NODES.map(|name| node(name, "true")));
        (life, changes)
    }

    /// Does one thing, if it can be done. Answers with what that changes, in its order.
    pub fn edit(&mut self, edit: Edit, dice: &mut Dice, cluster: &FakeCluster) -> Vec<Change> {
        let changes = match edit {
            Edit::Add => self.add(dice, cluster),
            Edit::MoveNamespace => self.move_namespace(dice, cluster),
            Edit::HandOver => self.hand_over(dice),
            Edit::Delete => self.delete(dice),
            Edit::Break if dice.falls(FICKLE) => self.break_shortly(dice),
            Edit::Front => self.front(dice),
            Edit::Rules
            | Edit::Own
            | Edit::Order
            | Edit::Tags
            | Edit::Tls
            | Edit::Ask
            | Edit::Listens
            | Edit::MoveGroup
            | Edit::MoveClass
            | Edit::Break
            | Edit::Naming
            | Edit::Mend => self.change_app(edit, dice),
            Edit::Class => {
                self.is_own_default = !self.is_own_default;
                vec![Change::Apply(self.classes(), 0)]
            }
            Edit::Params => {
                self.params = dice.below(PARAMS.len());
                vec![Change::Apply(self.params(), 0)]
            }
            Edit::Namespace => {
                let name = dice.one_of(&NAMESPACES);
                let is_tier_a = self.is_tier_a.get_mut(name).unwrap();
                *is_tier_a = !*is_tier_a;
                vec![Change::Apply(self.namespace(name), 0)]
            }
            Edit::Service | Edit::ServiceGone => self.change_service(edit, dice),
            Edit::Scale | Edit::Roll | Edit::Pod => self.change_endpoints(edit, dice),
            Edit::Node => Self::change_node(dice),
            Edit::SecretNew | Edit::SecretRenewed | Edit::SecretGone => {
                self.change_secret(edit, dice)
            }
            Edit::BindingGone | Edit::BindingTouched => meddle(edit, dice, cluster),
        };
        self.take_note();
        changes
    }

    /// Makes everything good that may not stay as it is.
    pub fn mend(&mut self) -> Vec<Change> {
        self.params = 0;
        let mut changes = vec![Change::Apply(self.params(), 0)];
        for namespace in NAMESPACES {
            self.is_tier_a.insert(namespace, true);
            changes.push(Change::Apply(self.namespace(namespace), 0));
        }
        changes.extend(NODES.map(|name| node(name, "true")));
        let services: Vec<ObjectKey> = self.services.keys().cloned().collect();
        for key in services {
            self.services.insert(key.clone(), true);
            changes.push(Change::Apply(self.service(&key), 0));
        }
        let secrets: Vec<ObjectKey> = self.secrets.keys().cloned().collect();
        for key in secrets {
            if self.secrets[&key].is_none() {
                self.secrets.insert(key.clone(), Some(0));
            }
            changes.push(Change::Apply(self.secret(&key), 0));
        }
        for app in self.apps.values_mut() {
            app.is_broken = false;
            if let Some((_, host)) = &mut app.tls {
                // No certificate is for the host of another domain.
                *host = (*host).min(CERTIFIED_HOST_MAX);
            }
        }
        changes.extend(self.apps.keys().map(|key| self.app(key)));
        self.take_note();
        changes
    }

    /// Breaks a member, or mends it.
    pub fn break_app(&mut self, key: &ObjectKey, is_broken: bool) -> Change {
        self.apps.get_mut(key).unwrap().is_broken = is_broken;
        self.take_note();
        self.app(key)
    }

    /// The hosts with paths, and the names, that were wished for all the time since this was asked
    /// last.
    pub fn always(&mut self) -> BTreeSet<String> {
        let always = self.always.take().unwrap_or_default();
        self.take_note();
        always
    }

    /// The names that members ask for whose class suits everybody.
    pub fn asking(&self) -> BTreeSet<Asking> {
        let ours = self.apps.iter().filter(|(_, app)| app.class == "alb");
        let ours = ours.filter(|(key, _)| self.may_have(key));
        let each = ours.flat_map(|(key, app)| {
            let (member, group) = (key.clone(), app.group_of(key));
            let naming = app.naming;
            let one = move |host| {
                let (member, group) = (member.clone(), group.clone());
                Asking { member, group, host, naming }
            };
            app.hosts().into_iter().map(one)
        });
        each.collect()
    }

    /// A namespace may not have what it asks for, for as long as that lasts.
    pub fn forbid(&mut self, namespace: Option<&'static str>) {
        self.forbidden = namespace;
        self.take_note();
    }

    fn may_have(&self, key: &ObjectKey) -> bool {
        self.forbidden.is_none_or(|name| key.namespace != name)
    }

    fn take_note(&mut self) {
        let ours = || self.apps.iter().filter(|(_, app)| app.class != "other");
        let redirecting = ours().filter(|(_, app)| app.redirects());
        let redirected: BTreeSet<String> =
            redirecting.map(|(key, app)| app.group_of(key)).collect();
        let wished: BTreeSet<String> = ours()
            .filter(|(key, app)| !app.is_broken && self.may_have(key))
            .flat_map(|(key, app)| {
                let is_sent_away = app.is_plain() && redirected.contains(&app.group_of(key));
                let paths = app.paths(|name| {
                    let service = ObjectKey::new(key.namespace.clone(), name);
                    !is_sent_away && self.services.get(&service) == Some(&true)
                });
                let names = app.hosts().into_iter().map(|host| served::name(&host));
                paths.into_iter().chain(names)
            })
            .collect();
        self.always = Some(match self.always.take() {
            Some(always) => always.intersection(&wished).cloned().collect(),
            None => wished,
        });
    }

    fn add(&mut self, dice: &mut Dice, cluster: &FakeCluster) -> Vec<Change> {
        let namespace = *dice.one_of(&NAMESPACES);
        let name = format!("w{}", dice.below(APPS_MAX));
        let key = ObjectKey::new(namespace, name);
        if self.apps.contains_key(&key) || is_going(cluster, &key) {
            return Vec::new();
        }
        self.make();
        let app = App {
            group: *dice.one_of(&GROUPS),
            class: CLASSES[dice.below(3)],
            order: dice.below(3),
            own: dice.below(3),
            tags: dice.below(3),
            listens: dice.below(4),
            rules: rules(dice),
            has_default: key.namespace == "shop" && key.name == "w0" && dice.falls(300),
            tls: None,
            asks: dice.falls(150),
            is_broken: dice.falls(50),
            naming: Naming::PLAIN,
            made: self.made,
        };
        self.apps.insert(key.clone(), app);
        vec![self.app(&key)]
    }

    /// Somebody makes an object now: the next one is later.
    fn make(&mut self) {
        let now = i64::try_from(elapsed().as_secs()).unwrap();
        self.made = now.max(self.made + 1);
    }

    fn any_app(&self, dice: &mut Dice) -> Option<ObjectKey> {
        let keys: Vec<&ObjectKey> = self.apps.keys().collect();
        (!keys.is_empty()).then(|| (*dice.one_of(&keys)).clone())
    }

    fn move_namespace(&mut self, dice: &mut Dice, cluster: &FakeCluster) -> Vec<Change> {
        let Some(old) = self.any_app(dice) else { return Vec::new() };
        let namespace = if old.namespace == "shop" { "team" } else { "shop" };
        let new = ObjectKey::new(namespace, old.name.clone());
        if self.apps.contains_key(&new) || is_going(cluster, &new) {
            return Vec::new();
        }
        let mut app = self.apps.remove(&old).unwrap();
        self.go_without_a_name(&app);
        self.make();
        app.made = self.made;
        let is_gone_first = dice.falls(500);
        if is_gone_first {
            self.take_note();
        }
        self.apps.insert(new.clone(), app);
        let mut changes = vec![self.app(&new), Change::Delete(old)];
        if is_gone_first {
            changes.reverse();
        }
        changes
    }

    /// One Ingress takes a host over from another one, which asks for it no longer then.
    fn hand_over(&mut self, dice: &mut Dice) -> Vec<Change> {
        let keys: Vec<ObjectKey> = self.apps.keys().cloned().collect();
        if keys.len() < 2 {
            return Vec::new();
        }
        let (from, to) = (dice.one_of(&keys).clone(), dice.one_of(&keys).clone());
        let host = dice.one_of(&self.apps[&from].rules).0;
        if from == to || host == 0 || self.apps[&to].rules.len() > RULES_MAX {
            return Vec::new();
        }
        let giver = self.apps.get_mut(&from).unwrap();
        let (gone, mut left): (Vec<_>, Vec<_>) =
            giver.rules.iter().copied().partition(|(of, _, _)| *of == host);
        if left.is_empty() {
            // An Ingress that asks for nothing is none.
            left.push((0, gone[0].1, gone[0].2));
        }
        giver.rules = left;
        self.apps.get_mut(&to).unwrap().rules.extend(gone);
        // Load balancers know nothing of each other: it is the name that has to lead somewhere all
        // the time.
        let start = format!("{}/", HOSTS[host]);
        self.always.iter_mut().for_each(|always| always.retain(|path| !path.starts_with(&start)));
        vec![self.app(&to), self.app(&from)]
    }

    /// Somebody asks no longer for what he had: another load balancer need not serve it yet.
    fn give_up(&mut self, group: &str, before: &App) {
        let siblings = self.apps.iter().filter(|(key, app)| app.group_of(key) == group);
        let kept: BTreeSet<String> = siblings.flat_map(|(_, app)| app.paths(|_| true)).collect();
        let is_gone = |path: &String| before.paths(|_| true).contains(path) && !kept.contains(path);
        self.always.iter_mut().for_each(|always| always.retain(|path| !is_gone(path)));
    }

    /// Who goes takes along what no name leads to: clients find that by its load balancer alone.
    fn go_without_a_name(&mut self, gone: &App) {
        let mut paths = gone.paths(|_| true);
        paths.retain(|path| path.starts_with("any/"));
        self.always.iter_mut().for_each(|always| always.retain(|path| !paths.contains(path)));
    }

    /// A Service takes along what has led to it: where another load balancer is to serve the same,
    /// it need not do so yet.
    pub fn go_with_a_service(&mut self, gone: &ObjectKey) {
        let theirs = self.apps.iter().filter(|(key, _)| key.namespace == gone.namespace);
        let paths: BTreeSet<String> =
            theirs.flat_map(|(_, app)| app.paths(|name| name == gone.name)).collect();
        self.always.iter_mut().for_each(|always| always.retain(|path| !paths.contains(path)));
    }

    /// Somebody breaks a member, sees it, and goes back.
    fn break_shortly(&mut self, dice: &mut Dice) -> Vec<Change> {
        let Some(key) = self.any_app(dice) else { return Vec::new() };
        [true, false].map(|is_broken| self.break_app(&key, is_broken)).into()
    }

    fn delete(&mut self, dice: &mut Dice) -> Vec<Change> {
        let Some(key) = self.any_app(dice) else { return Vec::new() };
        let gone = self.apps.remove(&key);
        gone.iter().for_each(|gone| self.go_without_a_name(gone));
        vec![Change::Delete(key)]
    }

    /// Everything that people wish for now, as it would be applied to an empty cluster.
    pub fn everything(&self) -> Vec<Change> {
        let mut sketches = vec![self.classes(), self.params()];
        sketches.extend(NAMESPACES.map(|name| self.namespace(name)));
        sketches.extend(self.services.keys().map(|key| self.service(key)));
        sketches.extend(self.secrets.keys().map(|key| self.secret(key)));
        let all = sketches.into_iter().map(|sketch| Change::Apply(sketch, 0));
        let slices = self.endpoints.keys().flat_map(|key| self.slice(key));
        let all = all.chain(NODES.map(|name| node(name, "true")));
        all.chain(slices).chain(self.apps.keys().map(|key| self.app(key))).collect()
    }

    /// All of them go.
    pub fn delete_all(&mut self) -> Vec<Change> {
        let all = std::mem::take(&mut self.apps);
        self.take_note();
        all.into_keys().map(Change::Delete).collect()
    }

    fn front(&mut self, dice: &mut Dice) -> Vec<Change> {
        let Some(key) = self.any_app(dice) else { return Vec::new() };
        let group = self.apps[&key].group_of(&key);
        let front = self.fronts.entry(group.clone()).or_default();
        front.change(dice);
        let members = self.apps.iter().filter(|(key, app)| app.group_of(key) == group);
        members.map(|(key, _)| self.app(key)).collect()
    }

    fn change_app(&mut self, edit: Edit, dice: &mut Dice) -> Vec<Change> {
        let Some(key) = self.any_app(dice) else { return Vec::new() };
        let app = self.apps.get_mut(&key).unwrap();
        match edit {
            Edit::Rules => {
                let before = app.clone();
                app.rules = rules(dice);
                self.give_up(&before.group_of(&key), &before);
            }
            Edit::Own => app.own = dice.below(super::app::OWN.len()),
            Edit::Order => app.order = dice.below(3),
            Edit::Tags => app.tags = dice.below(super::app::TAGS.len()),
            Edit::Tls if app.tls.is_some() && dice.falls(300) => app.tls = None,
            Edit::Tls => {
                app.tls = Some((dice.below(SECRETS.len()), dice.below(HOSTS.len() - 1) + 1));
            }
            Edit::Ask if app.asks => app.asks = false,
            Edit::Ask => {
                app.asks = true;
                app.class = "own";
                // Who names a certificate asks for none.
                app.listens = dice.below(2);
            }
            Edit::Listens => app.listens = dice.below(5),
            Edit::MoveGroup => app.group = *dice.one_of(&GROUPS),
            Edit::MoveClass => app.class = CLASSES[dice.below(4)],
            Edit::Break => app.is_broken = true,
            Edit::Naming => app.naming = self.namings.any(dice),
            _ => app.is_broken = false,
        }
        vec![self.app(&key)]
    }

    fn app(&self, key: &ObjectKey) -> Change {
        let app = &self.apps[key];
        let front = self.fronts.get(&app.group_of(key)).cloned().unwrap_or_default();
        Change::Apply(app.sketch(key, &front), app.made)
    }

    fn classes(&self) -> String {
        let default = "ingressclass.kubernetes.io/is-default-class";
        let is_default = self.is_own_default;
        format!(
            "class own: {{controller: alb.ingress.k8s.aws/own, params: p, {default}: '{is_default}'}}
class alb: {{}}
class other: {{controller: example.com/other}}
"
        )
    }

    fn params(&self) -> String {
        format!("params p: {{{}}}", PARAMS[self.params])
    }

    fn namespace(&self, name: &str) -> String {
        let tier = if self.is_tier_a[name] { "a" } else { "b" };
        format!("namespace {name}: {{labels: {{tier: {tier}, team: {name}}}}}")
    }
}

/// What the class's parameters may be; the first one suits everybody.
const PARAMS: [&str; 6] = [
    "",
    "tags: [{key: class, value: own}]",
    "namespaceSelector: {matchLabels: {tier: a}}",
    "inboundCIDRs: [10.0.0.0/8]",
    "wafv2AclName: acl",
    "wafv2AclArn: none",
];

/// Whether an Ingress of this name is there: while one goes, no other can have its name.
fn is_going(cluster: &FakeCluster, key: &ObjectKey) -> bool {
    cluster.objects.read().unwrap().ingresses.contains_key(key)
}

fn rules(dice: &mut Dice) -> Vec<(usize, usize, usize)> {
    let one = |dice: &mut Dice| {
        (dice.below(HOSTS.len()), dice.below(PATHS.len()), dice.below(PORTS.len()))
    };
    (0..=dice.below(4)).map(|_| one(dice)).collect()
}
