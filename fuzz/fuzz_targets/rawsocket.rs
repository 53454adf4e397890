//! Arbitrary bytes into a RawSocket; see `wirebahn_fuzz_harness::rawsocket`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::rawsocket(data));
