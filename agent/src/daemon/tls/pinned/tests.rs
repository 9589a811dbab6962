use rcgen::{CertificateParams, ExtendedKeyUsagePurpose, KeyPair, PublicKeyData as _};
use time::Duration;

use super::*;
use crate::daemon::tls::provider;
use crate::daemon::tls::testing::Authority;

const DAY: Duration = Duration::DAY;

fn verify(pin: [u8; 32], chain: &[CertificateDer<'_>], name: &str) -> Result<(), Error> {
    let name = ServerName::try_from(name.to_owned()).unwrap();
    let (end_entity, intermediates) = chain.split_first().unwrap();
    Pinned::new(pin, provider())
        .verify_server_cert(end_entity, intermediates, &name, &[], UnixTime::now())
        .map(|_| ())
}

fn refusal(pin: [u8; 32], chain: &[CertificateDer<'_>], name: &str) -> CertificateError {
    match verify(pin, chain, name).unwrap_err() {
        Error::InvalidCertificate(why) => why,
        other => panic!("{other}"),
    }
}

fn is_other_controller(why: &CertificateError) -> bool {
    matches!(why, CertificateError::Other(OtherError(why)) if why.is::<OtherController>())
}

#[test]
fn the_right_pin_is_trusted() {
    let authority = Authority::new();
    let server = authority.server("c1.example", DAY);
    verify(authority.pin(), &server.chain, "c1.example").unwrap();
    let address = authority.server("127.0.0.1", DAY);
    verify(authority.pin(), &address.chain, "127.0.0.1").unwrap();
}

#[test]
fn a_wrong_pin_is_not() {
    let server = Authority::new().server("c1.example", DAY);
    let why = refusal(Authority::new().pin(), &server.chain, "c1.example");
    assert!(is_other_controller(&why), "{why:?}");
}

#[test]
fn a_chain_without_its_root_is_not() {
    let authority = Authority::new();
    let server = authority.server("c1.example", DAY);
    let why = refusal(authority.pin(), &server.chain[..2], "c1.example");
    assert!(is_other_controller(&why), "{why:?}");
}

#[test]
fn the_right_root_under_another_name_is_not() {
    let authority = Authority::new();
    let server = authority.server("c1.example", DAY);
    let why = refusal(authority.pin(), &server.chain, "c2.example");
    assert!(
        matches!(why, CertificateError::NotValidForNameContext { .. }),
        "{why:?}"
    );
}

#[test]
fn what_expired_is_not() {
    let authority = Authority::new();
    let server = authority.server("c1.example", -DAY);
    let why = refusal(authority.pin(), &server.chain, "c1.example");
    assert!(
        matches!(why, CertificateError::ExpiredContext { .. }),
        "{why:?}"
    );
}

#[test]
fn the_pinned_root_beside_a_chain_of_somebody_else_is_not() {
    let authority = Authority::new();
    let mut chain = Authority::new().server("c1.example", DAY).chain;
    chain.push(authority.root.clone());
    assert_eq!(
        refusal(authority.pin(), &chain, "c1.example"),
        CertificateError::BadSignature
    );
}

#[test]
fn a_certificate_that_only_carries_the_pinned_key_is_not() {
    let authority = Authority::new();
    let mut chain = Authority::new().server("c1.example", DAY).chain;
    chain[1] = authority.root.clone();
    assert_eq!(
        refusal(authority.pin(), &chain, "c1.example"),
        CertificateError::UnknownIssuer
    );
}

#[test]
fn a_self_signed_certificate_is_not_even_with_the_pin_of_its_own_key() {
    let key = KeyPair::generate().unwrap();
    let params = CertificateParams::new(["c1.example".to_owned()]).unwrap();
    let alone = params.self_signed(&key).unwrap().der().clone();
    let pin = Sha256::digest(key.subject_public_key_info()).into();
    let why = refusal(pin, &[alone], "c1.example");
    assert!(is_other_controller(&why), "{why:?}");
}

#[test]
fn a_node_does_not_pass_for_a_controller() {
    let authority = Authority::new();
    let node = authority.leaf("c1.example", DAY, ExtendedKeyUsagePurpose::ClientAuth);
    let why = refusal(authority.pin(), &node.chain, "c1.example");
    assert!(
        matches!(why, CertificateError::InvalidPurposeContext { .. }),
        "{why:?}"
    );
}
