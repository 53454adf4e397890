//! The four parameters (RFC 7692 7.1).

use alloc::borrow::Cow;
use alloc::string::ToString;

use super::NAME;
use super::options::{ContextTakeover, DeflateOptions, Direction, WindowBits};
use crate::websocket::extension::{ExtensionError, ExtensionParams};

const SERVER_NO_CONTEXT: &str = "server_no_context_takeover";
const CLIENT_NO_CONTEXT: &str = "client_no_context_takeover";
const SERVER_WINDOW: &str = "server_max_window_bits";
const CLIENT_WINDOW: &str = "client_max_window_bits";

/// What two ends have agreed upon, seen from one of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DeflateParams {
    /// How this end compresses. With [`WindowBits::MIN`] it does not: no compressor can keep to that.
    pub send: Direction,
    /// How the peer compresses.
    pub receive: Direction,
}

impl DeflateParams {
    /// As a number, for [`Terms`](crate::websocket::extension::Terms).
    pub(super) fn pack(self) -> u32 {
        u32::from_le_bytes([self.send.pack(), self.receive.pack(), 0, 0])
    }

    /// What [`pack`](Self::pack) made a number of.
    pub(super) fn unpack(packed: u32) -> Self {
        let [send, receive, ..] = packed.to_le_bytes();
        Self { send: Direction::unpack(send), receive: Direction::unpack(receive) }
    }
}

/// The parameters of an offer or an answer.
#[derive(Debug, Default)]
struct Parsed {
    server_no_context: bool,
    client_no_context: bool,
    server_window: Option<WindowBits>,
    /// Present, perhaps with a value.
    client_window: Option<Option<WindowBits>>,
}

/// What a client offers.
pub(super) fn offer(options: &DeflateOptions) -> ExtensionParams {
    build(&Parsed {
        server_no_context: options.receive.context == ContextTakeover::Reset,
        client_no_context: options.send.context == ContextTakeover::Reset,
        server_window: smaller(options.receive.window),
        // Without a value, though RFC 7692 7.1.2.2 has room for one: servers that forget it, such as Autobahn's, answer
        // with more. A smaller window than agreed upon is ours to choose all the same.
        client_window: Some(None),
    })
}

/// What a server answers, and what that means; `None` declines the offer.
pub(super) fn accept(
    options: &DeflateOptions,
    offer: &ExtensionParams,
) -> Option<(ExtensionParams, DeflateParams)> {
    let offer = parse(offer).ok()?;
    // RFC 7692 7.1.2.1. A window of 8 bits is more than our compressors can promise.
    let limit = offer.server_window.unwrap_or(WindowBits::MAX);
    let send_window = options.send.window.max(WindowBits::MIN_SEND).min(limit);
    if send_window < WindowBits::MIN_SEND {
        return None;
    }
    // RFC 7692 7.1.2.2: without the parameter in the offer, the answer must not have it.
    let receive_window = match offer.client_window {
        Some(limit) => options.receive.window.min(limit.unwrap_or(WindowBits::MAX)),
        None => WindowBits::MAX,
    };
    // RFC 7692 7.1.1: both may be answered unasked; what is asked of us must be, and what the client does anyway is
    // best agreed upon.
    let params = DeflateParams {
        send: Direction { window: send_window, context: reset_if(options.send, offer.server_no_context) },
        receive: Direction {
            window: receive_window,
            context: reset_if(options.receive, offer.client_no_context),
        },
    };
    let answer = build(&Parsed {
        server_no_context: params.send.context == ContextTakeover::Reset,
        client_no_context: params.receive.context == ContextTakeover::Reset,
        server_window: offer.server_window.map_or_else(|| smaller(send_window), |_| Some(send_window)),
        client_window: smaller(receive_window).map(Some),
    });
    Some((answer, params))
}

/// What a server's answer means for a client that has made [`offer`].
pub(super) fn confirm(
    options: &DeflateOptions,
    answer: &ExtensionParams,
) -> Result<DeflateParams, ExtensionError> {
    let answer = parse(answer)?;
    let invalid = |name: &str| Err(ExtensionError::ParamInvalid(name.into()));
    let missing = |name: &str| Err(ExtensionError::ParamMissing(name.into()));
    // RFC 7692 7.1.1.1, 7.1.2.1: what was asked for is granted or the offer declined; the server may do so unasked.
    if options.receive.context == ContextTakeover::Reset && !answer.server_no_context {
        return missing(SERVER_NO_CONTEXT);
    }
    let receive_window = match (answer.server_window, smaller(options.receive.window)) {
        (Some(granted), Some(asked)) if granted > asked => return invalid(SERVER_WINDOW),
        (None, Some(_)) => return missing(SERVER_WINDOW),
        (granted, _) => granted.unwrap_or(WindowBits::MAX),
    };
    // RFC 7692 7.1.2.2: in an answer it has a value.
    let send_window = options.send.window.max(WindowBits::MIN_SEND);
    let send_window = match answer.client_window {
        Some(None) => return invalid(CLIENT_WINDOW),
        Some(Some(limit)) => limit.min(send_window),
        None => send_window,
    };
    Ok(DeflateParams {
        send: Direction { window: send_window, context: reset_if(options.send, answer.client_no_context) },
        receive: Direction {
            window: receive_window,
            context: if answer.server_no_context { ContextTakeover::Reset } else { ContextTakeover::Keep },
        },
    })
}

fn reset_if(wanted: Direction, asked: bool) -> ContextTakeover {
    if asked { ContextTakeover::Reset } else { wanted.context }
}

/// The window, if it is smaller than what goes without saying.
fn smaller(window: WindowBits) -> Option<WindowBits> {
    (window < WindowBits::MAX).then_some(window)
}

fn parse(params: &ExtensionParams) -> Result<Parsed, ExtensionError> {
    let mut parsed = Parsed::default();
    let mut seen = [false; 4];
    for param in params.params() {
        let name = &*param.name;
        let invalid = || ExtensionError::ParamInvalid(name.into());
        let value = param.value.as_deref();
        let place = match name {
            SERVER_NO_CONTEXT | CLIENT_NO_CONTEXT if value.is_some() => return Err(invalid()),
            SERVER_NO_CONTEXT => {
                parsed.server_no_context = true;
                0
            }
            CLIENT_NO_CONTEXT => {
                parsed.client_no_context = true;
                1
            }
            SERVER_WINDOW => {
                parsed.server_window = Some(value.and_then(window).ok_or_else(invalid)?);
                2
            }
            CLIENT_WINDOW => {
                parsed.client_window =
                    Some(value.map(|value| window(value).ok_or_else(invalid)).transpose()?);
                3
            }
            _ => return Err(ExtensionError::ParamUnknown(name.into())),
        };
        // RFC 7692 7.1: a parameter occurs at most once.
        if seen.get_mut(place).is_some_and(|seen| core::mem::replace(seen, true)) {
            return Err(ExtensionError::ParamRepeated(name.into()));
        }
    }
    Ok(parsed)
}

/// A decimal integer from 8 to 15 without leading zeros (RFC 7692 7.1.2).
fn window(value: &str) -> Option<WindowBits> {
    (8..=15).find(|bits: &u8| value == bits.to_string()).and_then(WindowBits::new)
}

fn build(parsed: &Parsed) -> ExtensionParams {
    let mut params = ExtensionParams::new(NAME).expect("the name is a token");
    let mut push = |name: &'static str, window: Option<WindowBits>| {
        let value = window.map(|window| Cow::Owned(window.bits().to_string()));
        params.push(name, value).expect("names and numbers are tokens");
    };
    if parsed.server_no_context {
        push(SERVER_NO_CONTEXT, None);
    }
    if parsed.client_no_context {
        push(CLIENT_NO_CONTEXT, None);
    }
    if let Some(window) = parsed.server_window {
        push(SERVER_WINDOW, Some(window));
    }
    if let Some(window) = parsed.client_window {
        push(CLIENT_WINDOW, window);
    }
    params
}
