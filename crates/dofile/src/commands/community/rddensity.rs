//! `rddensity` and `rdbwdensity`: test whether the density of a running variable jumps at the cutoff (manipulation), by
//! local polynomials.
//!
//! Stores in `e()`: c p q N_l N_r N_h_l N_h_r h_l h_r f_ql f_qr se_ql se_qr se_q T_q pv_q, with `all` f_pl f_pr se_pl
//! se_pr se_p T_p pv_p; runningvar kernel fitmethod bwmethod vce. `rdbwdensity`: h, a matrix of bandwidths.
//! Formulas: Cattaneo, Jansson and Ma (2018, Stata Journal 18; 2020).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::rd_sample::{kernel, order, pair};
use super::rddensity_show::{display, display_bandwidths};
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::normal_two_sided;
use estimators::rd::Kernel;
use estimators::rd_density::{Bandwidths, Least, Sample, bandwidths, density};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("c"),
    OptSpec::int("p"),
    OptSpec::int("q"),
    OptSpec::text("FITselect"),
    OptSpec::text("KERnel"),
    OptSpec::text("h"),
    OptSpec::text("BWselect"),
    OptSpec::text("VCE"),
    OptSpec::flag("noMASSpoints"),
    OptSpec::flag("noREGularize"),
    OptSpec::int("NLOCalmin"),
    OptSpec::int("NUNIquemin"),
    OptSpec::flag("noBINOmial"),
    OptSpec::flag("all"),
])
.unsupported(&[
    "Level",
    "PRECision",
    "BINO_N",
    "BINO_NSTEP",
    "BINO_W",
    "BINO_WSTEP",
    "BINO_NW",
    "BINO_P",
    "PLot",
    "PLOT_RANGE",
    "PLOT_N",
    "PLOT_GRID",
    "PLOT_BWSELECT",
    "PLOT_CIUNIFORM",
    "PLOT_CISIMUL",
    "GRAPH_OPT",
    "GENVars",
    "HIST_RANGE",
    "HIST_N",
    "HIST_WIDTH",
    "noHISTogram",
]);

const SYNTAX_BANDWIDTH: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("c"),
    OptSpec::int("p"),
    OptSpec::text("FITselect"),
    OptSpec::text("KERnel"),
    OptSpec::text("VCE"),
    OptSpec::flag("noMASSpoints"),
    OptSpec::flag("noREGularize"),
    OptSpec::int("NLOCalmin"),
    OptSpec::int("NUNIquemin"),
])
.unsupported(&["PRECision"]);

/// The command `rddensity`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rddensity",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rddensity runvar [if] [in] [, c(#) p(#) q(#) fitselect(unrestricted) kernel(triangular|epanechnikov|uniform) h(# [#]) bwselect(comb|each|diff|sum) vce(jackknife) nomasspoints noregularize nlocalmin(#) nuniquemin(#) nobinomial all]",
    notes: "density of each side from the unrestricted model with jackknife errors; no binomial tests are shown, with or without nobinomial; stores e(c p q N_l N_r N_h_l N_h_r h_l h_r f_ql f_qr se_ql se_qr se_q T_q pv_q), with all e(f_pl f_pr se_pl se_pr se_p T_p pv_p) of order p; formulas: Cattaneo, Jansson and Ma (2018, 2020)",
    examples: &[Example {
        // 100 rows below and 200 above in the same width: densities of a third and two thirds.
        run: "set obs 300\ngen double x = cond(_n <= 100, -(_n - .5)/100, (_n - 100.5)/200)\nrddensity x, h(.5) p(1)",
        expect: &[
            ("abs(e(f_ql) - 1/3) < .01", 1.0),
            ("abs(e(f_qr) - 2/3) < .01", 1.0),
            ("e(N_h_l)", 50.0),
            ("e(N_h_r)", 100.0),
        ],
    }],
};

/// The command `rdbwdensity`.
pub(super) const SPEC_BANDWIDTH: CommandSpec = CommandSpec {
    name: "rdbwdensity",
    min: 11,
    form: Form::Standard(&SYNTAX_BANDWIDTH),
    run: run_bandwidth,
    syntax: "rdbwdensity runvar [if] [in] [, c(#) p(#) fitselect(unrestricted) kernel() vce(jackknife) nomasspoints noregularize nlocalmin(#) nuniquemin(#)]",
    notes: "stores e(h), with rows f_left f_right f_diff f_sum and columns bandwidth var bias2, and e(c p N_l N_r); formulas: Cattaneo, Jansson and Ma (2018)",
    examples: &[Example {
        run: "set obs 300\ngen double x = invnormal((_n - .5)/300)\nrddensity x, bwselect(diff)\nscalar h = e(h_l)\nrdbwdensity x",
        expect: &[("el(e(h),3,1) - h", 0.0)],
    }],
    ..SPEC
};

/// The sample and the settings.
struct Design {
    sample: Sample,
    kernel: Kernel,
    kernel_name: String,
    p: usize,
    cutoff: f64,
    running: String,
    touse: Vec<bool>,
}

/// Refuses a value of an option that is not the one that exists here.
fn only(cmd: &ParsedCommand, option: &str, value: &str) -> Result<()> {
    match cmd.options.text(option).map(str::trim) {
        Some(other) if !other.eq_ignore_ascii_case(value) => {
            Err(StataError::unsupported_option(&cmd.name, &format!("{option}({other})")))
        }
        _ => Ok(()),
    }
}

fn read(session: &Session, cmd: &ParsedCommand) -> Result<Design> {
    only(cmd, "fitselect", "unrestricted")?;
    only(cmd, "vce", "jackknife")?;
    let names: Vec<&str> = cmd.list.split_whitespace().collect();
    let [name] = names.as_slice() else {
        return Err(StataError::standard(if names.is_empty() { 100 } else { 103 }));
    };
    let variable = session.numeric_variable(name)?;
    let mut touse = session.rows(cmd)?;
    session.markout(&[variable], &mut touse, false)?;
    let cutoff = cmd.options.real("c").unwrap_or(0.0);
    let frame = &session.frame;
    let values: Vec<f64> =
        (0..touse.len()).filter(|r| touse[*r]).map(|r| frame.num_at(variable, r) - cutoff).collect();
    if values.is_empty() {
        return Err(StataError::no_observations());
    }
    let sample = Sample::new(values, !cmd.has("nomasspoints"));
    let [low, high] = sample.range();
    if low >= 0.0 || high <= 0.0 {
        return Err(StataError::new(125, "c() should be set within the range of the running variable"));
    }
    if sample.sides().iter().any(|n| *n < 10) {
        return Err(StataError::new(2001, "not enough observations to perform calculations"));
    }
    let p = order(cmd, "p", 2)?;
    if !(1..=7).contains(&p) {
        return Err(StataError::new(125, "p() should be an integer between 1 and 7"));
    }
    let (kernel, name) = kernel(cmd)?;
    let running = frame.var(variable).name.clone();
    Ok(Design { sample, kernel, kernel_name: name.to_lowercase(), p, cutoff, running, touse })
}

/// Rows and distinct values that a bandwidth must have, as the options state them.
fn least(cmd: &ParsedCommand, p: usize) -> Result<Option<Least>> {
    let count = |option: &str| match cmd.options.int(option) {
        None => Ok(20 + p + 1),
        Some(n) => {
            usize::try_from(n).map_err(|_| StataError::invalid(format!("{option}() must not be negative")))
        }
    };
    let least = Least { rows: count("nlocalmin")?, distinct: count("nuniquemin")? };
    Ok((!cmd.has("noregularize")).then_some(least))
}

fn selected(cmd: &ParsedCommand, design: &Design) -> Result<Bandwidths> {
    let found = bandwidths(&design.sample, design.kernel, design.p, least(cmd, design.p)?);
    let usable = found.filter(|f| f.h.iter().all(|h| h.is_finite() && *h > 0.0));
    usable.ok_or_else(|| StataError::new(2001, "the bandwidths cannot be computed: too few distinct values"))
}

fn median(mut values: [f64; 3]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[1]
}

/// Bandwidths of both sides with the name of the method.
fn widths(cmd: &ParsedCommand, design: &Design) -> Result<([f64; 2], String)> {
    if let Some(h) = pair(cmd, "h")? {
        return Ok((h, "manual".to_string()));
    }
    let method = cmd.options.text("bwselect").map_or("comb", str::trim).to_lowercase();
    if !["comb", "each", "diff", "sum"].contains(&method.as_str()) {
        return Err(StataError::invalid(format!("bwselect({method}) invalid")));
    }
    let h = selected(cmd, design)?.h;
    let chosen = match method.as_str() {
        "each" => [h[0], h[1]],
        "diff" => [h[2], h[2]],
        "sum" => [h[3], h[3]],
        _ => [median([h[0], h[2], h[3]]), median([h[1], h[2], h[3]])],
    };
    Ok((chosen, method))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let design = read(session, cmd)?;
    let q = order(cmd, "q", design.p as i64 + 1)?;
    if q < design.p || q == 0 {
        return Err(StataError::new(125, "q() should be at least p()"));
    }
    let (h, method) = widths(cmd, &design)?;
    let mut est = Estimation::default();
    let r = &mut est.results;
    let [below, above] = design.sample.sides().map(|n| n as f64);
    let inside = design.sample.inside(h).map(|n| n as f64);
    r.scalar("c", design.cutoff).scalar("p", design.p as f64).scalar("q", q as f64);
    r.scalar("N", below + above).scalar("N_l", below).scalar("N_r", above);
    r.scalar("N_h_l", inside[0]).scalar("N_h_r", inside[1]).scalar("h_l", h[0]).scalar("h_r", h[1]);
    let orders = if cmd.has("all") { vec![("p", design.p), ("q", q)] } else { vec![("q", q)] };
    for (label, order) in orders {
        let sides = [(false, h[0]), (true, h[1])]
            .map(|(above, h)| density(&design.sample, design.kernel, above, h, order));
        let [Some(left), Some(right)] = sides else {
            return Err(StataError::new(2001, "too few distinct values inside the bandwidth"));
        };
        let se = left.1.hypot(right.1);
        let t = (right.0 - left.0) / se;
        r.scalar(&format!("f_{label}l"), left.0).scalar(&format!("f_{label}r"), right.0);
        r.scalar(&format!("se_{label}l"), left.1).scalar(&format!("se_{label}r"), right.1);
        r.scalar(&format!("se_{label}"), se).scalar(&format!("T_{label}"), t);
        r.scalar(&format!("pv_{label}"), normal_two_sided(t));
    }
    texts(&mut est, cmd, &design);
    est.results.text("cmd", "rddensity").text("bwmethod", method);
    session.post_estimation(est, design.touse);
    display(session);
    Ok(())
}

fn texts(est: &mut Estimation, cmd: &ParsedCommand, design: &Design) {
    let r = &mut est.results;
    r.text("cmdline", command_line(cmd))
        .text("runningvar", &design.running)
        .text("kernel", &design.kernel_name);
    r.text("fitmethod", "unrestricted").text("vce", "jackknife");
}

fn run_bandwidth(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let design = read(session, cmd)?;
    let found = selected(cmd, &design)?;
    let rows = ["f_left", "f_right", "f_diff", "f_sum"];
    let cells = (0..4).flat_map(|i| [found.h[i], found.variance[i], found.bias[i]]).collect();
    let mut table = Matrix::new(4, 3, cells);
    table.row_names = rows.map(Stripe::term).to_vec();
    table.col_names = ["bandwidth", "var", "bias2"].map(Stripe::term).to_vec();
    let mut est = Estimation::default();
    let [below, above] = design.sample.sides().map(|n| n as f64);
    let r = &mut est.results;
    r.matrix("h", table).scalar("c", design.cutoff).scalar("p", design.p as f64);
    r.scalar("N", below + above).scalar("N_l", below).scalar("N_r", above).text("cmd", "rdbwdensity");
    texts(&mut est, cmd, &design);
    session.post_estimation(est, design.touse);
    display_bandwidths(session);
    Ok(())
}
