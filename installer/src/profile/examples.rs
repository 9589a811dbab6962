//! The worked examples of `docs/examples`: a host as they need it can be planned for, and is put back.

use std::collections::BTreeMap;

use serde_json::json;

use crate::host::model::Model;
use crate::plan::PlannedStep;
use crate::profile::Facts;
use crate::step::testing::{host, prove};
use crate::{Plan, Profile};

const SERVER: &str = include_str!("../../../docs/examples/k3s-server.toml");
const WORKER: &str = include_str!("../../../docs/examples/k3s-worker.toml");
const URL: &str = "https://10.0.0.1:6443";

fn ready() -> Model {
    let mut host = host();
    host.make_folder("/srv");
    host.make_folder("/srv/k3s");
    host.put("/srv/k3s/k3s", "k3s");
    host.put("/srv/k3s/k3s-airgap-images-amd64.tar.zst", "images");
    host
}

/// Of what [`ready`] has put there.
const GIVEN: [(&str, &str); 2] = [
    (
        "k3s_sha256",
        "86bd33ebf64e01aaafb7dab419436ac025d04abd933bbbb124ddb25c30b59dd7",
    ),
    (
        "images_sha256",
        "21b2eed1e328a2c62fe4c17d51188bdea73450f29956dc5c8c95429313ddd72c",
    ),
];

fn planned(text: &str, given: &[(&str, &str)], host: &Model) -> Plan {
    let owned = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    let given: BTreeMap<String, String> = GIVEN.iter().chain(given).map(owned).collect();
    let profile = Profile::parse(text).unwrap();
    let wishes = profile.wishes(None, &given, &Facts::default());
    Plan::make(host, wishes.unwrap()).unwrap()
}

fn content(plan: &Plan, id: &str) -> String {
    let step = plan.steps().iter().find(|step| step.id == id).unwrap();
    let action = json!(step.action);
    let fields = action.as_object().unwrap().values().next().unwrap();
    fields["content"].as_str().unwrap().to_owned()
}

#[test]
fn the_examples_of_k3s_are_planned_for_a_host_without_internet() {
    let server = planned(SERVER, &[], &ready());
    let worker = planned(WORKER, &[("server", URL)], &ready());
    assert!(content(&server, "service").contains("ExecStart=/usr/local/bin/k3s server\n"));
    assert!(content(&worker, "service").contains("ExecStart=/usr/local/bin/k3s agent\n"));
    assert!(content(&worker, "config").contains("server: \"https://10.0.0.1:6443\"\n"));
    for plan in [&server, &worker] {
        assert!(plan.steps().iter().all(PlannedStep::is_change));
        assert!(!plan.steps().iter().any(|step| step.destructive));
    }
}

#[test]
fn what_the_examples_bring_is_checked_and_taken_away_again() {
    let plan = planned(SERVER, &[], &ready());
    let step = plan.steps().iter().find(|step| step.id == "program");
    let after = prove(&with_local_bin(), &json!(step.unwrap().action));
    assert_eq!(after.text("/usr/local/bin/k3s").unwrap(), "k3s");
}

fn with_local_bin() -> Model {
    let mut host = ready();
    host.make_folder("/usr/local");
    host.make_folder("/usr/local/bin");
    host
}
