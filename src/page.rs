//! The topology page: what leads where, how it is, what is wrong and what is left to do, as HTML
//! that needs no JavaScript and nothing from anywhere else, or as JSON.
//!
//! It is told from what is in memory already: no look at a page costs a call to AWS or to the API
//! server, and nothing is kept or reckoned for it while nobody looks. The lock of the world is held
//! for as long as it takes to clone what is shared, and not while anything is written down.
//!
//! `report::topology` says what there is to say, `vantage` gathers it, the files beside it write it
//! down, and `serve` hands it to those who ask.

use serde::Serialize;
use serde_json::json;

use crate::aws::Cloud;
use crate::clock::Clock;
use crate::model::group::Group;
use crate::report::reasons;

mod errors;
mod group;
mod hosts;
mod html;
mod listing;
mod question;
mod vantage;

pub use vantage::Vantage;

use html::Place;
use question::{Form, Question};

/// How all pages look. It is the only file that they need.
const STYLE: &str = include_str!("page/style.css");

/// An answer to whoever looks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status of HTTP.
    pub status: u16,
    /// What the body is.
    pub content_type: &'static str,
    /// The body.
    pub body: String,
}

impl Answer {
    fn html(status: u16, body: String) -> Self {
        Self { status, content_type: "text/html; charset=utf-8", body }
    }

    fn json(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_string_pretty(value);
        // Nothing here has keys that are no texts.
        let body = body.unwrap_or_default() + "\n";
        Self { status, content_type: "application/json", body }
    }

    fn style() -> Self {
        let content_type = "text/css; charset=utf-8";
        Self { status: 200, content_type, body: STYLE.to_owned() }
    }
}

impl<C: Cloud, T: Clock> Vantage<C, T> {
    /// Answers whoever asks for a path with a query; `takes_json` where he would rather have JSON.
    #[must_use]
    pub fn answer(&self, path: &str, query: &str, takes_json: bool) -> Answer {
        let place = match path {
            "/" => Place::Hosts,
            "/group" => Place::Group,
            "/problems" => Place::Problems,
            "/plans" => Place::Plans,
            "/errors" => Place::Errors,
            "/style.css" => return Answer::style(),
            _ => {
                let what = format!("there is no page {path}");
                return self.sorry(404, &what, Form::preferred(takes_json));
            }
        };
        match Question::read(query, takes_json) {
            Ok(question) => self.tell(place, question),
            Err(wrong) => self.sorry(400, &wrong, Form::preferred(takes_json)),
        }
    }

    fn tell(&self, place: Place, question: Question) -> Answer {
        let Question { asked, form, name, host } = question;
        match place {
            Place::Hosts => {
                let view = self.hosts(asked);
                written(form, &view, || hosts::page(self, &view))
            }
            Place::Problems => {
                let view = self.problems(asked);
                written(form, &view, || listing::problems(self, &view))
            }
            Place::Plans => {
                let view = self.plans(asked);
                written(form, &view, || listing::plans(self, &view))
            }
            Place::Errors => {
                let all = reasons::all();
                written(form, &all, || errors::page(self, all))
            }
            Place::Group => {
                let view = self.group(&Group::spelled(&name), host);
                match view {
                    Some(view) => written(form, &view, || group::page(self, &view)),
                    None => self.sorry(404, &format!("there is no group {name:?}"), form),
                }
            }
        }
    }

    /// Says that there is nothing to be shown.
    fn sorry(&self, status: u16, what: &str, form: Form) -> Answer {
        match form {
            Form::Html => Answer::html(status, html::sorry(self, what)),
            Form::Json => Answer::json(status, &json!({ "error": what })),
        }
    }
}

fn written(form: Form, view: &impl Serialize, page: impl FnOnce() -> String) -> Answer {
    match form {
        Form::Html => Answer::html(200, page()),
        Form::Json => Answer::json(200, view),
    }
}
