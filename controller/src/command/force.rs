//! Changes, and the wait before one is forced.

use std::io::{IsTerminal as _, Write as _};
use std::time::Duration;

use anyhow::{Context as _, bail};
use muster_proto::v1;

use super::remote::{Client, told};

/// Asks for a change. Where force has to wait: warns, has the name confirmed, waits, and asks again. Whoever ends
/// this program before that has changed nothing.
pub(super) async fn change(
    client: &mut Client,
    mut request: v1::ChangeNodeRequest,
) -> anyhow::Result<v1::ChangeNodeResponse> {
    let answer = client.change_node(request.clone()).await.map_err(told)?;
    let answer = answer.into_inner();
    let Some(offer) = answer.force_offer else {
        return Ok(answer);
    };
    let name = answer.node.map(|node| node.name).unwrap_or_default();
    for warning in &offer.warnings {
        say(&format!("warning: {}\n", super::show::plain(warning)))?;
    }
    if request.confirm.is_empty() {
        request.confirm = confirmed(&name)?;
    }
    if request.confirm != name {
        bail!(
            "{:?} is not the node's name: nothing was changed",
            request.confirm
        );
    }
    wait(offer.wait_ms).await?;
    request.force_ticket = offer.ticket;
    let forced = client.change_node(request).await.map_err(told)?;
    Ok(forced.into_inner())
}

/// What is typed on the terminal.
fn confirmed(name: &str) -> anyhow::Result<String> {
    if !std::io::stdin().is_terminal() {
        bail!("confirm it by the node's name: --confirm {name}");
    }
    say("Type the node's name to go on: ")?;
    let mut line = String::new();
    let read = std::io::stdin().read_line(&mut line);
    read.context("cannot read from the terminal")?;
    Ok(line.trim().to_owned())
}

/// Counts down, on one line of a terminal.
async fn wait(wait_ms: u32) -> anyhow::Result<()> {
    const SECOND: Duration = Duration::from_secs(1);
    let is_terminal = std::io::stderr().is_terminal();
    let seconds = wait_ms.div_ceil(1000);
    if !is_terminal {
        say(&format!(
            "waiting for {seconds} s; ending this calls it off\n"
        ))?;
    }
    // The controller counts on its own; a little more is needed than it said.
    for left in (0..=seconds).rev() {
        if is_terminal {
            say(&format!("\rforced in {left:>2} s, Ctrl-C calls it off "))?;
        }
        tokio::time::sleep(if left == 0 { SECOND / 10 } else { SECOND }).await;
    }
    if is_terminal {
        say("\n")?;
    }
    Ok(())
}

fn say(text: &str) -> anyhow::Result<()> {
    let mut stderr = std::io::stderr().lock();
    stderr.write_all(text.as_bytes())?;
    Ok(stderr.flush()?)
}
