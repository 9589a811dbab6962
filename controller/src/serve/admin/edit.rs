//! Names, tags, labels and taints.

use muster_proto::v1;
use tonic::Status;

use super::super::status_of_move;
use super::Service;
use crate::label::{self, LabelError, check_key, check_tag, check_value};
use crate::record::{NodeRecord, Taint};

pub(super) const LONGEST_NAME: usize = 253;
const LONGEST_DESCRIPTION: usize = 1000;
/// Of tags, of labels and of taints.
const MOST: usize = 128;

impl Service {
    pub(super) async fn edit_node(
        &self,
        admin: &str,
        asked: v1::EditNodeRequest,
    ) -> Result<v1::EditNodeResponse, Status> {
        let taints = checked(&asked)?;
        let (record, heard) = self.find(&asked.node)?;
        if let Some(name) = &asked.name {
            self.free(name, &record)?;
        }
        let apply = |record: &mut NodeRecord| apply(record, &asked, &taints);
        let mut after = NodeRecord::clone(&record);
        apply(&mut after);
        if [after.tags.len(), after.labels.len(), after.taints.len()]
            .iter()
            .any(|count| *count > MOST)
        {
            return Err(Status::invalid_argument(format!(
                "a node has at most {MOST} tags, labels and taints each"
            )));
        }
        // What is so already is no event.
        if after == *record {
            let node = Some(self.shown(&record, heard.as_ref()));
            return Ok(v1::EditNodeResponse { node });
        }
        let what = format!("{} by {admin}", in_words(&asked));
        let edited = self.services.fleet.edit(&record.id, &what, apply).await;
        let record = edited.map_err(|error| status_of_move(&error))?;
        let node = Some(self.shown(&record, heard.as_ref()));
        Ok(v1::EditNodeResponse { node })
    }

    /// A name that two nodes have names none.
    fn free(&self, name: &str, record: &NodeRecord) -> Result<(), Status> {
        let others = self.services.fleet.snapshot();
        let mut others = others.iter().map(|(other, _)| other);
        match others.find(|other| other.id != record.id && other.name == name) {
            Some(other) => Err(Status::already_exists(format!(
                "node {} is called {name:?} already; choose another name",
                other.id
            ))),
            None => Ok(()),
        }
    }
}

fn apply(record: &mut NodeRecord, asked: &v1::EditNodeRequest, taints: &[(String, Taint)]) {
    if let Some(name) = &asked.name {
        record.name.clone_from(name);
    }
    if let Some(description) = &asked.description {
        record.description.clone_from(description);
    }
    record.tags.retain(|tag| !asked.remove_tags.contains(tag));
    record.tags.extend(asked.add_tags.iter().cloned());
    record
        .labels
        .retain(|key, _| !asked.remove_labels.contains(key));
    record.labels.extend(asked.set_labels.clone());
    record
        .taints
        .retain(|key, _| !asked.remove_taints.contains(key));
    record.taints.extend(taints.iter().cloned());
}

/// The taints to set, when everything that is asked for is well written.
fn checked(asked: &v1::EditNodeRequest) -> Result<Vec<(String, Taint)>, Status> {
    line("name", asked.name.as_deref(), 1..=LONGEST_NAME)?;
    line(
        "description",
        asked.description.as_deref(),
        0..=LONGEST_DESCRIPTION,
    )?;
    words(asked).map_err(|error| Status::invalid_argument(error.to_string()))
}

fn words(asked: &v1::EditNodeRequest) -> Result<Vec<(String, Taint)>, LabelError> {
    asked.add_tags.iter().try_for_each(|tag| check_tag(tag))?;
    for (key, value) in &asked.set_labels {
        check_key(key)?;
        check_value(value)?;
    }
    taints(&asked.set_taints)
}

/// Those of a request by key, when they are well written.
pub(super) fn taints<T: FromIterator<(String, Taint)>>(
    asked: &[v1::Taint],
) -> Result<T, LabelError> {
    let taints = asked.iter().map(|taint| {
        check_key(&taint.key)?;
        check_value(&taint.value)?;
        let effect = label::effect(&taint.effect)?;
        let value = taint.value.clone();
        Ok((taint.key.clone(), Taint { value, effect }))
    });
    taints.collect()
}

/// A text that fits on a line and drives no terminal.
pub(super) fn line(
    what: &str,
    text: Option<&str>,
    length: std::ops::RangeInclusive<usize>,
) -> Result<(), Status> {
    let fits = |text: &str| {
        let blank = text.trim().is_empty() && *length.start() > 0;
        length.contains(&text.len()) && !blank && !text.chars().any(char::is_control)
    };
    if text.is_none_or(fits) {
        return Ok(());
    }
    Err(Status::invalid_argument(format!(
        "a node's {what} is one line of {} to {} bytes",
        length.start(),
        length.end()
    )))
}

/// For the node's log.
fn in_words(asked: &v1::EditNodeRequest) -> String {
    let mut words = Vec::new();
    words.extend(asked.name.iter().map(|name| format!("name {name}")));
    words.extend(asked.description.iter().map(|_| "description".to_owned()));
    words.extend(asked.add_tags.iter().map(|tag| format!("tag {tag}")));
    words.extend(asked.remove_tags.iter().map(|tag| format!("no tag {tag}")));
    let mut labels: Vec<_> = asked.set_labels.iter().collect();
    labels.sort();
    words.extend(
        labels
            .iter()
            .map(|(key, value)| format!("label {key}={value}")),
    );
    words.extend(
        asked
            .remove_labels
            .iter()
            .map(|key| format!("no label {key}")),
    );
    words.extend(
        asked
            .set_taints
            .iter()
            .map(|taint| format!("taint {}={}:{}", taint.key, taint.value, taint.effect)),
    );
    words.extend(
        asked
            .remove_taints
            .iter()
            .map(|key| format!("no taint {key}")),
    );
    format!("{} set", words.join(", "))
}
