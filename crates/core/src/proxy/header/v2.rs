//! Version 2: binary (section 2.2).
//!
//! ```text
//!   signature (12) | version, command (1) | family, transport (1) | length (2) | addresses | TLVs
//! ```

use alloc::vec::Vec;
use core::net::{Ipv4Addr, Ipv6Addr, SocketAddr};

use bytes::Bytes;

use super::reader::Outcome;
use super::{ProxyAddresses, ProxyHeader, ProxyHeaderError, ProxyHeaderVersion, Tlv};

const SIGNATURE: &[u8; 12] = b"\r\n\r\n\0\r\nQUIT\n";

/// Everything before the addresses.
const FIXED_LEN: usize = 16;

/// The length of the path of a Unix socket.
const UNIX_PATH_LEN: usize = 108;

pub(super) fn parse(bytes: &[u8], max_len: usize) -> Result<Outcome, ProxyHeaderError> {
    if !bytes.iter().zip(SIGNATURE).all(|(byte, expected)| byte == expected) {
        return Ok(Outcome::Other);
    }
    let rest = bytes.get(SIGNATURE.len()..).unwrap_or_default();
    // The length counts first: a peer that announces more than is allowed is told so before it sends it.
    let command = match rest {
        [] => return Ok(Outcome::Incomplete),
        [version, ..] if version >> 4 != 2 => return Err(ProxyHeaderError::VersionUnknown(version >> 4)),
        [command, ..] => command & 0x0f,
    };
    if command > 1 {
        return Err(ProxyHeaderError::CommandUnknown(command));
    }
    let [_, family, high, low, rest @ ..] = rest else { return Ok(Outcome::Incomplete) };
    let len = usize::from(u16::from_be_bytes([*high, *low]));
    if FIXED_LEN + len > max_len {
        return Err(ProxyHeaderError::TooLarge { limit: max_len });
    }
    let Some(body) = rest.get(..len) else { return Ok(Outcome::Incomplete) };
    let (mut addresses, rest) = parse_addresses(*family, body)?;
    let whole = bytes.get(..FIXED_LEN + len).unwrap_or_default();
    let tlvs = parse_tlvs(rest, whole)?;
    if command == 0 {
        addresses = ProxyAddresses::Local;
    }
    let header = ProxyHeader { version: ProxyHeaderVersion::V2, addresses, tlvs };
    Ok(Outcome::Header(header, whole.len()))
}

/// The addresses, and what is behind them.
fn parse_addresses(family: u8, body: &[u8]) -> Result<(ProxyAddresses, &[u8]), ProxyHeaderError> {
    let (family, transport) = (family >> 4, family & 0x0f);
    if transport > 2 {
        return Err(ProxyHeaderError::FamilyUnknown);
    }
    let too_short = ProxyHeaderError::AddressesInvalid;
    match family {
        0 => Ok((ProxyAddresses::Unknown, body)),
        1 => {
            let (&[a, b, c, d, e, f, g, h, p, q, r, s], rest) = body.split_first_chunk().ok_or(too_short)?;
            let address =
                |ip: [u8; 4], port| SocketAddr::new(Ipv4Addr::from(ip).into(), u16::from_be_bytes(port));
            let (source, destination) = (address([a, b, c, d], [p, q]), address([e, f, g, h], [r, s]));
            Ok((ProxyAddresses::Ip { source, destination }, rest))
        }
        2 => {
            let (source, rest) = body.split_first_chunk::<16>().ok_or(too_short)?;
            let (destination, rest) = rest.split_first_chunk::<16>().ok_or(too_short)?;
            let (&[p, q, r, s], rest) = rest.split_first_chunk().ok_or(too_short)?;
            let address =
                |ip: [u8; 16], port| SocketAddr::new(Ipv6Addr::from(ip).into(), u16::from_be_bytes(port));
            let (source, destination) = (address(*source, [p, q]), address(*destination, [r, s]));
            Ok((ProxyAddresses::Ip { source, destination }, rest))
        }
        3 => {
            let (source, rest) = body.split_at_checked(UNIX_PATH_LEN).ok_or(too_short)?;
            let (destination, rest) = rest.split_at_checked(UNIX_PATH_LEN).ok_or(too_short)?;
            Ok((ProxyAddresses::Unix { source: path(source), destination: path(destination) }, rest))
        }
        _ => Err(ProxyHeaderError::FamilyUnknown),
    }
}

/// A path without the zeros behind it.
fn path(padded: &[u8]) -> Bytes {
    let len = padded.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    Bytes::copy_from_slice(padded.get(..len).unwrap_or_default())
}

/// What `bytes`, the end of the header `whole`, holds.
fn parse_tlvs(mut bytes: &[u8], whole: &[u8]) -> Result<Vec<Tlv>, ProxyHeaderError> {
    let mut tlvs = Vec::new();
    while !bytes.is_empty() {
        let [kind, high, low, rest @ ..] = bytes else { return Err(ProxyHeaderError::TlvInvalid) };
        let len = usize::from(u16::from_be_bytes([*high, *low]));
        let (value, rest) = rest.split_at_checked(len).ok_or(ProxyHeaderError::TlvInvalid)?;
        if *kind == Tlv::CRC32C {
            check_crc(whole, whole.len() - rest.len() - len, value)?;
        }
        tlvs.push(Tlv { kind: *kind, value: Bytes::copy_from_slice(value) });
        bytes = rest;
    }
    Ok(tlvs)
}

/// Whether `value`, which stands at `at` in the header, is the checksum of all of it with itself taken as zero (2.2.3).
fn check_crc(header: &[u8], at: usize, value: &[u8]) -> Result<(), ProxyHeaderError> {
    let expected = value.try_into().map(u32::from_be_bytes).map_err(|_| ProxyHeaderError::TlvInvalid)?;
    let place = at..at + value.len();
    let masked = header.iter().enumerate().map(|(i, byte)| if place.contains(&i) { 0 } else { *byte });
    if crc32c(masked) == expected { Ok(()) } else { Err(ProxyHeaderError::ChecksumMismatch) }
}

/// CRC-32C (RFC 3720 B.4), bit by bit: once per connection, over a few hundred bytes.
fn crc32c(bytes: impl Iterator<Item = u8>) -> u32 {
    !bytes.fold(u32::MAX, |crc, byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| (crc >> 1) ^ if crc & 1 == 1 { 0x82f6_3b78 } else { 0 })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_rfc_3720() {
        assert_eq!(crc32c(b"123456789".iter().copied()), 0xe306_9283);
        assert_eq!(crc32c([0; 32].into_iter()), 0x8a91_36aa);
    }
}
