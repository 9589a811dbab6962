//! What keeps the two sides from trusting each other.

use rustls::{AlertDescription, CertificateError, Error};

use super::super::Outcome;
use super::super::probe::{Contact, Fault};
use super::skew;
use crate::render::screen;
use crate::value::Target;

/// Whether both sides know each other.
pub(super) fn trust(target: &Target, contact: &Contact) -> Outcome {
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
