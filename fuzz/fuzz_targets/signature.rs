#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| muster_discovery::fuzzing::signature(data));
