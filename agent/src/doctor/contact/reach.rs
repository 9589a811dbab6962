//! What keeps this machine from a connection.

use std::io::ErrorKind;

use super::super::Outcome;
use super::super::probe::Contact;
use crate::daemon::connect::chain;
use crate::daemon::outward::TunnelError;
use crate::render::screen;
use crate::value::Target;

/// Whether there is a connection at all.
pub(super) fn reach(target: &Target, contact: &Contact) -> Outcome {
    let (host, port) = target.host_and_port();
    match contact {
        Contact::Unresolved(told) => Outcome::problem(
            format!("the name {host} has no address here: {}", screen(told)),
            "correct the name, its record in DNS or /etc/hosts, or this machine's resolver (/etc/resolv.conf)",
        ),
        Contact::NoConnection {
            error: ErrorKind::ConnectionRefused,
            address,
            ..
        } => Outcome::problem(
            format!("{address} is up, and nothing listens on its port {port}"),
            "start `muster-controller serve` there, or correct the address or the port; a firewall that rejects looks the same",
        ),
        Contact::NoConnection {
            error: ErrorKind::TimedOut,
            address,
            ..
        } => {
            let cause = format!(
                "{address} does not answer: a firewall drops TCP port {port}, or no machine has that address"
            );
            let remedy =
                format!("let TCP to port {port} through every firewall between here and there");
            Outcome::problem(cause, remedy)
        }
        Contact::NoConnection {
            error: ErrorKind::NetworkUnreachable | ErrorKind::HostUnreachable,
            address,
            ..
        } => Outcome::problem(
            format!("this machine has no route to {address}"),
            format!(
                "see `ip route get {}` and `ip -br link`: an interface is down, or a route or gateway is missing",
                address.ip()
            ),
        ),
        Contact::NoConnection { address, told, .. } => Outcome::problem(
            format!("cannot connect to {address}: {}", screen(told)),
            "this is the kernel's word for it; see `ip route` and the firewall of this machine",
        ),
        Contact::NoTunnel(error) => tunnel(error),
        _ => Outcome::Well,
    }
}

/// What keeps a proxy from giving a connection.
fn tunnel(error: &TunnelError) -> Outcome {
    let cause = screen(&chain(error)).into_owned();
    let remedy = match error {
        TunnelError::Unreachable { .. } => {
            "correct the proxy (`muster config show --origin` says where it is named), or start it"
        }
        TunnelError::Unknown { .. } => {
            "write USER:PASSWORD into a file that only the agent (user muster, as a service) can read, and name that with proxy_credentials_file"
        }
        TunnelError::Rejected { .. } => "correct the user and password (proxy_credentials_file)",
        TunnelError::Forbidden { .. } => {
            "have the proxy allow CONNECT to that port, or reach the controller without it (no_proxy)"
        }
        TunnelError::NoRoute { .. } => {
            "correct the controller's name or port; the proxy looks the name up, and has to have a route to it"
        }
        TunnelError::Answer { .. } | TunnelError::NoProxy { .. } => {
            "correct the proxy's address or port; it has to take CONNECT"
        }
    };
    Outcome::problem(cause, remedy)
}
