//! The settings of the store.

use secrecy::{ExposeSecret, SecretString};

use super::reader::Reader;
use super::sections::Store;
use crate::domain::gate::Rule;

/// Reads the section; the address of a database belongs to `postgres` only.
pub(super) fn read(r: &mut Reader<'_>) -> Store {
    let url = r.secret("store.database_url");
    let is_address = |url: &SecretString| {
        ["postgres://", "postgresql://"].iter().any(|scheme| url.expose_secret().starts_with(scheme))
    };
    let database_url = match (r.text("store.backend").as_deref(), url) {
        (Some("file"), None) => None,
        (Some("file"), Some(_)) => {
            r.invalid("store.database_url", "is given, but store.backend is file");
            None
        }
        (Some("postgres"), Some(url)) if is_address(&url) => Some(url),
        (Some("postgres"), Some(_)) => {
            r.invalid("store.database_url", "must begin with postgres:// or postgresql://");
            None
        }
        (Some("postgres"), None) => {
            r.invalid(
                "store.database_url",
                "is missing; store.backend postgres needs the address of its database",
            );
            None
        }
        (other, _) => {
            let message = format!("must be file or postgres, not {:?}", other.unwrap_or_default());
            r.unresolved(Rule::JobStore, "store.backend", message);
            None
        }
    };
    let listen_url = r.secret("store.listen_url");
    if let Some(url) = &listen_url {
        if database_url.is_none() {
            r.invalid("store.listen_url", "is given, but store.backend is file");
        } else if !is_address(url) {
            r.invalid("store.listen_url", "must begin with postgres:// or postgresql://");
        }
    }
    Store {
        lock_wait: r.count("store.lock_wait", 0, 3600),
        accept_loss_on_failover: r.flag("store.accept_loss_on_failover"),
        database_url,
        listen_url,
    }
}
