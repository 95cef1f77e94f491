//! `listcoef`: coefficients of a model in factor, percentage and standardized form. Formulas: Long and Freese (2014),
//! chapters 4, 6 and 9; the variance of a latent outcome is that of the linear prediction plus that of the error,
//! pi^2/3 after logit and 1 after probit.

use super::listcoef_pairs;
use super::model::{Kind, Model, predicted};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::table::Layout;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use std::f64::consts::PI;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("Factor"),
    OptSpec::flag("Percent"),
    OptSpec::flag("PCT"),
    OptSpec::flag("Std"),
    OptSpec::flag("Reverse"),
    OptSpec::flag("Help"),
    OptSpec::flag("CONStant"),
    OptSpec::flag("noCONStant"),
    OptSpec::real("Pvalue"),
    OptSpec::flag("gt"),
    OptSpec::flag("lt"),
    OptSpec::flag("ADJacent"),
    OptSpec::flag("POSitive"),
    OptSpec::flag("noLabel"),
])
.unsupported(&["Delta", "EXPand", "Vsquish", "NOFVLABEL", "Matrix"]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "listcoef",
    min: 8,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "listcoef [varlist] [, factor percent std reverse help noconstant pvalue(#)]; after mlogit [, gt lt adjacent positive nolabel]",
    notes: "after regress, logit, logistic, probit, cloglog, ologit, oprobit, mlogit, poisson and nbreg; stores r(table): a row for each coefficient, columns b z P>|z| and those of the form, r(cmd), r(pvalue); Long and Freese (2014)",
    examples: &[Example {
        // the odds ratio is the ratio of the odds in the two groups, (3/1)/(1/3)
        run: "set obs 8\ngenerate x = _n > 4\ngenerate y = inlist(_n, 4, 5, 6, 7)\nlogit y x\nlistcoef x, help\nmatrix T = r(table)\nlistcoef x, percent\nmatrix P = r(table)",
        expect: &[("T[1,4]", 9.0), ("P[1,4]", 800.0), ("T[1,6]", 0.534_522_483_824_848_8)],
    }],
};

/// How the coefficients are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Factor,
    Percent,
    Standardized,
}

/// A coefficient with what is shown beside it.
struct Line {
    position: Option<usize>,
    name: String,
    cells: Vec<f64>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let model = Model::of(s, "listcoef")?;
    let shown = form(cmd, &model)?;
    let cut = cmd.options.real("pvalue").map_or(1.0, |p| if p >= 1.0 { p / 100.0 } else { p });
    let chosen = model.chosen(s, &cmd.list)?;
    let everything = cmd.list.trim().is_empty();
    let pairs = ["gt", "lt", "adjacent", "positive"];
    if model.kind == Kind::Nominal {
        return listcoef_pairs::run(s, cmd, &model, shown, cut, &chosen);
    }
    if let Some(name) = pairs.into_iter().find(|n| cmd.has(n)) {
        return Err(StataError::option_not_allowed(name));
    }
    let (latent, above) = spread(s, &model, shown)?;
    let lines = lines(s, &model, shown, latent, &chosen, cmd)?;
    let constant = everything && !cmd.has("noconstant");
    let kept: Vec<&Line> =
        lines.iter().filter(|l| l.cells[2] <= cut && (constant || l.position.is_some())).collect();
    s.print("");
    s.print(format!("{} (N={}): {} {}", model.command, count(s), title(shown, &model), when(cut, &model)));
    s.print("");
    above.iter().for_each(|line| s.print(line));
    if shown != Shown::Standardized && matches!(model.kind, Kind::Binary | Kind::Ordered) {
        let line = odds_of(s, &model, cmd.has("reverse"));
        s.print(line);
    }
    if !above.is_empty() || matches!(model.kind, Kind::Binary | Kind::Ordered) {
        s.print("");
    }
    show(s, &model, shown, &kept);
    if cmd.has("help") {
        help(s, &model, shown);
    }
    store(s, &model, shown, &kept, cut);
    Ok(())
}

/// The number of observations as it is shown.
pub(super) fn count(s: &Session) -> String {
    format::bare("%12.0f", s.e.results.get_scalar("N").unwrap_or(MISSING)).trim().to_string()
}

/// The form that was asked for, or the usual one of the model.
fn form(cmd: &ParsedCommand, model: &Model) -> Result<Shown> {
    let percent = cmd.has("percent") || cmd.has("pct");
    if usize::from(percent) + usize::from(cmd.has("std")) + usize::from(cmd.has("factor")) > 1 {
        return Err(StataError::invalid("only one of factor, percent and std is allowed"));
    }
    let usual = match model.command.as_str() {
        "regress" | "probit" | "oprobit" | "cloglog" => Shown::Standardized,
        _ => Shown::Factor,
    };
    let asked = match (percent, cmd.has("std"), cmd.has("factor")) {
        (true, ..) => Shown::Percent,
        (_, true, _) => Shown::Standardized,
        (.., true) => Shown::Factor,
        _ => usual,
    };
    if usual == Shown::Standardized && asked != usual {
        return Err(StataError::new(
            198,
            format!("factor and percent are not allowed after {}", model.command),
        ));
    }
    if cmd.has("reverse") && (asked == Shown::Standardized || model.kind == Kind::Count) {
        return Err(StataError::option_not_allowed("reverse"));
    }
    Ok(asked)
}

/// What the title says of the form.
fn title(shown: Shown, model: &Model) -> String {
    let of = if model.kind == Kind::Count { "expected count" } else { "odds" };
    match shown {
        Shown::Factor => format!("Factor change in {of}"),
        Shown::Percent => format!("Percentage change in {of}"),
        Shown::Standardized => "Unstandardized and standardized estimates".to_string(),
    }
}

pub(super) fn when(cut: f64, model: &Model) -> String {
    let ratio = if model.df.is_some() { "t" } else { "z" };
    if cut < 1.0 { format!("when P>|{ratio}| < {cut:.2}") } else { String::new() }
}

/// The standard deviation of the outcome that coefficients are divided by, and the lines above the table.
fn spread(s: &mut Session, model: &Model, shown: Shown) -> Result<(f64, Vec<String>)> {
    let line = |what: &str, x: f64| format!("{what:>13}:  {}", format::bare("%6.4f", x).trim());
    let y = crate::ops::predict::outcome(s, &model.rows)?;
    let observed = model.sample(&y).sd();
    if model.kind == Kind::Count {
        return Ok((MISSING, vec![line("Observed SD", observed)]));
    }
    if shown != Shown::Standardized {
        return Ok((MISSING, Vec::new()));
    }
    if model.kind == Kind::Linear {
        let error = s.e.results.get_scalar("rmse").unwrap_or(MISSING);
        return Ok((observed, vec![line("Observed SD", observed), line("SD of error", error)]));
    }
    let error = match model.command.as_str() {
        "logit" | "logistic" | "ologit" => PI * PI / 3.0,
        "cloglog" => PI * PI / 6.0,
        _ => 1.0,
    };
    let index = predicted(s, model, ", xb")?;
    let latent = (model.sample(&index).variance() + error).sqrt();
    let mut above = vec![line("Latent SD", latent)];
    if model.kind == Kind::Binary {
        above.insert(0, line("Observed SD", observed));
    }
    Ok((latent, above))
}

/// The coefficients of the regressors and the constant.
fn lines(
    s: &Session,
    model: &Model,
    shown: Shown,
    latent: f64,
    chosen: &[String],
    cmd: &ParsedCommand,
) -> Result<Vec<Line>> {
    let p = &model.parameters;
    let equation = p.equations().first().cloned().unwrap_or_default();
    let sign = if cmd.has("reverse") { -1.0 } else { 1.0 };
    let mut out = Vec::new();
    for i in p.positions(&equation) {
        let (b, se) = (p.b[i], p.v[(i, i)].max(0.0).sqrt());
        if se == 0.0 {
            continue;
        }
        let ratio = b / se;
        let mut cells = vec![b, ratio, model.p_value(b, se)];
        let Some(term) = p.terms[i].as_ref().filter(|_| p.stripe[i].name != "_cons") else {
            cells.extend(vec![MISSING; columns(shown, model).len() - 3]);
            out.push(Line { position: None, name: "constant".to_string(), cells });
            continue;
        };
        if !term.variables().iter().any(|v| chosen.iter().any(|c| c == v)) {
            continue;
        }
        let sd = model.sample(&term.values(&s.frame, &model.rows)?).sd();
        cells.extend(forms(shown, sign * b, sd));
        if shown == Shown::Standardized && model.kind != Kind::Count {
            cells.extend([b / latent, b * sd / latent]);
        }
        cells.push(sd);
        out.push(Line { position: Some(i), name: p.stripe[i].name.clone(), cells });
    }
    Ok(out)
}

/// The coefficient for a change of one, then for one of a standard deviation.
pub(super) fn forms(shown: Shown, b: f64, sd: f64) -> Vec<f64> {
    match shown {
        Shown::Factor => vec![b.exp(), (b * sd).exp()],
        Shown::Percent => vec![100.0 * b.exp_m1(), 100.0 * (b * sd).exp_m1()],
        Shown::Standardized => vec![b * sd],
    }
}

/// Headings of the columns with their widths and decimals.
fn columns(shown: Shown, model: &Model) -> Vec<(&'static str, usize, usize)> {
    let (ratio, p) = if model.df.is_some() { ("t", "P>|t|") } else { ("z", "P>|z|") };
    let mut out = vec![("b", 10, 4), (ratio, 9, 3), (p, 9, 3)];
    out.extend(match shown {
        Shown::Factor => vec![("e^b", 10, 3), ("e^bStdX", 10, 3)],
        Shown::Percent => vec![("%", 10, 1), ("%StdX", 10, 1)],
        Shown::Standardized if model.kind == Kind::Count => vec![("bStdX", 9, 3)],
        Shown::Standardized => vec![("bStdX", 9, 3), ("bStdY", 9, 3), ("bStdXY", 9, 3)],
    });
    out.push(("SDofX", 10, 3));
    out
}

/// The line that names the outcomes whose odds are compared.
fn odds_of(s: &Session, model: &Model, reverse: bool) -> String {
    if model.kind == Kind::Ordered {
        return if reverse { "  Odds of: <=m vs >m" } else { "  Odds of: >m vs <=m" }.to_string();
    }
    let (no, yes) = (model.value_name(s, 0.0), model.value_name(s, 1.0));
    if reverse { format!("  Odds of: {no} vs {yes}") } else { format!("  Odds of: {yes} vs {no}") }
}

fn show(s: &mut Session, model: &Model, shown: Shown, lines: &[&Line]) {
    let columns = columns(shown, model);
    let width: usize = columns.iter().map(|c| c.1).sum();
    s.print("-".repeat(14 + width));
    s.print(format!("{:13}|{}", "", columns.iter().map(|c| format!("{:>1$}", c.0, c.1)).collect::<String>()));
    s.print(format!("-------------+{}", "-".repeat(width)));
    let mut layout = Layout::default();
    for line in lines {
        let cells: String = line
            .cells
            .iter()
            .zip(&columns)
            .map(|(x, c)| format::right(format::bare(&format!("%{}.{}f", c.1 - 1, c.2), *x).trim(), c.1))
            .collect();
        let term = line.position.and_then(|i| model.parameters.terms[i].as_ref());
        // rows stand directly below a block of levels
        if line.name.contains(['.', '#']) {
            layout.print(s, &line.name, term, &cells);
        } else {
            s.print(format!("{:>12} |{cells}", format::abbrev(&line.name, 12)));
            layout = Layout::default();
            layout.plain_before = true;
        }
    }
    s.print("-".repeat(14 + width));
    if model.command == "nbreg" {
        let of = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
        let (chi2, p) = (of("chi2_c"), of("p_c"));
        if !crate::value::is_missing(chi2) {
            let alpha = format::bare("%9.4f", of("alpha")).trim().to_string();
            let chi2 = format::bare("%9.2f", chi2).trim().to_string();
            let p = if crate::value::is_missing(p) {
                0.5 * estimators::distributions::chi2_tail(1.0, of("chi2_c"))
            } else {
                p
            };
            s.print(format!("  alpha: {alpha}   LR test of alpha=0: {chi2}   Prob>=LRX2 = {p:.3}"));
        }
    }
}

/// The legend of the columns.
pub(super) fn help(s: &mut Session, model: &Model, shown: Shown) {
    let (of, ratio) = (
        if model.kind == Kind::Count { "expected count" } else { "odds" },
        if model.df.is_some() { "t" } else { "z" },
    );
    let mut lines = vec![
        ("b".to_string(), "raw coefficient".to_string()),
        (ratio.to_string(), format!("{ratio}-score for test of b=0")),
        (format!("P>|{ratio}|"), format!("p-value for {ratio}-test")),
    ];
    let mut add = |name: &str, text: String| lines.push((name.to_string(), text));
    match shown {
        Shown::Factor => {
            add("e^b", format!("exp(b) = factor change in {of} for unit increase in X"));
            add("e^bStdX", format!("exp(b*SD of X) = change in {of} for SD increase in X"));
        }
        Shown::Percent => {
            add("%", format!("percent change in {of} for unit increase in X"));
            add("%StdX", format!("percent change in {of} for SD increase in X"));
        }
        Shown::Standardized => {
            add("bStdX", "x-standardized coefficient".into());
            if model.kind != Kind::Count {
                add("bStdY", "y-standardized coefficient".into());
                add("bStdXY", "fully standardized coefficient".into());
            }
        }
    }
    if model.kind != Kind::Nominal {
        add("SDofX", "standard deviation of X".into());
    }
    for (name, text) in lines {
        s.print(format!("{name:>12} = {text}"));
    }
}

fn store(s: &mut Session, model: &Model, shown: Shown, lines: &[&Line], cut: f64) {
    let columns = columns(shown, model);
    let mut r = Results::default();
    r.text("cmd", model.command.as_str()).scalar("pvalue", cut);
    if !lines.is_empty() {
        let data = lines.iter().flat_map(|l| l.cells.iter().copied()).collect();
        let mut table = Matrix::new(lines.len(), columns.len(), data);
        table.row_names = lines.iter().map(|l| Stripe::term(l.name.as_str())).collect();
        table.col_names = columns.iter().map(|c| Stripe::term(c.0)).collect();
        r.matrix("table", table);
    }
    s.r = r;
}
