//! Whether memory modules are alike and evenly placed.

use std::collections::{BTreeMap, BTreeSet};

use muster_model::Section;
use muster_model::memory::MemoryModule;

use super::{Check, Finding, Outcome, memory, parameters};
use crate::listed::listed;
use crate::machine::{Fact, Machine};
use crate::policy::size;

parameters! {
    pub(super) struct Symmetric {}
}

impl Check for Symmetric {
    fn required(&self) -> String {
        "modules alike, as many for each processor and channel".to_owned()
    }

    fn sections(&self) -> &'static [Section] {
        &[Section::Memory, Section::Cpu]
    }

    fn judge(&self, machine: &Machine<'_>) -> Finding {
        let modules = &memory(machine).modules;
        let modules: Vec<&MemoryModule> = modules.iter().filter(|it| is_volatile(it)).collect();
        let are_all = !modules.is_empty() && machine.lacking(Section::Memory, "modules").is_none();
        let fitted = machine.fact(Section::Memory, "modules", are_all.then(|| named(&modules)));
        Finding::of(fitted, |fitted| {
            let mut oddities = Oddities::default();
            oddities.compare(&fitted, |module| module.size_bytes, size::in_words);
            oddities.compare(
                &fitted,
                |module| module.speed_mts,
                |mts| format!("{mts} MT/s"),
            );
            oddities.compare(&fitted, |module| module.rank, ranks);
            oddities.count(&fitted, "processor", socket);
            oddities.count_bare(&fitted, machine.inventory().cpu.sockets);
            oddities.count(&fitted, "slots", channel);
            let actual = summary(&modules);
            if !oddities.reasons.is_empty() {
                let mut finding = Finding::new(Outcome::Fail, actual);
                finding.reasons = oddities.reasons;
                return finding.with_devices(oddities.devices);
            }
            Finding::of(all_known(machine, &fitted), |()| {
                Finding::new(Outcome::Pass, actual)
            })
        })
    }
}

/// A module with its name, the same for two only where the firmware does not tell them apart.
struct Fitted<'a> {
    name: String,
    module: &'a MemoryModule,
}

/// The locator, after the bank where boards give the same locator again in each.
fn named<'a>(modules: &[&'a MemoryModule]) -> Vec<Fitted<'a>> {
    let mut locators: Vec<_> = modules.iter().map(|module| &module.locator).collect();
    locators.sort_unstable();
    let repeat = locators.windows(2).any(|pair| pair.first() == pair.last());
    let numbered = modules.iter().zip(1..);
    numbered
        .map(|(module, number)| {
            let bank = module.bank.as_deref().filter(|_| repeat);
            let parts: Vec<&str> = [bank, module.locator.as_deref()]
                .into_iter()
                .flatten()
                .collect();
            let name = match parts.is_empty() {
                true => format!("module {number}"),
                false => parts.join(" "),
            };
            Fitted { name, module }
        })
        .collect()
}

/// What speaks against symmetry.
#[derive(Default)]
struct Oddities {
    devices: Vec<String>,
    reasons: Vec<String>,
}

impl Oddities {
    /// Notes the modules that differ from most in what is known of one property.
    fn compare<T: Ord + Copy>(
        &mut self,
        fitted: &[Fitted<'_>],
        property: impl Fn(&MemoryModule) -> Option<T>,
        in_words: impl Fn(T) -> String,
    ) {
        let mut counts: BTreeMap<T, usize> = BTreeMap::new();
        for value in fitted.iter().filter_map(|it| property(it.module)) {
            *counts.entry(value).or_default() += 1;
        }
        let Some((usual, _)) = counts.iter().max_by_key(|(_, count)| **count) else {
            return;
        };
        for it in fitted {
            if let Some(value) = property(it.module).filter(|value| value != usual) {
                let (value, usual) = (in_words(value), in_words(*usual));
                self.add(
                    &it.name,
                    format!("{} has {value}, others have {usual}", it.name),
                );
            }
        }
    }

    /// Notes the modules of places that have fewer than another, if all names tell a place.
    fn count(
        &mut self,
        fitted: &[Fitted<'_>],
        what: &str,
        place: impl Fn(&Fitted<'_>) -> Option<String>,
    ) {
        let mut places: BTreeMap<String, Vec<&Fitted<'_>>> = BTreeMap::new();
        for it in fitted {
            match place(it) {
                Some(place) => places.entry(place).or_default().push(it),
                None => return,
            }
        }
        let most = places.values().map(Vec::len).max().unwrap_or_default();
        for (place, fewer) in places.iter().filter(|(_, modules)| modules.len() < most) {
            let (count, plural) = match fewer.len() {
                1 => (1, ""),
                count => (count, "s"),
            };
            self.reasons.push(format!(
                "{what} {place}: {count} module{plural}, elsewhere {most}"
            ));
            self.devices.extend(fewer.iter().map(|it| it.name.clone()));
        }
        self.devices.sort_unstable();
        self.devices.dedup();
    }

    /// Notes that there are processors without any module, if all names tell a processor.
    fn count_bare(&mut self, fitted: &[Fitted<'_>], sockets: Option<u32>) {
        let places: Option<BTreeSet<String>> = fitted.iter().map(socket).collect();
        let (Some(places), Some(sockets)) = (places, sockets) else {
            return;
        };
        if places.len() < sockets as usize {
            let bare = sockets as usize - places.len();
            self.reasons.push(format!(
                "{bare} of {sockets} processors without memory modules of their own"
            ));
        }
    }

    fn add(&mut self, device: &str, reason: String) {
        self.devices.push(device.to_owned());
        self.reasons.push(reason);
    }
}

/// The number of the processor in a name: `P1-DIMMA1`, `CPU2_DIMM_B1`, `PROC 1 DIMM 3`, `DIMM_P0_A0`.
fn socket(it: &Fitted<'_>) -> Option<String> {
    let bank = it.module.bank.as_deref();
    [Some(it.name.as_str()), bank]
        .into_iter()
        .flatten()
        .find_map(socket_in)
}

fn socket_in(name: &str) -> Option<String> {
    const WORDS: [&str; 5] = ["processor", "proc", "cpu", "socket", "p"];
    let name = name.to_ascii_lowercase();
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let mut tokens = name.split(|character: char| !character.is_ascii_alphanumeric());
    while let Some(token) = tokens.next() {
        let rest = WORDS.iter().find_map(|word| token.strip_prefix(word));
        let number = match rest {
            Some("") => tokens.clone().next().unwrap_or_default(),
            Some(rest) => rest,
            None => continue,
        };
        if is_number(number) {
            return Some(number.to_owned());
        }
    }
    None
}

/// The name without the number that slots of one channel count by: `P1-DIMMA` of `P1-DIMMA2`.
fn channel(it: &Fitted<'_>) -> Option<String> {
    it.module.locator.as_ref().map(|_| {
        let channel = it
            .name
            .trim_end_matches(|character: char| character.is_ascii_digit());
        channel.trim_end().to_owned()
    })
}

/// Neither NVDIMM nor Optane, which stand beside DRAM in other sizes.
fn is_volatile(module: &MemoryModule) -> bool {
    let technology = module.technology.as_deref().unwrap_or_default();
    !technology.starts_with("NVDIMM") && !technology.contains("persistent")
}

/// Size and speed of every module, and that none is missing in the list.
fn all_known(machine: &Machine<'_>, fitted: &[Fitted<'_>]) -> Fact<()> {
    if machine.told(Section::Memory, None, "modules").is_some() {
        return Err(machine.unknown(Section::Memory, None, "modules"));
    }
    if let [_] = fitted {
        return Ok(());
    }
    for Fitted { name, module } in fitted {
        let fact = |field: &str, value| {
            machine.fact(Section::Memory, &format!("modules[{name}].{field}"), value)
        };
        fact("size_bytes", module.size_bytes)?;
        fact("speed_mts", module.speed_mts)?;
    }
    Ok(())
}

/// `7 of 32 GiB at 3200 MT/s, 1 of 16 GiB at 3200 MT/s`.
fn summary(modules: &[&MemoryModule]) -> String {
    let mut kinds: BTreeMap<_, usize> = BTreeMap::new();
    for module in modules {
        *kinds
            .entry((module.size_bytes, module.speed_mts))
            .or_default() += 1;
    }
    let in_words = |((size, speed), count): (&(Option<u64>, Option<u64>), &usize)| {
        let size = size.map_or_else(|| "unknown size".to_owned(), size::in_words);
        let speed = speed.map(|mts| format!(" at {mts} MT/s"));
        format!("{count} of {size}{}", speed.unwrap_or_default())
    };
    listed(kinds.iter().rev().map(in_words))
}

fn ranks(count: u32) -> String {
    match count {
        1 => "1 rank".to_owned(),
        _ => format!("{count} ranks"),
    }
}
