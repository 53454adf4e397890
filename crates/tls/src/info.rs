//! What was agreed on.

use rustls::pki_types::CertificateDer;
use rustls::{
    ClientConnection, CommonState, Error, HandshakeKind, ProtocolVersion, ServerConnection,
    SupportedCipherSuite,
};

/// What RFC 9266 4 calls the exporter.
const EXPORTER_LABEL: &[u8] = b"EXPORTER-Channel-Binding";

/// What a TLS handshake came to.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct TlsInfo {
    /// The version of TLS.
    pub version: Option<ProtocolVersion>,
    /// The cryptography.
    pub cipher_suite: Option<SupportedCipherSuite>,
    /// The protocol on top (ALPN), if one was agreed on.
    pub alpn: Option<Vec<u8>>,
    /// The host that the client asked for (SNI), as a server sees it.
    pub server_name: Option<String>,
    /// The certificates of the other end in DER, its own first; they have been verified. Empty if it showed none.
    pub peer_certificates: Vec<CertificateDer<'static>>,
    /// Whether an earlier handshake was built on.
    pub is_resumed: bool,
    /// The channel binding `tls-exporter` (RFC 9266), the same at both ends of this connection and of no other. With
    /// TLS 1.3 only: RFC 9266 3 allows it before that under conditions that are not known here.
    pub channel_binding: Option<[u8; 32]>,
}

impl TlsInfo {
    /// What a client knows after the handshake.
    #[must_use]
    pub fn of_client(connection: &ClientConnection) -> Self {
        Self::new(connection, |out| {
            connection.export_keying_material(out, EXPORTER_LABEL, Some(&[])).map(drop)
        })
    }

    /// What a server knows after the handshake.
    #[must_use]
    pub fn of_server(connection: &ServerConnection) -> Self {
        let info = Self::new(connection, |out| {
            connection.export_keying_material(out, EXPORTER_LABEL, Some(&[])).map(drop)
        });
        Self { server_name: connection.server_name().map(Into::into), ..info }
    }

    fn new(state: &CommonState, export: impl FnOnce(&mut [u8; 32]) -> Result<(), Error>) -> Self {
        let version = state.protocol_version();
        let mut binding = [0; 32];
        let is_bound = version == Some(ProtocolVersion::TLSv1_3) && export(&mut binding).is_ok();
        Self {
            version,
            cipher_suite: state.negotiated_cipher_suite(),
            alpn: state.alpn_protocol().map(Into::into),
            server_name: None,
            peer_certificates: state.peer_certificates().unwrap_or_default().to_vec(),
            is_resumed: state.handshake_kind() == Some(HandshakeKind::Resumed),
            channel_binding: is_bound.then_some(binding),
        }
    }
}
