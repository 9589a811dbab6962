//! Replaces what names a machine, its owner or its surroundings by pseudonyms.
//!
//! An original has the same pseudonym everywhere: in text and in binary, in the names of files and
//! in what links say. Pseudonyms are as long as their originals and of the same kind, so that every
//! parser reads a scrubbed capture as it reads the original one. Nobody can find an original by
//! trying all of them: the salt is random, and is not kept.
//!
//! Replaced: serial numbers, asset tags, MACs (the maker's half stays), UUIDs, machine and boot
//! ids, WWNs, EUIs and NGUIDs (NAA and maker stay), names of hosts, file systems, partitions,
//! volume groups and volumes, what is mounted from or below `/home`, `/root`, `/mnt`, `/media`,
//! `/srv`, `/data` and `/tmp`, ids of containers,
//! IP addresses (those in one network stay in one, by whole octets), file servers, iSCSI names,
//! names of LLDP neighbours, values of kernel parameters that look secret, what init is told behind
//! `--`, all OEM strings.
//!
//! Limits: a text of fewer than five characters, one that is also a word of a fact that stays
//! (a host called `debian`), or a usual one (`rootfs`), is replaced only where it is the whole of
//! a file or of a value of udev. What no field names and no pattern tells is not found: look
//! through a capture before you give it away.

mod binary;
mod command_line;
mod facts;
mod identity;
mod lldp;
mod mounts;
mod needles;
mod netlink;
mod place;
mod pseudonym;
mod sockets;
#[cfg(test)]
mod tests;
mod text;

use muster_model::Inventory;
use serde_json::Value;

use super::CaptureError;
use crate::context::Context;
use crate::parse::sockets::ByteOrder;
use crate::source::{Answer, Query, Recording, Request, Source};
use crate::{Fault, Options};
use identity::Identities;
use needles::Needles;
use pseudonym::Pseudonyms;

/// The vendor of the variables that the UEFI specification defines (2.10, 3.3): part of the names
/// of files, and the same on every machine.
const EFI_GLOBAL_VARIABLE: [u8; 16] = [
    0x8b, 0xe4, 0xdf, 0x61, 0x93, 0xca, 0x11, 0xd2, 0xaa, 0x0d, 0x00, 0xe0, 0x98, 0x03, 0x2b, 0x8c,
];

/// A recording without identities; `inventory` is what was discovered while it was made.
///
/// # Errors
/// When the system gives no random numbers.
pub fn scrub(recording: &Recording, inventory: &Inventory) -> Result<Recording, CaptureError> {
    let mut salt = [0; 32];
    getrandom::fill(&mut salt).map_err(|why| CaptureError::Random {
        why: why.to_string(),
    })?;
    Ok(scrub_with_salt(recording, inventory, salt))
}

/// The same with a salt of the caller's, which gives the same pseudonyms each time. Whoever knows
/// the salt can try originals.
pub fn scrub_with_salt(recording: &Recording, inventory: &Inventory, salt: [u8; 32]) -> Recording {
    let scrubber = Scrubber::new(recording, inventory, salt);
    let mut scrubbed = recording.emptied();
    scrubbed.set_scrubbed(true);
    for (request, answer) in recording.iter() {
        scrubbed.keep(scrubber.request(request), scrubber.answer(request, answer));
    }
    scrubbed
}

struct Scrubber {
    pseudonyms: Pseudonyms,
    needles: Needles,
    byte_order: Option<ByteOrder>,
}

impl Scrubber {
    fn new(recording: &Recording, inventory: &Inventory, salt: [u8; 32]) -> Self {
        let mut identities = Identities::default();
        identities.public_uuids.insert(EFI_GLOBAL_VARIABLE);
        facts::collect(inventory, &mut identities);
        for (request, answer) in recording.iter() {
            collect(request, answer, &mut identities);
        }
        let pseudonyms = Pseudonyms::new(salt);
        let needles = identities.needles(&pseudonyms);
        Self {
            pseudonyms,
            needles,
            byte_order: byte_order(recording),
        }
    }

    fn request(&self, request: &Request) -> Request {
        let text = |path: &str| self.needles.replace_text(path);
        match request {
            Request::Read(path, cap) => Request::Read(text(path), *cap),
            Request::List(path) => Request::List(text(path)),
            Request::Link(path) => Request::Link(text(path)),
            Request::Ask(query) => Request::Ask(self.query(query)),
        }
    }

    fn query(&self, query: &Query) -> Query {
        let value = serde_json::to_value(query).map(|value| self.value(value));
        let query_again = value.and_then(serde_json::from_value);
        query_again.unwrap_or_else(|_| query.clone())
    }

    /// The texts in a JSON value replaced.
    fn value(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.needles.replace_text(&text)),
            Value::Array(list) => list.into_iter().map(|it| self.value(it)).collect(),
            Value::Object(map) => {
                let map = map.into_iter().map(|(key, it)| (key, self.value(it)));
                Value::Object(map.collect())
            }
            other => other,
        }
    }

    fn answer(&self, request: &Request, answer: &Answer) -> Answer {
        match answer {
            Ok(content) => Ok(self.content(request, content)),
            Err(Fault::Malformed(what)) => Err(Fault::Malformed(self.needles.replace_text(what))),
            Err(Fault::Unsupported(what)) => {
                Err(Fault::Unsupported(self.needles.replace_text(what)))
            }
            Err(other) => Err(other.clone()),
        }
    }

    fn content(&self, request: &Request, content: &[u8]) -> Vec<u8> {
        match request {
            Request::Ask(Query::Sockets { .. }) => {
                sockets::replace(content, self.byte_order, &self.pseudonyms)
            }
            Request::Ask(query) => {
                binary::replace_answer(query, content, &self.pseudonyms, &self.needles)
            }
            Request::Link(_) => self.needles.replace(content),
            Request::List(_) => {
                // Names stay sorted, as a listing has them.
                let replaced = self.needles.replace(content);
                let mut names: Vec<&[u8]> = replaced.split_inclusive(|byte| *byte == 0).collect();
                names.sort_unstable();
                names.concat()
            }
            Request::Read(path, _) if path.ends_with("/dmi/tables/DMI") => {
                let hidden = binary::replace_smbios(content, &self.pseudonyms);
                self.needles.replace(&hidden)
            }
            Request::Read(path, _) if path == "proc/cmdline" => {
                let kept = |text: &str| self.needles.replace_text(text);
                let line = String::from_utf8_lossy(content);
                command_line::replace(&line, kept, &self.pseudonyms).into_bytes()
            }
            Request::Read(path, _) => self.file(path, content),
        }
    }

    /// A file whose whole content, or lines of whose are `KEY=value`, may be a short identity.
    fn file(&self, path: &str, content: &[u8]) -> Vec<u8> {
        let replaced = self.needles.replace(content);
        let Ok(before) = std::str::from_utf8(content) else {
            return replaced;
        };
        if text::is_identity_file(path) {
            let whole = before.trim_matches(|c: char| c.is_whitespace() || c == '\0');
            if let Some(pseudonym) = self.needles.alone(whole) {
                return before.replacen(whole, pseudonym, 1).into_bytes();
            }
        }
        if !path.starts_with("run/udev/data/") {
            return replaced;
        }
        let Ok(after) = std::str::from_utf8(&replaced) else {
            return replaced;
        };
        let lines = before
            .split_inclusive('\n')
            .zip(after.split_inclusive('\n'));
        let line = |(before, after): (&str, &str)| {
            let (key, value) = text::identity_of_line(before)?;
            let pseudonym = self.needles.alone(value.trim_end())?;
            let end = value.get(value.trim_end().len()..)?;
            Some(format!("{key}={pseudonym}{end}")).filter(|line| line.len() == after.len())
        };
        let line = |(before, after)| line((before, after)).unwrap_or_else(|| after.to_owned());
        lines.map(line).collect::<String>().into_bytes()
    }
}

/// Of the machine that was recorded, where something depends on it.
fn byte_order(recording: &Recording) -> Option<ByteOrder> {
    let is_table = |request: &Request| matches!(request, Request::Ask(Query::Sockets { .. }));
    recording.iter().find(|(request, _)| is_table(request))?;
    let source = Source::replay(recording.clone());
    Context::new(&source, &Options::default()).byte_order().ok()
}

fn collect(request: &Request, answer: &Answer, into: &mut Identities) {
    let content = answer.as_deref().unwrap_or_default();
    match request {
        Request::Read(path, _) => {
            text::path(path, into);
            binary::collect_file(path, content, into);
            text::collect(path, content, into);
        }
        Request::List(path) | Request::Link(path) => {
            text::path(path, into);
            let below = format!("{path}/{}", String::from_utf8_lossy(content));
            text::path(&below, into);
        }
        Request::Ask(query) => {
            binary::collect_answer(query, content, into);
            let is_text = matches!(query, Query::Nvml | Query::HardwareDatabase { .. });
            if is_text || matches!(query, Query::NvmeIdentify { .. }) {
                text::collect("", content, into);
            }
        }
    }
}
