//! `exlogistic` and `expoisson`: exact conditional inference for logistic and Poisson regression ([R] exlogistic, [R] expoisson; formulas:
//! `estimators::exact_conditional`).

use super::exact_show;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::ml_command::replay;
use crate::estimation::model::number_groups;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::options::parse_number;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::exact_conditional::{
    Conditions, Distribution, Failure, Joint, Observation, Outcome, distribution,
};
use std::sync::Arc;

const LOGISTIC: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("CONDvars"),
    OptSpec::text("GRoup"),
    OptSpec::text("BINomial"),
    OptSpec::flag("ESTConstant"),
    OptSpec::flag("noCONStant"),
    OptSpec::text("TERMs"),
    OptSpec::text("MEMory"),
    OptSpec::real("Level"),
    OptSpec::flag("COEF"),
    OptSpec::text("Test"),
    OptSpec::text("MUE"),
    OptSpec::flag("MIDP"),
    OptSpec::flag("noLOG"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&["SAVing"]);

const POISSON: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("CONDvars"),
    OptSpec::text("GRoup"),
    OptSpec::text("Exposure"),
    OptSpec::text("OFFset"),
    OptSpec::text("TERMs"),
    OptSpec::text("MEMory"),
    OptSpec::real("Level"),
    OptSpec::flag("IRr"),
    OptSpec::text("Test"),
    OptSpec::text("MUE"),
    OptSpec::flag("MIDP"),
    OptSpec::flag("noLOG"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&["SAVing", "noCONStant"]);

/// `exlogistic`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "exlogistic",
    min: 10,
    form: Form::Standard(&LOGISTIC),
    by: ByRule::EachGroup,
    run: logistic,
    syntax: "exlogistic depvar indepvars [if] [in] [fweight] [, condvars(varlist) group(varname) binomial(varname|#) estconstant noconstant terms(name = varlist, ...) memory(#[b|k|m|g]) level(#) coef test(sufficient|score|probability) mue(varlist|_all) midp nolog]",
    notes: "odds ratios by conditional maximum likelihood, or median unbiased where that is infinite; twice the smaller tail of the sufficient statistic, exact limits, joint tests of the model and of terms(); memory(10m) bounds the states, r(909) beyond it; stores e(N) e(k_groups) e(n_possible) e(n_trials) e(sum_y) e(k_indvars) e(k_terms) e(k_condvars) e(condcons) e(midp), e(cmd cmdline title depvar indvars condvars groupvar binomial level wtype wexp estat_cmd), e(b) e(mue_indicators) e(se) e(ci) e(sum_y_groups) e(N_g) e(sufficient) e(p_sufficient) e(scoretest) e(p_scoretest) e(probtest) e(p_probtest) and their joint forms e(..._m); estat se; no saving(), estat predict and factor variables; [R] exlogistic",
    examples: &[Example {
        // Fisher's exact test of 3 of 4 against 1 of 4: tails 17/70 on the upper side
        run: "input y x n\n1 1 3\n0 1 1\n1 0 1\n0 0 3\nend\nexlogistic y x [fweight=n], nolog\nmatrix p = e(p_sufficient)\nmatrix q = e(p_probtest)",
        expect: &[("p[1,1]", 34.0 / 70.0), ("q[1,1]", 34.0 / 70.0), ("e(n_possible)", 5.0)],
    }],
};

/// `expoisson`.
pub(super) const SPEC_POISSON: CommandSpec = CommandSpec {
    name: "expoisson",
    min: 9,
    form: Form::Standard(&POISSON),
    run: poisson,
    syntax: "expoisson depvar indepvars [if] [in] [fweight] [, condvars(varlist) group(varname) exposure(varname) offset(varname) terms(name = varlist, ...) memory(#[b|k|m|g]) level(#) irr test(sufficient|score|probability) mue(varlist|_all) midp nolog]",
    notes: "coefficients, or with irr incidence-rate ratios, given the sum of the counts (of each group); otherwise as exlogistic; estat se; no saving() and noconstant; [R] expoisson",
    examples: &[Example {
        // given 5 events, those with x are binomial with probability 2/3: four or more have 112/243
        run: "input y x e\n4 1 20\n1 0 10\nend\nexpoisson y x, exposure(e) nolog\nmatrix p = e(p_sufficient)\nmatrix b = e(b)",
        expect: &[("p[1,1]", 224.0 / 243.0), ("exp(b[1,1])", 2.0)],
    }],
    ..SPEC
};

/// What the show of results needs of the sample space.
pub(super) struct Exact {
    pub(super) distribution: Distribution,
    pub(super) names: Vec<String>,
    pub(super) terms: Vec<(String, Joint)>,
    pub(super) model: Joint,
    pub(super) group_sizes: Vec<f64>,
}

/// The variables and settings of a command.
struct Request {
    outcome: Outcome,
    depvar: usize,
    free: Vec<usize>,
    conditions: Vec<usize>,
    group: Option<usize>,
    trials: Trials,
    offset: Option<(usize, bool)>,
    constant: Constant,
    memory: f64,
}

/// Trials of a binomial outcome.
enum Trials {
    One,
    Number(u64),
    Variable(usize),
}

#[derive(Clone, Copy, PartialEq)]
enum Constant {
    Conditioned,
    Estimated,
    Absent,
}

fn logistic(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, "exlogistic", Outcome::Binomial)
}

fn poisson(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, "expoisson", Outcome::Poisson)
}

fn run(s: &mut Session, cmd: &ParsedCommand, name: &str, outcome: Outcome) -> Result<()> {
    level(s, cmd)?;
    test_of(cmd)?;
    if !replay(s, cmd, name)? {
        estimate(s, cmd, name, outcome)?;
    }
    exact_show::show(s, cmd)
}

/// The test that the table shows.
pub(super) fn test_of(cmd: &ParsedCommand) -> Result<&'static str> {
    let text = cmd.options.text("test").unwrap_or("sufficient").trim();
    let found =
        ["sufficient", "score", "probability"].into_iter().find(|t| text.len() >= 3 && t.starts_with(text));
    found.ok_or_else(|| StataError::invalid(format!("test({text}) invalid")))
}

/// Bytes of `memory()`.
fn memory(text: Option<&str>) -> Result<f64> {
    let Some(text) = text.map(str::trim) else { return Ok(10.0 * 1_048_576.0) };
    let wrong = || StataError::invalid(format!("memory({text}) invalid"));
    let unit = match text.chars().last() {
        Some('b') => 1.0,
        Some('k') => 1024.0,
        Some('m') => 1_048_576.0,
        Some('g') => 1_073_741_824.0,
        Some(c) if c.is_ascii_digit() => 1.0,
        _ => return Err(wrong()),
    };
    let number = parse_number(text.trim_end_matches(['b', 'k', 'm', 'g'])).filter(|x| *x > 0.0);
    // a gigabyte holds more states than can be listed in an hour
    Ok((number.ok_or_else(wrong)? * unit).min(2.0 * 1_073_741_824.0))
}

/// Numeric variables of a list without repetitions.
fn variables(s: &Session, list: &str) -> Result<Vec<usize>> {
    if list.contains(['#', '.']) {
        return Err(StataError::invalid("factor variables and time-series operators not allowed"));
    }
    let mut out = Vec::new();
    for v in s.varlist(list)? {
        if s.frame.var(v).is_string() {
            return Err(StataError::type_mismatch());
        }
        if !out.contains(&v) {
            out.push(v);
        }
    }
    Ok(out)
}

fn request(s: &Session, cmd: &ParsedCommand, outcome: Outcome) -> Result<Request> {
    let text = |name: &str| cmd.options.text(name);
    let all = variables(s, &cmd.list)?;
    let Some((&depvar, free)) = all.split_first() else { return Err(StataError::standard(102)) };
    let conditions = match text("condvars") {
        Some(list) => variables(s, list)?,
        None => Vec::new(),
    };
    if let Some(both) = conditions.iter().find(|v| all.contains(v)) {
        let name = &s.frame.var(*both).name;
        return Err(StataError::invalid(format!("{name} is in condvars() and in the list")));
    }
    let group = text("group").map(|name| s.variable(name.trim())).transpose()?;
    let constant = match (cmd.has("estconstant"), cmd.has("noconstant")) {
        (true, true) => return Err(StataError::invalid("estconstant and noconstant may not be combined")),
        (true, false) if group.is_some() => {
            return Err(StataError::invalid("estconstant and group() may not be combined"));
        }
        (true, false) => Constant::Estimated,
        (false, true) => Constant::Absent,
        (false, false) => Constant::Conditioned,
    };
    if free.is_empty() && constant != Constant::Estimated {
        return Err(StataError::standard(102));
    }
    let trials = match text("binomial").map(str::trim) {
        None => Trials::One,
        Some(text) => match parse_number(text) {
            Some(n) if n >= 1.0 && n.fract() == 0.0 && n < 1e6 => Trials::Number(n as u64),
            Some(_) => return Err(StataError::invalid("binomial() invalid")),
            None => Trials::Variable(s.numeric_variable(text)?),
        },
    };
    let offset = match (text("exposure"), text("offset")) {
        (Some(_), Some(_)) => return Err(StataError::invalid("exposure() and offset() may not be combined")),
        (Some(name), None) => Some((s.numeric_variable(name.trim())?, true)),
        (None, Some(name)) => Some((s.numeric_variable(name.trim())?, false)),
        (None, None) => None,
    };
    Ok(Request {
        outcome,
        depvar,
        free: free.to_vec(),
        conditions,
        group,
        trials,
        offset,
        constant,
        memory: memory(text("memory"))?,
    })
}

/// The sample: its rows and their frequencies.
fn sample(s: &Session, cmd: &ParsedCommand, q: &Request) -> Result<(Vec<bool>, Vec<u64>)> {
    let mut touse = s.rows(cmd)?;
    let mut used = vec![q.depvar];
    used.extend(q.free.iter().chain(&q.conditions));
    if let Trials::Variable(v) = q.trials {
        used.push(v);
    }
    used.extend(q.offset.map(|o| o.0));
    s.markout(&used, &mut touse, false)?;
    s.markout(&q.group.into_iter().collect::<Vec<_>>(), &mut touse, true)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    if !touse.contains(&true) {
        return Err(StataError::no_observations());
    }
    let count =
        (0..touse.len()).map(|i| weights.as_ref().map_or(1, |w| w.values[i].max(0.0) as u64)).collect();
    Ok((touse, count))
}

/// Successes, or the count, of a row with its trials.
fn outcome(s: &Session, q: &Request, row: usize) -> Result<(u64, u64)> {
    let y = s.frame.num_at(q.depvar, row);
    let name = || s.frame.var(q.depvar).name.clone();
    let whole = |x: f64| x >= 0.0 && x.fract() == 0.0 && x < 1e9;
    if q.outcome == Outcome::Poisson {
        return match whole(y) {
            true => Ok((y as u64, 0)),
            false => Err(StataError::new(459, format!("{} must have nonnegative whole numbers", name()))),
        };
    }
    let n = match q.trials {
        Trials::One => return Ok((u64::from(y != 0.0), 1)),
        Trials::Number(n) => n as f64,
        Trials::Variable(v) => s.frame.num_at(v, row),
    };
    if !whole(n) || !whole(y) || y > n {
        return Err(StataError::new(
            459,
            format!("{} must be a whole number between 0 and binomial()", name()),
        ));
    }
    Ok((y as u64, n as u64))
}

fn observations(s: &Session, q: &Request, touse: &[bool], count: &[u64]) -> Result<Vec<Observation>> {
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    let groups = match q.group {
        Some(v) => number_groups(&s.frame, v, &rows).0,
        None => vec![0; rows.len()],
    };
    let mut out = Vec::new();
    for (row, group) in rows.iter().zip(groups) {
        let (y, trials) = outcome(s, q, *row)?;
        let offset = match q.offset {
            None => 0.0,
            Some((v, false)) => s.frame.num_at(v, *row),
            Some((v, true)) => {
                let exposure = s.frame.num_at(v, *row);
                if exposure <= 0.0 {
                    return Err(StataError::new(459, "exposure() must be greater than zero"));
                }
                exposure.ln()
            }
        };
        let mut x: Vec<f64> = q.free.iter().map(|v| s.frame.num_at(*v, *row)).collect();
        if q.constant == Constant::Estimated {
            x.push(1.0);
        }
        x.extend(q.conditions.iter().map(|v| s.frame.num_at(*v, *row)));
        let one = Observation { group: group as usize, y, trials, offset, x };
        out.extend(std::iter::repeat_n(one, count[*row] as usize));
    }
    Ok(out)
}

/// Variables of each term: `name = varlist, ...`.
fn terms(s: &Session, text: Option<&str>, q: &Request) -> Result<Vec<(String, Vec<usize>)>> {
    let mut out = Vec::new();
    for item in text.unwrap_or("").split(',').map(str::trim).filter(|i| !i.is_empty()) {
        let (name, list) =
            item.split_once('=').ok_or_else(|| StataError::invalid("terms() takes name = varlist, ..."))?;
        let mut part = Vec::new();
        for v in variables(s, list)? {
            let place = q.free.iter().position(|f| *f == v);
            let missing =
                || StataError::invalid(format!("{} of terms() is not in the list", s.frame.var(v).name));
            part.push(place.ok_or_else(missing)?);
        }
        if part.is_empty() {
            return Err(StataError::invalid("terms() takes name = varlist, ..."));
        }
        out.push((name.trim().to_string(), part));
    }
    Ok(out)
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, name: &str, outcome: Outcome) -> Result<()> {
    let q = request(s, cmd, outcome)?;
    let terms = terms(s, cmd.options.text("terms"), &q)?;
    let (touse, count) = sample(s, cmd, &q)?;
    let rows = observations(s, &q, &touse, &count)?;
    let free = q.free.len() + usize::from(q.constant == Constant::Estimated);
    if s.shows_log(|o| cmd.has(o)) {
        s.print("");
        s.print("Enumerating sample-space combinations:");
    }
    let sums = q.constant == Constant::Conditioned;
    let found =
        distribution(&rows, Conditions { outcome, free, sums, memory: q.memory }).map_err(|e| match e {
            Failure::Memory => StataError::new(909, "exceeded the memory limit; see option memory()"),
            Failure::Unbounded => StataError::new(198, "the sample space is not finite"),
        })?;
    if s.shows_log(|o| cmd.has(o)) {
        s.print(format!("note: {} combinations of sufficient statistics", found.points.len()));
    }
    let all: Vec<usize> = (0..free).collect();
    let mut names: Vec<String> = q.free.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    names.extend((q.constant == Constant::Estimated).then(|| "_cons".to_string()));
    let groups = 1 + rows.iter().map(|r| r.group).max().unwrap_or(0);
    let (mut sizes, mut sums_of_groups) = (vec![0.0; groups], vec![0.0; groups]);
    for row in &rows {
        sizes[row.group] += 1.0;
        sums_of_groups[row.group] += row.y as f64;
    }
    let exact = Exact {
        terms: terms.into_iter().map(|(name, part)| (name, found.joint(&part))).collect(),
        model: found.joint(&all),
        distribution: found,
        names,
        group_sizes: sizes,
    };
    let mut e = Estimation::default();
    let r = &mut e.results;
    let total: u64 = rows.iter().map(|row| row.y).sum();
    r.scalar("N", rows.len() as f64).scalar("k_groups", groups as f64).scalar("sum_y", total as f64);
    r.scalar("n_possible", exact.distribution.points.len() as f64).scalar("k_indvars", free as f64);
    r.scalar("k_terms", exact.terms.len() as f64).scalar("k_condvars", q.conditions.len() as f64);
    r.scalar("condcons", f64::from(u8::from(sums)));
    if outcome == Outcome::Binomial {
        r.scalar("n_trials", rows.iter().map(|row| row.trials).sum::<u64>() as f64);
    }
    let label = |v: usize| s.frame.var(v).name.clone();
    let listed = |list: &[usize]| list.iter().map(|v| label(*v)).collect::<Vec<_>>().join(" ");
    r.text("cmd", name).text("cmdline", format!("{name} {}", cmd.raw.trim())).text("depvar", label(q.depvar));
    r.text("title", exact_show::title(outcome)).text("indvars", exact.names.join(" "));
    r.text("condvars", listed(&q.conditions)).text("estat_cmd", format!("{name}_estat"));
    if let Some(v) = q.group {
        r.text("groupvar", label(v));
    }
    if let Some(text) = cmd.options.text("binomial") {
        r.text("binomial", text.trim());
    }
    if let Some((v, exposure)) = q.offset {
        r.text(if exposure { "exposure" } else { "offset" }, label(v));
    }
    if let Some(w) = &cmd.weight {
        r.text("wtype", "fweight").text("wexp", format!("= {}", w.exp.trim().trim_start_matches('=').trim()));
    }
    r.matrix("sum_y_groups", exact_show::row(&sums_of_groups, &[]));
    r.matrix("N_g", exact_show::row(&exact.group_sizes, &[]));
    e.extra = Some(Arc::new(exact));
    s.post_estimation(e, touse);
    exact_show::store(s, cmd)
}
