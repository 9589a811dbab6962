//! Sockets that listen, from the tables of all sockets.

use std::ops::ControlFlow;

use super::super::tree::Tree;
use super::super::{Answer, SocketTable, TABLE_CAP};
use crate::Fault;
use crate::parse::sockets::is_listener;

/// A line has some 150 bytes. What is longer is no table of sockets.
const LINE_CAP: usize = 4096;

/// The lines of listeners as the kernel wrote them.
pub(super) fn answer(tree: &Tree, table: SocketTable) -> Answer {
    let mut listeners = Listeners {
        table,
        kept: Vec::new(),
        begun: Vec::new(),
    };
    tree.scan(table.path(), |piece| listeners.take(piece))?;
    listeners.finish()
}

struct Listeners {
    table: SocketTable,
    kept: Vec<u8>,
    /// A line whose end has not come.
    begun: Vec<u8>,
}

impl Listeners {
    fn take(&mut self, piece: &[u8]) -> ControlFlow<()> {
        for part in piece.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if part.ends_with(b"\n") {
                let line = std::mem::take(&mut self.begun);
                self.line(&line)?;
            }
            if self.begun.len() > LINE_CAP || self.kept.len() > TABLE_CAP {
                return ControlFlow::Break(());
            }
        }
        ControlFlow::Continue(())
    }

    /// Of TCP those that listen come first (kernel `Documentation/networking/proc_net_tcp.rst`), so
    /// that the first connection is the end of them.
    fn line(&mut self, line: &[u8]) -> ControlFlow<()> {
        let is_tcp = matches!(self.table, SocketTable::Tcp | SocketTable::Tcp6);
        match is_listener(line) {
            Some(true) => self.kept.extend_from_slice(line),
            Some(false) if is_tcp => return ControlFlow::Break(()),
            _ => {}
        }
        ControlFlow::Continue(())
    }

    fn finish(mut self) -> Answer {
        let too_long = |what: &str, cap: usize| {
            Err(Fault::Malformed(format!(
                "{what} is longer than {cap} bytes"
            )))
        };
        if self.begun.len() > LINE_CAP {
            return too_long("a line", LINE_CAP);
        }
        if self.kept.len() > TABLE_CAP {
            return too_long("the table of listeners", TABLE_CAP);
        }
        let last = std::mem::take(&mut self.begun);
        let _ = self.line(&last);
        Ok(self.kept)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::Tree as Made;

    const HEADING: &str = "  sl  local_address rem_address   st\n";

    fn line(number: usize, port: &str, state: &str) -> String {
        format!("{number:>4}: 00000000:{port} 00000000:0000 {state} 00000000:00000000\n")
    }

    fn asked(table: SocketTable, content: &str) -> Answer {
        let made = Made::new(&[(table.path(), content)]);
        answer(&Tree::confined(made.path()).unwrap(), table)
    }

    #[test]
    fn the_first_connection_ends_a_table_of_tcp() {
        let listeners = [line(0, "0016", "0A"), line(1, "0050", "0A")].concat();
        let rest = [line(2, "0016", "01"), line(3, "1F90", "0A")].concat();
        let table = format!("{HEADING}{listeners}{rest}");
        let answer = asked(SocketTable::Tcp, &table);
        assert_eq!(answer.unwrap(), listeners.as_bytes());
    }

    #[test]
    fn all_of_a_table_of_udp_is_looked_at() {
        let parts = [
            line(2, "0035", "07"),
            line(3, "EEEE", "01"),
            line(4, "0044", "07"),
        ];
        let table = format!("{HEADING}{}", parts.concat());
        let expected = [parts[0].as_str(), parts[2].trim_end()].concat();
        let answer = asked(SocketTable::Udp, table.trim_end());
        assert_eq!(answer.unwrap(), expected.as_bytes());
    }

    #[test]
    fn long_tables_come_in_pieces() {
        let lines = (0..5_000).map(|number| line(number, "0016", "0A"));
        let listeners: String = lines.collect();
        let answer = asked(SocketTable::Tcp6, &format!("{HEADING}{listeners}"));
        assert_eq!(answer.unwrap(), listeners.as_bytes());
    }

    #[test]
    fn what_is_no_table_is_refused_and_what_is_absent_is_absent() {
        let endless = "x".repeat(3 * LINE_CAP);
        assert!(matches!(
            asked(SocketTable::Udp6, &endless),
            Err(Fault::Malformed(_))
        ));
        let made = Made::new(&[]);
        let tree = Tree::confined(made.path()).unwrap();
        assert_eq!(answer(&tree, SocketTable::Tcp), Err(Fault::Absent));
    }
}
