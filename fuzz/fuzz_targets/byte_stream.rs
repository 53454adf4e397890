//! Arbitrary messages as a byte stream; see `wirebahn_fuzz_harness::byte_stream`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::byte_stream(data));
