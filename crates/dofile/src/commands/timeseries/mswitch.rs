//! `mswitch dr` and `mswitch ar`: regressions and autoregressions whose coefficients change with a hidden Markov chain.
//! [TS] mswitch; numbers: `estimators::markov_switching`. `predict` and `estat` are in `mswitch_post`.

use super::super::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use super::mswitch_post::{interval_row, moves};
use super::series;
use super::var_sample::{lag_list, sample};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::header::{Fact, show as show_header};
use crate::estimation::post::command_line;
use crate::estimation::table::Table;
use crate::matrix::{Matrix, Stripe};
use crate::results::{Estimation, Results};
use crate::session::Session;
use crate::syntax::FvList;
use crate::syntax::options::OptSpec;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;
use estimators::markov_switching::{MOST_COMBINATIONS, Switching, SwitchingFit, ergodic, transition};
use std::sync::Arc;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("ar"),
    OptSpec::flag("ARSWitch"),
    OptSpec::int("STates"),
    OptSpec::text("SWitch"),
    OptSpec::flag("CONStant"),
    OptSpec::flag("VARSWitch"),
    OptSpec::text("p0"),
    OptSpec::text("vce"),
    OptSpec::real("Level"),
    OptSpec::int("EMITERate"),
    OptSpec::flag("EMLOG"),
    OptSpec::flag("EMDOTS"),
    OptSpec::int("ITERate"),
])
.searched()
.unsupported(&["CONSTraints", "FRom"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "mswitch",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mswitch {dr|ar} depvar [nonswitch_varlist] [if] [in] [, ar(numlist) arswitch states(#) switch([varlist] [, noconstant]) constant varswitch p0(transition) vce(oim|robust) level(#)]",
    notes: "after tsset, without gaps; the chain starts from its ergodic distribution; the search starts from several divisions of the sample, without a log, and emiterate() emlog emdots have no effect; the states are in ascending order of their first switching coefficient; no factor variables; the states of a period and of its lags may have 4,096 combinations; stores e(N k states ll aic hqic sbic rank converged tmin tmax), e(model) e(uncprob), e(b) with the equations depvar, State1 ..., lnsigma, p11 ..., e(V); predict: yhat residuals pr, smethod(onestep|filter|smooth), after ar yhat and residuals with smooth only; estat transition and duration; [TS] mswitch, Hamilton (1989)",
    examples: &[Example {
        // two levels that are far apart, each kept for long: the means and the spread within them
        run: "set obs 40\ngenerate t = _n\ntsset t\ngenerate y = cond(mod(floor((t - 1)/10), 2), 11, 1) + cond(mod(t, 2), .5, -.5)\nmswitch dr y\npredict p1 p2, pr smethod(smooth)\nmatrix b = e(b)",
        expect: &[
            ("reldif(b[1,1], 1) < 1e-6", 1.0),
            ("reldif(b[1,2], 11) < 1e-6", 1.0),
            ("reldif(exp(b[1,3]), .5) < 1e-6", 1.0),
            ("p1[3] > .999", 1.0),
            ("p2[15] > .999", 1.0),
        ],
    }],
};

/// The sample and the names of a model.
pub(super) struct Design {
    pub(super) y: Vec<f64>,
    pub(super) fixed: Vec<(String, Vec<f64>)>,
    pub(super) switching: Vec<(String, Vec<f64>)>,
    pub(super) states: usize,
    pub(super) lags: Vec<usize>,
    pub(super) lags_switch: bool,
    pub(super) variances_switch: bool,
    depvar: String,
    /// Rows of the outcome; the first ones supply lags only.
    pub(super) rows: Vec<usize>,
}

impl Design {
    /// The model of the columns.
    pub(super) fn model(&self) -> Switching<'_> {
        Switching {
            y: &self.y,
            fixed: self.fixed.iter().map(|c| c.1.as_slice()).collect(),
            switching: self.switching.iter().map(|c| c.1.as_slice()).collect(),
            states: self.states,
            lags: self.lags.clone(),
            lags_switch: self.lags_switch,
            variances_switch: self.variances_switch,
        }
    }

    fn stripe(&self) -> Vec<Stripe> {
        let lag = |l: &usize| if *l == 1 { "L.ar".to_string() } else { format!("L{l}.ar") };
        let mut out: Vec<Stripe> =
            self.fixed.iter().map(|c| Stripe::with_eq(self.depvar.clone(), c.0.clone())).collect();
        let lags = |eq: &str| self.lags.iter().map(|l| Stripe::with_eq(eq, lag(l))).collect::<Vec<_>>();
        if !self.lags_switch {
            out.extend(lags(&self.depvar));
        }
        for s in 1..=self.states {
            let eq = format!("State{s}");
            if self.lags_switch {
                out.extend(lags(&eq));
            }
            out.extend(self.switching.iter().map(|c| Stripe::with_eq(eq.clone(), c.0.clone())));
        }
        match self.variances_switch {
            true => out.extend((1..=self.states).map(|s| Stripe::with_eq(format!("lnsigma{s}"), "_cons"))),
            false => out.push(Stripe::with_eq("lnsigma", "_cons")),
        }
        for i in 1..=self.states {
            out.extend((1..self.states).map(|j| Stripe::with_eq(format!("p{i}{j}"), "_cons")));
        }
        out
    }
}

impl Design {
    /// Leaves out regressors that the others explain.
    fn omit(&mut self, session: &mut Session) {
        let all: Vec<&(String, Vec<f64>)> = self.fixed.iter().chain(&self.switching).collect();
        let constant = all.iter().any(|c| c.0 == "_cons");
        let own: Vec<usize> = (0..all.len()).filter(|j| all[*j].0 != "_cons").collect();
        let names: Vec<String> = own.iter().map(|j| all[*j].0.clone()).collect();
        let columns: Vec<&[f64]> = own.iter().map(|j| all[*j].1.as_slice()).collect();
        let kept = series::independent(session, &names, &columns, constant);
        let stays = |j: usize| own.iter().position(|o| *o == j).is_none_or(|at| kept.contains(&at));
        let (first, marks) = (self.fixed.len(), (0..all.len()).map(stays).collect::<Vec<bool>>());
        let mut at = marks.iter();
        self.fixed.retain(|_| at.next().copied().unwrap_or(true));
        let mut at = marks[first..].iter();
        self.switching.retain(|_| at.next().copied().unwrap_or(true));
    }
}

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let text = cmd.list.trim();
    if text.is_empty() {
        if session.e.cmd() != "mswitch" {
            return Err(StataError::no_estimates());
        }
        return show(session, cmd);
    }
    let (word, list) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    if word != "dr" && word != "ar" {
        return Err(StataError::invalid(format!("mswitch {word} is unrecognized: dr or ar is needed")));
    }
    let robust = match cmd.options.text("vce").map(str::trim) {
        None | Some("oim") => false,
        Some(v) if !v.is_empty() && "robust".starts_with(v) => true,
        Some(v) => return Err(StataError::unsupported_option("mswitch", &format!("vce({v})"))),
    };
    if let Some(kind) = cmd.options.text("p0").map(str::trim).filter(|k| !"transition".starts_with(k)) {
        return Err(StataError::unsupported_option("mswitch", &format!("p0({kind})")));
    }
    let mut design = design(session, cmd, word == "ar", list)?;
    design.omit(session);
    let model = design.model();
    if model.combinations().is_none() {
        let text =
            format!("the states of a period and of its lags have more than {MOST_COMBINATIONS} combinations");
        return Err(StataError::new(198, text));
    }
    if model.periods() <= model.size() {
        return Err(StataError::insufficient_observations());
    }
    let iterations = cmd.options.int("iterate").map_or(300, |i| i.max(1) as usize);
    let fit = model.maximise(iterations).ok_or_else(StataError::not_converged)?;
    let v = if robust { model.robust(&fit.b, &fit.v) } else { Some(fit.v.clone()) };
    let v = v.ok_or_else(|| StataError::new(430, "the covariance cannot be computed"))?;
    let stripe = design.stripe();
    let mut est = Estimation::default();
    let r = &mut est.results;
    r.matrix("b", Matrix::row_vector(fit.b.clone(), stripe.clone()));
    r.matrix("V", Matrix::square(v.data().to_vec(), stripe));
    r.text("cmd", "mswitch").text("cmdline", command_line(cmd)).text("model", word);
    r.text("vce", if robust { "robust" } else { "oim" });
    r.text("vcetype", if robust { "Robust" } else { "OIM" });
    facts(r, &design, &model, &fit);
    let used = &design.rows[model.longest()..];
    super::var_sample::span(session, used, r)?;
    let mut mark = vec![false; session.frame.n_rows()];
    used.iter().for_each(|row| mark[*row] = true);
    est.extra = Some(Arc::new(design));
    session.post_estimation(est, mark);
    show(session, cmd)?;
    if fit.converged { Ok(()) } else { Err(StataError::not_converged()) }
}

/// Numbers and names of a fitted model.
fn facts(r: &mut Results, design: &Design, model: &Switching<'_>, fit: &SwitchingFit) {
    let (n, k) = (model.periods() as f64, fit.b.len() as f64);
    let joined = |set: &[(String, Vec<f64>)]| {
        set.iter().filter(|c| c.0 != "_cons").map(|c| c.0.clone()).collect::<Vec<_>>().join(" ")
    };
    let title = if design.lags.is_empty() { "dynamic regression" } else { "autoregression" };
    r.text("title", format!("Markov-switching {title}")).text("depvar", &design.depvar);
    r.text("switchvars", joined(&design.switching)).text("nonswitchvars", joined(&design.fixed));
    r.text("p0", "transition").text("properties", "b V");
    r.text("predict", "mswitch_p").text("estat_cmd", "mswitch_estat");
    r.scalar("N", n).scalar("k", k).scalar("rank", k).scalar("states", model.states as f64);
    r.scalar("ll", fit.ll).scalar("N_gaps", 0.0);
    r.scalar("aic", (-2.0 * fit.ll + 2.0 * k) / n);
    r.scalar("hqic", (-2.0 * fit.ll + 2.0 * k * n.ln().ln()) / n);
    r.scalar("sbic", (-2.0 * fit.ll + k * n.ln()) / n);
    r.scalar("ic", fit.iterations as f64).scalar("converged", f64::from(u8::from(fit.converged)));
    let chain = transition(&fit.b[model.ancillary().1..], model.states);
    if let Some(ergodic) = ergodic(&chain) {
        let names = (1..=model.states).map(|s| Stripe::term(format!("State{s}"))).collect();
        let mut m = Matrix::row_vector(ergodic, names);
        m.row_names = vec![Stripe::term("r1")];
        r.matrix("uncprob", m);
    }
}

fn design(session: &Session, cmd: &ParsedCommand, autoregression: bool, list: &str) -> Result<Design> {
    let lags = match (autoregression, cmd.options.text("ar")) {
        (true, None) => return Err(StataError::new(198, "option ar() required")),
        (true, Some(text)) => lag_list(Some(text))?,
        (false, None) => Vec::new(),
        (false, Some(_)) => return Err(StataError::option_not_allowed("ar()")),
    };
    if cmd.has("arswitch") && !autoregression {
        return Err(StataError::option_not_allowed("arswitch"));
    }
    let states = cmd.options.int("states").unwrap_or(2);
    if !(2..=20).contains(&states) {
        return Err(StataError::invalid("states() must be between 2 and 20"));
    }
    let (switched, constant) = switched(cmd.options.text("switch").unwrap_or(""))?;
    if cmd.has("constant") && constant {
        return Err(StataError::invalid("option constant may be specified only with switch(, noconstant)"));
    }
    series::declared(session)?;
    let abbrev = session.settings.varabbrev;
    let names = |text: &str| -> Result<usize> {
        let list = FvList::parse(&session.frame, text, abbrev)?;
        Ok(list.expand(&session.frame, &vec![true; session.frame.n_rows()])?.len())
    };
    let count = names(list)?;
    if count == 0 {
        return Err(StataError::standard(100));
    }
    let mut own = cmd.clone();
    own.list = format!("{list} {switched}");
    let found = sample(session, &own, lags.last().copied().unwrap_or(0))?;
    let mut columns: Vec<(String, Vec<f64>)> = found.names.into_iter().zip(found.y).collect();
    let ones = || ("_cons".to_string(), vec![1.0; found.rows.len()]);
    let mut switching = columns.split_off(count);
    let (depvar, y) = columns.remove(0);
    if constant {
        switching.push(ones());
    } else if cmd.has("constant") {
        columns.push(ones());
    }
    let design = Design {
        y,
        fixed: columns,
        switching,
        states: states as usize,
        lags,
        lags_switch: cmd.has("arswitch"),
        variances_switch: cmd.has("varswitch"),
        depvar,
        rows: found.rows,
    };
    if design.switching.is_empty() && !design.lags_switch && !design.variances_switch {
        return Err(StataError::invalid("no parameter differs between the states"));
    }
    Ok(design)
}

/// The variables of `switch()`, and whether the constant switches too.
fn switched(text: &str) -> Result<(String, bool)> {
    let (list, option) = text.split_once(',').unwrap_or((text, ""));
    let option = option.trim();
    let constant = match option {
        "" => true,
        _ if option.len() >= 6 && "noconstant".starts_with(option) => false,
        _ => return Err(StataError::invalid(format!("switch(): option {option} not allowed"))),
    };
    Ok((list.trim().to_string(), constant))
}

fn show(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(session, cmd)?;
    let (b, v) = session.e.b_and_v()?;
    let e = &session.e.results;
    let scalar = |name: &str| e.get_scalar(name).unwrap_or(MISSING);
    let text = |name: &str| e.get_text(name).unwrap_or("").to_string();
    let (title, depvar, robust) = (text("title"), text("depvar"), text("vce") == "robust");
    let left = [
        format!("Sample: {} thru {}", text("tmins"), text("tmaxs")),
        format!("Number of states = {:>3}", scalar("states")),
        format!("Unconditional probabilities: {}", text("p0")),
        String::new(),
    ];
    let facts = [
        Fact::observations(scalar("N")),
        Fact::new("AIC", "%9.4f", scalar("aic")),
        Fact::new("HQIC", "%9.4f", scalar("hqic")),
        Fact::new("SBIC", "%9.4f", scalar("sbic")),
    ];
    let ll = format!("Log likelihood = {}", crate::format::bare("%10.0g", scalar("ll")));
    session.print("");
    session.print(title);
    session.print("");
    show_header(session, &left, &facts, 17, 10);
    session.print(ll);
    session.print("");
    let from = b.col_names.iter().position(|s| s.eq.starts_with("lnsigma")).unwrap_or(b.cols());
    let se: Vec<f64> = (0..b.cols()).map(|i| v.get(i, i).sqrt()).collect();
    let held = session.settings.table.clone();
    session.settings.table.open_end = true;
    let table = Table {
        title: &depvar,
        vce_title: if robust { "Robust" } else { "" },
        ..Table::of_equations(&b.col_names[..from], &b.values()[..from], &se[..from], None, level)
    };
    if from > 0 {
        table.print(session);
    }
    session.settings.table = held;
    ancillary(session, &b, &se, level)?;
    session.r.clear();
    Table { title: &depvar, ..Table::of_equations(&b.col_names, b.values(), &se, None, level) }
        .store(session);
    Ok(())
}

/// Rows of the standard deviations and of the transition probabilities.
fn ancillary(session: &mut Session, b: &Matrix, se: &[f64], level: f64) -> Result<()> {
    let rule = format!("-------------+{}", "-".repeat(64));
    let moves: Vec<_> = moves(session)?.into_iter().filter(|m| m.shown).collect();
    let scales = (0..b.cols()).filter(|i| b.col_names[*i].eq.starts_with("lnsigma"));
    for i in scales {
        let (x, s) = (b.get(0, i), se[i]);
        let reach = estimators::wald::critical(level, None) * s;
        let row = [x.exp(), x.exp() * s, (x - reach).exp(), (x + reach).exp()];
        session.print(interval_row(&format!("{} ", &b.col_names[i].eq[2..]), row));
        session.print(&rule);
    }
    for (k, one) in moves.iter().enumerate() {
        session.print(interval_row(&format!("{} ", one.name), one.row(level)));
        session.print(if k + 1 < moves.len() { rule.clone() } else { "-".repeat(78) });
    }
    Ok(())
}
