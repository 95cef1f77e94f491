//! `cs` and `csi`: risk difference and risk ratio of cohort studies.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{
    Strata, StratumRow, estimates, fraction_labels, head, immediate, interval_level, store, stratified,
    test_line,
};
use crate::ops::fisher::exact_two_by_two;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::distributions::chi2_tail;
use estimators::epidemiology::{Interval, Table, combined_odds_ratio, combined_risk_ratio, fraction};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("by"),
    OptSpec::flag("or"),
    OptSpec::flag("Woolf"),
    OptSpec::flag("Exact"),
    OptSpec::flag("noCrude"),
    OptSpec::flag("noHom"),
    OptSpec::real("Level"),
];
const UNSUPPORTED: &[&str] = &["tb", "ESTandard", "ISTandard", "STANDard", "Pool", "rd", "BINomial", "noHET"];
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
    syntax: "cs var_case var_exposed [if] [in] [fweight] [, by(varlist) or woolf exact nocrude nohom level(#)]",
    notes: "stores r(rd) r(rr) r(or) with r(lb_*) r(ub_*), r(afe) r(afp), r(chi2) r(p) r(p_exact) r(p1_exact), with by() r(crude), r(chi2_mh) and r(df) of homogeneity, r(chi2) and r(p) of no association; nonzero means case and exposed; [R] Epitab",
    examples: &[Example {
        // Risks 6/8 and 3/7.
        run: "input y x n\n1 1 6\n0 1 2\n1 0 3\n0 0 4\nend\ncs y x [fweight=n]",
        expect: &[("r(rr)", 1.75), ("r(rd)", 9.0 / 28.0)],
    }],
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
    let strata = Strata::read(s, cmd)?;
    if strata.labels.is_empty() {
        return single(s, cmd, strata.tables[0]);
    }
    let level = interval_level(s, cmd)?;
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
    stratified(s, (&strata.by, name, ""), level, &rows, crude, &combined, cmd);
    let mut r = Results::default();
    store(&mut r, if odds { "or" } else { "rr" }, combined.ratio);
    r.scalar("crude", stata(crude.value));
    r.scalar("lb_crude", stata(crude.low)).scalar("ub_crude", stata(crude.high));
    // As in the manual: chi2_mh and df are the test of homogeneity, chi2 and p that of no association.
    r.scalar("chi2_mh", stata(combined.homogeneity.0)).scalar("df", combined.homogeneity.1);
    r.scalar("chi2", stata(combined.association)).scalar("p", stata(chi2_tail(1.0, combined.association)));
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
