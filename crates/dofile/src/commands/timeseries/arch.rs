//! `arch`: regressions whose error variance follows its own past, and `predict` after it.
//!
//! Stores in `e()`: N df_m ll chi2 p rank converged ic tmin tmax archi tdf shape, b, V, cmd depvar dist vce vcetype.
//! Formulas: [TS] arch; numbers: `estimators::arch`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::arima::{lag_list, order};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::likelihood::{self, label};
use crate::estimation::ml_command::{self, Look};
use crate::estimation::model::{first_word, single_column};
use crate::estimation::post::{command_line, note_omitted};
use crate::estimation::sample::Side;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::arch::{Arch, Errors, Path, Terms};
use estimators::arch_fit::Covariance;
use estimators::ml::MlFit;
use estimators::ols::{self, Request};
use estimators::wald;
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("ARCH"),
    OptSpec::text("Garch"),
    OptSpec::text("TArch"),
    OptSpec::text("EArch"),
    OptSpec::text("EGarch"),
    OptSpec::flag("ARCHM"),
    OptSpec::text("AR"),
    OptSpec::text("MA"),
    OptSpec::text("ARIMA"),
    OptSpec::text("DISTribution"),
    OptSpec::flag("noCONstant"),
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::real("Level"),
    OptSpec::flag("noLOg"),
    OptSpec::int("ITERate"),
    OptSpec::flag("noHEader"),
])
.unsupported(&[
    "SAArch",
    "AArch",
    "NArch",
    "NARCHK",
    "ABarch",
    "ATarch",
    "SDgarch",
    "Parch",
    "TParch",
    "AParch",
    "NParch",
    "NPARCHK",
    "PGarch",
    "ARCHMLags",
    "ARCHMExp",
    "HET",
    "SAVEspace",
    "CONSTraints",
    "ARCH0",
    "ARMA0",
    "CONDobs",
    "TECHnique",
    "FROM",
    "DETail",
    "DIFficult",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "arch",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "arch depvar [indepvars] [if] [in] [, arch(numlist) garch(numlist) tarch(numlist) earch(numlist) egarch(numlist) archm ar(numlist) ma(numlist) arima(p,d,q) distribution(gaussian|t [#]|ged [#]) noconstant vce(opg|oim|robust) level(#) nolog iterate(#)]",
    notes: "conditional likelihood: before the sample errors are 0, squared errors and variances the mean squared error of the regression with its ARMA terms; stores e(N ll df_m chi2 p rank converged tmin tmax), e(b), e(V) (outer products by default); predict: xb, variance, residuals; [TS] arch",
    examples: &[Example {
        // The first variance comes from the mean squared residual.
        run: "set obs 200\ngen t = _n\ntsset t\ngen y = (mod(_n*7, 11) - 5)*(1 + (mod(_n, 40) > 20))\narch y, arch(1)\npredict double v, variance\ngen double u2 = (y - [y]_b[_cons])^2\nsummarize u2",
        expect: &[("v[1] - [ARCH]_b[_cons] - [ARCH]_b[L.arch]*r(mean)", 0.0), ("e(N)", 200.0)],
    }],
};

/// State for `predict`.
pub(super) struct State {
    /// Rows of the sample in the order of time.
    pub(super) rows: Vec<usize>,
    /// Errors, variances and predictions.
    pub(super) path: Path,
}

/// What a model consists of.
struct Parts {
    terms: Terms,
    errors: Errors,
    difference: usize,
}

fn parts(cmd: &ParsedCommand) -> Result<Parts> {
    let lags = |option: &str| cmd.options.text(option).map(lag_list).transpose();
    let mut terms = Terms {
        ar: lags("ar")?.unwrap_or_default(),
        ma: lags("ma")?.unwrap_or_default(),
        in_mean: cmd.has("archm"),
        arch: lags("arch")?.unwrap_or_default(),
        garch: lags("garch")?.unwrap_or_default(),
        tarch: lags("tarch")?.unwrap_or_default(),
        earch: lags("earch")?.unwrap_or_default(),
        egarch: lags("egarch")?.unwrap_or_default(),
    };
    let mut difference = 0;
    if let Some(text) = cmd.options.text("arima") {
        let o = order(text, 3, "arima")?;
        difference = o[1];
        terms.ar = (1..=o[0]).collect();
        terms.ma = (1..=o[2]).collect();
    }
    if difference > 2 {
        return Err(StataError::new(198, "too many differences"));
    }
    if terms.exponential() && !(terms.arch.is_empty() && terms.garch.is_empty() && terms.tarch.is_empty()) {
        return Err(StataError::invalid(
            "earch() and egarch() may not be combined with other terms of the variance",
        ));
    }
    if terms.arch.is_empty() && terms.tarch.is_empty() && terms.earch.is_empty() {
        return Err(StataError::new(
            199,
            "a variance without arch(), tarch() or earch() is not supported by the open engine",
        ));
    }
    let errors = distribution(cmd.options.text("distribution").unwrap_or("gaussian"))?;
    Ok(Parts { terms, errors, difference })
}

/// The distribution that an option names, with its shape where one is given.
fn distribution(asked: &str) -> Result<Errors> {
    let invalid = || StataError::invalid(format!("option distribution() incorrectly specified: {asked}"));
    let mut words = asked.split_whitespace();
    let name = words.next().unwrap_or("gaussian");
    let shape = words.next().map(|w| w.parse::<f64>().map_err(|_| invalid())).transpose()?;
    if words.next().is_some() {
        return Err(invalid());
    }
    let above = |least: f64| shape.is_none_or(|s| s.is_finite() && s > least);
    match name {
        "t" if above(2.0) => Ok(Errors::Student(shape)),
        "ged" if above(0.0) => Ok(Errors::Generalised(shape)),
        _ if shape.is_none() && ("gaussian".starts_with(name) || "normal".starts_with(name)) => {
            Ok(Errors::Normal)
        }
        _ => Err(invalid()),
    }
}

/// The sample in the order of time.
struct Data {
    depvar: String,
    rows: Vec<usize>,
    y: Vec<f64>,
    names: Vec<String>,
    columns: Vec<Vec<f64>>,
}

fn read(session: &mut Session, cmd: &ParsedCommand, difference: usize) -> Result<Data> {
    let (first, rest) = first_word(&cmd.list);
    let operator = ["", "D.", "D2."][difference];
    let abbrev = session.settings.varabbrev;
    let outcome = FvList::parse(&session.frame, &format!("{operator}{first}"), abbrev)?;
    let plain = FvList::parse(&session.frame, rest, abbrev)?;
    let list = if difference == 0 {
        plain
    } else {
        FvList::parse(&session.frame, &format!("{operator}({rest})"), abbrev)?
    };
    let mut touse = series::timed_rows(session, cmd)?;
    outcome.markout(&session.frame, &mut touse)?;
    list.markout(&session.frame, &mut touse)?;
    let rows = series::order(session, &touse, false)?;
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let (side, omitted) = Side::build(session, &list, &touse, !cmd.has("noconstant"))?;
    note_omitted(session, &omitted);
    let (depvar, y) = single_column(&session.frame, &outcome, &touse, &rows)?;
    // the design is in the order of the data, the series in the order of time
    let place: Vec<usize> = rows.iter().map(|r| side.design.rows.partition_point(|own| own < r)).collect();
    let mut columns: Vec<Vec<f64>> =
        side.columns().into_iter().map(|c| place.iter().map(|p| c[*p]).collect()).collect();
    let mut names: Vec<String> =
        side.design.active().into_iter().map(|i| side.design.terms[i].name()).collect();
    if side.constant {
        columns.push(vec![1.0; y.len()]);
        names.push("_cons".to_string());
    }
    Ok(Data { depvar, rows, y, names, columns })
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if session.e.cmd() != "arch" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    estimate(session, cmd)?;
    show(session, cmd)?;
    likelihood::finish(&session.e)
}

/// The covariance that `vce()` names. Where the size of an error enters the likelihood its gradient jumps, and differences
/// of it are no second derivatives: there the outer product is the only one.
fn covariance(cmd: &ParsedCommand, parts: &Parts) -> Result<(Covariance, &'static str, &'static str)> {
    let asked = cmd.options.text("vce").map_or("", str::trim);
    let robust = (Covariance::Robust, "robust", "Semirobust");
    let found = match asked {
        "" if cmd.has("robust") => robust,
        "" | "opg" => (Covariance::OuterProduct, "opg", "OPG"),
        "oim" => (Covariance::Information, "oim", ""),
        _ if "robust".starts_with(asked) => robust,
        _ => return Err(StataError::unsupported_option("arch", &format!("vce({asked})"))),
    };
    let jumps = !parts.terms.earch.is_empty() || matches!(parts.errors, Errors::Generalised(_));
    if jumps && found.1 != "opg" {
        let option = format!("vce({}) with earch() or distribution(ged)", found.1);
        return Err(StataError::unsupported_option("arch", &option));
    }
    Ok(found)
}

fn estimate(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parts = parts(cmd)?;
    let kind = covariance(cmd, &parts)?;
    let data = read(session, cmd, parts.difference)?;
    let columns: Vec<&[f64]> = data.columns.iter().map(Vec::as_slice).collect();
    let regression = if columns.is_empty() {
        Vec::new()
    } else {
        let request = Request { constant: false, chosen: true, ..Request::new(&data.y, &columns) };
        ols::fit(&request).map_err(crate::estimation::display::fit_error)?.b
    };
    let model = Arch { y: &data.y, columns, terms: parts.terms.clone(), errors: parts.errors };
    if data.y.len() <= model.size() {
        return Err(StataError::insufficient_observations());
    }
    let iterations = cmd.options.int("iterate").map_or(500, |i| i.max(0) as usize);
    let failed = StataError::not_converged;
    let fit = model.maximise(&model.start(&regression), iterations, kind.0).ok_or_else(failed)?;
    if session.shows_log(|o| cmd.has(o)) {
        likelihood::print_log(session, &fit, kind.1 == "robust", cmd.options.int("iterate"));
    }
    let path = model.path(&fit.b).ok_or_else(failed)?;
    post(session, cmd, &data, &parts, &fit, (kind.1, kind.2), path)
}

fn names(data: &Data, parts: &Parts) -> Vec<Stripe> {
    let lag = |l: &usize| if *l == 1 { "L".to_string() } else { format!("L{l}") };
    // an equation is named by the variable without its operators
    let equation = data.depvar.rsplit('.').next().unwrap_or("");
    let mut out: Vec<Stripe> = data.names.iter().map(|n| Stripe::with_eq(equation, n.clone())).collect();
    let terms = &parts.terms;
    if terms.in_mean {
        out.push(Stripe::with_eq("ARCHM", "sigma2"));
    }
    let mut add = |equation: &str, lags: &[usize], kind: &str| {
        out.extend(lags.iter().map(|l| Stripe::with_eq(equation, format!("{}.{kind}", lag(l)))));
    };
    add("ARMA", &terms.ar, "ar");
    add("ARMA", &terms.ma, "ma");
    add("ARCH", &terms.arch, "arch");
    add("ARCH", &terms.garch, "garch");
    add("ARCH", &terms.tarch, "tarch");
    for l in &terms.earch {
        add("ARCH", &[*l], "earch");
        add("ARCH", &[*l], "earch_a");
    }
    add("ARCH", &terms.egarch, "egarch");
    out.push(Stripe::with_eq("ARCH", "_cons"));
    match parts.errors {
        Errors::Student(None) => out.push(Stripe::with_eq("/", "lndfm2")),
        Errors::Generalised(None) => out.push(Stripe::with_eq("/", "lnshape")),
        _ => {}
    }
    out
}

fn post(
    session: &mut Session,
    cmd: &ParsedCommand,
    data: &Data,
    parts: &Parts,
    fit: &MlFit,
    (vce, vcetype): (&str, &str),
    path: Path,
) -> Result<()> {
    let stripe = names(data, parts);
    // as after arima: slopes, ARMA terms and the variance in the mean
    let tested: Vec<usize> = (0..stripe.len())
        .filter(|i| stripe[*i].name != "_cons" && stripe[*i].eq != "ARCH" && stripe[*i].eq != "/")
        .collect();
    let test = wald::test_zero(&fit.b, &fit.v, &tested);
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.clone(), stripe.clone()));
    r.matrix("V", Matrix::square(fit.v.data().to_vec(), stripe));
    let model_test = likelihood::ModelTest { kind: "Wald", chi2: test.chi2, df: test.df as f64 };
    likelihood::store(r, fit, None, &model_test, data.y.len() as f64, 1.0);
    if test.df == 0 {
        r.scalar("chi2", MISSING);
    }
    r.text("cmd", "arch").text("cmdline", command_line(cmd)).text("depvar", &data.depvar);
    r.text(
        "title",
        if parts.terms.ar.is_empty() && parts.terms.ma.is_empty() {
            "ARCH family regression"
        } else {
            "ARCH family regression -- ARMA disturbances"
        },
    );
    r.text("predict", "arch_p").text("vce", vce).text("vcetype", vcetype);
    let last = fit.b.last().copied().unwrap_or(MISSING);
    match parts.errors {
        Errors::Normal => r.text("dist", "Gaussian"),
        Errors::Student(df) => r.text("dist", "t").scalar("tdf", df.unwrap_or(last.exp() + 2.0)),
        Errors::Generalised(shape) => r.text("dist", "GED").scalar("shape", shape.unwrap_or(last.exp())),
    };
    let (_, time) = series::declared(session)?;
    if let (Some(first), Some(last)) = (data.rows.first(), data.rows.last()) {
        let at = |row: usize| session.frame.num_at(time, row);
        let shape = session.frame.var(time).format.clone();
        r.scalar("tmin", at(*first)).scalar("tmax", at(*last));
        r.text("tmins", format::bare(&shape, at(*first))).text("tmaxs", format::bare(&shape, at(*last)));
    }
    let mut mark = vec![false; session.frame.n_rows()];
    data.rows.iter().for_each(|r| mark[*r] = true);
    est.extra = Some(Arc::new(State { rows: data.rows.clone(), path }));
    session.post_estimation(est, mark);
    Ok(())
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let scalar = |name: &str| session.e.results.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| session.e.results.get_text(name).unwrap_or("").to_string();
    let facts =
        [Fact::observations(scalar("N")), Fact::wald(session), Fact::probability("Prob > chi2", scalar("p"))];
    let left = [
        format!("Sample: {} thru {}", text("tmins"), text("tmaxs")),
        format!("Distribution: {}", text("dist")),
        format!("{} = {}", label(text("vce") == "robust"), format::number("%9.0g", scalar("ll"))),
    ];
    let title = text("title");
    let ancillary = session.e.b().map_or(0, |b| b.col_names.iter().filter(|n| n.eq == "/").count());
    if !cmd.has("noheader") {
        session.print("");
        session.print(title);
        session.print("");
        show_header(session, &left, &facts, 15, 10);
        session.print("");
    }
    ml_command::table(session, cmd, &Look { equations: true, ancillary, ..Look::default() })
}
