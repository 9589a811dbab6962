//! Sets of processors in sysfs, whose files have had several names and forms.

use std::cell::Cell;

use crate::Fault;
use crate::parse::cpulist::CpuSet;
use crate::source::Dir;

/// How a file writes its set.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Form {
    /// `0-3,8`.
    List,
    /// `0000010f`.
    Mask,
}

/// A set under the names that it has had, the newest first. The one that a kernel has is found
/// once.
pub(crate) struct SetFile {
    spellings: &'static [(&'static str, Form)],
    first: Cell<usize>,
    found: Cell<bool>,
}

impl SetFile {
    pub(crate) fn new(spellings: &'static [(&'static str, Form)]) -> Self {
        Self {
            spellings,
            first: Cell::new(0),
            found: Cell::new(false),
        }
    }

    /// Whether some read has succeeded, so that an absent file means an absent device.
    pub(crate) fn is_known(&self) -> bool {
        self.found.get()
    }

    /// The set in the folder `place` of `dir`.
    pub(crate) fn read(&self, dir: &Dir<'_>, place: &str) -> Result<CpuSet, Fault> {
        let mut outcome = Err(Fault::Absent);
        let spellings = self.spellings.iter().enumerate().skip(self.first.get());
        for (position, (name, form)) in spellings {
            outcome = dir.text(&format!("{place}/{name}"));
            if !matches!(outcome, Err(Fault::Absent)) {
                self.first.set(position);
                self.found.set(true);
                return outcome.and_then(|text| match form {
                    Form::List => CpuSet::from_list(&text),
                    Form::Mask => CpuSet::from_mask(&text),
                });
            }
            if self.found.get() {
                break;
            }
        }
        outcome.map(|_: String| CpuSet::default())
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::Source;

    #[test]
    fn the_name_that_a_kernel_has_is_found_once() {
        let root = tempfile::tempdir().unwrap();
        for cpu in ["cpu0", "cpu1"] {
            fs::create_dir_all(root.path().join("sys").join(cpu)).unwrap();
        }
        fs::write(root.path().join("sys/cpu0/old"), "00000003\n").unwrap();
        fs::write(root.path().join("sys/cpu1/new"), "0-1\n").unwrap();
        let source = Source::at_root(root.path()).unwrap();
        let dir = source.dir("sys");
        let file = SetFile::new(&[("new", Form::List), ("old", Form::Mask)]);
        assert!(!file.is_known());
        assert_eq!(file.read(&dir, "cpu0").unwrap().to_string(), "0-1");
        assert!(file.is_known());
        assert_eq!(file.read(&dir, "cpu1"), Err(Fault::Absent));
    }
}
