//! `discrim lda`, `discrim qda` and `candisc`: discriminant analysis ([MV] discrim lda, [MV] discrim qda, [MV] candisc).
//! Numbers: `estimators::discriminant`; the other parts of these commands are in `discrim_…`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::discrim_other;
use super::discrim_priors::{equal, group_stripes, priors, quoted, ties};
use super::discrim_show;
use super::shared::{columns_named, named, row_named};
use crate::error::{Result, StataError};
use crate::estimation::post::command_line;
use crate::estimation::survival::Records;
use crate::matrix::{Matrix, Stripe};
use crate::ops::record_groups::Grouping;
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::discriminant::{Canonical, Groups, Rule, Verdict};
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use std::sync::Arc;

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("Group"),
    OptSpec::text("PRIors"),
    OptSpec::text("TIEs"),
    OptSpec::flag("noTable"),
    OptSpec::flag("LOOtable"),
    OptSpec::flag("noSTats"),
    OptSpec::flag("noCOef"),
    OptSpec::flag("noSTRuct"),
    OptSpec::flag("noMeans"),
    OptSpec::int("k"),
    OptSpec::text("MEASure"),
    OptSpec::flag("MAHalanobis"),
    OptSpec::flag("noLOG"),
];

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "discrim",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "discrim {lda|qda} varlist [if] [in] [fweight], group(groupvar) [priors(equal|proportional|matrix_exp) ties(missing|first) notable lootable] | discrim knn varlist [if] [in] [fweight], group(groupvar) k(#) [measure() mahalanobis priors() ties() notable lootable] | discrim logistic varlist [if] [in] [fweight], group(groupvar) [priors() ties() notable nolog] | discrim [, priors() ties() notable lootable]",
    notes: "knn: neighbours as far away as the last one count too, the observation itself is one of them unless it is left out; logistic: the group with most observations is the base; after knn and logistic only estat classtable and errorrate and predict, classification and pr (knn looclass and loopr), e(means) and e(SSCP_W#) are not stored, but e(k_nn measure) and e(b ibaseout); a variable that depends on the others is an error; stores e(N N_groups k), e(groupcounts grouppriors groupvalues means SSCP_W SSCP_W#), lda also e(f), e(SSCP_B SSCP_T W_eigvals W_eigvecs S Sinv sqrtSinv Ev L_raw L_unstd L_std L_totalstd C cmeans canstruct candisc_stat); the largest standardised coefficient of a function is positive; estat: classtable errorrate, after lda canontest classfunctions loadings structure grmeans grdistances covariance; predict: classification pr mahalanobis dscore clscore looclass loopr loomahal; [MV] discrim lda",
    examples: &[Example {
        // two groups of one variable with means 2 and 6: the border lies in the middle
        run: "input x g\n1 1\n2 1\n3 1\n5 2\n6 2\n7 2\n3.9 .\n4.1 .\nend\ndiscrim lda x, group(g)\npredict c\npredict d, mahalanobis group(2)\nmatrix s = e(S)\nmatrix v = e(Ev)",
        // within: 4 over 4 degrees of freedom; between 24, so that the eigenvalue is 24/4
        expect: &[
            ("c[7]", 1.0),
            ("c[8]", 2.0),
            ("reldif(s[1,1], 1) < 1e-12", 1.0),
            ("reldif(v[1,1], 6) < 1e-12", 1.0),
            ("reldif(d[1], 25) < 1e-7", 1.0),
        ],
    }],
};

pub(super) const SPEC_CANDISC: CommandSpec = CommandSpec {
    name: "candisc",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run: run_candisc,
    syntax: "candisc varlist [if] [in] [fweight], group(groupvar) [priors(equal|proportional|matrix_exp) ties(missing|first) notable lootable nostats nocoef nostruct nomeans]",
    notes: "as discrim lda with the canonical functions, their tests, loadings and means; signs of functions are free; stores what discrim lda stores; [MV] candisc",
    examples: &[Example {
        run: "input x y g\n1 2 1\n2 1 1\n4 3 1\n3 5 1\n7 4 2\n6 7 2\n9 6 2\n8 9 2\nend\ncandisc x y, group(g) notable\nmatrix v = e(Ev)\nmatrix s = e(candisc_stat)\nquietly regress g x y\nscalar r2 = e(r2)",
        // with two groups the squared canonical correlation is the R-squared of the regression on the variables
        expect: &[("reldif(v[1,1]/(1 + v[1,1]), r2) < 1e-12", 1.0), ("reldif(s[1,1]^2, r2) < 1e-12", 1.0)],
    }],
};

/// What postestimation needs of an analysis.
pub(super) struct State {
    pub(super) groups: Groups,
    pub(super) rule: Rule,
    /// Values of the group variable, and how they are shown.
    pub(super) values: Vec<f64>,
    pub(super) labels: Vec<String>,
    /// Group, weight and judgement of each observation of the sample, and the judgement of the rule without it.
    pub(super) own: Vec<usize>,
    pub(super) weights: Vec<f64>,
    pub(super) verdicts: Vec<Verdict>,
    pub(super) without: Vec<Option<Verdict>>,
}

/// Whether the active results are those of this file.
pub(super) fn active(session: &Session) -> bool {
    matches!(session.e.cmd(), "discrim" | "candisc")
}

/// The state of the active results.
pub(super) fn state(session: &Session) -> Result<Arc<State>> {
    let extra = session.e.extra.clone().and_then(|e| e.downcast::<State>().ok());
    extra.ok_or_else(StataError::no_estimates)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(raw.len());
    let (word, rest) = (&raw[..end], &raw[end..]);
    match word {
        "" => replay(s, rest, "discrim"),
        "lda" => analyse(s, cmd, rest, true),
        "qda" => analyse(s, cmd, rest, false),
        "knn" => discrim_other::knn(s, cmd, rest),
        _ if word.len() >= 3 && "logistic".starts_with(word) => discrim_other::logistic(s, cmd, rest),
        _ => Err(StataError::new(198, format!("discrim {word} is unrecognized"))),
    }
}

fn run_candisc(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let list = cmd.raw.trim();
    if list.is_empty() || list.starts_with(',') {
        replay(s, list, "candisc")
    } else {
        analyse(s, cmd, list, true)
    }
}

/// The command split into its parts, with its options checked.
fn parsed(name: &str, text: &str) -> Result<ParsedCommand> {
    let own = with_options(name, text)?;
    let others = ["k", "measure", "mahalanobis", "nolog"];
    match others.iter().find(|o| own.has(o)) {
        Some(o) => Err(StataError::option_not_allowed(o)),
        None => Ok(own),
    }
}

/// The command with the options of every kind of discrimination.
pub(super) fn with_options(name: &str, text: &str) -> Result<ParsedCommand> {
    let mut own = ParsedCommand::split(name, text, false)?;
    own.check_weighted_options(OPTIONS, &[])?;
    let canonical = ["nostats", "nocoef", "nostruct", "nomeans"];
    match canonical.iter().find(|o| name != "candisc" && own.has(o)) {
        Some(o) => Err(StataError::option_not_allowed(o)),
        None => Ok(own),
    }
}

fn replay(s: &mut Session, text: &str, name: &str) -> Result<()> {
    if s.e.cmd() != name {
        return Err(StataError::no_estimates());
    }
    discrim_show::results(s, &parsed(name, text)?)
}

/// The sample of an analysis.
pub(super) struct Data {
    pub(super) names: Vec<String>,
    pub(super) columns: Vec<Vec<f64>>,
    pub(super) touse: Vec<bool>,
    pub(super) weights: Vec<f64>,
    pub(super) weight_text: Option<String>,
    pub(super) grouping: Grouping,
}

pub(super) fn read(s: &Session, own: &ParsedCommand) -> Result<Data> {
    let variables = s.varlist(&own.list)?;
    if variables.is_empty() {
        return Err(StataError::standard(100));
    }
    let by = own.options.text("group").ok_or_else(|| StataError::new(198, "option group() required"))?;
    let by = s.numeric_variable(by.trim())?;
    if variables.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(own)?;
    let found = weights(s, own, &mut touse)?;
    s.markout(&variables, &mut touse, false)?;
    s.markout(&[by], &mut touse, false)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|i| touse[*i]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    Ok(Data {
        names: variables.iter().map(|v| s.frame.var(*v).name.clone()).collect(),
        columns: variables.iter().map(|v| rows.iter().map(|r| s.frame.num_at(*v, *r)).collect()).collect(),
        weights: rows.iter().map(|r| found.as_ref().map_or(1.0, |w| w.values[*r])).collect(),
        weight_text: found.map(|w| w.exp),
        grouping: Grouping::of(s, &[by], &Records { rows, ..Records::default() }),
        touse,
    })
}

/// Groups, rule, and what the rule says of the sample.
fn judged(data: &Data, linear: bool) -> Result<State> {
    let groups = data.groups()?;
    let rule = if linear {
        Rule::linear(&groups).ok_or_else(collinear)?
    } else {
        Rule::quadratic(&groups).map_err(|g| {
            let label = data.grouping.labels[g].join(" ");
            StataError::new(506, format!("the covariance matrix of group {label} is singular"))
        })?
    };
    Ok(judged_by(data, groups, rule))
}

impl Data {
    /// Sizes, means and sums of squares of the groups.
    pub(super) fn groups(&self) -> Result<Groups> {
        let grouping = &self.grouping;
        if grouping.count() < 2 {
            return Err(StataError::new(148, "group variable must have at least 2 levels"));
        }
        let groups = Groups::of(&self.columns, &self.weights, &grouping.of, grouping.count());
        if groups.n() - (groups.counts.len() as f64) < 1.0 {
            return Err(StataError::insufficient_observations());
        }
        Ok(groups)
    }
}

/// What a rule says of the sample.
pub(super) fn judged_by(data: &Data, groups: Groups, rule: Rule) -> State {
    let grouping = &data.grouping;
    let labels: Vec<String> = grouping.labels.iter().map(|l| l.join(" ")).collect();
    let rows = 0..grouping.of.len();
    let x = |i: usize| data.columns.iter().map(|c| c[i]).collect::<Vec<f64>>();
    State {
        verdicts: rows.clone().map(|i| rule.judge(&groups, &x(i))).collect(),
        without: rows.map(|i| rule.judge_without(&groups, &x(i), grouping.of[i])).collect(),
        values: grouping.values(),
        labels,
        own: grouping.of.clone(),
        weights: data.weights.clone(),
        rule,
        groups,
    }
}

pub(super) fn collinear() -> StataError {
    StataError::new(506, "variables are collinear within the groups")
}

fn analyse(s: &mut Session, cmd: &ParsedCommand, text: &str, linear: bool) -> Result<()> {
    let candisc = cmd.name == "candisc";
    let own = parsed(&cmd.name, text)?;
    let data = read(s, &own)?;
    let ties = ties(&own)?.unwrap_or("missing");
    let state = judged(&data, linear)?;
    let priors = priors(s, &own, &state.groups)?.unwrap_or_else(|| equal(state.labels.len()));
    let mut est = Estimation::default();
    let r = &mut est.results;
    common(r, &state, &data.names, &priors);
    if linear {
        let canonical = state.groups.canonical().ok_or_else(collinear)?;
        store_linear(r, &state, &canonical, &data.names);
    }
    let (kind, title) = match (candisc, linear) {
        (true, _) => ("", "Canonical linear discriminant analysis"),
        (false, true) => ("lda", "Linear discriminant analysis"),
        (false, false) => ("qda", "Quadratic discriminant analysis"),
    };
    r.text("cmd", &cmd.name).text("cmdline", command_line(cmd));
    if !candisc {
        r.text("subcmd", kind);
    }
    let family = if linear { "lda" } else { "qda" };
    r.text("title", title).text("groupvar", &data.grouping.variables[0]);
    r.text("varlist", data.names.join(" "));
    r.text("grouplabels", quoted(&state.labels)).text("ties", ties);
    r.text("properties", if linear { "nob noV eigen" } else { "nob noV" });
    r.text("estat_cmd", format!("discrim_{family}_estat")).text("predict", format!("discrim_{family}_p"));
    r.text("marginsnotok", "_ALL");
    if let Some(exp) = &data.weight_text {
        r.text("wtype", "fweight").text("wexp", exp);
    }
    est.extra = Some(Arc::new(state));
    s.post_estimation(est, data.touse);
    discrim_show::results(s, &own)
}

/// Frequency weights only.
fn weights(s: &Session, own: &ParsedCommand, touse: &mut [bool]) -> Result<Option<crate::session::Weights>> {
    let found = s.weights(own, WeightKind::Frequency, touse)?;
    match &found {
        Some(w) if w.kind != WeightKind::Frequency => {
            Err(StataError::new(101, format!("{}s not allowed", w.kind.name())))
        }
        _ => Ok(found),
    }
}

fn common(r: &mut Results, state: &State, names: &[String], priors: &[f64]) {
    let groups = &state.groups;
    let (g, k) = (groups.counts.len(), names.len());
    let stripes = group_stripes(&state.labels);
    let variables: Vec<Stripe> = names.iter().map(Stripe::term).collect();
    r.scalar("N", groups.n()).scalar("N_groups", g as f64).scalar("k", k as f64);
    r.matrix("groupcounts", row_named(groups.counts.clone(), stripes.clone()));
    r.matrix("grouppriors", row_named(priors.to_vec(), stripes.clone()));
    r.matrix("groupvalues", row_named(state.values.clone(), stripes.clone()));
    let means = Mat::from_fn(k, g, |i, j| groups.means[j][i]);
    r.matrix("means", named(&means, variables.clone(), stripes));
    for (i, own) in groups.within.iter().enumerate() {
        r.matrix(&format!("SSCP_W{}", i + 1), named(own, variables.clone(), variables.clone()));
    }
}

/// Canonical functions and what follows from them.
fn store_linear(r: &mut Results, state: &State, c: &Canonical, names: &[String]) {
    let groups = &state.groups;
    let (k, g, f) = (names.len(), groups.counts.len(), c.values.len());
    let variables: Vec<Stripe> = names.iter().map(Stripe::term).collect();
    let with_constant: Vec<Stripe> = variables.iter().cloned().chain([Stripe::term("_cons")]).collect();
    let functions = columns_named("function", f);
    let stripes = group_stripes(&state.labels);
    let square = |m: &Mat| named(m, variables.clone(), variables.clone());
    let (w, b) = (groups.pooled(), groups.between());
    let (total, s) = (w.plus(&b), groups.covariance());
    let Rule::Linear(inverse) = &state.rule else { return };
    r.scalar("f", f as f64);
    let (values, vectors) = w.symmetric_eigen();
    r.matrix("W_eigvals", row_named(values, columns_named("e", k)));
    r.matrix("W_eigvecs", named(&vectors, variables.clone(), columns_named("e", k)));
    r.matrix("SSCP_W", square(&w)).matrix("SSCP_B", square(&b)).matrix("SSCP_T", square(&total));
    r.matrix("S", square(&s)).matrix("Sinv", square(inverse));
    if let Some(root) = inverse.cholesky() {
        r.matrix("sqrtSinv", square(&root));
    }
    r.matrix("Ev", row_named(c.values.clone(), functions.clone()));
    let raw = &c.coefficients;
    let length = |j: usize| (0..k).map(|i| raw[(i, j)].powi(2)).sum::<f64>().sqrt();
    let table = |m: &Mat| named(m, variables.clone(), functions.clone());
    r.matrix("L_raw", table(&Mat::from_fn(k, f, |i, j| raw[(i, j)] / length(j))));
    let mean = groups.mean();
    let constant = |j: usize| -(0..k).map(|i| raw[(i, j)] * mean[i]).sum::<f64>();
    let unstandardised = Mat::from_fn(k + 1, f, |i, j| if i < k { raw[(i, j)] } else { constant(j) });
    r.matrix("L_unstd", named(&unstandardised, with_constant.clone(), functions.clone()));
    r.matrix("L_std", table(&Mat::from_fn(k, f, |i, j| raw[(i, j)] * s[(i, i)].sqrt())));
    let sd = |i: usize| (total[(i, i)] / (groups.n() - 1.0)).sqrt();
    r.matrix("L_totalstd", table(&Mat::from_fn(k, f, |i, j| raw[(i, j)] * sd(i))));
    let structure = s.times(raw);
    r.matrix("canstruct", table(&Mat::from_fn(k, f, |i, j| structure[(i, j)] / s[(i, i)].sqrt())));
    let score = |g: usize, j: usize| (0..k).map(|i| raw[(i, j)] * (groups.means[g][i] - mean[i])).sum();
    r.matrix("cmeans", named(&Mat::from_fn(g, f, score), stripes.clone(), functions));
    let slopes: Vec<Vec<f64>> = groups.means.iter().map(|m| inverse.times_vector(m)).collect();
    let middle = |g: usize| -0.5 * slopes[g].iter().zip(&groups.means[g]).map(|(a, b)| a * b).sum::<f64>();
    let class = Mat::from_fn(k + 1, g, |i, g| if i < k { slopes[g][i] } else { middle(g) });
    r.matrix("C", named(&class, with_constant, stripes));
    r.matrix("candisc_stat", statistics(c));
}

/// A row for each function: correlation, eigenvalue, proportion and cumulative proportion of variance, lambda and F of
/// the test of the function and those behind it.
fn statistics(c: &Canonical) -> Matrix {
    let all: f64 = c.values.iter().sum();
    let mut sum = 0.0;
    let mut cells = Vec::new();
    for (i, v) in c.values.iter().enumerate() {
        let t = c.test(i);
        sum += v / all;
        cells.extend([(v / (1.0 + v)).sqrt(), *v, v / all, sum, t.lambda, t.f, t.df.0, t.df.1]);
        cells.extend([f_tail(t.df.0, t.df.1, t.f), f64::from(u8::from(t.exact))]);
    }
    let mut out = Matrix::new(c.values.len(), 10, cells);
    out.row_names = columns_named("function", c.values.len());
    let names = ["corr", "eigenvalue", "proportion", "cumulative", "lambda", "F", "df1", "df2", "p", "exact"];
    out.col_names = names.map(Stripe::term).to_vec();
    out
}
