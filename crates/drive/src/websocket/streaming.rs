//! Payload as it arrives.

use bytes::Bytes;
use wirebahn_core::websocket::{Chunk, Fin, SendError};

use super::StreamingSocket;
use crate::{Io, Runtime};

impl<I: Io, R: Runtime> StreamingSocket<I, R> {
    /// The next piece of a message; `None` once the connection has ended, when [`closed`](Self::closed) tells how.
    pub async fn recv_chunk(&mut self) -> Option<Chunk> {
        self.recv_part().await
    }

    /// Begins a frame of `len` payload bytes, after waiting for room if need be.
    ///
    /// # Errors
    ///
    /// No message was begun, the last frame is unfinished, the message gets too long, or the connection is closing.
    pub async fn begin_frame(&mut self, len: u64, fin: Fin) -> Result<(), SendError> {
        self.ready().await?;
        self.engine_mut().begin_frame(len, fin)
    }

    /// Sends payload of the frame that was begun, after waiting for room if need be; returns how many bytes it still
    /// takes. It is on its way with the next call that waits; [`flush`](Self::flush) waits for that.
    ///
    /// # Errors
    ///
    /// No frame was begun, the payload is longer than what the frame still takes, or the connection has ended.
    pub async fn send_data(&mut self, payload: impl Into<Bytes>) -> Result<u64, SendError> {
        let payload = payload.into();
        self.ready().await?;
        self.engine_mut().send_data(payload)
    }
}
