//! The closed lists of the template contract: families, binds, question kinds, data shapes and run-time
//! checks with their default severity (`docs/library.md`).

/// The families that templates belong to.
pub const FAMILIES: &[&str] = &[
    "accounting",
    "bayes",
    "causal",
    "data",
    "desc",
    "did",
    "finance",
    "iv",
    "limited",
    "linear",
    "medical",
    "ml",
    "multilevel",
    "multivariate",
    "panel",
    "plot",
    "power",
    "prep",
    "rd",
    "report",
    "spatial",
    "survey",
    "survival",
    "test",
    "ts",
];

/// Binds that columns fill: the roles of a draft.
pub const ROLES: &[&str] = &[
    "outcome_var",
    "treatment_var",
    "regressors",
    "controls",
    "fixed_effects",
    "interaction_terms",
    "focal_var",
    "moderator_var",
    "mediator_var",
    "group_var",
    "row_var",
    "col_var",
    "item_vars",
    "entity_var",
    "time_var",
    "post_var",
    "event_time",
    "adopt_time_var",
    "duration_var",
    "failure_var",
    "cluster_var",
    "strata_var",
    "psu_var",
    "weight_var",
    "endogenous_vars",
    "instrument_vars",
    "running_var",
    "key_vars",
];

/// Binds that are no roles.
pub const OTHER_BINDS: &[&str] = &["sample", "option", "seed"];

/// Binds whose parameters are terms of a model: a text column there needs a numeric companion.
pub const MODEL_TERMS: &[&str] = &[
    "treatment_var",
    "regressors",
    "controls",
    "focal_var",
    "moderator_var",
    "mediator_var",
    "post_var",
    "endogenous_vars",
    "instrument_vars",
];

/// Kinds of questions.
pub const QUESTION_KINDS: &[&str] = &[
    "prepare",
    "describe",
    "compare_groups",
    "associate",
    "effect",
    "predict",
    "classify_units",
    "reduce_dimensions",
    "agreement",
    "time_to_event",
    "forecast",
    "sample_size",
    "visualise",
    "report",
];

/// Shapes of data.
pub const SHAPES: &[&str] = &["cross_section", "panel", "time_series", "survival"];

/// Levels of templates; the lower is preferred.
pub const LEVELS: &[&str] = &["basic", "standard", "expert"];

/// Checks whose default severity is a failure.
const FAILURES: &[&str] = &[
    "no_obs",
    "non_numeric",
    "dup_key",
    "key_type",
    "no_match",
    "stub_absent",
    "nonconstant_in_unit",
    "type_conflict",
    "name_taken",
    "bounds_order",
    "too_few_values",
    "zero_spread",
    "one_level",
    "two_levels",
    "empty_cell",
    "too_many_levels",
    "table_too_large",
    "not_binary",
    "not_integer",
    "neg_values",
    "outside_unit",
    "outside_limits",
    "converge",
    "panel_unset",
    "unbalanced",
    "no_within",
    "too_few_periods",
    "underidentified",
    "few_near_cutoff",
    "window_too_long",
    "no_events",
    "too_many_obs",
    "nonpos_weights",
];

/// Checks of a plan alone, which a client may acknowledge and no run makes.
pub const OF_PLANS: &[&str] = &["swapped_panel"];

/// Checks whose default severity is a warning.
const WARNINGS: &[&str] = &[
    "missing_loss",
    "all_missing",
    "overlap_vars",
    "conflict_in_dups",
    "no_missing",
    "ties_at_cut",
    "small_group",
    "sparse_cells",
    "unequal_var",
    "size_out_of_range",
    "collinear",
    "few_df",
    "few_clusters",
    "linear_probability",
    "singleton_groups",
    "perfect_pred",
    "boundary",
    "none_censored",
    "none_zero",
    "no_exclusion",
    "sample_changes",
    "extrapolation",
    "turning_outside",
    "post_selection",
    "failed_reps",
    "few_reps",
    "gap_time",
    "trading_days",
    "hausman_negative",
    "not_definite",
    "too_many_instruments",
    "ar2",
    "quadrature",
    "weak_iv",
    "overid_reject",
    "staggered",
    "no_never_treated",
    "overlap",
    "poor_prefit",
    "heaping",
    "density_jump",
    "noninvertible",
    "unstable",
    "not_integrated",
    "full_rank",
    "tests_disagree",
    "serial_correlation",
    "rank_zero",
    "few_events",
    "ph_violation",
    "heywood",
    "second_dimension",
    "small_class",
    "local_maxima",
    "negative_item",
    "level_mismatch",
    "word_order",
    "too_few_studies",
    "single_psu",
    "island",
];

/// Returns the ids of all run-time checks.
pub fn check_ids() -> impl Iterator<Item = &'static str> {
    FAILURES.iter().chain(WARNINGS).copied()
}

/// Returns the default severity of a run-time check, `None` for an unknown id.
pub fn check_severity(id: &str) -> Option<&'static str> {
    if FAILURES.contains(&id) {
        Some("fail")
    } else if WARNINGS.contains(&id) {
        Some("warn")
    } else {
        None
    }
}
