//! What servers of one store tell each other about their settings: a digest, and fingerprints of the keys that all must have.
//! No value of a setting can be had from them.

use std::fmt;

/// Digits of the fingerprint of a key.
pub const PRINT_DIGITS: usize = 16;

/// The settings of a server that all should have in common.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CommonSettings {
    /// Digest of those that are no secret.
    pub sha256: String,
    /// The keys; absent in the row of an earlier release, which does not tell them.
    pub keys: Option<KeyPrints>,
}

/// Fingerprints of keys, the one that signs first; empty for keys that a server made for itself.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KeyPrints {
    /// Of `tokens.link_keys`.
    pub links: Vec<String>,
    /// Of `webhooks.keys`.
    pub webhooks: Vec<String>,
}

impl CommonSettings {
    /// Reads what [`fmt::Display`] writes, or the digest alone.
    pub fn parse(text: &str) -> Self {
        let mut words = text.split(' ');
        let sha256 = words.next().unwrap_or_default().to_owned();
        let mut list = |name: &str| {
            let prints = words.next()?.strip_prefix(name)?.strip_prefix('=')?;
            Some(prints.split(',').filter(|print| !print.is_empty()).map(str::to_owned).collect())
        };
        let keys = list("links").zip(list("webhooks")).map(|(links, webhooks)| KeyPrints { links, webhooks });
        Self { sha256, keys }
    }
}

impl fmt::Display for CommonSettings {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sha256)?;
        match &self.keys {
            Some(KeyPrints { links, webhooks }) => {
                write!(f, " links={} webhooks={}", links.join(","), webhooks.join(","))
            }
            None => Ok(()),
        }
    }
}

impl KeyPrints {
    /// Returns the settings whose keys do not go together with those of another server: what one of them signs is strange
    /// to the other. Links are compared only where both answer clients.
    pub fn strange_to(&self, other: &Self, both_serve_clients: bool) -> Vec<&'static str> {
        let known = |list: &[String], key: Option<&String>| key.is_some_and(|key| list.contains(key));
        let strange = |a: &[String], b: &[String]| !(known(b, a.first()) && known(a, b.first()));
        let links = both_serve_clients && strange(&self.links, &other.links);
        let webhooks = strange(&self.webhooks, &other.webhooks);
        let found = [(links, "tokens.link_keys"), (webhooks, "webhooks.keys")];
        found.into_iter().filter_map(|(is_strange, name)| is_strange.then_some(name)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prints(links: &[&str], webhooks: &[&str]) -> KeyPrints {
        let owned = |list: &[&str]| list.iter().map(|one| (*one).to_owned()).collect();
        KeyPrints { links: owned(links), webhooks: owned(webhooks) }
    }

    #[test]
    fn settings_are_read_as_they_were_written_and_an_earlier_release_tells_no_keys() {
        for keys in [prints(&["a1", "b2"], &["c3"]), prints(&[], &[])] {
            let settings = CommonSettings { sha256: "0f".to_owned(), keys: Some(keys) };
            assert_eq!(CommonSettings::parse(&settings.to_string()), settings);
        }
        let earlier = CommonSettings { sha256: "0f".to_owned(), keys: None };
        assert_eq!(CommonSettings::parse("0f"), earlier);
        assert_eq!(earlier.to_string(), "0f");
    }

    #[test]
    fn keys_go_together_where_each_server_knows_the_one_that_the_other_signs_with() {
        let (old, new) = (prints(&["old"], &["w"]), prints(&["new", "old"], &["w"]));
        assert_eq!(old.strange_to(&old, true), [""; 0]);
        assert_eq!(prints(&["a", "b"], &["w"]).strange_to(&prints(&["b", "a"], &["w"]), true), [""; 0]);
        // a new key signs before every server has it
        assert_eq!(new.strange_to(&old, true), ["tokens.link_keys"]);
        assert_eq!(old.strange_to(&new, true), ["tokens.link_keys"]);
        assert_eq!(old.strange_to(&new, false), [""; 0]);
        assert_eq!(old.strange_to(&prints(&["old"], &["v"]), true), ["webhooks.keys"]);
        // servers that made their own have nothing in common, though both tell nothing
        let own = prints(&[], &[]);
        assert_eq!(own.strange_to(&own, true), ["tokens.link_keys", "webhooks.keys"]);
    }
}
