//! `xtcsd`: tests for dependence between the units of a panel. De Hoyos and Sarafidis (2006), Testing for cross-sectional
//! dependence in panel-data models, Stata Journal 6.

use super::panel_residuals::PanelResiduals;
use super::xttest::show_matrix;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::cross_section::{self as tests, ByPeriod};
use estimators::distributions::{chi2_tail, normal_two_sided};
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("PESaran"),
    OptSpec::flag("FRIedman"),
    OptSpec::flag("FREes"),
    OptSpec::flag("ABS"),
    OptSpec::flag("SHOW"),
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "xtcsd",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "xtcsd, {pesaran|friedman|frees} [abs show]",
    notes: "after xtreg, fe or re; friedman and frees use the periods that all units have; stores r(pesaran), r(friedman) or r(frees), r(p), with frees r(frees10 frees05 frees01): critical values by numerical integration of Frees' Q distribution (the published ones are simulated), with abs r(abs_corr); Pesaran (2004), Friedman (1937), Frees (1995)",
    examples: &[
        Example {
            // Correlations 0.5, -0.5 and -1 over three periods: sqrt(2*3/(3*2)) * -1.
            run: "input id t y\n1 1 1\n1 2 2\n1 3 3\n2 1 1\n2 2 3\n2 3 2\n3 1 3\n3 2 1\n3 3 2\nend\nxtset id t\nxtreg y, fe\nxtcsd, pesaran abs",
            expect: &[("r(pesaran)", -1.0), ("r(abs_corr)", 2.0 / 3.0)],
        },
        Example {
            // The mean rank correlation is -1/3: 2(2(-1/3) + 1).
            run: "input id t y\n1 1 1\n1 2 2\n1 3 3\n2 1 1\n2 2 3\n2 3 2\n3 1 3\n3 2 1\n3 3 2\nend\nxtset id t\nxtreg y, fe\nxtcsd, friedman",
            expect: &[("r(friedman)", 2.0 / 3.0)],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if !cmd.list.trim().is_empty() {
        return Err(StataError::syntax());
    }
    let asked: Vec<&str> = ["pesaran", "friedman", "frees"].into_iter().filter(|m| cmd.has(m)).collect();
    let method = match asked[..] {
        [one] => one,
        [] => return Err(StataError::new(198, "one of the options pesaran, friedman and frees is required")),
        _ => return Err(StataError::invalid(format!("options {} may not be combined", asked.join(" and ")))),
    };
    let read = PanelResiduals::read(s, "xtreg, fe or re", &|command, model| {
        command == "xtreg" && matches!(model, "fe" | "re")
    })?;
    let data = read.by_period(s)?;
    let mut r = Results::default();
    let shown = match method {
        "pesaran" => of_pesaran(s, cmd, &data, &mut r)?,
        _ => of_ranks(s, cmd, &data, method, &mut r)?,
    };
    if cmd.has("show") {
        s.print("");
        s.print("Cross-sectional correlation matrix of residuals:");
        let names = read.names(s);
        show_matrix(s, &shown, &names);
    }
    s.r = r;
    Ok(())
}

fn statistic(s: &mut Session, name: &str, value: f64, p: Option<f64>) {
    let p = p.map_or(String::new(), |p| format!(", Pr = {}", format::bare("%6.4f", p)));
    s.print("");
    s.print(format!("{name} test of cross sectional independence = {}{p}", format::number("%9.3f", value)));
}

fn absolute(s: &mut Session, cmd: &ParsedCommand, value: f64, r: &mut Results) {
    if cmd.has("abs") {
        s.print("");
        s.print(format!(
            "Average absolute value of the off-diagonal elements = {}",
            format::number("%9.3f", value)
        ));
        r.scalar("abs_corr", value);
    }
}

fn of_pesaran(s: &mut Session, cmd: &ParsedCommand, data: &ByPeriod, r: &mut Results) -> Result<Mat> {
    let n = data.units.len();
    let least = (0..n).flat_map(|i| (i + 1..n).map(move |j| (i, j))).map(|(i, j)| data.pair(i, j).1).min();
    if least.unwrap_or(0) < 2 {
        return Err(StataError::new(
            2001,
            "insufficient observations: two units share fewer than two periods",
        ));
    }
    let (cd, size) = tests::pesaran(data);
    let (cd, p) = (stata(cd), stata(normal_two_sided(cd)));
    statistic(s, "Pesaran's", cd, Some(p));
    absolute(s, cmd, stata(size), r);
    r.scalar("pesaran", cd).scalar("p", p);
    Ok(Mat::from_fn(n, n, |i, j| if i == j { 1.0 } else { data.pair(i, j).0 }))
}

fn of_ranks(
    s: &mut Session,
    cmd: &ParsedCommand,
    data: &ByPeriod,
    method: &str,
    r: &mut Results,
) -> Result<Mat> {
    let columns = data.complete();
    let periods = columns.first().map_or(0, Vec::len);
    if periods < if method == "frees" { 4 } else { 2 } {
        return Err(StataError::new(2001, "insufficient observations: too few periods that all units have"));
    }
    let ranks = tests::rank_correlations(&columns);
    let size = stata(tests::mean_of_pairs(&ranks, f64::abs));
    if method == "friedman" {
        let (value, df) = tests::friedman(&ranks, periods);
        let (value, p) = (stata(value), stata(chi2_tail(df, value)));
        statistic(s, "Friedman's", value, Some(p));
        absolute(s, cmd, size, r);
        r.scalar("friedman", value).scalar("df", df).scalar("p", p);
        return Ok(ranks);
    }
    let value = stata(tests::frees(&ranks, periods));
    statistic(s, "Frees'", value, None);
    s.print(format!("|{}|", "-".repeat(56)));
    s.print("  Critical values from Frees' Q distribution");
    for (alpha, name, text) in
        [(0.1, "frees10", "0.10"), (0.05, "frees05", "0.05"), (0.01, "frees01", "0.01")]
    {
        let critical = tests::frees_critical(periods, alpha);
        s.print(format!("{:>34} : {}", format!("alpha = {text}"), format::number("%8.4f", critical)));
        r.scalar(name, critical);
    }
    absolute(s, cmd, size, r);
    r.scalar("frees", value);
    Ok(ranks)
}
