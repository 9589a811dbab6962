//! Profiles that are right, and that are not.

use super::*;

const RIGHT: &str = r#"
schema = "muster.profile/v1"
name = "small"
version = "1"
roles = ["worker"]

[parameters.folder]
description = "Where data is"
default = "/data"

[parameters.name]
description = "What the host is called"

[[steps]]
id = "folder"
why = "Data needs a place."
directory = { path = "${folder}/work", mode = "0700" }

[[steps]]
id = "name"
why = "It has to be called something."
when = { virtualization = ["none", "vm"] }
attempts = 3
hostname = { name = "${name}" }

[[steps]]
id = "money"
why = "A $ is a $."
file = { path = "${folder}/money", content = "$$5\n" }
"#;

fn given(values: &[(&str, &str)]) -> BTreeMap<String, String> {
    let values = values.iter();
    values
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

fn facts(virtualization: &str) -> Facts {
    Facts {
        virtualization: Some(virtualization.to_owned()),
        ..Facts::default()
    }
}

#[test]
fn parameters_have_their_places() {
    let profile = Profile::parse(RIGHT).unwrap();
    assert_eq!(profile.name().name, "small");
    let wishes = profile
        .wishes(Some(Role::Worker), &given(&[("name", "n1")]), &facts("vm"))
        .unwrap();
    let titles: Vec<String> = wishes
        .steps
        .iter()
        .map(|wish| wish.action.title())
        .collect();
    assert_eq!(
        titles,
        [
            "Have the directory /data/work",
            "Call the host n1",
            "Have the file /data/money"
        ]
    );
    assert_eq!(wishes.steps[1].attempts, 3);
    assert_eq!(
        wishes.parameters,
        given(&[("name", "n1"), ("folder", "/data")])
    );
    let json = serde_json::to_value(&wishes.steps[2].action).unwrap();
    assert_eq!(json["file"]["content"], "$5\n");
}

#[test]
fn a_step_is_left_out_where_its_condition_does_not_hold() {
    let profile = Profile::parse(RIGHT).unwrap();
    let name = given(&[("name", "n1")]);
    let wishes = profile.wishes(None, &name, &facts("container")).unwrap();
    assert_eq!(wishes.steps.len(), 2);
    let unknown = profile
        .wishes(None, &name, &Facts::default())
        .unwrap_err()
        .to_string();
    assert!(
        unknown.starts_with("22:10: the host does not tell its virtualization"),
        "{unknown}"
    );
}

#[test]
fn a_step_about_a_value_that_nobody_gave_is_left_out() {
    let text = RIGHT.replace(
        "when = { virtualization = [\"none\", \"vm\"] }",
        "when = { given = [\"name\"] }",
    );
    let profile = Profile::parse(&text).unwrap();
    let steps = |name| {
        let wishes = profile.wishes(None, &given(&[("name", name)]), &Facts::default());
        wishes.unwrap().steps.len()
    };
    assert_eq!([steps("n1"), steps("")], [3, 2]);
    let text = text.replace("given = [\"name\"]", "given = [\"nam\"]");
    let text = text.replace("[parameters.name]", "[parameters.name]\ndefault = \"\"");
    let told = Profile::parse(&text).unwrap_err().to_string();
    assert!(
        told.starts_with("23:18: there is no parameter \"nam\""),
        "{told}"
    );
}

#[test]
fn what_is_given_has_to_fit() {
    let profile = Profile::parse(RIGHT).unwrap();
    let told = |role, values: &[(&str, &str)]| {
        profile
            .wishes(role, &given(values), &facts("vm"))
            .unwrap_err()
            .to_string()
    };
    assert!(
        told(None, &[]).contains("has to be told name (What the host is called): --set name=…")
    );
    assert!(told(None, &[("nam", "a")]).ends_with("has no parameter nam; it has folder, name"));
    assert!(told(Some(Role::Control), &[("name", "a")]).ends_with("is not for the role control"));
    let outside = told(None, &[("name", "a"), ("folder", "/data/../etc")]);
    assert!(outside.starts_with("17:23: a path has no //"), "{outside}");
    assert!(told(None, &[("name", "a b")]).contains("24:22: a host name has labels"));
}

#[test]
fn every_mistake_is_told_with_its_place() {
    let told = |from: &str, to: &str| {
        assert!(RIGHT.contains(from), "{from}");
        let text = RIGHT.replace(
            "[parameters.name]\ndescription = \"What the host is called\"",
            "[parameters.name]\ndescription = \"a\"\ndefault = \"n\"",
        );
        Profile::parse(&text.replace(from, to))
            .unwrap_err()
            .to_string()
    };
    for (from, to, expected) in [
        (
            "profile/v1",
            "profile/v2",
            "2:11: this is \"muster.profile/v2\"",
        ),
        ("name = \"small\"", "name = \"Small\"", "3:9: a name has"),
        ("version = \"1\"\n", "", "\"version\" is missing"),
        ("\"worker\"", "\"waiter\"", "there is no role \"waiter\""),
        (
            "mode = \"0700\"",
            "mode = \"rwx\"",
            "18:48: a mode is three or four octal digits",
        ),
        ("mode = \"0700\"", "mood = \"0700\"", "unknown field `mood`"),
        (
            "directory = {",
            "directry = {",
            "unknown variant `directry`",
        ),
        (
            "id = \"name\"",
            "id = \"folder\"",
            "another step with the id \"folder\"",
        ),
        (
            "attempts = 3",
            "attempts = 0",
            "a step is tried from 1 to 10 times",
        ),
        ("why = \"Data needs a place.\"\n", "", "\"why\" is missing"),
        ("$$5", "$5", "a parameter is written as ${name}"),
        (
            "${folder}/money",
            "${folders}/money",
            "there is no parameter \"folders\"",
        ),
        ("\"none\", \"vm\"", "", "a list is wanted"),
        (
            "virtualization =",
            "virtue =",
            "there is no \"virtue\" here",
        ),
        ("attempts = 3", "swap_off = {}", "a step does one thing"),
        ("[[steps]]", "[[stops]]", "there are no [[steps]]"),
        ("schema =", "schema", ""),
    ] {
        let faults = told(from, to);
        assert!(faults.contains(expected), "{to}: {faults}");
    }
}

#[test]
fn no_text_does_harm() {
    let huge = format!("{RIGHT}#{}", "a".repeat(1 << 20));
    assert!(
        Profile::parse(&huge)
            .unwrap_err()
            .to_string()
            .contains("larger than 1 MiB")
    );
    for end in 0..RIGHT.len() {
        let _ = Profile::parse(&RIGHT[..end]);
    }
}
