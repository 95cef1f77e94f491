//! `estat esize` and `estat szroeter` after `regress` and `anova`. Formulas: [R] regress postestimation; limits of effect
//! sizes from the noncentral F distribution (Smithson 2001); Szroeter (1978), Judge et al. (1985, section 11.3).

use super::anova::{group_terms, term_name, variables_of};
use super::estat_regress::Fitted;
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::expr::functions::noncentral::{invert, nf};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::estat::Call;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::{Design, FvList, Term};
use estimators::distributions::chi2_tail;
use estimators::means::ranks;
use estimators::real::stable_sum;
use estimators::wald;

/// A test of some terms.
struct Tested {
    name: String,
    f: f64,
    df: f64,
}

/// What is reported.
#[derive(Clone, Copy, PartialEq)]
enum Size {
    Eta,
    Epsilon,
    Omega,
}

/// `estat esize [, epsilon omega level(#)]`.
pub(crate) fn esize(session: &mut Session, call: &Call) -> Result<()> {
    let options =
        call.options(&[OptSpec::flag("EPSIlon"), OptSpec::flag("OMEga"), OptSpec::real("Level")], &[])?;
    if session.e.results.get_text("vcetype").is_some() {
        return Err(StataError::new(498, "estat esize not possible after a robust covariance"));
    }
    let level = options.real("level").unwrap_or(session.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    let size = match (options.has("epsilon"), options.has("omega")) {
        (true, true) => return Err(StataError::new(198, "only one of epsilon and omega may be specified")),
        (true, false) => Size::Epsilon,
        (false, true) => Size::Omega,
        (false, false) => Size::Eta,
    };
    let df_r = session.e.results.get_scalar("df_r").unwrap_or(f64::NAN);
    let lines = tests(session)?;
    let rows: Vec<[f64; 4]> = lines.iter().map(|line| sizes(line, df_r, level, size)).collect();
    show_sizes(session, &lines, &rows, level, size);
    // no limits of omega squared are published
    let width = if size == Size::Omega { 2 } else { 4 };
    let values = rows.iter().flat_map(|row| row[..width].to_vec()).collect();
    let mut matrix = Matrix::new(lines.len(), width, values);
    matrix.row_names = lines.iter().map(|l| Stripe::term(l.name.clone())).collect();
    let name = ["eta2", "epsilon2", "omega2"][size as usize];
    matrix.col_names = [name, "df", "lb", "ub"][..width].iter().map(|n| Stripe::term(*n)).collect();
    let mut results = Results::default();
    results.scalar("level", level).matrix("esize", matrix);
    session.r = results;
    Ok(())
}

/// The table. Limits stand beside eta squared alone, as since Stata 15.
fn show_sizes(session: &mut Session, lines: &[Tested], rows: &[[f64; 4]], level: f64, size: Size) {
    let name = ["Eta-squared", "Epsilon-squared", "Omega-squared"][size as usize];
    let wide = name.len() + 2;
    let limits = size == Size::Eta;
    let length = wide + 7 + if limits { 24 } else { 0 };
    let rule = |c: &str| format!("{}{c}{}", "-".repeat(20), "-".repeat(length));
    session.print("");
    session.print("Effect sizes for linear models");
    session.print("");
    session.print("-".repeat(length + 21));
    let interval = format!("[{}% conf. interval]", format::bare("%9.0g", level));
    let head = format!("{:>19} |{name:>width$}{:>7}", "Source", "df", width = wide - 1);
    session.print(if limits { format!("{head}{interval:>25}") } else { head });
    session.print(rule("+"));
    let cell = |x: f64, width: usize| format::right(&format::bare("%9.0g", x), width);
    for (i, (line, row)) in lines.iter().zip(rows).enumerate() {
        let label = format::abbrev(&line.name, 19);
        let text = format!("{label:>19} |{}{}", cell(row[0], wide - 2), cell(row[1], 8));
        session.print(match limits {
            true => format!("{text}{}{}", cell(row[2], 13), cell(row[3], 12)),
            false => text,
        });
        if i == 0 {
            session.print(format!("{:>19} |", ""));
        }
    }
    session.print("-".repeat(length + 21));
    if lines.len() > 2 {
        session.print(format!("Note: {name} values for individual model terms are partial."));
    }
}

/// Size, degrees of freedom and limits; a limit is missing where the noncentrality that would give it is negative.
/// Omega squared is that of an F test, (F - 1) df / (F df + df_r + 1), of Grissom and Kim (2012).
fn sizes(line: &Tested, df_r: f64, level: f64, size: Size) -> [f64; 4] {
    let adjusted = |eta: f64| match size {
        Size::Eta => eta,
        Size::Epsilon | Size::Omega => eta - line.df / df_r * (1.0 - eta),
    };
    let tail = (1.0 - level / 100.0) / 2.0;
    let limit = |p: f64| {
        let below = |lambda: f64| nf(line.df, df_r, lambda, line.f, false);
        if below(0.0) < p {
            return f64::NAN;
        }
        let lambda = invert(below, p, 0.0, f64::INFINITY, false);
        adjusted(lambda / (lambda + line.df + df_r + 1.0))
    };
    let share = line.df * line.f / (line.df * line.f + df_r);
    let omega = line.df * (line.f - 1.0) / (line.df * line.f + df_r + 1.0);
    let estimate = if size == Size::Omega { omega } else { adjusted(share) };
    [stata(estimate), line.df, stata(limit(1.0 - tail)), stata(limit(tail))]
}

/// The F test of the model and of each of its terms.
fn tests(session: &Session) -> Result<Vec<Tested>> {
    let results = &session.e.results;
    let scalar = |name: &str| results.get_scalar(name).unwrap_or(f64::NAN);
    let mut out = vec![Tested { name: "Model".into(), f: scalar("F"), df: scalar("df_m") }];
    if session.e.cmd() == "anova" {
        for i in 1..=scalar("k_terms") as usize {
            let name = results.get_text(&format!("term_{i}")).unwrap_or("").to_string();
            out.push(Tested { name, f: scalar(&format!("F_{i}")), df: scalar(&format!("df_{i}")) });
        }
        return Ok(out);
    }
    let parameters = Parameters::of(&session.e)?;
    let terms: Vec<(usize, &Term)> = parameters
        .terms
        .iter()
        .enumerate()
        .filter_map(|(i, t)| t.as_ref().filter(|_| parameters.v[(i, i)] > 0.0).map(|t| (i, t)))
        .collect();
    let all: Vec<Term> = terms.iter().map(|(_, t)| (*t).clone()).collect();
    for group in group_terms(&all) {
        let own = |(_, t): &&(usize, &Term)| variables_of(t) == group;
        let positions: Vec<usize> = terms.iter().filter(own).map(|(i, _)| *i).collect();
        let test = wald::test_zero(&parameters.b, &parameters.v, &positions);
        out.push(Tested { name: term_name(&group), f: test.f(), df: test.df as f64 });
    }
    Ok(out)
}

/// `estat szroeter [varlist] [, rhs mtest(method)]`.
pub(crate) fn szroeter(session: &mut Session, call: &Call) -> Result<()> {
    let options = call.options_after_list(&[OptSpec::flag("rhs"), OptSpec::text("MTest")], &[])?;
    let data = Fitted::classical(session, "szroeter")?;
    let mut columns: Vec<(String, Vec<f64>)> = Vec::new();
    if !call.list.is_empty() {
        let list = FvList::parse(&session.frame, &call.list, session.settings.varabbrev)?;
        let sample = session.estimation_sample().map_or_else(Vec::new, |s| s.to_vec());
        let listed = Design::build(&session.frame, &list, &sample)?;
        for i in listed.active() {
            columns.extend(listed.column(i).map(|c| (listed.terms[i].name(), c.to_vec())));
        }
    }
    if options.has("rhs") {
        let named =
            |(p, values): &(usize, Vec<f64>)| (data.parameters.stripe[*p].name.clone(), values.clone());
        columns.extend(data.columns.iter().map(named));
    }
    if columns.is_empty() {
        return Err(StataError::new(100, "varlist or option rhs required"));
    }
    let squares: Vec<f64> = data.residuals.iter().map(|e| e * e).collect();
    let chi2: Vec<f64> = columns.iter().map(|(_, x)| rank_statistic(&squares, x)).collect();
    let p: Vec<f64> = chi2.iter().map(|x| chi2_tail(1.0, *x)).collect();
    let adjusted = options.text("mtest").map(|method| adjust(method.trim(), &p)).transpose()?;
    session.print("");
    session.print("Szroeter's test for homoskedasticity");
    session.print("H0: Constant variance");
    session.print("Ha: Variance is monotonic in the variable");
    session.print("");
    session.print("    Variable |     chi2    df       p");
    session.print("-------------+------------------------");
    let shown = adjusted.as_ref().unwrap_or(&p);
    for ((name, _), (chi2, p)) in columns.iter().zip(chi2.iter().zip(shown)) {
        let mark = if adjusted.is_some() { " #" } else { "" };
        session.print(format!(
            "{:>12} |{}{:>6}{}{mark}",
            format::abbrev(name, 12),
            format::right(&format::bare("%9.2f", *chi2), 9),
            1,
            format::right(&format::bare("%6.4f", *p), 9)
        ));
    }
    let mut results = Results::default();
    let width = if adjusted.is_some() { 4 } else { 3 };
    let row = |i: usize| [Some(chi2[i]), Some(1.0), Some(p[i]), adjusted.as_ref().map(|a| a[i])];
    let cells = (0..columns.len()).flat_map(row).flatten().map(stata).collect();
    let mut matrix = Matrix::new(columns.len(), width, cells);
    matrix.row_names = columns.iter().map(|(n, _)| Stripe::term(n.clone())).collect();
    matrix.col_names = ["chi2", "df", "p", "adj-p"][..width].iter().map(|n| Stripe::term(*n)).collect();
    results.matrix("mtest", matrix);
    if let [x] = chi2[..] {
        results.scalar("chi2", stata(x)).scalar("df", 1.0).scalar("p", stata(p[0]));
    }
    session.r = results;
    Ok(())
}

/// The standardised square of the mean rank, weighted by squared residuals; tied values have their mean rank.
fn rank_statistic(squares: &[f64], x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let rank = ranks(x);
    let centre = (n + 1.0) / 2.0;
    let weighted =
        stable_sum(rank.iter().zip(squares).map(|(r, e)| r * e)) / stable_sum(squares.iter().copied());
    let spread = stable_sum(rank.iter().map(|r| (r - centre) * (r - centre)));
    (n * (weighted - centre)).powi(2) / (2.0 * spread)
}

/// Full name of a method of `mtest()` and the note under its table.
pub(super) fn title_of_adjustment(method: &str) -> (&'static str, &'static str) {
    let methods = [
        ("bonferroni", "# Bonferroni-adjusted p-values"),
        ("sidak", "# Šidák-adjusted p-values"),
        ("holm", "# Holm-adjusted p-values"),
    ];
    let found = methods.into_iter().find(|(name, _)| !method.is_empty() && name.starts_with(method));
    found.unwrap_or(("noadjust", "# Unadjusted p-values"))
}

/// p-values of several tests, [R] test (option `mtest()`).
pub(super) fn adjust(method: &str, p: &[f64]) -> Result<Vec<f64>> {
    let k = p.len() as f64;
    let is = |full: &str| !method.is_empty() && full.starts_with(method);
    if is("noadjust") {
        return Ok(p.to_vec());
    }
    if is("bonferroni") {
        return Ok(p.iter().map(|p| (k * p).min(1.0)).collect());
    }
    if is("sidak") {
        return Ok(p.iter().map(|p| -(k * (-p).ln_1p()).exp_m1()).collect());
    }
    if !is("holm") {
        return Err(StataError::new(198, format!("mtest({method}) invalid")));
    }
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut out = vec![0.0; p.len()];
    let mut least = 0.0_f64;
    for (place, i) in order.into_iter().enumerate() {
        least = least.max(((k - place as f64) * p[i]).min(1.0));
        out[i] = least;
    }
    Ok(out)
}
