//! Arbitrary bytes as a WAMP message in CBOR; see `wirebahn_fuzz_harness::wamp_cbor`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::wamp_cbor(data));
