//! The kernel's command line: what its parameters tell of a machine, and what init was told.

use super::identity::Identities;
use super::pseudonym::Pseudonyms;

/// Parts of the name of a kernel parameter whose value nobody else should see.
const SECRET_PARAMETERS: &[&str] = &[
    "pass", "pw", "secret", "token", "key", "cred", "auth", "user", "login", "hostname",
];

/// What the machine starts first, where nobody chose it.
const USUAL_INITS: &[&str] = &[
    "/init",
    "/sbin/init",
    "/linuxrc",
    "/bin/sh",
    "/bin/bash",
    "/bin/systemd",
    "/lib/systemd/systemd",
    "/usr/lib/systemd/systemd",
];

/// What `root=`, `ip=` and the like say, and the values of what looks like a secret.
pub(super) fn collect(line: &str, into: &mut Identities) {
    for parameter in split(line).0.split_whitespace() {
        let parameter = parameter.trim_matches('"');
        for url in parameter
            .match_indices("://")
            .filter_map(|(at, _)| parameter.get(at + 3..))
        {
            let authority = url.split(['/', ';', ',']).next().unwrap_or_default();
            let (login, host) = authority.rsplit_once('@').unwrap_or(("", authority));
            login.split(':').for_each(|it| into.text(it));
            into.host_name(host.split(':').next().unwrap_or_default());
        }
        let Some((name, value)) = parameter.split_once('=') else {
            continue;
        };
        let folded = name.to_ascii_lowercase();
        if SECRET_PARAMETERS
            .iter()
            .any(|secret| folded.contains(secret))
        {
            into.text(value.trim_matches('"'));
        }
        if matches!(name, "init" | "rdinit") && !USUAL_INITS.contains(&value) {
            into.text(value);
        }
        if folded == "ip" {
            // Field five of the kernel's `ip=` is the host's name.
            let host = value.split(':').nth(4).unwrap_or_default();
            into.host_name(host);
        }
        if let Some((_, label)) = value.split_once("LABEL=") {
            into.text(label);
        }
    }
}

/// The line with other words for what init is told.
pub(super) fn replace(
    line: &str,
    kept: impl Fn(&str) -> String,
    pseudonyms: &Pseudonyms,
) -> String {
    let (parameters, arguments) = split(line);
    let arguments = arguments.split_inclusive(char::is_whitespace);
    kept(parameters) + &arguments.map(|it| pseudonyms.text(it)).collect::<String>()
}

/// The parameters of the kernel, and the arguments of init, which no documentation lists: the kernel
/// hands on what stands behind `--` (Documentation/admin-guide/kernel-parameters.rst).
fn split(line: &str) -> (&str, &str) {
    const END: &str = " -- ";
    let end = line.find(END).map_or(line.len(), |at| at + END.len());
    line.split_at(end)
}
