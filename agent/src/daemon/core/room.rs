//! When a file system has hardly any room left.

/// Less is hardly any, or a tenth of a small file system. The event that tells it has to fit, too.
const LEAST_BYTES: u64 = 64 << 20;
const LEAST_FILES: u64 = 1000;

/// The room of a file system.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Space {
    pub(crate) total_bytes: u64,
    /// What the agent can still fill.
    pub(crate) available_bytes: u64,
    /// None where files are not counted.
    pub(crate) available_files: Option<u64>,
}

/// What has come to be so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News {
    /// There is hardly any room left.
    Tight,
    /// There is enough again: twice as much as is hardly any.
    Enough,
}

/// Whether it is tight, as far as was looked. Between hardly any and enough nothing is new, so that what goes up and down there is told once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Room {
    is_tight: bool,
}

impl Room {
    /// What is new by this look.
    pub(crate) fn look(&mut self, space: &Space) -> Option<News> {
        let is_tight = has_less(space, 1);
        let is_enough = !has_less(space, 2);
        let news = match (self.is_tight, is_tight, is_enough) {
            (false, true, _) => News::Tight,
            (true, _, true) => News::Enough,
            _ => return None,
        };
        self.is_tight = news == News::Tight;
        Some(news)
    }
}

fn has_less(space: &Space, times: u64) -> bool {
    let bytes = LEAST_BYTES.min(space.total_bytes / 10) * times;
    let files = space.available_files;
    space.available_bytes < bytes || files.is_some_and(|left| left < LEAST_FILES * times)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn space(available_mib: u64, available_files: Option<u64>) -> Space {
        Space {
            total_bytes: 1 << 40,
            available_bytes: available_mib << 20,
            available_files,
        }
    }

    #[test]
    fn what_goes_up_and_down_is_told_once() {
        let mut room = Room::default();
        let mut look = |mib| room.look(&space(mib, None));
        assert_eq!(look(65), None);
        assert_eq!(look(63), Some(News::Tight));
        assert_eq!((look(70), look(63), look(127)), (None, None, None));
        assert_eq!(look(128), Some(News::Enough));
        assert_eq!(look(63), Some(News::Tight));
    }

    #[test]
    fn files_can_run_out_too() {
        let mut room = Room::default();
        assert_eq!(room.look(&space(1000, Some(999))), Some(News::Tight));
        assert_eq!(room.look(&space(1000, Some(2000))), Some(News::Enough));
    }

    #[test]
    fn a_small_file_system_is_not_full_from_the_beginning() {
        let small = |available_bytes| Space {
            total_bytes: 1 << 20,
            available_bytes,
            available_files: None,
        };
        let mut room = Room::default();
        assert_eq!(room.look(&small(1 << 19)), None);
        assert_eq!(room.look(&small(1 << 16)), Some(News::Tight));
    }
}
