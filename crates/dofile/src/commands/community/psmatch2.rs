//! `psmatch2`: matching on a propensity score. Written from the help file and the numbers of version 4.0.12 (Leuven and
//! Sianesi 2003, Statistical Software Components S432001).

use super::psmatch2_show::{Effects, show};
use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, ValueLabel, Variable};
use crate::ops::run::quietly;
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::{MISSING, is_missing};
use estimators::score_matching::{Kernel, Rule, nearest};

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "makes _pscore _treated _support _weight, with neighbours _id _n# _nn _pdif, and _OUTCOME; probit unless logit; stores r(att seatt), with ate r(atu ate), each also by outcome, r(depvar exog); e() is empty afterwards; no trim(), mahalanobis(), llr, spline, ai(); Leuven and Sianesi (2003)",
    examples: &[
        Example {
            run: "input t p y\n1 .5 9\n1 .7 8\n0 .1 1\n0 .45 2\n0 .52 4\n0 .9 7\nend\npsmatch2 t, pscore(p) outcome(y)",
            // the third control is the nearest of both treated rows
            expect: &[
                ("r(att)", 4.5),
                ("_weight[5]", 2.0),
                ("_n1[1]", 3.0),
                ("_y[2]", 4.0),
                ("missing(_weight[3])", 1.0),
            ],
        },
        Example {
            run: "input t p y\n1 .5 9\n1 .7 8\n0 .1 1\n0 .45 2\n0 .52 4\n0 .9 7\nend\npsmatch2 t, pscore(p) outcome(y) noreplacement caliper(.1)",
            expect: &[("r(att)", 5.0), ("_support[2]", 0.0), ("_nn[1]", 1.0)],
        },
        Example {
            run: "input t p y\n1 .5 9\n1 .7 8\n0 .1 1\n0 .45 2\n0 .52 4\n0 .9 7\nend\npsmatch2 t, pscore(p) outcome(y) radius caliper(.2)\nscalar weight = _weight[5]",
            // rows at .5: mean of 2 and 4; row at .7: mean of 4 and 7
            expect: &[("r(att)", ((9.0 - 3.0) + (8.0 - 5.5)) / 2.0), ("weight", 1.0)],
        },
    ],
    ..CommandSpec::raw(
        "psmatch2",
        8,
        run,
        "psmatch2 treatment [indepvars] [if] [in] [, outcome(varlist) pscore(varname) neighbor(#) caliper(#) ties noreplacement descending radius kernel kerneltype(epan|normal|biweight|uniform|tricube) bwidth(#) common ate logit odds index quietly warnings]",
    )
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("OUTcome"),
    OptSpec::text("Pscore"),
    OptSpec::int("Neighbor"),
    OptSpec::flag("TIES"),
    OptSpec::flag("RADIUS"),
    OptSpec::real("CALiper"),
    OptSpec::flag("KERNEL"),
    OptSpec::text("Kerneltype"),
    OptSpec::real("BWidth"),
    OptSpec::flag("COMmon"),
    OptSpec::flag("ODDS"),
    OptSpec::flag("LOGIT"),
    OptSpec::flag("INDEX"),
    OptSpec::flag("QUIetly"),
    OptSpec::flag("NOREPLacement"),
    OptSpec::flag("DESCending"),
    OptSpec::flag("WARNings"),
    OptSpec::flag("ATE"),
];
const REFUSED: &[&str] =
    &["MAHALanobis", "LLR", "AI", "POPulation", "ALTVariance", "TRIM", "W", "SPLINE", "NKnots"];

/// A score and what is known of each row; one value for each row of the data.
pub(super) struct Matched {
    /// Score, missing outside the sample.
    pub score: Vec<f64>,
    /// One, zero, or missing outside the sample.
    pub treated: Vec<f64>,
    /// Whether a row has matches and is inside the common range.
    pub support: Vec<bool>,
    /// Weight as a match; one for treated rows.
    pub weight: Vec<f64>,
    /// Matched values of each outcome.
    pub outcomes: Vec<Vec<f64>>,
}

/// What the options say.
struct Request {
    outcomes: Vec<usize>,
    method: Method,
    ate: bool,
    descending: bool,
}

enum Method {
    Neighbors(Rule),
    Kernel(Kernel, f64),
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let mut cmd = ParsedCommand::split("psmatch2", &cmd.raw, false)?;
    cmd.check_options(OPTIONS, REFUSED)?;
    let request = read(s, &cmd)?;
    let mut touse = s.rows(&cmd)?;
    let list = cmd.list.trim();
    let (treatment, regressors) = list.split_once(char::is_whitespace).unwrap_or((list, ""));
    let treatment = s.numeric_variable(treatment)?;
    let given = cmd.options.text("pscore").map(|v| s.numeric_variable(v)).transpose()?;
    if given.is_some() != regressors.trim().is_empty() {
        return Err(StataError::new(198, "specify either regressors or pscore()"));
    }
    let mut needed = request.outcomes.clone();
    needed.push(treatment);
    s.markout(&needed, &mut touse, true)?;
    let treatment_name = s.frame.var(treatment).name.clone();
    let outcome_names: Vec<String> = request.outcomes.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    drop_old(s, &outcome_names);
    let score = match given {
        Some(variable) => (0..touse.len()).map(|i| s.frame.num_at(variable, i)).collect(),
        None => estimated(s, &cmd, &treatment_name, regressors.trim(), &mut touse)?,
    };
    let score: Vec<f64> = if cmd.has("odds") { score.iter().map(|p| odds(*p)).collect() } else { score };
    touse.iter_mut().zip(&score).for_each(|(used, p)| *used &= !is_missing(*p));
    let treatment = s.frame.position(&treatment_name)?;
    let treated: Vec<f64> =
        (0..touse.len()).map(|i| if touse[i] { s.frame.num_at(treatment, i) } else { MISSING }).collect();
    for group in [0.0, 1.0] {
        if !treated.contains(&group) {
            return Err(StataError::no_observations());
        }
    }
    let mut support = touse.clone();
    if cmd.has("common") {
        common(&score, &treated, request.ate, &mut support);
    }
    let rows = touse.len();
    let outcomes = vec![vec![MISSING; rows]; request.outcomes.len()];
    let mut matched = Matched { score, treated, support, weight: vec![MISSING; rows], outcomes };
    let values: Vec<Vec<f64>> = outcome_names
        .iter()
        .map(|name| Ok(s.frame.numeric(s.frame.position(name)?)?.into_owned()))
        .collect::<Result<_>>()?;
    let pairs = matching(&mut matched, &request, &values);
    store(s, &matched, &outcome_names, given.is_none(), pairs)?;
    s.e = Estimation::default();
    let exog = regressors.trim();
    show(s, &matched, &Effects { names: &outcome_names, values: &values, ate: request.ate, exog })
}

fn odds(p: f64) -> f64 {
    if is_missing(p) { MISSING } else { (p / (1.0 - p)).ln() }
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Request> {
    let outcomes = cmd.options.text("outcome").map_or(Ok(Vec::new()), |list| s.varlist(list))?;
    let caliper = cmd.options.real("caliper").filter(|c| *c != 0.0);
    let neighbors = cmd.options.int("neighbor").unwrap_or(1);
    let neighbors = usize::try_from(neighbors).ok().filter(|n| (1..=1000).contains(n));
    let neighbors = neighbors.ok_or_else(|| StataError::new(198, "neighbor() must be at least 1"))?;
    let kernel = match cmd.options.text("kerneltype").map_or("epan", str::trim) {
        "epan" => Kernel::Epanechnikov,
        "normal" => Kernel::Normal,
        "biweight" => Kernel::Biweight,
        "uniform" => Kernel::Uniform,
        "tricube" => Kernel::Tricube,
        other => return Err(StataError::new(198, format!("kerneltype {other} not recognized"))),
    };
    let replacement = !cmd.has("noreplacement");
    let method = if cmd.has("radius") {
        Method::Kernel(Kernel::Uniform, caliper.unwrap_or(f64::INFINITY))
    } else if cmd.has("kernel") {
        Method::Kernel(kernel, cmd.options.real("bwidth").unwrap_or(0.06))
    } else {
        let caliper = caliper.unwrap_or(f64::INFINITY);
        Method::Neighbors(Rule { neighbors, caliper, ties: cmd.has("ties"), replacement })
    };
    if !replacement && (neighbors > 1 || matches!(method, Method::Kernel(..))) {
        return Err(StataError::new(198, "noreplacement is for one nearest neighbor"));
    }
    if cmd.has("odds") && matches!(method, Method::Kernel(..)) {
        return Err(StataError::unsupported_option("psmatch2", "odds with a kernel"));
    }
    if cmd.has("descending") && replacement {
        return Err(StataError::new(198, "descending is for noreplacement"));
    }
    Ok(Request { outcomes, method, ate: cmd.has("ate"), descending: cmd.has("descending") })
}

/// Removes the variables of an earlier run.
fn drop_old(s: &mut Session, outcomes: &[String]) {
    let fixed = ["_treated", "_support", "_weight", "_pscore", "_id", "_nn", "_pdif"];
    let is_old = |name: &str| {
        fixed.contains(&name)
            || name.strip_prefix("_n").is_some_and(|k| !k.is_empty() && k.bytes().all(|b| b.is_ascii_digit()))
            || name.strip_prefix('_').is_some_and(|n| outcomes.iter().any(|o| o == n))
    };
    let old: Vec<usize> = (0..s.frame.n_vars()).filter(|i| is_old(&s.frame.var(*i).name)).collect();
    s.frame.drop_vars(&old);
}

/// Fits the model of the treatment and predicts; rows that the model leaves out leave the sample.
fn estimated(
    s: &mut Session,
    cmd: &ParsedCommand,
    treatment: &str,
    regressors: &str,
    touse: &mut Vec<bool>,
) -> Result<Vec<f64>> {
    const MARK: &str = "__psmatch2_sample";
    let marks: Vec<f64> = touse.iter().map(|u| f64::from(u8::from(*u))).collect();
    s.frame.add(Variable::new(MARK, Column::from_f64(StorageType::Byte, &marks)))?;
    let model = if cmd.has("logit") { "logit" } else { "probit" };
    let line = format!("{model} {treatment} {regressors} if {MARK}, nolog");
    let fitted = if cmd.has("quietly") { quietly(s, &line) } else { s.run_expanded(&line).map(|_| ()) };
    let predicted = fitted.and_then(|()| {
        let statistic = if cmd.has("index") { "xb" } else { "pr" };
        quietly(s, &format!("predict double _pscore, {statistic}"))
    });
    if let Some(mark) = s.frame.find(MARK) {
        s.frame.drop_vars(&[mark]);
    }
    predicted?;
    if let Some(sample) = s.estimation_sample() {
        touse.clone_from(&sample);
    }
    let position = s.frame.position("_pscore")?;
    let found = s.frame.numeric(position)?.into_owned();
    s.frame.drop_vars(&[position]);
    Ok(found.iter().zip(touse).map(|(p, used)| if *used { *p } else { MISSING }).collect())
}

/// Takes rows outside the range of the other group off the support: treated ones, with `ate` also the others.
fn common(score: &[f64], treated: &[f64], ate: bool, support: &mut [bool]) {
    for group in if ate { vec![1.0, 0.0] } else { vec![1.0] } {
        let others = || score.iter().zip(treated).filter(|(_, t)| **t == 1.0 - group).map(|(p, _)| *p);
        let (low, high) = others().fold((f64::INFINITY, f64::NEG_INFINITY), |(l, h), p| (l.min(p), h.max(p)));
        for i in 0..score.len() {
            if treated[i] == group && (score[i] < low || score[i] > high) {
                support[i] = false;
            }
        }
    }
}

/// The order that rows are matched in, and the neighbours of each row by place in that order.
struct Pairs {
    order: Vec<usize>,
    neighbors: usize,
    /// Whether a row was on the support before the matching.
    eligible: Vec<bool>,
    of_row: Vec<Vec<usize>>,
}

/// Matches treated rows with the others, with `ate` also the others with treated rows.
fn matching(m: &mut Matched, request: &Request, values: &[Vec<f64>]) -> Option<Pairs> {
    let rows = m.score.len();
    let group = |value: f64, m: &Matched| -> Vec<usize> {
        let mut found: Vec<usize> = (0..rows).filter(|i| m.support[*i] && m.treated[*i] == value).collect();
        if matches!(request.method, Method::Neighbors(_)) {
            let sign = if request.descending { -1.0 } else { 1.0 };
            found.sort_by(|a, b| (sign * m.score[*a]).total_cmp(&(sign * m.score[*b])));
        }
        found
    };
    let sides = [group(0.0, m), group(1.0, m)];
    let order = order(m, &sides, request.descending);
    let eligible = m.support.clone();
    for i in 0..rows {
        if m.support[i] {
            let own = if request.ate { 0.0 } else { m.treated[i] };
            m.weight[i] = own;
        }
        let has_match = m.support[i] && (request.ate || m.treated[i] == 1.0);
        m.outcomes.iter_mut().for_each(|o| o[i] = if has_match { 0.0 } else { MISSING });
    }
    let mut of_row = vec![Vec::new(); rows];
    let directions: &[(usize, usize)] = if request.ate { &[(0, 1), (1, 0)] } else { &[(1, 0)] };
    for &(own, other) in directions {
        let scores = |side: &[usize]| -> Vec<f64> { side.iter().map(|i| m.score[*i]).collect() };
        let (units, pool) = (scores(&sides[own]), scores(&sides[other]));
        let found: Vec<Vec<(usize, f64)>> = match request.method {
            Method::Neighbors(rule) => nearest(&units, &pool, rule)
                .into_iter()
                .map(|list| {
                    let share = 1.0 / list.len() as f64;
                    list.into_iter().map(|j| (j, share)).collect()
                })
                .collect(),
            Method::Kernel(kernel, width) => units.iter().map(|p| kernel.weights(*p, &pool, width)).collect(),
        };
        for (unit, list) in sides[own].iter().zip(found) {
            m.support[*unit] &= !list.is_empty();
            for (j, share) in &list {
                let row = sides[other][*j];
                m.weight[row] += share;
                for (matched, value) in m.outcomes.iter_mut().zip(values) {
                    matched[*unit] += share * value[row];
                }
            }
            of_row[*unit] = list.into_iter().map(|(j, _)| sides[other][j]).collect();
        }
    }
    for i in 0..rows {
        if !m.support[i] || m.weight[i] == 0.0 {
            m.weight[i] = MISSING;
        }
        if !m.support[i] {
            m.outcomes.iter_mut().for_each(|o| o[i] = MISSING);
        }
    }
    match request.method {
        Method::Neighbors(rule) => Some(Pairs { order, neighbors: rule.neighbors, eligible, of_row }),
        Method::Kernel(..) => None,
    }
}

/// Rows on the support, the untreated ones first, each group in the order of its scores; then all others.
fn order(m: &Matched, sides: &[Vec<usize>; 2], descending: bool) -> Vec<usize> {
    let mut out: Vec<usize> = sides.concat();
    let mut rest: Vec<usize> = (0..m.score.len()).filter(|i| !m.support[*i]).collect();
    let sign = if descending { -1.0 } else { 1.0 };
    rest.sort_by(|a, b| {
        let by_score = || (sign * m.score[*a]).total_cmp(&(sign * m.score[*b]));
        m.treated[*a].total_cmp(&m.treated[*b]).then_with(by_score)
    });
    out.extend(rest);
    out
}

fn store(
    s: &mut Session,
    m: &Matched,
    outcomes: &[String],
    estimated: bool,
    pairs: Option<Pairs>,
) -> Result<()> {
    let mut add = |name: &str, ty: StorageType, values: &[f64], label: &str, set: Option<[&str; 2]>| {
        let mut variable = Variable::new(name, Column::from_f64(ty, values));
        variable.label = label.to_string();
        if let Some([zero, one]) = set {
            variable.value_label = name.to_string();
            let mut labels = ValueLabel::default();
            labels.set(0.0, zero);
            labels.set(1.0, one);
            s.frame.value_labels.insert(name.to_string(), labels);
        }
        s.frame.add(variable).map(|_| ())
    };
    let rows = m.score.len();
    let inside = |i: usize| !is_missing(m.treated[i]);
    let score: Vec<f64> =
        (0..rows).map(|i| if inside(i) || !estimated { m.score[i] } else { MISSING }).collect();
    let support: Vec<f64> =
        (0..rows).map(|i| if inside(i) { f64::from(u8::from(m.support[i])) } else { MISSING }).collect();
    add("_pscore", StorageType::Double, &score, "psmatch2: Propensity Score", None)?;
    add(
        "_treated",
        StorageType::Byte,
        &m.treated,
        "psmatch2: Treatment assignment",
        Some(["Untreated", "Treated"]),
    )?;
    add(
        "_support",
        StorageType::Byte,
        &support,
        "psmatch2: Common support",
        Some(["Off support", "On support"]),
    )?;
    add("_weight", StorageType::Double, &m.weight, "psmatch2: weight of matched controls", None)?;
    for (name, values) in outcomes.iter().zip(&m.outcomes) {
        add(
            &format!("_{name}"),
            StorageType::Double,
            values,
            &format!("psmatch2: value of {name} of match(es)"),
            None,
        )?;
    }
    let Some(pairs) = pairs else { return Ok(()) };
    let mut id = vec![0.0; rows];
    pairs.order.iter().enumerate().for_each(|(place, row)| id[*row] = place as f64 + 1.0);
    let ty = match rows {
        0..=100 => StorageType::Byte,
        101..=32740 => StorageType::Int,
        _ => StorageType::Long,
    };
    add("_id", ty, &id, "psmatch2: Identifier (ID)", None)?;
    for n in 1..=pairs.neighbors {
        let values: Vec<f64> =
            pairs.of_row.iter().map(|list| list.get(n - 1).map_or(MISSING, |row| id[*row])).collect();
        add(&format!("_n{n}"), ty, &values, &format!("psmatch2: ID of nearest neighbor nr. {n}"), None)?;
    }
    let counts: Vec<f64> =
        (0..rows).map(|i| if pairs.eligible[i] { pairs.of_row[i].len() as f64 } else { MISSING }).collect();
    add("_nn", StorageType::Float, &counts, "psmatch2: # matched neighbors", None)?;
    let gaps: Vec<f64> = (0..rows)
        .map(|i| pairs.of_row[i].first().map_or(MISSING, |row| (m.score[i] - m.score[*row]).abs()))
        .collect();
    add("_pdif", StorageType::Double, &gaps, "psmatch2: abs(pscore - pscore[nearest neighbor])", None)
}
