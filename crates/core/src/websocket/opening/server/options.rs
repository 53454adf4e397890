use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use super::Origins;
use crate::http::{HeadLimits, HeaderValue, Headers};
use crate::websocket::Config;
use crate::websocket::extension::Extensions;
use crate::websocket::opening::ProtocolVersion;

/// How a server opens connections. Clone and change it to give one connection options of its own.
///
/// ```
/// use wirebahn_core::websocket::opening::{Origins, ServerOptions};
///
/// let mut options = ServerOptions::default();
/// options.origins = Origins::allow(["https://example.com", "https://*.example.com:*"])?;
/// options.subprotocols = vec!["wamp.2.json".into()];
/// # Ok::<_, wirebahn_core::websocket::opening::OriginPatternError>(())
/// ```
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerOptions {
    /// The options of connections once they are open.
    /// [`CloseConfig::drop_timeout`](crate::websocket::CloseConfig::drop_timeout) also says how long a client that was
    /// refused may take to drop the connection.
    pub config: Arc<Config>,
    /// How long the client may take until its request is complete, from the construction of the engine on; `None`
    /// waits for ever. Default: 5 s. The time that the application takes to decide does not count.
    pub open_timeout: Option<Duration>,
    /// How large the head of a request may be.
    pub head_limits: HeadLimits,
    /// The `Server` header of every response. Default: none, which tells attackers less.
    pub server: Option<HeaderValue>,
    /// Headers of every 101 response, repeats included. Those that the handshake itself writes are left out.
    pub headers: Headers,
    /// The versions that are spoken. Default: 13.
    pub versions: Vec<ProtocolVersion>,
    /// Which web pages may connect (RFC 6455 10.2). Default: any, which is right only if cookies and addresses open
    /// nothing.
    pub origins: Origins,
    /// The port that the `Host` header must name. Default: not checked, since behind a reverse proxy it is anyone's
    /// guess. If it is set, a `Host` without port passes only for 80 and 443.
    pub external_port: Option<u16>,
    /// How many trusted proxies stand before the server: with N, the N-th entry from the right of
    /// [`forwarding_header`](Self::forwarding_header) is the client. Default: 0, the header is not looked at. With fewer
    /// entries than proxies the request took another way, and none is believed.
    pub trusted_proxies: usize,
    /// The header that the trusted proxies write. Default: `X-Forwarded-For`. The other one is never looked at: proxies
    /// that do not know it pass on whatever the client wrote.
    pub forwarding_header: ForwardingHeader,
    /// What becomes of requests without `Upgrade`. Default: they are refused with 426.
    pub plain_http: PlainHttp,
    /// The subprotocols that [`Subprotocol::Known`](super::Subprotocol::Known) chooses from. Default: none.
    pub subprotocols: Vec<String>,
    /// The extensions that may be used: the first offer of the client that one of them accepts is. Default: none.
    pub extensions: Extensions,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self {
            config: Arc::default(),
            open_timeout: Some(Duration::from_secs(5)),
            head_limits: HeadLimits::default(),
            server: None,
            headers: Headers::new(),
            versions: ProtocolVersion::all().collect(),
            origins: Origins::default(),
            external_port: None,
            trusted_proxies: 0,
            forwarding_header: ForwardingHeader::default(),
            plain_http: PlainHttp::default(),
            subprotocols: Vec::new(),
            extensions: Vec::new(),
        }
    }
}

/// What becomes of requests without `Upgrade`: of browsers, health checks, scanners.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PlainHttp {
    /// They are refused with 426.
    #[default]
    Refuse,
    /// The application answers them.
    HandOver,
}

/// The header in which proxies say for whom they forward a request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ForwardingHeader {
    /// `X-Forwarded-For`: addresses, separated by commas.
    #[default]
    XForwardedFor,
    /// `Forwarded` (RFC 7239), of which the parameter `for` counts.
    Forwarded,
}
