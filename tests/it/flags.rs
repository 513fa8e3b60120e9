//! The command line, as a person meets it.

use std::process::{Command, Output};

use albedo::flags::{Cli, IGNORED};
use clap::CommandFactory as _;

fn albedo(args: &[&str]) -> Output {
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
    check(&["run", "--dns=perhaps"], "[possible values: true, false]");
    check(&["plan", "--webhook-bind-port=1"], "unexpected argument '--webhook-bind-port' found");
    check(&["run", "--log-format=xml"], "[possible values: text, json]");
    check(&["run"], "no cluster name; give --cluster-name");
    check(&["plan", "-f", "/nowhere.yaml"], "/nowhere.yaml cannot be read");
    check(&["dance"], "unrecognized subcommand 'dance'");
}

/// What the flags of a plan mean, or why they mean nothing.
fn settings(args: &[&str]) -> Result<albedo::model::settings::Settings, String> {
    let args = ["albedo", "plan"].iter().chain(args).map(std::ffi::OsString::from);
    let (cli, _) = Cli::parse_with_ignored(args).map_err(|error| error.to_string())?;
    let albedo::flags::Command::Plan(flags) = cli.command else { panic!("{cli:?}") };
    let vpc = albedo::model::id::AwsId::new("vpc-1");
    let meant = flags.build.settings("demo".to_owned(), "us-east-1".to_owned(), vpc);
    meant.map_err(|error| error.to_string())
}

#[test]
fn tags_that_cannot_be_kept_are_refused() {
    for (args, text) in [
        (&["--default-tags=elbv2.k8s.aws/cluster=x"][..], "default-tags"),
        (&["--external-managed-tags=ingress.k8s.aws/stack"][..], "external-managed-tags"),
        (&["--default-tags=a=b", "--external-managed-tags=a"][..], "a"),
        (&["--backend-security-group=mine"][..], "mine"),
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
    assert!(meant.evaluate_target_health && meant.keeps("anything.example.com"));
    assert_eq!(settings(&["--dns"]).unwrap().dns.scope, DnsScope::All);
    assert_eq!(settings(&["--dns=false"]).unwrap().dns.scope, DnsScope::Off);
    let filtered = settings(&["--domain-filter=Example.com.", "--domain-filter=.sub.org"]);
    let filtered = filtered.unwrap().dns;
    assert!(filtered.keeps("example.com") && filtered.keeps("a.sub.org"));
    assert!(!filtered.keeps("sub.org") && !filtered.keeps("notexample.com"));
}

#[test]
fn flags_of_lbc_that_do_nothing_are_accepted_and_named() {
    for flag in IGNORED {
        for given in [format!("--{flag}=x"), format!("--{flag}")] {
            let args = ["albedo", "run", &given].map(std::ffi::OsString::from);
            let (_, ignored) = Cli::parse_with_ignored(args).unwrap();
            assert_eq!(ignored, [*flag]);
        }
    }
    let args = ["albedo", "run"].map(std::ffi::OsString::from);
    assert_eq!(Cli::parse_with_ignored(args).unwrap().1, [""; 0]);
}

#[test]
fn help_names_every_flag() {
    let command = Cli::command();
    for sub in command.get_subcommands() {
        let output = albedo(&[sub.get_name(), "--help"]);
        assert_eq!(output.status.code(), Some(0));
        let help = String::from_utf8(output.stdout).unwrap();
        for arg in sub.get_arguments() {
            let long = format!("--{}", arg.get_long().unwrap());
            assert!(help.contains(&long), "{} --help lacks {long}", sub.get_name());
            assert!(arg.get_help().is_some(), "{long} says nothing");
        }
    }
}
