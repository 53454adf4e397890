//! Whole frames.

use bytes::Bytes;
use wirebahn_core::websocket::{Chunk, Event, Fin, MessageKind, SendError};

use super::FrameSocket;
use crate::{Io, Runtime};

impl<I: Io, R: Runtime> FrameSocket<I, R> {
    /// The next frame of a message; `None` once the connection has ended, when [`closed`](Self::closed) tells how.
    pub async fn recv_frame(&mut self) -> Option<Chunk> {
        loop {
            match self.recv_event().await {
                Some(Event::Data(chunk)) => return Some(chunk),
                Some(Event::Closed(_)) | None => return None,
                Some(_) => {}
            }
        }
    }

    /// Begins a message that is sent frame by frame.
    ///
    /// # Errors
    ///
    /// The last message is unfinished, or the connection is closing.
    pub fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
        self.engine_mut().begin_message(kind)
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

    /// Ends the message that was begun, with an empty frame.
    ///
    /// # Errors
    ///
    /// No message was begun, or the connection is closing.
    pub async fn end_message(&mut self) -> Result<(), SendError> {
        self.ready().await?;
        self.engine_mut().end_message()?;
        self.flush().await
    }
}
