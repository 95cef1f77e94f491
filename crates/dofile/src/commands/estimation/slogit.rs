//! `slogit`: stereotype logistic regression of a categorical outcome.
//!
//! Stores in `e()`: N k_out k_dim i_base df_m df_0 ll ll_0 chi2 p rank converged, outcomes, Cns, b with the equations
//! dim1 ... and /phi1_1 ... /theta1 ... without those of the base, V, cmd depvar outeqs. Formulas: [R] slogit; Anderson
//! (1984), Journal of the Royal Statistical Society B 46.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::choice::{WEIGHTS, base_outcome, categories, counts, equation_names, null_likelihood, read};
use crate::concat_lists;
use crate::error::{Result, StataError};
use crate::estimation::constraints;
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::Model;
use crate::format;
use crate::matrix::Matrix;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::ml::Equation;
use estimators::ml_choice::Multinomial;
use estimators::ml_outcomes::{Observed, Scale, Stereotype};
use estimators::real::stable_sum;

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("DIMension"),
    OptSpec::text("Baseoutcome"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
];
const SYNTAX: StandardSyntax = StandardSyntax::new(concat_lists!(OptSpec; OPTIONS, likelihood::MAXIMIZE))
    .weights(WEIGHTS)
    .maximised()
    .unsupported(&["noCORNer", "INITialize", "noNORMalize"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "slogit",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "slogit depvar indepvars [if] [in] [weight] [, dimension(#) baseoutcome(#) vce(oim|robust|cluster v|opg) level(#) nolog]",
    notes: "corner constraints, the last outcome as the base; stores e(N k_out k_dim i_base df_m ll ll_0 chi2 p), e(outcomes), e(Cns), e(b) with dim1 ..., /phi1_1 ..., /theta1 ..., e(V), r(table); formulas: [R] slogit",
    examples: &[Example {
        // With as many dimensions as outcomes less one the model is the multinomial logit.
        run: "set obs 90\ngen x = mod(_n*7, 11) - 5\ngen z = mod(_n*5, 13)\ngen y = 1 + (x + mod(_n*3, 17) > 4) + (z + mod(_n*11, 19) > 15)\nmlogit y x z, baseoutcome(3) nolog\nscalar l = e(ll)\nslogit y x z, dimension(2) nolog",
        expect: &[("abs(e(ll) - l) < 1e-7", 1.0), ("_b[/phi1_1] + _b[/phi2_1]", 1.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name: "slogit",
            estimate: &|session| estimate(session, cmd),
            header: &|session| likelihood::header(session, "Stereotype logistic regression"),
            look: &|_| Look { equations: true, ..Look::default() },
            footer: &footer,
        },
    )
}

/// The dimensions of the model and its categories.
struct Shape {
    base: usize,
    dimensions: usize,
    categories: usize,
}

impl Shape {
    /// Numbers of the outcomes without the base, from one.
    fn others(&self) -> impl Iterator<Item = usize> {
        let base = self.base;
        (0..self.categories).filter(move |k| *k != base).map(|k| k + 1)
    }

    /// Linear indices: the dimensions, then one parameter each.
    fn equations<'a>(&self, columns: &[&'a [f64]], width: usize) -> Vec<Equation<'a>> {
        let single = || Equation { columns: Vec::new(), constant: true, offset: None };
        let index = || Equation { columns: columns.to_vec(), constant: false, offset: None };
        let dimensions = (0..self.dimensions).map(|_| index());
        dimensions.chain((self.dimensions..width).map(|_| single())).collect()
    }

    fn layout(&self, model: &Model, of: &Stereotype) -> Layout {
        let mut layout = Layout::default();
        for d in 1..=self.dimensions {
            layout.equation(&format!("dim{d}"), model.names(), &model.estimated());
        }
        for (d, scales) in of.phi.iter().enumerate() {
            for (scale, k) in scales.iter().zip(self.others()) {
                let name = format!("phi{}_{k}", d + 1);
                match scale {
                    Scale::Free(_) => layout.ancillary(&name),
                    Scale::Fixed(_) => layout.equation("/", vec![name], &[]),
                };
            }
        }
        self.others().for_each(|k| {
            layout.ancillary(&format!("theta{k}"));
        });
        layout
    }

    /// Start from the multinomial logit: its first equations are the dimensions, and the scale parameters of the others
    /// project their slopes on these, in the metric of the spread of the regressors.
    fn start(
        &self,
        model: &Model,
        columns: &[&[f64]],
        of_row: &[usize],
        of: &Stereotype,
    ) -> Result<Vec<f64>> {
        let others = self.categories - 1;
        let base = self.base;
        let y: Vec<Option<usize>> =
            of_row.iter().map(|c| (*c != base).then(|| c - usize::from(*c > base))).collect();
        let slopes = columns.len();
        let per = slopes + 1;
        let logit = Multinomial { y: &y, indices: others };
        let equations = (0..others)
            .map(|_| Equation { columns: columns.to_vec(), constant: true, offset: None })
            .collect();
        let fit = ml_command::quiet(model, &logit, equations, &vec![0.0; per * others])?;
        let slope = |k: usize, j: usize| fit.b[k * per + j];
        let spread = |c: &[f64]| {
            let mean = c.iter().sum::<f64>() / c.len() as f64;
            c.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / c.len() as f64
        };
        let weight: Vec<f64> = columns.iter().map(|c| spread(c)).collect();
        let mut out: Vec<f64> = (0..self.dimensions)
            .flat_map(|d| (0..slopes).map(move |j| (d, j)))
            .map(|(d, j)| -slope(d, j))
            .collect();
        for (d, scales) in of.phi.iter().enumerate() {
            let size: f64 = (0..slopes).map(|j| weight[j] * slope(d, j).powi(2)).sum();
            for (k, scale) in scales.iter().enumerate() {
                let product: f64 = (0..slopes).map(|j| weight[j] * slope(d, j) * slope(k, j)).sum();
                if matches!(scale, Scale::Free(_)) {
                    out.push(product / size.max(1e-300) / self.dimensions as f64);
                }
            }
        }
        out.extend((0..others).map(|k| fit.b[k * per + slopes]));
        Ok(out)
    }
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if session.settings.search.constraints.is_some() {
        return Err(StataError::unsupported_option("slogit", "constraints()"));
    }
    let mut model = read(session, cmd)?;
    model.constant = false;
    let (values, of_row) = categories(&model)?;
    let regressors = model.columns().len();
    if values.len() < 3 {
        return Err(StataError::new(148, "too few categories: slogit needs at least three outcomes"));
    }
    if regressors == 0 {
        return Err(StataError::standard(102));
    }
    let base = base_outcome(session, cmd, &model.depvar, &values)?.unwrap_or(values.len() - 1);
    let most = (values.len() - 1).min(regressors);
    let dimensions = cmd.options.int("dimension").unwrap_or(1);
    if !(1..=most as i64).contains(&dimensions) {
        return Err(StataError::new(198, format!("dimension() must be between 1 and {most}")));
    }
    let shape = Shape { base, dimensions: dimensions as usize, categories: values.len() };
    let of = Stereotype::cornered(base, shape.dimensions, values.len());
    // a product of scale parameters and dimensions takes what is subtracted: far from zero it would bend the search
    let given = session.settings.search.from.is_some();
    let mean = |c: &&[f64]| if given { 0.0 } else { stable_sum(c.iter().copied()) / c.len() as f64 };
    let means: Vec<f64> = model.columns().iter().map(mean).collect();
    let less = |(c, m): (&[f64], &f64)| c.iter().map(|x| x - m).collect::<Vec<f64>>();
    let centred: Vec<Vec<f64>> = model.columns().into_iter().zip(&means).map(less).collect();
    let columns: Vec<&[f64]> = centred.iter().map(Vec::as_slice).collect();
    let from = shape.start(&model, &columns, &of_row, &of)?;
    let layout = shape.layout(&model, &of);
    let observed = Observed { y: &of_row, model: &of };
    let equations = shape.equations(&columns, from.len() - shape.dimensions * (regressors - 1));
    let mut fit = likelihood::maximise(session, &cmd.options, &model, &observed, equations, &from, &layout)?;
    of.uncentre(&mut fit, &means);
    let mut parameters = layout.parameters(&fit.b, &fit.v);
    let corners = corners(&of, parameters.b.len(), values.len());
    corners.iter().for_each(|(at, value)| parameters.b[*at] = *value);
    let tested: Vec<usize> = (0..shape.dimensions * regressors).collect();
    let posted = Posted {
        cmd: "slogit",
        title: "Stereotype logistic regression",
        predict: "slogit_p",
        parameters: &parameters,
        fit: &fit,
        ll_0: None,
        tested: &tested,
        equations: shape.dimensions as f64,
    };
    let mut est = ml_command::begin(cmd, &model, &posted);
    let width = parameters.b.len();
    let cells = corners.iter().flat_map(|(at, value)| {
        (0..=width).map(move |j| if j == width { *value } else { f64::from(u8::from(j == *at)) })
    });
    let cns = constraints::labelled(corners.len(), cells.collect(), parameters.stripe.clone());
    let names = equation_names(session, &model.depvar, &values);
    est.results
        .scalar("k_out", values.len() as f64)
        .scalar("k_dim", dimensions as f64)
        .scalar("k_eq_model", dimensions as f64)
        .scalar("i_base", base as f64 + 1.0)
        .scalar("k", width as f64)
        .scalar("df_0", values.len() as f64 - 1.0)
        .scalar("ll_0", null_likelihood(&counts(&model, &of_row, values.len())));
    est.results
        .matrix("outcomes", Matrix::new(values.len(), 1, values.clone()))
        .matrix("Cns", cns)
        .text("outeqs", names.join(" "));
    session.post_estimation(est, model.touse.clone());
    Ok(())
}

/// Positions and values of the fixed scale parameters among all parameters.
fn corners(of: &Stereotype, width: usize, categories: usize) -> Vec<(usize, f64)> {
    let others = categories - 1;
    let first = width - others - others * of.phi.len();
    let all = of.phi.iter().flatten().enumerate();
    all.filter_map(|(i, scale)| match scale {
        Scale::Fixed(value) => Some((first + i, *value)),
        Scale::Free(_) => None,
    })
    .collect()
}

/// Names the base outcome.
fn footer(session: &mut Session) {
    let e = &session.e.results;
    let Some(base) = e.get_scalar("i_base").map(|b| b as usize - 1) else { return };
    let value = e.matrices.get("outcomes").map_or(0.0, |m| m.get(base, 0));
    let depvar = e.get_text("depvar").unwrap_or("").to_string();
    let labels = session.frame.find(&depvar).and_then(|v| session.frame.labels_of(v));
    let label = labels.and_then(|l| l.get(value)).map(str::to_string);
    let shown = label.unwrap_or_else(|| format::bare("%9.0g", value).trim().to_string());
    session.print(format!("({depvar}={shown} is the base outcome)"));
}
