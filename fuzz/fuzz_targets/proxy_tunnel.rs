//! Arbitrary bytes of a proxy; see `wirebahn_fuzz_harness::proxy_tunnel`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::proxy_tunnel(data));
