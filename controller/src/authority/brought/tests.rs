//! What can be used is taken; everything else is refused with its reason.

use rcgen::{
    BasicConstraints, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyUsagePurpose, NameConstraints,
};
use time::{Duration, OffsetDateTime};

use super::*;

const NOW: UnixMs = 1_790_000_000_000;

/// One certificate of a chain before it is signed.
struct Link {
    params: CertificateParams,
    key: KeyPair,
}

fn link(name: &str) -> Link {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let now = OffsetDateTime::from_unix_timestamp(NOW / 1000).unwrap();
    params.not_before = now - Duration::days(1);
    params.not_after = now + Duration::days(365);
    let key = KeyPair::generate().unwrap();
    Link { params, key }
}

/// A root with an intermediate, changed by `change`, and what became of them.
fn brought(
    change: impl FnOnce(&mut Link, &mut Link),
    files: impl FnOnce(Vec<String>, String) -> (String, String),
) -> Result<Authority, String> {
    let (mut root, mut signing) = (link("root"), link("signing"));
    change(&mut root, &mut signing);
    let root_certificate = root.params.self_signed(&root.key).unwrap();
    let issuer = Issuer::from_ca_cert_der(root_certificate.der(), &root.key).unwrap();
    let certificate = signing.params.signed_by(&signing.key, &issuer).unwrap();
    let chain = vec![certificate.pem(), root_certificate.pem()];
    let (chain, key) = files(chain, signing.key.serialize_pem());
    let folder = tempfile::tempdir().unwrap();
    let paths = [
        folder.path().join("chain.crt"),
        folder.path().join("ca.key"),
    ];
    std::fs::write(&paths[0], chain).unwrap();
    std::fs::write(&paths[1], key).unwrap();
    let names = ["c1.example".to_owned(), "192.0.2.1".to_owned()];
    bring(&paths[0], &paths[1], &names, NOW).map_err(|error| {
        let source = std::error::Error::source(&error).map(ToString::to_string);
        format!("{error}: {}", source.unwrap_or_default())
    })
}

#[allow(clippy::needless_pass_by_value, reason = "one of several")]
fn whole(chain: Vec<String>, key: String) -> (String, String) {
    (chain.concat(), key)
}

fn refusal(change: impl FnOnce(&mut Link, &mut Link)) -> String {
    brought(change, whole).unwrap_err()
}

#[test]
fn a_root_with_an_intermediate_is_taken_and_issues() {
    let authority = brought(|_, _| {}, whole).unwrap();
    assert_eq!(authority.roots().len(), 1);
    let server = authority.server(&["c1.example".to_owned()], NOW).unwrap();
    assert_eq!(server.chain.len(), 3);
    assert_eq!(server.chain[2], authority.roots()[0]);
    let refused = authority.begin_rotation(NOW).unwrap_err();
    assert!(refused.to_string().contains("not the controller's own"));
}

#[test]
fn a_root_that_signs_itself_is_taken() {
    let root = link("root");
    let certificate = root.params.self_signed(&root.key).unwrap();
    let files = (certificate.pem(), root.key.serialize_pem());
    let authority = brought(|_, _| {}, |_, _| files).unwrap();
    assert_eq!(authority.server(&[], NOW).unwrap().chain.len(), 2);
}

#[test]
fn what_is_no_authority_is_refused() {
    let told = refusal(|_, signing| signing.params.is_ca = IsCa::ExplicitNoCa);
    assert!(told.contains("CN=signing may not sign"), "{told}");
    let usage = vec![KeyUsagePurpose::DigitalSignature];
    let told = refusal(|_, signing| signing.params.key_usages = usage);
    assert!(told.contains("keyCertSign"), "{told}");
}

#[test]
fn another_key_or_another_order_is_refused() {
    let other = KeyPair::generate().unwrap().serialize_pem();
    let told = brought(|_, _| {}, |chain, _| (chain.concat(), other)).unwrap_err();
    assert!(told.contains("not that of the first certificate"), "{told}");
    let reversed = |mut chain: Vec<String>, key| {
        chain.reverse();
        whole(chain, key)
    };
    let told = brought(|_, _| {}, reversed).unwrap_err();
    assert!(told.contains("CN=root"), "{told}");
}

#[test]
fn what_is_not_good_now_is_refused() {
    let now = OffsetDateTime::from_unix_timestamp(NOW / 1000).unwrap();
    let told = refusal(|root, _| root.params.not_after = now - Duration::hours(1));
    assert!(told.starts_with("CN=root is expired"), "{told}");
    let told = refusal(|_, signing| signing.params.not_before = now + Duration::hours(1));
    assert!(told.starts_with("CN=signing is not good yet"), "{told}");
}

#[test]
fn a_chain_without_its_root_is_refused() {
    let cut = |chain: Vec<String>, key| (chain[0].clone(), key);
    let told = brought(|_, _| {}, cut).unwrap_err();
    assert!(told.contains("its issuer is CN=root"), "{told}");
}

#[test]
fn a_path_that_is_too_long_is_refused() {
    let none = IsCa::Ca(BasicConstraints::Constrained(0));
    let told = refusal(|root, _| root.params.is_ca = none);
    assert!(
        told.contains("permits 0 authorities below it, and there are 1"),
        "{told}"
    );
}

#[test]
fn what_its_constraints_forbid_is_found_out() {
    let constraints = NameConstraints {
        permitted_subtrees: vec![GeneralSubtree::DnsName("other.example".to_owned())],
        excluded_subtrees: Vec::new(),
    };
    let told = refusal(|root, _| root.params.name_constraints = Some(constraints));
    assert!(
        told.contains("the controller's certificate for c1.example"),
        "{told}"
    );
    let servers = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let told = refusal(|_, signing| signing.params.extended_key_usages = servers);
    assert!(told.contains("a node's certificate"), "{told}");
}

#[test]
fn a_chain_whose_signatures_do_not_fit_is_refused() {
    let mut other = link("root");
    other.params.not_after += Duration::days(1);
    let other = other.params.self_signed(&other.key).unwrap().pem();
    let swapped = |chain: Vec<String>, key| (format!("{}{other}", chain[0]), key);
    let told = brought(|_, _| {}, swapped).unwrap_err();
    assert!(told.contains("is not valid"), "{told}");
}

#[test]
fn what_is_no_pem_is_refused_without_being_told() {
    let told = brought(
        |_, _| {},
        |chain, _| (chain.concat(), "c2VjcmV0".to_owned()),
    );
    let told = told.unwrap_err();
    assert!(
        told.contains("no private key in PEM") && !told.contains("c2VjcmV0"),
        "{told}"
    );
    let told = brought(|_, _| {}, |_, key| (String::new(), key)).unwrap_err();
    assert!(told.contains("no certificates in PEM"), "{told}");
}
