//! serde for the three serializers.
//!
//! One decoder and one encoder, over the traits that the serializers have in common. What a Rust value becomes is the same
//! in each of them, in the forms that `serde_json` has made usual: structs are dicts, variants of enums are strings or
//! dicts with one key, and types that choose between a readable and a compact form take the readable one. Otherwise a
//! value could not be passed on between peers with different serializers.

mod decode;
mod encode;
mod key;
mod value;

pub use decode::DecodeError;
pub(crate) use decode::Decoder;
pub use encode::EncodeError;
pub(crate) use encode::Encoder;
