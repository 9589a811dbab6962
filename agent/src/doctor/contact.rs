//! Names what is wrong between this machine and a controller. Pure.

use std::io::ErrorKind;

use rustls::{AlertDescription, CertificateError, Error};
use tonic::Code;

use super::probe::{Contact, Fault};
use super::{Checked, Outcome};
use crate::daemon::Target;
use crate::render::screen;

/// Leases and certificates stand less than this.
const MOST_SKEW_S: u64 = 30;

/// There is nobody to make contact with.
pub(super) fn none_known() -> Outcome {
    Outcome::problem(
        "the agent knows no controller",
        "name one with `muster connect HOST:PORT`",
    )
}

/// What is wrong with this contact, and what is not; `proxy` is the variable that sets one.
pub(super) fn checks(target: &Target, contact: &Contact, proxy: Option<&str>) -> Vec<Checked> {
    let mut checks = vec![("reach", reach(target, contact, proxy))];
    if !matches!(
        contact,
        Contact::Unresolved(_) | Contact::NoConnection { .. }
    ) {
        checks.push(("trust", trust(target, contact)));
        checks.push(("clock", clock(contact)));
    }
    if let Contact::Trusted {
        answer: Some(answer),
        ..
    } = contact
    {
        checks.push(("standing", standing(answer)));
    }
    let checks = checks.into_iter();
    checks
        .map(|(check, outcome)| Checked::of(check, target.to_string(), outcome))
        .collect()
}

fn reach(target: &Target, contact: &Contact, proxy: Option<&str>) -> Outcome {
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
            match proxy {
                None => Outcome::problem(cause, remedy),
                Some(variable) => Outcome::problem(
                    format!("{cause}; {variable} sets a proxy here, and muster connects directly"),
                    format!("{remedy}; muster uses no proxy"),
                ),
            }
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
        _ => Outcome::Well,
    }
}

fn trust(target: &Target, contact: &Contact) -> Outcome {
    match contact {
        Contact::Untrusted { fault, ahead_s } => match fault {
            Fault::Tls(error) => untrusted(target, error, *ahead_s),
            Fault::Closed(told) => Outcome::problem(
                format!(
                    "what listens on {target} does not speak TLS to this machine: {}",
                    screen(told)
                ),
                "correct the address or the port; a load balancer or proxy between must pass TLS through",
            ),
        },
        Contact::Unjudged { .. } => Outcome::unchecked(
            "there is neither a certificate nor a join token to judge the controller by (--token-file FILE)",
        ),
        _ => Outcome::Well,
    }
}

fn untrusted(target: &Target, error: &Error, ahead_s: Option<i64>) -> Outcome {
    use CertificateError as Bad;
    let told = error.to_string();
    match error {
        Error::InvalidCertificate(
            Bad::Expired
            | Bad::ExpiredContext { .. }
            | Bad::NotValidYet
            | Bad::NotValidYetContext { .. },
        ) => match ahead_s.map(skew) {
            Some(skewed @ Outcome::Problem { .. }) => skewed,
            _ => Outcome::problem(
                format!("the certificate of {target} is not good now: {told}"),
                "the clocks agree: restart the controller, which makes its certificate anew",
            ),
        },
        Error::InvalidCertificate(Bad::NotValidForName | Bad::NotValidForNameContext { .. }) => {
            let (host, _) = target.host_and_port();
            Outcome::problem(
                format!("the controller's certificate is not for {host}: {told}"),
                format!(
                    "ask it by a name that it has, or start it with `muster-controller serve --name {host}`"
                ),
            )
        }
        // Two clusters' authorities have the same name, and another key.
        Error::InvalidCertificate(Bad::UnknownIssuer | Bad::BadSignature) => Outcome::problem(
            "what answers has a certificate of an authority that this node does not know: it is a controller of another cluster, or the root of this one was replaced while the node was off",
            "correct the address, or start the agent with a new token if the root was replaced (`muster agent --token-file FILE`; the node keeps its id and key); if the cluster was made anew, `muster reset` and join with a new token",
        ),
        Error::InvalidCertificate(Bad::Other(_)) => Outcome::problem(
            "what answers is not the cluster of the join token: none of its certificates has the key that the token pins",
            "correct the address, or have a token made by that cluster",
        ),
        Error::AlertReceived(alert) => refused(*alert),
        Error::InvalidMessage(_) => Outcome::problem(
            format!("what listens on {target} does not speak TLS"),
            "correct the address or the port",
        ),
        Error::PeerIncompatible(_) | Error::NoApplicationProtocol => Outcome::problem(
            format!("what listens on {target} is no muster controller: {told}"),
            "correct the address or the port; a load balancer between must pass TLS 1.3 through",
        ),
        _ => Outcome::problem(
            format!("no trust between this machine and {target}: {told}"),
            "correct the address or the port",
        ),
    }
}

/// Why the controller does not want this node's certificate.
fn refused(alert: AlertDescription) -> Outcome {
    const REJOIN: &str = "have the administrator look (`muster-controller nodes list`), then `muster reset` and join with a new token";
    match alert {
        AlertDescription::CertificateRevoked => Outcome::problem(
            "the controller has revoked this node's certificate, or has no record of the node any more",
            REJOIN,
        ),
        AlertDescription::CertificateExpired => Outcome::problem(
            "by the controller's clock this node's certificate has ended",
            "see that both clocks are right; then join again with a token: the node keeps its id and key",
        ),
        AlertDescription::UnknownCA => Outcome::problem(
            "the controller does not know the authority of this node's certificate: it is of another cluster",
            "correct the address, or `muster reset` and join with a new token",
        ),
        other => Outcome::problem(
            format!(
                "the controller refuses this node's certificate ({other:?}): it was revoked, or is of another cluster"
            ),
            REJOIN,
        ),
    }
}

fn clock(contact: &Contact) -> Outcome {
    match contact {
        Contact::Trusted { ahead_s, .. }
        | Contact::Unjudged { ahead_s }
        | Contact::Untrusted { ahead_s, .. } => match ahead_s {
            Some(ahead_s) => skew(*ahead_s),
            None => Outcome::unchecked("the controller did not say what time it is"),
        },
        Contact::Unresolved(_) | Contact::NoConnection { .. } => {
            Outcome::unchecked("there is no contact")
        }
    }
}

fn skew(ahead_s: i64) -> Outcome {
    let by = ahead_s.unsigned_abs();
    let way = match ahead_s > 0 {
        true => "behind",
        false => "ahead of",
    };
    match by > MOST_SKEW_S {
        false => Outcome::Well,
        true => Outcome::problem(
            format!("this machine's clock is {by} s {way} the controller's"),
            "have both keep time: `timedatectl set-ntp true`, or chrony; certificates and leases need it",
        ),
    }
}

fn standing(answer: &Result<(), (Code, String)>) -> Outcome {
    let Err((code, told)) = answer else {
        return Outcome::Well;
    };
    let has = |word: &str| told.contains(word);
    match code {
        Code::Unauthenticated if has("revoked") => Outcome::problem(
            "the controller has revoked this node's certificate",
            "`muster reset`, and join with a new token",
        ),
        Code::PermissionDenied | Code::NotFound => Outcome::problem(
            format!("the controller does not take this node: {told}"),
            "it was removed or deleted there: `muster reset`, and join with a new token",
        ),
        // What the node would ask is answered otherwise: it is known, and that is what is checked.
        Code::Unimplemented => Outcome::Well,
        _ => Outcome::problem(
            format!("the controller does not answer this node as it should: {told}"),
            "see the controller's log there",
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    fn target() -> Target {
        "c1.example:7443".parse().unwrap()
    }

    fn problems(contact: &Contact, proxy: Option<&str>) -> Vec<(&'static str, String)> {
        let checks = checks(&target(), contact, proxy).into_iter();
        let problems = checks.filter_map(|check| match check.outcome {
            Outcome::Problem { cause, remedy } => Some((check.check, format!("{cause}: {remedy}"))),
            _ => None,
        });
        problems.collect()
    }

    fn only(contact: &Contact, check: &str, words: &str) {
        match problems(contact, None).as_slice() {
            [(found, told)] => assert!(*found == check && told.contains(words), "{found}: {told}"),
            other => panic!("{words}: {other:#?}"),
        }
    }

    fn no_connection(error: ErrorKind) -> Contact {
        Contact::NoConnection {
            address: "192.0.2.1:7443".parse().unwrap(),
            error,
            told: String::new(),
        }
    }

    fn untrusted(error: Error, ahead_s: i64) -> Contact {
        Contact::Untrusted {
            fault: Fault::Tls(error),
            ahead_s: Some(ahead_s),
        }
    }

    #[test]
    fn each_way_not_to_get_there() {
        only(
            &Contact::Unresolved("no".into()),
            "reach",
            "/etc/resolv.conf",
        );
        only(
            &no_connection(ErrorKind::ConnectionRefused),
            "reach",
            "nothing listens",
        );
        only(
            &no_connection(ErrorKind::TimedOut),
            "reach",
            "a firewall drops TCP port 7443",
        );
        only(
            &no_connection(ErrorKind::NetworkUnreachable),
            "reach",
            "ip route get 192.0.2.1",
        );
        only(
            &no_connection(ErrorKind::HostUnreachable),
            "reach",
            "no route",
        );
        let proxied = problems(&no_connection(ErrorKind::TimedOut), Some("HTTPS_PROXY"));
        assert!(
            proxied[0].1.contains("HTTPS_PROXY sets a proxy"),
            "{proxied:?}"
        );
    }

    #[test]
    fn each_way_not_to_trust() {
        let bad = Error::InvalidCertificate;
        let other = rustls::OtherError(Arc::new(std::io::Error::other("x")));
        let cases = [
            (bad(CertificateError::UnknownIssuer), "another cluster"),
            (bad(CertificateError::Other(other)), "the token pins"),
            (bad(CertificateError::BadSignature), "another cluster"),
            (
                bad(CertificateError::NotValidForName),
                "serve --name c1.example",
            ),
            (bad(CertificateError::Expired), "restart the controller"),
            (
                Error::AlertReceived(AlertDescription::CertificateRevoked),
                "has revoked",
            ),
            (
                Error::AlertReceived(AlertDescription::UnknownCA),
                "another cluster",
            ),
            (
                Error::AlertReceived(AlertDescription::CertificateExpired),
                "has ended",
            ),
            (Error::NoApplicationProtocol, "no muster controller"),
        ];
        for (error, words) in cases {
            only(&untrusted(error, 0), "trust", words);
        }
    }

    #[test]
    fn a_certificate_that_is_not_good_yet_is_a_clock_that_is_wrong() {
        let error = Error::InvalidCertificate(CertificateError::NotValidYet);
        let told = problems(&untrusted(error, 86_400), None);
        assert!(
            told.iter().all(|(_, told)| told.contains("86400 s behind")),
            "{told:?}"
        );
    }

    #[test]
    fn clocks_may_differ_a_little() {
        let trusted = |ahead_s| Contact::Trusted {
            ahead_s: Some(ahead_s),
            answer: Some(Ok(())),
        };
        assert_eq!(problems(&trusted(30), None), []);
        only(&trusted(31), "clock", "31 s behind the controller's");
        only(&trusted(-400), "clock", "400 s ahead of the controller's");
    }

    #[test]
    fn a_node_that_the_controller_does_not_take() {
        let answered = |code, told: &str| Contact::Trusted {
            ahead_s: Some(0),
            answer: Some(Err((code, told.to_owned()))),
        };
        let revoked = answered(Code::Unauthenticated, "the certificate was revoked");
        only(&revoked, "standing", "has revoked");
        let unknown = answered(Code::PermissionDenied, "this node is not known here");
        only(&unknown, "standing", "removed or deleted");
        let busy = answered(Code::Unavailable, "the store is locked");
        only(&busy, "standing", "the store is locked");
    }
}
