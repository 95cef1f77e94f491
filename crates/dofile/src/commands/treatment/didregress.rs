//! `didregress` and `xtdidregress`: difference in differences with group (or panel) and time effects.
//!
//! Stores in `e()`: N N_clust df_r rmse, b (`ATET:r1vs0.treatment`, then `Controls:`), V, cmd outcome treatment
//! groupvar timevar vce vcetype clustvar. Formulas: [CAUSAL] didregress, Methods and formulas: a regression on the
//! treatment, controls, effects of groups (absorbed) and of times, with standard errors by group.

use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::model::first_word;
use crate::estimation::table::Table;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::tsset::Panel;
use crate::value::{MISSING, is_missing};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("GRoup"),
    OptSpec::text("TIme"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::flag("noHEader"),
];
const UNSUPPORTED: &[&str] = &[
    "AGGregate",
    "wildbootstrap",
    "NOGTEffects",
    "NOGEFfects",
    "NOTEffects",
    "NOINTERact",
    "COEFLegend",
    "WILD",
    "DIAGs",
];

/// The command `didregress`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "didregress",
    min: 10,
    form: Form::Raw,
    by: ByRule::No,
    run: |s, cmd| run(s, cmd, false),
    syntax: "didregress (outcome [controls]) (treatment [, continuous]) [if] [in] [weight], group(groupvar) time(timevar) [vce(cluster v|robust) level(#)]",
    notes: "one group variable; stores e(b) with ATET:r1vs0.treatment, e(V), e(N) e(N_clust) e(df_r), r(table); standard errors by group with the factor of areg; then estat ptrends, estat granger; aggregate(), wild bootstrap and bias-corrected errors are not supported; [CAUSAL] didregress",
    examples: &[Example {
        // Two groups, two times: the difference of differences (5 - 2) - (3 - 1) = 1.
        run: "input g t y\n1 1 0.5\n1 1 1.5\n1 2 2.5\n1 2 3.5\n2 1 1.5\n2 1 2.5\n2 2 4.5\n2 2 5.5\nend\ngenerate d = g == 2 & t == 2\ndidregress (y) (d), group(g) time(t) vce(robust)",
        expect: &[("_b[ATET:r1vs0.d]", 1.0), ("e(N)", 8.0)],
    }],
};

/// The command `xtdidregress`.
pub(super) const SPEC_XT: CommandSpec = CommandSpec {
    name: "xtdidregress",
    min: 12,
    run: |s, cmd| run(s, cmd, true),
    syntax: "xtdidregress (outcome [controls]) (treatment [, continuous]) [if] [in] [weight], group(groupvar) time(timevar) [vce(cluster v|robust) level(#)]",
    notes: "after xtset; effects of panels and times, standard errors by group with the factor of xtreg, fe; otherwise as didregress; [CAUSAL] didregress",
    examples: &[Example {
        // The treated unit gains 3, the others 2 and 1.
        run: "input g t y\n1 1 0.5\n1 2 2.5\n2 1 1.5\n2 2 4.5\n3 1 1\n3 2 2\nend\nxtset g t\ngenerate d = g == 2 & t == 2\nxtdidregress (y) (d), group(g) time(t)",
        expect: &[("_b[ATET:r1vs0.d]", 1.5), ("e(N)", 6.0)],
    }],
    ..SPEC
};

/// Request of the command.
struct Request {
    outcome: String,
    controls: String,
    treatment: String,
    continuous: bool,
    group: String,
    time: String,
    line: ParsedCommand,
}

fn parse(s: &Session, raw: &str, name: &str) -> Result<Request> {
    let (parts, rest) = leading_groups(raw).ok_or_else(StataError::unclosed)?;
    let [model, treatment] = parts[..] else {
        return Err(StataError::invalid(format!("{name} needs (outcome [controls]) (treatment)")));
    };
    let mut line = ParsedCommand::split(name, rest, false)?;
    line.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    let (treatment, option) = treatment.split_once(',').unwrap_or((treatment, ""));
    let option = option.trim();
    if !(option.is_empty() || (option.len() >= 4 && "continuous".starts_with(option))) {
        return Err(StataError::option_not_allowed(option));
    }
    let variable = |option: &str| -> Result<String> {
        let text = line
            .options
            .text(option)
            .ok_or_else(|| StataError::invalid(format!("option {option}() required")))?;
        if text.split_whitespace().count() > 1 {
            return Err(StataError::unsupported_option(name, &format!("{option}() with several variables")));
        }
        Ok(s.frame.var(s.variable(text.trim())?).name.clone())
    };
    let (outcome, controls) = first_word(model);
    if outcome.is_empty() {
        return Err(StataError::standard(100));
    }
    let treatment = s.frame.var(s.numeric_variable(treatment.trim())?).name.clone();
    Ok(Request {
        outcome: s.frame.var(s.numeric_variable(outcome)?).name.clone(),
        controls: controls.to_string(),
        treatment,
        continuous: !option.is_empty(),
        group: variable("group")?,
        time: variable("time")?,
        line,
    })
}

impl Request {
    /// The regression behind the command; `further` are more regressors.
    fn regression(&self, panel: bool, sample: &str, further: &str) -> String {
        let weight = self
            .line
            .weight
            .as_ref()
            .map_or(String::new(), |w| format!("[{}={}]", w.kind.map_or("aweight", |k| k.name()), w.exp));
        let vce = self.line.options.text("vce").map_or(format!("cluster {}", self.group), str::to_string);
        let list = format!("{} {} {} {further} i.{}", self.outcome, self.treatment, self.controls, self.time);
        if panel {
            format!("xtreg {list} {sample} {weight}, fe vce({vce})")
        } else {
            format!("areg {list} {sample} {weight}, absorb({}) vce({vce})", self.group)
        }
    }

    /// `if` and `in` as they were written.
    fn sample(&self) -> String {
        let condition = self.line.if_exp.as_ref().map_or(String::new(), |e| format!("if {e}"));
        let range = self.line.in_range.as_ref().map_or(String::new(), |r| format!("in {r}"));
        format!("{condition} {range}")
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand, panel: bool) -> Result<()> {
    let name = cmd.name.clone();
    if cmd.raw.trim().is_empty() || cmd.raw.trim().starts_with(',') {
        if s.e.cmd() != name {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split(&name, &cmd.raw, false)?;
        again.check_weighted_options(OPTIONS, UNSUPPORTED)?;
        return display(s, &again);
    }
    let request = parse(s, &cmd.raw, &name)?;
    if panel {
        Panel::of(&s.frame)?;
    }
    check_treatment(s, &request)?;
    quietly(s, &request.regression(panel, &request.sample(), ""))?;
    let sample = s.estimation_sample().map(|m| m.as_ref().clone()).unwrap_or_default();
    post(s, cmd, &request, &name)?;
    count(s, &request, &sample)?;
    display(s, &request.line)
}

/// A treatment that is not continuous is 0 or 1.
fn check_treatment(s: &Session, request: &Request) -> Result<()> {
    let v = s.numeric_variable(&request.treatment)?;
    let touse = s.rows(&request.line)?;
    let values = (0..touse.len()).filter(|i| touse[*i]).map(|i| s.frame.num_at(v, i));
    let mut seen = [false, false];
    for x in values.filter(|x| !is_missing(*x)) {
        if !request.continuous && x != 0.0 && x != 1.0 {
            return Err(StataError::new(
                459,
                format!("treatment variable {} must be 0 or 1, or specify continuous", request.treatment),
            ));
        }
        seen[usize::from(x != 0.0)] = true;
    }
    if seen != [true, true] {
        return Err(StataError::new(2000, "treatment does not vary in the sample"));
    }
    Ok(())
}

/// Posts the regression under the names of the command.
fn post(s: &mut Session, cmd: &ParsedCommand, request: &Request, name: &str) -> Result<()> {
    let mut est = s.e.clone();
    let (Some(b), Some(v)) = (est.b().cloned(), est.v().cloned()) else {
        return Err(StataError::no_estimates());
    };
    if b.col_names.first().is_none_or(|c| c.name != request.treatment)
        || v.get(0, 0).is_nan()
        || v.get(0, 0) <= 0.0
    {
        return Err(StataError::new(459, "treatment is collinear with group and time effects"));
    }
    let lead =
        if request.continuous { request.treatment.clone() } else { format!("r1vs0.{}", request.treatment) };
    let mut stripe: Vec<Stripe> =
        b.col_names.iter().map(|c| Stripe::with_eq("Controls", c.name.as_str())).collect();
    stripe[0] = Stripe::with_eq("ATET", lead);
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(b.values().to_vec(), stripe.clone()));
    r.matrix("V", Matrix::square(v.values().to_vec(), stripe));
    for gone in ["F", "p", "F_f", "p_f", "r2", "r2_a", "r2_w", "r2_b", "r2_o", "df_a", "ll", "ll_0", "corr"] {
        r.scalars.remove(gone);
    }
    for gone in ["model", "absvar", "predict", "title"] {
        r.macros.remove(gone);
    }
    r.text("cmd", name).text("cmdline", format!("{name} {}", cmd.raw.trim()));
    r.text("outcome", request.outcome.as_str()).text("treatment", request.treatment.as_str());
    r.text("groupvar", request.group.as_str()).text("timevar", request.time.as_str());
    r.text("controls", request.controls.as_str());
    r.text("title", "Difference-in-differences regression").text("estat_cmd", "didregress_estat");
    est.extra = None;
    // The sample mark stays: only names and texts are new.
    s.e = est;
    Ok(())
}

/// Prints groups and times of treatment.
fn count(s: &mut Session, request: &Request, sample: &[bool]) -> Result<()> {
    let treated = histories(s, request, sample)?;
    let groups =
        [treated.iter().filter(|h| h.1.is_none()).count(), treated.iter().filter(|h| h.1.is_some()).count()];
    let starts: Vec<f64> = treated.iter().filter_map(|h| h.1).collect();
    let low = starts.iter().copied().fold(f64::INFINITY, f64::min);
    let high = starts.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    let first = treated.iter().map(|h| h.2).fold(f64::INFINITY, f64::min);
    let last = treated.iter().filter(|h| h.1.is_none()).map(|h| h.2).fold(f64::NEG_INFINITY, f64::max);
    s.print("");
    s.print("Number of groups and treatment time");
    s.print("");
    s.print(format!("Time variable: {}", request.time));
    if !request.continuous {
        s.print(format!("Control:       {} = 0", request.treatment));
        s.print(format!("Treatment:     {} = 1", request.treatment));
    }
    s.print("-".repeat(35));
    s.print("             |   Control  Treatment");
    s.print("-------------+---------------------");
    s.print("Group        |");
    s.print(format!("{:>12} |{:>10}{:>11}", format::abbrev(&request.group, 12), groups[0], groups[1]));
    s.print("-------------+---------------------");
    s.print("Time         |");
    let cell = |x: f64| format::bare("%9.0g", x);
    s.print(format!("     Minimum |{:>10}{:>11}", cell(first), cell(low)));
    s.print(format!(
        "     Maximum |{:>10}{:>11}",
        cell(if last.is_finite() { last } else { first }),
        cell(high)
    ));
    s.print("-".repeat(35));
    s.e.results
        .scalar("N_cgroups", groups[0] as f64)
        .scalar("N_tgroups", groups[1] as f64)
        .scalar("N_groups", treated.len() as f64);
    Ok(())
}

/// For each group: its value (position of a row), when treatment begins, its first time.
fn histories(s: &Session, request: &Request, sample: &[bool]) -> Result<Vec<(usize, Option<f64>, f64)>> {
    let group = s.variable(&request.group)?;
    let (time, treatment) = (s.numeric_variable(&request.time)?, s.numeric_variable(&request.treatment)?);
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let (of_row, count) = crate::estimation::model::number_groups(&s.frame, group, &rows);
    let mut out: Vec<(usize, Option<f64>, f64)> = vec![(0, None, f64::INFINITY); count];
    for (row, g) in rows.iter().zip(&of_row) {
        let (t, d) = (s.frame.num_at(time, *row), s.frame.num_at(treatment, *row));
        let own = &mut out[*g as usize];
        own.0 = *row;
        own.2 = own.2.min(t);
        if d != 0.0 {
            own.1 = Some(own.1.map_or(t, |first: f64| first.min(t)));
        }
    }
    Ok(out)
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let (b, v) = s.e.b_and_v()?;
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let (outcome, vcetype, clustvar) = (text("outcome"), text("vcetype"), text("clustvar"));
    let panel = s.e.cmd() == "xtdidregress";
    let n = s.e.results.get_scalar("N").unwrap_or(MISSING);
    let clusters = s.e.results.get_scalar("N_clust");
    let df_r = s.e.results.get_scalar("df_r");
    if !cmd.has("noheader") {
        s.print("");
        let n = format!("Number of obs = {}", format::bare("%10.0fc", n).trim());
        s.print(format!("{:<46}{n:>32}", text_title()));
        let kind = if panel { "Longitudinal" } else { "Repeated cross-sectional" };
        s.print(format!("Data type: {kind}"));
        s.print("");
    }
    Table {
        title: &outcome,
        vce_title: &vcetype,
        clusters: clusters.map(|c| (c, clustvar.as_str())),
        ..Table::of_equations(&b.col_names[..1], &b.values()[..1], &[v.get(0, 0).sqrt()], df_r, level)
    }
    .show(s);
    let unit = if panel { "panel" } else { "group" };
    s.print(format!("Note: ATET estimate adjusted for {unit} effects and time effects."));
    Ok(())
}

fn text_title() -> &'static str {
    "Difference-in-differences regression"
}

/// When treatment begins in the group of a row (nothing for controls), and the row's time.
pub(super) type Timing = (Option<f64>, f64);

/// The request of the active estimates, read again from the command line.
pub(super) struct Again {
    request: Request,
    panel: bool,
}

impl Again {
    /// Reads `e(cmdline)`.
    pub(super) fn of(s: &Session) -> Result<Self> {
        let name = s.e.cmd().to_string();
        let line = s.e.results.get_text("cmdline").unwrap_or("").to_string();
        let raw = line.strip_prefix(&name).unwrap_or("").to_string();
        Ok(Self { request: parse(s, &raw, &name)?, panel: name == "xtdidregress" })
    }

    /// Whether the treatment is 0 or 1.
    pub(super) fn is_binary(&self) -> bool {
        !self.request.continuous
    }

    /// For every row of the data: when treatment begins in its group (nothing for controls), and its time.
    pub(super) fn timing(&self, s: &Session) -> Result<Vec<Option<Timing>>> {
        let sample = s.required_estimation_sample()?;
        let histories = histories(s, &self.request, &sample)?;
        let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
        let group = s.variable(&self.request.group)?;
        let time = s.numeric_variable(&self.request.time)?;
        let (of_row, _) = crate::estimation::model::number_groups(&s.frame, group, &rows);
        let mut out = vec![None; sample.len()];
        for (row, g) in rows.iter().zip(&of_row) {
            out[*row] = Some((histories[*g as usize].1, s.frame.num_at(time, *row)));
        }
        Ok(out)
    }

    /// The regression with more regressors, in the sample of the estimates (marked by a variable).
    pub(super) fn regression(&self, mark: &str, further: &str) -> String {
        self.request.regression(self.panel, &format!("if {mark}"), further)
    }
}
