//! A store that forgets when the process ends: for tests and simulations.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;

use super::{Store, StoreError, Transaction, Write};
use crate::record::{EventRecord, NodeRecord, Revision, Spooled, TokenRecord};

/// Everything in memory.
#[derive(Debug, Default)]
pub struct MemoryStore {
    state: Mutex<State>,
}

#[derive(Debug, Default, Clone)]
struct State {
    nodes: BTreeMap<String, NodeRecord>,
    tokens: BTreeMap<String, TokenRecord>,
    events: BTreeMap<String, Vec<EventRecord>>,
    inventories: BTreeMap<String, Vec<u8>>,
    revoked: BTreeSet<String>,
    /// By node and spool.
    spools: BTreeMap<(String, String), u64>,
    notes: BTreeMap<String, String>,
}

/// How to put one thing back.
type Undo = Box<dyn FnOnce(&mut State)>;

impl MemoryStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    /// No write leaves the state half done, so that a panic elsewhere does no harm to it.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[async_trait]
impl Store for MemoryStore {
    async fn node(&self, id: &str) -> Result<Option<NodeRecord>, StoreError> {
        Ok(self.state().nodes.get(id).cloned())
    }

    async fn nodes(&self) -> Result<Vec<NodeRecord>, StoreError> {
        Ok(self.state().nodes.values().cloned().collect())
    }

    async fn token(&self, id: &str) -> Result<Option<TokenRecord>, StoreError> {
        Ok(self.state().tokens.get(id).cloned())
    }

    async fn tokens(&self) -> Result<Vec<TokenRecord>, StoreError> {
        Ok(self.state().tokens.values().cloned().collect())
    }

    async fn events(
        &self,
        node: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<EventRecord>, StoreError> {
        let state = self.state();
        let log = state.events.get(node).into_iter().flatten();
        let wanted = log.filter(|event| event.sequence > after);
        Ok(wanted.take(limit).cloned().collect())
    }

    async fn last_events(&self) -> Result<Vec<(String, u64)>, StoreError> {
        let state = self.state();
        let logs = state.events.iter();
        let last = logs.filter_map(|(node, log)| Some((node.clone(), log.last()?.sequence)));
        Ok(last.collect())
    }

    async fn spooled(&self, node: &str, spool: &str) -> Result<u64, StoreError> {
        let key = (node.to_owned(), spool.to_owned());
        Ok(self.state().spools.get(&key).copied().unwrap_or(0))
    }

    async fn inventory(&self, node: &str) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.state().inventories.get(node).cloned())
    }

    async fn revoked(&self) -> Result<Vec<String>, StoreError> {
        Ok(self.state().revoked.iter().cloned().collect())
    }

    async fn note(&self, key: &str) -> Result<Option<String>, StoreError> {
        Ok(self.state().notes.get(key).cloned())
    }

    async fn commit(&self, transaction: Transaction) -> Result<(), StoreError> {
        let mut state = self.state();
        let mut done: Vec<Undo> = Vec::new();
        for write in transaction.writes {
            match state.write(write) {
                Ok(undo) => done.push(undo),
                Err(error) => {
                    for undo in done.into_iter().rev() {
                        undo(&mut state);
                    }
                    return Err(error);
                }
            }
        }
        Ok(())
    }
}

impl State {
    fn write(&mut self, write: Write) -> Result<Undo, StoreError> {
        match write {
            Write::Node { record, expected } => self.put_node(*record, expected),
            Write::DeleteNode { id, expected } => self.delete_node(id, expected),
            Write::Token { record, expected } => self.put_token(record, expected),
            Write::UseToken { id } => self.use_token(&id),
            Write::Event { node, event } => self.append(node, event),
            Write::SkipSpool { node, from, to } => self.skip_spool(node, from, to),
            Write::Inventory { node, content } => {
                let before = self.inventories.insert(node.clone(), content);
                Ok(Box::new(move |state| {
                    put_back(&mut state.inventories, node, before);
                }))
            }
            Write::Note { key, value } => {
                let before = self.notes.insert(key.clone(), value);
                Ok(Box::new(move |state| {
                    put_back(&mut state.notes, key, before);
                }))
            }
            Write::Revoke { serial } => {
                let is_new = self.revoked.insert(serial.clone());
                Ok(Box::new(move |state| {
                    if is_new {
                        state.revoked.remove(&serial);
                    }
                }))
            }
        }
    }

    fn put_node(&mut self, mut record: NodeRecord, expected: Revision) -> Result<Undo, StoreError> {
        let id = record.id.clone();
        let stored = self.nodes.get(&id).map_or(0, |record| record.revision);
        hold(stored, expected, "node", &id)?;
        record.revision = expected + 1;
        let before = self.nodes.insert(id.clone(), record);
        Ok(Box::new(move |state| {
            put_back(&mut state.nodes, id, before);
        }))
    }

    fn put_token(
        &mut self,
        mut record: TokenRecord,
        expected: Revision,
    ) -> Result<Undo, StoreError> {
        let id = record.id.clone();
        let stored = self.tokens.get(&id).map_or(0, |record| record.revision);
        hold(stored, expected, "token", &id)?;
        record.revision = expected + 1;
        let before = self.tokens.insert(id.clone(), record);
        Ok(Box::new(move |state| {
            put_back(&mut state.tokens, id, before);
        }))
    }

    fn use_token(&mut self, id: &str) -> Result<Undo, StoreError> {
        let record = self.tokens.get(id).cloned().and_then(TokenRecord::used);
        let record = record.ok_or_else(|| StoreError::Conflict {
            what: format!("token {id}"),
        })?;
        let expected = record.revision;
        self.put_token(record, expected)
    }

    fn delete_node(&mut self, id: String, expected: Revision) -> Result<Undo, StoreError> {
        let stored = self.nodes.get(&id).map_or(0, |record| record.revision);
        hold(stored, expected, "node", &id)?;
        let node = self.nodes.remove(&id);
        let events = self.events.remove(&id);
        let inventory = self.inventories.remove(&id);
        let is_its = |key: &(String, String), _: &mut u64| key.0 == id;
        let mut spools: BTreeMap<_, _> = self.spools.extract_if(.., is_its).collect();
        Ok(Box::new(move |state| {
            state.spools.append(&mut spools);
            put_back(&mut state.nodes, id.clone(), node);
            put_back(&mut state.events, id.clone(), events);
            put_back(&mut state.inventories, id, inventory);
        }))
    }

    fn append(&mut self, node: String, mut event: EventRecord) -> Result<Undo, StoreError> {
        let mut unspool: Undo = Box::new(|_| ());
        if let Some(Spooled { spool, sequence }) = event.spooled.clone() {
            let key = (node.clone(), spool);
            let last = self.spools.get(&key).copied().unwrap_or(0);
            if sequence <= last {
                return Ok(unspool);
            }
            hold(last + 1, sequence, "events of", &node)?;
            unspool = self.put_spool(key, sequence);
        }
        let log = self.events.entry(node.clone()).or_default();
        event.sequence = log.last().map_or(0, |last| last.sequence) + 1;
        log.push(event);
        Ok(Box::new(move |state| {
            if let Some(log) = state.events.get_mut(&node) {
                log.pop();
            }
            unspool(state);
        }))
    }

    fn skip_spool(&mut self, node: String, from: Spooled, to: u64) -> Result<Undo, StoreError> {
        let key = (node, from.spool);
        let last = self.spools.get(&key).copied().unwrap_or(0);
        hold(last, from.sequence, "events of", &key.0)?;
        Ok(self.put_spool(key, to))
    }

    fn put_spool(&mut self, key: (String, String), last: u64) -> Undo {
        let before = self.spools.insert(key.clone(), last);
        Box::new(move |state| put_back(&mut state.spools, key, before))
    }
}

fn hold(stored: u64, expected: u64, kind: &str, id: &str) -> Result<(), StoreError> {
    if stored == expected {
        Ok(())
    } else {
        let what = format!("{kind} {id}");
        Err(StoreError::Conflict { what })
    }
}

fn put_back<K: Ord, T>(map: &mut BTreeMap<K, T>, key: K, before: Option<T>) {
    match before {
        Some(before) => map.insert(key, before),
        None => map.remove(&key),
    };
}
