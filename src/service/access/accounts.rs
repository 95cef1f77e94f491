//! Administrators according to the settings: the bootstrap key and the one account with a password. They
//! are replaced as a unit when the settings are reloaded; keys in the store are not part of it.

use argon2::Argon2;
use argon2::password_hash::PasswordVerifier;
use argon2::password_hash::phc::PasswordHash;
use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;

use crate::domain::canonical::sha256_hex;
use crate::domain::ids::KeyId;

/// The administrator's key of the configuration, accepted until it is revoked in the store.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BootstrapKey {
    /// Public id, the middle part of `ssk_<id>_<secret>`.
    pub key_id: KeyId,
    /// SHA-256 (hex) of the secret.
    pub secret_sha256: String,
}

/// The account of the configuration.
#[derive(Debug, Clone)]
pub struct AdminAccount {
    /// Name of the login.
    pub username: String,
    /// argon2id in PHC form.
    pub password_hash: SecretString,
}

/// Administrators according to the settings.
#[derive(Debug, Clone, Default)]
pub struct Accounts {
    /// `None` where the settings have no bootstrap key.
    pub bootstrap_key: Option<BootstrapKey>,
    /// `None` where the settings have no account: every login fails.
    pub admin: Option<AdminAccount>,
}

/// Stands for the account where there is none, so that a login takes its time in any case. Nobody knows a
/// password of it: the hash is all zeros.
const NOBODY: &str =
    "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";

impl AdminAccount {
    /// Returns a fingerprint of this account with this password.
    pub fn fingerprint(&self) -> String {
        sha256_hex(format!("{}\0{}", self.username, self.password_hash.expose_secret()))
    }
}

impl PartialEq for AdminAccount {
    fn eq(&self, other: &Self) -> bool {
        self.fingerprint() == other.fingerprint()
    }
}

impl PartialEq for Accounts {
    fn eq(&self, other: &Self) -> bool {
        self.bootstrap_key == other.bootstrap_key && self.admin == other.admin
    }
}

impl Accounts {
    /// True if name and password are the account's. Takes the time of one hash whatever the answer; blocks.
    pub fn admits(&self, username: &str, password: &SecretString) -> bool {
        let stored = self.admin.as_ref().map_or(NOBODY, |account| account.password_hash.expose_secret());
        let Ok(hash) = PasswordHash::new(stored) else { return false };
        let password_fits =
            Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
        let name_fits = self.admin.as_ref().is_some_and(|account| {
            bool::from(sha256_hex(&account.username).as_bytes().ct_eq(sha256_hex(username).as_bytes()))
        });
        password_fits & name_fits
    }
}

/// True if a text is a hash that [`Accounts::admits`] can check.
pub fn is_password_hash(text: &str) -> bool {
    PasswordHash::new(text).is_ok_and(|hash| hash.algorithm.as_str() == "argon2id" && hash.hash.is_some())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of the reference implementation's test vectors (phc-winner-argon2, src/test.c, version 0x13, argon2id,
    /// t=2, m=2^8, p=1): "password" with the salt "somesalt".
    const REFERENCE: &str =
        "$argon2id$v=19$m=256,t=2,p=1$c29tZXNhbHQ$nf65EOgLrQMR/uIPnA4rEsF5h7TKyQwu9U1bMCHGi/4";

    fn accounts() -> Accounts {
        let admin = AdminAccount { username: "ops".to_owned(), password_hash: REFERENCE.to_owned().into() };
        Accounts { bootstrap_key: None, admin: Some(admin) }
    }

    #[test]
    fn only_the_accounts_name_and_password_are_admitted() {
        let admits = |name: &str, password: &str| accounts().admits(name, &password.to_owned().into());
        assert!(admits("ops", "password"));
        for (name, password) in
            [("ops", "Password"), ("ops", ""), ("Ops", "password"), ("", ""), ("admin", "admin")]
        {
            assert!(!admits(name, password), "{name} {password}");
        }
        assert!(is_password_hash(REFERENCE) && is_password_hash(NOBODY));
        assert!(
            !is_password_hash("$argon2id$x") && !is_password_hash(&REFERENCE.replace("argon2id", "argon2i"))
        );
    }

    #[test]
    fn without_an_account_nobody_is_admitted() {
        for (name, password) in [("", ""), ("admin", "admin")] {
            assert!(!Accounts::default().admits(name, &password.to_owned().into()));
        }
    }

    #[test]
    fn another_password_is_another_account() {
        let mut changed = accounts();
        assert_eq!(changed, accounts());
        let other = REFERENCE.replace("nf65", "nf66");
        changed.admin.as_mut().expect("set").password_hash = other.into();
        assert_ne!(changed, accounts());
    }
}
