//! Playing a recording: its objects, its calls, and what LBC left in the cluster.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::recording::{RecordedCall, Recording, Step};
use crate::contract::{CERTIFICATE, PRIVATE_KEY};
use crate::support::objects;
use crate::support::stage::Stage;
use crate::support::state::text;

/// The three certificates of observe.py.
const CERTIFICATES: [&str; 3] =
    ["*.example.com,example.com", "one.example.com,web.example.com", "two.example.org"];

/// A recording on a stage.
pub struct Replay<'a> {
    stage: &'a Stage,
    /// What the recording's symbols are here.
    real: BTreeMap<String, String>,
    /// The addresses of each Service's pods.
    addresses: BTreeMap<String, Vec<String>>,
}

impl<'a> Replay<'a> {
    /// Makes what the recordings take for granted: certificates and two more security groups.
    pub fn new(stage: &'a Stage, recording: &Recording) -> Self {
        let mut real = BTreeMap::new();
        let ground = &stage.ground;
        for domains in CERTIFICATES {
            let certificate = json!({
                "Certificate": CERTIFICATE, "PrivateKey": PRIVATE_KEY,
                // A tag's value may have no comma and no asterisk.
                "Tags": [{"Key": "domains", "Value": domains.replace(['*', ','], "_")}],
            });
            let made = stage.account.call("acm", "ImportCertificate", &certificate);
            real.insert(format!("CERT({domains})"), text(&made, "CertificateArn"));
        }
        for (name, symbol) in [("x1", "SG(x1)"), ("x2", "SG(named-sg)")] {
            let group = json!({"GroupName": name, "Description": "x", "VpcId": ground.vpc});
            let made = stage.account.call("ec2", "CreateSecurityGroup", &group);
            real.insert(symbol.to_owned(), text(&made, "GroupId"));
        }
        real.insert("SG(nodes)".to_owned(), ground.nodes.clone());
        real.insert("\"VPC\"".to_owned(), format!("\"{}\"", ground.vpc));
        for (zone, id) in &ground.subnets {
            real.insert(format!("SUBNET({zone})"), id.clone());
        }
        Self { stage, real, addresses: addresses(stage, recording) }
    }

    /// Replaces symbols, the longest first: `SG#1` is the start of `SG#12`.
    fn real(&self, text: &str) -> String {
        let mut symbols: Vec<(&String, &String)> = self.real.iter().collect();
        symbols.sort_by_key(|(symbol, _)| std::cmp::Reverse(symbol.len()));
        symbols.into_iter().fold(text.to_owned(), |text, (symbol, id)| text.replace(symbol, id))
    }

    fn real_value(&self, value: &Value) -> Value {
        serde_json::from_str(&self.real(&value.to_string())).expect("ids need no escapes")
    }

    /// Applies and deletes what the step does, with the pods of its Services.
    pub async fn change_cluster(&self, step: &Step) {
        for object in step.objects(|text| self.real(text)) {
            if object["kind"] == "Service" {
                let addresses = &self.addresses[&text(&object["metadata"], "name")];
                self.stage.apply(&objects::endpoints(&object, addresses)).await;
            }
            self.stage.apply(&[object]).await;
        }
        for name in &step.deleted {
            if self.real.contains_key("REPLAYED") {
                let none = json!({"metadata": {"finalizers": null}});
                self.stage.patch("Ingress", name, &none).await;
            }
            self.stage.delete("Ingress", name).await;
        }
    }

    /// Takes the Services away that these steps applied, so that the recording can be played again.
    pub async fn forget_cluster(&self, steps: &[Step]) {
        for object in steps.iter().flat_map(|step| step.objects(|text| self.real(text))) {
            let name = text(&object["metadata"], "name");
            if object["kind"] == "Service" && self.stage.get("Service", &name).await.is_some() {
                self.stage.delete("Service", &name).await;
                self.stage.delete("EndpointSlice", &name).await;
            }
        }
    }

    /// Makes the calls that LBC made.
    pub fn make_calls(&mut self, step: &Step) {
        // From here on, nobody but the replay itself takes finalizers away.
        self.real.insert("REPLAYED".to_owned(), "REPLAYED".to_owned());
        for call in &step.calls {
            let mut params = self.real_value(&call.params);
            if call.operation == "RevokeSecurityGroupIngress" {
                forget_owners(&mut params);
            }
            let answer = self.stage.account.call(&call.service, &call.operation, &params);
            if let Some(symbol) = &call.made {
                self.real.insert(symbol.clone(), made(call, &answer));
            }
        }
    }

    /// Leaves bindings and finalizers as LBC did.
    pub async fn leave_in_cluster(&self, step: &Step) {
        let wanted: Vec<Value> =
            step.recorded_bindings().iter().map(|binding| self.real_value(binding)).collect();
        for binding in &wanted {
            let object = json!({
                "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
                "metadata": {
                    "name": binding["name"], "labels": binding["labels"],
                    "finalizers": binding["finalizers"],
                },
                "spec": binding["spec"],
            });
            self.stage.apply(&[object]).await;
        }
        for binding in self.stage.list("TargetGroupBinding").await {
            let name = text(&binding["metadata"], "name");
            if !wanted.iter().any(|wanted| wanted["name"] == name) {
                let none = json!({"metadata": {"finalizers": null}});
                self.stage.patch("TargetGroupBinding", &name, &none).await;
                self.stage.delete("TargetGroupBinding", &name).await;
            }
        }
        for (name, finalizers) in step.finalizers() {
            let held = json!({"metadata": {"finalizers": finalizers}});
            self.stage.patch("Ingress", name, &held).await;
        }
    }
}

/// The addresses as recorded, and others where LBC registered none.
fn addresses(stage: &Stage, recording: &Recording) -> BTreeMap<String, Vec<String>> {
    let mut addresses = recording.addresses();
    let used: Vec<String> = addresses.values().flatten().cloned().collect();
    let mut free = stage.ground.addresses.iter().filter(|address| !used.contains(address));
    for object in recording.steps.iter().flat_map(|step| step.objects(str::to_owned)) {
        if object["kind"] == "Service" {
            let name = text(&object["metadata"], "name");
            addresses.entry(name).or_insert_with(|| free.by_ref().take(2).cloned().collect());
        }
    }
    addresses
}

/// The id of what a call made.
fn made(call: &RecordedCall, answer: &Value) -> String {
    match call.operation.as_str() {
        "CreateSecurityGroup" => text(answer, "GroupId"),
        "CreateLoadBalancer" => text(&answer["LoadBalancers"][0], "LoadBalancerArn"),
        "CreateListener" => text(&answer["Listeners"][0], "ListenerArn"),
        "CreateRule" => text(&answer["Rules"][0], "RuleArn"),
        "CreateTargetGroup" => text(&answer["TargetGroups"][0], "TargetGroupArn"),
        other => panic!("{other} makes nothing that has a symbol"),
    }
}

/// The recorded account is not this one.
fn forget_owners(params: &mut Value) {
    for permission in params["IpPermissions"].as_array_mut().into_iter().flatten() {
        for pair in permission["UserIdGroupPairs"].as_array_mut().into_iter().flatten() {
            if let Some(pair) = pair.as_object_mut() {
                pair.remove("UserId");
            }
        }
    }
}
