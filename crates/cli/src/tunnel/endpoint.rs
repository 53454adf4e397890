//! The ends of a tunnel.

use std::fmt;
use std::io;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
#[cfg(unix)]
use tokio::net::{UnixListener, UnixStream};
use wirebahn_tokio::Stream;
use wirebahn_tokio::http::WsUrl;

use crate::values;

/// What can stand behind `--listen` and `--to`.
#[derive(Clone, Debug)]
pub(super) enum Endpoint {
    /// A WebSocket, as it was spelt.
    WebSocket(Arc<WebSocketUrl>),
    Plain(Plain),
}

#[derive(Debug)]
pub(super) struct WebSocketUrl {
    pub(super) url: WsUrl,
    /// The port is 0, which URLs cannot say: any that is free, for listening.
    pub(super) is_any_port: bool,
    text: String,
}

/// A byte stream.
#[derive(Clone, Debug)]
pub(super) enum Plain {
    /// `HOST:PORT`.
    Tcp(String),
    Unix(PathBuf),
}

/// Where plain connections come in.
#[derive(Debug)]
pub(super) enum Listener {
    Tcp(TcpListener),
    #[cfg(unix)]
    Unix(UnixListener, SocketFile),
}

/// A socket in the file system, which goes when nobody listens there any more.
#[derive(Debug)]
pub(super) struct SocketFile(PathBuf);

impl SocketFile {
    pub(super) fn new(path: impl Into<PathBuf>) -> Self {
        Self(path.into())
    }
}

impl Drop for SocketFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if let Some(address) = text.strip_prefix("tcp:") {
            let address = address.strip_prefix("//").unwrap_or(address);
            return Ok(Self::Plain(Plain::Tcp(values::listen_address(address)?)));
        }
        if let Some(path) = text.strip_prefix("unix:") {
            let path = path.strip_prefix("//").unwrap_or(path);
            if path.is_empty() || cfg!(not(unix)) {
                return Err("there is no such Unix socket".into());
            }
            return Ok(Self::Plain(Plain::Unix(path.into())));
        }
        let Some((scheme, rest)) = text.split_once("://") else {
            return Err("write tcp:HOST:PORT, unix:PATH or ws://HOST:PORT/PATH".into());
        };
        let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        let any_port = authority.strip_suffix(":0").map(|host| format!("{scheme}://{host}{path}"));
        let url = any_port.as_deref().unwrap_or(text).parse().map_err(|error| format!("{error}"))?;
        Ok(Self::WebSocket(Arc::new(WebSocketUrl {
            url,
            is_any_port: any_port.is_some(),
            text: text.into(),
        })))
    }
}

impl Plain {
    pub(super) async fn connect(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(address) => Ok(tcp(TcpStream::connect(address).await?)),
            #[cfg(unix)]
            Self::Unix(path) => Ok(Stream::Unix(UnixStream::connect(path).await?)),
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    pub(super) async fn listen(&self) -> io::Result<Listener> {
        match self {
            Self::Tcp(address) => Ok(Listener::Tcp(TcpListener::bind(address).await?)),
            #[cfg(unix)]
            Self::Unix(path) => {
                clear(path).await?;
                Ok(Listener::Unix(UnixListener::bind(path)?, SocketFile::new(path)))
            }
            #[cfg(not(unix))]
            Self::Unix(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Without Nagle's algorithm: what comes through a tunnel was put together at its other end.
fn tcp(stream: TcpStream) -> Stream {
    // Only an optimisation: a stream that refuses works all the same.
    let _ = stream.set_nodelay(true);
    Stream::Tcp(stream)
}

/// Removes a socket that somebody has left behind; whatever else is there stays.
#[cfg(unix)]
pub(super) async fn clear(path: &std::path::Path) -> io::Result<()> {
    use std::os::unix::fs::FileTypeExt as _;
    let Ok(found) = std::fs::symlink_metadata(path) else { return Ok(()) };
    if !found.file_type().is_socket() {
        // The system would say that the address is in use, as if somebody listened there.
        return Err(io::Error::new(io::ErrorKind::AlreadyExists, "there is a file that is no socket"));
    }
    if UnixStream::connect(path).await.is_err_and(|error| is_refusal(&error)) {
        std::fs::remove_file(path)?;
    }
    Ok(())
}

#[cfg(unix)]
fn is_refusal(error: &io::Error) -> bool {
    error.kind() == io::ErrorKind::ConnectionRefused
}

impl Listener {
    pub(super) async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Tcp(listener) => Ok(tcp(listener.accept().await?.0)),
            #[cfg(unix)]
            Self::Unix(listener, _) => Ok(Stream::Unix(listener.accept().await?.0)),
        }
    }

    /// Where it listens, in the form of `--listen`.
    pub(super) fn place(&self) -> io::Result<String> {
        match self {
            Self::Tcp(listener) => Ok(format!("tcp:{}", listener.local_addr()?)),
            #[cfg(unix)]
            Self::Unix(_, file) => Ok(format!("unix:{}", file.0.display())),
        }
    }
}

impl WebSocketUrl {
    pub(super) fn as_str(&self) -> &str {
        &self.text
    }

    /// The path without the query.
    pub(super) fn path(&self) -> &str {
        let resource = self.url.resource();
        resource.split_once('?').map_or(resource, |(path, _)| path)
    }
}

impl fmt::Display for WebSocketUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl fmt::Display for Plain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tcp(address) => write!(f, "tcp:{address}"),
            Self::Unix(path) => write!(f, "unix:{}", path.display()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_told_apart_by_their_scheme() {
        for right in ["tcp:127.0.0.1:22", "tcp://localhost:22", "tcp:[::1]:0"] {
            assert!(matches!(right.parse(), Ok(Endpoint::Plain(Plain::Tcp(_)))), "{right}");
        }
        for right in
            ["ws://localhost", "ws://[::1]:0/a", "wss://example.com/a?b", "ws+unix:///run/a.sock:/path"]
        {
            assert!(matches!(right.parse(), Ok(Endpoint::WebSocket(_))), "{right}");
        }
        for wrong in ["", "localhost:22", "tcp:localhost", "tcp:", "unix:", "http://localhost/", "udp:a:1"] {
            assert!(wrong.parse::<Endpoint>().is_err(), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_unix_socket_may_be_anywhere() {
        for (text, path) in [("unix:/run/a", "/run/a"), ("unix:a", "a"), ("unix:///run/a", "/run/a")] {
            let parsed = text.parse();
            assert!(
                matches!(parsed, Ok(Endpoint::Plain(Plain::Unix(found))) if found == std::path::Path::new(path))
            );
        }
    }
}
