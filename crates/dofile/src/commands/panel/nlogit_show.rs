//! Output of `nlogit`, and `predict` after it ([CM] nlogit postestimation).

use super::cmclogit_predict::labels;
use super::nlogit::regressor_values;
use super::nlogit_sample::State;
use crate::commands::StandardSyntax;
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood::label;
use crate::estimation::model::number_groups;
use crate::format;
use crate::ops::predict::{Prediction, add, chosen, new_names};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::nested_logit::NestedLogit;

/// Prints the header of the active results.
pub(super) fn header(s: &mut Session) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let first = [Fact::observations(scalar("N")), Fact::new("Number of cases", "%10.0fc", scalar("N_case"))];
    let sizes = [
        Fact::new("Alts per case: min", "%10.0fc", scalar("alt_min")),
        Fact::new("               avg", "%10.1fc", scalar("alt_avg")),
        Fact::new("               max", "%10.0fc", scalar("alt_max")),
    ];
    let kind = e.get_text("chi2type").unwrap_or("Wald").to_string();
    let test = [
        Fact::statistic(&format!("{kind} chi2"), &[scalar("df_m")], scalar("chi2")),
        Fact::probability("Prob > chi2", scalar("p")),
    ];
    let robust = e.get_text("vcetype").is_some();
    let ll = format!("{} = {}", label(robust), format::bare("%10.0g", scalar("ll")));
    let (title, case, altvar) = (text("title"), text("case"), text("altvar"));
    s.print("");
    show(s, &[title, format!("Case variable: {case}")], &first, 18, 10);
    s.print("");
    show(s, &[format!("Alternative variable: {altvar}")], &sizes, 18, 10);
    s.print("");
    show(s, &[String::new(), ll], &test, 18, 10);
    s.print("");
}

/// Prints the test that all dissimilarity parameters are one.
pub(super) fn footer(s: &mut Session) {
    let scalar = |name: &str| s.e.results.get_scalar(name);
    let (Some(chi2), Some(df), Some(p)) = (scalar("chi2_c"), scalar("df_c"), scalar("p_c")) else { return };
    let left = format!("LR test for IIA (tau=1): chi2({df}) = {}", format::bare("%8.2f", chi2).trim_start());
    let right = format!("Prob > chi2 = {}", format::bare("%6.4f", p));
    s.print(format!("{left}{right:>width$}", width = 78usize.saturating_sub(left.len())));
    s.print("-".repeat(78));
}

/// Options of `predict`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("pr"),
    OptSpec::flag("condp"),
    OptSpec::flag("iv"),
    OptSpec::flag("xb"),
])
.unsupported(&["HLEVel", "SCores", "ALTWise"]);

/// `predict newvar [, pr condp iv xb]`: the probability of the alternative, that within its nest, the inclusive value
/// of the nest, and the linear index of the alternative.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let held = s.e.extra.clone();
    let Some(state) = held.as_ref().and_then(|e| e.downcast_ref::<State>()) else {
        return Err(StataError::no_estimates());
    };
    let statistic = chosen(cmd)?.unwrap_or("pr").to_string();
    if chosen(cmd)?.is_none() {
        s.print("(option pr assumed)");
    }
    let (kind, names) = new_names(s, cmd)?;
    let [(name, false)] = &names[..] else { return Err(StataError::standard(103)) };
    let b = s.e.b().map(|b| b.values().to_vec()).ok_or_else(StataError::no_estimates)?;
    let at = |i: usize| s.frame.position(&state.names[i]);
    let [case, alternative, nest] = [at(0)?, at(1)?, at(2)?];
    let mut touse = s.rows(cmd)?;
    s.markout(&[case, alternative, nest], &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let matched = |variable: usize, known: &[String]| -> Vec<usize> {
        let (found, own) = labels(s, variable, &rows);
        let place =
            |a: &usize| own.get(*a).and_then(|l| known.iter().position(|k| k == l)).unwrap_or(usize::MAX);
        found.iter().map(place).collect()
    };
    let (of, nest_of) = (matched(alternative, &state.labels), matched(nest, &state.nest_labels));
    let [lower, upper] = [
        regressor_values(s, &state.alternatives, &of, &rows)?,
        regressor_values(s, &state.nests, &nest_of, &rows)?,
    ];
    let usable = |i: usize| {
        of[rows[i]] != usize::MAX
            && nest_of[rows[i]] != usize::MAX
            && lower.iter().chain(&upper).all(|c| !is_missing(c[i]))
    };
    let (group, count) = number_groups(&s.frame, case, &rows);
    let mut cases = vec![Vec::new(); count];
    (0..rows.len()).filter(|i| usable(*i)).for_each(|i| cases[group[i] as usize].push(i));
    let own_nest: Vec<usize> = rows.iter().map(|r| nest_of[*r].min(state.nest_labels.len() - 1)).collect();
    let none = vec![false; rows.len()];
    let kernel = NestedLogit {
        alternatives: lower.iter().map(Vec::as_slice).collect(),
        nests: upper.iter().map(Vec::as_slice).collect(),
        count: state.nest_labels.len(),
        nest: &own_nest,
        chosen: &none,
        cases: &cases,
        normalised: state.normalised,
    };
    let mut out = vec![MISSING; rows.len()];
    for (number, members) in cases.iter().enumerate().filter(|(_, m)| !m.is_empty()) {
        for (i, share) in members.iter().zip(kernel.shares(number, &b)) {
            out[*i] = match statistic.as_str() {
                "condp" => share.within,
                "iv" => share.inclusive,
                "xb" => lower.iter().zip(&b).map(|(c, b)| c[*i] * b).sum(),
                _ => share.within * share.nest,
            };
        }
    }
    let label = match statistic.as_str() {
        "condp" => format!("Pr({} alternatives | nest)", state.names[1]),
        "iv" => format!("Inclusive value of {}", state.names[2]),
        "xb" => format!("Linear prediction for {}", state.names[1]),
        _ => format!("Pr({})", state.names[1]),
    };
    add(s, name, kind, &rows, Prediction { values: out, label })
}
