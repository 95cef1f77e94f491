//! The grid of penalties of `lasso2`, its knots and its information criteria. Layout: help lasso2.

use super::rlasso::Candidates;
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::rigorous_lasso::{residuals, shrink};

/// Ratio of the smallest to the largest penalty of the grid.
const RATIO: f64 = 1e-4;

/// An information criterion.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Criterion {
    /// Akaike.
    Aic,
    /// Bayes (Schwarz).
    Bic,
    /// Extended Bayes (Chen and Chen 2008).
    Ebic,
    /// Akaike, corrected for small samples.
    Aicc,
}

impl Criterion {
    /// Reads a name.
    pub(super) fn parse(text: &str) -> Result<Self> {
        match text.trim().to_ascii_lowercase().as_str() {
            "aic" => Ok(Self::Aic),
            "bic" => Ok(Self::Bic),
            "ebic" => Ok(Self::Ebic),
            "aicc" => Ok(Self::Aicc),
            other => Err(StataError::invalid(format!("{other} invalid: aic, bic, ebic or aicc"))),
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Aic => "AIC",
            Self::Bic => "BIC",
            Self::Ebic => "EBIC",
            Self::Aicc => "AICc",
        }
    }

    /// The criterion of `s` coefficients, the constant included, of `p` candidates.
    fn value(self, knot: &Point, n: f64, p: f64) -> f64 {
        let (fit, s) = (n * (knot.rss / n).ln(), knot.size as f64);
        match self {
            Self::Aic => fit + 2.0 * s,
            Self::Bic => fit + s * n.ln(),
            Self::Ebic => fit + s * (n.ln() + 2.0 * p.ln()),
            Self::Aicc => fit + 2.0 * s * n / (n - s),
        }
    }
}

/// A point of the grid.
pub(super) struct Point {
    lambda: f64,
    slopes: Vec<f64>,
    rss: f64,
    /// Sum of squares of the fitted values over that of the outcome.
    explained: f64,
    /// Number of coefficients, the constant included.
    size: usize,
}

/// The grid with the rows and candidates that it was computed from.
pub(super) struct Path {
    points: Vec<Point>,
    rows: f64,
    candidates: f64,
}

/// Computes the grid.
pub(super) fn path(of: &Candidates, alpha: f64, count: i64) -> Result<Path> {
    if count < 2 {
        return Err(StataError::invalid("option lcount() must be at least 2"));
    }
    if of.x.len() >= of.y.len() {
        return Err(StataError::unsupported_option(
            "lasso2",
            "a grid with as many regressors as observations; add lambda()",
        ));
    }
    if alpha == 0.0 {
        return Err(StataError::unsupported_option("lasso2", "a grid with alpha(0); add lambda()"));
    }
    let sizes = of.sizes();
    let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let largest =
        of.x.iter()
            .zip(&sizes)
            .filter(|(_, s)| **s > 0.0)
            .map(|(c, s)| 2.0 * dot(c, &of.y).abs() / s / alpha)
            .fold(0.0, f64::max);
    let total = dot(&of.y, &of.y);
    let points = (0..count)
        .map(|i| {
            let lambda = largest * RATIO.powf(i as f64 / (count - 1) as f64);
            // the largest penalty is where the first slope is just zero
            let slopes =
                if i == 0 { vec![0.0; of.x.len()] } else { shrink(&of.y, &of.x, lambda, &sizes, alpha) };
            let left = residuals(&of.y, &of.x, &slopes);
            let fitted: Vec<f64> = of.y.iter().zip(&left).map(|(y, e)| y - e).collect();
            let size = 1 + slopes.iter().filter(|b| **b != 0.0).count();
            Point { lambda, rss: dot(&left, &left), explained: dot(&fitted, &fitted) / total, size, slopes }
        })
        .collect();
    Ok(Path { points, rows: of.y.len() as f64, candidates: of.x.len() as f64 })
}

impl Path {
    fn best(&self, criterion: Criterion) -> &Point {
        let value = |p: &Point| criterion.value(p, self.rows, self.candidates);
        self.points
            .iter()
            .filter(|p| value(p).is_finite())
            .min_by(|a, b| value(a).total_cmp(&value(b)))
            .unwrap_or(&self.points[0])
    }
}

/// The penalty with the smallest criterion, which is shown.
pub(super) fn best(s: &mut Session, path: &Path, criterion: Criterion) -> f64 {
    let lambda = path.best(criterion).lambda;
    s.print("");
    s.print(format!("Use lambda={lambda} (selected by {}).", criterion.name()));
    lambda
}

/// Prints the knots and stores the grid.
pub(super) fn report(
    s: &mut Session,
    cmd: &ParsedCommand,
    of: &Candidates,
    path: &Path,
    (alpha, shown): (f64, Criterion),
) -> Result<()> {
    s.print("");
    s.print(format!(
        "  Knot|  ID     Lambda    s      L1-Norm{:>12}     R-sq   | Entered/removed",
        shown.name()
    ));
    s.print(format!("------+{}+----------------", "-".repeat(57)));
    let mut before: Option<&Point> = None;
    let mut knot = 0;
    for (i, point) in path.points.iter().enumerate() {
        let changes = changes(of, before, point);
        before = Some(point);
        if changes.is_empty() && !cmd.has("long") {
            continue;
        }
        let number = if changes.is_empty() {
            String::new()
        } else {
            knot += 1;
            knot.to_string()
        };
        let norm: f64 = point.slopes.iter().map(|b| b.abs()).sum();
        s.print(
            format!(
                "{number:>6}|{:>4}{:>11}{:>6}{:>12}{:>13}{:>9}  | {changes}",
                i + 1,
                format::bare("%10.5f", point.lambda),
                point.size,
                format::bare("%10.5f", norm),
                format::bare("%10.5f", shown.value(point, path.rows, path.candidates)),
                format::bare("%6.4f", point.explained),
            )
            .trim_end(),
        );
    }
    s.print(
        "Use 'long' option for full output. Type e.g. 'lasso2, lic(ebic)' to run the model selected by EBIC.",
    );
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.text("cmd", "lasso2").text("cmdline", command_line(cmd)).text("depvar", &of.model.depvar);
    r.text("method", if alpha == 1.0 { "lasso" } else { "elastic net" }).text("varX", of.names.join(" "));
    r.scalar("N", path.rows).scalar("p", path.candidates).scalar("alpha", alpha);
    r.scalar("lcount", path.points.len() as f64);
    for (name, criterion) in [
        ("laic", Criterion::Aic),
        ("lbic", Criterion::Bic),
        ("lebic", Criterion::Ebic),
        ("laicc", Criterion::Aicc),
    ] {
        r.scalar(name, path.best(criterion).lambda);
    }
    let lambdas: Vec<f64> = path.points.iter().map(|p| p.lambda).collect();
    r.matrix("lambdamat", Matrix::new(lambdas.len(), 1, lambdas));
    let all: Vec<f64> = path.points.iter().flat_map(|p| p.slopes.iter().copied()).collect();
    let mut betas = Matrix::new(path.points.len(), of.names.len(), all);
    betas.col_names = of.names.iter().map(Stripe::term).collect();
    r.matrix("betas", betas);
    s.post_estimation(est, of.model.touse.clone());
    Ok(())
}

/// What entered and left since the point before.
fn changes(of: &Candidates, before: Option<&Point>, now: &Point) -> String {
    let was = |j: usize| before.is_some_and(|b| b.slopes[j] != 0.0);
    let pick = |test: &dyn Fn(usize) -> bool| -> Vec<&str> {
        (0..of.names.len()).filter(|j| test(*j)).map(|j| of.names[j].as_str()).collect()
    };
    let mut added = pick(&|j| now.slopes[j] != 0.0 && !was(j));
    if before.is_none() {
        added.push("_cons");
    }
    let removed = pick(&|j| now.slopes[j] == 0.0 && was(j));
    let part = |word: &str, names: Vec<&str>| {
        if names.is_empty() { String::new() } else { format!("{word} {}.", names.join(" ")) }
    };
    format!("{} {}", part("Added", added), part("Removed", removed)).trim().to_string()
}
