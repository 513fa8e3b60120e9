//! JSON as Go's decoder reads it into fields: keys in any letter case, of two that are the same the
//! last one, null as nothing. What no field takes is noted; Go's decoder passes over it in silence.

use std::fmt;

use serde::de::{self, Deserialize, Deserializer};

use super::Unreadable;

/// What was read of a value, and the keys in it that nobody knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Noted<T> {
    /// What was read.
    pub value: T,
    /// Where something is that counts for nothing.
    pub ignored: Vec<String>,
}

/// A value.
#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    /// Nothing.
    Null,
    /// Yes or no.
    Bool(bool),
    /// A number.
    Number(serde_json::Number),
    /// A text.
    Text(String),
    /// Several values.
    List(Vec<Json>),
    /// Values by key, as they are written.
    Object(Vec<(String, Json)>),
}

/// Reads a text as JSON, and that by whoever knows its fields.
pub fn read<T>(
    text: &str,
    fields: impl FnOnce(Place<'_>, &mut Vec<String>) -> Result<T, Unreadable>,
) -> Result<Noted<T>, Unreadable> {
    let json: Json = serde_json::from_str(text).map_err(|error| Unreadable {
        found: None,
        allowed: format!("JSON, but here: {error}").into(),
    })?;
    let mut ignored = Vec::new();
    let value = fields(Place { path: String::new(), json: &json }, &mut ignored)?;
    Ok(Noted { value, ignored })
}

/// A value, and where it stands.
#[derive(Clone, Debug)]
pub struct Place<'j> {
    path: String,
    json: &'j Json,
}

impl<'j> Place<'j> {
    /// It is not what it has to be.
    pub fn wrong(&self, allowed: impl fmt::Display) -> Unreadable {
        let found = match self.path.as_str() {
            "" => self.json.to_string(),
            path => format!("{path}: {}", self.json),
        };
        Unreadable { found: Some(found), allowed: allowed.to_string().into() }
    }

    /// Its fields. Two whose keys differ in case are one (Go: objects are read over each other).
    pub fn object(self) -> Result<Fields<'j>, Unreadable> {
        let Json::Object(pairs) = self.json else { return Err(self.wrong("a JSON object")) };
        let left = pairs.iter().map(|(key, json)| (key.as_str(), json)).collect();
        Ok(Fields { place: self, left })
    }

    /// Its items.
    pub fn list(&self) -> Result<Vec<Place<'j>>, Unreadable> {
        let Json::List(items) = self.json else { return Err(self.wrong("a JSON array")) };
        let items = items.iter().enumerate();
        Ok(items.map(|(i, json)| Place { path: format!("{}[{i}]", self.path), json }).collect())
    }

    /// A text.
    pub fn text(&self) -> Result<&'j str, Unreadable> {
        match self.json {
            Json::Text(text) => Ok(text),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                Err(self.wrong("a text in quotes"))
            }
        }
    }

    /// Texts.
    pub fn texts(&self) -> Result<Vec<&'j str>, Unreadable> {
        self.list()?.iter().map(Place::text).collect()
    }

    /// Texts by key.
    pub fn texts_by_key(&self) -> Result<Vec<(&'j str, &'j str)>, Unreadable> {
        let Json::Object(pairs) = self.json else { return Err(self.wrong("a JSON object")) };
        let each = pairs.iter().map(|(key, json)| {
            let place = Place { path: format!("{}.{key}", self.path), json };
            Ok((key.as_str(), place.text()?))
        });
        each.collect()
    }

    /// Yes or no.
    pub fn truth(&self) -> Result<bool, Unreadable> {
        match self.json {
            Json::Bool(truth) => Ok(*truth),
            Json::Null | Json::Text(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                Err(self.wrong("true, false"))
            }
        }
    }

    /// A whole number between two bounds, both included.
    pub fn integer(&self, min: i32, max: i32) -> Result<i32, Unreadable> {
        let number = match self.json {
            Json::Number(number) => number.as_i64().and_then(|number| i32::try_from(number).ok()),
            Json::Null | Json::Bool(_) | Json::Text(_) | Json::List(_) | Json::Object(_) => None,
        };
        let number = number.filter(|number| (min..=max).contains(number));
        number.ok_or_else(|| self.wrong(format!("a whole number from {min} to {max}")))
    }

    /// A whole number, or a text.
    pub fn integer_or_text(&self) -> Result<Result<i32, &'j str>, Unreadable> {
        match self.json {
            Json::Text(text) => Ok(Err(text)),
            Json::Null | Json::Bool(_) | Json::Number(_) | Json::List(_) | Json::Object(_) => {
                Ok(Ok(self.integer(i32::MIN, i32::MAX)?))
            }
        }
    }
}

/// The fields of an object, of which each is taken once.
#[derive(Debug)]
pub struct Fields<'j> {
    /// The object.
    pub place: Place<'j>,
    left: Vec<(&'j str, &'j Json)>,
}

impl<'j> Fields<'j> {
    /// A field; none where it is null. Of several the last one counts, and the others are noted.
    pub fn take(&mut self, name: &str, ignored: &mut Vec<String>) -> Option<Place<'j>> {
        let mut found: Option<(&str, &Json)> = None;
        for (key, json) in std::mem::take(&mut self.left) {
            if !key.eq_ignore_ascii_case(name) {
                self.left.push((key, json));
            } else if let Some((before, _)) = found.replace((key, json)) {
                ignored.push(format!("{}, which is there again later", self.path(before)));
            }
        }
        let (key, json) = found.filter(|(_, json)| **json != Json::Null)?;
        Some(Place { path: self.path(key), json })
    }

    /// A text, where there is one.
    pub fn text(
        &mut self,
        name: &str,
        ignored: &mut Vec<String>,
    ) -> Result<Option<String>, Unreadable> {
        self.take(name, ignored).map(|place| place.text().map(str::to_owned)).transpose()
    }

    /// A text that has to be there and that cannot be empty.
    pub fn required(
        &mut self,
        name: &str,
        ignored: &mut Vec<String>,
    ) -> Result<String, Unreadable> {
        let text = self.text(name, ignored)?;
        text.filter(|text| !text.is_empty())
            .ok_or_else(|| self.place.wrong(format!("{name}, which is missing or empty")))
    }

    /// The fields of an object that has to be there.
    pub fn section(
        &mut self,
        name: &str,
        ignored: &mut Vec<String>,
    ) -> Result<Fields<'j>, Unreadable> {
        match self.take(name, ignored) {
            Some(place) => place.object(),
            None => Err(self.place.wrong(format!("{name}, which is missing"))),
        }
    }

    /// Notes what nobody has taken.
    pub fn finish(self, ignored: &mut Vec<String>) {
        let left = self.left.iter().map(|(key, _)| self.path(key));
        ignored.extend(left.map(|path| format!("{path}, a key that nobody knows")));
    }

    fn path(&self, key: &str) -> String {
        match self.place.path.as_str() {
            "" => key.to_owned(),
            path => format!("{path}.{key}"),
        }
    }
}

impl fmt::Display for Json {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Null => f.write_str("null"),
            Self::Bool(truth) => truth.fmt(f),
            Self::Number(number) => number.fmt(f),
            Self::Text(text) => write!(f, "{text:?}"),
            Self::List(items) => {
                let items: Vec<String> = items.iter().map(ToString::to_string).collect();
                write!(f, "[{}]", items.join(","))
            }
            Self::Object(pairs) => {
                let pair = |(key, json): &(String, Self)| format!("{key:?}:{json}");
                write!(f, "{{{}}}", pairs.iter().map(pair).collect::<Vec<_>>().join(","))
            }
        }
    }
}

impl<'de> Deserialize<'de> for Json {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

struct Any;

impl<'de> de::Visitor<'de> for Any {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_unit<E: de::Error>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: de::Error>(self, truth: bool) -> Result<Json, E> {
        Ok(Json::Bool(truth))
    }

    fn visit_i64<E: de::Error>(self, number: i64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_u64<E: de::Error>(self, number: u64) -> Result<Json, E> {
        Ok(Json::Number(number.into()))
    }

    fn visit_f64<E: de::Error>(self, number: f64) -> Result<Json, E> {
        Ok(serde_json::Number::from_f64(number).map_or(Json::Null, Json::Number))
    }

    fn visit_str<E: de::Error>(self, text: &str) -> Result<Json, E> {
        Ok(Json::Text(text.to_owned()))
    }

    fn visit_seq<A: de::SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element()? {
            items.push(item);
        }
        Ok(Json::List(items))
    }

    fn visit_map<A: de::MapAccess<'de>>(self, mut map: A) -> Result<Json, A::Error> {
        let mut pairs = Vec::new();
        while let Some(pair) = map.next_entry()? {
            pairs.push(pair);
        }
        Ok(Json::Object(pairs))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(text: &str) -> Result<Noted<Option<String>>, Unreadable> {
        read(text, |place, ignored| {
            let mut fields = place.object()?;
            let name = fields.text("name", ignored)?;
            fields.finish(ignored);
            Ok(name)
        })
    }

    #[test]
    fn keys_have_any_case_and_the_last_one_counts() {
        let check = |text: &str, expected: Option<&str>, notes: usize| {
            let read = name(text).unwrap();
            assert_eq!((read.value.as_deref(), read.ignored.len()), (expected, notes), "{text}");
        };
        check(r#"{"name":"a"}"#, Some("a"), 0);
        check("{\"NAME\":\"a\"}  \n", Some("a"), 0);
        check(r#"{"name":"a","Name":"b"}"#, Some("b"), 1);
        check(r#"{"name":null}"#, None, 0);
        check(r#"{"other":{"name":1}}"#, None, 1);
        check("{}", None, 0);
        for bad in ["", "[]", "null", r#"{"name":1}"#, r#"{"name":"a"} x"#, r#"{"name":"a""#] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn what_is_wrong_says_where_it_is() {
        let wrong = name(r#"{"Name":["x",1]}"#).unwrap_err();
        assert_eq!(wrong.found.as_deref(), Some(r#"Name: ["x",1]"#));
    }
}
