//! What pages draw: small pictures in SVG, whose colours and shapes are the style sheet's.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, html};

/// The picture that browsers show beside a page's name: the logo.
pub(crate) const ICON: &str = "data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Crect \
    width='32' height='32' rx='7' fill='%231f5f8b'/%3E%3Cpath d='M8 22V11l8 7 8-7v11' fill='none' stroke='%23fff' \
    stroke-width='3' stroke-linejoin='round' stroke-linecap='round'/%3E%3C/svg%3E";

/// More squares than these nobody counts.
const MOST_SQUARES: u32 = 256;
const SQUARES_A_ROW: u32 = 32;

/// What something is worth. Each has a shape of its own, for whoever sees no colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    Good,
    Bad,
    Attention,
    Unknown,
    Neutral,
}

/// A part of a bar.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Part {
    /// For the style sheet.
    pub(crate) class: &'static str,
    /// Of the whole, from 0 to 1.
    pub(crate) share: f64,
}

impl Mark {
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Attention => "attention",
            Self::Unknown => "unknown",
            Self::Neutral => "neutral",
        }
    }
}

/// A disc with a hook, an octagon with a cross, a triangle, a square with a question, a dash.
pub(crate) fn sign(mark: Mark) -> Markup {
    let (body, detail) = match mark {
        Mark::Good => (
            "M8 .8a7.2 7.2 0 1 1 0 14.4A7.2 7.2 0 0 1 8 .8z",
            "M4.8 8.4l2.2 2.2 4.2-4.6",
        ),
        Mark::Bad => (
            "M5.1.9h5.8l4.2 4.2v5.8l-4.2 4.2H5.1L.9 10.9V5.1z",
            "M5.4 5.4l5.2 5.2M10.6 5.4l-5.2 5.2",
        ),
        Mark::Attention => ("M8 1.2l7.3 13.2H.7z", "M8 6v4M8 12.2v.2"),
        Mark::Unknown => (
            "M3 .8h10A2.2 2.2 0 0 1 15.2 3v10a2.2 2.2 0 0 1-2.2 2.2H3A2.2 2.2 0 0 1 .8 13V3A2.2 2.2 0 0 1 3 .8z",
            "M5.4 6.1a2.6 2.6 0 1 1 3.5 2.4q-.9.4-.9 1.3M8 12.6v.1",
        ),
        Mark::Neutral => ("M1 6h14v4H1z", ""),
    };
    html! {
        svg.sign viewBox="0 0 16 16" aria-hidden="true" focusable="false" {
            path.body d=(body) {}
            path.detail d=(detail) {}
        }
    }
}

/// The sign of the program.
pub(crate) fn logo() -> Markup {
    html! {
        svg.logo viewBox="0 0 32 32" aria-hidden="true" focusable="false" {
            rect width="32" height="32" rx="7" {}
            path d="M8 22V11l8 7 8-7v11" {}
        }
    }
}

/// A bar with its parts from the left; what they leave is empty.
pub(crate) fn bar(label: &str, parts: &[Part]) -> Markup {
    let mut left = 0.0;
    html! {
        svg.bar viewBox="0 0 1000 24" preserveAspectRatio="none" role="img" aria-label=(label) {
            rect.rest width="1000" height="24" {}
            @for part in parts {
                @let from = left;
                @let width = (part.share.clamp(0.0, 1.0) * 1000.0).min(1000.0 - from);
                @let () = left += width;
                // Each is to be seen, however small it is.
                rect class=(part.class) x=(number(from)) width=(number((width - 3.0).max(2.0))) height="24" {}
            }
        }
    }
}

/// A square for each of `count`; those beyond `filled` are empty.
pub(crate) fn squares(label: &str, count: u32, filled: u32) -> Markup {
    let drawn = count.min(MOST_SQUARES);
    let rows = drawn.div_ceil(SQUARES_A_ROW);
    let columns = drawn.min(SQUARES_A_ROW);
    let mut paths = [String::new(), String::new()];
    for place in 0..drawn {
        let (x, y) = (place % SQUARES_A_ROW * 12, place / SQUARES_A_ROW * 12);
        let [full, empty] = &mut paths;
        let path = if place < filled { full } else { empty };
        // Writing to a string does not fail.
        let _ = write!(path, "M{x} {y}h10v10h-10z");
    }
    let [full, empty] = paths;
    let (width, height) = (columns * 12, rows * 12);
    html! {
        svg.squares viewBox=(format!("0 0 {width} {height}")) width=(width) height=(height) role="img" aria-label=(label) {
            path.full d=(full) {}
            path.empty d=(empty) {}
        }
    }
}

/// With one digit after the point, as a coordinate.
fn number(of: f64) -> PreEscaped<String> {
    PreEscaped(format!("{of:.1}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_of_a_bar_lie_side_by_side_and_stay_in_it() {
        let part = |share| Part { class: "a", share };
        let drawn = bar("x", &[part(0.5), part(0.25), part(9.0)]).into_string();
        for place in [
            r#"x="0.0" width="497.0""#,
            r#"x="500.0" width="247.0""#,
            r#"x="750.0" width="247.0""#,
        ] {
            assert!(drawn.contains(place), "{drawn}");
        }
    }

    #[test]
    fn no_machine_has_so_many_squares_that_a_page_grows_with_it() {
        let drawn = squares("x", u32::MAX, u32::MAX).into_string();
        assert!(drawn.contains(r#"viewBox="0 0 384 96""#), "{drawn}");
        assert!(drawn.len() < 16 << 10);
    }
}
