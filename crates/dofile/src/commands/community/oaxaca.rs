//! `oaxaca`: decomposition of the difference between two groups' mean outcomes after linear models (Blinder–Oaxaca).
//!
//! Stores in `e()`: N N_1 N_2 k_eq weight N_clust, b, V, b0, V0 (coefficients and means), cmd depvar by group_1 group_2
//! model refcoefs legend title clustvar vce vcetype.
//! Formulas: Jann (2008, Stata Journal 8); Oaxaca and Ransom (1994).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::oaxaca_show::display;
use crate::error::{Result, StataError};
use crate::estimation::binary::drop_collinear;
use crate::estimation::display::{fit_error, level};
use crate::estimation::ml_command::replay;
use crate::estimation::model::{Model, Reading, VceSpec};
use crate::estimation::post::{self, Parameters};
use crate::matrix::{Matrix, Stripe};
use crate::session::Session;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use crate::syntax::{Atom, Term};
use crate::value::is_missing;
use estimators::decomposition::{
    Covariance, DIFFERENCE, Estimates, GROUPS, Part, Pooled, Sample, estimates, threefold, twofold,
};
use estimators::matrix::Mat;
use estimators::weights::WeightKind;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::flag("swap"),
    OptSpec::flag_or_text("Detail"),
    OptSpec::flag_or_text("THREEfold"),
    OptSpec::text("Weight"),
    OptSpec::flag_or_text("Pooled"),
    OptSpec::flag_or_text("Omega"),
    OptSpec::flag("fixed"),
    OptSpec::flag("suest"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
])
.weights(&[crate::syntax::split::WeightKind::Probability])
.unsupported(&[
    "Adjust",
    "CATegorical",
    "REFerence",
    "SPLit",
    "x1",
    "x2",
    "SVY",
    "noSUEST",
    "NOSE",
    "MODEL1",
    "MODEL2",
    "NOIsily",
    "XB",
    "NOXB",
    "EForm",
    "RELax",
    "LOGIT",
    "PROBIT",
]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "oaxaca",
    min: 6,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "oaxaca depvar indepvars [if] [in] [pweight], by(groupvar) [threefold[(reverse)] weight(#) pooled omega swap detail[(name:varlist, ...)] fixed suest vce(robust | cluster v) level(#)]",
    notes: "linear models; threefold unless weight(), pooled or omega; weight(1): coefficients of the first group; pooled: with the group as a regressor, omega: without; standard errors of both coefficients and means, which are taken as uncorrelated; stores e(N N_1 N_2), e(b) with equation overall (group_1 group_2 difference and the parts) and with detail one equation for each part, e(V), e(b0), e(V0); formulas: Jann (2008)",
    examples: &[Example {
        // y = 1 + 2x with mean 1 of x in the first group, 3x with mean 3 in the second.
        run: "input g x y\n0 0 1\n0 1 3\n0 2 5\n1 2 6\n1 3 9\n1 4 12\nend\noaxaca y x, by(g)",
        expect: &[
            ("[overall]_b[difference]", -6.0),
            ("[overall]_b[endowments]", -6.0),
            ("[overall]_b[coefficients]", -2.0),
            ("[overall]_b[interaction]", 2.0),
        ],
    }],
};

/// The parts into which the difference is taken apart.
struct Plan {
    names: Vec<&'static str>,
    parts: Vec<Part>,
    pooled: Pooled,
    weight: Option<f64>,
    reverse: bool,
}

/// Which decomposition; an option that may have text in parentheses has it only where it is known.
fn plan(cmd: &ParsedCommand) -> Result<Plan> {
    let chosen: Vec<&str> =
        ["threefold", "weight", "pooled", "omega"].into_iter().filter(|o| cmd.has(o)).collect();
    if chosen.len() > 1 {
        return Err(StataError::invalid(format!("only one of {} allowed", chosen.join(", "))));
    }
    let inner = |option: &str| cmd.options.text(option).map_or("", str::trim);
    let two = |pooled, weight| Plan {
        names: vec!["explained", "unexplained"],
        parts: twofold(weight).to_vec(),
        pooled,
        weight,
        reverse: false,
    };
    match chosen.first().copied() {
        Some("weight") => {
            let text = inner("weight");
            if text.split_whitespace().count() > 1 {
                return Err(StataError::unsupported_option("oaxaca", "weight() with several numbers"));
            }
            let weight = parse_number(text).filter(|w| !is_missing(*w));
            let weight = weight.ok_or_else(|| StataError::invalid("weight() needs a number"))?;
            Ok(two(Pooled::No, Some(weight)))
        }
        Some(option @ ("pooled" | "omega")) => {
            if !inner(option).is_empty() {
                return Err(StataError::unsupported_option(
                    "oaxaca",
                    &format!("{option}({})", inner(option)),
                ));
            }
            Ok(two(if option == "pooled" { Pooled::WithGroup } else { Pooled::WithoutGroup }, None))
        }
        _ => {
            let text = inner("threefold");
            let reverse = !text.is_empty() && "reverse".starts_with(text);
            if !text.is_empty() && !reverse {
                return Err(StataError::invalid(format!("threefold({text}) invalid")));
            }
            Ok(Plan {
                names: vec!["endowments", "coefficients", "interaction"],
                parts: threefold(reverse).to_vec(),
                pooled: Pooled::No,
                weight: None,
                reverse,
            })
        }
    }
}

/// The two values of the group variable, the first group first.
fn groups(session: &Session, cmd: &ParsedCommand, by: usize, model: &Model) -> Result<[f64; 2]> {
    let mut found: Vec<f64> = model.design.rows.iter().map(|r| session.frame.num_at(by, *r)).collect();
    found.sort_by(f64::total_cmp);
    found.dedup();
    match found.as_slice() {
        [low, high] if cmd.has("swap") => Ok([*high, *low]),
        [low, high] => Ok([*low, *high]),
        [_] => Err(StataError::new(420, "1 group found, 2 required")),
        _ => Err(StataError::new(420, "more than 2 groups found, only 2 allowed")),
    }
}

/// Whether a term is one of a factor (`i.a`) or has the name that the list gives.
fn listed(term: &Term, name: &str) -> bool {
    let factor = name.strip_prefix("i.");
    let own = |atom: &Atom| matches!(atom, Atom::Level { var, .. } if Some(var.as_str()) == factor);
    term.name() == name || (factor.is_some() && term.atoms.len() == 1 && term.atoms.iter().all(own))
}

/// Regressors of each line of the details: single ones, and the groups of `detail(name: list, ...)`.
fn lines(cmd: &ParsedCommand, model: &Model) -> Result<Vec<(String, Vec<usize>)>> {
    let terms: Vec<&Term> = model.design.active().into_iter().map(|i| &model.design.terms[i]).collect();
    let mut out: Vec<(String, Vec<usize>)> =
        terms.iter().enumerate().map(|(j, t)| (t.name(), vec![j])).collect();
    let text = cmd.options.text("detail").map_or("", str::trim);
    for group in text.split(',').map(str::trim).filter(|g| !g.is_empty()) {
        let (name, list) =
            group.split_once(':').ok_or_else(|| StataError::invalid(format!("detail({text}) invalid")))?;
        let mut members = Vec::new();
        for word in list.split_whitespace() {
            let own: Vec<usize> = (0..terms.len()).filter(|j| listed(terms[*j], word)).collect();
            if own.is_empty() {
                return Err(StataError::new(111, format!("detail(): {word} is not a regressor")));
            }
            members.extend(own);
        }
        if members.iter().any(|j| !out.iter().any(|l| l.1 == [*j])) {
            return Err(StataError::invalid(format!("detail(): {} names a regressor twice", name.trim())));
        }
        let Some(first) = members.first().copied() else {
            return Err(StataError::invalid(format!("detail({text}) invalid")));
        };
        let at = out.iter().position(|l| l.1 == [first]).unwrap_or(0);
        out[at] = (name.trim().to_string(), members.clone());
        out.retain(|l| l.1 == members || l.1.len() > 1 || !members.contains(&l.1[0]));
    }
    Ok(out)
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if replay(session, cmd, "oaxaca")? {
        return display(session, cmd);
    }
    level(session, cmd)?;
    let plan = plan(cmd)?;
    let by = cmd.options.text("by").ok_or_else(|| StataError::invalid("option by() required"))?;
    let by = session.numeric_variable(by)?;
    let reading =
        Reading { further: vec![by], weight_kinds: &[WeightKind::Probability], ..Reading::new(cmd) };
    let mut model = reading.model(session)?.enough()?;
    if !matches!(model.vce, VceSpec::Default | VceSpec::Robust | VceSpec::Cluster(_)) {
        return Err(StataError::unsupported_option("oaxaca", "vce(hc2) and vce(hc3)"));
    }
    drop_collinear(session, &mut model);
    let values = groups(session, cmd, by, &model)?;
    let lines = lines(cmd, &model)?;
    let second: Vec<bool> =
        model.design.rows.iter().map(|r| session.frame.num_at(by, *r) == values[1]).collect();
    let columns = model.columns();
    let weights = model.weights.as_ref().map(|w| w.values.as_slice());
    let sample = Sample { y: &model.y, columns: &columns, second: &second, weights };
    let clusters = model.clusters.as_ref().map(|c| c.kernel());
    let joint = cmd.has("suest") || clusters.is_some() || plan.pooled != Pooled::No;
    let covariance = if joint {
        Covariance::Joint(clusters)
    } else {
        Covariance::Separate { robust: model.vce == VceSpec::Robust }
    };
    let robust = joint || model.is_robust();
    let found = estimates(&sample, plan.pooled, covariance, cmd.has("fixed")).map_err(|e| match e {
        estimators::ols::FitError::Insufficient => {
            StataError::new(2001, "a group has too few observations or a regressor that is collinear in it")
        }
        other => fit_error(other),
    })?;
    let parameters = parameters(&plan, &found, &lines, cmd.has("detail"));
    let mut est = post::begin("oaxaca", &post::command_line(cmd), &parameters, &model);
    let results = &mut est.results;
    if robust && model.clusters.is_none() {
        results.text("vce", "robust").text("vcetype", "Robust");
    }
    let [first, last] = found.counts.map(|n| n as f64);
    results.scalar("N", first + last).scalar("N_1", first).scalar("N_2", last);
    let equations = if cmd.has("detail") { plan.parts.len() + 1 } else { 1 };
    results.scalar("k_eq", equations as f64);
    let (b0, v0) = blocks(&model, &found);
    results.matrix("b0", b0).matrix("V0", v0);
    for (name, value) in ["group_1", "group_2"].iter().zip(values) {
        results.text(name, crate::format::bare("%9.0g", value).trim());
    }
    let (reference, legend) = texts(&plan);
    results.text("by", &session.frame.var(by).name).text("model", "linear").text("legend", &legend);
    results.text("refcoefs", &reference).text("title", "Blinder-Oaxaca decomposition");
    results.text("properties", "b V");
    session.post_estimation(est, model.touse.clone());
    display(session, cmd)
}

/// The reference coefficients and the formulas of the parts, separated by bars.
fn texts(plan: &Plan) -> (String, String) {
    let (reference, lines): (String, Vec<String>) = match (plan.pooled, plan.weight) {
        (Pooled::WithGroup, _) => ("pooled".into(), two_lines("b")),
        (Pooled::WithoutGroup, _) => ("omega".into(), two_lines("b")),
        (Pooled::No, Some(w)) => {
            let w = crate::format::bare("%9.0g", w).trim().to_string();
            let weighted = format!("b = {w}*b1 + (1-{w})*b2");
            (format!("weight({w})"), two_lines("b").into_iter().chain([weighted]).collect())
        }
        (Pooled::No, None) => {
            let lines = if plan.reverse {
                [
                    "endowments: (X1 - X2) * b1",
                    "coefficients: X1 * (b1 - b2)",
                    "interaction: (X1 - X2) * (b2 - b1)",
                ]
            } else {
                [
                    "endowments: (X1 - X2) * b2",
                    "coefficients: X2 * (b1 - b2)",
                    "interaction: (X1 - X2) * (b1 - b2)",
                ]
            };
            (String::new(), lines.map(str::to_string).to_vec())
        }
    };
    (reference, lines.join("|"))
}

fn two_lines(b: &str) -> Vec<String> {
    vec![format!("explained: (X1 - X2) * {b}"), format!("unexplained: X1 * (b1 - {b}) + X2 * ({b} - b2)")]
}

/// The decomposition with its covariance by the delta method.
fn parameters(plan: &Plan, found: &Estimates, lines: &[(String, Vec<usize>)], detailed: bool) -> Parameters {
    let every: Vec<usize> = (0..found.size).collect();
    let mut rows: Vec<(Stripe, (f64, Vec<f64>))> = Vec::new();
    let mut overall = |name: &str, part: &Part| {
        rows.push((Stripe::with_eq("overall", name), found.part(part, &every)));
    };
    overall("group_1", &GROUPS[0]);
    overall("group_2", &GROUPS[1]);
    overall("difference", &DIFFERENCE);
    plan.names.iter().zip(&plan.parts).for_each(|(name, part)| overall(name, part));
    if detailed {
        for (name, part) in plan.names.iter().zip(&plan.parts) {
            for (line, members) in lines {
                rows.push((Stripe::with_eq(*name, line.as_str()), found.part(part, members)));
            }
            // the constant has equal means, so that only differences of coefficients have a share of it
            if matches!(*name, "coefficients" | "unexplained") {
                rows.push((Stripe::with_eq(*name, "_cons"), found.part(part, &[found.size - 1])));
            }
        }
    }
    let jacobian = Mat::from_rows(
        rows.len(),
        found.values.len(),
        rows.iter().flat_map(|r| r.1.1.iter().copied()).collect(),
    );
    Parameters {
        b: rows.iter().map(|r| r.1.0).collect(),
        v: jacobian.sandwich(&found.v),
        stripe: rows.into_iter().map(|r| r.0).collect(),
    }
}

/// `e(b0)` and `e(V0)`: coefficients and means by group.
fn blocks(model: &Model, found: &Estimates) -> (Matrix, Matrix) {
    let mut names: Vec<String> =
        model.design.active().into_iter().map(|i| model.design.terms[i].name()).collect();
    names.push("_cons".to_string());
    let reference = found.values.len() / found.size > 4;
    let equations: &[&str] =
        if reference { &["b1", "b2", "b_ref", "x1", "x2"] } else { &["b1", "b2", "x1", "x2"] };
    let stripe: Vec<Stripe> =
        equations.iter().flat_map(|e| names.iter().map(|n| Stripe::with_eq(*e, n.as_str()))).collect();
    let b = Matrix::row_vector(found.values.clone(), stripe.clone());
    (b, Matrix::square(found.v.data().to_vec(), stripe))
}
