//! `rdplot`: binned means and polynomials on both sides of a cutoff. Calonico, Cattaneo and Titiunik (2014, 2015), Stata
//! Journal 14 and Journal of the American Statistical Association 110. Written from the articles and the help file.

use super::rd_sample::{kernel, order};
use super::rdplot_show;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::frame::{Column, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::graphs::curves::CurveOptions;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::distributions::t_inverse_tail;
use estimators::rd::Kernel;
use estimators::rd_plot::{Bin, Side, Spacing, Variance};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("c"),
    OptSpec::int("p"),
    OptSpec::text("nbins"),
    OptSpec::text("binselect"),
    OptSpec::text("scale"),
    OptSpec::text("kernel"),
    OptSpec::text("h"),
    OptSpec::text("masspoints"),
    OptSpec::real("ci"),
    OptSpec::flag("shade"),
    OptSpec::flag("genvars"),
    OptSpec::flag("hide"),
    OptSpec::flag("nochecks"),
    OptSpec::text("graph_options"),
])
.unsupported(&[
    "SUPPORT",
    "WEIGHTS",
    "COVS",
    "COVS_EVAL",
    "COVS_DROP",
    "VCE",
    "LOWEREND",
    "UPPEREND",
    "GENID",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rdplot",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "rdplot depvar runvar [if] [in] [, c(#) p(#) nbins(# [#]) binselect(es|esmv|qs|qsmv|espr|esmvpr|qspr|qsmvpr) scale(# [#]) kernel(uniform|triangular|epanechnikov) h(# [#]) masspoints(off|check|adjust) ci(#) shade genvars hide graph_options(twoway_options)]",
    notes: "numbers of bins by spacings estimators, by polynomials with pr and where masspoints(adjust) finds a fifth of the values of a side repeated; quantile bins end at linearly interpolated order statistics; stores e(N_l N_r c p J_star_l J_star_r), e(coef_l), e(coef_r): coefficients of the distance from the cutoff, e(eq_l) e(eq_r) e(binselect) e(kernel); genvars makes rdplot_id, rdplot_N, rdplot_min_bin ... rdplot_hat_y; Calonico, Cattaneo and Titiunik (2015)",
    examples: &[Example {
        // y is x on the left and 1 + 2x on the right.
        run: "set obs 40\ngenerate x = (_n - 20.5)/20\ngenerate y = cond(x < 0, x, 1 + 2*x)\nrdplot y x, p(1) nbins(4 5) genvars\nmatrix l = e(coef_l)\nmatrix r = e(coef_r)",
        expect: &[
            ("abs(l[1,1]) < 1e-6", 1.0),
            ("reldif(r[2,1], 2) < 1e-6", 1.0),
            ("e(J_star_l)", 4.0),
            ("e(J_star_r)", 5.0),
            ("rdplot_N[1]", 5.0),
            ("rdplot_id[40]", 5.0),
        ],
    }],
};

/// What is drawn on one side.
pub(super) struct Half {
    pub(super) side: Side,
    /// Rows of the data, in the order of the side.
    rows: Vec<usize>,
    pub(super) bins: Vec<Bin>,
    bin_of: Vec<usize>,
    pub(super) edges: Vec<f64>,
    pub(super) coefficients: Vec<f64>,
    pub(super) bandwidth: f64,
    pub(super) within: usize,
    pub(super) scale: f64,
    /// Numbers of bins that minimise the mean squared error and mimic the variance.
    pub(super) choices: Option<(usize, usize)>,
}

/// What is asked for.
pub(super) struct Request {
    pub(super) order: usize,
    pub(super) spacing: Spacing,
    pub(super) mimic: bool,
    pub(super) variance: Variance,
    pub(super) bins: Option<[usize; 2]>,
    pub(super) scale: [f64; 2],
    pub(super) kernel: (Kernel, &'static str),
    pub(super) cutoff: f64,
    pub(super) interval: Option<f64>,
    pub(super) shade: bool,
    bandwidth: Option<[f64; 2]>,
    adjust: bool,
}

/// Two numbers of an option, one of which stands for both.
fn pair(cmd: &ParsedCommand, name: &str) -> Result<Option<[f64; 2]>> {
    let Some(text) = cmd.options.text(name) else { return Ok(None) };
    let wrong = || StataError::invalid(format!("option {name}() incorrectly specified"));
    let values: Option<Vec<f64>> =
        words(text).into_iter().map(crate::syntax::options::parse_number).collect();
    let found = match values.as_deref() {
        Some([one]) => [*one, *one],
        Some([left, right]) => [*left, *right],
        _ => return Err(wrong()),
    };
    if found.iter().any(|x| !(*x > 0.0 && *x < 1e100)) { Err(wrong()) } else { Ok(Some(found)) }
}

impl Request {
    fn read(cmd: &ParsedCommand) -> Result<Self> {
        let method = cmd.options.text("binselect").map_or("esmv", str::trim);
        let plain = method.strip_suffix("pr");
        let (spacing, mimic) = match plain.unwrap_or(method) {
            "es" => (Spacing::Even, false),
            "esmv" => (Spacing::Even, true),
            "qs" => (Spacing::Quantile, false),
            "qsmv" => (Spacing::Quantile, true),
            other => return Err(StataError::invalid(format!("binselect({other}) invalid"))),
        };
        let kernel = match cmd.options.text("kernel") {
            None => (Kernel::Uniform, "Uniform"),
            Some(_) => kernel(cmd)?,
        };
        let adjust = match cmd.options.text("masspoints").map_or("adjust", str::trim) {
            "adjust" => true,
            "check" | "off" => false,
            other => return Err(StataError::invalid(format!("masspoints({other}) invalid"))),
        };
        let interval = cmd.options.real("ci");
        if interval.is_some_and(|level| !(10.0..100.0).contains(&level)) {
            return Err(StataError::invalid("ci() must be between 10 and 99.99"));
        }
        if cmd.has("shade") && interval.is_none() {
            return Err(StataError::invalid("option shade requires option ci()"));
        }
        let bins = pair(cmd, "nbins")?;
        if bins.is_some_and(|b| b.iter().any(|x| x.fract() != 0.0 || *x > 100_000.0)) {
            return Err(StataError::invalid("nbins() needs whole numbers"));
        }
        Ok(Self {
            order: order(cmd, "p", 4)?,
            spacing,
            mimic,
            variance: if plain.is_some() { Variance::Polynomials } else { Variance::Spacings },
            bins: bins.map(|b| b.map(|x| x as usize)),
            scale: pair(cmd, "scale")?.unwrap_or([1.0, 1.0]),
            kernel,
            cutoff: cmd.options.real("c").unwrap_or(0.0),
            interval,
            shade: cmd.has("shade"),
            bandwidth: pair(cmd, "h")?,
            adjust,
        })
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let names = words(&cmd.list);
    let [y, x] = names[..] else {
        return Err(if names.len() < 2 { StataError::standard(102) } else { StataError::standard(103) });
    };
    let (y, x) = (s.numeric_variable(y)?, s.numeric_variable(x)?);
    let mut request = Request::read(cmd)?;
    let figure =
        CurveOptions::read(s, "rdplot", cmd.options.text("graph_options").unwrap_or(""), &[], |_, _| {
            Ok(false)
        })?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[y, x], &mut touse, false)?;
    let mut rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    rows.sort_by(|a, b| s.frame.num_at(x, *a).total_cmp(&s.frame.num_at(x, *b)));
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let split = rows.partition_point(|r| s.frame.num_at(x, *r) < request.cutoff);
    if split == 0 || split == rows.len() {
        return Err(StataError::new(125, "c() should be set within the range of the running variable"));
    }
    let total = rows.len();
    let right = rows.split_off(split);
    if request.adjust && [&rows, &right].iter().any(|side| repeats(s, x, side)) {
        request.variance = Variance::Polynomials;
    }
    let left = half(s, (y, x), rows, &request, 0, total)?;
    let right = half(s, (y, x), right, &request, 1, total)?;
    let halves = [left, right];
    let name = |v: usize| s.frame.var(v).name.clone();
    let titles = (name(y), name(x));
    rdplot_show::table(s, &request, &halves, &titles);
    if cmd.has("genvars") {
        variables(s, &request, &halves)?;
    }
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", "rdplot").text("depvar", titles.0.as_str()).text("runningvar", titles.1.as_str());
    r.text("binselect", rdplot_show::method(&request)).text("kernel", request.kernel.1);
    r.scalar("c", request.cutoff).scalar("p", request.order as f64).scalar("N", total as f64);
    for (half, side) in halves.iter().zip(["l", "r"]) {
        r.scalar(&format!("N_{side}"), half.side.x.len() as f64);
        r.scalar(&format!("N_h_{side}"), half.within as f64).scalar(&format!("h_{side}"), half.bandwidth);
        r.scalar(&format!("J_star_{side}"), half.bins.len() as f64);
        let mut table = Matrix::new(half.coefficients.len(), 1, half.coefficients.clone());
        table.col_names = vec![Stripe::term("coef")];
        r.matrix(&format!("coef_{side}"), table);
        r.text(&format!("eq_{side}"), rdplot_show::equation(half, &request));
    }
    s.post_estimation(est, touse);
    if cmd.has("hide") { Ok(()) } else { rdplot_show::draw(s, &request, &halves, &titles, figure) }
}

/// Whether a fifth or more of the ordered values of a side occur again.
fn repeats(s: &Session, x: usize, rows: &[usize]) -> bool {
    let again = rows.windows(2).filter(|r| s.frame.num_at(x, r[0]) == s.frame.num_at(x, r[1])).count();
    again as f64 >= 0.2 * rows.len() as f64
}

/// Polynomial and bins of one side; r(2001) with too few observations.
fn half(
    s: &Session,
    (y, x): (usize, usize),
    rows: Vec<usize>,
    request: &Request,
    at: usize,
    total: usize,
) -> Result<Half> {
    let values = |v: usize| rows.iter().map(|r| s.frame.num_at(v, *r)).collect::<Vec<f64>>();
    let side = Side { x: values(x), y: values(y), cutoff: request.cutoff };
    let few = || StataError::new(2001, "insufficient observations on one side of the cutoff");
    let bandwidth = request.bandwidth.map_or_else(|| side.range(), |h| h[at]);
    let weights: Vec<f64> =
        side.x.iter().map(|x| request.kernel.0.weight(x - request.cutoff, bandwidth)).collect();
    let coefficients = side.polynomial(request.order, Some(&weights)).ok_or_else(few)?;
    // The polynomial behind the bias is of order four, whatever p() is.
    let choices = side.bins(request.spacing, request.variance, 4, total);
    let bins = match (request.bins, choices) {
        (Some(bins), _) => bins[at],
        (None, Some((error, mimic))) => {
            let own = if request.mimic { mimic } else { error };
            ((own as f64 * request.scale[at]).round() as usize).max(1)
        }
        _ => return Err(few()),
    };
    if bins > 1_000_000 {
        return Err(StataError::new(198, "too many bins"));
    }
    let edges = side.edges(request.spacing, bins);
    let bin_of = side.bin_of(&edges);
    let means = side.means(&edges, &bin_of);
    let within = weights.iter().filter(|w| **w > 0.0).count();
    let scale = if request.bins.is_some() { 1.0 } else { request.scale[at] };
    Ok(Half { side, rows, bins: means, bin_of, edges, coefficients, bandwidth, within, scale, choices })
}

/// Half the width of the interval of a bin's mean.
pub(super) fn margin(bin: &Bin, level: f64) -> f64 {
    bin.se * t_inverse_tail(bin.count as f64 - 1.0, (1.0 - level / 100.0) / 2.0)
}

/// Value of the polynomial.
pub(super) fn height(half: &Half, x: f64) -> f64 {
    let z = x - half.side.cutoff;
    half.coefficients.iter().rev().fold(0.0, |sum, b| sum * z + b)
}

/// The variables of `genvars`.
fn variables(s: &mut Session, request: &Request, halves: &[Half; 2]) -> Result<()> {
    let level = request.interval.unwrap_or(95.0);
    type Value = fn(&Half, &Bin, f64, f64) -> f64;
    let columns: [(&str, Value); 10] = [
        ("N", |_, bin, _, _| bin.count as f64),
        ("min_bin", |_, bin, _, _| bin.ends.0),
        ("max_bin", |_, bin, _, _| bin.ends.1),
        ("mean_bin", |_, bin, _, _| 0.5 * (bin.ends.0 + bin.ends.1)),
        ("mean_x", |_, bin, _, _| bin.x),
        ("mean_y", |_, bin, _, _| bin.y),
        ("se_y", |_, bin, _, _| bin.se),
        ("ci_l", |_, bin, _, level| bin.y - margin(bin, level)),
        ("ci_r", |_, bin, _, level| bin.y + margin(bin, level)),
        ("hat_y", |half, _, x, _| height(half, x)),
    ];
    let n = s.frame.n_rows();
    let mut id = vec![MISSING; n];
    for (half, sign) in halves.iter().zip([-1.0, 1.0]) {
        for (row, bin) in half.rows.iter().zip(&half.bin_of) {
            // Bins are counted from the cutoff, those on the left with negative numbers.
            let place = if sign < 0.0 { half.bins.len() - bin } else { bin + 1 };
            id[*row] = sign * place as f64;
        }
    }
    s.frame.add(Variable::new("rdplot_id", Column::Double(id)))?;
    for (name, value) in columns {
        let mut cells = vec![MISSING; n];
        for half in halves {
            for ((row, bin), x) in half.rows.iter().zip(&half.bin_of).zip(&half.side.x) {
                cells[*row] = stata(value(half, &half.bins[*bin], *x, level));
            }
        }
        s.frame.add(Variable::new(&format!("rdplot_{name}"), Column::Double(cells)))?;
    }
    Ok(())
}
