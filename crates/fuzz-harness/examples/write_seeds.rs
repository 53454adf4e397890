//! Writes the hand-made inputs that fuzzing begins with to `fuzz/corpus/`.

use std::fs;
use std::io;
use std::path::Path;

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, compress_to_output, create_comp_flags_from_zip_params,
};
use wirebahn_core::Entropy;
use wirebahn_core::wamp::Serializer;
use wirebahn_testkit::SeededEntropy;

fn main() -> io::Result<()> {
    write("server_opening", server_opening())?;
    write("client_opening", client_opening())?;
    write("proxy_tunnel", proxy_tunnel())?;
    write("proxy_header", proxy_header())?;
    write("frames", frames())?;
    write("inflate", inflate())?;
    write("byte_stream", byte_stream())?;
    write("operations", operations())?;
    write("rawsocket", rawsocket())?;
    write("router_operations", router_operations())?;
    write("wamp_json", wamp_json())?;
    write("wamp_msgpack", wamp_binary(Serializer::MsgPack))?;
    write("wamp_cbor", wamp_binary(Serializer::Cbor))?;
    write("wamp_transcode", wamp_transcode())
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

/// Two messages as zlib's kin make them, with each window, and the forms that the examples of RFC 7692 7.2.3 have.
fn inflate() -> Vec<Vec<u8>> {
    let compress = |message: &[u8], level: i32, flush| {
        let flags = create_comp_flags_from_zip_params(level, -15, 0);
        let mut compressed = Vec::new();
        compress_to_output(&mut CompressorOxide::new(flags), message, flush, |piece| {
            compressed.extend_from_slice(piece);
            true
        });
        compressed
    };
    let text = "to be or not to be, ".repeat(20);
    let synced = |level| {
        let mut compressed = compress(text.as_bytes(), level, TDEFLFlush::Sync);
        compressed.truncate(compressed.len() - 4);
        compressed
    };
    let twice = |message: &[u8]| [message, message].concat();
    let half = 7 << 5;
    let mut seeds: Vec<_> =
        (0..8).map(|window| input(half | window | 1 << 4, &twice(&synced(i32::from(window))))).collect();
    for message in [
        compress(text.as_bytes(), 6, TDEFLFlush::Finish),
        compress(&[0; 3000], 9, TDEFLFlush::Full),
        vec![0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00],
        vec![0x00, 0x05, 0x00, 0xfa, 0xff, 0x48, 0x65, 0x6c, 0x6c, 0x6f, 0x00],
        vec![0xf3, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00, 0x00],
        vec![0x00],
    ] {
        seeds.push(input(half, &twice(&message)));
        seeds.push(input(half | 1 << 3 | 1 << 9, &twice(&message)));
    }
    seeds
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

/// Messages, with `|` between them.
fn byte_stream() -> Vec<Vec<u8>> {
    let base64: [&[u8]; 10] = [
        b"aGVsbG8gd29ybGQgYW5kIGV2ZXJ5Ym9keQ==|aGk=||YWJj",
        b"aGVsbG8=aGVs",
        b"aGVsbG8=a",
        b"aGVsbG8",
        b"aGVsbG9=",
        b"aG==|aA==",
        b"aGVs\n",
        b"+/-_",
        b"====",
        b"gr\xc3\xbc\xc3\x9fe",
    ];
    let mut seeds = Vec::new();
    for flags in [1, 3] {
        seeds.extend(base64.iter().map(|bytes| input(flags, bytes)));
    }
    seeds.extend([
        input(0, b"any\0|bytes||\xff"),
        input(2 | 2 << 2, b"a|b|c"),
        input(1 | 3 << 2, b"YWJj|YWJj|YWJj"),
    ]);
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

fn rawsocket() -> Vec<Vec<u8>> {
    let message = b"\0\0\0\x0b[1,\"r\",{}]!";
    let ping = b"\x01\0\0\x04ping";
    let scripts = [
        [&message[..], ping, message, b"\x02\0\0\0"].concat(),
        ping.repeat(80),
        b"\0\0\x02\x01".to_vec(),
        b"\x08\0\0\0".to_vec(),
        b"\x08\0\0\x01".to_vec(),
        b"\x03\0\0\0".to_vec(),
        b"\x10\0\0\0".to_vec(),
        [&message[..], b"\0\0\0\x05cut"].concat(),
    ];
    let handshakes =
        [b"\x7f\xf1\0\0", b"\x7f\x10\0\0", b"\x7f\x01\0\x01", b"\x7f\x0f\0\0", b"GET ", b"\x7f\xf2\0\0"];
    let mut seeds = Vec::new();
    for flags in [0, 1, 4, 5] {
        seeds.extend(scripts.iter().map(|bytes| input(flags | 2, bytes)));
        seeds.extend(scripts.iter().map(|bytes| input(flags | 2 | 8, bytes)));
        seeds.extend(handshakes.iter().map(|bytes| input(flags, *bytes)));
    }
    seeds
}

/// Messages of all kinds, spaced and escaped in all ways.
const WAMP_MESSAGES: [&str; 18] = [
    r#"[1,"realm1",{"roles":{"caller":{"features":{"call_canceling":true,"x":1}},"publisher":{}},"authid":"joe"}]"#,
    r#"[2,9129137332,{"roles":{"broker":{},"dealer":{}},"authextra":{"verifier":"v=abc"},"x_cb_node":null}]"#,
    r#"[3,{"message":"gr\u00fc\u00dfe \ud83d\ude42"},"wamp.error.no_such_realm"]"#,
    r#"[4,"wampcra",{"challenge":"{\"nonce\":1}","salt":"a","keylen":32,"iterations":1000}]"#,
    r#"[5,"gir1mSx+deCDUV7FgLvsQNTi6n3W\/Z",{}]"#,
    r#"[6,{},"wamp.close.close_realm"]"#,
    r#"[8,48,7814135,{},"com.myapp.error",["Object not found"],{"code":404,"nested":[[[{}]]]}]"#,
    r#" [ 16 , 239714735 , { "exclude" : [ 1 , 2 ] , "eligible_authrole" : [ "a" ] } , "com.myapp.topic" , [ 1.5e3 , -0 ] ] "#,
    r#"[16,1,{"enc_algo":"cryptobox","enc_serializer":"msgpack"},"com.myapp.encrypted","\u0000gqVjb2xvcg=="]"#,
    r#"[32,713845233,{"match":"wildcard","forward_for":[{"session":5,"authid":"r"}]},"com..topic"]"#,
    r#"[35,0,{"subscription":5,"reason":"a.b"}]"#,
    r#"[36,5512315355,4429313566,{"publisher":1234,"retained":true},["\u0000AAEC",true,null,18446744073709551615]]"#,
    r#"[48,1,{"timeout":30000,"receive_progress":true,"ppt_scheme":"wamp"},"com.myapp.add2",[23,-7],{"a":9007199254740993}]"#,
    r#"[49,1,{"mode":"killnowait"}]"#,
    r#"[64,25349185,{"invoke":"roundrobin","match":"prefix","concurrency":3},"com.myapp."]"#,
    r#"[68,6131533,9823526,{"caller":3335656,"procedure":"a.b"},[],{"firstname":"John"}]"#,
    r#"[70,6131533,{"progress":true},["0123456789abcdef0123456789abcdef",[0,1,2,3,4,5,6,7,8,9,10,11,12,13,14,15,16]]]"#,
    r#"[337,5512315355]"#,
];

/// Random bytes of different lengths, each of them a list of operations.
fn router_operations() -> Vec<Vec<u8>> {
    let mut entropy = SeededEntropy::new(7);
    let mut random = |len: usize| {
        let mut bytes = vec![0; len];
        entropy.fill(&mut bytes);
        bytes
    };
    [200, 500, 1_000, 2_000, 4_000].map(&mut random).into()
}

fn wamp_json() -> Vec<Vec<u8>> {
    WAMP_MESSAGES.map(|message| message.as_bytes().to_vec()).to_vec()
}

fn wamp_binary(serializer: Serializer) -> Vec<Vec<u8>> {
    let recode = |json: &str| {
        let message = Serializer::Json.decode(&json.as_bytes().to_vec().into()).expect("a valid message");
        serializer.encode_to_bytes(&message).to_vec()
    };
    let mut seeds: Vec<_> = WAMP_MESSAGES.into_iter().map(recode).collect();
    seeds.push(match serializer {
        Serializer::MsgPack => {
            b"\xdc\0\x04\xcd\0\x46\xd3\0\0\0\0\0\0\0\x01\xdf\0\0\0\0\xdd\0\0\0\x02\xca\x7f\xc0\0\0\xdb\0\0\0\x01a".to_vec()
        }
        _ => b"\xd9\xd9\xf7\x9f\x18\x46\x01\xbf\xff\x9f\x7f\x62he\x61l\xff\x5f\x41\x01\xff\xf9\x7e\0\xf7\xc0\x61a\x3b\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"
            .to_vec(),
    });
    seeds
}

/// The serializer, and arguments in it.
fn wamp_transcode() -> Vec<Vec<u8>> {
    vec![
        b"\0[1,-2,3.5,\"a\\n\",\"\\u0000AQI\",null,{\"a\":[{}]}]".to_vec(),
        b"\x01\x96\xcc\xff\xe0\xcb\x7f\xf0\0\0\0\0\0\0\xc4\x02\0\xff\xa5\0abcd\x81\xa1a\x90".to_vec(),
        b"\x02\x9f\x3b\xff\xff\xff\xff\xff\xff\xff\xff\xfb\x7f\xf8\0\0\0\0\0\0\xbf\x61a\x01\x61a\x02\xff\xff"
            .to_vec(),
    ]
}
