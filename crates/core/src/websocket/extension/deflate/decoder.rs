//! Messages on their way in.

use alloc::boxed::Box;
use alloc::sync::Arc;

use super::inflate::Inflater;
use super::options::{ContextTakeover, Direction};
use super::pool::Shared;
use crate::websocket::extension::{DecodeError, MessageDecoder};

/// Inflates the messages of a connection.
#[derive(Debug)]
pub(super) struct Decoder {
    shared: Arc<Shared>,
    params: Direction,
    /// Nothing before the first compressed message, and nothing between messages if no context is kept.
    inflater: Option<Box<Inflater>>,
}

impl Decoder {
    pub(super) const fn new(shared: Arc<Shared>, params: Direction) -> Self {
        Self { shared, params, inflater: None }
    }
}

impl MessageDecoder for Decoder {
    fn decode(&mut self, input: &mut &[u8]) -> Result<&[u8], DecodeError> {
        if self.inflater.is_none() && input.is_empty() {
            return Ok(&[]);
        }
        self.inflater.get_or_insert_with(|| self.shared.inflater(self.params.window)).decode(input)
    }

    fn finish(&mut self) -> Result<&[u8], DecodeError> {
        let Some(inflater) = &mut self.inflater else { return Ok(&[]) };
        if !inflater.finish()?.is_empty() {
            return Ok(self.inflater.as_ref().map_or(&[], |inflater| inflater.last_piece()));
        }
        if self.params.context == ContextTakeover::Reset
            && let Some(mut inflater) = self.inflater.take()
        {
            inflater.reset();
            self.shared.put_inflater(inflater);
        }
        Ok(&[])
    }
}
