//! The client's side.

use std::fmt;
use std::sync::{Arc, OnceLock};

use rustls::client::ResolvesClientCert;
use rustls::client::danger::ServerCertVerifier;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::ServerName;
use rustls::sign::{CertifiedKey, SingleCertAndKey};
use rustls::{ClientConfig, SignatureScheme};

use crate::unverified::NoVerifier;
use crate::verifier::ServerVerifier;
use crate::{HTTP_1_1, Identity, Roots, TlsConfigError, TlsError, TlsFailure, provider};

/// How a client makes TLS connections. Cheap to clone; clones share what is remembered to make the next handshake
/// shorter.
#[derive(Clone)]
pub struct ClientTls(Arc<ClientConfig>);

/// What [`ClientTls`] is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct ClientTlsOptions {
    /// Who may vouch for servers. Default: whom Mozilla trusts.
    pub roots: Roots,
    /// What to show to servers that ask for a certificate. Default: nothing.
    pub identity: Option<Identity>,
    /// The protocols to offer (ALPN, RFC 7301), by preference. Default: [`HTTP_1_1`].
    pub alpn: Vec<Vec<u8>>,
}

impl Default for ClientTlsOptions {
    fn default() -> Self {
        Self { roots: Roots::mozilla(), identity: None, alpn: vec![HTTP_1_1.into()] }
    }
}

impl ClientTls {
    /// TLS 1.2 and 1.3 with these options.
    ///
    /// # Errors
    ///
    /// There are no roots, so no server could be trusted.
    pub fn new(options: ClientTlsOptions) -> Result<Self, TlsConfigError> {
        let provider = provider();
        let verifier = ServerVerifier::new(options.roots, Arc::clone(&provider))?;
        Ok(Self::with_verifier(provider, Arc::new(verifier), options.identity, options.alpn))
    }

    /// TLS 1.2 and 1.3 with whatever server answers: [`roots`](ClientTlsOptions::roots) are not looked at.
    ///
    /// **Anybody on the way can read and change what is sent.** For experiments, where a certificate is not worth the trouble;
    /// a self-signed certificate can be trusted by adding it to the roots instead.
    #[must_use]
    pub fn new_without_verification(options: ClientTlsOptions) -> Self {
        let provider = provider();
        let verifier = Arc::new(NoVerifier(Arc::clone(&provider)));
        Self::with_verifier(provider, verifier, options.identity, options.alpn)
    }

    fn with_verifier(
        provider: Arc<CryptoProvider>,
        verifier: Arc<dyn ServerCertVerifier>,
        identity: Option<Identity>,
        alpn: Vec<Vec<u8>>,
    ) -> Self {
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .expect("ring has cipher suites for TLS 1.2 and 1.3")
            .dangerous()
            .with_custom_certificate_verifier(verifier);
        let mut config = match identity {
            Some(identity) => config.with_client_cert_resolver(Arc::new(Always(identity.certified()))),
            None => config.with_no_client_auth(),
        };
        config.alpn_protocols = alpn;
        Self(Arc::new(config))
    }

    /// A configuration made elsewhere: other cryptography, other rules of verification, a log of keys.
    #[must_use]
    pub const fn from_config(config: Arc<ClientConfig>) -> Self {
        Self(config)
    }

    /// The configuration.
    #[must_use]
    pub const fn config(&self) -> &Arc<ClientConfig> {
        &self.0
    }
}

/// The default options, the same object each time.
impl Default for ClientTls {
    fn default() -> Self {
        static DEFAULT: OnceLock<ClientTls> = OnceLock::new();
        let make = || Self::new(ClientTlsOptions::default()).expect("Mozilla trusts somebody");
        DEFAULT.get_or_init(make).clone()
    }
}

/// A host, as URLs name it, in the form that TLS verifies: a name or an address.
///
/// # Errors
///
/// TLS cannot name it.
pub fn server_name(host: &str) -> Result<ServerName<'static>, TlsError> {
    let bare = host.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).unwrap_or(host);
    ServerName::try_from(bare.to_owned()).map_err(|_| TlsError::new(host, TlsFailure::HostInvalid))
}

/// Shows the same certificate whoever asks.
#[derive(Debug)]
struct Always(Arc<CertifiedKey>);

impl ResolvesClientCert for Always {
    fn resolve(&self, hints: &[&[u8]], schemes: &[SignatureScheme]) -> Option<Arc<CertifiedKey>> {
        SingleCertAndKey::from(Arc::clone(&self.0)).resolve(hints, schemes)
    }

    fn has_certs(&self) -> bool {
        true
    }
}

impl fmt::Debug for ClientTls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClientTls").finish_non_exhaustive()
    }
}
