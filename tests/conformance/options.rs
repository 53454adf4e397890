//! What both sides of the conformance run share.

use std::env;
use std::sync::Arc;

use wirebahn_tokio::extension::deflate::{Backend, Deflate, DeflateOptions};
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
pub(crate) fn server_options() -> Result<ServerOptions, String> {
    let mut options = ServerOptions::default();
    adapt(Arc::make_mut(&mut options.config));
    options.extensions = deflate()?.into();
    Ok(options)
}

#[allow(dead_code, reason = "only one of the two sides is a client")]
pub(crate) fn client_options() -> Result<ClientOptions, String> {
    let mut options = ClientOptions::default();
    adapt(Arc::make_mut(&mut options.config));
    options.extensions = deflate()?.into();
    Ok(options)
}

/// Compression with the backend that `WS_BACKEND` says.
fn deflate() -> Result<Deflate, String> {
    let mut options = DeflateOptions::default();
    options.backend = match env::var("WS_BACKEND").as_deref() {
        Ok("miniz_oxide") => Backend::MinizOxide,
        #[cfg(feature = "zlib-rs")]
        Ok("zlib-rs") => Backend::ZlibRs,
        Ok(other) => return Err(format!("the backend {other:?} is not there")),
        Err(_) => Backend::default(),
    };
    Ok(Deflate::new(options))
}

/// Cases count the frames they get, so no pings of our own.
fn adapt(config: &mut wirebahn_tokio::Config) {
    config.limits.max_message_len = MAX_MESSAGE;
    config.limits.max_frame_len = MAX_MESSAGE;
    config.keepalive = None;
}
