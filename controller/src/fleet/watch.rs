//! Tells a node at once what it is to be, and that it is asked something.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::sync::Notify;
use tokio::sync::futures::OwnedNotified;
use tokio_stream::Stream;

use super::Fleet;
use crate::record::NodeRecord;

/// What a node is told at once.
#[derive(Debug)]
pub struct News {
    /// The node as it is now.
    pub record: Arc<NodeRecord>,
    /// Its answer is wanted with the next heartbeat.
    pub is_asked: bool,
}

/// News for a node whenever what it is to be has changed: the newest alone, however many there were between; and when it
/// is asked something. Ends when the node is deleted, when another watch for it begins, and when the controller stops.
#[derive(Debug)]
pub struct Watch {
    fleet: Arc<Fleet>,
    id: String,
    told: Arc<Notify>,
    waiting: Pin<Box<OwnedNotified>>,
    /// What the node knows.
    generation: u64,
    /// It was told that it is asked.
    is_asked: bool,
}

impl Fleet {
    /// Watches what the node is to be, for somebody who knows of `generation`. There is one watch for a node: the
    /// one before ends, so that a connection that was lost and not closed keeps nothing.
    pub fn watch(self: Arc<Self>, id: &str, generation: u64) -> Watch {
        let told = Arc::new(Notify::new());
        if let Some(live) = self.live().live.get_mut(id)
            && let Some(before) = live.watcher.replace(Arc::clone(&told))
        {
            before.notify_one();
        }
        Watch {
            fleet: self,
            id: id.to_owned(),
            waiting: Box::pin(Arc::clone(&told).notified_owned()),
            told,
            generation,
            is_asked: false,
        }
    }

    /// Ends every watch, and each that begins later.
    pub fn end_watches(&self) {
        let mut nodes = self.live();
        nodes.is_closing = true;
        for watcher in nodes.live.values().filter_map(|live| live.watcher.as_ref()) {
            watcher.notify_one();
        }
    }
}

impl Stream for Watch {
    type Item = News;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        loop {
            let Some(news) = self.look() else {
                return Poll::Ready(None);
            };
            let was_asked = std::mem::replace(&mut self.is_asked, news.is_asked);
            let is_other = news.record.generation != self.generation;
            match is_other || (news.is_asked && !was_asked) {
                true => {
                    self.generation = news.record.generation;
                    return Poll::Ready(Some(news));
                }
                // What is told between the look and the wait is not lost: it is kept for the wait.
                false => ready!(self.waiting.as_mut().poll(context)),
            }
            let told = Arc::clone(&self.told);
            self.waiting.set(told.notified_owned());
        }
    }
}

impl Watch {
    /// The node as it is now, while this is its watch.
    fn look(&self) -> Option<News> {
        let mut nodes = self.fleet.live();
        let is_asked = nodes.questions.wait_for(&self.id);
        let live = nodes.live.get(&self.id)?;
        let watcher = live.watcher.as_ref()?;
        let is_current = Arc::ptr_eq(watcher, &self.told) && !nodes.is_closing;
        is_current.then(|| News {
            record: Arc::clone(&live.record),
            is_asked,
        })
    }
}

impl Drop for Watch {
    fn drop(&mut self) {
        let mut nodes = self.fleet.live();
        let Some(live) = nodes.live.get_mut(&self.id) else {
            return;
        };
        if live
            .watcher
            .as_ref()
            .is_some_and(|watcher| Arc::ptr_eq(watcher, &self.told))
        {
            live.watcher = None;
        }
    }
}
