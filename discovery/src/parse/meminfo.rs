//! `/proc/meminfo` and a node's own: `name: number kB` lines (kernel
//! `Documentation/filesystems/proc.rst`).

/// The field `name` in bytes; `None` where there is no such line or no number in it.
pub(crate) fn bytes(content: &str, name: &str) -> Option<u64> {
    let value = content.lines().find_map(|line| {
        let (key, value) = line.split_once(':')?;
        // A node's lines begin with "Node 0 ".
        let key = key.rsplit(' ').next().unwrap_or(key);
        (key == name).then_some(value)
    })?;
    let mut words = value.split_whitespace();
    let number: u64 = words.next()?.parse().ok()?;
    match words.next() {
        Some("kB") => number.checked_mul(1024),
        Some(_) => None,
        None => Some(number),
    }
}

/// The size in the name of a directory of huge pages, such as `hugepages-2048kB`.
pub(crate) fn hugepage_size_bytes(name: &str) -> Option<u64> {
    let kib = name.strip_prefix("hugepages-")?.strip_suffix("kB")?;
    kib.parse::<u64>().ok()?.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_read_in_bytes() {
        let content = "MemTotal:  2052540 kB\nHugePages_Total:  3\nMemBad: x kB\nOdd: 5 MB\n";
        assert_eq!(bytes(content, "MemTotal"), Some(2_052_540 << 10));
        assert_eq!(bytes(content, "HugePages_Total"), Some(3));
        assert_eq!(bytes("Node 1 MemFree: 2 kB", "MemFree"), Some(2048));
        for name in ["MemBad", "Odd", "Total", ""] {
            assert_eq!(bytes(content, name), None, "{name}");
        }
        assert_eq!(bytes("A: 18446744073709551615 kB", "A"), None);
    }

    #[test]
    fn sizes_of_huge_pages() {
        assert_eq!(hugepage_size_bytes("hugepages-1048576kB"), Some(1 << 30));
        assert_eq!(hugepage_size_bytes("hugepages-kB"), None);
        assert_eq!(hugepage_size_bytes("power"), None);
    }
}
