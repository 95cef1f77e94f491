//! Rules on what selection reads, and on the sample data's parameters.

use std::collections::BTreeSet;

use super::Report;
use crate::domain::ids::TemplateId;
use crate::domain::template::{ParameterType, TemplateMeta};
use crate::library::terms::{OTHER_BINDS, QUESTION_KINDS, SHAPES};
use crate::library::{facts, tokens};

pub(super) fn check(meta: &TemplateMeta, report: &mut Report) {
    let selection = &meta.selection;
    report.rule(!meta.shape.is_empty(), || "shape is empty".to_owned());
    for shape in &meta.shape {
        report.one_of("shape", shape, SHAPES);
    }
    report.rule(!selection.keywords.en.is_empty(), || "selection.keywords.en is empty".to_owned());
    report.rule(!selection.keywords.zh.is_empty(), || "selection.keywords.zh is empty".to_owned());
    report.rule(!selection.question_kinds.is_empty(), || "selection.question_kinds is empty".to_owned());
    for kind in &selection.question_kinds {
        report.one_of("selection.question_kinds", kind, QUESTION_KINDS);
    }
    let chinese = |text: &String| text.chars().any(tokens::is_han);
    let both = selection.questions.iter().any(chinese) && !selection.questions.iter().all(chinese);
    report.rule(both, || "selection.questions needs examples in English and in Chinese".to_owned());
    for exclusion in &selection.excludes {
        let known = facts::is_known(&exclusion.fact);
        report.rule(known, || format!("selection.excludes: {} is not a fact", exclusion.fact));
    }
    for id in &selection.prefer_over {
        let valid = TemplateId::parse(id.as_str()).is_ok() && id != meta.id.as_str();
        report.rule(valid, || format!("selection.prefer_over: {id:?} is not another template"));
    }
    let needed: BTreeSet<&str> = meta
        .parameters
        .iter()
        .filter(|p| p.required && !OTHER_BINDS.contains(&p.bind.as_str()))
        .map(|p| p.bind.as_str())
        .collect();
    let stated: BTreeSet<&str> = selection.roles.iter().map(String::as_str).collect();
    report.rule(needed == stated, || {
        let list = needed.iter().copied().collect::<Vec<_>>().join(", ");
        format!("selection.roles must be the binds of the required columns: {list}")
    });
    sample_parameters(meta, report);
}

fn sample_parameters(meta: &TemplateMeta, report: &mut Report) {
    let given = &meta.sample_data.parameters;
    for name in given.keys() {
        let known = meta.parameters.iter().any(|p| p.name == *name);
        report.rule(known, || format!("sample_data.parameters names {name:?}, which is no parameter"));
    }
    for parameter in meta.parameters.iter().filter(|p| p.required) {
        report.rule(given.contains_key(&parameter.name), || {
            format!("sample_data.parameters lacks the required {}", parameter.name)
        });
    }
    for parameter in &meta.parameters {
        let Some(value) = given.get(&parameter.name) else { continue };
        let fits = match parameter.kind {
            ParameterType::Varname | ParameterType::Condition => value.is_string(),
            ParameterType::Varlist | ParameterType::Terms => value.is_array(),
            _ => crate::domain::params::check_value(parameter, value, &[]).is_ok(),
        };
        report.rule(fits, || format!("sample_data.parameters.{} does not fit its type", parameter.name));
    }
}
