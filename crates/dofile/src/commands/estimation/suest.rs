//! `suest`: stored models as one vector of estimates with a sandwich covariance ([R] suest; Weesie 1999).

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::cluster_rows::ClusterRows;
use crate::estimation::display::level;
use crate::estimation::linear::{Grid, LinearState, Parameters, predict as linear_prediction};
use crate::estimation::ml_command::{Look, table};
use crate::estimation::post::command_line;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::predict::outcome;
use crate::ops::scores::{offset, score};
use crate::results::Estimation;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{OptSpec, varlist};
use estimators::matrix::Mat;

const SYNTAX: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::text("vce"),
    OptSpec::flag("Robust"),
    OptSpec::text("CLuster"),
    OptSpec::real("Level"),
    OptSpec::text("EForm"),
    OptSpec::flag("Dir"),
])
.unsupported(&["SVY", "MINus"]);

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "suest",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "suest namelist [, vce(robust | cluster clustvar) level(#) eform(text) dir]",
    notes: "models of regress, logit, logistic, probit, cloglog and poisson without weights; stores e(N N_clust rank names eqnames1 ...), e(b), e(V); factors N/(N-1) and G/(G-1); lnvar of regress is the logarithm of the mean squared residual; [R] suest",
    examples: &[Example {
        // Two samples without a common row: the estimates are independent.
        run: "set obs 20\ngenerate x = mod(_n, 5)\ngenerate g = _n > 10\ngenerate y = x + mod(_n*_n, 7)\nquietly regress y x if g\nscalar b = _b[x]\nestimates store one\nquietly regress y x if !g\nestimates store two\nsuest one two\nmatrix V = e(V)",
        expect: &[("_b[one_mean:x] - b", 0.0), ("V[1,4]", 0.0), ("e(N)", 20.0)],
    }],
};

/// The influence of each row on the estimates of one model.
struct Influence {
    stripe: Vec<Stripe>,
    b: Vec<f64>,
    rows: Vec<usize>,
    /// One entry per row of the sample and parameter, zero for omitted ones.
    values: Mat,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim().is_empty() {
        if s.e.cmd() != "suest" {
            return Err(StataError::no_estimates());
        }
        return display(s, cmd);
    }
    let names = names(s, &cmd.list)?;
    let cluster = cluster(s, cmd)?;
    let active = s.e.clone();
    let mut found = Vec::new();
    for (name, model) in &names {
        s.e = model.clone();
        let one = influence(s, name);
        s.e = active.clone();
        found.push(one?);
    }
    let mut touse = vec![false; s.frame.n_rows()];
    found.iter().flat_map(|f| &f.rows).for_each(|r| touse[*r] = true);
    if let Some(v) = cluster {
        let missing = |r: usize| {
            let var = s.frame.var(v);
            if var.is_string() {
                s.frame.str_at(v, r).is_empty()
            } else {
                crate::value::is_missing(s.frame.num_at(v, r))
            }
        };
        if (0..touse.len()).any(|r| touse[r] && missing(r)) {
            return Err(StataError::new(459, "the cluster variable is missing in the estimation sample"));
        }
    }
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    let clusters = cluster.map(|v| ClusterRows::of(&s.frame, v, &rows));
    let v = covariance(&found, &rows, touse.len(), clusters.as_ref())?;
    let est = posted(cmd, &names, &found, v, rows.len(), clusters.as_ref());
    s.post_estimation(est, touse);
    display(s, cmd)
}

/// The models of the list, wildcards and `.` included.
fn names(s: &Session, list: &str) -> Result<Vec<(String, Estimation)>> {
    let mut out: Vec<(String, Estimation)> = Vec::new();
    for word in list.split_whitespace() {
        let pattern = if word == "_all" { "*" } else { word };
        let found: Vec<(String, Estimation)> = match pattern {
            "." => vec![("_LAST".to_string(), s.e.clone())],
            _ => s
                .stored
                .iter()
                .filter(|(name, _)| *name == pattern || varlist::wildcard(pattern, name))
                .map(|(name, e)| (name.to_string(), e.clone()))
                .collect(),
        };
        if found.is_empty() {
            return Err(StataError::new(111, format!("estimation result {word} not found")));
        }
        for one in found {
            if !out.iter().any(|o| o.0 == one.0) {
                out.push(one);
            }
        }
    }
    Ok(out)
}

fn cluster(s: &Session, cmd: &ParsedCommand) -> Result<Option<usize>> {
    let named = match cmd.options.text("vce").map(str::trim) {
        None => cmd.options.text("cluster").map(str::trim),
        Some(text) => {
            let (kind, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
            match kind {
                _ if kind.len() >= 2 && "cluster".starts_with(kind) && !rest.is_empty() => Some(rest.trim()),
                _ if rest.is_empty() && !kind.is_empty() && "robust".starts_with(kind) => None,
                _ => return Err(StataError::invalid(format!("vcetype {text} not allowed"))),
            }
        }
    };
    named.map(|name| s.variable(name)).transpose()
}

/// Influence of the rows on the active model.
fn influence(s: &Session, name: &str) -> Result<Influence> {
    let cmd = s.e.cmd().to_string();
    let known = ["regress", "logit", "logistic", "probit", "cloglog", "poisson"];
    if !known.contains(&cmd.as_str()) {
        return Err(StataError::unsupported_command(&format!("suest after {cmd}")));
    }
    let e = &s.e.results;
    if e.get_text("wtype").is_some() {
        return Err(StataError::unsupported_command("suest after a model with weights"));
    }
    if e.get_text("vcetype").is_some_and(|v| v != "OIM") {
        return Err(StataError::new(
            322,
            format!("{name} was estimated with a nonstandard vce ({})", e.get_text("vce").unwrap_or("")),
        ));
    }
    let sample = s.required_estimation_sample()?;
    let rows: Vec<usize> = (0..s.frame.n_rows()).filter(|r| sample.get(*r) == Some(&true)).collect();
    let parameters = Parameters::of(&s.e)?;
    let linear = cmd == "regress";
    let bread = match s.e.extra.as_ref().and_then(|e| e.downcast_ref::<LinearState>()) {
        Some(state) if linear => state.unscaled.clone(),
        _ => parameters.v.clone(),
    };
    let size = parameters.b.len();
    let places: Vec<usize> = (0..size).filter(|i| bread[(*i, *i)] > 0.0).collect();
    let equation = parameters.stripe.first().map(|p| p.eq.clone()).unwrap_or_default();
    let y = outcome(s, &rows)?;
    let shift = offset(s, &rows)?;
    let xb = linear_prediction(&s.frame, &parameters, &equation, &rows)?;
    let mut grid = Grid::new(&s.frame, rows.clone());
    grid.load(places.iter().filter_map(|p| parameters.terms[*p].as_ref()))?;
    let design = grid.design(&parameters, &places);
    let scores: Vec<f64> = (0..rows.len()).map(|i| score(&cmd, y[i], xb[i] + shift[i])).collect();
    let mut values = Mat::zeros(rows.len(), size + usize::from(linear));
    for i in 0..rows.len() {
        for p in &places {
            values[(i, *p)] =
                places.iter().enumerate().map(|(k, q)| bread[(*p, *q)] * design[k][i] * scores[i]).sum();
        }
    }
    let suffix = if linear { "mean".to_string() } else { equation };
    let mut stripe: Vec<Stripe> = parameters
        .stripe
        .iter()
        .map(|p| Stripe::with_eq(format!("{name}_{suffix}"), p.name.clone()))
        .collect();
    let mut b = parameters.b.clone();
    if linear {
        let n = rows.len() as f64;
        let variance = scores.iter().map(|e| e * e).sum::<f64>() / n;
        for (i, e) in scores.iter().enumerate() {
            values[(i, size)] = (e * e / variance - 1.0) / n;
        }
        stripe.push(Stripe::with_eq(format!("{name}_lnvar"), "_cons"));
        b.push(variance.ln());
    }
    Ok(Influence { stripe, b, rows, values })
}

/// The sum of outer products of the rows' (or clusters') influence on all models, with the factor of [P] _robust.
fn covariance(
    found: &[Influence],
    rows: &[usize],
    all: usize,
    clusters: Option<&ClusterRows>,
) -> Result<Mat> {
    let mut at = vec![usize::MAX; all];
    for (i, row) in rows.iter().enumerate() {
        at[*row] = clusters.map_or(i, |c| c.of_row[i] as usize);
    }
    let groups = clusters.map_or(rows.len(), |c| c.count);
    if groups < 2 {
        return Err(StataError::new(460, "only one cluster"));
    }
    let size: usize = found.iter().map(|f| f.b.len()).sum();
    let mut sums = Mat::zeros(groups, size);
    let mut from = 0;
    for model in found {
        for (i, row) in model.rows.iter().enumerate() {
            for p in 0..model.b.len() {
                sums[(at[*row], from + p)] += model.values[(i, p)];
            }
        }
        from += model.b.len();
    }
    let g = groups as f64;
    Ok(sums.transpose().times(&sums).scaled(g / (g - 1.0)))
}

fn posted(
    cmd: &ParsedCommand,
    names: &[(String, Estimation)],
    found: &[Influence],
    v: Mat,
    n: usize,
    clusters: Option<&ClusterRows>,
) -> Estimation {
    let stripe: Vec<Stripe> = found.iter().flat_map(|f| f.stripe.clone()).collect();
    let b: Vec<f64> = found.iter().flat_map(|f| f.b.clone()).collect();
    let mut est = Estimation::default();
    let r = &mut est.results;
    let rank = (0..b.len()).filter(|i| v[(*i, *i)] > 0.0).count();
    r.scalar("N", n as f64).scalar("rank", rank as f64).scalar("k_eq", 0.0);
    let list: Vec<&str> = names.iter().map(|n| n.0.as_str()).collect();
    r.text("cmd", "suest").text("cmdline", command_line(cmd)).text("names", list.join(" "));
    let mut count = 0;
    for (k, model) in found.iter().enumerate() {
        let mut equations: Vec<&str> = model.stripe.iter().map(|p| p.eq.as_str()).collect();
        equations.dedup();
        count += equations.len();
        r.text(&format!("eqnames{}", k + 1), equations.join(" "));
    }
    r.scalar("k_eq", count as f64);
    r.text("vce", "robust").text("vcetype", "Robust").text("properties", "b V");
    r.text("title", format!("Simultaneous results for {}", list.join(", ")));
    if let Some(clusters) = clusters {
        r.text("vce", "cluster").text("clustvar", &clusters.name).scalar("N_clust", clusters.count as f64);
    }
    r.matrix("b", Matrix::row_vector(b, stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    est
}

fn display(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    level(s, cmd)?;
    let text = |name: &str| s.e.results.get_text(name).unwrap_or("").to_string();
    let n = format::bare("%10.0fc", s.e.results.get_scalar("N").unwrap_or(0.0));
    let (title, names) = (text("title"), text("names"));
    if cmd.has("dir") {
        s.print("");
        for name in names.split_whitespace() {
            let model = s.stored.get(name).map_or("", |e| e.cmd()).to_string();
            s.print(format!("{:>12}  {model}", format::abbrev(name, 12)));
        }
    }
    s.print("");
    s.print(format!("{title:<52}Number of obs = {n}").trim_end());
    s.print("");
    table(s, cmd, &Look { eform: cmd.options.text("eform"), equations: true, ..Look::default() })
}
