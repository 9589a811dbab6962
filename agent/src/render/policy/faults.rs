//! What is wrong with a policy, with the line that is meant.

use muster_adequacy::policy::{Fault, Faults};
use muster_adequacy::verdict::PolicyName;

use crate::render::layout::{Line, Tone};

/// Wider than this, a line of a policy is cut around the place that is meant.
const SHOWN: usize = 120;
/// Mistakes told before the rest is counted: nobody corrects more at once.
const MOST: usize = 100;

/// A line a fault, `FILE:line:column: message`; with the `source`, each with its line and a caret.
pub(crate) fn faults(file: &str, faults: &Faults, source: Option<&str>) -> String {
    let mut text = String::new();
    for fault in faults.iter().take(MOST) {
        let place = format!("{file}:{}:{}:", fault.line, fault.column);
        let line = Line::toned(Tone::Name, &place)
            .plain(" ")
            .tone(Tone::Bad, &fault.message);
        emit(&mut text, &line);
        if let Some(source) = source {
            excerpt(&mut text, source, fault);
        }
    }
    let more = faults.iter().count().saturating_sub(MOST);
    if more > 0 {
        let more = format!("and {more} more; `muster policy validate -o json` tells them all");
        emit(&mut text, &Line::from(more));
    }
    text
}

/// That a file has no mistakes.
pub(crate) fn valid(file: &str, name: &PolicyName) -> String {
    let mut text = String::new();
    let line = Line::toned(Tone::Name, file)
        .plain(": ")
        .tone(Tone::Good, "valid")
        .plain(&format!(", policy {} {}", name.name, name.version));
    emit(&mut text, &line);
    text
}

/// That a file cannot be read.
pub(crate) fn unread(reason: &str) -> String {
    let mut text = String::new();
    emit(&mut text, &Line::toned(Tone::Bad, reason));
    text
}

fn excerpt(text: &mut String, source: &str, fault: &Fault) {
    let Some(row) = source.lines().nth(fault.line.saturating_sub(1)) else {
        return;
    };
    let before = fault.column.saturating_sub(1);
    let skipped = before.saturating_sub(SHOWN / 2);
    let part = |from: usize, count: usize| {
        let characters = row.chars().skip(from).take(count);
        Line::from(characters.collect::<String>().replace('\t', "    "))
    };
    let number = fault.line.to_string();
    let margin = " ".repeat(number.len());
    let caret = " ".repeat(part(skipped, before - skipped).width());
    let bar = |start: &str| Line::toned(Tone::Faint, &format!("{start} | "));
    emit(text, &bar(&number).and(part(skipped, SHOWN)));
    emit(text, &bar(&margin).plain(&caret).tone(Tone::Bad, "^"));
}

fn emit(text: &mut String, line: &Line) {
    line.paint(text);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use muster_adequacy::Policy;

    use super::*;

    const FAULTY: &str = "schema = \"muster.policy/v1\"\nname = \"a\"\nversion = \"1\"\n\
        roles = [\"worker\", \"wroker\"]\n\
        [[rules]]\nid = \"a\"\ntitle = \"A\"\nseverity = \"required\"\nremedy = \"B\"\n\
        check.memory_total = {\tat_leest = \"4 GiB\" }\n";

    fn told(source: Option<&str>) -> String {
        let found = Policy::parse(FAULTY).unwrap_err();
        let text = faults("a\x1b.toml", &found, source);
        anstream::adapter::strip_str(&text).to_string()
    }

    #[test]
    fn each_fault_is_a_line_with_its_place() {
        insta::assert_snapshot!("faults", told(None));
    }

    #[test]
    fn the_caret_stands_under_what_is_meant() {
        insta::assert_snapshot!("faults_with_source", told(Some(FAULTY)));
    }

    #[test]
    fn what_nobody_would_read_is_counted() {
        let found = Policy::parse(&format!("roles = [{}]", "1,".repeat(1000))).unwrap_err();
        let text = faults("a.toml", &found, Some("roles"));
        let text = anstream::adapter::strip_str(&text).to_string();
        let last = text.lines().last().unwrap();
        let more = found.iter().count() - MOST;
        assert!(last.starts_with(&format!("and {more} more; ")), "{last}");
        assert!(text.lines().count() <= 3 * MOST + 1);
    }

    #[test]
    fn long_lines_are_cut_around_the_place() {
        let source = format!("{} = 1", "a".repeat(500));
        let fault = Fault {
            line: 1,
            column: 400,
            message: "no".to_owned(),
        };
        let mut text = String::new();
        excerpt(&mut text, &source, &fault);
        let text = anstream::adapter::strip_str(&text).to_string();
        let rows: Vec<&str> = text.lines().collect();
        assert_eq!(rows[0].len(), "1 | ".len() + SHOWN);
        assert_eq!(rows[1].find('^'), Some("1 | ".len() + SHOWN / 2));
    }
}
