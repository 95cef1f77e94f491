//! `anova`: analysis of variance and covariance of crossed factors.
//!
//! Syntax: `anova depvar termlist [if] [in] [weight] [, partial sequential noconstant level(#)]`; a term is a
//! variable (a factor unless written `c.x`), `a#b`, `a##b` or nested `b|a`; `/` marks error terms.
//! Stores in `e()`: what `regress` stores for the same model, and ss_# df_# F_# term_# sstype, k_terms (number of
//! terms), errorterm_#, with repeated() N_bse df_bse hf1 gg1 box1 repvars Srep. Partial sums of squares are those of type III. Formulas: [R] anova.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::anova_terms::{ErrorTerm, Terms};
use super::{anova_repeated, regress};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::model::{Model, Reading, first_word};
use crate::estimation::post::stata;
use crate::format;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{Atom, Term};
use crate::value::MISSING;
use estimators::anova::{Part, TermSquares, effect_columns, sums_of_squares};
use estimators::distributions::f_tail;
use estimators::ols::{self, Request};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("PARtial"),
    OptSpec::flag("SEquential"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("DROPEmptycells"),
    OptSpec::text("REPeated"),
    OptSpec::text("BSE"),
    OptSpec::text("BSEUNIT"),
    OptSpec::text("GROUPing"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency])
.unsupported(&["CLASS", "CATegory", "REGress", "DETail"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "anova",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "anova depvar termlist [if] [in] [weight] [, partial sequential noconstant dropemptycells repeated(varname) bse(term) bseunit(varname) grouping(varname)]; a term is a variable, a#b, a##b or nested b|a; the term behind / is the error of those before it",
    notes: "stores e(N df_m df_r F r2 r2_a rmse mss rss ll ss_# df_# F_# k_terms), e(term_# errorterm_# sstype), e(b), e(V), with repeated() e(N_bse df_bse hf1 gg1 box1 repvars Srep); dropemptycells changes no result; formulas: [R] anova",
    examples: &[Example {
        // Two crossed factors of two levels, two rows each: cell means 2 4 6 12, errors of one.
        run: "set obs 8\ngen a = _n > 4\ngen b = mod(ceil(_n/2), 2) == 0\ngen y = cond(a, cond(b, 12, 6), cond(b, 4, 2)) + cond(mod(_n,2), 1, -1)\nanova y a##b",
        expect: &[("e(ss_1)", 72.0), ("e(ss_2)", 32.0), ("e(ss_3)", 8.0), ("e(rss)", 8.0), ("e(df_r)", 4.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "anova" {
        return display(session);
    }
    if cmd.has("partial") && cmd.has("sequential") {
        return Err(StataError::invalid("options partial and sequential may not be combined"));
    }
    let sequential = cmd.has("sequential");
    let (depvar, terms) = first_word(&cmd.list);
    let terms = Terms::read(session, terms)?;
    let list = format!("{depvar} {}", terms.list);
    let mut model = Reading { list: &list, ..Reading::new(cmd) }.model(session)?.enough()?;
    let groups = group_terms(&model.design.terms);
    if groups.is_empty() {
        return Err(StataError::new(100, "a term is needed"));
    }
    let squares = {
        let columns = |g: &Variables| match terms.columns(session, &model, g)? {
            Some(nested) => Ok(nested),
            None => term_columns(session, &model, g),
        };
        let columns: Vec<Vec<Vec<f64>>> = groups.iter().map(columns).collect::<Result<_>>()?;
        sums_of_squares(&model.y, &columns, model.weights.as_ref(), model.constant, sequential)
    };
    if !sequential {
        let crossed: Vec<Term> =
            model.design.terms.iter().filter(|t| !terms.is_nested(&variables_of(t))).cloned().collect();
        refuse_empty_cells(&crossed)?;
    }
    let fit = {
        let columns = model.columns();
        let request = Request {
            constant: model.constant,
            weights: model.weights.as_ref(),
            ..Request::new(&model.y, &columns)
        };
        ols::fit(&request).map_err(fit_error)?
    };
    // The table shows by its degrees of freedom what is omitted: no notes, as in published logs.
    model.omit(&fit.basis.omitted);
    let mut est = regress::estimation(cmd, &model, &fit);
    let results = &mut est.results;
    results.text("cmd", "anova").text("title", "Analysis of variance");
    results.text("sstype", if sequential { "sequential" } else { "partial" });
    results.scalar("k_terms", groups.len() as f64).scalar("version", 2.0);
    let names: Vec<String> = groups.iter().map(|g| terms.name(g).unwrap_or_else(|| term_name(g))).collect();
    let residual = TermSquares { ss: fit.rss, df: fit.df_residual };
    let errors = terms.errors(&groups);
    for (i, found) in squares.iter().enumerate() {
        let number = i + 1;
        results.text(&format!("term_{number}"), names[i].clone());
        results.scalar(&format!("ss_{number}"), found.ss).scalar(&format!("df_{number}"), found.df);
        let (error, name) = match errors[i] {
            ErrorTerm::Residual => (residual, "Residual"),
            ErrorTerm::Term(j) => (squares[j], names[j].as_str()),
            ErrorTerm::Untested => continue,
        };
        results.scalar(&format!("F_{number}"), stata(f_ratio(*found, error.ss / error.df)));
        results.scalar(&format!("dfdenom_{number}"), error.df).text(&format!("errorterm_{number}"), name);
    }
    if cmd.options.has("repeated") {
        anova_repeated::store(session, cmd, &model, results)?;
    }
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    display(session)
}

fn f_ratio(term: TermSquares, mean_square: f64) -> f64 {
    if term.df > 0.0 { term.ss / term.df / mean_square } else { f64::NAN }
}

/// Terms with `i.` before every variable that has no operator; nested and repeated terms are refused.
pub(super) fn factor_terms(text: &str) -> Result<String> {
    if text.contains(['|', '/']) {
        return Err(StataError::unsupported_option("anova", "nested terms (| and /)"));
    }
    let mark = |name: &str| if name.contains('.') { name.to_string() } else { format!("i.{name}") };
    let word = |word: &str| {
        let parts: Vec<String> =
            word.split("##").map(|p| p.split('#').map(mark).collect::<Vec<_>>().join("#")).collect();
        parts.join("##")
    };
    Ok(text.split_whitespace().map(word).collect::<Vec<_>>().join(" "))
}

/// The variables of a term: its name and whether it is a factor.
pub(super) type Variables = Vec<(String, bool)>;

pub(super) fn variables_of(term: &Term) -> Variables {
    term.atoms.iter().map(|a| (a.var().to_string(), matches!(a, Atom::Level { .. }))).collect()
}

/// The terms behind the design columns, in order.
pub(super) fn group_terms(terms: &[Term]) -> Vec<Variables> {
    let mut out: Vec<Variables> = Vec::new();
    for variables in terms.iter().map(variables_of) {
        if !out.contains(&variables) {
            out.push(variables);
        }
    }
    out
}

pub(super) fn term_name(variables: &Variables) -> String {
    let continuous = variables.iter().all(|v| !v.1);
    let part = |(name, factor): &(String, bool)| {
        if *factor || (continuous && variables.len() == 1) { name.clone() } else { format!("c.{name}") }
    };
    variables.iter().map(part).collect::<Vec<_>>().join("#")
}

/// Effect-coded columns of one term in the sample.
pub(super) fn term_columns(session: &Session, model: &Model, variables: &Variables) -> Result<Vec<Vec<f64>>> {
    let rows = &model.design.rows;
    let mut levels: Vec<(Vec<u32>, usize)> = Vec::new();
    let mut values: Vec<Vec<f64>> = Vec::new();
    for (name, factor) in variables {
        let position = session.frame.position(name)?;
        let column: Vec<f64> = rows.iter().map(|r| session.frame.num_at(position, *r)).collect();
        if *factor {
            let mut found = column.clone();
            found.sort_by(f64::total_cmp);
            found.dedup();
            let numbers = column.iter().map(|v| found.partition_point(|l| l < v) as u32).collect();
            levels.push((numbers, found.len()));
        } else {
            values.push(column);
        }
    }
    let (mut next_level, mut next_value) = (levels.iter(), values.iter());
    let parts: Vec<Part<'_>> = variables
        .iter()
        .map(|(_, factor)| {
            if *factor {
                let (numbers, count) = next_level.next().expect("one entry per factor");
                Part::Factor(numbers, *count)
            } else {
                Part::Covariate(next_value.next().expect("one entry per covariate"))
            }
        })
        .collect();
    Ok(effect_columns(&parts, rows.len()))
}

/// With an empty cell the partial sum of squares of a main effect depends on which estimable hypothesis is chosen.
pub(super) fn refuse_empty_cells(terms: &[Term]) -> Result<()> {
    match terms.iter().find(|t| t.empty) {
        None => Ok(()),
        Some(term) => Err(StataError::new(
            199,
            format!(
                "cell {} has no observations: partial sums of squares with empty cells are not supported by the \
                 open engine; use option sequential or leave the interaction out",
                term.name()
            ),
        )),
    }
}

/// A name in the first column of the table: a variable has eleven characters, a product of variables 24.
pub(super) fn shown_name(name: &str) -> String {
    format::abbrev(name, if name.contains(['#', '|']) { 24 } else { 11 })
}

/// The heads of the columns.
pub(super) fn head(sequential: bool) -> String {
    let squares = if sequential { "Seq. SS" } else { "Partial SS" };
    format!("{:>24} |{squares:>11}{:>11}{:>11}{:>9}{:>10}", "Source", "df", "MS", "F", "Prob>F")
}

/// The rule of a table, which begins at the longest name.
pub(super) fn rule(names: impl Iterator<Item = String>) -> String {
    let longest = names.map(|name| shown_name(&name).chars().count()).max().unwrap_or(0).max(10);
    format!("{:>25}+{}", "-".repeat(longest + 1), "-".repeat(52))
}

/// Prints the table of the active estimates.
fn display(session: &mut Session) -> Result<()> {
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let number = |x: f64| format::bare("%10.0g", x);
    let sequential = e.get_text("sstype") == Some("sequential");
    let (rss, df_r, mss, df_m) = (scalar("rss"), scalar("df_r"), scalar("mss"), scalar("df_m"));
    let line = |name: &str, ss: f64, df: f64, f: Option<(f64, f64)>| {
        let (ms, name) = (if df > 0.0 { number(ss / df) } else { String::new() }, shown_name(name));
        let mut out = format!("{name:>24} |{:>11}{:>11}{ms:>12}", number(ss), number(df));
        if let Some((f, below)) = f.filter(|_| df > 0.0) {
            let p = stata(f_tail(df, below, f));
            out.push_str(&format!("{:>10}{:>8}", format::bare("%8.2f", f), format::bare("%6.4f", p)));
        }
        out
    };
    let count = scalar("k_terms") as usize;
    let text = |what: &str, i: usize| e.get_text(&format!("{what}_{i}")).unwrap_or("").to_string();
    let mut lines = vec![
        String::new(),
        format!(
            "{:>38} = {:>10}    {:<13} = {:>7}",
            "Number of obs",
            format::bare("%10.0fc", scalar("N")),
            "R-squared",
            format::bare("%7.4f", scalar("r2"))
        ),
        format!(
            "{:>38} = {:>10}    {:<13} = {:>7}",
            "Root MSE     ",
            format::bare("%9.6g", scalar("rmse")),
            "Adj R-squared",
            format::bare("%7.4f", scalar("r2_a"))
        ),
        String::new(),
        head(sequential),
    ];
    let rule = rule((1..=count).map(|i| text("term", i)));
    let gap = format!("{:>24} |", "");
    lines.push(rule.clone());
    lines.push(line("Model", mss, df_m, Some((scalar("F"), df_r))));
    lines.push(gap.clone());
    let errors: Vec<String> = (1..=count).map(|i| text("errorterm", i)).collect();
    for i in 1..=count {
        let name = text("term", i);
        let of = |what: &str| scalar(&format!("{what}_{i}"));
        // An error term stands below the terms that it tests, and again with its own test.
        if errors.contains(&name) {
            lines.push(line(&name, of("ss"), of("df"), None));
            lines.push(rule.clone());
        }
        if !errors[i - 1].is_empty() {
            lines.push(line(&name, of("ss"), of("df"), Some((of("F"), of("dfdenom")))));
        }
    }
    lines.push(gap);
    lines.push(line("Residual", rss, df_r, None));
    lines.push(rule);
    lines.push(line("Total", mss + rss, df_m + df_r, None));
    lines.iter().for_each(|l| session.print(l.trim_end()));
    anova_repeated::display(session);
    Ok(())
}
