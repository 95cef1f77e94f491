//! Drafts of the analysis, stated by the client or written by a language model.

pub mod choose_template;
pub mod draft_parts;
pub mod draft_request;
pub mod draft_view;
mod joined;
pub mod model_draft;
pub mod state_draft;
pub mod suggest_draft;
