//! The data sets of a session besides the current one (`frame`).

use crate::frame::Frame;
use std::collections::BTreeMap;

/// The name of the current frame, and the frames that are not current.
#[derive(Debug)]
pub struct Frames {
    /// Name of the current frame.
    pub current: String,
    /// The other frames by name.
    pub others: BTreeMap<String, Frame>,
}

impl Default for Frames {
    fn default() -> Self {
        Self { current: "default".into(), others: BTreeMap::new() }
    }
}
