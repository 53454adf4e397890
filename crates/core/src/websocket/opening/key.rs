//! `Sec-WebSocket-Key` and `Sec-WebSocket-Accept`.

use alloc::string::String;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha1::{Digest as _, Sha1};

use crate::Entropy;

/// What a server appends to the key before hashing (RFC 6455 1.3).
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// 16 random bytes in base64 (RFC 6455 4.1 item 7).
pub(super) fn generate(entropy: &mut dyn Entropy) -> String {
    let mut nonce = [0; 16];
    entropy.fill(&mut nonce);
    STANDARD.encode(nonce)
}

/// Whether `key` is 16 bytes in base64 (RFC 6455 4.2.1 item 5). Bits that the last character has to spare are not
/// looked at: clients exist that set them.
pub(super) fn is_valid(key: &[u8]) -> bool {
    let [digits @ .., b'=', b'='] = key else { return false };
    digits.len() == 22 && digits.iter().all(|&b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
}

/// The proof that a server has understood the key (RFC 6455 4.2.2 item 5.4).
pub(super) fn accept_for(key: &[u8]) -> String {
    STANDARD.encode(Sha1::new().chain_update(key).chain_update(GUID).finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sample_key_of_rfc_6455_gives_its_sample_answer() {
        assert_eq!(accept_for(b"dGhlIHNhbXBsZSBub25jZQ=="), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    }

    #[test]
    fn only_sixteen_bytes_in_base64_are_a_key() {
        assert!(is_valid(b"dGhlIHNhbXBsZSBub25jZQ=="));
        for key in
            ["", "==", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQA=", "dGhlIHNhbXBsZSBub25jZQ==x"]
        {
            assert!(!is_valid(key.as_bytes()), "{key}");
        }
        assert!(!is_valid(b"dGhlIHNhbXBsZSBub25j-Q=="));
    }
}
