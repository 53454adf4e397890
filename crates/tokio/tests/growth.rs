//! A server's memory after many connections and under floods. Alone in its program: it looks at the whole process.

#[cfg(target_os = "linux")]
#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::TcpStream;
    use wirebahn_tokio::{Server, WebSocket, connect};

    const CYCLES: usize = 2_500;
    const PAGE: usize = 4096;

    /// No allocator gives everything back at once, so small growth means nothing; 100 bytes lost per connection would
    /// exceed this only in the long run, a forgotten task or buffer does at once.
    const MAX_GROWTH: usize = 4 << 20;

    fn resident() -> usize {
        let statm = std::fs::read_to_string("/proc/self/statm").unwrap();
        PAGE * statm.split_whitespace().nth(1).unwrap().parse::<usize>().unwrap()
    }

    async fn echo(mut socket: WebSocket) {
        while let Some(message) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    }

    async fn cycles(url: &str, handle: &wirebahn_tokio::ServerHandle) {
        for cycle in 0..CYCLES {
            let mut socket = connect(url).await.unwrap();
            socket.send("hello").await.unwrap();
            assert!(socket.recv().await.is_some());
            if cycle % 5 > 0 {
                assert!(socket.close(1000.into(), "").await.unwrap().clean);
            }
        }
        while handle.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    }

    async fn ping_flood(url: &str) {
        let mut stream =
            TcpStream::connect(url.trim_start_matches("ws://").trim_end_matches('/')).await.unwrap();
        let upgrade = b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
            Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n";
        stream.write_all(upgrade).await.unwrap();
        let mut head = [0; 129];
        stream.read_exact(&mut head).await.unwrap();
        let mut ping = vec![0x89, 0xfd, 0, 0, 0, 0];
        ping.extend([7; 125]);
        let pings = ping.repeat(100);
        for _ in 0..1000 {
            stream.write_all(&pings).await.unwrap();
        }
    }

    /// One test, since both look at the memory of the process.
    #[tokio::test]
    async fn neither_many_connections_nor_a_flood_of_pings_leave_anything_behind() {
        let server = Server::bind("127.0.0.1:0").await.unwrap();
        let (url, handle) = (format!("ws://{}/", server.local_addr().unwrap()), server.handle());
        let server = tokio::spawn(server.serve(echo));
        cycles(&url, &handle).await;
        let warm = resident();
        cycles(&url, &handle).await;
        let after = resident();
        assert!(after < warm + MAX_GROWTH, "{} KiB after {CYCLES} connections", (after - warm) / 1024);
        ping_flood(&url).await;
        let after = resident();
        assert!(after < warm + MAX_GROWTH, "{} KiB after a flood of pings", (after - warm) / 1024);
        while handle.connections() > 0 {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
        handle.shut_down();
        server.await.unwrap().unwrap();
    }
}
