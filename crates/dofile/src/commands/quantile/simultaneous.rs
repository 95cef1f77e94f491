//! `sqreg`, `bsqreg` and `iqreg`: quantile regressions with bootstrap standard errors. The draws come from
//! the documented 64-bit Mersenne Twister, but the order in which Stata samples rows is not published, so
//! standard errors are not Stata-identical; coefficients are.

use super::qreg::{converged, data, name, quantile, read};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::Model;
use crate::estimation::post::{self, Parameters, equation_stripe};
use crate::estimation::table::{BOOTSTRAP_ERRORS, Table};
use crate::format;
use crate::ops::dots::Dots;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{OptSpec, numlist};
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::quantile::{QuantileData, fit, raw};

const SQREG: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Quantiles"),
    OptSpec::int("Reps"),
    OptSpec::flag("noDots"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
])
.coefficient_table();

const BSQREG: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("Quantile"),
    OptSpec::int("Reps"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
])
.coefficient_table();

pub(super) const SPEC_SQREG: CommandSpec = CommandSpec {
    name: "sqreg",
    min: 5,
    form: Form::Standard(&SQREG),
    by: ByRule::EachGroup,
    run: run_sqreg,
    syntax: "sqreg depvar [indepvars] [if] [in] [, quantiles(# ...) reps(#) level(#) nodots]",
    notes: "bootstrap over rows, 20 replications by default, standard errors are not Stata-identical; equations q25, q50 ...; stores e(N) e(df_r) e(q#) e(q_v#) e(sumrdv#) e(sumadv#) e(n_q) e(reps) e(convcode), e(b), e(V), r(table); [R] qreg",
    examples: &[Example {
        run: "set seed 1\nset obs 40\ngenerate x = _n\ngenerate y = x + mod(_n * 7, 11)\nquietly qreg y x, quantile(.25)\nscalar b = _b[x]\nquietly sqreg y x, quantiles(.25 .75) reps(5)",
        expect: &[("[q25]_b[x] - b + 1", 1.0), ("e(n_q)", 2.0), ("e(reps)", 5.0)],
    }],
};

pub(super) const SPEC_BSQREG: CommandSpec = CommandSpec {
    name: "bsqreg",
    min: 6,
    form: Form::Standard(&BSQREG),
    by: ByRule::EachGroup,
    run: run_bsqreg,
    syntax: "bsqreg depvar [indepvars] [if] [in] [, quantile(#) reps(#) level(#)]",
    notes: "as sqreg for one quantile; [R] qreg",
    examples: &[Example {
        // The coefficients are those of qreg.
        run: "set obs 15\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nqreg y x\nscalar b = _b[x]\nbsqreg y x, reps(3)",
        expect: &[("_b[x] - b", 0.0)],
    }],
};

pub(super) const SPEC_IQREG: CommandSpec = CommandSpec {
    name: "iqreg",
    min: 5,
    form: Form::Standard(&SQREG),
    by: ByRule::EachGroup,
    run: run_iqreg,
    syntax: "iqreg depvar [indepvars] [if] [in] [, quantiles(# #) reps(#) level(#) nodots]",
    notes: "difference of two quantile regressions, .75 and .25 by default; bootstrap as in sqreg; [R] qreg",
    examples: &[Example {
        // Differences of the coefficients of two quantiles.
        run: "set obs 15\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nqreg y x, quantile(.75)\nscalar b = _b[x]\nqreg y x, quantile(.25)\nscalar d = b - _b[x]\niqreg y x, reps(3)",
        expect: &[("_b[x] - d", 0.0)],
    }],
};

fn quantiles(cmd: &ParsedCommand, default: &[f64]) -> Result<Vec<f64>> {
    let Some(text) = cmd.options.text("quantiles") else { return Ok(default.to_vec()) };
    let mut out: Vec<f64> = numlist::expand(text)?.into_iter().map(quantile).collect::<Result<_>>()?;
    out.sort_by(f64::total_cmp);
    out.dedup();
    if out.is_empty() { Err(StataError::standard(122)) } else { Ok(out) }
}

fn replications(cmd: &ParsedCommand) -> Result<usize> {
    match cmd.options.int("reps").unwrap_or(20) {
        n if n >= 2 => Ok(n as usize),
        _ => Err(StataError::invalid("reps() must be at least 2")),
    }
}

/// Coefficients of all quantiles, one after the other, and the loss of each.
fn estimates(data: QuantileData<'_>, taus: &[f64]) -> Result<(Vec<f64>, Vec<f64>)> {
    let (mut b, mut loss) = (Vec::new(), Vec::new());
    for tau in taus {
        let found = fit(data, *tau).ok_or_else(StataError::insufficient_observations)?;
        converged(&found)?;
        b.extend(found.b);
        loss.push(found.loss);
    }
    Ok((b, loss))
}

/// Coefficients in samples of rows drawn with replacement; samples without full rank are drawn again.
fn bootstrap(s: &mut Session, model: &Model, taus: &[f64], reps: usize, dots: bool) -> Result<Vec<Vec<f64>>> {
    let n = model.y.len();
    let columns = model.columns();
    let mut out = Vec::with_capacity(reps);
    let mut failed = 0;
    let mut dots = dots.then(|| {
        s.print("(fitting base model)");
        s.print("");
        Dots::begin(s, "Bootstrap replications", reps)
    });
    while out.len() < reps {
        let rows: Vec<usize> = {
            let mut rng = s.rng.borrow_mut();
            (0..n).map(|_| rng.uniform_int(0.0, n as f64 - 1.0) as usize).collect()
        };
        let y: Vec<f64> = rows.iter().map(|&i| model.y[i]).collect();
        let drawn: Vec<Vec<f64>> = columns.iter().map(|c| rows.iter().map(|&i| c[i]).collect()).collect();
        let slices: Vec<&[f64]> = drawn.iter().map(Vec::as_slice).collect();
        let data = QuantileData { y: &y, columns: &slices, w: None, constant: model.constant };
        match estimates(data, taus) {
            Ok((b, _)) => {
                out.push(b);
                if let Some(dots) = &mut dots {
                    dots.dot(s, false);
                }
            }
            Err(_) => {
                failed += 1;
                if failed > 10 * reps + 100 {
                    return Err(StataError::new(498, "too many bootstrap samples could not be fitted"));
                }
            }
        }
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
    }
    if let Some(dots) = dots {
        dots.end(s);
    }
    Ok(out)
}

fn covariance(draws: &[Vec<f64>]) -> Mat {
    let (n, k) = (draws.len() as f64, draws[0].len());
    let mean: Vec<f64> = (0..k).map(|j| draws.iter().map(|d| d[j]).sum::<f64>() / n).collect();
    Mat::from_fn(k, k, |a, b| {
        draws.iter().map(|d| (d[a] - mean[a]) * (d[b] - mean[b])).sum::<f64>() / (n - 1.0)
    })
}

fn run_sqreg(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let taus = quantiles(cmd, &[0.5])?;
    run(s, cmd, "sqreg", &taus)
}

fn run_bsqreg(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let tau = quantile(cmd.options.real("quantile").unwrap_or(0.5))?;
    run(s, cmd, "bsqreg", &[tau])
}

fn run_iqreg(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let taus = quantiles(cmd, &[0.25, 0.75])?;
    if taus.len() != 2 {
        return Err(StataError::invalid("quantiles() must name two quantiles"));
    }
    run(s, cmd, "iqreg", &taus)
}

fn run(s: &mut Session, cmd: &ParsedCommand, command: &str, taus: &[f64]) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if s.e.cmd() != command {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd);
    }
    let reps = replications(cmd)?;
    level(s, cmd)?;
    let model = read(s, cmd, &[])?;
    let columns = model.columns();
    let data = data(&model, &columns);
    let (mut b, losses) = estimates(data, taus)?;
    let mut draws = bootstrap(s, &model, taus, reps, !cmd.has("nodots"))?;
    let k = b.len() / taus.len();
    let difference = command == "iqreg";
    if difference {
        let minus = |b: &[f64]| (0..k).map(|j| b[k + j] - b[j]).collect::<Vec<f64>>();
        b = minus(&b);
        draws = draws.iter().map(|d| minus(d)).collect();
    }
    let equations: Vec<String> =
        if command == "sqreg" { taus.iter().map(|t| equation(*t)).collect() } else { vec![String::new()] };
    let names = model.names();
    let own = model.estimated();
    let mut stripe = Vec::new();
    let mut estimated = Vec::new();
    for equation in &equations {
        estimated.extend(own.iter().map(|i| i + stripe.len()));
        stripe.extend(equation_stripe(equation, names.clone()));
    }
    let parameters = Parameters::spread(stripe, &estimated, &b, &covariance(&draws));
    let mut est = post::begin(command, &post::command_line(cmd), &parameters, &model);
    let r = &mut est.results;
    let n = model.y.len() as f64;
    r.scalar("N", n).scalar("df_r", n - k as f64).scalar("df_m", columns.len() as f64);
    r.scalar("reps", reps as f64).scalar("n_q", taus.len() as f64).scalar("convcode", 0.0);
    r.scalar("rank", b.len() as f64);
    for (i, (tau, loss)) in taus.iter().zip(&losses).enumerate() {
        let (value, around) = raw(data, *tau, true).ok_or_else(StataError::insufficient_observations)?;
        // One quantile has plain names.
        let suffix = if command == "bsqreg" { String::new() } else { format!("{}", i + 1) };
        let sums = if command == "bsqreg" { ("sum_rdev", "sum_adev") } else { ("sumrdv", "sumadv") };
        if difference {
            r.scalar(&format!("q{}", i), *tau);
        } else {
            r.scalar(&format!("q{suffix}"), *tau).scalar(&format!("q_v{suffix}"), value);
        }
        r.scalar(&format!("{}{suffix}", sums.0), around).scalar(&format!("{}{suffix}", sums.1), *loss);
        r.scalar(&format!("r2_p{suffix}"), 1.0 - loss / around);
    }
    r.text("vcetype", "Bootstrap").text("vce", "bootstrap").text("properties", "b V");
    r.text("eqnames", equations.join(" ")).text("predict", "sqreg_p");
    s.post_estimation(est, model.touse.clone());
    display(s, cmd)
}

/// `q25`, `q5`, `q99_5` for fractions of a percent.
fn equation(tau: f64) -> String {
    let percent = format::bare("%9.0g", (tau * 100.0 * 1e6).round() / 1e6);
    format!("q{}", percent.replace('.', "_"))
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let results = s.e.results.clone();
    let scalar = |n: &str| results.get_scalar(n).unwrap_or(MISSING);
    let command = s.e.cmd().to_string();
    let reps = format::bare("%9.0g", scalar("reps"));
    let count = scalar("n_q") as usize;
    if !cmd.has("noheader") {
        let title = match command.as_str() {
            "sqreg" => "Simultaneous quantile regression".to_string(),
            "iqreg" => format!(
                "{}-{} Interquantile regression",
                format::bare("%9.0g", scalar("q1")),
                format::bare("%9.0g", scalar("q0"))
            ),
            _ => format!("{} regression, bootstrap({reps}) SEs", name(scalar("q"))),
        };
        let value = |label: &str, text: String| format!("{label} = {text:>10}");
        let mut right = vec![value("Number of obs", format::bare("%10.0fc", scalar("N")))];
        for i in 1..=count {
            let suffix = if command == "bsqreg" { String::new() } else { i.to_string() };
            let q = if command == "iqreg" { format!("q{}", i - 1) } else { format!("q{suffix}") };
            let label = format!("{} Pseudo R2", format::bare("%4.2f", scalar(&q)).trim_start_matches('0'));
            right.push(value(&label, format::bare("%6.4f", scalar(&format!("r2_p{suffix}")))));
        }
        let mut left = vec![title];
        if command == "bsqreg" {
            let sum = |name: &str| format::bare("%9.0g", scalar(name));
            let about = format::bare("%10.0g", scalar("q_v"));
            left.push(format!("  Raw sum of deviations {:>8} (about {about})", sum("sum_rdev")));
            left.push(format!("  Min sum of deviations {:>8}", sum("sum_adev")));
            right.insert(1, String::new());
        } else {
            left.push(format!("  bootstrap({reps}) SEs"));
        }
        s.print("");
        for (i, r) in right.iter().enumerate() {
            let left = left.get(i).map_or("", String::as_str);
            s.print(format!("{left:<52}{r:>26}").trim_end());
        }
        s.print("");
    }
    let (b, v) = s.e.b_and_v()?;
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let depvar = s.e.results.get_text("depvar").unwrap_or("").to_string();
    Table {
        title: &depvar,
        vce_title: if command == "bsqreg" { "" } else { BOOTSTRAP_ERRORS },
        equations: command == "sqreg",
        ..Table::of_equations(&b.col_names, b.values(), &se, Some(scalar("df_r")), level)
    }
    .show(s);
    Ok(())
}
