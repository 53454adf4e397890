//! Who one is.

use std::fmt;
use std::sync::Arc;

use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::sign::CertifiedKey;

use crate::{TlsConfigError, provider};

/// A certificate, those that lead from it to an authority, and its private key.
#[derive(Clone)]
pub struct Identity(Arc<CertifiedKey>);

impl Identity {
    /// From PEM files: the certificates, one's own first, and the private key (PKCS 8, PKCS 1 or SEC 1). Both may be the
    /// same file.
    ///
    /// # Errors
    ///
    /// Something is missing, broken, or does not belong together.
    pub fn from_pem(chain: &[u8], key: &[u8]) -> Result<Self, TlsConfigError> {
        let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(chain).collect();
        let chain = chain.map_err(|_| TlsConfigError::CertificateInvalid)?;
        let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| TlsConfigError::KeyInvalid)?;
        Self::from_der(chain, key)
    }

    /// From DER: the certificates, one's own first, and the private key.
    ///
    /// # Errors
    ///
    /// As [`from_pem`](Self::from_pem).
    pub fn from_der(
        chain: Vec<CertificateDer<'static>>,
        key: PrivateKeyDer<'static>,
    ) -> Result<Self, TlsConfigError> {
        if chain.is_empty() {
            return Err(TlsConfigError::CertificateMissing);
        }
        match CertifiedKey::from_der(chain, key, &provider()) {
            Ok(certified) => Ok(Self(Arc::new(certified))),
            Err(rustls::Error::InconsistentKeys(_)) => Err(TlsConfigError::KeyMismatch),
            Err(rustls::Error::InvalidCertificate(_)) => Err(TlsConfigError::CertificateInvalid),
            Err(_) => Err(TlsConfigError::KeyInvalid),
        }
    }

    /// The certificates in DER, one's own first.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.0.cert
    }

    pub(crate) fn certified(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.0)
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("certificates", &self.0.cert.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use rcgen::{CertificateParams, KeyPair};

    use super::*;

    fn pem() -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let certificate = CertificateParams::new(["a".to_owned()]).unwrap().self_signed(&key).unwrap();
        (certificate.pem(), key.serialize_pem())
    }

    #[test]
    fn certificates_and_key_may_be_in_one_file() {
        let (certificate, key) = pem();
        let both = key + &certificate;
        let identity = Identity::from_pem(both.as_bytes(), both.as_bytes()).unwrap();
        assert_eq!(identity.certificates().len(), 1);
        assert!(!format!("{identity:?}").contains("PRIVATE"));
    }

    #[test]
    fn what_is_missing_broken_or_does_not_belong_together_is_told_apart() {
        let (certificate, key) = pem();
        let (_, other) = pem();
        let broken = "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        for (certificate, key, error) in [
            (certificate.as_str(), other.as_str(), TlsConfigError::KeyMismatch),
            ("", key.as_str(), TlsConfigError::CertificateMissing),
            (certificate.as_str(), "", TlsConfigError::KeyInvalid),
            (certificate.as_str(), certificate.as_str(), TlsConfigError::KeyInvalid),
            (broken, key.as_str(), TlsConfigError::CertificateInvalid),
        ] {
            let made = Identity::from_pem(certificate.as_bytes(), key.as_bytes());
            assert_eq!(made.map(drop), Err(error));
        }
    }
}
