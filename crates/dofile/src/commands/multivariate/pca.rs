//! `pca`, `factor` and what is asked of their results: `predict` of scores, `estat kmo`, `estat loadings`,
//! `rotate`, `screeplot`, `loadingplot`. Formulas: [MV] pca, [MV] factor, [MV] rotate; numbers: `estimators::components`.

use super::super::estimation::estat::Call;
use super::super::estimation::predict::{Prediction, add, new_names};
use super::super::graphics::plain::{Plain, show as draw};
use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::model::kernel_weight;
use crate::estimation::post::kernel;
use crate::estimators::components::{
    Factoring, correlation, covariance, factors, principal, sampling_adequacy, varimax,
};
use crate::estimators::matrix::Mat;
use crate::estimators::ols::Weights;
use crate::format;
use crate::graph::{RefLine, Series, Shape, Style, TextMark};
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::{OptSpec, split_options};
use crate::syntax::split::{ParsedCommand, WeightKind as Kind};
use crate::value::MISSING;

const PCA_SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("COMponents"),
    OptSpec::int("FActors"),
    OptSpec::real("MINEigen"),
    OptSpec::flag("CORrelation"),
    OptSpec::flag("COVariance"),
    OptSpec::flag("MEans"),
])
.weights(&[Kind::Analytic, Kind::Frequency])
.unsupported(&["BLanks", "vce", "LEVel", "NOROtated", "TOL", "IGnore"]);

const FACTOR_SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("FActors"),
    OptSpec::real("MINEigen"),
    OptSpec::flag("pf"),
    OptSpec::flag("pcf"),
    OptSpec::flag("ipf"),
])
.weights(&[Kind::Analytic, Kind::Frequency])
.unsupported(&["ml", "BLanks", "ALTdivisor", "NOROtated", "CITerate", "PROtect", "SEED"]);

const ROTATE_SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("VARImax"),
    OptSpec::flag("NORMalize"),
    OptSpec::flag("KAIser"),
    OptSpec::flag("noNORMalize"),
    OptSpec::flag("ORTHogonal"),
    OptSpec::flag_or_text("PROMAX"),
    OptSpec::flag("clear"),
])
.unsupported(&["OBLImin", "QUARTimax", "OBLIQue", "QUARTIMIN", "BLanks", "FACtors", "COMponents"]);

/// `pca`.
pub const SPEC: CommandSpec = CommandSpec {
    name: "pca",
    min: 3,
    form: Form::Standard(&PCA_SYNTAX),
    by: ByRule::No,
    run: pca,
    syntax: "pca varlist [if] [in] [weight] [, components(#) mineigen(#) covariance means]",
    notes: "stores e(N f rho trace), e(L) e(Ev) e(Psi) e(C) e(means) e(sds); eigenvectors have unit length and a positive sum; [MV] pca",
    examples: &[Example {
        // two variables with correlation r have eigenvalues 1 + r and 1 - r
        run: "set obs 4\ngenerate x = _n\ngenerate y = cond(_n==4, 3, cond(_n==3, 4, _n))\npca x y\nmatrix v = e(Ev)",
        expect: &[("el(v,1,1)", 1.8), ("el(v,1,2)", 0.2), ("el(e(L),1,1)", std::f64::consts::FRAC_1_SQRT_2)],
    }],
};

/// `factor`.
pub const SPEC_FACTOR: CommandSpec = CommandSpec {
    name: "factor",
    min: 3,
    form: Form::Standard(&FACTOR_SYNTAX),
    by: ByRule::No,
    run: factor,
    syntax: "factor varlist [if] [in] [weight] [, factors(#) mineigen(#) pf pcf ipf]",
    notes: "stores e(N f), e(L) e(Ev) e(Psi) e(C) e(means) e(sds); after rotate e(r_L) e(r_T); [MV] factor",
    examples: &[],
};

/// `rotate`.
pub const SPEC_ROTATE: CommandSpec = CommandSpec {
    name: "rotate",
    min: 3,
    form: Form::Standard(&ROTATE_SYNTAX),
    by: ByRule::No,
    run: rotate,
    syntax: "rotate [, varimax normalize orthogonal clear]",
    notes: "varimax of the loadings of pca or factor; stores e(r_L) e(r_T) e(r_criterion); [MV] rotate",
    examples: &[],
};

/// `screeplot`.
pub const SPEC_SCREEPLOT: CommandSpec = CommandSpec {
    name: "screeplot",
    min: 9,
    form: Form::Raw,
    by: ByRule::No,
    run: screeplot,
    syntax: "screeplot [, mean twoway_options]",
    notes: "eigenvalues of the last pca or factor; [MV] screeplot",
    examples: &[],
};

/// `loadingplot`.
pub const SPEC_LOADINGPLOT: CommandSpec = CommandSpec {
    name: "loadingplot",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: loadingplot,
    syntax: "loadingplot [, twoway_options]",
    notes: "loadings on the first two components or factors; [MV] scoreplot",
    examples: &[],
};

/// The sample of a multivariate command.
struct Sample {
    names: Vec<String>,
    touse: Vec<bool>,
    n: f64,
    means: Vec<f64>,
    covariance: Mat,
    weight_text: Option<(String, String)>,
}

fn sample(session: &Session, cmd: &ParsedCommand) -> Result<Sample> {
    let variables = session.varlist(&cmd.list)?;
    match variables.len() {
        0 => return Err(StataError::standard(100)),
        1 => return Err(StataError::standard(102)),
        _ => {}
    }
    if variables.iter().any(|v| session.frame.var(*v).is_string()) {
        return Err(StataError::new(109, "string variables not allowed in varlist"));
    }
    let mut touse = session.rows(cmd)?;
    session.markout(&variables, &mut touse, false)?;
    let found = session.weights(cmd, Kind::Analytic, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let weights = found.as_ref().map(|w| {
        let values = rows.iter().map(|r| w.values[*r]).collect();
        Weights { kind: kernel_weight(w.kind), values }.effective()
    });
    let n = weights.as_ref().map_or(rows.len() as f64, |w| w.1);
    if n < 2.0 {
        return Err(StataError::new(2001, "insufficient observations"));
    }
    let columns: Vec<Vec<f64>> =
        variables.iter().map(|v| rows.iter().map(|r| session.frame.num_at(*v, *r)).collect()).collect();
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let (means, covariance) = covariance(&slices, weights.as_ref().map(|w| w.0.as_slice()));
    let names: Vec<String> = variables.iter().map(|v| session.frame.var(*v).name.clone()).collect();
    if let Some(flat) = (0..names.len()).find(|i| covariance[(*i, *i)] <= 0.0) {
        return Err(StataError::new(459, format!("{} has zero variance", names[flat])));
    }
    Ok(Sample {
        names,
        touse,
        n,
        means,
        covariance,
        weight_text: found.map(|w| (w.kind.name().to_string(), w.exp)),
    })
}

fn columns_named(prefix: &str, count: usize) -> Vec<Stripe> {
    (1..=count).map(|j| Stripe::term(format!("{prefix}{j}"))).collect()
}

fn named(m: &Mat, rows: Vec<Stripe>, cols: Vec<Stripe>) -> Matrix {
    let mut out = Matrix::new(m.rows(), m.cols(), m.data().to_vec());
    out.row_names = rows;
    out.col_names = cols;
    out
}

fn row_named(values: Vec<f64>, cols: Vec<Stripe>) -> Matrix {
    let mut out = Matrix::new(1, values.len(), values);
    out.col_names = cols;
    out
}

/// What `pca` and `factor` store alike.
#[allow(clippy::too_many_arguments)]
fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    data: Sample,
    matrix: &Mat,
    loadings: &Mat,
    ev: &[f64],
    psi: &[f64],
    prefix: &str,
) {
    let variables: Vec<Stripe> = data.names.iter().map(Stripe::term).collect();
    let retained = columns_named(prefix, loadings.cols());
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("L", named(loadings, variables.clone(), retained));
    r.matrix("Ev", row_named(ev.to_vec(), columns_named(prefix, ev.len())));
    r.matrix("Psi", row_named(psi.to_vec(), variables.clone()));
    r.matrix("C", named(matrix, variables.clone(), variables.clone()));
    let sds = data.covariance.diagonal().iter().map(|v| v.sqrt()).collect();
    r.matrix("means", row_named(data.means.clone(), variables.clone()));
    r.matrix("sds", row_named(sds, variables));
    r.scalar("N", data.n).scalar("f", loadings.cols() as f64);
    r.text("cmd", &cmd.name).text("cmdline", crate::estimation::post::command_line(cmd));
    r.text("varlist", data.names.join(" "));
    if let Some((kind, expression)) = &data.weight_text {
        r.text("wtype", kind).text("wexp", expression);
    }
    session.post_estimation(est, data.touse);
}

fn retained(cmd: &ParsedCommand, values: &[f64], least: f64, most: Option<i64>) -> Result<usize> {
    let most = match most {
        None => values.len(),
        Some(m) if m >= 1 => (m as usize).min(values.len()),
        Some(_) => return Err(StataError::new(198, "the number of components must be positive")),
    };
    let least = cmd.options.real("mineigen").unwrap_or(least);
    Ok(values.iter().take(most).filter(|v| **v >= least).count())
}

fn pca(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "pca" {
        return show_pca(session);
    }
    let covariance_asked = cmd.has("covariance");
    if covariance_asked && cmd.has("correlation") {
        return Err(StataError::invalid("options correlation and covariance may not be combined"));
    }
    let data = sample(session, cmd)?;
    let matrix = if covariance_asked { data.covariance.clone() } else { correlation(&data.covariance) };
    let (values, vectors) = principal(&matrix);
    let asked = cmd.options.int("components").or(cmd.options.int("factors"));
    let f = retained(cmd, &values, 1e-5, asked)?;
    let k = values.len();
    let all: Vec<usize> = (0..k).collect();
    let kept: Vec<usize> = (0..f).collect();
    let loadings = vectors.select(&all, &kept);
    let psi: Vec<f64> = (0..k)
        .map(|i| {
            let explained: f64 = (0..f).map(|j| values[j] * loadings[(i, j)].powi(2)).sum();
            let left = matrix[(i, i)] - explained;
            if left.abs() < 1e-12 * matrix[(i, i)] { 0.0 } else { left }
        })
        .collect();
    let trace: f64 = matrix.diagonal().iter().sum();
    let rho = values[..f].iter().sum::<f64>() / trace;
    if cmd.has("means") {
        session.print("");
        session.print("Summary statistics of the variables");
        session.print("");
        session.print("    Variable |      Mean  Std. dev.");
        session.print("-------------+---------------------");
        for (i, name) in data.names.iter().enumerate() {
            session.print(format!(
                "{:>12} | {} {}",
                format::abbrev(name, 12),
                format::number("%9.0g", data.means[i]),
                format::number("%9.0g", data.covariance[(i, i)].sqrt())
            ));
        }
    }
    post(session, cmd, data, &matrix, &loadings, &values, &psi, "Comp");
    let r = &mut session.e.results;
    r.scalar("trace", trace).scalar("rho", rho);
    r.text("Ctype", if covariance_asked { "covariance" } else { "correlation" });
    r.text("title", "Principal components").text("predict", "pca_p");
    show_pca(session)
}

fn scalar(session: &Session, name: &str) -> f64 {
    session.e.results.get_scalar(name).unwrap_or(MISSING)
}

fn matrix_of(session: &Session, name: &str) -> Result<Matrix> {
    let found = session.e.results.matrices.get(name).cloned();
    found.ok_or_else(|| StataError::new(301, "last estimates not found; pca or factor has to be run first"))
}

fn show_pca(session: &mut Session) -> Result<()> {
    let kind = session.e.results.get_text("Ctype").unwrap_or("correlation").to_string();
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Number of comp.", "%10.0fc", scalar(session, "f")),
        Fact::new("Trace", "%9.0g", scalar(session, "trace")),
        Fact::new("Rho", "%6.4f", scalar(session, "rho")),
    ];
    let left = [
        format!("Principal components/{kind}"),
        String::new(),
        String::new(),
        "    Rotation: (unrotated = principal)".to_string(),
    ];
    session.print("");
    show_header(session, &left, &facts, 17, 10);
    eigenvalues(session, "Component", scalar(session, "trace"))?;
    session.print("");
    session.print("Principal components (eigenvectors)");
    loadings(session, "L", "Unexplained")
}

fn eigenvalues(session: &mut Session, what: &str, total: f64) -> Result<()> {
    let values = matrix_of(session, "Ev")?;
    session.print("");
    session.print(format!("    {}", "-".repeat(74)));
    session.print(format!("    {what:>12} |   Eigenvalue   Difference         Proportion   Cumulative"));
    session.print(format!("    -------------+{}", "-".repeat(60)));
    let mut sum = 0.0;
    for j in 0..values.cols() {
        let value = values.get(0, j);
        sum += value / total;
        let next = if j + 1 < values.cols() { value - values.get(0, j + 1) } else { MISSING };
        let cell = |fmt: &str, x: f64, width: usize| format::right(&format::bare(fmt, x), width);
        session.print(format!(
            "    {:>12} |{}{}{}{}",
            values.col_names[j].name,
            cell("%9.0g", value, 13),
            cell("%9.0g", next, 13),
            cell("%9.4f", value / total, 19),
            cell("%9.4f", sum, 13)
        ));
    }
    session.print(format!("    {}", "-".repeat(74)));
    Ok(())
}

fn loadings(session: &mut Session, name: &str, last: &str) -> Result<()> {
    let l = matrix_of(session, name)?;
    let psi = matrix_of(session, "Psi")?;
    for first in (0..l.cols()).step_by(6) {
        let cols: Vec<usize> = (first..l.cols().min(first + 6)).collect();
        let width = cols.len() * 10;
        let tail = first + 6 >= l.cols();
        let mut heading = format!("    {:>12} |", "Variable");
        for j in &cols {
            heading.push_str(&format::right(&l.col_names[*j].name, 10));
        }
        session.print("");
        session.print(format!("    {}", "-".repeat(14 + width + if tail { 14 } else { 1 })));
        session.print(if tail { format!("{heading} | {last} ") } else { heading });
        let rule = if tail { format!("-+{}", "-".repeat(13)) } else { "-".to_string() };
        session.print(format!("    -------------+{}{rule}", "-".repeat(width)));
        for i in 0..l.rows() {
            let mut line = format!("    {:>12} |", format::abbrev(&l.row_names[i].name, 12));
            for j in &cols {
                line.push_str(&format::right(&format::bare("%7.4f", l.get(i, *j)), 10));
            }
            if tail {
                line.push_str(&format!(" |{}", format::right(&format::bare("%9.4g", psi.get(0, i)), 12)));
            }
            session.print(line);
        }
        session.print(format!("    {}", "-".repeat(14 + width + if tail { 14 } else { 1 })));
    }
    Ok(())
}

fn factor(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "factor" {
        return show_factor(session);
    }
    let asked = ["pf", "pcf", "ipf"].into_iter().filter(|o| cmd.has(o)).collect::<Vec<_>>();
    let (method, least, title) = match asked[..] {
        [] | ["pf"] => (Factoring::Principal, 5e-6, "principal factors"),
        ["pcf"] => (Factoring::Components, 1.0, "principal-component factors"),
        ["ipf"] => (Factoring::Iterated, 5e-6, "iterated principal factors"),
        _ => return Err(StataError::invalid("only one of pf, pcf and ipf may be specified")),
    };
    let data = sample(session, cmd)?;
    let r = correlation(&data.covariance);
    let most = cmd.options.int("factors").unwrap_or(i64::MAX);
    if most < 1 {
        return Err(StataError::new(198, "factors() must be positive"));
    }
    let most = (most as usize).min(data.names.len());
    let least = cmd.options.real("mineigen").unwrap_or(least);
    let fit = factors(&r, method, most, least)
        .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
    if fit.loadings.cols() == 0 {
        return Err(StataError::new(498, "no factors with an eigenvalue above mineigen()"));
    }
    if fit.uniqueness.iter().any(|u| *u < 0.0) {
        session.print("note: a uniqueness is negative (Heywood case).");
    }
    post(session, cmd, data, &r, &fit.loadings, &fit.values, &fit.uniqueness, "Factor");
    let e = &mut session.e.results;
    e.text("mtitle", title)
        .text("title", "Factor analysis")
        .text("predict", "factor_p")
        .text("Ctype", "correlation");
    e.text("method", asked.first().copied().unwrap_or("pf"));
    show_factor(session)
}

fn show_factor(session: &mut Session) -> Result<()> {
    let title = session.e.results.get_text("mtitle").unwrap_or("").to_string();
    let k = matrix_of(session, "L")?.rows() as f64;
    let f = scalar(session, "f");
    let facts = [
        Fact::observations(scalar(session, "N")),
        Fact::new("Retained factors", "%10.0fc", f),
        Fact::new("Number of params", "%10.0fc", f * k - f * (f - 1.0) / 2.0),
    ];
    let left = [
        "Factor analysis/correlation".to_string(),
        format!("    Method: {title}"),
        "    Rotation: (unrotated)".to_string(),
    ];
    session.print("");
    show_header(session, &left, &facts, 18, 10);
    let values = matrix_of(session, "Ev")?;
    let total: f64 = values.values().iter().sum();
    eigenvalues(session, "Factor", total)?;
    session.print("");
    session.print("Factor loadings (pattern matrix) and unique variances");
    loadings(session, "L", "Uniqueness")
}

fn rotate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !matches!(session.e.cmd(), "pca" | "factor") {
        return Err(StataError::new(301, "last estimates not found; pca or factor has to be run first"));
    }
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    if cmd.has("promax") {
        return Err(StataError::unsupported_option("rotate", "promax"));
    }
    if cmd.has("clear") {
        for name in ["r_L", "r_T"] {
            session.e.results.matrices.remove(name);
        }
        return Ok(());
    }
    let l = matrix_of(session, "L")?;
    let kaiser = cmd.has("normalize") || cmd.has("kaiser");
    let (mut rotated, mut rotation) = varimax(&kernel(&l), kaiser);
    // columns in the order of the variance that they explain, with positive sums
    let variance = |j: usize| (0..l.rows()).map(|i| rotated[(i, j)].powi(2)).sum::<f64>();
    let mut order: Vec<usize> = (0..l.cols()).collect();
    order.sort_by(|a, b| variance(*b).total_cmp(&variance(*a)));
    let rows: Vec<usize> = (0..l.rows()).collect();
    let square: Vec<usize> = (0..l.cols()).collect();
    rotated = rotated.select(&rows, &order);
    rotation = rotation.select(&square, &order);
    for j in 0..l.cols() {
        if (0..l.rows()).map(|i| rotated[(i, j)]).sum::<f64>() < 0.0 {
            (0..l.rows()).for_each(|i| rotated[(i, j)] = -rotated[(i, j)]);
            (0..l.cols()).for_each(|i| rotation[(i, j)] = -rotation[(i, j)]);
        }
    }
    let explained: Vec<f64> =
        (0..l.cols()).map(|j| (0..l.rows()).map(|i| rotated[(i, j)].powi(2)).sum()).collect();
    let e = &mut session.e.results;
    e.matrix("r_L", named(&rotated, l.row_names.clone(), l.col_names.clone()));
    e.matrix("r_T", named(&rotation, l.col_names.clone(), l.col_names.clone()));
    e.matrix("r_Ev", row_named(explained, l.col_names.clone()));
    e.text("r_criterion", "varimax");
    session.print("");
    let off = if kaiser { "on" } else { "off" };
    session.print(format!("    Rotation: orthogonal varimax (Kaiser {off})"));
    session.print("");
    session.print("Rotated loadings (pattern matrix) and unique variances");
    loadings(session, "r_L", if session.e.cmd() == "pca" { "Unexplained" } else { "Uniqueness" })?;
    session.print("");
    session.print("Rotation matrix");
    let shown = matrix_of(session, "r_T")?;
    for i in 0..shown.rows() {
        let cells: String =
            (0..shown.cols()).map(|j| format::right(&format::bare("%7.4f", shown.get(i, j)), 10)).collect();
        session.print(format!("    {:>12} |{cells}", shown.row_names[i].name));
    }
    Ok(())
}

/// Options of `predict` after `pca` and `factor`.
pub const PREDICT: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("SCore"),
    OptSpec::flag("REGression"),
    OptSpec::flag("NOROTated"),
    OptSpec::flag("noTABle"),
])
.unsupported(&["FIT", "RESidual", "Q", "BARtlett", "CENter", "NORM"]);

/// Scores: standardised (or centred) variables times loadings, or regression scores of factors.
pub fn predict(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (kind, names) = new_names(session, cmd)?;
    let rotated = session.e.results.matrices.get("r_L").is_some() && !cmd.has("norotated");
    let l = kernel(&matrix_of(session, if rotated { "r_L" } else { "L" })?);
    let is_factor = session.e.cmd() == "factor";
    let weights = if is_factor {
        let inverse = kernel(&matrix_of(session, "C")?)
            .inverse_definite()
            .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
        inverse.times(&l)
    } else {
        l
    };
    let names: Vec<String> = match &names[..] {
        [(stub, true)] => (1..=weights.cols()).map(|j| format!("{stub}{j}")).collect(),
        all => all.iter().map(|n| n.0.clone()).collect(),
    };
    if names.len() > weights.cols() {
        return Err(StataError::standard(103));
    }
    if !cmd.has("score") && !cmd.has("regression") {
        let text =
            if is_factor { "(option regression assumed; regression scoring)" } else { "(score assumed)" };
        session.print(text);
    }
    let means = matrix_of(session, "means")?;
    let sds = matrix_of(session, "sds")?;
    let standard = session.e.results.get_text("Ctype") != Some("covariance");
    let variables: Vec<usize> =
        means.col_names.iter().map(|s| session.frame.position(&s.name)).collect::<Result<_>>()?;
    let mut touse = session.rows(cmd)?;
    session.markout(&variables, &mut touse, false)?;
    let chosen = session.rows(cmd)?;
    let rows: Vec<usize> = (0..chosen.len()).filter(|i| chosen[*i]).collect();
    let mut table = Vec::new();
    for (j, name) in names.iter().enumerate() {
        let values = rows
            .iter()
            .map(|r| {
                if !touse[*r] {
                    return MISSING;
                }
                variables
                    .iter()
                    .enumerate()
                    .map(|(i, v)| {
                        let scale = if standard { sds.get(0, i) } else { 1.0 };
                        weights[(i, j)] * (session.frame.num_at(*v, *r) - means.get(0, i)) / scale
                    })
                    .sum()
            })
            .collect();
        let what = if is_factor { "Scores for factor" } else { "Scores for component" };
        add(session, name, kind, &rows, Prediction { values, label: format!("{what} {}", j + 1) })?;
        table.push(name.clone());
    }
    if !cmd.has("notable") {
        session.print("");
        session.print("Scoring coefficients");
        for (i, stripe) in means.col_names.iter().enumerate() {
            let cells: String = (0..names.len())
                .map(|j| format::right(&format::bare("%7.4f", weights[(i, j)]), 10))
                .collect();
            session.print(format!("    {:>12} |{cells}", format::abbrev(&stripe.name, 12)));
        }
    }
    let mut results = Results::default();
    let columns = names.iter().map(Stripe::term).collect();
    let kept: Vec<usize> = (0..names.len()).collect();
    let all: Vec<usize> = (0..weights.rows()).collect();
    results.matrix("scoef", named(&weights.select(&all, &kept), means.col_names.clone(), columns));
    session.r = results;
    Ok(())
}

/// `estat kmo`.
pub fn kmo(session: &mut Session, call: &Call) -> Result<()> {
    call.bare()?;
    let c = matrix_of(session, "C")?;
    let r = correlation(&kernel(&c));
    let (overall, each) = sampling_adequacy(&r)
        .ok_or_else(|| StataError::new(506, "correlation matrix not positive definite"))?;
    session.print("");
    session.print("Kaiser–Meyer–Olkin measure of sampling adequacy");
    session.print("");
    session.print("    -----------------------");
    session.print("        Variable |     kmo ");
    session.print("    -------------+---------");
    for (stripe, value) in c.col_names.iter().zip(&each) {
        session.print(format!(
            "    {:>12} |{:>8} ",
            format::abbrev(&stripe.name, 12),
            format::bare("%6.4f", *value)
        ));
    }
    session.print("    -------------+---------");
    session.print(format!("    {:>12} |{:>8} ", "Overall", format::bare("%6.4f", overall)));
    session.print("    -----------------------");
    let mut results = Results::default();
    results.scalar("kmo", overall).matrix("kmow", row_named(each, c.col_names.clone()));
    session.r = results;
    Ok(())
}

fn screeplot(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("screeplot", &cmd.raw, false)?;
    let values = matrix_of(session, "Ev")?;
    let mut rest = split_options(&cmd.option_text)?;
    let before = rest.len();
    rest.retain(|o| !(o.0 == "mean" && o.1.is_none()));
    let mean = values.values().iter().sum::<f64>() / values.cols() as f64;
    let points = (0..values.cols()).map(|j| ((j + 1) as f64, values.get(0, j))).collect();
    let what = if session.e.cmd() == "pca" { "Component" } else { "Factor" };
    let figure = Plain {
        series: vec![Series {
            label: String::new(),
            number: 0,
            shape: Shape::Connected { points },
            style: Style::default(),
        }],
        title: format!("Scree plot of eigenvalues after {}", session.e.cmd()),
        x_title: format!("{what} number"),
        y_title: "Eigenvalue".to_string(),
        y_lines: if rest.len() < before {
            vec![RefLine { at: mean, style: Style::default() }]
        } else {
            Vec::new()
        },
        used: Some(scalar(session, "N") as usize),
        ..Plain::default()
    };
    draw(session, figure, &rest)
}

fn loadingplot(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let cmd = ParsedCommand::split("loadingplot", &cmd.raw, false)?;
    let rotated = session.e.results.matrices.get("r_L").is_some();
    let l = matrix_of(session, if rotated { "r_L" } else { "L" })?;
    if l.cols() < 2 {
        return Err(StataError::new(498, "loadingplot needs two components or factors"));
    }
    let points: Vec<(f64, f64)> = (0..l.rows()).map(|i| (l.get(i, 0), l.get(i, 1))).collect();
    let texts = points
        .iter()
        .zip(&l.row_names)
        .map(|((x, y), name)| TextMark {
            x: *x,
            y: *y,
            text: name.name.clone(),
            clock: 12,
            color: None,
            size: None,
        })
        .collect();
    let what = if session.e.cmd() == "pca" { "Component" } else { "Factor" };
    let figure = Plain {
        series: vec![Series {
            label: String::new(),
            number: 0,
            shape: Shape::Points { points },
            style: Style::default(),
        }],
        title: format!("{what} loadings"),
        x_title: format!("{what} 1"),
        y_title: format!("{what} 2"),
        texts,
        used: Some(scalar(session, "N") as usize),
        ..Plain::default()
    };
    draw(session, figure, &split_options(&cmd.option_text)?)
}
