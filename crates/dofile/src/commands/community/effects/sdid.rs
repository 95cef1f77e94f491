//! `sdid`: synthetic difference in differences (Arkhangelsky et al. 2021; Clarke, Pailañir, Athey and Imbens 2023). Written from
//! the articles; numbers: `estimators::synthetic_did`.

use super::sdid_panel::{PanelData, read};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::{normal_quantile, normal_two_sided};
use estimators::synthetic_did::{Effect, Method};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Vce"),
    OptSpec::int("SEED"),
    OptSpec::int("Reps"),
    OptSpec::text("Covariates"),
    OptSpec::text("METhod"),
    OptSpec::real("Level"),
])
.unsupported(&[
    "Graph",
    "G1on",
    "G1_opt",
    "G2_opt",
    "GRAPH_export",
    "MSIZE",
    "UNSTandardized",
    "MATTitles",
    "RETURNweights",
    "ZETA_lambda",
    "ZETA_omega",
    "MIN_dec",
    "MAX_iter",
    "VERBOSE",
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "sdid",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "sdid outcome unit time treatment [if] [in], vce(placebo|bootstrap|jackknife|noinference) [method(sdid|did|sc) reps(#) seed(#) covariates(varlist, projected) level(#)]",
    notes: "weights by the steps of Frank and Wolfe that the authors document; cohorts of adoption are weighted by treated units and periods; draws are not Stata's stream; stores e(ATT se reps N N_clust), e(b), e(V), e(tau) (adoption, effect, share of the weight for each cohort), e(omega) (units by cohort), e(lambda) (periods by cohort), e(adoption); graphs and optimized covariates are refused; Arkhangelsky et al. (2021)",
    examples: &[Example {
        // each control is the treated unit up to a constant before period 4, so that all weights give the same effect
        run: "set obs 24\ngenerate u = ceil(_n/4)\ngenerate t = mod(_n - 1, 4) + 1\ngenerate d = u == 6 & t == 4\ngenerate y = 10*u + t^2 + 3*d\nsdid y u t d, vce(noinference)\nmatrix w = e(omega)\nscalar k = rowsof(w)\nscalar att = e(ATT)\nsdid y u t d, vce(placebo) seed(1) reps(20) method(did)",
        expect: &[
            ("reldif(att, 3) < 1e-9", 1.0),
            ("k", 5.0),
            ("reldif(e(ATT), 3) < 1e-9", 1.0),
            ("e(se) < 1e-9", 1.0),
        ],
    }],
};

/// Effects of the cohorts and their average.
struct Average {
    att: f64,
    /// Cohort, effect, units times periods.
    parts: Vec<(usize, Effect, f64)>,
}

fn average(data: &PanelData, units: &[usize], adoption: &[Option<usize>], method: Method) -> Average {
    let mut parts = Vec::new();
    for cohort in PanelData::cohorts(adoption) {
        let (block, _) = data.block(units, adoption, cohort);
        let weight = (block.y.rows() - block.controls) * (block.y.cols() - cohort);
        parts.push((cohort, block.effect(method), weight as f64));
    }
    let total: f64 = parts.iter().map(|p| p.2).sum();
    Average { att: parts.iter().map(|p| p.1.tau * p.2 / total).sum(), parts }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let method = match o.text("method").map_or("sdid", str::trim) {
        "sdid" => Method::SyntheticDid,
        "did" => Method::Did,
        "sc" => Method::SyntheticControl,
        other => return Err(StataError::invalid(format!("method({other}) must be sdid, did or sc"))),
    };
    let vce =
        o.text("vce").map(str::trim).ok_or_else(|| StataError::invalid("option vce() required"))?.to_string();
    let reps = o.int("reps").unwrap_or(50).max(2) as usize;
    if let Some(seed) = o.int("seed") {
        crate::ops::run::quietly(s, &format!("set seed {seed}"))?;
    }
    if vce == "jackknife" && o.has("covariates") {
        // the command fits the covariates again without each unit
        return Err(StataError::unsupported_option("sdid", "vce(jackknife) with covariates()"));
    }
    let data = read(s, cmd)?;
    let units: Vec<usize> = (0..data.units.len()).collect();
    let found = average(&data, &units, &data.adoption, method);
    let se = match vce.as_str() {
        "placebo" => placebo(s, &data, method, reps)?,
        "bootstrap" => bootstrap(s, &data, method, reps)?,
        "jackknife" => jackknife(&data, &found)?,
        "noinference" => MISSING,
        _ => return Err(StataError::invalid("vce() must be bootstrap, jackknife, placebo or noinference")),
    };
    post(
        s,
        cmd,
        &data,
        &found,
        se,
        if ["placebo", "bootstrap"].contains(&vce.as_str()) { reps } else { 0 },
        &vce,
    )?;
    show(s, cmd)
}

/// The spread of replications, with the number of replications as the divisor.
fn spread(values: &[f64]) -> f64 {
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / n).sqrt()
}

fn draw(s: &Session, below: usize) -> usize {
    let u = s.rng.borrow_mut().uniform();
    ((u * below as f64) as usize).min(below - 1)
}

/// Controls take the place of the treated (Algorithm 4).
fn placebo(s: &Session, data: &PanelData, method: Method, reps: usize) -> Result<f64> {
    let controls: Vec<usize> = (0..data.adoption.len()).filter(|u| data.adoption[*u].is_none()).collect();
    let treated: Vec<usize> = data.adoption.iter().flatten().copied().collect();
    if treated.len() >= controls.len() {
        return Err(StataError::new(
            198,
            "It is not possible to do Placebo se. The number of control units must be larger than the number of treated units",
        ));
    }
    let mut values = Vec::with_capacity(reps);
    for _ in 0..reps {
        let mut order = controls.clone();
        for k in 0..order.len() - 1 {
            let other = k + draw(s, order.len() - k);
            order.swap(k, other);
        }
        let mut adoption: Vec<Option<usize>> = vec![None; order.len()];
        treated.iter().enumerate().for_each(|(k, a)| adoption[k] = Some(*a));
        values.push(average(data, &order, &adoption, method).att);
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
    }
    Ok(spread(&values))
}

/// Units are drawn with replacement; samples without treated or control units are drawn again (Algorithm 2).
fn bootstrap(s: &Session, data: &PanelData, method: Method, reps: usize) -> Result<f64> {
    let n = data.adoption.len();
    if data.adoption.iter().flatten().count() < 2 {
        return Err(StataError::new(
            198,
            "It is not possible to do Bootstrap se because there is only one treated unit",
        ));
    }
    let mut values = Vec::with_capacity(reps);
    while values.len() < reps {
        let units: Vec<usize> = (0..n).map(|_| draw(s, n)).collect();
        let adoption: Vec<Option<usize>> = units.iter().map(|u| data.adoption[*u]).collect();
        if adoption.iter().all(Option::is_some) || adoption.iter().all(Option::is_none) {
            continue;
        }
        values.push(average(data, &units, &adoption, method).att);
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
    }
    Ok(spread(&values))
}

/// Each unit is left out, with the weights of the others held (Algorithm 3).
fn jackknife(data: &PanelData, found: &Average) -> Result<f64> {
    let n = data.adoption.len();
    for cohort in PanelData::cohorts(&data.adoption) {
        if data.adoption.iter().filter(|a| **a == Some(cohort)).count() < 2 {
            return Err(StataError::new(
                451,
                "It is not possible to do Jackknife se. At least one cohort has only one treated unit",
            ));
        }
    }
    let mut values = Vec::with_capacity(n);
    for out in 0..n {
        let units: Vec<usize> = (0..n).filter(|u| *u != out).collect();
        let adoption: Vec<Option<usize>> = units.iter().map(|u| data.adoption[*u]).collect();
        let (mut sum, mut total) = (0.0, 0.0);
        for (cohort, effect, _) in &found.parts {
            let (block, controls) = data.block(&units, &adoption, *cohort);
            let all: Vec<usize> = (0..n).filter(|u| data.adoption[*u].is_none()).collect();
            let kept: Vec<f64> =
                controls.iter().map(|u| effect.omega[all.iter().position(|a| a == u).unwrap_or(0)]).collect();
            let weight: f64 = kept.iter().sum();
            let equal = 1.0 / kept.len() as f64;
            let omega: Vec<f64> =
                kept.iter().map(|w| if weight > 0.0 { w / weight } else { equal }).collect();
            let share = ((block.y.rows() - block.controls) * (block.y.cols() - cohort)) as f64;
            sum += share * block.tau(&omega, &effect.lambda);
            total += share;
        }
        values.push(sum / total);
    }
    let mean = values.iter().sum::<f64>() / n as f64;
    Ok(((n as f64 - 1.0) / n as f64 * values.iter().map(|v| (v - mean).powi(2)).sum::<f64>()).sqrt())
}

fn post(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &PanelData,
    found: &Average,
    se: f64,
    reps: usize,
    vce: &str,
) -> Result<()> {
    let vars: Vec<String> = s.varlist(&cmd.list)?.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let mut est = Estimation::default();
    let r = &mut est.results;
    let stripe = vec![Stripe::term(vars[3].as_str())];
    r.matrix("b", Matrix::row_vector(vec![found.att], stripe.clone()));
    let variance = if crate::value::is_missing(se) { 0.0 } else { se * se };
    r.matrix("V", Matrix::square(vec![variance], stripe));
    r.scalar("ATT", found.att).scalar("se", se).scalar("reps", reps as f64);
    r.scalar("N", data.rows.len() as f64).scalar("N_clust", data.units.len() as f64);
    r.text("cmd", "sdid").text("cmdline", crate::estimation::post::command_line(cmd));
    r.text("depvar", vars[0].as_str()).text("clustvar", vars[1].as_str()).text("tvar", vars[2].as_str());
    r.text("vce", vce).text("method", cmd.options.text("method").map_or("sdid", str::trim));
    let total: f64 = found.parts.iter().map(|p| p.2).sum();
    let rows: Vec<f64> =
        found.parts.iter().flat_map(|(c, e, w)| [data.times[*c], e.tau, w / total]).collect();
    let mut tau = Matrix::new(found.parts.len(), 3, rows);
    tau.col_names = ["Time", "Tau", "Weight"].map(Stripe::term).to_vec();
    r.matrix("tau", tau);
    r.matrix(
        "adoption",
        Matrix::new(found.parts.len(), 1, found.parts.iter().map(|p| data.times[p.0]).collect()),
    );
    let columns: Vec<Stripe> =
        found.parts.iter().map(|p| Stripe::term(format::macro_text(data.times[p.0]))).collect();
    let controls: Vec<usize> = (0..data.adoption.len()).filter(|u| data.adoption[*u].is_none()).collect();
    let unit = s.frame.position(&vars[1])?;
    let weights =
        controls.iter().enumerate().flat_map(|(i, _)| found.parts.iter().map(move |p| p.1.omega[i]));
    let mut omega = Matrix::new(controls.len(), found.parts.len(), weights.collect());
    let id = |u: &usize| s.cell_text(unit, data.units[*u], false).trim().replace([' ', '.', ':'], "_");
    omega.row_names = controls.iter().map(|u| Stripe::term(id(u))).collect();
    omega.col_names.clone_from(&columns);
    let most = found.parts.iter().map(|p| p.0).max().unwrap_or(0);
    let cells = (0..most)
        .flat_map(|t| found.parts.iter().map(move |p| p.1.lambda.get(t).copied().unwrap_or(MISSING)));
    let mut lambda = Matrix::new(most, found.parts.len(), cells.collect());
    lambda.row_names = data.times[..most].iter().map(|t| Stripe::term(format::macro_text(*t))).collect();
    lambda.col_names = columns;
    r.matrix("omega", omega).matrix("lambda", lambda);
    let mut touse = vec![false; s.frame.n_rows()];
    data.rows.iter().for_each(|row| touse[*row] = true);
    s.post_estimation(est, touse);
    Ok(())
}

fn show(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = crate::estimation::display::level(s, cmd)?;
    let get = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
    let (att, se) = (get("ATT"), get("se"));
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    let treatment = s.e.b().map(|b| b.col_names[0].name.clone()).unwrap_or_default();
    let title = match s.e.results.get_text("method") {
        Some("did") => "Difference-in-Differences Estimator",
        Some("sc") => "Synthetic Control",
        _ => "Synthetic Difference-in-Differences Estimator",
    };
    let rule = "-".repeat(77);
    let cell = |x: f64, w: usize| format::right(&format::bare("%9.5f", x), w);
    s.print("");
    s.print("");
    s.print(title);
    s.print("");
    s.print(&rule);
    s.print(format!(
        "{} |     ATT     Std. Err.     t      P>|t|    [{}% Conf. Interval]",
        format::right(&format::abbrev(&depvar, 12), 12),
        format::bare("%5.0g", level)
    ));
    s.print(format!("{}+{}", "-".repeat(13), "-".repeat(63)));
    let name = format::right(&format::abbrev(&treatment, 12), 12);
    if crate::value::is_missing(se) {
        s.print(format!("{name} | {}          .         .        .           .           .", cell(att, 9)));
    } else {
        let z = att / se;
        let critical = -normal_quantile((1.0 - level / 100.0) / 2.0);
        s.print(format!(
            "{name} | {} {} {} {} {} {}",
            cell(att, 9),
            cell(se, 10),
            format::right(&format::bare("%8.2f", z), 8),
            format::right(&format::bare("%8.3f", normal_two_sided(z)), 8),
            cell(att - critical * se, 11),
            cell(att + critical * se, 10)
        ));
    }
    s.print(&rule);
    s.print(format!(
        "{}% CIs and p-values are based on large-sample approximations.",
        format::bare("%5.0g", level)
    ));
    s.print("Refer to Arkhangelsky et al., (2021) for theoretical derivations.");
    Ok(())
}
