//! Messages in parts, whether those are frames or less.

use wirebahn_core::websocket::{Chunk, Event, MessageKind, SendError};

use super::{Connection, PartsLayer};
use crate::{Io, Runtime};

impl<L: PartsLayer, I: Io, R: Runtime> Connection<L, I, R> {
    /// Begins a message that is sent in parts.
    ///
    /// # Errors
    ///
    /// The last message is unfinished, or the connection is closing.
    pub fn begin_message(&mut self, kind: MessageKind) -> Result<(), SendError> {
        self.engine_mut().begin_message(kind)
    }

    /// Ends the message that was begun, with an empty frame.
    ///
    /// # Errors
    ///
    /// No message was begun, a frame is unfinished, or the connection is closing.
    pub async fn end_message(&mut self) -> Result<(), SendError> {
        self.ready().await?;
        self.engine_mut().end_message()?;
        self.flush().await
    }

    /// The next part of a message; `None` once the connection has ended.
    pub(super) async fn recv_part(&mut self) -> Option<Chunk> {
        loop {
            match self.recv_event().await {
                Some(Event::Data(chunk)) => return Some(chunk),
                Some(Event::Closed(_)) | None => return None,
                Some(_) => {}
            }
        }
    }
}
