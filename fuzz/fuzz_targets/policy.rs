//! Any text is a policy, or has mistakes with their places.

#![no_main]

use muster_adequacy::{Policy, judge};
use muster_model::Inventory;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    match Policy::parse(text) {
        Ok(policy) => {
            let verdict = judge(&policy, &Inventory::default());
            assert_eq!(verdict.roles.len(), policy.roles().len());
        }
        Err(faults) => {
            assert!(faults.iter().count() > 0);
            for fault in faults.iter() {
                assert!(fault.line > 0 && fault.column > 0 && !fault.message.is_empty());
                assert!(fault.line <= 1 + text.matches('\n').count());
            }
        }
    }
});
