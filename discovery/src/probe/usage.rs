//! How busy the machine is, when asked for.

use muster_model::Found;
use muster_model::usage::Usage;

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::source::Query;

/// Fills `usage`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Option<Usage>> {
    let mut notes = Notes::new("usage");
    let Some(over) = context.options.usage else {
        return notes.with(None);
    };
    let answer = context.source.ask(Query::Usage { over });
    let usage = answer.and_then(|json| {
        serde_json::from_slice(&json).map_err(|error| Fault::Malformed(error.to_string()))
    });
    let usage = notes.require("usage", "usage figures", usage);
    notes.with(usage)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::source::{Recording, Request};
    use crate::{Options, Source};

    const OVER: Duration = Duration::from_millis(250);

    fn usage(answer: Option<&[u8]>) -> Found<Option<Usage>> {
        let mut recording = Recording::default();
        if let Some(answer) = answer {
            recording.keep(
                Request::Ask(Query::Usage { over: OVER }),
                Ok(answer.to_vec()),
            );
        }
        let source = Source::replay(recording);
        let options = Options {
            usage: Some(OVER),
            ..Options::default()
        };
        probe(&Context::new(&source, &options))
    }

    #[test]
    fn takes_what_was_measured() {
        let found = usage(Some(
            br#"{"cpu_percent":12.5,"load_average":[1.0,0.5,0.25]}"#,
        ));
        assert_eq!(found.value.and_then(|usage| usage.cpu_percent), Some(12.5));
        assert!(found.warnings.is_empty());
    }

    #[test]
    fn absent_and_malformed_are_unknown() {
        assert_eq!(usage(None).value, None);
        let malformed = usage(Some(b"{"));
        assert_eq!(malformed.value, None);
        assert_eq!(malformed.warnings.len(), 1);
    }

    #[test]
    fn a_live_measurement_takes_its_time_and_adds_up() {
        let source = Source::live().unwrap();
        let options = Options {
            usage: Some(OVER),
            ..Options::default()
        };
        let usage = probe(&Context::new(&source, &options)).value.unwrap();
        assert!(usage.measured_ms.unwrap() >= 200);
        assert!((0.0..=100.0).contains(&usage.cpu_percent.unwrap()));
        assert!(usage.network.iter().any(|interface| interface.name == "lo"));
    }
}
