//! Names what is wrong between this machine and a controller. Pure.
//!
//! Map: `reach` is about the connection, `trust` about TLS; the clock and what the controller says of the node are here.

mod reach;
mod trust;

use tonic::Code;

use super::probe::Contact;
use super::{Checked, Outcome};
use crate::daemon::outward::Proxy;
use crate::value::Target;
use reach::reach;
use trust::trust;

/// Leases and certificates stand less than this.
const MOST_SKEW_S: u64 = 30;

/// There is nobody to make contact with.
pub(super) fn none_known() -> Outcome {
    Outcome::problem(
        "the agent knows no controller",
        "name one with `muster connect HOST:PORT`",
    )
}

/// What is wrong with this contact, and what is not; it was made through `proxy`.
pub(super) fn checks(target: &Target, contact: &Contact, proxy: Option<&Proxy>) -> Vec<Checked> {
    let mut checks = vec![("reach", reach(target, contact))];
    if !contact.is_none() {
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
    let subject = match proxy {
        None => target.to_string(),
        Some(proxy) => format!("{target} through {proxy}"),
    };
    let checks = checks.into_iter();
    checks
        .map(|(check, outcome)| Checked::of(check, subject.clone(), outcome))
        .collect()
}

fn clock(contact: &Contact) -> Outcome {
    match contact {
        Contact::Trusted { ahead_s, .. }
        | Contact::Unjudged { ahead_s }
        | Contact::Untrusted { ahead_s, .. } => match ahead_s {
            Some(ahead_s) => skew(*ahead_s),
            None => Outcome::unchecked("the controller did not say what time it is"),
        },
        Contact::Unresolved(_) | Contact::NoConnection { .. } | Contact::NoTunnel(_) => {
            Outcome::unchecked("there is no contact")
        }
    }
}

/// By how many seconds the controller's clock is ahead.
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
    use std::io::ErrorKind;
    use std::sync::Arc;

    use rustls::{AlertDescription, CertificateError, Error};

    use super::super::probe::Fault;
    use super::*;
    use crate::daemon::outward::TunnelError;

    fn target() -> Target {
        "c1.example:7443".parse().unwrap()
    }

    fn problems(contact: &Contact) -> Vec<(&'static str, String)> {
        let checks = checks(&target(), contact, None).into_iter();
        let problems = checks.filter_map(|check| match check.outcome {
            Outcome::Problem { cause, remedy } => Some((check.check, format!("{cause}: {remedy}"))),
            _ => None,
        });
        problems.collect()
    }

    fn only(contact: &Contact, check: &str, words: &str) {
        match problems(contact).as_slice() {
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
    }

    #[test]
    fn each_way_in_which_a_proxy_refuses() {
        let (proxy, target) = (
            || "http://p:3128".to_owned(),
            || "c1.example:7443".to_owned(),
        );
        let status = |code| hyper::http::StatusCode::from_u16(code).unwrap();
        let cases = [
            (
                TunnelError::Unreachable {
                    proxy: proxy(),
                    source: ErrorKind::ConnectionRefused.into(),
                },
                "connection refused: correct the proxy",
            ),
            (
                TunnelError::Unknown { proxy: proxy() },
                "only the agent (user muster, as a service) can read",
            ),
            (TunnelError::Rejected { proxy: proxy() }, "correct the user"),
            (
                TunnelError::Forbidden {
                    proxy: proxy(),
                    target: target(),
                },
                "allow CONNECT to that port, or",
            ),
            (
                TunnelError::NoRoute {
                    proxy: proxy(),
                    target: target(),
                    status: status(502),
                },
                "502 Bad Gateway",
            ),
            (
                TunnelError::Answer {
                    proxy: proxy(),
                    status: status(405),
                },
                "405 Method Not Allowed",
            ),
            (
                TunnelError::NoProxy {
                    proxy: proxy(),
                    source: "why".into(),
                },
                "is no HTTP proxy: why",
            ),
        ];
        for (error, words) in cases {
            only(&Contact::NoTunnel(error), "reach", words);
        }
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
        let told = problems(&untrusted(error, 86_400));
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
        assert_eq!(problems(&trusted(30)), []);
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
