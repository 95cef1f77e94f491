//! `churdle linear` and `churdle exponential`: hurdle regressions of an outcome with a lower bound.
//!
//! Stores in `e()`: N df_m ll ll_0 r2_p chi2 p ulopt llopt rank converged, b with the equations depvar, selection_ll,
//! lnsigma and with a modelled selection lnsigma_ll, V, cmd depvar estimator. The null model has no regressors of the
//! outcome. Formulas: [R] churdle, Methods and formulas; Cragg (1971), Econometrica 39.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::WEIGHTS;
use super::parts::{Listed, Part, first, single};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::derived::derived_row;
use crate::estimation::display::level;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, first_word};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options, parse_number};
use crate::syntax::split::{ParsedCommand, front_and_options};
use estimators::jet::Formula;
use estimators::ml::Equation;
use estimators::ml_binary::{Binary, Link};
use estimators::ml_censored::hurdle;

const SYNTAX: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::text("SELect"), OptSpec::text("ll"), OptSpec::text("het"),])
        .weights(WEIGHTS)
        .maximised()
        .unsupported(&["ul"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "churdle",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "churdle linear|exponential depvar [indepvars] [if] [in] [weight], select(varlist [, noconstant het(varlist)]) ll(#) [het(varlist) noconstant vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "a lower bound that is a number, zero after exponential; stores e(N df_m ll ll_0 r2_p chi2 p), e(estimator), e(b) with the equations selection_ll and lnsigma, e(V), r(table); formulas: [R] churdle",
    examples: &[Example {
        // The participation is a probit of its own; the share of rows above the bound is 1/2.
        run: "set obs 40\ngen x = mod(_n*7, 11)\ngen y = cond(mod(_n, 2), 0, exp(1 + x/10 + mod(_n*3, 5)/10))\nchurdle exponential y x, select(_cons) ll(0) nolog\nscalar s = [selection_ll]_b[_cons]\ngen l = ln(y)\nregress l x",
        expect: &[("abs(s) < 1e-7", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let shown = level(session, cmd)?;
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "churdle",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "Cragg hurdle regression"),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

/// The equations of the selection: its index and, with `het()`, the log of its standard deviation.
struct Selection {
    index: Listed,
    scale: Option<Listed>,
}

impl Selection {
    /// Reads `select(varlist [, noconstant het(varlist)])`.
    fn parse(session: &Session, text: &str) -> Result<Self> {
        let (body, tail) = front_and_options(text);
        let specs = [OptSpec::flag("noCONstant"), OptSpec::text("het")];
        let options = Options::parse("churdle", tail, &specs, &[])?;
        let body = if body.trim() == "_cons" { "" } else { body };
        let index =
            Listed { constant: !options.has("noconstant"), ..Listed::parse(session, "churdle", body)? };
        let scale = options.text("het").map(|het| Listed::parse(session, "churdle", het)).transpose()?;
        Ok(Self { index, scale: scale.map(|listed| Listed { constant: false, ..listed }) })
    }
}

/// The lower bound.
fn bound(cmd: &ParsedCommand, exponential: bool) -> Result<f64> {
    let given = cmd.options.text("ll").map(str::trim).filter(|t| !t.is_empty());
    let text = given.ok_or_else(|| StataError::new(198, "must specify at least one of ll() or ul()"))?;
    let value = parse_number(text)
        .ok_or_else(|| StataError::unsupported_option("churdle", &format!("ll({text})")))?;
    if exponential && value != 0.0 {
        return Err(StataError::unsupported_option(
            "churdle exponential",
            "ll() with a bound other than zero",
        ));
    }
    Ok(value)
}

/// Outcome, selection and scales.
struct Sample {
    model: Model,
    selection: Part,
    scale: Option<Part>,
    selection_scale: Option<Part>,
    /// The outcome where it exceeds the bound.
    y: Vec<Option<f64>>,
}

fn read(session: &mut Session, cmd: &ParsedCommand, list: &str, bound: f64) -> Result<Sample> {
    let text = cmd.options.text("select").ok_or_else(|| StataError::new(198, "option select() required"))?;
    let Selection { index, scale: selection_scale } = Selection::parse(session, text)?;
    let scale = cmd.options.text("het").map(|het| Listed::parse(session, "churdle", het)).transpose()?;
    let lists = [Some(&index), selection_scale.as_ref(), scale.as_ref()];
    let names = lists.iter().flatten().flat_map(|listed| listed.list.variables());
    let further = names.map(|v| session.variable(&v)).collect::<Result<Vec<_>>>()?;
    let mut model =
        Reading { list, further, ..Reading::likelihood(cmd, WEIGHTS) }.model(session)?.enough()?;
    drop_collinear(session, &mut model);
    let y: Vec<Option<f64>> = model.y.iter().map(|y| (*y > bound).then_some(*y)).collect();
    if y.iter().all(Option::is_none) || y.iter().all(Option::is_some) {
        let which = if y[0].is_some() { "at" } else { "above" };
        return Err(StataError::new(2000, format!("no observations {which} the bound")));
    }
    let mut part = |listed: Option<Listed>, name: &str| -> Result<Option<Part>> {
        listed.map(|l| l.part(session, name, &model.touse)).transpose()
    };
    let selection = part(Some(index), "selection_ll")?.ok_or_else(StataError::syntax)?;
    let (scale, selection_scale) = (part(scale, "lnsigma")?, part(selection_scale, "lnsigma_ll")?);
    Ok(Sample { model, selection, scale, selection_scale, y })
}

impl Sample {
    /// Probit of the selection, then the mean and the log standard deviation of the outcome above the bound.
    fn start(&self, exponential: bool) -> Result<Vec<f64>> {
        let above: Vec<bool> = self.y.iter().map(Option::is_some).collect();
        let width = self.selection.width();
        let probit = Binary { y: &above, link: Link::Probit };
        let fit =
            ml_command::quiet(&self.model, &probit, vec![self.selection.equation()], &vec![0.0; width])?;
        let values: Vec<f64> =
            self.y.iter().flatten().map(|y| if exponential { y.ln() } else { *y }).collect();
        let n = values.len() as f64;
        let mean = values.iter().sum::<f64>() / n;
        let deviation = (values.iter().map(|y| (y - mean).powi(2)).sum::<f64>() / n).sqrt().max(1e-8);
        let mut from = vec![0.0; self.model.columns().len()];
        from.extend(self.model.constant.then_some(mean));
        from.extend(fit.b);
        let scales = self.scale.as_ref().map_or(0, |s| s.side.columns().len());
        from.extend(vec![0.0; scales]);
        from.push(deviation.ln());
        from.extend(vec![0.0; self.selection_scale.as_ref().map_or(0, Part::width)]);
        Ok(from)
    }

    fn equations<'a>(&'a self, slopes: bool) -> Vec<Equation<'a>> {
        let scale = match &self.scale {
            Some(part) => part.equation(),
            None => single(),
        };
        let selection_scale = self.selection_scale.as_ref().map(Part::equation).unwrap_or_default();
        vec![first(&self.model, slopes, None), self.selection.equation(), scale, selection_scale]
    }

    fn layout(&self) -> Layout {
        let model = &self.model;
        let mut layout = Layout::default();
        layout.equation(&model.depvar, model.names(), &model.estimated());
        self.selection.add_to(&mut layout);
        match &self.scale {
            Some(part) => part.add_to(&mut layout),
            None => layout.constant("lnsigma"),
        };
        if let Some(part) = &self.selection_scale {
            part.add_to(&mut layout);
        }
        layout
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (word, list) = first_word(&cmd.list);
    let exponential = match word {
        w if w.len() >= 3 && "linear".starts_with(w) => false,
        w if w.len() >= 3 && "exponential".starts_with(w) => true,
        _ => return Err(StataError::new(198, "must specify linear or exponential")),
    };
    let bound = bound(cmd, exponential)?;
    let sample = read(session, cmd, list, bound)?;
    let formula = Formula::<4, _>(|row: usize, eta| hurdle(sample.y[row], bound, exponential, eta));
    let (model, start) = (&sample.model, sample.start(exponential)?);
    let slopes = model.columns().len();
    let null = match model.constant {
        true => Some(ml_command::quiet(model, &formula, sample.equations(false), &start[slopes..])?),
        false => None,
    };
    let mut from = vec![0.0; slopes];
    from.extend(null.as_ref().map_or(start[slopes..].to_vec(), |n| n.b.clone()));
    let layout = sample.layout();
    let fit =
        likelihood::maximise(session, &cmd.options, model, &formula, sample.equations(true), &from, &layout)?;
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..slopes).collect();
    let posted = Posted {
        cmd: "churdle",
        title: "Cragg hurdle regression",
        predict: "churdle_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: null.map(|n| n.ll),
        tested: &tested,
        equations: if sample.selection_scale.is_some() { 4.0 } else { 3.0 },
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    est.results.text("estimator", if exponential { "exponential" } else { "linear" }).scalar("llopt", bound);
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// The standard deviation of the outcome, where it is one number.
fn footer(session: &mut Session, level: f64) {
    let Some(b) = session.e.b() else { return };
    let of: Vec<usize> = (0..b.cols()).filter(|i| b.col_names[*i].eq == "lnsigma").collect();
    if let [one] = of[..] {
        derived_row(session, "/sigma", one, level, f64::exp, f64::exp);
        session.print("-".repeat(78));
    }
}
