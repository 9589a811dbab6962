//! No swapping.

use serde::{Deserialize, Serialize};

use super::{Step, StepError};
use crate::host::{Host, HostError, files};
use crate::value::{Content, HostPath};

/// No swapping, now and by fstab(5) at each boot. Lines of swap are made comments, and stay where they are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SwapOff {}

/// What the host swaps to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
#[serde(deny_unknown_fields)]
pub struct SwapState {
    /// Lines of `/etc/fstab`.
    pub at_boot: Vec<String>,
    /// Devices and files; none where no kernel runs.
    pub active: Option<Vec<HostPath>>,
}

/// Before a line that was made a comment.
const MARK: &str = "#muster-swap-off# ";

fn path() -> HostPath {
    HostPath::known("/etc/fstab")
}

impl Step for SwapOff {
    type State = SwapState;

    fn title(&self) -> String {
        "Stop swapping".to_owned()
    }

    fn inspect(&self, host: &dyn Host) -> Result<SwapState, StepError> {
        let table = files::text(host, &path())?.unwrap_or_default();
        let lines = table.lines().filter(|line| is_swap(line));
        let active = match host.is_running() {
            true => Some(host.swaps()?),
            false => None,
        };
        Ok(SwapState {
            at_boot: lines.map(str::to_owned).collect(),
            active,
        })
    }

    fn wanted(&self, before: &SwapState) -> Result<SwapState, StepError> {
        Ok(SwapState {
            at_boot: Vec::new(),
            active: before.active.as_ref().map(|_| Vec::new()),
        })
    }

    fn set(&self, host: &mut dyn Host, state: &SwapState) -> Result<(), StepError> {
        set_table(host, &state.at_boot)?;
        let Some(wanted) = &state.active else {
            return Ok(());
        };
        let now = host.swaps()?;
        for path in now.iter().filter(|path| !wanted.contains(path)) {
            host.swap_off(path)?;
        }
        for path in wanted.iter().filter(|path| !now.contains(path)) {
            host.swap_on(path)?;
        }
        Ok(())
    }
}

/// Makes comments of all lines of swap but the `wanted` ones, and lines of those that are comments of ours.
fn set_table(host: &mut dyn Host, wanted: &[String]) -> Result<(), HostError> {
    let Some(mut file) = files::file(host, &path())? else {
        return Ok(());
    };
    let Some(table) = file.content.text() else {
        return Err(HostError::because("change", path(), "it is no text"));
    };
    let is_wanted = |line: &str| {
        wanted
            .iter()
            .any(|wanted| wanted == line.trim_end_matches('\n'))
    };
    let lines = table
        .split_inclusive('\n')
        .map(|line| match line.strip_prefix(MARK) {
            Some(ours) if is_wanted(ours) => ours.to_owned(),
            None if is_swap(line) && !is_wanted(line) => format!("{MARK}{line}"),
            _ => line.to_owned(),
        });
    file.content = Content::from(lines.collect::<String>().as_str());
    files::set_file(host, &path(), Some(&file))
}

/// fstab(5): the third field is the type.
fn is_swap(line: &str) -> bool {
    let mut fields = line.split_whitespace();
    let is_comment = line.trim_start().starts_with('#');
    !is_comment && fields.nth(2) == Some("swap")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::testing::{action, host, prove};

    #[test]
    fn swapping_stops_and_starts_again() {
        let after = prove(&host(), &json!({"swap_off": {}}));
        assert!(after.kernel.swaps.is_empty());
        let table = after.text("/etc/fstab").unwrap();
        assert!(
            table.contains("#muster-swap-off# /dev/sda2 none swap sw 0 0\n"),
            "{table}"
        );
    }

    #[test]
    fn what_else_is_in_the_table_is_nobodys_but_the_operators() {
        let mut host = host();
        let action = action(&json!({"swap_off": {}}));
        let before = action.inspect(&host).unwrap();
        action
            .set(&mut host, &action.wanted(&before).unwrap())
            .unwrap();
        let table = host.text("/etc/fstab").unwrap();
        host.put(
            "/etc/fstab",
            &format!("{table}/dev/sdb1 /data xfs defaults 0 2\n"),
        );
        action.set(&mut host, &before).unwrap();
        let table = host.text("/etc/fstab").unwrap();
        assert!(
            table.ends_with("\n/dev/sda2 none swap sw 0 0\n/dev/sdb1 /data xfs defaults 0 2\n"),
            "{table}"
        );
    }

    #[test]
    fn a_host_without_swap_or_table_has_nothing_to_do() {
        let mut host = host();
        host.take("/etc/fstab");
        host.boot();
        let action = action(&json!({"swap_off": {}}));
        let before = action.inspect(&host).unwrap();
        assert_eq!(action.wanted(&before).unwrap(), before);
        action.set(&mut host, &before).unwrap();
    }
}
