//! Output of structural equation models: variables, iteration log, header, constraints and the table of parameters.

use super::sem_groups::Groups;
use super::sem_model::{Specification, stripe};
use super::sem_state::{SemState, state};
use crate::error::Result;
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::likelihood;
use crate::estimation::table::{Table, row};
use crate::estimation::table_cells::number_cells;
use crate::format;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::sem::maximise::Optimum;
use estimators::sem::{Cell, Value};
use estimators::wald;

/// Prints the variables by their place in the model.
pub(super) fn describe(s: &mut Session, cmd: &ParsedCommand, specification: &Specification) {
    if cmd.has("nodescribe") {
        return;
    }
    let names = &specification.one().names;
    let measurement = |v: usize| specification.measurement.contains(&v);
    let (endogenous, latent) = (|v: usize| names.endogenous[v], |v: usize| names.is_latent(v));
    let blocks = [
        (
            "Endogenous variables",
            vec![
                ("Observed", names.list(|v| endogenous(v) && !latent(v) && !measurement(v))),
                ("Measurement", names.list(measurement)),
                ("Latent", names.list(|v| endogenous(v) && latent(v))),
            ],
        ),
        (
            "Exogenous variables",
            vec![
                ("Observed", names.list(|v| !endogenous(v) && !latent(v))),
                ("Latent", names.list(|v| !endogenous(v) && latent(v))),
            ],
        ),
    ];
    for (title, lists) in blocks {
        let lists: Vec<_> = lists.into_iter().filter(|(_, names)| !names.is_empty()).collect();
        if lists.is_empty() {
            continue;
        }
        s.print("");
        s.print(title);
        let width = lists.iter().map(|(label, _)| label.len()).max().unwrap_or(0);
        for (label, names) in lists {
            s.print(format!("  {:<1$} {2}", format!("{label}:"), width + 1, names.join(" ")));
        }
    }
}

/// Prints the iteration log.
pub(super) fn log(s: &mut Session, optimum: &Optimum, robust: bool, iterate: Option<i64>) {
    s.print("");
    s.print("Fitting target model:");
    for (i, line) in optimum.log.iter().enumerate() {
        let remark = if line.remark.is_empty() { String::new() } else { format!("  ({})", line.remark) };
        let value = format::bare("%10.0g", line.ll);

        s.print(format!("{}{} = {value:>10}{remark}", likelihood::iteration(i), likelihood::label(robust)));
    }
    if !optimum.converged && iterate.is_none_or(|i| i > 0) {
        s.print("convergence not achieved");
    }
}

/// Warnings about estimates that are not valid.
pub(super) fn warn(s: &mut Session) {
    let Ok(state) = state(s) else { return };
    for name in state.negative() {
        s.print(format!(
            "warning: {name} is negative at the maximum of the likelihood (Heywood case); the estimates are not valid. Constrain the variance, as in variance({}@0), or change the model.",
            name.trim_start_matches("var(").trim_end_matches(')')
        ));
    }
    let names = &state.specification.names;
    let latent: Vec<usize> = (names.observed()..names.all.len()).filter(|v| !names.endogenous[*v]).collect();
    if let Ok(implied) = state.implied() {
        let psi = implied.psi.select(&latent, &latent);
        let (values, _) = psi.symmetric_eigen();
        if state.negative().is_empty() && values.last().is_some_and(|last| *last < -1e-10 * values[0].abs()) {
            s.print(
                "warning: the covariance matrix of the exogenous latent variables is not positive definite.",
            );
        }
    }
}

/// Prints header and table of the active results and stores `r(table)`.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        header(s);
    }
    if !cmd.has("nocnsreport") {
        constraints(s, &state);
    }
    let standardized = cmd.has("standardized");
    let (b, se) = if standardized { standard(s) } else { plain(&state) };
    let stripe: Vec<Stripe> = state.specification.rows.iter().map(|r| r.0.clone()).collect();
    if !cmd.has("notable") {
        let shown = Shown { state: &state, b: &b, se: &se, level, together: !cmd.has("showginvariant") };
        table(s, &shown, standardized);
        if !cmd.has("nofootnote") {
            footnote(s);
        }
    }
    s.r.clear();
    Table::of_equations(&stripe, &b, &se, None, level).store(s);
    Ok(())
}

fn plain(state: &SemState) -> (Vec<f64>, Vec<f64>) {
    state.specification.rows.iter().map(|(_, at)| (state.value(*at), state.se(*at).unwrap_or(0.0))).unzip()
}

/// Standardised estimates from `e(b_std)` and `e(V_std)`.
fn standard(s: &Session) -> (Vec<f64>, Vec<f64>) {
    let matrices = &s.e.results.matrices;
    let (Some(b), Some(v)) = (matrices.get("b_std"), matrices.get("V_std")) else {
        return (Vec::new(), Vec::new());
    };
    // a parameter without variance is a constant such as the variance of an exogenous variable, 1
    let se = |i: usize| v.get(i, i).max(0.0).sqrt();
    (0..b.cols()).map(|i| (b.get(0, i), if se(i) > 1e-12 { se(i) } else { 0.0 })).unzip()
}

fn header(s: &mut Session) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let robust = e.get_text("vcetype") == Some("Robust");
    let (mut left, mut right) =
        (vec![e.get_text("title").unwrap_or("").to_string()], vec![Fact::observations(scalar("N"))]);
    if let Some(variable) = e.get_text("groupvar") {
        left.push(format!("Grouping variable: {variable}"));
        right.push(Fact::new("Number of groups", "%10.0fc", scalar("N_groups")));
    }
    left.push(format!("Estimation method: {}", e.get_text("method").unwrap_or("")));
    left.push(String::new());
    left.push(format!("{} = {}", likelihood::label(robust), format::bare("%10.0g", scalar("ll"))));
    let label = if right.len() > 1 { 16 } else { 13 };
    let width = right[0].width();
    s.print("");
    show(s, &left, &right, label, width);
    s.print("");
}

/// Lines `( 1)  [a]L = 1` for fixed parameters and for equal ones.
fn constraints(s: &mut Session, state: &SemState) {
    let specification = &state.specification;
    let name = |stripe: &Stripe| format!("[{}]{}", stripe.eq, stripe.name);
    let mut first: Vec<(usize, String)> = Vec::new();
    let mut lines = Vec::new();
    for (stripe, at) in &specification.rows {
        match specification.model.cells[*at].1 {
            Value::Fixed(x) => lines.push(format!("{} = {}", name(stripe), format::bare("%9.0g", x).trim())),
            Value::Free(k) => match first.iter().find(|f| f.0 == k) {
                Some((_, other)) => lines.push(format!("{other} - {} = 0", name(stripe))),
                None => first.push((k, name(stripe))),
            },
        }
    }
    for (i, line) in lines.iter().enumerate() {
        s.print(format!(" ({:>2})  {line}", i + 1));
    }
}

fn footnote(s: &mut Session) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name);
    let (Some(chi2), Some(df), Some(p)) = (scalar("chi2_ms"), scalar("df_ms"), scalar("p_ms")) else {
        return;
    };
    let left = format!("LR test of model vs. saturated: chi2({df}) = {}", format::bare("%9.2f", chi2).trim());
    let right = format!("Prob > chi2 = {}", format::bare("%6.4f", p).trim());
    s.print(format!("{left:<60}{right:>18}"));
}

/// The rows of a table.
struct Shown<'a> {
    state: &'a SemState,
    b: &'a [f64],
    se: &'a [f64],
    level: f64,
    /// Parameters that are the same in all groups have one row.
    together: bool,
}

impl Shown<'_> {
    /// The numbers of a row; a fixed parameter is said to be so.
    fn cells(&self, i: usize) -> String {
        let (model, at) = (&self.state.specification.model, self.state.specification.rows[i].1);
        let (b, se) = (self.b[i], self.se[i]);
        if se == 0.0 && matches!(model.cells[at].1, Value::Fixed(_)) {
            return format!("  {}  (constrained)", format::number("%9.0g", b));
        }
        let mut numbers = row(b, se, None, self.level, false);
        let variance = matches!(model.cells[at].0, Cell::Covariance(a, c) if a == c);
        if variance && se > 0.0 {
            numbers.ratio = MISSING;
            numbers.p = MISSING;
            let half = wald::critical(self.level, None) * se / b;
            let limit = |sign: f64| if b > 0.0 { b * (sign * half).exp() } else { MISSING };
            (numbers.low, numbers.high) = (limit(-1.0), limit(1.0));
        }
        number_cells(&numbers, None)
    }

    /// Lines of the groups from row `i` on: label and row of each; one line where all groups are the same.
    fn groups(&self, i: usize, groups: &Groups) -> Vec<(String, usize)> {
        let specification = &self.state.specification;
        let (rows, cells) = (&specification.rows, &specification.model.cells);
        let cell = groups.places[rows[i].1].1;
        let own = (i..rows.len()).take_while(|j| groups.places[rows[*j].1].1 == cell);
        let own: Vec<usize> = own.collect();
        let same = |j: &usize| cells[rows[*j].1].1 == cells[rows[i].1].1 && self.b[*j] == self.b[i];
        if self.together && own.len() == groups.values.len() && own.iter().all(same) {
            return vec![("[*]".to_string(), i)];
        }
        own.into_iter().map(|j| (groups.labels[groups.places[rows[j].1].0].clone(), j)).collect()
    }
}

/// Names of variances and covariances stand in the whole left column, long ones in two lines.
pub(super) fn label(s: &mut Session, name: &str) -> String {
    if name.chars().count() <= 13 {
        return format!("{name:>13}");
    }
    match name.split_once(',') {
        Some((left, right)) => {
            s.print(format!("{:<13}|", format!("{},", format::abbrev(left, 12))));
            format!("{:>13}", format!("{})", format::abbrev(right.trim_end_matches(')'), 11)))
        }
        None => {
            let (kind, inner) = name.split_once('(').unwrap_or(("", name));
            let inner = format::abbrev(inner.trim_end_matches(')'), 11 - kind.len());
            format!("{:>13}", format!("{kind}({inner})"))
        }
    }
}

fn heading(s: &mut Session, standardized: bool, level: f64) {
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (vce, clustvar) = (text("vcetype"), text("clustvar"));
    let clusters = s.e.results.get_scalar("N_clust").map(|n| (n, clustvar.as_str()));
    let title = if standardized { "Standardized" } else { "" };
    Table { title, vce_title: &vce, clusters, ..Table::of_equations(&[], &[], &[], None, level) }
        .print_heading(s);
}

fn table(s: &mut Session, shown: &Shown<'_>, standardized: bool) {
    heading(s, standardized, shown.level);
    let specification = &shown.state.specification;
    let (names, rule) = (&specification.one().names, format!("-------------+{}", "-".repeat(64)));
    let (mut block, mut equation, mut noted) = ("", String::new(), false);
    let mut i = 0;
    while let Some((row, at)) = specification.rows.get(i) {
        // the name in one group
        let stripe = match &specification.groups {
            Some(groups) => stripe(names, groups.places[*at].1),
            None => row.clone(),
        };
        let measured = names.number(&stripe.eq).is_ok_and(|v| specification.measurement.contains(&v));
        let now = match specification.model.cells[*at].0 {
            _ if stripe.eq != "/" && measured => "Measurement",
            _ if stripe.eq != "/" => "Structural",
            Cell::Mean(_) => "mean",
            Cell::Covariance(a, c) if a == c => "var",
            _ => "cov",
        };
        if now != block {
            if !block.is_empty() {
                s.print(&rule);
            }
            if stripe.eq != "/" {
                s.print(format!("{now:<13}|"));
            }
        } else if stripe.eq != equation && stripe.eq != "/" {
            s.print(format!("  -----------+{}", "-".repeat(64)));
        }
        if stripe.eq != "/" && (stripe.eq != equation || now != block) {
            s.print(format!("  {:<11}|", format::abbrev(&stripe.eq, 10)));
        }
        (block, equation) = (now, stripe.eq.clone());
        let name = if stripe.eq == "/" {
            label(s, &stripe.name)
        } else {
            format!("{:>12} ", format::abbrev(&stripe.name, 12))
        };
        let Some(groups) = &specification.groups else {
            s.print(format!("{name}|{}", shown.cells(i)));
            i += 1;
            continue;
        };
        s.print(format!("{name}|"));
        for (label, j) in shown.groups(i, groups) {
            noted |= label == "[*]";
            s.print(format!("{:>12} |{}", format::abbrev(&label, 12), shown.cells(j)));
        }
        let cell = groups.places[*at].1;
        i += specification.rows[i..].iter().take_while(|r| groups.places[r.1].1 == cell).count();
    }
    s.print("-".repeat(78));
    if noted {
        s.print("Note: [*] identifies parameter estimates constrained to be equal across groups.");
    }
}
