//! Arbitrary bytes into the client's opening handshake.

use std::sync::Arc;

use wirebahn_core::websocket::opening::{
    ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions, ClientRequest,
};
use wirebahn_core::{Engine, Transport};
use wirebahn_testkit::at;

use crate::entropy::Zeros;
use crate::input::{Flags, Input};

// The flags.
/// Three bits: which of [`PREFIXES`] stands before the bytes.
const PREFIX: u32 = 0;
const SUBPROTOCOLS: u32 = 3;
const SMALL_HEAD: u32 = 4;
const SMALL_BODY: u32 = 5;
const EOF: u32 = 6;

/// The proof that a server has understood the key of 16 zeros (RFC 6455 4.2.2 item 5.4).
const PROOF: &str = "ICX+Yqv66kxgM0FcWaLWlFLwTAI=";

/// Valid beginnings, so that not all inputs fail at the first checks.
const PREFIXES: [&str; 8] = [
    "",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n",
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
     Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n\r\n",
    "HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nTransfer-Encoding: chunked\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\nContent-Length: 20\r\n\r\n",
    "HTTP/1.1 404 Not Found\r\n\r\n",
    "HTTP/1.1 ",
];

/// Bytes of a server, in pieces, into the opening handshake of a client.
///
/// # Panics
///
/// If the pieces matter, a connection is opened without proof, bytes behind the response get lost, or the contract of
/// engines is broken.
pub fn client_opening(data: &[u8]) {
    let Some(input) = Input::parse(data) else { return };
    let prefix = PREFIXES.get(usize::from(input.flags.number(PREFIX, 3))).copied().unwrap_or_default();
    let bytes = [prefix.as_bytes(), input.bytes].concat();
    let options = Arc::new(options(input.flags));
    let whole = run(&options, input.flags, &[&bytes]);
    let pieces = run(&options, input.flags, &input.cut(&bytes));
    assert_eq!(whole, pieces, "the pieces matter");
    // What prefixes that hold a whole head must lead to.
    match input.flags.number(PREFIX, 3) {
        2 => assert!(whole.event.starts_with("Open("), "a valid response is refused: {}", whole.event),
        4..=6 => assert!(whole.event.starts_with("Failed(Rejected("), "{}", whole.event),
        _ => {}
    }
    if let Some(leftover) = &whole.leftover {
        let head = bytes.strip_suffix(leftover.as_slice()).expect("what is left is the end of the input");
        check_opened(head);
    }
}

fn options(flags: Flags) -> ClientOptions {
    let mut options = ClientOptions::default();
    if flags.has(SMALL_HEAD) {
        options.head_limits.max_len = 256;
        options.head_limits.max_headers = 8;
    }
    if flags.has(SMALL_BODY) {
        options.max_body_len = 16;
    }
    options
}

fn request(flags: Flags) -> ClientRequest {
    let url = "ws://user:secret@example.com:8080/chat?room=1".parse().expect("this URL is valid");
    let mut request = ClientRequest::new(url);
    if flags.has(SUBPROTOCOLS) {
        for name in ["chat", "wamp.2.json"] {
            request.add_subprotocol(name).expect("these subprotocols are valid");
        }
    }
    request
}

/// What could be seen of an engine.
#[derive(Debug, PartialEq)]
struct Seen {
    event: String,
    /// The bytes behind the response, if the connection was opened.
    leftover: Option<Vec<u8>>,
}

fn run(options: &Arc<ClientOptions>, flags: Flags, pieces: &[&[u8]]) -> Seen {
    let mut engine = ClientOpening::new(request(flags), Arc::clone(options), Box::new(Zeros), at(0));
    let request_len = engine.outbox().len();
    let (mut events, mut unread) = (Vec::new(), Vec::new());
    for piece in pieces {
        if engine.transport() == Transport::Open {
            engine.recv_buf().extend_from_slice(piece);
            engine.handle_recv(at(0));
        } else {
            unread.extend_from_slice(piece);
        }
        look(&mut engine, options, &mut events);
        if events.is_empty() {
            let bound = options.head_limits.max_len.max(options.max_body_len);
            assert!(engine.recv_buf().len() < bound, "an unfinished response is not bounded");
        }
    }
    assert_eq!(engine.outbox().len(), request_len, "nothing but the request is sent");
    if flags.has(EOF) {
        engine.handle_eof(at(1));
        look(&mut engine, options, &mut events);
    }
    while let Some(deadline) = engine.poll_timeout() {
        engine.handle_timeout(deadline);
        assert!(engine.poll_timeout().is_none_or(|next| next > deadline));
        look(&mut engine, options, &mut events);
    }
    let [event] = events.as_slice() else { panic!("not exactly one event: {events:?}") };
    let event = event.clone();
    let leftover = engine.into_established().ok().map(|established| {
        let mut leftover = established.received.to_vec();
        leftover.extend(unread);
        leftover
    });
    Seen { event, leftover }
}

fn look(engine: &mut ClientOpening, options: &ClientOptions, events: &mut Vec<String>) {
    while let Some(event) = engine.poll_event() {
        events.push(format!("{event:?}"));
        match event {
            ClientOpeningEvent::Open(_) => assert!(engine.is_open() && engine.poll_timeout().is_none()),
            ClientOpeningEvent::Failed(error) => {
                assert_eq!((engine.transport(), engine.poll_timeout()), (Transport::Close, None));
                if let ClientOpeningError::Rejected(rejection) = error {
                    assert!(rejection.body.len() <= options.max_body_len, "a body is not bounded");
                }
            }
            _ => {}
        }
    }
}

/// Whether what opened a connection has all that RFC 6455 4.1 asks for, looked for without regard to syntax.
fn check_opened(head: &[u8]) {
    let text = String::from_utf8_lossy(head);
    assert!(text.ends_with("\r\n\r\n"));
    let last = text.trim_end().rsplit("\r\n\r\n").next().expect("rsplit gives at least one part");
    assert!(last.starts_with("HTTP/1.1 101"), "{last:?}");
    assert!(last.contains(PROOF), "a connection without proof: {last:?}");
    let lower = last.to_ascii_lowercase();
    for needed in ["upgrade:", "websocket", "connection:"] {
        assert!(lower.contains(needed), "a connection without {needed}: {last:?}");
    }
}
