//! `xtunitroot`: tests for unit roots in panels. The statistics are in `estimators::panel_unit_root`; here are the
//! subcommands, their options, and the results. Formulas: [XT] xtunitroot.

use super::super::{CommandSpec, Example};
use super::xtunitroot_show::{Heading, Line, show};
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::ops::panel_series::{Data, read};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::{chi2_tail, normal, normal_tail, t_tail};
use estimators::panel_unit_root::{self as kernel, Criterion};
use estimators::timeseries::{self, Deterministic};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "Z-t-tilde-bar of ips without lags() takes moments from two million simulated walks, which differ from the published table in the third digit; breitung as Breitung (2000), without robust; W-t-bar enters table 3 of Im, Pesaran and Shin with the periods of each panel; stores r(N N_g N_t test deterministics demean) and for llc r(delta se_delta Var_ep sbar ttilde mu_adj sig_adj td tds p_tds hac_lagm adf_lagm), ht r(rho mean_rho Var_rho z p), breitung r(lambda p lags), ips r(tbar cv_1 cv_5 cv_10 ttildebar zttildebar p_zttildebar) or r(wtbar p_wtbar), with r(lagm), fisher r(P df_P p_P Z p_Z L df_L p_L Pm p_Pm), hadri r(z p mu var); [XT] xtunitroot",
    examples: &[Example {
        // The mean of the t of each panel's Dickey-Fuller regression.
        run: "set obs 60\ngenerate id = 1 + (_n > 30)\nbysort id: generate t = _n\ngenerate double y = sin(7*t*id) + id\nxtset id t\nquietly regress D.y L.y if id == 1\nscalar a = _b[L.y]/_se[L.y]\nquietly regress D.y L.y if id == 2\nscalar mean = (a + _b[L.y]/_se[L.y])/2\nxtunitroot ips y",
        expect: &[("reldif(r(tbar), mean) < 1e-9", 1.0), ("r(N_g)", 2.0), ("r(N_t)", 30.0)],
    }],
    ..CommandSpec::raw(
        "xtunitroot",
        7,
        run,
        "xtunitroot llc varname [if] [in] [, trend noconstant demean lags(# | aic # | bic # | hqic #) kernel(bartlett [#|llc])] | xtunitroot ht varname [, trend noconstant demean altt] | xtunitroot breitung varname [, trend noconstant demean lags(#)] | xtunitroot ips varname [, trend demean lags(...)] | xtunitroot fisher varname, {dfuller|pperron} lags(#) [trend drift demean] | xtunitroot hadri varname [, trend demean robust]",
    )
};

const TREND: OptSpec = OptSpec::flag("Trend");
const DEMEAN: OptSpec = OptSpec::flag("DEMean");
const CONSTANT: OptSpec = OptSpec::flag("noCONstant");
const LAGS: OptSpec = OptSpec::text("Lags");
const LLC: &[OptSpec] = &[TREND, DEMEAN, CONSTANT, LAGS, OptSpec::text("KERnel")];
const HT: &[OptSpec] = &[TREND, DEMEAN, CONSTANT, OptSpec::flag("ALTt")];
const IPS: &[OptSpec] = &[TREND, DEMEAN, LAGS];
const FISHER: &[OptSpec] = &[
    TREND,
    DEMEAN,
    OptSpec::int("Lags"),
    OptSpec::flag("DFuller"),
    OptSpec::flag("PPerron"),
    OptSpec::flag("DRift"),
];
const BREITUNG: &[OptSpec] = &[TREND, DEMEAN, CONSTANT, OptSpec::int("Lags")];
const HADRI: &[OptSpec] = &[TREND, DEMEAN, OptSpec::flag("Robust")];

/// The tests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Test {
    Llc,
    Ht,
    Ips,
    Fisher,
    Hadri,
    Breitung,
}

impl Test {
    /// The test of a word, and its options that Stata has.
    fn of(word: &str) -> Result<(Self, &'static [OptSpec], &'static [&'static str])> {
        Ok(match word {
            "llc" => (Self::Llc, LLC, &[]),
            "ht" => (Self::Ht, HT, &[]),
            "ips" => (Self::Ips, IPS, &[]),
            "fisher" => (Self::Fisher, FISHER, &["noCONstant"]),
            "hadri" => (Self::Hadri, HADRI, &["KERnel"]),
            "breitung" => (Self::Breitung, BREITUNG, &["Robust"]),
            _ => return Err(StataError::invalid("specify llc, ht, breitung, ips, fisher or hadri")),
        })
    }

    /// The name in `r(test)`.
    fn name(self) -> &'static str {
        match self {
            Self::Llc => "llc",
            Self::Ht => "ht",
            Self::Ips => "ips",
            Self::Fisher => "fisher",
            Self::Hadri => "hadri",
            Self::Breitung => "breitung",
        }
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| !c.is_alphanumeric()).unwrap_or(raw.len());
    let (test, options, unsupported) = Test::of(&raw[..end])?;
    let mut cmd = ParsedCommand::split("xtunitroot", &raw[end..], false)?;
    cmd.refuse_weight()?;
    cmd.options = Options::parse("xtunitroot", &cmd.option_text, options, unsupported)?;
    let data = read(session, &cmd)?;
    if cmd.has("trend") && cmd.has("noconstant") {
        return Err(StataError::invalid("options trend and noconstant may not be combined"));
    }
    let parts = match () {
        () if cmd.has("trend") => Deterministic::Trend,
        () if cmd.has("noconstant") => Deterministic::None,
        () => Deterministic::Constant,
    };
    if matches!(test, Test::Llc | Test::Ht | Test::Hadri | Test::Breitung) && !data.balanced {
        return Err(StataError::new(
            498,
            format!("xtunitroot {} requires strongly balanced data", test.name()),
        ));
    }
    let mut r = Results::default();
    let rows: usize = data.panels.iter().map(Vec::len).sum();
    let mean = rows as f64 / data.panels.len() as f64;
    r.scalar("N", rows as f64).scalar("N_g", data.panels.len() as f64).scalar("N_t", mean);
    r.text("test", test.name()).text("demean", if cmd.has("demean") { "demean" } else { "" });
    r.text(
        "deterministics",
        match parts {
            Deterministic::None => "noconstant",
            Deterministic::Trend => "trend",
            Deterministic::Constant | Deterministic::Drift => "constant",
        },
    );
    let lines = match test {
        Test::Llc => llc(&cmd, &data, parts, &mut r)?,
        Test::Ht => ht(&cmd, &data, parts, &mut r)?,
        Test::Ips => ips(&cmd, &data, parts, &mut r)?,
        Test::Fisher => fisher(&cmd, &data, parts, &mut r)?,
        Test::Hadri => hadri(&cmd, &data, parts, &mut r)?,
        Test::Breitung => breitung(&cmd, &data, parts, &mut r)?,
    };
    let heading = Heading {
        test,
        variable: &data.name,
        panels: data.panels.len(),
        periods: mean,
        parts,
        demean: cmd.has("demean"),
    };
    show(session, &heading, &lines);
    session.r = r;
    Ok(())
}

/// Lags of each panel by `lags()`, and what the heading says about them.
fn lags_of(cmd: &ParsedCommand, data: &Data, parts: Deterministic) -> Result<(Vec<usize>, String)> {
    let wrong = || StataError::invalid("option lags() incorrectly specified");
    let text = cmd.options.text("lags").unwrap_or("0").trim();
    let words: Vec<&str> = text.split_whitespace().collect();
    let number = |word: &str| word.parse::<usize>().map_err(|_| wrong());
    match words.as_slice() {
        [n] if n.parse::<usize>().is_ok() => {
            let lags = number(n)?;
            let plural = if lags == 1 { "" } else { "s" };
            Ok((vec![lags; data.panels.len()], format!("{lags} lag{plural}")))
        }
        [name, n] => {
            let criterion = match *name {
                "aic" => Criterion::Aic,
                "bic" => Criterion::Bic,
                "hqic" => Criterion::Hqic,
                _ => return Err(wrong()),
            };
            let most = number(n)?;
            let chosen: std::result::Result<Vec<usize>, _> =
                data.panels.iter().map(|x| kernel::choose_lags(x, most, criterion, parts)).collect();
            let chosen = chosen.map_err(fit_error)?;
            let mean = mean_lag(&chosen);
            Ok((chosen, format!("{mean:.2} lags average (chosen by {})", name.to_uppercase())))
        }
        _ => Err(wrong()),
    }
}

fn mean_lag(lags: &[usize]) -> f64 {
    lags.iter().sum::<usize>() as f64 / lags.len() as f64
}

fn llc(cmd: &ParsedCommand, data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    let (lags, said) = lags_of(cmd, data, parts)?;
    let periods = data.panels[0].len();
    let chosen = (3.21 * (periods as f64).cbrt()).floor() as usize;
    let words: Vec<&str> = cmd.options.text("kernel").unwrap_or("bartlett llc").split_whitespace().collect();
    let name = words.first().copied().unwrap_or("");
    if name.len() < 2 || !"bartlett".starts_with(name) {
        return Err(StataError::unsupported_option("xtunitroot", &format!("kernel({name})")));
    }
    let (width, by) = match words[1..] {
        [] | ["llc"] => (chosen, " (chosen by LLC)"),
        [n] => match n.parse::<usize>() {
            Ok(n) => (n, ""),
            Err(_) => {
                return Err(StataError::unsupported_option("xtunitroot", &format!("kernel(bartlett {n})")));
            }
        },
        _ => return Err(StataError::invalid("option kernel() incorrectly specified")),
    };
    let test = kernel::levin_lin_chu(&data.panels, &lags, width, parts).map_err(fit_error)?;
    let p = normal(test.adjusted);
    r.scalar("delta", test.delta).scalar("se_delta", test.se).scalar("Var_ep", test.variance);
    r.scalar("sbar", test.ratio).scalar("ttilde", test.periods);
    r.scalar("mu_adj", test.adjustment.0).scalar("sig_adj", test.adjustment.1);
    r.scalar("td", test.t).scalar("tds", test.adjusted).scalar("p_tds", p);
    r.scalar("hac_lagm", width as f64).scalar("adf_lagm", mean_lag(&lags));
    r.text("hac_kernel", "bartlett").text("hac_method", if by.is_empty() { "user" } else { "llc" });
    Ok(vec![
        Line::Note(format!("ADF regressions: {said}")),
        Line::Note(if by.is_empty() {
            format!("LR variance:     Bartlett kernel, {width} lag{}", if width == 1 { "" } else { "s" })
        } else {
            format!("LR variance:     Bartlett kernel, {:.2} lags average{by}", width as f64)
        }),
        Line::Statistic("Unadjusted t", test.t, None),
        Line::Statistic("Adjusted t*", test.adjusted, Some(p)),
    ])
}

fn ht(cmd: &ParsedCommand, data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    let periods = data.panels[0].len() as f64 - if cmd.has("altt") { 1.0 } else { 0.0 };
    let test = kernel::harris_tzavalis(&data.panels, periods, parts).map_err(fit_error)?;
    let p = normal(test.z);
    r.scalar("rho", test.rho).scalar("mean_rho", test.mean).scalar("Var_rho", test.variance);
    r.scalar("z", test.z).scalar("p", p);
    Ok(vec![Line::Standardized("rho", test.rho, test.z, p)])
}

/// The t of the Dickey-Fuller regression of each panel.
fn ts(data: &Data, lags: &[usize], parts: Deterministic) -> Result<Vec<f64>> {
    let one = |(x, lags): (&Vec<f64>, &usize)| timeseries::dickey_fuller(x, *lags, parts).map(|test| test.t);
    data.panels.iter().zip(lags).map(one).collect::<std::result::Result<_, _>>().map_err(fit_error)
}

/// The mean of the panels' t-tilde, and its standardised form for a fixed number of periods.
fn t_tilde_bar(data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    let trend = parts == Deterministic::Trend;
    let n = data.panels.len() as f64;
    let all: Vec<f64> = data
        .panels
        .iter()
        .map(|x| kernel::t_tilde(x, parts))
        .collect::<std::result::Result<_, _>>()
        .map_err(fit_error)?;
    let mean = all.iter().sum::<f64>() / n;
    r.scalar("ttildebar", mean);
    // [XT] xtunitroot: periods from which the normal distribution holds
    let least = match (data.balanced, trend) {
        (true, false) => 5,
        (true, true) => 6,
        (false, _) => 9,
    };
    let moments: Option<Vec<(f64, f64)>> =
        data.panels.iter().map(|x| kernel::t_tilde_moments(x.len() - 1, trend)).collect();
    let enough = data.panels.iter().all(|x| x.len() >= least);
    let z = moments.map_or(MISSING, |all| {
        let average = |part: fn(&(f64, f64)) -> f64| all.iter().map(part).sum::<f64>() / n;
        n.sqrt() * (mean - average(|m| m.0)) / average(|m| m.1).sqrt()
    });
    let p = if enough && !is_missing(z) { normal(z) } else { MISSING };
    r.scalar("zttildebar", z).scalar("p_zttildebar", p);
    let shown = if is_missing(p) { None } else { Some(p) };
    let mut lines =
        vec![Line::Statistic("t-tilde-bar", mean, None), Line::Statistic("Z-t-tilde-bar", z, shown)];
    if shown.is_none() {
        lines.push(Line::After("Normality of Z-t-tilde-bar requires more time periods.".into()));
    }
    Ok(lines)
}

fn ips(cmd: &ParsedCommand, data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    let trend = parts == Deterministic::Trend;
    let n = data.panels.len() as f64;
    if cmd.options.text("lags").is_none() {
        let t = ts(data, &vec![0; data.panels.len()], parts)?;
        let mean = t.iter().sum::<f64>() / n;
        r.scalar("tbar", mean);
        let critical =
            data.balanced.then(|| kernel::mean_t_critical(data.panels.len(), data.panels[0].len(), trend));
        for (name, value) in ["cv_1", "cv_5", "cv_10"].iter().zip(critical.into_iter().flatten()) {
            r.scalar(name, value);
        }
        let mut lines = vec![
            Line::Note("ADF regressions: No lags included".into()),
            Line::Critical("t-bar", mean, critical),
        ];
        lines.extend(t_tilde_bar(data, parts, r)?);
        return Ok(lines);
    }
    let (lags, said) = lags_of(cmd, data, parts)?;
    let t = ts(data, &lags, parts)?;
    let moments: Option<Vec<(f64, f64)>> =
        data.panels.iter().zip(&lags).map(|(x, lags)| kernel::t_moments(*lags, x.len(), trend)).collect();
    let mean = t.iter().sum::<f64>() / n;
    let w = moments.map_or(MISSING, |all| {
        let average = |part: fn(&(f64, f64)) -> f64| all.iter().map(part).sum::<f64>() / n;
        n.sqrt() * (mean - average(|m| m.0)) / average(|m| m.1).sqrt()
    });
    let p = if is_missing(w) { MISSING } else { normal(w) };
    r.scalar("wtbar", w).scalar("p_wtbar", p).scalar("lagm", mean_lag(&lags));
    let mut lines = vec![Line::Note(format!("ADF regressions: {said}"))];
    lines.push(if is_missing(w) {
        Line::After("Insufficient number of time periods to compute W-t-bar".into())
    } else {
        Line::Statistic("W-t-bar", w, Some(p))
    });
    Ok(lines)
}

fn fisher(cmd: &ParsedCommand, data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    if cmd.has("dfuller") == cmd.has("pperron") {
        return Err(StataError::invalid("specify one of dfuller and pperron"));
    }
    let Some(lags) = cmd.options.int("lags").and_then(|l| usize::try_from(l).ok()) else {
        return Err(StataError::invalid("option lags() required"));
    };
    let drift = cmd.has("drift");
    if drift && (cmd.has("trend") || cmd.has("pperron")) {
        return Err(StataError::invalid("option drift may not be combined with trend or pperron"));
    }
    let mut p_values = Vec::with_capacity(data.panels.len());
    for x in &data.panels {
        let p = if cmd.has("pperron") {
            let test = timeseries::phillips_perron(x, lags, parts).map_err(fit_error)?;
            timeseries::mackinnon_p(test.z_t, parts)
        } else if drift {
            let test = timeseries::dickey_fuller(x, lags, Deterministic::Drift).map_err(fit_error)?;
            Some(1.0 - t_tail(test.fit.df_residual, test.t))
        } else {
            let test = timeseries::dickey_fuller(x, lags, parts).map_err(fit_error)?;
            timeseries::mackinnon_p(test.t, parts)
        };
        p_values.push(p.unwrap_or(MISSING));
    }
    let n = p_values.len() as f64;
    let all = kernel::combine(&p_values);
    let finite = |x: f64| if x.is_finite() { x } else { MISSING };
    let (df_p, df_l) = (2.0 * n, 5.0 * n + 4.0);
    let (p, z, l, m) = (finite(all.p), finite(all.z), finite(all.logit), finite(all.modified));
    let tail = |x: f64, of: &dyn Fn(f64) -> f64| if is_missing(x) { MISSING } else { of(x) };
    let p_p = tail(p, &|x| chi2_tail(df_p, x));
    let p_z = tail(z, &normal);
    let p_l = tail(l, &|x| t_tail(df_l, -x));
    let p_m = tail(m, &normal_tail);
    r.scalar("P", p).scalar("df_P", df_p).scalar("p_P", p_p).scalar("Z", z).scalar("p_Z", p_z);
    r.scalar("L", l).scalar("df_L", df_l).scalar("p_L", p_l).scalar("Pm", m).scalar("p_Pm", p_m);
    let said = format!("{lags} lag{}", if lags == 1 { "" } else { "s" });
    let (based, note) = if cmd.has("pperron") {
        ("Based on Phillips–Perron tests", format!("Newey–West lags: {said}"))
    } else {
        let term = format!("Drift term:   {}", if drift { "Included" } else { "Not included" });
        ("Based on augmented Dickey–Fuller tests", format!("{term:<45}ADF regressions: {said}"))
    };
    Ok(vec![
        Line::Based(based),
        Line::Note(note),
        Line::Degrees(format!("Inverse chi-squared({df_p})"), "P", p, p_p),
        Line::Degrees("Inverse normal".into(), "Z", z, p_z),
        Line::Degrees(format!("Inverse logit t({df_l})"), "L*", l, p_l),
        Line::Degrees("Modified inv. chi-squared".into(), "Pm", m, p_m),
        Line::After(" P statistic requires number of panels to be finite.".into()),
        Line::After(" Other statistics are suitable for finite or infinite number of panels.".into()),
    ])
}

fn breitung(cmd: &ParsedCommand, data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    let lags = match cmd.options.int("lags").map(usize::try_from) {
        None => 0,
        Some(Ok(lags)) => lags,
        Some(Err(_)) => return Err(StataError::invalid("lags() must be a nonnegative integer")),
    };
    let lambda = kernel::breitung::breitung(&data.panels, lags, parts).map_err(fit_error)?;
    let p = normal(lambda);
    r.scalar("lambda", lambda).scalar("p", p).scalar("lags", lags as f64);
    let said = match lags {
        0 => "Not performed".to_string(),
        1 => "1 lag".to_string(),
        _ => format!("{lags} lags"),
    };
    Ok(vec![Line::Note(format!("Prewhitening: {said}")), Line::Statistic("lambda", lambda, Some(p))])
}

fn hadri(cmd: &ParsedCommand, data: &Data, parts: Deterministic, r: &mut Results) -> Result<Vec<Line>> {
    let robust = cmd.has("robust");
    let (z, mean, variance) =
        kernel::hadri(&data.panels, parts == Deterministic::Trend, robust).map_err(fit_error)?;
    let p = normal_tail(z);
    r.scalar("mu", mean).scalar("var", variance).scalar("z", z).scalar("p", p);
    r.text("robust", if robust { "robust" } else { "" });
    let kind = if robust { "Robust" } else { "Homoskedastic" };
    Ok(vec![
        Line::Note(format!("Heteroskedasticity: {kind}")),
        Line::Note("LR variance:        (not used)".into()),
        Line::Statistic("z", z, Some(p)),
    ])
}
