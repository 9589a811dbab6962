//! The join token, from where nobody else reads it: a file, standard input, or a credential of systemd.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{Read, stdin};
use std::path::{Path, PathBuf};

use muster_proto::JoinToken;
use muster_proto::token::NoToken;
use zeroize::Zeroizing;

/// No token is nearly so long.
const LONGEST_BYTES: u64 = 4096;
/// The credential's name: `LoadCredential=muster-token:…`.
const CREDENTIAL: &str = "muster-token";

/// Why there is no token.
#[derive(Debug, thiserror::Error)]
pub(crate) enum TokenError {
    #[error("cannot read the join token from {path}")]
    Read {
        path: PathBuf,
        source: std::io::Error,
    },
    #[error("{path} holds no join token: {source}")]
    NoToken { path: PathBuf, source: NoToken },
}

/// Reads the token from `file` (`-` is standard input), else from systemd's credential in the folder `credentials`; none when
/// there is neither.
pub(crate) fn read(
    file: Option<&Path>,
    credentials: Option<&Path>,
) -> Result<Option<JoinToken>, TokenError> {
    let credential = credentials.map(|folder| folder.join(CREDENTIAL));
    let path = match (file, credential) {
        (Some(file), _) => file.to_owned(),
        (None, Some(credential)) if credential.exists() => credential,
        (None, _) => return Ok(None),
    };
    let text = match path.as_os_str() == OsStr::new("-") {
        true => text(stdin().lock()),
        false => File::open(&path).and_then(text),
    };
    let text = text.map_err(|source| TokenError::Read {
        path: path.clone(),
        source,
    })?;
    match JoinToken::parse(&text) {
        Ok(token) => Ok(Some(token)),
        Err(source) => Err(TokenError::NoToken { path, source }),
    }
}

/// The buffer is as large as it gets at once: growing it would leave copies behind.
fn text(reader: impl Read) -> std::io::Result<Zeroizing<String>> {
    let mut text = Zeroizing::new(String::with_capacity(
        usize::try_from(LONGEST_BYTES + 1).unwrap_or(0),
    ));
    reader.take(LONGEST_BYTES).read_to_string(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn the_file_goes_before_the_credential() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, id: &str| {
            let token = JoinToken::new(id, [1; 32], [2; 32]).reveal();
            let path = folder.path().join(name);
            fs::write(&path, format!("{}\n", *token)).unwrap();
            path
        };
        let file = write("token", "abcdefghij");
        let id = |file, credentials| {
            let token = read(file, credentials).unwrap();
            token.map(|token: JoinToken| token.id().to_owned())
        };
        assert_eq!(id(None, Some(folder.path())), None);
        write(CREDENTIAL, "0123456789");
        assert_eq!(id(None, Some(folder.path())).unwrap(), "0123456789");
        let both = id(Some(file.as_path()), Some(folder.path()));
        assert_eq!(both.unwrap(), "abcdefghij");
    }

    #[test]
    fn what_is_no_token_is_refused_without_being_told() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("token");
        fs::write(&path, "mst1.abcdefghij.verysecret.pin").unwrap();
        let refused = read(Some(&path), None).unwrap_err();
        let told = format!("{refused} {refused:?}");
        assert!(
            told.contains("the secret of the join token is damaged"),
            "{told}"
        );
        assert!(!told.contains("verysecret"), "{told}");
        let missing = read(Some(&folder.path().join("no")), None).unwrap_err();
        assert!(matches!(missing, TokenError::Read { .. }), "{missing}");
    }
}
