//! The annotations of one object, read with their errors collected. Which ones there are is in
//! `table`, how their values are read in `grammar`, and who wins where several say something in
//! `Lookup`.

use std::collections::BTreeSet;

use crate::model::id::ObjectKey;
use crate::model::marks::{ANNOTATION_PREFIX, Labels, OWN_ANNOTATION_PREFIX};
use crate::model::problem::{Code, Kind, ObjectRef, Problem, Severity};

pub use grammar::{Parser, Unreadable};
pub(super) use grammar::{action, authentication, boolean, cidrs, condition, json};
pub use lookup::Lookup;
pub use table::nearest_of;
pub use table::{Annotation, Carriers, ClassField, ClassValue, Known, Pairs, Support, all};

use json::Noted;

mod grammar;
mod lookup;
pub mod table;

/// What is done about an object with an error, in the words of its Event.
pub const MEANWHILE: &str = "what stands of it stays, nothing new is made for it";

/// Something could not be read, and the problem is noted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refused;

/// Annotations that LBC writes itself and that say nothing about what is wanted.
const OUTPUT: &[&str] = &["dry-run-plan"];

/// The annotations of one object, read with their errors collected.
#[derive(Debug)]
pub struct Annotations<'a> {
    object: ObjectRef,
    values: Option<&'a Labels>,
    /// Those under LBC's prefix, by their names without it.
    of_lbc: Vec<(&'a str, &'a str)>,
    /// Those under ours, likewise.
    own: Vec<(&'a str, &'a str)>,
    /// What was wrong so far.
    pub problems: Vec<Problem>,
}

impl<'a> Annotations<'a> {
    /// The annotations of an object.
    #[must_use]
    pub fn new(kind: Kind, key: &ObjectKey, values: Option<&'a Labels>) -> Self {
        let under = |prefix: &str| {
            let found = values.into_iter().flatten();
            let found =
                found.filter_map(|(key, value)| Some((key.strip_prefix(prefix)?, value.as_str())));
            found.collect()
        };
        Self {
            object: ObjectRef { kind, key: key.clone() },
            values,
            of_lbc: under(ANNOTATION_PREFIX),
            own: under(OWN_ANNOTATION_PREFIX),
            problems: Vec::new(),
        }
    }

    /// Those with an annotation's prefix.
    fn beside<T>(&self, annotation: &Annotation<T>) -> &[(&'a str, &'a str)] {
        if annotation.carriers.is_of_lbc() { &self.of_lbc } else { &self.own }
    }

    /// The value as written; present and empty is present.
    #[must_use]
    pub fn text<T>(&self, annotation: &Annotation<T>) -> Option<&'a str> {
        let all = self.beside(annotation);
        let found = all.binary_search_by_key(&annotation.name, |(name, _)| name).ok()?;
        all.get(found).map(|(_, text)| *text)
    }

    /// What the value means; nothing where there is none, or where it cannot be read, which is
    /// noted.
    pub fn read<T>(&mut self, annotation: &Annotation<T>) -> Option<T> {
        let text = self.text(annotation)?;
        match (annotation.parser)(text) {
            Ok(value) => Some(value),
            Err(Unreadable { found, allowed }) => {
                self.wrong(annotation, found.as_deref().unwrap_or(text), &allowed);
                None
            }
        }
    }

    /// What the value means of the one of several annotations that has this name behind the common
    /// start; nothing where there is none. Keys in it that nobody knows are noted.
    ///
    /// # Errors
    /// It cannot be read, which is noted.
    pub fn read_of<T>(
        &mut self,
        annotation: &Annotation<Noted<T>>,
        name: &str,
    ) -> Result<Option<T>, Refused> {
        let Some(text) = self.text_of(annotation, name) else { return Ok(None) };
        match (annotation.parser)(text) {
            Ok(Noted { value, ignored }) => {
                self.note_ignored(&format!("{}{name}", annotation.field()), &ignored);
                Ok(Some(value))
            }
            Err(Unreadable { found, allowed }) => {
                self.wrong_of(annotation, name, found.as_deref().unwrap_or(text), &allowed);
                Err(Refused)
            }
        }
    }

    /// The same of one whose value holds nothing that may be unknown; nothing where it cannot be
    /// read, which is noted.
    pub fn read_one<T>(&mut self, annotation: &Annotation<T>, name: &str) -> Option<T> {
        let text = self.text_of(annotation, name)?;
        match (annotation.parser)(text) {
            Ok(value) => Some(value),
            Err(Unreadable { found, allowed }) => {
                self.wrong_of(annotation, name, found.as_deref().unwrap_or(text), &allowed);
                None
            }
        }
    }

    /// The value of the one of several annotations that has this name behind the common start.
    fn text_of<T>(&self, annotation: &Annotation<T>, name: &str) -> Option<&'a str> {
        let is_it = |key: &str| key.strip_prefix(annotation.name) == Some(name);
        self.beside(annotation).iter().find(|(key, _)| is_it(key)).map(|(_, text)| *text)
    }

    /// What follows the common start in the names of several annotations.
    pub fn named<T>(&self, annotation: &Annotation<T>) -> impl Iterator<Item = &'a str> {
        let names = self.beside(annotation).iter().map(|(name, _)| *name);
        names.filter_map(|name| name.strip_prefix(annotation.name))
    }

    /// Notes what of an annotation's value counts for nothing.
    pub fn note_ignored(&mut self, field: &str, ignored: &[String]) {
        if ignored.is_empty() {
            return;
        }
        let found = quoted(&ignored.join("; "));
        let allowed = "the keys that the documentation lists, each once";
        let code = Code::InvalidAnnotation;
        self.problems.push(Problem {
            severity: Severity::Note,
            meanwhile: "it changes nothing".to_owned(),
            ..self.error(code, field.to_owned(), found, allowed)
        });
    }

    /// Notes that the value of one of several annotations cannot be used.
    pub fn wrong_of<T>(
        &mut self,
        annotation: &Annotation<T>,
        name: &str,
        found: &str,
        allowed: &str,
    ) {
        let (code, field) = (Code::InvalidAnnotation, format!("{}{name}", annotation.field()));
        self.problems.push(self.error(code, field, quoted(found), allowed));
    }

    /// Notes the annotations that are for a backend which the Ingress has not.
    pub fn check_used(&mut self, backends: &BTreeSet<String>) {
        let starts = [table::ACTIONS.name, table::CONDITIONS.name, table::TRANSFORMS.name];
        for (key, _) in &self.of_lbc {
            let name = starts.iter().find_map(|start| key.strip_prefix(start));
            if name.is_none_or(|name| backends.contains(name)) {
                continue;
            }
            let field = format!("annotation {ANNOTATION_PREFIX}{key}");
            let found = "for a backend that no rule has".to_owned();
            let allowed = "the name of a backend's Service, or of one with port use-annotation";
            self.problems.push(Problem {
                severity: Severity::Note,
                meanwhile: "it changes nothing".to_owned(),
                ..self.error(Code::UnknownAnnotation, field, found, allowed)
            });
        }
    }

    /// Notes that the value of an annotation cannot be used.
    pub fn wrong<T>(&mut self, annotation: &Annotation<T>, found: &str, allowed: &str) {
        let (code, field) = (Code::InvalidAnnotation, annotation.field());
        self.problems.push(self.error(code, field, quoted(found), allowed));
    }

    /// An error of this object.
    #[must_use]
    pub fn error(&self, code: Code, field: String, found: String, allowed: &str) -> Problem {
        Problem {
            code,
            severity: Severity::Error,
            object: self.object.clone(),
            field,
            found,
            allowed: allowed.to_owned(),
            meanwhile: MEANWHILE.to_owned(),
        }
    }

    /// Holds every annotation under LBC's prefix and under ours against the table: what is known
    /// and not built makes the object bad, what nobody knows, or nobody looks for here, is
    /// reported.
    pub fn check_names(&mut self) {
        for (key, value) in self.values.into_iter().flatten() {
            if let Some(name) = key.strip_prefix(OWN_ANNOTATION_PREFIX) {
                self.problems.extend(self.check_own_name(key, name));
            } else if let Some(name) = key.strip_prefix(ANNOTATION_PREFIX)
                && !OUTPUT.contains(&name)
            {
                self.problems.extend(self.check_name(key, name, value));
            }
        }
    }

    /// A name that changes nothing here.
    fn note(&self, key: &str, found: &str, allowed: &str) -> Problem {
        let field = format!("annotation {key}");
        Problem {
            severity: Severity::Note,
            meanwhile: "it changes nothing".to_owned(),
            ..self.error(Code::UnknownAnnotation, field, found.to_owned(), allowed)
        }
    }

    /// A name that nobody knows, with the one that may be meant.
    fn unknown(&self, key: &str, prefix: &str, nearest: Option<&str>) -> Problem {
        let allowed = match nearest {
            Some(nearest) => format!("did you mean {prefix}{nearest}?"),
            None => "those that the README lists".to_owned(),
        };
        self.note(key, "a name that nobody knows", &allowed)
    }

    fn check_own_name(&self, key: &str, name: &str) -> Option<Problem> {
        let Some(known) = table::lookup_own(name) else {
            return Some(self.unknown(key, OWN_ANNOTATION_PREFIX, table::nearest_own(name)));
        };
        let (kind, kinds) = (self.object.kind, known.carriers.kinds());
        let found = format!("an annotation of {kinds}, on an object of kind {kind:?}");
        (!known.carriers.include(kind)).then(|| self.note(key, &found, "it on one of these"))
    }

    fn check_name(&self, key: &str, name: &str, value: &str) -> Option<Problem> {
        let Some(known) = table::lookup(name) else {
            return Some(self.unknown(key, ANNOTATION_PREFIX, table::nearest(name)));
        };
        if !known.carriers.include(self.object.kind) {
            let found = "an annotation of Ingresses, on a Service";
            return Some(self.note(key, found, "it on the Ingresses that lead to the Service"));
        }
        let values = match known.support {
            Support::Built => return None,
            Support::Only(values) if values.contains(&value) => return None,
            Support::Only(values) => values,
        };
        let allowed = match values {
            [] => "nothing: this version does not build the annotation".to_owned(),
            _ => {
                let values: Vec<String> = values.iter().map(|value| quoted(value)).collect();
                format!("{}: this version builds no other value", values.join(", "))
            }
        };
        let field = format!("annotation {key}");
        Some(self.error(Code::Unsupported, field, quoted(value), &allowed))
    }
}

impl Annotations<'_> {
    /// Notes the annotations of ours on an IngressClass that nobody knows. They may ask for what a
    /// later version does, so the class cannot be used.
    pub fn check_class_names(&mut self) {
        for key in self.values.into_iter().flatten().map(|(key, _)| key) {
            let name = key.strip_prefix(OWN_ANNOTATION_PREFIX);
            let is_of_class = |name| {
                let known = table::lookup_own(name);
                known.is_some_and(|known| known.carriers.include(Kind::IngressClass))
            };
            if name.is_some_and(|name| !is_of_class(name)) {
                let found = "a name that nobody knows".to_owned();
                let field = format!("annotation {key}");
                let allowed = "those that the README lists";
                self.problems.push(self.error(Code::InvalidClass, field, found, allowed));
            }
        }
    }
}

/// A value in an Event: quoted, and cut where it would drown the sentence.
pub(super) fn quoted(text: &str) -> String {
    /// Enough to recognise a value by.
    const LENGTH_MAX: usize = 100;
    match text.char_indices().nth(LENGTH_MAX) {
        Some((end, _)) => format!("\"{}…\"", &text[..end]),
        None => format!("\"{text}\""),
    }
}
