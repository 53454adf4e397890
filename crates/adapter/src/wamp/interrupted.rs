//! Interrupted invocations.

use wirebahn_core::wamp::InterruptOptions;

/// How an invocation was interrupted.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Interrupted {
    /// What the router said; nothing if the session has ended.
    pub options: InterruptOptions,
}

impl From<InterruptOptions> for Interrupted {
    fn from(options: InterruptOptions) -> Self {
        Self { options }
    }
}
