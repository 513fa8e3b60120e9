//! What templates are about: an Ingress and what is in it, by Go's names.

use std::borrow::Cow;
use std::net::IpAddr;

use smol_str::SmolStr;

use crate::model::marks::Labels;
use crate::model::seen::{HostRule, Ingress, IngressSpec, IngressTls};

use super::function::Function;

/// What external-dns calls what names are made of here.
const SOURCE: &str = "ingress";
/// What Go prints where nothing is.
const NOTHING: &str = "<no value>";

/// What a value is, as far as it is known before there is an Ingress.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Ingress,
    Meta,
    Spec,
    Rules,
    Rule,
    Tls,
    TlsEntry,
    Texts,
    Pairs,
    Text,
    Number,
    Bool,
}

impl Kind {
    /// What one of its fields is.
    pub(super) fn field(self, name: &str) -> Option<Self> {
        // A map has whatever fields it has.
        if self == Self::Pairs {
            return Some(Self::Text);
        }
        self.all().iter().find(|(known, _)| *known == name).map(|(_, kind)| *kind)
    }

    fn all(self) -> &'static [(&'static str, Self)] {
        match self {
            Self::Ingress => &[
                ("Annotations", Self::Pairs),
                ("APIVersion", Self::Text),
                ("Kind", Self::Text),
                ("Labels", Self::Pairs),
                ("Name", Self::Text),
                ("Namespace", Self::Text),
                ("ObjectMeta", Self::Meta),
                ("Spec", Self::Spec),
            ],
            Self::Meta => &[
                ("Annotations", Self::Pairs),
                ("Labels", Self::Pairs),
                ("Name", Self::Text),
                ("Namespace", Self::Text),
            ],
            Self::Spec => {
                &[("IngressClassName", Self::Text), ("Rules", Self::Rules), ("TLS", Self::Tls)]
            }
            Self::Rule => &[("Host", Self::Text)],
            Self::TlsEntry => &[("Hosts", Self::Texts), ("SecretName", Self::Text)],
            Self::Rules
            | Self::Tls
            | Self::Texts
            | Self::Pairs
            | Self::Text
            | Self::Number
            | Self::Bool => &[],
        }
    }

    /// The fields that it has, for people.
    pub(super) fn fields(self) -> String {
        let all: Vec<String> = self.all().iter().map(|(name, _)| format!(".{name}")).collect();
        if all.is_empty() { "none".to_owned() } else { all.join(", ") }
    }

    /// What its places and its elements are.
    pub(super) fn element(self) -> Option<(Self, Self)> {
        match self {
            Self::Rules => Some((Self::Number, Self::Rule)),
            Self::Tls => Some((Self::Number, Self::TlsEntry)),
            Self::Texts => Some((Self::Number, Self::Text)),
            Self::Pairs => Some((Self::Text, Self::Text)),
            _ => None,
        }
    }

    /// Whether it can be a part of a name.
    pub(super) fn is_printed(self) -> bool {
        matches!(self, Self::Text | Self::Number | Self::Bool)
    }

    /// What it is called.
    pub(super) fn shown(self) -> &'static str {
        match self {
            Self::Ingress => "an Ingress",
            Self::Meta => ".ObjectMeta",
            Self::Spec => ".Spec",
            Self::Rules => ".Spec.Rules",
            Self::Rule => "a rule",
            Self::Tls => ".Spec.TLS",
            Self::TlsEntry => "an entry of .Spec.TLS",
            Self::Texts => "a list of hosts",
            Self::Pairs => "labels or annotations",
            Self::Text => "a text",
            Self::Number => "a number",
            Self::Bool => "a truth value",
        }
    }
}

impl Function {
    /// What it gives, if it takes arguments of these kinds.
    pub(super) fn result(self, given: &[Kind]) -> Result<Kind, String> {
        use Kind::{Bool, Number, Pairs, Text};
        let found = match (self, given) {
            (Self::Contains, [Text, Text])
            | (Self::HasKey, [Pairs, Text])
            | (Self::IsIpv4 | Self::IsIpv6 | Self::IsSource, [Text])
            | (Self::Not, [_]) => Some(Bool),
            (Self::TrimPrefix | Self::TrimSuffix, [Text, Text])
            | (Self::Trim | Self::ToLower, [Text])
            | (Self::Index, [Pairs, Text])
            | (Self::Replace, [Text, Text, Text]) => Some(Text),
            (Self::Index, [list, Number]) if *list != Pairs => list.element().map(|(_, one)| one),
            (Self::Len, [Text]) => Some(Number),
            (Self::Len, [list]) => list.element().map(|_| Number),
            (Self::Eq, [first, rest @ ..]) if !rest.is_empty() => {
                (first.is_printed() && rest.iter().all(|kind| kind == first)).then_some(Bool)
            }
            (Self::Ne, [first, other]) if first.is_printed() && first == other => Some(Bool),
            (Self::And | Self::Or, [first, rest @ ..]) => {
                rest.iter().all(|kind| kind == first).then_some(*first)
            }
            (Self::Print, [_, ..]) if given.iter().all(|kind| *kind == Text) => Some(Text),
            _ => None,
        };
        found.ok_or_else(|| {
            let given: Vec<&str> = given.iter().map(|kind| kind.shown()).collect();
            let given = if given.is_empty() { "nothing".to_owned() } else { given.join(" and ") };
            format!("no {self:?} of {given}").replace("IsIpv", "isIPv")
        })
    }
}

/// A value.
#[derive(Clone, Debug)]
pub(super) enum Value<'a> {
    /// What a map does not have.
    Nothing,
    Ingress(&'a Ingress),
    Meta(&'a Ingress),
    Spec(Option<&'a IngressSpec>),
    Rules(&'a [HostRule]),
    Rule(&'a HostRule),
    Tls(&'a [IngressTls]),
    TlsEntry(&'a IngressTls),
    Texts(&'a [SmolStr]),
    Pairs(Option<&'a Labels>),
    Text(Cow<'a, str>),
    Number(i64),
    Bool(bool),
}

fn text(value: Option<&SmolStr>) -> Value<'_> {
    Value::Text(value.map_or("", SmolStr::as_str).into())
}

impl<'a> Value<'a> {
    /// One of its fields.
    pub(super) fn field(&self, name: &str) -> Self {
        match (self, name) {
            (Self::Ingress(_), "APIVersion") => Self::Text("networking.k8s.io/v1".into()),
            (Self::Ingress(_), "Kind") => Self::Text("Ingress".into()),
            (Self::Ingress(ingress), "ObjectMeta") => Self::Meta(ingress),
            (Self::Ingress(ingress), "Spec") => Self::Spec(ingress.spec.as_ref()),
            (Self::Ingress(ingress) | Self::Meta(ingress), _) => {
                let meta = &ingress.metadata;
                match name {
                    "Annotations" => Self::Pairs(meta.annotations.as_ref()),
                    "Labels" => Self::Pairs(meta.labels.as_ref()),
                    "Name" => text(meta.name.as_ref()),
                    "Namespace" => text(meta.namespace.as_ref()),
                    _ => Self::Nothing,
                }
            }
            (
                Self::Spec(Some(IngressSpec { ingress_class_name: Some(name), .. })),
                "IngressClassName",
            ) => text(Some(name)),
            (Self::Spec(spec), "Rules") => {
                Self::Rules(spec.and_then(|spec| spec.rules.as_deref()).unwrap_or_default())
            }
            (Self::Spec(spec), "TLS") => {
                Self::Tls(spec.and_then(|spec| spec.tls.as_deref()).unwrap_or_default())
            }
            (Self::Rule(rule), "Host") => text(rule.host.as_ref()),
            (Self::TlsEntry(tls), "Hosts") => Self::Texts(tls.hosts.as_deref().unwrap_or_default()),
            (Self::TlsEntry(tls), "SecretName") => text(tls.secret_name.as_ref()),
            (Self::Pairs(pairs), key) => match pairs.and_then(|pairs| pairs.get(key)) {
                Some(value) => text(Some(value)),
                None => Self::Nothing,
            },
            _ => Self::Nothing,
        }
    }

    /// Its elements, each with its place.
    pub(super) fn entries(&self) -> Vec<(Self, Self)> {
        let numbered = |values: Vec<Self>| {
            let numbers = (0..).map(Self::Number);
            numbers.zip(values).collect()
        };
        match self {
            Self::Rules(rules) => numbered(rules.iter().map(Self::Rule).collect()),
            Self::Tls(tls) => numbered(tls.iter().map(Self::TlsEntry).collect()),
            Self::Texts(texts) => numbered(texts.iter().map(|one| text(Some(one))).collect()),
            Self::Pairs(pairs) => {
                let each = pairs.iter().flat_map(|pairs| pairs.iter());
                each.map(|(key, value)| (text(Some(key)), text(Some(value)))).collect()
            }
            _ => Vec::new(),
        }
    }

    /// Whether it counts as true: it is not empty (Go).
    pub(super) fn is_true(&self) -> bool {
        match self {
            Self::Nothing => false,
            Self::Ingress(_)
            | Self::Meta(_)
            | Self::Spec(_)
            | Self::Rule(_)
            | Self::TlsEntry(_) => true,
            Self::Rules(rules) => !rules.is_empty(),
            Self::Tls(tls) => !tls.is_empty(),
            Self::Texts(texts) => !texts.is_empty(),
            Self::Pairs(pairs) => pairs.is_some_and(|pairs| !pairs.is_empty()),
            Self::Text(text) => !text.is_empty(),
            Self::Number(number) => *number != 0,
            Self::Bool(is_true) => *is_true,
        }
    }

    /// As a part of a name.
    pub(super) fn printed(&self) -> Result<Cow<'a, str>, String> {
        match self {
            Self::Nothing => Ok(NOTHING.into()),
            Self::Text(text) => Ok(text.clone()),
            Self::Number(number) => Ok(number.to_string().into()),
            Self::Bool(is_true) => Ok(is_true.to_string().into()),
            _ => Err("what can be a part of a name".to_owned()),
        }
    }

    fn text(&self) -> Result<&str, String> {
        match self {
            Self::Text(text) => Ok(text),
            _ => Err("a label or annotation that the template needs".to_owned()),
        }
    }
}

/// What a function gives. Its arguments are of kinds that it takes, but that one may be missing.
pub(super) fn call<'a>(function: Function, given: &[Value<'a>]) -> Result<Value<'a>, String> {
    let text = |at: usize| given.get(at).map_or(Ok(""), Value::text);
    let owned = |text: &str| Value::Text(text.to_owned().into());
    let address = |at| Ok::<_, String>(text(at)?.parse::<IpAddr>().ok());
    Ok(match function {
        Function::Contains => Value::Bool(text(0)?.contains(text(1)?)),
        Function::Eq => {
            let first = given[0].printed()?;
            let mut is_equal = false;
            for other in &given[1..] {
                is_equal |= other.printed()? == first;
            }
            Value::Bool(is_equal)
        }
        Function::Ne => Value::Bool(given[0].printed()? != given[1].printed()?),
        Function::HasKey => Value::Bool(!matches!(given[0].field(text(1)?), Value::Nothing)),
        Function::Index => match &given[1] {
            // What a map does not have is empty (Go).
            Value::Text(key) => match given[0].field(key) {
                Value::Nothing => owned(""),
                found => found,
            },
            Value::Number(at) => {
                let at = usize::try_from(*at).unwrap_or(usize::MAX);
                let found = given[0].entries().into_iter().nth(at);
                found.ok_or_else(|| format!("more than {at} of what the template looks at"))?.1
            }
            _ => Value::Nothing,
        },
        Function::IsIpv4 => Value::Bool(address(0)?.is_some_and(|found| found.is_ipv4())),
        Function::IsIpv6 => Value::Bool(address(0)?.is_some_and(|found| found.is_ipv6())),
        Function::IsSource => Value::Bool(text(0)?.eq_ignore_ascii_case(SOURCE)),
        Function::Len => {
            let length = match &given[0] {
                Value::Text(text) => text.len(),
                list => list.entries().len(),
            };
            Value::Number(i64::try_from(length).unwrap_or(i64::MAX))
        }
        Function::Not => Value::Bool(!given[0].is_true()),
        Function::Print => {
            let each: Result<Vec<&str>, String> = given.iter().map(Value::text).collect();
            owned(&each?.concat())
        }
        Function::Replace => owned(&text(2)?.replace(text(0)?, text(1)?)),
        Function::ToLower => owned(&text(0)?.to_lowercase()),
        Function::Trim => owned(text(0)?.trim()),
        Function::TrimPrefix => {
            let (whole, part) = (text(0)?, text(1)?);
            owned(whole.strip_prefix(part).unwrap_or(whole))
        }
        Function::TrimSuffix => {
            let (whole, part) = (text(0)?, text(1)?);
            owned(whole.strip_suffix(part).unwrap_or(whole))
        }
        // They are looked at one by one.
        Function::And | Function::Or => Value::Nothing,
    })
}
