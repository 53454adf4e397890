//! Whole frames.

use bytes::Bytes;
use wirebahn_core::websocket::{Chunk, Fin, SendError};

use super::FrameSocket;
use crate::{Io, Runtime};

impl<I: Io, R: Runtime> FrameSocket<I, R> {
    /// The next frame of a message; `None` once the connection has ended, when [`closed`](Self::closed) tells how.
    pub async fn recv_frame(&mut self) -> Option<Chunk> {
        self.recv_part().await
    }

    /// Sends a frame of the message that was begun, and waits until it is written to the stream.
    ///
    /// # Errors
    ///
    /// No message was begun, the message gets too long, or the connection is closing.
    pub async fn send_frame(&mut self, payload: impl Into<Bytes>, fin: Fin) -> Result<(), SendError> {
        let payload = payload.into();
        self.ready().await?;
        self.engine_mut().send_frame(payload, fin)?;
        self.flush().await
    }
}
