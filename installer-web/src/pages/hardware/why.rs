//! Why something is unknown: every gap leads to its reason.

use maud::{Markup, html};
use muster_model::{Warning, WarningKind};

use crate::pages::rules::said;
use crate::parts::{marked, shown};
use crate::pictures::Mark;
use crate::words::Words;

/// The warnings of an inventory, by what they are about.
pub(super) struct Reasons<'a> {
    words: &'a Words,
    warnings: &'a [Warning],
}

impl<'a> Reasons<'a> {
    pub(super) fn of(words: &'a Words, warnings: &'a [Warning]) -> Self {
        Self { words, warnings }
    }

    /// The value; or that it is unknown, with the way to why. `section` is its key in the document, `device` what it is of.
    pub(super) fn or_why(&self, value: Option<String>, section: &str, device: &str) -> Markup {
        match value {
            Some(value) => html! { (shown(&value)) },
            None => self.why(section, device),
        }
    }

    /// That something is unknown; a dash where nobody said why: then there is nothing to be known.
    pub(super) fn why(&self, section: &str, device: &str) -> Markup {
        let about = |subject: &str| {
            let mut warnings = self.warnings.iter();
            warnings.position(|warning| warning.probe == section && warning.subject == subject)
        };
        let place = about(device).or_else(|| about(section));
        html! {
            @match place {
                Some(place) => a.gap href=(format!("#why-{place}")) { (self.words.unknown_why) },
                None => span.none { "–" },
            }
        }
    }

    /// Nothing was found in a section: because there is nothing, or because it could not be seen.
    pub(super) fn nothing(&self, section: &str) -> Markup {
        let of_section = self.warnings.iter().filter(|it| it.probe == section);
        let of_section: Vec<&Warning> = of_section.collect();
        html! {
            @if of_section.is_empty() { p.none { (self.words.nothing_found) } }
            @for warning in of_section {
                p { (marked(Mark::Unknown, self.words.unknown)) " " (said(&warning.message)) }
            }
        }
    }

    /// All of them.
    pub(super) fn section(&self) -> Markup {
        let words = self.words;
        html! {
            section.card #unknown {
                h2 { (words.what_is_unknown) }
                @if self.warnings.is_empty() {
                    p { (marked(Mark::Good, words.nothing_is_unknown)) }
                } @else {
                    p { (words.why_unknown) }
                    dl.reasons {
                        @for (place, warning) in self.warnings.iter().enumerate() {
                            div id=(format!("why-{place}")) {
                                dt { (shown(&warning.probe)) " " code { (shown(&warning.subject)) } }
                                dd {
                                    span.tag { (kind(words, warning.kind)) } " "
                                    (said(&warning.message))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn kind(words: &Words, kind: WarningKind) -> &'static str {
    match kind {
        WarningKind::Absent => words.absent,
        WarningKind::Denied => words.denied,
        WarningKind::Malformed => words.malformed_value,
        WarningKind::Vanished => words.vanished,
        WarningKind::TimedOut => words.timed_out,
        WarningKind::Unsupported => words.unsupported,
    }
}
