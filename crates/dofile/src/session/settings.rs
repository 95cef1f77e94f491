//! Values of `set` that have a meaning in this engine.

use crate::frame::StorageType;

/// Settings with Stata's batch defaults.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Width of output lines.
    pub linesize: usize,
    /// Default confidence level in percent.
    pub level: f64,
    /// Variable names may be abbreviated.
    pub varabbrev: bool,
    /// Default storage type of `generate`.
    pub default_type: StorageType,
    /// `set sortseed`.
    pub sortseed: u64,
    /// Language version (`version`), as 100 × number.
    pub version: u32,
    /// `set scheme`.
    pub scheme: String,
    /// Directories searched for ado-files, the first match wins.
    pub adopath: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            linesize: 80,
            level: 95.0,
            varabbrev: true,
            default_type: StorageType::Float,
            sortseed: 1,
            version: 1800,
            scheme: "stcolor".into(),
            adopath: Vec::new(),
        }
    }
}
