//! The PROXY protocol: a header in which a proxy in front of a server says whom it connects.
//!
//! The specification is HAProxy's `doc/proxy-protocol.txt`; its sections are named beside the checks.

mod options;
mod reader;
mod v1;
mod v2;

use core::fmt;
use core::net::SocketAddr;

use alloc::vec::Vec;

use bytes::{Bytes, BytesMut};

use super::{Dialogue, Prologue};
use crate::{Instant, Outbox};
pub use options::{ProxyHeaderExpectation, ProxyHeaderMode, ProxyHeaderOptions, UntrustedSource};
pub use reader::{MAX_PROXY_HEADER_LEN, ProxyHeaderReader};

/// What a proxy says about the connection that it passes on.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ProxyHeader {
    /// The version it is written in.
    pub version: ProxyHeaderVersion,
    /// Who is connected.
    pub addresses: ProxyAddresses,
    /// Further information, version 2 only.
    pub tlvs: Vec<Tlv>,
}

/// A version of the PROXY protocol.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyHeaderVersion {
    /// A line of text.
    V1,
    /// Binary.
    V2,
}

/// Who is connected.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyAddresses {
    /// The proxy itself, to see whether the server is alive: the addresses are those of the transport.
    Local,
    /// A client that the proxy cannot name: the addresses are those of the transport.
    Unknown,
    /// A client over IP.
    #[non_exhaustive]
    Ip {
        /// The client.
        source: SocketAddr,
        /// Where it connected to.
        destination: SocketAddr,
    },
    /// A client over a Unix socket.
    #[non_exhaustive]
    Unix {
        /// The path of its end, without the zeros behind it; often empty.
        source: Bytes,
        /// The path of the socket that it connected to.
        destination: Bytes,
    },
}

/// A piece of further information (section 2.2.1): type, length, value.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tlv {
    /// The type: one of the constants here, or another.
    pub kind: u8,
    /// The value.
    pub value: Bytes,
}

impl Tlv {
    /// The protocol on top, as ALPN names it.
    pub const ALPN: u8 = 0x01;
    /// The host that the client asked for, as SNI has it.
    pub const AUTHORITY: u8 = 0x02;
    /// A checksum over the header; it has been checked.
    pub const CRC32C: u8 = 0x03;
    /// Padding.
    pub const NOOP: u8 = 0x04;
    /// An identifier of the connection.
    pub const UNIQUE_ID: u8 = 0x05;
    /// What is known of the client's TLS.
    pub const SSL: u8 = 0x20;
    /// The name of a network namespace.
    pub const NETNS: u8 = 0x30;
}

impl ProxyHeader {
    /// The client's address, if it is one of IP.
    #[must_use]
    pub const fn source(&self) -> Option<SocketAddr> {
        match self.addresses {
            ProxyAddresses::Ip { source, .. } => Some(source),
            _ => None,
        }
    }

    /// The first value of this type.
    #[must_use]
    pub fn tlv(&self, kind: u8) -> Option<&Bytes> {
        self.tlvs.iter().find(|tlv| tlv.kind == kind).map(|tlv| &tlv.value)
    }
}

/// Reads the header at the beginning of a connection, within a time.
///
/// [`Done`](super::PrologueEvent::Done) has `None` if there may be a header and is none.
pub type ProxyHeaderGate = Prologue<ProxyHeaderDialogue>;

impl ProxyHeaderGate {
    /// Waits for the header of a new connection for as long as [`ProxyHeaderOptions::timeout`] says.
    pub fn open(expectation: ProxyHeaderExpectation, options: &ProxyHeaderOptions, now: Instant) -> Self {
        let reader = ProxyHeaderReader::new(expectation, options.max_len);
        Self::new(ProxyHeaderDialogue(reader), options.timeout.map(|timeout| now + timeout))
    }
}

/// The waiting for a header.
#[derive(Debug)]
pub struct ProxyHeaderDialogue(ProxyHeaderReader);

impl Dialogue for ProxyHeaderDialogue {
    type Output = Option<ProxyHeader>;
    type Error = ProxyHeaderError;

    fn begin(&mut self, _: &mut Outbox) {}

    fn advance(
        &mut self,
        received: &mut BytesMut,
        _: &mut Outbox,
    ) -> Result<Option<Option<ProxyHeader>>, ProxyHeaderError> {
        self.0.read(received)
    }

    fn timed_out(&self) -> ProxyHeaderError {
        ProxyHeaderError::TimedOut
    }

    fn lost(&self) -> ProxyHeaderError {
        ProxyHeaderError::TransportLost
    }
}

/// Why a connection has no valid header: it must be dropped (section 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProxyHeaderError {
    /// The addresses are malformed, or the length has no room for them (2.1, 2.2).
    AddressesInvalid,
    /// The checksum is wrong (2.2.3).
    ChecksumMismatch,
    /// The command is neither LOCAL nor PROXY (2.2).
    CommandUnknown(u8),
    /// The family or the transport does not exist (2.1, 2.2).
    FamilyUnknown,
    /// The connection begins with something else.
    Missing,
    /// The connection did not begin in time.
    TimedOut,
    /// The further information does not fit its lengths (2.2.1).
    TlvInvalid,
    /// The header is longer than the limit.
    #[non_exhaustive]
    TooLarge {
        /// The limit in bytes.
        limit: usize,
    },
    /// The transport ended before the header did.
    TransportLost,
    /// The version is neither 1 nor 2 (2.2).
    VersionUnknown(u8),
}

impl fmt::Display for ProxyHeaderError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AddressesInvalid => f.write_str("the addresses in the PROXY header are malformed"),
            Self::ChecksumMismatch => f.write_str("the checksum of the PROXY header is wrong"),
            Self::CommandUnknown(command) => {
                write!(f, "the command {command} of the PROXY header is neither LOCAL nor PROXY")
            }
            Self::FamilyUnknown => f.write_str("the address family of the PROXY header does not exist"),
            Self::Missing => f.write_str(
                "the connection does not begin with a PROXY header: let the proxy send one, or do not ask for it",
            ),
            Self::TimedOut => f.write_str("the PROXY header took too long"),
            Self::TlvInvalid => f.write_str("the further information in the PROXY header is malformed"),
            Self::TooLarge { limit } => write!(f, "the PROXY header is longer than {limit} bytes"),
            Self::TransportLost => f.write_str("the connection was dropped before the PROXY header was complete"),
            Self::VersionUnknown(version) => {
                write!(f, "the version {version} of the PROXY header is neither 1 nor 2")
            }
        }
    }
}

impl core::error::Error for ProxyHeaderError {}
