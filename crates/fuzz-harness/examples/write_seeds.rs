//! Writes the hand-made inputs that fuzzing begins with to `fuzz/corpus/`.

use std::fs;
use std::io;
use std::path::Path;

use wirebahn_core::Entropy;
use wirebahn_testkit::SeededEntropy;

fn main() -> io::Result<()> {
    write("server_opening", server_opening())?;
    write("client_opening", client_opening())?;
    write("proxy_tunnel", proxy_tunnel())?;
    write("proxy_header", proxy_header())?;
    write("frames", frames())?;
    write("operations", operations())
}

fn write(target: &str, seeds: Vec<Vec<u8>>) -> io::Result<()> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus").join(target);
    fs::create_dir_all(&folder)?;
    for (number, seed) in seeds.iter().enumerate() {
        fs::write(folder.join(format!("seed-{number:02}")), seed)?;
    }
    Ok(())
}

/// Flags and pieces of 1, 7, 30 bytes and the rest.
fn input(flags: u16, bytes: &[u8]) -> Vec<u8> {
    [&flags.to_le_bytes()[..], &[1, 7, 30, 0], bytes].concat()
}

fn server_opening() -> Vec<Vec<u8>> {
    const UPGRADE: &str = "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n";
    let get = |more: &str| format!("GET /chat?a=b HTTP/1.1\r\nHost: example.com:8080\r\n{more}\r\n");
    let open = get(UPGRADE);
    let decision = |number: u16| number << 9;
    vec![
        input(decision(7), open.as_bytes()),
        input(decision(7), format!("\r\n{open}\u{1}behind it").as_bytes()),
        input(0, open.as_bytes()),
        input(decision(1) | 1 << 7, open.as_bytes()),
        input(decision(3) | 1 << 7, open.as_bytes()),
        input(decision(7) | 1 << 6, open.as_bytes()),
        input(decision(7) | 1 << 8, open.as_bytes()),
        input(
            decision(7) | 1 << 5,
            get(&format!("{UPGRADE}Sec-WebSocket-Protocol: chat, other\r\n")).as_bytes(),
        ),
        input(
            decision(5) | 1 << 1,
            get(&format!(
                "{UPGRADE}Sec-WebSocket-Protocol: chat, other\r\nOrigin: http://a.example.com:81\r\n"
            ))
            .as_bytes(),
        ),
        input(decision(7) | 1 << 1, get(&format!("{UPGRADE}Origin: null\r\n")).as_bytes()),
        input(
            decision(7) | 1 << 2 | 1 << 3,
            get(&format!(
                "{UPGRADE}X-Forwarded-For: 1.2.3.4, 5.6.7.8\r\nSec-WebSocket-Extensions: a; b=1\r\n"
            ))
            .as_bytes(),
        ),
        input(decision(1) | 1, get("Accept: */*\r\n").as_bytes()),
        input(decision(1) | 1 | 1 << 7, b"HEAD / HTTP/1.1\r\nHost: [::1]\r\n\r\n"),
        input(0, get("").as_bytes()),
        input(0, b"POST http://example.com/ HTTP/1.0\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc"),
        input(1 << 4, get(&"X: y\r\n".repeat(50)).as_bytes()),
        input(0, b"\x16\x03\x01\x02\x00\x01"),
        input(decision(7), get(&UPGRADE.replace("keep-alive, ", "")).as_bytes()),
        input(
            decision(7) | 1 << 4,
            get(&format!("X-Y: z\r\n{}", UPGRADE.replace("keep-alive, ", ""))).as_bytes(),
        ),
    ]
}

fn client_opening() -> Vec<Vec<u8>> {
    const OPEN: &str = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
         Sec-WebSocket-Accept: ICX+Yqv66kxgM0FcWaLWlFLwTAI=\r\n";
    vec![
        input(0, format!("{OPEN}\r\n").as_bytes()),
        input(8, format!("{OPEN}Sec-WebSocket-Protocol: chat\r\n\r\n\u{1}behind it").as_bytes()),
        input(1, b"\r\n"),
        input(1, b"Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n"),
        input(1, b"Sec-WebSocket-Protocol: unasked\r\n\r\n"),
        input(2, b"\x81\x05Hello"),
        input(3, OPEN.as_bytes()),
        input(4, b"3\r\nabc\r\n5;x=y\r\ndefgh\r\n0\r\n\r\n"),
        input(4 | 1 << 5, b"40\r\nabcdefghijklmnopqrstuvwxyz"),
        input(5, b"twenty bytes of body"),
        input(5 | 1 << 6, b"not twenty"),
        input(6 | 1 << 6, b"up to the end"),
        input(7, b"401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\"\r\nContent-Length: 0\r\n\r\n"),
        input(0, b"HTTP/1.0 101 X\r\n\r\n"),
        input(0, b"SSH-2.0-x\r\n"),
    ]
}

fn proxy_tunnel() -> Vec<Vec<u8>> {
    let reply = b"\x05\x00\x00\x01\x0a\x00\x00\x01\x00\x50leftover";
    vec![
        input(0, b"HTTP/1.1 200 Connection established\r\nVia: x\r\n\r\nleftover"),
        input(1 | 1 << 4, b"Content-Length: 5\r\n\r\nleftover"),
        input(0, b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.0 200 OK\r\n\r\n"),
        input(1, b"HTTP/1.1 407 x\r\nProxy-Authenticate: Basic\r\n\r\n"),
        input(1 << 3, b"HTTP/1.1 403 Forbidden\r\n\r\nbody"),
        input(1 << 2, &b"HTTP/1.1 102 x\r\n\r\n".repeat(10)),
        input(2, &[b"\x05\x00", &reply[..]].concat()),
        input(3, &[b"\x05\x02\x01\x00", &reply[..]].concat()),
        input(3, b"\x05\x02\x01\x01"),
        input(2, b"\x05\xff"),
        input(2 | 2 << 4, b"\x03\x04host\x00\x50leftover"),
        input(3 | 3 << 4, b"\x00\x00\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\x00\x50"),
        input(2 | 1 << 3, b"\x05\x00\x05\x05"),
    ]
}

fn proxy_header() -> Vec<Vec<u8>> {
    const SIGNATURE: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
    let v2 = |rest: &[u8]| [SIGNATURE, rest].concat();
    vec![
        input(0, b"PROXY TCP4 192.0.2.1 198.51.100.1 4711 443\r\nleftover"),
        input(1, b"PROXY TCP6 2001:db8::1 ::1 0 65535\r\n"),
        input(1 << 4, b"1.2.3.4 5.6.7.8 1 2\r\n"),
        input(0, b"PROXY UNKNOWN anything\r\n"),
        input(1 << 2, &[b'P'; 70]),
        input(1, b"GET / HTTP/1.1\r\n"),
        input(2, b"PROXY UNKNOWN\r\n"),
        input(0, &v2(b"\x21\x11\x00\x0c\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbbleftover")),
        input(1, &v2(b"\x21\x11\x00\x13\x01\x02\x03\x04\x05\x06\x07\x08\x00\x50\x01\xbb\x03\x00\x04abcd")),
        input(0, &v2(&[&b"\x21\x21\x00\x24"[..], &[1; 36]].concat())),
        input(0, &v2(&[&b"\x21\x31\x00\xd8"[..], &[b'/'; 100], &[0; 116]].concat())),
        input(0, &v2(b"\x20\x00\x00\x00")),
        input(2 << 4, b"\x00\x00\x05\x02\x00\x02ab"),
        input(3 << 4, b"\x06\x07\x08\x00\x50\x01\xbb\x04\x00\x05abcde"),
        input(1 << 2, &v2(b"\x21\x11\xff\xff")),
    ]
}

/// A frame, masked with a key of which every byte is 1 if `is_masked`.
fn frame(is_masked: bool, first: u8, payload: &[u8]) -> Vec<u8> {
    let mask_bit = if is_masked { 0x80 } else { 0 };
    let mut frame = vec![first];
    match u8::try_from(payload.len()) {
        Ok(len) if len < 126 => frame.push(mask_bit | len),
        _ => {
            frame.push(mask_bit | 126);
            frame.extend((payload.len() as u16).to_be_bytes());
        }
    }
    if is_masked {
        frame.extend([1; 4]);
    }
    frame.extend(payload.iter().map(|byte| byte ^ u8::from(is_masked)));
    frame
}

fn frames() -> Vec<Vec<u8>> {
    let text = "Grüße aus 日本 \u{1f642}".as_bytes();
    let (start, end) = text.split_at(3);
    let scripts: [&[(u8, &[u8])]; 12] = [
        &[(0x81, text), (0x82, b"\xff\0"), (0x81, b"")],
        &[(0x01, start), (0x89, b"ping"), (0x80, end), (0x8a, b"")],
        &[(0x02, b""), (0x00, b"a"), (0x00, b""), (0x80, b"b")],
        &[(0x82, &[5; 300]), (0x89, &[6; 125]), (0x89, &[7; 125]), (0x89, b"last")],
        &[(0x81, b"bye"), (0x88, b"\x03\xe8done"), (0x81, b"too late")],
        &[(0x88, b"")],
        &[(0x88, b"\x03")],
        &[(0x88, b"\x03\xed")],
        &[(0x01, b"ok\xc3"), (0x80, b"\x28")],
        &[(0x81, b"ok\xe2\x82")],
        &[(0x01, b"a"), (0x81, b"b")],
        &[(0x01, b"abcd"), (0x00, b"e"), (0x00, b"f"), (0x00, b""), (0x00, b""), (0x80, b"g")],
    ];
    let mut seeds = Vec::new();
    for script in scripts {
        for flags in [0_u16, 1 | 1 << 1, 1 << 4 | 1 << 7 | 1 << 8] {
            let is_masked = flags & 1 == 0;
            let bytes: Vec<u8> =
                script.iter().flat_map(|(first, payload)| frame(is_masked, *first, payload)).collect();
            seeds.push(input(flags, &bytes));
        }
    }
    seeds
}

/// Scripts have no layout that could be written by hand: the fuzzing engine makes something of random ones.
fn operations() -> Vec<Vec<u8>> {
    let mut entropy = SeededEntropy::new(1);
    let random = |len: usize| {
        let mut seed = vec![0; len];
        entropy.fill(&mut seed);
        seed
    };
    (1..=20).map(|size| size * 30).map(random).collect()
}
