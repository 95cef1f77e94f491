//! The collections in memory by name, one of them current ([TABLES] collect set).

use super::items::Collection;
use super::sheet::Sheet;
use crate::error::{Result, StataError};
use crate::session::{Extension, Session};
use std::borrow::Cow;

/// The collections in memory.
#[derive(Clone, Debug)]
pub(crate) struct Collections {
    all: Vec<Collection>,
    current: String,
    /// A table of another command that `collect export` writes instead of the current collection.
    lent: Option<Sheet>,
}

impl Default for Collections {
    fn default() -> Self {
        Self { all: vec![Collection::new("default")], current: "default".to_string(), lent: None }
    }
}

impl Extension for Collections {}

impl Collections {
    /// The collections of a session.
    pub(crate) fn of(s: &mut Session) -> &mut Self {
        s.extensions.state()
    }

    /// The collections of a session to read.
    pub(crate) fn read(s: &Session) -> Cow<'_, Self> {
        s.extensions.get().map_or_else(|| Cow::Owned(Self::default()), Cow::Borrowed)
    }

    pub(crate) fn find(&self, name: &str) -> Option<&Collection> {
        self.all.iter().find(|c| c.name == name)
    }

    /// A collection by its name; the current one without.
    pub(crate) fn named<'a>(s: &'a mut Session, name: Option<&str>) -> Result<&'a mut Collection> {
        let all = Self::of(s);
        let name = name.map_or_else(|| all.current.clone(), str::to_string);
        let none = || StataError::new(111, format!("collection {name} not found"));
        if name == all.current {
            return Ok(all.slot(&name));
        }
        all.all.iter_mut().find(|c| c.name == name).ok_or_else(none)
    }

    fn slot(&mut self, name: &str) -> &mut Collection {
        let at = match self.all.iter().position(|c| c.name == name) {
            Some(at) => at,
            None => {
                self.all.push(Collection::new(name));
                self.all.len() - 1
            }
        };
        &mut self.all[at]
    }

    pub(crate) fn current_name(&self) -> &str {
        &self.current
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.all.iter().any(|c| c.name == name)
    }

    pub(crate) fn all(&self) -> &[Collection] {
        &self.all
    }

    /// Puts a collection in the place of the one of its name and makes it current.
    pub(crate) fn put(&mut self, c: Collection) {
        self.current.clone_from(&c.name);
        let name = c.name.clone();
        *self.slot(&name) = c;
    }

    /// Makes a collection current; an unknown one is made.
    pub(crate) fn set(&mut self, name: &str) {
        self.slot(name);
        self.current = name.to_string();
    }

    /// Removes a collection; `default` becomes current where it was.
    pub(crate) fn remove(&mut self, name: &str) -> Option<Collection> {
        let at = self.all.iter().position(|c| c.name == name)?;
        if self.current == name {
            self.current = "default".to_string();
        }
        Some(self.all.remove(at))
    }

    /// Lends a table to `collect export`.
    pub(crate) fn lend(&mut self, sheet: Option<Sheet>) {
        self.lent = sheet;
    }

    pub(crate) fn lent(&self) -> Option<&Sheet> {
        self.lent.as_ref()
    }
}
