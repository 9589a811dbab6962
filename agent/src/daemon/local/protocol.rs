//! What is said on the socket: a line of JSON asks, a line of JSON answers, and the connection ends.

use serde::{Deserialize, Serialize};

use crate::daemon::look::Seen;
use crate::daemon::page::Opening;

/// No request is nearly so long.
pub(crate) const LONGEST_REQUEST_BYTES: u64 = 16 << 10;
/// No answer is nearly so long.
pub(crate) const LONGEST_ANSWER_BYTES: u64 = 16 << 20;

/// What the agent is asked for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "call", rename_all = "snake_case")]
pub(crate) enum Call {
    /// How it is doing.
    Status,
    /// Everything that it knows.
    Inspect,
    /// What it measures of itself, as Prometheus reads it.
    Metrics,
    /// To ask this controller as well, `host:port`.
    Connect {
        /// `host:port`.
        target: String,
    },
    /// Not to ask this controller any more, `host:port`.
    Forget {
        /// `host:port`.
        target: String,
    },
    /// To make a code that opens the page.
    PageCode,
    /// To stop workloads, forget its cluster and itself, and end.
    Reset,
}

/// What the agent answers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "answer", content = "of", rename_all = "snake_case")]
pub(crate) enum Answer {
    Status(Box<Seen>),
    Inspect(serde_json::Value),
    Metrics(String),
    Connect(Connected),
    Forget(Forgetting),
    PageCode(Opening),
    /// The agent is no node any more, and ends.
    Reset,
    /// Not done; the reason is for people.
    Refused {
        reason: String,
    },
}

/// What came of `muster connect`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Connected {
    /// Whether the agent did not know it before.
    pub(crate) is_new: bool,
    #[serde(flatten)]
    pub(crate) outcome: Outcome,
}

/// What came of trying a controller.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "outcome", rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// It is connected to now.
    Reached,
    /// It was tried, in vain so far.
    Failed {
        /// Why.
        reason: String,
    },
    /// It is tried when this one is lost.
    InReserve {
        /// The one that answers now, `host:port`.
        behind: String,
    },
    /// It is tried when the agent runs, or when its turn comes.
    Later,
}

/// What came of `muster forget`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Forgetting {
    /// It is not asked any more.
    Done,
    /// It was not known.
    Unknown,
    /// The configuration, a variable or a flag gives it: it stays.
    Configured,
}

impl Call {
    /// Whether it changes anything.
    pub(crate) fn changes(&self) -> bool {
        match self {
            Self::Status | Self::Inspect | Self::Metrics => false,
            Self::Connect { .. } | Self::Forget { .. } | Self::PageCode | Self::Reset => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_as_older_programs_write_them() {
        let written = |call: &Call| serde_json::to_string(call).unwrap();
        assert_eq!(written(&Call::Status), r#"{"call":"status"}"#);
        let connect = Call::Connect {
            target: "c1:7443".to_owned(),
        };
        let text = r#"{"call":"connect","target":"c1:7443"}"#;
        assert_eq!(written(&connect), text);
        assert_eq!(serde_json::from_str::<Call>(text).unwrap(), connect);
        let later = r#"{"call":"status","more":1}"#;
        assert_eq!(serde_json::from_str::<Call>(later).unwrap(), Call::Status);
        assert!(serde_json::from_str::<Call>(r#"{"call":"obey"}"#).is_err());
    }

    #[test]
    fn answers_are_read_as_they_are_written() {
        let answers = [
            Answer::Reset,
            Answer::Forget(Forgetting::Configured),
            Answer::Connect(Connected {
                is_new: true,
                outcome: Outcome::Failed {
                    reason: "no".to_owned(),
                },
            }),
            Answer::Refused {
                reason: "no".to_owned(),
            },
        ];
        for answer in answers {
            let text = serde_json::to_string(&answer).unwrap();
            assert_eq!(serde_json::from_str::<Answer>(&text).unwrap(), answer);
        }
    }
}
