//! hwloc's view of a machine as a second opinion: its console text and its XML.

use std::collections::BTreeMap;

/// One object of the topology with its attributes, named as in the text they came from.
#[derive(Debug)]
pub struct Object {
    /// Such as `Package`, `L2Cache`, `PCI` (`PCIDev` in XML).
    pub kind: String,
    /// Such as `size` (`cache_size` in XML) or `busid` (`pci_busid`).
    pub attributes: BTreeMap<String, String>,
}

/// The objects of either form.
pub fn objects(text: &str) -> Vec<Object> {
    if text.starts_with("<?xml") {
        text.lines().filter_map(of_xml).collect()
    } else {
        let tree = text.lines().take_while(|line| !line.starts_with("depth "));
        tree.filter_map(of_console).collect()
    }
}

/// `  L2Cache L#0 (size=1024KiB linesize=64 ways=8)`; values may be quoted.
fn of_console(line: &str) -> Option<Object> {
    let line = line.trim_start();
    let kind = line.split([' ', '(', '[']).next()?;
    let mut attributes = BTreeMap::new();
    let inside = line.split_once('(').map_or("", |(_, rest)| {
        rest.rsplit_once(')').map_or("", |(inside, _)| inside)
    });
    for word in inside.split(' ') {
        if let Some((key, value)) = word.split_once('=') {
            attributes.insert(key.to_owned(), value.to_owned());
        } else if let Some(number) = word.strip_prefix("P#") {
            attributes.insert("os_index".to_owned(), number.to_owned());
        }
    }
    Some(Object {
        kind: kind.to_owned(),
        attributes,
    })
}

/// `<object type="Package" os_index="0" …>`, a line each as hwloc writes them.
fn of_xml(line: &str) -> Option<Object> {
    let line = line.trim_start().strip_prefix("<object ")?;
    let mut attributes = BTreeMap::new();
    let mut parts = line.split('"');
    while let (Some(key), Some(value)) = (parts.next(), parts.next()) {
        let key = key.trim().trim_end_matches('=');
        attributes.insert(key.to_owned(), value.to_owned());
    }
    let kind = attributes.remove("type")?;
    Some(Object { kind, attributes })
}
