//! Proxies: on the way to a server, and in front of one.
//!
//! ```text
//!   a client behind a proxy                        a server behind a proxy
//!     Proxy, ProxyEnvironment   which proxy          ProxyHeaderOptions   from whom a header is believed
//!     ProxyTunnel               the way through it   ProxyHeaderGate      the header before everything else
//!     TLS, ClientOpening, ...                        TLS, ServerOpening, ...
//! ```
//!
//! [`ProxyTunnel`] and [`ProxyHeaderGate`] are engines: each is a [`Prologue`], what is said before the protocol proper
//! begins on the same transport. Bytes that came right behind it travel along in a [`Leftover`].

mod address;
mod environment;
mod header;
mod network;
mod prologue;
mod tunnel;

pub use address::{Proxy, ProxyScheme, ProxyUrlError};
pub use environment::{ProxyEnvironment, ProxyVariableError};
pub use header::{
    MAX_PROXY_HEADER_LEN, ProxyAddresses, ProxyHeader, ProxyHeaderDialogue, ProxyHeaderError,
    ProxyHeaderExpectation, ProxyHeaderGate, ProxyHeaderMode, ProxyHeaderOptions, ProxyHeaderReader,
    ProxyHeaderVersion, Tlv, UntrustedSource,
};
pub use network::{Network, NetworkError};
pub use prologue::{Dialogue, Leftover, Prologue, PrologueEvent};
pub use tunnel::{
    ProxyTunnel, Socks5Reply, TunnelDialogue, TunnelError, TunnelOptions, TunnelRefusal, TunnelRequestError,
    TunnelViolation,
};
