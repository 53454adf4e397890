//! What an opening handshake leaves behind.

use alloc::boxed::Box;
use alloc::sync::Arc;

use bytes::BytesMut;

use super::extension::Agreement;
use super::{Config, Role};
use crate::{Entropy, Instant, Outbox};

/// An open connection, to be moved into the layer of one's choice.
///
/// Bytes that came right behind the handshake and bytes of the handshake that have not been sent yet travel along.
#[derive(Debug)]
#[non_exhaustive]
pub struct Established {
    /// Which end we are.
    pub role: Role,
    /// The options of the connection; replace it to give this connection its own.
    pub config: Arc<Config>,
    /// Where mask keys and nonces come from.
    pub entropy: Box<dyn Entropy>,
    /// Bytes received behind the handshake.
    pub received: BytesMut,
    /// Bytes of the handshake not sent yet.
    pub outbox: Outbox,
    /// The extension that was agreed upon.
    pub extension: Option<Agreement>,
    /// How many bytes of the handshake were received, for the statistics.
    pub opening_octets: u64,
    /// When the handshake was completed.
    pub now: Instant,
}

impl Established {
    /// A connection whose handshake was made elsewhere, for example by an HTTP server.
    #[must_use]
    pub fn new(role: Role, config: Arc<Config>, entropy: Box<dyn Entropy>, now: Instant) -> Self {
        let outbox = Outbox::new(config.limits.outbox_high_water);
        Self {
            role,
            config,
            entropy,
            received: BytesMut::new(),
            outbox,
            extension: None,
            opening_octets: 0,
            now,
        }
    }
}
