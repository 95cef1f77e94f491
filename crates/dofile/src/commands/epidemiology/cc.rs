//! `cc` and `cci`: odds ratio of case–control studies.

use super::cs::association;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::ops::epitab::{
    Strata, estimates, fraction_labels, head_with_shares, immediate, interval_level, store, test_line,
};
use crate::ops::epitab_strata::{Standard, StratumRow, Summary, homogeneity_line, stratified};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::breslow_day::breslow_day;
use estimators::distributions::chi2_tail;
use estimators::epidemiology::{Combined, Interval, Table, combined_odds_ratio, fraction};
use estimators::epidemiology_standard::{pooled_odds_ratio, standardised_odds_ratio};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::flag("Woolf"),
    OptSpec::flag("COrnfield"),
    OptSpec::flag("Exact"),
    OptSpec::flag("noCrude"),
    OptSpec::flag("noHom"),
    OptSpec::flag("bd"),
    OptSpec::flag("TArone"),
    OptSpec::flag("IStandard"),
    OptSpec::flag("EStandard"),
    OptSpec::text("Standard"),
    OptSpec::flag("Pool"),
    OptSpec::real("Level"),
];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(OPTIONS).weights(&[WeightKind::Frequency]).unsupported(&["tb", "BINomial", "noHET"]);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("Woolf"),
    OptSpec::flag("COrnfield"),
    OptSpec::flag("Exact"),
    OptSpec::real("Level"),
])
.unsupported(&["tb"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cc",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "cc var_case var_exposed [if] [in] [fweight] [, by(varlist) istandard estandard standard(varname) pool woolf cornfield exact bd tarone nocrude nohom level(#)]",
    notes: "exact limits by default; stores r(or) r(lb_or) r(ub_or) r(afe) r(afp) r(chi2) r(p) r(p_exact) r(p1_exact), with by() r(crude), r(chi2_mh) and r(df) of homogeneity, r(chi2_bd) r(df_bd) and r(chi2_t) r(df_t) of Breslow and Day and of Tarone, r(chi2) and r(p) of no association, with pool r(pooled) r(chi2_p) r(df); with istandard, estandard or standard() r(or) is the standardised one; [R] Epitab",
    examples: &[Example {
        // 6*4/(2*3).
        run: "input y x n\n1 1 6\n0 1 2\n1 0 3\n0 0 4\nend\ncc y x [fweight=n]",
        expect: &[("r(or)", 4.0)],
    }],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "cci",
    min: 3,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "cci #a #b #c #d [, woolf cornfield exact level(#)]",
    notes: "exposed cases, unexposed cases, exposed controls, unexposed controls; as cc",
    examples: &[Example {
        run: "cci 4 386 4 1250, level(90) woolf",
        expect: &[("r(or)", 3.238_341_968_911_917)],
    }],
};

fn limits(cmd: &ParsedCommand, t: Table, level: f64) -> (Interval, &'static str) {
    if cmd.has("woolf") {
        (t.woolf(level), "(Woolf)")
    } else if cmd.has("cornfield") {
        (t.cornfield(level), "(Cornfield)")
    } else {
        (t.exact(level), "(exact)")
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("woolf") && cmd.has("cornfield") {
        return Err(StataError::invalid("only one of woolf and cornfield is allowed"));
    }
    let standard = Standard::of(cmd, "")?;
    let strata = Strata::read(s, cmd)?;
    if strata.labels.is_empty() {
        if let Some(option) = ["bd", "tarone"].iter().find(|o| cmd.has(o)) {
            return Err(StataError::invalid(format!("option {option} requires by()")));
        }
        return single(s, cmd, strata.tables[0]);
    }
    let level = interval_level(s, cmd)?;
    let weights: Vec<f64> = match standard {
        Some(standard) => standard.weights(&strata.tables, &strata.standard, |t| (t.c, t.d)),
        None => strata.tables.iter().map(|t| t.b * t.c / t.total()).collect(),
    };
    let rows: Vec<StratumRow> = strata
        .tables
        .iter()
        .zip(&strata.labels)
        .zip(&weights)
        .map(|((t, label), w)| (label.clone(), limits(cmd, *t, level).0, *w))
        .collect();
    let (crude, note) = limits(cmd, strata.crude(), level);
    let combined = combined_odds_ratio(&strata.tables, level);
    let summary = Summary {
        crude,
        combined: &combined,
        pooled: cmd.has("pool").then(|| pooled_odds_ratio(&strata.tables, level)),
        standardised: standard.map(|_| standardised_odds_ratio(&strata.tables, &weights, level)),
    };
    stratified(s, (&strata.by, "Odds ratio", note), level, &rows, &summary, cmd);
    let mut r = Results::default();
    store(&mut r, "or", summary.last());
    summary.store(&mut r);
    if standard.is_none() {
        tests(s, cmd, &strata, &combined, &mut r);
    }
    s.r = r;
    Ok(())
}

/// The tests under a table with the odds ratio of Mantel and Haenszel.
fn tests(s: &mut Session, cmd: &ParsedCommand, strata: &Strata, combined: &Combined, r: &mut Results) {
    let (bd, tarone, df_bd) = breslow_day(&strata.tables, combined.ratio.value);
    let further = [("bd", "B–D", bd, "chi2_bd", "df_bd"), ("tarone", "Tarone", tarone, "chi2_t", "df_t")];
    for (_, name, chi2, ..) in further.iter().filter(|f| cmd.has(f.0) && !cmd.has("nohom")) {
        homogeneity_line(s, name, *chi2, df_bd);
    }
    s.print("");
    s.print("Test that combined odds ratio = 1:");
    test_line(s, "Mantel–Haenszel chi2(1)", combined.association, chi2_tail(1.0, combined.association));
    // As in the manual: chi2_mh and df are the test of homogeneity, chi2 and p that of no association.
    r.scalar("chi2_mh", stata(combined.homogeneity.0)).scalar("df", combined.homogeneity.1);
    r.scalar("chi2", stata(combined.association)).scalar("p", stata(chi2_tail(1.0, combined.association)));
    for (_, _, chi2, name, df) in further.iter().filter(|f| cmd.has(f.0)) {
        r.scalar(name, stata(*chi2)).scalar(df, df_bd);
    }
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let n = immediate(cmd, 4, 4)?;
    single(s, cmd, Table { a: n[0], b: n[1], c: n[2], d: n[3] })
}

fn single(s: &mut Session, cmd: &ParsedCommand, t: Table) -> Result<()> {
    let level = interval_level(s, cmd)?;
    // Rows are cases and controls; the last column is the share that is exposed.
    head_with_shares(
        s,
        &[
            ("Cases", t.a, t.b, t.a + t.b),
            ("Controls", t.c, t.d, t.c + t.d),
            ("Total", t.exposed(), t.unexposed(), t.total()),
        ],
    );
    let (odds, note) = limits(cmd, t, level);
    let (exposed, preventive) = fraction(odds);
    let share = if preventive { t.c / (t.c + t.d) } else { t.a / (t.a + t.b) };
    let population = Interval { value: exposed.value * share, low: f64::NAN, high: f64::NAN };
    let labels = fraction_labels(preventive);
    estimates(
        s,
        level,
        &[
            ("Odds ratio".to_string(), odds, note),
            (labels.0.to_string(), exposed, note),
            (labels.1.to_string(), population, ""),
        ],
    );
    let mut r = Results::default();
    store(&mut r, "or", odds);
    store(&mut r, "afe", exposed);
    r.scalar("afp", stata(population.value));
    association(s, cmd, t, &mut r)?;
    s.r = r;
    Ok(())
}
