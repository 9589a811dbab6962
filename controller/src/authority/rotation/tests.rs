//! Whoever trusts a root before, during or after its replacement is never cut off in the middle.

use rustls::RootCertStore;
use rustls::client::WebPkiServerVerifier;
use rustls::client::danger::ServerCertVerifier as _;
use rustls::pki_types::{ServerName, UnixTime};
use rustls::server::WebPkiClientVerifier;
use sha2::{Digest as _, Sha256};

use super::super::{Issued, Request, open_or_create};
use super::*;
use crate::peer::Peer;

const NOW: UnixMs = 1_790_000_000_000;

fn at() -> UnixTime {
    UnixTime::since_unix_epoch(std::time::Duration::from_millis(NOW.cast_unsigned()))
}

fn store(roots: &[CertificateDer<'static>]) -> Arc<RootCertStore> {
    let mut store = RootCertStore::empty();
    for root in roots {
        store.add(root.clone()).unwrap();
    }
    Arc::new(store)
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// Whether a node that knows these roots trusts the controller.
fn trusts(roots: &[CertificateDer<'static>], authority: &Authority) -> bool {
    let chain = authority.server(&["c1".to_owned()], NOW).unwrap().chain;
    let (first, others) = chain.split_first().unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(store(roots), provider());
    let name = ServerName::try_from("c1").unwrap();
    let verified = verifier
        .build()
        .unwrap()
        .verify_server_cert(first, others, &name, &[], at());
    verified.is_ok()
}

/// Whether a machine with a join token of that pin trusts the controller: the pinned certificate of the chain
/// is its only root.
fn is_pinned(pin: [u8; 32], authority: &Authority) -> bool {
    let chain = authority.server(&["c1".to_owned()], NOW).unwrap().chain;
    let pinned = chain.iter().skip(1).find(|der| {
        let (_, parsed) = X509Certificate::from_der(der).unwrap();
        Sha256::digest(parsed.public_key().raw).as_slice() == pin
    });
    pinned.is_some_and(|pinned| trusts(std::slice::from_ref(pinned), authority))
}

fn node(authority: &Authority) -> Issued {
    let key = rcgen::KeyPair::generate().unwrap();
    let request = rcgen::CertificateParams::default().serialize_request(&key);
    let request = Request::parse(request.unwrap().der()).unwrap();
    let peer = Peer::Node("1".to_owned());
    let life = std::time::Duration::from_secs(3600);
    authority.issue(request, &peer, NOW, life).unwrap()
}

/// Whether the controller trusts a node.
fn is_trusted(issued: &Issued, authority: &Authority) -> bool {
    let (first, others) = issued.chain.split_first().unwrap();
    let roots = store(&authority.roots());
    let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider());
    let verifier = verifier.build().unwrap();
    verifier.verify_client_cert(first, others, at()).is_ok()
}

#[test]
fn nobody_is_cut_off_before_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open_or_create(folder.path(), NOW).unwrap();
    let (old_roots, old_pin, old_node) = (authority.roots(), authority.pin(), node(&authority));
    assert!(authority.begin_rotation(NOW).unwrap());
    let new_roots = authority.roots();
    let (new_pin, new_node) = (authority.pin(), node(&authority));
    assert_eq!(new_roots.len(), 2);
    assert_ne!(new_pin, old_pin);
    // What a restart finds is the same.
    let restarted = open_or_create(folder.path(), NOW).unwrap();
    for authority in [&authority, &restarted] {
        assert!(authority.is_rotating());
        assert_eq!(authority.roots(), new_roots);
        for roots in [&old_roots[..], &new_roots[..], &new_roots[..1]] {
            assert!(trusts(roots, authority));
        }
        assert!(is_pinned(old_pin, authority));
        assert!(is_pinned(new_pin, authority));
        assert!(is_trusted(&old_node, authority));
        assert!(is_trusted(&new_node, authority));
        let above = |issued: &Issued| authority.root_above(&issued.chain[1..]);
        assert_eq!(above(&old_node), Some(hex(&old_pin)));
        assert_eq!(above(&new_node), Some(hex(&new_pin)));
        assert_eq!(new_node.root, authority.signing_root());
    }
    let again = authority.begin_rotation(NOW).unwrap_err();
    assert!(matches!(again, RotationError::Begun), "{again}");

    authority.finish_rotation().unwrap();
    let restarted = open_or_create(folder.path(), NOW).unwrap();
    for authority in [&authority, &restarted] {
        assert_eq!(authority.roots(), &new_roots[..1]);
        assert!(trusts(&new_roots, authority));
        assert!(!trusts(&old_roots, authority));
        assert!(is_pinned(new_pin, authority));
        assert!(!is_pinned(old_pin, authority));
        assert!(is_trusted(&new_node, authority));
        assert!(!is_trusted(&old_node, authority));
    }
    let again = authority.finish_rotation().unwrap_err();
    assert!(matches!(again, RotationError::NotBegun), "{again}");

    assert!(restarted.begin_rotation(NOW).unwrap(), "and once more");
    assert!(trusts(&new_roots[..1], &restarted));
    let names: Vec<String> = restarted
        .shown()
        .into_iter()
        .map(|root| root.subject)
        .collect();
    assert_eq!(names, ["CN=muster root 3", "CN=muster root 2"]);
}

#[test]
fn without_the_old_roots_key_the_controller_shows_the_old_root_until_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open_or_create(folder.path(), NOW).unwrap();
    std::fs::remove_file(folder.path().join("root.key")).unwrap();
    let (old_roots, old_pin) = (authority.roots(), authority.pin());
    assert!(!authority.begin_rotation(NOW).unwrap());
    let new_roots = authority.roots();
    assert_eq!(authority.pin(), old_pin);
    assert!(trusts(&old_roots, &authority));
    assert!(trusts(&new_roots, &authority));
    assert!(is_pinned(old_pin, &authority));
    assert!(is_trusted(&node(&authority), &authority));
    authority.finish_rotation().unwrap();
    assert!(trusts(&new_roots, &authority));
    assert!(!trusts(&old_roots, &authority));
}

#[test]
fn nobody_is_cut_off_by_going_back() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open_or_create(folder.path(), NOW).unwrap();
    let (old_roots, old_pin, old_node) = (authority.roots(), authority.pin(), node(&authority));
    let refused = authority.abort_rotation(NOW).unwrap_err();
    assert!(matches!(refused, RotationError::NotBegun), "{refused}");
    // The key of the old root is not needed for going back.
    assert!(authority.begin_rotation(NOW).unwrap());
    std::fs::remove_file(folder.path().join("root.key")).unwrap();
    let (both_roots, new_pin, new_node) = (authority.roots(), authority.pin(), node(&authority));

    authority.abort_rotation(NOW).unwrap();
    let restarted = open_or_create(folder.path(), NOW).unwrap();
    for authority in [&authority, &restarted] {
        assert!(authority.is_rotating());
        assert_eq!(authority.signing_root(), hex(&old_pin));
        assert_eq!(authority.pin(), old_pin);
        for roots in [&old_roots[..], &both_roots[..], &both_roots[..1]] {
            assert!(trusts(roots, authority));
        }
        assert!(is_pinned(old_pin, authority));
        assert!(is_pinned(new_pin, authority), "a token of since the start");
        assert!(is_trusted(&old_node, authority));
        assert!(is_trusted(&new_node, authority));
        assert_eq!(node(authority).root, hex(&old_pin));
    }

    // Forth again it would need the key of the old root.
    let refused = authority.abort_rotation(NOW).unwrap_err();
    assert!(matches!(refused, RotationError::NoKey { .. }), "{refused}");
    assert_eq!(authority.signing_root(), hex(&old_pin));
    assert!(trusts(&both_roots[..1], &authority));
}

#[test]
fn after_going_back_the_new_root_is_forgotten_and_another_can_follow() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open_or_create(folder.path(), NOW).unwrap();
    let (old_roots, old_pin) = (authority.roots(), authority.pin());
    authority.begin_rotation(NOW).unwrap();
    let (new_root, new_node) = (authority.roots()[..1].to_vec(), node(&authority));
    authority.abort_rotation(NOW).unwrap();
    authority.finish_rotation().unwrap();
    let restarted = open_or_create(folder.path(), NOW).unwrap();
    for authority in [&authority, &restarted] {
        assert_eq!(authority.roots(), old_roots);
        assert_eq!(authority.pin(), old_pin);
        assert!(!trusts(&new_root, authority));
        assert!(!is_trusted(&new_node, authority));
    }

    // Nothing of the first attempt is taken for the second, which has no key to sign the new root by.
    std::fs::remove_file(folder.path().join("root.key")).unwrap();
    assert!(!restarted.begin_rotation(NOW).unwrap());
    let again = open_or_create(folder.path(), NOW).unwrap();
    for authority in [&restarted, &again] {
        assert_ne!(authority.roots()[..1], new_root[..]);
        assert_eq!(authority.pin(), old_pin);
        assert!(trusts(&old_roots, authority));
        assert!(!trusts(&new_root, authority));
    }
    std::fs::remove_file(folder.path().join("line-2/root.key")).unwrap();
    let refused = again.abort_rotation(NOW).unwrap_err();
    assert!(matches!(refused, RotationError::NoKey { .. }), "{refused}");
    assert!(again.is_rotating() && trusts(&old_roots, &again));
}

#[test]
fn what_was_half_written_counts_for_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let authority = open_or_create(folder.path(), NOW).unwrap();
    let roots = authority.roots();
    // A start that was cut off before the last step.
    std::fs::create_dir(folder.path().join("line-2")).unwrap();
    std::fs::write(folder.path().join("line-2/root.key"), "half").unwrap();
    let restarted = open_or_create(folder.path(), NOW).unwrap();
    assert_eq!(restarted.roots(), roots);
    assert!(restarted.begin_rotation(NOW).unwrap());
    std::fs::write(folder.path().join("rotation.json"), "{").unwrap();
    let damaged = open_or_create(folder.path(), NOW).unwrap_err();
    assert!(damaged.to_string().contains("is damaged"), "{damaged}");
}

#[test]
fn one_that_is_in_memory_or_anothers_is_not_replaced() {
    let (authority, _) = Authority::create(NOW).unwrap();
    let refused = authority.begin_rotation(NOW).unwrap_err();
    assert!(matches!(refused, RotationError::NotOwn), "{refused}");
}
