//! Arbitrary operations on a router with several sessions; see `wirebahn_fuzz_harness::router_operations`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| wirebahn_fuzz_harness::router_operations(data));
