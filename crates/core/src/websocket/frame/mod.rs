//! Frames on the wire (RFC 6455 5): headers, opcodes, masks.

mod header;
mod mask;
mod opcode;

pub(in crate::websocket) use header::{FIN, LEN_16, LEN_64, MASKED, RESERVED};
pub use header::{FrameHeader, MAX_CONTROL_PAYLOAD, MAX_HEADER_LEN, ReservedBits};
pub use mask::MaskKey;
pub use opcode::Opcode;
