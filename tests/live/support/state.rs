//! What an account holds, as one JSON value in which ids are replaced by what they mean.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::localstack::Account;
use super::stage::until;

/// Lists whose order says something.
const ORDERED: [&str; 4] = ["Values", "Actions", "DefaultActions", "Conditions"];
/// What AWS makes up, and what says nothing about the wish.
const VOLATILE: [&str; 3] = ["CreatedTime", "CanonicalHostedZoneId", "SecurityGroupArn"];

/// Symbols for ids: what an id is called in a state or a recording.
#[derive(Debug, Default)]
pub struct Symbols(BTreeMap<String, String>);

impl Symbols {
    /// Names an id.
    pub fn name(&mut self, id: impl Into<String>, symbol: impl Into<String>) {
        self.0.insert(id.into(), symbol.into());
    }

    /// The same value with symbols for ids.
    pub fn apply(&self, value: &Value) -> Value {
        let mut text = value.to_string();
        let mut names: Vec<(&String, &String)> = self.0.iter().collect();
        // An id may begin with another: a rule's with its listener's.
        names.sort_by_key(|(id, _)| std::cmp::Reverse(id.len()));
        for (id, symbol) in names {
            text = text.replace(id, symbol);
        }
        serde_json::from_str(&text).expect("symbols need no escapes")
    }
}

/// What the load balancing of an account is: everything an Ingress leads to.
pub struct State {
    /// By kind, then by symbol; comparable between accounts.
    pub value: Value,
    /// What the ids of this account are called.
    pub symbols: Symbols,
}

impl State {
    /// Reads an account. The reads stand in its log.
    pub fn read(account: &Account) -> Self {
        let mut reader = Reader { account, symbols: Symbols::default(), kinds: BTreeMap::new() };
        reader.symbols.name(&account.id, "ACCOUNT");
        reader.network();
        reader.certificates();
        reader.target_groups();
        reader.load_balancers();
        let Reader { symbols, kinds, .. } = reader;
        let kinds: Map<String, Value> = kinds
            .into_iter()
            .map(|(kind, things)| (kind.to_owned(), Value::from(things)))
            .collect();
        let value = tidy(symbols.apply(&Value::Object(kinds)), "");
        Self { value, symbols }
    }

    /// Reads an account once all of it stands: no load balancer is being made any more, and no
    /// target is looked at for the first time.
    pub async fn standing(account: &Account) -> Self {
        until("all stands", async || {
            let state = Self::read(account);
            let told = state.value.to_string();
            let is_coming = told.contains(r#""provisioning""#) || told.contains(r#""initial""#);
            (!is_coming).then_some(state)
        })
        .await
    }

    /// How many things of a kind there are.
    pub fn count(&self, kind: &str) -> usize {
        self.value[kind].as_array().map_or(0, Vec::len)
    }

    /// The things of a kind.
    pub fn all(&self, kind: &str) -> Vec<Value> {
        self.value[kind].as_array().cloned().unwrap_or_default()
    }
}

struct Reader<'a> {
    account: &'a Account,
    symbols: Symbols,
    kinds: BTreeMap<&'static str, Vec<Value>>,
}

/// A field that is text.
pub fn text(value: &Value, key: &str) -> String {
    value[key].as_str().unwrap_or_else(|| panic!("no {key} in {value}")).to_owned()
}

impl Reader<'_> {
    fn list(&self, service: &str, operation: &str, params: &Value, key: &str) -> Vec<Value> {
        let answer = self.account.call(service, operation, params);
        answer[key].as_array().cloned().unwrap_or_default()
    }

    fn elb(&self, operation: &str, params: &Value, key: &str) -> Vec<Value> {
        self.list("elbv2", operation, params, key)
    }

    fn keep(&mut self, kind: &'static str, thing: Value) {
        self.kinds.entry(kind).or_default().push(thing);
    }

    fn tags(&self, arn: &str) -> Vec<Value> {
        let found = self.elb("DescribeTags", &json!({"ResourceArns": [arn]}), "TagDescriptions");
        found[0]["Tags"].as_array().cloned().unwrap_or_default()
    }

    fn network(&mut self) {
        for subnet in self.list("ec2", "DescribeSubnets", &json!({}), "Subnets") {
            let zone = text(&subnet, "AvailabilityZone");
            self.symbols.name(text(&subnet, "SubnetId"), format!("SUBNET({zone})"));
            self.symbols.name(text(&subnet, "VpcId"), "VPC");
        }
        for group in self.list("ec2", "DescribeSecurityGroups", &json!({}), "SecurityGroups") {
            let name = text(&group, "GroupName");
            self.symbols.name(text(&group, "GroupId"), format!("SG({name})"));
            self.keep("security groups", group);
        }
    }

    fn certificates(&mut self) {
        let of_any_key = json!({"Includes": {"keyTypes": ["RSA_2048", "EC_prime256v1"]}});
        let found = self.list("acm", "ListCertificates", &of_any_key, "CertificateSummaryList");
        let mut arns: Vec<(String, String)> = Vec::new();
        for certificate in found {
            let arn = text(&certificate, "CertificateArn");
            let tags = json!({"CertificateArn": arn});
            let tags = self.list("acm", "ListTagsForCertificate", &tags, "Tags");
            let name = tags.first().map(|tag| text(tag, "Value")).unwrap_or_default();
            arns.push((arn, name));
        }
        for (arn, name) in arns {
            self.symbols.name(arn, format!("CERT({name})"));
        }
    }

    fn target_groups(&mut self) {
        for mut group in self.elb("DescribeTargetGroups", &json!({}), "TargetGroups") {
            let arn = text(&group, "TargetGroupArn");
            let tags = self.tags(&arn);
            let of = json!({"TargetGroupArn": arn});
            let health = self.elb("DescribeTargetHealth", &of, "TargetHealthDescriptions");
            let attributes = self.elb("DescribeTargetGroupAttributes", &of, "Attributes");
            let resource = tags.iter().find(|tag| tag["Key"] == "ingress.k8s.aws/resource");
            let symbol =
                resource.map_or_else(|| text(&group, "TargetGroupName"), |t| text(t, "Value"));
            self.symbols.name(arn, format!("TG({symbol})"));
            self.symbols.name(text(&group, "TargetGroupName"), format!("TGNAME({symbol})"));
            let fields = [
                ("Tags", json!(tags)),
                ("Targets", json!(health)),
                ("Attributes", json!(attributes)),
            ];
            for (key, value) in fields {
                group[key] = value;
            }
            self.keep("target groups", group);
        }
    }

    fn load_balancers(&mut self) {
        for mut balancer in self.elb("DescribeLoadBalancers", &json!({}), "LoadBalancers") {
            let (arn, name) =
                (text(&balancer, "LoadBalancerArn"), text(&balancer, "LoadBalancerName"));
            self.symbols.name(&arn, format!("LB({name})"));
            self.symbols.name(text(&balancer, "DNSName"), format!("DNS({name})"));
            let of = json!({"LoadBalancerArn": arn});
            balancer["Attributes"] =
                self.elb("DescribeLoadBalancerAttributes", &of, "Attributes").into();
            balancer["Tags"] = self.tags(&arn).into();
            self.keep("load balancers", balancer);
            for listener in self.elb("DescribeListeners", &of, "Listeners") {
                self.listener(&name, listener);
            }
        }
    }

    fn listener(&mut self, balancer: &str, mut listener: Value) {
        let arn = text(&listener, "ListenerArn");
        let port = listener["Port"].clone();
        self.symbols.name(&arn, format!("LISTENER({balancer} {port})"));
        let of = json!({"ListenerArn": arn});
        let certificates = self.elb("DescribeListenerCertificates", &of, "Certificates");
        listener["All certificates"] = certificates.into();
        listener["Attributes"] = self.elb("DescribeListenerAttributes", &of, "Attributes").into();
        listener["Tags"] = self.tags(&arn).into();
        self.keep("listeners", listener);
        for mut rule in self.elb("DescribeRules", &of, "Rules") {
            let id = text(&rule, "RuleArn");
            let priority = text(&rule, "Priority");
            if priority == "default" {
                continue;
            }
            self.symbols.name(&id, format!("RULE({balancer} {port} {priority})"));
            rule["Tags"] = self.tags(&id).into();
            rule["Listener"] = arn.clone().into();
            self.keep("rules", rule);
        }
    }
}

/// Drops what says nothing, and sorts the lists whose order says nothing.
fn tidy(value: Value, key: &str) -> Value {
    match value {
        Value::Object(fields) => {
            let kept = fields.into_iter().filter(|(key, _)| !VOLATILE.contains(&key.as_str()));
            kept.map(|(key, value)| (key.clone(), tidy(value, &key))).collect::<Map<_, _>>().into()
        }
        Value::Array(items) => {
            let mut items: Vec<Value> = items.into_iter().map(|item| tidy(item, key)).collect();
            if !ORDERED.contains(&key) {
                items.sort_by_cached_key(ToString::to_string);
            }
            items.into()
        }
        other => other,
    }
}

/// Where two values differ, a line a place.
pub fn differences(is: &Value, should: &Value) -> Vec<String> {
    let mut found = Vec::new();
    compare("", is, should, &mut found);
    found
}

fn compare(place: &str, is: &Value, should: &Value, found: &mut Vec<String>) {
    match (is, should) {
        (Value::Object(a), Value::Object(b)) => {
            let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
            for key in keys {
                compare(&format!("{place}/{key}"), &is[key], &should[key], found);
            }
        }
        (Value::Array(a), Value::Array(b)) if a.len() == b.len() => {
            for (number, (a, b)) in a.iter().zip(b).enumerate() {
                compare(&format!("{place}/{number}"), a, b, found);
            }
        }
        _ if is != should => found.push(format!("{place}: is {is}, should be {should}")),
        _ => {}
    }
}
