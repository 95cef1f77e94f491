//! The texts of a run, made by the library from the frozen plan and its frozen template.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::plan::Plan;
use crate::library::idioms::{CallGraph, Idioms};
use crate::library::load::hash_of_files;
use crate::library::render::{RunFacts, render};
use crate::library::{Library, Template};
use crate::worker::{FrozenTemplate, MainDo, RunTexts, TextFacts};

/// Renders plans with the loaded library's idioms.
pub(super) struct LibraryTexts(pub Arc<Library>);

impl RunTexts for LibraryTexts {
    fn main_do(&self, plan: &Plan, template: &FrozenTemplate, facts: &TextFacts) -> Result<MainDo, String> {
        let template = Template {
            meta: template.meta.clone(),
            meta_bytes: template.meta_bytes.clone(),
            meta_sha256: plan.template.meta_sha256.clone(),
            body: template.body.clone(),
            body_sha256: plan.template.sha256.clone(),
        };
        let facts = RunFacts {
            run_id: facts.run_id.clone(),
            n1: facts.n1.clone(),
            n2: facts.n2.clone(),
            processors: facts.processors,
            memory_mb: facts.memory_mb,
            scheme: self.0.scheme().to_owned(),
        };
        let made = render(plan, &template, &facts).map_err(|e| e.to_string())?;
        Ok(MainDo {
            bytes: made.bytes,
            body_offset: made.body_offset as u64,
            body_bytes: made.body_len as u64,
        })
    }

    fn needs_frozen_idioms(&self, plan: &Plan) -> bool {
        plan.template.ado_sha256 != self.0.ado_sha256()
    }

    fn ado(
        &self,
        plan: &Plan,
        frozen: Option<&[u8]>,
        main_do: &[u8],
    ) -> Result<Vec<(String, Vec<u8>)>, String> {
        let owned = |needed: Vec<(&str, &[u8])>| {
            needed.into_iter().map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect()
        };
        if !self.needs_frozen_idioms(plan) {
            return Ok(owned(self.0.reached(main_do)));
        }
        let texts: BTreeMap<String, String> = match frozen {
            Some(bundle) => {
                serde_json::from_slice(bundle).map_err(|e| format!("the frozen idioms are damaged: {e}"))?
            }
            None => BTreeMap::new(),
        };
        let idioms: Idioms = texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect();
        if hash_of_files(&idioms) != plan.template.ado_sha256 {
            return Err(
                "the idioms differ from those that the plan was frozen with; freeze it again".to_owned()
            );
        }
        Ok(owned(CallGraph::of(&idioms).reached(main_do, &idioms)))
    }
}
