//! Where a node listens, and what it makes of the first octets.

use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use wirebahn_node::{Endpoint, Node};

use crate::support::{address, config, get, read_to_end, start};

#[tokio::test]
async fn a_port_in_use_is_one_clear_line() {
    let node = start("").await;
    let taken = address(&node);
    let mut config = config("");
    config.listeners[0].endpoint = format!("tcp://{taken}").parse::<Endpoint>().unwrap();
    let error = Node::start(config).await.unwrap_err().to_string();
    assert!(error.starts_with(&format!("cannot listen on tcp://{taken}: ")), "{error}");
    assert!(error.ends_with("; end what listens there, or choose another address"), "{error}");
    assert!(!error.contains('\n'), "{error}");
}

#[tokio::test]
async fn what_is_not_spoken_is_dropped() {
    let node = start("[[listeners]]\nprotocols = [\"http\", \"websocket\"]").await;
    let mut stream = TcpStream::connect(address(&node)).await.unwrap();
    stream.write_all(&[0x7f, 0xf1, 0, 0]).await.unwrap();
    // Dropping a stream with unread octets resets it.
    assert_eq!(read_to_end(&mut stream).await.unwrap_or_default(), b"");

    let node = start("[[listeners]]\nprotocols = [\"rawsocket\"]").await;
    let mut stream = TcpStream::connect(address(&node)).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
    assert_eq!(read_to_end(&mut stream).await.unwrap_or_default(), b"");
}

#[tokio::test]
async fn who_says_nothing_is_dropped() {
    let node = start("[websocket]\nopen_timeout = \"50ms\"").await;
    let mut stream = TcpStream::connect(address(&node)).await.unwrap();
    assert_eq!(read_to_end(&mut stream).await.unwrap(), b"");
    let (_, metrics) = get(&address(&node), "/metrics").await;
    assert!(
        metrics.contains("connections_refused_total{listener=\"main\",reason=\"timeout\"} 1\n"),
        "{metrics}"
    );
}

#[tokio::test]
async fn dropping_a_node_ends_it() {
    let node = start("").await;
    let address = address(&node);
    let mut stream = TcpStream::connect(&address).await.unwrap();
    drop(node);
    assert_eq!(read_to_end(&mut stream).await.unwrap_or_default(), b"");
    // The tasks end when the runtime gets to them.
    for _ in 0..1000 {
        if TcpStream::connect(&address).await.is_err() {
            return;
        }
        tokio::task::yield_now().await;
    }
    panic!("the port is still open");
}

#[cfg(unix)]
mod unix {
    use std::path::PathBuf;

    use tokio::io::AsyncReadExt;
    use tokio::net::{UnixListener, UnixStream};

    use super::*;

    /// A path that nobody else uses.
    fn path(name: &str) -> PathBuf {
        std::env::temp_dir().join(format!("wirebahn-node-{}-{name}.sock", std::process::id()))
    }

    async fn start_on(path: &std::path::Path) -> Result<Node, wirebahn_node::StartError> {
        let mut config = config("");
        config.listeners[0].endpoint = Endpoint::Unix(path.into());
        Node::start(config).await
    }

    #[tokio::test]
    async fn a_unix_socket_is_served_and_removed_at_the_end() {
        let path = path("served");
        let node = start_on(&path).await.unwrap();
        assert_eq!(node.listeners()[0].endpoint.to_string(), format!("unix:{}", path.display()));
        let mut stream = UnixStream::connect(&path).await.unwrap();
        stream.write_all(b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n").await.unwrap();
        let mut response = String::new();
        stream.read_to_string(&mut response).await.unwrap();
        assert!(response.ends_with("ok\n"), "{response}");
        node.shut_down().await;
        for _ in 0..1000 {
            if !path.exists() {
                return;
            }
            tokio::task::yield_now().await;
        }
        panic!("the socket is still there");
    }

    #[tokio::test]
    async fn a_socket_that_a_dead_process_left_is_replaced_and_a_living_one_is_not() {
        let path = path("stale");
        let living = UnixListener::bind(&path).unwrap();
        let error = start_on(&path).await.unwrap_err();
        assert_eq!(error.error.kind(), std::io::ErrorKind::AddrInUse);
        drop(living);
        assert!(path.exists());
        start_on(&path).await.unwrap();
    }

    #[tokio::test]
    async fn a_file_that_is_no_socket_is_left_alone() {
        let path = path("file");
        std::fs::write(&path, "mine").unwrap();
        let error = start_on(&path).await.unwrap_err();
        assert_eq!(error.error.kind(), std::io::ErrorKind::AlreadyExists);
        assert_eq!(std::fs::read_to_string(&path).unwrap(), "mine");
        std::fs::remove_file(&path).unwrap();
    }
}
