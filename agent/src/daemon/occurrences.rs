//! The task that tells what happens to the machine itself: that it was started again or suspended, that its clock was set, that the
//! file system of the agent's state has no room left. Each once, when it happens.

use std::path::PathBuf;
use std::time::Duration;

use nix::sys::statvfs::statvfs;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::clocks::{Jump, Jumps};
use super::core::room::{News, Room, Space};
use super::events::{Events, Happened};
use super::state::{State, StateError};
use super::survey::{self, Changed};

/// How often the file system is looked at: to fill what is left when it is told takes longer.
const LOOK: Duration = Duration::from_mins(1);

/// What the task needs.
pub(crate) struct Occurrences {
    pub(crate) events: Events,
    /// After a suspension all may be another.
    pub(crate) changed: Changed,
    /// The agent's state.
    pub(crate) folder: PathBuf,
}

/// Tells when the machine was started since the agent ran last. `boot_id` is empty when it is not known.
pub(crate) fn since_last_time(
    state: &State,
    boot_id: &[u8],
    events: &Events,
) -> Result<(), StateError> {
    let boot: String = boot_id.iter().map(|byte| format!("{byte:02x}")).collect();
    let before = state.boot()?;
    if boot.is_empty() || before.as_ref() == Some(&boot) {
        return Ok(());
    }
    if let Some(before) = before {
        let message = format!("the machine was started again: boot {boot}, before {before}");
        events.tell(Happened::Rebooted, message);
    }
    // Afterwards: what a crash keeps from being told is told at the next start.
    state.keep_boot(&boot)
}

impl Occurrences {
    /// Runs until `cancel`.
    pub(crate) async fn run(self, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.follow_clocks() => {}
            () = self.follow_room() => {}
        }
    }

    async fn follow_clocks(&self) {
        let error = match Jumps::notice() {
            Ok(mut jumps) => loop {
                match jumps.next().await {
                    Ok(jump) => self.jumped(jump),
                    Err(error) => break error,
                }
            },
            Err(error) => error,
        };
        tracing::warn!(error = %error, "suspensions and set clocks are not noticed");
        std::future::pending::<()>().await;
    }

    fn jumped(&self, jump: Jump) {
        if let Some(suspended) = jump.suspended {
            let message = format!("the machine slept for {} s", suspended.as_secs());
            self.events.tell(Happened::Resumed, message);
            survey::everything(&self.changed);
        }
        if let Some(set_by_ms) = jump.set_by_ms {
            let by = Duration::from_millis(set_by_ms.unsigned_abs());
            let way = match set_by_ms > 0 {
                true => "forward",
                false => "back",
            };
            let message = format!("the clock was set {way} by {:.1} s", by.as_secs_f64());
            tracing::warn!(set_by_ms, "the clock was set");
            self.events.tell(Happened::ClockSet, message);
        }
    }

    async fn follow_room(&self) {
        let mut room = Room::default();
        loop {
            let folder = self.folder.clone();
            // Where it hangs, nothing but this does.
            let space = spawn_blocking(move || space(&folder)).await;
            if let Ok(Some(space)) = space {
                self.has_room(&mut room, &space);
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    fn has_room(&self, room: &mut Room, space: &Space) {
        let left = space.available_bytes >> 10;
        let place = self.folder.display();
        match room.look(space) {
            Some(News::Tight) => {
                let files = space
                    .available_files
                    .map(|left| format!(" and {left} files"));
                let message = format!(
                    "the file system of {place} is nearly full: {left} KiB{} are left",
                    files.unwrap_or_default()
                );
                tracing::warn!(
                    left_kib = left,
                    "the agent's state has hardly any room left"
                );
                self.events.tell(Happened::DiskFilling, message);
            }
            Some(News::Enough) => {
                let message = format!("the file system of {place} has room again: {left} KiB");
                self.events.tell(Happened::DiskHasRoom, message);
            }
            None => {}
        }
    }
}

fn space(folder: &std::path::Path) -> Option<Space> {
    let found = statvfs(folder).ok()?;
    let bytes = |blocks: u64| blocks.saturating_mul(found.fragment_size());
    Some(Space {
        total_bytes: bytes(found.blocks()),
        available_bytes: bytes(found.blocks_available()),
        // Some file systems count no inodes.
        available_files: (found.files() > 0).then(|| found.files_available()),
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn occurrences() -> (Occurrences, impl FnMut() -> Vec<(String, String)>) {
        let (events, heard) = Events::heard();
        let occurrences = Occurrences {
            events,
            changed: Arc::default(),
            folder: "/s".into(),
        };
        (occurrences, heard)
    }

    #[test]
    fn a_start_of_the_machine_is_told_once() {
        let folder = tempfile::tempdir().unwrap();
        let state = State::open(folder.path()).unwrap();
        let (events, mut heard) = Events::heard();
        let start = |boot: &[u8]| since_last_time(&state, boot, &events).unwrap();
        // The agent's first start is no start of the machine, and neither is its second.
        start(&[1; 16]);
        start(&[1; 16]);
        start(&[]);
        assert_eq!(heard(), []);
        start(&[0xab; 16]);
        start(&[0xab; 16]);
        let told = heard();
        assert_eq!(told.len(), 1);
        assert_eq!(told[0].0, "rebooted");
        assert!(told[0].1.contains(&"ab".repeat(16)) && told[0].1.contains(&"01".repeat(16)));
    }

    #[test]
    fn a_clock_that_is_set_is_told_and_a_suspension_has_all_read_again() {
        let (occurrences, mut heard) = occurrences();
        occurrences.jumped(Jump {
            suspended: None,
            set_by_ms: Some(-3_600_500),
        });
        assert!(occurrences.changed.borrow().is_empty());
        occurrences.jumped(Jump {
            suspended: Some(Duration::from_secs(61)),
            set_by_ms: None,
        });
        assert!(!occurrences.changed.borrow().is_empty());
        let told = heard();
        let told: Vec<_> = told
            .iter()
            .map(|(kind, said)| (kind.as_str(), said.as_str()))
            .collect();
        assert_eq!(
            told,
            [
                ("clock_set", "the clock was set back by 3600.5 s"),
                ("resumed", "the machine slept for 61 s"),
            ]
        );
    }

    #[test]
    fn a_disk_that_fills_is_told_once_until_it_has_room_again() {
        let (occurrences, mut heard) = occurrences();
        let mut room = Room::default();
        let mut look = |available_bytes| {
            let space = Space {
                total_bytes: 1 << 40,
                available_bytes,
                available_files: Some(1 << 20),
            };
            occurrences.has_room(&mut room, &space);
        };
        for available in [1 << 39, 1 << 20, 1 << 20, 1 << 19, 1 << 39, 1 << 39] {
            look(available);
        }
        let kinds: Vec<_> = heard().into_iter().map(|(kind, _)| kind).collect();
        assert_eq!(kinds, ["disk_filling", "disk_has_room"]);
    }

    #[test]
    fn the_space_of_a_folder_is_known() {
        let folder = tempfile::tempdir().unwrap();
        let found = space(folder.path()).unwrap();
        assert!(found.total_bytes >= found.available_bytes);
        assert_eq!(space(&folder.path().join("no")), None);
    }
}
