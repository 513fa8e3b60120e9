//! Counting the calls that go out: they are the scarce resource.

use std::fmt;
use std::sync::Arc;

use aws_sdk_ec2::config::interceptors::BeforeTransmitInterceptorContextRef;
use aws_sdk_ec2::config::{ConfigBag, Intercept, RuntimeComponents};
use aws_sdk_ec2::error::BoxError;
use aws_smithy_runtime_api::client::orchestrator::Metadata;

/// Takes the service and the operation of a request.
type Count = dyn Fn(&str, &str) + Send + Sync;

/// Is told the service and the operation of every request, those of further attempts included.
#[derive(Clone)]
pub struct Tally(Arc<Count>);

impl Tally {
    /// Calls `count` with the service and the operation of every request.
    pub fn new(count: impl Fn(&str, &str) + Send + Sync + 'static) -> Self {
        Self(Arc::new(count))
    }
}

impl Default for Tally {
    /// Counts nothing.
    fn default() -> Self {
        Self::new(|_, _| {})
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

    fn read_before_transmit(
        &self,
        _context: &BeforeTransmitInterceptorContextRef<'_>,
        _components: &RuntimeComponents,
        config: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        if let Some(metadata) = config.load::<Metadata>() {
            (self.0)(metadata.service(), metadata.name());
        }
        Ok(())
    }
}
