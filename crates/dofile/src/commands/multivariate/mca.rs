//! `mca`: multiple correspondence analysis ([MV] mca). Numbers: `estimators::multiple_correspondence`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::ca_show::points;
use super::shared::{columns_named, matrix_of, named, row_named, scalar};
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::estimation::survival::Records;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::{Prediction, add, new_names};
use crate::ops::record_groups::Grouping;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::multiple_correspondence::{Approach, MultipleCorrespondence};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("METHod"),
    OptSpec::text("NORMalize"),
    OptSpec::int("DIMensions"),
    OptSpec::int("DDIMensions"),
    OptSpec::flag("noADJust"),
    OptSpec::flag("MISSing"),
    OptSpec::flag("noPOINts"),
    OptSpec::flag("noPLot"),
])
.weights(&[WeightKind::Frequency, WeightKind::Analytic, WeightKind::Importance])
.unsupported(&["SUPPlementary", "REPort", "ITERate", "TOLerance", "LENgth", "COMPact", "PLot", "MAXlength"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mca",
    min: 3,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mca varlist [if] [in] [fweight aweight iweight] [, method(burt|indicator) normalize(standard|principal) dimensions(#) ddimensions(#) noadjust missing nopoints]",
    notes: "method(joint), crossed variables, supplementary variables and plots are not supported; noadjust leaves the inertias of the Burt matrix as they are; the standard coordinate that is largest in absolute value is positive in each dimension; stores e(N f inertia inertia_e adjust), e(Ev A F cMass cInertia cGS Burt), e(names method norm); predict: rowscores, dimensions(#); [MV] mca",
    examples: &[Example {
        // two variables that agree in all rows: one dimension has all of the inertia
        run: "input a b\n1 1\n1 1\n2 2\n2 2\n2 2\nend\nmca a b, dimensions(1)\nmatrix v = e(Ev)\nmatrix A = e(A)",
        expect: &[
            ("reldif(v[1,1], 1) < 1e-12", 1.0),
            ("reldif(e(inertia), 1) < 1e-12", 1.0),
            ("reldif(A[1,1], sqrt(1.5)) < 1e-12", 1.0),
        ],
    }],
};

/// What postestimation needs of an analysis.
struct State {
    found: MultipleCorrespondence,
    /// Categories of each variable as values, and as texts.
    levels: Vec<Vec<f64>>,
    labels: Vec<Vec<String>>,
    variables: Vec<String>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        return if s.e.cmd() == "mca" { show(s, &cmd.options) } else { Err(StataError::no_estimates()) };
    }
    if cmd.list.contains('(') {
        return Err(StataError::unsupported_option("mca", "crossed variables"));
    }
    let variables = s.varlist(&cmd.list)?;
    if variables.len() < 2 {
        return Err(StataError::standard(102));
    }
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    if !cmd.has("missing") {
        s.markout(&variables, &mut touse, false)?;
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let records = Records { rows: rows.clone(), ..Records::default() };
    let groups: Vec<Grouping> = variables.iter().map(|v| Grouping::of(s, &[*v], &records)).collect();
    if let Some(one) = groups.iter().find(|g| g.count() < 2) {
        return Err(StataError::new(498, format!("{} has only one category", one.variables[0])));
    }
    let approach = approach(cmd)?;
    let norm = cmd.options.text("normalize").unwrap_or("standard").trim();
    let is = |full: &str| norm.len() >= 2 && full.starts_with(norm);
    if !is("standard") && !is("principal") {
        return Err(StataError::invalid(format!("normalize({norm}) invalid")));
    }
    let each: Vec<f64> = rows.iter().map(|r| weights.as_ref().map_or(1.0, |w| w.values[*r])).collect();
    let category: Vec<Vec<usize>> = groups.iter().map(|g| g.of.clone()).collect();
    let sizes: Vec<usize> = groups.iter().map(Grouping::count).collect();
    let found = MultipleCorrespondence::of(&category, &sizes, &each, approach);
    let most = found.inertias.len();
    let f = cmd.options.int("dimensions").unwrap_or(2.min(most as i64));
    if f < 1 || f > most as i64 {
        return Err(StataError::new(198, format!("dimensions() must be between 1 and {most}")));
    }
    let state = State {
        levels: groups.iter().map(Grouping::values).collect(),
        labels: groups.iter().map(|g| g.labels.iter().map(|l| l.join(" ")).collect()).collect(),
        variables: groups.iter().map(|g| g.variables[0].clone()).collect(),
        found,
    };
    let mut est = Estimation::default();
    let norm = if is("standard") { "standard" } else { "principal" };
    store(&mut est.results, &state, approach, norm, f as usize);
    let r = &mut est.results;
    r.scalar("N", each.iter().sum()).text("cmdline", command_line(cmd));
    if let Some(w) = &weights {
        r.text("wtype", w.kind.name()).text("wexp", &w.exp);
    }
    est.extra = Some(Arc::new(state));
    s.post_estimation(est, touse);
    show(s, &cmd.options)
}

/// `method()` and `noadjust`.
fn approach(cmd: &ParsedCommand) -> Result<Approach> {
    let word = cmd.options.text("method").unwrap_or("burt").trim();
    match word {
        w if !w.is_empty() && "burt".starts_with(w) => {
            Ok(if cmd.has("noadjust") { Approach::Burt } else { Approach::Adjusted })
        }
        w if w.len() >= 2 && "indicator".starts_with(w) => Ok(Approach::Indicator),
        w if !w.is_empty() && "joint".starts_with(w) => {
            Err(StataError::unsupported_option("mca", "method(joint)"))
        }
        w => Err(StataError::invalid(format!("method({w}) invalid"))),
    }
}

fn store(r: &mut Results, state: &State, approach: Approach, norm: &str, f: usize) {
    let found = &state.found;
    let count = found.masses.len();
    let kept: f64 = found.inertias[..f].iter().sum();
    r.scalar("f", f as f64).scalar("inertia", found.total).scalar("inertia_e", kept / found.total);
    r.scalar("adjust", f64::from(u8::from(approach == Approach::Adjusted)));
    let method = if approach == Approach::Indicator { "indicator" } else { "burt" };
    r.text("cmd", "mca").text("names", state.variables.join(" ")).text("method", method).text("norm", norm);
    r.text("title", "Multiple/Joint correspondence analysis").text("properties", "nob noV eigen");
    r.text("estat_cmd", "mca_estat").text("predict", "mca_p").text("marginsnotok", "_ALL");
    let categories: Vec<Stripe> = state
        .variables
        .iter()
        .zip(&state.labels)
        .flat_map(|(v, labels)| labels.iter().map(move |l| Stripe::with_eq(v, l.replace([' ', '.'], "_"))))
        .collect();
    let dims = columns_named("dim", f);
    let column = |x: &[f64], name: &str| {
        named(&Mat::from_rows(x.len(), 1, x.to_vec()), categories.clone(), vec![Stripe::term(name)])
    };
    r.matrix("Ev", row_named(found.inertias.clone(), columns_named("dim", found.inertias.len())));
    let standard = Mat::from_fn(count, f, |j, k| found.standard[(j, k)]);
    let principal = Mat::from_fn(count, f, |j, k| found.principal(j, k));
    r.matrix("cMass", column(&found.masses, "mass"))
        .matrix("cInertia", column(&found.of_categories, "inertia"));
    r.matrix("Burt", named(&found.burt, categories.clone(), categories.clone()));
    let coordinates = if norm == "standard" { &standard } else { &principal };
    let mut cells = Vec::new();
    for j in 0..count {
        let quality: f64 = (0..f).map(|k| found.of_category(j, k)).sum();
        cells.extend([found.masses[j], quality, found.of_categories[j] / found.total]);
        for k in 0..f {
            cells.extend([coordinates[(j, k)], found.of_category(j, k), found.of_dimension(j, k)]);
        }
    }
    let mut statistics = Matrix::new(count, 3 * (f + 1), cells);
    statistics.row_names.clone_from(&categories);
    let overall = ["mass", "quality", "inert"].map(|n| Stripe::with_eq("overall", n));
    let each = |k: usize| ["coord", "sqcorr", "contrib"].map(|n| Stripe::with_eq(format!("dim{k}"), n));
    statistics.col_names = overall.into_iter().chain((1..=f).flat_map(each)).collect();
    r.matrix("A", named(&standard, categories.clone(), dims.clone()));
    r.matrix("F", named(&principal, categories, dims)).matrix("cGS", statistics);
}

fn state(s: &Session) -> Result<Arc<State>> {
    let extra = s.e.extra.clone().and_then(|e| e.downcast::<State>().ok());
    extra.ok_or_else(StataError::no_estimates)
}

fn show(s: &mut Session, options: &Options) -> Result<()> {
    let state = state(s)?;
    let found = &state.found;
    let text = |name: &str| s.e.results.get_text(name).unwrap_or_default().to_string();
    let (method, norm, title) = (text("method"), text("norm"), text("title"));
    let f = scalar(s, "f") as usize;
    let about = match method.as_str() {
        "indicator" => "Indicator matrix",
        _ if scalar(s, "adjust") == 1.0 => "Burt/adjusted inertias",
        _ => "Burt/unadjusted inertias",
    };
    let n = format::bare("%9.0fc", scalar(s, "N"));
    let total = format::bare("%9.0g", found.total);
    s.print("");
    s.print(format!("{title:<48} Number of obs    = {n:>9}"));
    s.print(format!("{:<48} Total inertia    = {total:>9}", ""));
    s.print(format!("{:<48} Number of axes   = {f:>9}", format!("    Method: {about}")));
    s.print("");
    s.print(format!("{:>16}|{:>12}{:>22}", "", "principal", "cumul"));
    s.print(format!("{:>15} |{:>11} {:>11}{:>10}", "Dimension", "inertia", "percent", "percent"));
    let rule = format!("   -------------+{}", "-".repeat(34));
    s.print(&rule);
    let mut sum = 0.0;
    let shown = options.int("ddimensions").map_or(found.inertias.len(), |d| d.max(0) as usize);
    for (k, value) in found.inertias.iter().enumerate() {
        let share = 100.0 * value / found.total;
        sum += share;
        if k < shown {
            let two = |x: f64| format::bare("%8.2f", x);
            let value = format::bare("%9.0g", *value);
            s.print(format!(
                "{:>15} |{value:>11} {:>11}{:>10}",
                format!("dim {}", k + 1),
                two(share),
                two(sum)
            ));
        }
    }
    s.print(&rule);
    s.print(format!("{:>15} |{total:>11} {:>11}", "Total", "100.00"));
    if !options.has("nopoints") {
        s.print("");
        s.print(format!("Statistics for column categories in {norm} normalization"));
        let parts = parts(s, &state)?;
        points(s, &parts);
    }
    Ok(())
}

/// The statistics of the categories of each variable.
fn parts(s: &Session, state: &State) -> Result<Vec<(String, Matrix)>> {
    let m = matrix_of(s, "cGS")?;
    let mut at = 0;
    let one = |(variable, labels): (&String, &Vec<String>)| {
        let cells = (at..at + labels.len()).flat_map(|i| (0..m.cols()).map(move |j| (i, j)));
        let mut part = Matrix::new(labels.len(), m.cols(), cells.map(|(i, j)| m.get(i, j)).collect());
        part.row_names = labels.iter().map(|l| Stripe::term(l.clone())).collect();
        at += labels.len();
        (variable.clone(), part)
    };
    Ok(state.variables.iter().zip(&state.labels).map(one).collect())
}

/// Options of `predict` after `mca`.
pub(super) const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("ROWscores"),
    OptSpec::text("NORMalize"),
    OptSpec::int("DIMensions"),
])
.unsupported(&["SCore"]);

/// `predict newvar, rowscores dimensions(#)`: the mean of the standard coordinates of the categories of a row, which is its
/// principal coordinate; in the standard normalization over the root of the eigenvalue of the indicator matrix.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let state = state(s)?;
    let (kind, names) = new_names(s, cmd)?;
    let f = scalar(s, "f") as usize;
    let dimension = cmd.options.int("dimensions");
    let wanted: Vec<(String, usize)> = match (&names[..], dimension) {
        ([(stub, true)], None) => (0..f).map(|k| (format!("{stub}{}", k + 1), k)).collect(),
        ([(name, false)], d) => vec![(name.clone(), d.unwrap_or(1).max(1) as usize - 1)],
        (several, None) => several.iter().enumerate().map(|(k, n)| (n.0.clone(), k)).collect(),
        _ => return Err(StataError::standard(103)),
    };
    if wanted.iter().any(|w| w.1 >= f) {
        return Err(StataError::new(198, format!("dimensions() must be between 1 and {f}")));
    }
    let norm = s.e.results.get_text("norm").unwrap_or_default().to_string();
    let norm = cmd.options.text("normalize").map_or(norm, |n| n.trim().to_string());
    let standard = !norm.is_empty() && "standard".starts_with(&norm);
    let columns: Vec<usize> = state.variables.iter().map(|v| s.numeric_variable(v)).collect::<Result<_>>()?;
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    for (name, k) in wanted {
        let scale = if standard { state.found.eigenvalues[k].sqrt() } else { 1.0 };
        let value = |row: &usize| {
            let (mut sum, mut start) = (0.0, 0);
            for (v, column) in columns.iter().enumerate() {
                let x = s.frame.num_at(*column, *row);
                let Some(at) = state.levels[v].iter().position(|l| *l == x) else { return MISSING };
                sum += state.found.standard[(start + at, k)];
                start += state.levels[v].len();
            }
            sum / (columns.len() as f64 * scale)
        };
        let values = rows.iter().map(value).collect();
        let label = format!("Row scores of dimension {}", k + 1);
        add(s, &name, kind, &rows, Prediction { values, label })?;
    }
    Ok(())
}
