//! What is told when records are damaged.

use super::*;
use crate::engine::{Trace, scan};

fn installed() -> Model {
    let mut host = host();
    let plan = plan(&host);
    install(&mut host, plan).unwrap();
    host
}

fn receipt() -> HostPath {
    HostPath::known("/var/lib/muster-install/receipt-0001.json")
}

/// The host with other bytes in its receipt.
fn damaged(host: &Model, change: impl FnOnce(&mut Vec<u8>)) -> Model {
    let mut host = host.clone();
    let mut text = host.read(&receipt()).unwrap().unwrap();
    change(&mut text);
    let file = crate::value::KeptFile {
        content: crate::value::Content::from(String::from_utf8_lossy(&text).as_ref()),
        attributes: crate::value::Attributes::of_root(0o600),
    };
    files::set_file(&mut host, &receipt(), Some(&file)).unwrap();
    host
}

#[test]
fn what_profiles_would_have_left_is_found_on_the_host() {
    let fresh = scan(&host(), &[wishes(&actions())]).unwrap();
    let there = |traces: &[Trace]| {
        let there = traces.iter().filter(|trace| trace.is_there == Some(true));
        there.count()
    };
    assert_eq!(fresh.receipts, []);
    assert!(there(&fresh.traces) < fresh.traces.len() / 2, "{fresh:?}");

    let twice = [wishes(&actions()), wishes(&actions())];
    let found = scan(&installed(), &twice).unwrap();
    assert_eq!(there(&found.traces), found.traces.len(), "{found:?}");
    assert_eq!(found.traces.len(), actions().len(), "each is told once");
    assert_eq!(found.receipts[0].fault, None);
}

#[test]
fn damage_to_a_step_of_a_receipt_leaves_the_others_readable() {
    let host = installed();
    let whole = scan(&host, &[]).unwrap().receipts[0].steps.clone();
    assert!(whole.len() > 10);
    let text = String::from_utf8(host.read(&receipt()).unwrap().unwrap()).unwrap();
    let of_hostname = text.find(r#""name": "node-1""#).unwrap();
    let broken = damaged(&host, |text| text[of_hostname] = b'!');
    assert!(uninstall(&mut broken.clone()).is_err());
    let found = scan(&broken, &[]).unwrap().receipts.remove(0);
    assert!(found.fault.unwrap().starts_with("it is damaged: "));
    assert_eq!((found.steps.len(), found.lost), (whole.len() - 1, 1));
    assert!(found.steps.iter().all(|step| whole.contains(step)));
}

#[test]
fn a_receipt_that_ends_anywhere_tells_the_steps_before() {
    let host = installed();
    let whole = scan(&host, &[]).unwrap().receipts[0].steps.clone();
    let length = host.read(&receipt()).unwrap().unwrap().len();
    let mut before = 0;
    for end in (0..length).step_by(97) {
        let cut = damaged(&host, |text| text.truncate(end));
        let found = scan(&cut, &[]).unwrap().receipts.remove(0);
        assert!(found.fault.is_some(), "{end}");
        assert_eq!(found.steps, whole[..found.steps.len()], "{end}");
        assert!(found.steps.len() >= before && found.lost <= 1, "{end}");
        before = found.steps.len();
    }
    assert!(before + 1 >= whole.len());
}
