//! `xttest2` and `xttest3`: tests of the errors of panel regressions for correlation and for unequal variances across
//! units. Baum (2001), Residual diagnostics for cross-section time series regression models, Stata Journal 1.

use super::panel_residuals::PanelResiduals;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::ParsedCommand;
use estimators::cross_section::{breusch_pagan, correlations, modified_wald};
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[]);

/// The command `xttest3`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xttest3",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: unequal,
    syntax: "xttest3",
    notes: "after xtreg, fe or xtgls; stores r(wald) r(df) r(p); the variance of all residuals is their mean square; Greene (2000), Baum (2001)",
    examples: &[Example {
        // Residuals 1 -1 2 -2 and 3 -3 0 0 around the means of the units: (2.5 - 3.5)^2/0.75 + (4.5 - 3.5)^2/6.75.
        run: "input id y\n1 1\n1 -1\n1 2\n1 -2\n2 13\n2 7\n2 10\n2 10\nend\nxtset id\nxtreg y, fe\nxttest3",
        expect: &[("r(wald)", 40.0 / 27.0), ("r(df)", 2.0)],
    }],
};

/// The command `xttest2`.
pub(super) const SPEC_CORRELATED: CommandSpec = CommandSpec {
    name: "xttest2",
    run: correlated,
    syntax: "xttest2",
    notes: "after xtreg, fe, xtgls or ivreg2 and xtset; over the periods that all units have; stores r(chi2_bp) r(df_bp) r(n_bp) r(p), r(C): correlations of the residuals; Breusch and Pagan (1980), Baum (2001)",
    examples: &[Example {
        // Correlations of 1 2 3, 1 3 2 and 3 1 2: 0.5, -0.5 and -1; 3 * 1.5 = 4.5.
        run: "input id t y\n1 1 1\n1 2 2\n1 3 3\n2 1 1\n2 2 3\n2 3 2\n3 1 3\n3 2 1\n3 3 2\nend\nxtset id t\nxtreg y, fe\nxttest2",
        expect: &[("r(chi2_bp)", 4.5), ("r(df_bp)", 3.0), ("r(n_bp)", 3.0)],
    }],
    ..SPEC
};

fn no_list(cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() { Ok(()) } else { Err(StataError::syntax()) }
}

fn unequal(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    no_list(cmd)?;
    let read = PanelResiduals::read(s, "xtreg, fe or xtgls", &|command, model| {
        command == "xtgls" || (command == "xtreg" && model == "fe")
    })?;
    let of_xtreg = s.e.cmd() == "xtreg";
    let wald = stata(modified_wald(&read.groups));
    let df = read.groups.len() as f64;
    let p = stata(chi2_tail(df, wald));
    s.print("");
    s.print("Modified Wald test for groupwise heteroskedasticity");
    s.print(if of_xtreg {
        "in fixed effect regression model"
    } else {
        "in cross-sectional time-series FGLS regression model"
    });
    s.print("");
    s.print("H0: sigma(i)^2 = sigma^2 for all i");
    s.print("");
    s.print(format!("chi2 ({})  = {}", format::bare("%9.0g", df), format::number("%10.2f", wald)));
    s.print(format!("Prob>chi2 =  {}", format::number("%10.4f", p)));
    s.print("");
    let mut r = Results::default();
    r.scalar("wald", wald).scalar("df", df).scalar("p", p);
    s.r = r;
    Ok(())
}

fn correlated(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    no_list(cmd)?;
    let read = PanelResiduals::read(s, "xtreg, fe, xtgls or ivreg2", &|command, model| {
        matches!(command, "xtgls" | "ivreg2") || (command == "xtreg" && model == "fe")
    })?;
    let columns = read.by_period(s)?.complete();
    let periods = columns.first().map_or(0, Vec::len);
    if periods < 2 {
        return Err(StataError::new(2001, "insufficient observations: too few periods that all units have"));
    }
    let r = correlations(&columns);
    let names: Vec<String> = (1..=columns.len()).map(|i| format!("__e{i}")).collect();
    s.print("");
    s.print("Correlation matrix of residuals:");
    show_matrix(s, &r, &names);
    let (chi2, df) = breusch_pagan(&r, periods);
    let (chi2, p) = (stata(chi2), stata(chi2_tail(df, chi2)));
    s.print("");
    s.print(format!(
        "Breusch-Pagan LM test of independence: chi2({}) = {}, Pr = {}",
        format::bare("%9.0g", df),
        format::number("%9.3f", chi2),
        format::bare("%6.4f", p)
    ));
    s.print(format!("Based on {periods} complete observations over panel units"));
    let mut out = Results::default();
    out.scalar("chi2_bp", chi2).scalar("df_bp", df).scalar("n_bp", periods as f64).scalar("p", p);
    let stripe = names.into_iter().map(Stripe::term).collect();
    out.matrix("C", Matrix::square(r.data().iter().map(|x| stata(*x)).collect(), stripe));
    s.r = out;
    Ok(())
}

/// The lower triangle of a matrix of correlations, in blocks of eight columns.
pub(super) fn show_matrix(s: &mut Session, matrix: &Mat, names: &[String]) {
    for first in (0..names.len()).step_by(8) {
        let columns = first..(first + 8).min(names.len());
        s.print("");
        let heading: String = columns.clone().map(|j| format::right(&names[j], 8)).collect();
        s.print(format!("{}{heading}", " ".repeat(8)));
        for i in first..names.len() {
            let cells: String = columns
                .clone()
                .filter(|j| *j <= i)
                .map(|j| format::number("%8.4f", stata(matrix[(i, j)])))
                .collect();
            s.print(format!("{}{cells}", format::right(&names[i], 8)));
        }
    }
}
