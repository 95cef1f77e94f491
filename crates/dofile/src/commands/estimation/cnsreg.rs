//! `cnsreg`: linear regression under linear constraints.
//!
//! Stores in `e()`: N df_m df_r F rmse rss ll rank N_clust, b V Cns, cmd depvar vce vcetype clustvar. Formulas: [R]
//! cnsreg, Methods and formulas; Greene (2018), Econometric Analysis, 5.5: with `A = (X'X)^-1`, the estimate is
//! `b - A R'(R A R')^-1 (R b - r)` and `A` becomes `A - A R'(R A R')^-1 R A`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::constraints::{self, constraints};
use crate::estimation::display::{fit_error, level, note_weights, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::linear::Parameters as Named;
use crate::estimation::linear_form::LinearForm;
use crate::estimation::model::{Model, Reading};
use crate::estimation::post::{self, Parameters, plain_stripe, spread_square, stata};
use crate::estimation::table::parse_term;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::ols::{self, Request};
use estimators::real::stable_sum;
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Constraints"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency, WeightKind::Probability, WeightKind::Importance])
.unsupported(&["COLlinear", "MSE1"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cnsreg",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "cnsreg depvar indepvars [if] [in] [weight], constraints(numlist) [noconstant vce(ols|robust|cluster v) level(#) noheader nocnsreport]",
    notes: "stores e(N df_m df_r F rmse rss ll rank N_clust), e(Cns), e(b), e(V), r(table); collinear regressors are dropped before the constraints; formulas: [R] cnsreg",
    examples: &[Example {
        // Equal slopes are the slope of the sum.
        run: "set obs 8\ngenerate x = _n\ngenerate z = mod(_n*5, 7)\ngenerate y = x + mod(_n*3, 5)\nconstraint 1 x = z\ngenerate w = x + z\nregress y w\nscalar b = _b[w]\nscalar s = _se[w]\ncnsreg y x z, constraints(1)",
        expect: &[("reldif(_b[x], b) < 1e-12", 1.0), ("reldif(_se[z], s) < 1e-12", 1.0), ("e(df_r)", 6.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "cnsreg" {
        return display(session, cmd);
    }
    let numbers = cmd
        .options
        .text("constraints")
        .ok_or_else(|| StataError::invalid("option constraints() required"))?;
    let wanted = constraints(session, numbers)?;
    let mut model = Reading::new(cmd).model(session)?.enough()?;
    drop_collinear(session, &mut model);
    note_weights(session, &model);
    let (restrictions, targets, forms) = read(session, &model, &wanted)?;
    let fit = Restricted::fit(&model, &restrictions, &targets)?;
    post_results(session, cmd, model, &fit, &forms);
    display(session, cmd)
}

/// Constraints in the estimated parameters: matrix, right sides, and the forms over all parameters.
fn read(
    session: &mut Session,
    model: &Model,
    wanted: &[(i64, String)],
) -> Result<(Mat, Vec<f64>, Vec<LinearForm>)> {
    let names = model.names();
    let size = names.len();
    let parameters = Named {
        terms: names.iter().map(|n| parse_term(n)).collect(),
        stripe: plain_stripe(names),
        b: vec![0.0; size],
        v: Mat::zeros(size, size),
        variables: Vec::new(),
    };
    let forms = constraints::forms(session, &parameters, wanted)?;
    let estimated = model.estimated();
    let matrix = Mat::from_fn(forms.len(), estimated.len(), |i, j| forms[i].weights[estimated[j]]);
    let targets = forms.iter().map(|f| -f.constant).collect();
    Ok((matrix, targets, forms))
}

/// A restricted regression.
struct Restricted {
    b: Vec<f64>,
    v: Mat,
    rss: f64,
    n: f64,
    df_r: f64,
    df_residual: f64,
    independent: usize,
    /// Slopes that the constraints leave free: the others are functions of them.
    free: Vec<usize>,
}

impl Restricted {
    fn fit(model: &Model, restrictions: &Mat, targets: &[f64]) -> Result<Self> {
        let columns = model.columns();
        let free = ols::fit(&Request {
            constant: model.constant,
            weights: model.weights.as_ref(),
            ..Request::new(&model.y, &columns)
        })
        .map_err(fit_error)?;
        let (inverse, independent, kept) = restrictions.sandwich(&free.unscaled).inverse_semidefinite(1e-12);
        let gap: Vec<f64> =
            restrictions.times_vector(&free.b).iter().zip(targets).map(|(a, r)| a - r).collect();
        let back = free.unscaled.times(&restrictions.transpose()).times(&inverse);
        let b: Vec<f64> = free.b.iter().zip(back.times_vector(&gap)).map(|(b, shift)| b - shift).collect();
        let held = restrictions.times_vector(&b);
        let scale = targets.iter().chain(&free.b).fold(1.0_f64, |m, x| m.max(x.abs()));
        let consistent = |i: usize| kept.contains(&i) || (held[i] - targets[i]).abs() <= 1e-8 * scale;
        if !(0..targets.len()).all(consistent) {
            return Err(StataError::standard(412));
        }
        let bread = free.unscaled.minus(&back.times(restrictions).times(&free.unscaled)).symmetrised();
        let effective = model.weights.as_ref().map(estimators::weights::Weights::effective);
        let weight = |i: usize| effective.as_ref().map_or(1.0, |(w, _)| w[i]);
        let fitted = |i: usize| {
            let slopes: f64 = columns.iter().zip(&b).map(|(c, b)| c[i] * b).sum();
            slopes + if model.constant { b[columns.len()] } else { 0.0 }
        };
        let residuals: Vec<f64> = (0..model.y.len()).map(|i| model.y[i] - fitted(i)).collect();
        let rss = stable_sum((0..residuals.len()).map(|i| weight(i) * residuals[i].powi(2)));
        let df_residual = free.n - (b.len() - independent) as f64;
        if df_residual < 0.0 {
            return Err(StataError::insufficient_observations());
        }
        let mut out = Self {
            free: free_slopes(&bread, &free.unscaled, columns.len()),
            v: bread,
            b,
            rss,
            n: free.n,
            df_r: df_residual,
            df_residual,
            independent,
        };
        out.covariance(model, &columns, &residuals, &weight);
        Ok(out)
    }

    /// Replaces the restricted `(X'X)^-1` by the covariance: robust N/(N-p), by cluster
    /// G/(G-1) (N-1)/(N-p), with p free parameters.
    fn covariance(
        &mut self,
        model: &Model,
        columns: &[&[f64]],
        residuals: &[f64],
        weight: &dyn Fn(usize) -> f64,
    ) {
        if !model.is_robust() {
            self.v = self.v.clone().scaled(self.rss / self.df_residual);
            return;
        }
        let k = self.b.len();
        let frequency = model.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Frequency);
        let count = model.clusters.as_ref().map_or(residuals.len(), |c| c.count);
        let mut sums = vec![vec![0.0; k]; count];
        for (i, e) in residuals.iter().enumerate() {
            let group = model.clusters.as_ref().map_or(i, |c| c.of_row[i] as usize);
            let w = if frequency && model.clusters.is_none() { weight(i).sqrt() } else { weight(i) };
            for (j, sum) in sums[group].iter_mut().enumerate() {
                *sum += w * e * columns.get(j).map_or(1.0, |c| c[i]);
            }
        }
        let meat = Mat::from_fn(k, k, |a, b| sums.iter().map(|u| u[a] * u[b]).sum());
        let factor = match &model.clusters {
            Some(c) => {
                let g = c.count as f64;
                self.df_r = g - 1.0;
                g / (g - 1.0) * (self.n - 1.0) / self.df_residual
            }
            None => self.n / self.df_residual,
        };
        self.v = self.v.sandwich(&meat).scaled(factor);
    }
}

/// Slopes with independent estimates. The covariance is singular under constraints, and a test of all slopes with it
/// divides rounding errors; what counts is the share of each variance that the slopes before leave.
fn free_slopes(bread: &Mat, unconstrained: &Mat, slopes: usize) -> Vec<usize> {
    let varies = |i: &usize| bread[(*i, *i)] > 1e-12 * unconstrained[(*i, *i)];
    let varying: Vec<usize> = (0..slopes).filter(varies).collect();
    let size = |i: usize| bread[(varying[i], varying[i])].sqrt();
    let k = varying.len();
    let correlation = Mat::from_fn(k, k, |i, j| bread[(varying[i], varying[j])] / (size(i) * size(j)));
    let (_, _, kept) = correlation.inverse_semidefinite(1e-10);
    kept.into_iter().map(|i| varying[i]).collect()
}

fn post_results(
    session: &mut Session,
    cmd: &ParsedCommand,
    model: Model,
    fit: &Restricted,
    forms: &[LinearForm],
) {
    let estimated = model.estimated();
    let stripe = plain_stripe(model.names());
    let parameters = Parameters::spread(stripe.clone(), &estimated, &fit.b, &fit.v);
    let mut est = post::begin("cnsreg", &post::command_line(cmd), &parameters, &model);
    let full = spread_square(fit.b.len(), &(0..fit.b.len()).collect::<Vec<_>>(), &fit.v);
    let test = wald::test_zero(&fit.b, &full, &fit.free);
    let known = test.df > 0;
    let r = &mut est.results;
    r.scalar("N", fit.n).scalar("df_m", test.df as f64).scalar("df_r", fit.df_r);
    r.scalar("F", if known { stata(test.f()) } else { MISSING });
    r.scalar("rss", fit.rss).scalar("rmse", stata((fit.rss / fit.df_residual).sqrt()));
    r.scalar("rank", (fit.b.len() - fit.independent) as f64);
    let ll = -0.5 * fit.n * ((2.0 * std::f64::consts::PI).ln() + 1.0 + (fit.rss / fit.n).ln());
    r.scalar("ll", stata(ll)).text("title", "Constrained linear regression").text("predict", "regres_p");
    r.matrix("Cns", constraints::matrix(forms, stripe)).text("properties", "b V");
    let touse = model.touse;
    session.post_estimation(est, touse);
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    if !cmd.has("noheader") {
        header(session);
    }
    show_active(session, level, None)
}

fn header(session: &mut Session) {
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if is_missing(f) { MISSING } else { stata(f_tail(df_m, df_r, f)) };
    let facts = [
        Fact::observations(scalar("N")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
        Fact::new("Root MSE", "%9.4f", scalar("rmse")),
    ];
    session.print("");
    show(session, &["Constrained linear regression".to_string()], &facts, 17, 10);
    session.print("");
}
