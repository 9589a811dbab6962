//! Who may ask the agent for what.

use nix::unistd::{Gid, Group, Uid, User};

/// Its members may do all.
const GROUP: &str = "muster";

/// Whether everybody on the machine may look.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) enum LocalRead {
    /// Only those who may do all.
    #[default]
    Denied,
    /// Everybody.
    Allowed,
}

impl From<bool> for LocalRead {
    fn from(is_allowed: bool) -> Self {
        match is_allowed {
            true => Self::Allowed,
            false => Self::Denied,
        }
    }
}

/// What a caller may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Right {
    All,
    Read,
    Nothing,
}

/// Who calls, as the kernel says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Caller {
    pub(super) user: u32,
    pub(super) group: u32,
}

/// Whom the agent trusts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Trusted {
    /// Who runs it.
    own: u32,
    group: Option<u32>,
    /// Users of that group beside those who have it as their first.
    members: Vec<u32>,
}

/// What `caller` may do. Asks the system's users and groups, which may take its time.
pub(super) fn right(caller: &Caller, local_read: LocalRead) -> Right {
    let group = muster();
    let members = group.iter().flat_map(|group| &group.mem);
    let members = members.filter_map(|name| User::from_name(name).ok().flatten());
    let trusted = Trusted {
        own: Uid::effective().as_raw(),
        members: members.map(|user| user.uid.as_raw()).collect(),
        group: group.as_ref().map(|group| group.gid.as_raw()),
    };
    decide(caller, &trusted, local_read)
}

/// The group whose members may do all, where there is one.
pub(super) fn group() -> Option<Gid> {
    muster().map(|group| group.gid)
}

fn muster() -> Option<Group> {
    Group::from_name(GROUP).ok().flatten()
}

fn decide(caller: &Caller, trusted: &Trusted, local_read: LocalRead) -> Right {
    let is_trusted = caller.user == 0
        || caller.user == trusted.own
        || Some(caller.group) == trusted.group
        || trusted.members.contains(&caller.user);
    match (is_trusted, local_read) {
        (true, _) => Right::All,
        (false, LocalRead::Allowed) => Right::Read,
        (false, LocalRead::Denied) => Right::Nothing,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_caller() {
        let trusted = Trusted {
            own: 990,
            group: Some(77),
            members: vec![1001],
        };
        let cases = [
            (0, 0, Right::All),
            (990, 990, Right::All),
            (1000, 77, Right::All),
            (1001, 1001, Right::All),
            (1002, 1002, Right::Nothing),
        ];
        for (user, group, expected) in cases {
            let caller = Caller { user, group };
            let right = decide(&caller, &trusted, LocalRead::Denied);
            assert_eq!(right, expected, "{caller:?}");
        }
        let other = Caller {
            user: 1002,
            group: 1002,
        };
        assert_eq!(decide(&other, &trusted, LocalRead::Allowed), Right::Read);
        let nobody = Trusted::default();
        assert_eq!(decide(&other, &nobody, LocalRead::Denied), Right::Nothing);
    }
}
