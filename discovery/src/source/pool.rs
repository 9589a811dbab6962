//! Requests that may hang, on threads of their own, within a deadline.

use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Answer, Request, Tree, perform};
use crate::Fault;

/// Most requests under way at once.
const WORKERS: usize = 32;
/// A worker only makes system calls.
const STACK: usize = 256 << 10;

type Job = (usize, Vec<Request>);
type Outcome = (usize, usize, Answer);

/// Runs the groups side by side, each in its order. A thread that the kernel does not let go stays
/// behind, blocked, until the process ends: there is no other way to give up on a system call.
pub(super) fn run(
    tree: &Arc<Tree>,
    deadline: Duration,
    groups: &[Vec<Request>],
) -> Vec<Vec<Answer>> {
    let until = Instant::now() + deadline;
    let (jobs, queue) = channel::<Job>();
    let queue = Arc::new(Mutex::new(queue));
    let (done, outcomes) = channel::<Outcome>();
    for job in groups
        .iter()
        .cloned()
        .enumerate()
        .filter(|(_, group)| !group.is_empty())
    {
        // The receiver lives in this function, so sending cannot fail.
        let _ = jobs.send(job);
    }
    drop(jobs);
    for _ in 0..groups.len().min(WORKERS) {
        let (tree, queue, done) = (Arc::clone(tree), Arc::clone(&queue), done.clone());
        let worker = thread::Builder::new()
            .stack_size(STACK)
            .name("muster-probe".to_owned());
        if worker.spawn(move || work(&tree, &queue, &done)).is_err() {
            break;
        }
    }
    drop(done);
    collect(groups, &outcomes, until)
}

fn work(tree: &Tree, queue: &Mutex<Receiver<Job>>, done: &Sender<Outcome>) {
    loop {
        let job = queue
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .try_recv();
        let Ok((group, requests)) = job else { return };
        for (position, request) in requests.iter().enumerate() {
            if done
                .send((group, position, perform(tree, request)))
                .is_err()
            {
                return;
            }
        }
    }
}

fn collect(
    groups: &[Vec<Request>],
    outcomes: &Receiver<Outcome>,
    until: Instant,
) -> Vec<Vec<Answer>> {
    let mut answers: Vec<Vec<Answer>> = groups
        .iter()
        .map(|group| vec![Err(Fault::TimedOut); group.len()])
        .collect();
    let left = || until.saturating_duration_since(Instant::now());
    while let Ok((group, position, answer)) = outcomes.recv_timeout(left()) {
        if let Some(place) = answers
            .get_mut(group)
            .and_then(|group| group.get_mut(position))
        {
            *place = answer;
        }
    }
    answers
}
