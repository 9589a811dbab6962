//! The names of users and groups, as the files of a host have them.

use std::collections::BTreeMap;

use crate::value::AccountName;

/// Of the superuser and its group: it has this number everywhere, also where no file says so.
const ROOT: (&str, u32) = ("root", 0);

/// Names and numbers of users and groups.
pub(super) struct Names {
    users: BTreeMap<String, u32>,
    groups: BTreeMap<String, u32>,
}

impl Names {
    /// From the texts of passwd(5) and group(5).
    pub(super) fn of(users: &str, groups: &str) -> Self {
        Self {
            users: numbers(users),
            groups: numbers(groups),
        }
    }

    /// The number of a user.
    pub(super) fn user(&self, name: &AccountName) -> Option<u32> {
        number(&self.users, name)
    }

    /// The number of a group.
    pub(super) fn group(&self, name: &AccountName) -> Option<u32> {
        number(&self.groups, name)
    }

    /// A user by its name, where it has one that we can write.
    pub(super) fn of_user(&self, id: u32) -> AccountName {
        name(&self.users, id)
    }

    /// A group by its name, where it has one that we can write.
    pub(super) fn of_group(&self, id: u32) -> AccountName {
        name(&self.groups, id)
    }
}

/// In both files the first field is the name, and the third the number.
fn numbers(text: &str) -> BTreeMap<String, u32> {
    let mut numbers = BTreeMap::new();
    for line in text.lines() {
        let mut fields = line.split(':');
        if let (Some(name), Some(id)) = (fields.next(), fields.nth(1))
            && let Ok(id) = id.parse()
        {
            numbers.entry(name.to_owned()).or_insert(id);
        }
    }
    let (root, id) = ROOT;
    numbers.insert(root.to_owned(), id);
    numbers
}

fn number(numbers: &BTreeMap<String, u32>, name: &AccountName) -> Option<u32> {
    name.number()
        .or_else(|| numbers.get(name.as_str()).copied())
}

fn name(numbers: &BTreeMap<String, u32>, id: u32) -> AccountName {
    if id == ROOT.1 {
        return AccountName::root();
    }
    let names = numbers.iter().filter(|(_, number)| **number == id);
    let mut names = names.filter_map(|(name, _)| AccountName::try_from(name.clone()).ok());
    names.next().unwrap_or_else(|| AccountName::numbered(id))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_each_others() {
        let names = Names::of(
            "toor:x:0:0::/:/bin/sh\nwork:x:999:998::/:\nbroken\nx:y:z\n",
            "",
        );
        let account = |name: &str| AccountName::try_from(name.to_owned()).unwrap();
        assert_eq!(names.user(&account("work")), Some(999));
        assert_eq!(names.of_user(999), account("work"));
        assert_eq!(names.of_user(7), account("7"));
        assert_eq!(names.user(&account("7")), Some(7));
        assert_eq!(names.user(&account("nobody")), None);
        // Whatever else is called 0.
        assert_eq!(
            (names.of_user(0), names.of_group(0)),
            (account("root"), account("root"))
        );
        assert_eq!(names.group(&account("root")), Some(0));
    }
}
