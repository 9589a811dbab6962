//! Names of kernel modules: `/proc/modules` (proc(5)), `modules.builtin` and `modules.dep` (kernel
//! `Documentation/kbuild/kbuild.rst`, modules.dep(5)).

use super::lines::{self, Lines};

/// `MODULE_NAME_LEN` of the kernel (`include/linux/module.h`).
const LONGEST: usize = 64;
/// A module's file as it is or compressed.
const SUFFIXES: [&str; 4] = [".ko", ".ko.gz", ".ko.xz", ".ko.zst"];

/// The loaded ones: `name size references …`.
pub(crate) fn loaded(table: &[u8]) -> Lines<String> {
    lines::read(table, |line| {
        let mut fields = line.split_ascii_whitespace();
        let module = name(fields.next()?)?;
        fields.next()?.parse::<u64>().ok().map(|_| module)
    })
}

/// Those in a list of files, each a path, in `modules.dep` followed by `:` and what it needs.
pub(crate) fn files(list: &[u8]) -> Lines<String> {
    lines::read(list, |line| {
        let path = line.split_once(':').map_or(line, |(path, _)| path).trim();
        let file = path.rsplit_once('/').map_or(path, |(_, file)| file);
        name(
            SUFFIXES
                .iter()
                .find_map(|suffix| file.strip_suffix(suffix))?,
        )
    })
}

/// As the kernel names it, which has `_` for every `-`.
fn name(text: &str) -> Option<String> {
    let fits = (1..=LONGEST).contains(&text.len());
    let is_name = fits && text.bytes().all(|byte| byte.is_ascii_graphic());
    is_name.then(|| text.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_loaded_ones() {
        let table =
            b"nvme_core 212992 1 nvme, Live 0xffffffffc0a00000\nnvme 61440 0 - Live 0x0 (OE)\n";
        assert_eq!(loaded(table).values, ["nvme_core", "nvme"]);
        assert_eq!(loaded(b"").values, [""; 0]);
        let odd = loaded(b"alone\nnvme many 0\nkvm 1 0\n");
        assert_eq!((odd.values, odd.odd), (vec!["kvm".to_owned()], 2));
    }

    #[test]
    fn reads_files_however_they_are_compressed() {
        let list = b"kernel/drivers/i2c/i2c-core.ko.zst:\n\
            kernel/net/ipv4/inet_diag.ko.xz: kernel/a.ko kernel/b-c.ko\n\
            updates/dkms/zfs.ko.gz: \nkernel/fs/ext4/ext4.ko\n/abs/8250-x.ko\n";
        let names = ["i2c_core", "inet_diag", "zfs", "ext4", "8250_x"];
        assert_eq!(files(list).values, names);
    }

    #[test]
    fn what_is_no_module_is_counted() {
        let long = format!("{}.ko", "x".repeat(65));
        for odd in ["kernel/README", ".ko", "a b.ko", "a.ko.bz2", long.as_str()] {
            assert_eq!(files(odd.as_bytes()).odd, 1, "{odd}");
        }
    }
}
