//! `ivprobit` and `ivtobit`: limited outcomes with continuous endogenous regressors, by maximum likelihood. The
//! two-step estimator is in `endogenous_twostep.rs`.
//!
//! Store in `e()`: N k k_eq df_m ll chi2 p chi2_exog p_exog df_exog (endog_ct) N_unc N_lc N_rc rank converged, b, V, cmd
//! depvar instd insts method. Formulas: [R] ivprobit, [R] ivtobit.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::endogenous_show::{footer, header, post_results};
use super::endogenous_twostep;
use super::parts::{Part, single, text};
use super::tobit::limit;
use crate::error::{Result, StataError};
use crate::estimation::binary::{check_outcome, separated};
use crate::estimation::display::{fit_error, level};
use crate::estimation::likelihood;
use crate::estimation::ml_command::{self, Look, MlCommand};
use crate::estimation::model::{Model, Reading, first_word, single_column};
use crate::estimation::post;
use crate::estimation::sample::{OpenSample, Side};
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use crate::syntax::{FvList, InstrumentList};
use estimators::jet::{Formula, Jet};
use estimators::ml::{Equation, MlFit};
use estimators::ml_censored::{Seen, within};
use estimators::ml_endogenous::{Outcome, with_endogenous};
use estimators::ols::{self, Request};

const WEIGHTS: &[WeightKind] = super::WEIGHTS;
const PROBIT: StandardSyntax =
    StandardSyntax::new(ml_options![OptSpec::flag("mle"), OptSpec::flag("TWOstep"), OptSpec::flag("first")])
        .weights(WEIGHTS)
        .maximised()
        .unsupported(&["ASIS"]);
const TOBIT: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::flag("mle"),
    OptSpec::flag("TWOstep"),
    OptSpec::flag("first"),
    OptSpec::flag_or_text("ll"),
    OptSpec::flag_or_text("ul"),
])
.weights(WEIGHTS)
.maximised();

/// The command `ivprobit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "ivprobit",
    min: 8,
    form: Form::Standard(&PROBIT),
    by: ByRule::EachGroup,
    run: run_probit,
    syntax: "ivprobit depvar [varlist1] (varlist2 = varlist_iv) [if] [in] [weight] [, mle|twostep first noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "one or two endogenous regressors by maximum likelihood, any number in two steps (Newey 1987); stores e(N df_m ll chi2 p chi2_exog p_exog), e(b) with /athrho2_1 /lnsigma2 ..., e(V), r(table); formulas: [R] ivprobit",
    examples: &[Example {
        run: "set obs 80\ngen z = mod(_n*7, 11) - 5\ngen v = mod(_n*5, 13) - 6\ngen x = z + v\ngen y = x - v + mod(_n*11, 9) - 4 > 0\nivprobit y (x = z), twostep\nscalar a = _b[x] > 0\nivprobit y (x = z)",
        expect: &[("a", 1.0), ("e(N)", 80.0), ("e(chi2_exog) - (_b[/athrho2_1]/_se[/athrho2_1])^2", 0.0)],
    }],
};

/// The command `ivtobit`.
pub(super) const SPEC_TOBIT: CommandSpec = CommandSpec {
    name: "ivtobit",
    min: 7,
    form: Form::Standard(&TOBIT),
    by: ByRule::EachGroup,
    run: run_tobit,
    syntax: "ivtobit depvar [varlist1] (varlist2 = varlist_iv) [if] [in] [weight], {ll[(#)] ul[(#)]} [mle first noconstant vce(oim|robust|cluster v) level(#) nolog]",
    notes: "maximum likelihood with one or two endogenous regressors; stores e(N N_unc N_lc N_rc df_m ll chi2 p chi2_exog p_exog), e(b) with /athrho2_1 /lnsigma1 /lnsigma2 ..., e(V), r(table); formulas: [R] ivtobit",
    examples: &[Example {
        run: "set obs 80\ngen z = mod(_n*7, 11) - 5\ngen v = mod(_n*5, 13) - 6\ngen x = z + v\ngen y = x - v + mod(_n*11, 9) - 4\nivtobit y (x = z), ll(0)",
        expect: &[("e(N_unc) + e(N_lc)", 80.0), ("e(N_rc)", 0.0)],
    }],
};

/// The sample of a model with endogenous regressors.
pub(super) struct Sample {
    /// Outcome with the regressors of the outcome's equation: endogenous ones first.
    pub model: Model,
    /// Reduced forms: exogenous regressors and instruments; the name is that of the endogenous regressor.
    pub reduced: Vec<Part>,
    /// Values of the endogenous regressors.
    pub endogenous: Vec<Vec<f64>>,
    /// Names of the instruments as they were given.
    pub instruments: String,
}

/// The sample. After `probit`, regressors that predict the outcome perfectly are left out with the rows that they predict
/// ([R] ivprobit, option asis): without these rows they are constant, and so collinear in all equations.
fn read(session: &mut Session, cmd: &ParsedCommand, probit: bool) -> Result<Sample> {
    let InstrumentList { rest, endogenous, instruments } = InstrumentList::parse(&cmd.list)?;
    let (depvar, exogenous) = first_word(&rest);
    let named = FvList::parse(&session.frame, endogenous, session.settings.varabbrev)?;
    let all = vec![true; session.frame.n_rows()];
    let names: Vec<String> =
        named.expand(&session.frame, &all)?.iter().map(crate::syntax::Term::name).collect();
    let reduced = format!("{exogenous} {instruments}");
    let mut texts = Texts {
        depvar,
        main: format!("{endogenous} {exogenous}"),
        reduced: names.iter().map(|n| (n.clone(), reduced.clone())).collect(),
        instruments,
        without: Vec::new(),
        noted: Vec::new(),
    };
    let reading =
        Reading { plain_vce: &["oim", "conventional", "twostep"], ..Reading::likelihood(cmd, WEIGHTS) };
    loop {
        let sample = texts.read(session, &reading)?;
        if !probit {
            return Ok(sample);
        }
        check_outcome(&sample.model)?;
        let Some((name, rows)) = separated(session, &sample.model)? else { return Ok(sample) };
        if names.contains(&name) {
            let what = "an endogenous regressor that predicts the outcome perfectly";
            return Err(StataError::unsupported_option("ivprobit", what));
        }
        texts.without.extend(rows.iter().map(|i| sample.model.design.rows[*i]));
        texts.noted.push(name);
    }
}

/// The equations of a model as they were given.
pub(super) struct Texts<'a> {
    /// The outcome.
    pub depvar: &'a str,
    /// Regressors of its equation.
    pub main: String,
    /// Endogenous regressors with the regressors of their equations.
    pub reduced: Vec<(String, String)>,
    /// Instruments.
    pub instruments: &'a str,
    /// Rows of the data that are left out.
    pub without: Vec<usize>,
    /// Omitted regressors that a note has named.
    pub noted: Vec<String>,
}

impl Texts<'_> {
    /// Reads the sample.
    ///
    /// # Errors
    /// r(481) where an equation has fewer regressors than the outcome's, r(498) for a collinear endogenous regressor.
    pub(super) fn read(&mut self, session: &mut Session, reading: &Reading<'_>) -> Result<Sample> {
        let cmd = reading.cmd;
        let abbrev = session.settings.varabbrev;
        let parse = |text: &str| FvList::parse(&session.frame, text, abbrev);
        let outcome = parse(self.depvar)?;
        let main = parse(&self.main)?;
        let excluded = parse(self.instruments)?;
        let mut equations = Vec::new();
        for (name, text) in &self.reduced {
            equations.push((parse(name)?, parse(text)?));
        }
        let mut open = OpenSample::open(session, cmd, reading)?;
        let lists = equations.iter().flat_map(|(name, list)| [name, list]);
        for list in lists.chain([&outcome, &main]) {
            list.markout(&session.frame, &mut open.touse)?;
        }
        self.without.iter().for_each(|row| open.touse[*row] = false);
        let rows: Vec<usize> = (0..open.touse.len()).filter(|i| open.touse[*i]).collect();
        if rows.is_empty() {
            return Err(StataError::no_observations());
        }
        let constant = !cmd.has("noconstant");
        let (side, omitted) = Side::build(session, &main, &open.touse, constant)?;
        let new: Vec<String> = omitted.iter().filter(|name| !self.noted.contains(name)).cloned().collect();
        post::note_omitted(session, &new);
        self.noted.extend(new);
        let mut values = Vec::new();
        let mut parts = Vec::new();
        for (variable, list) in &equations {
            if !variable.factors().is_empty() {
                return Err(StataError::new(198, "endogenous regressors may not be factor variables"));
            }
            let (name, x) = single_column(&session.frame, variable, &open.touse, &rows)?;
            if omitted.contains(&name) {
                return Err(StataError::new(498, "an endogenous regressor is collinear with the others"));
            }
            values.push(x);
            let (reduced, _) = Side::build(session, list, &open.touse, constant)?;
            parts.push(Part { name, side: reduced, shift: None });
        }
        let fewest = parts.iter().map(|p| p.side.columns().len()).min().unwrap_or(0);
        if values.is_empty() || fewest < side.columns().len() {
            return Err(StataError::new(
                481,
                "equation not identified; must have at least as many instruments not in\nthe regression as there are instrumented variables",
            ));
        }
        let (depvar, y) = single_column(&session.frame, &outcome, &open.touse, &rows)?;
        let mut all = vec![0.0; open.touse.len()];
        rows.iter().zip(&y).for_each(|(row, y)| all[*row] = *y);
        let model = open.close(session, depvar, &all, side.design, constant);
        let instruments = excluded.variables().join(" ");
        Sample { model, reduced: parts, endogenous: values, instruments }.enough()
    }
}

/// Parameters and residuals of the reduced forms.
pub(super) struct ReducedForms {
    pub(super) parameters: Vec<Vec<f64>>,
    pub(super) residuals: Vec<Vec<f64>>,
}

impl Sample {
    fn enough(self) -> Result<Self> {
        Ok(Self { model: self.model.enough()?, ..self })
    }

    /// Least squares of the reduced forms.
    pub(super) fn start(&self) -> Result<ReducedForms> {
        let mut found = ReducedForms { parameters: Vec::new(), residuals: Vec::new() };
        for (part, x) in self.reduced.iter().zip(&self.endogenous) {
            let columns = part.side.columns();
            let request = Request {
                constant: part.side.constant,
                weights: self.model.weights.as_ref(),
                ..Request::new(x, &columns)
            };
            let fit = ols::fit(&request).map_err(fit_error)?;
            let kept: Vec<usize> = (0..columns.len()).collect();
            let fitted = estimators::qr::predict(&columns, &kept, part.side.constant, &fit.b);
            found.residuals.push(x.iter().zip(&fitted).map(|(x, f)| x - f).collect());
            found.parameters.push(fit.b);
        }
        Ok(found)
    }
}

fn run_probit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "ivprobit")
}

fn run_tobit(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(session, cmd, "ivtobit")
}

fn run(session: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    let shown = level(session, cmd)?;
    let two_step = |session: &Session| text(session, "method") == "twostep";
    ml_command::run(
        session,
        cmd,
        &MlCommand {
            name,
            estimate: &|session| estimate(session, cmd, name),
            header: &header,
            look: &|session| Look { equations: !two_step(session), ..Look::default() },
            footer: &|session| footer(session, shown),
        },
    )
}

/// What is seen of the outcome of each row, and the limits.
fn outcomes(cmd: &ParsedCommand, model: &Model, tobit: bool) -> Result<(Vec<Outcome>, [Option<f64>; 2])> {
    if !tobit {
        let positive: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
        if positive.iter().all(|p| *p == positive[0]) {
            return Err(StataError::new(2000, "outcome does not vary"));
        }
        return Ok((positive.into_iter().map(Outcome::Positive).collect(), [None, None]));
    }
    let extreme = |f: fn(f64, f64) -> f64, from: f64| model.y.iter().copied().fold(from, f);
    let lower = limit(cmd, "ll", extreme(f64::min, f64::INFINITY))?;
    let upper = limit(cmd, "ul", extreme(f64::max, f64::NEG_INFINITY))?;
    if lower.is_none() && upper.is_none() {
        return Err(StataError::new(198, "must specify ll() or ul() or both"));
    }
    let seen = |y: &f64| Outcome::Censored(within(*y, lower, upper));
    Ok((model.y.iter().map(seen).collect(), [lower, upper]))
}

fn estimate(session: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    if cmd.has("first") {
        return Err(StataError::unsupported_option(name, "first"));
    }
    let tobit = name == "ivtobit";
    let sample = read(session, cmd, !tobit)?;
    let (seen, limits) = outcomes(cmd, &sample.model, tobit)?;
    let ReducedForms { parameters: reduced, residuals } = sample.start()?;
    if cmd.has("twostep") {
        if tobit {
            return Err(StataError::unsupported_option(name, "twostep"));
        }
        return endogenous_twostep::estimate(session, cmd, &sample, &reduced, &residuals);
    }
    let p = sample.endogenous.len();
    let fit = match (p, tobit) {
        (1, false) => maximise::<4>(session, cmd, &sample, &seen, &reduced, &residuals)?,
        (2, false) => maximise::<8>(session, cmd, &sample, &seen, &reduced, &residuals)?,
        (1, true) => maximise::<5>(session, cmd, &sample, &seen, &reduced, &residuals)?,
        (2, true) => maximise::<9>(session, cmd, &sample, &seen, &reduced, &residuals)?,
        _ => {
            return Err(StataError::unsupported_option(
                name,
                "maximum likelihood with more than two endogenous regressors",
            ));
        }
    };
    post_results(session, cmd, &sample, &fit, name);
    let results = &mut session.e.results;
    for (limit, stored) in limits.iter().zip(["llopt", "ulopt"]) {
        if let Some(limit) = limit {
            results.scalar(stored, *limit);
        }
    }
    if tobit {
        let count = |test: fn(&Seen) -> bool| {
            seen.iter().filter(|o| matches!(o, Outcome::Censored(s) if test(s))).count() as f64
        };
        results.scalar("N_unc", count(|s| matches!(s, Seen::Value(_))));
        results.scalar("N_lc", count(|s| matches!(s, Seen::AtMost(_))));
        results.scalar("N_rc", count(|s| matches!(s, Seen::AtLeast(_))));
    }
    Ok(())
}

/// Maximises from a model of the outcome alone and the least-squares reduced forms; `N` is the number of indices.
pub(super) fn maximise<const N: usize>(
    session: &mut Session,
    cmd: &ParsedCommand,
    sample: &Sample,
    seen: &[Outcome],
    reduced: &[Vec<f64>],
    residuals: &[Vec<f64>],
) -> Result<MlFit> {
    let model = &sample.model;
    let p = sample.endogenous.len();
    let values: Vec<Vec<f64>> =
        (0..model.y.len()).map(|i| sample.endogenous.iter().map(|x| x[i]).collect()).collect();
    let formula =
        Formula::<N, _>(|row: usize, eta: [Jet<N>; N]| with_endogenous(seen[row], &values[row], eta));
    let main = super::parts::first(model, true, None);
    let deviation = |v: &[f64]| {
        let n = v.len() as f64;
        (v.iter().map(|x| x * x).sum::<f64>() / n).sqrt().max(1e-8)
    };
    let tobit = matches!(seen.first(), Some(Outcome::Censored(_)));
    // the outcome alone, as if its regressors were exogenous
    let (mut from, outcome_scale) = outcome_alone(model, &main, seen)?;
    reduced.iter().for_each(|b| from.extend(b));
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>() / a.len() as f64;
    for i in 0..=p {
        for j in i + 1..=p {
            let start = if i == 0 {
                0.0
            } else {
                let (a, b) = (&residuals[i - 1], &residuals[j - 1]);
                (product(a, b) / (deviation(a) * deviation(b))).clamp(-0.95, 0.95).atanh()
            };
            from.push(start);
        }
    }
    from.extend(tobit.then_some(outcome_scale));
    from.extend(residuals.iter().map(|r| deviation(r).ln()));
    let mut equations: Vec<Equation<'_>> = vec![main];
    equations.extend(sample.reduced.iter().map(Part::equation));
    equations.extend((equations.len()..N).map(|_| single()));
    let layout = super::endogenous_show::layout(sample, tobit);
    likelihood::maximise(session, &cmd.options, model, &formula, equations, &from, &layout)
}

/// Parameters of the outcome's equation without endogeneity, and the log of its standard deviation.
fn outcome_alone(model: &Model, main: &Equation<'_>, seen: &[Outcome]) -> Result<(Vec<f64>, f64)> {
    let width = main.len();
    if let Some(Outcome::Positive(_)) = seen.first() {
        let y: Vec<bool> = model.y.iter().map(|y| *y != 0.0).collect();
        let probit = estimators::ml_binary::Binary { y: &y, link: estimators::ml_binary::Link::Probit };
        let fit = ml_command::quiet(model, &probit, vec![main.clone()], &vec![0.0; width])?;
        return Ok((fit.b, 0.0));
    }
    let formula = Formula::<2, _>(|row: usize, eta| match seen[row] {
        Outcome::Censored(seen) => estimators::ml_censored::censored(seen, eta),
        Outcome::Positive(_) => Jet::constant(0.0),
    });
    let start = super::tobit::start(model)?;
    let fit = ml_command::quiet(model, &formula, vec![main.clone(), single()], &start)?;
    Ok((fit.b[..width].to_vec(), fit.b[width]))
}
