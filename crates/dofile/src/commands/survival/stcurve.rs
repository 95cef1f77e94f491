//! `stcurve`: survivor, cumulative hazard and hazard functions at chosen regressors after `stcox` and `streg`, cumulative
//! incidence after `stcrreg` ([ST] stcurve).

use super::cox_post::CoxSample;
use super::stcrreg_post::SubhazardSample;
use super::stcurve_draw::draw;
use super::stcurve_parametric;
use super::stcurve_table::{curve_names, write};
use super::streg_fitted::Averaging;
use super::sts_hazard::{Kernel, Step, smoothed_steps};
use crate::commands::LineLooks;
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::linear::{Grid, Parameters};
use crate::ops::graphs::curves::CurveOptions;
use crate::session::Session;
use crate::syntax::options::{abbreviates, parse_number};
use crate::syntax::{ParsedCommand, numlist};
use estimators::cox_after::Baseline;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stcurve",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "stcurve, survival|failure|cumhaz|hazard|cif [at(v=# ...) at1(v=# ...) at2(...) ... range(# #) kernel(epanechnikov|gaussian) width(#) outfile(filename [, replace]) alpha1|unconditional twoway_options]",
    notes: "other regressors are held at their means over the estimation sample; after stcox with strata() each stratum has its curve; hazard after stcox smooths the baseline contributions (kernel(), width()); outfile() has _t and surv#, failure#, cumhaz#, haz# or ci#, # one for at(), two for at1(); alpha1 and unconditional after streg with frailty(), the default is alpha1 with shared(), else unconditional; cif and cumhaz after stcrreg; stores r(curves) with time and one column per curve; [ST] stcurve",
    examples: &[Example {
        run: "input t x\n1 0\n2 1\n3 0\n4 1\n5 0\nend\nstset t\nstreg x, distribution(exponential)\nscalar s = exp(-exp(_b[_cons] + _b[x])*2)\nstcurve, survival at(x=1) range(0 4)\nmatrix m = r(curves)",
        expect: &[("m[1,2]", 1.0)],
    }],
};

const UNSUPPORTED: &[&str] =
    &["FIXEDonly", "NOBoundary", "ATMEANs", "ATOMITted", "EVALFrame", "ADDPLOT", "YXLOG"];

/// What a curve shows.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Function {
    Survivor,
    Failure,
    Cumulative,
    Hazard,
    Incidence,
}

impl Function {
    /// The function from the cumulative hazard and the hazard.
    pub(super) fn of(self, cumulative: f64, hazard: f64) -> f64 {
        match self {
            Self::Survivor => (-cumulative).exp(),
            Self::Failure | Self::Incidence => -(-cumulative).exp_m1(),
            Self::Cumulative => cumulative,
            Self::Hazard => hazard,
        }
    }

    pub(super) fn title(self) -> &'static str {
        match self {
            Self::Survivor => "Survival",
            Self::Failure => "Failure",
            Self::Cumulative => "Cumulative hazard",
            Self::Hazard => "Hazard function",
            Self::Incidence => "Cumulative incidence",
        }
    }
}

/// The kernel of a smoothed hazard and its half-width.
#[derive(Default)]
struct Smoothing {
    kernel: Kernel,
    width: Option<f64>,
}

/// Values fixed by one `at()`.
pub(super) type Fixed = Vec<(String, f64)>;

fn fixed(s: &Session, text: &str) -> Result<Fixed> {
    let spaced = text.replace('=', " = ");
    let words: Vec<&str> = spaced.split_whitespace().collect();
    words
        .chunks(3)
        .map(|group| match group {
            [name, "=", value] => {
                let v = s.numeric_variable(name)?;
                let x = parse_number(value).map_or_else(|| s.eval_num(value), Ok)?;
                Ok((s.frame.var(v).name.clone(), x))
            }
            _ => Err(StataError::invalid("at() incorrectly specified")),
        })
        .collect()
}

/// The options of a command.
#[derive(Default)]
struct Asked {
    function: Option<Function>,
    /// Numbers and values of `at1()`, `at2()`.
    settings: Vec<(usize, Fixed)>,
    /// Values of `at()`.
    common: Fixed,
    range: Option<(f64, f64)>,
    averaging: Averaging,
    smoothing: Smoothing,
    /// The text of `outfile()`.
    file: Option<String>,
}

impl Asked {
    /// Takes an option after a command; false for one of graphs.
    fn take(&mut self, s: &Session, kind: &str, name: &str, argument: Option<&str>) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        let Some(a) = argument else { return self.take_flag(kind, name) };
        let wrong = || StataError::invalid(format!("{name}() incorrectly specified"));
        match name.strip_prefix("at").map(str::parse::<usize>) {
            Some(Ok(number)) => self.settings.push((number, fixed(s, a)?)),
            _ if name == "at" => self.common = fixed(s, a)?,
            _ if is("OUTfile") => self.file = Some(a.to_string()),
            _ if kind == "stcox" && is("KERnel") => {
                let refused = || StataError::unsupported_option("stcurve", &format!("kernel({a})"));
                self.smoothing.kernel = Kernel::parse(a.trim()).ok_or_else(refused)?;
            }
            _ if kind == "stcox" && is("WIDth") => {
                self.smoothing.width = Some(parse_number(a).filter(|w| *w > 0.0).ok_or_else(wrong)?);
            }
            _ if is("Range") => match numlist::expand(a)?[..] {
                [low, high] if low < high && low >= 0.0 => self.range = Some((low, high)),
                _ => return Err(StataError::invalid("range() incorrectly specified")),
            },
            _ => return Ok(false),
        }
        Ok(true)
    }

    fn take_flag(&mut self, kind: &str, name: &str) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        let chosen = [
            ("SURvival", Function::Survivor),
            ("Failure", Function::Failure),
            ("CUMHaz", Function::Cumulative),
            ("HAzard", Function::Hazard),
            ("CIF", Function::Incidence),
        ];
        if let Some((_, f)) = chosen.iter().find(|(declared, _)| is(declared)) {
            if self.function.replace(*f).is_some_and(|old| old != *f) {
                return Err(StataError::invalid("only one function is allowed"));
            }
            return Ok(true);
        }
        let choices = [("alpha1", "alpha1"), ("UNCONDitional", "unconditional"), ("MARGinal", "marginal")];
        match choices.iter().find(|(declared, _)| kind == "streg" && is(declared)) {
            Some((_, choice)) => self.averaging.take(choice),
            None => Ok(false),
        }
    }

    /// The function, where the command before has it.
    fn function(&self, kind: &str) -> Result<Function> {
        let Some(function) = self.function else {
            return Err(StataError::invalid("must specify survival, failure, cumhaz, hazard or cif"));
        };
        let fits = match function {
            Function::Cumulative => true,
            Function::Incidence => kind == "stcrreg",
            _ => kind != "stcrreg",
        };
        let what = function.title().to_lowercase();
        if fits { Ok(function) } else { Err(StataError::invalid(format!("{what} not allowed after {kind}"))) }
    }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let kind = s.e.results.get_text("cmd2").unwrap_or(s.e.cmd()).to_string();
    if !["stcox", "streg", "stcrreg"].contains(&kind.as_str()) {
        return Err(StataError::no_estimates());
    }
    let text = cmd.raw.trim().trim_start_matches(',').to_string();
    let (mut asked, mut looks) = (Asked::default(), LineLooks::default());
    let options = CurveOptions::read(s, "stcurve", &text, UNSUPPORTED, |name, argument| {
        Ok(asked.take(s, &kind, name, argument)? || looks.take(s, name, argument)?)
    })?;
    let function = asked.function(&kind)?;
    let Asked { mut settings, common, range, averaging, smoothing, file, .. } = asked;
    settings.sort_by_key(|x| x.0);
    // files number the curves of at1(), at2() from two on: one is that of at() alone
    let mut numbers: Vec<usize> = settings.iter().map(|x| x.0 + 1).collect();
    let mut sets: Vec<Fixed> =
        settings.into_iter().map(|(_, own)| common.iter().cloned().chain(own).collect()).collect();
    if sets.is_empty() {
        sets.push(common);
        numbers.push(1);
    }
    let mut labels: Vec<String> = sets.iter().map(|set| label(s, set)).collect();
    if s.e.results.get_text("offset").is_some() {
        return Err(StataError::unsupported_option("stcurve", "curves after a model with offset()"));
    }
    let (curves, used) = match kind.as_str() {
        "stcox" => {
            let sample = CoxSample::read(s)?;
            labels = in_strata(s, &sample, labels)?;
            cox(s, &sample, function, &sets, &smoothing)?
        }
        "stcrreg" => competing(s, function, &sets)?,
        _ => stcurve_parametric::curves(s, function, &sets, range, averaging)?,
    };
    if let Some(text) = file {
        write(s, &text, &curve_names(function, &numbers, curves.len()), &curves)?;
    }
    draw(
        s,
        function,
        &labels,
        curves,
        used,
        range,
        kind != "streg" && function != Function::Hazard,
        (options, &looks),
    )
}

/// Terms of the active model averaged over its sample, with some variables fixed.
pub(super) fn means(s: &Session, rows: &[usize], fixed: &Fixed) -> Result<(Parameters, Vec<f64>)> {
    let parameters = Parameters::of(&s.e)?;
    let mut grid = Grid::new(&s.frame, rows.to_vec());
    grid.load(parameters.terms.iter().flatten().filter(|t| !t.is_omitted()))?;
    for (name, value) in fixed {
        if grid.variable(name).is_none() {
            return Err(StataError::new(111, format!("{name} is not a regressor of the model")));
        }
        grid.set(name, vec![*value; rows.len()]);
    }
    let positions: Vec<usize> = (0..parameters.b.len()).collect();
    let columns = grid.design(&parameters, &positions);
    let mean = columns.iter().map(|c| c.iter().sum::<f64>() / rows.len() as f64).collect();
    Ok((parameters, mean))
}

/// Time and value.
pub(super) type Curve = Vec<(f64, f64)>;

/// The numbers of the strata.
fn strata(sample: &CoxSample) -> Vec<u32> {
    let mut out = sample.stratum.clone();
    out.sort_unstable();
    out.dedup();
    out
}

/// The labels of scenarios in each stratum, with the values that the stratum has.
fn in_strata(s: &Session, sample: &CoxSample, labels: Vec<String>) -> Result<Vec<String>> {
    let variables = s.varlist(s.e.results.get_text("strata").unwrap_or(""))?;
    let of = |stratum: &u32| -> String {
        let at = sample.stratum.iter().position(|g| g == stratum).expect("a record of the stratum");
        let one = |v: &usize| {
            let name = &s.frame.var(*v).name;
            format!("{name}={}", crate::ops::groups::level_name(s, *v, sample.records.rows[at]).trim())
        };
        variables.iter().map(one).collect::<Vec<_>>().join(" ")
    };
    let strata: Vec<String> = strata(sample).iter().map(of).collect();
    let joined =
        |a: &String| strata.iter().map(|b| format!("{a} {b}").trim().to_string()).collect::<Vec<_>>();
    Ok(labels.iter().flat_map(joined).collect())
}

/// The values of a scenario as a label.
fn label(s: &Session, set: &Fixed) -> String {
    let one = |(name, x): &(String, f64)| {
        let v = s.frame.find(name);
        let label = v.and_then(|v| s.frame.labels_of(v)).and_then(|l| l.get(*x)).map(str::to_string);
        format!("{name}={}", label.unwrap_or_else(|| crate::format::bare("%9.0g", *x)))
    };
    set.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// A curve for each scenario in each stratum.
fn cox(
    s: &Session,
    sample: &CoxSample,
    function: Function,
    sets: &[Fixed],
    smoothing: &Smoothing,
) -> Result<(Vec<Curve>, usize)> {
    let (steps, strata) = (sample.baseline(), strata(sample));
    let mut out = Vec::new();
    for (set, stratum) in sets.iter().flat_map(|set| strata.iter().map(move |g| (set, *g))) {
        let (parameters, mean) = means(s, &sample.records.rows, set)?;
        let eta: f64 = parameters.b.iter().zip(&mean).map(|(b, m)| b * m).sum();
        if function == Function::Hazard {
            out.push(smooth(sample, &steps, stratum, eta, smoothing)?);
            continue;
        }
        let start = if function == Function::Survivor { 1.0 } else { 0.0 };
        let mut curve = vec![(0.0, start)];
        for step in steps.iter().filter(|step| step.stratum == stratum) {
            // S(t) = S0(t)^exp(xb); the cumulative hazard follows Breslow's estimate.
            let value = match function {
                Function::Cumulative => step.cumulative * eta.exp(),
                Function::Survivor => step.survivor.powf(eta.exp()),
                _ => 1.0 - step.survivor.powf(eta.exp()),
            };
            curve.push((step.time, value));
        }
        let own = sample.records.t.iter().zip(&sample.stratum).filter(|r| *r.1 == stratum).map(|r| *r.0);
        let last = own.fold(0.0, f64::max);
        if let Some(&(time, value)) = curve.last()
            && last > time
        {
            curve.push((last, value));
        }
        out.push(curve);
    }
    Ok((out, sample.records.rows.len()))
}

/// The baseline hazard contributions of a stratum smoothed by a kernel, times the relative hazard ([ST] stcurve).
fn smooth(
    sample: &CoxSample,
    steps: &[Baseline],
    stratum: u32,
    eta: f64,
    smoothing: &Smoothing,
) -> Result<Curve> {
    let records = &sample.records;
    let failed = |time: f64| -> f64 {
        let at = |i: &usize| records.d[*i] && records.t[*i] == time && sample.stratum[*i] == stratum;
        (0..records.t.len()).filter(at).map(|i| records.multiplicity(i)).sum()
    };
    let own = steps.iter().filter(|step| step.stratum == stratum);
    let own: Vec<Step> = own
        .map(|b| Step { time: b.time, failures: failed(b.time), hazard: b.contribution })
        .filter(|step| step.failures > 0.0)
        .collect();
    let curve = smoothed_steps(&own, smoothing.kernel, smoothing.width);
    if curve.is_empty() {
        return Err(StataError::new(498, "too few failures, or a width too large, for a smoothed hazard"));
    }
    Ok(curve.into_iter().map(|(t, h)| (t, h * eta.exp())).collect())
}

fn competing(s: &Session, function: Function, sets: &[Fixed]) -> Result<(Vec<Curve>, usize)> {
    let sample = SubhazardSample::read(s)?;
    let last = sample.records.t.iter().copied().fold(0.0, f64::max);
    let mut out = Vec::new();
    for set in sets {
        let (parameters, mean) = means(s, &sample.records.rows, set)?;
        let eta: f64 = parameters.b.iter().zip(&mean).map(|(b, m)| b * m).sum();
        let mut curve = vec![(0.0, 0.0)];
        for (step, total) in sample.steps.iter().zip(sample.totals()) {
            curve.push((step.time, function.of(total * eta.exp(), 0.0)));
        }
        let (time, value) = curve[curve.len() - 1];
        if last > time {
            curve.push((last, value));
        }
        out.push(curve);
    }
    Ok((out, sample.records.rows.len()))
}
