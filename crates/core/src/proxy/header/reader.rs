//! Cuts a header off received bytes.

use bytes::BytesMut;

use super::{ProxyHeader, ProxyHeaderError, ProxyHeaderExpectation, v1, v2};

/// How long a header may be, unless one says otherwise: room for addresses and the details of a client's certificate.
/// Version 2 would allow 64 KiB.
pub const MAX_PROXY_HEADER_LEN: usize = 4 * 1024;

/// Cuts a PROXY header of either version off the beginning of received bytes.
///
/// ```
/// use bytes::BytesMut;
/// use wirebahn_core::proxy::{MAX_PROXY_HEADER_LEN, ProxyHeaderExpectation, ProxyHeaderReader};
///
/// let mut reader = ProxyHeaderReader::new(ProxyHeaderExpectation::Certain, MAX_PROXY_HEADER_LEN);
/// let mut received = BytesMut::from("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\nGET / ");
/// let header = reader.read(&mut received)?.flatten().expect("a whole header");
/// assert_eq!(header.source(), Some("192.0.2.1:4711".parse().unwrap()));
/// assert_eq!(received, "GET / ");
/// # Ok::<_, wirebahn_core::proxy::ProxyHeaderError>(())
/// ```
#[derive(Debug)]
pub struct ProxyHeaderReader {
    expectation: ProxyHeaderExpectation,
    max_len: usize,
}

/// What one version makes of the bytes.
pub(super) enum Outcome {
    /// It is not this version.
    Other,
    /// More bytes are needed.
    Incomplete,
    /// A header, and its length.
    Header(ProxyHeader, usize),
}

impl ProxyHeaderReader {
    /// A reader at the beginning of a connection, for headers of up to `max_len` bytes.
    #[must_use]
    pub const fn new(expectation: ProxyHeaderExpectation, max_len: usize) -> Self {
        Self { expectation, max_len }
    }

    /// Takes the header off the front of `received`: `None` if it is not complete yet, `Some(None)` if there is none
    /// and need not be.
    ///
    /// # Errors
    ///
    /// The header is missing, broken or too long. It is reported as soon as it is known.
    pub fn read(&mut self, received: &mut BytesMut) -> Result<Option<Option<ProxyHeader>>, ProxyHeaderError> {
        if self.expectation == ProxyHeaderExpectation::None {
            return Ok(Some(None));
        }
        let mut outcome = v1::parse(received, self.max_len)?;
        if let Outcome::Other = outcome {
            outcome = v2::parse(received, self.max_len)?;
        }
        match outcome {
            Outcome::Header(header, len) => {
                let _ = received.split_to(len);
                Ok(Some(Some(header)))
            }
            Outcome::Incomplete => Ok(None),
            Outcome::Other if self.expectation == ProxyHeaderExpectation::Possible => Ok(Some(None)),
            Outcome::Other => Err(ProxyHeaderError::Missing),
        }
    }
}
