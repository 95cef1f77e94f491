//! `nlogit`: nested logit with two levels.
//!
//! Stores in `e()`: N N_case k_alt k_ind2v levels alt_min alt_avg alt_max df_m ll ll_c chi2 chi2_c df_c p p_c rum converged; b
//! with an equation of the alternatives variable, one for each nest and each alternative with variables of its own, and the
//! dissimilarity parameters /#_tau; V, Cns, cmd depvar case altvar. Formulas: [CM] nlogit.

use super::clogit::store_sizes;
use super::cmclogit_predict::{Regressor, values};
use super::nlogit_line::{Line, OPTIONS, UNSUPPORTED, parse};
use super::nlogit_sample::{Choices, State, columns, read};
use super::nlogit_show::{footer, header};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::estimation::likelihood::{self, print_log};
use crate::estimation::ml_command::{self, Layout, Look, Posted};
use crate::estimation::search;
use crate::matrix::Stripe;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use estimators::allowed::Allowed;
use estimators::distributions::chi2_tail;
use estimators::matrix::Mat;
use estimators::ml::MlFit;
use estimators::ml_group::maximise;
use estimators::nested_logit::{Held, NestedLogit};
use std::sync::Arc;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "nlogit",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "nlogit depvar [indepvars] [if] [in] || nestvar: [varlist] [, base(#|lbl) estconst] || altvar: [varlist] [, base(#|lbl) noconstant], case(v) [nonnormalized constraints(numlist) altwise notree vce(oim|robust|cluster v) level(#) nolog]",
    notes: "two levels, at least two alternatives in each nest, no weights; the bases are the nest and the alternative that are chosen most often; predict newvar [, pr condp iv xb]; stores e(N N_case df_m ll ll_c chi2 chi2_c p p_c), e(b) with /nest_tau, e(V); formulas: [CM] nlogit",
    examples: &[Example {
        // With the dissimilarity parameters held at one it is the conditional logit.
        run: "set obs 160\ngen id = ceil(_n/4)\ngen alt = mod(_n-1, 4) + 1\ngen nest = alt > 2\ngen x = mod(_n*7, 11)/4 + mod(id*alt, 3)/5\ngen u = x + invnormal((mod(_n*37, 160)+.5)/160)\nbysort id (u): gen y = _n == _N\nconstraint 1 [/]0_tau = 1\nconstraint 2 [/]1_tau = 1\nnlogit y x || nest: || alt:, noconstant case(id) constraints(1 2)\nscalar ll = e(ll)\nclogit y x, group(id)",
        expect: &[("abs(e(ll) - ll) < 1e-8", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let line = if raw.is_empty() || raw.starts_with(',') {
        if s.e.cmd() != "nlogit" {
            return Err(StataError::no_estimates());
        }
        let mut again = ParsedCommand::split("nlogit", raw, false)?;
        again.check_options(OPTIONS, UNSUPPORTED)?;
        again
    } else {
        let line = parse(raw)?;
        // the search takes constraints from the settings of the command
        let before = s.settings.search.constraints.take();
        s.settings.search.constraints = line.cmd.options.text("constraints").map(str::to_string);
        let done = estimate(s, &line, raw);
        s.settings.search.constraints = before;
        done?;
        line.cmd
    };
    if !line.has("noheader") {
        header(s);
    }
    let look = Look { equations: true, ..Look::default() };
    ml_command::table(s, &line, &look)?;
    footer(s);
    likelihood::finish(&s.e)
}

/// Names of all parameters.
fn layout(set: &Choices) -> Layout {
    let mut layout = Layout::default();
    for regressor in &set.alternatives {
        layout.named(match regressor {
            Regressor::Alternative(term) => Stripe::with_eq(&set.names[1], term),
            Regressor::Case(term, a) => Stripe::with_eq(&set.labels[*a], term.as_deref().unwrap_or("_cons")),
        });
    }
    for regressor in &set.nests {
        if let Regressor::Case(term, t) = regressor {
            layout.named(Stripe::with_eq(&set.nest_labels[*t], term.as_deref().unwrap_or("_cons")));
        }
    }
    set.nest_labels.iter().for_each(|label| {
        layout.ancillary(&format!("{label}_tau"));
    });
    layout
}

/// Maximises, under constraints where there are any.
fn maximised(
    line: &Line,
    set: &Choices,
    kernel: NestedLogit<'_>,
    start: &[f64],
    held: Option<&Allowed>,
) -> Result<MlFit> {
    let clusters = super::clogit::nested(&set.model, &set.cases)?;
    let clusters = clusters.as_ref().map(|(of, count)| (of.as_slice(), *count));
    let limits = likelihood::limits(&line.cmd.options);
    let failed = StataError::not_converged;
    let Some(allowed) = held else {
        let mut kernel = kernel;
        return maximise(&mut kernel, start, limits, clusters).ok_or_else(failed);
    };
    let mut kernel = Held { inner: kernel, allowed };
    let from = kernel.free(start);
    let mut fit = maximise(&mut kernel, &from, limits, clusters).ok_or_else(failed)?;
    fit.b = kernel.all(&fit.b);
    let spread = |v: &Mat| allowed.basis.sandwich(v).symmetrised();
    (fit.v, fit.v_model) = (spread(&fit.v), spread(&fit.v_model));
    Ok(fit)
}

fn estimate(s: &mut Session, line: &Line, raw: &str) -> Result<()> {
    let set = read(s, line)?;
    let rows: Vec<usize> = set.model.design.rows.clone();
    let [lower, upper] =
        [columns(s, &set.alternatives, &set.of, &rows)?, columns(s, &set.nests, &set.nest_of, &rows)?];
    constant_in_nests(&set, &upper)?;
    let chosen: Vec<bool> = set.model.y.iter().map(|y| *y != 0.0).collect();
    let kernel = || NestedLogit {
        alternatives: lower.iter().map(Vec::as_slice).collect(),
        nests: upper.iter().map(Vec::as_slice).collect(),
        count: set.nest_labels.len(),
        nest: &set.nest,
        chosen: &chosen,
        cases: &set.cases,
        normalised: !line.cmd.has("nonnormalized"),
    };
    let layout = layout(&set);
    let held = search::held(s, &layout)?;
    let slopes = lower.len() + upper.len();
    let size = slopes + set.nest_labels.len();
    // the conditional logit: all dissimilarity parameters are one
    let fixed = Mat::from_fn(size - slopes, size, |i, j| f64::from(u8::from(j == slopes + i)));
    let ones = Allowed::new(&fixed, &vec![1.0; size - slopes]).ok_or_else(|| StataError::standard(412))?;
    let mut start = vec![0.0; size];
    start[slopes..].fill(1.0);
    let plain = maximised(line, &set, kernel(), &start, Some(&ones)).ok();
    let from = plain.as_ref().map_or(start, |p| p.b.clone());
    let mut fit = maximised(line, &set, kernel(), &from, held.as_ref().map(|h| &h.0))?;
    fit.constrained = held.map(|h| h.1);
    if s.shows_log(|o| line.cmd.has(o)) {
        print_log(s, &fit, set.model.is_robust(), line.cmd.options.int("iterate"));
    }
    post(s, line, raw, &set, &layout, &fit, plain.map(|p| p.ll));
    Ok(())
}

/// r(459) for a variable of the nests that differs between the alternatives of a nest.
fn constant_in_nests(set: &Choices, upper: &[Vec<f64>]) -> Result<()> {
    for rows in &set.cases {
        for column in upper {
            let first = |nest: usize| rows.iter().find(|r| set.nest[**r] == nest).map(|r| column[*r]);
            if rows.iter().any(|r| Some(column[*r]) != first(set.nest[*r])) {
                return Err(StataError::new(
                    459,
                    "variables of the nest equations must be constant within nests",
                ));
            }
        }
    }
    Ok(())
}

fn post(
    s: &mut Session,
    line: &Line,
    raw: &str,
    set: &Choices,
    layout: &Layout,
    fit: &MlFit,
    ll_c: Option<f64>,
) {
    let parameters = layout.parameters(&fit.b, &fit.v);
    let taus = set.nest_labels.len();
    let is_constant = |p: &usize| layout.stripe()[*p].name == "_cons";
    let tested: Vec<usize> = (0..fit.b.len() - taus).filter(|p| !is_constant(p)).collect();
    let rum = !line.cmd.has("nonnormalized");
    let title =
        if rum { "RUM-consistent nested logit regression" } else { "Nonnormalized nested logit regression" };
    let posted = Posted {
        cmd: "nlogit",
        title,
        predict: "nlogit_p",
        parameters: &parameters,
        fit,
        ll_0: None,
        tested: &tested,
        equations: parameters_equations(layout) as f64,
    };
    let mut est = ml_command::begin(&line.cmd, &set.model, &posted);
    let r = &mut est.results;
    r.text("cmdline", format!("nlogit {raw}"));
    store_sizes(r, &set.cases);
    for (from, to) in [("N_g", "N_case"), ("g_min", "alt_min"), ("g_avg", "alt_avg"), ("g_max", "alt_max")] {
        let value = r.get_scalar(from).unwrap_or(f64::NAN);
        r.scalars.remove(from);
        r.scalar(to, value);
    }
    r.scalar("k_alt", set.labels.len() as f64).scalar("levels", 2.0).scalar("rum", f64::from(u8::from(rum)));
    r.text("case", &set.names[0]).text("altvar", &set.names[1]).text("altvar1", &set.names[2]);
    let free = taus as f64 - fit.constrained.as_ref().map_or(0.0, |c| c.independent as f64);
    if let Some(ll_c) = ll_c.filter(|_| free > 0.0 && !set.model.is_robust() && fit.constrained.is_none()) {
        let chi2 = (2.0 * (fit.ll - ll_c)).max(0.0);
        r.scalar("ll_c", ll_c).scalar("chi2_c", chi2).scalar("df_c", free);
        r.scalar("p_c", chi2_tail(free, chi2));
    }
    est.extra = Some(Arc::new(State {
        alternatives: set.alternatives.clone(),
        nests: set.nests.clone(),
        labels: set.labels.clone(),
        nest_labels: set.nest_labels.clone(),
        names: set.names.clone(),
        normalised: rum,
    }));
    s.post_estimation(est, set.model.touse.clone());
}

/// Number of equations, single parameters included.
fn parameters_equations(layout: &Layout) -> usize {
    let mut names: Vec<&str> = layout.stripe().iter().map(|p| p.eq.as_str()).collect();
    names.dedup();
    let single = names.iter().filter(|n| **n == "/").count();
    names.len() - single + layout.stripe().iter().filter(|p| p.eq == "/").count()
}

/// Values of regressors, which the sample and predictions share.
pub(super) fn regressor_values(
    s: &Session,
    regressors: &[Regressor],
    of: &[usize],
    rows: &[usize],
) -> Result<Vec<Vec<f64>>> {
    regressors.iter().map(|r| values(s, r, of, rows)).collect()
}
