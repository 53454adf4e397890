//! Frames on the wire (RFC 6455 5).
