//! The checks for people: what is wrong first, with what helps.

use super::{Checked, Outcome};
use muster_terminal::{Line, Page, Tone};

/// Renders with ANSI styles.
pub(super) fn render(checks: &[Checked], width: usize) -> String {
    let mut page = Page::new(width);
    let mut well = 0;
    for check in checks {
        match &check.outcome {
            Outcome::Well => well += 1,
            Outcome::Problem { cause, remedy } => {
                page.standing_heading(title(check, Tone::Bad).plain(": ").plain(cause));
                page.fact("do this", &Line::default().plain(remedy));
            }
            Outcome::Unchecked { .. } => {}
        }
    }
    let problems = checks.iter().filter(|check| check.outcome.is_problem());
    let summary = match problems.count() {
        0 => Line::toned(Tone::Good, "Nothing is wrong").plain(&format!(": {well} checks")),
        _ => Line::default().plain(&format!("{well} other checks found nothing wrong")),
    };
    page.standing_heading(summary);
    for check in checks {
        if let Outcome::Unchecked { reason } = &check.outcome {
            let line = title(check, Tone::Attention)
                .plain(" not checked: ")
                .plain(reason);
            page.item(&Line::default().plain("-"), 2, &line);
        }
    }
    page.finish()
}

fn title(check: &Checked, tone: Tone) -> Line {
    let title = Line::toned(tone, check.check);
    match &check.subject {
        Some(subject) => title.plain(" ").plain(subject),
        None => title,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plain(checks: &[Checked]) -> String {
        anstream::adapter::strip_str(&render(checks, 80)).to_string()
    }

    #[test]
    fn problems_come_first_with_what_helps() {
        let checks = [
            Checked::new("configuration", Outcome::Well),
            Checked::of(
                "reach",
                "c1:7443",
                Outcome::problem("nothing listens", "start it"),
            ),
            Checked::of(
                "clock",
                "c1:7443",
                Outcome::unchecked("there is no contact"),
            ),
        ];
        insta::assert_snapshot!(plain(&checks), @"
        reach c1:7443: nothing listens
          do this       start it

        1 other checks found nothing wrong
          - clock c1:7443 not checked: there is no contact
        ");
    }

    #[test]
    fn all_well_is_a_line() {
        let checks = [Checked::new("configuration", Outcome::Well)];
        insta::assert_snapshot!(plain(&checks), @"Nothing is wrong: 1 checks");
    }
}
