//! A provider's key that can be replaced while the service runs: anyone who holds a clone sees the new one.

use std::sync::Arc;

use arc_swap::ArcSwap;
use secrecy::{ExposeSecret, SecretString};

/// The key in force.
#[derive(Clone)]
pub struct LiveKey(Arc<ArcSwap<SecretString>>);

impl std::fmt::Debug for LiveKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("LiveKey([redacted])")
    }
}

impl From<SecretString> for LiveKey {
    fn from(key: SecretString) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(key)))
    }
}

impl From<String> for LiveKey {
    fn from(key: String) -> Self {
        SecretString::from(key).into()
    }
}

impl LiveKey {
    /// Returns the key; read it for each request.
    pub fn read(&self) -> Arc<SecretString> {
        self.0.load_full()
    }

    /// Puts another key in force; true if it is another one.
    pub fn replace(&self, other: &Self) -> bool {
        let (old, new) = (self.read(), other.read());
        let changed = old.expose_secret() != new.expose_secret();
        if changed {
            self.0.store(new);
        }
        changed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_holder_sees_the_new_key_and_nobody_prints_it() {
        let (key, new) = (LiveKey::from("sk-old".to_owned()), LiveKey::from("sk-new".to_owned()));
        let holder = key.clone();
        assert!(key.replace(&new) && !key.replace(&new));
        assert_eq!(holder.read().expose_secret(), "sk-new");
        assert!(!format!("{holder:?}").contains("sk-"));
    }
}
