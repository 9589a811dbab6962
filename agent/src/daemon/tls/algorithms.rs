//! Which algorithms TLS and certificates are made with.

use std::sync::Arc;

use rustls::crypto::{CryptoProvider, aws_lc_rs};

/// The algorithms; the build's features put the hybrid key exchange first.
pub(crate) fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}
