//! The PROXY protocol.

use std::time::Duration;

use wirebahn_core::proxy::{
    PrologueEvent, ProxyAddresses, ProxyHeader, ProxyHeaderDialogue, ProxyHeaderError,
    ProxyHeaderExpectation, ProxyHeaderGate, ProxyHeaderMode, ProxyHeaderOptions, ProxyHeaderVersion, Tlv,
};
use wirebahn_core::{Engine, Instant};

use super::support::{Outcome, feed_in_every_way};

type Ended = Outcome<Option<ProxyHeader>, ProxyHeaderError>;

const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";

fn options() -> ProxyHeaderOptions {
    ProxyHeaderOptions::new(ProxyHeaderMode::Required)
}

fn read(expectation: ProxyHeaderExpectation, bytes: &[u8]) -> Ended {
    feed_in_every_way::<ProxyHeaderDialogue>(
        || ProxyHeaderGate::open(expectation, &options(), Instant::ZERO),
        bytes,
    )
}

/// A valid header with a few bytes behind it.
fn header(bytes: &[u8]) -> ProxyHeader {
    for trailing in [&b""[..], b"GET / HTTP/1.1", b"PROXY ", b"\r\n"] {
        let ended = read(ProxyHeaderExpectation::Certain, &[bytes, trailing].concat());
        assert_eq!(ended.leftover.as_deref(), Some(trailing), "{ended:?}");
    }
    let ended = read(ProxyHeaderExpectation::Certain, bytes);
    let Some(PrologueEvent::Done(Some(header))) = ended.event else { panic!("{ended:?}") };
    header
}

fn failure(bytes: &[u8]) -> ProxyHeaderError {
    let ended = read(ProxyHeaderExpectation::Certain, bytes);
    let Some(PrologueEvent::Failed(error)) = ended.event else {
        panic!("{}: {ended:?}", bytes.escape_ascii())
    };
    error
}

fn v2(command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    [SIGNATURE, &[command, family], &(body.len() as u16).to_be_bytes(), body].concat()
}

const IPV4: &[u8] = b"\xc0\x00\x02\x01\xc6\x33\x64\x01\x12\x67\x01\xbb";

#[test]
fn a_line_of_text_names_the_client() {
    let v4 = header(b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\n");
    assert_eq!(v4.version, ProxyHeaderVersion::V1);
    assert_eq!(v4.source(), Some("192.0.2.1:4711".parse().unwrap()));
    let ProxyAddresses::Ip { destination, .. } = v4.addresses else { panic!("{v4:?}") };
    assert_eq!(destination, "198.51.100.1:443".parse().unwrap());
    let v6 = header(b"PROXY TCP6 2001:db8::1 ::1 0 65535\r\n");
    assert_eq!(v6.source(), Some("[2001:db8::1]:0".parse().unwrap()));
    for unknown in [&b"PROXY UNKNOWN\r\n"[..], b"PROXY UNKNOWN ffff::1 whatever\r\n"] {
        assert_eq!(header(unknown).addresses, ProxyAddresses::Unknown);
    }
}

#[test]
fn a_line_that_is_not_exactly_right_is_refused() {
    use ProxyHeaderError::{AddressesInvalid, FamilyUnknown, Missing};
    for (line, error) in [
        ("PROXY TCP4 192.0.2.1 198.51.100.1 4711\r\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443 \r\n", AddressesInvalid),
        ("PROXY TCP4  192.0.2.1 198.51.100.1 4711 443\r\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.01 198.51.100.1 4711 443\r\n", AddressesInvalid),
        ("PROXY TCP4 ::1 ::1 4711 443\r\n", AddressesInvalid),
        ("PROXY TCP6 1.2.3.4 1.2.3.4 4711 443\r\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.1 198.51.100.1 +1 443\r\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.1 198.51.100.1 0443 443\r\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.1 198.51.100.1 65536 443\r\n", AddressesInvalid),
        ("PROXY TCP4 192.0.2.1 198.51.100.1  443\r\n", AddressesInvalid),
        ("PROXY UDP4 192.0.2.1 198.51.100.1 4711 443\r\n", FamilyUnknown),
        ("PROXY \r\n", FamilyUnknown),
        ("PROXY\r\n", Missing),
        ("proxy TCP4 192.0.2.1 198.51.100.1 4711 443\r\n", Missing),
        ("GET / HTTP/1.1\r\n", Missing),
        ("\u{16}\u{3}\u{1}", Missing),
    ] {
        assert_eq!(failure(line.as_bytes()), error, "{line:?}");
    }
    let long = format!("PROXY UNKNOWN {}", "x".repeat(100));
    assert!(matches!(failure(long.as_bytes()), ProxyHeaderError::TooLarge { limit: 107, .. }));
    let longest = format!("PROXY UNKNOWN {}\r\n", "x".repeat(107 - 16));
    assert_eq!(header(longest.as_bytes()).addresses, ProxyAddresses::Unknown);
}

#[test]
fn a_binary_header_names_the_client() {
    let v4 = header(&v2(0x21, 0x11, IPV4));
    assert_eq!((v4.version, v4.source()), (ProxyHeaderVersion::V2, Some("192.0.2.1:4711".parse().unwrap())));
    let mut body = [0; 36];
    body[15] = 1;
    body[31] = 2;
    body[33] = 80;
    assert_eq!(header(&v2(0x21, 0x21, &body)).source(), Some("[::1]:80".parse().unwrap()));
    let mut body = [0; 216];
    body[108..].split_at_mut(9).0.copy_from_slice(b"/run/sock");
    let unix = header(&v2(0x21, 0x31, &body)).addresses;
    let ProxyAddresses::Unix { source, destination, .. } = unix else { panic!("{unix:?}") };
    assert_eq!((&source[..], &destination[..]), (&b""[..], &b"/run/sock"[..]));
}

#[test]
fn checks_of_the_proxy_itself_and_unknown_clients_have_no_addresses() {
    assert_eq!(header(&v2(0x20, 0x00, b"")).addresses, ProxyAddresses::Local);
    assert_eq!(header(&v2(0x20, 0x11, IPV4)).addresses, ProxyAddresses::Local);
    assert_eq!(header(&v2(0x21, 0x00, b"")).addresses, ProxyAddresses::Unknown);
    assert_eq!(header(&v2(0x21, 0x00, b"\x04\x00\x02xx")).tlv(Tlv::NOOP).unwrap(), "xx");
}

#[test]
fn further_information_is_kept_and_its_checksum_checked() {
    let body = [IPV4, b"\x02\x00\x0bexample.com", b"\xe0\x00\x00", b"\x03\x00\x04\x00\x00\x00\x00"].concat();
    let mut bytes = v2(0x21, 0x11, &body);
    let crc = crc32c(&bytes);
    let end = bytes.len() - 4;
    bytes[end..].copy_from_slice(&crc.to_be_bytes());
    let good = header(&bytes);
    assert_eq!(good.tlv(Tlv::AUTHORITY).unwrap(), "example.com");
    assert_eq!(good.tlvs.iter().map(|tlv| tlv.kind).collect::<Vec<_>>(), [2, 0xe0, 3]);
    assert_eq!(good.tlv(Tlv::ALPN), None);
    for place in [18, end] {
        let mut bad = bytes.clone();
        bad[place] ^= 1;
        assert_eq!(failure(&bad), ProxyHeaderError::ChecksumMismatch, "{place}");
    }
    assert_eq!(failure(&v2(0x21, 0x11, &[IPV4, b"\x03\x00\x02ab"].concat())), ProxyHeaderError::TlvInvalid);
    for tail in [&b"\x02"[..], b"\x02\x00", b"\x02\x00\x02a"] {
        assert_eq!(failure(&v2(0x21, 0x11, &[IPV4, tail].concat())), ProxyHeaderError::TlvInvalid);
    }
}

#[test]
fn a_binary_header_that_is_not_exactly_right_is_refused() {
    assert_eq!(failure(&v2(0x11, 0x11, IPV4)), ProxyHeaderError::VersionUnknown(1));
    assert_eq!(failure(&v2(0x22, 0x11, IPV4)), ProxyHeaderError::CommandUnknown(2));
    assert_eq!(failure(&v2(0x21, 0x41, IPV4)), ProxyHeaderError::FamilyUnknown);
    assert_eq!(failure(&v2(0x21, 0x13, IPV4)), ProxyHeaderError::FamilyUnknown);
    for (family, len) in [(0x11, 11), (0x21, 35), (0x31, 215)] {
        assert_eq!(failure(&v2(0x21, family, &[0; 216][..len])), ProxyHeaderError::AddressesInvalid);
    }
    let limit = 4 * 1024;
    let announced = [SIGNATURE, b"\x21\x11\x0f\xf1"].concat();
    assert!(matches!(failure(&announced), ProxyHeaderError::TooLarge { limit: l, .. } if l == limit));
    let padding = [IPV4, b"\x04\x0f\xe1", &[0; 4096 - 16 - 12 - 3]].concat();
    assert_eq!(header(&v2(0x21, 0x11, &padding)).source(), Some("192.0.2.1:4711".parse().unwrap()));
}

#[test]
fn where_a_header_need_not_be_anything_else_is_left_alone() {
    for bytes in ["GET / HTTP/1.1", "PROPFIND", "\r\nGET", "\u{16}\u{3}", "PROXYX"] {
        let ended = read(ProxyHeaderExpectation::Possible, bytes.as_bytes());
        assert_eq!(ended.event, Some(PrologueEvent::Done(None)), "{bytes:?}");
        assert_eq!(ended.leftover.as_deref(), Some(bytes.as_bytes()));
    }
    let ended = read(ProxyHeaderExpectation::Possible, b"PROXY TCP4 x");
    assert_eq!(ended.event, None, "a header that has begun must end");
    let header = b"PROXY UNKNOWN\r\nGET /";
    let ended = read(ProxyHeaderExpectation::None, header);
    assert_eq!((ended.event, ended.leftover.unwrap()), (Some(PrologueEvent::Done(None)), header.to_vec()));
    let ended = read(ProxyHeaderExpectation::Possible, header);
    assert_eq!(ended.leftover.unwrap(), b"GET /");
}

#[test]
fn a_connection_that_does_not_begin_is_given_up() {
    let mut gate = ProxyHeaderGate::open(ProxyHeaderExpectation::Possible, &options(), Instant::ZERO);
    let deadline = Instant::ZERO + Duration::from_secs(5);
    assert_eq!(gate.poll_timeout(), Some(deadline));
    gate.handle_timeout(deadline);
    assert_eq!(gate.poll_event(), Some(PrologueEvent::Failed(ProxyHeaderError::TimedOut)));
    let mut gate = ProxyHeaderGate::open(ProxyHeaderExpectation::Certain, &options(), Instant::ZERO);
    gate.handle_eof(Instant::ZERO);
    assert_eq!(gate.poll_event(), Some(PrologueEvent::Failed(ProxyHeaderError::TransportLost)));
}

/// RFC 3720 B.4, from its definition.
fn crc32c(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = if crc & 1 == 1 { crc >> 1 ^ 0x82f6_3b78 } else { crc >> 1 };
        }
    }
    !crc
}
