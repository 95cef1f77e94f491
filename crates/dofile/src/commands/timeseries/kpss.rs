//! `kpss`: the test of Kwiatkowski, Phillips, Schmidt and Shin for stationarity. Written from the article and the help
//! text of Baum's command (SSC).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::series;
use crate::error::{Result, StataError};
use crate::estimation::display::fit_error;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::kpss::{Detrended, critical_values};

const SYNTAX: StandardSyntax =
    StandardSyntax::new(&[OptSpec::int("Maxlag"), OptSpec::flag("noTrend"), OptSpec::flag("AUTO")])
        .unsupported(&["QS"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "kpss",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "kpss varname [if] [in] [, maxlag(#) notrend auto]",
    notes: "the null hypothesis is stationarity around a trend, with notrend around a mean; Bartlett weights; without maxlag() Schwert's int(12 (T/100)^0.25) lags, with auto those that the data choose (Hobijn, Franses and Ooms 2004); stores r(N) r(maxlag) r(kpss#) for each lag; Kwiatkowski, Phillips, Schmidt and Shin (1992)",
    examples: &[Example {
        // Deviations from the mean -1.5 -.5 .5 1.5 have the partial sums -1.5 -2 -1.5 0: 8.5 / 16 over 5 / 4.
        run: "set obs 4\ngenerate t = _n\ntsset t\nkpss t, maxlag(0) notrend",
        expect: &[("r(kpss0)", 0.425), ("r(N)", 4.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let data = series::one(session, cmd)?;
    let trend = !cmd.has("notrend");
    let detrended = Detrended::new(&data.values, trend).map_err(fit_error)?;
    let n = data.values.len();
    let auto = cmd.has("auto");
    let (most, by) = match cmd.options.int("maxlag") {
        _ if auto => {
            let lags = detrended.automatic_lags();
            (lags, format!("Automatic bandwidth selection (maxlag) = {lags}"))
        }
        Some(lags) if lags >= 0 => (lags as usize, format!("Maxlag = {lags}")),
        Some(_) => return Err(StataError::new(198, "maxlag() must not be negative")),
        None => {
            let lags = (12.0 * (n as f64 / 100.0).powf(0.25)) as usize;
            (lags, format!("Maxlag = {lags} chosen by Schwert criterion"))
        }
    };
    if most >= n {
        return Err(StataError::insufficient_observations());
    }
    session.print("");
    session.print(format!("KPSS test for {}", data.name));
    session.print("");
    session.print(by);
    session.print("Autocovariances weighted by Bartlett kernel");
    session.print("");
    let null = if trend { "trend" } else { "level" };
    session.print(format!("Critical values for H0: {} is {null} stationary", data.name));
    session.print("");
    let [ten, five, two, one] = critical_values(trend).map(|c| format!("{c:.3}"));
    session.print(format!("10%: {ten}  5% : {five}  2.5%: {two}  1% : {one}"));
    session.print("");
    session.print("Lag order    Test statistic");
    let mut results = Results::default();
    results.scalar("N", n as f64).scalar("maxlag", most as f64);
    for lags in if auto { most } else { 0 }..=most {
        let statistic = detrended.statistic(lags);
        session.print(format!("{lags:>5}{:>15}", format::bare("%6.3g", statistic)));
        results.scalar(&format!("kpss{lags}"), statistic);
    }
    session.r = results;
    Ok(())
}
