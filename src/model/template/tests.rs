use super::*;
use crate::model::seen::{HostRule, IngressSpec, IngressTls, Metadata};

fn rules<'h>(hosts: impl IntoIterator<Item = &'h str>) -> Box<[HostRule]> {
    let rule = |host: &str| HostRule { host: Some(host.into()), http: None };
    hosts.into_iter().map(rule).collect()
}

fn web() -> Ingress {
    let hosts = ["https-example.foo.com", "https-example.bar.com"].map(Into::into);
    let tls = IngressTls { hosts: Some(Box::new(hosts)), secret_name: None };
    let spec = IngressSpec {
        ingress_class_name: Some("alb".into()),
        rules: Some(rules(["foo.bar.com", "bar.bar.com", "bar.baz.com"])),
        tls: Some(Box::new([tls])),
        ..IngressSpec::default()
    };
    let metadata = Metadata {
        name: Some("web".into()),
        namespace: Some("shop".into()),
        labels: Some([("app", "Front"), ("empty", "")].into()),
        annotations: Some([("a.example.com/zone", "example.com")].into()),
        ..Metadata::default()
    };
    Ingress { metadata, spec: Some(spec), ..Ingress::default() }
}

fn made(template: &str) -> Result<Vec<String>, String> {
    let template = Template::new(template).unwrap_or_else(|error| panic!("{template}: {error}"));
    Ok(template.names(&web())?.into_iter().collect())
}

#[test]
fn names_are_made_as_external_dns_makes_them() {
    for (template, names) in [
        ("{{.Name }}.nip.io", &["web.nip.io"][..]),
        ("nip.io", &["nip.io"]),
        (
            "{{.Name}}.{{.Namespace}}.example.com., x.example.com,,",
            &["web.shop.example.com", "x.example.com"],
        ),
        (
            "{{ range .Spec.Rules }}{{ if contains .Host \"bar.com\" }}{{ .Host }}.internal\
             {{break}}{{end}}{{end}}",
            &["foo.bar.com.internal"],
        ),
        (
            "{{ .Name }}.test.org,{{ range .Spec.TLS }}{{ range $value := .Hosts }}\
             {{ $value | replace \".\" \"-\" }}.internal{{break}}{{end}}{{end}}",
            &["https-example-foo-com.internal", "web.test.org"],
        ),
        (
            "{{ if eq .Namespace \"shop\" \"x\" }}a{{ else if true }}b{{ else }}c{{ end }}.io",
            &["a.io"],
        ),
        ("{{ range $i, $r := .Spec.Rules }}{{ $i }}-{{ $r.Host | trimSuffix }}{{ end }}", &[]),
        (
            "{{ range $i, $r := .Spec.Rules -}}\n {{ $i }}.{{ $r.Host }},\n{{- end }}",
            &["0.foo.bar.com", "1.bar.bar.com", "2.bar.baz.com"],
        ),
        ("{{ with .Labels.app }}{{ . | toLower }}.{{ $.Name }}{{ end }}.io", &["front.web.io"]),
        ("{{ with index .Labels \"none\" }}x{{ else }}y{{ end }}.io", &["y.io"]),
        (
            "{{ if hasKey .Labels \"empty\" }}has{{ end }}.{{ index .Annotations \"a.example.com/zone\" }}",
            &["has.example.com"],
        ),
        (
            "{{/* for people */}}{{ $n := print .Name \"-x\" }}{{ $n }}.{{ trimPrefix $n \"web\" }}z.io",
            &["web-x.-xz.io"],
        ),
        (
            "{{ if and (not (isIPv4 .Name)) (isSource \"Ingress\") }}{{ .Kind }}{{ end }}.io",
            &["Ingress.io"],
        ),
        ("{{ (index .Spec.Rules 1).Host }},{{ len .Spec.Rules }}.io", &["3.io", "bar.bar.com"]),
        ("{{ or .Labels.empty .Name }}.{{ .Spec.IngressClassName }}", &["web.alb"]),
        (
            "{{ range .Spec.Rules }}{{ if ne .Host \"bar.bar.com\" }}{{ continue }}{{ end }}{{ .Host }}{{ end }}",
            &["bar.bar.com"],
        ),
        ("{{ .Labels.none }}.io", &["<no value>.io"]),
    ] {
        if names.is_empty() {
            assert!(Template::new(template).is_err(), "{template}");
            continue;
        }
        let found = made(template).unwrap_or_else(|error| panic!("{template}: {error}"));
        assert_eq!(found, names, "{template}");
    }
}

#[test]
fn what_is_not_understood_is_refused_before_there_is_an_ingress() {
    for (template, told) in [
        ("{{ .Status.LoadBalancer }}", "no .Status of an Ingress"),
        ("{{ .Nmae }}", "there is .Annotations, .APIVersion, .Kind"),
        ("{{ printf \"%s\" .Name }}", "no printf: there is and, contains"),
        ("{{ .Spec.Rules }}", "no .Spec.Rules to be printed"),
        ("{{ range .Name }}{{ end }}", "no range over a text"),
        ("{{ range .Spec.Rules }}", "an end of {{range}}"),
        ("{{ if .Name }}", "an end of {{if}}"),
        ("{{ end }}", "no end or else"),
        ("{{ break }}", "no break there"),
        ("{{ .Name", "}} at the end"),
        ("{{ $x }}", "a variable $x before it is used"),
        ("{{ if true }}{{ $x := .Name }}{{ end }}{{ $x }}", "a variable $x"),
        ("{{ $x = .Name }}", "no variable that changes"),
        ("{{ contains .Name }}", "no Contains of a text"),
        ("{{ .Name .Namespace }}", "a function before several values"),
        ("{{ toLower (.Name }}", "a ) for each ("),
        ("{{ define \"x\" }}{{ end }}", "no define"),
        ("{{ \"x }}", "a \" at the end"),
        ("{{ }}", "a function before"),
        ("{{ & }}", "no & in an action"),
    ] {
        let found = Template::new(template).expect_err(template);
        assert!(found.contains(told), "{template}: {found}");
    }
}

#[test]
fn what_an_ingress_does_not_have_is_told() {
    for (template, told) in [
        ("{{ .Labels.none | toLower }}.io", "a label or annotation"),
        ("{{ (index .Spec.Rules 7).Host }}", "more than 7"),
    ] {
        let found = made(template).expect_err(template);
        assert!(found.contains(told), "{template}: {found}");
    }
    let many: Vec<String> = (0..1000).map(|i| format!("h{i}.com")).collect();
    let rules = Some(rules(many.iter().map(String::as_str)));
    let spec = Some(IngressSpec { rules, ..IngressSpec::default() });
    let large = Ingress { spec, ..Ingress::default() };
    let nested = "{{ range .Spec.Rules }}{{ range $.Spec.Rules }}{{ .Host }},{{ end }}{{ end }}";
    assert!(Template::new(nested).expect("it is one").names(&large).is_err());
}
