//! `vecrank`: Johansen's tests of the number of cointegrating equations. Formulas: [TS] vecrank; numbers and critical
//! values: `estimators::cointegration`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::var_sample::{sample, span};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::post::command_line;
use crate::format;
use crate::matrix::Matrix;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::cointegration::{Johansen, Statistic, Trend, critical, johansen};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LAgs"),
    OptSpec::text("Trend"),
    OptSpec::text("SIndicators"),
    OptSpec::flag("noREDuce"),
    OptSpec::flag("noTRAce"),
    OptSpec::flag("MAx"),
    OptSpec::flag("ic"),
    OptSpec::flag("LEVEL99"),
    OptSpec::flag("LEVELA"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "vecrank",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "vecrank varlist [if] [in] [, lags(#) trend(constant|rconstant|rtrend|trend|none) sindicators(varlist) notrace max ic level99 levela]",
    notes: "stores e(N k_eq n_lags k_ce95 k_ce99 k_cesbic k_cehqic tmin tmax), e(trace) e(max) e(lambda) e(ll) e(k_rank) e(sbic) e(hqic) e(aic); critical values: Osterwald-Lenum (1992), up to 11 series; [TS] vecrank",
    examples: &[Example {
        // One series and one lag, no terms: the eigenvalue is the squared correlation of change and level about zero.
        run: "set obs 30\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double a = x - x[_n-1]\ngenerate double b = x[_n-1]\ngenerate double ab = a*b\ngenerate double aa = a^2\ngenerate double bb = b^2\nquietly summarize ab\nscalar s = r(sum)\nquietly summarize aa\nscalar u = r(sum)\nquietly summarize bb\nscalar l = s^2/(u*r(sum))\nvecrank x, lags(1) trend(none)\nmatrix m = e(lambda)\nmatrix c = e(trace)",
        expect: &[("m[1,1]/l", 1.0), ("c[1,1]/(-29*ln(1 - l))", 1.0), ("e(N)", 29.0)],
    }],
};

/// The trend of an option `trend()` and its full name.
pub(super) fn trend(text: Option<&str>) -> Result<(Trend, &'static str)> {
    let asked = text.map_or("constant", str::trim);
    let full = [
        ("none", 1, Trend::None),
        ("rconstant", 2, Trend::RestrictedConstant),
        ("constant", 1, Trend::Constant),
        ("rtrend", 2, Trend::RestrictedTrend),
        ("trend", 1, Trend::Trend),
    ];
    full.into_iter()
        .find(|(name, least, _)| asked.len() >= *least && name.starts_with(asked))
        .map(|(name, _, trend)| (trend, name))
        .ok_or_else(|| StataError::invalid(format!("trend({asked}) invalid")))
}

/// Seasonal indicators around their means, in the rows that are used.
fn indicators(session: &Session, cmd: &ParsedCommand, rows: &[usize]) -> Result<Vec<Vec<f64>>> {
    let text = cmd.options.text("sindicators").unwrap_or("");
    let list = FvList::parse(&session.frame, text, session.settings.varabbrev)?;
    let mut mark = vec![false; session.frame.n_rows()];
    rows.iter().for_each(|r| mark[*r] = true);
    let mut touse = mark.clone();
    list.markout(&session.frame, &mut touse)?;
    if touse != mark {
        return Err(StataError::new(459, "sindicators() has missing values in the sample"));
    }
    let terms = list.expand(&session.frame, &mark)?;
    terms
        .iter()
        .filter(|t| !t.is_omitted())
        .map(|term| {
            let values = term.values(&session.frame, rows)?;
            let mean = values.iter().sum::<f64>() / values.len() as f64;
            Ok(values.iter().map(|v| v - mean).collect())
        })
        .collect()
}

/// One test for each rank from zero on.
struct Test {
    statistics: Vec<f64>,
    kind: Statistic,
    title: &'static str,
}

impl Test {
    fn critical(&self, trend: Trend, one_percent: bool, rank: usize) -> f64 {
        critical(trend, self.kind, one_percent, self.statistics.len() - rank).unwrap_or(MISSING)
    }

    /// The first rank that is not rejected; nothing where a critical value before it is not tabulated.
    fn chosen(&self, trend: Trend, one_percent: bool) -> Option<usize> {
        for (rank, statistic) in self.statistics.iter().enumerate() {
            let critical = self.critical(trend, one_percent, rank);
            if is_missing(critical) {
                return None;
            }
            if *statistic <= critical {
                return Some(rank);
            }
        }
        Some(self.statistics.len())
    }
}

fn tests(fit: &Johansen) -> [Test; 2] {
    let m = fit.eigenvalues.len();
    // an eigenvalue of one makes the log likelihood of its rank infinite
    let twice = |from: usize, to: usize| {
        let value = 2.0 * (fit.ll[to] - fit.ll[from]);
        if value.is_finite() { value } else { MISSING }
    };
    [
        Test { statistics: (0..m).map(|r| twice(r, m)).collect(), kind: Statistic::Trace, title: "trace" },
        Test {
            statistics: (0..m).map(|r| twice(r, r + 1)).collect(),
            kind: Statistic::Largest,
            title: "max",
        },
    ]
}

/// SBIC, HQIC and AIC of each rank, over the number of rows.
fn criteria(fit: &Johansen) -> [Vec<f64>; 3] {
    let n = fit.n as f64;
    let of = |price: f64| {
        let each = fit.ll.iter().zip(&fit.parameters).map(|(ll, k)| (-2.0 * ll + price * *k as f64) / n);
        each.map(|v| if v.is_finite() { v } else { MISSING }).collect()
    };
    [of(n.ln()), of(2.0 * n.ln().ln()), of(2.0)]
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let lags = match cmd.options.int("lags") {
        None => 2,
        Some(lags) if (1..=1000).contains(&lags) => lags as usize,
        Some(_) => return Err(StataError::invalid("lags() must be a positive integer")),
    };
    let (trend, name) = trend(cmd.options.text("trend"))?;
    let data = sample(session, cmd, lags)?;
    let used = data.rows[data.from..].to_vec();
    let further = indicators(session, cmd, &used)?;
    let fit = johansen(&data.y, lags, trend, &further).map_err(fit_error)?;
    let (tests, criteria) = (tests(&fit), criteria(&fit));
    let m = data.names.len();
    let mut est = Estimation::default();
    let r = &mut est.results;
    let finite = |v: f64| if v.is_finite() { v } else { MISSING };
    let row = |values: Vec<f64>| Matrix::new(1, values.len(), values);
    r.matrix("trace", row(tests[0].statistics.clone())).matrix("max", row(tests[1].statistics.clone()));
    r.matrix("lambda", row(fit.eigenvalues.clone()));
    r.matrix("ll", row(fit.ll.iter().map(|v| finite(*v)).collect()));
    r.matrix("k_rank", row(fit.parameters.iter().map(|k| *k as f64).collect()));
    for (name, values) in ["sbic", "hqic", "aic"].iter().zip(&criteria) {
        r.matrix(name, row(values.clone()));
    }
    let least = |values: &[f64]| {
        (0..values.len()).min_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0) as f64
    };
    r.scalar("N", fit.n as f64)
        .scalar("k_eq", m as f64)
        .scalar("k_dv", m as f64)
        .scalar("n_lags", lags as f64);
    let number = |rank: Option<usize>| rank.map_or(MISSING, |r| r as f64);
    r.scalar("k_ce95", number(tests[0].chosen(trend, false)));
    r.scalar("k_ce99", number(tests[0].chosen(trend, true)));
    r.scalar("k_cesbic", least(&criteria[0])).scalar("k_cehqic", least(&criteria[1]));
    r.text("cmd", "vecrank").text("cmdline", command_line(cmd)).text("trend", name);
    r.text("endog", data.names.join(" "));
    span(session, &used, r)?;
    let heading = [
        (format!("Trend: {name}"), "Number of obs", fit.n),
        (
            format!(
                "Sample: {} thru {}",
                r.get_text("tmins").unwrap_or(""),
                r.get_text("tmaxs").unwrap_or("")
            ),
            "Number of lags",
            lags,
        ),
    ];
    let mut mark = vec![false; session.frame.n_rows()];
    used.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    session.print("");
    session.print("Johansen tests for cointegration");
    for (left, label, value) in heading {
        session.print(format!("{left:<44}{label:<14} = {value:>6}"));
    }
    let mut starred = false;
    for test in &tests {
        if (test.kind == Statistic::Trace && cmd.has("notrace"))
            || (test.kind == Statistic::Largest && !cmd.has("max"))
        {
            continue;
        }
        starred |= show(session, cmd, &fit, test, trend);
    }
    if cmd.has("ic") {
        show_criteria(session, &fit, &criteria);
        starred = true;
    }
    if starred {
        session.print(" * selected rank");
    }
    Ok(())
}

/// Rank, parameters, log likelihood and eigenvalue of a line.
fn start(fit: &Johansen, rank: usize) -> String {
    let eigenvalue = match rank.checked_sub(1) {
        None => format::bare("%9.5f", MISSING),
        Some(before) => format::bare("%9.5f", fit.eigenvalues[before]),
    };
    let ll = if fit.ll[rank].is_finite() { fit.ll[rank] } else { MISSING };
    let ll = format::right(&format::bare("%12.4f", ll), 12);
    format!("{rank:>7}{:>8}{ll}{}", fit.parameters[rank], format::right(&eigenvalue, 12))
}

/// Shows one test; whether a rank has a star.
fn show(session: &mut Session, cmd: &ParsedCommand, fit: &Johansen, test: &Test, trend: Trend) -> bool {
    let both = cmd.has("levela");
    let levels: &[bool] = if both {
        &[false, true]
    } else if cmd.has("level99") {
        &[true]
    } else {
        &[false]
    };
    let (m, line) = (test.statistics.len(), "-".repeat(51 + 14 * levels.len()));
    session.print(&line);
    session.print("Maximum                                         Critical value");
    let heads: String = levels.iter().map(|one| format!("{:>14}", if *one { "1%" } else { "5%" })).collect();
    session.print(format!("   rank  Params          LL  Eigenvalue{:>11}{heads}", test.title));
    let chosen: Vec<usize> = levels.iter().filter_map(|one| test.chosen(trend, *one)).collect();
    let mut starred = false;
    for rank in 0..=m {
        if rank == m {
            session.print(start(fit, rank));
            break;
        }
        let star = if chosen.contains(&rank) { "*" } else { " " };
        starred |= star == "*";
        let statistic = format::right(&format::bare("%10.4f", test.statistics[rank]), 11);
        let values = levels
            .iter()
            .map(|one| format::right(&format::bare("%8.2f", test.critical(trend, *one, rank)), 13));
        session.print(format!(
            "{}{statistic}{star}{}",
            start(fit, rank),
            values.collect::<Vec<_>>().join(" ")
        ));
    }
    session.print(line);
    starred
}

fn show_criteria(session: &mut Session, fit: &Johansen, criteria: &[Vec<f64>; 3]) {
    let line = "-".repeat(75);
    session.print(&line);
    session.print("   rank  Params          LL  Eigenvalue        SBIC        HQIC         AIC");
    let best: Vec<usize> =
        criteria.iter().map(|v| (0..v.len()).min_by(|a, b| v[*a].total_cmp(&v[*b])).unwrap_or(0)).collect();
    for rank in 0..fit.ll.len() {
        let mut text = start(fit, rank);
        for (values, best) in criteria.iter().zip(&best) {
            text.push_str(&format::right(&format::bare("%9.0g", values[rank]), 11));
            text.push(if *best == rank { '*' } else { ' ' });
        }
        session.print(text);
    }
    session.print(line);
}
