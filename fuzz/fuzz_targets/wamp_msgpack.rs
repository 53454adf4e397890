//! Arbitrary bytes as a WAMP message in MessagePack; see `wirebahn_fuzz_harness::wamp_msgpack`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::wamp_msgpack(data));
