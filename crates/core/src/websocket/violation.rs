//! What a peer can do wrong.

use core::fmt;

use super::CloseCode;

/// A way in which the peer broke RFC 6455 or a limit of ours. The connection is failed because of it (RFC 6455 7.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Violation {
    /// A Close frame with a code that must not be sent (7.4).
    CloseCodeInvalid(CloseCode),
    /// A Close frame whose reason is not UTF-8 (5.5.1).
    CloseReasonNotUtf8,
    /// A Close frame with one byte of payload, which is half a code (5.5.1).
    CloseTruncated,
    /// A continuation frame although no message is unfinished (5.4).
    ContinuationUnexpected,
    /// A control frame in fragments (5.5).
    ControlFragmented,
    /// A control frame of more than 125 bytes (5.5).
    ControlTooLong,
    /// A new message although the last one is unfinished (5.4).
    ContinuationMissing,
    /// A message that an extension cannot decode: corrupt compressed data (7.4.1; RFC 7692 7.2.2).
    EncodingCorrupt,
    /// A message that ends before what an extension has to decode does (7.4.1; RFC 7692 7.2.2).
    EncodingTruncated,
    /// A frame longer than [`Limits::max_frame_len`](super::Limits::max_frame_len).
    FrameTooLong {
        /// The announced length in bytes.
        len: u64,
        /// The limit in bytes.
        limit: u64,
    },
    /// More fragments than [`Limits::fragments`](super::Limits::fragments) allows for the bytes in them.
    FragmentsTooMany,
    /// A length encoded in more bytes than it needs (5.2).
    LengthNotMinimal,
    /// A length with the most significant bit set (5.2).
    LengthOverflow,
    /// A frame from a server with a mask (5.1).
    MaskForbidden,
    /// A frame from a client without a mask (5.1).
    MaskMissing,
    /// A message longer than [`Limits::max_message_len`](super::Limits::max_message_len).
    MessageTooLong {
        /// The limit in bytes.
        limit: u64,
    },
    /// A reserved opcode (5.2).
    OpcodeReserved(u8),
    /// A reserved bit although no extension was negotiated that gives it a meaning in this frame (5.2); the three bits as
    /// a number.
    ReservedBits(u8),
    /// A text message that is not UTF-8 (8.1).
    TextNotUtf8 {
        /// How many bytes of the message are valid.
        valid_up_to: u64,
    },
}

impl Violation {
    /// The close code that tells the peer (RFC 6455 7.4.1).
    #[must_use]
    pub const fn close_code(self) -> CloseCode {
        match self {
            Self::CloseReasonNotUtf8
            | Self::EncodingCorrupt
            | Self::EncodingTruncated
            | Self::TextNotUtf8 { .. } => CloseCode::INVALID_PAYLOAD,
            Self::FrameTooLong { .. } | Self::MessageTooLong { .. } => CloseCode::TOO_BIG,
            Self::FragmentsTooMany => CloseCode::POLICY_VIOLATION,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }

    /// The section of RFC 6455 that is broken.
    #[must_use]
    pub const fn section(self) -> &'static str {
        match self {
            Self::MaskForbidden | Self::MaskMissing => "5.1",
            Self::LengthNotMinimal
            | Self::LengthOverflow
            | Self::OpcodeReserved(_)
            | Self::ReservedBits(_) => "5.2",
            Self::ContinuationMissing | Self::ContinuationUnexpected => "5.4",
            Self::ControlFragmented | Self::ControlTooLong => "5.5",
            Self::CloseReasonNotUtf8 | Self::CloseTruncated => "5.5.1",
            Self::CloseCodeInvalid(_) => "7.4",
            Self::EncodingCorrupt | Self::EncodingTruncated => "7.4.1",
            Self::TextNotUtf8 { .. } => "8.1",
            Self::FragmentsTooMany | Self::FrameTooLong { .. } | Self::MessageTooLong { .. } => "10.4",
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CloseCodeInvalid(code) => write!(f, "close code {code} must not be sent"),
            Self::CloseReasonNotUtf8 => f.write_str("the close reason is not UTF-8"),
            Self::CloseTruncated => f.write_str("a Close frame of one byte"),
            Self::ContinuationUnexpected => f.write_str("a continuation frame outside of a message"),
            Self::ControlFragmented => f.write_str("a fragmented control frame"),
            Self::ControlTooLong => f.write_str("a control frame of more than 125 bytes"),
            Self::ContinuationMissing => f.write_str("a new message inside an unfinished one"),
            Self::EncodingCorrupt => f.write_str("a message whose compressed data is corrupt"),
            Self::EncodingTruncated => f.write_str("a message whose compressed data ends too early"),
            Self::FrameTooLong { len, limit } => {
                write!(f, "a frame of {len} bytes, but at most {limit} are accepted")
            }
            Self::FragmentsTooMany => f.write_str("too many fragments for too few bytes"),
            Self::LengthNotMinimal => f.write_str("a length in more bytes than it needs"),
            Self::LengthOverflow => f.write_str("a length of 2^63 or more"),
            Self::MaskForbidden => f.write_str("a masked frame from a server"),
            Self::MaskMissing => f.write_str("an unmasked frame from a client"),
            Self::MessageTooLong { limit } => {
                write!(f, "a message of more than the {limit} bytes that are accepted")
            }
            Self::OpcodeReserved(opcode) => write!(f, "the reserved opcode {opcode}"),
            Self::ReservedBits(bits) => write!(f, "reserved bits {bits:03b} without an extension"),
            Self::TextNotUtf8 { valid_up_to } => {
                write!(f, "text that is not UTF-8 after {valid_up_to} bytes")
            }
        }?;
        write!(f, " (RFC 6455 {})", self.section())
    }
}

impl core::error::Error for Violation {}
