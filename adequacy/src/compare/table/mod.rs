//! What the fields of an inventory mean when two are compared: one row a field.
//!
//! A field that has no row is compared too, as neutral news under its own name.

mod devices;
mod machine;
mod network;
mod storage;

use serde_json::Value;

/// What one field means.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Its path in the inventory, lists passed through: `disks.health.media_errors`. A `*` at the end
    /// stands for any key of a map.
    pub(super) path: &'static str,
    /// What a person calls it.
    pub(super) label: &'static str,
    /// What a difference of it is worth.
    pub(super) rule: Rule,
    /// How its values are written.
    pub(super) style: Style,
    /// What `null` is.
    pub(super) null: Null,
    /// Whether it names other devices, which may have been renamed.
    pub(super) names_devices: bool,
    /// Fields of the same device that say it already when they differ too, or that explain, when
    /// they are false, why it is unknown.
    pub(super) beside: &'static [&'static str],
    /// Whether it holds still on this device.
    pub(super) steady: fn(&Value) -> bool,
}

/// What a difference is worth.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule {
    /// It changes all the time: never a difference.
    Volatile,
    /// Other fields say the same: never a difference.
    Derived,
    /// It tells one device from another of its kind: no difference between two machines.
    Identity,
    /// Other, neither better nor worse.
    Neutral,
    /// More is better: numbers, and lists of things wanted.
    More,
    /// The same, but one part in two hundred is the kernel's own business: no difference.
    Amount,
    /// Less is better.
    Less,
    /// To have it is better than not; one in place of another is neutral.
    Present,
    /// Later in this list is better; what is not in the list is neutral.
    Ranked(&'static [&'static str]),
    /// `true` is better.
    Yes,
    /// `false` is better.
    No,
    /// Less is better, and told only when one of these marks is passed.
    Below(&'static [u64]),
    /// More is better, likewise.
    Above(&'static [u64]),
    /// The kernel's words for a vulnerability: `Not affected`, `Mitigation…`, `Vulnerable…`.
    Vulnerability,
}

/// How values are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Style {
    /// As they are, with the unit that is in the field's name.
    Plain,
    /// Lanes: `x8`.
    Lanes,
    /// Per cent.
    Percent,
    /// Words that come and go one by one.
    Words,
    /// A truth, in two words: yes, no.
    Either(&'static str, &'static str),
}

/// What `null` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Null {
    /// Not known.
    Unknown,
    /// None, unless a warning says of this device or field that it is not known.
    None,
    /// The same, and a warning about the whole section counts too: it takes rights to know.
    NoneUnlessWarned,
}

impl Field {
    const fn new(path: &'static str, label: &'static str, rule: Rule) -> Self {
        Self {
            path,
            label,
            rule,
            style: Style::Plain,
            null: Null::Unknown,
            names_devices: false,
            beside: &[],
            steady: |_| true,
        }
    }

    const fn styled(self, style: Style) -> Self {
        Self { style, ..self }
    }

    const fn or_none(self) -> Self {
        Self {
            null: Null::None,
            ..self
        }
    }

    const fn or_none_unless_warned(self) -> Self {
        Self {
            null: Null::NoneUnlessWarned,
            ..self
        }
    }

    const fn naming(self) -> Self {
        Self {
            names_devices: true,
            ..self
        }
    }

    const fn steady(self, steady: fn(&Value) -> bool) -> Self {
        Self { steady, ..self }
    }

    const fn beside(self, beside: &'static [&'static str]) -> Self {
        Self { beside, ..self }
    }
}

const fn volatile(path: &'static str) -> Field {
    Field::new(path, "", Rule::Volatile)
}

const fn derived(path: &'static str) -> Field {
    Field::new(path, "", Rule::Derived)
}

const fn identity(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, Rule::Identity)
}

const fn neutral(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, Rule::Neutral)
}

const fn more(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, Rule::More)
}

const fn amount(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, Rule::Amount)
}

const fn less(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, Rule::Less)
}

/// Its `null` is none.
const fn present(path: &'static str, label: &'static str) -> Field {
    Field::new(path, label, Rule::Present).or_none()
}

const fn ranked(
    path: &'static str,
    label: &'static str,
    worst_first: &'static [&'static str],
) -> Field {
    Field::new(path, label, Rule::Ranked(worst_first))
}

const fn yes(path: &'static str, label: &'static str, words: [&'static str; 2]) -> Field {
    let [good, bad] = words;
    Field::new(path, label, Rule::Yes).styled(Style::Either(good, bad))
}

const fn no(path: &'static str, label: &'static str, words: [&'static str; 2]) -> Field {
    let [bad, good] = words;
    Field::new(path, label, Rule::No).styled(Style::Either(bad, good))
}

const fn either(path: &'static str, label: &'static str, words: [&'static str; 2]) -> Field {
    let [true_word, false_word] = words;
    neutral(path, label).styled(Style::Either(true_word, false_word))
}

const ON: [&str; 2] = ["on", "off"];
const SAID: [&str; 2] = ["yes", "no"];

const TABLES: [&[Field]; 4] = [
    machine::FIELDS,
    network::FIELDS,
    storage::FIELDS,
    devices::FIELDS,
];

/// Every row.
#[cfg(test)]
pub(super) fn all() -> impl Iterator<Item = &'static Field> {
    TABLES.into_iter().flatten()
}

/// The row of a path, with its place among all rows.
pub(super) fn row(path: &str) -> Option<(usize, &'static Field)> {
    let is_it = |field: &Field| match field.path.strip_suffix('*') {
        Some(map) => path.strip_prefix(map).is_some_and(|key| !key.is_empty()),
        None => field.path == path,
    };
    let mut rows = TABLES.into_iter().flatten().enumerate();
    rows.find(|(_, field)| is_it(field))
}

/// What a field without a row means.
pub(super) const UNLISTED: Field = neutral("", "");

/// What a person calls the field at `path` of its device.
pub(super) fn label(field: &Field, path: &str) -> String {
    match field.path.strip_suffix('*') {
        Some(_) => {
            let key = path.rsplit('.').next().unwrap_or(path);
            format!("{} {key}", field.label)
        }
        None if field.label.is_empty() => path.replace(['.', '_'], " "),
        None => field.label.to_owned(),
    }
}
