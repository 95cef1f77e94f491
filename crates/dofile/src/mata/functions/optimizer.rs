//! Runs an optimisation problem and returns its results ([M-5] optimize()).

use super::decompose::mat;
use super::evaluator::{Evaluator, column_sums, evaluator};
use super::optimizer_settings::{Problem, Solution, change, problem};
use super::{Builtin, Run, full};
use crate::format;
use crate::mata::calls::Args;
use crate::mata::fault::Fault;
use crate::mata::grid::Grid;
use crate::mata::machine::Machine;
use crate::mata::value::Value;
use crate::value::clean;
use estimators::matrix::Mat;
use estimators::ml_differences::Allowed;
use estimators::optimise::{Failure, Technique, Tolerances, maximise};

macro_rules! results {
    ($($name:literal, $f:expr;)*) => {
        &[
            full("optimize", 1, 1, |m, a| {
                let solved = solve(m, a)?;
                let (_, code, text) = solved.error;
                if code != 0 && !solved.p.is_empty() && solved.error.0 == NOT_CONVERGED {
                    m.say(&format!("{text}\n"));
                } else if code != 0 {
                    m.say(&format!("{text}\n"));
                    return Err(Fault::exit(code, ""));
                }
                Ok(Some(row(&solved.p)))
            }),
            full("_optimize", 1, 1, |m, a| Ok(Some(Value::Num(f64::from(solve(m, a)?.error.0))))),
            full("optimize_evaluate", 1, 1, |m, a| evaluate(m, a).map(|_| None)),
            full("_optimize_evaluate", 1, 1, |m, a| Ok(Some(Value::Num(f64::from(evaluate(m, a)?))))),
            full("optimize_query", 1, 1, query),
            $(full($name, 1, 1, |_, a| {
                let f: fn(&Solution, &Problem) -> Value = $f;
                let p = problem(a)?;
                Ok(Some(f(&p.result, p)))
            }),)*
        ]
    };
}

pub(super) const TABLE: &[Builtin] = results! {
    "optimize_result_params", |s, _| row(&s.p);
    "optimize_result_value", |s, _| Value::Num(s.value.0);
    "optimize_result_value0", |s, _| Value::Num(s.value.1);
    "optimize_result_gradient", |s, _| row(&s.gradient);
    "optimize_result_scores", |s, _| matrix(s.scores.as_ref());
    "optimize_result_Hessian", |s, _| matrix(s.hessian.as_ref());
    "optimize_result_V", |s, p| matrix(match vtype(p).as_str() {
        "opg" => s.v_opg.as_ref(),
        "robust" => s.v_robust.as_ref(),
        _ => s.v_oim.as_ref(),
    });
    "optimize_result_V_oim", |s, _| matrix(s.v_oim.as_ref());
    "optimize_result_V_opg", |s, _| matrix(s.v_opg.as_ref());
    "optimize_result_V_robust", |s, _| matrix(s.v_robust.as_ref());
    "optimize_result_Vtype", |_, p| Value::text(vtype(p));
    "optimize_result_iterations", |s, _| Value::count(s.iterations);
    "optimize_result_converged", |s, _| Value::truth(s.converged);
    "optimize_result_iterationlog", |s, _| Value::row(s.log.clone());
    "optimize_result_evaluations", |s, _| Value::row(s.evaluations.iter().map(|n| *n as f64).collect());
    "optimize_result_errorcode", |s, _| Value::Num(f64::from(s.error.0));
    "optimize_result_returncode", |s, _| Value::Num(f64::from(s.error.1));
    "optimize_result_errortext", |s, _| Value::text(s.error.2);
};

/// The number of "convergence not achieved".
const NOT_CONVERGED: i32 = 4;

pub(super) fn row(values: &[f64]) -> Value {
    Value::real(Grid::row(values.iter().map(|x| clean(*x)).collect()))
}

fn matrix(m: Option<&Mat>) -> Value {
    m.map_or_else(Value::empty, super::decompose::back)
}

fn vtype(p: &Problem) -> String {
    if !p.matrix("cluster").is_empty() {
        return "robust".into();
    }
    if p.word("technique").starts_with("bhhh") { "opg".into() } else { "oim".into() }
}

/// `"bfgs 10 nr"`: techniques with the steps of each turn.
fn techniques(text: &str) -> Option<Vec<(Technique, usize)>> {
    let mut out: Vec<(Technique, usize)> = Vec::new();
    for word in text.split_whitespace() {
        if let Ok(count) = word.parse::<usize>() {
            out.last_mut()?.1 = count;
            continue;
        }
        let technique = match word {
            "nr" => Technique::Newton,
            "dfp" => Technique::Dfp,
            "bfgs" => Technique::Bfgs,
            "bhhh" => Technique::Bhhh,
            "nm" => Technique::Simplex,
            _ => return None,
        };
        out.push((technique, 5));
    }
    let mixed = out.len() > 1 && out.iter().any(|t| t.0 == Technique::Simplex);
    if out.is_empty() || mixed { None } else { Some(out) }
}

fn failed(number: i32, code: i32, text: &'static str) -> Solution {
    Solution { error: (number, code, text), ..Solution::default() }
}

/// Runs the problem of the first argument and keeps the result in it.
fn solve(m: &mut Machine<'_>, a: &mut Args) -> Run<Solution> {
    let held = problem(a)?.clone();
    let solution = run(m, &held, true)?;
    let kept = solution.clone();
    change(a, |p| p.result = kept)?;
    Ok(solution)
}

/// Evaluates at the parameters of the problem without moving.
fn evaluate(m: &mut Machine<'_>, a: &mut Args) -> Run<i32> {
    let held = problem(a)?.clone();
    let solution = run(m, &held, false)?;
    let code = solution.error.0;
    change(a, |p| p.result = solution)?;
    Ok(code)
}

fn run(m: &mut Machine<'_>, p: &Problem, move_on: bool) -> Run<Solution> {
    let start = p.matrix("params").data().to_vec();
    if start.is_empty() {
        return Ok(failed(26, 198, "initial values have not been set; use optimize_init_params()"));
    }
    let Some(turns) = techniques(&p.word("technique")) else {
        return Ok(failed(10, 111, "technique not recognized, or techniques that can not be combined"));
    };
    let deltas = p.matrix("nmsimplexdeltas").data().to_vec();
    if turns[0].0 == Technique::Simplex && deltas.len() != start.len() {
        return Ok(failed(25, 198, "simplex deltas have not been set; use optimize_init_nmsimplexdeltas()"));
    }
    let mut f = evaluator(m, p)?;
    let constraints = p.matrix("constraints");
    let mut free = start.clone();
    if !constraints.is_empty() {
        if constraints.cols() != start.len() + 1 {
            return Err(Fault::code(3200));
        }
        let (c, np) = (mat(&constraints), start.len());
        let left = Mat::from_fn(c.rows(), np, |i, j| c[(i, j)]);
        let targets: Vec<f64> = (0..c.rows()).map(|i| c[(i, np)]).collect();
        let Some(allowed) = Allowed::new(&left, &targets) else {
            return Ok(failed(2, 412, "redundant or inconsistent constraints"));
        };
        let away: Vec<f64> = start.iter().zip(&allowed.origin).map(|(b, o)| b - o).collect();
        free = allowed.basis.transpose().times_vector(&away);
        f.allowed = Some(allowed);
    }
    let limits = Tolerances {
        parameters: p.number("conv_ptol"),
        value: p.number("conv_vtol"),
        newton: if p.word("conv_ignorenrtol") == "on" { f64::NAN } else { p.number("conv_nrtol") },
        iterations: if move_on { p.number("conv_maxiter") as usize } else { 0 },
    };
    f.quiet |= !move_on;
    let found = match maximise(&mut f, &free, &turns, limits, &deltas) {
        Ok(found) => found,
        Err(Failure::Evaluation(fault)) => return Err(fault),
        Err(Failure::Start) => return Ok(failed(1, 1400, "initial values not feasible")),
        Err(Failure::Derivatives) => {
            return Ok(failed(
                6,
                430,
                "could not calculate numerical derivatives -- flat or discontinuous region encountered",
            ));
        }
        Err(Failure::Scores) => {
            return Ok(failed(19, 111, "technique bhhh is not allowed with type d evaluators"));
        }
    };
    let mut solution = Solution {
        p: f.whole(&found.p),
        value: (f.sign * found.value, f.sign * found.first),
        iterations: found.iterations,
        converged: found.converged || !move_on,
        ..Solution::default()
    };
    if !solution.converged {
        solution.error = (NOT_CONVERGED, 430, "convergence not achieved");
    }
    complete(&mut f, &mut solution)?;
    solution.log = f.log;
    solution.evaluations = f.evaluations;
    Ok(solution)
}

/// Derivatives and covariances at the result.
fn complete(f: &mut Evaluator<'_, '_>, s: &mut Solution) -> Run<()> {
    f.steps = None;
    let (Some(scores), Some(h)) = (f.scores(&s.p)?, f.second(&s.p)?) else { return Ok(()) };
    let identity = Mat::identity(s.p.len());
    let basis = f.allowed.as_ref().map_or(identity, |a| a.basis.clone());
    let inverse = |m: &Mat| {
        let (inner, ..) = basis.transpose().sandwich(m).inverse_semidefinite(1e-13);
        basis.sandwich(&inner)
    };
    let v = inverse(&h.clone().scaled(-1.0));
    if f.rows {
        let outer = scores.transpose().outer();
        s.v_opg = Some(inverse(&outer));
        let clusters = f.problem.matrix("cluster");
        let (middle, factor) = grouped(&scores, &clusters);
        s.v_robust = Some(v.sandwich(&middle).scaled(factor));
        s.scores = Some(scores.clone().scaled(f.sign));
    }
    s.gradient = column_sums(&scores).iter().map(|g| f.sign * g).collect();
    s.hessian = Some(h.scaled(f.sign));
    s.v_oim = Some(v);
    Ok(())
}

/// The sum of outer products of the scores of each cluster, and the factor G/(G-1) ([P] _robust).
fn grouped(scores: &Mat, clusters: &Grid<f64>) -> (Mat, f64) {
    let n = scores.rows();
    let factor = |g: usize| if g > 1 { g as f64 / (g - 1) as f64 } else { 1.0 };
    if clusters.len() != n {
        return (scores.transpose().outer(), factor(n));
    }
    let mut order: Vec<usize> = (0..n).collect();
    order.sort_by(|a, b| clusters.data()[*a].total_cmp(&clusters.data()[*b]));
    let mut sums: Vec<Vec<f64>> = Vec::new();
    for (k, row) in order.iter().enumerate() {
        if k == 0 || clusters.data()[*row] != clusters.data()[order[k - 1]] {
            sums.push(vec![0.0; scores.cols()]);
        }
        if let Some(last) = sums.last_mut() {
            last.iter_mut().zip(scores.row(*row)).for_each(|(s, x)| *s += x);
        }
    }
    let g = sums.len();
    let stacked = Mat::from_rows(g, scores.cols(), sums.concat());
    (stacked.transpose().outer(), factor(g))
}

fn query(m: &mut Machine<'_>, a: &mut Args) -> Run<Option<Value>> {
    let p = problem(a)?.clone();
    let mut lines = vec!["Settings for optimize()".to_string()];
    for key in ["which", "evaluatortype", "technique", "singularHmethod", "iterid", "valueid", "tracelevel"] {
        lines.push(format!("{key:>20}: {}", p.word(key)));
    }
    for key in ["conv_maxiter", "conv_ptol", "conv_vtol", "conv_nrtol"] {
        lines.push(format!("{key:>20}: {}", format::bare("%9.0g", p.number(key))));
    }
    lines.push(format!("{:>20}: {}", "arguments", p.arguments.len()));
    for line in lines {
        m.session.print(line);
    }
    Ok(None)
}
