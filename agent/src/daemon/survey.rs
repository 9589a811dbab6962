//! The task that keeps true what is known of the machine: it is read again when the kernel tells of a change, after a
//! suspension, and now and then. Only what somebody changed makes a new document, which the next heartbeat offers.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::{Duration, Instant};

use muster_discovery::Options;
use muster_discovery::watch::{Bursts, Stopper};
use muster_model::Section;
use tokio::sync::watch;
use tokio::task::spawn_blocking;
use tokio_util::sync::CancellationToken;

use super::connect::chain;
use super::core::pace::{AT_LEAST, Pace};
use super::facts::{Facts, FactsError};

/// The listener looks after so long whether anybody is left whom to tell.
const WAIT: Duration = Duration::from_hours(1);

/// The sections that are to be read again.
pub(crate) type Changed = Arc<watch::Sender<BTreeSet<Section>>>;

/// Reads sections again; none when nobody changed anything. May block.
pub(crate) type Read =
    dyn Fn(&Facts, &BTreeSet<Section>) -> Result<Option<Facts>, FactsError> + Send + Sync;

/// What the task needs.
pub(crate) struct Survey {
    pub(crate) known: watch::Sender<Arc<Facts>>,
    pub(crate) changed: Changed,
    pub(crate) read: Arc<Read>,
}

/// Somebody listens to the kernel, until this is dropped.
pub(crate) struct Listening(Stopper);

impl Drop for Listening {
    fn drop(&mut self) {
        self.0.stop();
    }
}

impl Survey {
    /// Runs until `cancel`; somebody listens until then.
    pub(crate) async fn run(self, listening: Option<Listening>, cancel: CancellationToken) {
        tokio::select! {
            () = cancel.cancelled() => {}
            () = self.keep_reading() => {}
        }
        drop(listening);
    }

    async fn keep_reading(&self) {
        let begun = tokio::time::Instant::now();
        let mut pace = Pace::default();
        let mut changes = self.changed.subscribe();
        loop {
            let told = changes.wait_for(|sections| !sections.is_empty());
            // Both can be dropped at any time: what was told stays told.
            if tokio::time::timeout(AT_LEAST, told).await.is_err() {
                everything(&self.changed);
            }
            let noticed = begun.elapsed();
            tokio::time::sleep(pace.wait(noticed)).await;
            self.read(self.take()).await;
            pace.read(noticed, begun.elapsed());
        }
    }

    fn take(&self) -> BTreeSet<Section> {
        let mut taken = BTreeSet::new();
        self.changed.send_if_modified(|sections| {
            taken = std::mem::take(sections);
            false
        });
        taken
    }

    async fn read(&self, sections: BTreeSet<Section>) {
        let known = Arc::clone(&self.known.borrow());
        let read = Arc::clone(&self.read);
        let names: Vec<_> = sections.iter().map(|section| section.key()).collect();
        let names = names.join(",");
        match spawn_blocking(move || read(&known, &sections)).await {
            Ok(Ok(Some(facts))) => {
                tracing::info!(sections = names, "the machine has changed");
                self.known.send_replace(Arc::new(facts));
            }
            Ok(Ok(None)) => tracing::debug!(sections = names, "the machine is as it was"),
            Ok(Err(error)) => tracing::warn!(
                error = chain(&error),
                "the machine cannot be read again; the controller keeps what it knows"
            ),
            Err(error) => tracing::error!(error = %error, "reading the machine ended early"),
        }
    }
}

/// All is to be read again.
pub(crate) fn everything(changed: &watch::Sender<BTreeSet<Section>>) {
    tell(changed, Options::default().sections);
}

fn tell(changed: &watch::Sender<BTreeSet<Section>>, sections: BTreeSet<Section>) {
    changed.send_modify(|known| known.extend(sections));
}

/// Tells `changed` what the kernel says. None where it does not let this process listen: what is known is renewed now and then all
/// the same.
pub(crate) fn listen(changed: &Changed) -> Option<Listening> {
    let bursts = match Bursts::listen(Options::default().sections) {
        Ok(bursts) => bursts,
        Err(error) => {
            let reason = chain(&error);
            tracing::warn!(reason, "changes of this machine are noticed late");
            return None;
        }
    };
    let listening = Listening(bursts.stopper());
    let changed = Arc::clone(changed);
    // It waits in the kernel for as long as the agent runs.
    spawn_blocking(move || follow(bursts, &changed));
    Some(listening)
}

fn follow(mut bursts: Bursts, changed: &watch::Sender<BTreeSet<Section>>) {
    while !bursts.is_stopped() {
        match bursts.next(Instant::now() + WAIT) {
            Ok(sections) if sections.is_empty() => {}
            Ok(sections) => tell(changed, sections),
            Err(error) => {
                let reason = chain(&error);
                tracing::warn!(reason, "changes of this machine are noticed late");
                return;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use muster_proto::v1;

    use super::*;

    /// A machine that is read by counting, and is new with each reading or never.
    struct Machine {
        changed: Changed,
        known: watch::Receiver<Arc<Facts>>,
        readings: Arc<Mutex<Vec<BTreeSet<Section>>>>,
        cancel: CancellationToken,
    }

    fn facts(content: &str) -> Facts {
        Facts {
            inventory: v1::Document::pack("muster.inventory/v1", content.as_bytes()).unwrap(),
            boot_id: Vec::new(),
            fingerprint: Vec::new(),
            stable: [0; 32],
        }
    }

    fn start(is_new: bool) -> Machine {
        let (sender, known) = watch::channel(Arc::new(facts("0")));
        let changed = Changed::default();
        let readings = Arc::<Mutex<Vec<_>>>::default();
        let read = Arc::clone(&readings);
        let survey = Survey {
            known: sender,
            changed: Arc::clone(&changed),
            read: Arc::new(move |_, sections| {
                let mut readings = read.lock().unwrap();
                readings.push(sections.clone());
                Ok(is_new.then(|| facts(&readings.len().to_string())))
            }),
        };
        let cancel = CancellationToken::new();
        tokio::spawn(survey.run(None, cancel.clone()));
        Machine {
            changed,
            known,
            readings,
            cancel,
        }
    }

    impl Machine {
        async fn after(&self, time: Duration) -> usize {
            tokio::time::sleep(time).await;
            self.readings.lock().unwrap().len()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_changed_is_read_at_once_and_offered() {
        let mut machine = start(true);
        assert_eq!(machine.after(Duration::from_secs(60)).await, 0);
        let before = machine.known.borrow_and_update().digest();
        tell(&machine.changed, [Section::Network].into());
        machine.known.changed().await.unwrap();
        assert_ne!(machine.known.borrow().digest(), before);
        let read = machine.readings.lock().unwrap().clone();
        assert_eq!(read, [[Section::Network].into()]);
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_offered_when_nothing_changed() {
        let mut machine = start(false);
        machine.known.mark_unchanged();
        tell(&machine.changed, [Section::Disks].into());
        assert_eq!(machine.after(Duration::from_secs(1)).await, 1);
        assert!(!machine.known.has_changed().unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_port_that_flaps_does_not_flood() {
        let machine = start(true);
        for _ in 0..3600 {
            tell(&machine.changed, [Section::Network].into());
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let readings = machine.after(Duration::ZERO).await;
        assert!((10..=20).contains(&readings), "{readings} in an hour");
    }

    #[tokio::test(start_paused = true)]
    async fn all_is_read_now_and_then() {
        let machine = start(false);
        assert_eq!(
            machine.after(AT_LEAST * 3 + Duration::from_mins(1)).await,
            3
        );
        let readings = machine.readings.lock().unwrap().clone();
        assert!(
            readings
                .iter()
                .all(|read| *read == Options::default().sections)
        );
        machine.cancel.cancel();
        assert_eq!(machine.after(AT_LEAST * 3).await, 3, "it runs on");
    }

    #[tokio::test]
    async fn who_listens_stops_when_nobody_is_left() {
        let changed = Changed::default();
        // Where this process may not listen, there is nothing to stop.
        let Some(listening) = listen(&changed) else {
            return;
        };
        assert_eq!(Arc::strong_count(&changed), 2);
        drop(listening);
        for _ in 0..200 {
            if Arc::strong_count(&changed) == 1 {
                return;
            }
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        panic!("it listens on");
    }
}
