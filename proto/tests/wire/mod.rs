//! The protocol as descriptors: as it is now, and as it was at the last release; and the code that the programs have.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use muster_proto::v1;
use prost::{DecodeError, Message};
use prost_reflect::DescriptorPool;

/// In the order in which they are compiled; each is in both folders.
pub(crate) const FILES: [&str; 4] = [
    "muster/v1/types.proto",
    "muster/v1/enrollment.proto",
    "muster/v1/node.proto",
    "muster/v1/admin.proto",
];

pub(crate) fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// Where the `.proto` files of the last release are kept.
pub(crate) fn released_folder() -> PathBuf {
    folder().join("released")
}

/// The protocol that is in this tree.
pub(crate) fn current() -> DescriptorPool {
    compiled(&folder())
}

/// The protocol of the last release.
pub(crate) fn released() -> DescriptorPool {
    compiled(&released_folder())
}

/// The `.proto` files under a folder, with their comments.
pub(crate) fn compiled(include: &Path) -> DescriptorPool {
    let files = protox::compile(FILES, [include]).unwrap();
    DescriptorPool::from_file_descriptor_set(files).unwrap()
}

/// A copy of the protocol that is in this tree, with one thing changed in one file.
pub(crate) fn changed(file: &str, from: &str, to: &str) -> DescriptorPool {
    let copy = tempfile::tempdir().unwrap();
    for name in FILES {
        let mut text = std::fs::read_to_string(folder().join(name)).unwrap();
        if name == file {
            assert_eq!(text.matches(from).count(), 1, "{from:?} in {file}");
            text = text.replace(from, to);
        }
        let path = copy.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    compiled(copy.path())
}

/// What goes over the wire as a whole.
pub(crate) fn spoken(pool: &DescriptorPool) -> BTreeSet<String> {
    let methods = pool
        .services()
        .flat_map(|service| service.methods().collect::<Vec<_>>());
    let both = methods.flat_map(|method| [method.input(), method.output()]);
    both.map(|message| message.name().to_owned()).collect()
}

/// Decodes and encodes again by the code that the programs have.
pub(crate) type Code = fn(&[u8]) -> Result<Vec<u8>, DecodeError>;

/// The code of one request or response.
pub(crate) fn code(name: &str) -> Code {
    let mut all = CODE.iter();
    let (_, code) = all
        .find(|(known, _)| *known == name)
        .unwrap_or_else(|| panic!("{name} is not in the list below"));
    *code
}

fn again<M: Message + Default>(bytes: &[u8]) -> Result<Vec<u8>, DecodeError> {
    M::decode(bytes).map(|message| message.encode_to_vec())
}

macro_rules! codes {
    ($($message:ident),* $(,)?) => {
        &[$((stringify!($message), again::<v1::$message> as Code)),*]
    };
}

/// Every request and response.
const CODE: &[(&str, Code)] = codes![
    ChangeNodeRequest,
    ChangeNodeResponse,
    CreateTokenRequest,
    CreateTokenResponse,
    DeliverEventsRequest,
    DeliverEventsResponse,
    EditNodeRequest,
    EditNodeResponse,
    EnrollRequest,
    EnrollResponse,
    GetAuthorityRequest,
    GetAuthorityResponse,
    GetClusterRequest,
    GetClusterResponse,
    GetInstallationRequest,
    GetInstallationResponse,
    GetNodeRequest,
    GetNodeResponse,
    GetWorkloadsRequest,
    GetWorkloadsResponse,
    HeartbeatRequest,
    HeartbeatResponse,
    IssueAdministratorRequest,
    IssueAdministratorResponse,
    ListAdministratorsRequest,
    ListAdministratorsResponse,
    ListEventsRequest,
    ListEventsResponse,
    ListNodesRequest,
    ListNodesResponse,
    ListTokensRequest,
    ListTokensResponse,
    RenewCertificateRequest,
    RenewCertificateResponse,
    ReportInventoryRequest,
    ReportInventoryResponse,
    ReportWorkloadsRequest,
    ReportWorkloadsResponse,
    RevokeAdministratorRequest,
    RevokeAdministratorResponse,
    RevokeTokenRequest,
    RevokeTokenResponse,
    RotateAuthorityRequest,
    RotateAuthorityResponse,
    WatchEventsRequest,
    WatchEventsResponse,
    WatchNodesRequest,
    WatchNodesResponse,
    WatchRequest,
    WatchResponse,
];

/// Whether this run renews what is kept.
pub(crate) fn blesses() -> bool {
    word().is_some()
}

/// Whether this run is told, in a word of its own, that what is in this tree is released.
pub(crate) fn releases() -> bool {
    word().is_some_and(|word| is_release(&word))
}

/// `1` renews goldens, which is done every day; what was released is renewed at a release alone.
pub(crate) fn is_release(word: &str) -> bool {
    word == "released"
}

fn word() -> Option<String> {
    std::env::var("MUSTER_BLESS").ok()
}
