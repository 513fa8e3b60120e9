//! What becomes of the requests that go out: they are the scarce resource.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_ec2::config::interceptors::FinalizerInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::{HttpResponse, Metadata};
use aws_smithy_runtime_api::client::retries::RequestAttempts;

/// One request to AWS. A call makes several where AWS says "not now".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Attempt<'a> {
    /// The service, as AWS's SDKs name it: `Elastic Load Balancing v2`, `EC2`.
    pub service: &'a str,
    /// The operation.
    pub operation: &'a str,
    /// Which attempt of its call it was, from 1.
    pub number: u32,
    /// The HTTP status; `None` where no answer came.
    pub status: Option<u16>,
    /// AWS's code; empty for success.
    pub code: &'a str,
}

/// The code of an attempt that nobody answered.
pub const CODE_NO_ANSWER: &str = "NoAnswer";
/// The code of an answer that names none: whoever gives it is not AWS, but something on the way.
pub const CODE_UNKNOWN: &str = "Unknown";

/// Who is told of what goes to AWS.
pub trait CallObserver: Send + Sync {
    /// A request was answered, or was not.
    fn attempted(&self, attempt: &Attempt<'_>);
    /// A call waited that long for its turn, so that not too many go out.
    fn waited(&self, service: &str, operation: &str, pause: Duration);
}

/// Tells an observer of every request. Clones tell the same one.
#[derive(Clone, Default)]
pub struct Tally(Option<Arc<dyn CallObserver>>);

impl Tally {
    /// Tells this observer. By default nobody is told.
    pub fn new(observer: Arc<dyn CallObserver>) -> Self {
        Self(Some(observer))
    }

    /// A call waited for its turn.
    pub fn waited(&self, service: &str, operation: &str, pause: Duration) {
        if let Some(observer) = &self.0 {
            observer.waited(service, operation, pause);
        }
    }
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tally").finish_non_exhaustive()
    }
}

impl Intercept for Tally {
    fn name(&self) -> &'static str {
        "tally"
    }

    fn read_after_attempt(
        &self,
        context: &FinalizerInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let (Some(observer), Some(metadata)) = (&self.0, config.load::<Metadata>()) else {
            return Ok(());
        };
        let response = context.response();
        let code = match (context.output_or_error(), response) {
            (Some(Ok(_)), _) => "",
            (_, Some(response)) => code(response).unwrap_or(CODE_UNKNOWN),
            (_, None) => CODE_NO_ANSWER,
        };
        observer.attempted(&Attempt {
            service: metadata.service(),
            operation: metadata.name(),
            number: config.load::<RequestAttempts>().map_or(1, RequestAttempts::attempts),
            status: response.map(|response| response.status().as_u16()),
            code,
        });
        Ok(())
    }
}

/// The header in which services that speak JSON name the error; a namespace may come before, and a
/// URI after it.
const HEADER_ERROR_TYPE: &str = "x-amzn-errortype";
/// Where XML names it; the first one counts.
const XML_CODE: (&str, &str) = ("<Code>", "</Code>");
/// Where JSON names it.
const JSON_CODE: (&str, &str) = ("\"__type\":\"", "\"");
/// How far into an answer the code is looked for; AWS names it within the first lines.
const SEARCH_LENGTH_MAX: usize = 4096;
/// The longest code of AWS has 60 characters; what is longer is none, and would be a label of its
/// own each time.
const CODE_LENGTH_MAX: usize = 64;

/// The code in an answer. The SDK's error has it as well, but in a type of its own for each
/// operation.
fn code(response: &HttpResponse) -> Option<&str> {
    let body = response.body().bytes().unwrap_or_default();
    code_of(response.headers().get(HEADER_ERROR_TYPE), body)
}

fn code_of<'a>(header: Option<&'a str>, body: &'a [u8]) -> Option<&'a str> {
    let body = &body[..body.len().min(SEARCH_LENGTH_MAX)];
    let text = body.utf8_chunks().next().map(|chunk| chunk.valid()).unwrap_or_default();
    let between = |(start, end): (&str, &str)| Some(text.split_once(start)?.1.split_once(end)?.0);
    let found = header.or_else(|| between(XML_CODE)).or_else(|| between(JSON_CODE))?;
    let code = found.rsplit('#').next()?.split(':').next()?.trim();
    let is_code = |c: char| c.is_ascii_alphanumeric() || c == '.';
    let is_fit = !code.is_empty() && code.len() <= CODE_LENGTH_MAX && code.chars().all(is_code);
    is_fit.then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_code_is_found_wherever_a_service_puts_it() {
        let query = "<ErrorResponse><Error><Type>Sender</Type><Code>Throttling</Code></Error>";
        assert_eq!(code_of(None, query.as_bytes()), Some("Throttling"));
        let ec2 = "<Response><Errors><Error><Code>InvalidGroup.NotFound</Code><Message>x";
        assert_eq!(code_of(None, ec2.as_bytes()), Some("InvalidGroup.NotFound"));
        let header = Some("ThrottlingException:http://internal.amazon.com/coral/");
        assert_eq!(code_of(header, b"{}"), Some("ThrottlingException"));
        let json = br#"{"__type":"com.amazonaws.acm#LimitExceededException","message":"x"}"#;
        assert_eq!(code_of(None, json), Some("LimitExceededException"));
    }

    #[test]
    fn what_is_no_code_makes_no_label() {
        assert_eq!(code_of(None, b"<html>502 Bad Gateway</html>"), None);
        assert_eq!(code_of(None, b"<Code>a b\n</Code>"), None);
        assert_eq!(code_of(None, b"<Code></Code>\xff"), None);
        let long = format!("<Code>{}</Code>", "x".repeat(65));
        assert_eq!(code_of(None, long.as_bytes()), None);
        let late = format!("{}<Code>Throttling</Code>", " ".repeat(SEARCH_LENGTH_MAX));
        assert_eq!(code_of(None, late.as_bytes()), None);
    }
}
