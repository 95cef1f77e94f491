//! Plans: preview, freeze, list, revise.

mod draft_checks;
mod expression_checks;
pub mod freeze_plan;
pub mod plan_list;
pub mod preview_plan;
mod preview_rows;
mod refused_checks;
pub mod revise_plan;
mod value_checks;
