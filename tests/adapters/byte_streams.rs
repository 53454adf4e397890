//! Byte streams with the traits of `futures-io`, used by two tasks of the runtimes that have them.

macro_rules! byte_streams {
    ($name:ident, $adapter:ident, $block_on:path, $spawn:path) => {
        #[test]
        fn $name() {
            use smol::io::{AsyncReadExt, AsyncWriteExt};
            use $adapter::{ByteStream, Client, Server, Upgrade};

            $block_on(async {
                let server = Server::bind("127.0.0.1:0").await.unwrap();
                let url = format!("ws://{}/", server.local_addr().unwrap());
                let handle = server.handle();
                let serving = $spawn(server.serve_upgrades(|upgrade: Upgrade| async {
                    let stream = ByteStream::accept(upgrade).await.unwrap();
                    let (reader, mut writer) = smol::io::split(stream);
                    let _ = smol::io::copy(reader, &mut writer).await;
                    let _ = writer.close().await;
                }));
                let stream = ByteStream::connect(Client::new(&url).unwrap()).await.unwrap();
                let data: Vec<u8> = (0..300_000).map(|at| (at / 7) as u8).collect();
                let (mut reader, mut writer) = smol::io::split(stream);
                let sent = data.clone();
                let writing = $spawn(async move {
                    writer.write_all(&sent).await.unwrap();
                    writer
                });
                let mut received = vec![0; data.len()];
                reader.read_exact(&mut received).await.unwrap();
                assert!(received == data);
                writing.await.close().await.unwrap();
                assert_eq!(reader.read(&mut received).await.unwrap(), 0);
                handle.shut_down();
                serving.await.unwrap();
            });
        }
    };
}

byte_streams!(smol_has_byte_streams, wirebahn_smol, smol::block_on, smol::spawn);
byte_streams!(
    async_std_has_byte_streams,
    wirebahn_async_std,
    async_std::task::block_on,
    async_std::task::spawn
);
