//! Frames and octets as `tracing` events at trace level; nothing at all without the feature.

use super::frame::Opcode;

#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn frame(direction: Direction, fin: bool, opcode: Opcode, len: u64) {
    match direction {
        Direction::Received => {
            tracing::trace!(target: "wirebahn::frame", ?opcode, fin, len, "< frame");
        }
        Direction::Sent => tracing::trace!(target: "wirebahn::frame", ?opcode, fin, len, "> frame"),
    }
}

#[cfg(feature = "tracing")]
#[inline]
pub(crate) fn octets(direction: Direction, octets: &[u8]) {
    match direction {
        Direction::Received => tracing::trace!(target: "wirebahn::octets", ?octets, "< octets"),
        Direction::Sent => tracing::trace!(target: "wirebahn::octets", ?octets, "> octets"),
    }
}

#[cfg(feature = "tracing")]
pub(crate) fn closed(closed: &super::Closed) {
    tracing::debug!(target: "wirebahn::close", %closed, "= closed");
}

#[cfg(not(feature = "tracing"))]
pub(crate) fn frame(_: Direction, _: bool, _: Opcode, _: u64) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn octets(_: Direction, _: &[u8]) {}

#[cfg(not(feature = "tracing"))]
pub(crate) fn closed(_: &super::Closed) {}

#[derive(Clone, Copy, Debug)]
pub(crate) enum Direction {
    Received,
    Sent,
}
