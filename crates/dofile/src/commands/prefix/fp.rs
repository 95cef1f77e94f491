//! `fp`: the fractional polynomial of a regressor with the best powers, and `fp generate` ([R] fp).

use super::fp_search::{Candidate, Scaled, best_of, choices, combinations, terms};
use super::fp_show::{compare, store};
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, Variable};
use crate::ops::run::quietly;
use crate::session::Session;
use crate::syntax::split::{front_and_options, top_level_colon};
use crate::syntax::{OptSpec, ParsedCommand, numlist};
use crate::value::is_missing;

pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "powers -2 -1 -.5 0 .5 1 2 3, at most dimension(2) of them; makes the variables term_1, term_2; classic scales and centers; the command needs e(ll); stores e(fp_dimension fp_center_mean fp_compare_df2), e(fp_terms fp_variable fp_cmd fp_cmdline fp_compare_stat fp_powers), e(fp_fp), e(fp_compare); fp plot draws the linear prediction with the other variables at zero, the constant included, with pointwise limits (by t where the command has residual degrees of freedom), and with residuals() that sum as points; fp predict has that prediction or, with stdp, its standard error; no catzero; [R] fp, [R] fp postestimation, Royston and Altman (1994)",
    examples: &[
        Example {
            run: "set obs 5\ngenerate x = _n\nfp generate double p = x^(-1 2 2)",
            expect: &[("p_1[2]", 0.5), ("p_2[3]", 9.0), ("p_3[4] - 16*ln(4) + 1", 1.0)],
        },
        Example {
            run: "set obs 40\ngenerate x = _n/4\ngenerate y = 3 + 2/x + mod(_n*7, 5)/100\nfp <x>, dimension(1): regress y <x>\nmatrix p = e(fp_fp)\nscalar b = _b[x_1]\ngenerate z = 1/x\nregress y z",
            expect: &[("p[1,1]", -1.0), ("b/_b[z]", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "fp",
        2,
        run,
        "fp <term> [, powers(numlist) dimension(#) fp(numlist) scale(#_a #_b) center(#|mean) zero classic replace all]: command with <term> among its regressors | fp generate [type] [newvar =] varname^(numlist) [if] [in] [, scale() center() zero classic replace] | fp predict [type] newvar [if] [in] [, fp stdp equation(eq)] | fp plot [if] [in], residuals(none|statistic of predict) [equation(eq) level(#) twoway_options]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("POWers"),
    OptSpec::int("DIMension"),
    OptSpec::text("FP"),
    OptSpec::text("SCAle"),
    OptSpec::text("CENTer"),
    OptSpec::flag("ZERO"),
    OptSpec::flag("CLASSic"),
    OptSpec::flag("REPLACE"),
    OptSpec::flag("ALL"),
];

/// The request.
pub(super) struct Request {
    /// Name in angle brackets; new variables begin with it.
    pub term: String,
    /// Variable of the polynomial.
    pub variable: String,
    /// The command with `<term>` in it.
    pub command: String,
    /// Powers to choose from.
    pub powers: Vec<f64>,
    /// Most powers.
    pub dimension: usize,
    /// Powers without a search.
    pub fixed: Option<Vec<f64>>,
}

impl Request {
    /// The command with variables in place of the term.
    pub(super) fn with(&self, names: &str) -> String {
        self.command.replace(&format!("<{}>", self.term), names)
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let word = raw.split(|c: char| c.is_whitespace() || c == ',').next().unwrap_or_default();
    if word.len() >= 3 && "generate".starts_with(word) {
        return super::fp_generate::run(s, &raw[word.len()..]);
    }
    match word {
        "plot" => return super::fp_post::plot(s, &raw[word.len()..]),
        "predict" => return super::fp_post::predict(s, &raw[word.len()..]),
        _ => {}
    }
    let at = top_level_colon(raw)
        .ok_or_else(|| StataError::invalid("fp is a prefix: fp <term> [, options]: command"))?;
    let (head, command) = (raw[..at].trim(), raw[at + 1..].trim());
    let (body, options) = front_and_options(head);
    let mut parsed =
        ParsedCommand { name: "fp".into(), option_text: options.into(), ..ParsedCommand::default() };
    parsed.check_options(OPTIONS, &["CATZero"])?;
    let request = read(s, body, command, &parsed)?;
    // the linear model gives the sample and the first comparison
    quietly(s, &request.with(&request.variable))?;
    let linear = Candidate::of(s, vec![1.0])?;
    let scaled = scaled(s, &request, &parsed)?;
    clear(s, &request, parsed.has("replace"))?;
    let (fixed, searched) = match &request.fixed {
        Some(powers) => (Some(powers.clone()), Vec::new()),
        None => (None, search(s, &request, &scaled)?),
    };
    let winner = match (&fixed, searched.last()) {
        (Some(powers), _) => powers.clone(),
        (None, Some(best)) => best.powers.clone(),
        (None, None) => return Err(StataError::new(430, "no model could be fitted")),
    };
    let names = make(s, &request, &scaled, &winner, parsed.has("all"))?;
    let omitted = match fixed {
        Some(_) => None,
        None => {
            let text = request.with("");
            quietly(s, &text).ok().and_then(|()| Candidate::of(s, Vec::new()).ok())
        }
    };
    s.run_expanded(&request.with(&names.join(" ")))?;
    store(s, &request, &parsed, &scaled, &winner, raw);
    if request.fixed.is_none() {
        compare(s, &request, omitted.as_ref(), &linear, &searched);
    }
    Ok(())
}

fn read(s: &Session, body: &str, command: &str, parsed: &ParsedCommand) -> Result<Request> {
    let term = body
        .strip_prefix('<')
        .and_then(|t| t.strip_suffix('>'))
        .map(str::trim)
        .ok_or_else(|| StataError::invalid("fp: a term in angle brackets is required"))?;
    let variable = s.frame.var(s.numeric_variable(term)?).name.clone();
    if !command.contains(&format!("<{term}>")) {
        return Err(StataError::invalid(format!("fp: <{term}> is not in the command")));
    }
    let powers = choices(parsed.options.text("powers"))?;
    let dimension = parsed.options.int("dimension").unwrap_or(2);
    if !(1..=6).contains(&dimension) {
        return Err(StataError::invalid("dimension() must be between 1 and 6"));
    }
    let fixed = parsed.options.text("fp").map(|text| choices(Some(text))).transpose()?;
    Ok(Request {
        term: term.to_string(),
        variable,
        command: command.to_string(),
        powers,
        dimension: dimension as usize,
        fixed,
    })
}

/// The scaled variable and its center in the estimation sample.
fn scaled(s: &Session, request: &Request, parsed: &ParsedCommand) -> Result<Scaled> {
    let sample = s.required_estimation_sample()?;
    scaled_in(s, &request.variable, sample.to_vec(), parsed)
}

/// The scaled variable and its center in a sample.
///
/// # Errors
/// r(411) when the variable is not positive in the sample, r(198) for wrong options.
pub(super) fn scaled_in(
    s: &Session,
    variable: &str,
    sample: Vec<bool>,
    parsed: &ParsedCommand,
) -> Result<Scaled> {
    let position = s.numeric_variable(variable)?;
    let x = s.frame.numeric(position)?.into_owned();
    let used: Vec<f64> = (0..x.len()).filter(|i| sample[*i] && !is_missing(x[*i])).map(|i| x[i]).collect();
    let classic = parsed.has("classic");
    let zero = parsed.has("zero");
    let (shift, factor) = match parsed.options.text("scale").map(str::trim) {
        Some("no") => (0.0, 1.0),
        Some("auto") => Scaled::automatic(&used, zero),
        None if classic => Scaled::automatic(&used, zero),
        None => (0.0, 1.0),
        Some(text) => match numlist::expand(text)?[..] {
            [a, b] if b != 0.0 => (a, b),
            _ => return Err(StataError::invalid("scale() invalid")),
        },
    };
    let value = |x: f64| (x + shift) / factor;
    if !zero && used.iter().any(|x| value(*x) <= 0.0) {
        let text = format!("{variable} contains nonpositive values; see options scale() and zero");
        return Err(StataError::new(411, text));
    }
    let positive: Vec<f64> = used.iter().copied().filter(|x| !zero || value(*x) > 0.0).collect();
    let mean = positive.iter().sum::<f64>() / positive.len() as f64;
    let center = match parsed.options.text("center").map(str::trim) {
        Some("no") => None,
        Some("mean") => Some(mean),
        None if classic => Some(mean),
        None => None,
        Some(text) => match numlist::expand(text)?[..] {
            [c] if value(c) > 0.0 => Some(c),
            _ => return Err(StataError::invalid("center() invalid")),
        },
    };
    Ok(Scaled { x, sample, shift, factor, center, zero })
}

/// Removes variables of an earlier polynomial; r(110) without `replace`.
fn clear(s: &mut Session, request: &Request, replace: bool) -> Result<()> {
    for i in 1..=request.dimension.max(request.fixed.as_ref().map_or(0, Vec::len)) {
        let name = format!("{}_{i}", request.term);
        if let Some(position) = s.frame.find(&name) {
            if !replace {
                return Err(StataError::already_defined(&name));
            }
            s.frame.drop_vars(&[position]);
        }
    }
    Ok(())
}

/// Adds the variables of a polynomial; outside the sample they are missing without `all`.
fn make(
    s: &mut Session,
    request: &Request,
    scaled: &Scaled,
    powers: &[f64],
    all: bool,
) -> Result<Vec<String>> {
    let columns = terms(scaled, powers, all);
    let mut names = Vec::new();
    for (i, values) in columns.into_iter().enumerate() {
        let name = format!("{}_{}", request.term, i + 1);
        s.frame.add(Variable::new(&name, Column::Double(values)))?;
        names.push(name);
    }
    Ok(names)
}

/// The best model of each number of powers.
fn search(s: &mut Session, request: &Request, scaled: &Scaled) -> Result<Vec<Candidate>> {
    let mut out = Vec::new();
    let sets: Vec<Vec<Vec<f64>>> =
        (1..=request.dimension).map(|m| combinations(&request.powers, m)).collect();
    s.print(format!("(fitting {} models)", sets.iter().map(Vec::len).sum::<usize>()));
    for group in sets {
        let mut fitted = Vec::new();
        for powers in group {
            let names = make(s, request, scaled, &powers, false)?;
            let done = quietly(s, &request.with(&names.join(" ")));
            if done.is_ok() {
                fitted.push(Candidate::of(s, powers)?);
            }
            let positions: Vec<usize> = names.iter().filter_map(|n| s.frame.find(n)).collect();
            s.frame.drop_vars(&positions);
        }
        out.extend(best_of(fitted));
    }
    Ok(out)
}
