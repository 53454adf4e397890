//! Arbitrary operations on a client and a server; see `wirebahn_fuzz_harness::operations`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::operations(data));
