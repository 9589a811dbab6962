//! The addresses that sockets have taken.

use std::collections::BTreeSet;
use std::net::IpAddr;

use muster_model::Found;
use muster_model::software::{Listener, TransportProtocol};

use crate::Fault;
use crate::context::Context;
use crate::notes::Notes;
use crate::parse::sockets;
use crate::source::{Query, SocketTable};

/// The tables, and whether a kernel may lack them.
const TABLES: [(SocketTable, TransportProtocol, Presence); 4] = [
    (SocketTable::Tcp, TransportProtocol::Tcp, Presence::Always),
    (
        SocketTable::Tcp6,
        TransportProtocol::Tcp,
        Presence::WithIpv6,
    ),
    (SocketTable::Udp, TransportProtocol::Udp, Presence::Always),
    (
        SocketTable::Udp6,
        TransportProtocol::Udp,
        Presence::WithIpv6,
    ),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum Presence {
    Always,
    WithIpv6,
}

/// Fills `listeners`.
pub(crate) fn probe(context: &Context<'_>) -> Found<Option<Vec<Listener>>> {
    let mut notes = Notes::new("listeners");
    let taken = taken(context, &mut notes);
    notes.with(taken)
}

/// All of them or nothing: a list that lacks some would call their ports free.
fn taken(context: &Context<'_>, notes: &mut Notes) -> Option<Vec<Listener>> {
    let mut taken: BTreeSet<(TransportProtocol, u16, IpAddr)> = BTreeSet::new();
    for (table, protocol, presence) in TABLES {
        let path = table.path();
        let lines = match context.source.ask(Query::Sockets { table }) {
            Err(Fault::Absent) if presence == Presence::WithIpv6 => continue,
            answer => notes.require_recorded("listeners", path, answer)?,
        };
        let order = notes.require("listeners", "the byte order", context.byte_order())?;
        let addresses = sockets::local_addresses(&lines, order);
        notes.odd_lines("listeners", path, addresses.odd);
        let addresses = addresses.values.iter();
        taken.extend(addresses.map(|it| (protocol, it.port(), it.ip())));
    }
    let listener = |(protocol, port, address): (TransportProtocol, u16, IpAddr)| Listener {
        protocol: Some(protocol),
        address: address.to_string(),
        port,
    };
    Some(taken.into_iter().map(listener).collect())
}

#[cfg(test)]
mod tests {
    use muster_model::{Warning, WarningKind};

    use super::*;
    use crate::source::{Recording, Source};
    use crate::testing::{Tree, found};

    const ORDER: (&str, &str) = ("sys/kernel/cpu_byteorder", "little\n");
    const TCP: &str = "  sl  local_address rem_address   st\n\
           0: 00000000:01BB 00000000:0000 0A 0\n\
           1: 0100007F:0016 00000000:0000 0A 0\n\
           2: 00000000:0016 00000000:0000 0A 0\n\
           3: 0500A8C0:0016 0600A8C0:C001 01 0\n";
    const UDP: &str = "  sl  local_address rem_address   st\n\
           0: 00000000:0044 00000000:0000 07 0\n\
           1: 00000000:0044 00000000:0000 07 0\n";
    const TCP6: &str = "  sl  local_address remote_address st\n\
           0: 00000000000000000000000000000000:0016 00000000000000000000000000000000:0000 0A 0\n";

    fn listeners(files: &[(&str, &str)]) -> (Option<Vec<String>>, Vec<Warning>) {
        let (listeners, warnings) = found(&Tree::new(files), probe);
        let shown = |it: Listener| format!("{:?} {} {}", it.protocol.unwrap(), it.address, it.port);
        let listeners = listeners.map(|list| list.into_iter().map(shown).collect());
        (listeners, warnings)
    }

    #[test]
    fn distinct_and_in_order() {
        let files = [
            ORDER,
            ("proc/net/tcp", TCP),
            ("proc/net/tcp6", TCP6),
            ("proc/net/udp", UDP),
        ];
        let (listeners, warnings) = listeners(&files);
        let expected = [
            "Tcp 0.0.0.0 22",
            "Tcp 127.0.0.1 22",
            "Tcp :: 22",
            "Tcp 0.0.0.0 443",
            "Udp 0.0.0.0 68",
        ];
        assert_eq!(
            (listeners.unwrap(), warnings),
            (expected.map(str::to_owned).to_vec(), vec![])
        );
    }

    #[test]
    fn a_missing_table_makes_all_unknown() {
        let (none, warnings) = listeners(&[ORDER, ("proc/net/tcp", TCP)]);
        assert_eq!(none, None);
        assert_eq!(warnings[0].kind, WarningKind::Absent);
        assert!(warnings[0].message.contains("proc/net/udp"));
        let (none, warnings) = listeners(&[("proc/net/tcp", TCP), ("proc/net/udp", UDP)]);
        assert_eq!(none, None);
        assert!(warnings[0].message.contains("byte order"), "{warnings:?}");
    }

    #[test]
    fn odd_lines_are_told() {
        let odd = format!("{TCP}\n").replace("0100007F:0016", "0100007F+0016");
        let (some, warnings) = listeners(&[ORDER, ("proc/net/tcp", &odd), ("proc/net/udp", UDP)]);
        assert_eq!(some.unwrap().len(), 3);
        assert!(
            warnings[0].message.contains("proc/net/tcp: 1 line"),
            "{warnings:?}"
        );
    }

    #[test]
    fn a_capture_without_them_says_so() {
        let source = Source::replay(Recording::default());
        let options = crate::Options::default();
        let found = probe(&Context::new(&source, &options));
        assert_eq!(found.value, None);
        assert!(
            found.warnings[0]
                .message
                .contains("this capture was made without it")
        );
    }
}
