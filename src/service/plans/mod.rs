//! Plans: preview, freeze, list, revise.

mod draft_checks;
pub mod freeze_plan;
pub mod plan_list;
pub mod preview_plan;
mod preview_rows;
pub mod revise_plan;
mod value_checks;
