//! What can go wrong.

use std::error::Error;
use std::fmt;
use std::io;

use rustls::{AlertDescription, CertificateError};

use crate::verifier::SelfSigned;

/// Why there is no TLS connection, and with whom.
#[derive(Debug)]
#[non_exhaustive]
pub struct TlsError {
    /// The host that was asked for; at a server the client's address, or nothing.
    pub host: String,
    /// The reason.
    pub failure: TlsFailure,
}

/// Why there is no TLS connection.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsFailure {
    /// The other end refused; the alert that it sent.
    Alert(AlertDescription),
    /// The certificate of the other end is not valid any more.
    CertificateExpired,
    /// The certificate of the other end is not good for this, for the reason given here.
    CertificateInvalid(CertificateError),
    /// The other end has to show a certificate and has none.
    CertificateMissing,
    /// The certificate of the other end is not valid yet.
    CertificateNotYetValid,
    /// The certificate of the other end was revoked.
    CertificateRevoked,
    /// The certificate is for other hosts.
    HostMismatch,
    /// TLS cannot name the host.
    HostInvalid,
    /// The stream broke.
    Io(io::Error),
    /// The authority behind the certificate is none of the trusted ones.
    IssuerUnknown,
    /// The other end dropped the connection during the handshake.
    Lost,
    /// The other end does not speak TLS.
    NotTls,
    /// Anything else that rustls has found.
    Other(rustls::Error),
    /// The certificate is signed by itself and not among the trusted ones.
    SelfSigned,
    /// The other end took too long.
    TimedOut,
    /// There is no TLS in this adapter.
    Unsupported,
}

/// Something to make TLS of is of no use.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsConfigError {
    /// A certificate is broken.
    CertificateInvalid,
    /// There is no certificate.
    CertificateMissing,
    /// The private key is missing, broken or of an unknown kind.
    KeyInvalid,
    /// The private key does not belong to the certificate.
    KeyMismatch,
    /// The certificates are chosen by a configuration that was made elsewhere.
    NotReloadable,
    /// There are no roots to check certificates against.
    RootsMissing,
    /// The system's roots cannot be read, for the reason given here.
    SystemRoots(String),
}

impl TlsError {
    /// A failure with a host.
    pub fn new(host: impl Into<String>, failure: TlsFailure) -> Self {
        Self { host: host.into(), failure }
    }

    /// What an error of a TLS stream means when it comes out of the handshake.
    pub fn from_io(host: impl Into<String>, error: io::Error) -> Self {
        Self::new(host, error.into())
    }
}

impl From<io::Error> for TlsFailure {
    fn from(error: io::Error) -> Self {
        match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => inner.clone().into(),
            None if matches!(
                error.kind(),
                io::ErrorKind::UnexpectedEof | io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe
            ) =>
            {
                Self::Lost
            }
            None => Self::Io(error),
        }
    }
}

impl From<rustls::Error> for TlsFailure {
    fn from(error: rustls::Error) -> Self {
        match error {
            rustls::Error::AlertReceived(alert) => Self::Alert(alert),
            rustls::Error::InvalidCertificate(error) => error.into(),
            rustls::Error::NoCertificatesPresented => Self::CertificateMissing,
            rustls::Error::InvalidMessage(_) => Self::NotTls,
            error => Self::Other(error),
        }
    }
}

impl From<CertificateError> for TlsFailure {
    fn from(error: CertificateError) -> Self {
        match error {
            CertificateError::Expired | CertificateError::ExpiredContext { .. } => Self::CertificateExpired,
            CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
                Self::CertificateNotYetValid
            }
            CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
                Self::HostMismatch
            }
            CertificateError::Revoked => Self::CertificateRevoked,
            CertificateError::UnknownIssuer => Self::IssuerUnknown,
            CertificateError::Other(ref other) if other.0.is::<SelfSigned>() => Self::SelfSigned,
            error => Self::CertificateInvalid(error),
        }
    }
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "no TLS connection with {}: {}", self.host, self.failure)
    }
}

impl Error for TlsError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match &self.failure {
            TlsFailure::Io(error) => Some(error),
            TlsFailure::Other(error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for TlsFailure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Alert(alert) => return write!(f, "the other end refused with the alert {alert:?}"),
            Self::CertificateExpired => "its certificate has expired",
            Self::CertificateInvalid(error) => {
                return write!(f, "its certificate is not good for this: {error}");
            }
            Self::CertificateMissing => "it shows no certificate",
            Self::CertificateNotYetValid => "its certificate is not valid yet: is a clock wrong?",
            Self::CertificateRevoked => "its certificate was revoked",
            Self::HostMismatch => "its certificate is for other hosts",
            Self::HostInvalid => "TLS knows only names that DNS allows, and addresses",
            Self::Io(error) => return fmt::Display::fmt(error, f),
            Self::IssuerUnknown => "its certificate was issued by an authority that is not among the roots",
            Self::Lost => "it dropped the connection during the handshake",
            Self::NotTls => "it does not speak TLS: check scheme and port",
            Self::Other(error) => return fmt::Display::fmt(error, f),
            Self::SelfSigned => "its certificate is signed by itself: to trust it, add it to the roots",
            Self::TimedOut => "the handshake took too long",
            Self::Unsupported => "this adapter was built without TLS",
        })
    }
}

impl fmt::Display for TlsConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::CertificateInvalid => "a certificate is broken",
            Self::CertificateMissing => "there is no certificate",
            Self::KeyInvalid => "the private key is missing, broken or of an unknown kind",
            Self::KeyMismatch => "the private key does not belong to the certificate",
            Self::NotReloadable => "the certificates are chosen by a configuration that was made elsewhere",
            Self::RootsMissing => "there are no roots to check certificates against",
            Self::SystemRoots(reason) => return write!(f, "the system's roots cannot be read: {reason}"),
        })
    }
}

impl Error for TlsConfigError {}
