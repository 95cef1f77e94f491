//! `arfima`: regressions with fractionally integrated ARMA errors, by exact maximum likelihood. [TS] arfima; numbers:
//! `estimators::arfima`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::arima::lag_list;
use super::sample_table::show_sample;
use super::series::{self, Series};
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::arfima::{Arfima, ArfimaFit};
use estimators::wald;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("AR"),
    OptSpec::text("MA"),
    OptSpec::flag("SMEMory"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("MLe"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::int("ITERate"),
])
.searched()
.unsupported(&["MPL", "CONSTraints", "FRom", "Robust"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "arfima",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "arfima depvar [indepvars] [if] [in] [, ar(numlist) ma(numlist) smemory noconstant vce(oim) level(#)]",
    notes: "after tsset, without gaps; the moving average is kept invertible; the likelihood is maximised over the dynamics with the regression and the variance solved for, and the covariance is the inverse of its second derivatives by differences of fourth order; no iteration log; stores e(N k df_m ll chi2 p s2 rank converged tmin tmax ar_max ma_max), e(b) with the equations depvar and ARFIMA and /sigma2, e(V), r(table); predict takes xb, residuals and rstandard, one step ahead in the estimation sample; [TS] arfima, Sowell (1992)",
    examples: &[
        Example {
            // Short memory without dynamics: the mean and the variance with divisor N.
            run: "set obs 5\ngenerate t = _n\ntsset t\ngenerate y = _n\narfima y, smemory",
            expect: &[
                ("[y]_b[_cons]", 3.0),
                ("_b[/sigma2]", 2.0),
                ("abs(_se[/sigma2]/(2*sqrt(2/5)) - 1) < 1e-5", 1.0),
            ],
        },
        Example {
            // Without memory every prediction is the mean.
            run: "set obs 5\ngenerate t = _n\ntsset t\ngenerate y = _n\narfima y, smemory\npredict double p\npredict double e, residuals",
            expect: &[("p[4]", 3.0), ("e[5]", 2.0)],
        },
    ],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "arfima" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    if let Some(vce) = cmd.options.text("vce").map(str::trim).filter(|v| *v != "oim") {
        return Err(StataError::unsupported_option("arfima", &format!("vce({vce})")));
    }
    let all = series::several(session, cmd, &cmd.list)?;
    let (y, x) = all.split_first().ok_or_else(|| StataError::standard(100))?;
    let lags = |option: &str| cmd.options.text(option).map_or(Ok(Vec::new()), lag_list);
    let (ar, ma) = (lags("ar")?, lags("ma")?);
    let constant = !cmd.has("noconstant");
    let ones = vec![1.0; y.values.len()];
    let x = &series::explaining(session, x, constant);
    let mut columns: Vec<&[f64]> = x.iter().map(|s| s.values.as_slice()).collect();
    columns.extend(constant.then_some(ones.as_slice()));
    let model = Arfima { y: &y.values, x: columns, ar, ma, short: cmd.has("smemory") };
    let size = model.x.len() + model.ar.len() + model.ma.len() + 2;
    if y.values.len() <= size {
        return Err(StataError::insufficient_observations());
    }
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(1) as usize);
    let fit = model.maximise(iterations).ok_or_else(StataError::not_converged)?;
    let est = results(session, cmd, &model, &fit, y, x, constant)?;
    let mut mark = vec![false; session.frame.n_rows()];
    y.rows.iter().for_each(|r| mark[*r] = true);
    session.post_estimation(est, mark);
    show(session, cmd)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// Names of the parameters.
fn names(model: &Arfima<'_>, y: &Series, x: &[&Series], constant: bool) -> Vec<Stripe> {
    let mut out: Vec<Stripe> = x.iter().map(|s| Stripe::with_eq(y.name.clone(), s.name.clone())).collect();
    out.extend(constant.then(|| Stripe::with_eq(y.name.clone(), "_cons")));
    let lag = |l: &usize| if *l == 1 { "L".to_string() } else { format!("L{l}") };
    out.extend(model.ar.iter().map(|l| Stripe::with_eq("ARFIMA", format!("{}.ar", lag(l)))));
    out.extend(model.ma.iter().map(|l| Stripe::with_eq("ARFIMA", format!("{}.ma", lag(l)))));
    out.extend((!model.short).then(|| Stripe::with_eq("ARFIMA", "d")));
    out.push(Stripe::with_eq("/", "sigma2"));
    out
}

fn results(
    session: &Session,
    cmd: &ParsedCommand,
    model: &Arfima<'_>,
    fit: &ArfimaFit,
    y: &Series,
    x: &[&Series],
    constant: bool,
) -> Result<Estimation> {
    let stripe = names(model, y, x, constant);
    let tested: Vec<usize> = (0..stripe.len() - 1).filter(|i| stripe[*i].name != "_cons").collect();
    let test = wald::test_zero(&fit.b, &fit.v, &tested);
    let mut equations: Vec<String> = stripe.iter().map(|s| s.eq.clone()).collect();
    equations.dedup();
    let list = |lags: &[usize]| lags.iter().map(usize::to_string).collect::<Vec<_>>().join(" ");
    let most = |lags: &[usize]| lags.iter().copied().max().unwrap_or(0) as f64;
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.clone(), stripe.clone()));
    r.matrix("V", Matrix::square(fit.v.data().to_vec(), stripe.clone()));
    r.text("cmd", "arfima").text("cmdline", command_line(cmd)).text("depvar", &y.name);
    let covariates: Vec<&str> = x.iter().map(|s| s.name.as_str()).collect();
    r.text("covariates", if x.is_empty() { "_NONE".to_string() } else { covariates.join(" ") });
    r.text("eqnames", equations.join(" ")).text("ar", list(&model.ar)).text("ma", list(&model.ma));
    r.text("title", "ARFIMA regression").text("predict", "arfima_p").text("method", "mle");
    r.text("vce", "oim").text("vcetype", "OIM").text("properties", "b V");
    r.scalar("N", y.values.len() as f64).scalar("ll", fit.ll).scalar("s2", fit.b[fit.b.len() - 1]);
    let size = stripe.len() as f64;
    r.scalar("k", size).scalar("rank", size).scalar("k_eq", equations.len() as f64).scalar("k_dv", 1.0);
    r.scalar("df_m", test.df as f64).scalar("chi2", if test.df == 0 { MISSING } else { test.chi2 });
    r.scalar("p", if test.df == 0 { MISSING } else { test.p(None) });
    r.scalar("ic", fit.iterations as f64).scalar("converged", f64::from(u8::from(fit.converged)));
    r.scalar("rc", if fit.converged { 0.0 } else { 430.0 });
    r.scalar("ar_max", most(&model.ar)).scalar("ma_max", most(&model.ma));
    super::var_sample::span(session, &y.rows, r)?;
    Ok(est)
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    show_sample(session, cmd, &["ARFIMA regression"])?;
    session.print("Note: The test of the variance against zero is one sided, and the two-sided");
    session.print("      confidence interval is truncated at zero.");
    Ok(())
}
