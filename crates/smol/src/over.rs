//! Connections over streams that are there already, and the shortest way to one that is not.

use crate::{Client, FuturesIo, Incoming, Opened, WebSocket};

wirebahn_drive::entrances!(FuturesIo over futures_io::AsyncRead, futures_io::AsyncWrite);
