//! The command line of QEMU: qemu(1).

/// What `-name` says: `NAME,debug-threads=on` or `guest=NAME,…`, where a comma in the name is written twice.
pub(crate) fn guest_name(command_line: &[u8]) -> Option<String> {
    let mut arguments = command_line.split(|byte| *byte == 0);
    arguments.find(|argument| matches!(*argument, b"-name" | b"--name"))?;
    let value = String::from_utf8_lossy(arguments.next()?).replace(",,", "\0");
    let mut options = value.split(',').enumerate();
    let name = options.find_map(|(place, option)| match option.split_once('=') {
        Some(("guest", name)) => Some(name),
        None if place == 0 => Some(option),
        _ => None,
    })?;
    let name = name.replace('\0', ",");
    (!name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_every_form() {
        let cases: [(&[u8], Option<&str>); 8] = [
            (
                b"qemu\0-name\0guest=web,debug-threads=on\0-S\0",
                Some("web"),
            ),
            (b"qemu\0-name\0debug-threads=on,guest=web\0", Some("web")),
            (b"qemu\0-name\0web,debug-threads=on\0", Some("web")),
            (b"qemu\0--name\0a,,b\0", Some("a,b")),
            (b"qemu\0-name\0debug-threads=on\0", None),
            (b"qemu\0-name\0\0", None),
            (b"qemu\0-name", None),
            (b"", None),
        ];
        for (line, expected) in cases {
            let line_text = String::from_utf8_lossy(line);
            assert_eq!(guest_name(line).as_deref(), expected, "{line_text:?}");
        }
    }
}
