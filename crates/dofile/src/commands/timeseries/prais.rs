//! `prais`: regression with errors of first-order autocorrelation, by Prais and Winsten or Cochrane and Orcutt.
//!
//! Stores in `e()`: N df_m df_r F r2 r2_a rmse mss rss ll rho dw dw_0 ic tol rank N_gaps, b, V, cmd depvar method
//! tranmeth rhotype vce vcetype clustvar. Formulas: [TS] prais, Methods and formulas.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, show_active};
use crate::estimation::header::{Fact, show, sums_of_squares};
use crate::estimation::likelihood::iteration;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::format;
use crate::ops::rho::rho_type;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::autocorrelation::{Rho, durbin_watson, transform};
use estimators::distributions::f_tail;
use estimators::ols::{self, OlsFit, Request};
use estimators::qr::{Design as Columns, choose_columns};
use estimators::vce::{Clusters, Vce};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("RHOtype"),
    OptSpec::flag("CORc"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("SSEsearch"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::flag("noDW"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
    OptSpec::real("TOLerance"),
    OptSpec::flag("noLOg"),
])
.unsupported(&["HASconstant", "SAVESpace"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "prais",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "prais depvar [indepvars] [if] [in] [, corc rhotype(regress|freg|tscorr|dw|theil|nagar) twostep ssesearch noconstant vce(ols|robust|cluster v|hc2|hc3) tolerance(#) level(#) nolog]",
    notes: "stores e(N df_m df_r F r2 r2_a rmse mss rss ll rho dw dw_0 ic), e(b), e(V), r(table); series without gaps, no panels; formulas: [TS] prais",
    examples: &[Example {
        // Deviations -1.5 -.5 1.5 .5: rho = .75/4.75, and the mean of y(t) - rho y(t-1) over 1 - rho is 3.125.
        run: "input t y\n1 1\n2 2\n3 4\n4 3\nend\ntsset t\nprais y, corc twostep nolog",
        expect: &[("e(rho)", 0.157_894_736_842_105_26), ("_b[_cons]", 3.125)],
    }],
};

/// The series in the order of time, with the regressors that are kept and the constant.
struct Series {
    order: Vec<usize>,
    y: Vec<f64>,
    columns: Vec<Vec<f64>>,
}

fn series(session: &Session, model: &Model, time: usize, delta: f64) -> Result<Series> {
    let at = |i: usize| session.frame.num_at(time, model.design.rows[i]);
    let mut order: Vec<usize> = (0..model.y.len()).collect();
    order.sort_by(|a, b| at(*a).total_cmp(&at(*b)));
    if order.windows(2).any(|w| (at(w[1]) - at(w[0])) / delta != 1.0) {
        return Err(StataError::new(498, "the sample may not have gaps in time"));
    }
    let pick = |values: &[f64]| order.iter().map(|i| values[*i]).collect::<Vec<f64>>();
    let mut columns: Vec<Vec<f64>> = model.columns().iter().map(|c| pick(c)).collect();
    columns.extend(model.constant.then(|| vec![1.0; order.len()]));
    Ok(Series { y: pick(&model.y), columns, order })
}

/// Regression without its own constant.
fn plain(y: &[f64], columns: &[Vec<f64>], vce: Vce<'_>) -> Result<OlsFit> {
    let views: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    ols::fit(&Request { constant: false, chosen: true, vce, ..Request::new(y, &views) }).map_err(fit_error)
}

/// How rho is found.
struct Method {
    rho: Rho,
    rho_name: &'static str,
    /// Cochrane and Orcutt: the transformation takes the first row.
    corc: bool,
    search: bool,
    two_steps: bool,
    /// Most steps.
    limit: usize,
    tolerance: f64,
}

impl Method {
    fn of(cmd: &ParsedCommand) -> Result<Self> {
        let (search, two_steps) = (cmd.has("ssesearch"), cmd.has("twostep"));
        if search && (two_steps || cmd.options.has("rhotype")) {
            return Err(StataError::invalid("ssesearch may not be combined with twostep or rhotype()"));
        }
        let limit = cmd.options.int("iterate").map_or(100, |i| i.max(1) as usize);
        let (rho, rho_name) = rho_type(cmd.options.text("rhotype"))?;
        Ok(Self {
            rho,
            rho_name,
            corc: cmd.has("corc"),
            search,
            two_steps,
            limit: if two_steps { 1 } else { limit },
            tolerance: cmd.options.real("tolerance").unwrap_or(1e-6),
        })
    }

    fn name(&self) -> &'static str {
        match (self.search, self.two_steps) {
            (true, _) => "SSE search",
            (_, true) => "twostep",
            _ => "iterated",
        }
    }
}

/// A rho, and how it was reached.
struct Found {
    rho: f64,
    steps: usize,
    /// Lines of the log.
    log: Vec<String>,
}

impl Series {
    /// Residuals of the series itself.
    fn residuals(&self, b: &[f64]) -> Vec<f64> {
        let fitted = |i: usize| self.columns.iter().zip(b).map(|(c, b)| c[i] * b).sum::<f64>();
        self.y.iter().enumerate().map(|(i, y)| y - fitted(i)).collect()
    }

    /// Outcome and regressors without the part that the row before explains.
    fn transformed(&self, rho: f64, corc: bool) -> (Vec<f64>, Vec<Vec<f64>>) {
        (transform(&self.y, rho, corc), self.columns.iter().map(|c| transform(c, rho, corc)).collect())
    }

    /// Repeats regression and estimate of rho from the coefficients of the first regression.
    fn iterate(&self, method: &Method, mut b: Vec<f64>) -> Result<Found> {
        let (mut rho, mut values) = (0.0, vec![0.0]);
        while values.len() <= method.limit {
            let next = method.rho.of_regression(&self.residuals(&b), self.columns.len());
            if !next.is_finite() || next.abs() >= 1.0 {
                return Err(StataError::new(430, "convergence not achieved: rho is outside -1 to 1"));
            }
            let (y, columns) = self.transformed(next, method.corc);
            b = plain(&y, &columns, Vce::Classical)?.b;
            values.push(next);
            let moved: f64 = next - rho;
            rho = next;
            if moved.abs() < method.tolerance {
                break;
            }
        }
        let line = |(i, rho): (usize, &f64)| format!("{}rho = {}", iteration(i), format::bare("%6.4f", *rho));
        Ok(Found { rho, steps: values.len() - 1, log: values.iter().enumerate().map(line).collect() })
    }

    fn search(&self, corc: bool) -> Result<Found> {
        let (rho, tried) = sse_search(self, corc)?;
        let line = |(i, (rho, sum)): (usize, &(f64, f64))| {
            let (rho, criterion) = (format::bare("%6.4f", *rho), format::bare("%10.0g", -sum));
            format!("{}rho = {rho}, criterion = {criterion}", iteration(i + 1))
        };
        Ok(Found { rho, steps: tried.len(), log: tried.iter().enumerate().map(line).collect() })
    }

    /// The cluster of each transformed row, numbered anew, and how many there are: one whose only row is the one that the
    /// transformation takes does not count.
    fn clusters(&self, of_row: &[u32], corc: bool) -> (Vec<u32>, usize) {
        let used: Vec<u32> = self.order.iter().skip(usize::from(corc)).map(|i| of_row[*i]).collect();
        let mut numbers = used.clone();
        numbers.sort_unstable();
        numbers.dedup();
        let own = used.iter().map(|own| numbers.partition_point(|n| n < own) as u32).collect();
        (own, numbers.len())
    }
}

/// The time variable of a declared series, and the distance of its rows.
fn declared_time(session: &Session) -> Result<(usize, f64)> {
    let declared = Panel::of(&session.frame)?;
    let time = declared.series()?;
    if declared.panel.is_some() {
        return Err(StataError::new(459, "prais is for one series; see xtpcse and xtgls for panels"));
    }
    Ok((time, declared.delta))
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && session.e.cmd() == "prais" {
        return display(session, cmd);
    }
    let method = Method::of(cmd)?;
    let (time, delta) = declared_time(session)?;
    let reading = Reading { weight_kinds: &[], further: vec![time], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    let omitted = {
        let columns = model.columns();
        choose_columns(Columns { columns: &columns, weights: None, constant: model.constant }).1
    };
    let names = model.omit(&omitted);
    post::note_omitted(session, &names);
    let series = series(session, &model, time, delta)?;
    let first = plain(&series.y, &series.columns, Vce::Classical)?;
    let dw_0 = durbin_watson(&first.residuals);
    let found = match method.search {
        true => series.search(method.corc)?,
        false => series.iterate(&method, first.b)?,
    };
    if session.shows_log(|o| cmd.has(o)) {
        session.print("");
        found.log.iter().for_each(|line| session.print(line));
    }
    let (y, columns) = series.transformed(found.rho, method.corc);
    let clusters = match (&model.vce, &model.clusters) {
        (VceSpec::Cluster(_), Some(c)) => Some(series.clusters(&c.of_row, method.corc)),
        _ => None,
    };
    let vce = match &clusters {
        Some((of_row, count)) => Vce::Cluster(Clusters::new(of_row, *count)),
        None => model.kernel_vce(),
    };
    let fit = plain(&y, &columns, vce)?;
    post_results(session, cmd, model, &fit, &y);
    let e = &mut session.e.results;
    if let Some((_, count)) = clusters {
        e.scalar("N_clust", count as f64);
    }
    e.scalar("rho", found.rho).scalar("dw_0", dw_0).scalar("dw", durbin_watson(&fit.residuals));
    e.scalar("ic", found.steps as f64).scalar("tol", method.tolerance).scalar("N_gaps", 0.0);
    e.scalar("max_ic", method.limit as f64);
    if e.get_text("vce").is_none() {
        e.text("vce", "ols");
    }
    e.text("rhotype", method.rho_name);
    e.text("tranmeth", if method.corc { "corc" } else { "prais" }).text("method", method.name());
    let title =
        if method.corc { "Cochrane-Orcutt AR(1) regression" } else { "Prais-Winsten AR(1) regression" };
    e.text("title", format!("{title} with {} estimates", method.name()));
    display(session, cmd)
}

/// The rho with the smallest sum of squared errors of the transformed regression: the best of a grid over (-1, 1), then
/// the zero of the derivative beside it, by bisection. Returns it with the values and sums on the way.
fn sse_search(series: &Series, corc: bool) -> Result<(f64, Vec<(f64, f64)>)> {
    let at = |rho: f64| -> Result<OlsFit> {
        let (y, columns) = series.transformed(rho, corc);
        plain(&y, &columns, Vce::Classical)
    };
    // The coefficients minimise the sum too, so that the derivative is that with the coefficients held.
    let rises = |fit: &OlsFit, rho: f64| {
        let e = series.residuals(&fit.b);
        let lagged: f64 = e.windows(2).map(|w| (w[1] - rho * w[0]) * w[0]).sum();
        lagged + if corc { 0.0 } else { rho * e[0] * e[0] } < 0.0
    };
    let grid: Vec<f64> = (-99..=99).map(|i| f64::from(i) / 100.0).collect();
    let values = grid.iter().map(|rho| Ok(at(*rho)?.rss)).collect::<Result<Vec<f64>>>()?;
    let best = (0..grid.len()).min_by(|a, b| values[*a].total_cmp(&values[*b])).unwrap_or(0);
    let (mut low, mut high) = ((grid[best] - 0.01).max(-0.999_999), (grid[best] + 0.01).min(0.999_999));
    let mut log = vec![(grid[best], values[best])];
    while high - low > 1e-13 && log.len() < 60 {
        let middle = f64::midpoint(low, high);
        let fit = at(middle)?;
        if rises(&fit, middle) {
            high = middle;
        } else {
            low = middle;
        }
        log.push((middle, fit.rss));
    }
    Ok((f64::midpoint(low, high), log))
}

fn post_results(session: &mut Session, cmd: &ParsedCommand, model: Model, fit: &OlsFit, y: &[f64]) {
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &fit.v);
    let mut est = post::begin("prais", &post::command_line(cmd), &parameters, &model);
    let one = f64::from(u8::from(model.constant));
    // The transformed constant counts as one: squares around the mean.
    let tss = ols::total_squares(y, None, model.constant);
    let df_m = fit.b.len() as f64 - one;
    let (mss, r2) = (tss - fit.rss, 1.0 - fit.rss / tss);
    let slopes: Vec<usize> = (0..model.columns().len()).collect();
    let f = if model.is_robust() {
        let test = estimators::wald::test_zero(&fit.b, &fit.v, &slopes);
        if test.df == slopes.len() { test.f() } else { f64::NAN }
    } else {
        (mss / df_m) / (fit.rss / fit.df_residual)
    };
    est.results
        .scalar("N", fit.n)
        .scalar("df_m", df_m)
        .scalar("df_r", fit.df_r)
        .scalar("F", stata(f))
        .scalar("r2", stata(r2))
        .scalar("r2_a", stata(1.0 - (1.0 - r2) * (fit.n - one) / fit.df_residual))
        .scalar("rmse", fit.rmse)
        .scalar("mss", mss)
        .scalar("rss", fit.rss)
        .scalar("ll", stata(fit.ll))
        .scalar("rank", fit.b.len() as f64);
    est.results.text("predict", "prais_p").text("properties", "b V");
    let touse = model.touse;
    session.post_estimation(est, touse);
}

fn display(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if crate::value::is_missing(f) { MISSING } else { f_tail(df_m, df_r, f) };
    let robust = e.get_text("vcetype").is_some();
    let mut facts = vec![
        Fact::observations(scalar("N")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
        Fact::probability("R-squared", scalar("r2")),
    ];
    let sums = sums_of_squares(scalar("mss"), scalar("rss"), df_m, scalar("N") - scalar("rank"), scalar("N"));
    if !robust {
        facts.push(Fact::probability("Adj R-squared", scalar("r2_a")));
    }
    facts.push(Fact::root_mse(scalar("rmse")));
    let title = e.get_text("title").unwrap_or("").to_string();
    let (rho, dw_0, dw) = (scalar("rho"), scalar("dw_0"), scalar("dw"));
    session.print("");
    session.print(title);
    session.print("");
    if robust {
        show(session, &["Linear regression".to_string()], &facts, 17, 10);
    } else {
        show(session, &sums, &facts, 15, 9);
    }
    session.print("");
    show_active(session, level, None)?;
    session.print(format!("         rho |  {}", format::number("%9.0g", rho)));
    session.print("-".repeat(78));
    if !cmd.has("nodw") {
        session.print(format!("Durbin–Watson statistic (original)    = {}", format::bare("%8.6f", dw_0)));
        session.print(format!("Durbin–Watson statistic (transformed) = {}", format::bare("%8.6f", dw)));
    }
    Ok(())
}
