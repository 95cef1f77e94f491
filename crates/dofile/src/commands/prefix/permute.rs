//! `permute`: permutation tests.

use super::{parts, replicate};
use crate::commands::{ByRule, CommandSpec, Example, Form};
use crate::error::{Result, StataError};
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::groups::grouped;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use estimators::distributions::beta_quantile;

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "permute",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "permute permvar exp_list [, reps(#) left right strata(varlist) seed(#) eps(#) level(#) saving(file [, replace double]) nodots] : command",
    notes: "stores r(N) r(N_reps) r(reps) r(c) r(b) r(p) r(se) r(ci); p is c/n, where c counts |T*| >= |T| (or one side); exact binomial limits; shuffles are not Stata's stream; [R] permute",
    examples: &[Example {
        run: "set obs 12\ngenerate g = _n > 6\ngenerate double y = _n + 10*g\npermute g diff=(r(mu_2)-r(mu_1)), reps(200) seed(1) nodots: ttest y, by(g)\nmatrix P = r(p)\nscalar small = P[1,1] < 0.05\nmatrix B = r(b)",
        expect: &[("small", 1.0), ("B[1,1]", 16.0), ("r(N)", 12.0)],
    }],
};

const OPTIONS: &[OptSpec] = &[
    OptSpec::int("Reps"),
    OptSpec::flag("LEft"),
    OptSpec::flag("RIght"),
    OptSpec::text("STRata"),
    OptSpec::text("SEed"),
    OptSpec::real("EPS"),
    OptSpec::real("Level"),
    OptSpec::text("SAving"),
    OptSpec::flag("noDots"),
    OptSpec::flag("noLegend"),
    OptSpec::flag("noHeader"),
];

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let (mut head, command) = parts("permute", &cmd.raw)?;
    head.check_options(OPTIONS, &["ENUMerate", "NODROP", "NOIsily", "TRace", "TITle", "REJECT", "DOTS"])?;
    let (name, list) = head.list.split_once(char::is_whitespace).unwrap_or((head.list.as_str(), ""));
    let target = s.variable(name)?;
    let reps = replicate::count(head.options.int("reps"), 100)?;
    replicate::seed(s, head.options.text("seed"))?;
    let level = head.options.real("level").unwrap_or(s.settings.level);
    let strata = s.varlist(head.options.text("strata").unwrap_or(""))?;
    let all: Vec<usize> = (0..s.frame.n_rows()).collect();
    let groups = if strata.is_empty() { vec![all] } else { grouped(s, &strata, all) };
    // a command that changes the data does so for itself only
    let full = s.frame.clone();
    let first = replicate::first_run(s, &command, list, "pm");
    s.frame = full;
    let (statistics, observed, _) = first?;
    let dots = if head.has("nodots") { None } else { Some("Permutations") };
    replicate::note(s, &command, dots);
    let rows = replicate::on_copies(s, &command, &statistics, reps, dots, |s, _| {
        let mut source: Vec<usize> = (0..s.frame.n_rows()).collect();
        for g in &groups {
            // Fisher-Yates with unbiased draws
            for i in (1..g.len()).rev() {
                let j = s.rng.borrow_mut().uniform_int(0.0, i as f64) as usize;
                source.swap(g[i], g[j]);
            }
        }
        let shuffled = s.frame.var(target).data.gather(source.iter().map(|&r| Some(r)));
        s.frame.set_column(target, shuffled);
        Ok(())
    })?;
    if let Some(saving) = head.options.text("saving") {
        replicate::save(s, saving, &statistics, &rows)?;
    }
    report(s, &head, &statistics, &observed, &rows, level)
}

/// Counts of one statistic after another: as extreme as the observed one, of all; their share with its error and limits.
pub(super) struct Tally {
    pub(super) c: Vec<f64>,
    pub(super) n: Vec<f64>,
    pub(super) p: Vec<f64>,
    pub(super) se: Vec<f64>,
    pub(super) low: Vec<f64>,
    pub(super) high: Vec<f64>,
}

impl Tally {
    /// Counts where `extreme(value, observed)` holds; exact binomial limits.
    pub(super) fn new(
        observed: &[f64],
        rows: &[Vec<f64>],
        level: f64,
        extreme: impl Fn(f64, f64) -> bool,
    ) -> Result<Self> {
        let mut out = Self { c: vec![], n: vec![], p: vec![], se: vec![], low: vec![], high: vec![] };
        for (j, &t) in observed.iter().enumerate() {
            let x = replicate::column(rows, j);
            if x.is_empty() {
                return Err(StataError::new(498, "insufficient observations to perform permutations"));
            }
            let (count, total) = (x.iter().filter(|x| extreme(**x, t)).count() as f64, x.len() as f64);
            let tail = (1.0 - level / 100.0) / 2.0;
            out.c.push(count);
            out.n.push(total);
            out.p.push(count / total);
            out.se.push((count / total * (1.0 - count / total) / total).sqrt());
            out.low.push(if count == 0.0 { 0.0 } else { beta_quantile(count, total - count + 1.0, tail) });
            out.high.push(if count == total {
                1.0
            } else {
                beta_quantile(count + 1.0, total - count, 1.0 - tail)
            });
        }
        Ok(out)
    }

    /// The rows of the table.
    pub(super) fn show(&self, s: &mut Session, statistics: &[super::exp_list::Statistic], observed: &[f64]) {
        for j in 0..statistics.len() {
            s.print(format!(
                "{:>12} | {:>10} {:>7} {:>7} {:>7} {:>9} {:>9} {:>9}",
                format::abbrev(&statistics[j].name, 12),
                format::bare("%9.0g", observed[j]),
                self.c[j],
                self.n[j],
                format::bare("%6.4f", self.p[j]),
                format::bare("%6.4f", self.se[j]),
                format::bare("%8.0g", self.low[j]),
                format::bare("%8.0g", self.high[j]),
            ));
        }
    }

    /// Stored results: the matrices, the number of replications and the level.
    pub(super) fn results(
        self,
        statistics: &[super::exp_list::Statistic],
        observed: &[f64],
        reps: usize,
        level: f64,
    ) -> Results {
        let names: Vec<Stripe> = statistics.iter().map(|x| Stripe::term(&x.name)).collect();
        let mut ci = Matrix::new(2, names.len(), self.low.into_iter().chain(self.high).collect());
        ci.row_names = ["ll", "ul"].map(Stripe::term).to_vec();
        ci.col_names.clone_from(&names);
        let mut r = Results::default();
        r.scalar("N_reps", reps as f64).scalar("level", level);
        for (name, values) in
            [("b", observed.to_vec()), ("c", self.c), ("reps", self.n), ("p", self.p), ("se", self.se)]
        {
            r.matrix(name, Matrix::row_vector(values, names.clone()));
        }
        r.matrix("ci", ci);
        r
    }
}

/// Which side counts: `left`, `right` or both; `strict` leaves equal values out.
pub(super) fn extreme(head: &ParsedCommand, eps: f64, strict: bool) -> impl Fn(f64, f64) -> bool + use<> {
    let (left, right) = (head.has("left"), head.has("right"));
    let least = move |x: f64, t: f64| if strict { x > t } else { x >= t - eps };
    move |x, t| {
        if left {
            least(-x, -t)
        } else if right {
            least(x, t)
        } else {
            least(x.abs(), t.abs())
        }
    }
}

/// The text of the count.
pub(super) fn event(head: &ParsedCommand, strict: bool) -> String {
    let sign = |plain: &str| if strict { plain.trim_end_matches('=').to_string() } else { plain.to_string() };
    if head.has("left") {
        format!("c = #{{T {} T(obs)}}", sign("<="))
    } else if head.has("right") {
        format!("c = #{{T {} T(obs)}}", sign(">="))
    } else {
        format!("c = #{{|T| {} |T(obs)|}}", sign(">="))
    }
}

fn report(
    s: &mut Session,
    head: &ParsedCommand,
    statistics: &[super::exp_list::Statistic],
    observed: &[f64],
    rows: &[Vec<f64>],
    level: f64,
) -> Result<()> {
    let eps = head.options.real("eps").unwrap_or(1e-7);
    let tally = Tally::new(observed, rows, level, extreme(head, eps, false))?;
    s.print("");
    s.print(format!(
        "Permutation results{:>34} = {:>9}",
        "Number of obs",
        format::bare("%15.0gc", s.frame.n_rows() as f64)
    ));
    s.print(format!("{:>53} = {:>9}", "Number of permutations", format::bare("%15.0gc", rows.len() as f64)));
    s.print("");
    let rule = format!("{}+{}", "-".repeat(13), "-".repeat(64));
    s.print(&rule);
    s.print("           T |     T(obs)       c       n      p       SE(p)    [conf. interval]");
    s.print(&rule);
    tally.show(s, statistics, observed);
    s.print(&rule);
    let side = event(head, false);
    s.print(format!("Note: {side}; confidence intervals are with respect to p=c/n."));
    let mut r = tally.results(statistics, observed, rows.len(), level);
    r.scalar("N", s.frame.n_rows() as f64);
    r.text("cmd", "permute").text("event", side);
    s.r = r;
    Ok(())
}
