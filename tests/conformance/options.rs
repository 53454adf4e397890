//! What both sides of the conformance run share.

use std::env;
use std::sync::Arc;

use wirebahn_tokio::opening::{ClientOptions, ServerOptions};

/// The largest message of the suite (9.1.6, 9.2.6), as one frame.
const MAX_MESSAGE: u64 = 16 << 20;

/// What is tested.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Adapter {
    Tokio,
    Smol,
    AsyncStd,
    Blocking,
}

impl Adapter {
    /// What `CONFORMANCE_ADAPTER` says; tokio if it says nothing.
    pub(crate) fn from_environment() -> Result<Self, String> {
        match env::var("CONFORMANCE_ADAPTER").as_deref() {
            Ok("tokio") | Err(_) => Ok(Self::Tokio),
            Ok("smol") => Ok(Self::Smol),
            Ok("async-std") => Ok(Self::AsyncStd),
            Ok("blocking") => Ok(Self::Blocking),
            Ok(other) => {
                Err(format!("CONFORMANCE_ADAPTER is {other}, not tokio, smol, async-std or blocking"))
            }
        }
    }
}

#[allow(dead_code, reason = "only one of the two sides is a server")]
pub(crate) fn server_options() -> ServerOptions {
    let mut options = ServerOptions::default();
    adapt(Arc::make_mut(&mut options.config));
    options
}

#[allow(dead_code, reason = "only one of the two sides is a client")]
pub(crate) fn client_options() -> ClientOptions {
    let mut options = ClientOptions::default();
    adapt(Arc::make_mut(&mut options.config));
    options
}

/// Cases count the frames they get, so no pings of our own.
fn adapt(config: &mut wirebahn_tokio::Config) {
    config.limits.max_message_len = MAX_MESSAGE;
    config.limits.max_frame_len = MAX_MESSAGE;
    config.keepalive = None;
}
