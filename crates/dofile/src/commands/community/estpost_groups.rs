//! `estpost ttest` and `estpost tabstat`.

use super::estpost::{Posted, listwise, parts};
use crate::error::{Result, StataError};
use crate::matrix::Stripe;
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::options::{abbreviates, split_options};
use crate::value::MISSING;

/// What `ttest` leaves behind, under the names of `estpost`.
const TTEST: [(&str, &str); 10] = [
    ("se", "se"),
    ("t", "t"),
    ("df_t", "df_t"),
    ("p_l", "p_l"),
    ("p", "p"),
    ("p_u", "p_u"),
    ("N_1", "N_1"),
    ("mu_1", "mu_1"),
    ("N_2", "N_2"),
    ("mu_2", "mu_2"),
];

/// `estpost ttest varlist, by(groupvar) [unequal welch]`: the difference of the means in e(b).
pub(super) fn ttest(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, condition, options) = parts(s, rest)?;
    let mut passed = String::new();
    for (name, argument) in split_options(&options)? {
        match argument {
            Some(by) if name == "by" => passed.push_str(&format!("by({by}) ")),
            None if abbreviates(&name, "UNEqual") || abbreviates(&name, "Welch") => {
                passed.push_str(&format!("{name} "));
            }
            // each variable has the observations where it is known
            None if abbreviates(&name, "QUIetly") => {}
            _ => return Err(StataError::unsupported_option("estpost ttest", &name)),
        }
    }
    let mut columns: Vec<(String, Vec<f64>)> =
        ["b", "count"].into_iter().chain(TTEST.map(|t| t.0)).map(|n| (n.to_string(), Vec::new())).collect();
    let mut stripe = Vec::new();
    for variable in variables {
        let name = s.frame.var(variable).name.clone();
        quietly(s, &format!("ttest {name} {condition}, {passed}"))?;
        let get = |name: &str| s.r.get_scalar(name).unwrap_or(MISSING);
        let head = [get("mu_1") - get("mu_2"), get("N_1") + get("N_2")];
        let values = head.into_iter().chain(TTEST.map(|t| get(t.1)));
        columns.iter_mut().zip(values).for_each(|(column, value)| column.1.push(value));
        stripe.push(Stripe::term(name));
    }
    let most = columns[1].1.iter().copied().fold(0.0, f64::max);
    Ok(Posted { subcommand: "ttest", n: most, stripe, columns, scalars: Vec::new() })
}

/// `estpost tabstat varlist [, by(groupvar) statistics(names) columns(variables|statistics) nototal listwise]`.
pub(super) fn tabstat(s: &mut Session, rest: &str) -> Result<Posted> {
    let (variables, mut condition, options) = parts(s, rest)?;
    let names: Vec<String> = variables.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let (mut passed, mut by_statistics, mut grouped) = (String::from("save "), false, false);
    for (name, argument) in split_options(&options)? {
        match argument.as_deref().map(str::trim) {
            Some(by) if name == "by" => {
                passed.push_str(&format!("by({by}) "));
                grouped = true;
            }
            Some(list) if abbreviates(&name, "Statistics") || name == "stats" => {
                passed.push_str(&format!("statistics({list}) "));
            }
            Some(which) if abbreviates(&name, "Columns") => by_statistics = which.starts_with('s'),
            None if abbreviates(&name, "noTotal") || abbreviates(&name, "Missing") => {
                passed.push_str(&format!("{name} "));
            }
            None if abbreviates(&name, "Listwise") || abbreviates(&name, "CASEwise") => {
                condition = listwise(s, &variables, &condition)?;
            }
            None if abbreviates(&name, "QUIetly") || abbreviates(&name, "Elabels") => {}
            _ => return Err(StataError::unsupported_option("estpost tabstat", &name)),
        }
    }
    quietly(s, &format!("tabstat {} {condition}, {passed}", names.join(" ")))?;
    let mut groups: Vec<(String, crate::matrix::Matrix)> = Vec::new();
    for k in 1.. {
        let Some(matrix) = s.r.matrices.get(&format!("Stat{k}")) else { break };
        groups.push((s.r.get_text(&format!("name{k}")).unwrap_or("").to_string(), matrix.clone()));
    }
    if let Some(total) = s.r.matrices.get("StatTotal") {
        groups.push((if grouped { "Total".to_string() } else { String::new() }, total.clone()));
    }
    let Some((_, first)) = groups.first() else { return Err(StataError::no_observations()) };
    let statistics: Vec<String> = first.row_names.iter().map(|r| posted_name(&r.name)).collect();
    let (across, down) = if by_statistics { (&statistics, &names) } else { (&names, &statistics) };
    let mut columns: Vec<(String, Vec<f64>)> = across.iter().map(|n| (n.clone(), Vec::new())).collect();
    let mut stripe = Vec::new();
    for (group, matrix) in &groups {
        for (i, name) in down.iter().enumerate() {
            stripe.push(if group.is_empty() { Stripe::term(name) } else { Stripe::with_eq(group, name) });
            for (j, column) in columns.iter_mut().enumerate() {
                column.1.push(if by_statistics { matrix.get(j, i) } else { matrix.get(i, j) });
            }
        }
    }
    let unweighted = condition.find('[').map_or(condition.as_str(), |at| &condition[..at]);
    quietly(s, &format!("count {unweighted}"))?;
    let n = s.r.get_scalar("N").unwrap_or(MISSING);
    Ok(Posted { subcommand: "tabstat", n, stripe, columns, scalars: Vec::new() })
}

/// The name of a statistic in `e()`.
fn posted_name(name: &str) -> String {
    match name.trim().to_lowercase().as_str() {
        "n" => "count".to_string(),
        "se(mean)" => "semean".to_string(),
        other => other.to_string(),
    }
}
