//! Connections that come back, on each runtime that has them.

macro_rules! reconnecting {
    ($name:ident, $adapter:ident, $block_on:path, $spawn:path) => {
        #[test]
        fn $name() {
            use $adapter::{
                BackoffOptions, Client, CloseCode, ReconnectEvent, Reconnecting, Server, WebSocket,
            };

            async fn echo(mut socket: WebSocket) {
                while let Some(message) = socket.recv().await {
                    if socket.send(message).await.is_err() {
                        break;
                    }
                }
            }

            $block_on(async {
                let server = Server::bind("127.0.0.1:0").await.unwrap();
                let address = server.local_addr().unwrap();
                let mut handle = server.handle();
                let mut serving = Some($spawn(server.serve(echo)));
                let mut backoff = BackoffOptions::default();
                backoff.initial_delay = std::time::Duration::from_millis(10);
                let client = Client::new(&format!("ws://{address}/")).unwrap();
                let mut socket = Reconnecting::new(client).backoff(backoff);
                let (mut answers, mut losses) = (0, 0);
                while let Some(event) = socket.recv_event().await {
                    match event {
                        ReconnectEvent::Connected(_) => socket.send("hello").await.unwrap(),
                        ReconnectEvent::Message(message) => {
                            assert_eq!(message.as_text(), Some("hello"));
                            answers += 1;
                            if answers == 2 {
                                socket.start_close(CloseCode::NORMAL, "").unwrap();
                            } else {
                                handle.shut_down();
                            }
                        }
                        ReconnectEvent::Lost(lost) => {
                            losses += 1;
                            assert_eq!((lost.written, lost.unwritten.len()), (1, 0));
                            let _ = serving.take().unwrap().await;
                            let server = Server::bind(address).await.unwrap();
                            handle = server.handle();
                            serving = Some($spawn(server.serve(echo)));
                        }
                        ReconnectEvent::Failed(failed) => assert!(failed.retry_in.is_some(), "{failed:?}"),
                        ReconnectEvent::Closed(closed) => assert!(closed.clean, "{closed}"),
                        event => panic!("{event:?}"),
                    }
                }
                assert_eq!((answers, losses), (2, 1));
                handle.shut_down();
                let _ = serving.take().unwrap().await;
            });
        }
    };
}

fn block_on_tokio<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Runtime::new().unwrap().block_on(test)
}

reconnecting!(on_tokio, wirebahn_tokio, block_on_tokio, tokio::spawn);
reconnecting!(on_smol, wirebahn_smol, smol::block_on, smol::spawn);
reconnecting!(on_async_std, wirebahn_async_std, async_std::task::block_on, async_std::task::spawn);
