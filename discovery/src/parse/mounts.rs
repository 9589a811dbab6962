//! Mount tables: `/proc/PID/mountinfo` (proc(5)), `/proc/PID/mounts` (fstab(5)) and `/proc/swaps`.

/// A table of mounts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Mounts {
    pub(crate) mounts: Vec<Mount>,
    /// Lines that are none.
    pub(crate) odd: usize,
}

impl Mounts {
    fn of(lines: impl Iterator<Item = Option<Mount>>) -> Self {
        lines.fold(Self::default(), |mut table, line| {
            match line {
                Some(mount) => table.mounts.push(mount),
                None => table.odd += 1,
            }
            table
        })
    }
}

/// One mount.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Mount {
    /// `major:minor` of the file system; empty where the table does not have it.
    pub(crate) number: String,
    /// The folder of the file system that is mounted: `/` but for bind mounts and subvolumes.
    pub(crate) root: String,
    /// Where.
    pub(crate) mount_point: String,
    /// Type of the file system.
    pub(crate) kind: String,
    /// What, as it was mounted.
    pub(crate) source: String,
}

impl Mount {
    /// Whether the number is that of a block device; file systems without one have major 0.
    pub(crate) fn is_on_block_device(&self) -> bool {
        match self.number.split_once(':') {
            Some((major, _)) => major != "0",
            None => self.source.starts_with("/dev/"),
        }
    }
}

/// Reads `mountinfo`: `id parent major:minor root mount-point options [tags…] - type source …`.
pub(crate) fn mountinfo(table: &[u8]) -> Mounts {
    Mounts::of(lines(table).map(|line| mountinfo_line(&line)))
}

fn mountinfo_line(line: &str) -> Option<Mount> {
    let (before, after) = line.split_once(" - ")?;
    let mut before = before.split(' ').skip(2);
    let (number, root, mount_point) = (before.next()?, before.next()?, before.next()?);
    let mut after = after.split(' ');
    Some(Mount {
        number: number.to_owned(),
        root: unescape(root),
        mount_point: unescape(mount_point),
        kind: unescape(after.next()?),
        source: unescape(after.next().unwrap_or_default()),
    })
}

/// Reads `mounts`: `source mount-point type options 0 0`.
pub(crate) fn mounts(table: &[u8]) -> Mounts {
    let line = |line: String| {
        let mut fields = line.split(' ');
        Some(Mount {
            number: String::new(),
            source: unescape(fields.next()?),
            mount_point: unescape(fields.next()?),
            kind: unescape(fields.next()?),
            root: "/".to_owned(),
        })
    };
    Mounts::of(lines(table).map(line))
}

/// The block devices in `/proc/swaps`, as they were given: `/dev/sda2`.
pub(crate) fn swap_devices(table: &[u8]) -> Vec<String> {
    lines(table)
        .skip(1)
        .filter_map(|line| {
            let mut fields = line.split_ascii_whitespace();
            let path = fields.next()?;
            (fields.next()? == "partition").then(|| unescape(path))
        })
        .collect()
}

fn lines(table: &[u8]) -> impl Iterator<Item = String> + '_ {
    table
        .split(|byte| *byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| String::from_utf8_lossy(line).into_owned())
}

/// Undoes the kernel's `\040`-like octal escapes of space, tab, newline, backslash and `#`.
fn unescape(field: &str) -> String {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field.as_bytes();
    while let Some((first, after)) = rest.split_first() {
        rest = after;
        let code = after.get(..3).filter(|_| *first == b'\\').and_then(octal);
        match code {
            Some(code) => {
                bytes.push(code);
                rest = after.get(3..).unwrap_or_default();
            }
            None => bytes.push(*first),
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn octal(digits: &[u8]) -> Option<u8> {
    let text = std::str::from_utf8(digits).ok()?;
    let plain = digits.iter().all(u8::is_ascii_digit);
    plain.then(|| u8::from_str_radix(text, 8).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_mountinfo_with_escapes_bind_mounts_and_tags() {
        let table =
            b"36 35 98:0 /mnt1 /my\\040disk rw,noatime master:1 shared:2 - ext3 /dev/root rw\n\
            41 20 0:40 / /misc rw - autofs systemd-1 rw\n\
            broken line\n";
        let Mounts { mounts, odd } = mountinfo(table);
        assert_eq!((mounts.len(), odd), (2, 1));
        assert_eq!(mounts[0].mount_point, "/my disk");
        assert_eq!(mounts[0].root, "/mnt1");
        assert_eq!(mounts[0].number, "98:0");
        assert_eq!(mounts[0].source, "/dev/root");
        assert!(mounts[0].is_on_block_device());
        assert!(!mounts[1].is_on_block_device());
    }

    #[test]
    fn reads_mounts_without_numbers() {
        let table = b"/dev/vda / ext4 rw 0 0\ntmpfs /a\\134b tmpfs rw 0 0\n";
        let Mounts { mounts: found, .. } = mounts(table);
        assert_eq!(found[0].source, "/dev/vda");
        assert!(found[0].is_on_block_device());
        assert_eq!(found[1].mount_point, "/a\\b");
    }

    #[test]
    fn swap_files_are_not_devices() {
        let table = b"Filename Type Size Used Priority\n/dev/sda3 partition 8 0 -2\n/swap\\040file file 8 0 -3\n";
        assert_eq!(swap_devices(table), ["/dev/sda3"]);
    }

    #[test]
    fn bad_escapes_stay_as_they_are() {
        assert_eq!(unescape("a\\9"), "a\\9");
        assert_eq!(unescape("\\777\\"), "\\777\\");
    }
}
