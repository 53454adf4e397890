//! Connections over streams that are there already, and the shortest way to one that is not.

use crate::{Client, Incoming, Opened, TokioIo, WebSocket};

wirebahn_drive::entrances!(TokioIo over tokio::io::AsyncRead, tokio::io::AsyncWrite);
