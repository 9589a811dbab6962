//! What the machine has, drawn and listed. What is not known says why.
//!
//! Map: a file a part of the machine, all alike: an inventory in, a section out; `why` has the reasons for what is unknown.

mod devices;
mod disks;
mod memory;
mod network;
mod pci;
mod processors;
mod why;

use axum::extract::State;
use axum::http::header::{CONTENT_DISPOSITION, CONTENT_TYPE};
use axum::response::{IntoResponse as _, Response};
use maud::{Markup, html};

use crate::Shared;
use crate::parts::{Place, page};
use crate::ports::Unknown;
use crate::problem::Problem;
use crate::words::{Reader, Words};
use why::Reasons;

/// Shows all of it.
pub(crate) async fn show(
    State(shared): State<Shared>,
    Reader(words): Reader,
) -> Result<Markup, Problem> {
    let inventory = shared.machine.inventory().await?;
    let why = Reasons::of(words, &inventory.warnings);
    let main = html! {
        div.title {
            h1 { (words.hardware) }
            p.actions {
                a.button href="/installer/inventory.json" download="" { (words.download) }
            }
        }
        (contents(words))
        (processors::section(words, &inventory, &why))
        (memory::section(words, &inventory, &why))
        (network::section(words, &inventory, &why))
        (disks::section(words, &inventory, &why))
        (devices::gpus(words, &inventory, &why))
        (devices::bmc_and_sensors(words, &inventory, &why))
        (pci::section(words, &inventory, &why))
        (why.section())
    };
    let name = inventory.host.hostname.as_deref();
    Ok(page(words, Place::Hardware, name, &main))
}

/// The inventory as a file.
pub(crate) async fn download(State(shared): State<Shared>) -> Result<Response, Problem> {
    let inventory = shared.machine.inventory().await?;
    let text = serde_json::to_vec_pretty(&*inventory).map_err(|error| Unknown {
        reason: error.to_string(),
    })?;
    let headers = [
        (CONTENT_TYPE, "application/json"),
        (
            CONTENT_DISPOSITION,
            "attachment; filename=\"inventory.json\"",
        ),
    ];
    Ok((headers, text).into_response())
}

fn contents(words: &Words) -> Markup {
    let parts = [
        ("cpu", words.processors),
        ("memory", words.memory),
        ("network", words.network),
        ("disks", words.disks),
        ("gpus", words.gpus),
        ("sensors", words.bmc_and_sensors),
        ("pci", words.pci),
        ("unknown", words.what_is_unknown),
    ];
    html! {
        nav.contents aria-label=(words.on_this_page) {
            ul { @for (id, name) in parts { li { a href=(format!("#{id}")) { (name) } } } }
        }
    }
}
