//! What a journal is read as, whatever became of it.

use super::*;
use crate::step::Edited;

fn records() -> Vec<Record> {
    vec![
        Record::Unchanged { step: 0 },
        Record::Failed {
            step: 1,
            why: "two\nlines and ünïcode".to_owned(),
        },
        Record::Reverting {
            edited: Edited::Kept,
        },
    ]
}

fn written(records: &[Record]) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut before = FIRST_SEAL.to_owned();
    for record in records {
        let (seal, line) = line(&before, record).unwrap();
        bytes.extend(line.as_bytes());
        before = seal;
    }
    bytes
}

#[test]
fn what_is_written_is_read_and_the_form_stays() {
    let bytes = written(&records());
    let content = parse(&bytes).unwrap();
    assert_eq!(content.records, records());
    assert_eq!(content.sound_bytes, bytes.len());
    let text = String::from_utf8(bytes).unwrap();
    assert_eq!(
        text.lines().nth(1).unwrap().split_at(17).1,
        r#"{"record":"failed","step":1,"why":"two\nlines and ünïcode"}"#
    );
}

#[test]
fn a_last_record_that_is_torn_was_never_written() {
    let whole = written(&records());
    let two = written(&records()[..2]).len();
    for length in two..whole.len() {
        let content = parse(&whole[..length]).unwrap();
        assert_eq!(content.records, records()[..2], "{length}");
        assert_eq!(content.sound_bytes, two);
    }
}

#[test]
fn damage_before_the_last_record_is_refused() {
    let bytes = written(&records());
    // But for the last line's end: without it, that line is one that was torn.
    for at in 0..bytes.len() - 1 {
        for flipped in [0x01, 0x20, 0x80] {
            let mut damaged = bytes.clone();
            damaged[at] ^= flipped;
            let fault = parse(&damaged).unwrap_err();
            assert!((1..=3).contains(&fault.line), "{at}: {fault:?}");
        }
    }
}

#[test]
fn lines_that_were_left_out_doubled_or_moved_are_refused() {
    let bytes = written(&records());
    let lines: Vec<&[u8]> = bytes.split_inclusive(|byte| *byte == b'\n').collect();
    for order in [&[1, 2, 2][..], &[0, 2, 2], &[0, 0, 1, 2], &[0, 2, 1]] {
        let moved: Vec<u8> = order.iter().flat_map(|at| lines[*at]).copied().collect();
        assert!(parse(&moved).is_err(), "{order:?}");
    }
    assert!(parse(b"").is_err());
    assert!(parse(b"0000000000000000 {}\n").is_err());
}
