//! Arbitrary WAMP arguments around all serializers; see `wirebahn_fuzz_harness::wamp_transcode`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::wamp_transcode(data));
