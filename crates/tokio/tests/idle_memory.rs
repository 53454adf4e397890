//! What a connection of a server costs while nothing happens on it. Alone in its program: it counts every allocation.

#[cfg(test)]
mod tests {
    use std::alloc::System;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::sync::mpsc::sync_channel;

    use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};
    use wirebahn_tokio::{Server, ServerHandle, WebSocket};

    #[global_allocator]
    static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

    /// Twice as many are open in the end, with two file descriptors each: fewer than the 1,024 that systems allow.
    const CONNECTIONS: usize = 200;

    /// Bytes of heap that a connection may take: task, socket, engine, timer, and tokio's own share.
    const MAX_PER_CONNECTION: usize = 2 * 1024;

    fn allocated() -> usize {
        let stats = ALLOCATOR.stats();
        // Reallocations are counted in both sums already.
        stats.bytes_allocated - stats.bytes_deallocated
    }

    async fn echo(mut socket: WebSocket) {
        while let Some(message) = socket.recv().await {
            if socket.send(message).await.is_err() {
                break;
            }
        }
    }

    /// A server on a thread of its own, and a way to wait until it has nothing more to do.
    fn serve() -> (SocketAddr, ServerHandle) {
        let (tell, told) = sync_channel(1);
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let server = Server::bind("127.0.0.1:0").await.unwrap();
                tell.send((server.local_addr().unwrap(), server.handle())).unwrap();
                server.serve(echo).await.unwrap();
            });
        });
        told.recv().unwrap()
    }

    /// Opens a connection without touching the heap.
    fn open(address: SocketAddr) -> TcpStream {
        let mut stream = TcpStream::connect(address).unwrap();
        stream
            .write_all(
                b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
                  Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
            )
            .unwrap();
        let mut last = [0; 4];
        while last != *b"\r\n\r\n" {
            last.rotate_left(1);
            stream.read_exact(&mut last[3..]).unwrap();
        }
        stream
    }

    fn exchange(stream: &mut TcpStream) {
        stream.write_all(&[0x81, 0x82, 0, 0, 0, 0, b'h', b'i']).unwrap();
        let mut echo = [0; 4];
        stream.read_exact(&mut echo).unwrap();
        assert_eq!(echo, [0x81, 2, b'h', b'i']);
    }

    #[test]
    fn an_idle_connection_of_a_server_takes_little_memory_before_and_after_messages() {
        let (address, _handle) = serve();
        // Warm: pools, the runtime's tables, and the vector itself.
        let mut streams = Vec::with_capacity(2 * CONNECTIONS);
        streams.extend((0..CONNECTIONS).map(|_| open(address)));
        streams.iter_mut().for_each(exchange);
        let before = allocated();
        streams.extend((0..CONNECTIONS).map(|_| open(address)));
        // The first ones answer last, after everything that the new ones have brought about.
        streams[..CONNECTIONS].iter_mut().for_each(exchange);
        let idle = (allocated() - before) / CONNECTIONS;
        streams[CONNECTIONS..].iter_mut().for_each(exchange);
        streams[..CONNECTIONS].iter_mut().for_each(exchange);
        let used = (allocated() - before) / CONNECTIONS;
        println!("bytes of heap per connection: {idle} before and {used} after a message");
        assert!(idle <= MAX_PER_CONNECTION, "{idle} bytes");
        assert!(used <= MAX_PER_CONNECTION, "{used} bytes");
    }
}
