use alloc::boxed::Box;
use alloc::sync::Arc;

use bytes::BytesMut;

use super::opening::SerializerId;
use super::{Config, MaxLen};
use crate::{Entropy, Instant, Outbox};

/// What an opening handshake leaves behind, to be moved into a [`RawSocket`](super::RawSocket).
///
/// Bytes that came right behind the handshake and bytes of the handshake that have not been sent yet travel along.
#[derive(Debug)]
#[non_exhaustive]
pub struct Established {
    /// The options of the connection.
    pub config: Arc<Config>,
    /// The serializer that was agreed on.
    pub serializer: SerializerId,
    /// The longest frame that the peer accepts.
    pub peer_max_len: MaxLen,
    /// Where the nonces of keepalive pings come from.
    pub entropy: Box<dyn Entropy>,
    /// Bytes received behind the handshake.
    pub received: BytesMut,
    /// Bytes of the handshake not sent yet.
    pub outbox: Outbox,
    /// When the handshake was completed.
    pub now: Instant,
}

impl Established {
    /// A connection whose handshake was made elsewhere.
    #[must_use]
    pub fn new(
        config: Arc<Config>,
        serializer: SerializerId,
        peer_max_len: MaxLen,
        entropy: Box<dyn Entropy>,
        now: Instant,
    ) -> Self {
        let outbox = Outbox::new(config.outbox_high_water);
        Self { config, serializer, peer_max_len, entropy, received: BytesMut::new(), outbox, now }
    }
}
