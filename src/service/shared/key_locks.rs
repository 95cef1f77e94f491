//! Locks by key, within this process: for work that would only be repeated where two do it at once.

use std::collections::HashMap;
use std::hash::Hash;
use std::sync::{Arc, Mutex, PoisonError};

/// One lock for each key that somebody holds or waits for.
#[derive(Debug)]
pub struct KeyLocks<K>(Mutex<HashMap<K, Arc<tokio::sync::Mutex<()>>>>);

impl<K> Default for KeyLocks<K> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<K: Clone + Eq + Hash> KeyLocks<K> {
    /// Returns the lock of a key; those of others that nobody uses any more are forgotten.
    pub fn lock_of(&self, key: &K) -> Arc<tokio::sync::Mutex<()>> {
        let mut locks = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        locks.retain(|_, lock| Arc::strong_count(lock) > 1);
        Arc::clone(locks.entry(key.clone()).or_default())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_has_one_lock_as_long_as_it_is_used() {
        let locks = KeyLocks::<String>::default();
        let held = locks.lock_of(&"a".to_owned());
        assert!(Arc::ptr_eq(&held, &locks.lock_of(&"a".to_owned())));
        assert!(!Arc::ptr_eq(&held, &locks.lock_of(&"b".to_owned())));
        drop(held);
        drop(locks.lock_of(&"c".to_owned()));
        assert_eq!(locks.0.lock().expect("no panic").len(), 1);
    }
}
