//! Arbitrary bytes as a WAMP message in JSON; see `wirebahn_fuzz_harness::wamp_json`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::wamp_json(data));
