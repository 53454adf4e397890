//! Arbitrary bytes as compressed messages; see `wirebahn_fuzz_harness::inflate`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::inflate(data));
