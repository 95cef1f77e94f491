//! The frozen templates of lately run plans, by their hashes: jobs of one analysis share them, and each run needs its own
//! three times.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::FrozenTemplate;
use crate::domain::plan::Plan;

/// Most templates that are kept; a library has fewer.
const MOST: usize = 512;

/// Hashes of a template's meta and body.
type Hashes = (String, String);

/// The templates.
#[derive(Debug, Default)]
pub(super) struct TemplateCache(Mutex<HashMap<Hashes, Arc<FrozenTemplate>>>);

impl TemplateCache {
    fn templates(&self) -> MutexGuard<'_, HashMap<Hashes, Arc<FrozenTemplate>>> {
        // single insertions only: a panic elsewhere leaves nothing half changed
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the template of a plan, which `read` gets and checks where it is not here.
    ///
    /// # Errors
    /// Those of `read`.
    pub(super) fn get<E>(
        &self,
        plan: &Plan,
        read: impl FnOnce() -> Result<FrozenTemplate, E>,
    ) -> Result<Arc<FrozenTemplate>, E> {
        let hashes = (plan.template.meta_sha256.clone(), plan.template.sha256.clone());
        if let Some(template) = self.templates().get(&hashes) {
            return Ok(Arc::clone(template));
        }
        let template = Arc::new(read()?);
        let mut templates = self.templates();
        if templates.len() >= MOST {
            templates.clear();
        }
        templates.insert(hashes, Arc::clone(&template));
        Ok(template)
    }
}
