//! The server's side.

use std::fmt;
use std::sync::{Arc, PoisonError, RwLock};

use rustls::ServerConfig;
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;

use crate::{HTTP_1_1, Identity, Roots, TlsConfigError, provider};

/// How a server takes TLS connections. Cheap to clone; clones are the same server.
#[derive(Clone)]
pub struct ServerTls {
    config: Arc<ServerConfig>,
    /// `None` for a configuration made elsewhere.
    current: Option<Arc<Current>>,
}

/// What [`ServerTls`] is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ServerTlsOptions {
    /// What to show to clients.
    pub identity: Identity,
    /// Whether clients show a certificate. Default: they are not asked.
    pub client_auth: ClientAuth,
    /// The protocols that are spoken (ALPN, RFC 7301), by preference. Default: [`HTTP_1_1`]. Clients that offer only
    /// others are refused; those that offer none are not.
    pub alpn: Vec<Vec<u8>>,
}

/// Whether clients show a certificate.
#[derive(Clone, Debug, Default)]
#[non_exhaustive]
pub enum ClientAuth {
    /// They are not asked.
    #[default]
    Off,
    /// They may; one that is shown must lead to these roots.
    Optional(Roots),
    /// They must, and it must lead to these roots.
    Required(Roots),
}

impl ServerTlsOptions {
    /// The defaults with this identity.
    #[must_use]
    pub fn new(identity: Identity) -> Self {
        Self { identity, client_auth: ClientAuth::Off, alpn: vec![HTTP_1_1.into()] }
    }
}

impl ServerTls {
    /// TLS 1.2 and 1.3 with these options.
    ///
    /// # Errors
    ///
    /// Clients are asked for certificates, and there are no roots to check them against.
    pub fn new(options: ServerTlsOptions) -> Result<Self, TlsConfigError> {
        let provider = provider();
        let verifier = |roots: Roots| {
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots.into_store()), Arc::clone(&provider))
        };
        let verifier = match options.client_auth {
            ClientAuth::Off => WebPkiClientVerifier::no_client_auth(),
            ClientAuth::Optional(roots) => {
                let verifier = verifier(roots).allow_unauthenticated().build();
                verifier.map_err(|_| TlsConfigError::RootsMissing)?
            }
            ClientAuth::Required(roots) => {
                verifier(roots).build().map_err(|_| TlsConfigError::RootsMissing)?
            }
        };
        let current = Arc::new(Current(RwLock::new(options.identity.certified())));
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites for TLS 1.2 and 1.3")
            .with_client_cert_verifier(verifier)
            .with_cert_resolver(Arc::clone(&current) as Arc<dyn ResolvesServerCert>);
        config.alpn_protocols = options.alpn;
        Ok(Self { config: Arc::new(config), current: Some(current) })
    }

    /// A configuration made elsewhere, which [`reload`](Self::reload) cannot change.
    #[must_use]
    pub const fn from_config(config: Arc<ServerConfig>) -> Self {
        Self { config, current: None }
    }

    /// Shows another certificate from the next handshake on. Connections that are open go on.
    ///
    /// # Errors
    ///
    /// This was made by [`from_config`](Self::from_config), whose certificates are chosen elsewhere.
    pub fn reload(&self, identity: &Identity) -> Result<(), TlsConfigError> {
        let current = self.current.as_ref().ok_or(TlsConfigError::NotReloadable)?;
        *current.0.write().unwrap_or_else(PoisonError::into_inner) = identity.certified();
        Ok(())
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Arc<ServerConfig> {
        &self.config
    }
}

/// The certificate that is shown at the moment.
#[derive(Debug)]
struct Current(RwLock<Arc<CertifiedKey>>);

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.0.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl fmt::Debug for ServerTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerTls").finish_non_exhaustive()
    }
}
