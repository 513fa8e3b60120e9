//! Who decides a setting: the administrator of the class, then the author of the Service, then that
//! of the Ingress (LBC's order). What the flags say comes last, and is filled in where everybody
//! else is silent.

use std::borrow::Cow;

use crate::model::problem::{Code, Kind, Problem};
use crate::model::seen::ClassParams;

use super::table::{Annotation, ClassValue, Pairs};
use super::{Annotations, Unreadable, quoted};

/// Everybody who may decide a setting. What one says, those after it do not.
#[derive(Debug)]
pub struct Lookup<'l, 's, 'i> {
    /// The parameters of the Ingress's class.
    pub class: Option<&'l ClassParams>,
    /// The Service, where a setting is its target group's.
    pub service: Option<&'l mut Annotations<'s>>,
    /// The Ingress; also takes what is wrong with the others.
    pub ingress: &'l mut Annotations<'i>,
}

impl Lookup<'_, '_, '_> {
    /// The setting; nothing where nobody decides it, or where who does cannot be understood, which
    /// is noted.
    pub fn find<T>(&mut self, annotation: &Annotation<T>) -> Option<T> {
        let text = self.text(annotation)?;
        match (annotation.parser)(&text) {
            Ok(value) => Some(value),
            Err(Unreadable { found, allowed }) => {
                self.wrong(annotation, found.as_deref().unwrap_or(&text), &allowed);
                None
            }
        }
    }

    /// The setting of the one of several annotations that has this name behind the common start.
    pub fn find_one<T>(&mut self, annotation: &Annotation<T>, name: &str) -> Option<T> {
        let service = self.service.as_deref_mut();
        match service.filter(|of| of.named(annotation).any(|named| named == name)) {
            Some(service) => service.read_one(annotation, name),
            None => self.ingress.read_one(annotation, name),
        }
    }

    /// The pairs that authors ask for: the Ingress's, and the Service's over them where it may ask.
    pub fn own_pairs(&mut self, annotation: &Annotation<Pairs>) -> Pairs {
        let mut found = self.ingress.read(annotation).unwrap_or_default();
        let may_be = annotation.carriers.include(Kind::Service);
        if let Some(service) = self.service.as_deref_mut().filter(|_| may_be) {
            found.extend(service.read(annotation).unwrap_or_default());
        }
        found
    }

    /// The pairs that authors ask for, with the class's over them.
    #[must_use]
    pub fn under_class(&self, annotation: &Annotation<Pairs>, own: Pairs) -> Pairs {
        let mut found = own;
        if let (Some(class), Some(ClassValue::Pairs(pairs))) =
            (self.class, annotation.class_field.map(|field| field.value))
        {
            let of_class = pairs(&class.spec).iter();
            found.extend(of_class.map(|pair| (pair.key.clone(), pair.value.clone())));
        }
        found
    }

    /// What is written by whoever decides the setting.
    #[must_use]
    pub fn text<T>(&self, annotation: &Annotation<T>) -> Option<String> {
        if let Some(text) = of_class(self.class, annotation) {
            return Some(text.into_owned());
        }
        let of_service = self.service_for(annotation).and_then(|of| of.text(annotation));
        of_service.or_else(|| self.ingress.text(annotation)).map(str::to_owned)
    }

    /// Notes that a setting cannot be used.
    pub fn wrong<T>(&mut self, annotation: &Annotation<T>, found: &str, allowed: &str) {
        let problem = self.problem(annotation, Code::InvalidAnnotation, found, allowed);
        self.ingress.problems.push(problem);
    }

    /// What is wrong with a setting, on whoever decides it. A mistake of the class is everybody's
    /// who uses it: each keeps what it has.
    #[must_use]
    pub fn problem<T>(
        &self,
        annotation: &Annotation<T>,
        code: Code,
        found: &str,
        allowed: &str,
    ) -> Problem {
        let found = quoted(found);
        if of_class(self.class, annotation).is_some() {
            let code = if code == Code::InvalidAnnotation { Code::InvalidClass } else { code };
            return self.ingress.error(code, annotation.place_in_class(), found, allowed);
        }
        self.author(annotation).error(code, annotation.field(), found, allowed)
    }

    /// The author who decides a setting: the Service's where it says something, else the
    /// Ingress's.
    #[must_use]
    pub fn author<T>(&self, annotation: &Annotation<T>) -> &Annotations<'_> {
        let service = self.service_for(annotation);
        service.filter(|of| of.text(annotation).is_some()).unwrap_or(self.ingress)
    }

    /// Where a problem with a setting of the Ingress's is.
    #[must_use]
    pub fn place<T>(&self, annotation: &Annotation<T>) -> String {
        match of_class(self.class, annotation) {
            Some(_) => annotation.place_in_class(),
            None => annotation.field(),
        }
    }

    /// The Service's annotations, if one of them may be this.
    fn service_for<T>(&self, annotation: &Annotation<T>) -> Option<&Annotations<'_>> {
        let may_be = annotation.carriers.include(Kind::Service);
        self.service.as_deref().filter(|_| may_be)
    }
}

/// What a class says of a setting; an empty field asks for nothing.
fn of_class<'p, T>(
    class: Option<&'p ClassParams>,
    annotation: &Annotation<T>,
) -> Option<Cow<'p, str>> {
    let ClassValue::Text(value) = annotation.class_field?.value else { return None };
    value(&class?.spec).filter(|text| !text.is_empty())
}
