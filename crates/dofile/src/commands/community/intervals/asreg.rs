//! `asreg`: regressions in rolling windows and in groups whose results become variables. Written from the help file of
//! Shah (2019).

use super::window::Window;
use super::{add, free_name, regression};
use crate::commands::community::fama_macbeth;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::ops::groups::{each_group, grouped};
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::tsset::Panel;
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Window"),
    OptSpec::flag("noConstant"),
    OptSpec::flag("RECursive"),
    OptSpec::int("MINimum"),
    OptSpec::text("by"),
    OptSpec::flag("FITted"),
    OptSpec::flag("SError"),
    OptSpec::flag("RMSe"),
    OptSpec::flag("Robust"),
    OptSpec::flag("FMB"),
    OptSpec::int("NEWey"),
    OptSpec::real("Level"),
])
.unsupported(&["SHANken", "SAVE", "FIRST", "OTHer", "KEEP", "SETYpe"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "asreg",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::Whole,
    run,
    syntax: "[bysort varlist:] asreg depvar indepvars [if] [in] [, window([rangevar] #) recursive minimum(#) by(varlist) noconstant fitted serror rmse robust | fmb newey(#) level(#)]",
    notes: "makes _Nobs _R2 _adjR2 _b_* _b_cons, with serror _se_* _se_cons, with rmse _rmse, with fitted _fitted _residuals; a window of # ends at the row's value of rangevar (the time variable by default) and goes back # of its units; a regression needs more observations than parameters, and minimum(); a window of two numbers is refused; no results; with fmb the command is xtfmb with its results and e(adjr2), newey() instead of lag()",
    examples: &[Example {
        run: "set obs 8\ngenerate t = _n\ngenerate x = mod(_n, 3)\ngenerate y = 1 + 2*x if t <= 4\nreplace y = 5 - x if t > 4\nasreg y x, window(t 4) fitted serror\ngenerate b = _b_x\ndrop _*\ngenerate g = t > 4\nbysort g: asreg y x",
        expect: &[
            ("missing(b[2])", 1.0),
            ("b[4]", 2.0),
            ("b[8]", -1.0),
            ("_b_cons[1]", 1.0),
            ("_b_cons[5]", 5.0),
            ("_Nobs[8]", 4.0),
            ("_R2[8]", 1.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("fmb") {
        return averaged(s, cmd);
    }
    if let Some(option) = ["newey", "level"].into_iter().find(|o| cmd.has(o)) {
        return Err(StataError::invalid(format!("option {option}() requires option fmb")));
    }
    let vars = s.varlist(&cmd.list)?;
    if vars.len() < 2 && cmd.has("noconstant") || vars.is_empty() {
        return Err(StataError::standard(if vars.is_empty() { 100 } else { 102 }));
    }
    let mut by = s.by_positions();
    if let Some(list) = cmd.options.text("by") {
        by.extend(s.varlist(list)?);
    }
    let window = cmd.options.text("window").map(|text| Window::parse(s, "asreg", text)).transpose()?;
    if window.is_some()
        && by.is_empty()
        && let Ok(panel) = Panel::of(&s.frame)
    {
        by.extend(panel.panel);
    }
    let constant = !cmd.has("noconstant");
    let mut terms: Vec<String> = vars[1..].iter().map(|v| s.frame.var(*v).name.clone()).collect();
    if constant {
        terms.push("cons".to_string());
    }
    let names = names(cmd, &terms);
    for name in &names {
        free_name(s, name)?;
    }
    let mut keep = s.rows(cmd)?;
    s.markout(&vars, &mut keep, false)?;
    s.markout(&by, &mut keep, true)?;
    let mut rows: Vec<usize> = (0..keep.len()).filter(|r| keep[*r]).collect();
    if let Some(w) = &window {
        rows.retain(|r| !crate::value::is_missing(w.keys[*r]));
    }
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let columns: Vec<Vec<f64>> =
        vars.iter().map(|v| s.frame.numeric(*v).map(|c| c.to_vec())).collect::<Result<_>>()?;
    let groups = grouped(s, &by, rows);
    let problem = Problem { cmd, columns: &columns, constant, parameters: terms.len(), width: names.len() };
    let found = each_group(&groups, |group| problem.group(group, window.as_ref()));
    let mut out = vec![vec![MISSING; keep.len()]; names.len()];
    for (row, values) in found.into_iter().flatten() {
        values
            .into_iter()
            .enumerate()
            .for_each(|(k, x)| out[k][row] = if x.is_finite() { x } else { MISSING });
    }
    for (name, values) in names.iter().zip(&out) {
        add(s, name, "", values)?;
    }
    Ok(())
}

/// Averages over periods, which make no variables.
fn averaged(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let others = ["window", "recursive", "minimum", "by", "fitted", "serror", "rmse", "robust"];
    if let Some(option) = others.into_iter().find(|o| cmd.has(o)) {
        return Err(StataError::invalid(format!("options fmb and {option} may not be combined")));
    }
    if !s.by_positions().is_empty() {
        return Err(StataError::new(190, "asreg with option fmb may not be combined with by"));
    }
    let lags = match cmd.options.int("newey") {
        Some(lag) if lag < 0 => return Err(StataError::new(198, "newey() must not be negative")),
        lag => lag.filter(|lag| *lag > 0).map(|lag| lag as usize),
    };
    fama_macbeth::estimate(s, cmd, "asreg", lags)
}

fn names(cmd: &ParsedCommand, terms: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["_Nobs", "_R2", "_adjR2"].map(str::to_string).to_vec();
    names.extend(terms.iter().map(|t| format!("_b_{t}")));
    if cmd.has("serror") {
        names.extend(terms.iter().map(|t| format!("_se_{t}")));
    }
    if cmd.has("rmse") {
        names.push("_rmse".to_string());
    }
    if cmd.has("fitted") {
        names.extend(["_fitted", "_residuals"].map(str::to_string));
    }
    names
}

struct Problem<'a> {
    cmd: &'a ParsedCommand,
    columns: &'a [Vec<f64>],
    constant: bool,
    parameters: usize,
    width: usize,
}

impl Problem<'_> {
    /// Results of the rows of a group.
    fn group(&self, group: &[usize], window: Option<&Window>) -> Vec<(usize, Vec<f64>)> {
        let Some(window) = window else {
            return self.results(group, group);
        };
        let samples = window.samples(group, self.cmd.has("recursive"));
        samples.flat_map(|(row, sample)| self.results(&sample, &[row])).collect()
    }

    /// The regression over `sample`, as values of the rows `at`.
    fn results(&self, sample: &[usize], at: &[usize]) -> Vec<(usize, Vec<f64>)> {
        let least = (self.parameters + 1).max(self.cmd.options.int("minimum").unwrap_or(0).max(0) as usize);
        let of = |c: &Vec<f64>| -> Vec<f64> { sample.iter().map(|r| c[*r]).collect() };
        let x: Vec<Vec<f64>> = self.columns[1..].iter().map(of).collect();
        let Some(fit) = regression(&of(&self.columns[0]), &x, self.constant, least, self.cmd.has("robust"))
        else {
            return Vec::new();
        };
        let mut common = vec![fit.n, fit.r2, fit.r2_a];
        common.extend(&fit.b);
        if self.cmd.has("serror") {
            common.extend((0..fit.b.len()).map(|j| fit.v[(j, j)].sqrt()));
        }
        if self.cmd.has("rmse") {
            common.push(fit.rmse);
        }
        let mut out = Vec::new();
        for &row in at {
            let mut values = common.clone();
            if self.cmd.has("fitted") {
                let slopes: f64 = self.columns[1..].iter().zip(&fit.b).map(|(c, b)| c[row] * b).sum();
                let fitted = slopes + if self.constant { fit.b[self.parameters - 1] } else { 0.0 };
                values.extend([fitted, self.columns[0][row] - fitted]);
            }
            debug_assert_eq!(values.len(), self.width);
            out.push((row, values));
        }
        out
    }
}
