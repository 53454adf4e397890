//! Arbitrary bytes at the beginning of a connection; see `wirebahn_fuzz_harness::proxy_header`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::proxy_header(data));
