//! `tabodds`: odds of disease over the levels of an exposure, with tests of equal odds and of a trend.
//! Formulas: [R] Epitab, Methods and formulas of tabodds (Breslow and Day 1980, 4.4 and 4.5).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::ops::epitab::{Sample, interval_level, zero_one};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::distributions::chi2_tail;
use estimators::epidemiology::{Interval, Table, mantel_haenszel_score};
use estimators::epidemiology_trend::{Levels, adjusted_trend};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("or"),
    OptSpec::text("ADJust"),
    OptSpec::int("Base"),
    OptSpec::flag("CORNfield"),
    OptSpec::flag("woolf"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&["BINomial", "tb", "GRaph", "CIPlot"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "tabodds",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "tabodds var_case expvar [if] [in] [fweight] [, or adjust(varlist) base(#) cornfield woolf level(#)]",
    notes: "stores r(odds lb_odds ub_odds) of the last level, r(chi2_hom df_hom p_hom), r(chi2_tr p_trend); [R] Epitab",
    examples: &[Example {
        // Breslow and Day (1980), esophageal cancer by alcohol; the tests that [R] Epitab prints are 158.79 and 152.97.
        run: "input case alcohol freq\n1 1 29\n1 2 75\n1 3 51\n1 4 45\n0 1 386\n0 2 280\n0 3 87\n0 4 22\nend\ntabodds case alcohol [fweight=freq]",
        expect: &[
            ("abs(r(chi2_hom) - 158.79) < .005", 1.0),
            ("abs(r(chi2_tr) - 152.97) < .005", 1.0),
            ("r(odds)", 45.0 / 22.0),
        ],
    }],
};

/// The levels of the exposure in each stratum of the variables of `adjust()`.
struct Data {
    name: String,
    labels: Vec<String>,
    values: Vec<f64>,
    strata: Vec<Levels>,
    adjusted: bool,
}

impl Data {
    fn read(s: &Session, cmd: &ParsedCommand) -> Result<Self> {
        let variables = s.varlist(&cmd.list)?;
        let [case, exposure] = variables[..] else {
            return Err(StataError::standard(if variables.len() < 2 { 102 } else { 103 }));
        };
        if variables.iter().any(|v| s.frame.var(*v).is_string()) {
            return Err(StataError::type_mismatch());
        }
        let adjust = cmd.options.text("adjust").map_or_else(|| Ok(Vec::new()), |list| s.varlist(list))?;
        let all: Vec<usize> = variables.iter().chain(&adjust).copied().collect();
        let sample = Sample::read(s, cmd, &all)?;
        zero_one(s, case, &sample.rows)?;
        let groups = sample.groups(s, &[exposure]);
        let layers = sample.groups(s, &adjust);
        let empty = Levels { counts: vec![(0.0, 0.0); groups.count()], scores: groups.values() };
        let mut strata = vec![empty; layers.count()];
        for (i, &row) in sample.rows.iter().enumerate() {
            let cell = &mut strata[layers.of[i]].counts[groups.of[i]];
            let side = if s.frame.num_at(case, row) != 0.0 { &mut cell.0 } else { &mut cell.1 };
            *side += sample.weights[i];
        }
        Ok(Self {
            name: s.frame.var(exposure).name.clone(),
            labels: groups.labels.iter().map(|l| l.join(" ")).collect(),
            values: groups.values(),
            strata,
            adjusted: !adjust.is_empty(),
        })
    }

    /// All strata together.
    fn crude(&self) -> Levels {
        let counts = (0..self.values.len())
            .map(|j| {
                self.strata.iter().fold((0.0, 0.0), |sum, l| (sum.0 + l.counts[j].0, sum.1 + l.counts[j].1))
            })
            .collect();
        Levels { counts, scores: self.values.clone() }
    }

    /// Tables of a level against the base, by stratum.
    fn tables(&self, level: usize, base: usize) -> Vec<Table> {
        let table = |l: &Levels| Table {
            a: l.counts[level].0,
            b: l.counts[base].0,
            c: l.counts[level].1,
            d: l.counts[base].1,
        };
        self.strata.iter().map(table).collect()
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = Data::read(s, cmd)?;
    let level = interval_level(s, cmd)?;
    let crude = data.crude();
    let (cases, controls) = crude.totals();
    if data.values.len() < 2 {
        return Err(StataError::new(459, "exposure variable does not vary"));
    }
    if cases == 0.0 || controls == 0.0 {
        return Err(StataError::new(2000, "no cases or no controls"));
    }
    let ratios = cmd.has("or") || data.adjusted;
    if ratios {
        show_ratios(s, cmd, &data, level)?;
    } else {
        show_odds(s, &data, &crude, level);
    }
    let mut r = Results::default();
    let last = crude.counts[crude.counts.len() - 1];
    crate::ops::epitab::store(&mut r, "odds", odds(last, level));
    let line = |s: &mut Session, name: &str, df: f64, chi2: f64| {
        s.print(format!("{name} chi2({df})  = {}", format::right(&format::bare("%8.2f", stata(chi2)), 8)));
        let p = format::bare("%6.4f", stata(chi2_tail(df, chi2)));
        s.print(format!("{:>width$}  = {p:>8}", "Pr>chi2", width = name.chars().count() + 8));
    };
    if !data.adjusted {
        let (chi2, df) = crude.homogeneity();
        line(s, "Test of homogeneity (equal odds):", df, chi2);
        s.print("");
        r.scalar("chi2_hom", stata(chi2)).scalar("df_hom", df).scalar("p_hom", stata(chi2_tail(df, chi2)));
    }
    let (u, v) = adjusted_trend(&data.strata);
    let chi2 = u * u / v;
    line(s, "Score test for trend of odds:    ", 1.0, chi2);
    r.scalar("chi2_tr", stata(chi2)).scalar("p_trend", stata(chi2_tail(1.0, chi2)));
    s.r = r;
    Ok(())
}

/// Odds of cases against controls; limits from the standard error of their log.
fn odds((cases, controls): (f64, f64), level: f64) -> Interval {
    Interval::logarithmic(cases / controls, (1.0 / cases + 1.0 / controls).sqrt(), level)
}

fn show_odds(s: &mut Session, data: &Data, crude: &Levels, level: f64) {
    let rule = format!("{}+{}", "-".repeat(13), "-".repeat(61));
    let number = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
    s.print("");
    s.print("-".repeat(75));
    s.print(format!(
        "{:>12} |{:>11}{:>13}{:>11}{:>26}",
        format::abbrev(&data.name, 12),
        "Cases",
        "Controls",
        "Odds",
        format!("[{}% conf. interval]", format::bare("%5.0g", level))
    ));
    s.print(&rule);
    for (label, (a, b)) in data.labels.iter().zip(&crude.counts) {
        let odds = odds((*a, *b), level);
        s.print(format!(
            "{:>12} |{}{}{}{}{}",
            format::abbrev(label, 12),
            number("%9.0g", *a, 11),
            number("%9.0g", *b, 13),
            number("%9.5f", odds.value, 11),
            number("%9.5f", odds.low, 14),
            number("%9.5f", odds.high, 11)
        ));
    }
    s.print("-".repeat(75));
}

fn show_ratios(s: &mut Session, cmd: &ParsedCommand, data: &Data, level: f64) -> Result<()> {
    let count = data.values.len();
    let base = match cmd.options.int("base") {
        None => 0,
        Some(b) => usize::try_from(b - 1)
            .ok()
            .filter(|b| *b < count)
            .ok_or_else(|| StataError::invalid(format!("base() must be an integer between 1 and {count}")))?,
    };
    if data.adjusted && (cmd.has("cornfield") || cmd.has("woolf")) {
        return Err(StataError::invalid("options cornfield and woolf not allowed with adjust()"));
    }
    s.print("");
    s.print("-".repeat(75));
    s.print(format!(
        "{:>12} |{:>13}{:>11}{:>11}{:>27}",
        format::abbrev(&data.name, 12),
        "Odds ratio",
        "chi2",
        "P>chi2",
        format!("[{}% conf. interval]", format::bare("%5.0g", level))
    ));
    s.print(format!("{}+{}", "-".repeat(13), "-".repeat(61)));
    let cell = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
    for (j, label) in data.labels.iter().enumerate() {
        let label = format::abbrev(label, 12);
        if j == base {
            s.print(format!("{label:>12} |{:>13}{:>11}{:>11}{:>14}{:>13}", "1.000000", ".", ".", ".", "."));
            continue;
        }
        let tables = data.tables(j, base);
        let (odds, chi2) = ratio(cmd, &tables, level);
        s.print(format!(
            "{label:>12} |{}{}{}{}{}",
            cell("%9.6f", odds.value, 13),
            cell("%8.2f", chi2, 11),
            cell("%6.4f", chi2_tail(1.0, chi2), 11),
            cell("%9.6f", odds.low, 14),
            cell("%9.6f", odds.high, 13)
        ));
    }
    s.print("-".repeat(75));
    Ok(())
}

/// The odds ratio over strata with its limits from the variance of the score, as `mhodds`, and the test.
fn ratio(cmd: &ParsedCommand, tables: &[Table], level: f64) -> (Interval, f64) {
    let sum = |f: &dyn Fn(&Table) -> f64| tables.iter().filter(|t| t.total() > 0.0).map(f).sum::<f64>();
    let q = sum(&|t| t.a * t.d / t.total());
    let r = sum(&|t| t.b * t.c / t.total());
    let (u, v) = mantel_haenszel_score(tables);
    let odds = match tables {
        [t] if cmd.has("cornfield") => t.cornfield(level),
        [t] if cmd.has("woolf") => t.woolf(level),
        _ => Interval::logarithmic(q / r, (v / (q * r)).sqrt(), level),
    };
    (odds, u * u / v)
}
