//! Carrying bytes.

use std::io;

use tokio::io::{AsyncWriteExt, copy, split};
use wirebahn_tokio::{ByteStream, Stream};

/// Carries bytes in both directions until the connection ends, which it does for both: WebSocket knows no half-closed
/// connections.
///
/// # Errors
///
/// One of the two broke, and the other one was broken off, too.
pub(super) async fn relay(tunnel: ByteStream, mut stream: Stream) -> io::Result<()> {
    let result = carry(tunnel, &mut stream).await;
    if let (Err(_), Stream::Tcp(stream)) = (&result, &stream) {
        // Reset, so that what came so far is not taken for all there is.
        let _ = stream.set_zero_linger();
    }
    result
}

async fn carry(tunnel: ByteStream, stream: &mut Stream) -> io::Result<()> {
    let (mut from_tunnel, mut to_tunnel) = split(tunnel);
    let (mut from_stream, mut to_stream) = split(stream);
    let inwards = async {
        copy(&mut from_stream, &mut to_tunnel).await?;
        // The Close frame, to which the other end answers with its own.
        to_tunnel.shutdown().await
    };
    let outwards = async {
        copy(&mut from_tunnel, &mut to_stream).await?;
        to_stream.shutdown().await
    };
    tokio::pin!(inwards, outwards);
    tokio::select! {
        // Nothing that is still to come inwards has a way to go.
        done = &mut outwards => return done,
        done = &mut inwards => done?,
    }
    outwards.await
}
