//! Lists and watches of one kind, as the API server answers them. One object that cannot be read
//! spoils none of the others.

use std::marker::PhantomData;
use std::pin::Pin;
use std::time::Duration;

use futures::{AsyncBufRead, AsyncBufReadExt as _};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::{ListMeta, ObjectMeta};
use kube::Client;
use kube::api::{ListParams, WatchParams};
use kube::core::{Request, Status, WatchEvent};
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::error::ClusterError;
use super::wire::{Shown, Stamp};

/// How many objects one answer of a list holds (client-go's reflector).
const PAGE_SIZE: u32 = 500;
/// How long an event of a watch may be. The API server stores no object of more than 1.5 MiB, and
/// takes no request of more than 3 (etcd's limit, and its own).
const LINE_LENGTH_MAX: usize = 16 << 20;

/// How much of each object is asked for.
#[derive(Clone, Copy, Debug)]
pub(super) enum Form {
    /// All of it.
    Whole,
    /// Its metadata.
    Metadata,
}

/// The objects of one kind, as one API server has them.
pub(super) struct Feed<T> {
    client: Client,
    request: Request,
    form: Form,
    operation: String,
    kind: PhantomData<fn() -> T>,
}

/// A part of a list.
#[derive(Debug)]
pub(super) struct Page<T> {
    pub(super) items: Vec<Read<T>>,
    /// The version of the whole list.
    pub(super) version: String,
    /// How to ask for the next part, if there is one.
    pub(super) next: Option<String>,
}

/// An object, or one that cannot be read.
pub(super) type Read<T> = Result<T, Misfit>;

/// An object that cannot be read, as far as it can.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Misfit {
    pub(super) meta: ObjectMeta,
    /// What is wrong with it.
    pub(super) message: String,
}

/// What a watch says.
#[derive(Debug)]
pub(super) enum Event<T> {
    /// There is an object, and it is this.
    Put(Read<T>),
    /// There is no such object any more.
    Gone(ObjectMeta),
    /// Nothing has happened up to this version.
    Bookmark(String),
    /// The watch is over.
    Refused(Status),
}

/// A list on the wire.
#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned")]
struct List<T> {
    metadata: ListMeta,
    items: Option<Vec<T>>,
}

impl<T: Shown> Feed<T> {
    /// The objects whose URL begins so. `operation` names them in errors.
    pub(super) fn new(client: Client, url: String, form: Form, operation: String) -> Self {
        Self { client, request: Request::new(url), form, operation, kind: PhantomData }
    }

    /// Reads a part of the list of all objects.
    pub(super) async fn page(&self, token: Option<&str>) -> Result<Page<T>, ClusterError> {
        let mut params = ListParams::default().limit(PAGE_SIZE);
        params.continue_token = token.map(str::to_owned);
        let text = self.list(&params).await?;
        page(&text).map_err(|error| self.garbage(&error))
    }

    /// Asks which version the cluster is at. What happens after the question has a later one.
    pub(super) async fn version(&self) -> Result<String, ClusterError> {
        let text = self.list(&ListParams::default().limit(1)).await?;
        let list: List<Value> =
            serde_json::from_str(&text).map_err(|error| self.garbage(&error.to_string()))?;
        version_of(list.metadata.resource_version).map_err(|error| self.garbage(&error))
    }

    async fn list(&self, params: &ListParams) -> Result<String, ClusterError> {
        let request = match self.form {
            Form::Whole => self.request.list(params),
            Form::Metadata => self.request.list_metadata(params),
        };
        let request = request.map_err(|error| self.error(&kube::Error::BuildRequest(error)))?;
        self.client.request_text(request).await.map_err(|error| self.error(&error))
    }

    /// Watches what happens after a version, for so many seconds.
    pub(super) async fn watch(
        &self,
        version: &str,
        seconds: u32,
    ) -> Result<Lines<T>, ClusterError> {
        let params = WatchParams::default().timeout(seconds);
        let request = match self.form {
            Form::Whole => self.request.watch(&params, version),
            Form::Metadata => self.request.watch_metadata(&params, version),
        };
        let request = request.map_err(|error| self.error(&kube::Error::BuildRequest(error)))?;
        let reader = self.client.request_stream(request).await;
        let reader = reader.map_err(|error| self.error(&error))?;
        let operation = self.operation.clone();
        Ok(Lines { reader: Box::pin(reader), begun: Vec::new(), operation, kind: PhantomData })
    }

    /// Nothing has come for so long.
    pub(super) fn silent(&self, longest: Duration) -> ClusterError {
        ClusterError::late(&*self.operation, longest)
    }

    /// The watch was ended with this answer.
    pub(super) fn refused(&self, status: &Status) -> ClusterError {
        ClusterError::of_status(&*self.operation, status)
    }

    fn error(&self, error: &kube::Error) -> ClusterError {
        ClusterError::new(&*self.operation, error)
    }

    fn garbage(&self, message: &str) -> ClusterError {
        ClusterError::garbage(&*self.operation, message)
    }
}

/// A watch that is open.
pub(super) struct Lines<T> {
    reader: Pin<Box<dyn AsyncBufRead + Send>>,
    /// The beginning of a line whose end has not come yet.
    begun: Vec<u8>,
    operation: String,
    kind: PhantomData<fn() -> T>,
}

impl<T: Shown> Lines<T> {
    /// The next event; none where the watch has come to its end. Nothing is lost where nobody waits
    /// for the answer.
    pub(super) async fn next(&mut self) -> Result<Option<Event<T>>, ClusterError> {
        loop {
            let chunk = self
                .reader
                .fill_buf()
                .await
                .map_err(|error| ClusterError::broken(&*self.operation, &error))?;
            if chunk.is_empty() {
                return Ok(None);
            }
            let end = chunk.iter().position(|byte| *byte == b'\n');
            let length = end.unwrap_or(chunk.len());
            self.begun.extend_from_slice(&chunk[..length]);
            let taken = end.map_or(length, |end| end + 1);
            self.reader.consume_unpin(taken);
            if end.is_some() {
                let line = std::mem::take(&mut self.begun);
                let event = event(&line);
                return event
                    .map(Some)
                    .map_err(|message| ClusterError::garbage(&*self.operation, &message));
            }
            if self.begun.len() > LINE_LENGTH_MAX {
                let message = format!("an event of more than {LINE_LENGTH_MAX} bytes");
                return Err(ClusterError::garbage(&*self.operation, &message));
            }
        }
    }
}

/// Reads a part of a list: all at once, and where that fails, object by object.
fn page<T: Shown>(text: &str) -> Result<Page<T>, String> {
    let (meta, items) = match serde_json::from_str::<List<T>>(text) {
        Ok(list) => (list.metadata, list.items.into_iter().flatten().map(Ok).collect()),
        Err(_) => {
            let list: List<Value> =
                serde_json::from_str(text).map_err(|error| error.to_string())?;
            let items = list.items.iter().flatten().map(read);
            (list.metadata, items.collect::<Result<_, _>>()?)
        }
    };
    let next = meta.continue_.filter(|token| !token.is_empty());
    Ok(Page { items, version: version_of(meta.resource_version)?, next })
}

/// Reads one object that may not be as it should; an error where it is no object at all.
fn read<T: Shown>(object: &Value) -> Result<Read<T>, String> {
    match T::deserialize(object) {
        Ok(shown) => Ok(Ok(shown)),
        Err(error) => {
            let meta = Stamp::deserialize(object).map_err(|_| excerpt(&object.to_string()))?;
            Ok(Err(Misfit { meta: meta.metadata, message: excerpt(&error.to_string()) }))
        }
    }
}

/// Reads an event.
fn event<T: Shown>(line: &[u8]) -> Result<Event<T>, String> {
    match serde_json::from_slice::<WatchEvent<T>>(line) {
        Ok(WatchEvent::Added(shown) | WatchEvent::Modified(shown)) => Ok(Event::Put(Ok(shown))),
        Ok(WatchEvent::Deleted(shown)) => Ok(Event::Gone(shown.meta().clone())),
        Ok(WatchEvent::Bookmark(mark)) => Ok(Event::Bookmark(mark.metadata.resource_version)),
        Ok(WatchEvent::Error(status)) => Ok(Event::Refused(*status)),
        Err(_) => {
            let garbage = || excerpt(&String::from_utf8_lossy(line));
            let mut event: Value = serde_json::from_slice(line).map_err(|_| garbage())?;
            let object = event.get_mut("object").map(Value::take).unwrap_or_default();
            match event.get("type").and_then(Value::as_str) {
                Some("ADDED" | "MODIFIED") => read(&object).map(Event::Put),
                Some("DELETED") => {
                    let meta = Stamp::deserialize(&object).map_err(|_| garbage())?;
                    Ok(Event::Gone(meta.metadata))
                }
                _ => Err(garbage()),
            }
        }
    }
}

fn version_of(version: Option<String>) -> Result<String, String> {
    version.filter(|version| !version.is_empty()).ok_or_else(|| "no resource version".to_owned())
}

/// The start of what should not be there, for one line of a log. Objects may hold what nobody
/// should read there, so it is short.
fn excerpt(text: &str) -> String {
    const LENGTH_MAX: usize = 100;
    text[..text.floor_char_boundary(LENGTH_MAX)].to_owned()
}

#[cfg(test)]
mod tests;
