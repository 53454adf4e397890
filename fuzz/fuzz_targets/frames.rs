//! Arbitrary bytes into the three layers; see `wirebahn_fuzz_harness::frames`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::frames(data));
