//! Lists in sentences.

/// The first of some, and how many more there are: `sda, sdb and 3 more`.
pub(crate) fn listed<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> String {
    separated(items, ", ")
}

/// The same with other words between them.
pub(crate) fn separated<T: AsRef<str>>(
    items: impl IntoIterator<Item = T>,
    separator: &str,
) -> String {
    const TOLD: usize = 8;
    let mut items = items.into_iter();
    let mut text = String::new();
    for (number, item) in items.by_ref().take(TOLD).enumerate() {
        text.push_str(if number == 0 { "" } else { separator });
        text.push_str(item.as_ref());
    }
    match items.count() {
        0 => text,
        more => format!("{text} and {more} more"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_list_ends_in_a_number() {
        let names = |count: usize| (1..=count).map(|number| number.to_string());
        assert_eq!(listed(names(0)), "");
        assert_eq!(listed(names(3)), "1, 2, 3");
        assert_eq!(separated(names(8), " "), "1 2 3 4 5 6 7 8");
        assert_eq!(listed(names(4096)), "1, 2, 3, 4, 5, 6, 7, 8 and 4088 more");
    }
}
