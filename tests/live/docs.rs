//! Every command that the documents show, as it is written there: run on both servers, rendered by
//! Helm, or named here with the reason why it is not.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use albedo::flags::Cli;
use clap::Parser as _;

use crate::doctor::deployment;
use crate::support::control_plane::{ControlPlane, try_run};
use crate::support::controller::ALBEDO;
use crate::support::localstack::account;
use crate::support::objects::{class, ingress};
use crate::support::stage::{ADDRESSES, ground};

const REPOSITORY: &str = env!("CARGO_MANIFEST_DIR");
/// The VPC of the documents, and that of none.
const VPC: &str = "vpc-0a1b2c3d";

/// What is done with a command.
enum Way {
    /// It is run in a shell, and ends with this code.
    Run(i32),
    /// Helm renders it: there is no cluster here that runs what a chart installs.
    Render,
    /// It is not run: why.
    Not(&'static str),
}

use Way::{Not, Render, Run};

const IS_MAKE: Way = Not("it runs these tests, or builds what they are run on");
const IS_HELM: Way = Not("it is about a release in a cluster that runs pods");

/// Every command of the documents.
const COMMANDS: &[(&str, Way)] = &[
    ("make demo", IS_MAKE),
    ("KEEP=1 make demo", IS_MAKE),
    ("make test", IS_MAKE),
    ("make bench", IS_MAKE),
    ("make image", Not("it takes Docker's place for half an hour; tests/image runs it")),
    (
        "skopeo copy oci-archive:albedo-0.1.0-amd64.tar:0.1.0 \
         docker://123456789012.dkr.ecr.eu-west-1.amazonaws.com/albedo:0.1.0",
        Not("there is no registry"),
    ),
    (
        "aws eks create-pod-identity-association --cluster-name my-eks --namespace kube-system \
         --service-account albedo --role-arn arn:aws:iam::123456789012:role/albedo",
        Not("there is no EKS"),
    ),
    (
        "aws iam put-role-policy --role-name albedo --policy-name albedo --policy-document \
         file://policy.json",
        Not("there is no role; iam:: says that it fits one"),
    ),
    (
        "sed 's/ACCOUNT/123456789012/; s/REGION/eu-west-1/; s/CLUSTER/my-eks/; s/VPC/vpc-0a1b2c3d/; \
         s/ZONE/Z0123456789ABC/' iam/policy.json > policy.json",
        Run(0),
    ),
    (
        "kubectl annotate ingressclass alb --overwrite \
         alb.ingress.k8s.aws/accept-removals=HASH",
        Run(0),
    ),
    (
        "kubectl -n kube-system port-forward deploy/albedo 61780",
        Not("there is no kubelet to forward to"),
    ),
    (
        "kubectl logs -n kube-system -l app.kubernetes.io/instance=albedo",
        Not("there is no kubelet to ask for logs; chart:: holds the label"),
    ),
    ("helm get values aws-load-balancer-controller -n kube-system -o yaml > values.yaml", IS_HELM),
    ("helm uninstall aws-load-balancer-controller -n kube-system", IS_HELM),
    ("helm uninstall albedo -n kube-system", IS_HELM),
    (
        "helm install aws-load-balancer-controller eks/aws-load-balancer-controller -n kube-system \
         -f values.yaml",
        IS_HELM,
    ),
    (
        "helm install albedo deploy/helm/albedo -n kube-system -f values.yaml -f image.yaml \
         --take-ownership --set takeOver.enabled=true",
        Render,
    ),
    ("kubectl apply --server-side --force-conflicts -f deploy/crds", Run(0)),
    ("helm upgrade albedo deploy/helm/albedo -n kube-system --reset-then-reuse-values", IS_HELM),
    (
        "helm upgrade albedo deploy/helm/albedo -n kube-system -f values.yaml -f image.yaml \
         --set dns=true,txtOwnerId=my-owner",
        Render,
    ),
    (
        "helm install albedo deploy/helm/albedo -n kube-system --set \
         clusterName=my-eks,scope=own,ingressClass=albedo,image.repository=REPOSITORY",
        Render,
    ),
    (
        "helm install albedo deploy/helm/albedo -n kube-system --set \
         clusterName=my-eks,defaultTargetType=ip --set \
         image.repository=123456789012.dkr.ecr.eu-west-1.amazonaws.com/albedo,image.tag=0.1.0 \
         --set ingressClass=albedo,ingressClassConfig.controller=alb.ingress.k8s.aws/albedo",
        Render,
    ),
    (
        "kubectl create clusterrole ingressgroups-reader --verb=get,list,watch \
         --resource=ingressgroups.alb.ingress.k8s.aws",
        Run(0),
    ),
    (
        "kubectl create clusterrolebinding ingressgroups-reader --clusterrole=ingressgroups-reader \
         --group=on-call",
        Run(0),
    ),
    ("albedo run --cluster-name my-eks", Not("it does not end; every other test here runs it")),
    ("albedo plan -f ingress.yaml", Run(2)),
    ("albedo plan -f ingress.yaml --cluster-name my-eks", Run(2)),
    ("albedo plan -f manifests/ --cluster-name my-eks -o json", Run(2)),
    ("albedo plan --cluster-name my-eks", Run(0)),
    (r#"ln -s "$(command -v albedo)" "$(dirname "$(command -v albedo)")/kubectl-albedo""#, Run(0)),
    ("kubectl albedo plan --cluster-name my-eks", Run(0)),
    ("kubectl kustomize overlays/prod | albedo plan -f - --cluster-name my-eks", Run(2)),
    (
        "albedo plan -f deploy/examples/class.yaml -f deploy/examples/alpha.yaml --cluster-name \
         my-eks",
        Run(2),
    ),
    ("albedo explain --cluster-name my-eks https://app.example.com/cart", Run(2)),
    ("albedo doctor --cluster-name my-eks", Run(2)),
    ("albedo doctor --cluster-name my-eks -o json", Run(2)),
    (
        "albedo doctor --cluster-name my-eks --role-arn arn:aws:iam::123456789012:role/albedo",
        Run(2),
    ),
    ("albedo adopt", Run(0)),
    ("albedo adopt --aws-vpc-id vpc-0a1b2c3d", Run(0)),
    ("albedo adopt --back", Run(0)),
    ("albedo adopt --from nginx -f manifests/", Run(0)),
    ("kubectl get ingress -A -o yaml | albedo adopt --from nginx -f -", Run(0)),
    ("albedo sweep --cluster-name my-eks", Run(0)),
    ("albedo sweep --cluster-name my-eks --delete", Run(0)),
    (
        "albedo sweep --cluster-name my-eks --aws-vpc-id vpc-0a1b2c3d --cluster-gone my-eks \
         --delete",
        Run(0),
    ),
];

/// Every line of the documents' blocks for a shell, without remarks, with the page it is on.
fn documented() -> BTreeMap<String, String> {
    let folder = fs::read_dir(format!("{REPOSITORY}/docs")).expect("it is there");
    let mut pages: Vec<_> = folder.map(|entry| entry.expect("it is there").path()).collect();
    pages.push(Path::new(REPOSITORY).join("README.md"));
    pages.retain(|page| page.extension().is_some_and(|kind| kind == "md"));
    let mut found = BTreeMap::new();
    for page in pages {
        let name = page.file_name().expect("it has one").to_string_lossy().into_owned();
        let text = fs::read_to_string(&page).expect("it is text").replace("\\\n", " ");
        let (mut is_inside, mut is_shell) = (false, false);
        for line in text.lines().map(str::trim) {
            if let Some(kind) = line.strip_prefix("```") {
                is_inside = !is_inside;
                assert!(
                    !is_inside || !kind.is_empty(),
                    "{name}: a block says what it is: sh, text"
                );
                is_shell = ["sh", "bash", "shell", "console"].contains(&kind);
            } else if is_shell && !line.is_empty() {
                let command = line.split(" # ").next().unwrap_or_default();
                let command = command.split_whitespace().collect::<Vec<_>>().join(" ");
                found.insert(command, name.clone());
            }
        }
    }
    found
}

#[test]
fn every_documented_command_is_run_or_named_and_none_else() {
    let documented = documented();
    let known: Vec<&str> = COMMANDS.iter().map(|(command, _)| *command).collect();
    let unknown: Vec<_> =
        documented.iter().filter(|(command, _)| !known.contains(&command.as_str())).collect();
    assert!(unknown.is_empty(), "run them, or say why not: {unknown:#?}");
    let gone: Vec<_> = known.iter().filter(|one| !documented.contains_key(**one)).collect();
    assert!(gone.is_empty(), "no document shows them any more: {gone:#?}");
    let unreasoned = COMMANDS.iter().filter(|(_, way)| matches!(way, Not(why) if why.is_empty()));
    assert_eq!(unreasoned.count(), 0);
    for command in known {
        let ours = command.split(" | ").filter(|part| part.starts_with("albedo "));
        for part in ours {
            let flags = Cli::try_parse_from(part.split_whitespace());
            flags.unwrap_or_else(|error| panic!("{command}: {error}"));
        }
    }
}

/// A folder for commands of the documents, and for nothing else.
fn place(of: &str) -> PathBuf {
    let name = format!("documented-{of}-{}", std::process::id());
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

/// What the documents take for given: manifests of a person's, and where kubectl and albedo are.
fn lay_out(place: &Path, kubectl: &Path) {
    let manifest = "
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: web, namespace: default}
spec:
  ingressClassName: albedo
  rules:
  - host: app.example.com
    http:
      paths: [{path: /, pathType: Prefix, backend: {service: {name: web, port: {number: 80}}}}]
";
    for folder in ["bin", "manifests", "overlays/prod"] {
        fs::create_dir_all(place.join(folder)).expect("it can be made");
    }
    for file in ["ingress.yaml", "manifests/web.yaml", "overlays/prod/web.yaml"] {
        fs::write(place.join(file), manifest).expect("it can be written");
    }
    let overlay = place.join("overlays/prod/kustomization.yaml");
    fs::write(overlay, "resources: [web.yaml]\n").expect("it can be written");
    for folder in ["deploy", "iam"] {
        symlink(Path::new(REPOSITORY).join(folder), place.join(folder)).expect("it can be made");
    }
    symlink(ALBEDO, place.join("bin/albedo")).expect("it can be made");
    symlink(kubectl, place.join("bin/kubectl")).expect("it can be made");
}

#[tokio::test]
async fn documented_commands_run_as_they_are_written() {
    let plane = ControlPlane::start("docs");
    plane.prepare().await;
    // Whose work is taken over, and a class of LBC's.
    let image = "public.ecr.aws/eks/aws-load-balancer-controller:v3.5.0";
    let lbc = deployment("aws-load-balancer-controller", image, &["--cluster-name=my-eks"]);
    // And somebody else's Ingress, which is left alone.
    let mut theirs = ingress("theirs", "nginx", &[], &[("theirs.example.com", "/", "web")]);
    theirs["metadata"]["namespace"] = "default".into();
    for object in [lbc, class("alb"), theirs] {
        plane.apply(&object).expect("the API server takes it");
    }
    let account = account();
    let vpc = ground(&account, ADDRESSES).vpc;
    let place = place("commands");
    lay_out(&place, plane.kubectl_itself());
    let path = format!("{}:/usr/bin:/bin", place.join("bin").display());
    let wrong: Vec<String> = COMMANDS
        .iter()
        .filter_map(|(command, way)| {
            let Run(code) = way else { return None };
            let written = command.replace(VPC, &vpc);
            let mut shell = Command::new("sh");
            shell.env_clear().envs(account.env()).env("PATH", &path);
            shell.env("KUBECONFIG", plane.kubeconfig()).env("HOME", &place).current_dir(&place);
            shell.stdin(Stdio::null());
            let done = shell.args(["-c", &written]).output().expect("there is a shell");
            (done.status.code() != Some(*code)).then(|| format!("{written}: {done:?}"))
        })
        .collect();
    let policy = fs::read_to_string(place.join("policy.json")).expect("sed wrote it");
    fs::remove_dir_all(&place).expect("it is ours");
    plane.stop();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for word in ["ACCOUNT", "REGION", "CLUSTER", "VPC", "ZONE"] {
        assert!(!policy.contains(word), "{word} is not filled in everywhere");
    }
}

#[test]
fn documented_releases_are_rendered_as_they_are_written() {
    let place = place("releases");
    fs::create_dir_all(&place).expect("it can be made");
    // What `helm get values` prints of LBC's release, and what a person writes beside it.
    let files = [
        (
            "values.yaml",
            "{clusterName: my-eks, vpcId: vpc-0a1b2c3d, region: eu-west-1, image: {repository: \
             public.ecr.aws/eks/aws-load-balancer-controller, tag: v3.5.0}}",
        ),
        ("image.yaml", "image: {repository: registry.example.com/albedo, tag: 0.1.0}"),
    ];
    let path = |name: &str| place.join(name).to_string_lossy().into_owned();
    for (name, text) in files {
        fs::write(path(name), text).expect("it can be written");
    }
    for (command, way) in COMMANDS {
        let Render = way else { continue };
        let mut words = command.split_whitespace();
        assert_eq!(words.next(), Some("helm"));
        assert!(matches!(words.next(), Some("install" | "upgrade")), "{command}");
        // Whose objects they become is no matter of rendering.
        let arguments = words.filter(|word| *word != "--take-ownership");
        let arguments = arguments.map(|word| match word {
            "values.yaml" | "image.yaml" => path(word),
            word => word.to_owned(),
        });
        let mut helm = Command::new(format!("{REPOSITORY}/tests/chart/tool"));
        helm.current_dir(REPOSITORY).args(["helm", "template"]).args(arguments);
        let text = try_run(&mut helm, "").unwrap_or_else(|error| panic!("{command}: {error}"));
        assert!(text.contains("kind: Deployment"), "{command}: {text}");
        let image = text.lines().find(|line| line.trim().starts_with("image:"));
        let image = image.unwrap_or_default();
        assert!(
            ["albedo", "REPOSITORY"].iter().any(|one| image.contains(one)),
            "{command}: {image}"
        );
    }
    fs::remove_dir_all(&place).expect("it is ours");
}
