//! Compresses and inflates for a program that knows DEFLATE from elsewhere: see `zlib_peer.py` beside this file.
//!
//! Arguments: backend, level, memory level, window bits, and `keep` or `reset`. Standard input is requests: what to do
//! (`c` compress, `i` inflate), the size of the pieces to do it in, the length of the data (both four bytes, big-endian),
//! and the data. Each is answered on standard output by a length and data.
#![forbid(unsafe_code)]

use std::env;
use std::error::Error;
use std::io::{self, ErrorKind, Read, Write};

use wirebahn_tokio::Fin;
use wirebahn_tokio::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, Level, MemoryLevel, WindowBits,
};
use wirebahn_tokio::extension::{Agreement, Extension, ExtensionParams, MessageDecoder};

fn main() -> Result<(), Box<dyn Error>> {
    let agreement = agreement()?;
    let (mut encoder, mut decoder) = (agreement.encoder(), agreement.decoder());
    let (mut input, mut output) = (io::stdin().lock(), io::stdout().lock());
    loop {
        let mut head = [0; 9];
        match input.read_exact(&mut head) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(()),
            read => read?,
        }
        let [what, p, q, r, s, a, b, c, d] = head;
        let size = u32::from_be_bytes([p, q, r, s]) as usize;
        let mut data = vec![0; u32::from_be_bytes([a, b, c, d]) as usize];
        input.read_exact(&mut data)?;
        let mut answer = Vec::new();
        if what == b'c' {
            let mut pieces = data.chunks(size.max(1)).peekable();
            if pieces.peek().is_none() {
                encoder.encode(&[], Fin::Last, &mut answer);
            }
            while let Some(piece) = pieces.next() {
                let fin = if pieces.peek().is_some() { Fin::More } else { Fin::Last };
                encoder.encode(piece, fin, &mut answer);
            }
        } else {
            inflate(&mut *decoder, &data, size, &mut answer)?;
        }
        output.write_all(&u32::try_from(answer.len())?.to_be_bytes())?;
        output.write_all(&answer)?;
        output.flush()?;
    }
}

fn inflate(
    decoder: &mut dyn MessageDecoder,
    data: &[u8],
    size: usize,
    out: &mut Vec<u8>,
) -> Result<(), Box<dyn Error>> {
    for mut piece in data.chunks(size.max(1)) {
        loop {
            let inflated = decoder.decode(&mut piece)?;
            if inflated.is_empty() {
                break;
            }
            out.extend_from_slice(inflated);
        }
    }
    loop {
        let inflated = decoder.finish()?;
        if inflated.is_empty() {
            return Ok(());
        }
        out.extend_from_slice(inflated);
    }
}

fn agreement() -> Result<Agreement, Box<dyn Error>> {
    let arguments: Vec<_> = env::args().skip(1).collect();
    let [backend, level, memory, window, context] = &arguments[..] else {
        return Err("usage: deflate-peer BACKEND LEVEL MEMORY WINDOW keep|reset".into());
    };
    let mut options = DeflateOptions::default();
    options.backend = match backend.as_str() {
        "miniz_oxide" => Backend::MinizOxide,
        #[cfg(feature = "zlib-rs")]
        "zlib-rs" => Backend::ZlibRs,
        other => return Err(format!("the backend {other:?} is not there").into()),
    };
    options.level = Level::new(level.parse()?).ok_or("a level is 0 to 9")?;
    options.memory_level = MemoryLevel::new(memory.parse()?).ok_or("a memory level is 1 to 9")?;
    options.send.window = WindowBits::new(window.parse()?).ok_or("a window is 8 to 15 bits")?;
    options.receive.window = options.send.window;
    if context == "reset" {
        options.send.context = ContextTakeover::Reset;
        options.receive.context = ContextTakeover::Reset;
    }
    let mut offer = ExtensionParams::new("permessage-deflate")?;
    offer.push("client_max_window_bits", None)?;
    let deflate = Deflate::new(options);
    let (_, terms) = deflate.accept(&offer).ok_or("the offer was declined")?;
    Ok(Agreement::new(deflate.into(), terms))
}
