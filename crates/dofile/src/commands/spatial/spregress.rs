//! `spregress`: regression with spatial lags of the outcome, the regressors and the errors, by maximum likelihood or
//! generalised spatial two-stage least squares.
//!
//! Stores in `e()`: N k df_m df_c rank r2_p chi2 chi2_c p p_c converged iterations ll, b, V, depvar indeps idvar
//! estimator constant dlmat elmat het exogr, delta_2sls, rho_2sls. Formulas: [SP] spregress; Drukker, Prucha and
//! Raciborski (2013).

use super::spregress_model::{Part, SpatialModel, repeated};
use super::spregress_show::{Fitted, post_results, replay};
use crate::commands::{CommandSpec, Example, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::likelihood::iteration;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::qr::{Design as Columns, choose_in_blocks};
use estimators::spatial::hessenberg::Hessenberg;
use estimators::spatial::weights::{radius_of, spectral_radius};
use estimators::spatial::{gmm, ml};

const OPTIONS: &[OptSpec] = &[
    OptSpec::flag("gs2sls"),
    OptSpec::flag("ml"),
    OptSpec::text("DVARLag"),
    OptSpec::text("ERRorlag"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("HETeroskedastic"),
    OptSpec::flag("force"),
    OptSpec::int("impower"),
    OptSpec::real("GRIDsearch"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noLOG"),
    OptSpec::flag("LOG"),
];

const REFUSED: &[&str] = &[
    "CONSTraints",
    "NOCNSReport",
    "DIFficult",
    "TECHnique",
    "TRace",
    "GRADient",
    "SHOWSTEP",
    "HESSian",
    "SHOWTOLerance",
    "TOLerance",
    "LTOLerance",
    "NRTOLerance",
    "NONRTOLerance",
    "COEFLegend",
    "BASElevels",
    "ALLBASElevels",
    "NOOMITted",
];

/// `spregress`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "one dvarlag() and one errorlag(), several ivarlag(); stores e(N k df_m df_c rank r2_p chi2 chi2_c p p_c converged iterations), e(ll) (ml), e(delta_2sls rho_2sls) (gs2sls), e(b), e(V), e(depvar indeps idvar estimator constant dlmat elmat het exogr); equations are the outcome, then each matrix with the lagged regressors, the outcome and e.outcome; ml: the covariance is the inverse of the observed information; gs2sls: instruments are the independent columns of X, WX ... W^q X and M times them, the constant among X; estat impact, predict (rform direct indirect naive xb residuals ucresiduals), estat ic, test, lincom; margins is not supported; [SP] spregress",
    examples: &[Example {
        // A ring in which both neighbors weigh one half: without lags the command is least squares.
        run: "set obs 6\ngen id = _n\ngen x = mod(_n*_n, 5)\ngen y = 1 + x + mod(_n, 3)\ngen a = 0\nspset id\nregress y x\nscalar b = _b[x]\nspregress y x, ml\nscalar c = _b[y:x]",
        expect: &[("c/b", 1.0)],
    }],
    ..CommandSpec::raw(
        "spregress",
        9,
        run,
        "spregress depvar [indepvars] [if] [in], ml|gs2sls [dvarlag(W) errorlag(M) ivarlag(W: varlist) ... noconstant force level(#) | ml: gridsearch(#) vce(oim) iterate(#) nolog | gs2sls: heteroskedastic impower(#)]",
    )
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("spregress", &cmd.raw, false)?;
    let text = cmd.raw.clone();
    let (lagged, rest) = repeated(&cmd.option_text, "IVARLag")?;
    for option in ["DVARLag", "ERRorlag"] {
        if repeated(&rest, option)?.0.len() > 1 {
            let name = format!("several {}()", option.to_lowercase());
            return Err(StataError::unsupported_option("spregress", &name));
        }
    }
    StandardSyntax::new(OPTIONS).check(&cmd)?;
    cmd.option_text = rest;
    cmd.check_options(OPTIONS, REFUSED)?;
    if cmd.list.trim().is_empty() && s.e.cmd() == "spregress" {
        return replay(s, &cmd);
    }
    match (cmd.has("ml"), cmd.has("gs2sls")) {
        (true, true) => return Err(StataError::invalid("only one of ml and gs2sls is allowed")),
        (false, false) => return Err(StataError::new(198, "you must specify either gs2sls or ml")),
        _ => {}
    }
    let other = if cmd.has("ml") { ["heteroskedastic", "impower"] } else { ["gridsearch", "vce"] };
    if let Some(name) = other.iter().find(|o| cmd.has(o)) {
        return Err(StataError::option_not_allowed(name));
    }
    if let Some(kind) = cmd.options.text("vce").map(str::trim)
        && kind != "oim"
    {
        return Err(StataError::unsupported_option("spregress", &format!("vce({kind})")));
    }
    let model = SpatialModel::read(s, &cmd, &lagged)?;
    let n = model.model.y.len();
    s.print(format!("  ({} observations)", s.frame.n_rows()));
    s.print(format!("  ({n} observations (places) used)"));
    if let Some(places) = model.units.matrices.values().map(|p| p.places).max() {
        s.print(format!("  (weighting matrix defines {places} places)"));
    }
    let fitted = if cmd.has("ml") { likelihood(s, &cmd, &model)? } else { moments(&cmd, &model)? };
    post_results(s, &text, model, fitted)?;
    replay(s, &cmd)
}

/// The reciprocal of a matrix's largest eigenvalue.
fn limit(part: &Part, h: &Hessenberg) -> Result<f64> {
    let radius = if part.normal && part.w.rows() > 500 { Some(1.0) } else { radius_of(&part.w, h) };
    radius.filter(|r| *r > 0.0).map(|r| 1.0 / r).ok_or_else(no_neighbors)
}

fn no_neighbors() -> StataError {
    StataError::new(459, "no unit of the estimation sample has a neighbor")
}

fn likelihood(s: &mut Session, cmd: &ParsedCommand, sp: &SpatialModel) -> Result<Fitted> {
    let grid = cmd.options.real("gridsearch").unwrap_or(0.1);
    if !(0.001..=0.1).contains(&grid) {
        return Err(StataError::invalid("gridsearch() must be between 0.001 and 0.1"));
    }
    let same = sp.units.outcome.is_some() && sp.units.outcome == sp.units.errors;
    let first = sp.w().map(|p| Hessenberg::of(&p.w));
    let second = if same { None } else { sp.m().map(|p| Hessenberg::of(&p.w)) };
    let second = if same { first.as_ref() } else { second.as_ref() };
    let bound = |p: Option<&Part>, h: Option<&Hessenberg>| -> Result<f64> {
        p.zip(h).map_or(Ok(1.0), |(p, h)| limit(p, h))
    };
    let limits = (bound(sp.w(), first.as_ref())?, bound(sp.m(), second)?);
    let x = sp.columns();
    let model = ml::Model {
        y: &sp.model.y,
        x: &x,
        w: sp.w().map(|p| &p.w).zip(first.as_ref()),
        m: sp.m().map(|p| &p.w).zip(second),
        limits,
        grid,
    };
    let lags = usize::from(model.w.is_some()) + usize::from(model.m.is_some());
    if sp.model.y.len() <= x.len() + lags {
        return Err(StataError::insufficient_observations());
    }
    let most = cmd.options.int("iterate").and_then(|i| usize::try_from(i).ok()).unwrap_or(16_000);
    let fit = ml::fit(&model, most).ok_or_else(StataError::not_converged)?;
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        s.print("Performing grid search ... finished");
        s.print("");
        s.print("Optimizing concentrated log likelihood:");
        s.print("");
        for (i, ll) in fit.log.iter().enumerate() {
            s.print(format!("{}Log likelihood = {:>10}", iteration(i), crate::format::bare("%10.0g", *ll)));
        }
    }
    let converged = fit.converged;
    if !converged {
        s.print("convergence not achieved");
    }
    Ok(Fitted {
        ll: Some(fit.ll),
        iterations: fit.log.len().saturating_sub(1),
        converged,
        first: None,
        first_lag: None,
        heteroskedastic: false,
        b: fit.b,
        v: fit.v,
    })
}

/// Independent columns of the regressors, of their lags by powers of `W`, and of `M` times all of these.
fn instruments(sp: &SpatialModel, x: &[Vec<f64>], power: usize) -> Vec<Vec<f64>> {
    let mut all: Vec<Vec<f64>> = x.to_vec();
    if let Some(w) = sp.w() {
        let mut last: Vec<Vec<f64>> = x.to_vec();
        for _ in 0..power {
            last = last.iter().map(|c| w.w.times_vector(c)).collect();
            all.extend(last.iter().cloned());
        }
    }
    // without a lag of the outcome too: the regressors less their lags must lie among the instruments
    if let Some(m) = sp.m() {
        let lagged: Vec<Vec<f64>> = all.iter().map(|c| m.w.times_vector(c)).collect();
        all.extend(lagged);
    }
    let columns: Vec<&[f64]> = all.iter().map(Vec::as_slice).collect();
    let sizes = [x.len(), all.len() - x.len()];
    // the constant is one of the columns
    let ones = sp.model.columns().len();
    let others: Vec<usize> = (0..all.len()).filter(|i| !(sp.model.constant && *i == ones)).collect();
    let picked: Vec<&[f64]> = others.iter().map(|i| columns[*i]).collect();
    let lead = sizes[0] - usize::from(sp.model.constant);
    let design = Columns { columns: &picked, weights: None, constant: sp.model.constant };
    let kept = choose_in_blocks(design, &[lead, sizes[1]]).0;
    let mut out: Vec<Vec<f64>> = kept.into_iter().map(|i| picked[i].to_vec()).collect();
    out.extend(sp.model.constant.then(|| vec![1.0; sp.model.y.len()]));
    out
}

fn moments(cmd: &ParsedCommand, sp: &SpatialModel) -> Result<Fitted> {
    let power = cmd.options.int("impower").unwrap_or(2);
    let power = usize::try_from(power).ok().filter(|p| (1..=20).contains(p));
    let power = power.ok_or_else(|| StataError::invalid("impower() must be between 1 and 20"))?;
    let x = sp.columns();
    let h = instruments(sp, &x, power);
    let mut z = x;
    z.extend(sp.w().map(|w| w.w.times_vector(&sp.model.y)));
    if h.len() < z.len() {
        return Err(StataError::new(
            481,
            "equation not identified; the lag of the outcome has no instrument",
        ));
    }
    if sp.model.y.len() <= z.len() {
        return Err(StataError::insufficient_observations());
    }
    let limit = match sp.m() {
        None => 1.0,
        Some(p) if p.normal => 1.0,
        Some(p) => spectral_radius(&p.w).filter(|r| *r > 0.0).map(|r| 1.0 / r).ok_or_else(no_neighbors)?,
    };
    let heteroskedastic = cmd.has("heteroskedastic");
    let model = gmm::Model { y: &sp.model.y, z: &z, h: &h, m: sp.m().map(|p| &p.w), limit, heteroskedastic };
    let fit = gmm::fit(&model).map_err(|failure| match failure {
        gmm::Failure::NotIdentified => StataError::new(481, "equation not identified by its instruments"),
        gmm::Failure::AtLimit => StataError::new(
            430,
            "convergence not achieved: the moments have no minimum at a lag of the errors below its limit",
        ),
    })?;
    Ok(Fitted {
        ll: None,
        iterations: 1,
        converged: true,
        first: Some(fit.first),
        first_lag: fit.first_lag,
        heteroskedastic,
        b: fit.b,
        v: fit.v,
    })
}
