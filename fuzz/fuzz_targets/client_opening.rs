//! Arbitrary bytes into the client's opening handshake; see `wirebahn_fuzz_harness::client_opening`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::client_opening(data));
