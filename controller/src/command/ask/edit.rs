//! Names, tags, labels and taints.

use muster_proto::v1;
use muster_terminal::{Line, Tone};

use super::Ask;
use super::change::Tried;
use super::connect::told;
use super::targets::named;
use crate::command::cli::{Changes, NodeCommand, Several};
use crate::command::show::Text;
use crate::exit::{Ended, Exit};

impl Ask {
    pub(super) async fn edit(&mut self, command: NodeCommand) -> anyhow::Result<Exit> {
        let (nodes, edit) = match command {
            NodeCommand::Rename {
                node,
                name,
                description,
            } => {
                let edit = v1::EditNodeRequest {
                    name: Some(name),
                    description,
                    ..Default::default()
                };
                (vec![node], edit)
            }
            NodeCommand::Describe { node, text } => {
                let edit = v1::EditNodeRequest {
                    description: Some(text),
                    ..Default::default()
                };
                (vec![node], edit)
            }
            NodeCommand::Tag { words, several } => {
                let (nodes, tags) = self.tagged(words, &several).await?;
                (nodes, tagging(tags)?)
            }
            NodeCommand::Label(changes) => {
                let (nodes, words) = self.split(changes, "label").await?;
                (nodes, labelling(words)?)
            }
            NodeCommand::Taint(changes) => {
                let (nodes, words) = self.split(changes, "taint").await?;
                (nodes, tainting(words)?)
            }
            _ => return Err(Ended::with(Exit::Usage, "this command edits no node")),
        };
        self.edit_all(nodes, &edit).await
    }

    async fn edit_all(
        &mut self,
        nodes: Vec<String>,
        edit: &v1::EditNodeRequest,
    ) -> anyhow::Result<Exit> {
        let mut tried = Tried::default();
        for node in nodes {
            let request = v1::EditNodeRequest {
                node: node.clone(),
                ..edit.clone()
            };
            tried.took(node, self.edit_one(request).await);
        }
        tried.end()
    }

    async fn edit_one(&mut self, request: v1::EditNodeRequest) -> anyhow::Result<()> {
        let edited = self.client.edit_node(request).await.map_err(told)?;
        let name = edited.into_inner().node.unwrap_or_default().name;
        let mut text = String::new();
        Line::toned(Tone::Name, &name)
            .plain(" is as you say")
            .paint(&mut text);
        self.print(&Text::Styled(format!("{text}\n")))?;
        Ok(())
    }

    /// The nodes, and the words after them.
    async fn split(
        &mut self,
        changes: Changes,
        what: &str,
    ) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        let Changes { words, several } = changes;
        let (words, nodes): (Vec<String>, Vec<String>) = words
            .into_iter()
            .partition(|word| word.contains(['=', ':']) || word.ends_with('-'));
        let usage = |message: &str| Err(Ended::with(Exit::Usage, message));
        if words.is_empty() {
            return usage("say what to change: KEY=VALUE sets, KEY- removes");
        }
        match (several.all, nodes.is_empty()) {
            (true, true) => Ok((self.all(&several, what).await?, words)),
            (true, false) => usage("name nodes, or give --all with filters: not both"),
            (false, true) => usage("say which nodes, before what to change"),
            (false, false) => Ok((named(nodes, &several)?, words)),
        }
    }

    async fn tagged(
        &mut self,
        mut words: Vec<String>,
        several: &Several,
    ) -> anyhow::Result<(Vec<String>, Vec<String>)> {
        if several.all {
            return Ok((self.all(several, "tag").await?, words));
        }
        let tags = words.split_off(1);
        if tags.is_empty() {
            let message = "say which tags, after the node";
            return Err(Ended::with(Exit::Usage, message));
        }
        Ok((named(words, several)?, tags))
    }
}

fn tagging(words: Vec<String>) -> anyhow::Result<v1::EditNodeRequest> {
    let (remove, add) = removed(words);
    no_contradiction(add.iter().map(String::as_str), &remove)?;
    Ok(v1::EditNodeRequest {
        add_tags: add,
        remove_tags: remove,
        ..Default::default()
    })
}

fn labelling(words: Vec<String>) -> anyhow::Result<v1::EditNodeRequest> {
    let (remove, set) = removed(words);
    let set = set.into_iter().map(|word| match word.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => {
            let message = format!("{word:?} is no label: write KEY=VALUE, or KEY- to remove it");
            Err(Ended::with(Exit::Usage, message))
        }
    });
    let set: Vec<(String, String)> = set.collect::<Result<_, _>>()?;
    no_contradiction(set.iter().map(|(key, _)| key.as_str()), &remove)?;
    Ok(v1::EditNodeRequest {
        set_labels: set.into_iter().collect(),
        remove_labels: remove,
        ..Default::default()
    })
}

/// `KEY=VALUE:EFFECT`, `KEY:EFFECT`, and to remove one `KEY-`.
fn tainting(words: Vec<String>) -> anyhow::Result<v1::EditNodeRequest> {
    let (remove, set) = removed(words);
    let set: Vec<v1::Taint> = set
        .iter()
        .map(|word| taint(word))
        .collect::<Result<_, _>>()?;
    no_contradiction(set.iter().map(|taint| taint.key.as_str()), &remove)?;
    Ok(v1::EditNodeRequest {
        set_taints: set,
        remove_taints: remove,
        ..Default::default()
    })
}

fn taint(word: &str) -> anyhow::Result<v1::Taint> {
    let Some((pair, effect)) = word.rsplit_once(':') else {
        let message = format!(
            "{word:?} is no taint: write KEY=VALUE:EFFECT, such as dedicated=gpu:NoSchedule"
        );
        return Err(Ended::with(Exit::Usage, message));
    };
    let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
    Ok(v1::Taint {
        key: key.to_owned(),
        value: value.to_owned(),
        effect: effect.to_owned(),
    })
}

/// What is to go, without its `-`, and what is to come.
fn removed(words: Vec<String>) -> (Vec<String>, Vec<String>) {
    let (remove, rest): (Vec<String>, Vec<String>) =
        words.into_iter().partition(|word| word.ends_with('-'));
    // As kubectl has it, a taint to remove may be written with its effect.
    let key = |word: &String| {
        let word = word.trim_end_matches('-');
        word.split([':', '=']).next().unwrap_or(word).to_owned()
    };
    (remove.iter().map(key).collect(), rest)
}

fn no_contradiction<'a>(
    set: impl Iterator<Item = &'a str>,
    remove: &[String],
) -> anyhow::Result<()> {
    let mut keys: Vec<&str> = set.collect();
    keys.sort_unstable();
    let twice = keys.windows(2).find_map(|pair| match pair {
        [left, right] if left == right => Some(*left),
        _ => None,
    });
    let both = keys
        .iter()
        .find(|key| remove.iter().any(|removed| removed == *key));
    match twice.or(both.copied()) {
        None => Ok(()),
        Some(key) => Err(Ended::with(
            Exit::Usage,
            format!("{key:?} is there twice: say one thing of it"),
        )),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn taints_are_written_as_for_kubectl() {
        let edit = tainting(words(&[
            "dedicated=gpu:NoSchedule",
            "old:NoExecute",
            "gone-",
            "x:NoSchedule-",
        ]))
        .unwrap();
        let taints: Vec<_> = edit
            .set_taints
            .iter()
            .map(|taint| {
                (
                    taint.key.as_str(),
                    taint.value.as_str(),
                    taint.effect.as_str(),
                )
            })
            .collect();
        assert_eq!(
            taints,
            [("dedicated", "gpu", "NoSchedule"), ("old", "", "NoExecute")]
        );
        assert_eq!(edit.remove_taints, ["gone", "x"]);
        assert!(tainting(words(&["dedicated=gpu"])).is_err());
    }

    #[test]
    fn one_thing_is_said_of_a_key() {
        assert!(labelling(words(&["a=1", "a=2"])).is_err());
        assert!(labelling(words(&["a=1", "a-"])).is_err());
        assert!(tagging(words(&["a", "a-"])).is_err());
        let edit = labelling(words(&["a=1", "b=", "c-"])).unwrap();
        assert_eq!(
            (edit.set_labels.len(), edit.remove_labels),
            (2, words(&["c"]))
        );
    }
}
