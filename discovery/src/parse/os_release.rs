//! `os-release(5)`: shell-like assignments.

use muster_model::host::Os;

/// Reads the three names that the document has.
pub(crate) fn parse(content: &str) -> Os {
    let value = |key: &str| {
        content.lines().find_map(|line| {
            let (name, value) = line.trim().split_once('=')?;
            (name == key)
                .then(|| unquote(value))
                .filter(|value| !value.is_empty())
        })
    };
    Os {
        id: value("ID"),
        version_id: value("VERSION_ID"),
        pretty_name: value("PRETTY_NAME"),
    }
}

fn unquote(value: &str) -> String {
    let value = value.trim();
    let quoted = |quote: char| {
        value
            .strip_prefix(quote)
            .and_then(|rest| rest.strip_suffix(quote))
    };
    match (quoted('"'), quoted('\'')) {
        (Some(inner), _) => unescape(inner),
        (_, Some(inner)) => inner.to_owned(),
        _ => value.to_owned(),
    }
}

fn unescape(value: &str) -> String {
    let mut characters = value.chars();
    let mut plain = String::with_capacity(value.len());
    while let Some(character) = characters.next() {
        match character {
            '\\' => plain.extend(characters.next()),
            other => plain.push(other),
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_quoted_and_bare_values() {
        let os = parse("NAME=x\nID=debian\nVERSION_ID=\"12\"\nPRETTY_NAME=\"A \\\"B\\\" C\"\n");
        assert_eq!(os.id.as_deref(), Some("debian"));
        assert_eq!(os.version_id.as_deref(), Some("12"));
        assert_eq!(os.pretty_name.as_deref(), Some("A \"B\" C"));
    }

    #[test]
    fn unknown_is_none() {
        assert_eq!(parse("ID=\nnonsense"), Os::default());
    }
}
