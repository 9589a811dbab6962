//! Policies for whoever may choose one by its name, and by no file: those who ask over the network.

use muster_adequacy::Policy;

use super::{Unusable, find, load};
use crate::cli::{DEFAULT_POLICY, PolicyChoice, PolicyPlace};

/// Why a named policy cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NamedError {
    #[error("there is no policy {name}")]
    None { name: String },
    #[error("{reason}")]
    Unusable { reason: String },
}

/// The names of all, the usual one first.
pub(crate) fn names() -> Vec<String> {
    let place = PolicyPlace { policies: None };
    let found = find::every(&place).unwrap_or_else(|error| {
        tracing::warn!(error = format!("{error:#}"), "policies cannot be listed");
        Vec::new()
    });
    let others = found.into_iter().map(|(name, _)| name);
    let others = others.filter(|name| name != DEFAULT_POLICY);
    [DEFAULT_POLICY.to_owned()]
        .into_iter()
        .chain(others)
        .collect()
}

/// The policy of that name.
pub(crate) fn named(name: &str) -> Result<Policy, NamedError> {
    if !names().iter().any(|known| known == name) {
        let name = name.to_owned();
        return Err(NamedError::None { name });
    }
    let choice = PolicyChoice {
        policy: name.to_owned(),
        place: PolicyPlace { policies: None },
    };
    let loaded = load(&choice).map_err(|unusable| NamedError::Unusable {
        reason: match unusable {
            Unusable::Unread(error) => format!("{error:#}"),
            Unusable::Faulty(written, _) => format!(
                "it is faulty; `muster policy validate {}` says why",
                written.origin
            ),
        },
    })?;
    Ok(loaded.policy)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_not_policies_here() {
        assert_eq!(names()[0], DEFAULT_POLICY);
        assert!(named(DEFAULT_POLICY).is_ok());
        for name in ["/etc/shadow", "../policy.toml", "default.toml", "", "."] {
            let refused = named(name);
            assert!(matches!(refused, Err(NamedError::None { .. })), "{name}");
        }
    }
}
