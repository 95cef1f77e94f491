//! The options of a command: roles, parameters, and the kind of its standard errors.

use serde_json::{Value, json};

use super::filled::Filler;
use super::syntax::Command;
use super::table::{Entry, Meaning, Table};
use crate::domain::template::{Parameter, ParameterType};
use crate::library::binding::takes;

impl Filler<'_> {
    pub(super) fn options(&mut self, entry: &Entry, command: &Command) {
        for (name, value) in &command.options {
            if matches!(name.as_str(), "robust" | "r" | "vce" | "cluster" | "cl") {
                continue;
            }
            let text = if value.is_empty() { name.clone() } else { format!("{name}({value})") };
            match Table::known().meaning(entry, name) {
                Meaning::Printing => {}
                Meaning::Unknown if entry.when.contains_key(name) => {}
                Meaning::Unknown => self.unread.push(text),
                Meaning::Role("fixed_effects") => self.absorbed(value, &text),
                Meaning::Role(role) if takes(self.meta, role) => {
                    let names = self.names(value);
                    self.statement.roles.insert(role.to_owned(), names);
                }
                Meaning::Role(_) => self.unread.push(text),
                Meaning::Parameter(parameter) => self.set(parameter, value, text),
                Meaning::Set(parameter, value) if self.has(parameter) => {
                    let value = value.parse::<bool>().map_or_else(|_| json!(value), Value::from);
                    self.statement.parameters.insert(parameter.to_owned(), value);
                }
                // `or` after a command whose table has the ratios anyway
                Meaning::Set(..) => {}
                Meaning::Numbers(parameters) => {
                    let numbers: Vec<&str> =
                        value.split([' ', ',', '(', ')']).filter(|n| n.parse::<f64>().is_ok()).collect();
                    for (parameter, number) in parameters.into_iter().zip(numbers) {
                        self.set(parameter, number, text.clone());
                    }
                }
            }
        }
    }

    /// Fixed effects: a role, or the unit and the time of a panel.
    fn absorbed(&mut self, value: &str, text: &str) {
        let names = self.names(value);
        if takes(self.meta, "fixed_effects") {
            self.statement.roles.insert("fixed_effects".to_owned(), names);
            return;
        }
        let is = |place: Option<usize>, name: &str| place.is_some_and(|c| self.columns[c].name() == name);
        let time = names.iter().any(|name| is(self.structure.time, name)) && self.has("time_effects");
        let known = |name: &String| is(self.structure.entity, name) || time && is(self.structure.time, name);
        if !takes(self.meta, "entity_var") || !names.iter().all(known) {
            self.unread.push(text.to_owned());
        } else if time {
            self.statement.parameters.insert("time_effects".to_owned(), json!(true));
        }
    }

    pub(super) fn set(&mut self, parameter: &str, value: &str, text: String) {
        match self.parameter(parameter).and_then(|own| self.value(own, value)) {
            Some(value) => {
                self.statement.parameters.insert(parameter.to_owned(), value);
            }
            None => self.unread.push(text),
        }
    }

    fn value(&self, parameter: &Parameter, text: &str) -> Option<Value> {
        let number = text.trim().parse::<f64>().ok();
        match parameter.kind {
            ParameterType::Int => number.filter(|n| n.fract() == 0.0).map(|n| json!(n as i64)),
            ParameterType::Number => number.map(Value::from),
            ParameterType::Boolean => Some(json!(true)),
            ParameterType::Varname => Some(json!(self.name(text))),
            ParameterType::Varlist => Some(json!(self.names(text))),
            ParameterType::Enum => {
                let word = text.to_lowercase();
                let word = word.split(['(', ' ']).next().unwrap_or_default();
                // the lognormal distribution is lnormal in older versions of Stata
                let word = if word == "lnormal" { "lognormal" } else { word };
                let fits = |value: &&String| {
                    word.len() > 1 && (value.starts_with(word) || word.starts_with(value.as_str()))
                };
                parameter.values.iter().flatten().find(fits).map(|value| json!(value))
            }
            _ if parameter.name == "quantiles" => shares(text).map(Value::from),
            _ => Some(json!(text)),
        }
    }

    /// The kind of standard errors: what the command says, and without a word the one that it prints.
    pub(super) fn errors(&mut self, command: &Command) {
        let vce = command.option("vce").or_else(|| command.option("cluster").map(|_| "cluster"));
        let cluster = vce.and_then(|v| v.strip_prefix("cl")).map(|v| v.trim_start_matches("uster").trim());
        let by_option = command.option("cluster").or_else(|| command.option("cl"));
        let named = by_option.or(cluster).filter(|name| !name.is_empty());
        let choices = self.parameter("vce").and_then(|p| p.values.clone()).unwrap_or_default();
        let has = |value: &str| choices.iter().any(|own| own == value);
        if let Some(name) = named {
            if !takes(self.meta, "cluster_var") {
                self.unread.push(format!("cluster({name})"));
                return;
            }
            let names = self.names(name);
            self.statement.roles.insert("cluster_var".to_owned(), names);
            if has("cluster") {
                self.statement.parameters.insert("vce".to_owned(), json!("cluster"));
            }
            return;
        }
        let robust = command.option("robust").is_some()
            || command.option("r").is_some()
            || vce.is_some_and(|v| v.starts_with('r') || v.starts_with("hc") || v.starts_with("het"));
        let plain = ["classical", "oim", "ols", "unadjusted"].into_iter().find(|value| has(value));
        match (robust, vce, plain) {
            (true, ..) if has("robust") => {
                self.statement.parameters.insert("vce".to_owned(), json!("robust"));
            }
            (true, ..) => self.unread.push("robust".to_owned()),
            (false, Some(other), _)
                if !["ols", "oim", "conventional", "iid", "unadjusted", "nonrobust"].contains(&other) =>
            {
                self.unread.push(format!("vce({other})"));
            }
            (false, _, Some(plain)) => {
                self.statement.parameters.insert("vce".to_owned(), json!(plain));
            }
            (false, ..) => {}
        }
    }
}

/// The quantiles of a text as shares.
fn shares(text: &str) -> Option<String> {
    let words = text.trim_start_matches("c(").split([' ', ',', ')']).filter(|word| !word.is_empty());
    let share = |word: &str| word.parse::<f64>().ok().map(|q| if q >= 1.0 { q / 100.0 } else { q });
    let shares: Option<Vec<String>> = words.map(|word| share(word).map(|q| q.to_string())).collect();
    shares.filter(|all| !all.is_empty()).map(|all| all.join(" "))
}
