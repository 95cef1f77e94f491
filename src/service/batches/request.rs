//! A client's request for a batch, and its expansion into cells: the cross product of the axes, or an explicit list.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::axes::{Axes, CellRequest, Entry, MAX_LABEL};
use crate::domain::error::Problem;
use crate::domain::job::cell::CellChoice;
use crate::domain::plan::AcknowledgedCheck;
use crate::domain::template::TemplateMeta;
use crate::service::drafts::draft_request::{DraftRequest, Stated, apply_patch};

/// Longest title, in characters.
const MAX_TITLE: usize = 200;

/// The body of `POST /v1/jobs/{job_id}/batches`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct BatchRequest {
    /// Short name of the batch, at most 200 characters.
    pub title: Option<String>,
    /// The specification that every cell begins with, as the body of `PUT …/draft`; absent: the job's draft.
    pub base: Option<DraftRequest>,
    /// Axes of the cross product; not together with `cells`.
    pub axes: Option<Axes>,
    /// An explicit list of specifications; not together with `axes`.
    pub cells: Option<Vec<CellRequest>>,
    /// True: cells that cannot be frozen are listed with their reasons, and the others run.
    #[serde(default)]
    pub skip_invalid: bool,
    /// Column whose estimates the cells are compared by; absent: the treatment, else the first regressor.
    pub focus: Option<String>,
    /// Formats of tables and figures of every cell: csv, svg, log and do always; xlsx, docx, tex, pdf, png, dta on request.
    #[serde(default)]
    pub output_formats: Vec<String>,
    /// Seed of the random numbers of every cell, 0 to 2147483647.
    pub seed: Option<u32>,
    /// Checks whose failure is accepted in every cell, each with the reason.
    #[serde(default)]
    pub acknowledged_checks: Vec<AcknowledgedCheck>,
}

/// A cell before it is judged.
#[derive(Debug, Clone, PartialEq)]
pub struct CellSpec {
    /// What sets it apart.
    pub choices: Vec<CellChoice>,
    updates: Map<String, Value>,
    binds: BTreeSet<&'static str>,
}

impl CellSpec {
    /// Returns the statement of the cell.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for changes that are no part of a draft.
    pub fn stated(&self, base: &Stated) -> Result<Stated, Problem> {
        apply_patch(base, &self.updates)
    }

    /// Takes parameters out of a statement that fill a role which the cell's axes decide.
    pub fn free_roles(&self, stated: &mut Stated, meta: &TemplateMeta) {
        let decided = |name: &String| {
            let filled = meta.parameters.iter().find(|p| p.name == *name);
            filled.is_some_and(|p| self.binds.contains(p.bind.as_str()))
        };
        stated.statement.parameters.retain(|name, _| !decided(name) || self.updates_parameter(name));
    }

    fn updates_parameter(&self, name: &str) -> bool {
        self.updates.contains_key(&format!("parameters.{name}"))
    }
}

impl BatchRequest {
    /// Returns the cells in order: outcomes, templates, controls, samples, standard errors, parameters, the last varying
    /// fastest.
    ///
    /// # Errors
    /// `INPUT_VALIDATION_FAILED` for axes and cells together or neither, labels that repeat or are too long, more cells
    /// than `limit` (with `cells` and `limit`).
    pub fn cells(&self, limit: usize) -> Result<Vec<CellSpec>, Problem> {
        let mut errors = Vec::new();
        if self.title.as_ref().is_some_and(|title| title.chars().count() > MAX_TITLE) {
            errors.push(("title".to_owned(), format!("must have at most {MAX_TITLE} characters")));
        }
        let (path, axes) = match (&self.axes, &self.cells) {
            (Some(axes), None) => ("axes", axes.entries()),
            (None, Some(cells)) => ("cells", vec![("cells", cells.iter().map(CellRequest::entry).collect())]),
            (Some(_), Some(_)) => return Err(Problem::validation("cells", "state axes or cells, not both")),
            (None, None) => return Err(Problem::validation("axes", "state axes or cells")),
        };
        for (name, entries) in &axes {
            labels(&mut errors, path, name, entries);
        }
        let axes: Vec<Vec<Entry>> =
            axes.into_iter().map(|(_, entries)| entries).filter(|e| !e.is_empty()).collect();
        if axes.is_empty() {
            errors.push((path.to_owned(), "must name at least one choice".to_owned()));
        }
        if !errors.is_empty() {
            return Err(Problem::validation_all(errors));
        }
        let count = axes.iter().try_fold(1_usize, |n, entries| n.checked_mul(entries.len()));
        let count = count.unwrap_or(usize::MAX);
        if count > limit {
            let reason = format!("make {count} specifications; a batch has at most {limit}");
            return Err(Problem::validation(path, reason).with("cells", count).with("limit", limit));
        }
        Ok(product(&axes))
    }

    /// Returns the request as it is kept: without members that say nothing.
    pub fn kept(&self) -> Value {
        let mut value = json!(self);
        without_nulls(&mut value);
        value
    }
}

fn product(axes: &[Vec<Entry>]) -> Vec<CellSpec> {
    let empty = CellSpec { choices: Vec::new(), updates: Map::new(), binds: BTreeSet::new() };
    axes.iter().fold(vec![empty], |cells, entries| {
        let with = |cell: &CellSpec, entry: &Entry| {
            let mut next = cell.clone();
            next.choices.push(entry.choice.clone());
            next.updates.extend(entry.updates.clone());
            next.binds.extend(entry.binds);
            next
        };
        cells.iter().flat_map(|cell| entries.iter().map(|entry| with(cell, entry))).collect()
    })
}

fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(members) => {
            members.retain(|_, member| !member.is_null());
            members.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Checks that the labels of an axis are short and differ.
fn labels(errors: &mut Vec<(String, String)>, path: &str, name: &str, entries: &[Entry]) {
    let mut seen = BTreeSet::new();
    let place = if path == name { path.to_owned() } else { format!("{path}.{name}") };
    for (at, entry) in entries.iter().enumerate() {
        let label = entry.choice.label.as_str();
        if label.trim().is_empty() || label.chars().count() > MAX_LABEL {
            let reason = format!("must have a label of 1 to {MAX_LABEL} characters");
            errors.push((format!("{place}.{at}"), reason));
        } else if !seen.insert(label) {
            errors.push((
                format!("{place}.{at}"),
                format!("repeats {label:?}; give each choice its own label"),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::error::ErrorCode;

    fn request(value: Value) -> BatchRequest {
        serde_json::from_value(value).expect("a request")
    }

    fn base(value: Value) -> Stated {
        serde_json::from_value::<DraftRequest>(value).expect("a draft").read().expect("reads")
    }

    #[test]
    fn the_last_axis_varies_fastest_and_every_cell_says_its_choices() {
        let axes = json!({"outcomes": ["y", "z"], "controls": [{"columns": []}, {"label": "two", "columns": ["a", "b"]}]});
        let cells = request(json!({"axes": axes})).cells(4).expect("four cells");
        let labels: Vec<Vec<&str>> =
            cells.iter().map(|c| c.choices.iter().map(|choice| choice.label.as_str()).collect()).collect();
        assert_eq!(labels, [["y", "no controls"], ["y", "two"], ["z", "no controls"], ["z", "two"]]);
        let base =
            base(json!({"outcome_var": "w", "controls": ["c"], "sample_if": "c > 1", "template_id": "a.b"}));
        let stated = cells[3].stated(&base).expect("a draft");
        assert_eq!(stated.statement.roles["outcome_var"], ["z"]);
        assert_eq!(stated.statement.roles["controls"], ["a", "b"]);
        assert_eq!(
            (stated.statement.sample_if.as_deref(), stated.template_id.as_deref()),
            (Some("c > 1"), Some("a.b"))
        );
        assert!(!cells[0].stated(&base).expect("a draft").statement.roles.contains_key("controls"));
    }

    #[test]
    fn a_kind_of_standard_errors_decides_the_clusters_alone() {
        let axes = json!({"variance": [{"vce": "robust"}, {"vce": "cluster", "cluster_var": "firm"}]});
        let cells = request(json!({"axes": axes})).cells(9).expect("two cells");
        let base = base(json!({"cluster_var": "region", "parameters": {"vce": "cluster", "level": 90}}));
        let robust = cells[0].stated(&base).expect("a draft").statement;
        assert!(!robust.roles.contains_key("cluster_var"));
        assert_eq!(json!(robust.parameters), json!({"vce": "robust", "level": 90}));
        let clustered = cells[1].stated(&base).expect("a draft").statement;
        assert_eq!(clustered.roles["cluster_var"], ["firm"]);
        assert_eq!(cells[1].choices[0].label, "cluster by firm");
    }

    #[test]
    fn requests_that_say_nothing_too_much_or_the_same_twice_are_refused() {
        let refused = |value| request(value).cells(6).expect_err("refused");
        for (body, path) in [
            (json!({}), "axes"),
            (json!({"axes": {}}), "axes"),
            (json!({"cells": []}), "cells"),
            (json!({"axes": {"outcomes": ["y"]}, "cells": []}), "cells"),
            (json!({"axes": {"outcomes": ["y", "y"]}}), "axes.outcomes.1"),
            (json!({"axes": {"controls": [{"label": " ", "columns": []}]}}), "axes.controls.0"),
            (json!({"cells": [{"label": "a"}, {"label": "a"}]}), "cells.1"),
            (json!({"title": "x".repeat(201), "axes": {"outcomes": ["y"]}}), "title"),
        ] {
            let problem = refused(body.clone());
            assert_eq!(problem.code, ErrorCode::InputValidationFailed, "{body}");
            assert_eq!(problem.context["errors"][0]["path"], path, "{body}");
        }
        let many: Vec<String> = (0..7).map(|n| format!("y{n}")).collect();
        let problem = refused(json!({"axes": {"outcomes": many}}));
        assert_eq!((&problem.context["cells"], &problem.context["limit"]), (&json!(7), &json!(6)));
        let wide: Vec<Value> = (0..100_000).map(|n| json!({"condition": format!("x > {n}")})).collect();
        let axes = json!({"samples": wide, "outcomes": many, "templates": many, "variance": []});
        assert!(refused(json!({"axes": axes})).context["cells"].as_u64().is_some_and(|n| n == 4_900_000));
    }

    #[test]
    fn an_explicit_list_changes_the_base_as_a_patch_does() {
        let cells = json!([{"label": "plain"}, {"label": "log", "changes": {"outcome_var": "log_y", "parameters.level": 90}}]);
        let cells = request(json!({"cells": cells})).cells(2).expect("two cells");
        let base = base(json!({"outcome_var": "y"}));
        assert_eq!(cells[0].stated(&base).expect("a draft"), base);
        assert_eq!(cells[1].stated(&base).expect("a draft").statement.roles["outcome_var"], ["log_y"]);
        let odd =
            request(json!({"cells": [{"label": "x", "changes": {"nonsense": 1}}]})).cells(1).expect("a cell");
        let refused = odd[0].stated(&base).expect_err("no part of a draft");
        assert_eq!(refused.code, ErrorCode::InputValidationFailed);
    }
}
