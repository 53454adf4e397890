//! Arbitrary bytes into the server's opening handshake; see `wirebahn_fuzz_harness::server_opening`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::server_opening(data));
