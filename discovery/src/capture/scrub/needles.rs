//! Finds many originals in bytes at once and puts their pseudonyms in their place.

use std::collections::{BTreeMap, HashMap};

/// Shorter originals are replaced only where they are known to stand alone: elsewhere such a short
/// text is more often something else.
pub(super) const SHORTEST: usize = 5;

/// Where an original may stand.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Reach {
    /// Anywhere, inside longer words too.
    Anywhere,
    /// Not next to a letter or digit.
    Word,
}

struct Needle {
    original: Vec<u8>,
    pseudonym: Vec<u8>,
    reach: Reach,
}

/// Originals with their pseudonyms.
#[derive(Default)]
pub(super) struct Needles {
    by_start: HashMap<[u8; 4], Vec<Needle>>,
    starts: Vec<bool>,
    alone: BTreeMap<String, String>,
}

impl Needles {
    /// Adds an original that is replaced wherever it is found. The first pseudonym stands.
    pub(super) fn add(&mut self, original: &[u8], pseudonym: &[u8], reach: Reach) {
        let Some(start) = original.first_chunk::<4>() else {
            return;
        };
        if original.len() != pseudonym.len() || original == pseudonym {
            return;
        }
        let same_start = self.by_start.entry(*start).or_default();
        let known = same_start
            .iter_mut()
            .find(|needle| needle.original == original);
        match known {
            Some(needle) if reach == Reach::Anywhere => needle.reach = reach,
            Some(_) => {}
            None => {
                same_start.push(Needle {
                    original: original.to_owned(),
                    pseudonym: pseudonym.to_owned(),
                    reach,
                });
                same_start.sort_by_key(|needle| std::cmp::Reverse(needle.original.len()));
            }
        }
        self.starts.resize(1 << 16, false);
        if let Some(place) = self.starts.get_mut(pair(*start)) {
            *place = true;
        }
    }

    /// Adds an original that is replaced only where it is the whole of a value.
    pub(super) fn add_alone(&mut self, original: &str, pseudonym: &str) {
        let place = self.alone.entry(original.to_owned());
        place.or_insert_with(|| pseudonym.to_owned());
    }

    /// The pseudonym of a whole value.
    pub(super) fn alone(&self, value: &str) -> Option<&str> {
        self.alone.get(value).map(String::as_str)
    }

    /// The bytes with every original replaced: the first in order, and of several that begin at
    /// one place the longest.
    pub(super) fn replace(&self, bytes: &[u8]) -> Vec<u8> {
        let mut replaced = bytes.to_owned();
        let mut at = 0;
        while let Some(start) = bytes.get(at..).and_then(<[u8]>::first_chunk::<4>) {
            let found = match self.starts.get(pair(*start)) {
                Some(true) => self.found(bytes, at, start),
                _ => None,
            };
            let Some(needle) = found else {
                at += 1;
                continue;
            };
            let end = at + needle.original.len();
            if let Some(place) = replaced.get_mut(at..end) {
                place.copy_from_slice(&needle.pseudonym);
            }
            at = end;
        }
        replaced
    }

    /// The text with every original replaced.
    pub(super) fn replace_text(&self, text: &str) -> String {
        String::from_utf8_lossy(&self.replace(text.as_bytes())).into_owned()
    }

    fn found(&self, bytes: &[u8], at: usize, start: &[u8; 4]) -> Option<&Needle> {
        let same_start = self.by_start.get(start)?;
        let rest = bytes.get(at..)?;
        let is_word_byte = |byte: Option<&u8>| byte.is_some_and(u8::is_ascii_alphanumeric);
        same_start.iter().find(|needle| {
            rest.starts_with(&needle.original)
                && (needle.reach == Reach::Anywhere
                    || !is_word_byte(at.checked_sub(1).and_then(|before| bytes.get(before)))
                        && !is_word_byte(rest.get(needle.original.len())))
        })
    }
}

fn pair([a, b, ..]: [u8; 4]) -> usize {
    usize::from(u16::from_be_bytes([a, b]))
}
