//! TLS for Wirebahn's adapters, by rustls: what is the same on every runtime.
//!
//! * [`ClientTls`] is how a client checks servers and shows who it is: [`Roots`], [`Identity`].
//! * [`ServerTls`] is what a server shows, and can be given a new [`Identity`] while it runs.
//! * [`TlsInfo`] is what was agreed on: versions, certificates of the other end, the channel binding.
//! * [`TlsError`] names the host and the reason.
//!
//! Certificates are verified unless the application brings a `rustls` configuration of its own. The cryptography is
//! `ring`, named explicitly everywhere: whatever providers an application enables for `rustls`, nothing here panics
//! for want of a process-wide one.
#![forbid(unsafe_code)]

mod client;
mod error;
mod identity;
mod info;
mod roots;
mod server;
mod unverified;
mod verifier;

use std::sync::Arc;

use rustls::crypto::CryptoProvider;

pub use client::{ClientTls, ClientTlsOptions, server_name};
pub use error::{TlsConfigError, TlsError, TlsFailure};
pub use identity::Identity;
pub use info::TlsInfo;
pub use roots::Roots;
pub use rustls;
pub use server::{ClientAuth, ServerTls, ServerTlsOptions};

/// What ALPN calls the protocol that WebSockets begin with (RFC 7301 6).
pub const HTTP_1_1: &[u8] = b"http/1.1";

fn provider() -> Arc<CryptoProvider> {
    Arc::new(rustls::crypto::ring::default_provider())
}
