//! `boottest`: wild bootstrap tests of linear hypotheses after linear regressions. Roodman, MacKinnon, Nielsen and Webb
//! (2019), Fast and wild: Bootstrap inference in Stata using boottest, Stata Journal 19. Written from the article and the
//! help file.

use super::boottest_instruments;
use super::boottest_model::Model;
use super::boottest_request::{Kind, Request};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::{self, LinearForm};
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::options::Options;
use crate::syntax::split::words;
use crate::syntax::{OptSpec, ParsedCommand, leading_groups};
use crate::value::MISSING;
use estimators::matrix::Mat;
use estimators::wald;
use estimators::wild_bootstrap::{Bootstrap, Regression, Tail, Weights, accepted};

const OPTIONS: &[OptSpec] = &[
    OptSpec::text("WEIGHTtype"),
    OptSpec::text("BOOTtype"),
    OptSpec::int("Reps"),
    OptSpec::flag("NONULl"),
    OptSpec::real("Level"),
    OptSpec::flag("noCI"),
    OptSpec::text("CLuster"),
    OptSpec::text("BOOTCLuster"),
    OptSpec::int("SEED"),
    OptSpec::text("Ptype"),
    OptSpec::real("GRIDMIN"),
    OptSpec::real("GRIDMAX"),
    OptSpec::int("GRIDPoints"),
    OptSpec::flag("noGRaph"),
    OptSpec::flag("QUIetly"),
];

const REFUSED: &[&str] = &[
    "JACKknife",
    "JK",
    "STATistic",
    "MADJust",
    "AR",
    "SVMat",
    "SVV",
    "SMall",
    "Robust",
    "GRAPHOPt",
    "GRAPHName",
    "MATSIZEgb",
    "H0",
    "NULL",
    "PTOLerance",
    "FEDfadj",
    "ISSORTED",
    "TURBO",
    "FLOAT",
];

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "boottest",
    min: 8,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "boottest hypothesis | {hypothesis} [{hypothesis} ...] [, weighttype(rademacher|mammen|webb|normal) reps(#) seed(#) cluster(varname) bootcluster(varlist) nonull ptype(symmetric|equaltail|lower|upper) level(#) noci gridmin(#) gridmax(#) gridpoints(#) nograph]; hypothesis: coefficient [= #], exp = exp, several coefficients, or (exp = exp) (exp = exp) ...",
    notes: "after regress, areg, xtreg, fe and reghdfe with one absorbed variable, with robust or clustered errors; after ivregress 2sls and ivreg2 for the coefficient of the one instrumented regressor, by the restricted efficient bootstrap; with Rademacher weights and 2^G draws at most reps() (999), each draw is taken once; no graph; the confidence set inverts the test; stores r(p) r(t) or r(F) r(df) r(df_r) r(reps) r(repsFeas) r(NBootClust) r(null) r(level), r(CI) r(CIstr) r(weighttype) r(ptype) r(boottype), with _# behind them for several hypotheses in braces; Roodman et al. (2019)",
    examples: &[Example {
        // The mean of 1 2 3 in clusters of one row. Under zero the draws +-1 +-2 +-3 have |t| above that of the data only
        // where all signs agree, which ties: no draw is more extreme.
        run: "set obs 3\ngenerate y = _n\ngenerate g = _n\nregress y, vce(cluster g)\nboottest _cons, nograph",
        expect: &[("r(p)", 0.0), ("r(reps)", 8.0), ("reldif(r(t), sqrt(12)) < 1e-12", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (list, options) = split_comma(&cmd.raw);
    let mut cmd = cmd.clone();
    cmd.options = Options::parse("boottest", &options, OPTIONS, REFUSED)?;
    if cmd.options.text("boottype").is_some_and(|t| !"wild".starts_with(t.trim())) {
        return Err(StataError::unsupported_option("boottest", "boottype(score)"));
    }
    let parameters = Parameters::of(&s.e)?;
    let hypotheses = braces(&list)?;
    if let Some(seed) = cmd.options.int("seed") {
        s.reseed(seed);
    }
    if boottest_instruments::applies(s) {
        return boottest_instruments::run(s, &cmd, &hypotheses, &parameters);
    }
    let model = Model::read(s, &cmd, &parameters)?;
    let request = Request::read(s, &cmd, model.draws.count())?;
    request.note(s, model.draws.count());
    let mut results = Results::default();
    for (i, text) in hypotheses.iter().enumerate() {
        let suffix = if hypotheses.len() > 1 { format!("_{}", i + 1) } else { String::new() };
        let forms = restrictions(text, &parameters)?;
        test(s, &model, &request, (text, &forms, &parameters), &suffix, &mut results)?;
    }
    request.store(&mut results, model.draws.count());
    s.r = results;
    Ok(())
}

/// Text before and after the comma that starts the options.
fn split_comma(raw: &str) -> (String, String) {
    let mut depth = 0i32;
    for (i, c) in raw.char_indices() {
        match c {
            '(' | '[' | '{' => depth += 1,
            ')' | ']' | '}' => depth -= 1,
            ',' if depth == 0 => return (raw[..i].trim().to_string(), raw[i + 1..].trim().to_string()),
            _ => {}
        }
    }
    (raw.trim().to_string(), String::new())
}

/// Hypotheses that are tested one by one: `{a} {b}`, or the whole text.
fn braces(list: &str) -> Result<Vec<String>> {
    if list.is_empty() {
        return Err(StataError::new(100, "a hypothesis is required by boottest of the open engine"));
    }
    if !list.starts_with('{') {
        return Ok(vec![list.to_string()]);
    }
    let mut out = Vec::new();
    let mut rest = list;
    while let Some(inner) = rest.strip_prefix('{') {
        let end = inner.find('}').ok_or_else(|| StataError::new(198, "unbalanced braces"))?;
        out.push(inner[..end].trim().to_string());
        rest = inner[end + 1..].trim_start();
    }
    if rest.is_empty() { Ok(out) } else { Err(StataError::syntax()) }
}

/// Restrictions of one hypothesis: `(a) (b)`, an equation, or a list of coefficients.
pub(super) fn restrictions(text: &str, parameters: &Parameters) -> Result<Vec<LinearForm>> {
    let (mut parts, rest) =
        leading_groups(text).ok_or_else(|| StataError::new(198, "unbalanced parentheses"))?;
    if !rest.is_empty() {
        parts = vec![text.trim()];
    }
    let mut out = Vec::new();
    for part in parts {
        let sides: Vec<&str> = part.split('=').map(str::trim).filter(|t| !t.is_empty()).collect();
        if part.contains('=') {
            let [left, right] = sides[..] else { return Err(StataError::syntax()) };
            let right = linear_form::parse(right, parameters)?;
            out.push(linear_form::parse(left, parameters)?.minus(&right));
        } else {
            for word in words(part) {
                out.push(linear_form::parse(word, parameters)?);
            }
        }
    }
    if out.is_empty() || out.iter().any(LinearForm::is_number) {
        return Err(StataError::new(198, "the hypothesis has no coefficient"));
    }
    Ok(out)
}

/// Tests one hypothesis, shows it and adds its results.
fn test(
    s: &mut Session,
    model: &Model,
    request: &Request,
    (text, forms, parameters): (&str, &[LinearForm], &Parameters),
    suffix: &str,
    results: &mut Results,
) -> Result<()> {
    let q = forms.len();
    let of_other = |f: &LinearForm| {
        f.weights.iter().enumerate().any(|(i, w)| *w != 0.0 && !model.positions.contains(&i))
    };
    if forms.iter().any(of_other) {
        return Err(StataError::new(198, "the hypothesis has a coefficient that is omitted or absorbed"));
    }
    let restrictions = Mat::from_fn(q, model.positions.len(), |i, j| forms[i].weights[model.positions[j]]);
    let targets: Vec<f64> = forms.iter().map(|f| -f.constant).collect();
    let b: Vec<f64> = model.positions.iter().map(|p| parameters.b[*p]).collect();
    let regression = Regression {
        columns: &model.columns,
        weights: model.weights.as_deref(),
        effects: model.effects.as_ref(),
        residuals: &model.residuals,
        b: &b,
        restrictions: &restrictions,
        targets: &targets,
        clusters: &model.clusters,
        draws: &model.draws,
    };
    let singular = || StataError::new(506, "the restrictions or the regressors are collinear");
    let bootstrap = Bootstrap::new(&regression).ok_or_else(singular)?;
    let posted = parameters.v.select(&model.positions, &model.positions);
    let v = match model.factor {
        Some(factor) => bootstrap.covariance().scaled(factor),
        None => restrictions.sandwich(&posted),
    };
    let groups = model.draws.count();
    let found = {
        let session: &Session = s;
        let mut draw = |number: usize| request.draw(session, groups, number);
        let mut weights = Weights { count: request.count, draw: &mut draw };
        if q == 1 {
            single(&bootstrap, request, &targets, &v, model.df_r, &mut weights).ok_or_else(singular)?
        } else {
            let (p, feasible) = bootstrap.joint(request.imposed, &mut weights).ok_or_else(singular)?;
            let inverse = v.inverse_definite().ok_or_else(singular)?;
            let statistic = inverse.quadratic(&bootstrap.distance()) / q as f64;
            Found { statistic, p, feasible, sets: None }
        }
    };
    show(s, (model.drawn_by.as_str(), model.df_r), request, text, q, &found);
    store(model.df_r, request, q, &found, suffix, results);
    Ok(())
}

pub(super) fn store(
    df_r: Option<f64>,
    request: &Request,
    q: usize,
    found: &Found,
    suffix: &str,
    results: &mut Results,
) {
    let mut put = |name: &str, value: f64| {
        results.scalar(&format!("{name}{suffix}"), stata(value));
    };
    put("p", found.p);
    put(
        if q > 1 {
            "F"
        } else if df_r.is_none() {
            "z"
        } else {
            "t"
        },
        found.statistic,
    );
    put("df", q as f64);
    put("df_r", df_r.unwrap_or(MISSING));
    put("reps", request.count as f64);
    put("repsFeas", found.feasible as f64);
    if let Some(sets) = &found.sets {
        let values = sets.iter().flat_map(|(a, b)| [*a, *b]).map(stata).collect();
        let mut table = Matrix::new(sets.len(), 2, values);
        table.col_names = ["lo", "hi"].map(Stripe::term).to_vec();
        if !sets.is_empty() {
            results.matrix(&format!("CI{suffix}"), table);
        }
        results.text(&format!("CIstr{suffix}"), sets_text(sets));
    }
}

/// Result of a test: statistic, p-value, draws that have a statistic, and the confidence set.
pub(super) struct Found {
    pub(super) statistic: f64,
    pub(super) p: f64,
    pub(super) feasible: usize,
    pub(super) sets: Option<Vec<(f64, f64)>>,
}

fn single(
    bootstrap: &Bootstrap<'_>,
    request: &Request,
    targets: &[f64],
    v: &Mat,
    df_r: Option<f64>,
    weights: &mut Weights<'_>,
) -> Option<Found> {
    let draws = bootstrap.draws(request.imposed, weights)?;
    let own = bootstrap.covariance()[(0, 0)].sqrt();
    let estimate = bootstrap.distance()[0] + targets[0];
    // Statistics of draws and of the data are compared without the factor of small samples, which both have.
    let p = |r: f64| draws.p(r, (estimate - r) / own, request.tail);
    let se = v[(0, 0)].sqrt();
    let sets = request.interval.then(|| {
        let step = 1.5 * wald::critical(request.level, df_r) * se;
        accepted(p, 1.0 - request.level / 100.0, (estimate, step), request.bounds, request.points)
    });
    Some(Found {
        statistic: (estimate - targets[0]) / se,
        p: p(targets[0]),
        feasible: draws.statistics(targets[0]).len(),
        sets,
    })
}

fn sets_text(sets: &[(f64, f64)]) -> String {
    if sets.is_empty() {
        return "[]".to_string();
    }
    let end = |x: f64, open: bool| match x.is_finite() {
        true => format::bare("%9.4g", x),
        false if open => "-inf".to_string(),
        false => "+inf".to_string(),
    };
    let one = |(a, b): &(f64, f64)| {
        let (left, right) = (if a.is_finite() { '[' } else { '(' }, if b.is_finite() { ']' } else { ')' });
        format!("{left}{}, {}{right}", end(*a, true), end(*b, false))
    };
    sets.iter().map(one).collect::<Vec<_>>().join(" U ")
}

/// Shows a test; `drawn_by` names the clusters of the draws.
pub(super) fn show(
    s: &mut Session,
    (drawn_by, df_r): (&str, Option<f64>),
    request: &Request,
    text: &str,
    q: usize,
    found: &Found,
) {
    let kind = match request.weights {
        Kind::Rademacher => "Rademacher",
        Kind::Mammen => "Mammen",
        Kind::Webb => "Webb",
        Kind::Normal => "Normal",
    };
    let null = if request.imposed { "null imposed" } else { "null not imposed" };
    let by = if drawn_by.is_empty() {
        String::new()
    } else {
        format!("bootstrap clustering by {}, ", words(drawn_by).join(" "))
    };
    s.print("");
    s.print(format!(
        "Wild bootstrap-t, {null}, {} replications, Wald test, {by}{kind} weights:",
        request.count
    ));
    s.print(format!("  {}", text.replace(' ', if q == 1 { "" } else { " " })));
    s.print("");
    let df = |x: f64| format::bare("%9.0g", x);
    let (name, probability) = match (q, df_r) {
        (1, Some(df_r)) => (format!("t({})", df(df_r)), "Prob>|t|"),
        (1, None) => ("z".to_string(), "Prob>|z|"),
        (_, Some(df_r)) => (format!("F({q}, {})", df(df_r)), "Prob > F"),
        (_, None) => (format!("chi2({q})/{q}"), "Prob>chi2"),
    };
    let probability = match (q, request.tail) {
        (1, Tail::Lower) => probability.replace("|t|", "t").replace('>', "<"),
        (1, Tail::Upper) => probability.replace("|t|", "t"),
        _ => probability.to_string(),
    };
    s.print(format!("{name:>29} = {}", format::number("%10.4f", stata(found.statistic))));
    s.print(format!("{probability:>29} = {}", format::number("%10.4f", stata(found.p))));
    if let Some(sets) = &found.sets {
        s.print("");
        s.print(format!(
            "{}% confidence set for null hypothesis expression: {}",
            format::bare("%9.0g", request.level),
            sets_text(sets)
        ));
    }
}
