//! HTTP CONNECT (RFC 9110 9.3.6).

use alloc::format;
use alloc::vec::Vec;

use bytes::BytesMut;

use super::{TunnelError, TunnelOptions, TunnelRefusal, TunnelViolation};
use crate::Outbox;
use crate::http::{
    Credentials, HeadError, Headers, Host, RequestHead, ResponseHead, ResponseReader, StatusCode,
    basic_credentials,
};

/// Interim responses that are skipped before the real one; a proxy has no reason to send more.
const MAX_INTERIM: usize = 8;

pub(super) struct Connect {
    request: Vec<u8>,
    has_credentials: bool,
    reader: ResponseReader,
    interim: usize,
}

impl Connect {
    pub(super) fn new(
        host: &Host,
        port: u16,
        credentials: Option<&Credentials>,
        options: &TunnelOptions,
    ) -> Self {
        // The port is never left out (RFC 9110 9.3.6).
        let target = format!("{host}:{port}");
        let mut headers = Headers::new();
        headers.push("Host", target.as_str());
        if let Some(credentials) = credentials {
            headers.push("Proxy-Authorization", basic_credentials(credentials));
        }
        headers.extend_except(&options.headers, |name| {
            ["Host", "Proxy-Authorization", "Content-Length", "Transfer-Encoding"]
                .iter()
                .any(|reserved| name.eq_ignore_ascii_case(reserved))
        });
        let head = RequestHead::new("CONNECT", &target, headers);
        Self {
            request: head.expect("a method that is a token, and a host that is visible ASCII").encode(),
            has_credentials: credentials.is_some(),
            reader: ResponseReader::new(options.head_limits),
            interim: 0,
        }
    }

    pub(super) fn begin(&self, outbox: &mut Outbox) {
        outbox.put_slice(&self.request);
    }

    pub(super) fn advance(&mut self, received: &mut BytesMut) -> Result<Option<()>, TunnelError> {
        loop {
            let head = match self.reader.read(received) {
                Ok(None) => return Ok(None),
                Ok(Some(head)) => head,
                Err(HeadError::TooLarge { limit }) => return Err(TunnelError::TooLarge { limit }),
                Err(error) => return Err(TunnelError::Malformed(TunnelViolation::Head(error))),
            };
            match head.status.get() {
                // RFC 9110 9.3.6: any 2xx, and its Content-Length and Transfer-Encoding mean nothing.
                200..=299 => return Ok(Some(())),
                _ if head.status.is_interim() => {
                    self.interim += 1;
                    if self.interim > MAX_INTERIM {
                        return Err(TunnelError::Malformed(TunnelViolation::InterimTooMany));
                    }
                }
                _ => return Err(self.refusal(head)),
            }
        }
    }

    fn refusal(&self, head: ResponseHead) -> TunnelError {
        match head.status {
            StatusCode::PROXY_AUTHENTICATION_REQUIRED if self.has_credentials => {
                TunnelError::AuthenticationFailed
            }
            StatusCode::PROXY_AUTHENTICATION_REQUIRED => TunnelError::AuthenticationRequired,
            status => TunnelError::Refused(TunnelRefusal::Status { status, headers: head.headers }),
        }
    }
}
