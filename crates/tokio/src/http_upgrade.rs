//! WebSockets behind HTTP servers of others: hyper 1, and what is built on it, as axum is.
//!
//! The server reads the request and writes the response; the checks, the answer and the connection are those of
//! [`Server`](crate::Server). A handler of axum:
//!
//! ```
//! use std::sync::Arc;
//!
//! use wirebahn_tokio::WebSocket;
//! use wirebahn_tokio::http_upgrade::{HttpReply, HttpStream, HttpUpgrade};
//! use wirebahn_tokio::opening::{Acceptance, ServerOptions};
//!
//! async fn chat<B>(mut request: http::Request<B>) -> HttpReply {
//!     let options = Arc::new(ServerOptions::default());
//!     let upgrade = match HttpUpgrade::receive(&mut request, options, None) {
//!         Ok(upgrade) => upgrade,
//!         Err(refused) => return refused.response,
//!     };
//!     let accepted = upgrade.accept(Acceptance::default()).expect("nothing is asked for that must not be");
//!     accepted.serve(|mut socket: WebSocket<HttpStream>| async move {
//!         while let Some(message) = socket.recv().await {
//!             if socket.send(message).await.is_err() {
//!                 break;
//!             }
//!         }
//!     })
//! }
//! ```
//!
//! hyper has to serve its connections `with_upgrades`, as axum does. Only HTTP/1.1 has this way to a WebSocket.

use crate::TokioRuntime;

#[doc(inline)]
pub use wirebahn_http_upgrade::{HttpRefused, HttpReply, HttpStream};

/// A valid request for a WebSocket that an HTTP server has received. Accept or refuse it, now or later.
pub type HttpUpgrade = wirebahn_http_upgrade::HttpUpgrade<TokioRuntime>;

/// A request that was accepted: the response is still to be sent, and then the connection opens.
pub type Accepted = wirebahn_http_upgrade::Accepted<TokioRuntime>;
