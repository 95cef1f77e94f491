//! What Mata keeps between statements: global variables, functions, structures, settings, open files.

use super::ast::Function;
use super::files::Files;
use super::value::{Cell, StructType};
use crate::session::Extension;
use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

/// The state of Mata in a session.
#[derive(Debug, Default)]
pub struct State {
    /// Global variables.
    pub globals: BTreeMap<String, Cell>,
    /// Functions that were defined.
    pub functions: BTreeMap<String, Arc<Function>>,
    /// Structures that were defined.
    pub structs: BTreeMap<String, Arc<StructType>>,
    /// `mata set`: names and values as they were set.
    pub settings: HashMap<String, String>,
    /// Open files.
    pub files: Files,
}

impl Extension for State {}

impl State {
    /// `mata set matastrict on`: variables must be declared.
    pub fn strict(&self) -> bool {
        self.settings.get("matastrict").is_some_and(|v| v == "on")
    }

    /// Drops variables, functions and structures; files are closed.
    pub fn clear(&mut self) {
        self.globals.clear();
        self.functions.clear();
        self.structs.clear();
        self.files = Files::default();
    }
}
