//! What pages share: the frame, marks, facts, and text that came from the machine.

use maud::{DOCTYPE, Markup, PreEscaped, html};

use crate::pictures::{self, Mark};
use crate::words::Words;

/// Of a text that came from the machine no more is shown.
const LONGEST: usize = 240;

/// A page of whoever is signed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Overview,
    Hardware,
    Adequacy,
    Node,
}

impl Place {
    const ALL: [Self; 4] = [Self::Overview, Self::Hardware, Self::Adequacy, Self::Node];

    fn path(self) -> &'static str {
        match self {
            Self::Overview => "/installer",
            Self::Hardware => "/installer/hardware",
            Self::Adequacy => "/installer/adequacy",
            Self::Node => "/installer/node",
        }
    }

    pub(crate) fn name(self, words: &Words) -> &'static str {
        match self {
            Self::Overview => words.overview,
            Self::Hardware => words.hardware,
            Self::Adequacy => words.adequacy,
            Self::Node => words.node,
        }
    }
}

/// A page with its way to the others. `machine` is what the machine is called.
pub(crate) fn page(words: &Words, here: Place, machine: Option<&str>, main: &Markup) -> Markup {
    let machine = machine.map_or_else(|| words.this_machine.to_owned(), shown);
    let title = format!("{} – {machine}", here.name(words));
    let way = html! {
        nav aria-label=(words.pages) {
            ul {
                @for place in Place::ALL {
                    li {
                        @let current = (place == here).then_some("page");
                        a href=(place.path()) aria-current=[current] { (place.name(words)) }
                    }
                }
            }
        }
        form.leave method="post" action="/installer/sign-out" {
            button.quiet type="submit" { (words.sign_out) }
        }
    };
    frame(words, &title, &way, main)
}

/// A page of whoever is not signed in, or may not be.
pub(crate) fn stranger(words: &Words, title: &str, main: &Markup) -> Markup {
    frame(words, title, &html! {}, main)
}

fn frame(words: &Words, title: &str, way: &Markup, main: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang=(words.language) {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="color-scheme" content="light dark";
                title { (title) " · muster" }
                link rel="stylesheet" href="/installer/style.css";
                link rel="icon" href=(pictures::ICON);
            }
            body {
                a.skip href="#main" { (words.skip) }
                header.top {
                    a.brand href="/installer" { (pictures::logo()) "muster" }
                    (way)
                }
                main #main tabindex="-1" { (main) }
            }
        }
    }
}

/// What went wrong, and what to do.
pub(crate) fn trouble(title: &str, help: &str) -> Markup {
    html! {
        section.card.narrow {
            h1 { (title) }
            p { (shown_in(help, 4 * LONGEST)) }
            p { a.button href="/installer" { "muster" } }
        }
    }
}

/// A mark with its word: shape, colour and text say the same.
pub(crate) fn marked(mark: Mark, word: &str) -> Markup {
    html! { span class=(format!("mark {}", mark.class())) { (pictures::sign(mark)) (word) } }
}

/// Text from the machine, made harmless for people: short enough, and without what turns or hides it. Escaping is the template's.
pub(crate) fn shown(text: &str) -> String {
    shown_in(text, LONGEST)
}

pub(crate) fn shown_in(text: &str, longest: usize) -> String {
    let mut letters = text.char_indices();
    match letters.nth(longest) {
        None => muster_terminal::screen(text).into_owned(),
        Some((end, _)) => {
            let short = text.get(..end).unwrap_or_default();
            format!("{}…", muster_terminal::screen(short))
        }
    }
}

/// A name with what is known by it; nothing where nothing is.
pub(crate) fn fact(name: &str, value: Option<&str>) -> Markup {
    html! {
        @if let Some(value) = value {
            div { dt { (name) } dd { (shown(value)) } }
        }
    }
}

/// A table that scrolls by itself where there is no room, also by the keyboard.
pub(crate) fn table(label: &str, heads: &[&str], rows: &[Markup]) -> Markup {
    html! {
        div.scroll role="region" aria-label=(label) tabindex="0" {
            table {
                thead { tr { @for head in heads { th scope="col" { (head) } } } }
                tbody { @for row in rows { tr { (row) } } }
            }
        }
    }
}

/// Joined by a separator that is markup itself.
pub(crate) fn joined(parts: &[String], separator: &str) -> Markup {
    html! {
        @for (place, part) in parts.iter().enumerate() {
            @if place > 0 { (PreEscaped(separator)) }
            (shown(part))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_from_the_machine_is_short_and_harmless() {
        assert_eq!(shown("naïve 磁盘"), "naïve 磁盘");
        assert_eq!(shown("x\u{202e}gpj"), "x\\u{202e}gpj");
        let long = "é".repeat(1 << 20);
        assert_eq!(shown(&long).chars().count(), LONGEST + 1);
        let markup = fact("Model", Some("<script>alert(1)</script>")).into_string();
        assert!(!markup.contains("<script"), "{markup}");
    }
}
