//! Names of systemd's units: systemd.unit(5).

/// Whether it is the name of a service or of a socket.
pub(crate) fn is_service_or_socket(name: &str) -> bool {
    let kinds = [".service", ".socket"];
    let mut stems = kinds.iter().filter_map(|kind| name.strip_suffix(kind));
    stems.any(|stem| !stem.is_empty())
}

/// Whether it is a folder of links to what a unit pulls in.
pub(crate) fn pulls_in(folder: &str) -> bool {
    let kinds = [".wants", ".requires", ".upholds"];
    kinds.iter().any(|kind| folder.ends_with(kind))
}

/// The template of an instance: `getty@.service` of `getty@tty1.service`; `None` for what is no
/// instance.
pub(crate) fn template_of(name: &str) -> Option<String> {
    let (stem, kind) = name.rsplit_once('.')?;
    let (prefix, instance) = stem.split_once('@')?;
    let is_instance = !prefix.is_empty() && !instance.is_empty();
    is_instance.then(|| format!("{prefix}@.{kind}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn kinds() {
        for name in [
            "ssh.service",
            "dbus.socket",
            "getty@.service",
            "a.b.service",
        ] {
            assert!(is_service_or_socket(name), "{name}");
        }
        for name in [
            ".service",
            "multi-user.target",
            "ssh.service.d",
            "service",
            "",
        ] {
            assert!(!is_service_or_socket(name), "{name}");
        }
        assert!(pulls_in("multi-user.target.wants") && pulls_in("a.requires"));
        assert!(!pulls_in("ssh.service.d"));
    }

    #[test]
    fn templates() {
        let template = |name| template_of(name);
        assert_eq!(
            template("getty@tty1.service").as_deref(),
            Some("getty@.service")
        );
        assert_eq!(template("a@b@c.d.socket").as_deref(), Some("a@.socket"));
        for name in ["getty@.service", "ssh.service", "@x.service", "x@y", ""] {
            assert_eq!(template(name), None, "{name}");
        }
    }
}
