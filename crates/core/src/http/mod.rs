//! What the opening handshake needs of HTTP/1.1.
