//! `rdrobust` and `rdbwselect`: regression discontinuity by local polynomials, with plug-in bandwidths and robust
//! bias-corrected intervals.
//!
//! Stores in `e()`: N N_l N_r N_h_l N_h_r N_b_l N_b_r c p q tau_cl tau_bc se_tau_cl se_tau_rb pv_cl pv_bc pv_rb ci_l_cl
//! ci_r_cl ci_l_rb ci_r_rb h_l h_r b_l b_r level, b, V, cmd depvar runningvar kernel bwselect vce_select.
//! Formulas: Calonico, Cattaneo and Titiunik (2014); Calonico, Cattaneo, Farrell and Titiunik (2017).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::rdrobust_show::display;
use crate::error::{Result, StataError};
use crate::estimation::model::number_groups;
use crate::estimation::post::command_line;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::{normal_quantile, normal_two_sided};
use estimators::rd::{self, Kernel, Settings, Side, SideFit, Variance};
use estimators::rd_bandwidth::{Bandwidths, bandwidths};

const UNSUPPORTED: &[&str] = &[
    "FUZZY",
    "COVS",
    "COVS_DROP",
    "COVS_EVAL",
    "WEIGHTS",
    "SCALEPAR",
    "MASSPOINTS",
    "BWCHECK",
    "BWRESTRICT",
    "STDVARS",
    "SHARPBW",
    "DETAIL",
    "GENVARS",
];
const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("c"),
    OptSpec::int("p"),
    OptSpec::int("q"),
    OptSpec::int("deriv"),
    OptSpec::text("h"),
    OptSpec::text("b"),
    OptSpec::real("rho"),
    OptSpec::text("KERnel"),
    OptSpec::text("BWSelect"),
    OptSpec::text("vce"),
    OptSpec::real("SCALEREGul"),
    OptSpec::real("Level"),
    OptSpec::flag("all"),
])
.unsupported(UNSUPPORTED);

/// The command `rdrobust`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rdrobust",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rdrobust depvar runvar [if] [in] [, c(#) p(#) q(#) deriv(#) h(# [#]) b(# [#]) rho(#) kernel(triangular|epanechnikov|uniform) bwselect(mserd|msetwo|cerrd|certwo) vce(nn [#]|hc0|hc1|cluster v) scaleregul(#) level(#) all]",
    notes: "sharp designs; stores e(N N_l N_r N_h_l N_h_r c p q tau_cl tau_bc se_tau_cl se_tau_rb pv_cl pv_rb ci_l_rb ci_r_rb h_l h_r b_l b_r), e(b) and e(V) conventional (with all: conventional, bias-corrected, robust); formulas: Calonico, Cattaneo and Titiunik (2014)",
    examples: &[Example {
        // Two parallel lines five apart.
        run: "set obs 200\ngen x = (_n - 100.5)/100\ngen y = 1 + 2*x + 5*(x >= 0) + mod(_n*7, 11)/1000\nrdrobust y x, h(.5) b(.7)",
        expect: &[("abs(e(tau_cl) - 5) < .01", 1.0), ("e(N_l)", 100.0), ("e(N_h_l)", 50.0)],
    }],
};

/// The command `rdbwselect`.
pub(super) const SPEC_BANDWIDTH: CommandSpec = CommandSpec {
    name: "rdbwselect",
    min: 10,
    run: run_bandwidth,
    syntax: "rdbwselect depvar runvar [if] [in] [, c(#) p(#) q(#) deriv(#) kernel() bwselect(mserd|msetwo|cerrd|certwo) vce() scaleregul(#) all]",
    notes: "stores e(N N_l N_r c p q h_mserd b_mserd or h_msetwo_l h_msetwo_r b_msetwo_l b_msetwo_r, and the same with cer), with all every selector; formulas: Calonico, Cattaneo and Farrell (2020)",
    examples: &[Example {
        run: "set obs 300\ngen x = (_n - 150.5)/150\ngen y = sin(2*x) + (x >= 0) + mod(_n*7, 11)/20\nrdrobust y x\nscalar h = e(h_l)\nrdbwselect y x",
        expect: &[("e(h_mserd) - h", 0.0)],
    }],
    ..SPEC
};

/// The sample on both sides of the cutoff, and the settings.
struct Design {
    sides: [Side; 2],
    settings: Settings,
    spread: f64,
    cutoff: f64,
    depvar: String,
    running: String,
    touse: Vec<bool>,
    kernel: &'static str,
    vce: String,
}

/// Kernel of `kernel()`, triangular by default, with its name.
///
/// # Errors
/// r(198) for another word.
pub(super) fn kernel(cmd: &ParsedCommand) -> Result<(Kernel, &'static str)> {
    let asked = cmd.options.text("kernel").map_or("triangular", str::trim);
    for (kernel, name) in [
        (Kernel::Triangular, "Triangular"),
        (Kernel::Epanechnikov, "Epanechnikov"),
        (Kernel::Uniform, "Uniform"),
    ] {
        if asked.len() >= 3 && name.to_lowercase().starts_with(asked) {
            return Ok((kernel, name));
        }
    }
    Err(StataError::invalid(format!("kernel({asked}) invalid")))
}

/// The variance, the cluster variable, and the words of the header.
fn variance(session: &Session, cmd: &ParsedCommand) -> Result<(Variance, Option<usize>, String)> {
    let text = cmd.options.text("vce").map_or("nn", str::trim);
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        ["nn"] => Ok((Variance::Neighbours(3), None, "NN".to_string())),
        ["nn", matches] => {
            let matches = matches.parse().ok().filter(|m| *m >= 1);
            let matches = matches.ok_or_else(|| StataError::invalid("vce(nn #) needs a whole number"))?;
            Ok((Variance::Neighbours(matches), None, "NN".to_string()))
        }
        ["hc0"] => Ok((Variance::Residuals { adjusted: false }, None, "HC0".to_string())),
        ["hc1"] => Ok((Variance::Residuals { adjusted: true }, None, "HC1".to_string())),
        ["cluster", name] => {
            let variable = session.variable(name)?;
            Ok((Variance::Residuals { adjusted: false }, Some(variable), "Cluster".to_string()))
        }
        _ => Err(StataError::unsupported_option(&cmd.name, &format!("vce({text})"))),
    }
}

/// Order of a polynomial.
///
/// # Errors
/// r(198) outside of 0 to 8.
pub(super) fn order(cmd: &ParsedCommand, option: &str, default: i64) -> Result<usize> {
    let found = cmd.options.int(option).unwrap_or(default);
    if (0..=8).contains(&found) {
        Ok(found as usize)
    } else {
        Err(StataError::invalid(format!("{option}() must be between 0 and 8")))
    }
}

/// Standard deviation and interquartile range over 1.349, the smaller one.
fn spread(x: &[f64]) -> f64 {
    let n = x.len() as f64;
    let mean = x.iter().sum::<f64>() / n;
    let sd = (x.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt();
    let mut sorted = x.to_vec();
    sorted.sort_by(f64::total_cmp);
    // the percentile rule of [R] summarize
    let quantile = |p: f64| {
        let at = p * n;
        let i = at.floor() as usize;
        if at.fract() == 0.0 && i >= 1 {
            0.5 * (sorted[i - 1] + sorted[i])
        } else {
            sorted[i.min(x.len() - 1)]
        }
    };
    sd.min((quantile(0.75) - quantile(0.25)) / 1.349)
}

fn read(session: &Session, cmd: &ParsedCommand) -> Result<Design> {
    let names: Vec<&str> = cmd.list.split_whitespace().collect();
    let [y, x] = names.as_slice() else {
        return Err(if names.len() < 2 { StataError::standard(102) } else { StataError::standard(103) });
    };
    let (y, x) = (session.numeric_variable(y)?, session.numeric_variable(x)?);
    let (variance, cluster, vce) = variance(session, cmd)?;
    let mut touse = session.rows(cmd)?;
    session.markout(&[y, x], &mut touse, false)?;
    session.markout(cluster.as_slice(), &mut touse, true)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::standard(2000));
    }
    let cutoff = cmd.options.real("c").unwrap_or(0.0);
    let value = |variable: usize, row: usize| session.frame.num_at(variable, row);
    rows.sort_by(|a, b| value(x, *a).total_cmp(&value(x, *b)));
    let all: Vec<f64> = rows.iter().map(|r| value(x, *r)).collect();
    if cutoff <= all[0] || cutoff >= all[all.len() - 1] {
        return Err(StataError::new(125, "c() should be set within the range of the running variable"));
    }
    let groups = cluster.map(|v| number_groups(&session.frame, v, &rows).0);
    let side = |right: bool| {
        let mine: Vec<usize> = (0..rows.len()).filter(|i| (all[*i] >= cutoff) == right).collect();
        Side {
            x: mine.iter().map(|i| all[*i] - cutoff).collect(),
            y: mine.iter().map(|i| value(y, rows[*i])).collect(),
            clusters: groups.as_ref().map(|g| mine.iter().map(|i| g[*i] as usize).collect()),
        }
    };
    let sides = [side(false), side(true)];
    if sides.iter().any(|s| s.x.len() < 20) {
        return Err(StataError::new(2001, "not enough observations to perform calculations"));
    }
    let (kernel, kernel_name) = kernel(cmd)?;
    let p = order(cmd, "p", 1)?;
    let deriv = order(cmd, "deriv", 0)?;
    let q = order(cmd, "q", p as i64 + 1)?;
    if deriv > p || q <= p {
        return Err(StataError::new(125, "p() must be at least deriv(), and q() larger than p()"));
    }
    let regularisation = cmd.options.real("scaleregul").unwrap_or(1.0);
    Ok(Design {
        sides,
        settings: Settings { p, q, deriv, kernel, variance, regularisation },
        spread: spread(&all),
        cutoff,
        depvar: session.frame.var(y).name.clone(),
        running: session.frame.var(x).name.clone(),
        touse,
        kernel: kernel_name,
        vce,
    })
}

/// Bandwidths by a selector: the name, whether one for both sides, and the factor of the coverage-error rule.
fn selected(design: &Design, selector: &str) -> Result<Bandwidths> {
    let common = match selector {
        "mserd" | "cerrd" => true,
        "msetwo" | "certwo" => false,
        _ => return Err(StataError::unsupported_option("rdrobust", &format!("bwselect({selector})"))),
    };
    let [left, right] = &design.sides;
    let mut found = bandwidths([left, right], &design.settings, design.spread, common)
        .ok_or_else(|| StataError::new(2001, "the bandwidths cannot be computed: too few distinct values"))?;
    if selector.starts_with("cer") {
        let p = design.settings.p as f64;
        let n = (left.x.len() + right.x.len()) as f64;
        // Calonico, Cattaneo and Farrell (2020): the rate of the coverage error
        let factor = n.powf(-(p / ((3.0 + p) * (3.0 + 2.0 * p))));
        found.h = found.h.map(|h| h * factor);
    }
    Ok(found)
}

/// One or two numbers of an option.
///
/// # Errors
/// r(198) for anything but one or two positive numbers.
pub(super) fn pair(cmd: &ParsedCommand, option: &str) -> Result<Option<[f64; 2]>> {
    let Some(text) = cmd.options.text(option) else { return Ok(None) };
    let bad = || StataError::invalid(format!("{option}({text}) needs one or two positive numbers"));
    let numbers: Vec<f64> = text
        .split_whitespace()
        .map(|w| w.parse().ok().filter(|v: &f64| *v > 0.0).ok_or_else(bad))
        .collect::<Result<_>>()?;
    match numbers.as_slice() {
        [one] => Ok(Some([*one, *one])),
        [left, right] => Ok(Some([*left, *right])),
        _ => Err(bad()),
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let design = read(session, cmd)?;
    let selector = cmd.options.text("bwselect").map_or("mserd", str::trim).to_string();
    let (widths, selector) = match (pair(cmd, "h")?, pair(cmd, "b")?) {
        (Some(h), b) => {
            let rho = cmd.options.real("rho").unwrap_or(1.0);
            (Bandwidths { h, b: b.unwrap_or(h.map(|h| h / rho)) }, "Manual".to_string())
        }
        (None, Some(_)) => return Err(StataError::invalid("b() needs h()")),
        (None, None) => {
            let mut found = selected(&design, &selector)?;
            if let Some(rho) = cmd.options.real("rho") {
                found.b = found.h.map(|h| h / rho);
            }
            (found, selector)
        }
    };
    let failed = || StataError::new(2001, "too few distinct values inside the bandwidth");
    let fits = [0, 1].map(|k| rd::fit(&design.sides[k], &design.settings, widths.h[k], widths.b[k]));
    let [Some(left), Some(right)] = fits else { return Err(failed()) };
    post(session, cmd, &design, &widths, &selector, [&left, &right]);
    display(session, cmd)
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    design: &Design,
    widths: &Bandwidths,
    selector: &str,
    [left, right]: [&SideFit; 2],
) {
    let level = cmd.options.real("level").unwrap_or(session.settings.level);
    let z = -normal_quantile((100.0 - level) / 200.0);
    let (cl, bc) = (right.conventional - left.conventional, right.corrected - left.corrected);
    let se_cl = (left.variance + right.variance).sqrt();
    let se_rb = (left.robust + right.robust).sqrt();
    let mut est = Estimation::default();
    let r = &mut est.results;
    let (values, names): (Vec<(f64, f64)>, Vec<&str>) = if cmd.has("all") {
        (vec![(cl, se_cl), (bc, se_cl), (bc, se_rb)], vec!["Conventional", "Bias-corrected", "Robust"])
    } else {
        (vec![(cl, se_cl)], vec!["RD_Estimate"])
    };
    let stripe: Vec<Stripe> = names.into_iter().map(Stripe::term).collect();
    let k = values.len();
    let mut v = vec![0.0; k * k];
    (0..k).for_each(|i| v[i * k + i] = values[i].1.powi(2));
    r.matrix("b", Matrix::row_vector(values.iter().map(|v| v.0).collect(), stripe.clone()));
    r.matrix("V", Matrix::square(v, stripe));
    let counts = design.sides.each_ref().map(|s| s.x.len() as f64);
    r.scalar("N", counts[0] + counts[1]).scalar("N_l", counts[0]).scalar("N_r", counts[1]);
    for (side, fit, h, b) in [("l", left, widths.h[0], widths.b[0]), ("r", right, widths.h[1], widths.b[1])] {
        r.scalar(&format!("N_h_{side}"), fit.rows.0 as f64).scalar(&format!("N_b_{side}"), fit.rows.1 as f64);
        r.scalar(&format!("h_{side}"), h).scalar(&format!("b_{side}"), b);
        r.scalar(&format!("tau_cl_{side}"), fit.conventional)
            .scalar(&format!("tau_bc_{side}"), fit.corrected);
    }
    let settings = &design.settings;
    r.scalar("c", design.cutoff).scalar("p", settings.p as f64).scalar("q", settings.q as f64);
    r.scalar("tau_cl", cl).scalar("tau_bc", bc).scalar("se_tau_cl", se_cl).scalar("se_tau_rb", se_rb);
    r.scalar("pv_cl", normal_two_sided(cl / se_cl)).scalar("pv_rb", normal_two_sided(bc / se_rb));
    r.scalar("pv_bc", normal_two_sided(bc / se_cl)).scalar("level", level);
    for (name, value, se) in [("cl", cl, se_cl), ("bc", bc, se_cl), ("rb", bc, se_rb)] {
        r.scalar(&format!("ci_l_{name}"), value - z * se).scalar(&format!("ci_r_{name}"), value + z * se);
    }
    r.text("cmd", "rdrobust").text("cmdline", command_line(cmd)).text("depvar", &design.depvar);
    r.text("outcomevar", &design.depvar).text("runningvar", &design.running).text("bwselect", selector);
    r.text("kernel", design.kernel).text("vce_select", &design.vce).text("properties", "b V");
    session.post_estimation(est, design.touse.clone());
}

fn run_bandwidth(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let design = read(session, cmd)?;
    let asked = cmd.options.text("bwselect").map_or("mserd", str::trim);
    let every = ["mserd", "msetwo", "cerrd", "certwo"];
    let chosen: Vec<&str> = if cmd.has("all") { every.to_vec() } else { vec![asked] };
    let mut est = Estimation::default();
    session.print("");
    session.print("Bandwidth estimators for sharp RD local polynomial regression.");
    session.print("");
    session.print(format!("Outcome: {}. Running variable: {}.", design.depvar, design.running));
    session.print("-".repeat(80));
    session.print("                   |         BW est. (h)         |         BW bias (b)");
    session.print("            Method |   Left of c     Right of c  |   Left of c     Right of c");
    session.print(format!("{}+{}+{}", "-".repeat(19), "-".repeat(29), "-".repeat(30)));
    for selector in chosen {
        let found = selected(&design, selector)?;
        let cell = |x: f64| format::bare("%9.3f", x);
        session.print(format!(
            "{selector:>18} |{:>12}   {:>12}  |{:>12}   {:>12}",
            cell(found.h[0]),
            cell(found.h[1]),
            cell(found.b[0]),
            cell(found.b[1])
        ));
        let r = &mut est.results;
        if selector.ends_with("rd") {
            r.scalar(&format!("h_{selector}"), found.h[0]).scalar(&format!("b_{selector}"), found.b[0]);
        } else {
            for (side, k) in [("l", 0), ("r", 1)] {
                r.scalar(&format!("h_{selector}_{side}"), found.h[k]);
                r.scalar(&format!("b_{selector}_{side}"), found.b[k]);
            }
        }
    }
    session.print("-".repeat(80));
    let r = &mut est.results;
    let counts = design.sides.each_ref().map(|s| s.x.len() as f64);
    r.scalar("N", counts[0] + counts[1]).scalar("N_l", counts[0]).scalar("N_r", counts[1]);
    r.scalar("c", design.cutoff).scalar("p", design.settings.p as f64).scalar("q", design.settings.q as f64);
    r.text("cmd", "rdbwselect").text("cmdline", command_line(cmd)).text("kernel", design.kernel);
    r.text("bwselect", asked).text("vce_select", &design.vce).text("runningvar", &design.running);
    r.text("outcomevar", &design.depvar).text("depvar", &design.depvar);
    session.post_estimation(est, design.touse);
    Ok(())
}
