//! `xtscc`: pooled and within regressions with standard errors that allow for correlation between units and over time.
//! Hoechle (2007), Robust standard errors for panel regressions with cross-sectional dependence, Stata Journal 7; Driscoll
//! and Kraay (1998), Review of Economics and Statistics 80.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::{fit_error, level, show_active};
use crate::estimation::header::{Fact, show};
use crate::estimation::model::{Model, Reading, VceSpec, number_groups};
use crate::estimation::post::{self, Parameters, plain_stripe, stata};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};
use crate::tsset::Panel;
use crate::value::MISSING;
use estimators::distributions::f_tail;
use estimators::driscoll_kraay::meat;
use estimators::ols::{FitError, total_squares};
use estimators::panel::Units;
use estimators::qr::{self, Design};
use estimators::wald;
use estimators::weights::Weights;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("LAG"),
    OptSpec::flag("fe"),
    OptSpec::flag("POOLed"),
    OptSpec::flag("noConstant"),
    OptSpec::flag("ase"),
    OptSpec::real("Level"),
])
.weights(&[WeightKind::Analytic])
.unsupported(&["RE"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtscc",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "xtscc depvar [indepvars] [if] [in] [aweight] [, lag(#) fe|pooled noconstant ase level(#)]",
    notes: "lag() is floor(4(T/100)^(2/9)) without the option; without ase the covariance has the factor (N-1)/(N-k) T/(T-1), k slopes and constant; tests have T-1 degrees of freedom; weights without fe only; stores e(N N_g df_m df_r F lag rank), e(r2) and e(rmse) or, with fe, e(r2_w), e(method) e(groupvar) e(vcetype), e(b), e(V); Driscoll and Kraay (1998), Hoechle (2007)",
    examples: &[Example {
        // Without lags the periods are clusters, and the factors of both covariances are the same.
        run: "set obs 40\ngenerate id = 1 + mod(_n, 5)\ngenerate t = ceil(_n/5)\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nxtset id t\nregress y x, vce(cluster t)\nscalar s = _se[x]\nxtscc y x, lag(0)",
        expect: &[("_se[x]/s", 1.0), ("e(df_r)", 7.0), ("e(N_g)", 5.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() && s.e.cmd() == "xtscc" {
        return display(s, cmd);
    }
    let fixed = cmd.has("fe");
    if fixed && cmd.has("pooled") {
        return Err(StataError::invalid("options fe and pooled may not be combined"));
    }
    if fixed && cmd.has("noconstant") {
        return Err(StataError::invalid("options fe and noconstant may not be combined"));
    }
    if fixed && cmd.weight.is_some() {
        return Err(StataError::new(101, "weights with option fe are not supported by the open engine"));
    }
    let declared = Panel::of(&s.frame)?;
    let (unit, time) = declared.unit_and_time()?;
    let reading = Reading {
        vce: Some(VceSpec::Default),
        weight_kinds: &[WeightKind::Analytic],
        further: vec![unit, time],
        ..Reading::new(cmd)
    };
    let mut model = reading.model(s)?.enough()?;
    let units = Units::new(number_groups(&s.frame, unit, &model.design.rows).0);
    let (period, periods) = periods(s, &model, time, declared.delta);
    let lag = match cmd.options.int("lag") {
        Some(lag) if lag < 0 => return Err(StataError::new(198, "lag() must not be negative")),
        Some(lag) => lag as usize,
        None => (4.0 * (periods as f64 / 100.0).powf(2.0 / 9.0)).floor() as usize,
    };
    if periods < 2 {
        return Err(fit_error(FitError::Insufficient));
    }
    let fit = Fit::new(&model, fixed.then_some(&units), &period, lag)?;
    let (n, k) = (model.y.len() as f64, fit.b.len() as f64);
    let small = (n - 1.0) / (n - k) * periods as f64 / (periods as f64 - 1.0);
    let v = fit.v.clone().scaled(if cmd.has("ase") { 1.0 } else { small });
    let omitted = model.omit(&fit.omitted);
    post::note_omitted(s, &omitted);
    let parameters = Parameters::spread(plain_stripe(model.names()), &model.estimated(), &fit.b, &v);
    let mut est = post::begin("xtscc", &post::command_line(cmd), &parameters, &model);
    let slopes: Vec<usize> = (0..fit.slopes).collect();
    let test = wald::test_zero(&fit.b, &v, &slopes);
    let f = if test.df == slopes.len() && test.df > 0 { test.f() } else { f64::NAN };
    let r = &mut est.results;
    r.scalar("N", n).scalar("N_g", units.count() as f64).scalar("df_m", slopes.len() as f64);
    r.scalar("df_r", periods as f64 - 1.0).scalar("F", stata(f)).scalar("lag", lag as f64).scalar("rank", k);
    if fixed {
        r.scalar("r2_w", stata(fit.r2)).text("method", "Fixed-effects regression");
    } else {
        let method = if cmd.weight.is_some() { "Pooled WLS" } else { "Pooled OLS" };
        r.scalar("r2", stata(fit.r2))
            .scalar("rmse", stata((fit.rss / (n - k)).sqrt()))
            .text("method", method);
    }
    r.text("groupvar", s.frame.var(unit).name.as_str()).text("vcetype", "Drisc/Kraay");
    r.text("title", "Regression with Driscoll-Kraay standard errors").text("predict", "xtscc_p");
    let touse = model.touse.clone();
    s.post_estimation(est, touse);
    display(s, cmd)
}

/// Number of the period of each row, counted in time from the first one, and how many periods have rows.
fn periods(s: &Session, model: &Model, time: usize, delta: f64) -> (Vec<usize>, usize) {
    let times: Vec<f64> = model.design.rows.iter().map(|r| s.frame.num_at(time, *r)).collect();
    let first = times.iter().copied().fold(f64::INFINITY, f64::min);
    let period: Vec<usize> = times.iter().map(|t| ((t - first) / delta).round() as usize).collect();
    let mut seen = period.clone();
    seen.sort_unstable();
    seen.dedup();
    (period, seen.len())
}

/// A regression with its covariance before the factor of small samples.
struct Fit {
    b: Vec<f64>,
    v: estimators::matrix::Mat,
    omitted: Vec<usize>,
    slopes: usize,
    rss: f64,
    r2: f64,
}

impl Fit {
    /// Least squares on the columns, or on the columns without unit means (to which the overall mean is added).
    fn new(model: &Model, units: Option<&Units>, period: &[usize], lag: usize) -> Result<Self> {
        let raw = model.columns();
        let cleaned: Vec<Vec<f64>> = match units {
            Some(units) => raw.iter().map(|c| units.within(c)).collect(),
            None => raw.iter().map(|c| c.to_vec()).collect(),
        };
        let y = units.map_or_else(|| model.y.clone(), |units| units.within(&model.y));
        let columns: Vec<&[f64]> = cleaned.iter().map(Vec::as_slice).collect();
        let effective = model.weights.as_ref().map(Weights::effective);
        let weights = effective.as_ref().map(|(w, _)| w.as_slice());
        let solution = qr::solve(Design { columns: &columns, weights, constant: model.constant }, &y);
        if solution.b.len() >= y.len() {
            return Err(fit_error(FitError::Insufficient));
        }
        let fitted = if columns.is_empty() {
            vec![solution.b.first().copied().unwrap_or(0.0); y.len()]
        } else {
            qr::predict(&columns, &solution.basis.kept, model.constant, &solution.b)
        };
        let scores: Vec<f64> =
            (0..y.len()).map(|i| weights.map_or(1.0, |w| w[i]) * (y[i] - fitted[i])).collect();
        let middle = meat(&solution.basis, &columns, &scores, period, lag);
        Ok(Self {
            v: solution.root.sandwich(&middle),
            omitted: solution.basis.omitted.clone(),
            slopes: solution.basis.kept.len(),
            rss: solution.rss,
            r2: 1.0 - solution.rss / total_squares(&y, weights, model.constant),
            b: solution.b,
        })
    }
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let (f, df_m, df_r) = (scalar("F"), scalar("df_m"), scalar("df_r"));
    let p = if crate::value::is_missing(f) { MISSING } else { f_tail(df_m, df_r, f) };
    let mut facts = vec![
        Fact::observations(scalar("N")),
        Fact::new("Number of groups", "%10.0fc", scalar("N_g")),
        Fact::statistic("F", &[df_m, df_r], f),
        Fact::probability("Prob > F", p),
    ];
    match e.get_scalar("r2_w") {
        Some(r2) => facts.push(Fact::probability("within R-squared", r2)),
        None => facts.extend([
            Fact::probability("R-squared", scalar("r2")),
            Fact::new("Root MSE", "%9.4f", scalar("rmse")),
        ]),
    }
    let left = [
        text("title"),
        format!("Method: {}", text("method")),
        format!("Group variable (i): {}", text("groupvar")),
        format!("maximum lag: {}", crate::format::bare("%9.0g", scalar("lag"))),
    ];
    s.print("");
    show(s, &left, &facts, 17, 10);
    s.print("");
    show_active(s, level, None)
}
