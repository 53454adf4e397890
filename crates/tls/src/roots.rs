//! Whom to trust.

use rustls::RootCertStore;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

use crate::TlsConfigError;

/// Certificates of authorities that are trusted.
///
/// ```
/// use wirebahn_tls::Roots;
///
/// let mut roots = Roots::mozilla();
/// assert!(roots.len() > 50);
/// assert!(roots.add_pem(b"no certificate").is_err());
/// ```
#[derive(Clone, Debug)]
pub struct Roots(RootCertStore);

impl Roots {
    /// None yet.
    #[must_use]
    pub fn empty() -> Self {
        Self(RootCertStore::empty())
    }

    /// Those that Mozilla trusts, compiled in: the same everywhere, and no older than this program's `webpki-roots`.
    #[must_use]
    pub fn mozilla() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
    }

    /// Those that this system trusts, also because its administrator added them. Reads files or asks the system.
    ///
    /// # Errors
    ///
    /// The system has none. Single certificates that cannot be read are left out, as the system does.
    pub fn system() -> Result<Self, TlsConfigError> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = Self::empty();
        roots.0.add_parsable_certificates(found.certs);
        if roots.0.is_empty() {
            let reason = found.errors.first().map_or_else(|| "none were found".into(), ToString::to_string);
            return Err(TlsConfigError::SystemRoots(reason));
        }
        Ok(roots)
    }

    /// Adds the certificates of a PEM file.
    ///
    /// # Errors
    ///
    /// There are none in it, or one is broken.
    pub fn add_pem(&mut self, pem: &[u8]) -> Result<&mut Self, TlsConfigError> {
        let mut found = false;
        for certificate in CertificateDer::pem_slice_iter(pem) {
            self.add_der(certificate.map_err(|_| TlsConfigError::CertificateInvalid)?)?;
            found = true;
        }
        if found { Ok(self) } else { Err(TlsConfigError::CertificateMissing) }
    }

    /// Adds a certificate.
    ///
    /// # Errors
    ///
    /// It is broken.
    pub fn add_der(&mut self, certificate: CertificateDer<'_>) -> Result<&mut Self, TlsConfigError> {
        self.0.add(certificate.into_owned()).map_err(|_| TlsConfigError::CertificateInvalid)?;
        Ok(self)
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn into_store(self) -> RootCertStore {
        self.0
    }
}
