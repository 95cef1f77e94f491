//! `ologit`, `oprobit` and `mlogit`: regressions of ordered and unordered categories.
//!
//! Store in `e()`: N df_m r2_p ll ll_0 chi2 p rank converged N_clust, ordered models k_cat k_aux cat, `mlogit`
//! k_out ibaseout baseout out eqnames; b, V, cmd depvar chi2type vce vcetype. Formulas: [R] ologit, [R] oprobit, [R] mlogit.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::binary::{determined_ordered, drop_collinear, note_determined};
use crate::estimation::display::level;
use crate::estimation::layout::Layout;
use crate::estimation::likelihood::{self, MAXIMIZE, ModelTest};
use crate::estimation::ml_command;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::estimation::table::Table;
use crate::matrix::{Matrix, Stripe};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::Term;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::ml::Equation;
use estimators::ml_binary::Link;
use estimators::ml_choice::{Multinomial, Ordered};

pub(super) const WEIGHTS: &[WeightKind] =
    &[WeightKind::Frequency, WeightKind::Importance, WeightKind::Probability];
/// What [`ml_options!`] has besides the constant, which ordered models lack.
const SHARED: &[OptSpec] = &[
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
];

const ORDERED: StandardSyntax = StandardSyntax::new(
    concat_lists!(OptSpec; SHARED, MAXIMIZE, &[OptSpec::flag("or"), OptSpec::text("OFFset")]),
)
.weights(WEIGHTS)
.maximised();
const MULTINOMIAL: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("RRr"),
    OptSpec::text("Baseoutcome"),
    OptSpec::text("BASECategory")
])
.weights(WEIGHTS)
.maximised();

/// The command `ologit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ologit",
    min: 6,
    form: Form::Standard(&ORDERED),
    by: ByRule::EachGroup,
    run: run_ologit,
    syntax: "ologit depvar [indepvars] [if] [in] [weight] [, offset(v) vce(oim|robust|cluster v) or level(#) nolog]",
    notes: "stores e(N df_m r2_p ll ll_0 chi2 p k_cat rank converged), e(cat), e(b), e(V), r(table); formulas: [R] ologit",
    examples: &[Example {
        // The outcome does not depend on x: the limits are logits of 1/4 and 3/4.
        run: "input y x\n1 0\n1 1\n2 0\n2 1\n2 0\n2 1\n3 0\n3 1\nend\nologit y x",
        expect: &[("abs(_b[x]) < 1e-6", 1.0), ("abs(_b[/cut1] + ln(3)) < 1e-6", 1.0)],
    }],
};

/// The command `oprobit`.
pub(super) const SPEC_OPROBIT: CommandSpec = CommandSpec {
    examples: &[Example {
        run: "input y x\n1 0\n1 1\n2 0\n2 1\n2 0\n2 1\n3 0\n3 1\nend\noprobit y x",
        expect: &[("abs(_b[x]) < 1e-6", 1.0), ("abs(_b[/cut2] - invnormal(.75)) < 1e-6", 1.0)],
    }],
    name: "oprobit",
    run: run_oprobit,
    syntax: "oprobit depvar [indepvars] [if] [in] [weight] [, offset(v) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores as ologit; formulas: [R] oprobit",
    min: 7,
    ..SPEC
};

/// The command `mlogit`.
pub(super) const SPEC_MLOGIT: CommandSpec = CommandSpec {
    name: "mlogit",
    min: 4,
    form: Form::Standard(&MULTINOMIAL),
    by: ByRule::EachGroup,
    run: run_mlogit,
    syntax: "mlogit depvar [indepvars] [if] [in] [weight] [, baseoutcome(#) rrr noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "stores e(N df_m r2_p ll ll_0 chi2 p k_out ibaseout baseout rank converged), e(out), e(b), e(V), r(table); formulas: [R] mlogit",
    examples: &[Example {
        // Logs of the ratios of the counts.
        run: "input y\n1\n1\n2\n3\n3\n3\nend\nmlogit y, baseoutcome(1)",
        expect: &[("abs([2]_b[_cons] - ln(1/2)) < 1e-6", 1.0), ("abs([3]_b[_cons] - ln(3/2)) < 1e-6", 1.0)],
    }],
};

/// Categories of an outcome: their values ascending, and the category of each row.
pub(super) fn categories(model: &Model) -> Result<(Vec<f64>, Vec<usize>)> {
    let mut values = model.y.clone();
    values.sort_by(f64::total_cmp);
    values.dedup();
    if values.len() < 2 {
        return Err(StataError::new(148, "too few categories: the outcome does not vary"));
    }
    if values.len() > 50 {
        return Err(StataError::new(149, "too many categories: more than 50 outcomes"));
    }
    let of_row = model.y.iter().map(|y| values.partition_point(|v| v < y)).collect();
    Ok((values, of_row))
}

pub(super) fn read(session: &mut Session, cmd: &ParsedCommand) -> Result<Model> {
    let further = ml_command::offset_variables(session, &cmd.options)?;
    let reading = Reading { further, ..Reading::likelihood(cmd, WEIGHTS) };
    let mut model = reading.model(session)?;
    drop_collinear(session, &mut model);
    Ok(model)
}

/// Weighted number of rows in each category.
pub(super) fn counts(model: &Model, of_row: &[usize], size: usize) -> Vec<f64> {
    let (weights, _) = likelihood::effective_weights(model);
    let mut out = vec![0.0; size];
    for (i, category) in of_row.iter().enumerate() {
        out[*category] += weights.as_ref().map_or(1.0, |(w, _)| w[i]);
    }
    out
}

/// Log likelihood of a model with constants only: `sum n_j ln(n_j / n)`.
pub(super) fn null_likelihood(counts: &[f64]) -> f64 {
    let n: f64 = counts.iter().sum();
    counts.iter().map(|c| c * (c / n).ln()).sum()
}

pub(super) fn active(session: &Session, cmd: &ParsedCommand, name: &str) -> Result<bool> {
    if !cmd.list.trim().is_empty() {
        return Ok(false);
    }
    if session.e.cmd() == name { Ok(true) } else { Err(StataError::no_estimates()) }
}

fn run_ologit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ordered(session, cmd, Link::Logit, "ologit")
}

fn run_oprobit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("or") {
        return Err(StataError::option_not_allowed("or"));
    }
    ordered(session, cmd, Link::Probit, "oprobit")
}

/// The index with its offset, then the cut points.
fn ordered_equations<'a>(
    columns: Vec<&'a [f64]>,
    offset: Option<&'a [f64]>,
    cuts: usize,
) -> Vec<Equation<'a>> {
    let cut = || Equation { columns: Vec::new(), constant: true, offset: None };
    let mut all = vec![Equation { columns, constant: false, offset }];
    all.extend((0..cuts).map(|_| cut()));
    all
}

fn ordered(session: &mut Session, cmd: &ParsedCommand, link: Link, name: &str) -> Result<()> {
    if active(session, cmd, name)? {
        return show_ordered(session, cmd);
    }
    let mut model = read(session, cmd)?;
    model.constant = false;
    let (values, of_row) = categories(&model)?;
    let counts = counts(&model, &of_row, values.len());
    let n: f64 = counts.iter().sum();
    let cuts = values.len() - 1;
    let slopes = model.columns().len();
    let mut start = vec![0.0; slopes];
    let mut below = 0.0;
    for count in &counts[..cuts] {
        below += count;
        start.push(link.index(below / n));
    }
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let likelihood = Ordered { y: &of_row, categories: values.len(), link };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    for cut in 1..=cuts {
        layout.ancillary(&format!("cut{cut}"));
    }
    let fit = likelihood::maximise(
        session,
        &cmd.options,
        &model,
        &likelihood,
        ordered_equations(model.columns(), shift, cuts),
        &start,
        &layout,
    )?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let ll_0 = match shift {
        None => null_likelihood(&counts),
        Some(_) => {
            ml_command::quiet(
                &model,
                &likelihood,
                ordered_equations(Vec::new(), shift, cuts),
                &start[slopes..],
            )?
            .ll
        }
    };
    let positions: Vec<usize> = (0..slopes).collect();
    let test = ModelTest::new(&fit, Some(ll_0), &positions, model.is_robust());
    let (_, n) = likelihood::effective_weights(&model);
    let mut est = post::begin(name, &post::command_line(cmd), &parameters, &model);
    likelihood::store(&mut est.results, &fit, Some(ll_0), &test, n, values.len() as f64);
    let mut matrix = Matrix::new(1, values.len(), values.clone());
    matrix.row_names = vec![Stripe::term("r1")];
    est.results.scalar("k_cat", values.len() as f64).scalar("k_aux", cuts as f64).matrix("cat", matrix);
    let title = if link == Link::Logit { "Ordered logistic regression" } else { "Ordered probit regression" };
    let predict = if link == Link::Logit { "ologit_p" } else { "oprobi_p" };
    est.results.text("title", title).text("predict", predict).text("estat_cmd", format!("{name}_estat"));
    est.results.scalar("N_cd", determined_ordered(&model, (&of_row, cuts), &fit.b, link, shift));
    if let Some((_, name)) = &offset {
        est.results.text("offset", name);
    }
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    show_ordered(session, cmd)?;
    likelihood::finish(&session.e)
}

fn show_ordered(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cuts = session.e.results.get_scalar("k_aux").unwrap_or(0.0) as usize;
    let from = session.e.b().map_or(0, |b| b.cols() - cuts);
    show(session, cmd, cmd.has("or").then_some("Odds ratio"), Some(from))?;
    note_determined(session);
    Ok(())
}

fn show(
    session: &mut Session,
    cmd: &ParsedCommand,
    eform: Option<&str>,
    ancillary: Option<usize>,
) -> Result<()> {
    let level = level(session, cmd)?;
    let title = session.e.results.get_text("title").unwrap_or("").to_string();
    if !cmd.has("noheader") {
        likelihood::header(session, &title);
    }
    let (b, v) = session.e.b_and_v()?;
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let (depvar, vcetype, clustvar) = (text("depvar"), text("vcetype"), text("clustvar"));
    let clusters = session.e.results.get_scalar("N_clust");
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    Table {
        title: &depvar,
        heading: eform.unwrap_or("Coefficient"),
        vce_title: &vcetype,
        eform: eform.is_some(),
        ancillary_from: ancillary,
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        equations: ancillary.is_none(),
        ..Table::of_equations(&b.col_names, b.values(), &se, None, level)
    }
    .show(session);
    Ok(())
}

fn run_mlogit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !active(session, cmd, "mlogit")? {
        estimate_mlogit(session, cmd)?;
    }
    show(session, cmd, cmd.has("rrr").then_some("RRR"), None)?;
    likelihood::finish(&session.e)
}

/// Names of the equations: value labels without spaces, or the values. Two outcomes never share a name: where labels agree
/// or nine characters do not tell the values apart, the values stand with all digits.
pub(super) fn equation_names(session: &Session, depvar: &str, values: &[f64]) -> Vec<String> {
    let labels = session.frame.find(depvar).and_then(|v| session.frame.labels_of(v));
    let short: Vec<String> = values
        .iter()
        .map(|v| {
            let label = labels.and_then(|l| l.get(*v)).map(|t| t.replace([' ', '.', ':'], "_"));
            label.unwrap_or_else(|| crate::format::bare("%9.0g", *v))
        })
        .collect();
    let is_shared = |name: &String| short.iter().filter(|other| *other == name).count() > 1;
    let named = short.iter().zip(values);
    named.map(|(name, v)| if is_shared(name) { format!("{v}") } else { name.clone() }).collect()
}

/// The category of `baseoutcome()`, a value of the outcome or its label.
pub(super) fn base_outcome(
    session: &Session,
    cmd: &ParsedCommand,
    depvar: &str,
    values: &[f64],
) -> Result<Option<usize>> {
    // the name of the option in older versions
    let given = cmd.options.text("baseoutcome").or(cmd.options.text("basecategory"));
    let Some(text) = given.map(str::trim) else { return Ok(None) };
    let labels = session.frame.find(depvar).and_then(|v| session.frame.labels_of(v));
    let found = values.iter().position(|v| {
        parse_number(text) == Some(*v) || labels.and_then(|l| l.get(*v)).is_some_and(|label| label == text)
    });
    found.map(Some).ok_or_else(|| StataError::new(111, format!("baseoutcome({text}) not found")))
}

fn estimate_mlogit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = read(session, cmd)?;
    let (values, of_row) = categories(&model)?;
    let counts = counts(&model, &of_row, values.len());
    // The most frequent outcome is the base unless another one is named.
    let frequent = (0..values.len()).rev().max_by(|a, b| counts[*a].total_cmp(&counts[*b])).unwrap_or(0);
    let base = base_outcome(session, cmd, &model.depvar, &values)?.unwrap_or(frequent);
    let indices = values.len() - 1;
    let slot = |category: usize| match category.cmp(&base) {
        std::cmp::Ordering::Less => Some(category),
        std::cmp::Ordering::Equal => None,
        std::cmp::Ordering::Greater => Some(category - 1),
    };
    let y: Vec<Option<usize>> = of_row.iter().map(|c| slot(*c)).collect();
    let slopes = model.columns().len();
    let per = slopes + usize::from(model.constant);
    let mut start = vec![0.0; per * indices];
    if model.constant {
        for category in (0..values.len()).filter(|c| *c != base) {
            let position = slot(category).unwrap_or(0) * per + slopes;
            start[position] = (counts[category] / counts[base]).ln();
        }
    }
    let equations = (0..indices)
        .map(|_| Equation { columns: model.columns(), constant: model.constant, offset: None })
        .collect();
    let likelihood = Multinomial { y: &y, indices };
    let names = equation_names(session, &model.depvar, &values);
    let mut layout = Layout::default();
    for (category, name) in names.iter().enumerate() {
        if category == base {
            let mut omitted: Vec<Term> = model.design.terms.clone();
            omitted.iter_mut().filter(|t| !t.is_omitted()).for_each(Term::omit);
            let mut all: Vec<String> = omitted.iter().map(Term::name).collect();
            all.extend(model.constant.then(|| "_cons".to_string()));
            layout.equation(name, all, &[]);
        } else {
            layout.equation(name, model.names(), &model.estimated());
        }
    }
    let fit = likelihood::maximise(session, &cmd.options, &model, &likelihood, equations, &start, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let positions: Vec<usize> = (0..indices).flat_map(|e| (0..slopes).map(move |j| e * per + j)).collect();
    let ll_0 = model.constant.then(|| null_likelihood(&counts));
    let test = ModelTest::new(&fit, ll_0, &positions, model.is_robust());
    let (_, n) = likelihood::effective_weights(&model);
    let mut est = post::begin("mlogit", &post::command_line(cmd), &parameters, &model);
    likelihood::store(&mut est.results, &fit, ll_0, &test, n, values.len() as f64);
    let results = &mut est.results;
    results
        .scalar("k_out", values.len() as f64)
        .scalar("ibaseout", base as f64 + 1.0)
        .scalar("k_eq_base", base as f64 + 1.0)
        .scalar("baseout", values[base]);
    results.matrix("out", Matrix::new(1, values.len(), values.clone())).text("eqnames", names.join(" "));
    results
        .text("baselab", &names[base])
        .text("title", "Multinomial logistic regression")
        .text("predict", "mlogit_p");
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    Ok(())
}
