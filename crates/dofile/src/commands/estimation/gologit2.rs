//! `gologit2`: generalised ordered logit, in which coefficients may differ between the splits of the outcome.
//!
//! Formulas: Williams (2006), Stata Journal 6: 58-82. The lines that `pl()` holds parallel are constraints, as there.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::choice::{categories, counts, equation_names, null_likelihood, read};
use crate::error::{Result, StataError};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Model;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{FvList, Term};
use estimators::matrix::Mat;
use estimators::ml::{Equation, MlFit};
use estimators::ml_binary::Link;
use estimators::ml_outcomes::Observed;
use estimators::ml_separate_lines::SeparateLines;
use estimators::wald;

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag_or_text("AUTOfit"),
    OptSpec::flag_or_text("pl"),
    OptSpec::flag_or_text("npl"),
    OptSpec::flag("or"),
])
.weights(WEIGHTS)
.maximised()
.unsupported(&["GAMma", "LINK", "LRForce", "STOre", "V1", "MLSTart", "FORCE", "NOLABel", "SVY"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "gologit2",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "gologit2 depvar [indepvars] [if] [in] [weight] [, autofit[(#)] pl[(varlist)] npl[(varlist)] or noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "an equation for each split of the outcome, named by the category below it; pl() holds lines parallel, npl() frees these alone, autofit frees those whose Wald test has a p-value below # (.05); logit link; stores e(N k_cat df_m r2_p ll ll_0 chi2 p rank converged), e(cat), e(Cns), e(plvars), e(nplvars), e(b), e(V), r(table); predict and margins with pr and outcome(); Williams (2006)",
    examples: &[Example {
        // All lines parallel: the ordered logit, whose cut points are the constants with the other sign.
        run: "set obs 90\ngen x = mod(_n*7, 11) - 5\ngen y = 1 + (x + mod(_n*3, 17) > 4) + (x + mod(_n*11, 19) > 9)\nologit y x, nolog\nscalar b = _b[x]\nscalar c = _b[/cut1]\ngologit2 y x, pl nolog\nassert abs([1]_b[x] - b) < 1e-6\nassert abs([1]_b[_cons] + c) < 1e-6",
        expect: &[("abs([2]_b[x] - b) < 1e-6", 1.0), ("e(k_cat)", 3.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "gologit2",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "Generalized Ordered Logit Estimates"),
            look: &|_| Look {
                eform: cmd.has("or").then_some("Odds ratio"),
                equations: true,
                ..Look::default()
            },
            footer: &|_| {},
        },
    )
}

/// The sample and its splits.
struct Splits {
    model: Model,
    values: Vec<f64>,
    of_row: Vec<usize>,
    names: Vec<String>,
}

impl Splits {
    fn count(&self) -> usize {
        self.values.len() - 1
    }

    /// Parameters of one equation.
    fn per(&self) -> usize {
        self.model.columns().len() + usize::from(self.model.constant)
    }

    /// Names of the regressors with values, and the place of each among all names.
    fn regressors(&self) -> Vec<(usize, String)> {
        let terms = &self.model.design.terms;
        self.model.design.active().into_iter().map(|i| (i, terms[i].name())).collect()
    }

    /// The parameters, with the lines of some regressors (by position) parallel.
    fn layout(&self, parallel: &[usize]) -> Layout {
        let mut layout = Layout::default();
        for name in &self.names[..self.count()] {
            layout.equation(name, self.model.names(), &self.model.estimated());
        }
        let all = layout.stripe().len();
        let width = self.model.names().len();
        let places: Vec<usize> = self.regressors().into_iter().map(|r| r.0).collect();
        let pairs: Vec<(usize, usize)> = parallel
            .iter()
            .flat_map(|j| (1..self.count()).map(|k| (places[*j], k * width + places[*j])))
            .collect();
        if !pairs.is_empty() {
            layout.restrict(Mat::from_fn(pairs.len(), all + 1, |i, j| match j {
                _ if j == pairs[i].0 => 1.0,
                _ if j == pairs[i].1 => -1.0,
                _ => 0.0,
            }));
        }
        layout
    }

    fn start(&self) -> Vec<f64> {
        let counts = counts(&self.model, &self.of_row, self.values.len());
        let n: f64 = counts.iter().sum();
        let slopes = self.model.columns().len();
        let mut out = Vec::new();
        let mut above = n;
        for count in &counts[..self.count()] {
            above -= count;
            out.extend(vec![0.0; slopes]);
            out.extend(self.model.constant.then(|| Link::Logit.index(above / n)));
        }
        out
    }

    fn fit(&self, session: &mut Session, cmd: &ParsedCommand, parallel: &[usize]) -> Result<MlFit> {
        let kernel = SeparateLines { categories: self.values.len() };
        let observed = Observed { y: &self.of_row, model: &kernel };
        let one = || Equation { columns: self.model.columns(), constant: self.model.constant, offset: None };
        let equations = (0..self.count()).map(|_| one()).collect();
        let layout = self.layout(parallel);
        likelihood::maximise_unlogged(
            session,
            &cmd.options,
            &self.model,
            &observed,
            equations,
            &self.start(),
            &layout,
        )
    }

    /// The Wald test that a regressor has the same coefficient in all equations.
    fn test(&self, fit: &MlFit, regressors: &[usize]) -> wald::Wald {
        let (per, count) = (self.per(), self.count());
        let rows: Vec<(usize, usize)> =
            regressors.iter().flat_map(|j| (1..count).map(move |k| (*j, k * per + *j))).collect();
        let restrictions = Mat::from_fn(rows.len(), fit.b.len(), |i, j| match j {
            _ if j == rows[i].0 => 1.0,
            _ if j == rows[i].1 => -1.0,
            _ => 0.0,
        });
        wald::test(&fit.b, &fit.v, &restrictions, &vec![0.0; rows.len()])
    }
}

/// Positions of the regressors of a list among those of the model.
fn listed(session: &Session, splits: &Splits, text: &str) -> Result<Vec<usize>> {
    let list = FvList::parse(&session.frame, text, session.settings.varabbrev)?;
    let wanted: Vec<String> =
        list.expand(&session.frame, &splits.model.touse)?.iter().map(Term::name).collect();
    let own = splits.regressors();
    let all: Vec<String> = splits.model.design.terms.iter().map(Term::name).collect();
    if let Some(name) = wanted.iter().find(|n| !all.contains(n) && !own.iter().any(|o| o.1 == **n)) {
        return Err(StataError::new(198, format!("{name} is not one of the explanatory variables")));
    }
    Ok((0..own.len()).filter(|j| wanted.contains(&own[*j].1)).collect())
}

/// The regressors whose lines are parallel by the options other than `autofit`.
fn chosen(session: &Session, cmd: &ParsedCommand, splits: &Splits) -> Result<Vec<usize>> {
    let every: Vec<usize> = (0..splits.model.columns().len()).collect();
    let text = |option: &str| cmd.options.text(option).map(str::trim).filter(|t| !t.is_empty());
    match (cmd.has("pl"), cmd.has("npl")) {
        (true, true) => Err(StataError::invalid("only one of pl and npl is allowed")),
        (true, false) => text("pl").map_or(Ok(every), |t| listed(session, splits, t)),
        (false, true) => {
            let Some(t) = text("npl") else { return Ok(Vec::new()) };
            let free = listed(session, splits, t)?;
            Ok(every.into_iter().filter(|j| !free.contains(j)).collect())
        }
        (false, false) => Ok(Vec::new()),
    }
}

/// Holds lines parallel one after the other, the least significant first, until the others differ.
fn autofit(session: &mut Session, cmd: &ParsedCommand, splits: &Splits) -> Result<Vec<usize>> {
    if cmd.has("pl") || cmd.has("npl") {
        return Err(StataError::invalid("autofit may not be combined with pl or npl"));
    }
    let text = cmd.options.text("autofit").map_or("", str::trim);
    let alpha = if text.is_empty() { Some(0.05) } else { crate::syntax::options::parse_number(text) };
    let alpha = alpha
        .filter(|a| *a > 0.0 && *a < 1.0)
        .ok_or_else(|| StataError::new(198, "autofit() must be between 0 and 1"))?;
    let names = splits.regressors();
    let shown = format::bare("%9.0g", alpha);
    session.print("");
    session.print("-".repeat(78));
    session.print(format!(
        "Testing parallel lines assumption using the {} level of significance...",
        shown.trim()
    ));
    session.print("");
    let mut held: Vec<usize> = Vec::new();
    for step in 1.. {
        let fit = splits.fit(session, cmd, &held)?;
        let free: Vec<(usize, f64)> = (0..names.len())
            .filter(|j| !held.contains(j))
            .map(|j| (j, splits.test(&fit, &[j]).p(None)))
            .collect();
        let Some((next, p)) = free.iter().copied().max_by(|a, b| a.1.total_cmp(&b.1)) else {
            session.print(format!("Step {step:>2}:  All explanatory variables meet the pl assumption"));
            break;
        };
        if p.is_nan() || p <= alpha {
            session.print(format!("Step {step:>2}:  Constraints for parallel lines are not imposed for "));
            for (j, p) in &free {
                session.print(format!(
                    "          {} (P Value = {})",
                    names[*j].1,
                    format::bare("%7.5f", *p).trim()
                ));
            }
            break;
        }
        let p = format::bare("%6.4f", p);
        session.print(format!(
            "Step {step:>2}:  Constraints for parallel lines imposed for {} (P Value = {})",
            names[next].1,
            p.trim()
        ));
        held.push(next);
    }
    report(session, cmd, splits, &held)?;
    Ok(held)
}

/// The Wald test of all lines that `autofit` holds parallel, from the fit without constraints.
fn report(session: &mut Session, cmd: &ParsedCommand, splits: &Splits, held: &[usize]) -> Result<()> {
    if !held.is_empty() {
        let free = splits.fit(session, cmd, &[])?;
        let test = splits.test(&free, held);
        let names = splits.regressors();
        session.print("");
        session.print("Wald test of parallel lines assumption for the final model:");
        session.print("");
        let mut number = 0;
        for j in held {
            for k in 1..splits.count() {
                number += 1;
                let name = &names[*j].1;
                session.print(format!(
                    " ({number:>2})  [{}]{name} - [{}]{name} = 0",
                    splits.names[0], splits.names[k]
                ));
            }
        }
        session.print("");
        let df = format::right(&test.df.to_string(), 3);
        session.print(format!(
            "           chi2({df}) = {}",
            format::right(&format::bare("%8.2f", test.chi2), 8)
        ));
        session.print(format!(
            "         Prob > chi2 = {}",
            format::right(&format::bare("%8.4f", test.p(None)), 9)
        ));
    }
    session.print("-".repeat(78));
    Ok(())
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = read(session, cmd)?;
    let (values, of_row) = categories(&model)?;
    if values.len() < 3 {
        return Err(StataError::new(148, "gologit2 needs an outcome of three or more categories"));
    }
    let names = equation_names(session, &model.depvar, &values);
    let splits = Splits { model, values, of_row, names };
    let parallel = match cmd.has("autofit") {
        true => autofit(session, cmd, &splits)?,
        false => chosen(session, cmd, &splits)?,
    };
    let fit = splits.fit(session, cmd, &parallel)?;
    if session.shows_log(|o| cmd.has(o)) && !cmd.has("autofit") {
        likelihood::print_log(session, &fit, splits.model.is_robust(), cmd.options.int("iterate"));
    }
    let parameters = splits.layout(&parallel).parameters(&fit.b, &fit.v);
    let (per, slopes) = (splits.per(), splits.model.columns().len());
    let tested: Vec<usize> =
        (0..splits.count()).flat_map(|k| (0..slopes).map(move |j| k * per + j)).collect();
    let ll_0 = null_likelihood(&counts(&splits.model, &splits.of_row, splits.values.len()));
    let posted = Posted {
        cmd: "gologit2",
        title: "Generalized Ordered Logit Estimates",
        predict: "gologit2_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: Some(ll_0),
        tested: &tested,
        equations: splits.count() as f64,
    };
    let mut est = ml_command::begin(cmd, &splits.model, &posted);
    let mut cat = Matrix::new(1, splits.values.len(), splits.values.clone());
    cat.row_names = vec![Stripe::term("r1")];
    let listed = |wanted: bool| {
        let own = splits.regressors().into_iter().enumerate().filter(|(j, _)| parallel.contains(j) == wanted);
        own.map(|(_, r)| r.1).collect::<Vec<_>>().join(" ")
    };
    est.results
        .scalar("ll_0", ll_0)
        .scalar("r2_p", 1.0 - fit.ll / ll_0)
        .scalar("k_cat", splits.values.len() as f64)
        .scalar("k_eq_model", splits.count() as f64)
        .matrix("cat", cat)
        .text("link", "logit")
        .text("plvars", listed(true))
        .text("nplvars", listed(false));
    session.post_estimation(est, splits.model.touse.clone());
    Ok(())
}
