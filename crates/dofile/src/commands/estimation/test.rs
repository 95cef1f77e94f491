//! `test` and `testparm`: Wald tests of linear restrictions after an estimation.
//!
//! Stores in `r()`: p F df df_r chi2 drop dropped_# mtest mtmethod. Formulas: [R] test.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::anova_test;
use super::test_each::{self, Extras};
use crate::error::{Result, StataError};
pub(crate) use crate::estimation::equation_forms::unit;
use crate::estimation::equation_forms::{self, restrictions};
use crate::estimation::linear::Parameters;
use crate::estimation::linear_form::LinearForm;
use crate::estimation::post::stata;
use crate::estimation::reference::{Statement, degrees};
use crate::estimation::table::Table;
use crate::format;
use crate::results::Results;
use crate::session::{Extension, Session};
use crate::syntax::options::OptSpec;
use crate::syntax::options::split_options;
use crate::syntax::split::{ParsedCommand, front_and_options};
use crate::syntax::{Atom, FvList, Term, leading_groups};
use estimators::distributions::f_tail;
use estimators::matrix::Mat;
use estimators::survey::adjusted_wald;
use estimators::wald::{self, Wald};

/// The command `test`.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "test",
    min: 2,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "test coeflist | exp = exp [= ...] | [eq] [: coeflist] | [eq1 = eq2 [= ...]] [: coeflist] | (spec) [(spec) ...] [, coef common constant accumulate notest mtest[(noadjust | bonferroni | holm | sidak)] df(#) nosvyadjust matvlc(matname)]",
    notes: "after anova a term, or term / term, is tested with its stored sum of squares, which stores r(ss rss F df df_r p); a coefficient without an equation is that of every equation that has it; mtest tests each restriction alone and adjusts the p-values; stores r(F) or r(chi2), r(df), r(df_r), r(p), r(drop), with mtest r(mtest) and r(mtmethod); formulas: [R] test",
    examples: &[Example {
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\ntest x = 0",
        expect: &[("r(F)", 8.760_416_666_666_666), ("r(df_r)", 4.0)],
    }],
};

const TESTPARM: StandardSyntax = StandardSyntax::whole(&[
    OptSpec::flag("EQual"),
    OptSpec::text("EQuation"),
    OptSpec::real("df"),
    OptSpec::flag("noSVYadjust"),
]);

/// The command `testparm`.
pub(crate) const SPEC_TESTPARM: CommandSpec = CommandSpec {
    name: "testparm",
    min: 8,
    form: Form::Standard(&TESTPARM),
    by: ByRule::No,
    run: run_testparm,
    syntax: "testparm varlist [, equal equation(eq) df(#) nosvyadjust]",
    notes: "stores r(F) or r(chi2), r(df), r(df_r), r(p); formulas: [R] test",
    examples: &[Example {
        run: "set obs 20\ngenerate t = _n\ntsset t\ngenerate double x = mod(7*_n, 11)\ngenerate double y = mod(5*_n, 13) + x\nregress y x\nscalar f = (_b[x]/_se[x])^2\ntestparm x",
        expect: &[("r(F)/f", 1.0), ("r(df)", 1.0)],
    }],
};

/// Restrictions of the last `test`, for `accumulate`.
#[derive(Debug)]
struct Last {
    forms: Vec<LinearForm>,
}

impl Extension for Last {}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of_session(session)?;
    let (body, options) = front_and_options(&cmd.raw);
    if options.is_empty() && anova_test::of_term(session, body)?.is_some() {
        return Ok(());
    }
    let (mut accumulate, mut notest, mut coefficients) = (false, false, false);
    let mut equations = equation_forms::Options::default();
    let mut extras = Extras::default();
    for (name, argument) in split_options(options)? {
        match name.as_str() {
            n if n.len() > 2 && "symbolic".starts_with(n) => {
                return Err(StataError::unsupported_option("test", "symbolic"));
            }
            n if n.len() > 2 && "minimum".starts_with(n) => {
                return Err(StataError::unsupported_option("test", "minimum"));
            }
            n if extras.read(n, argument.as_deref())? => {}
            _ if argument.is_some() => return Err(StataError::option_not_allowed(&format!("{name}()"))),
            n if n.len() > 1 && "accumulate".starts_with(n) => accumulate = true,
            n if n.len() > 3 && "notest".starts_with(n) => notest = true,
            "coef" => coefficients = true,
            n if n.len() > 2 && "common".starts_with(n) => equations.common = true,
            n if n.len() > 3 && "constant".starts_with(n) => equations.constant = true,
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    let mut forms = Vec::new();
    if accumulate
        && let Some(last) = session.extensions.get::<Last>()
        && last.forms.iter().all(|f| f.weights.len() == parameters.b.len())
    {
        forms.clone_from(&last.forms);
    }
    for spec in specifications(body)? {
        forms.extend(restrictions(&spec, &parameters, equations)?);
    }
    if forms.is_empty() {
        return Err(StataError::new(100, "coefficients or expressions required"));
    }
    session.extensions.set(Last { forms: forms.clone() });
    if notest {
        show_restrictions(session, &forms, &parameters, &[]);
        return Ok(());
    }
    report(session, &forms, &parameters, &extras)?;
    if coefficients {
        show_constrained(session, &forms, &parameters)?;
    }
    Ok(())
}

/// Estimates under the restrictions: those nearest to the estimates in the metric of their covariance, which for a linear
/// regression are the restricted least squares. Their errors are those of the unrestricted variance ([R] test).
fn show_constrained(session: &mut Session, forms: &[LinearForm], parameters: &Parameters) -> Result<()> {
    let (b, v) = (&parameters.b, &parameters.v);
    let r = Mat::from_fn(forms.len(), b.len(), |i, j| forms[i].weights[j]);
    let across = v.times(&r.transpose());
    let (inverse, ..) = r.times(&across).inverse_semidefinite(1e-12);
    let gain = across.times(&inverse);
    let held = r.times_vector(b);
    let away: Vec<f64> = held.iter().zip(forms).map(|(h, f)| h + f.constant).collect();
    let moved: Vec<f64> = b.iter().zip(gain.times_vector(&away)).map(|(b, by)| b - by).collect();
    let spread = v.minus(&gain.times(&across.transpose()));
    // a coefficient that is fixed has no error but rounding
    let error = |i: usize| spread[(i, i)].max(0.0).sqrt();
    let se: Vec<f64> =
        (0..b.len()).map(|i| if spread[(i, i)] <= 1e-12 * v[(i, i)] { 0.0 } else { error(i) }).collect();
    let several = parameters.stripe.iter().any(|s| s.eq != parameters.stripe[0].eq);
    let level = session.settings.level;
    session.print("");
    session.print("Constrained coefficients");
    session.print("");
    let kept = session.r.clone();
    let stripe = parameters.stripe.clone();
    Table { equations: several, ..Table::of_equations(&stripe, &moved, &se, None, level) }.show(session);
    session.r = kept;
    Ok(())
}

/// `(a) (b)` as two specifications, anything else as one.
fn specifications(body: &str) -> Result<Vec<String>> {
    let body = body.trim();
    if !body.starts_with('(') {
        return Ok(vec![body.to_string()]);
    }
    let (groups, rest) =
        leading_groups(body).ok_or_else(|| StataError::new(198, "unbalanced parentheses"))?;
    // A parenthesis can also open an expression: (x1+x2)/2 = 1.
    let parts = if rest.is_empty() { groups } else { vec![body] };
    Ok(parts.into_iter().map(str::to_string).collect())
}

fn run_testparm(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of_session(session)?;
    let list = FvList::parse(&session.frame, &cmd.list, session.settings.varabbrev)?;
    let touse = vec![true; session.frame.n_rows()];
    let wanted = list.expand(&session.frame, &touse)?;
    let equation = cmd.options.text("equation");
    let positions: Vec<usize> = (0..parameters.b.len())
        .filter(|p| equation.is_none_or(|e| parameters.stripe[*p].eq == e.trim()))
        .filter(|p| {
            parameters.terms[*p]
                .as_ref()
                .is_some_and(|t| !t.is_omitted() && wanted.iter().any(|w| alike(w, t)))
        })
        .collect();
    if positions.is_empty() {
        return Err(StataError::new(
            111,
            "no such variables;\nthe specified varlist does not identify any testable coefficients",
        ));
    }
    let size = parameters.b.len();
    let mut forms: Vec<LinearForm> = positions.iter().map(|p| unit(*p, size)).collect();
    if cmd.options.has("equal") {
        let first = forms.remove(0);
        forms = forms.into_iter().map(|f| f.minus(&first)).collect();
    }
    let extras =
        Extras { df: cmd.options.real("df"), plain: cmd.options.has("nosvyadjust"), ..Extras::default() };
    report(session, &forms, &parameters, &extras)
}

/// Whether a term of the model is what a listed term asks for.
fn alike(wanted: &Term, term: &Term) -> bool {
    let same = |a: &Atom, b: &Atom| match (a, b) {
        (Atom::Level { var, ts, level, .. }, Atom::Level { var: v, ts: t, level: l, .. }) => {
            var == v && ts == t && level == l
        }
        (Atom::Cont { var, ts, .. }, Atom::Cont { var: v, ts: t, .. }) => var == v && ts == t,
        _ => false,
    };
    wanted.atoms.len() == term.atoms.len()
        && wanted.atoms.iter().all(|a| term.atoms.iter().any(|b| same(a, b)))
}

fn show_restrictions(
    session: &mut Session,
    forms: &[LinearForm],
    parameters: &Parameters,
    dropped: &[usize],
) {
    session.print("");
    for (i, form) in forms.iter().enumerate() {
        let target = format::bare("%9.0g", -form.constant + 0.0);
        session.print(format!(" ({:>2})  {} = {target}", i + 1, form.text(parameters)));
    }
    for i in dropped {
        session.print(format!("       Constraint {} dropped", i + 1));
    }
}

/// Tests restrictions under the options of `test`, prints them and stores `r()`.
fn report(
    session: &mut Session,
    forms: &[LinearForm],
    parameters: &Parameters,
    extras: &Extras,
) -> Result<()> {
    let test = joint(forms, parameters);
    let design = extras.df.or_else(|| degrees(session, Statement::Linear));
    let survey = session.e.results.get_text("prefix") == Some("svy") && !extras.plain;
    if session.e.results.get_text("prefix") == Some("svy") {
        session.print("");
        session.print(if survey { "Adjusted Wald test" } else { "Unadjusted Wald test" });
    }
    show_restrictions(session, forms, parameters, &test.dropped);
    let found = Statistic::of(&test, design, survey);
    session.print("");
    let mut results = Results::default();
    results.scalar("drop", f64::from(u8::from(!test.dropped.is_empty())));
    for (i, dropped) in test.dropped.iter().enumerate() {
        results.scalar(&format!("dropped_{}", i + 1), (*dropped + 1) as f64);
    }
    match &extras.method {
        Some(method) => {
            let each: Vec<Statistic> = forms
                .iter()
                .map(|f| Statistic::of(&joint(std::slice::from_ref(f), parameters), design, survey))
                .collect();
            test_each::show(session, &each, &found, method, &mut results)?;
        }
        None => found.show(session),
    }
    match found.df_r {
        Some(df_r) => results.scalar("df_r", df_r).scalar("F", found.value),
        None => results.scalar("chi2", found.value),
    };
    results.scalar("df", found.df).scalar("p", found.p);
    if let Some(name) = &extras.matvlc {
        test_each::keep_covariance(session, name, forms, parameters)?;
    }
    session.r = results;
    Ok(())
}

/// A test's statistic with its degrees of freedom: F where it has a denominator, else chi-squared.
pub(super) struct Statistic {
    pub(super) value: f64,
    pub(super) df: f64,
    pub(super) df_r: Option<f64>,
    pub(super) p: f64,
}

impl Statistic {
    /// After `svy` the statistic and its denominator allow for the few units of the design.
    fn of(test: &Wald, design: Option<f64>, survey: bool) -> Self {
        let df = test.df as f64;
        match design {
            Some(design) if survey && test.df > 0 => {
                let (f, df_r) = adjusted_wald(test.chi2, test.df, design);
                Self { value: stata(f), df, df_r: Some(df_r), p: stata(f_tail(df, df_r, f)) }
            }
            Some(df_r) => Self { value: stata(test.f()), df, df_r: Some(df_r), p: stata(test.p(Some(df_r))) },
            None => Self { value: stata(test.chi2), df, df_r: None, p: stata(test.p(None)) },
        }
    }

    fn show(&self, session: &mut Session) {
        let (value, p) = (format::bare("%8.2f", self.value), format::bare("%6.4f", self.p));
        match self.df_r {
            Some(df_r) => {
                let df_r = format::bare("%9.0g", df_r);
                session.print(format!("       F({:>3},{df_r:>6}) ={value:>8}", self.df));
                session.print(format!("            Prob > F ={p:>10}"));
            }
            None => {
                session.print(format!("           chi2({:>3}) ={value:>8}", self.df));
                session.print(format!("         Prob > chi2 ={p:>10}"));
            }
        }
    }
}

fn joint(forms: &[LinearForm], parameters: &Parameters) -> Wald {
    let size = parameters.b.len();
    let matrix = Mat::from_fn(forms.len(), size, |i, j| forms[i].weights[j]);
    let targets: Vec<f64> = forms.iter().map(|f| -f.constant).collect();
    wald::test(&parameters.b, &parameters.v, &matrix, &targets)
}
