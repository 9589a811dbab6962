//! What is on a disk and who uses it, by the kernel's word and by that of wipefs(8), blkid(8) and sfdisk(8).

use std::os::unix::fs::MetadataExt as _;

use muster_discovery::Source;
use muster_discovery::source::Dir;
use rustix::fs::{major, minor};
use serde::Deserialize;

use super::device::Device;
use crate::host::disk::{SeenDisk, SeenFileSystem};
use crate::host::real::machine::kernel_text;
use crate::host::real::runner::Tool;
use crate::host::{HostError, Ran};

/// Where the partition of ours begins.
const FIRST: u64 = 1 << 20;
/// The kernel counts so, whatever the disk's sectors are.
const SECTOR_BYTES: u64 = 512;

#[derive(Deserialize, Default)]
struct Signatures {
    signatures: Vec<Signature>,
}

#[derive(Deserialize)]
struct Signature {
    r#type: String,
}

#[derive(Deserialize)]
struct Dump {
    partitiontable: Table,
}

#[derive(Deserialize)]
struct Table {
    label: String,
    id: Option<String>,
    #[serde(default)]
    partitions: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    uuid: Option<String>,
}

/// All of a disk that the kernel calls `name`.
pub(super) fn at(name: &str) -> Result<SeenDisk, HostError> {
    let path = format!("/dev/{name}");
    let mut parts = partitions(name)?;
    parts.push(name.to_owned());
    let numbers = parts.iter().map(|part| number(part));
    let numbers = numbers.collect::<Result<Vec<String>, _>>()?;
    let mut holders = Vec::new();
    for part in &parts {
        holders.extend(held_by(part)?);
    }
    holders.extend(swaps(&numbers)?);
    let signatures = signatures(&path)?;
    let table = match signatures.iter().any(|kind| kind == "gpt") {
        true => table(&path)?,
        false => None,
    };
    let (table_uuid, partitions) = match table {
        Some(Table {
            label,
            id,
            partitions,
        }) if label == "gpt" => (id, partitions),
        _ => (None, Vec::new()),
    };
    Ok(SeenDisk {
        size_bytes: sectors(name)? * SECTOR_BYTES,
        mounts: mounts(&numbers)?,
        holders,
        mark: Device::to_read(name)?.mark()?,
        signatures,
        table_uuid,
        // One without a GUID is one, and not ours.
        partitions: partitions
            .into_iter()
            .map(|entry| entry.uuid.unwrap_or_default())
            .collect(),
        file_system: file_system(name)?,
        device: path,
    })
}

/// The names of the disk's partitions as the kernel knows them.
pub(super) fn partitions(name: &str) -> Result<Vec<String>, HostError> {
    in_sysfs(name, |folder| {
        let names = folder.list("")?;
        let parts = names.into_iter().filter(|part| part.starts_with(name));
        Ok(parts
            .filter(|part| folder.number::<u32>(&format!("{part}/partition")).is_ok())
            .collect())
    })
}

/// The partition that begins where ours does.
pub(super) fn partition_of_ours(name: &str) -> Result<Option<String>, HostError> {
    let is_ours = |part: &String| {
        let start = in_sysfs(part, |folder| folder.number::<u64>("start"));
        start.is_ok_and(|start| start * SECTOR_BYTES == FIRST)
    };
    Ok(partitions(name)?.into_iter().find(is_ours))
}

/// The device's number: `8:0`.
pub(super) fn number(name: &str) -> Result<String, HostError> {
    in_sysfs(name, |folder| folder.text("dev"))
}

fn sectors(name: &str) -> Result<u64, HostError> {
    in_sysfs(name, |folder| folder.number("size"))
}

fn in_sysfs<T>(
    name: &str,
    ask: impl FnOnce(Dir<'_>) -> Result<T, muster_discovery::Fault>,
) -> Result<T, HostError> {
    let failed =
        |fault: muster_discovery::Fault| HostError::because("look at", name, &fault.to_string());
    let source = Source::live().map_err(failed)?;
    ask(source.dir(format!("sys/class/block/{name}"))).map_err(failed)
}

fn held_by(name: &str) -> Result<Vec<String>, HostError> {
    let holders = in_sysfs(name, |folder| folder.list("holders"))?;
    Ok(holders
        .into_iter()
        .map(|holder| format!("used by {holder}"))
        .collect())
}

/// Where devices of these numbers are mounted: proc_pid_mountinfo(5).
fn mounts(numbers: &[String]) -> Result<Vec<String>, HostError> {
    let table = kernel_text("/proc/self/mountinfo")?.unwrap_or_default();
    let fields = table
        .lines()
        .map(|line| line.split(' ').collect::<Vec<_>>());
    let mounts = fields.filter_map(|fields| match fields.as_slice() {
        [_, _, number, _, place, ..] if numbers.iter().any(|ours| ours == number) => {
            Some(place.replace("\\040", " "))
        }
        _ => None,
    });
    Ok(mounts.collect())
}

fn swaps(numbers: &[String]) -> Result<Vec<String>, HostError> {
    let table = kernel_text("/proc/swaps")?.unwrap_or_default();
    let paths = table
        .lines()
        .skip(1)
        .filter_map(|line| line.split(' ').next());
    let is_ours = |path: &&str| {
        let found = std::fs::metadata(path).map(|found| found.rdev());
        found.is_ok_and(|found| numbers.contains(&format!("{}:{}", major(found), minor(found))))
    };
    Ok(paths
        .filter(is_ours)
        .map(|path| format!("swapped to as {path}"))
        .collect())
}

fn signatures(path: &str) -> Result<Vec<String>, HostError> {
    let ran = Tool::Wipefs.succeed(&["--no-act", "--json", "--", path])?;
    // Where there is nothing, it says nothing.
    let found: Signatures = match ran.said.trim().is_empty() {
        true => Signatures::default(),
        false => understood("wipefs", path, &ran)?,
    };
    Ok(found
        .signatures
        .into_iter()
        .map(|signature| signature.r#type)
        .collect())
}

/// None where it cannot be read: it may be half written.
fn table(path: &str) -> Result<Option<Table>, HostError> {
    let ran = Tool::Sfdisk.run(&["--json", "--", path])?;
    match ran.code {
        Some(0) => understood::<Dump>("sfdisk", path, &ran).map(|dump| Some(dump.partitiontable)),
        _ => Ok(None),
    }
}

/// What begins where our partition does, whether there is a table or it is gone.
fn file_system(name: &str) -> Result<Option<SeenFileSystem>, HostError> {
    // Where the kernel has a partition, that is asked: what was written through it need not be seen through the disk.
    let partition = partition_of_ours(name)?;
    let offset = match partition {
        Some(_) => "0".to_owned(),
        None => FIRST.to_string(),
    };
    let path = format!("/dev/{}", partition.as_deref().unwrap_or(name));
    let ran = Tool::Blkid.run(&["--probe", "--output", "export", "--offset", &offset, &path])?;
    let field = |name: &str| {
        let lines = ran.said.lines().filter_map(|line| line.split_once('='));
        let mut values = lines
            .filter(|(key, _)| *key == name)
            .map(|(_, value)| value.to_owned());
        values.next()
    };
    // blkid(8): 2 is nothing found, 8 more than one thing. Of a partition it always finds that it is one.
    match ran.code {
        Some(0) => Ok(field("TYPE")
            .or(field("PTTYPE"))
            .map(|kind| SeenFileSystem {
                kind,
                uuid: field("UUID"),
            })),
        Some(2) => Ok(None),
        Some(8) => Ok(Some(SeenFileSystem {
            kind: "several file systems".to_owned(),
            uuid: None,
        })),
        _ => {
            let why = format!("blkid: {}", ran.said.trim());
            Err(HostError::because("look at", path, &why))
        }
    }
}

fn understood<T: for<'a> Deserialize<'a>>(
    tool: &str,
    path: &str,
    ran: &Ran,
) -> Result<T, HostError> {
    serde_json::from_str(&ran.said).map_err(|error| {
        HostError::because(
            "look at",
            path,
            &format!("what {tool} says is not understood: {error}"),
        )
    })
}
