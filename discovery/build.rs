//! Turns `data/pci.ids` into sorted tables that are searched where they lie: see
//! `src/parse/pci_ids/embedded.rs`, which reads them.
#![allow(
    clippy::disallowed_methods,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a build script reads its own input and stops the build at once"
)]

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::{env, fs};

const SOURCE: &str = "data/pci.ids";

/// Keys in big-endian bytes, so that their order is that of the numbers: vendor; vendor, device;
/// vendor, device, subsystem vendor, subsystem device; class; class, subclass.
const KEY_BYTES: [usize; 5] = [2, 4, 8, 1, 2];

type Table = BTreeMap<Vec<u8>, String>;

fn main() {
    println!("cargo:rerun-if-changed={SOURCE}");
    println!("cargo:rerun-if-changed=build.rs");
    let text = fs::read_to_string(SOURCE).expect("data/pci.ids is readable UTF-8");
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo sets OUT_DIR"));
    fs::write(out.join("pci_names.bin"), encode(&tables(&text))).expect("OUT_DIR is writable");
    fs::write(out.join("pci_names_date.txt"), date(&text)).expect("OUT_DIR is writable");
}

fn date(text: &str) -> &str {
    let line = text.lines().find_map(|line| line.strip_prefix("#\tDate:"));
    let day = line.and_then(|line| line.split_whitespace().next());
    day.expect("data/pci.ids has a date")
}

fn tables(text: &str) -> [Table; 5] {
    let mut tables: [Table; 5] = Default::default();
    let mut path: Vec<Vec<u8>> = Vec::new();
    let mut classes = false;
    for line in text.lines() {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let entry = line.trim_start_matches('\t');
        let depth = line.len() - entry.len();
        let (id, name) = entry.split_once("  ").expect("an id, two spaces, a name");
        if depth == 0 {
            classes = id.starts_with("C ");
        }
        path.truncate(depth);
        path.push(bytes(id.trim_start_matches("C ")));
        let table = match (classes, depth) {
            (false, 0..=2) => depth,
            (true, 0..=1) => 3 + depth,
            // Programming interfaces have no place in the document.
            _ => continue,
        };
        let key = path.concat();
        assert_eq!(key.len(), KEY_BYTES[table], "the id in {line:?}");
        tables[table].insert(key, name.trim().to_owned());
    }
    tables
}

fn bytes(id: &str) -> Vec<u8> {
    let digits: Vec<u32> = id.chars().filter_map(|c| c.to_digit(16)).collect();
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| u8::try_from(pair[0] * 16 + pair[1]).expect("two digits"))
        .collect()
}

/// Five counts; five tables of keys, each with the place of its name; the names, each with its
/// length before it. Numbers are 32 bits, little-endian; a length is 16 bits.
fn encode(tables: &[Table; 5]) -> Vec<u8> {
    let number = |value: usize| u32::try_from(value).expect("small").to_le_bytes();
    let mut places: HashMap<&str, usize> = HashMap::new();
    let (mut head, mut body, mut names) = (Vec::new(), Vec::new(), Vec::new());
    for table in tables {
        head.extend(number(table.len()));
        for (key, name) in table {
            let place = *places.entry(name).or_insert_with(|| {
                let place = names.len();
                let length = u16::try_from(name.len()).expect("a name");
                names.extend(length.to_le_bytes());
                names.extend(name.as_bytes());
                place
            });
            body.extend(key);
            body.extend(number(place));
        }
    }
    [head, body, names].concat()
}
