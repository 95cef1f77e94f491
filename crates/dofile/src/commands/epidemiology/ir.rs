//! `ir` and `iri`: incidence-rate difference and ratio of studies with person-time.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::ops::epitab::{Sample, immediate, incidence_rates, interval_level, numeric, store};
use crate::ops::epitab_strata::{Standard, StratumRow, Summary, stratified};
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::epidemiology::{Rates, combined_rate_ratio};
use estimators::epidemiology_standard::{Standardised, pooled_rate_difference, pooled_rate_ratio};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("noCrude"),
    OptSpec::flag("noHom"),
    OptSpec::flag("IStandard"),
    OptSpec::flag("EStandard"),
    OptSpec::text("Standard"),
    OptSpec::flag("Pool"),
    OptSpec::flag("ird"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&["tb", "noHET"]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[OptSpec::real("Level")]).unsupported(&["tb"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ir",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "ir var_case var_exposed var_time [if] [in] [fweight] [, by(varlist) istandard estandard standard(varname) pool ird nocrude nohom level(#)]",
    notes: "stores r(ird) r(irr) with r(lb_*) r(ub_*), r(afe) r(afp), r(p) two-sided mid-p, with by() r(crude) r(chi2_mh) r(df), with pool r(pooled) r(chi2_p) r(df); with istandard, estandard or standard() the standardised r(irr), with ird r(ird); the case variable holds numbers of cases; [R] Epitab",
    examples: &[Example {
        // Rates 6/20 and 3/30.
        run: "input d x t\n6 1 20\n3 0 30\nend\nir d x t",
        expect: &[("r(irr)", 3.0), ("r(ird)", 0.2)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "iri",
    min: 3,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "iri #a #b #N1 #N2 [, level(#)]",
    notes: "exposed cases, unexposed cases, exposed time, unexposed time; as ir",
    examples: &[Example { run: "iri 41 15 28010 19017", expect: &[("r(irr)", 1.855_758_657_622_277_8)] }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let standard = Standard::of(cmd, "ird")?;
    let v = numeric(s, &cmd.list, 3)?;
    let by = match cmd.options.text("by") {
        Some(list) => s.varlist(list)?,
        None => Vec::new(),
    };
    let all: Vec<usize> = v.iter().chain(&by).copied().collect();
    let sample = Sample::read(s, cmd, &all)?;
    let groups = sample.groups(s, &by);
    let mut rates = vec![Rates::default(); groups.count()];
    for (i, &row) in sample.rows.iter().enumerate() {
        let (cases, time) = (s.frame.num_at(v[0], row), s.frame.num_at(v[2], row));
        if cases < 0.0 || time < 0.0 {
            return Err(StataError::standard(411));
        }
        let (r, w) = (&mut rates[groups.of[i]], sample.weights[i]);
        if s.frame.num_at(v[1], row) != 0.0 {
            (r.a, r.t1) = (r.a + w * cases, r.t1 + w * time);
        } else {
            (r.b, r.t0) = (r.b + w * cases, r.t0 + w * time);
        }
    }
    if by.is_empty() {
        let label = |v: usize| match s.frame.var(v) {
            own if own.label.is_empty() => own.name.clone(),
            own => own.label.clone(),
        };
        let [events, exposure, time] = [v[0], v[1], v[2]].map(label);
        return incidence_rates(s, cmd, rates[0], [&exposure, &events, &time]);
    }
    let given = sample.standard(s, cmd, &groups)?;
    strata(s, cmd, &rates, &groups, standard.map(|standard| (standard, given)))
}

/// The strata with the ratio of Mantel and Haenszel, or a standardised ratio or difference.
fn strata(
    s: &mut Session,
    cmd: &ParsedCommand,
    rates: &[Rates],
    groups: &Grouping,
    standard: Option<(Standard, Vec<f64>)>,
) -> Result<()> {
    let level = interval_level(s, cmd)?;
    let difference = cmd.has("ird");
    let measure = |r: &Rates| if difference { r.difference(level) } else { r.exact(level) };
    let weights = match &standard {
        Some((standard, given)) => standard.weights(rates, given, |r| (r.t1, r.t0)),
        None => rates.iter().map(|r| r.b * r.t1 / (r.t1 + r.t0)).collect(),
    };
    let rows: Vec<StratumRow> = rates
        .iter()
        .zip(&groups.labels)
        .zip(&weights)
        .map(|((r, label), w)| (label.join(" "), measure(r), *w))
        .collect();
    let crude = rates.iter().fold(Rates::default(), |s, r| Rates {
        a: s.a + r.a,
        b: s.b + r.b,
        t1: s.t1 + r.t1,
        t0: s.t0 + r.t0,
    });
    let combined = combined_rate_ratio(rates, level);
    let pool = if difference { pooled_rate_difference } else { pooled_rate_ratio };
    let standardised = standard.as_ref().map(|_| {
        let found = Standardised::rates(rates, &weights);
        if difference { found.difference(level) } else { found.ratio(level) }
    });
    let summary = Summary {
        crude: measure(&crude),
        combined: &combined,
        pooled: cmd.has("pool").then(|| pool(rates, level)),
        standardised,
    };
    let (title, note, name) = if difference { ("IRD", "", "ird") } else { ("IRR", "(exact)", "irr") };
    stratified(s, (&groups.variables.join(" "), title, note), level, &rows, &summary, cmd);
    let mut r = Results::default();
    store(&mut r, name, summary.last());
    summary.store(&mut r);
    if standard.is_none() {
        r.scalar("chi2_mh", stata(combined.homogeneity.0)).scalar("df", combined.homogeneity.1);
        r.scalar("p", stata(combined.homogeneity_p()));
    }
    s.r = r;
    Ok(())
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let n = immediate(cmd, 4, 2)?;
    let rates = Rates { a: n[0], b: n[1], t1: n[2], t0: n[3] };
    incidence_rates(s, cmd, rates, ["", "Cases", "Person-time"])
}
