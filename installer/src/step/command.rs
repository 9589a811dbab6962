//! A program that does what no other step can.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Keep, Step, StepError};
use crate::host::{Command as Call, Host, HostError, Ran};
use crate::value::{HostPath, NoValue};

/// A program that does what no other step can, with one that tells whether it is done, and one that undoes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// Does it. It may be run again after a crash, when `check` does not find it done.
    pub run: Words,
    /// Changes nothing, and ends with 0 when it is done, with 1 when it is not.
    pub check: Words,
    /// Undoes it; without, it stays.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub undo: Option<Words>,
    /// After so many seconds each of them is ended.
    #[serde(default = "usual_limit")]
    pub limit_s: LimitSeconds,
}

/// A program by its path, and its arguments.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "Vec<String>", into = "Vec<String>")]
pub struct Words {
    program: HostPath,
    arguments: Vec<String>,
}

/// From 1 to 3600.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(try_from = "u32", into = "u32")]
pub struct LimitSeconds(u32);

/// Whether it is done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct CommandState {
    /// What `check` says.
    pub done: bool,
}

fn usual_limit() -> LimitSeconds {
    LimitSeconds(60)
}

impl Command {
    fn call(&self, words: &Words) -> Call {
        Call {
            program: words.program.clone(),
            arguments: words.arguments.clone(),
            limit: Duration::from_secs(u64::from(self.limit_s.0)),
        }
    }
}

impl Step for Command {
    type State = CommandState;

    fn title(&self) -> String {
        format!("Run {}", Vec::from(self.run.clone()).join(" "))
    }

    fn inspect(&self, host: &dyn Host) -> Result<CommandState, StepError> {
        for words in [Some(&self.run), Some(&self.check), self.undo.as_ref()] {
            words.map_or(Ok(()), |words| host.vet(&words.program))?;
        }
        let check = self.call(&self.check);
        let ran = host.ask(&check)?;
        match ran.code {
            Some(0) => Ok(CommandState { done: true }),
            Some(1) => Ok(CommandState { done: false }),
            _ => Err(failed(&check, &ran)),
        }
    }

    fn wanted(&self, _before: &CommandState) -> Result<CommandState, StepError> {
        Ok(CommandState { done: true })
    }

    fn set(&self, host: &mut dyn Host, state: &CommandState) -> Result<(), StepError> {
        if self.inspect(host)? != *state {
            let words = match (state.done, &self.undo) {
                (true, _) => &self.run,
                (false, Some(undo)) => undo,
                (false, None) => return Ok(()),
            };
            let call = self.call(words);
            let ran = host.run(&call)?;
            if ran.code != Some(0) {
                return Err(failed(&call, &ran));
            }
        }
        Ok(host.sync_everything()?)
    }

    fn keep(&self, _host: &dyn Host, before: &CommandState) -> Result<Vec<Keep>, StepError> {
        let stays = self.undo.is_none() && !before.done;
        let program = &self.run.program;
        let keep = stays.then(|| Keep {
            field: "done".into(),
            why: format!("what {program} did stays: its step has no undo"),
        });
        Ok(keep.into_iter().collect())
    }

    fn is_destructive(&self, _before: &CommandState) -> bool {
        self.undo.is_none()
    }
}

fn failed(call: &Call, ran: &Ran) -> StepError {
    let said = ran.said.trim();
    StepError::Host(HostError::Program {
        program: call.program.to_string(),
        how: match ran.code {
            Some(code) => format!("ended with {code}"),
            None => "was ended by a signal, or by its time limit".to_owned(),
        },
        said: match said.is_empty() {
            true => String::new(),
            false => format!(": {said}"),
        },
    })
}

impl TryFrom<Vec<String>> for Words {
    type Error = NoValue;

    fn try_from(words: Vec<String>) -> Result<Self, NoValue> {
        let mut words = words.into_iter();
        let wanted =
            || NoValue::because("a command is a list: the path of a program, then its arguments");
        let program = HostPath::try_from(words.next().ok_or_else(wanted)?)?;
        let arguments: Vec<String> = words.collect();
        match arguments.iter().any(|argument| argument.contains('\0')) {
            true => Err(NoValue::because("an argument has no zero bytes")),
            false => Ok(Self { program, arguments }),
        }
    }
}

impl From<Words> for Vec<String> {
    fn from(words: Words) -> Self {
        let mut all = vec![words.program.into()];
        all.extend(words.arguments);
        all
    }
}

impl TryFrom<u32> for LimitSeconds {
    type Error = NoValue;

    fn try_from(seconds: u32) -> Result<Self, NoValue> {
        match (1..=3600).contains(&seconds) {
            true => Ok(Self(seconds)),
            false => Err(NoValue::because("a limit is from 1 to 3600 seconds")),
        }
    }
}

impl From<LimitSeconds> for u32 {
    fn from(limit: LimitSeconds) -> Self {
        limit.0
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove, refused};
    use super::*;

    #[test]
    fn a_program_is_run_and_undone() {
        let flag = |word| json!(["/usr/bin/flag", word]);
        let after = prove(
            &host(),
            &json!({"command": {"run": flag("on"), "check": flag("check"), "undo": flag("off")}}),
        );
        assert_eq!(after.text("/var/flag").unwrap(), "on");
    }

    #[test]
    fn without_an_undo_it_stays_and_that_is_told() {
        let flag = |word| json!(["/usr/bin/flag", word]);
        let mut host = host();
        let action = action(&json!({"command": {"run": flag("on"), "check": flag("check")}}));
        let before = action.inspect(&host).unwrap();
        assert!(action.is_destructive(&before));
        action
            .set(&mut host, &action.wanted(&before).unwrap())
            .unwrap();
        let keep = action.keep(&host, &before).unwrap().remove(0);
        assert_eq!(
            keep.why,
            "what /usr/bin/flag did stays: its step has no undo"
        );
    }

    #[test]
    fn what_is_not_there_or_no_program_is_refused() {
        let none = json!(["/usr/bin/none", "check"]);
        let told = refused(&host(), &json!({"command": {"run": none, "check": none}}));
        assert_eq!(told, "cannot run /usr/bin/none: it is not there");
        for wrong in [
            &[][..],
            &["flag"],
            &["/usr/bin/flag", "a\0b"],
            &["/usr/../flag"],
        ] {
            let words = wrong.iter().map(|word| (*word).to_owned());
            assert!(
                Words::try_from(words.collect::<Vec<_>>()).is_err(),
                "{wrong:?}"
            );
        }
        assert!(LimitSeconds::try_from(0).is_err() && LimitSeconds::try_from(3601).is_err());
    }
}
