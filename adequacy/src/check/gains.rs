//! A machine that gains does not lose a rule: what passes a minimum passes it with more.

use std::fmt::Debug;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::Outcome::Pass;
use super::testing::judged;

/// What is asked for, what the machine has, and what it has after it gained, in order.
type Grown<T> = [T; 3];

fn grown<T: Ord + Clone + Debug>(
    value: impl Strategy<Value = T>,
) -> impl Strategy<Value = Grown<T>> {
    let three = proptest::array::uniform3(value);
    three.prop_map(|mut three| {
        three.sort();
        three
    })
}

/// Passes with what it has, and with more.
fn holds_on<T>(
    name: &str,
    [least, has, gained]: Grown<T>,
    parameters: impl Fn(T) -> String,
    sections: impl Fn(T) -> Value,
) -> Result<(), TestCaseError> {
    let parameters = parameters(least);
    for sections in [sections(has), sections(gained)] {
        let finding = judged(name, &parameters, sections.clone());
        let told = format!("{name} {parameters} on {sections}: {finding:?}");
        prop_assert_eq!(finding.outcome, Pass, "{}", told);
        prop_assert!(finding.reasons.is_empty(), "{}", told);
    }
    Ok(())
}

fn quoted(key: &str, value: &str) -> String {
    format!(r#"{{ {key} = "{value}" }}"#)
}

const LEVELS: [&str; 4] = [
    "lm cmov cx8 fpu fxsr mmx syscall sse sse2",
    "cx16 lahf_lm popcnt pni sse4_1 sse4_2 ssse3",
    "avx avx2 bmi1 bmi2 f16c fma abm movbe xsave",
    "avx512f avx512bw avx512cd avx512dq avx512vl",
];

/// The flags of as many levels, and of those after them the one at `more`.
fn flags(levels: usize, more: usize) -> Vec<&'static str> {
    let (sure, others) = LEVELS.split_at(levels);
    let one_more = others.iter().flat_map(|words| words.split(' ')).nth(more);
    let sure = sure.iter().flat_map(|words| words.split(' '));
    sure.chain(one_more).collect()
}

proptest! {
    #[test]
    fn counts(count in grown(1u32..5000)) {
        let least = |count| format!("{{ at_least = {count} }}");
        holds_on("cpu_cores", count, least, |count| json!({"cpu": {"cores": count}}))?;
        holds_on("cpu_threads", count, least, |count| json!({"cpu": {"online_threads": count}}))?;
        let pages = |count| format!(r#"{{ size = "2 MiB", at_least = {count} }}"#);
        let pools = |count| json!({"memory": {"hugepages": [{"size_bytes": 2 << 20, "total": count}]}});
        holds_on("hugepages", count, pages, pools)?;
    }

    #[test]
    fn memory(bytes in grown(any::<u64>())) {
        let least = |bytes: u64| quoted("at_least", &format!("{bytes} B"));
        holds_on("memory_total", bytes, least, |bytes| json!({"memory": {"total_bytes": bytes}}))?;
    }

    #[test]
    fn features(levels in grown(1usize..=4), more in 0usize..20) {
        let of = |levels| json!({"cpu": {"architecture": "x86_64", "flags": (flags(levels, more))}});
        let least = |level| quoted("at_least", &format!("x86-64-v{level}"));
        holds_on("cpu_level", levels, least, of)?;
        let all = |levels| format!("{{ all_of = {:?} }}", flags(levels, usize::MAX));
        holds_on("cpu_flags", levels, all, of)?;
    }

    #[test]
    fn dates(day in grown((1980u16..2100, 1u8..=12, 1u8..=28))) {
        let in_words = |(year, month, day)| format!("{year:04}-{month:02}-{day:02}");
        let not_before = |day| quoted("not_before", &in_words(day));
        holds_on("bios_date", day, not_before, |day| json!({"bios": {"date": in_words(day)}}))?;
    }

    #[test]
    fn versions(version in grown((0u64..20, 0u64..20, 0u64..400)), suffix in "(-[a-z0-9.-]{0,12})?") {
        let in_words = |(major, minor, patch)| format!("{major}.{minor}.{patch}");
        let least = |version| quoted("at_least", &in_words(version));
        let host = |version| json!({"host": {"kernel": {"release": in_words(version) + &suffix}}});
        holds_on("kernel_version", version, least, host)?;
    }

    #[test]
    fn families(family in grown(prop_oneof![Just("1.2"), Just("2.0")])) {
        let least = |family| quoted("at_least", family);
        holds_on("tpm", family, least, |family| json!({"host": {"tpm": {"version": family}}}))?;
    }

    /// Fewer errors are a gain, and so is a bound that bears more.
    #[test]
    fn errors([after, before, most] in grown(0u32..100)) {
        let bound = |most| format!("{{ correctable_at_most = {most} }}");
        let ecc = |count| json!({"memory": {"ecc": {"uncorrectable_errors": 0, "correctable_errors": count}}});
        holds_on("memory_errors", [most, before, after], bound, ecc)?;
    }
}
