//! Both sides, talking to each other in memory.

use std::sync::Arc;

use wirebahn_core::Engine;
use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::opening::{
    Acceptance, ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientRequest, OpeningFailure,
    Refusal, ServerOpening, ServerOpeningEvent, ServerOptions,
};

use super::support::{Counter, at, drain, feed};

fn pair(url: &str) -> (ClientOpening, ServerOpening) {
    let mut request = ClientRequest::new(url.parse().unwrap());
    request.add_subprotocol("x").unwrap().add_subprotocol("chat").unwrap();
    let client = ClientOpening::new(request, Arc::default(), Box::new(Counter(7)), at(0));
    let mut options = ServerOptions::default();
    options.subprotocols = vec!["chat".into()];
    (client, ServerOpening::new(Arc::new(options), None, Box::new(Counter(9)), at(0)))
}

#[test]
fn client_and_server_agree_for_every_size_of_pieces_and_every_form_of_url() {
    for url in
        ["ws://example.com", "wss://[::1]:9000/a?b", "ws+unix:///run/x.sock:/chat", "ws://u:p@127.0.0.1/"]
    {
        for size in (1..40).chain([100, 1000]) {
            let (mut client, mut server) = pair(url);
            for piece in drain(&mut client).chunks(size) {
                feed(&mut server, piece, at(1));
            }
            let Some(ServerOpeningEvent::Request(request)) = server.poll_event() else {
                panic!("no request")
            };
            assert_eq!(request.subprotocols, ["x", "chat"]);
            server.accept(Acceptance::default(), at(2)).unwrap();
            let mut answer = drain(&mut server);
            answer.extend_from_slice(b"frames");
            for piece in answer.chunks(size) {
                feed(&mut client, piece, at(3));
            }
            let Some(ClientOpeningEvent::Open(response)) = client.poll_event() else { panic!("not open") };
            assert_eq!(response.subprotocol.as_deref(), Some("chat"));
            assert_eq!(client.into_established().unwrap().received, b"frames"[..]);
            assert!(server.into_established().unwrap().received.is_empty());
        }
    }
}

#[test]
fn a_refusal_arrives_as_it_was_made() {
    let (mut client, mut server) = pair("ws://example.com/secret");
    feed(&mut server, &drain(&mut client), at(0));
    let mut refusal = Refusal::new(StatusCode::NOT_FOUND);
    refusal.headers.append("Content-Type", "text/plain").unwrap();
    refusal.body = "nothing here".into();
    server.refuse(refusal, at(0)).unwrap();
    feed(&mut client, &drain(&mut server), at(0));
    let Some(ClientOpeningEvent::Failed(ClientOpeningError::Rejected(rejection))) = client.poll_event()
    else {
        panic!("not rejected")
    };
    assert_eq!(rejection.status, StatusCode::NOT_FOUND);
    assert_eq!(rejection.headers.get("content-type").unwrap(), &"text/plain");
    assert_eq!((&rejection.body[..], rejection.is_complete), (&b"nothing here"[..], true));
    server.handle_eof(at(0));
    assert!(matches!(server.poll_event(), Some(ServerOpeningEvent::Request(_))));
    let Some(ServerOpeningEvent::Failed(failure)) = server.poll_event() else { panic!("no failure") };
    assert_eq!(failure, OpeningFailure::Refused(StatusCode::NOT_FOUND));
}
