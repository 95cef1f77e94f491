//! Rules on the declaration of parameters, on their defaults, and on the rules between them.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Report, bilingual};
use crate::domain::encode::SafeText;
use crate::domain::parameter_test::ParameterTest;
use crate::domain::params;
use crate::domain::profile::KINDS;
use crate::domain::template::{Parameter, ParameterType, TemplateMeta};
use crate::library::terms::{OTHER_BINDS, ROLES};

/// `p_` in front and `_iso` behind still fit the 31 characters of a local's name.
const MAX_NAME: usize = 24;

pub(super) fn check(meta: &TemplateMeta, report: &mut Report) {
    let names: BTreeSet<&str> = meta.parameters.iter().map(|p| p.name.as_str()).collect();
    report.rule(names.len() == meta.parameters.len(), || "two parameters have one name".to_owned());
    let mut binds = BTreeSet::new();
    for parameter in &meta.parameters {
        one(parameter, &names, report);
        if parameter.bind != "option" {
            let first = binds.insert(parameter.bind.as_str());
            report.rule(first, || format!("bind {} occurs twice", parameter.bind));
        }
    }
    sample(meta, report);
    seed(meta, report);
    for rule in &meta.rules {
        report.rule(!rule.message.trim().is_empty(), || "a rule has no message".to_owned());
        let test = rule.when.as_deref().map(|text| ParameterTest::parse(text).name);
        let lists = rule.then_required.iter().chain(&rule.then_forbidden).chain(&rule.disjoint);
        for name in lists.map(String::as_str).chain(test) {
            report.rule(names.contains(name), || format!("a rule names {name:?}, which is no parameter"));
        }
    }
}

fn one(parameter: &Parameter, names: &BTreeSet<&str>, report: &mut Report) {
    let name = parameter.name.as_str();
    let mut bytes = name.bytes();
    let grammar = bytes.next().is_some_and(|b| b.is_ascii_lowercase())
        && bytes.all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        && name.len() <= MAX_NAME;
    report.rule(grammar, || format!("{name:?} is not a parameter name"));
    bilingual(
        report,
        &format!("parameters.{name}.label"),
        &parameter.label.en,
        parameter.label.zh.as_deref(),
    );
    if let Some(help) = &parameter.help {
        bilingual(report, &format!("parameters.{name}.help"), &help.en, help.zh.as_deref());
    }
    let column = matches!(parameter.kind, ParameterType::Varname | ParameterType::Varlist);
    let bind = parameter.bind.as_str();
    report.rule(ROLES.contains(&bind) || OTHER_BINDS.contains(&bind), || {
        format!("parameters.{name}.bind {bind:?} is not a bind of the contract")
    });
    let terms = parameter.kind == ParameterType::Terms;
    report.rule(terms == (bind == "interaction_terms"), || {
        format!("parameters.{name}: terms are bound to interaction_terms, and nothing else is")
    });
    report.rule(column || terms || !ROLES.contains(&bind) || bind == "event_time", || {
        format!("parameters.{name} is no column and cannot be bound to the role {bind}")
    });
    report.rule(!column || !matches!(bind, "sample" | "seed"), || {
        format!("parameters.{name} is a column and cannot be bound to {bind}")
    });
    report.rule(column || parameter.column.is_none(), || {
        format!("parameters.{name}.column needs a column type")
    });
    for other in &parameter.distinct_from {
        let known = names.contains(other.as_str()) && other != name;
        report.rule(known, || format!("parameters.{name}.distinct_from names {other:?}"));
    }
    if let Some(needs) = &parameter.column {
        for kind in &needs.kinds {
            report.one_of(&format!("parameters.{name}.column.kinds"), kind, &KINDS);
        }
        let share = needs.max_missing_share.unwrap_or(0.5);
        report.rule((0.0..=1.0).contains(&share), || {
            format!("parameters.{name}.max_missing_share is no share")
        });
        let ordered = needs.min_distinct.unwrap_or(0) <= needs.max_distinct.unwrap_or(u64::MAX);
        report.rule(ordered, || format!("parameters.{name}.column limits are out of order"));
    }
    limits(parameter, report);
    default(parameter, column, report);
}

fn limits(parameter: &Parameter, report: &mut Report) {
    let name = parameter.name.as_str();
    let (low, high) = (parameter.min.unwrap_or(f64::MIN), parameter.max.unwrap_or(f64::MAX));
    report.rule(low <= high, || format!("parameters.{name}: min is above max"));
    let (low, high) = (parameter.min_items.unwrap_or(0), parameter.max_items.unwrap_or(usize::MAX));
    report.rule(low <= high, || format!("parameters.{name}: min_items is above max_items"));
    match (parameter.kind, &parameter.values) {
        (ParameterType::Enum, Some(values)) if !values.is_empty() => {
            for value in values {
                let safe = SafeText::parse(value.as_str()).is_ok();
                report.rule(safe, || format!("parameters.{name}.values: {value:?} is not safe"));
            }
        }
        (ParameterType::Enum, _) => report.add(format!("parameters.{name}: an enum needs values")),
        (_, Some(_)) => report.add(format!("parameters.{name}: values belong to an enum")),
        (_, None) => {}
    }
    if let Some(pattern) = &parameter.pattern {
        report.rule(parameter.kind == ParameterType::Text, || {
            format!("parameters.{name}: a pattern belongs to a text")
        });
        if let Err(reason) = params::compile_pattern(pattern) {
            report.add(format!("parameters.{name}.pattern: {reason}"));
        }
    }
}

fn default(parameter: &Parameter, column: bool, report: &mut Report) {
    let name = parameter.name.as_str();
    let Some(value) = parameter.default.as_ref().filter(|v| **v != Value::Null) else { return };
    report.rule(!parameter.required, || format!("parameters.{name} is required and has a default"));
    if column || parameter.kind == ParameterType::Condition {
        report.add(format!("parameters.{name}: columns and conditions have no default"));
        return;
    }
    if let Err(errors) = params::check_value(parameter, value, &[]) {
        for error in errors {
            report.add(format!("parameters.{name}.default: {error}"));
        }
    }
}

/// Every template except `power.*` takes `sample_if`, unless its sample forbids one.
fn sample(meta: &TemplateMeta, report: &mut Report) {
    report.one_of("sample.missing", &meta.sample.missing, &["listwise", "pairwise", "keep"]);
    report.one_of("sample.sample_if", &meta.sample.sample_if, &["allowed", "forbidden"]);
    let taken = meta.parameters.iter().find(|p| p.bind == "sample");
    if meta.sample.sample_if == "forbidden" {
        report.rule(taken.is_none(), || "sample.sample_if is forbidden, yet a parameter takes it".to_owned());
        return;
    }
    let shared =
        taken.is_some_and(|p| p.name == "sample_if" && p.kind == ParameterType::Condition && !p.required);
    report.rule(shared, || "the shared parameter sample_if:condition:optional is absent".to_owned());
}

fn seed(meta: &TemplateMeta, report: &mut Report) {
    report.one_of("seed.policy", &meta.seed.policy, &["none", "required", "optional"]);
    let fits = meta.seed.default.is_none_or(|seed| seed <= 2_147_483_647);
    report.rule(fits, || "seed.default is above 2147483647".to_owned());
}
