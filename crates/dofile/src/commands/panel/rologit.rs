//! `rologit` and `cmrologit`: the rank-ordered (exploded) logit. The most preferred alternative is chosen among all, the next
//! one among those that are left, and so on: the partial likelihood of a Cox model whose strata are the groups, with the
//! ranks as times ([R] rologit, [CM] cmrologit; Beggs, Cardell and Hausman 1981, Journal of Econometrics 17).

use super::clogit::{group_rows, nested, store_sizes};
use super::cmset::declared_case;
use super::rologit_show::header;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::likelihood::{self, print_log};
use crate::estimation::ml_command::{self, Layout, Look, MlCommand, Posted};
use crate::estimation::model::{Model, Reading, number_groups};
use crate::estimation::post::note_omitted;
use crate::ml_options;
use crate::session::Session;
use crate::syntax::options::OptSpec;
use crate::syntax::split::{ParsedCommand, WeightKind};
use estimators::cox::{CoxData, CoxFit, fit, uninformative};
use estimators::cox_after::{robust, scores};
use estimators::cox_exact::{Exact, fit_exact};
use estimators::matrix::Mat;
use estimators::ml::MlFit;
use estimators::vce::Clusters;

const SYNTAX: StandardSyntax = StandardSyntax::new(ml_options![
    OptSpec::text("GRoup"),
    OptSpec::real("INComplete"),
    OptSpec::flag("REVerse"),
    OptSpec::text("ties"),
    OptSpec::flag("ALTwise"),
])
.weights(&[WeightKind::Frequency])
.searched()
.unsupported(&["OFFset", "NOTEstrhs"]);

/// The command `rologit`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "rologit",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run: run_groups,
    syntax: "rologit depvar indepvars [if] [in] [fweight], group(v) [incomplete(#) reverse ties(exactm|breslow|efron|none) vce(oim|robust|cluster v) level(#) nolog]",
    notes: "higher values are preferred, with reverse lower ones; alternatives with the value of incomplete() are less preferred than the ranked ones; ties by the exact marginal likelihood, with a robust covariance by Efron's method; scores are summed by group, or by cluster; stores e(N N_g g_min g_avg g_max code_inc df_m ll ll_0 chi2 p r2_p), e(group ties reverse), e(b), e(V); predict newvar [, pr xb stdp]; offset() and weights other than frequencies are refused; [R] rologit",
    examples: &[Example {
        // pairs: the one with x is preferred in 3 of 4, as in a logit
        run: "input g rank x\n1 2 1\n1 1 0\n2 2 1\n2 1 0\n3 2 1\n3 1 0\n4 2 0\n4 1 1\nend\nrologit rank x, group(g)\npredict p",
        expect: &[("exp(_b[x])", 3.0), ("p[1]", 0.75), ("e(N_g)", 4.0)],
    }],
};

/// The command `cmrologit`.
pub(super) const SPEC_CHOICE: CommandSpec = CommandSpec {
    name: "cmrologit",
    run: run_cases,
    syntax: "cmrologit depvar indepvars [if] [in] [fweight] [, incomplete(#) reverse ties(exactm|breslow|efron|none) altwise vce(oim|robust|cluster v) level(#) nolog]",
    notes: "after cmset; as rologit with the cases as groups; cases with a missing value are left out, with altwise only the observations; stores e(N N_case alt_min alt_avg alt_max code_inc df_m ll ll_0 chi2 p r2_p), e(caseid marktype ties reverse), e(b), e(V); [CM] cmrologit",
    examples: &[Example {
        run: "input g rank x\n1 2 1\n1 1 0\n2 2 1\n2 1 0\n3 2 1\n3 1 0\n4 2 0\n4 1 1\nend\ncmset g, noalternatives\ncmrologit rank x",
        expect: &[("exp(_b[x])", 3.0), ("e(N_case)", 4.0)],
    }],
    ..SPEC
};

fn run_groups(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("altwise") {
        return Err(StataError::option_not_allowed("altwise"));
    }
    command(s, cmd, "rologit")
}

fn run_cases(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.has("group") {
        return Err(StataError::option_not_allowed("group()"));
    }
    command(s, cmd, "cmrologit")
}

fn command(s: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    ml_command::run(
        s,
        cmd,
        &MlCommand {
            name,
            estimate: &|s| estimate(s, cmd, name),
            header: &header,
            look: &|_| Look::default(),
            footer: &|_| {},
        },
    )
}

/// Ranks as records: each alternative that is ranked leaves its group at the time of its rank.
struct Records {
    t: Vec<f64>,
    d: Vec<bool>,
    stratum: Vec<u32>,
    /// Rows of the model.
    row: Vec<usize>,
    /// Whether alternatives of a group have the same rank.
    tied: bool,
    /// Whether the least preferred alternatives of a group do, with none left behind them.
    tied_at_the_end: bool,
}

impl Records {
    /// `count` says how often a group is repeated.
    fn new(
        y: &[f64],
        groups: &[Vec<usize>],
        count: impl Fn(usize) -> usize,
        unranked: f64,
        reverse: bool,
    ) -> Self {
        let mut out =
            Self { t: vec![], d: vec![], stratum: vec![], row: vec![], tied: false, tied_at_the_end: false };
        let mut next = 0;
        for group in groups {
            let order = |i: &usize| if reverse { y[*i] } else { -y[*i] };
            let mut ranked: Vec<usize> = group.iter().copied().filter(|i| y[*i] != unranked).collect();
            ranked.sort_by(|a, b| order(a).total_cmp(&order(b)));
            let complete = ranked.len() == group.len();
            for w in ranked.windows(2).filter(|w| y[w[0]] == y[w[1]]) {
                out.tied = true;
                out.tied_at_the_end |= complete && ranked.last().is_some_and(|l| y[*l] == y[w[1]]);
            }
            let after = ranked.len() as f64 + 1.0;
            for _ in 0..count(group[0]) {
                for i in group {
                    let known = y[*i] != unranked;
                    let place = ranked.iter().position(|r| y[*r] == y[*i]).map_or(after, |p| p as f64 + 1.0);
                    out.t.push(if known { place } else { after });
                    out.d.push(known);
                    out.stratum.push(next);
                    out.row.push(*i);
                }
                next += 1;
            }
        }
        out
    }
}

/// How ties are handled.
fn ties(text: Option<&str>, robust: bool) -> Result<&'static str> {
    let Some(text) = text.map(str::trim) else { return Ok(if robust { "efron" } else { "exactm" }) };
    let known = [("exactm", 2), ("breslow", 3), ("efron", 3), ("none", 4)];
    let found = known.iter().find(|(name, least)| text.len() >= *least && name.starts_with(text));
    let (name, _) = found.ok_or_else(|| StataError::invalid(format!("ties({text}) invalid")))?;
    if *name == "exactm" && robust {
        return Err(StataError::invalid("ties(exactm) may not be combined with a robust covariance"));
    }
    Ok(name)
}

fn estimate(s: &mut Session, cmd: &ParsedCommand, name: &'static str) -> Result<()> {
    let unit = match cmd.options.text("group") {
        Some(group) => s.variable(group.trim())?,
        None if name == "cmrologit" => declared_case(s)?,
        None => return Err(StataError::new(198, "option group() required")),
    };
    let reading = Reading { further: vec![unit], ..Reading::likelihood(cmd, SYNTAX.weights) };
    let mut model = reading.model(s)?.enough()?;
    model.constant = false;
    if name == "cmrologit" && !cmd.has("altwise") {
        drop_cases(s, cmd, &mut model, unit)?;
    }
    let groups = group_rows(s, unit, &model);
    let weights = model.weights.as_ref().map(|w| w.values.clone());
    if let Some(w) = &weights
        && groups.iter().any(|g| g.iter().any(|i| w[*i] != w[g[0]]))
    {
        return Err(StataError::new(459, "weights must be constant within groups"));
    }
    let ties = ties(cmd.options.text("ties"), model.is_robust())?;
    let unranked = cmd.options.real("incomplete").unwrap_or(0.0);
    let count = |i: usize| weights.as_ref().map_or(1, |w| w[i] as usize);
    let repeated: f64 = groups.iter().map(|g| count(g[0]) as f64 * g.len() as f64).sum();
    s.room_for(repeated, 32.0)?;
    let records = Records::new(&model.y, &groups, count, unranked, cmd.has("reverse"));
    if records.tied && ties == "none" {
        return Err(StataError::new(459, "ties are not allowed"));
    }
    if records.tied_at_the_end && ties != "exactm" {
        return Err(StataError::unsupported_option(
            name,
            &format!("ties({ties}) where the least preferred are tied"),
        ));
    }
    let (found, v) = fit_records(s, cmd, name, &mut model, &groups, &records, ties)?;
    let shown = if records.tied { ties } else { "none" };
    post(s, cmd, name, &model, &groups, (found, v), (shown, unit));
    Ok(())
}

/// Maximises the likelihood of the records; regressors that say nothing leave the model with a note. Returns the fit and the
/// covariance that the command asks for.
fn fit_records(
    s: &mut Session,
    cmd: &ParsedCommand,
    name: &str,
    model: &mut Model,
    groups: &[Vec<usize>],
    records: &Records,
    ties: &str,
) -> Result<(CoxFit, Mat)> {
    let begin = vec![0.0; records.t.len()];
    let data = CoxData {
        t0: &begin,
        t: &records.t,
        d: &records.d,
        stratum: &records.stratum,
        w: None,
        offset: None,
        efron: ties == "efron",
    };
    let spread = |model: &Model| -> Vec<Vec<f64>> {
        model.columns().iter().map(|c| records.row.iter().map(|i| c[*i]).collect()).collect()
    };
    let columns = spread(model);
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let lost = uninformative(data, &slices);
    let omitted = model.omit(&lost);
    note_omitted(s, &omitted);
    let columns = spread(model);
    if columns.is_empty() {
        return Err(StataError::new(2000, "no regressor varies within groups"));
    }
    let slices: Vec<&[f64]> = columns.iter().map(Vec::as_slice).collect();
    let limits = likelihood::limits(&cmd.options);
    let found = if records.tied && ties == "exactm" {
        fit_exact(data, &slices, Exact::Marginal, limits)
    } else {
        fit(data, &slices, limits)
    };
    let found = found.ok_or_else(StataError::not_converged)?;
    let of_group = nested(model, groups)?;
    let v = match of_group {
        None => found.v.clone(),
        Some((of, count)) => {
            let mut of_row = vec![0; model.y.len()];
            groups.iter().zip(&of).for_each(|(g, c)| g.iter().for_each(|i| of_row[*i] = *c as u32));
            if model.weights.is_some() {
                return Err(StataError::unsupported_option(name, "a robust covariance with weights"));
            }
            let of_row: Vec<u32> = records.row.iter().map(|i| of_row[*i]).collect();
            let by = Clusters { of_row: &of_row, count, sampled: None };
            robust(&found.v, &scores(data, &columns, &found.b), None, by)
        }
    };
    Ok((found, v))
}

/// Leaves out whole cases of which a selected row has a missing value.
fn drop_cases(s: &Session, cmd: &ParsedCommand, model: &mut Model, unit: usize) -> Result<()> {
    let selected = s.rows(cmd)?;
    let all: Vec<usize> = (0..selected.len()).filter(|r| selected[*r]).collect();
    let (of, count) = number_groups(&s.frame, unit, &all);
    let mut whole = vec![true; count];
    all.iter().zip(&of).for_each(|(row, g)| whole[*g as usize] &= model.touse[*row]);
    let mut keep = vec![false; selected.len()];
    all.iter().zip(&of).for_each(|(row, g)| keep[*row] = whole[*g as usize]);
    let dropped: Vec<usize> =
        model.design.rows.iter().enumerate().filter(|(_, r)| !keep[**r]).map(|(i, _)| i).collect();
    model.drop_rows(s, &dropped)?;
    if model.y.is_empty() { Err(StataError::no_observations()) } else { Ok(()) }
}

fn post(
    s: &mut Session,
    cmd: &ParsedCommand,
    name: &'static str,
    model: &Model,
    groups: &[Vec<usize>],
    (found, v): (CoxFit, Mat),
    (ties, unit): (&str, usize),
) {
    let ll_0 = found.ll_0;
    let fit = MlFit {
        b: found.b,
        v,
        v_model: found.v,
        ll: found.ll,
        log: found.log,
        converged: found.converged,
        constrained: None,
        scores: None,
    };
    if s.shows_log(|o| cmd.has(o)) {
        print_log(s, &fit, model.is_robust(), cmd.options.int("iterate"));
    }
    let mut layout = Layout::default();
    layout.equation(&model.depvar, model.names(), &model.estimated());
    let parameters = layout.parameters(&fit.b, &fit.v);
    let tested: Vec<usize> = (0..fit.b.len()).collect();
    let choice = name == "cmrologit";
    let posted = Posted {
        cmd: name,
        title: if choice { "Rank-ordered logit choice model" } else { "Rank-ordered logistic regression" },
        predict: if choice { "cmrologit_p" } else { "rologit_p" },
        parameters: &parameters,
        fit: &fit,
        ll_0: Some(ll_0),
        tested: &tested,
        equations: 1.0,
    };
    let mut est = ml_command::begin(cmd, model, &posted);
    let r = &mut est.results;
    store_sizes(r, groups);
    if choice {
        for (from, to) in
            [("N_g", "N_case"), ("g_min", "alt_min"), ("g_avg", "alt_avg"), ("g_max", "alt_max")]
        {
            if let Some(value) = r.scalars.remove(from) {
                r.scalar(to, value);
            }
        }
        r.text("marktype", if cmd.has("altwise") { "altwise" } else { "casewise" });
    }
    r.scalar("code_inc", cmd.options.real("incomplete").unwrap_or(0.0));
    r.text(if choice { "caseid" } else { "group" }, s.frame.var(unit).name.as_str());
    r.text("ties", ties);
    if cmd.has("reverse") {
        r.text("reverse", "reverse");
    }
    s.post_estimation(est, model.touse.clone());
}
