//! What a server does among those that share a store.

use serde::{Deserialize, Serialize};

/// Role of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// It answers requests and runs jobs.
    #[default]
    All,
    /// It answers requests.
    Api,
    /// It runs jobs.
    Worker,
}

impl Role {
    /// Every role.
    pub const EVERY: [Self; 3] = [Self::All, Self::Api, Self::Worker];

    /// Returns its word in settings and in the database.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::All => "all",
            Self::Api => "api",
            Self::Worker => "worker",
        }
    }

    /// Reads the word.
    pub fn parse(text: &str) -> Option<Self> {
        Self::EVERY.into_iter().find(|role| role.as_str() == text)
    }

    /// True for a server that runs jobs.
    pub const fn runs_jobs(self) -> bool {
        matches!(self, Self::All | Self::Worker)
    }

    /// True for a server that answers all requests of clients.
    pub const fn serves_clients(self) -> bool {
        matches!(self, Self::All | Self::Api)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roles_keep_their_words() {
        for role in Role::EVERY {
            assert_eq!(Role::parse(role.as_str()), Some(role));
            assert!(role.runs_jobs() || role.serves_clients());
        }
        assert_eq!(Role::parse("leader"), None);
        assert!(!Role::Api.runs_jobs() && !Role::Worker.serves_clients());
    }
}
