//! `procrustes`: the transformation that brings one set of variables nearest to another ([MV] procrustes). Numbers:
//! `estimators::scaling`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::canon::sets;
use super::shared::{matrix_of, named, row_named, scalar};
use crate::error::{Result, StataError};
use crate::estimation::post::{command_line, stata};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::matrix_tables::{Look, draw};
use crate::ops::predict::{Prediction, add, new_names};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::value::{MISSING, is_missing};
use estimators::scaling::{Freedom, Procrustes, ROUNDING};
use estimators::weights::Weights;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("TRansform"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("noRHo"),
    OptSpec::flag("FORCE"),
    OptSpec::flag("noFIt"),
])
.weights(&[WeightKind::Analytic, WeightKind::Frequency]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "procrustes",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "procrustes (varlist_y) (varlist_x) [if] [in] [aweight fweight] [, transform(orthogonal|unrestricted) noconstant norho force nofit]",
    notes: "transform(oblique) is not supported; no estat; predict: fitted, residuals, q; stores e(N rho P ss rss rmse df_m df_r), e(A c ystats) e(ylist xlist transform uniqueA); [MV] procrustes",
    examples: &[Example {
        // a square, turned by a right angle, doubled and moved
        run: "input x1 x2\n0 0\n1 0\n1 1\n0 1\nend\ngenerate y1 = 3 - 2*x2\ngenerate y2 = 1 + 2*x1\nprocrustes (y1 y2) (x1 x2)\nmatrix A = e(A)\nmatrix c = e(c)",
        expect: &[
            ("reldif(e(rho), 2) < 1e-12", 1.0),
            ("abs(A[1,2] - 1) < 1e-12", 1.0),
            ("abs(A[2,1] + 1) < 1e-12", 1.0),
            ("abs(c[1,1] - 3) < 1e-12", 1.0),
            ("abs(e(P)) < 1e-12", 1.0),
            ("e(df_m)", 4.0),
        ],
    }],
};

/// Statistics of the fit of one target variable: sums of squares, of the residuals, and the correlation with the fit.
struct Fit {
    ss: f64,
    rss: f64,
    correlation: f64,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        return if s.e.cmd() == "procrustes" {
            show(s, cmd.has("nofit"))
        } else {
            Err(StataError::no_estimates())
        };
    }
    let [target, source] = sets(s, &cmd.list)?;
    let word = cmd.options.text("transform").unwrap_or("orthogonal").trim();
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let free = match () {
        () if is("orthogonal", 2) => false,
        () if is("unrestricted", 1) => true,
        () if is("oblique", 2) => {
            return Err(StataError::unsupported_option("procrustes", "transform(oblique)"));
        }
        () => return Err(StataError::invalid(format!("transform({word}) invalid"))),
    };
    if source.iter().any(|v| target.contains(v)) && !cmd.has("force") {
        return Err(StataError::new(198, "target and source variables overlap; specify force to proceed"));
    }
    if free && cmd.has("norho") {
        return Err(StataError::option_not_allowed("norho"));
    }
    let all: Vec<usize> = target.iter().chain(&source).copied().collect();
    let mut touse = s.rows(cmd)?;
    s.markout(&all, &mut touse, false)?;
    let found = s.weights(cmd, WeightKind::Analytic, &mut touse)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let (weights, n) = match &found {
        Some(w) => {
            let values = rows.iter().map(|r| w.values[*r]).collect();
            Weights { kind: w.kind, values }.effective()
        }
        None => (vec![1.0; rows.len()], rows.len() as f64),
    };
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let columns = |set: &[usize]| -> Vec<Vec<f64>> {
        set.iter().map(|v| rows.iter().map(|r| s.frame.num_at(*v, *r)).collect()).collect()
    };
    let (y, x) = (columns(&target), columns(&source));
    let freedom = Freedom {
        unrestricted: free,
        constant: !cmd.has("noconstant"),
        dilation: !cmd.has("norho") && !free,
    };
    let found_fit = Procrustes::of(&y, &x, &weights, freedom)
        .ok_or_else(|| StataError::new(506, "source variables are collinear or constant"))?;
    let fits = fits(&y, &x, &weights, &found_fit, freedom.constant);
    let names = |set: &[usize]| -> Vec<Stripe> {
        set.iter().map(|v| Stripe::term(s.frame.var(*v).name.clone())).collect()
    };
    let names = [names(&target), names(&source)];
    let mut est = store(cmd, &found_fit, &fits, n, freedom, names);
    if let Some(w) = &found {
        est.results.text("wtype", w.kind.name()).text("wexp", &w.exp);
    }
    est.extra = Some(Arc::new(found_fit));
    s.post_estimation(est, touse);
    show(s, cmd.has("nofit"))
}

/// The results, with the names of targets and sources.
fn store(
    cmd: &ParsedCommand,
    found: &Procrustes,
    fits: &[Fit],
    n: f64,
    freedom: Freedom,
    [ys, xs]: [Vec<Stripe>; 2],
) -> Estimation {
    let list = |names: &[Stripe]| names.iter().map(|n| n.name.clone()).collect::<Vec<_>>().join(" ");
    let (ss, rss) = (fits.iter().map(|f| f.ss).sum::<f64>(), fits.iter().map(|f| f.rss).sum::<f64>());
    let df_m = degrees(ys.len(), xs.len(), freedom);
    let cells = n * ys.len() as f64;
    let df_r = cells - df_m;
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.scalar("N", n)
        .scalar("rho", found.rho)
        .scalar("P", stata(rss / ss))
        .scalar("ss", ss)
        .scalar("rss", rss);
    r.scalar("rmse", stata((rss / df_r).sqrt())).scalar("urmse", (rss / cells).sqrt());
    r.scalar("df_m", df_m).scalar("df_r", df_r);
    r.text("cmd", "procrustes").text("cmdline", command_line(cmd));
    r.text("transform", if freedom.unrestricted { "unrestricted" } else { "orthogonal" });
    r.text("ylist", list(&ys)).text("xlist", list(&xs));
    r.text("uniqueA", if found.unique { "1" } else { "0" });
    r.text("properties", "nob noV").text("estat_cmd", "procrustes_estat").text("predict", "procrustes_p");
    r.text("marginsnotok", "_ALL").text("title", "Procrustes analysis");
    r.matrix("A", named(&found.a, xs, ys.clone()));
    if freedom.constant {
        let mut c = row_named(found.c.clone(), ys.clone());
        c.row_names = vec![Stripe::term("_cons")];
        r.matrix("c", c);
    }
    r.matrix("ystats", statistics(fits, n, df_r / ys.len() as f64, ys));
    est
}

/// Parameters of the transformation: rotations and reflections have half of `k(k - 1)`.
fn degrees(targets: usize, sources: usize, freedom: Freedom) -> f64 {
    let (y, x) = (targets as f64, sources as f64);
    let turned = if freedom.unrestricted {
        x * y
    } else {
        let k = y.max(x);
        k * (k - 1.0) / 2.0
    };
    turned + if freedom.constant { y } else { 0.0 } + if freedom.dilation { 1.0 } else { 0.0 }
}

fn fits(y: &[Vec<f64>], x: &[Vec<f64>], weights: &[f64], found: &Procrustes, constant: bool) -> Vec<Fit> {
    let points = 0..weights.len();
    let fitted: Vec<Vec<f64>> =
        points.map(|i| found.fitted(&x.iter().map(|c| c[i]).collect::<Vec<f64>>())).collect();
    let total: f64 = weights.iter().sum();
    let mean = |f: &dyn Fn(usize) -> f64| (0..weights.len()).map(|i| weights[i] * f(i)).sum::<f64>() / total;
    let one = |j: usize| {
        let (a, b) = (|i: usize| y[j][i], |i: usize| fitted[i][j]);
        let (ma, mb) = (mean(&a), mean(&b));
        let centre = if constant { ma } else { 0.0 };
        let product = |f: &dyn Fn(usize) -> f64| total * mean(f);
        let ss = match product(&|i| (a(i) - centre).powi(2)) {
            // a target that does not vary
            ss if ss <= ROUNDING * product(&|i| a(i).powi(2)) => 0.0,
            ss => ss,
        };
        let rss = product(&|i| (a(i) - b(i)).powi(2));
        let across = product(&|i| (a(i) - ma) * (b(i) - mb));
        // a variable that does not vary has no correlation
        let spread = |f: &dyn Fn(usize) -> f64, m: f64| {
            let own = product(&|i| (f(i) - m).powi(2));
            if own <= ROUNDING * product(&|i| f(i).powi(2)) { f64::NAN } else { own }
        };
        Fit { ss, rss, correlation: across / (spread(&a, ma) * spread(&b, mb)).sqrt() }
    };
    (0..y.len()).map(one).collect()
}

fn statistics(fits: &[Fit], n: f64, df: f64, names: Vec<Stripe>) -> Matrix {
    let rows: [&dyn Fn(&Fit) -> f64; 5] = [
        &|f| f.ss,
        &|f| f.rss,
        &|f| (f.rss / if df > 0.0 { df } else { n }).sqrt(),
        &|f| f.rss / f.ss,
        &|f| f.correlation,
    ];
    let cells = rows.iter().flat_map(|row| fits.iter().map(move |f| stata(row(f)))).collect();
    let mut out = Matrix::new(5, fits.len(), cells);
    out.row_names = ["SS", "RSS", "RMSE", "Procrustes", "Corr_y_yhat"].map(Stripe::term).to_vec();
    out.col_names = names;
    out
}

fn show(s: &mut Session, no_fit: bool) -> Result<()> {
    let transform = s.e.results.get_text("transform").unwrap_or_default().to_string();
    let number = |name: &str, f: &str| format::bare(f, scalar(s, name));
    let right = [
        ("Number of observations", number("N", "%9.0g")),
        ("Model df (df_m)", number("df_m", "%9.0g")),
        ("Residual df (df_r)", number("df_r", "%9.0g")),
        ("SS(target)", number("ss", "%9.0g")),
        ("RSS(target)", number("rss", "%9.0g")),
        ("RMSE = root(RSS/df_r)", number("rmse", "%9.0g")),
        ("Procrustes = RSS/SS", number("P", "%9.4f")),
    ];
    s.print("");
    for (i, (name, value)) in right.iter().enumerate() {
        let left = if i == 0 { format!("Procrustes analysis ({transform})") } else { String::new() };
        s.print(format!("{left:<44} {name:<22} ={value:>10}"));
    }
    let look = |row_title: &str| Look {
        row_title: row_title.to_string(),
        border: [false, true, false, false],
        ..Look::default()
    };
    if s.e.results.matrices.get("c").is_some() {
        let c = matrix_of(s, "c")?;
        s.print("Translation c");
        s.print("");
        draw(s, &c, &look(""));
        s.print("");
    }
    let a = matrix_of(s, "A")?;
    let unrestricted = transform == "unrestricted";
    s.print(if unrestricted {
        "Transformation matrix A (unrestricted)"
    } else {
        "Rotation & reflection matrix A (orthogonal)"
    });
    s.print("");
    draw(s, &a, &Look { half: false, ..look("") });
    if !unrestricted {
        s.print("");
        s.print("Dilation factor");
        s.print("");
        s.print(format!("             rho ={:>11}", format::bare("%10.4f", scalar(s, "rho"))));
    }
    if !no_fit {
        let fit = matrix_of(s, "ystats")?;
        s.print("");
        s.print("Fit statistics by target variable");
        s.print("");
        draw(s, &fit, &Look { half: false, ..look("Statistics") });
    }
    Ok(())
}

/// Options of `predict` after `procrustes`.
pub(super) const PREDICT: StandardSyntax =
    StandardSyntax::new(&[OptSpec::flag("FITted"), OptSpec::flag("Residuals"), OptSpec::flag("q")]);

/// `predict`: fitted target variables, their residuals, or the sum of squared residuals.
pub(super) fn predict(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let found = s.e.extra.clone().and_then(|e| e.downcast::<Procrustes>().ok());
    let found = found.ok_or_else(StataError::no_estimates)?;
    let wanted: Vec<&str> = ["fitted", "residuals", "q"].into_iter().filter(|o| cmd.has(o)).collect();
    let statistic = match wanted[..] {
        [] => "fitted",
        [one] => one,
        _ => return Err(StataError::new(198, "only one statistic may be specified")),
    };
    let (kind, names) = new_names(s, cmd)?;
    let list = |name: &str| -> Result<Vec<usize>> {
        let text = s.e.results.get_text(name).unwrap_or_default().to_string();
        text.split_whitespace().map(|v| s.numeric_variable(v)).collect()
    };
    let (target, source) = (list("ylist")?, list("xlist")?);
    let width = if statistic == "q" { 1 } else { target.len() };
    let names: Vec<String> = match &names[..] {
        [(stub, true)] => (1..=width).map(|j| format!("{stub}{j}")).collect(),
        several => several.iter().map(|n| n.0.clone()).collect(),
    };
    if names.len() != width {
        return Err(StataError::standard(if names.len() < width { 102 } else { 103 }));
    }
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let mut columns = vec![Vec::with_capacity(rows.len()); width];
    for row in &rows {
        let x: Vec<f64> = source.iter().map(|v| s.frame.num_at(*v, *row)).collect();
        let y: Vec<f64> = target.iter().map(|v| s.frame.num_at(*v, *row)).collect();
        let unknown =
            x.iter().any(|v| is_missing(*v)) || statistic != "fitted" && y.iter().any(|v| is_missing(*v));
        let fitted = found.fitted(&x);
        let residuals = y.iter().zip(&fitted).map(|(y, f)| y - f);
        let cells: Vec<f64> = match statistic {
            _ if unknown => vec![MISSING; width],
            "fitted" => fitted,
            "residuals" => residuals.collect(),
            _ => vec![residuals.map(|e| e * e).sum()],
        };
        columns.iter_mut().zip(cells).for_each(|(c, x)| c.push(x));
    }
    for (j, (name, values)) in names.iter().zip(columns).enumerate() {
        let label = match statistic {
            "fitted" => format!("Fitted {}", s.frame.var(target[j]).name),
            "residuals" => format!("Residual {}", s.frame.var(target[j]).name),
            _ => "Residual sum of squares".to_string(),
        };
        add(s, name, kind, &rows, Prediction { values, label })?;
    }
    Ok(())
}
