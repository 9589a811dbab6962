//! Entry points for the fuzz targets in `fuzz`: documents of the installer from a disk or a person. Each takes any bytes and must return.
#![allow(missing_docs, reason = "each is named as what it reads")]

use crate::engine::Transaction;
use crate::{Plan, Profile, Receipt, journal};

/// As it is, and once more as lines of JSON whose seals are put in front, so that what is behind the seals is reached.
pub fn journal(data: &[u8]) {
    let _ = journal::parse(data);
    let Ok(records) = journal::parse(&journal::sealed(data)).map(journal::Sound::records) else {
        return;
    };
    if let Ok(transaction) = Transaction::of(records) {
        let _ = transaction.receipt();
    }
}

pub fn plan(data: &[u8]) {
    if let Ok(plan) = Plan::from_json(data) {
        let again = serde_json::to_vec(&plan).unwrap_or_default();
        assert_eq!(Plan::from_json(&again).ok(), Some(plan));
    }
}

pub fn receipt(data: &[u8]) {
    if let Ok(receipt) = Receipt::from_json(data) {
        let again = serde_json::to_vec(&receipt).unwrap_or_default();
        assert_eq!(Receipt::from_json(&again).ok(), Some(receipt));
    }
}

pub fn profile(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else {
        return;
    };
    if let Err(faults) = Profile::parse(text) {
        assert!(!faults.to_string().is_empty());
    }
}
