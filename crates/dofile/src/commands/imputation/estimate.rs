//! `mi estimate`: a command on every imputation, and its estimates combined ([MI] mi estimate). Formulas:
//! `estimators::rubin`.

use super::data::{Settings, take_apart};
use super::transformations::Transformations;
use crate::error::{Result, StataError};
use crate::estimation::post::{kernel, stata};
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::{front_and_options, top_level_colon};
use crate::syntax::{OptSpec, Options, numlist};
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, f_tail};
use estimators::matrix::Mat;
use estimators::rubin::{Pooled, pool};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Nimputations"),
    OptSpec::text("Imputations"),
    OptSpec::flag("post"),
    OptSpec::flag("noSMALL"),
    OptSpec::flag("VARTable"),
    OptSpec::flag("DFTable"),
    OptSpec::real("Level"),
    OptSpec::flag("or"),
    OptSpec::flag("IRr"),
    OptSpec::flag("hr"),
    OptSpec::flag_or_text("EForm"),
    OptSpec::flag("ESAMPVARYok"),
    OptSpec::flag("CMDok"),
    OptSpec::flag("noHEADer"),
    OptSpec::flag("noTABle"),
    OptSpec::flag("noCITable"),
    OptSpec::flag("noCOEF"),
    OptSpec::flag("DOTS"),
    OptSpec::flag("noDOTS"),
];

const UNSUPPORTED: &[&str] = &[
    "UFMItest",
    "MCERRor",
    "SAVing",
    "ESTFile",
    "UPdate",
    "NOIsily",
    "TRACE",
    "ESAMPle",
    "ERROROK",
    "REVERSE",
    "COEFLegend",
    "DISPLAY",
    "noCLUSTReport",
    "SHOWEQns",
    "noCMDLEGend",
    "noLEGend",
    "noTRCOEF",
];

/// What the runs gave.
struct Runs {
    estimates: Vec<Vec<f64>>,
    covariances: Vec<Mat>,
    observations: Vec<f64>,
    residual: Vec<Option<f64>>,
    stripe: Vec<Stripe>,
    /// Values and covariances of the transformations.
    transformed: Vec<(Vec<f64>, Mat)>,
    last: Estimation,
}

pub(super) fn run(s: &mut Session, rest: &str) -> Result<()> {
    let at = top_level_colon(rest).ok_or_else(|| StataError::invalid("mi estimate is a prefix"))?;
    let (head, command) = (rest[..at].trim(), rest[at + 1..].trim().to_string());
    let (list, text) = front_and_options(head);
    let transformations = Transformations::parse(list)?;
    let options = Options::parse("mi estimate", text, OPTIONS, UNSUPPORTED)?;
    let (settings, all) = take_apart(&s.frame)?;
    let which = imputations(&options, &settings)?;
    let before = s.frame.clone();
    let active = s.e.clone();
    let runs = run_all(s, &command, &all, &which, options.has("esampvaryok"), &transformations);
    s.frame = before;
    s.e = active;
    let runs = runs?;
    let complete = complete_df(&runs, options.has("nosmall"));
    let places: Vec<usize> =
        (0..runs.stripe.len()).filter(|i| runs.covariances.iter().all(|v| v[(*i, *i)] > 0.0)).collect();
    let pooled = pool(&runs.estimates, &runs.covariances, complete);
    let mut est = posted(&command, &runs, &pooled, &places, options.has("post"));
    let moved = transformations.pooled(&runs.transformed, complete);
    transformations.store(&mut est.results, moved.as_ref());
    let touse = vec![false; s.frame.n_rows()];
    s.post_estimation(est, touse);
    show(s, &options, &runs, &pooled, &places)?;
    if let Some(moved) = &moved
        && !options.has("notable")
    {
        transformations.show(s, moved, options.real("level").unwrap_or(s.settings.level));
    }
    Ok(())
}

/// Numbers of the imputations that are used; at least two.
fn imputations(options: &Options, settings: &Settings) -> Result<Vec<usize>> {
    let which: Vec<usize> = match (options.text("imputations"), options.int("nimputations")) {
        (Some(list), _) => numlist::expand(list)?.into_iter().map(|x| x as usize).collect(),
        (None, Some(n)) => (1..=n.clamp(0, settings.m as i64 + 1) as usize).collect(),
        (None, None) => (1..=settings.m).collect(),
    };
    if which.iter().any(|m| *m == 0 || *m > settings.m) {
        return Err(StataError::invalid(format!("imputations must be between 1 and {}", settings.m)));
    }
    if which.len() < 2 {
        return Err(StataError::new(2000, "insufficient imputations: at least two are needed"));
    }
    Ok(which)
}

fn run_all(
    s: &mut Session,
    command: &str,
    all: &[crate::frame::Frame],
    which: &[usize],
    may_vary: bool,
    transformations: &Transformations,
) -> Result<Runs> {
    let mut runs: Option<Runs> = None;
    let mut sample: Option<Vec<bool>> = None;
    for m in which {
        s.frame = all[*m].clone();
        let old = s.e.sample;
        quietly(s, command)?;
        let (Some(b), Some(v)) = (s.e.b().cloned(), s.e.v().cloned()) else {
            return Err(StataError::new(301, format!("{command} does not post estimates")));
        };
        if s.e.sample == old {
            return Err(StataError::new(301, format!("{command} does not post estimates")));
        }
        let used = s.estimation_sample().map(|m| m.as_ref().clone());
        if let (Some(first), Some(used), false) = (&sample, &used, may_vary)
            && first != used
        {
            return Err(StataError::new(
                459,
                format!("estimation sample varies between m={} and m={m}; specify esampvaryok", which[0]),
            ));
        }
        sample = sample.or(used);
        let names = b.col_names.clone();
        let r = &s.e.results;
        let (n, df) =
            (r.get_scalar("N").unwrap_or(MISSING), r.get_scalar("df_r").filter(|d| !is_missing(*d)));
        let runs = runs.get_or_insert_with(|| Runs {
            estimates: Vec::new(),
            covariances: Vec::new(),
            observations: Vec::new(),
            residual: Vec::new(),
            stripe: names.clone(),
            transformed: Vec::new(),
            last: Estimation::default(),
        });
        let same = names.len() == runs.stripe.len()
            && names.iter().zip(&runs.stripe).all(|(a, b)| a.full() == b.full());
        if !same {
            return Err(StataError::new(
                498,
                format!("the parameters of m={m} are not those of m={}", which[0]),
            ));
        }
        runs.estimates.push(b.values().to_vec());
        runs.covariances.push(kernel(&v));
        runs.observations.push(n);
        runs.residual.push(df);
        runs.last = s.e.clone();
        runs.transformed.extend(transformations.at(s)?);
    }
    runs.ok_or_else(StataError::no_observations)
}

/// Degrees of freedom of complete data: the smallest of all runs; none with large-sample formulas.
fn complete_df(runs: &Runs, large: bool) -> Option<f64> {
    if large {
        return None;
    }
    let known: Option<Vec<f64>> = runs.residual.iter().copied().collect();
    known.map(|all| all.into_iter().fold(f64::INFINITY, f64::min))
}

/// Positions of the coefficients that the model test sets to zero: those of the first equation but the constant.
fn tested(runs: &Runs, places: &[usize]) -> Vec<usize> {
    let first = runs.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    places
        .iter()
        .copied()
        .filter(|p| runs.stripe[*p].name != "_cons" && runs.stripe[*p].eq == first && first != "/")
        .collect()
}

/// Smallest, average and largest of numbers; infinite ones are missing.
pub(super) fn extremes(values: &[f64]) -> [f64; 3] {
    let (low, high) = values.iter().fold((f64::INFINITY, 0.0_f64), |(l, h), x| (l.min(*x), h.max(*x)));
    [low, values.iter().sum::<f64>() / values.len() as f64, high].map(stata)
}

fn posted(command: &str, runs: &Runs, pooled: &Pooled, places: &[usize], post: bool) -> Estimation {
    let mut est = if post { runs.last.clone() } else { Estimation::default() };
    est.extra = None;
    let cmd = runs.last.cmd().to_string();
    let r = &mut est.results;
    for gone in ["F", "chi2", "p", "ll", "ll_0", "r2", "r2_a", "r2_p", "rss", "mss", "rmse", "df_r"] {
        r.scalars.remove(gone);
    }
    r.text("mi", "mi").text("cmd", if post { cmd.as_str() } else { "mi estimate" });
    r.text("cmd_mi", &cmd).text("cmdline_mi", command).text("prefix_mi", "mi estimate");
    r.text("cmdline", format!("mi estimate: {command}"));
    for name in ["depvar", "title", "vce", "vcetype"] {
        if let Some(text) = runs.last.results.get_text(name) {
            r.text(name, text);
        }
    }
    let n = &runs.observations;
    let [low, _, high] = extremes(n);
    r.scalar("M_mi", pooled.m).scalar("N_mi", low).scalar("N_min_mi", low).scalar("N_max_mi", high);
    if let Some(df) = pooled.complete {
        r.scalar("df_c_mi", df);
    }
    let of = |values: &[f64]| places.iter().map(|p| values[*p]).collect::<Vec<f64>>();
    let [low, mean, high] = extremes(&of(&pooled.df));
    r.scalar("df_min_mi", low).scalar("df_avg_mi", mean).scalar("df_max_mi", high);
    r.scalar("fmi_max_mi", extremes(&of(&pooled.missing))[2]);
    r.text("model_mi", "efmi");
    let slopes = tested(runs, places);
    let test = if slopes.is_empty() { None } else { pooled.test_zero(&slopes) };
    r.scalar("df_m_mi", slopes.len() as f64);
    r.scalar("rvi_avg_mi", average_increase(pooled, &test, places));
    if let Some(test) = test {
        r.scalar("F_mi", stata(test.f)).scalar("df_r_mi", stata(test.df_residual));
        r.scalar("p_mi", stata(tail(test.df, test.df_residual, test.f)));
    }
    let row =
        |values: Vec<f64>| Matrix::row_vector(values.into_iter().map(stata).collect(), runs.stripe.clone());
    let square = |m: &Mat| Matrix::square(m.data().to_vec(), runs.stripe.clone());
    let efficiency = pooled.missing.iter().map(|f| 1.0 / (1.0 + f / pooled.m)).collect();
    r.matrix("b_mi", row(pooled.b.clone())).matrix("V_mi", square(&pooled.v));
    r.matrix("W_mi", square(&pooled.within)).matrix("B_mi", square(&pooled.between));
    r.matrix("df_mi", row(pooled.df.clone())).matrix("fmi_mi", row(pooled.missing.clone()));
    r.matrix("rvi_mi", row(pooled.increase.clone())).matrix("re_mi", row(efficiency));
    if post {
        r.matrix("b", row(pooled.b.clone())).matrix("V", square(&pooled.v));
        r.text("properties", "b V");
        r.scalar("N", extremes(n)[0]);
    }
    est
}

/// The average relative increase in variance of all coefficients.
fn average_increase(pooled: &Pooled, test: &Option<estimators::rubin::EqualTest>, places: &[usize]) -> f64 {
    if places.is_empty() {
        return MISSING;
    }
    match (pooled.test_zero(places), test) {
        (Some(all), _) => stata(all.increase),
        (None, Some(test)) => stata(test.increase),
        _ => MISSING,
    }
}

/// Upper tail of F, or of chi-squared over its degrees of freedom without a limit.
fn tail(df: f64, residual: f64, f: f64) -> f64 {
    if residual.is_finite() { f_tail(df, residual, f) } else { chi2_tail(df, df * f) }
}

/// Degrees of freedom as the distributions take them.
pub(super) fn finite(df: f64) -> Option<f64> {
    df.is_finite().then_some(df)
}

fn show(s: &mut Session, options: &Options, runs: &Runs, pooled: &Pooled, places: &[usize]) -> Result<()> {
    let level = options.real("level").unwrap_or(s.settings.level);
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::invalid("level() must be between 10 and 99.99 inclusive"));
    }
    if options.has("nocoef") {
        return Ok(());
    }
    if !options.has("noheader") {
        header(s, runs, pooled);
    }
    if !options.has("notable") && !options.has("nocitable") {
        let eform = [("or", "Odds ratio"), ("irr", "IRR"), ("hr", "Haz. ratio"), ("eform", "exp(b)")];
        let eform = eform.iter().find(|(o, _)| options.has(o)).map(|(_, heading)| *heading);
        coefficients(s, runs, pooled, level, eform);
        super::stored_table::store(s, &runs.stripe, pooled, level, eform.is_some());
    }
    if options.has("vartable") || options.has("dftable") {
        variances(s, runs, pooled, places);
    }
    Ok(())
}

fn header(s: &mut Session, runs: &Runs, pooled: &Pooled) {
    let e = &s.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let title = runs.last.results.get_text("title").unwrap_or("").to_string();
    let [low, mean, high] = ["df_min_mi", "df_avg_mi", "df_max_mi"].map(scalar);
    let fact = |left: &str, name: &str, value: String| format!("{left:<46}{name:<18}= {value:>10}");
    let two = |x: f64| format::bare("%10.2fc", x);
    let four = |x: f64| format::bare("%10.4f", x);
    let small = if pooled.complete.is_some() { "Small sample" } else { "Large sample" };
    let mut lines = vec![
        fact("Multiple-imputation estimates", "Imputations", format::bare("%10.0fc", pooled.m)),
        fact(&title, "Number of obs", format::bare("%10.0fc", scalar("N_mi"))),
        fact("", "Average RVI", four(scalar("rvi_avg_mi"))),
        fact("", "Largest FMI", four(scalar("fmi_max_mi"))),
    ];
    if let Some(df) = pooled.complete {
        lines.push(fact("", "Complete DF", format::bare("%10.0fc", df)));
    }
    lines.push(fact(&format!("DF adjustment:   {small}"), "DF:     min", two(low)));
    lines.push(fact("", "        avg", two(mean)));
    lines.push(fact("", "        max", two(high)));
    if e.get_scalar("F_mi").is_some() {
        let label = format!("F({}, {})", scalar("df_m_mi"), format::bare("%9.1f", scalar("df_r_mi")).trim());
        lines.push(fact("Model F test:       Equal FMI", &label, two(scalar("F_mi"))));
        lines.push(fact("", "Prob > F", four(scalar("p_mi"))));
    }
    s.print("");
    for line in lines {
        s.print(line.trim_end());
    }
    s.print("");
}

fn coefficients(s: &mut Session, runs: &Runs, pooled: &Pooled, level: f64, eform: Option<&str>) {
    let depvar = runs.last.results.get_text("depvar").unwrap_or("").to_string();
    let se: Vec<f64> = (0..runs.stripe.len()).map(|i| pooled.v[(i, i)].sqrt()).collect();
    let table = Table {
        title: &depvar,
        heading: eform.unwrap_or("Coefficient"),
        eform: eform.is_some(),
        equations: runs.stripe.iter().any(|p| p.eq != runs.stripe[0].eq),
        // the degrees of each parameter are those of its row
        ..Table::of_equations(&runs.stripe, &pooled.b, &se, Some(1.0), level)
    };
    s.settings.table.degrees = Some(pooled.df.iter().map(|df| finite(*df)).collect());
    table.print(s);
    s.settings.table.degrees = None;
}

/// Variances within and between, and what follows from them.
fn variances(s: &mut Session, runs: &Runs, pooled: &Pooled, places: &[usize]) {
    let g = |x: f64| format::number("%9.0g", stata(x));
    s.print("");
    s.print("Variance information");
    s.print("             |    Within   Between     Total       RVI       FMI        DF");
    s.print(format!("-------------+{}", "-".repeat(60)));
    for p in places {
        let i = *p;
        let cells = [
            pooled.within[(i, i)],
            pooled.between[(i, i)],
            pooled.v[(i, i)],
            pooled.increase[i],
            pooled.missing[i],
            pooled.df[i],
        ];
        let cells: Vec<String> = cells.iter().map(|x| g(*x)).collect();
        s.print(format!("{:>12} | {}", format::abbrev(&runs.stripe[i].name, 12), cells.join(" ")));
    }
}
