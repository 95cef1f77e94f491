//! `npregress kernel`: local constant and local linear regression. Numbers: `estimators::kernel_regression`.

use super::bandwidths::{self, Bandwidths};
use super::replications::{self, Plan};
use super::show;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::kernel_model::{KernelModel, Regressor};
use crate::estimation::post;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Atom, FvList};
use crate::value::{MISSING, is_missing};
use estimators::kernel_regression::{DiscreteKernel, KernelRegression, Local};
use estimators::qr;
use estimators::quantile_variance::Kernel;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("ESTimator"),
    OptSpec::text("KERNel"),
    OptSpec::text("DKERNel"),
    OptSpec::text("PREDict"),
    OptSpec::flag("NODERIVatives"),
    OptSpec::flag("imaic"),
    OptSpec::text("UNIDentsample"),
    OptSpec::text("BWidth"),
    OptSpec::text("MEANBWidth"),
    OptSpec::text("DERIVBWidth"),
    OptSpec::text("vce"),
    OptSpec::int("Reps"),
    OptSpec::text("SEed"),
    OptSpec::flag("BWREPlace"),
    OptSpec::flag("noDOTS"),
    OptSpec::text("CITYPE"),
    OptSpec::real("Level"),
    OptSpec::flag("noLOg"),
    OptSpec::flag("LOg"),
    OptSpec::int("ITERate"),
])
.searched();

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "npregress",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "npregress kernel depvar indepvars [if] [in] [, estimator(linear|constant) kernel(name) dkernel(liracine|cellprob) bwidth(specs) meanbwidth(specs) derivbwidth(specs) imaic noderivatives predict(newvar|stub* [, replace noderivatives]) unidentsample(newvar) vce(none|bootstrap [, reps(#) seed(#)]) reps(#) seed(#) bwreplace citype(percentile|bc|normal) level(#) nolog iterate(#)]",
    notes: "specs: a row vector [, copy skip], numbers followed by copy, or name=# ...; effects of factors are contrasts with the base, with the bandwidths of the mean; without derivbwidth() or bwidth() the bandwidths of derivatives bring the local fit near to a local cubic one (Stata's own criterion is not published in full, so they can differ from its); observations whose mean is not identified are left out of the averages; stores e(N mean r2 nh converged_mean converged_effect N_reps), e(b bwidth meanbwidth derivbwidth ilog_mean ilog_effect), with reps() e(V bias ci_normal ci_percentile ci_bc), e(estimator kname dkname bselector title vce); sources: Li and Racine (2004), Hurvich, Simonoff and Tsai (1998); [R] npregress kernel",
    examples: &[Example {
        // a plane is its own local linear fit, at any bandwidth
        run: "set obs 40\ngenerate double x = mod(7*_n, 23)\ngenerate double z = mod(5*_n, 17)\ngenerate double y = 1 + 2*x - z\nnpregress kernel y x z, bwidth(9 8, copy)\nmatrix b = e(b)\nsummarize y",
        expect: &[
            ("round(b[1,2], 1e-9)", 2.0),
            ("round(b[1,3], 1e-9)", -1.0),
            ("reldif(b[1,1], r(mean)) < 1e-9", 1.0),
        ],
    }],
};

/// The sample with its regressors.
struct Read {
    depvar: String,
    y: Vec<f64>,
    regressors: Vec<Regressor>,
    continuous: Vec<Vec<f64>>,
    discrete: Vec<Vec<f64>>,
    rows: Vec<usize>,
    touse: Vec<bool>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let list = cmd.list.trim();
    if list.is_empty() && s.e.cmd() == "npregress" {
        return show::show(s, cmd);
    }
    let (method, list) = list.split_once(char::is_whitespace).unwrap_or((list, ""));
    match method {
        "kernel" => {}
        "series" => return Err(StataError::unsupported_option("npregress", "series")),
        other => return Err(StataError::new(198, format!("npregress: unknown subcommand {other}"))),
    }
    let read = read(s, cmd, list)?;
    let local = match cmd.options.text("estimator").map_or("linear", str::trim) {
        name if !name.is_empty() && "linear".starts_with(name) => Local::Linear,
        name if !name.is_empty() && "constant".starts_with(name) => Local::Constant,
        name => return Err(StataError::invalid(format!("estimator({name}) invalid"))),
    };
    let discrete_kernel = match cmd.options.text("dkernel").map_or("liracine", str::trim) {
        name if !name.is_empty() && "liracine".starts_with(name) => DiscreteKernel::LiRacine,
        name if !name.is_empty() && "cellprob".starts_with(name) => DiscreteKernel::CellProbability,
        name => return Err(StataError::invalid(format!("dkernel({name}) invalid"))),
    };
    let (kname, kernel) = kernel(cmd.options.text("kernel"))?;
    let plan = Plan::read(cmd)?;
    let data = KernelRegression {
        y: read.y.clone(),
        continuous: read.continuous.clone(),
        discrete: read.discrete.clone(),
        counts: Vec::new(),
        kernel,
        discrete_kernel,
        local,
    };
    let found = bandwidths::choose(s, cmd, &data, &read.regressors)?;
    let model = KernelModel {
        data,
        regressors: read.regressors.clone(),
        mean: found.mean.clone(),
        effect: found.effect.clone(),
        rows: read.rows.clone(),
    };
    let mut est = results(cmd, &read, &model, &found);
    est.results.text("kname", kname);
    let dkname = if discrete_kernel == DiscreteKernel::LiRacine { "liracine" } else { "cellprob" };
    est.results.text("dkname", dkname);
    let fits = fits(&model);
    post_averages(&mut est, &model, &fits)?;
    if let Some(plan) = plan {
        replications::run(s, cmd, &plan, &model, &found, &mut est)?;
    }
    store_predictions(s, cmd, &read, &model, &fits)?;
    est.extra = Some(Arc::new(model));
    s.post_estimation(est, read.touse);
    show::show(s, cmd)
}

/// A kernel by its name or abbreviation, with its full name.
fn kernel(name: Option<&str>) -> Result<(&'static str, Kernel)> {
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
    let name = name.map_or("epanechnikov", str::trim);
    known
        .iter()
        .find(|k| name.len() >= k.1 && k.0.starts_with(name))
        .map(|k| (k.0, k.2))
        .ok_or_else(|| StataError::invalid(format!("{name} is not a kernel")))
}

fn read(s: &mut Session, cmd: &ParsedCommand, list: &str) -> Result<Read> {
    let (depvar, list) = list.trim().split_once(char::is_whitespace).unwrap_or((list.trim(), ""));
    if depvar.is_empty() || list.trim().is_empty() {
        return Err(StataError::standard(102));
    }
    let abbrev = s.settings.varabbrev;
    let outcome = FvList::parse(&s.frame, depvar, abbrev)?;
    let regressors = FvList::parse(&s.frame, list, abbrev)?;
    let mut touse = s.rows(cmd)?;
    outcome.markout(&s.frame, &mut touse)?;
    regressors.markout(&s.frame, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if rows.len() < 3 {
        return Err(StataError::insufficient_observations());
    }
    let terms = outcome.expand(&s.frame, &touse)?;
    let [term] = &terms[..] else { return Err(StataError::new(198, "depvar may not be a factor variable")) };
    if !matches!(term.atoms[..], [Atom::Cont { .. }]) {
        return Err(StataError::new(198, "depvar may not be a factor variable"));
    }
    let (depvar, y) = (term.name(), term.values(&s.frame, &rows)?);
    let mut out =
        Read { depvar, y, regressors: Vec::new(), continuous: Vec::new(), discrete: Vec::new(), rows, touse };
    for term in regressors.expand(&s.frame, &out.touse)? {
        let [atom] = &term.atoms[..] else {
            return Err(StataError::new(
                198,
                "interactions are not allowed: a kernel regression has them all",
            ));
        };
        match atom {
            Atom::Cont { .. } => {
                out.continuous.push(term.values(&s.frame, &out.rows)?);
                out.regressors.push(Regressor::Continuous(term));
            }
            Atom::Level { ts, .. } if !ts.is_none() => {
                return Err(StataError::unsupported_option("npregress", "time-series operators of factors"));
            }
            Atom::Level { var, level, base, .. } => add_level(s, &mut out, var, *level, *base)?,
        }
    }
    leave_constants(s, &mut out);
    if out.regressors.is_empty() {
        return Err(StataError::standard(102));
    }
    Ok(out)
}

fn add_level(s: &Session, out: &mut Read, var: &str, level: i64, is_base: bool) -> Result<()> {
    let known = out.regressors.iter_mut().find_map(|r| match r {
        Regressor::Discrete { name, levels, base } if name == var => Some((levels, base)),
        _ => None,
    });
    match known {
        Some((levels, base)) => {
            levels.push(level);
            if is_base {
                *base = level;
            }
        }
        None => {
            let column = s.numeric_variable(var)?;
            out.discrete.push(out.rows.iter().map(|r| s.frame.num_at(column, *r)).collect());
            out.regressors.push(Regressor::Discrete {
                name: var.to_string(),
                levels: vec![level],
                base: level,
            });
        }
    }
    Ok(())
}

/// Leaves continuous regressors that depend on the others linearly in all observations, and factors of one level.
fn leave_constants(s: &mut Session, out: &mut Read) {
    let columns: Vec<&[f64]> = out.continuous.iter().map(Vec::as_slice).collect();
    let omitted = qr::choose_columns(qr::Design { columns: &columns, weights: None, constant: true }).1;
    let (mut x, mut z) = (0, 0);
    let (mut names, mut kept) = (Vec::new(), Vec::new());
    let (mut continuous, mut discrete) = (Vec::new(), Vec::new());
    for regressor in out.regressors.drain(..) {
        let stays = match &regressor {
            Regressor::Continuous(_) => {
                x += 1;
                !omitted.contains(&(x - 1))
            }
            Regressor::Discrete { levels, .. } => {
                z += 1;
                levels.len() > 1
            }
        };
        match (&regressor, stays) {
            (_, false) => names.push(regressor.name()),
            (Regressor::Continuous(_), _) => continuous.push(std::mem::take(&mut out.continuous[x - 1])),
            (Regressor::Discrete { .. }, _) => discrete.push(std::mem::take(&mut out.discrete[z - 1])),
        }
        if stays {
            kept.push(regressor);
        }
    }
    (out.regressors, out.continuous, out.discrete) = (kept, continuous, discrete);
    post::note_omitted(s, &names);
}

/// Means and effects at the observations; missing where they are not identified.
struct Fits {
    means: Vec<f64>,
    effects: Vec<Vec<f64>>,
}

fn fits(model: &KernelModel) -> Fits {
    let centre = model.data.centre();
    let points = (0..model.data.y.len()).map(|i| model.data.point(i));
    let mut out = Fits { means: Vec::new(), effects: Vec::new() };
    for point in points {
        out.means.push(model.mean_at(centre, &point));
        if model.effect.is_some() {
            out.effects.push(model.effects_at(centre, &point));
        }
    }
    out
}

fn results(cmd: &ParsedCommand, read: &Read, model: &KernelModel, found: &Bandwidths) -> Estimation {
    let mut est = Estimation::default();
    let r = &mut est.results;
    let linear = model.data.local == Local::Linear;
    let title = if linear { "Local-linear regression" } else { "Local-constant regression" };
    r.text("cmd", "npregress").text("cmdline", post::command_line(cmd)).text("depvar", &read.depvar);
    r.text("estimator", if linear { "linear" } else { "constant" }).text("title", title);
    r.text("bselector", found.selector).text("properties", "b").text("predict", "npregress_p");
    r.text("marginsprop", "allcons").text("vce", "none");
    let n = read.rows.len() as f64;
    let share: f64 = found.mean.continuous.iter().product();
    r.scalar("N", n).scalar("nh", (n * share).min(n));
    r.scalar("converged_mean", f64::from(u8::from(found.converged.0)));
    let stripe: Vec<Stripe> = model.regressors.iter().map(|x| Stripe::term(x.name())).collect();
    let mean = bandwidths::in_order(&model.regressors, &found.mean);
    r.matrix("meanbwidth", Matrix::row_vector(mean.clone(), stripe.clone()));
    let mut both = Matrix::new(1, mean.len(), mean.clone());
    both.row_names = vec![Stripe::term("mean")];
    if let Some(effect) = &found.effect {
        r.scalar("converged_effect", f64::from(u8::from(found.converged.1)));
        let effect = bandwidths::in_order(&model.regressors, effect);
        r.matrix("derivbwidth", Matrix::row_vector(effect.clone(), stripe.clone()));
        both = Matrix::new(2, mean.len(), [mean, effect].concat());
        both.row_names = ["mean", "effect"].map(Stripe::term).to_vec();
    }
    both.col_names = stripe;
    r.matrix("bwidth", both);
    for (name, log) in [("ilog_mean", &found.logs.0), ("ilog_effect", &found.logs.1)] {
        if !log.is_empty() {
            let names = (0..log.len()).map(|i| Stripe::term(format!("c{}", i + 1))).collect();
            r.matrix(name, Matrix::row_vector(log.clone(), names));
        }
    }
    est
}

/// `e(b)`: the average of the means and of the effects where they are identified, and how well the means fit.
///
/// # Source
/// R-squared, the squared correlation of outcome and fit with both about the mean of the outcome: Doksum and Samarov (1995),
/// Annals of Statistics 23.
fn post_averages(est: &mut Estimation, model: &KernelModel, fits: &Fits) -> Result<()> {
    let mean = average(fits.means.iter().copied());
    if is_missing(mean) {
        return Err(StataError::new(459, "the mean is not identified at any observation"));
    }
    let depvar = est.results.get_text("depvar").unwrap_or("").to_string();
    let mut b = vec![mean];
    let mut stripe = vec![Stripe::with_eq("Mean", depvar)];
    for (k, name) in model.effect_names().into_iter().enumerate() {
        b.push(average(fits.effects.iter().map(|e| e[k])));
        stripe.push(Stripe::with_eq("Effect", name));
    }
    let pairs = || fits.means.iter().zip(&model.data.y).filter(|(m, _)| !is_missing(**m));
    let outcome = average(pairs().map(|(_, y)| *y));
    let (mut both, mut of_mean, mut of_y) = (0.0, 0.0, 0.0);
    for (m, y) in pairs() {
        both += (m - outcome) * (y - outcome);
        of_mean += (m - outcome).powi(2);
        of_y += (y - outcome).powi(2);
    }
    let r2 = if of_mean > 0.0 && of_y > 0.0 { both * both / (of_mean * of_y) } else { MISSING };
    est.results.scalar("mean", mean).scalar("r2", r2).matrix("b", Matrix::row_vector(b, stripe));
    Ok(())
}

/// Mean of the values that are not missing.
pub(super) fn average(values: impl Iterator<Item = f64>) -> f64 {
    let known: Vec<f64> = values.filter(|x| !is_missing(*x)).collect();
    if known.is_empty() {
        MISSING
    } else {
        estimators::real::stable_sum(known.iter().copied()) / known.len() as f64
    }
}

/// Writes the variables of `predict()` and `unidentsample()`.
fn store_predictions(
    s: &mut Session,
    cmd: &ParsedCommand,
    read: &Read,
    model: &KernelModel,
    fits: &Fits,
) -> Result<()> {
    let missing = |i: usize| {
        is_missing(fits.means[i]) || fits.effects.get(i).is_some_and(|e| e.iter().any(|x| is_missing(*x)))
    };
    let lost = (0..fits.means.len()).filter(|i| missing(*i)).count();
    if let Some(name) = cmd.options.text("unidentsample") {
        let mut marks = vec![MISSING; s.frame.n_rows()];
        read.rows.iter().enumerate().for_each(|(i, r)| marks[*r] = f64::from(u8::from(missing(i))));
        super::predict::write(s, name.trim(), &marks, "Identification problem", false)?;
    }
    if lost > 0 {
        s.print(format!(
            "note: {lost} observation{} violate{} the identification assumptions; see unidentsample().",
            if lost == 1 { "" } else { "s" },
            if lost == 1 { "s" } else { "" }
        ));
    }
    match cmd.options.text("predict") {
        None => Ok(()),
        Some(text) => {
            super::predict::of_option(s, text, read_names(model), &read.rows, &fits.means, &fits.effects)
        }
    }
}

/// Labels of mean and effects.
fn read_names(model: &KernelModel) -> Vec<String> {
    std::iter::once("Mean".to_string())
        .chain(model.effect_names().into_iter().map(|n| format!("Effect of {n}")))
        .collect()
}
