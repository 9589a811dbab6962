//! Sets of processors as the kernel writes them: lists (`0-3,8`) and masks (`ffffffff,00000003`),
//! `Documentation/admin-guide/cputopology.rst` and `lib/bitmap-str.c`.

use std::fmt::{Display, Formatter};

use crate::Fault;

/// One more than the highest number taken: well above the `NR_CPUS` of any kernel, so that a
/// malformed list cannot ask for gigabytes.
const NUMBERS_CAP: usize = 1 << 16;
const WORD: usize = 64;

/// A set of small numbers: logical processors, or NUMA nodes.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct CpuSet {
    /// Without trailing zero words, so that equal sets compare equal.
    words: Vec<u64>,
}

impl CpuSet {
    /// Reads a list such as `0-3,8`; an empty one is an empty set.
    pub(crate) fn from_list(list: &str) -> Result<Self, Fault> {
        let mut set = Self::default();
        let list = list.trim();
        if list.is_empty() {
            return Ok(set);
        }
        for range in list.split(',') {
            let (first, last) = range.split_once('-').unwrap_or((range, range));
            match (first.trim().parse(), last.trim().parse()) {
                (Ok(first), Ok(last)) if first <= last && last < NUMBERS_CAP => {
                    set.insert_range(first, last);
                }
                _ => {
                    return Err(Fault::Malformed(format!(
                        "not a list of processors: {list:.40}"
                    )));
                }
            }
        }
        Ok(set)
    }

    /// Reads a mask such as `ffffffff,00000003`: groups of up to eight hexadecimal digits, the
    /// highest first.
    pub(crate) fn from_mask(mask: &str) -> Result<Self, Fault> {
        let malformed =
            || Fault::Malformed(format!("not a mask of processors: {:.40}", mask.trim()));
        let mut set = Self::default();
        for (position, group) in mask.trim().rsplit(',').enumerate() {
            let offset = position * 32;
            if group.len() > 8 || offset >= NUMBERS_CAP {
                return Err(malformed());
            }
            let bits = u32::from_str_radix(group, 16).map_err(|_| malformed())?;
            for bit in (0..32).filter(|bit| bits & (1 << bit) != 0) {
                set.insert(offset + bit);
            }
        }
        Ok(set)
    }

    /// Adds a number; one above any kernel's is ignored.
    pub(crate) fn insert(&mut self, number: usize) {
        if number >= NUMBERS_CAP {
            return;
        }
        let place = number / WORD;
        if self.words.len() <= place {
            self.words.resize(place + 1, 0);
        }
        if let Some(word) = self.words.get_mut(place) {
            *word |= 1 << (number % WORD);
        }
    }

    /// Adds all of another set.
    pub(crate) fn extend(&mut self, other: &Self) {
        if self.words.len() < other.words.len() {
            self.words.resize(other.words.len(), 0);
        }
        for (word, more) in self.words.iter_mut().zip(&other.words) {
            *word |= more;
        }
    }

    /// Those of its numbers that are also in another set.
    pub(crate) fn within(&self, other: &Self) -> Self {
        let both = self.words.iter().zip(&other.words);
        let mut words: Vec<u64> = both.map(|(word, other)| word & other).collect();
        while words.last() == Some(&0) {
            words.pop();
        }
        Self { words }
    }

    /// Whether the number is in it.
    pub(crate) fn contains(&self, number: usize) -> bool {
        let word = self.words.get(number / WORD);
        word.is_some_and(|word| word & (1 << (number % WORD)) != 0)
    }

    /// How many numbers it has.
    pub(crate) fn len(&self) -> usize {
        self.words
            .iter()
            .map(|word| word.count_ones() as usize)
            .sum()
    }

    /// Whether it has none.
    pub(crate) fn is_empty(&self) -> bool {
        self.words.iter().all(|word| *word == 0)
    }

    /// Its numbers, the lowest first.
    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.words.iter().enumerate().flat_map(|(place, word)| {
            let mut left = *word;
            std::iter::from_fn(move || {
                let bit = (left != 0).then(|| left.trailing_zeros() as usize)?;
                left &= left - 1;
                Some(place * WORD + bit)
            })
        })
    }

    fn insert_range(&mut self, first: usize, last: usize) {
        for number in first..=last {
            self.insert(number);
        }
    }
}

/// In kernel list form.
impl Display for CpuSet {
    fn fmt(&self, to: &mut Formatter<'_>) -> std::fmt::Result {
        let mut numbers = self.iter().peekable();
        let mut separator = "";
        while let Some(first) = numbers.next() {
            let mut last = first;
            while let Some(next) = numbers.next_if(|next| *next == last + 1) {
                last = next;
            }
            if first == last {
                write!(to, "{separator}{first}")?;
            } else {
                write!(to, "{separator}{first}-{last}")?;
            }
            separator = ",";
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_and_masks_are_the_same_sets() {
        for (list, mask) in [
            ("", "0"),
            ("0", "1"),
            ("0-3,8", "0000010f"),
            ("0-1", "3"),
            ("0,2,4-5", "00000000,00000035"),
            ("32", "1,00000000"),
            ("31-33,64", "1,00000003,80000000"),
            ("1,5,33,37", "00000022,00000022"),
        ] {
            let set = CpuSet::from_list(list).unwrap();
            assert_eq!(set, CpuSet::from_mask(mask).unwrap(), "{list}");
            assert_eq!(set.to_string(), list);
            assert_eq!(set.iter().count(), set.len());
            assert!(set.iter().all(|number| set.contains(number)));
        }
    }

    #[test]
    fn printing_is_canonical() {
        let set = CpuSet::from_list(" 3,1-2,2,8\n").unwrap();
        assert_eq!(set.to_string(), "1-3,8");
    }

    #[test]
    fn nonsense_is_malformed() {
        for list in ["a", "1-", "3-1", "-1", "0-4294967295", "1,,2", "0-62:2"] {
            assert!(CpuSet::from_list(list).is_err(), "{list}");
        }
        for mask in ["", "x", "123456789", "1,", "-1"] {
            assert!(CpuSet::from_mask(mask).is_err(), "{mask}");
        }
        assert!(CpuSet::from_mask(&"0,".repeat(1 << 17)).is_err());
    }

    #[test]
    fn sets_are_joined_and_compared() {
        let mut set = CpuSet::from_list("0-3").unwrap();
        set.extend(&CpuSet::from_list("70").unwrap());
        assert_eq!(set.to_string(), "0-3,70");
        let within = set.within(&CpuSet::from_list("2-69").unwrap());
        assert_eq!(within, CpuSet::from_list("2-3").unwrap());
        assert!(!set.is_empty() && !set.contains(69));
    }
}
