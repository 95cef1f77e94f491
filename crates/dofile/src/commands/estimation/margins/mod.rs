//! `margins`: predictive margins and marginal effects after an estimation, with delta-method errors.
//!
//! Stores in `r()`: N b V table at, level, title expression derivatives xvars. Formulas: [R] margins.

mod compare;
mod compare_blocks;
mod compute;
mod formula;
mod resampled;
mod rows;
mod saving;
mod show;
mod variance;

use self::formula::Target;
use super::super::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::at_spec::{self, Setting, Statistic, Value};
use crate::estimation::comparisons::Columns;
use crate::estimation::contrast_terms::TermSpec;
use crate::estimation::factors::variables;
use crate::estimation::margins::{Form as Derivative, Margin};
use crate::estimation::reference::{Statement, degrees};
use crate::matrix::Stripe;
use crate::ops::predict::short_names;
use crate::session::{OwnLimits, Session};
use crate::syntax::options::{OptSpec, abbreviates, split_options};
use crate::syntax::split::ParsedCommand;
use estimators::contrasts::{Adjustment, Operator};
use estimators::matrix::Mat;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "margins",
    min: 4,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "margins [marginlist] [if] [in] [weight] [, dydx(varlist) eyex(varlist) dyex(varlist) eydx(varlist) at(spec) atmeans over(varlist) within(varlist) subpop([varname] [if]) predict(statistic) [predict() ...] expression(exp) level(#) df(#) vce(delta | unconditional) reps(#) seed(#) asbalanced noesample noweights nose post saving(filename [, replace]) noatlegend nopvalues noci contrast[(atcontrast(op) effects nowald)] pwcompare[(effects)] mcompare(method)]; pwcompare(groups sort); terms with r. rb#. a. ar. g. h. j. gw. hw. jw. p. q. and @",
    notes: "within() is over() in which asbalanced gives equal shares to the levels that a group has; stores r(N) r(b) r(V) r(table) r(at), with subpop() r(N_sub); at(x = generate(exp)) has a value for each row; a weight of the command stands for that of the estimation, of which noweights makes no use; expression() takes predict(), xb(), _b[] and variables, its derivatives are numerical; after npregress kernel reps() or vce(bootstrap) give errors and percentiles, and without them the margins stand alone; t after regress, anova and svy, or with predict(xb), where e(df_r) exists, else z; formulas: [R] margins",
    examples: &[
        Example {
            run: "set obs 8\ngen x = _n\ngen g = mod(_n,2)\ngen y = x + 2*g + cond(_n==8, 1, 0)\nregress y x i.g\nmargins, dydx(x)\nmatrix b = r(b)",
            expect: &[("b[1,1]-_b[x]", 0.0), ("r(N)", 8.0)],
        },
        Example {
            // the mean of exp(xb()) is the mean of the predicted counts
            run: "set obs 30\ngen x = _n/10\ngen y = floor(exp(x/2) + mod(_n,3))\npoisson y x\nmargins\nmatrix a = r(table)\nmargins, expression(exp(xb()))\nmatrix b = r(table)",
            expect: &[("reldif(a[1,1], b[1,1]) < 1e-12", 1.0), ("reldif(a[2,1], b[2,1]) < 1e-9", 1.0)],
        },
    ],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("dydx"),
    OptSpec::text("eyex"),
    OptSpec::text("dyex"),
    OptSpec::text("eydx"),
    OptSpec::flag("ATMEANs"),
    OptSpec::text("over"),
    OptSpec::text("WITHin"),
    OptSpec::text("PRedict"),
    OptSpec::text("EXPression"),
    OptSpec::real("Level"),
    OptSpec::real("df"),
    OptSpec::flag("post"),
    OptSpec::flag("noATLegend"),
    OptSpec::flag("ASOBserved"),
    OptSpec::flag("ASBALanced"),
    OptSpec::flag("noESAMPle"),
    OptSpec::flag("noWEIGHTs"),
    OptSpec::text("vce"),
    OptSpec::text("SUBpop"),
    OptSpec::flag_or_text("CONTRast"),
    OptSpec::flag_or_text("PWCOMPare"),
    OptSpec::text("MCOMPare"),
    OptSpec::text("SAVing"),
    OptSpec::flag("VSQUISH"),
    OptSpec::flag("nose"),
    OptSpec::flag("noPVALues"),
    OptSpec::flag("noCI"),
    OptSpec::flag("noFVLABel"),
    OptSpec::text("CFormat"),
    OptSpec::text("PFormat"),
    OptSpec::text("SFormat"),
    // a margin whose cells are empty is never estimable here, and no model needs force
    OptSpec::flag("FORCE"),
    OptSpec::int("Reps"),
    OptSpec::text("SEed"),
    OptSpec::flag("noDOTS"),
];
const UNSUPPORTED: &[&str] = &[
    "GROUPs",
    "EMPTYcells",
    "ESTIMTOLerance",
    "CONTinuous",
    "noESTIMcheck",
    "GENerate",
    "noCHAINrule",
    "CHAINrule",
];

/// Request of the command.
struct Request {
    derivative: Option<(Derivative, String)>,
    list: String,
    settings: Vec<Setting>,
    /// Variables of `over()` or `within()`.
    over: Vec<usize>,
    /// The variables nest others: a group balances the levels that it has.
    nested: bool,
    /// Texts of `predict()`, none for the default.
    predict: Vec<String>,
    level: f64,
    /// Degrees of freedom from `df()`.
    df: Option<f64>,
    comparing: Comparing,
    /// All pairs instead of contrasts.
    pairwise: bool,
    /// Which numbers of comparisons stand beside their standard errors.
    columns: Columns,
    /// Whether options ask for the table of differences, or for none; the terms decide otherwise.
    differences: Option<bool>,
    /// Group codes of the margins instead of their differences.
    groups: bool,
    /// Tables of pairs in ascending order.
    sorted: bool,
    /// No table of joint tests.
    no_wald: bool,
    adjustment: Adjustment,
    /// Covariates are sampled, `vce(unconditional)`.
    unconditional: bool,
    /// Rows outside the estimation sample too, `noesample`.
    any_row: bool,
    /// No standard errors, `nose`.
    no_errors: bool,
    /// Bootstrap after a kernel regression, `reps()`.
    replications: Option<resampled::Plan>,
}

impl Request {
    /// Degrees of freedom of t and F; nothing means normal and chi-squared.
    fn degrees(&self, session: &Session) -> Option<f64> {
        let linear_prediction = !self.predict.is_empty() && self.predict.iter().all(|p| p.trim() == "xb");
        self.df.or_else(|| degrees(session, Statement::Margins { linear_prediction }))
    }
}

/// Comparison of the margins.
enum Comparing {
    /// Nothing: the margins themselves are shown.
    Nothing,
    /// The cells of terms.
    Terms(Vec<TermSpec>),
    /// The scenarios of `at()`.
    Scenarios(Operator),
}

/// A margin of the list: its name and the factor levels that it fixes.
type Listed = (String, Vec<(String, i64)>);

/// Values set by a scenario of `at()`: variable, value, statistic.
type Legend = Vec<(String, f64, String)>;

/// One column of the result.
struct Cell {
    stripe: Stripe,
    margin: Margin,
    base: bool,
}

/// The margins with their covariance.
struct Found {
    cells: Vec<Cell>,
    /// Values of each scenario.
    legends: Vec<Legend>,
    /// Names of subgroups.
    groups: Vec<String>,
    v: Mat,
    /// Rows of the sample.
    n: usize,
    /// Rows of the subpopulation, over which the margins average then.
    n_sub: Option<usize>,
    /// Limits from replications, with the word above them.
    limits: Option<OwnLimits>,
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let before = session.settings.table.clone();
    let result = margins(session, cmd);
    session.settings.table = before;
    result
}

fn margins(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = resampled::parameters(session)?;
    let mut cmd = ParsedCommand::split("margins", &cmd.raw, false)?;
    let repeated = take_repeated(&mut cmd)?;
    cmd.check_weighted_options(OPTIONS, UNSUPPORTED)?;
    show::set_look(&cmd, &mut session.settings.table)?;
    let mut request = read(session, &cmd, repeated)?;
    compare::without_margins(session, &mut request);
    variance::check(session, &cmd, &request)?;
    rows::check_weights(&cmd, &request)?;
    let targets = Target::all(session, &parameters, &request.predict, cmd.options.text("expression"))?;
    let mut rows = rows::sample(session, &cmd, &parameters, &request, &targets)?;
    rows::keep_weighted(session, &cmd, &mut rows)?;
    let n = rows.len();
    let subpopulation = cmd.options.text("subpop").map(str::to_string);
    if let Some(text) = &subpopulation {
        compute::inside(session, text, &mut rows)?;
    }
    let n_sub = subpopulation.map(|_| rows.len());
    let weights = rows::weights(session, &cmd, &rows)?;
    let (cells, legends, groups) =
        compute::compute(session, &parameters, &request, &targets, &rows, &weights)?;
    let mut limits = None;
    let v = match (request.no_errors, &request.replications) {
        (true, _) => Mat::zeros(cells.len(), cells.len()),
        (false, Some(plan)) => {
            let (v, own) = plan.covariance(session, &parameters, &request, &targets, &rows, &cells)?;
            limits = Some(own);
            v
        }
        (false, None) => variance::covariance(session, &request, &parameters, &cells, &rows)?,
    };
    let found = Found { cells, legends, groups, v, n, n_sub, limits };
    let file = cmd.options.text("saving");
    if request.no_errors && file.is_some() {
        return Err(StataError::unsupported_option("margins", "nose with saving()"));
    }
    match request.comparing {
        _ if request.no_errors && !matches!(request.comparing, Comparing::Nothing) => {
            Err(StataError::unsupported_option("margins", "nose with comparisons"))
        }
        Comparing::Nothing => {
            show::show(session, &cmd, &request, &targets, &found, &parameters)?;
            file.map_or(Ok(()), |text| saving::write(session, text, &request, &found))
        }
        _ if file.is_some() => Err(StataError::unsupported_option("margins", "saving() of comparisons")),
        _ => compare::show(session, &cmd, &request, &targets, &found, &parameters),
    }
}

/// Removes the options that may repeat, `at()` and `predict()`, and returns their texts.
fn take_repeated(cmd: &mut ParsedCommand) -> Result<(Vec<String>, Vec<String>)> {
    let (mut at, mut predict) = (Vec::new(), Vec::new());
    let mut rest = String::new();
    for (name, argument) in split_options(&cmd.option_text)? {
        match (name.as_str(), argument) {
            ("at", Some(text)) => at.push(text),
            (name, Some(text)) if abbreviates(name, "PRedict") => predict.push(text),
            (name, Some(text)) => rest.push_str(&format!(" {name}({text})")),
            (name, None) => rest.push_str(&format!(" {name}")),
        }
    }
    cmd.option_text = rest;
    Ok((at, predict))
}

/// Reads the request; `repeated` has the texts of `at()` and of `predict()`.
fn read(session: &Session, cmd: &ParsedCommand, repeated: (Vec<String>, Vec<String>)) -> Result<Request> {
    let (at_texts, predict) = repeated;
    let predict = predict
        .into_iter()
        .map(|text| short_names(session.e.cmd(), &text))
        .collect::<Result<Vec<String>>>()?;
    let kinds = [
        ("dydx", Derivative::Plain),
        ("eyex", Derivative::Elasticity),
        ("dyex", Derivative::SemiX),
        ("eydx", Derivative::SemiY),
    ];
    let mut derivative = None;
    for (name, kind) in kinds {
        if let Some(list) = cmd.options.text(name)
            && derivative.replace((kind, list.to_string())).is_some()
        {
            return Err(StataError::invalid("only one of dydx(), eyex(), dyex() and eydx() is allowed"));
        }
    }
    let mut settings = Vec::new();
    let order = variables(&resampled::parameters(session)?);
    for text in &at_texts {
        settings.extend(in_model_order(at_spec::parse(&expand_names(session, text)?)?, &order));
    }
    generate(session, &mut settings)?;
    if cmd.options.has("atmeans") {
        let means = ("_all".to_string(), Value::Summary(Statistic::Mean));
        if settings.is_empty() {
            settings.push(Vec::new());
        }
        settings.iter_mut().for_each(|s| s.insert(0, means.clone()));
    }
    if cmd.options.has("asbalanced") {
        let balanced = ("_factor".to_string(), Value::Summary(Statistic::Balanced));
        if settings.is_empty() {
            settings.push(Vec::new());
        }
        let place = usize::from(cmd.options.has("atmeans"));
        settings.iter_mut().for_each(|s| s.insert(place, balanced.clone()));
    }
    Ok(Request {
        derivative,
        list: cmd.list.trim().to_string(),
        settings,
        over: match (cmd.options.text("over"), cmd.options.text("within")) {
            (Some(_), Some(_)) => {
                return Err(StataError::invalid("only one of over() or within() is allowed"));
            }
            (Some(list), None) | (None, Some(list)) => session.varlist(list)?,
            (None, None) => Vec::new(),
        },
        nested: cmd.options.has("within"),
        predict,
        level: crate::estimation::display::level(session, cmd)?,
        df: cmd.options.real("df"),
        comparing: compare::comparing(cmd, &session.settings.table)?,
        pairwise: cmd.options.has("pwcompare"),
        columns: compare::columns(cmd)?,
        differences: compare::differences(cmd)?,
        groups: compare::asks_for(cmd, "GROUPs")?,
        sorted: compare::asks_for(cmd, "SORT")?,
        no_wald: cmd.options.text("contrast").is_some_and(|t| t.split_whitespace().any(|w| w == "nowald")),
        adjustment: compare::adjustment(cmd)?,
        unconditional: variance::unconditional(cmd)?,
        any_row: cmd.options.has("noesample"),
        no_errors: cmd.options.has("nose") || resampled::without_errors(session, cmd),
        replications: resampled::Plan::read(session, cmd)?,
    })
}

/// The scenarios of an `at()` in the order of the model's variables, the last one changing fastest: `_at` counts so
/// whatever the order in `at()` is.
fn in_model_order(mut settings: Vec<Setting>, order: &[String]) -> Vec<Setting> {
    let value = |setting: &Setting, name: &str| {
        setting.iter().find_map(|(n, v)| match v {
            Value::Number(x) if n == name => Some(x.to_bits()),
            _ => None,
        })
    };
    for name in order.iter().rev() {
        // values count in the order in which at() has them
        let mut distinct: Vec<Option<u64>> = Vec::new();
        for found in settings.iter().map(|s| value(s, name)) {
            if !distinct.contains(&found) {
                distinct.push(found);
            }
        }
        settings.sort_by_key(|s| distinct.iter().position(|v| *v == value(s, name)));
    }
    settings
}

/// Abbreviated variable names in an `at()` in full.
fn expand_names(session: &Session, text: &str) -> Result<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(position) = outer_equals(rest) {
        let before = rest[..position].trim_end();
        let start = before.rfind(|c: char| !(c.is_alphanumeric() || c == '_')).map_or(0, |i| i + 1);
        out.push_str(&before[..start]);
        let name = &before[start..];
        out.push_str(&session.frame.var(session.variable(name)?).name);
        out.push('=');
        rest = &rest[position + 1..];
    }
    out.push_str(rest);
    Ok(out)
}

/// The first `=` outside parentheses.
fn outer_equals(text: &str) -> Option<usize> {
    let mut depth = 0_i32;
    text.char_indices().find_map(|(i, c)| {
        depth += i32::from(c == '(') - i32::from(c == ')');
        (c == '=' && depth == 0).then_some(i)
    })
}

/// Computes the expressions of `at(variable = generate(exp))` in all rows.
fn generate(session: &Session, settings: &mut [Setting]) -> Result<()> {
    for (_, value) in settings.iter_mut().flatten() {
        if let Value::Generated(exp, values) = value {
            let compiled = session.compile(exp)?;
            let ctx = session.ctx();
            *values = (0..session.frame.n_rows()).map(|row| compiled.num(&ctx, row)).collect();
        }
    }
    Ok(())
}
