//! `xtserial`: Wooldridge's test for serial correlation in the errors of a linear panel model.
//! Wooldridge (2002), Econometric Analysis of Cross Section and Panel Data, section 10.6.3; Drukker (2003), Stata
//! Journal 3. Written from the article.

use crate::commands::{ByRule, CommandSpec, Example, Form, Interpreter, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[OptSpec::flag("Output")]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtserial",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtserial depvar [varlist] [if] [in] [, output]",
    notes: "the regression of differenced residuals on their lag, with errors clustered by panel, has a slope of -1/2 without serial correlation; stores r(F) r(df) r(df_r) r(p); Wooldridge (2002), Drukker (2003)",
    examples: &[Example {
        // Differences of x are one, those of y -1 2, 1 -2 and 1 -1, so they are the residuals. Their slope on the lag is
        // -5/3 with the variance (1/9)(2/3)(3/2) = 1/9.
        run: "input id t y\n1 1 0\n1 2 -1\n1 3 1\n2 1 0\n2 2 1\n2 3 -1\n3 1 0\n3 2 1\n3 3 0\nend\ngenerate x = t\nxtset id t\nxtserial y x",
        expect: &[("r(df)", 1.0), ("r(df_r)", 2.0), ("r(F)", 12.25)],
    }],
};

/// Name of the residuals while the command runs.
const RESIDUALS: &str = "__differenced";

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let panel = Panel::of(&s.frame)?;
    let (unit, _) = panel.unit_and_time()?;
    if words(&cmd.list).is_empty() {
        return Err(StataError::standard(100));
    }
    let unit = s.frame.var(unit).name.clone();
    let held = s.hold_estimates();
    let found = slope(s, cmd, &unit);
    if s.frame.position(RESIDUALS).is_ok() {
        quietly(s, &format!("drop {RESIDUALS}"))?;
    }
    s.restore_estimates(held);
    let (f, df_r, p) = found?;
    s.print("");
    s.print("Wooldridge test for autocorrelation in panel data");
    s.print("H0: no first-order autocorrelation");
    s.print(format!("    F(  1, {:>7}) = {}", format::bare("%7.0g", df_r), format::number("%10.3f", f)));
    s.print(format!("           Prob > F = {}", format::number("%11.4f", p)));
    let mut r = Results::default();
    r.scalar("F", f).scalar("df", 1.0).scalar("df_r", df_r).scalar("p", p);
    s.r = r;
    Ok(())
}

/// F statistic, its denominator degrees of freedom and p-value.
fn slope(s: &mut Session, cmd: &ParsedCommand, unit: &str) -> Result<(f64, f64, f64)> {
    let list: Vec<String> = words(&cmd.list).iter().map(|w| format!("D.{w}")).collect();
    let condition = cmd.if_exp.as_deref().map(|e| format!(" if {e}")).unwrap_or_default();
    let range = cmd.in_range.as_deref().map(|r| format!(" in {r}")).unwrap_or_default();
    let model = format!("regress {}{condition}{range}, noconstant vce(cluster {unit})", list.join(" "));
    if cmd.has("output") {
        s.run_expanded(&model)?;
    } else {
        quietly(s, &model)?;
    }
    quietly(s, &format!("predict double {RESIDUALS} if e(sample), residuals"))?;
    quietly(s, &format!("regress {RESIDUALS} L.{RESIDUALS}, noconstant vce(cluster {unit})"))?;
    quietly(s, &format!("test L.{RESIDUALS} = -.5"))?;
    let of = |name: &str| s.r.get_scalar(name).unwrap_or(MISSING);
    Ok((of("F"), of("df_r"), of("p")))
}
