//! permessage-deflate (RFC 7692).
//!
//! * `options`: what an endpoint wants. `negotiation`: what two of them agree upon.
//! * `compress`: one compressor per backend, of equal behaviour on the wire. `inflate`: the one decompressor.
//! * `encoder`, `decoder`: messages in a connection. `pool`: state that connections share.
//! * `memory`: what it all costs.

mod compress;
mod decoder;
mod encoder;
mod inflate;
mod memory;
mod negotiation;
mod options;
mod pool;

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec;
use alloc::vec::Vec;

pub use memory::DeflateMemory;
pub use negotiation::DeflateParams;
pub use options::{
    Backend, ContextTakeover, DeflateOptions, Direction, Level, MemoryLevel, THRESHOLD, WindowBits,
};
pub use pool::POOLED_STATES;

use super::{Extension, ExtensionError, ExtensionParams, MessageDecoder, MessageEncoder, Terms};
use crate::websocket::frame::ReservedBits;
use decoder::Decoder;
use encoder::Encoder;
use pool::Shared;

/// The name in `Sec-WebSocket-Extensions`.
const NAME: &str = "permessage-deflate";

/// Compression of messages with DEFLATE, for the list of extensions of a client or a server.
///
/// Connections that keep no context share compressors and decompressors through this object: use one for all
/// connections with the same options. Clones are the same object.
///
/// ```
/// use wirebahn_core::websocket::extension::deflate::{Deflate, DeflateOptions};
/// use wirebahn_core::websocket::opening::ServerOptions;
///
/// let mut options = ServerOptions::default();
/// options.extensions = vec![Deflate::new(DeflateOptions::server()).into()];
/// ```
#[derive(Clone, Debug)]
pub struct Deflate {
    shared: Arc<Shared>,
}

impl Deflate {
    /// The extension with these options.
    #[must_use]
    pub fn new(options: DeflateOptions) -> Self {
        Self { shared: Arc::new(Shared::new(options)) }
    }

    /// The options.
    #[must_use]
    pub fn options(&self) -> &DeflateOptions {
        &self.shared.options
    }
}

impl Default for Deflate {
    fn default() -> Self {
        Self::new(DeflateOptions::default())
    }
}

impl From<Deflate> for Arc<dyn Extension> {
    fn from(deflate: Deflate) -> Self {
        Arc::new(deflate)
    }
}

impl Extension for Deflate {
    fn name(&self) -> &str {
        NAME
    }

    fn offer(&self) -> ExtensionParams {
        negotiation::offer(&self.shared.options)
    }

    fn accept(&self, offer: &ExtensionParams) -> Option<(ExtensionParams, Terms)> {
        let (answer, params) = negotiation::accept(&self.shared.options, offer)?;
        Some((answer, terms(params)))
    }

    fn confirm(&self, answer: &ExtensionParams) -> Result<Terms, ExtensionError> {
        Ok(terms(negotiation::confirm(&self.shared.options, answer)?))
    }

    fn encoder(&self, terms: Terms) -> Box<dyn MessageEncoder> {
        let params = DeflateParams::unpack(terms.params);
        Box::new(Encoder::new(Arc::clone(&self.shared), params.send))
    }

    fn decoder(&self, terms: Terms) -> Box<dyn MessageDecoder> {
        let params = DeflateParams::unpack(terms.params);
        Box::new(Decoder::new(Arc::clone(&self.shared), params.receive))
    }
}

fn terms(params: DeflateParams) -> Terms {
    Terms { bits: ReservedBits::RSV1, params: params.pack() }
}

/// Makes lists like `[Deflate::default()].into()` short.
impl From<Deflate> for Vec<Arc<dyn Extension>> {
    fn from(deflate: Deflate) -> Self {
        vec![deflate.into()]
    }
}
