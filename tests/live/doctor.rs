//! `albedo doctor` on both servers.

use std::path::Path;
use std::process::Command;

use crate::support::controller::{Planned, albedo};
use crate::support::objects::{IP, ingress};
use crate::support::stage::Stage;

/// What other tests decide, which share the API server: its nodes, its classes, and whether any of
/// those keeps names.
const OTHERS: [&str; 4] = ["NoHostedZone", "SeveralDefaultClasses", "ClassParamsMissing", "Node"];

/// The codes of what is found.
fn codes(found: &Planned) -> Vec<String> {
    let findings = found.json()["findings"].as_array().expect("it is a list").clone();
    let codes = findings.iter().filter_map(|one| one["code"].as_str().map(str::to_owned));
    codes.filter(|code| !OTHERS.iter().any(|start| code.starts_with(start))).collect()
}

#[tokio::test]
async fn doctor_names_what_is_broken_and_nothing_where_all_is_well() {
    let stage = Stage::new("doctor").await;
    stage.serve(&["web"]).await;
    stage.apply(&[ingress("web", &stage.class, &IP, &[("a.example.com", "/", "web")])]).await;
    let controller = stage.run_with_lease();
    stage.rest().await;
    let kubeconfig = stage.plane.kubeconfig_of_controller();
    let doctor = |change: &dyn Fn(&mut Command)| {
        let mut command = albedo(&stage.account, &kubeconfig);
        command.args(["doctor", "-o", "json"]).args(stage.flags());
        change(&mut command);
        Planned::of(&mut command)
    };
    let fine = doctor(&|_| {});
    assert_eq!(codes(&fine), [""; 0], "{fine:?}");

    let lost = "--aws-vpc-id=vpc-0123456789abcdef0";
    assert_eq!(codes(&doctor(&|command| _ = command.arg(lost))), ["VpcMissing"]);
    // The discard port, on which nothing listens.
    let deaf = |command: &mut Command| _ = command.env("AWS_ENDPOINT_URL", "http://127.0.0.1:9");
    assert_eq!(codes(&doctor(&deaf)), ["AwsUnreachable"]);
    let unset = |command: &mut Command| {
        command.args(["--aws-region=", "--aws-vpc-id="]).env_remove("AWS_REGION");
    };
    assert_eq!(codes(&doctor(&unset)), ["NoRegion"]);
    let blind = |command: &mut Command| _ = command.env("KUBECONFIG", Path::new("/nowhere"));
    assert_eq!(codes(&doctor(&blind)), ["ClusterUnreachable"]);
    let odd = ingress("odd", "nobodys-class", &IP, &[("b.example.com", "/", "web")]);
    stage.apply(&[odd]).await;
    let broken = doctor(&|_| {});
    assert!(codes(&broken) == ["ClassMissing"] && broken.code == 2, "{broken:?}");
    let text = doctor(&|command| _ = command.arg("--output=text"));
    for part in ["fault", "ClassMissing", "nobodys-class", "mend: "] {
        assert!(text.out.contains(part), "{part}: {text:?}");
    }
    drop(controller);
}
