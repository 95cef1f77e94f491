//! `qreg`: quantile regression with asymptotic standard errors. The programme is in `estimators::quantile`.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{level, show_active};
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, equation_stripe};
use crate::format;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::MISSING;
use estimators::quantile::{QuantileData, QuantileFit, fit, raw};
use estimators::quantile_variance::{Bandwidth, Density, Errors, Kernel, variance};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("Quantile"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::flag("noHEader"),
    // the linear program is solved to its end: no iterations of least squares before it, and no limit
    OptSpec::int("WLSiter"),
    OptSpec::int("ITERate"),
])
.weights(WEIGHTS);

const WEIGHTS: &[WeightKind] = &[WeightKind::Frequency, WeightKind::Probability];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "qreg",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "qreg depvar [indepvars] [if] [in] [fweight|pweight] [, quantile(#) vce(iid|robust [, fitted|kernel[(name)] hsheather|bofinger|chamberlain]) level(#) nolog]",
    notes: "stores e(N) e(df_m) e(df_r) e(q) e(q_v) e(sum_adev) e(sum_rdev) e(r2_p) e(f_r) e(sparsity) e(bwidth) e(kbwidth) e(rank) e(convcode), e(b), e(V), r(table); sums of deviations are check losses; where the optimum is not unique, one vertex; with pweights the covariance is robust, with the squares of the weights for the scores and the number of rows for the bandwidth, and iid is refused; formulas: [R] qreg",
    examples: &[Example {
        // The median of 1 to 5 is 3; deviations of the check loss are half the absolute ones.
        run: "set obs 5\ngenerate y = _n\nqreg y",
        expect: &[("_b[_cons]", 3.0), ("e(sum_adev)", 3.0), ("e(df_r)", 4.0)],
    }],
};

/// Request of `vce()`.
#[derive(Debug, Clone, Copy)]
struct Spec {
    errors: Option<Errors>,
    density: Density,
    bandwidth: Bandwidth,
}

fn vce(text: Option<&str>) -> Result<Spec> {
    let mut spec = Spec { errors: None, density: Density::Fitted, bandwidth: Bandwidth::HallSheather };
    let Some(text) = text else { return Ok(spec) };
    let spaced = text.replace(',', " ").replace(" (", "(");
    let refuse = |word: &str| StataError::unsupported_option("qreg", &format!("vce({word})"));
    for word in spaced.split_whitespace() {
        let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
        if is("iid", 1) {
            spec.errors = Some(Errors::Independent);
        } else if is("robust", 1) && !is("residual", 3) {
            spec.errors = Some(Errors::Robust);
        } else if is("fitted", 3) {
            spec.density = Density::Fitted;
        } else if is("kernel", 3) {
            spec.density = Density::Kernel(Kernel::Epanechnikov);
        } else if let Some(name) = word
            .split_once('(')
            .and_then(|(k, n)| (k.len() >= 3 && "kernel".starts_with(k)).then(|| n.trim_end_matches(')')))
        {
            spec.density = Density::Kernel(kernel(name)?);
        } else if is("hsheather", 2) {
            spec.bandwidth = Bandwidth::HallSheather;
        } else if is("bofinger", 2) {
            spec.bandwidth = Bandwidth::Bofinger;
        } else if is("chamberlain", 2) {
            spec.bandwidth = Bandwidth::Chamberlain;
        } else if is("residual", 3) || is("bootstrap", 4) || is("jackknife", 4) || is("cluster", 2) {
            return Err(refuse(word));
        } else {
            return Err(StataError::invalid(format!("vcetype '{word}' not allowed")));
        }
    }
    Ok(spec)
}

fn kernel(name: &str) -> Result<Kernel> {
    let known = [
        ("epanechnikov", 2, Kernel::Epanechnikov),
        ("epan2", 5, Kernel::Epan2),
        ("biweight", 2, Kernel::Biweight),
        ("cosine", 3, Kernel::Cosine),
        ("gaussian", 3, Kernel::Gaussian),
        ("parzen", 3, Kernel::Parzen),
        ("rectangle", 3, Kernel::Rectangle),
        ("triangle", 3, Kernel::Triangle),
    ];
    let name = name.trim();
    let exact = known.iter().find(|k| k.0 == name);
    exact
        .or_else(|| known.iter().find(|k| name.len() >= k.1 && k.0.starts_with(name)))
        .map(|k| k.2)
        .ok_or_else(|| StataError::invalid(format!("{name} is not a kernel")))
}

/// A quantile between 0 and 1; larger numbers are percentages.
pub(super) fn quantile(given: f64) -> Result<f64> {
    let q = if given >= 1.0 { given / 100.0 } else { given };
    if q > 0.0 && q < 1.0 {
        Ok(q)
    } else {
        Err(StataError::invalid("quantile() must be between 0 and 1, or between 1 and 100"))
    }
}

/// Reads the model of a quantile command; `vce` is the command's own business.
pub(super) fn read(s: &mut Session, cmd: &ParsedCommand, weights: &[WeightKind]) -> Result<Model> {
    let reading = Reading {
        vce: Some(VceSpec::Default),
        default_weight: WeightKind::Frequency,
        weight_kinds: weights,
        ..Reading::new(cmd)
    };
    let mut model = reading.model(s)?;
    drop_collinear(s, &mut model);
    if model.y.len() <= model.estimated().len() {
        return Err(StataError::insufficient_observations());
    }
    Ok(model)
}

/// The kernel's data of a model; `columns` are the model's.
pub(super) fn data<'a>(model: &'a Model, columns: &'a [&'a [f64]]) -> QuantileData<'a> {
    let w = model.weights.as_ref().filter(|w| WEIGHTS.contains(&w.kind)).map(|w| w.values.as_slice());
    QuantileData { y: &model.y, columns, w, constant: model.constant }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if s.e.cmd() != "qreg" {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd);
    }
    let spec = vce(cmd.options.text("vce"))?;
    let tau = quantile(cmd.options.real("quantile").unwrap_or(0.5))?;
    let level = level(s, cmd)?;
    let model = read(s, cmd, WEIGHTS)?;
    let sampled = model.weights.as_ref().is_some_and(|w| w.kind == WeightKind::Probability);
    let errors = match (spec.errors, sampled) {
        (Some(Errors::Independent), true) => {
            return Err(StataError::unsupported_option("qreg", "vce(iid) with pweights"));
        }
        (_, true) => Errors::Sampled,
        (chosen, false) => chosen.unwrap_or(Errors::Independent),
    };
    let columns = model.columns();
    let data = data(&model, &columns);
    let singular = || StataError::new(498, "quantile regression could not be solved");
    let found = fit(data, tau).ok_or_else(singular)?;
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        let loss = format::bare("%9.0g", found.loss);
        s.print(format!("Iteration {}: Sum of abs. weighted deviations = {loss}", found.iterations));
        if !found.unique {
            s.print("note: alternate solutions exist; the lowest is shown");
        }
    }
    let rows = model.y.len() as f64;
    let total = model.weights.as_ref().map_or(rows, |w| w.values.iter().sum());
    let n = if sampled { rows } else { total };
    let normal: Option<Vec<f64>> = data.w.map(|w| w.iter().map(|w| w * n / total).collect());
    let chosen = (spec.bandwidth, spec.density, errors);
    let estimated = variance(QuantileData { w: normal.as_deref(), ..data }, &found, tau, n, chosen, level)
        .filter(|v| v.v.data().iter().all(|x| x.is_finite()))
        .ok_or_else(|| {
            StataError::new(498, "the density of the errors at the quantile could not be estimated")
        })?;
    let (value, loss) = raw(data, tau, !sampled).ok_or_else(singular)?;
    let stripe = equation_stripe("", model.names());
    let parameters = Parameters::spread(stripe, &model.estimated(), &found.b, &estimated.v);
    let mut est = post::begin("qreg", &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    // a parameter without information on its error does not count, as published logs show by the degrees of freedom
    let k = estimated.v.diagonal().iter().filter(|v| **v > 0.0).count() as f64;
    r.scalar("N", n).scalar("df_m", columns.len() as f64).scalar("df_r", n - k).scalar("rank", k);
    r.scalar("q", tau).scalar("q_v", value).scalar("sum_adev", found.loss).scalar("sum_rdev", loss);
    r.scalar("r2_p", 1.0 - found.loss / loss).scalar("bwidth", estimated.h);
    if let Some(sparsity) = estimated.sparsity {
        r.scalar("sparsity", sparsity).scalar("f_r", 1.0 / sparsity);
    }
    if let Some(width) = estimated.kernel_h {
        r.scalar("kbwidth", width);
    }
    r.scalar("convcode", f64::from(u8::from(!found.converged)));
    let density = if spec.density == Density::Fitted { "fitted" } else { "kernel" };
    let rule = match spec.bandwidth {
        Bandwidth::HallSheather => "hsheather",
        Bandwidth::Bofinger => "bofinger",
        Bandwidth::Chamberlain => "chamberlain",
    };
    let robust = errors != Errors::Independent;
    r.text("vce", if robust { "robust" } else { "iid" }).text("denmethod", density);
    r.text("bwmethod", rule).text("properties", "b V").text("predict", "qreg_p");
    if robust {
        r.text("vcetype", "Robust");
    }
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    display(s, cmd)?;
    converged(&found)
}

/// r(430) for a fit that did not reach its optimum.
pub(super) fn converged(fit: &QuantileFit) -> Result<()> {
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// `Median` or `.25 Quantile`.
pub(super) fn name(q: f64) -> String {
    if q == 0.5 { "Median".to_string() } else { format!("{} Quantile", format::bare("%9.0g", q)) }
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let scalar = |n: &str| s.e.results.get_scalar(n).unwrap_or(MISSING);
        let g = |x: f64| format::bare("%9.0g", x);
        let weighted = if s.e.results.get_text("wtype").is_some() { "weighted " } else { "" };
        let left = [
            format!("{} regression", name(scalar("q"))),
            format!(
                "  Raw sum of {weighted}deviations {:>8} (about {})",
                g(scalar("sum_rdev")),
                format::bare("%10.0g", scalar("q_v"))
            ),
            format!("  Min sum of {weighted}deviations {:>8}", g(scalar("sum_adev"))),
        ];
        let right = [
            format!("Number of obs = {:>10}", format::bare("%10.0fc", scalar("N"))),
            String::new(),
            format!("Pseudo R2     = {:>10}", format::bare("%6.4f", scalar("r2_p"))),
        ];
        s.print("");
        for (l, r) in left.iter().zip(right) {
            s.print(format!("{l:<52}{r}").trim_end());
        }
        s.print("");
    }
    show_active(s, level, None)
}
