//! What client and server agree on, and how a server says no.

use wirebahn_core::http::StatusCode;
use wirebahn_core::websocket::Messages;
use wirebahn_core::websocket::opening::{
    AcceptError, Acceptance, AnswerError, ClientOpeningError, HandshakeError, Refusal, ServerOptions,
    Subprotocol,
};
use wirebahn_tokio::{Client, ConnectError, Upgrade};

use crate::support::{Running, echo, soon};

async fn upgrades<H, F>(options: ServerOptions, handler: H) -> Running
where
    H: Fn(Upgrade) -> F + Send + Sync + 'static,
    F: Future<Output = ()> + Send + 'static,
{
    let server = Running::bind().await.options(options);
    let (address, handle) = (server.local_addr().unwrap(), server.handle());
    Running::of(&address, handle, tokio::spawn(server.serve_upgrades(handler)))
}

#[tokio::test]
async fn the_server_chooses_a_subprotocol_that_it_knows() {
    let mut options = ServerOptions::default();
    options.subprotocols = vec!["wamp.2.json".into(), "chat".into()];
    let server = Running::start(Running::bind().await.options(options), echo);
    let client = |offers: &[&str]| {
        offers.iter().fold(Client::new(&server.url()), |client, offer| client?.subprotocol(offer)).unwrap()
    };
    for (offers, chosen) in
        [(&["soap", "chat", "wamp.2.json"][..], Some("chat")), (&["soap"], None), (&[], None)]
    {
        let opened = soon(client(offers).connect()).await.unwrap();
        assert_eq!(opened.response.subprotocol.as_deref(), chosen);
    }
    server.end().await;
}

#[tokio::test]
async fn the_application_sees_the_request_and_names_subprotocol_and_headers() {
    let server = upgrades(ServerOptions::default(), |upgrade: Upgrade| async move {
        let request = upgrade.request();
        assert_eq!((request.http.path(), request.http.query()), ("/chat", Some("room=1")));
        assert_eq!(request.http.headers.get("X-Token").unwrap().as_bytes(), b"4711");
        assert_eq!(request.origin.as_deref(), Some("https://example.com"));
        assert_eq!(request.subprotocols, ["a", "b"]);
        assert!(request.http.peer.as_deref().is_some_and(|peer| peer.starts_with("127.0.0.1:")));
        let mut acceptance = Acceptance::default();
        acceptance.subprotocol = Subprotocol::Named("c".into());
        let (error, upgrade) = upgrade.accept::<Messages>(acceptance.clone()).await.unwrap_err();
        assert_eq!(error, AcceptError::SubprotocolNotOffered);
        acceptance.subprotocol = Subprotocol::Named("b".into());
        acceptance.headers.append("Set-Cookie", "id=1").unwrap();
        acceptance.headers.append("Set-Cookie", "id=2").unwrap();
        let socket = upgrade.accept::<Messages>(acceptance).await.unwrap();
        echo(socket).await;
    })
    .await;
    let client = Client::new(&format!("{}chat?room=1", server.url())).unwrap();
    let client = client.header("X-Token", "4711").unwrap().origin("https://example.com").unwrap();
    let client = client.subprotocol("a").unwrap().subprotocol("b").unwrap();
    let opened = soon(client.connect()).await.unwrap();
    assert_eq!(opened.response.subprotocol.as_deref(), Some("b"));
    let cookies: Vec<_> =
        opened.response.headers.get_all("Set-Cookie").map(|value| value.as_bytes()).collect();
    assert_eq!(cookies, [b"id=1", b"id=2"]);
    let mut socket = opened.connection;
    soon(socket.send("hello")).await.unwrap();
    assert!(soon(socket.recv()).await.is_some());
    soon(socket.close(1000.into(), "")).await.unwrap();
    server.end().await;
}

#[tokio::test]
async fn a_refusal_reaches_the_client_with_status_headers_and_body() {
    let server = upgrades(ServerOptions::default(), |upgrade: Upgrade| async move {
        let wrong = Refusal::new(StatusCode::SWITCHING_PROTOCOLS);
        let (error, upgrade) = upgrade.refuse(wrong).await.unwrap_err();
        assert_eq!(error, AnswerError::StatusInvalid(StatusCode::SWITCHING_PROTOCOLS));
        let mut refusal = Refusal::new(StatusCode::UNAUTHORIZED);
        refusal.headers.append("WWW-Authenticate", "Basic realm=\"x\"").unwrap();
        refusal.body = "who are you?".into();
        upgrade.refuse(refusal).await.unwrap();
    })
    .await;
    let error = soon(Client::new(&server.url()).unwrap().connect()).await.unwrap_err();
    let ConnectError::Opening(ClientOpeningError::Rejected(rejection)) = error else { panic!("{error:?}") };
    assert_eq!(rejection.status, StatusCode::UNAUTHORIZED);
    assert_eq!(rejection.headers.get("www-authenticate").unwrap().as_bytes(), b"Basic realm=\"x\"");
    assert_eq!((rejection.body.as_slice(), rejection.is_complete), (&b"who are you?"[..], true));
    server.end().await;
}

#[tokio::test]
async fn a_request_that_is_neither_accepted_nor_refused_is_dropped() {
    let server = upgrades(ServerOptions::default(), |_| async {}).await;
    let error = soon(Client::new(&server.url()).unwrap().connect()).await.unwrap_err();
    assert!(matches!(error, ConnectError::Opening(ClientOpeningError::TransportLost)), "{error:?}");
    server.end().await;
}

#[tokio::test]
async fn an_application_may_decide_late_and_notices_nothing_of_a_client_that_waits() {
    let (decide, decided) = tokio::sync::watch::channel(false);
    let server = upgrades(ServerOptions::default(), move |upgrade: Upgrade| {
        let mut decided = decided.clone();
        async move {
            decided.wait_for(|decided| *decided).await.unwrap();
            echo(upgrade.accept(Acceptance::default()).await.unwrap()).await;
        }
    })
    .await;
    let client = soon(async {
        let connecting = Client::new(&server.url()).unwrap().connect();
        tokio::pin!(connecting);
        loop {
            tokio::select! {
                biased;
                opened = &mut connecting => break opened,
                () = tokio::task::yield_now(), if !*decide.borrow() && server.handle.connections() == 1 => {
                    decide.send_replace(true);
                }
                () = tokio::task::yield_now() => {}
            }
        }
    })
    .await;
    drop(client.unwrap());
    server.end().await;
}

#[tokio::test]
async fn a_server_that_speaks_something_else_is_a_typed_error() {
    use tokio::io::AsyncWriteExt;
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("ws://{}/", listener.local_addr().unwrap());
    let answers: [&[u8]; 3] = [
        b"SSH-2.0-OpenSSH_9.6\r\n\r\n",
        b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
          Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=\r\n\r\n",
        b"",
    ];
    let server = tokio::spawn(async move {
        for answer in answers {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut request = [0; 1024];
            let _ = tokio::io::AsyncReadExt::read(&mut stream, &mut request).await.unwrap();
            stream.write_all(answer).await.unwrap();
        }
    });
    let mut errors = Vec::new();
    for _ in answers {
        errors.push(soon(Client::new(&url).unwrap().connect()).await.unwrap_err());
    }
    use ClientOpeningError::{Handshake, TransportLost};
    assert!(
        matches!(
            errors.as_slice(),
            [
                ConnectError::Opening(Handshake(HandshakeError::Head(_))),
                ConnectError::Opening(Handshake(HandshakeError::AcceptMismatch)),
                ConnectError::Opening(TransportLost),
            ]
        ),
        "{errors:?}"
    );
    soon(server).await.unwrap();
}
