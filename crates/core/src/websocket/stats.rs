/// What has gone over a connection since it was opened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct TrafficStats {
    /// What was received.
    pub incoming: Traffic,
    /// What was sent, or waits to be.
    pub outgoing: Traffic,
}

/// One direction of a connection.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Traffic {
    /// Bytes of the opening handshake.
    pub opening_octets: u64,
    /// Bytes on the wire, without the opening handshake, with frame headers and control frames.
    pub wire_octets: u64,
    /// Payload bytes of data frames, as they went over the wire.
    pub websocket_octets: u64,
    /// Payload bytes of data frames, as the application sees them.
    pub app_octets: u64,
    /// Data frames.
    pub frames: u64,
    /// Messages.
    pub messages: u64,
}

impl Traffic {
    /// Bytes that framing and control frames cost per payload byte.
    #[must_use]
    pub fn overhead(&self) -> f64 {
        ratio(self.wire_octets.saturating_sub(self.websocket_octets), self.websocket_octets)
    }

    /// Payload bytes on the wire per byte that the application sees: below 1 if compression pays.
    #[must_use]
    pub fn compression_ratio(&self) -> f64 {
        ratio(self.websocket_octets, self.app_octets)
    }
}

#[expect(clippy::cast_precision_loss, reason = "a ratio for people to read")]
fn ratio(part: u64, whole: u64) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}
