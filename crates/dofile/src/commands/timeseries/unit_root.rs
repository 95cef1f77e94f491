//! `dfuller`, `pperron` and `dfgls`: unit-root tests. Formulas: [TS] dfuller, [TS] pperron, [TS] dfgls;
//! critical values of `dfgls`: Elliott, Rothenberg and Stock (1996), at 5 and 10 % Cheung and Lai (1995).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::estimation::post::stata;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::distributions::{t_inverse_tail, t_tail};
use estimators::ols::OlsFit;
use estimators::timeseries::{self as kernel, Deterministic};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Lags"),
    OptSpec::flag("Trend"),
    OptSpec::flag("drift"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("REGress"),
]);

const PP_SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::int("Lags"),
    OptSpec::flag("Trend"),
    OptSpec::flag("noCONstant"),
    OptSpec::flag("REGress"),
]);

const GLS_SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("Maxlag"), OptSpec::flag("noTRend"), OptSpec::flag("ers")]);

/// `dfuller`.
pub(super) const SPEC_DFULLER: CommandSpec = CommandSpec {
    name: "dfuller",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: dfuller,
    syntax: "dfuller varname [if] [in] [, lags(#) trend drift noconstant regress]",
    notes: "stores r(N) r(lags) r(Zt) r(p) r(cv_1) r(cv_5) r(cv_10); p-values of MacKinnon (1994), critical values of Fuller (1976); [TS] dfuller",
    examples: &[Example {
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress D.y L.y\nscalar z = _b[L.y]/_se[L.y]\ndfuller y",
        expect: &[("r(Zt)/z", 1.0), ("r(N)", 19.0)],
    }],
};

/// `pperron`.
pub(super) const SPEC_PPERRON: CommandSpec = CommandSpec {
    name: "pperron",
    min: 4,
    form: Form::Standard(&PP_SYNTAX),
    by: ByRule::No,
    run: pperron,
    syntax: "pperron varname [if] [in] [, lags(#) trend noconstant regress]",
    notes: "stores r(N) r(lags) r(Zt) r(Zrho) r(pval); Phillips and Perron (1988); [TS] pperron",
    examples: &[Example {
        // Without lags the correction vanishes.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress y L.y\nscalar z = (_b[L.y] - 1)/_se[L.y]\npperron y, lags(0)",
        expect: &[("r(Zt)/z", 1.0)],
    }],
};

/// `dfgls`.
pub(super) const SPEC_DFGLS: CommandSpec = CommandSpec {
    name: "dfgls",
    min: 5,
    form: Form::Standard(&GLS_SYNTAX),
    by: ByRule::No,
    run: dfgls,
    syntax: "dfgls varname [if] [in] [, maxlag(#) notrend ers]",
    notes: "stores r(N) r(maxlag) r(optlag) r(sclag) r(maiclag) r(results); r(siclag) r(cvalues); critical values at 1 % of Elliott, Rothenberg and Stock (1996), interpolated, at 5 and 10 % of Cheung and Lai (1995), which depend on the lag, with ers the former at all levels; [TS] dfgls",
    examples: &[Example {
        // Twenty rows less two lags and the difference.
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\ndfgls y, maxlag(2)",
        expect: &[("r(N)", 17.0), ("r(maxlag)", 2.0)],
    }],
};

fn parts(cmd: &ParsedCommand) -> Result<Deterministic> {
    let given: Vec<Deterministic> = [
        ("trend", Deterministic::Trend),
        ("drift", Deterministic::Drift),
        ("noconstant", Deterministic::None),
    ]
    .into_iter()
    .filter(|(name, _)| cmd.has(name))
    .map(|(_, parts)| parts)
    .collect();
    match given[..] {
        [] => Ok(Deterministic::Constant),
        [one] => Ok(one),
        _ => Err(StataError::new(198, "only one of trend, drift and noconstant may be specified")),
    }
}

fn lags(cmd: &ParsedCommand, name: &str, usual: usize) -> Result<usize> {
    match cmd.options.int(name) {
        None => Ok(usual),
        Some(lags) if lags >= 0 => Ok(lags as usize),
        Some(_) => Err(StataError::new(198, format!("{name}() must not be negative"))),
    }
}

fn null_text(parts: Deterministic) -> &'static str {
    match parts {
        Deterministic::None => "H0: Random walk without drift, a = 0, d = 0",
        Deterministic::Constant => "H0: Random walk without drift, d = 0",
        Deterministic::Drift => "H0: Random walk with nonzero drift, d = 0",
        Deterministic::Trend => "H0: Random walk with or without drift",
    }
}

fn row(label: &str, statistic: f64, critical: &[f64; 3]) -> String {
    let cell = |x: f64| format!("{:>13}", format::bare("%9.3f", x));
    format!(
        " {label:<9}{:>13}{}{}{}",
        format::bare("%9.3f", statistic),
        cell(critical[0]),
        cell(critical[1]),
        cell(critical[2])
    )
}

fn heading(session: &mut Session, distribution: &str) {
    session.print(format!("{distribution:>52}"));
    session.print("                   Test      -------- critical value ---------");
    session.print("              statistic           1%           5%          10%");
    session.print("-".repeat(62));
}

fn dfuller(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parts = parts(cmd)?;
    let lags = lags(cmd, "lags", 0)?;
    let data = series::one(session, cmd)?;
    let test = kernel::dickey_fuller(&data.values, lags, parts).map_err(fit_error)?;
    let n = test.fit.n;
    let (critical, p) = if parts == Deterministic::Drift {
        let df = test.fit.df_residual;
        ([0.01, 0.05, 0.10].map(|tail| -t_inverse_tail(df, tail)), Some(1.0 - t_tail(df, test.t)))
    } else {
        (kernel::critical_t(n, parts), kernel::mackinnon_p(test.t, parts))
    };
    session.print("");
    let (n_text, lags_text) = (format::bare("%9.0fc", n), lags.to_string());
    let width = n_text.len().max(lags_text.len()).max(3);
    let observations = format!("Number of obs  = {n_text:>width$}");
    let variable = format!("Variable: {:<32}", format::abbrev(&data.name, 28));
    // The longer title stands alone.
    if lags == 0 {
        session.print(format!("{:<42}{observations}", "Dickey–Fuller test for unit root"));
        session.print(format!("{variable}Number of lags = {lags_text:>width$}"));
    } else {
        session.print("Augmented Dickey–Fuller test for unit root");
        session.print("");
        session.print(format!("{variable}{observations}"));
        session.print(format!("{:42}Number of lags = {lags_text:>width$}", ""));
    }
    session.print("");
    session.print(null_text(parts));
    session.print("");
    let source = if parts == Deterministic::Drift { "t" } else { "Dickey–Fuller" };
    heading(session, source);
    session.print(row("Z(t)", test.t, &critical));
    session.print("-".repeat(62));
    let mut results = Results::default();
    results.scalar("N", n).scalar("lags", lags as f64).scalar("Zt", test.t);
    if let Some(p) = p {
        let name = if parts == Deterministic::Drift { "p-value" } else { "MacKinnon approximate p-value" };
        session.print(format!("{name} for Z(t) = {}.", format::bare("%6.4f", p)));
        results.scalar("p", p);
    }
    for (name, value) in ["cv_1", "cv_5", "cv_10"].iter().zip(critical) {
        results.scalar(name, value);
    }
    if cmd.has("regress") {
        let mut names = vec![format!("L.{}", data.name)];
        let lag = |j: usize| if j == 1 { String::new() } else { j.to_string() };
        names.extend((1..=lags).map(|j| format!("L{}D.{}", lag(j), data.name)));
        regression(session, &test.fit, &format!("D.{}", data.name), &names, parts);
    }
    session.r = results;
    Ok(())
}

/// The coefficient table of a test's regression.
fn regression(session: &mut Session, fit: &OlsFit, title: &str, names: &[String], parts: Deterministic) {
    let mut all: Vec<String> = names.to_vec();
    if parts == Deterministic::Trend {
        all.push("_trend".to_string());
    }
    if parts != Deterministic::None {
        all.push("_cons".to_string());
    }
    let stripe: Vec<Stripe> = all.into_iter().map(Stripe::term).collect();
    let se: Vec<f64> = (0..fit.b.len()).map(|i| fit.v[(i, i)].sqrt()).collect();
    session.print("");
    session.print("Regression table");
    Table {
        title,
        equations: false,
        ..Table::of_equations(&stripe, &fit.b, &se, Some(fit.df_residual), session.settings.level)
    }
    .show(session);
}

fn pperron(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parts = parts(cmd)?;
    let data = series::one(session, cmd)?;
    let periods = data.values.len().saturating_sub(1) as f64;
    let usual = (4.0 * (periods / 100.0).powf(2.0 / 9.0)).floor() as usize;
    let lags = lags(cmd, "lags", usual)?;
    let test = kernel::phillips_perron(&data.values, lags, parts).map_err(fit_error)?;
    let n = test.fit.n;
    let p = kernel::mackinnon_p(test.z_t, parts);
    session.print("");
    session.print(format!(
        "{:<42}Number of obs   = {:>3}",
        "Phillips–Perron test for unit root",
        format::bare("%9.0fc", n)
    ));
    session.print(format!("Variable: {:<32}Newey–West lags = {lags:>3}", format::abbrev(&data.name, 28)));
    session.print("");
    session.print(null_text(parts));
    session.print("");
    heading(session, "Dickey–Fuller");
    session.print(row("Z(rho)", test.z_rho, &kernel::critical_rho(n, parts)));
    session.print(row("Z(t)", test.z_t, &kernel::critical_t(n, parts)));
    session.print("-".repeat(62));
    let mut results = Results::default();
    results.scalar("N", n).scalar("lags", lags as f64).scalar("Zt", test.z_t).scalar("Zrho", test.z_rho);
    if let Some(p) = p {
        session.print(format!("MacKinnon approximate p-value for Z(t) = {}.", format::bare("%6.4f", p)));
        results.scalar("pval", p).scalar("p", p);
    }
    if cmd.has("regress") {
        regression(session, &test.fit, &data.name, &[format!("L.{}", data.name)], parts);
    }
    session.r = results;
    Ok(())
}

/// Prints the header of `dfgls`: observations and the largest lag, and whether Schwert's rule chose it.
fn head_of_gls(session: &mut Session, name: &str, (n, most): (usize, usize), by_rule: bool, trend: bool) {
    session.print("");
    session.print(format!("DF-GLS test for unit root{:>14}Number of obs = {n:>5}", ""));
    session.print(format!("Variable: {name}"));
    if by_rule {
        session.print(format!("Lag selection: Schwert criterion{:>7}Maximum lag   = {most:>5}", ""));
    } else {
        session.print(format!("Lag selection: User specified{:>10}Maximum lag   = {most:>5}", ""));
    }
    session.print("");
    session.print(format!("{:>52}", "--------- critical value ----------"));
    let heading = format!("DF-GLS{}", if trend { " tau" } else { " mu" });
    session.print(format!("{:>8}{:>14}{:>11}{:>11}{:>11}", "[lags]", heading, "1%", "5%", "10%"));
    session.print("-".repeat(55));
}

fn dfgls(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let trend = !cmd.has("notrend");
    let data = series::one(session, cmd)?;
    let periods = data.values.len() as f64;
    let usual = (12.0 * ((periods + 1.0) / 100.0).powf(0.25)).floor() as usize;
    let most = lags(cmd, "maxlag", usual)?;
    let rows = kernel::df_gls(&data.values, most, trend).map_err(fit_error)?;
    let n = data.values.len() - most - 1;
    let critical = kernel::critical_gls(periods, trend);
    head_of_gls(session, &data.name, (n, most), cmd.options.int("maxlag").is_none(), trend);
    let listed: Vec<&kernel::GlsRow> = rows.iter().filter(|r| r.lags > 0 || most == 0).collect();
    let (mut matrix, mut cut) = (Vec::new(), Vec::new());
    for r in &listed {
        let mut critical = critical;
        if !cmd.has("ers") {
            critical[1..].copy_from_slice(&kernel::critical_gls_lags(n as f64, r.lags, trend));
        }
        cut.extend([r.lags as f64, r.t, critical[0], critical[1], critical[2]]);
        let cell = |x: f64| format!("{:>11}", format::bare("%9.3f", x));
        session.print(format!(
            "{:>8}{:>14}{}{}{}",
            r.lags,
            format::bare("%9.3f", r.t),
            cell(critical[0]),
            cell(critical[1]),
            cell(critical[2])
        ));
        matrix.extend([r.lags as f64, r.maic, r.sic, r.rmse, r.t]);
    }
    session.print("");
    let smallest =
        |key: fn(&kernel::GlsRow) -> f64| listed.iter().min_by(|a, b| key(a).total_cmp(&key(b))).copied();
    // Ng and Perron (1995): from the largest lag down, the first whose last term is significant at 10 %
    let sequential = listed.iter().find(|r| r.last_t.abs() >= 1.645).map_or(0, |r| r.lags);
    let find = |lag: usize| rows.iter().find(|r| r.lags == lag);
    session.print(match find(sequential) {
        Some(r) if sequential > 0 => format!(
            "Opt lag (Ng–Perron seq t) = {sequential:>2} with RMSE = {}",
            format::bare("%9.0g", r.rmse)
        ),
        _ => "Opt lag (Ng–Perron seq t) =  0 [use maxlag(0)]".to_string(),
    });
    let mut results = Results::default();
    results.scalar("N", n as f64).scalar("maxlag", most as f64).scalar("optlag", sequential as f64);
    for (label, name, key) in [
        ("Min SIC ", "sclag", (|r: &kernel::GlsRow| r.sic) as fn(&kernel::GlsRow) -> f64),
        ("Min MAIC", "maiclag", |r: &kernel::GlsRow| r.maic),
    ] {
        if let Some(r) = smallest(key) {
            session.print(format!(
                "{label} = {} at lag {:>2} with RMSE = {}",
                format::bare("%9.0g", key(r)),
                r.lags,
                format::bare("%9.0g", r.rmse)
            ));
            results.scalar(name, r.lags as f64);
        }
    }
    if let Some(lag) = results.get_scalar("sclag") {
        results.scalar("siclag", lag);
    }
    let chosen = smallest(|r| r.maic);
    results.scalar("Zt", chosen.map_or(MISSING, |r| stata(r.t)));
    let at = chosen.and_then(|c| listed.iter().position(|r| r.lags == c.lags)).unwrap_or(0);
    for (name, value) in ["cv_1", "cv_5", "cv_10"].iter().zip(&cut[5 * at + 2..]) {
        results.scalar(name, *value);
    }
    let mut values = Matrix::new(listed.len(), 5, cut);
    values.col_names = ["k", "DFGLS", "1%", "5%", "10%"].map(Stripe::term).to_vec();
    results.matrix("cvalues", values);
    let mut table = Matrix::new(listed.len(), 5, matrix);
    table.col_names = ["k", "MAIC", "SIC", "RMSE", "DFGLS"].map(Stripe::term).to_vec();
    results.matrix("results", table);
    session.r = results;
    Ok(())
}
