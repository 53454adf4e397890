//! Lengths in four bytes, for the binary serializers.

use bytes::BytesMut;

/// A length as the binary serializers write it. Longer things do not occur: messages and payloads are limited to 4 GiB
/// when they are made.
pub(super) fn len_32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}

/// Writes a length in front of position `at`, where there is room for it.
pub(super) fn set_len_32(out: &mut BytesMut, at: usize, len: usize) {
    if let Some(room) = at.checked_sub(4).and_then(|start| out.get_mut(start..at)) {
        room.copy_from_slice(&len_32(len).to_be_bytes());
    }
}
