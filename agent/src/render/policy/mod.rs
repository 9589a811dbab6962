//! Policies for people: their rules, the checks that they can name, and what is wrong with them.

mod faults;

use muster_adequacy::Policy;
use muster_adequacy::check::Kind;
use muster_adequacy::policy::Rule;
use muster_model::Role;

pub(crate) use faults::{faults, unread, valid};

use super::layout::{Column, Grid, Line, Page, Row, Tone};
use super::verdict::words::{one_line, roles, severity};

/// A named policy, for a list of them.
pub(crate) struct Listed {
    pub(crate) name: String,
    pub(crate) origin: String,
    pub(crate) used: Use,
    /// Unknown when there is a fault.
    pub(crate) version: Option<String>,
    pub(crate) description: String,
    /// Why it cannot be used.
    pub(crate) fault: Option<String>,
}

/// Whether a policy is what its name stands for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Use {
    InForce,
    /// The operator has another one of that name.
    Overridden,
}

/// The rules in a line each: name, severity, roles, what is asked for.
pub(crate) fn rules(policy: &Policy, width: usize) -> String {
    let mut page = Page::new(width);
    let columns = vec![
        Column::fixed("rule"),
        Column::fixed("severity"),
        Column::fixed("roles"),
        Column::flexible("needs", 20),
    ];
    let rows = policy.rules().iter().map(|rule| Row {
        cells: vec![
            Line::toned(Tone::Name, rule.id()),
            Line::from(severity(rule.severity())),
            Line::from(roles_of(rule)),
            Line::from(one_line(&rule.required())),
        ],
        notes: Vec::new(),
    });
    page.grid(&Grid::new(columns, rows.collect()));
    page.finish()
}

/// All of a policy in words.
pub(crate) fn whole(policy: &Policy, origin: &str, width: usize) -> String {
    let mut page = Page::new(width);
    let name = policy.name();
    page.paragraph(
        &Line::toned(Tone::Name, &name.name)
            .plain(" ")
            .plain(&name.version)
            .tone(Tone::Faint, &format!("  {origin}")),
    );
    page.paragraph(&Line::from(policy.description()));
    page.paragraph(
        &Line::toned(Tone::Label, "judges for ").plain(&roles(policy.roles().iter().copied())),
    );
    for rule in policy.rules() {
        page.standing_heading(
            Line::toned(Tone::Name, rule.id())
                .plain(": ")
                .plain(rule.title()),
        );
        let weight = format!("{}, {}", severity(rule.severity()), roles_of(rule));
        page.fact("severity", &Line::from(weight));
        page.fact("when", &Line::from(rule.condition().map(one_line)));
        page.fact("needs", &Line::from(one_line(&rule.required())));
        page.fact(
            "by",
            &Line::from(rule.check().map(|check| format!("check {check}"))),
        );
        page.fact("remedy", &Line::from(rule.remedy()));
    }
    page.finish()
}

/// The named policies with what each is used for.
pub(crate) fn list(policies: &[Listed], width: usize) -> String {
    let columns = vec![
        Column::fixed("policy"),
        Column::fixed("version"),
        Column::fixed("in force"),
        Column::flexible("where", 12),
        Column::flexible("about", 18),
    ];
    let rows = policies.iter().map(|policy| {
        let used = match (policy.used, &policy.fault) {
            (Use::Overridden, _) => Line::toned(Tone::Faint, "overridden"),
            (Use::InForce, Some(_)) => Line::toned(Tone::Bad, "FAULTY"),
            (Use::InForce, None) => Line::toned(Tone::Good, "yes"),
        };
        let about = match &policy.fault {
            Some(fault) => Line::toned(Tone::Bad, fault),
            None => Line::from(&policy.description),
        };
        Row {
            cells: vec![
                Line::toned(Tone::Name, &policy.name),
                Line::from(policy.version.as_deref()),
                used,
                Line::from(&policy.origin),
                about,
            ],
            notes: Vec::new(),
        }
    });
    let mut page = Page::new(width);
    page.grid(&Grid::new(columns, rows.collect()));
    page.finish()
}

/// What each check passes, and its parameters.
pub(crate) fn checks(kinds: &[&Kind], width: usize) -> String {
    let described = kinds.iter().map(|kind| {
        let mut page = Page::new(width);
        page.paragraph(&Line::toned(Tone::Name, kind.name));
        page.item(&Line::from(" "), 0, &Line::from(kind.about));
        let mut text = page.finish();
        // Not wrapped: it is there to be copied.
        let example = format!("  check.{} = {}", kind.name, kind.example);
        Line::toned(Tone::Label, &example).paint(&mut text);
        text.push('\n');
        text
    });
    described.collect::<Vec<_>>().join("\n")
}

fn roles_of(rule: &Rule) -> String {
    let all: Vec<Role> = rule.roles().iter().copied().collect();
    roles(all)
}

#[cfg(test)]
mod tests {
    use super::*;

    const POLICY: &str = r#"
        schema = "muster.policy/v1"
        name = "made"
        version = "3"
        description = "For the tests, with a name that drives \u001b[31m a terminal."
        roles = ["control", "worker"]

        [[rules]]
        id = "cores"
        title = "Enough cores"
        severity = "required"
        check.cpu_cores = { at_least = 4 }
        remedy = "Use another machine."

        [[rules]]
        id = "disks"
        title = "Disks for data"
        severity = "recommended"
        roles = ["worker"]
        when = 'size(disks) > 1'
        check.disks = { at_least = 2, size_at_least = "400 GB", rotational = false, available = true }
        remedy = "Add disks, or empty those that are there."
        "#;

    fn plain(text: &str) -> String {
        anstream::adapter::strip_str(text).to_string()
    }

    #[test]
    fn policies_in_words() {
        let policy = Policy::parse(POLICY).unwrap();
        insta::assert_snapshot!(
            "policy_whole",
            plain(&whole(&policy, "comes with muster", 80))
        );
        insta::assert_snapshot!("policy_rules_80", plain(&rules(&policy, 80)));
        insta::assert_snapshot!("policy_rules_50", plain(&rules(&policy, 50)));
    }

    #[test]
    fn a_list_says_what_is_in_force() {
        let listed = |name: &str, origin: &str, used, fault: Option<&str>| Listed {
            name: name.to_owned(),
            origin: origin.to_owned(),
            used,
            version: fault.is_none().then(|| "1".to_owned()),
            description: "What a machine needs to run.".to_owned(),
            fault: fault.map(str::to_owned),
        };
        let own = "comes with muster";
        let faulty = "faulty; `muster policy validate /etc/muster/policies/lab.toml` says why";
        let text = list(
            &[
                listed(
                    "default",
                    "/etc/muster/policies/default.toml",
                    Use::InForce,
                    None,
                ),
                listed("default", own, Use::Overridden, None),
                listed(
                    "lab",
                    "/etc/muster/policies/lab.toml",
                    Use::InForce,
                    Some(faulty),
                ),
            ],
            100,
        );
        insta::assert_snapshot!("policy_list", plain(&text));
    }

    #[test]
    fn checks_come_with_their_example() {
        let kinds: Vec<&Kind> = muster_adequacy::check::kinds().collect();
        let text = plain(&checks(&kinds, 80));
        for kind in kinds {
            assert!(
                text.contains(&format!("\n  check.{} = ", kind.name)),
                "{text}"
            );
        }
    }
}
