//! Requests that may hang, on threads of their own, within a deadline.
//!
//! A thread that the kernel does not let go stays behind, blocked, until the process ends: there
//! is no other way to give up on a system call.

use std::collections::VecDeque;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, Request, Tree, perform};
use crate::Fault;

/// Requests under way at once to begin with: as many as a usual controller queues.
const WORKERS: usize = 16;
/// Most threads, all of them stuck but for the last few.
const WORKERS_MAX: usize = 512;
/// When nothing has come for so long, those under way may all hang, and more threads take on the
/// rest: a healthy device answers in less.
const PATIENCE: Duration = Duration::from_millis(20);
/// A worker only makes system calls.
const STACK: usize = 256 << 10;

type Job = (usize, Vec<Request>);
type Outcome = (usize, usize, Answer);

/// Runs the groups side by side, each in its order.
pub(super) fn run(
    tree: &Arc<Tree>,
    deadline: Duration,
    groups: &[Vec<Request>],
) -> Vec<Vec<Answer>> {
    let until = Instant::now() + deadline;
    let jobs = groups.iter().cloned().enumerate();
    let queue = Queue {
        tree: Arc::clone(tree),
        jobs: Arc::new(Mutex::new(
            jobs.filter(|(_, group)| !group.is_empty()).collect(),
        )),
    };
    let (done, outcomes) = channel::<Outcome>();
    let started = queue.start(WORKERS, &done);
    let nothing = match started {
        0 => Fault::Unsupported("no thread could be started".to_owned()),
        _ => Fault::TimedOut,
    };
    let answers = groups
        .iter()
        .map(|group| vec![Err(nothing.clone()); group.len()]);
    let mut answers: Vec<Vec<Answer>> = answers.collect();
    if started > 0 {
        collect(&queue, started, &done, &outcomes, until, &mut answers);
    }
    queue.jobs().clear();
    answers
}

#[derive(Clone)]
struct Queue {
    tree: Arc<Tree>,
    jobs: Arc<Mutex<VecDeque<Job>>>,
}

impl Queue {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<Job>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts so many workers, or one for each job left, and says how many.
    fn start(&self, most: usize, done: &Sender<Outcome>) -> usize {
        let wanted = self.jobs().len().min(most);
        let started = (0..wanted).map_while(|_| {
            let (queue, done) = (self.clone(), done.clone());
            let worker = thread::Builder::new()
                .stack_size(STACK)
                .name("muster-probe".to_owned());
            worker.spawn(move || queue.work(&done)).ok()
        });
        started.count()
    }

    fn work(&self, done: &Sender<Outcome>) {
        loop {
            let job = self.jobs().pop_front();
            let Some((group, requests)) = job else { return };
            for (position, request) in requests.iter().enumerate() {
                let answer = perform(&self.tree, request);
                if done.send((group, position, answer)).is_err() {
                    return;
                }
            }
        }
    }
}

fn collect(
    queue: &Queue,
    mut workers: usize,
    done: &Sender<Outcome>,
    outcomes: &Receiver<Outcome>,
    until: Instant,
    answers: &mut [Vec<Answer>],
) {
    let mut missing: usize = answers.iter().map(Vec::len).sum();
    while missing > 0 {
        let left = until.saturating_duration_since(Instant::now());
        match outcomes.recv_timeout(left.min(PATIENCE)) {
            Ok((group, position, answer)) => {
                missing -= 1;
                let group = answers.get_mut(group);
                if let Some(place) = group.and_then(|group| group.get_mut(position)) {
                    *place = answer;
                }
            }
            Err(RecvTimeoutError::Timeout) if left > PATIENCE => {
                workers += queue.start(workers.min(WORKERS_MAX - workers), done);
            }
            Err(_) => return,
        }
    }
}
