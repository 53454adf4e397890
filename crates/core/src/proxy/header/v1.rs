//! Version 1: a line of text (section 2.1).
//!
//! `PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 CR LF`

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use core::str::FromStr;

use super::reader::Outcome;
use super::{ProxyAddresses, ProxyHeader, ProxyHeaderError, ProxyHeaderVersion};

const PREFIX: &[u8] = b"PROXY ";

/// The longest line there can be, its end included.
const MAX_LEN: usize = 107;

pub(super) fn parse(bytes: &[u8], max_len: usize) -> Result<Outcome, ProxyHeaderError> {
    if !bytes.iter().zip(PREFIX).all(|(byte, expected)| byte == expected) {
        return Ok(Outcome::Other);
    }
    let limit = max_len.min(MAX_LEN);
    let window = bytes.get(..limit).unwrap_or(bytes);
    let Some(line_end) = window.iter().position(|&byte| byte == b'\n') else {
        let is_too_long = bytes.len() >= limit;
        return if is_too_long { Err(ProxyHeaderError::TooLarge { limit }) } else { Ok(Outcome::Incomplete) };
    };
    let line = window.get(..line_end).and_then(|line| line.strip_suffix(b"\r"));
    let line = line.and_then(|line| core::str::from_utf8(line).ok());
    let addresses = parse_line(line.ok_or(ProxyHeaderError::AddressesInvalid)?)?;
    let header = ProxyHeader { version: ProxyHeaderVersion::V1, addresses, tlvs: Vec::new() };
    Ok(Outcome::Header(header, line_end + 1))
}

fn parse_line(line: &str) -> Result<ProxyAddresses, ProxyHeaderError> {
    let mut words = line.split(' ').skip(1);
    match words.next() {
        Some("TCP4") => ip_addresses::<Ipv4Addr>(words),
        Some("TCP6") => ip_addresses::<Ipv6Addr>(words),
        // What follows is not to be looked at.
        Some("UNKNOWN") => Ok(ProxyAddresses::Unknown),
        _ => Err(ProxyHeaderError::FamilyUnknown),
    }
}

fn ip_addresses<'a, A: FromStr + Into<IpAddr>>(
    words: impl Iterator<Item = &'a str>,
) -> Result<ProxyAddresses, ProxyHeaderError> {
    let words: Vec<_> = words.collect();
    let [source, destination, source_port, destination_port] = words.as_slice() else {
        return Err(ProxyHeaderError::AddressesInvalid);
    };
    let address =
        |ip: &str, port: &str| Some(SocketAddr::new(ip.parse::<A>().ok()?.into(), parse_port(port)?));
    match (address(source, source_port), address(destination, destination_port)) {
        (Some(source), Some(destination)) => Ok(ProxyAddresses::Ip { source, destination }),
        _ => Err(ProxyHeaderError::AddressesInvalid),
    }
}

/// No sign and no zero in front.
fn parse_port(text: &str) -> Option<u16> {
    let is_canonical =
        text.bytes().all(|byte| byte.is_ascii_digit()) && (text == "0" || !text.starts_with('0'));
    text.parse().ok().filter(|_| is_canonical)
}
