//! What a client asks for.

use alloc::string::String;
use alloc::vec::Vec;

use crate::http::{Headers, Host, decode_form};
use crate::websocket::opening::ProtocolVersion;

/// A valid request for a WebSocket, waiting for the application's decision.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// The request as HTTP.
    pub http: HttpRequest,
    /// The version of the protocol.
    pub version: ProtocolVersion,
    /// The origin of the web page that connects (RFC 6454 7), as it was spelt; `None` for other clients.
    pub origin: Option<String>,
    /// The subprotocols that the client offers, by preference.
    pub subprotocols: Vec<String>,
    /// The value of `Sec-WebSocket-Extensions`, not parsed; of several, joined.
    /// [`ExtensionParams::parse_list`](crate::websocket::extension::ExtensionParams::parse_list) reads it. Which of
    /// them is used is negotiated when the request is accepted.
    pub extensions: Option<String>,
}

impl Request {
    /// The first subprotocol of the client's list that is among `known`.
    #[must_use]
    pub fn choose_subprotocol<S: AsRef<str>>(&self, known: &[S]) -> Option<&str> {
        choose_subprotocol(&self.subprotocols, known)
    }
}

pub(super) fn choose_subprotocol<'a, S: AsRef<str>>(offered: &'a [String], known: &[S]) -> Option<&'a str> {
    offered.iter().map(String::as_str).find(|offer| known.iter().any(|known| known.as_ref() == *offer))
}

/// A request in HTTP.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct HttpRequest {
    /// The method: `GET`, and if the request is not for a WebSocket also `HEAD`.
    pub method: String,
    /// Path and query, as they were spelt.
    pub resource: String,
    /// The header fields.
    pub headers: Headers,
    /// The host that the client believes to talk to.
    pub host: Host,
    /// The port that goes with it; `None` if it was left out.
    pub port: Option<u16>,
    /// The address of the transport's other end, as the driver gave it.
    pub peer: Option<String>,
    /// The client that a trusted proxy vouches for: its address, or with `Forwarded` perhaps a name that hides it (RFC
    /// 7239 6.3). See [`ServerOptions::trusted_proxies`](super::ServerOptions::trusted_proxies).
    pub forwarded_for: Option<String>,
}

impl HttpRequest {
    /// The address of the client: the one that a trusted proxy vouches for, else that of the transport's other end.
    #[must_use]
    pub fn client(&self) -> Option<&str> {
        self.forwarded_for.as_deref().or(self.peer.as_deref())
    }

    /// The path, percent-encoded as it was sent.
    #[must_use]
    pub fn path(&self) -> &str {
        self.resource.split_once('?').map_or(self.resource.as_str(), |(path, _)| path)
    }

    /// What stands behind the `?`, if there is one.
    #[must_use]
    pub fn query(&self) -> Option<&str> {
        self.resource.split_once('?').map(|(_, query)| query)
    }

    /// Names and values of the query in order, decoded as those of a form; a name without `=` has an empty value.
    pub fn query_pairs(&self) -> impl Iterator<Item = (String, String)> {
        self.query().unwrap_or_default().split('&').filter(|pair| !pair.is_empty()).map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (decode_form(name), decode_form(value))
        })
    }
}
