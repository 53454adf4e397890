//! The versions of the protocol and what differs between them, in one table.

use core::fmt;

/// A version of the WebSocket protocol, as negotiated by `Sec-WebSocket-Version`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ProtocolVersion {
    /// 13: RFC 6455, and the drafts hybi-13 to hybi-17.
    #[default]
    V13,
}

/// What is particular to a version.
struct Row {
    version: ProtocolVersion,
    /// The value of `Sec-WebSocket-Version` (RFC 6455 11.6).
    number: u16,
    /// The header that names the origin (RFC 6455 4.1 item 8).
    origin_header: &'static str,
}

/// In order of preference, newest first, as a refusal lists them.
const TABLE: &[Row] = &[V13];

const V13: Row = Row { version: ProtocolVersion::V13, number: 13, origin_header: "Origin" };

impl ProtocolVersion {
    /// Every version, newest first.
    pub fn all() -> impl Iterator<Item = Self> {
        TABLE.iter().map(|row| row.version)
    }

    /// The version with this number in `Sec-WebSocket-Version`.
    #[must_use]
    pub fn from_number(number: u16) -> Option<Self> {
        TABLE.iter().find(|row| row.number == number).map(|row| row.version)
    }

    /// The number in `Sec-WebSocket-Version`.
    #[must_use]
    pub fn number(self) -> u16 {
        self.row().number
    }

    /// The header that names the origin.
    #[must_use]
    pub fn origin_header(self) -> &'static str {
        self.row().origin_header
    }

    fn row(self) -> &'static Row {
        match self {
            Self::V13 => &V13,
        }
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.number(), f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_version_has_a_row_of_its_own() {
        for version in ProtocolVersion::all() {
            assert_eq!(version.row().version, version);
            assert_eq!(ProtocolVersion::from_number(version.number()), Some(version));
        }
        assert!(ProtocolVersion::all().any(|version| version == ProtocolVersion::default()));
        assert_eq!(ProtocolVersion::from_number(12), None);
    }
}
