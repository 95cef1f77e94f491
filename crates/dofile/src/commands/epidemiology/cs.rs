//! `cs` and `csi`: risk difference and risk ratio of cohort studies.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{
    Strata, estimates, fraction_labels, head, immediate, interval_level, store, test_line,
};
use crate::ops::epitab_strata::{Standard, StratumRow, Summary, stratified};
use crate::ops::fisher::exact_two_by_two;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::distributions::chi2_tail;
use estimators::epidemiology::{Interval, Table, combined_odds_ratio, combined_risk_ratio, fraction};
use estimators::epidemiology_standard::{
    Standardised, pooled_odds_ratio, pooled_risk_difference, pooled_risk_ratio,
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::flag("or"),
    OptSpec::flag("Woolf"),
    OptSpec::flag("Exact"),
    OptSpec::flag("noCrude"),
    OptSpec::flag("noHom"),
    OptSpec::flag("IStandard"),
    OptSpec::flag("EStandard"),
    OptSpec::text("Standard"),
    OptSpec::flag("Pool"),
    OptSpec::flag("rd"),
    OptSpec::real("Level"),
];
const UNSUPPORTED: &[&str] = &["tb", "BINomial", "noHET"];
const SYNTAX: StandardSyntax =
    StandardSyntax::new(OPTIONS).weights(&[WeightKind::Frequency]).unsupported(UNSUPPORTED);
const IMMEDIATE: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("or"),
    OptSpec::flag("Woolf"),
    OptSpec::flag("Exact"),
    OptSpec::real("Level"),
])
.unsupported(&["tb"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cs",
    min: 2,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "cs var_case var_exposed [if] [in] [fweight] [, by(varlist) istandard estandard standard(varname) pool rd or woolf exact nocrude nohom level(#)]",
    notes: "stores r(rd) r(rr) r(or) with r(lb_*) r(ub_*), r(afe) r(afp), r(chi2) r(p) r(p_exact) r(p1_exact), with by() r(crude), r(chi2_mh) and r(df) of homogeneity, r(chi2) and r(p) of no association, with pool r(pooled) r(chi2_p) r(df); with istandard, estandard or standard() the standardised r(rr), with rd r(rd); nonzero means case and exposed; [R] Epitab",
    examples: &[
        Example {
            // Risks 6/8 and 3/7.
            run: "input y x n\n1 1 6\n0 1 2\n1 0 3\n0 0 4\nend\ncs y x [fweight=n]",
            expect: &[("r(rr)", 1.75), ("r(rd)", 9.0 / 28.0)],
        },
        Example {
            // Exposed cases against those that the risks of the unexposed give: 30/(106*5/120 + 98*16/85).
            run: "input g y x n\n1 1 1 8\n1 1 0 5\n1 0 1 98\n1 0 0 115\n2 1 1 22\n2 1 0 16\n2 0 1 76\n2 0 0 69\nend\ncs y x [fweight=n], by(g) istandard",
            expect: &[("r(rr)", 30.0 / (106.0 * 5.0 / 120.0 + 98.0 * 16.0 / 85.0))],
        },
    ],
};

pub(super) const SPEC_IMMEDIATE: CommandSpec = CommandSpec {
    name: "csi",
    min: 3,
    form: Form::Standard(&IMMEDIATE),
    by: ByRule::No,
    run: run_immediate,
    syntax: "csi #a #b #c #d [, or woolf exact level(#)]",
    notes: "exposed cases, unexposed cases, exposed noncases, unexposed noncases; as cs",
    examples: &[Example {
        run: "csi 7 12 9 2",
        // 7/16 against 12/14
        expect: &[("r(rr)", 0.510_416_666_666_666_7), ("r(rd)+1", 0.580_357_142_857_142_8)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let standard = Standard::of(cmd, "rd")?;
    let strata = Strata::read(s, cmd)?;
    if strata.labels.is_empty() {
        return single(s, cmd, strata.tables[0]);
    }
    let level = interval_level(s, cmd)?;
    match standard {
        Some(standard) => standardised(s, cmd, &strata, standard, level),
        None => combined(s, cmd, &strata, level),
    }
}

/// The strata with the ratio of Mantel and Haenszel.
fn combined(s: &mut Session, cmd: &ParsedCommand, strata: &Strata, level: f64) -> Result<()> {
    let odds = cmd.has("or");
    let rows: Vec<StratumRow> = strata
        .tables
        .iter()
        .zip(&strata.labels)
        .map(|(t, label)| {
            let n = t.total();
            if odds {
                (label.clone(), t.woolf(level), t.b * t.c / n)
            } else {
                (label.clone(), t.risk_ratio(level), t.b * t.exposed() / n)
            }
        })
        .collect();
    let crude = strata.crude();
    let (crude, combined) = if odds {
        (crude.woolf(level), combined_odds_ratio(&strata.tables, level))
    } else {
        (crude.risk_ratio(level), combined_risk_ratio(&strata.tables, level))
    };
    let name = if odds { "Odds ratio" } else { "Risk ratio" };
    let pool = if odds { pooled_odds_ratio } else { pooled_risk_ratio };
    let pooled = cmd.has("pool").then(|| pool(&strata.tables, level));
    let summary = Summary { crude, combined: &combined, pooled, standardised: None };
    stratified(s, (&strata.by, name, ""), level, &rows, &summary, cmd);
    let mut r = Results::default();
    store(&mut r, if odds { "or" } else { "rr" }, combined.ratio);
    summary.store(&mut r);
    // As in the manual: chi2_mh and df are the test of homogeneity, chi2 and p that of no association.
    r.scalar("chi2_mh", stata(combined.homogeneity.0)).scalar("df", combined.homogeneity.1);
    r.scalar("chi2", stata(combined.association)).scalar("p", stata(chi2_tail(1.0, combined.association)));
    s.r = r;
    Ok(())
}

/// The strata with a standardised risk ratio or difference.
fn standardised(
    s: &mut Session,
    cmd: &ParsedCommand,
    strata: &Strata,
    standard: Standard,
    level: f64,
) -> Result<()> {
    if cmd.has("or") {
        return Err(StataError::unsupported_option("cs", "or with a standardised measure"));
    }
    let difference = cmd.has("rd");
    let measure = |t: &Table| if difference { t.risk_difference(level) } else { t.risk_ratio(level) };
    let of = |t: &Table| (t.exposed(), t.unexposed());
    let weights = standard.weights(&strata.tables, &strata.standard, of);
    let rows: Vec<StratumRow> = strata
        .tables
        .iter()
        .zip(&strata.labels)
        .zip(&weights)
        .map(|((t, label), w)| (label.clone(), measure(t), *w))
        .collect();
    let found = Standardised::risks(&strata.tables, &weights);
    let found = if difference { found.difference(level) } else { found.ratio(level) };
    let pool = if difference { pooled_risk_difference } else { pooled_risk_ratio };
    let summary = Summary {
        crude: measure(&strata.crude()),
        combined: &combined_risk_ratio(&strata.tables, level),
        pooled: cmd.has("pool").then(|| pool(&strata.tables, level)),
        standardised: Some(found),
    };
    let (title, name) = if difference { ("Risk diff.", "rd") } else { ("Risk ratio", "rr") };
    stratified(s, (&strata.by, title, ""), level, &rows, &summary, cmd);
    let mut r = Results::default();
    store(&mut r, name, found);
    summary.store(&mut r);
    s.r = r;
    Ok(())
}

fn run_immediate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let n = immediate(cmd, 4, 4)?;
    single(s, cmd, Table { a: n[0], b: n[1], c: n[2], d: n[3] })
}

fn single(s: &mut Session, cmd: &ParsedCommand, t: Table) -> Result<()> {
    if t.exposed() == 0.0 || t.unexposed() == 0.0 {
        return Err(StataError::new(2000, "no exposed or no unexposed observations"));
    }
    let level = interval_level(s, cmd)?;
    head(
        s,
        "",
        &[
            ("Cases", t.a, t.b, t.a + t.b),
            ("Noncases", t.c, t.d, t.c + t.d),
            ("Total", t.exposed(), t.unexposed(), t.total()),
        ],
        &[("Risk", t.risk_exposed(), t.risk_unexposed(), (t.a + t.b) / t.total())],
    );
    let (difference, ratio) = (t.risk_difference(level), t.risk_ratio(level));
    let (exposed, preventive) = fraction(ratio);
    // Among all: the share of cases (attributable) or of all rows (preventive) that is exposed.
    let share = if preventive { t.exposed() / t.total() } else { t.a / (t.a + t.b) };
    let population = Interval { value: exposed.value * share, low: f64::NAN, high: f64::NAN };
    let labels = fraction_labels(preventive);
    let mut rows = vec![
        ("Risk difference".to_string(), difference, ""),
        ("Risk ratio".to_string(), ratio, ""),
        (labels.0.to_string(), exposed, ""),
        (labels.1.to_string(), population, ""),
    ];
    let odds = if cmd.has("woolf") { t.woolf(level) } else { t.cornfield(level) };
    if cmd.has("or") {
        rows.push(("Odds ratio".to_string(), odds, if cmd.has("woolf") { "(Woolf)" } else { "(Cornfield)" }));
    }
    estimates(s, level, &rows);
    let mut r = Results::default();
    store(&mut r, "rd", difference);
    store(&mut r, "rr", ratio);
    store(&mut r, "afe", exposed);
    r.scalar("afp", stata(population.value));
    if cmd.has("or") {
        store(&mut r, "or", odds);
    }
    association(s, cmd, t, &mut r)?;
    s.r = r;
    Ok(())
}

/// Pearson's or Fisher's test of a table, printed and stored.
pub(super) fn association(s: &mut Session, cmd: &ParsedCommand, t: Table, r: &mut Results) -> Result<()> {
    if cmd.has("exact") {
        let (two, one) = exact_two_by_two([t.a, t.b, t.c, t.d])?;
        let line = |label: &str, p: f64| format!("{label} = {}", format::bare("%6.4f", stata(p)));
        s.print(format!("{:>60}", line("1-sided Fisher's exact P", one)));
        s.print(format!("{:>60}", line("2-sided Fisher's exact P", two)));
        r.scalar("p1_exact", stata(one)).scalar("p_exact", stata(two));
    } else {
        let (chi2, p) = (t.chi2(), chi2_tail(1.0, t.chi2()));
        test_line(s, "chi2(1)", chi2, p);
        r.scalar("chi2", stata(chi2)).scalar("p", stata(p));
    }
    Ok(())
}
