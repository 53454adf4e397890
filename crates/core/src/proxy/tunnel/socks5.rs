//! SOCKS 5 (RFC 1928) with user name and password (RFC 1929).
//!
//! ```text
//!   us                                        the proxy
//!   05 n methods ───────────────────────────▶
//!                ◀─────────────────────────── 05 method
//!   01 n user n password ───────────────────▶             if method is 02
//!                ◀─────────────────────────── 01 status
//!   05 01 00 type address port ─────────────▶
//!                ◀─────────────────────────── 05 reply 00 type address port
//! ```

use alloc::vec;
use alloc::vec::Vec;

use bytes::{Buf, BytesMut};

use super::{Socks5Reply, TunnelError, TunnelRefusal, TunnelRequestError, TunnelViolation};
use crate::Outbox;
use crate::http::{Credentials, Host};

const VERSION: u8 = 5;
const AUTH_VERSION: u8 = 1;

const METHOD_NONE: u8 = 0x00;
const METHOD_PASSWORD: u8 = 0x02;
const METHOD_NONE_ACCEPTABLE: u8 = 0xff;

const COMMAND_CONNECT: u8 = 1;

const TYPE_IPV4: u8 = 1;
const TYPE_NAME: u8 = 3;
const TYPE_IPV6: u8 = 4;

pub(super) struct Socks5 {
    /// The request for a connection.
    request: Vec<u8>,
    /// User name and password as they are sent.
    login: Option<Vec<u8>>,
    state: State,
}

#[derive(Clone, Copy)]
enum State {
    Method,
    Login,
    Reply,
}

impl Socks5 {
    pub(super) fn new(
        host: &Host,
        port: u16,
        credentials: Option<&Credentials>,
    ) -> Result<Self, TunnelRequestError> {
        let mut request = vec![VERSION, COMMAND_CONNECT, 0];
        match host {
            Host::Name(name) => {
                request.push(TYPE_NAME);
                push_counted(&mut request, name.as_bytes()).ok_or(TunnelRequestError::HostTooLong)?;
            }
            Host::V4(address) => {
                request.push(TYPE_IPV4);
                request.extend(address.octets());
            }
            Host::V6(address) => {
                request.push(TYPE_IPV6);
                request.extend(address.octets());
            }
        }
        request.extend(port.to_be_bytes());
        let login = credentials.map(|Credentials { user, password }| {
            let mut login = vec![AUTH_VERSION];
            push_counted(&mut login, user.as_bytes())?;
            // RFC 1929 2 wants at least one byte of each, but a token as user name goes without password.
            push_counted(&mut login, password.as_bytes())?;
            Some(login)
        });
        let login = match login {
            Some(login) => Some(login.ok_or(TunnelRequestError::CredentialsTooLong)?),
            None => None,
        };
        Ok(Self { request, login, state: State::Method })
    }

    pub(super) fn begin(&self, outbox: &mut Outbox) {
        outbox.put_slice(match self.login {
            Some(_) => &[VERSION, 2, METHOD_NONE, METHOD_PASSWORD],
            None => &[VERSION, 1, METHOD_NONE],
        });
    }

    pub(super) fn advance(
        &mut self,
        received: &mut BytesMut,
        outbox: &mut Outbox,
    ) -> Result<Option<()>, TunnelError> {
        loop {
            let len = match (self.state, received.as_ref()) {
                (State::Method | State::Reply, [version, ..]) if *version != VERSION => {
                    return Err(TunnelError::Malformed(TunnelViolation::SocksVersion(*version)));
                }
                (State::Login, [version, ..]) if *version != AUTH_VERSION => {
                    return Err(TunnelError::Malformed(TunnelViolation::LoginVersion(*version)));
                }
                (State::Method, [_, method, ..]) => {
                    self.handle_method(*method, outbox)?;
                    2
                }
                (State::Login, [_, 0, ..]) => {
                    self.ask(outbox);
                    2
                }
                (State::Login, [_, _, ..]) => return Err(TunnelError::AuthenticationFailed),
                (State::Reply, [_, 0, rest @ ..]) => {
                    let Some(len) = reply_len(rest)?.filter(|len| *len <= received.len()) else {
                        return Ok(None);
                    };
                    received.advance(len);
                    return Ok(Some(()));
                }
                // What stands behind the code of a refusal says nothing, and some proxies leave it out.
                (State::Reply, [_, code, ..]) => {
                    return Err(TunnelError::Refused(TunnelRefusal::Reply(Socks5Reply(*code))));
                }
                (_, [] | [_]) => return Ok(None),
            };
            received.advance(len);
        }
    }

    /// RFC 1928 3.
    fn handle_method(&mut self, method: u8, outbox: &mut Outbox) -> Result<(), TunnelError> {
        match (method, &self.login) {
            (METHOD_NONE, _) => self.ask(outbox),
            (METHOD_PASSWORD, Some(login)) => {
                outbox.put_slice(login);
                self.state = State::Login;
            }
            (METHOD_NONE_ACCEPTABLE, None) => return Err(TunnelError::AuthenticationRequired),
            // It wants neither nothing nor a password.
            (METHOD_NONE_ACCEPTABLE, Some(_)) => return Err(TunnelError::AuthenticationFailed),
            _ => return Err(TunnelError::Malformed(TunnelViolation::SocksMethod(method))),
        }
        Ok(())
    }

    fn ask(&mut self, outbox: &mut Outbox) {
        outbox.put_slice(&self.request);
        self.state = State::Reply;
    }
}

/// The length of a successful reply, once it can be known; `rest` is what follows its code. RFC 1928 6: the address is
/// the proxy's own and of no use, and the reserved byte is not looked at.
fn reply_len(rest: &[u8]) -> Result<Option<usize>, TunnelError> {
    let address_len = match rest {
        [_, TYPE_IPV4, ..] => 4,
        [_, TYPE_IPV6, ..] => 16,
        [_, TYPE_NAME, len, ..] => 1 + usize::from(*len),
        [_, TYPE_NAME] | [] | [_] => return Ok(None),
        [_, other, ..] => return Err(TunnelError::Malformed(TunnelViolation::SocksAddressType(*other))),
    };
    Ok(Some(4 + address_len + 2))
}

/// Appends `bytes` behind a byte with their number.
fn push_counted(out: &mut Vec<u8>, bytes: &[u8]) -> Option<()> {
    out.push(u8::try_from(bytes.len()).ok()?);
    out.extend_from_slice(bytes);
    Some(())
}
