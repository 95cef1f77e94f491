//! Latent variables behind several responses: item response models ([IRT]), latent classes ([SEM] gsem) and linear
//! structural equation models ([SEM] sem).

mod gsem;
mod gsem_post;
mod gsem_show;
mod gsem_state;
mod irt;
mod irt_items;
mod irt_model;
mod irt_predict;
mod irt_report;
mod irt_show;
mod irtgraph;
mod sample;
mod sem;
mod sem_effects;
mod sem_fit;
mod sem_ginvariant;
mod sem_gof;
mod sem_groups;
mod sem_mindices;
mod sem_model;
mod sem_names;
mod sem_numbers;
mod sem_options;
mod sem_paths;
mod sem_predict;
mod sem_show;
mod sem_state;

use super::CommandSpec;
use crate::error::Result;
use crate::ops::estat::Call;
use crate::ops::predict::Own;
use crate::session::Session;

/// Commands of this family.
pub(super) const TABLE: &[CommandSpec] = &[gsem::SPEC, irt::SPEC, irtgraph::SPEC, sem::SPEC];

/// `predict` after commands of this family.
pub(super) fn predict(cmd: &str) -> Option<Own> {
    match cmd {
        "irt" => Some((&irt_predict::SYNTAX, irt_predict::run)),
        "gsem" => Some((&gsem_post::SYNTAX, gsem_post::predict)),
        "sem" => Some((&sem_predict::SYNTAX, sem_predict::run)),
        _ => None,
    }
}

/// `estat` of this family.
pub(super) fn estat(s: &mut Session, word: &str, call: &dyn Fn(&str) -> Call) -> Option<Result<()>> {
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    if s.e.cmd() == "sem" {
        return match word {
            "gof" => Some(sem_gof::gof(s, &call("gof"))),
            "ggof" => Some(sem_ginvariant::ggof(s, &call("ggof"))),
            _ if is("ginvariant", 3) => Some(sem_ginvariant::ginvariant(s, &call("ginvariant"))),
            _ if is("eqgof", 3) => Some(sem_gof::eqgof(s, &call("eqgof"))),
            _ if is("mindices", 2) => Some(sem_mindices::mindices(s, &call("mindices"))),
            _ if is("framework", 2) => Some(sem_mindices::framework(s, &call("framework"))),
            _ if is("teffects", 2) => Some(sem_effects::teffects(s, &call("teffects"))),
            _ => None,
        };
    }
    if s.e.cmd() != "gsem" {
        return None;
    }
    let irt = s.e.results.get_text("cmd2") == Some("irt");
    match word {
        _ if irt && is("report", 3) => Some(irt_report::estat(s, &call("report"))),
        "lcprob" if !irt => Some(gsem_post::probabilities(s, &call("lcprob"), false)),
        "lcmean" if !irt => Some(gsem_post::probabilities(s, &call("lcmean"), true)),
        "lcgof" if !irt => Some(gsem_post::goodness(s, &call("lcgof"))),
        _ => None,
    }
}
