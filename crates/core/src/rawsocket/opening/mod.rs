//! The opening handshake: four octets each way.
//!
//! ```text
//!            octet 0   octet 1                      octets 2, 3
//!   client   0x7F      max length ⟨4⟩ serializer ⟨4⟩   0
//!   server   0x7F      max length ⟨4⟩ serializer ⟨4⟩   0       agreed
//!   server   0x7F      error      ⟨4⟩ 0          ⟨4⟩   0       refused
//! ```
//!
//! Each end's max length says what it accepts to receive; [`MaxLen`](super::MaxLen) is its logarithm minus 9.

mod client;
mod handshake;
mod server;

pub use client::{ClientOpening, ClientOpeningError, ClientOpeningEvent, ClientOptions};
pub use handshake::{HANDSHAKE_LEN, MAGIC, RefusalCode, SerializerId};
pub use server::{OpeningFailure, ServerOpening, ServerOpeningEvent, ServerOptions};
