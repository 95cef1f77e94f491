//! Drafts and plans: expressions, binding, preview, freeze.

mod asked;
mod binding_freeze;
mod certain_refusals;
mod concurrency;
mod derived_variables;
mod drafts_plans;
mod expression_hints;
mod expression_meaning;
mod expression_printing;
mod expression_refusals;
mod files_as_they_are;
mod plan_preview;
mod suggested_categories;
mod suggested_commands;
mod suggested_conditions;
mod suggested_designs;
mod suggested_drafts;
mod suggested_journeys;
mod suggested_library;
mod suggested_repairs;
mod suggested_rows;
mod suggested_scores;
mod suggested_settings;
mod suggested_values;
mod suggested_within;
mod unknown_names;
