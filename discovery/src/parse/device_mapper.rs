//! Names and UUIDs of device-mapper devices. The UUID's prefix says who made the device
//! (Documentation/admin-guide/device-mapper of the kernel has the attribute; the prefixes are
//! each maker's: `LVM-`, `CRYPT-`, `mpath-`).

/// What a mapped device is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A logical volume, by group and volume; those that LVM uses inside have a suffix.
    Lvm {
        /// Volume group.
        group: String,
        /// Logical volume.
        volume: String,
        /// Whether it is a part that LVM hides, such as a mirror leg or a thin pool's data.
        hidden: bool,
        /// UUID of the group in LVM's form.
        group_uuid: Option<String>,
    },
    /// dm-crypt.
    Crypt,
    /// dm-multipath.
    Multipath,
    /// Something else, such as a partition by kpartx.
    Other,
}

/// Reads what the two attributes say.
pub(crate) fn kind(name: &str, uuid: &str) -> Kind {
    let Some(id) = uuid.strip_prefix("LVM-") else {
        return match uuid {
            _ if uuid.starts_with("CRYPT-") => Kind::Crypt,
            _ if uuid.starts_with("mpath-") => Kind::Multipath,
            _ => Kind::Other,
        };
    };
    let Some((group, volume)) = split(name) else {
        return Kind::Other;
    };
    // 32 characters of the group, 32 of the volume, and a suffix for what LVM keeps to itself.
    let hidden = id.len() > 64 || volume.ends_with("-real") || volume.ends_with("-cow");
    Kind::Lvm {
        group,
        volume,
        hidden,
        group_uuid: id.get(..32).and_then(lvm_uuid),
    }
}

/// Splits `group-volume`, where a hyphen in either is doubled.
fn split(name: &str) -> Option<(String, String)> {
    let mut parts = vec![String::new()];
    let mut characters = name.chars().peekable();
    while let Some(character) = characters.next() {
        if character == '-' && characters.next_if_eq(&'-').is_none() {
            parts.push(String::new());
            continue;
        }
        parts.last_mut()?.push(character);
    }
    let group = parts.remove(0);
    let volume = parts.join("-");
    (!group.is_empty() && !volume.is_empty()).then_some((group, volume))
}

/// 32 characters in LVM's groups of 6-4-4-4-4-4-6.
pub(crate) fn lvm_uuid(id: &str) -> Option<String> {
    if id.len() != 32 || !id.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return None;
    }
    let mut parts = Vec::new();
    let mut rest = id;
    for length in [6, 4, 4, 4, 4, 4, 6] {
        let (part, after) = rest.split_at_checked(length)?;
        parts.push(part);
        rest = after;
    }
    Some(parts.join("-"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_logical_volume_with_hyphens() {
        let uuid = "LVM-8Bwyu3HKrv5sSNTifv6uCZ5XTkJoMXeDqnM2y0UBlhvqnWI9c7wnycMqKT4EPnd4";
        let Kind::Lvm {
            group,
            volume,
            hidden,
            group_uuid,
        } = kind("my--vg-root--a", uuid)
        else {
            panic!("not LVM");
        };
        assert_eq!(
            (group.as_str(), volume.as_str(), hidden),
            ("my-vg", "root-a", false)
        );
        assert_eq!(
            group_uuid.as_deref(),
            Some("8Bwyu3-HKrv-5sSN-Tifv-6uCZ-5XTk-JoMXeD")
        );
    }

    #[test]
    fn what_lvm_hides_is_marked() {
        let uuid = format!("LVM-{}-tdata", "a".repeat(64));
        assert!(matches!(
            kind("vg-pool_tdata", &uuid),
            Kind::Lvm { hidden: true, .. }
        ));
    }

    #[test]
    fn other_makers() {
        assert_eq!(kind("luks-1", "CRYPT-LUKS2-1234-luks-1"), Kind::Crypt);
        assert_eq!(kind("mpatha", "mpath-3600"), Kind::Multipath);
        assert_eq!(kind("mpatha1", "part1-mpath-3600"), Kind::Other);
        assert_eq!(kind("", ""), Kind::Other);
        assert_eq!(kind("nohyphen", "LVM-x"), Kind::Other);
        assert_eq!(kind("-", "LVM-x"), Kind::Other);
    }
}
