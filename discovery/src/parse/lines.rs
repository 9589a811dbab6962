//! Tables of lines of which each is understood alone.

/// What the lines say, and how many of them say nothing that is understood.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Lines<T> {
    pub(crate) values: Vec<T>,
    pub(crate) odd: usize,
}

/// Reads each line that is not empty; one that `read` does not understand is counted.
pub(crate) fn read<T>(table: &[u8], read: impl Fn(&str) -> Option<T>) -> Lines<T> {
    let mut lines = Lines {
        values: Vec::new(),
        odd: 0,
    };
    for line in table.split(|byte| *byte == b'\n') {
        if line.trim_ascii().is_empty() {
            continue;
        }
        match std::str::from_utf8(line).ok().and_then(&read) {
            Some(value) => lines.values.push(value),
            None => lines.odd += 1,
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_odd_line_costs_itself_only() {
        let lines = read(b"1\n\nx\n\xff\n 2 \r\n3", |line| {
            line.trim().parse::<u8>().ok()
        });
        assert_eq!((lines.values, lines.odd), (vec![1, 2, 3], 2));
        assert_eq!(read(b"", |_| Some(())).values, []);
    }
}
