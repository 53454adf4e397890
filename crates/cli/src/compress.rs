//! `--compress`: permessage-deflate, and how.

use wirebahn_tokio::extension::Extensions;
use wirebahn_tokio::extension::deflate::{
    Backend, ContextTakeover, Deflate, DeflateOptions, Level, MemoryLevel, WindowBits,
};

use crate::values;

/// What `--help` says about the values.
macro_rules! help {
    () => {
        "Compression (permessage-deflate), --compress or --compress=KEY=VALUE,...:
  level=0..9            time to spend: 1 is fast, 9 is small (default: 6)
  memory=1..9           memory to spend on compressing (default: 5)
  window=9..15          how far back to look, in bits, in both directions
  send-window=9..15     the same, for what is sent
  receive-window=8..15  the same, to be asked of the peer
  no-context            compress each message for itself: no memory is held between messages
  send-no-context       the same, for what is sent
  receive-no-context    the same, to be asked of the peer
  threshold=SIZE        leave shorter messages as they are (default: 64)
  backend=NAME          miniz_oxide, or zlib-rs if this command was built with it (then the default)
If this command was built with them, --compress=bzip2, =snappy and =brotli use permessage-bzip2, -snappy and -brotli."
    };
}
pub(crate) use help;

/// Compression as it was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Compression(Extensions);

impl Compression {
    pub(crate) fn into_extensions(self) -> Extensions {
        self.0
    }
}

pub(crate) fn server(params: &str) -> Result<Compression, String> {
    any(DeflateOptions::server(), params)
}

pub(crate) fn client(params: &str) -> Result<Compression, String> {
    any(DeflateOptions::default(), params)
}

fn any(options: DeflateOptions, params: &str) -> Result<Compression, String> {
    let extensions = match params {
        #[cfg(feature = "bzip2")]
        "bzip2" => wirebahn_tokio::extension::bzip2::Bzip2::default().into(),
        #[cfg(feature = "snappy")]
        "snappy" => wirebahn_tokio::extension::snappy::Snappy::default().into(),
        #[cfg(feature = "brotli")]
        "brotli" => wirebahn_tokio::extension::brotli::Brotli::default().into(),
        #[cfg(not(all(feature = "bzip2", feature = "snappy", feature = "brotli")))]
        "bzip2" | "snappy" | "brotli" => return Err(format!("this command was built without {params}")),
        _ => Deflate::new(parse(options, params)?).into(),
    };
    Ok(Compression(extensions))
}

fn parse(mut options: DeflateOptions, params: &str) -> Result<DeflateOptions, String> {
    for param in params.split(',').filter(|param| !param.is_empty()) {
        let (key, value) = match param.split_once('=') {
            Some((key, value)) => (key, Some(value)),
            None => (param, None),
        };
        match (key, value) {
            ("level", Some(value)) => {
                options.level = number(value).and_then(Level::new).ok_or("level is a number from 0 to 9")?;
            }
            ("memory", Some(value)) => {
                options.memory_level =
                    number(value).and_then(MemoryLevel::new).ok_or("memory is a number from 1 to 9")?;
            }
            ("window", Some(value)) => {
                options.send.window = send_window(value).ok_or("window is a number from 9 to 15")?;
                options.receive.window = options.send.window;
            }
            ("send-window", Some(value)) => {
                options.send.window = send_window(value).ok_or("send-window is a number from 9 to 15")?;
            }
            ("receive-window", Some(value)) => {
                options.receive.window = number(value)
                    .and_then(WindowBits::new)
                    .ok_or("receive-window is a number from 8 to 15")?;
            }
            ("no-context", None) => {
                options.send.context = ContextTakeover::Reset;
                options.receive.context = ContextTakeover::Reset;
            }
            ("send-no-context", None) => options.send.context = ContextTakeover::Reset,
            ("receive-no-context", None) => options.receive.context = ContextTakeover::Reset,
            ("threshold", Some("0")) => options.threshold = 0,
            ("threshold", Some(value)) => {
                options.threshold = usize::try_from(values::size(value)?).unwrap_or(usize::MAX);
            }
            ("backend", Some(value)) => options.backend = backend(value)?,
            ("no-context" | "send-no-context" | "receive-no-context", Some(_)) => {
                return Err(format!("{key} takes no value"));
            }
            (
                "level" | "memory" | "window" | "send-window" | "receive-window" | "threshold" | "backend",
                None,
            ) => {
                return Err(format!("{key} needs a value: {key}=..."));
            }
            _ => return Err(format!("{key:?} is unknown; --help lists the keys")),
        }
    }
    Ok(options)
}

fn number(value: &str) -> Option<u8> {
    value.parse().ok()
}

fn send_window(value: &str) -> Option<WindowBits> {
    number(value).and_then(WindowBits::new).filter(|window| *window >= WindowBits::MIN_SEND)
}

fn backend(name: &str) -> Result<Backend, String> {
    match name {
        "miniz_oxide" => Ok(Backend::MinizOxide),
        #[cfg(feature = "zlib-rs")]
        "zlib-rs" => Ok(Backend::ZlibRs),
        #[cfg(not(feature = "zlib-rs"))]
        "zlib-rs" => Err("this command was built without zlib-rs".into()),
        _ => Err("backend is miniz_oxide or zlib-rs".into()),
    }
}

#[cfg(test)]
mod tests {
    use wirebahn_tokio::extension::Extension as _;

    use super::*;

    #[test]
    fn every_key_sets_what_it_says() {
        let params = "level=1,memory=9,send-window=10,receive-window=8,receive-no-context,threshold=1K,backend=miniz_oxide";
        let options = parse(DeflateOptions::server(), params).unwrap();
        assert_eq!((options.level.get(), options.memory_level.get(), options.threshold), (1, 9, 1024));
        assert_eq!((options.send.window.bits(), options.receive.window.bits()), (10, 8));
        assert_eq!(options.send.context, ContextTakeover::Keep);
        assert_eq!(options.receive.context, ContextTakeover::Reset);
        assert_eq!(options.backend, Backend::MinizOxide);
        let both = parse(DeflateOptions::default(), "window=11,no-context").unwrap();
        assert_eq!((both.send, both.receive), (both.receive, both.send));
        assert_eq!((both.send.window.bits(), both.send.context), (11, ContextTakeover::Reset));
    }

    #[test]
    fn without_parameters_the_defaults_hold() {
        assert_eq!(parse(DeflateOptions::server(), ""), Ok(DeflateOptions::server()));
        assert_eq!(server("").unwrap().0[0].offer(), Deflate::new(DeflateOptions::server()).offer());
    }

    #[test]
    fn wrong_parameters_are_refused_with_what_would_be_right() {
        for (wrong, says) in [
            ("level=10", "0 to 9"),
            ("memory=0", "1 to 9"),
            ("window=8", "9 to 15"),
            ("send-window=16", "9 to 15"),
            ("receive-window=7", "8 to 15"),
            ("no-context=1", "no value"),
            ("level", "needs a value"),
            ("backend=zlib", "zlib-rs"),
            ("fast", "--help"),
        ] {
            assert!(server(wrong).unwrap_err().contains(says), "{wrong}");
        }
    }
}
