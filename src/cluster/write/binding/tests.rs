use super::*;
use crate::cluster::wire::Wire;
use crate::model::binding::PortRef;
use crate::model::group::Group;
use crate::model::id::{AwsId, Handle, Id, Slot};
use crate::model::selector::Selector;
use crate::model::target_group::TargetType;

/// The binding of the recorded scenario V17, whose ports are names.
fn binding() -> Binding {
    let opening = |port| Opening {
        group: Some(Id::Is(AwsId::new("sg-1"))),
        cidr: None,
        protocol: "TCP".into(),
        port: Some(port),
    };
    Binding {
        name: Some("k8s-v17ns-multi-05546c3d8d".into()),
        namespace: "v17-ns".into(),
        labels: [("ingress.k8s.aws/stack-name".to_owned(), "web".to_owned())].into(),
        target_group: Id::Is(AwsId::new("arn")),
        target_type: TargetType::Ip,
        protocol: Some("HTTP".into()),
        service: "multi".into(),
        port: PortRef::Name("admin".into()),
        openings: vec![opening(PortRef::Name("admin".into())), opening(PortRef::Number(9090))],
        ipv6: false,
        vpc: Some("vpc-1".into()),
        multi_cluster: false,
        nodes: None,
    }
}

fn written(binding: &Binding) -> TargetGroupBindingSpec {
    spec("test", binding).expect("every id is given")
}

/// A binding that stands, with what the API server and other programs add.
fn standing(spec: TargetGroupBindingSpec) -> TargetGroupBinding {
    let metadata = json!({"name": "x", "resourceVersion": "7", "labels": {"ingress.k8s.aws/stack-name": "web"}});
    let spec = serde_json::to_value(spec).expect("it is plain data");
    serde_json::from_value(json!({"metadata": metadata, "spec": spec})).expect("it is a binding")
}

#[test]
fn a_spec_is_written_as_lbc_writes_it() {
    let rule = |port: Value| {
        json!({
            "from": [{"securityGroup": {"groupID": "sg-1"}}],
            "ports": [{"port": port, "protocol": "TCP"}],
        })
    };
    let expected = json!({
        "ipAddressType": "ipv4",
        "networking": {"ingress": [rule("admin".into()), rule(9090.into())]},
        "serviceRef": {"name": "multi", "port": "admin"},
        "targetGroupARN": "arn", "targetGroupProtocol": "HTTP", "targetType": "ip", "vpcID": "vpc-1",
    });
    assert_eq!(serde_json::to_value(written(&binding())).expect("it is plain data"), expected);
}

#[test]
fn networking_is_left_out_where_nobody_is_let_in() {
    let spec = written(&Binding { openings: vec![], ..binding() });
    assert_eq!(spec.networking, None);
}

#[test]
fn nothing_is_written_before_every_id_is_given() {
    let group = Group::Explicit("shared".into());
    let later = Id::Of(Handle::LoadBalancer(group, Slot::default()));
    let error = spec("test", &Binding { target_group: later, ..binding() }).expect_err("no ARN");
    assert_eq!(error.kind, Kind::Refused);
}

#[test]
fn a_binding_that_is_as_it_should_be_is_not_patched() {
    let spec = written(&binding());
    let wished = standing(spec.clone());
    assert_eq!(changes(&standing(spec), &binding().labels, &wished), None);
}

#[test]
fn a_patch_names_what_differs_and_spares_what_no_wish_speaks_of() {
    let live = TargetGroupBindingSpec {
        target_group_name: Some("by-name".into()),
        iam_role_arn_to_assume: Some("role".into()),
        assume_role_external_id: Some("x".into()),
        rest: [].into(),
        ..written(&Binding { openings: vec![], protocol: None, ..binding() })
    };
    let wished = written(&binding());
    let patch = changes(&standing(live), &Labels::new(), &standing(wished.clone()));
    let expected = json!({
        "metadata": {"resourceVersion": "7", "labels": {"ingress.k8s.aws/stack-name": null}},
        "spec": {"targetGroupName": null, "targetGroupProtocol": "HTTP", "networking": wished.networking},
    });
    assert_eq!(patch, Some(expected));
}

#[test]
fn nodes_are_chosen_anew_by_what_is_wished_alone() {
    let choosing = |labels: &[(&str, &str)]| {
        let labels = labels.iter().map(|(key, value)| ((*key).into(), (*value).into()));
        let nodes = Selector { match_labels: labels.collect(), ..Selector::default() };
        let nodes = (!nodes.match_labels.is_empty()).then(|| Box::new(nodes));
        written(&Binding { target_type: TargetType::Instance, nodes, ..binding() })
    };
    let (web, gpu) = (choosing(&[("pool", "web"), ("zone", "a")]), choosing(&[("gpu", "yes")]));
    let patch = |live: &TargetGroupBindingSpec, wished: &TargetGroupBindingSpec| {
        let patch = changes(&standing(live.clone()), &binding().labels, &standing(wished.clone()));
        patch.map(|patch| patch["spec"].clone())
    };
    let selector = json!({"matchLabels": {"pool": "web", "zone": "a"}});
    assert_eq!(serde_json::to_value(&web).expect("it is plain data")["nodeSelector"], selector);
    let moved = json!({"matchLabels": {"gpu": "yes", "pool": null, "zone": null}});
    assert_eq!(patch(&web, &gpu), Some(json!({"nodeSelector": moved})));
    assert_eq!(patch(&web, &choosing(&[])), Some(json!({"nodeSelector": null})));
    assert_eq!(patch(&web, &web), None);
}

#[test]
fn beside_lbc_who_may_reach_targets_is_not_its_to_read_and_is_read_back() {
    let (spec, annotations) = beside(Scope::Own, written(&binding()));
    assert_eq!(spec.networking, None, "what stands there LBC lets in as well");
    let object = json!({
        "apiVersion": "elbv2.k8s.aws/v1beta1", "kind": "TargetGroupBinding",
        "metadata": {
            "name": "b", "namespace": "shop", "labels": binding().labels,
            "annotations": annotations,
        },
        "spec": spec,
    });
    let read: TargetGroupBinding = serde_json::from_value(object).expect("it is one");
    let wished = TargetGroupBinding {
        metadata: read.metadata.clone(),
        spec: read.spec.clone(),
        status: None,
    };
    assert_eq!(changes(&read, &binding().labels, &wished), None);
    let (_, seen) = Wire::noun(read);
    let seen = seen.expect("it stands").as_binding(&ObjectKey::new("shop", "b"));
    assert_eq!(seen.openings, binding().openings);
    // A process that serves everything says it where LBC does.
    let (spec, annotations) = beside(Scope::All, written(&binding()));
    assert_eq!((spec, annotations.len()), (written(&binding()), 0));
}
