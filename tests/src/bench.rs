//! The program beside its peers and beside the floor: alternating runs in one session.

use std::fmt::Write as _;
use std::time::Duration;

use crate::measure::median;

/// What runs beside what: a name, and the commands that it takes, one after the other.
pub const CONTENDERS: &[(&str, &[&str])] = &[
    ("muster discover -o json", &["muster discover -o json"]),
    ("floor: the same requests, nothing parsed", &["floor LIST"]),
    (
        "lscpu -J; lsblk -JO; lspci -vmmk; ip -j addr",
        &["lscpu -J", "lsblk -JO", "lspci -vmmk", "ip -j addr"],
    ),
    ("lshw -json", &["lshw -json"]),
    ("hwinfo --all", &["hwinfo --all"]),
];

/// What is demanded of the ratio to the program: at least so many times its time, or at most.
const DEMANDS: [Option<f64>; 5] = [None, Some(2.0), Some(1.0), Some(10.0), Some(20.0)];

/// The durations of one contender, one for each round.
struct Series {
    name: &'static str,
    runs: Vec<Duration>,
}

/// Runs the contenders in turns, each `rounds` times, and makes the table of what they took.
/// `timed` runs one command, of which the word `LIST` is the floor's list, and says how long it
/// took.
pub fn compare(rounds: usize, mut timed: impl FnMut(&str) -> Duration) -> String {
    let mut series: Vec<Series> = CONTENDERS
        .iter()
        .map(|(name, _)| Series {
            name,
            runs: Vec::new(),
        })
        .collect();
    for round in 0..=rounds {
        for ((_, commands), series) in CONTENDERS.iter().zip(&mut series) {
            let took = commands.iter().map(|command| timed(command)).sum();
            // The first round warms the caches.
            if round > 0 {
                series.runs.push(took);
            }
        }
    }
    table(&series)
}

/// The table: median, least, spread (between the quartiles), and the ratio to the program with its
/// spread over the rounds.
fn table(series: &[Series]) -> String {
    let mut text = String::from(
        "| command | median ms | least ms | middle half ms | times muster (middle half) | demanded |\n\
         | --- | --- | --- | --- | --- | --- |\n",
    );
    let Some(base) = series.first() else {
        return text;
    };
    for (index, one) in series.iter().enumerate() {
        let ratios = ratios(&one.runs, &base.runs);
        let (low, high) = quartiles(&one.runs);
        let demanded = match (index, DEMANDS.get(index).copied().flatten()) {
            (1, Some(times)) => format!("muster ≤ {times} × floor"),
            (_, Some(times)) => format!("≥ {times}"),
            _ => "–".to_owned(),
        };
        let least = one.runs.iter().min().copied().unwrap_or_default();
        let _ = writeln!(
            text,
            "| `{}` | {:.2} | {:.2} | {:.2}–{:.2} | {} | {demanded} |",
            one.name,
            ms(median(one.runs.clone())),
            ms(least),
            ms(low),
            ms(high),
            ratios
        );
    }
    if let Some(floor) = series.get(1) {
        let times = ms(median(base.runs.clone())) / ms(median(floor.runs.clone()));
        let _ = writeln!(text, "\nmuster takes {times:.2} times the floor.");
    }
    text
}

/// Ratios round by round: neighbours in time share what else the machine was doing.
fn ratios(runs: &[Duration], base: &[Duration]) -> String {
    let mut ratios: Vec<f64> = runs
        .iter()
        .zip(base)
        .map(|(run, base)| run.as_secs_f64() / base.as_secs_f64())
        .collect();
    ratios.sort_by(f64::total_cmp);
    let at = |part: usize| ratios[(ratios.len() - 1) * part / 4];
    format!("{:.2} ({:.2}–{:.2})", at(2), at(1), at(3))
}

fn quartiles(runs: &[Duration]) -> (Duration, Duration) {
    let mut sorted = runs.to_vec();
    sorted.sort_unstable();
    (
        sorted[(sorted.len() - 1) / 4],
        sorted[(sorted.len() - 1) * 3 / 4],
    )
}

fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}
