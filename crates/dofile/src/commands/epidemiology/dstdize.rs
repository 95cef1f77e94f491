//! `dstdize`: directly standardised rates ([R] dstdize; Fleiss, Levin and Paik 2003, Statistical Methods for Rates and
//! Proportions, chapter 19).

use super::standard::Standard;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::ops::epitab::Sample;
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::ParsedCommand;
use estimators::distributions::normal_quantile;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::text("base"),
    OptSpec::real("Level"),
    OptSpec::flag("PRint"),
    OptSpec::flag("noRES"),
])
.using(Using::Optional)
.unsupported(&["SAVing", "FORmat"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "dstdize",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "dstdize charvar popvar stratavars [if] [in] [using filename], by(groupvars) [base(string) print level(#)]",
    notes: "the standard is the population of all groups together, the group whose value or label is base(), or the file of using, which has popvar and stratavars; stores r(k) r(base) r(by) r(c1) ..., and r(Nobs) r(crude) r(adj) r(se) r(lb_adj) r(ub_adj) with a column for each group; [R] dstdize",
    examples: &[Example {
        // rates .1 and .2 in g=1, .3 and .2 in g=2; shares 60/100 and 40/100 of the standard
        run: "input g a d n\n1 1 4 40\n1 2 2 10\n2 1 6 20\n2 2 6 30\nend\ndstdize d n a, by(g)\nmatrix m = r(adj)\nmatrix c = r(crude)",
        expect: &[("m[1,1]", 0.14), ("m[1,2]", 0.26), ("c[1,1]", 0.12), ("r(k)", 2.0)],
    }],
};

/// Cases and people of each group and stratum.
struct Counts {
    groups: Grouping,
    strata: Grouping,
    cases: Vec<Vec<f64>>,
    people: Vec<Vec<f64>>,
}

impl Counts {
    fn read(s: &Session, cmd: &ParsedCommand, by: &[usize]) -> Result<Self> {
        let variables = s.varlist(&cmd.list)?;
        let [cases, people, strata @ ..] = &variables[..] else { return Err(StataError::standard(102)) };
        if strata.is_empty() {
            return Err(StataError::standard(102));
        }
        if [*cases, *people].iter().any(|v| s.frame.var(*v).is_string()) {
            return Err(StataError::type_mismatch());
        }
        let all: Vec<usize> = variables.iter().chain(by).copied().collect();
        let sample = Sample::read(s, cmd, &all)?;
        let (groups, strata) = (sample.groups(s, by), sample.groups(s, strata));
        let empty = vec![vec![0.0; strata.count()]; groups.count()];
        let mut out = Self { cases: empty.clone(), people: empty, groups, strata };
        for (i, &row) in sample.rows.iter().enumerate() {
            let (g, j) = (out.groups.of[i], out.strata.of[i]);
            out.cases[g][j] += s.frame.num_at(*cases, row);
            out.people[g][j] += s.frame.num_at(*people, row);
        }
        Ok(out)
    }

    /// Shares of the strata in the standard population: one group, or all of them.
    fn standard(&self, base: Option<usize>) -> Vec<f64> {
        let people = |j: usize| match base {
            Some(g) => self.people[g][j],
            None => self.people.iter().map(|own| own[j]).sum(),
        };
        let total: f64 = (0..self.strata.count()).map(people).sum();
        (0..self.strata.count()).map(|j| people(j) / total).collect()
    }
}

impl Counts {
    /// Shares of the strata in the standard population of a file; r(459) where it lacks a stratum.
    fn standard_of_file(&self, s: &mut Session, cmd: &ParsedCommand) -> Result<Vec<f64>> {
        let variables = s.varlist(&cmd.list)?;
        let people = s.frame.var(variables[1]).name.clone();
        let file = Standard::of_people(s, cmd, &people, &self.strata.variables)?;
        let one = |key: &Vec<String>| {
            file.rate(key).ok_or_else(|| {
                StataError::new(459, format!("stratum {} is not in the standard population", key.join(" ")))
            })
        };
        let found: Vec<f64> = self.strata.labels.iter().map(one).collect::<Result<_>>()?;
        let total = file.total();
        Ok(found.into_iter().map(|n| n / total).collect())
    }
}

/// The rates of one group.
struct Rates {
    people: f64,
    crude: f64,
    adjusted: f64,
    se: f64,
}

/// A rate that has nobody at risk counts as zero, as in the manual.
fn rate(cases: f64, people: f64) -> f64 {
    if people > 0.0 { cases / people } else { 0.0 }
}

fn rates(counts: &Counts, group: usize, standard: &[f64]) -> Rates {
    let (cases, people) = (&counts.cases[group], &counts.people[group]);
    let total: f64 = people.iter().sum();
    let (mut adjusted, mut variance) = (0.0, 0.0);
    for (j, share) in standard.iter().enumerate() {
        let p = rate(cases[j], people[j]);
        adjusted += share * p;
        if people[j] > 0.0 {
            variance += share * share * p * (1.0 - p) / people[j];
        }
    }
    Rates { people: total, crude: cases.iter().sum::<f64>() / total, adjusted, se: variance.sqrt() }
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let by = cmd.options.text("by").ok_or_else(|| StataError::new(198, "option by() required"))?;
    let by = s.varlist(by)?;
    let counts = Counts::read(s, cmd, &by)?;
    let label = |g: usize| counts.groups.labels[g].join(" ");
    let base = match cmd.options.text("base") {
        None => None,
        Some(text) => {
            let wanted = text.trim().trim_matches('"');
            let number = crate::syntax::options::parse_number(wanted);
            let found = (0..counts.groups.count()).find(|g| {
                label(*g) == wanted || by.len() == 1 && number == Some(counts.groups.levels[*g][0])
            });
            Some(found.ok_or_else(|| StataError::new(198, format!("base population {wanted} not found")))?)
        }
    };
    let standard = match (&cmd.using, base) {
        (Some(_), Some(_)) => return Err(StataError::new(198, "using and base() may not be combined")),
        (Some(_), None) => counts.standard_of_file(s, cmd)?,
        (None, base) => counts.standard(base),
    };
    let all: Vec<Rates> = (0..counts.groups.count()).map(|g| rates(&counts, g, &standard)).collect();
    let z = normal_quantile(0.5 + level / 200.0);
    if cmd.has("print") {
        show_standard(s, &counts, &standard);
    }
    for (g, own) in all.iter().enumerate() {
        show_group(s, &counts, g, &standard);
        let line = |name: &str, text: String| format!("{name:>36}: {text}");
        let four = |x: f64| format::right(&format::bare("%9.4f", stata(x)), 9);
        s.print(line("Adjusted cases", format::right(&format::bare("%9.1f", own.adjusted * own.people), 9)));
        s.print(line("Crude rate", four(own.crude)));
        s.print(line("Adjusted rate", four(own.adjusted)));
        let interval = format!("{}% conf. interval", format::bare("%5.0g", level));
        let bounds = [own.adjusted - z * own.se, own.adjusted + z * own.se].map(|x| format::bare("%7.4f", x));
        s.print(line(&interval, format!("[{}, {}]", bounds[0].trim(), bounds[1].trim())));
    }
    summary(s, &counts, &all, z);
    store(s, &counts, &all, base, z);
    Ok(())
}

fn show_standard(s: &mut Session, counts: &Counts, standard: &[f64]) {
    s.print("");
    s.print("Standard population");
    s.print("-".repeat(40));
    for (label, share) in counts.strata.labels.iter().zip(standard) {
        let text =
            format!("{:>24}{:>14}", format::abbrev(&label.join(" "), 24), format::bare("%7.3f", *share));
        s.print(text);
    }
    s.print("-".repeat(40));
}

fn show_group(s: &mut Session, counts: &Counts, g: usize, standard: &[f64]) {
    s.print("");
    s.print("-".repeat(70));
    s.print(format!("-> {}", counts.groups.text(g).replace('=', "= ")));
    s.print(format!("{:>54}{:>8}", "-----Unadjusted-----", "Std."));
    s.print(format!("{:>44}{:>10}{:>8}", "Pop.", "Stratum", "pop."));
    s.print(format!(
        "{:>18}{:>9}{:>9}{:>8}{:>10}{:>8}{:>8}",
        "Stratum", "Pop.", "Cases", "dist.", "rate[s]", "dst[P]", "s*P"
    ));
    s.print("-".repeat(70));
    let (cases, people) = (&counts.cases[g], &counts.people[g]);
    let total: f64 = people.iter().sum();
    for (j, share) in standard.iter().enumerate() {
        let p = rate(cases[j], people[j]);
        let count = |x: f64| format::right(&format::bare("%9.0g", x), 9);
        let text = format!(
            "{:>18}{}{}{:>8}{:>10}{:>8}{:>8}",
            format::abbrev(&counts.strata.labels[j].join(" "), 17),
            count(people[j]),
            count(cases[j]),
            format::bare("%7.3f", people[j] / total),
            format::bare("%8.4f", p),
            format::bare("%7.3f", *share),
            format::bare("%7.4f", p * share)
        );
        s.print(text);
    }
    s.print("-".repeat(70));
    let sum = |x: &[f64]| format::right(&format::bare("%9.0g", x.iter().sum()), 9);
    s.print(format!("{:>18}{}{}", "Totals:", sum(people), sum(cases)));
}

fn summary(s: &mut Session, counts: &Counts, all: &[Rates], z: f64) {
    s.print("");
    s.print("Summary of study populations:");
    s.print(format!(
        "{:>18}{:>12}{:>11}{:>12}     Confidence interval",
        format::abbrev(&counts.groups.variables.join(" "), 17),
        "N",
        "Crude",
        "Adj_rate"
    ));
    s.print("-".repeat(78));
    for (g, own) in all.iter().enumerate() {
        let six = |x: f64, w: usize| format::right(&format::bare("%9.6f", stata(x)), w);
        let text = format!(
            "{:>18}{}{}{}    [{},{}]",
            format::abbrev(&counts.groups.labels[g].join(" "), 17),
            format::right(&format::bare("%9.0g", own.people), 12),
            six(own.crude, 11),
            six(own.adjusted, 12),
            six(own.adjusted - z * own.se, 9),
            six(own.adjusted + z * own.se, 10)
        );
        s.print(text);
    }
}

fn store(s: &mut Session, counts: &Counts, all: &[Rates], base: Option<usize>, z: f64) {
    let mut r = Results::default();
    r.scalar("k", all.len() as f64);
    if let Some(base) = base {
        r.scalar("base", base as f64 + 1.0);
    }
    r.text("by", counts.groups.variables.join(" "));
    for (g, label) in counts.groups.labels.iter().enumerate() {
        r.text(&format!("c{}", g + 1), label.join(" "));
    }
    let names: Vec<Stripe> = (1..=all.len()).map(|g| Stripe::term(format!("c{g}"))).collect();
    let mut row = |name: &str, f: &dyn Fn(&Rates) -> f64| {
        r.matrix(name, Matrix::row_vector(all.iter().map(|own| stata(f(own))).collect(), names.clone()));
    };
    row("Nobs", &|own| own.people);
    row("crude", &|own| own.crude);
    row("adj", &|own| own.adjusted);
    row("se", &|own| own.se);
    row("lb_adj", &|own| own.adjusted - z * own.se);
    row("ub_adj", &|own| own.adjusted + z * own.se);
    s.r = r;
}
