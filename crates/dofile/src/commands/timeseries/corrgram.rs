//! `corrgram`, `ac`, `pac` and `wntestq`: autocorrelations of a series, their figures and the portmanteau test.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::series::{self, Series};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::Matrix;
use crate::ops::graphs::plain::{Plain, RawOption, show};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::ParsedCommand;
use crate::value::{MISSING, is_missing};
use estimators::distributions::chi2_tail;
use estimators::timeseries::{
    autocorrelations, bartlett_errors, partial_by_regression, partial_by_yule_walker, portmanteau,
};
use estimators::wald;
use figure::{Range, Series as Drawn, Shape, Style};

/// `corrgram`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "corrgram",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: corrgram,
    syntax: "corrgram varname [if] [in] [, lags(#) noplot yw]",
    notes: "stores r(lags) r(ac#) r(pac#) r(q#), r(AC) r(PAC) r(Q); partial autocorrelations by regression, yw by Yule-Walker; [TS] corrgram",
    examples: &[Example {
        // deviations -2..2: sum of squares 10, products of neighbours 2 + 0 + 0 + 2 = 4
        run: "set obs 5\ngenerate t = _n\ngenerate x = _n\ntsset t\ncorrgram x, lags(1) noplot",
        expect: &[("r(ac1)", 0.4), ("r(q1)", 1.4)],
    }],
};

/// `ac`.
pub(super) const SPEC_AC: CommandSpec = CommandSpec {
    name: "ac",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run: ac,
    syntax: "ac varname [if] [in] [, lags(#) level(#) generate(newvar) twoway_options]",
    notes: "bands by Bartlett's formula for moving averages; [TS] corrgram",
    examples: &[Example {
        // Deviations -1.5 -.5 .5 1.5: products of neighbours 1.25 over squares 5.
        run: "set obs 4\ngenerate t = _n\ntsset t\nac t, lags(1) generate(a)",
        expect: &[("a[1]", 0.25)],
    }],
};

/// `pac`.
pub(super) const SPEC_PAC: CommandSpec = CommandSpec {
    name: "pac",
    min: 3,
    form: Form::Raw,
    by: ByRule::No,
    run: pac,
    syntax: "pac varname [if] [in] [, lags(#) level(#) yw generate(newvar) twoway_options]",
    notes: "bands at +-z/sqrt(n); [TS] corrgram",
    examples: &[Example {
        // At lag 1 the autocorrelation.
        run: "set obs 4\ngenerate t = _n\ntsset t\npac t, lags(1) yw generate(a)",
        expect: &[("a[1]", 0.25)],
    }],
};

/// `wntestq`.
pub(super) const SPEC_WNTESTQ: CommandSpec = CommandSpec {
    name: "wntestq",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: wntestq,
    syntax: "wntestq varname [if] [in] [, lags(#)]",
    notes: "stores r(stat) r(df) r(p); Ljung and Box (1978); [TS] wntestq",
    examples: &[Example {
        run: "set obs 5\ngenerate t = _n\ngenerate x = _n\ntsset t\nwntestq x, lags(1)",
        expect: &[("r(stat)", 1.4), ("r(df)", 1.0)],
    }],
};

/// A series with its autocorrelations, and options that are left.
struct Read {
    series: Series,
    lags: usize,
    rho: Vec<f64>,
    level: f64,
    yule_walker: bool,
    no_plot: bool,
    generate: Option<String>,
    rest: Vec<RawOption>,
}

fn read(session: &Session, cmd: &ParsedCommand) -> Result<Read> {
    let cmd = ParsedCommand::split(&cmd.name, &cmd.raw, false)?;
    cmd.refuse_weight()?;
    let mut lags = None;
    let mut level = session.settings.level;
    let (mut yule_walker, mut no_plot, mut generate) = (false, false, None);
    let mut rest = Vec::new();
    for option in split_options(&cmd.option_text)? {
        let number = |text: &str| parse_number(text).ok_or_else(|| StataError::invalid("number expected"));
        match &option {
            (name, Some(text)) if abbreviates(name, "LAGs") => lags = Some(number(text)?),
            (name, Some(text)) if abbreviates(name, "Level") => level = number(text)?,
            (name, Some(text)) if abbreviates(name, "GENerate") => generate = Some(text.trim().to_string()),
            (name, None) if abbreviates(name, "YW") => yule_walker = true,
            (name, None) if abbreviates(name, "noPlot") => no_plot = true,
            (name, None) if abbreviates(name, "FFT") || abbreviates(name, "SRV") => {
                return Err(StataError::unsupported_option(&cmd.name, name));
            }
            _ => rest.push(option),
        }
    }
    if !(10.0..=99.99).contains(&level) {
        return Err(StataError::new(198, "level() must be between 10 and 99.99 inclusive"));
    }
    let series = series::one(session, &cmd)?;
    let n = series.values.len();
    let usual = (n / 2).saturating_sub(2).min(40);
    let lags = match lags {
        None => usual,
        Some(l) if l >= 1.0 && l.fract() == 0.0 => l as usize,
        Some(_) => return Err(StataError::new(198, "lags() must be a positive integer")),
    };
    if lags == 0 || lags >= n {
        return Err(StataError::insufficient_observations());
    }
    let rho = autocorrelations(&series.values, lags);
    if rho.iter().any(|r| !r.is_finite()) {
        return Err(StataError::new(459, format!("{} does not vary", series.name)));
    }
    Ok(Read { series, lags, rho, level, yule_walker, no_plot, generate, rest })
}

fn bare(read: &Read) -> Result<()> {
    match read.rest.first() {
        Some(option) => Err(StataError::option_not_allowed(&option.0)),
        None => Ok(()),
    }
}

fn partial(read: &Read) -> Vec<f64> {
    if read.yule_walker {
        partial_by_yule_walker(&read.rho)
    } else {
        let mut out = partial_by_regression(&read.series.values, read.lags);
        out.resize(read.lags, MISSING);
        out
    }
}

fn corrgram(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let read = read(session, cmd)?;
    bare(&read)?;
    if read.generate.is_some() {
        return Err(StataError::option_not_allowed("generate()"));
    }
    let pac = partial(&read);
    let q = portmanteau(&read.rho, read.series.values.len());
    let plot = if read.no_plot { "" } else { "-1       0       1 -1       0       1" };
    session.print("");
    if !read.no_plot {
        session.print(format!("{:>42}{plot}", ""));
    }
    let heading = if read.no_plot { "" } else { "  [Autocorrelation]  [Partial autocor]" };
    session.print(format!(" LAG       AC       PAC      Q     Prob>Q{heading}"));
    session.print("-".repeat(if read.no_plot { 41 } else { 79 }));
    let mut results = Results::default();
    results.scalar("lags", read.lags as f64);
    for lag in 1..=read.lags {
        let (r, p, q) = (read.rho[lag - 1], pac[lag - 1], q[lag - 1]);
        let prob = chi2_tail(lag as f64, q);
        let bars = if read.no_plot { String::new() } else { format!("  {}  {}", bar(r), bar(p)) };
        let number = |fmt: &str, x: f64| format::bare(fmt, stata(x));
        session.print(
            format!(
                "{lag:<5}{:>10}{:>9}{:>9}{:>8}{bars}",
                number("%7.4f", r),
                number("%7.4f", p),
                number("%9.5g", q),
                number("%6.4f", prob)
            )
            .trim_end(),
        );
        results.scalar(&format!("ac{lag}"), r).scalar(&format!("pac{lag}"), stata(p));
        results.scalar(&format!("q{lag}"), q);
    }
    for (name, values) in [("AC", &read.rho), ("PAC", &pac), ("Q", &q)] {
        results.matrix(name, Matrix::new(1, read.lags, values.clone()));
    }
    session.r = results;
    Ok(())
}

/// A correlation as dashes left or right of an axis, eight characters to each side.
pub(super) fn bar(r: f64) -> String {
    if is_missing(r) || r.is_nan() {
        return " ".repeat(17);
    }
    // a dash for each full eighth
    let dashes = ((r.abs() * 8.0) as usize).min(8);
    if r < 0.0 {
        format!("{:>8}|{:8}", "-".repeat(dashes), "")
    } else {
        format!("{:8}|{:<8}", "", "-".repeat(dashes))
    }
}

fn wntestq(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let read = read(session, cmd)?;
    bare(&read)?;
    let q = portmanteau(&read.rho, read.series.values.len())[read.lags - 1];
    let p = chi2_tail(read.lags as f64, q);
    let show = |label: &str, fmt: &str, x: f64| format!(" {label:<25} = {}", format::number(fmt, x));
    session.print("");
    session.print("Portmanteau test for white noise");
    session.print("---------------------------------------");
    session.print(show("Portmanteau (Q) statistic", "%9.4f", q));
    session.print(show(&format!("Prob > chi2({})", read.lags), "%9.4f", p));
    let mut results = Results::default();
    results.scalar("stat", q).scalar("df", read.lags as f64).scalar("p", p);
    session.r = results;
    Ok(())
}

fn ac(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let read = read(session, cmd)?;
    let errors = bartlett_errors(&read.rho, read.series.values.len());
    let values = read.rho.clone();
    let note =
        format!("Bartlett's formula for MA(q) {}% confidence bands", format::bare("%9.0g", read.level));
    draw(session, read, &values, &errors, "Autocorrelations", &note)
}

fn pac(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let read = read(session, cmd)?;
    let error = 1.0 / (read.series.values.len() as f64).sqrt();
    let values = partial(&read);
    let note = format!("{}% confidence bands [se = 1/sqrt(n)]", format::bare("%9.0g", read.level));
    let errors = vec![error; values.len()];
    draw(session, read, &values, &errors, "Partial autocorrelations", &note)
}

fn draw(
    session: &mut Session,
    read: Read,
    values: &[f64],
    errors: &[f64],
    what: &str,
    note: &str,
) -> Result<()> {
    let z = wald::critical(read.level, None);
    let lag = |i: usize| (i + 1) as f64;
    let band: Vec<Range> =
        (0..read.lags).map(|i| Range { at: lag(i), low: -z * errors[i], high: z * errors[i] }).collect();
    let known: Vec<usize> = (0..read.lags).filter(|i| !is_missing(values[*i])).collect();
    let spikes =
        known.iter().map(|i| Range { at: lag(*i), low: values[*i].min(0.0), high: values[*i].max(0.0) });
    let points = known.iter().map(|i| (lag(*i), values[*i])).collect();
    let grey = Style { fill: figure::Color::parse("gs13"), ..Style::default() };
    let drawn =
        |shape: Shape, style: Style, number: usize| Drawn { label: String::new(), number, shape, style };
    let figure = Plain {
        series: vec![
            drawn(Shape::Band { ranges: band }, grey, 2),
            drawn(
                Shape::Ranges { ranges: spikes.collect(), caps: false, horizontal: false },
                Style::default(),
                0,
            ),
            drawn(Shape::Points { points }, Style::default(), 0),
        ],
        title: String::new(),
        x_title: "Lag".to_string(),
        y_title: format!("{what} of {}", read.series.name),
        note: note.to_string(),
        used: Some(read.series.values.len()),
        ..Plain::default()
    };
    show(session, figure, &read.rest)?;
    if let Some(name) = &read.generate {
        let rows = session.frame.n_rows();
        let mut column: Vec<f64> = values.to_vec();
        column.resize(rows.max(column.len()), MISSING);
        column.truncate(rows);
        let variable = crate::frame::Variable::new(name, crate::frame::Column::Double(column));
        session.frame.add(variable)?;
    }
    Ok(())
}
