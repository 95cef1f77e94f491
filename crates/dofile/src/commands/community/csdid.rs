//! `csdid`: differences in differences with treatments that begin at different times, and `estat` after it.
//!
//! Stores in `e()`: N N_units N_clust, b, V, gtt (group, base, period), cmd depvar gvar ivar tvar method control agg.
//! Formulas: Callaway and Sant'Anna (2021, Journal of Econometrics 225); syntax: Rios-Avila, Sant'Anna and Callaway,
//! csdid (SSC).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::csdid_average::{Average, Kind, averages, cell_equations};
use super::csdid_sections::{Rows, allowed};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::did::{Effect, Method, TwoPeriods, covariance};
use std::collections::BTreeMap;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Ivar"),
    OptSpec::text("Time"),
    OptSpec::text("Gvar"),
    OptSpec::flag("NOTyet"),
    OptSpec::flag("NEVER"),
    OptSpec::text("Method"),
    OptSpec::text("AGG"),
    OptSpec::flag("LONG2"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "WBOOT",
    "REPs",
    "RSEED",
    "LONG",
    "ASINR",
    "SAVErif",
    "POINTestimate",
    "DRYRUN",
    "Pscore",
    "vce",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "csdid",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "csdid depvar [indepvars] [if] [in], time(v) gvar(v) [ivar(v) notyet method(drimp|dripw|reg|stdipw|ipw) agg(attgt|simple|group|calendar|event) long2 cluster(v) level(#)]",
    notes: "panel data with ivar(), repeated cross sections without (then no method(ipw)); gvar() is the first treated period, 0 for never; standard errors from influence functions; stores e(N), e(b), e(V), e(gtt), r(table); estat attgt, simple, group, calendar, event [, window(# #)], pretrend; formulas: Callaway and Sant'Anna (2021), Sant'Anna and Zhao (2020)",
    examples: &[Example {
        // The treated unit pair moves by 5 on average, the controls by 1.
        run: "input id t y g\n1 1 1 2\n1 2 5 2\n2 1 2 2\n2 2 8 2\n3 1 0 0\n3 2 2 0\n4 1 1 0\n4 2 1 0\nend\ncsdid y, ivar(id) time(t) gvar(g)",
        expect: &[("[g2]_b[t_1_2]", 4.0), ("e(N)", 8.0)],
    }],
};

/// A group and period with the base period that its change starts from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Cell {
    pub group: i64,
    pub base: i64,
    pub period: i64,
}

/// Effects with the influence of the units, for `estat`.
pub(super) struct CsdidState {
    pub cells: Vec<Cell>,
    pub effects: Vec<Effect>,
    /// First treated period of each unit, 0 for never.
    pub group_of: Vec<i64>,
    /// Cluster of each unit.
    pub clusters: Option<Vec<usize>>,
}

/// The sample: a panel with `ivar()`, else repeated cross sections.
enum Sample {
    Panel(Panel),
    Sections(Rows, Option<Vec<usize>>),
}

/// The panel: values of the outcome and covariates by unit and period.
struct Panel {
    group_of: Vec<i64>,
    values: Vec<BTreeMap<i64, (f64, Vec<f64>)>>,
    clusters: Option<Vec<usize>>,
}

fn method(cmd: &ParsedCommand) -> Result<(Method, &'static str, &'static str)> {
    match cmd.options.text("method").map_or("drimp", str::trim) {
        "drimp" => Ok((Method::Improved, "weighted least squares", "inverse probability tilting")),
        "dripw" => Ok((Method::DoublyRobust, "least squares", "inverse probability")),
        "reg" => Ok((Method::Regression, "regression adjustment", "none")),
        "stdipw" => Ok((Method::Weighting, "none", "stabilized inverse probability")),
        "ipw" => Ok((Method::Abadie, "none", "inverse probability")),
        other => {
            Err(StataError::invalid(format!("method({other}) invalid: drimp, dripw, reg, stdipw or ipw")))
        }
    }
}

fn whole(session: &Session, option: &str, variable: usize, rows: &[usize]) -> Result<Vec<i64>> {
    rows.iter()
        .map(|r| {
            let value = session.frame.num_at(variable, *r);
            if value.fract() == 0.0 {
                Ok(value as i64)
            } else {
                Err(StataError::new(459, format!("{option}() must hold whole numbers")))
            }
        })
        .collect()
}

/// Reads the sample; the model has its rows.
fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<(crate::estimation::model::Model, Sample)> {
    let variable = |option: &str| {
        let name = cmd
            .options
            .text(option)
            .ok_or_else(|| StataError::new(198, format!("option {option}() required")))?;
        session.numeric_variable(name)
    };
    let unit = if cmd.has("ivar") { Some(variable("ivar")?) } else { None };
    let (time, group) = (variable("time")?, variable("gvar")?);
    let cluster = cmd.options.text("cluster").map(|v| session.variable(v)).transpose()?;
    let further: Vec<usize> = unit.into_iter().chain([time, group]).chain(cluster).collect();
    let reading = Reading { further, vce: Some(VceSpec::Default), weight_kinds: &[], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    crate::estimation::binary::drop_collinear(session, &mut model);
    let rows = model.design.rows.clone();
    let (times, groups) = (whole(session, "time", time, &rows)?, whole(session, "gvar", group, &rows)?);
    let own = cluster.map(|v| number_groups(&session.frame, v, &rows).0);
    let sample = match unit {
        Some(unit) => {
            let (of_row, count) = number_groups(&session.frame, unit, &rows);
            Sample::Panel(panel(&model, (&of_row, count), &times, &groups, own.as_deref())?)
        }
        None => {
            let mut columns: Vec<Vec<f64>> = model.columns().iter().map(|c| c.to_vec()).collect();
            columns.push(vec![1.0; rows.len()]);
            let rows = Rows { y: model.y.clone(), columns, periods: times, group_of: groups };
            Sample::Sections(rows, own.map(|c| c.into_iter().map(|c| c as usize).collect()))
        }
    };
    Ok((model, sample))
}

/// The panel of a sample whose rows belong to units.
fn panel(
    model: &crate::estimation::model::Model,
    (of_row, count): (&[u32], usize),
    times: &[i64],
    groups: &[i64],
    clusters: Option<&[u32]>,
) -> Result<Panel> {
    let mut group_of = vec![None; count];
    let mut values: Vec<BTreeMap<i64, (f64, Vec<f64>)>> = vec![BTreeMap::new(); count];
    let columns = model.columns();
    for (i, unit) in of_row.iter().map(|u| *u as usize).enumerate() {
        if *group_of[unit].get_or_insert(groups[i]) != groups[i] {
            return Err(StataError::new(459, "gvar() must be constant in each unit of ivar()"));
        }
        let x: Vec<f64> = columns.iter().map(|c| c[i]).chain([1.0]).collect();
        if values[unit].insert(times[i], (model.y[i], x)).is_some() {
            return Err(StataError::new(451, "repeated time values within panel"));
        }
    }
    let clusters = clusters
        .map(|own| {
            let mut of_unit = vec![None; count];
            for (unit, cluster) in of_row.iter().zip(own) {
                if *of_unit[*unit as usize].get_or_insert(*cluster as usize) != *cluster as usize {
                    return Err(StataError::new(498, "units of ivar() are not nested within clusters"));
                }
            }
            Ok(of_unit.into_iter().flatten().collect())
        })
        .transpose()?;
    Ok(Panel { group_of: group_of.into_iter().flatten().collect(), values, clusters })
}

/// Groups with their periods and base periods. Units that were treated in the first period have no base.
pub(super) fn cells(group_of: &[i64], periods: &[i64], universal: bool) -> Vec<Cell> {
    let distinct = |values: &mut dyn Iterator<Item = i64>| {
        let mut out: Vec<i64> = values.collect();
        out.sort_unstable();
        out.dedup();
        out
    };
    let periods = distinct(&mut periods.iter().copied());
    let before = |period: i64| periods.iter().copied().rev().find(|p| *p < period);
    let mut cells = Vec::new();
    for group in distinct(&mut group_of.iter().copied().filter(|g| *g > 0)) {
        let Some(last) = before(group) else { continue };
        for period in &periods {
            let base = if *period >= group || universal { Some(last) } else { before(*period) };
            if let Some(base) = base.filter(|b| b != period) {
                cells.push(Cell { group, base, period: *period });
            }
        }
    }
    cells
}

impl Sample {
    /// First treated period of each unit, or of each row of cross sections.
    fn group_of(&self) -> &[i64] {
        match self {
            Self::Panel(panel) => &panel.group_of,
            Self::Sections(rows, _) => &rows.group_of,
        }
    }

    fn cells(&self, universal: bool) -> Vec<Cell> {
        let periods: Vec<i64> = match self {
            Self::Panel(panel) => panel.values.iter().flat_map(|v| v.keys().copied()).collect(),
            Self::Sections(rows, _) => rows.periods.clone(),
        };
        cells(self.group_of(), &periods, universal)
    }

    fn effect(&self, cell: Cell, method: Method, not_yet: bool) -> Option<Effect> {
        match self {
            Self::Panel(panel) => panel.effect(cell, method, not_yet),
            Self::Sections(rows, _) => rows.effect(cell, method, not_yet),
        }
    }

    fn into_parts(self) -> (Vec<i64>, Option<Vec<usize>>) {
        match self {
            Self::Panel(panel) => (panel.group_of, panel.clusters),
            Self::Sections(rows, clusters) => (rows.group_of, clusters),
        }
    }
}

impl Panel {
    /// The effect of a cell with the influence of all units; nothing where it cannot be computed.
    fn effect(&self, cell: Cell, method: Method, not_yet: bool) -> Option<Effect> {
        let until = cell.period.max(cell.base);
        let control = |g: i64| g == 0 || (not_yet && g > until && g != cell.group);
        let mut units = Vec::new();
        let (mut change, mut treated, mut rows) = (Vec::new(), Vec::new(), Vec::new());
        let early = cell.period.min(cell.base);
        for (unit, group) in self.group_of.iter().enumerate() {
            if *group != cell.group && !control(*group) {
                continue;
            }
            let of = |period: i64| self.values[unit].get(&period);
            let (Some(from), Some(to), Some(first)) = (of(cell.base), of(cell.period), of(early)) else {
                continue;
            };
            units.push(unit);
            change.push(to.0 - from.0);
            treated.push(*group == cell.group);
            rows.push(first.1.clone());
        }
        if !treated.contains(&true) || !treated.contains(&false) {
            return None;
        }
        let columns: Vec<Vec<f64>> =
            (0..rows[0].len()).map(|j| rows.iter().map(|r| r[j]).collect()).collect();
        let found = TwoPeriods { change: &change, treated: &treated, columns: &columns }.effect(method)?;
        let mut influence = vec![0.0; self.group_of.len()];
        let scale = self.group_of.len() as f64 / units.len() as f64;
        for (unit, value) in units.iter().zip(&found.influence) {
            influence[*unit] = scale * value;
        }
        Some(Effect { value: found.value, influence })
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "csdid" {
        return display(session, cmd);
    }
    let (method, outcome, treatment) = method(cmd)?;
    if cmd.has("notyet") && cmd.has("never") {
        return Err(StataError::invalid("options notyet and never may not be combined"));
    }
    let kind = Kind::parse(cmd.options.text("agg").unwrap_or("attgt"))?;
    let (model, sample) = read(session, cmd)?;
    if matches!(sample, Sample::Sections(..)) {
        allowed("csdid", method)?;
    }
    let not_yet = cmd.has("notyet");
    if !not_yet && !sample.group_of().contains(&0) {
        return Err(StataError::new(2000, "no never-treated units (gvar() = 0); use notyet"));
    }
    let (mut cells, mut effects) = (Vec::new(), Vec::new());
    for cell in sample.cells(cmd.has("long2")) {
        if let Some(effect) = sample.effect(cell, method, not_yet) {
            cells.push(cell);
            effects.push(effect);
        }
    }
    if cells.is_empty() {
        return Err(StataError::new(2000, "no group with periods before and after its treatment"));
    }
    let (group_of, clusters) = sample.into_parts();
    let state = CsdidState { cells, effects, group_of, clusters };
    let average = averages(&state, kind, None)?;
    let parameters = parameters(&state, average);
    let mut est = post::begin("csdid", &post::command_line(cmd), &parameters, &model);
    let results = &mut est.results;
    results.scalar("N", model.y.len() as f64);
    if cmd.has("ivar") {
        results.scalar("N_units", state.group_of.len() as f64);
    }
    if let (Some(clusters), Some(name)) = (&state.clusters, cmd.options.text("cluster")) {
        let count = clusters.iter().max().map_or(0, |m| m + 1);
        results.scalar("N_clust", count as f64).text("clustvar", name.trim()).text("vcetype", "Robust");
        results.text("vce", "cluster");
    }
    let table: Vec<f64> =
        state.cells.iter().flat_map(|c| [c.group, c.base, c.period]).map(|v| v as f64).collect();
    let mut gtt = Matrix::new(state.cells.len(), 3, table);
    gtt.col_names = ["group", "base", "period"].map(Stripe::term).to_vec();
    results.matrix("gtt", gtt);
    for (option, name) in [("ivar", "ivar"), ("time", "tvar"), ("gvar", "gvar")] {
        results.text(name, cmd.options.text(option).unwrap_or("").trim());
    }
    results.text("method", cmd.options.text("method").map_or("drimp", str::trim)).text("agg", kind.name());
    results.text("outcome_model", outcome).text("treatment_model", treatment).text("properties", "b V");
    results.text("control", if not_yet { "Not yet Treated" } else { "Never Treated" });
    est.extra = Some(Arc::new(state));
    session.post_estimation(est, model.touse.clone());
    display(session, cmd)
}

/// Names, values and covariance of averages.
pub(super) fn parameters(state: &CsdidState, average: Average) -> Parameters {
    let views: Vec<&Effect> = average.effects.iter().collect();
    let v = covariance(&views, state.clusters.as_deref());
    Parameters { stripe: average.stripe, b: views.iter().map(|e| e.value).collect(), v }
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(session, cmd)?;
    let results = &session.e.results;
    let text = |name: &str| results.get_text(name).unwrap_or("").to_string();
    let facts = [Fact::observations(results.get_scalar("N").unwrap_or(0.0))];
    let models = [
        format!("Outcome model  : {}", text("outcome_model")),
        format!("Treatment model: {}", text("treatment_model")),
    ];
    let control = text("control");
    let equations = cell_equations(&text("agg"));
    session.print("Difference-in-difference with Multiple Time Periods");
    session.print("");
    show(session, &[], &facts, 13, 10);
    models.iter().for_each(|line| session.print(line));
    ml_command::table(session, cmd, &Look { equations, ..Look::default() })?;
    session.print(format!("Control: {control}"));
    session.print("");
    session.print("See Callaway and Sant'Anna (2021) for details");
    Ok(())
}
