//! Kernel modules: what is loaded, built in, and can be loaded.

use muster_model::Found;
use muster_model::software::Modules;

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::kernel_modules;
use crate::parse::lines::Lines;
use crate::source::TABLE_CAP;

const LOADED: &str = "proc/modules";

/// Fills `modules`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Option<Modules>> {
    let mut notes = Notes::new("modules");
    let loaded = read(context, LOADED).map(|table| kernel_modules::loaded(&table));
    let loaded = names(&mut notes, "loaded", LOADED, loaded);
    let release = context.kernel_release().as_ref().map_err(Clone::clone);
    let release = notes.require_recorded("modules", "the release of the kernel", release);
    let mut in_file = |subject: &str, file: &str| {
        let path = format!("lib/modules/{}/{file}", release?);
        let list = read(context, &path).map(|list| kernel_modules::files(&list));
        names(&mut notes, subject, &path, list)
    };
    let built_in = in_file("built_in", "modules.builtin");
    let loadable = in_file("loadable", "modules.dep");
    notes.with(Some(Modules {
        loaded,
        built_in,
        loadable,
    }))
}

fn read(context: &Context<'_>, path: &str) -> Result<Vec<u8>, Fault> {
    context.source.read_up_to(path, TABLE_CAP)
}

fn names(
    notes: &mut Notes,
    subject: &str,
    path: &str,
    got: Result<Lines<String>, Fault>,
) -> Option<Vec<String>> {
    let lines = notes.require_recorded(subject, path, got)?;
    notes.odd_lines(&format!("modules.{subject}"), path, lines.odd);
    let mut names = lines.values;
    names.sort();
    names.dedup();
    Some(names)
}

#[cfg(test)]
mod tests {
    use muster_model::WarningKind;

    use super::*;
    use crate::testing::{Tree, found};

    const RELEASE: (&str, &str) = ("proc/sys/kernel/osrelease", "6.1.0-9-amd64\n");
    const FOLDER: &str = "lib/modules/6.1.0-9-amd64";

    #[test]
    fn all_three_lists_in_order() {
        let tree = Tree::new(&[
            RELEASE,
            (
                "proc/modules",
                "nvme 61440 0 - Live 0x0\nbonding 1 0 - Live 0x0\n",
            ),
        ]);
        let built_in = b"kernel/fs/ext4/ext4.ko\nkernel/crypto/crc32c-generic.ko\n";
        tree.file(&format!("{FOLDER}/modules.builtin"), built_in);
        let loadable = b"kernel/x/nvme.ko.xz:\nkernel/y/i2c-i801.ko.xz: kernel/y/i2c-smbus.ko.xz\n";
        tree.file(&format!("{FOLDER}/modules.dep"), loadable);
        let (modules, warnings) = found(&tree, probe);
        assert_eq!(warnings, []);
        let of = |names: &[&str]| Some(names.iter().map(ToString::to_string).collect());
        let expected = Modules {
            loaded: of(&["bonding", "nvme"]),
            built_in: of(&["crc32c_generic", "ext4"]),
            loadable: of(&["i2c_i801", "nvme"]),
        };
        assert_eq!(modules, Some(expected));
    }

    #[test]
    fn what_a_container_lacks_is_unknown_and_told() {
        let tree = Tree::new(&[RELEASE, ("proc/modules", "")]);
        let (modules, warnings) = found(&tree, probe);
        let expected = Modules {
            loaded: Some(Vec::new()),
            ..Modules::default()
        };
        assert_eq!(modules, Some(expected));
        let told = warnings.iter().map(|it| (it.subject.as_str(), it.kind));
        let told: Vec<_> = told.collect();
        let absent = WarningKind::Absent;
        assert_eq!(told, [("built_in", absent), ("loadable", absent)]);
        assert!(warnings[0].message.contains(FOLDER));

        let (modules, warnings) = found(&Tree::new(&[]), probe);
        assert_eq!(modules, Some(Modules::default()));
        assert_eq!(warnings.len(), 2, "{warnings:?}");
    }

    #[test]
    fn odd_lines_are_told_and_cost_themselves() {
        let tree = Tree::new(&[("proc/modules", "kvm 1 0\nnonsense\n")]);
        let (modules, warnings) = found(&tree, probe);
        assert_eq!(modules.unwrap().loaded, Some(vec!["kvm".to_owned()]));
        assert_eq!(warnings[0].kind, WarningKind::Malformed);
        assert!(warnings[0].message.contains("proc/modules: 1 line"));
    }
}
