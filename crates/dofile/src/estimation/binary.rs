//! The estimation behind `logit`, `logistic` and `probit`: outcome check, perfect prediction,
//! likelihood and results. What differs between the commands is their link and their display.

use crate::error::{Result, StataError};
use crate::estimation::display::{level, show_active};
use crate::estimation::layout::Layout;
use crate::estimation::likelihood::{self, ModelTest};
use crate::estimation::ml_command;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::{format, ml_options};
use estimators::ml::Equation;
use estimators::ml_binary::{Binary, Link, Separation, find_separation, null_likelihood};
use estimators::qr::{Design as Columns, choose_in_blocks};

/// Differences between the commands.
pub struct Kind {
    /// Name for `e(cmd)`.
    pub cmd: &'static str,
    /// The link.
    pub link: Link,
    /// Title of the output.
    pub title: &'static str,
    /// Whether odds ratios are shown by default.
    pub odds: bool,
}

/// Options shared by the commands.
pub const OPTIONS: &[OptSpec] =
    ml_options![OptSpec::flag("or"), OptSpec::flag("COEF"), OptSpec::flag("ASIS"), OptSpec::text("OFFset")];

/// Runs an estimation or shows its results again.
pub fn run(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    if kind.link == Link::Probit && cmd.options.has("or") {
        return Err(StataError::option_not_allowed("or"));
    }
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != kind.cmd {
            return Err(StataError::no_estimates());
        }
        return display(session, cmd, kind);
    }
    estimate(session, cmd, kind)?;
    display(session, cmd, kind)?;
    likelihood::finish(&session.e)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    use crate::syntax::split::WeightKind::{Frequency, Importance, Probability};
    let reading = Reading {
        further: ml_command::offset_variables(session, &cmd.options)?,
        ..Reading::likelihood(cmd, &[Frequency, Importance, Probability])
    };
    let mut model = reading.model(session)?;
    drop_perfect(session, cmd, &mut model)?;
    let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
    let (weights, n) = likelihood::effective_weights(&model);
    let weight = |i: usize| weights.as_ref().map_or(1.0, |(w, _)| w[i]);
    let sum = |ones: bool| (0..y.len()).filter(|i| y[*i] == ones).map(weight).sum::<f64>();
    let (ones, zeros) = (sum(true), sum(false));
    let offset = ml_command::offset(session, &cmd.options, &model.design.rows)?;
    let shift = offset.as_ref().map(|o| o.0.as_slice());
    let equation = Equation { columns: model.columns(), constant: model.constant, offset: shift };
    let slopes = equation.columns.len();
    let mut start = vec![0.0; equation.len()];
    if model.constant {
        start[slopes] = kind.link.index(ones / (ones + zeros));
    }
    let likelihood = Binary { y: &y, link: kind.link };
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let equations = vec![equation];
    // logistic shows no iterations unless option log requests them
    let search =
        if kind.odds && !cmd.has("log") { likelihood::maximise_unlogged } else { likelihood::maximise };
    let fit = search(session, &cmd.options, &model, &likelihood, equations, &start, &layout)?;
    let ll_0 = match shift {
        _ if !model.constant => None,
        None => Some(null_likelihood(ones, zeros)),
        Some(_) => {
            let alone = vec![Equation { columns: Vec::new(), constant: true, offset: shift }];
            Some(ml_command::quiet(&model, &likelihood, alone, &start[slopes..])?.ll)
        }
    };
    let positions: Vec<usize> = (0..slopes).collect();
    let test = ModelTest::new(&fit, ll_0, &positions, model.is_robust());
    let parameters = layout.parameters(&fit.b, &fit.v);
    let mut est = post::begin(kind.cmd, &post::command_line(cmd), &parameters, &model);
    likelihood::store(&mut est.results, &fit, ll_0, &test, n, 1.0);
    let predict = if kind.link == Link::Probit { "probit_p" } else { "logit_p" };
    est.results.text("title", kind.title).text("predict", predict);
    if matches!(kind.cmd, "logit" | "probit") {
        est.results.text("estat_cmd", format!("{}_estat", kind.cmd));
    }
    if let Some((_, name)) = &offset {
        est.results.text("offset", name);
    }
    let (failures, successes) = completely_determined(&model, &fit.b, kind.link, shift);
    est.results.scalar("N_cdf", failures).scalar("N_cds", successes);
    let touse = model.touse.clone();
    session.post_estimation(est, touse);
    Ok(())
}

/// # Errors
/// r(2000) where a 0/1 outcome does not vary.
pub fn check_outcome(model: &Model) -> Result<()> {
    let first = model.y.first().map(|y| *y != 0.0);
    if model.y.iter().all(|y| Some(*y != 0.0) == first) {
        return Err(StataError::new(
            2000,
            "outcome does not vary; remember:\n                                  0 = negative outcome,\n        all other nonmissing values = positive outcome",
        ));
    }
    Ok(())
}

/// Drops collinear regressors of a model, with notes; nothing under the option `collinear`, whose constraints make the
/// model identified.
pub fn drop_collinear(session: &mut Session, model: &mut Model) {
    if session.settings.search.collinear {
        return;
    }
    let omitted = {
        let columns = model.columns();
        let design = Columns { columns: &columns, weights: None, constant: model.constant };
        choose_in_blocks(design, &model.design.blocks()).1
    };
    let names = model.omit(&omitted);
    post::note_omitted(session, &names);
}

/// Drops collinear regressors and those that predict a 0/1 outcome perfectly, the latter with the rows that they
/// predict. Under the option `asis` these stay. What has a value per row is read after it, by `model.design.rows`.
///
/// # Errors
/// r(2000) where the outcome does not vary, or a regressor predicts all of it.
///
/// # Source
/// [R] logit, Remarks; the commands whose manuals have the option `asis` do it.
pub fn drop_perfect(session: &mut Session, cmd: &ParsedCommand, model: &mut Model) -> Result<()> {
    // Zero is the negative outcome, everything else the positive one.
    check_outcome(model)?;
    drop_collinear(session, model);
    if cmd.has("asis") {
        return Ok(());
    }
    drop_separated(session, model)?;
    check_outcome(model)?;
    drop_collinear(session, model);
    Ok(())
}

/// Drops regressors that predict the outcome perfectly, and the rows that they predict.
fn drop_separated(session: &mut Session, model: &mut Model) -> Result<()> {
    while let Some((name, rows)) = separated(session, model)? {
        let named = |p: &usize| model.design.terms[model.design.active()[*p]].name() == name;
        let position = (0..model.columns().len()).find(named);
        model.omit(&position.into_iter().collect::<Vec<_>>());
        model.drop_rows(session, &rows)?;
    }
    Ok(())
}

/// The first regressor that predicts some of a 0/1 outcome perfectly, with the positions of the rows that it predicts; a
/// note tells it.
///
/// # Errors
/// r(2000) where it predicts all of the outcome.
pub fn separated(session: &mut Session, model: &Model) -> Result<Option<(String, Vec<usize>)>> {
    let found = {
        let columns = model.columns();
        let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
        find_separation(&y, &columns, &vec![true; y.len()], &vec![false; columns.len()])
    };
    let name_at = |position: usize| model.design.terms[model.design.active()[position]].name();
    match found {
        None => Ok(None),
        Some(Separation::Quasi { column, value, above, success, rows, .. }) => {
            let name = name_at(column);
            note_separation(session, &name, value, above, success, rows.len());
            Ok(Some((name, rows)))
        }
        Some(Separation::Complete { column, bound, above_is_one, .. }) => {
            let sign = if above_is_one { ">" } else { "<=" };
            let bound = format::bare("%9.0g", bound);
            let text = format!("outcome = {} {sign} {bound} predicts data perfectly", name_at(column));
            Err(StataError::new(2000, text))
        }
    }
}

fn note_separation(
    session: &mut Session,
    name: &str,
    value: f64,
    above: Option<bool>,
    success: Option<bool>,
    rows: usize,
) {
    let value = format::bare("%9.0g", value);
    let text = match (success, above) {
        (Some(success), _) => {
            let outcome = if success { "success" } else { "failure" };
            format!("note: {name} != {value} predicts {outcome} perfectly;")
        }
        (None, _) => format!("note: {name} predicts the outcome perfectly except where {name} == {value};"),
    };
    session.print(text);
    session.print(format!("      {name} omitted and {rows} obs not used."));
    session.print("");
}

/// The index beyond which `logit` counts a row as determined. Its output on the sample of Dehejia and Wahba counts all rows
/// to an index of -18.005 and none from -17.9997.
const DETERMINED_INDEX: f64 = 18.0;

/// Rows whose outcome is completely determined: failures and successes. Of a probit those whose probability is one or zero
/// to machine precision.
fn completely_determined(model: &Model, b: &[f64], link: Link, offset: Option<&[f64]>) -> (f64, f64) {
    let columns = model.columns();
    let kept: Vec<usize> = (0..columns.len()).collect();
    if columns.is_empty() {
        return (0.0, 0.0);
    }
    let mut xb = estimators::qr::predict(&columns, &kept, model.constant, b);
    xb.iter_mut().zip(offset.into_iter().flatten()).for_each(|(e, o)| *e += o);
    let count = |test: &dyn Fn(f64) -> bool| xb.iter().filter(|e| test(**e)).count() as f64;
    let is_low = |e: f64| match link {
        Link::Logit => e < -DETERMINED_INDEX,
        _ => link.probability(e) < f64::EPSILON,
    };
    (count(&is_low), count(&|e| is_low(-e)))
}

/// Rows of an ordered model whose own category has probability one to machine precision. `of_row` are the categories of the
/// rows, `b` the slopes and the cut points.
pub fn determined_ordered(
    model: &Model,
    (of_row, cuts): (&[usize], usize),
    b: &[f64],
    link: Link,
    offset: Option<&[f64]>,
) -> f64 {
    let columns = model.columns();
    let (slopes, cut) = b.split_at(b.len() - cuts);
    let others = |i: usize| {
        let index: f64 = columns.iter().zip(slopes).map(|(x, b)| x[i] * b).sum::<f64>()
            + offset.map_or(0.0, |shift| shift[i]);
        let below = of_row[i].checked_sub(1).map_or(0.0, |c| link.probability(cut[c] - index));
        below + cut.get(of_row[i]).map_or(0.0, |c| link.probability(index - c))
    };
    (0..of_row.len()).filter(|i| !columns.is_empty() && others(*i) < f64::EPSILON).count() as f64
}

/// The note of `ologit` and `oprobit` about rows whose outcome the model determines.
pub fn note_determined(session: &mut Session) {
    let count = session.e.results.get_scalar("N_cd").unwrap_or(0.0);
    if count > 0.0 {
        let rows = if count == 1.0 { "observation" } else { "observations" };
        let text = format!("Note: {count} {rows} completely determined.  Standard errors questionable.");
        session.print(text);
    }
}

fn display(session: &mut Session, cmd: &ParsedCommand, kind: &Kind) -> Result<()> {
    let level = level(session, cmd)?;
    if !cmd.options.has("noheader") {
        likelihood::header(session, kind.title);
    }
    let odds = (kind.odds && !cmd.options.has("coef")) || cmd.options.has("or");
    show_active(session, level, odds.then_some("Odds ratio"))?;
    if odds && session.e.b().is_some_and(|b| b.col_names.iter().any(|n| n.name == "_cons")) {
        session.print("Note: _cons estimates baseline odds.");
    }
    let determined = |name: &str| session.e.results.get_scalar(name).unwrap_or(0.0);
    let (failures, successes) = (determined("N_cdf"), determined("N_cds"));
    if failures + successes > 0.0 {
        session.print(format!("Note: {failures} failures and {successes} successes completely determined."));
    }
    Ok(())
}
