//! Each condition lets in whom it is for, and nobody else.

use muster_adequacy::{Policy, judge};
use muster_model::NodeStatus;
use muster_proto::v1;

use super::*;
use crate::admission::request;
use crate::config;

/// Control nodes need two threads; workers one.
const POLICY: &str = r#"
schema = "muster.policy/v1"
name = "test"
version = "1"
roles = ["control", "worker"]

[[rules]]
id = "threads"
title = "A processor"
severity = "required"
roles = ["worker"]
check.cpu_threads = { at_least = 1 }
remedy = "Fit one."

[[rules]]
id = "more-threads"
title = "A larger processor"
severity = "required"
roles = ["control"]
check.cpu_threads = { at_least = 2 }
remedy = "Fit one."
"#;

/// A machine with these threads, and what it is granted by the rules in `text`.
struct Case {
    threads: Option<u32>,
    asks_for: Option<Role>,
    token: TokenRecord,
}

impl Case {
    fn new(threads: Option<u32>) -> Self {
        let token = TokenRecord {
            id: "tokenaaaaa".to_owned(),
            secret_sha256: String::new(),
            role: None,
            created: 0,
            expires: 1,
            uses_left: 1,
            name: None,
            labels: BTreeMap::new(),
            taints: BTreeMap::new(),
            auto_accept: false,
            revoked: false,
            revision: 1,
        };
        Self {
            threads,
            asks_for: None,
            token,
        }
    }

    fn granted(&self, rules: &str) -> Option<Grant> {
        self.seen(Some(&self.token), |newcomer| {
            grant(&config::parse(rules).unwrap().rules, newcomer)
        })
    }

    /// What lets it back that has had a certificate, with a join token that counts or none.
    fn readmitted(&self, rules: &str, token: Option<&TokenRecord>) -> Option<String> {
        self.seen(token, |back| {
            readmission(&config::parse(rules).unwrap().rules, back)
        })
    }

    fn seen<T>(&self, token: Option<&TokenRecord>, look: impl FnOnce(&Newcomer<'_>) -> T) -> T {
        let mut inventory = Inventory::default();
        inventory.cpu.threads = self.threads;
        inventory.cpu.online_threads = self.threads;
        inventory.board.serial = Some("BOARD1".to_owned());
        let asked = v1::EnrollRequest {
            node_id: "00000000000000000000000000000001".to_owned(),
            name: "rack7-n1".to_owned(),
            hardware_fingerprint: vec![0xab; 32],
            agent_version: "0.1.0".to_owned(),
            ..Default::default()
        };
        let mut record = request::record(&asked, &inventory, 0).unwrap();
        record.macs = ["52:54:00:12:34:5F".to_owned()].into();
        record.role = self.asks_for;
        assert_eq!(record.status, NodeStatus::Candidate);
        let newcomer = Newcomer {
            record: &record,
            token,
            verdict: &judge(&Policy::parse(POLICY).unwrap(), &inventory),
            inventory: &inventory,
            from: Some(IpAddr::from([192, 0, 2, 7])),
        };
        look(&newcomer)
    }

    fn reason(&self, rules: &str) -> Option<String> {
        self.granted(rules).map(|grant| grant.reason)
    }
}

fn rule(name: &str, condition: &str) -> String {
    format!("[[admission]]\nname = {name:?}\n{condition}\n")
}

#[test]
fn each_condition_lets_in_and_keeps_out() {
    let fingerprint = "ab".repeat(32);
    let other = "cd".repeat(32);
    let table = [
        ("token = 'tokenaaaaa'".to_owned(), true),
        ("token = 'tokenbbbbb'".to_owned(), false),
        ("verdict = 'adequate'".to_owned(), true),
        (format!("fingerprints = ['{fingerprint}']"), true),
        (format!("fingerprints = ['{other}']"), false),
        ("serials = ['x', 'BOARD1']".to_owned(), true),
        ("serials = ['board1']".to_owned(), false),
        ("macs = ['52-54-00-12-34-5f']".to_owned(), true),
        ("macs = ['52:54:00:12:34:50']".to_owned(), false),
        ("node_name = 'rack7-*'".to_owned(), true),
        ("node_name = 'rack?-n1'".to_owned(), true),
        ("node_name = 'rack8-*'".to_owned(), false),
        ("node_name = 'rack7'".to_owned(), false),
        (
            "networks = ['2001:db8::/32', '192.0.2.0/29']".to_owned(),
            true,
        ),
        ("networks = ['192.0.2.7']".to_owned(), true),
        ("networks = ['192.0.2.8/29']".to_owned(), false),
        (
            "node_name = 'rack7-*'\nnetworks = ['198.51.100.0/24']".to_owned(),
            false,
        ),
        (
            "node_name = 'rack7-*'\nnetworks = ['192.0.2.0/24']".to_owned(),
            true,
        ),
    ];
    for (condition, expected) in table {
        let granted = Case::new(Some(4)).granted(&rule("r", &condition));
        assert_eq!(granted.is_some(), expected, "{condition}");
    }
}

#[test]
fn the_first_rule_that_fits_counts_and_says_what_the_machine_becomes() {
    let rules = [
        rule("never", "node_name = 'x'"),
        rule(
            "gpu",
            "node_name = 'rack7-*'\nrole = 'control'\nlabels = { rack = '7' }\ntaints = ['gpu=yes:NoSchedule']",
        ),
        rule("later", "verdict = 'adequate'\nlabels = { late = 'yes' }"),
    ];
    let mut case = Case::new(Some(4));
    case.token.auto_accept = true;
    case.asks_for = Some(Role::Worker);
    let grant = case.granted(&rules.concat()).unwrap();
    assert_eq!(grant.reason, "accepted by the rule \"gpu\"");
    assert_eq!(grant.role, Role::Control);
    assert_eq!(grant.labels, [("rack".to_owned(), "7".to_owned())].into());
    assert_eq!(grant.taints["gpu"].value, "yes");
}

#[test]
fn nobody_is_accepted_who_is_inadequate_for_the_role_that_it_would_get() {
    let anybody = rule("any", "networks = ['0.0.0.0/0']");
    let as_control = rule("any", "networks = ['0.0.0.0/0']\nrole = 'control'");
    let case = Case::new(Some(1));
    assert!(case.granted(&anybody).is_some());
    assert_eq!(case.granted(&as_control), None);
    let mut asks = Case::new(Some(1));
    asks.asks_for = Some(Role::Control);
    asks.token.auto_accept = true;
    assert_eq!(asks.granted(&anybody), None);
    asks.asks_for = None;
    asks.token.role = Some(Role::Control);
    assert_eq!(asks.granted(""), None);
}

#[test]
fn what_cannot_be_determined_is_accepted_unless_adequate_is_asked_for() {
    let case = Case::new(None);
    assert!(case.granted(&rule("any", "node_name = '*'")).is_some());
    let strict = rule("strict", "node_name = '*'\nverdict = 'adequate'");
    assert_eq!(case.granted(&strict), None);
}

#[test]
fn a_token_accepts_by_itself_where_no_rule_fits() {
    let mut case = Case::new(Some(4));
    assert_eq!(case.granted(""), None);
    case.token.auto_accept = true;
    case.token.role = Some(Role::Control);
    let grant = case.granted("").unwrap();
    assert_eq!(grant.reason, "accepted by the join token tokenaaaaa");
    assert_eq!(grant.role, Role::Control);
    let first = rule("mine", "token = 'tokenaaaaa'");
    assert_eq!(
        case.reason(&first).unwrap(),
        "accepted by the rule \"mine\""
    );
}

#[test]
fn who_comes_back_by_its_key_alone_needs_a_rule_that_says_so() {
    let mut case = Case::new(Some(4));
    case.asks_for = Some(Role::Worker);
    case.token.auto_accept = true;
    let newcomers = rule("new", "node_name = '*'");
    let back = rule("back", "node_name = '*'\nreadmit = true");
    let told = |name: &str| Some(format!("let back by the rule {name:?}"));
    assert_eq!(case.readmitted(&newcomers, None), None);
    assert_eq!(case.readmitted(&newcomers, Some(&case.token)), told("new"));
    let both = format!("{newcomers}{back}");
    assert_eq!(case.readmitted(&both, None), told("back"));
    assert_eq!(case.readmitted("", None), None);
    let by_token = case.readmitted("", Some(&case.token));
    let expected = "let back by the join token tokenaaaaa";
    assert_eq!(by_token.as_deref(), Some(expected));
    let for_others = [
        "node_name = 'x'\nreadmit = true",
        "token = 'tokenaaaaa'\nreadmit = true",
        "node_name = '*'\nreadmit = true\nrole = 'control'",
    ];
    for condition in for_others {
        let text = rule("other", condition);
        assert_eq!(case.readmitted(&text, None), None, "{condition}");
    }
    case.threads = Some(0);
    assert_eq!(case.readmitted(&back, None), None, "it is inadequate");
}
