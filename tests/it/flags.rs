//! The command line, as a person meets it.

use std::process::{Command, Output};

use albedo::flags::{Cli, Effect, GATES, LBC_FLAGS, Otherwise};
use clap::CommandFactory as _;

pub fn albedo(args: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_albedo"));
    // Nothing of this machine is to be found, least of all a cluster.
    command.env_clear().args(args).output().unwrap()
}

/// It stops at once with one line that says what is wrong, and not with "there are differences".
fn check(args: &[&str], text: &str) {
    let output = albedo(args);
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{args:?}: {said}");
    assert_eq!(said.lines().count(), 1, "{args:?}: {said}");
    assert!(said.starts_with("albedo: ") && said.contains(text), "{args:?}: {said}");
    assert!(output.stdout.is_empty());
}

#[test]
fn a_bad_flag_stops_the_start_with_one_line() {
    check(&["run", "--nonsense"], "unexpected argument '--nonsense' found");
    check(&["run", "--ingress-max-concurrent-reconciles=0"], "0 is not in 1..=1000");
    check(&["run", "--sync-period=never"], "\"never\" is no duration such as 10h");
    check(&["run", "--metrics-bind-addr=nowhere"], "expected ADDRESS:PORT or :PORT");
    check(&["run", "--enable-leader-election=perhaps"], "--enable-leader-election");
    check(
        &["run", "--aws-api-throttle=EC2:x=1"],
        "\"EC2:x=1\" is no SERVICE:OPERATIONS=RATE:BURST",
    );
    check(&["plan", "--default-tags=x"], "expected key=value");
    check(&["plan", "--output=xml"], "[possible values: text, json]");
    check(&["plan", "--default-target-type=pod"], "[possible values: instance, ip]");
    check(&["run", "--txt-owner-id="], "expected one or more visible ASCII characters");
    check(&["run", "--txt-owner-id=a,b"], "expected one or more visible ASCII characters");
    check(&["run", "--domain-filter=a..b"], "expected a domain such as example.com");
    check(&["run", "--annotation-prefix=example.com"], "expected a domain followed by a slash");
    check(&["run", "--policy=delete"], "[possible values: sync, upsert-only, create-only]");
    check(&["run", "--dns=perhaps"], "expected true or false");
    check(&["run", "--webhook-bind-port=x"], "expected a whole number");
    check(&["run", "--sync-period=0s"], "is no duration such as 10h");
    check(&["run", "--aws-max-retries=-1"], "-1 is no number of things");
    check(&["plan", "--aws-vpc-tags=x"], "expected key=value");
    check(&["plan", "--feature-gates=Nonsense=true"], "Nonsense is no feature gate of LBC");
    check(&["plan", "--feature-gates=ALBSingleSubnet"], "expected GATE=true or GATE=false");
    check(&["run", "--log-format=xml"], "[possible values: text, json]");
    check(&["run"], "no cluster name; give --cluster-name");
    check(&["plan", "-f", "/nowhere.yaml"], "/nowhere.yaml cannot be read");
    check(&["dance"], "unrecognized subcommand 'dance'");
    check(&["plan", "--cluster-nam=x"], "did you mean --cluster-name?");
    check(&["plam"], "did you mean plan?");
    check(&["plan", "--output=jsn"], "did you mean json?");
    check(&["explain", "--region=x", "https://a.b"], "did you mean --aws-region?");
    // What is like nothing is not guessed: help says what there is.
    check(&["run", "--nonsense"], "; albedo run --help says what there is");
    check(&["run", "--deaf-as-a-post"], "; albedo run --help says what there is");
    check(&["explain"], "; albedo explain --help says what there is");
    let of_nowhere = ["plan", "--cluster-name=x", "--kubeconfig=/nowhere", "--context=mars"];
    check(&of_nowhere, "--context: mars leads to no cluster; kubectl config get-contexts");
}

/// What the flags of a plan mean, or why they mean nothing.
pub fn settings(args: &[&str]) -> Result<albedo::model::settings::Settings, String> {
    let args = ["albedo", "plan"].iter().chain(args).map(std::ffi::OsString::from);
    let (cli, _) = Cli::parse_with_notes(args).map_err(|error| error.to_string())?;
    let albedo::flags::Command::Plan(flags) = cli.command else { panic!("{cli:?}") };
    let vpc = albedo::model::id::AwsId::new("vpc-1");
    let meant = flags.build.settings("demo", "us-east-1".to_owned(), vpc);
    meant.map_err(|error| error.to_string())
}

#[test]
fn tags_that_cannot_be_kept_are_refused() {
    for (args, text) in [
        (&["--default-tags=elbv2.k8s.aws/cluster=x"][..], "default-tags"),
        (&["--external-managed-tags=ingress.k8s.aws/stack"][..], "external-managed-tags"),
        (&["--default-tags=a=b", "--external-managed-tags=a"][..], "a"),
        (&["--backend-security-group=mine"][..], "mine"),
        (&["--backend-security-group=mine", "--enable-backend-security-group=false"][..], "mine"),
    ] {
        let error = settings(args).unwrap_err();
        assert!(error.contains(text) && !error.contains('\n'), "{args:?}: {error}");
    }
}

#[test]
fn defaults_are_lbcs() {
    use albedo::model::settings::BackendSecurityGroup;
    let meant = settings(&[]).unwrap();
    assert_eq!(meant.ingress_class, "alb");
    assert_eq!(meant.default_scheme.as_str(), "internal");
    assert_eq!(meant.default_target_type.as_str(), "instance");
    assert_eq!(meant.default_ssl_policy, "ELBSecurityPolicy-2016-08");
    assert_eq!(meant.backend, BackendSecurityGroup::Managed);
    assert!(meant.restricted_rules && meant.tolerate_missing_service);
    let off = settings(&["--enable-backend-security-group=false"]).unwrap();
    assert_eq!(off.backend, BackendSecurityGroup::Off);
}

#[test]
fn names_are_kept_for_our_own_classes_unless_somebody_says_otherwise() {
    use albedo::model::settings::{DnsPolicy, DnsScope};
    let meant = settings(&[]).unwrap().dns;
    assert_eq!((meant.scope, meant.policy), (DnsScope::OwnClasses, DnsPolicy::Sync));
    assert_eq!((meant.owner.as_str(), meant.keeps_default), ("demo", true));
    let given = settings(&["--txt-owner-id=default", "--take-names-from=old"]).unwrap().dns;
    assert_eq!((given.owner.as_str(), given.keeps_default), ("default", false));
    assert_eq!(given.taken_from, ["old"]);
    assert_eq!(
        meant.annotation_prefixes,
        ["external-dns.kubernetes.io/", "external-dns.alpha.kubernetes.io/"]
    );
    let one = settings(&["--annotation-prefix=dns.example.com/"]).unwrap().dns;
    assert_eq!(one.annotation_prefixes, ["dns.example.com/"]);
    assert!(meant.evaluate_target_health && meant.filter.keeps("anything.example.com"));
    assert_eq!(settings(&["--dns"]).unwrap().dns.scope, DnsScope::All);
    assert_eq!(settings(&["--dns=false"]).unwrap().dns.scope, DnsScope::Off);
    let filtered = settings(&["--domain-filter=Example.com.", "--domain-filter=.sub.org"]);
    let filtered = filtered.unwrap().dns;
    assert!(filtered.filter.keeps("example.com") && filtered.filter.keeps("a.sub.org"));
    assert!(!filtered.filter.keeps("sub.org") && !filtered.filter.keeps("notexample.com"));
}

#[test]
fn route_53_is_called_by_a_role_where_one_is_given() {
    let role = |more: &[&str]| {
        let args = ["albedo", "plan"].iter().chain(more).map(std::ffi::OsString::from);
        let (cli, _) = Cli::parse_with_notes(args).unwrap();
        let albedo::flags::Command::Plan(flags) = cli.command else { panic!("{cli:?}") };
        let role = flags.build.dns.role()?;
        Some((role.arn, role.external_id))
    };
    let arn = "arn:aws-cn:iam::123456789012:role/a/dns";
    let given = format!("--aws-assume-role={arn}");
    assert_eq!(role(&[&given]), Some((arn.to_owned(), None)));
    let with_id = role(&[&given, "--aws-assume-role-external-id=x"]);
    assert_eq!(with_id, Some((arn.to_owned(), Some("x".to_owned()))));
    assert_eq!(role(&["--aws-assume-role=", "--aws-assume-role-external-id="]), None);
}

#[test]
fn a_template_that_is_not_understood_stops_the_start() {
    let dns = |args: &[&str]| settings(args).map(|meant| meant.dns);
    let made = dns(&["--fqdn-template={{.Name}}.a.io", "--fqdn-template=b.io"]).unwrap();
    assert_eq!(made.template.unwrap().text(), "{{.Name}}.a.io,b.io");
    assert_eq!(dns(&["--fqdn-template="]).unwrap().template, None);
    let wrong = dns(&["--fqdn-template={{.Status}}.io"]).unwrap_err();
    assert!(wrong.starts_with("--fqdn-template: expected no .Status of an Ingress"), "{wrong}");
    let wrong = dns(&["--ignore-hostname-annotation"]).unwrap_err();
    assert!(wrong.contains("needs --fqdn-template"), "{wrong}");
    let filter = dns(&["--aws-zone-tags=team=web", "--aws-zone-tags=public", "--aws-zone-tags="]);
    let tags = filter.unwrap().filter.zone_tags;
    assert_eq!(tags.get("team"), Some(&Some("web".to_owned())));
    assert_eq!((tags.len(), tags.get("public")), (2, Some(&None)));
}

#[test]
fn a_key_for_txt_records_is_read_and_never_shown() {
    const KEY: &str = "01234567890123456789012345678901";
    let key = format!("--txt-encrypt-aes-key={KEY}");
    let meant = settings(&["--txt-encrypt-enabled", &key]).unwrap();
    assert!(meant.dns.txt_cipher.as_ref().is_some_and(|cipher| cipher.is_used));
    assert!(!format!("{meant:?}").contains(&KEY[..8]));
    let reading = settings(&[&key]).unwrap().dns.txt_cipher;
    assert!(reading.is_some_and(|cipher| !cipher.is_used), "it reads without being used");
    assert_eq!(settings(&["--txt-encrypt-aes-key="]).unwrap().dns.txt_cipher, None);
    let wrong = |args: &[&str]| settings(args).unwrap_err();
    assert!(wrong(&["--txt-encrypt-enabled"]).contains("needs --txt-encrypt-aes-key"));
    assert!(wrong(&["--txt-encrypt-aes-key=12345"]).ends_with("as they are or in base64"));
    let args = ["albedo", "run", &key].map(std::ffi::OsString::from);
    assert!(!format!("{:?}", Cli::parse_with_notes(args).unwrap()).contains(&KEY[..8]));
}

/// What is said of a command line, or what is wrong with it.
fn notes(args: &[&str]) -> Result<Vec<String>, String> {
    let args = ["albedo"].iter().chain(args).map(std::ffi::OsString::from);
    let parsed = Cli::parse_with_notes(args).map_err(|error| error.to_string());
    parsed.map(|(_, notes)| notes)
}

/// What LBC 3.5 and its chart's arguments come to where nobody changes a value.
const LBC_DEFAULTS: &[&str] = &[
    "--alb-gateway-max-concurrent-reconciles=3",
    "--allowed-certificate-authority-arns=",
    "--aws-api-endpoints=",
    "--aws-api-throttle=",
    "--aws-max-retries=10",
    "--aws-region=",
    "--aws-vpc-id=",
    "--aws-vpc-tag-key=Name",
    "--aws-vpc-tags=",
    "--backend-security-group=",
    "--cluster-name=demo",
    "--default-load-balancer-scheme=internal",
    "--default-pca-arn=",
    "--default-ssl-policy=ELBSecurityPolicy-2016-08",
    "--default-tags=",
    "--default-target-type=instance",
    "--disable-ingress-class-annotation=false",
    "--disable-ingress-group-name-annotation=false",
    "--disable-restricted-sg-rules=false",
    "--enable-backend-security-group=true",
    "--enable-endpoint-slices=true",
    "--enable-leader-election=true",
    "--enable-manage-backend-security-group-rules=false",
    "--enable-pod-readiness-gate-inject=true",
    "--enable-shield=true",
    "--enable-waf=true",
    "--enable-wafv2=true",
    "--external-managed-tags=",
    "--gateway-class-max-concurrent-reconciles=3",
    "--globalaccelerator-max-concurrent-reconciles=1",
    "--globalaccelerator-max-exponential-backoff-delay=16m40s",
    "--health-probe-bind-addr=:61779",
    "--ingress-class=alb",
    "--ingress-max-concurrent-reconciles=3",
    "--kube-ca-pem-filepath=",
    "--kubeconfig=",
    "--lb-stabilization-monitor-interval=2m0s",
    "--leader-election-id=aws-load-balancer-controller-leader",
    "--leader-election-namespace=",
    "--load-balancer-class=service.k8s.aws/nlb",
    "--log-level=info",
    "--max-targets-per-target-group=0",
    "--metrics-bind-addr=:8080",
    "--nlb-gateway-max-concurrent-reconciles=3",
    "--quic-environment-variable-name=AWS_LBC_QUIC_SERVER_ID",
    "--required-secrets-label=",
    "--service-max-concurrent-reconciles=3",
    "--service-target-eni-security-group-tags=",
    "--sync-period=10h0m0s",
    "--targetgroupbinding-max-concurrent-reconciles=3",
    "--targetgroupbinding-max-exponential-backoff-delay=16m40s",
    "--targetgroupbinding-requeue-duration=15s",
    "--tolerate-non-existent-backend-action=true",
    "--tolerate-non-existent-backend-service=true",
    "--watch-namespace=",
    "--webhook-bind-port=9443",
    "--webhook-cert-dir=",
    "--webhook-cert-file=",
    "--webhook-key-file=",
];

#[test]
fn a_value_that_is_lbcs_default_never_stops_a_start() {
    for command in ["run", "plan"] {
        for flag in LBC_DEFAULTS {
            notes(&[command, flag]).unwrap();
        }
        for gate in GATES {
            let switched = format!("--feature-gates={}={}", gate.name, gate.default);
            notes(&[command, &switched]).unwrap();
        }
    }
    let all = settings(LBC_DEFAULTS).unwrap();
    assert_eq!(all, settings(&[]).unwrap(), "they mean nothing else than nothing");
}

#[test]
fn flags_of_lbc_that_do_nothing_are_accepted_and_named() {
    for flag in LBC_FLAGS {
        let named = format!("--{}", flag.name);
        let given = LBC_DEFAULTS.iter().find(|one| one.split('=').next() == Some(&named));
        let Some(given) = given else {
            assert_eq!(flag.name, "aws-vpc-cache-ttl", "which LBC itself does not read any more");
            continue;
        };
        let said = notes(&["run", given]).unwrap();
        let is_named = said.iter().any(|note| note.starts_with(&format!("{named} ")));
        assert_eq!(is_named, matches!(flag.effect, Effect::Nothing(_)), "{named}: {said:?}");
    }
    assert_eq!(notes(&["run"]).unwrap(), [""; 0]);
}

#[test]
fn what_asks_for_what_is_not_done_stops_the_start() {
    for flag in [
        "--enable-endpoint-slices=false",
        "--enable-endpoint-slices=0",
        "--required-secrets-label=use=lbc",
        "--feature-gates=ListenerRulesTagging=false",
        "--feature-gates=EndpointsFailOpen=true,IngressPlanAnnotation=t",
    ] {
        for command in ["run", "plan"] {
            check(&[command, flag], "asks for what this version does not do");
        }
    }
    for gate in GATES {
        let switched = format!("--feature-gates={}={}", gate.name, !gate.default);
        let stops = matches!(gate.otherwise, Otherwise::Stops(_));
        assert_eq!(notes(&["plan", &switched]).is_err(), stops, "{switched}");
    }
}

#[test]
fn values_are_spelled_as_lbc_reads_them() {
    let meant = settings(&[
        "--enable-backend-security-group=F",
        "--disable-restricted-sg-rules=1",
        "--enable-waf=0",
        "--default-tags=\"owners=a,b\",env=prod",
        "--external-managed-tags=a,\"b,c\"",
        "--max-targets-per-target-group=0x10",
        // The last one counts, as in a chart that adds arguments.
        "--default-load-balancer-scheme=internal",
        "--default-load-balancer-scheme=internet-facing",
    ]);
    let meant = meant.unwrap();
    assert_eq!(meant.backend, albedo::model::settings::BackendSecurityGroup::Off);
    assert!(!meant.restricted_rules && !meant.protection.waf_classic);
    let tags: Vec<String> = meant.default_tags.iter().map(|(k, v)| format!("{k}: {v}")).collect();
    assert_eq!(tags, ["env: prod", "owners: a,b"]);
    assert_eq!(meant.external_managed_tags, ["a", "b,c"]);
    assert_eq!(meant.max_targets, Some(16));
    assert_eq!(meant.default_scheme.as_str(), "internet-facing");
}

#[test]
fn a_plan_takes_what_the_controller_takes() {
    let command = Cli::command();
    let of = |name: &str| {
        let sub = command.find_subcommand(name).unwrap();
        sub.get_arguments().filter_map(clap::Arg::get_long).collect::<Vec<_>>()
    };
    let plan = of("plan");
    let missing: Vec<_> = of("run").into_iter().filter(|flag| !plan.contains(flag)).collect();
    assert_eq!(missing, [""; 0]);
}

#[test]
fn help_names_every_flag() {
    let command = Cli::command();
    for sub in command.get_subcommands() {
        let output = albedo(&[sub.get_name(), "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).unwrap();
        for arg in sub.get_arguments().filter(|arg| !arg.is_positional()) {
            let long = format!("--{}", arg.get_long().unwrap());
            assert!(help.contains(&long), "{} --help lacks {long}", sub.get_name());
            assert!(arg.get_help().is_some(), "{long} says nothing");
        }
    }
}

#[test]
fn arguments_of_external_dns_are_taken_over() {
    let parsed = |more: &[&str]| {
        let args = ["albedo", "run", "--cluster-name=demo"].iter().chain(more);
        Cli::parse_with_notes(args.map(Into::into)).map_err(|error| error.to_string())
    };
    let (_, notes) = parsed(&[
        "--source=ingress",
        "--provider=aws",
        "--registry=txt",
        "--policy=upsert-only",
        "--txt-owner-id=mine",
        "--domain-filter=example.com",
        "--interval=1m",
        "--aws-zone-type=public",
        "--managed-record-types=A",
        "--managed-record-types=CNAME",
    ])
    .unwrap();
    assert_eq!(notes.len(), 1, "{notes:?}");
    for wrong in [
        &["--source=service", "--source=ingress"][..],
        &["--provider=google"],
        &["--aws-zone-tags==a"],
        &["--target-net-filter=10.0.0.1"],
        &["--create-ptr"],
        &["--aws-assume-role=dns"],
        &["--txt-prefix=a", "--txt-suffix=b"],
        &["--label-filter=a b"],
        &["--regex-domain-filter=("],
        &["--managed-record-types=XY"],
        &["--min-ttl=soon"],
        &["--aws-batch-change-size=0"],
        &["--aws-batch-change-interval=soon"],
    ] {
        assert!(parsed(wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_shell_completes_commands_and_flags_and_none_that_does_nothing() {
    for shell in ["bash", "zsh", "fish"] {
        let output = albedo(&["completions", shell]);
        assert_eq!(output.status.code(), Some(0));
        let script = String::from_utf8(output.stdout).unwrap();
        for word in ["sweep", "cluster-name", "cluster-gone"] {
            assert!(script.contains(word), "{shell}: {word}");
        }
        assert!(!script.contains("webhook-bind-port"), "{shell}");
    }
}
