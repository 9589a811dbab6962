//! `--timings`: how long each probe took.

use std::fmt::Write as _;
use std::time::Duration;

/// One line a probe, then their sum.
pub(crate) fn table(timings: &[(&'static str, Duration)]) -> String {
    let mut text = String::new();
    let total = timings.iter().map(|(_, took)| *took).sum();
    for (name, took) in timings.iter().copied().chain([("total", total)]) {
        let _ = writeln!(text, "{name:<16}{:>10.3} ms", took.as_secs_f64() * 1000.0);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_probes_and_their_sum() {
        let text = table(&[
            ("host", Duration::from_micros(1500)),
            ("cpu", Duration::from_micros(250)),
        ]);
        assert_eq!(
            text,
            "host                 1.500 ms\ncpu                  0.250 ms\ntotal                1.750 ms\n"
        );
    }
}
