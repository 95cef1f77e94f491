//! The texts of a run, made by the library from the frozen plan and its frozen template.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::domain::canonical::sha256_hex;
use crate::domain::plan::Plan;
use crate::library::idioms::{Idioms, reached};
use crate::library::load::hash_of_files;
use crate::library::render::{RunFacts, render};
use crate::library::{Library, Template};
use crate::worker::{MainDo, RunTexts, TextFacts};

/// Renders plans with the loaded library's idioms.
pub(super) struct LibraryTexts(pub Arc<Library>);

impl RunTexts for LibraryTexts {
    fn main_do(&self, plan: &Plan, meta: &[u8], body: &[u8], facts: &TextFacts) -> Result<MainDo, String> {
        let template = Template {
            meta: serde_json::from_slice(meta).map_err(|e| e.to_string())?,
            meta_bytes: meta.to_vec(),
            meta_sha256: sha256_hex(meta),
            body: body.to_vec(),
            body_sha256: sha256_hex(body),
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

    fn ado(
        &self,
        plan: &Plan,
        frozen: Option<&[u8]>,
        main_do: &[u8],
    ) -> Result<Vec<(String, Vec<u8>)>, String> {
        let frozen: Option<Idioms> = match frozen {
            Some(bundle) => {
                let texts: BTreeMap<String, String> = serde_json::from_slice(bundle)
                    .map_err(|e| format!("the frozen idioms are damaged: {e}"))?;
                Some(texts.into_iter().map(|(name, text)| (name, text.into_bytes())).collect())
            }
            None => None,
        };
        let idioms = frozen.as_ref().unwrap_or_else(|| self.0.ado_files());
        if hash_of_files(idioms) != plan.template.ado_sha256 {
            return Err(
                "the idioms differ from those that the plan was frozen with; freeze it again".to_owned()
            );
        }
        let needed = reached(main_do, idioms).into_iter();
        Ok(needed.map(|(name, bytes)| (name.to_owned(), bytes.to_vec())).collect())
    }
}
