//! Connections that compress, and frames made by hand.

use std::sync::Arc;

use miniz_oxide::deflate::core::{CompressorOxide, TDEFLFlush, compress_to_output};
use wirebahn_core::websocket::extension::deflate::{Backend, Deflate, DeflateOptions};
use wirebahn_core::websocket::extension::{Agreement, Extension, ExtensionParams, Extensions};
use wirebahn_core::websocket::opening::{
    Acceptance, ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest,
    ServerOpening, ServerOptions,
};
use wirebahn_core::websocket::{
    Cause, Config, Established, Event, Message, MessageEvent, Messages, Role, Violation,
};
use wirebahn_core::{Engine, Entropy, Instant};

pub(crate) const NOW: Instant = Instant::from_micros(1_000_000);

/// The key that every frame of a client is masked with.
pub(crate) const KEY: [u8; 4] = [9, 8, 7, 6];

pub(crate) struct Fixed;

impl Entropy for Fixed {
    fn fill(&mut self, out: &mut [u8]) {
        for (byte, key) in out.iter_mut().zip(KEY.iter().cycle()) {
            *byte = *key;
        }
    }
}

/// Every backend there is.
pub(crate) fn backends() -> Vec<Backend> {
    vec![
        Backend::MinizOxide,
        #[cfg(feature = "zlib-rs")]
        Backend::ZlibRs,
    ]
}

/// Options that compress everything.
pub(crate) fn options(backend: Backend) -> DeflateOptions {
    let mut options = DeflateOptions::default();
    options.backend = backend;
    options.send.window = backend.default_window();
    options.threshold = 0;
    options
}

pub(crate) fn quiet() -> Config {
    let mut config = Config::default();
    config.keepalive = None;
    config
}

pub(crate) fn params(text: &str) -> ExtensionParams {
    ExtensionParams::parse_list(text).next().unwrap().unwrap()
}

/// A server's end of a connection on which this offer was accepted.
pub(crate) fn accepted(options: DeflateOptions, offer: &str, config: Config) -> Established {
    let deflate = Deflate::new(options);
    let (_, terms) = deflate.accept(&params(offer)).expect("the offer is acceptable");
    let mut established = Established::new(Role::Server, Arc::new(config), Box::new(Fixed), NOW);
    established.extension = Some(Agreement::new(deflate.into(), terms));
    established
}

/// The server's end with default options, and everything of the client accepted.
pub(crate) fn server(config: Config) -> Messages {
    Messages::new(accepted(
        options(Backend::MinizOxide),
        "permessage-deflate; client_max_window_bits",
        config,
    ))
}

/// Both ends after a real handshake, and what was agreed upon.
pub(crate) fn handshake(
    client: Extensions,
    server: Extensions,
) -> Result<(Messages, Messages, Option<String>), ClientOpeningError> {
    let mut client_options = ClientOptions::default();
    client_options.config = Arc::new(quiet());
    client_options.extensions = client;
    let mut server_options = ServerOptions::default();
    server_options.config = Arc::new(quiet());
    server_options.extensions = server;
    let request = ClientRequest::new("ws://example.com/".parse().unwrap());
    let mut client = ClientOpening::new(request, Arc::new(client_options), Box::new(Fixed), NOW);
    let mut server = ServerOpening::new(Arc::new(server_options), None, Box::new(Fixed), NOW);
    deliver(&mut client, &mut server);
    server.accept(Acceptance::default(), NOW).unwrap();
    let answered = server.extension().map(ToString::to_string);
    deliver(&mut server, &mut client);
    match client.poll_event() {
        Some(ClientOpeningEvent::Open(response)) => {
            assert_eq!(response.extension.map(|extension| extension.to_string()), answered);
        }
        Some(ClientOpeningEvent::Failed(error)) => return Err(error),
        other => panic!("{other:?}"),
    }
    let client = Messages::new(client.into_established().unwrap());
    Ok((client, Messages::new(server.into_established().unwrap()), answered))
}

/// Moves everything that waits to be sent; how many bytes that were.
pub(crate) fn deliver<A: Engine, B: Engine>(from: &mut A, to: &mut B) -> usize {
    let bytes = sent(from);
    to.recv_buf().extend_from_slice(&bytes);
    to.handle_recv(NOW);
    bytes.len()
}

pub(crate) fn sent<E: Engine>(engine: &mut E) -> Vec<u8> {
    let outbox = engine.outbox();
    let bytes = outbox.pieces().flatten().copied().collect();
    outbox.clear();
    bytes
}

/// The messages that have come.
pub(crate) fn messages(engine: &mut Messages) -> Vec<Message> {
    std::iter::from_fn(|| engine.poll_event())
        .map(|event| match event {
            MessageEvent::Message(message) => message,
            other => panic!("{other:?}"),
        })
        .collect()
}

/// A frame with any first byte, as a client sends it.
pub(crate) fn masked(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match payload.len() {
        len @ 0..126 => frame.push(0x80 | len as u8),
        len @ 126..0x1_0000 => {
            frame.push(0x80 | 126);
            frame.extend((len as u16).to_be_bytes());
        }
        len => {
            frame.push(0x80 | 127);
            frame.extend((len as u64).to_be_bytes());
        }
    }
    frame.extend(KEY);
    frame.extend(payload.iter().zip(KEY.iter().cycle()).map(|(byte, key)| byte ^ key));
    frame
}

/// A compressor that is not the one under test: level 9, 15 bits, the tail cut off.
pub(crate) struct Peer(CompressorOxide);

impl Peer {
    pub(crate) fn compress(&mut self, message: &[u8]) -> Vec<u8> {
        let mut compressed = self.flush(message, TDEFLFlush::Sync);
        assert_eq!(compressed.split_off(compressed.len() - 4), [0, 0, 0xff, 0xff]);
        compressed
    }

    pub(crate) fn flush(&mut self, message: &[u8], flush: TDEFLFlush) -> Vec<u8> {
        let mut compressed = Vec::new();
        compress_to_output(&mut self.0, message, flush, |piece| {
            compressed.extend_from_slice(piece);
            true
        });
        compressed
    }
}

/// Raw DEFLATE, as zlib names it.
pub(crate) fn raw_peer() -> Peer {
    use miniz_oxide::deflate::core::create_comp_flags_from_zip_params;
    Peer(CompressorOxide::new(create_comp_flags_from_zip_params(9, -15, 0)))
}

/// Feeds everything and takes every event, whole or in pieces of this size.
pub(crate) fn feed<E: Engine>(engine: &mut E, input: &[u8], size: usize) -> Vec<E::Event> {
    let mut events = Vec::new();
    for piece in input.chunks(size.max(1)) {
        engine.recv_buf().extend_from_slice(piece);
        engine.handle_recv(NOW);
        events.extend(std::iter::from_fn(|| engine.poll_event()));
    }
    events
}

/// The violation that ended the connection.
pub(crate) fn violation(engine: &mut Messages) -> Violation {
    engine.handle_eof(NOW);
    match std::iter::from_fn(|| engine.poll_event()).last() {
        Some(MessageEvent::Closed(closed)) => match closed.cause {
            Cause::Violation(violation) => violation,
            other => panic!("{other:?}"),
        },
        other => panic!("{other:?}"),
    }
}

/// The payload of chunks, joined.
pub(crate) fn joined(events: &[Event]) -> Vec<u8> {
    events
        .iter()
        .flat_map(|event| match event {
            Event::Data(chunk) => chunk.payload().to_vec(),
            _ => Vec::new(),
        })
        .collect()
}

/// Text that looks like what applications send, different for each number.
pub(crate) fn json(number: usize, len: usize) -> String {
    let mut text = String::from("[");
    let mut at = number.wrapping_mul(7919);
    while text.len() < len {
        at = at.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        text.push_str(&format!(
            "{{\"id\":{},\"name\":\"user-{}\",\"active\":{}}},",
            at,
            at % 97,
            at.is_multiple_of(2)
        ));
    }
    text.truncate(len.saturating_sub(1));
    text.push(']');
    text
}
