//! Requests that may hang, on threads of their own, within a deadline.
//!
//! The threads stay a moment for the next requests: starting one costs as much as fifty reads. One
//! that the kernel does not let go stays behind, blocked, until the process ends: there is no other
//! way to give up on a system call.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::ask::SharedDevices;
use super::{Answer, Request, Tree, perform};
use crate::Fault;

/// Threads to begin with. Most questions are answered in microseconds, before a thread more would
/// have started.
const WORKERS: usize = 2;
/// Requests under way at once where answers take longer: as many as a usual controller queues.
const WORKERS_USUAL: usize = 16;
/// Most threads, all of them stuck but for the last few.
const WORKERS_MAX: usize = 512;
/// When requests still wait after so long, they get more threads.
const TURN: Duration = Duration::from_millis(1);
/// Where starting a thread takes long, requests wait so many times as long before they get more:
/// else they would be answered before it runs, and pay for it.
const STARTS_WORTH_WAITING: u32 = 4;
/// When nothing has come for so long, those under way may all hang, and still more threads take on
/// the rest: a healthy device answers in less.
const PATIENCE: Duration = Duration::from_millis(20);
/// A thread without work for so long ends.
const LINGER: Duration = Duration::from_millis(100);
/// A worker only makes system calls.
const STACK: usize = 256 << 10;

/// The threads of one source.
#[derive(Default)]
pub(super) struct Pool {
    shared: Arc<Shared>,
}

#[derive(Default)]
struct Shared {
    queue: Mutex<Queue>,
    work: Condvar,
}

#[derive(Default)]
struct Queue {
    jobs: VecDeque<Job>,
    /// Threads that wait for work.
    idle: usize,
    /// How long the slowest start of a thread took.
    start: Duration,
}

/// One group of a call.
struct Job {
    group: usize,
    requests: Vec<Request>,
    devices: SharedDevices,
    call: Arc<Call>,
}

/// One call for answers.
struct Call {
    tree: Arc<Tree>,
    answers: Mutex<Answers>,
    complete: Condvar,
}

struct Answers {
    groups: Vec<Vec<Answer>>,
    /// Requests without an answer yet.
    missing: usize,
    /// Nobody waits for more.
    closed: bool,
}

impl Pool {
    /// Runs the groups side by side, each in its order and with the devices that it is given.
    pub(super) fn run(
        &self,
        tree: &Arc<Tree>,
        until: Instant,
        groups: &[Vec<Request>],
        devices: impl Fn() -> SharedDevices,
    ) -> Vec<Vec<Answer>> {
        let call = Arc::new(Call::new(tree, groups));
        let filled = groups.iter().enumerate();
        let filled = filled.filter(|(_, requests)| !requests.is_empty());
        self.shared
            .queue()
            .jobs
            .extend(filled.map(|(group, requests)| Job {
                group,
                requests: requests.clone(),
                devices: devices(),
                call: Arc::clone(&call),
            }));
        let any_started = self.shared.wait(&call, until);
        self.shared
            .queue()
            .jobs
            .retain(|job| !Arc::ptr_eq(&job.call, &call));
        if !any_started {
            let nothing = Fault::Unsupported("no thread could be started".to_owned());
            return unanswered(groups, &nothing);
        }
        call.close()
    }
}

impl Shared {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until every answer has come, or the time is over. Whether any thread could be started.
    fn wait(self: &Arc<Self>, call: &Call, until: Instant) -> bool {
        let Some(mut started) = self.start(WORKERS) else {
            return false;
        };
        let mut missing = call.answers().missing;
        let mut last_answer = Instant::now();
        loop {
            let left = until.saturating_duration_since(Instant::now());
            let turn = match self.turn(call) {
                Some(turn) if started < WORKERS_USUAL => turn,
                Some(_) => PATIENCE,
                None => left,
            };
            let still_missing = call.wait(left.min(turn));
            if still_missing == 0 || left.is_zero() {
                return true;
            }
            if still_missing < missing {
                (missing, last_answer) = (still_missing, Instant::now());
            }
            let most = if last_answer.elapsed() < PATIENCE {
                WORKERS_USUAL
            } else {
                WORKERS_MAX
            };
            let more = started.max(1).min(most.saturating_sub(started));
            started += self.start(more).unwrap_or_default();
        }
    }

    /// How long to wait before more threads are started; `None` where no job of this call waits
    /// for one.
    fn turn(&self, call: &Call) -> Option<Duration> {
        let queue = self.queue();
        let mut jobs = queue.jobs.iter();
        let waits = jobs.any(|job| std::ptr::eq(&raw const *job.call, call));
        let worth = TURN.max(queue.start * STARTS_WORTH_WAITING);
        waits.then(|| worth.min(PATIENCE))
    }

    /// Has so many threads, or as many as there are jobs, take on jobs, and says how many. None are
    /// needed where those that work have taken all jobs already; `None` where some are, and none starts.
    fn start(self: &Arc<Self>, most: usize) -> Option<usize> {
        let (wanted, idle) = {
            let queue = self.queue();
            (queue.jobs.len().min(most), queue.idle)
        };
        let woken = idle.min(wanted);
        (0..woken).for_each(|_| self.work.notify_one());
        let started = (woken..wanted).map_while(|_| {
            let shared = Arc::clone(self);
            let begun = Instant::now();
            let worker = thread::Builder::new()
                .stack_size(STACK)
                .name("muster-probe".to_owned());
            let work = move || {
                let mut queue = shared.queue();
                queue.start = queue.start.max(begun.elapsed());
                drop(queue);
                shared.work();
            };
            worker.spawn(work).ok()
        });
        let started = woken + started.count();
        (started > 0 || wanted == 0).then_some(started)
    }

    fn work(&self) {
        while let Some(job) = self.next() {
            let devices = job.devices.lock();
            let mut devices = devices.unwrap_or_else(PoisonError::into_inner);
            for (position, request) in job.requests.iter().enumerate() {
                let answer = perform(&job.call.tree, request, &mut devices);
                if !job.call.take(job.group, position, answer) {
                    break;
                }
            }
        }
    }

    /// The next job; `None` when none has come for long.
    fn next(&self) -> Option<Job> {
        let mut queue = self.queue();
        queue.idle += 1;
        let waiting = |queue: &mut Queue| queue.jobs.is_empty();
        let waited = self.work.wait_timeout_while(queue, LINGER, waiting);
        queue = waited.unwrap_or_else(PoisonError::into_inner).0;
        queue.idle -= 1;
        queue.jobs.pop_front()
    }
}

impl Call {
    fn new(tree: &Arc<Tree>, groups: &[Vec<Request>]) -> Self {
        Self {
            tree: Arc::clone(tree),
            answers: Mutex::new(Answers {
                groups: unanswered(groups, &Fault::TimedOut),
                missing: groups.iter().map(Vec::len).sum(),
                closed: false,
            }),
            complete: Condvar::new(),
        }
    }

    fn answers(&self) -> MutexGuard<'_, Answers> {
        self.answers.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What has come; what comes from now on is thrown away.
    fn close(&self) -> Vec<Vec<Answer>> {
        let mut answers = self.answers();
        answers.closed = true;
        std::mem::take(&mut answers.groups)
    }

    /// Keeps an answer. Whether somebody waits for more.
    fn take(&self, group: usize, position: usize, answer: Answer) -> bool {
        let mut answers = self.answers();
        if answers.closed {
            return false;
        }
        let group = answers.groups.get_mut(group);
        if let Some(place) = group.and_then(|group| group.get_mut(position)) {
            *place = answer;
            answers.missing -= 1;
        }
        if answers.missing == 0 {
            self.complete.notify_one();
        }
        true
    }

    /// Waits for the last answer, and says how many are missing.
    fn wait(&self, most: Duration) -> usize {
        let waiting = |answers: &mut Answers| answers.missing > 0;
        let waited = self
            .complete
            .wait_timeout_while(self.answers(), most, waiting);
        waited.unwrap_or_else(PoisonError::into_inner).0.missing
    }
}

fn unanswered(groups: &[Vec<Request>], fault: &Fault) -> Vec<Vec<Answer>> {
    let each = groups
        .iter()
        .map(|group| vec![Err(fault.clone()); group.len()]);
    each.collect()
}
