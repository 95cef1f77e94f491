//! `istdize`: indirectly standardised rates and standardised mortality ratios ([R] dstdize; Fleiss, Levin and Paik 2003,
//! Statistical Methods for Rates and Proportions, chapter 19).

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
use estimators::distributions::chi2_quantile;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("POPvars"),
    OptSpec::text("RATe"),
    OptSpec::text("by"),
    OptSpec::real("Level"),
    OptSpec::flag("PRint"),
])
.using(Using::Required)
.unsupported(&["FORmat"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "istdize",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "istdize casevar popvar stratavars [if] [in] using filename, {popvars(casevar popvar) | rate(ratevar {# | crudevar})} [by(groupvars) print level(#)]",
    notes: "the file has a row or more for each stratum of the standard; limits are the exact ones of a Poisson count; stores r(k) r(by) r(c1) ..., and r(cases_obs) r(cases_exp) r(crude) r(adj) r(smr) r(lb_adj) r(ub_adj) r(lb_smr) r(ub_smr) with a column for each group; [R] dstdize",
    examples: &[Example {
        // rates .1 and .3 of the standard, crude rate .2; 4 cases where .1*10 + .3*20 = 7 are expected
        run: "input a d n\n1 10 100\n2 30 100\nend\ntempfile f\nsave \"`f'\"\nclear\ninput a d n\n1 1 10\n2 3 20\nend\nistdize d n a using \"`f'\", popvars(d n)\nmatrix s = r(smr)\nmatrix a = r(adj)\nmatrix e = r(cases_exp)",
        expect: &[
            ("reldif(e[1,1], 7) < 1e-12", 1.0),
            ("reldif(s[1,1], 4/7) < 1e-12", 1.0),
            ("reldif(a[1,1], 0.2*4/7) < 1e-12", 1.0),
        ],
    }],
};

/// A study population against the standard.
struct Study {
    label: String,
    /// Rate of the standard and people in each stratum, where the population has people.
    strata: Vec<(String, f64, f64)>,
    people: f64,
    observed: f64,
    expected: f64,
    /// Ratio of observed to expected cases with its limits.
    smr: [f64; 3],
    /// The ratio times the crude rate of the standard.
    adjusted: [f64; 3],
}

impl Study {
    fn crude(&self) -> f64 {
        self.observed / self.people
    }
}

/// The ratio of observed to expected cases with the exact limits of the Poisson count.
fn ratio(observed: f64, expected: f64, level: f64) -> [f64; 3] {
    let alpha = 0.5 - level / 200.0;
    let low = if observed > 0.0 { chi2_quantile(2.0 * observed, alpha) / 2.0 } else { 0.0 };
    let high = chi2_quantile(2.0 * (observed + 1.0), 1.0 - alpha) / 2.0;
    [observed, low, high].map(|x| x / expected)
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let level = level(s, cmd)?;
    let variables = s.varlist(&cmd.list)?;
    let [cases, people, strata @ ..] = &variables[..] else { return Err(StataError::standard(102)) };
    if strata.is_empty() {
        return Err(StataError::standard(102));
    }
    if [*cases, *people].iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let by = cmd.options.text("by").map_or(Ok(Vec::new()), |list| s.varlist(list))?;
    let names: Vec<String> = strata.iter().map(|v| s.frame.var(*v).name.clone()).collect();
    let standard = match (cmd.options.text("popvars"), cmd.options.text("rate")) {
        (Some(text), None) => Standard::of_cases(s, cmd, text, &names)?,
        (None, Some(text)) => Standard::of_rates(s, cmd, text, &names)?,
        _ => return Err(StataError::new(198, "either popvars() or rate() must be specified")),
    };
    let all: Vec<usize> = variables.iter().chain(&by).copied().collect();
    let sample = Sample::read(s, cmd, &all)?;
    let groups = if by.is_empty() { None } else { Some(sample.groups(s, &by)) };
    let of_strata = sample.groups(s, strata);
    let count = groups.as_ref().map_or(1, Grouping::count);
    let mut studies = Vec::new();
    for g in 0..count {
        let mine: Vec<usize> = match &groups {
            Some(groups) => groups.members(g),
            None => (0..sample.rows.len()).collect(),
        };
        let label = groups.as_ref().map_or_else(String::new, |groups| groups.labels[g].join(" "));
        let cells = mine.iter().map(|i| {
            let row = sample.rows[*i];
            (of_strata.of[*i], s.frame.num_at(*cases, row), s.frame.num_at(*people, row))
        });
        studies.push(study(label, &of_strata, &standard, cells, level)?);
    }
    if cmd.has("print") {
        standard.show(s);
    }
    let by_text = groups.as_ref().map_or_else(String::new, |g| g.variables.join(" "));
    for (g, own) in studies.iter().enumerate() {
        let title = groups.as_ref().map(|groups| groups.text(g).replace('=', "= "));
        show_study(s, own, title.as_deref(), level);
    }
    summaries(s, &studies, &by_text);
    store(s, &studies, &by_text);
    Ok(())
}

/// Sums a population over the strata; r(459) where the standard lacks one of them.
fn study(
    label: String,
    strata: &Grouping,
    standard: &Standard,
    cells: impl Iterator<Item = (usize, f64, f64)>,
    level: f64,
) -> Result<Study> {
    let mut people = vec![0.0; strata.count()];
    let mut observed = 0.0;
    for (stratum, cases, at_risk) in cells {
        observed += cases;
        people[stratum] += at_risk;
    }
    let mut out = Vec::new();
    for (stratum, at_risk) in people.iter().enumerate().filter(|(_, n)| **n > 0.0) {
        let name = strata.labels[stratum].join(" ");
        let rate = standard.rate(&strata.labels[stratum]).ok_or_else(|| {
            StataError::new(459, format!("stratum {name} is not in the standard population"))
        })?;
        out.push((name, rate, *at_risk));
    }
    let expected: f64 = out.iter().map(|(_, rate, n)| rate * n).sum();
    let smr = ratio(observed, expected, level);
    let adjusted = smr.map(|x| x * standard.crude);
    Ok(Study { label, people: people.iter().sum(), strata: out, observed, expected, smr, adjusted })
}

fn show_study(s: &mut Session, own: &Study, title: Option<&str>, level: f64) {
    s.print("");
    s.print("-".repeat(62));
    if let Some(title) = title {
        s.print(format!("-> {title}"));
    }
    s.print(format!("{:>43}", "Indirect Standardization"));
    s.print(format!("{:>32}", "Standard"));
    s.print(format!("{:>34}{:>24}", "Population", "Cases"));
    s.print(format!("{:>18}{:>14}{:>14}{:>12}", "Stratum", "Rate", "Pop.", "Expected"));
    s.print("-".repeat(62));
    for (name, rate, people) in &own.strata {
        s.print(format!(
            "{:>18}{:>14}{:>14}{:>12}",
            format::abbrev(name, 17),
            format::bare("%9.4f", *rate),
            format::bare("%9.0g", *people),
            format::bare("%9.2f", rate * people)
        ));
    }
    s.print("-".repeat(62));
    s.print(format!(
        "{:>18}{:>28}{:>12}",
        "Totals:",
        format::bare("%9.0g", own.people),
        format::bare("%9.2f", own.expected)
    ));
    s.print("");
    let level = format::bare("%5.0g", level);
    let line = |name: &str, text: String| format!("{name:>36}: {text:>10}");
    let limits = |x: &[f64; 3], f: &str| {
        format!("[{}, {}]", format::bare(f, stata(x[1])), format::bare(f, stata(x[2])))
    };
    s.print(line("Observed Cases", format::bare("%9.0g", own.observed)));
    s.print(line("SMR (Obs/Exp)", format::bare("%9.2f", stata(own.smr[0]))));
    s.print(line(&format!("SMR exact {level}% Conf. Interval"), limits(&own.smr, "%6.4f")));
    s.print(line("Crude Rate", format::bare("%9.4f", stata(own.crude()))));
    s.print(line("Adjusted Rate", format::bare("%9.4f", stata(own.adjusted[0]))));
    s.print(line(&format!("{level}% Conf. Interval"), limits(&own.adjusted, "%6.4f")));
}

fn summaries(s: &mut Session, studies: &[Study], by: &str) {
    let name = |label: &str| format!("{:>18}", format::abbrev(label, 17));
    let number = |x: f64, f: &str, w: usize| format!("{:>w$}", format::bare(f, stata(x)));
    s.print("");
    s.print("Summary of Study Populations (Rates):");
    s.print("");
    s.print(format!("{:>18}{:>12}", "", "Cases"));
    s.print(format!(
        "{}{:>12}{:>11}{:>11}     Confidence Interval",
        name(by),
        "Observed",
        "Crude",
        "Adj_Rate"
    ));
    s.print("-".repeat(76));
    for own in studies {
        s.print(format!(
            "{}{}{}{}    [{},{}]",
            name(&own.label),
            number(own.observed, "%9.0g", 12),
            number(own.crude(), "%9.6f", 11),
            number(own.adjusted[0], "%9.6f", 11),
            number(own.adjusted[1], "%9.6f", 9),
            number(own.adjusted[2], "%9.6f", 10)
        ));
    }
    s.print("");
    s.print("Summary of Study Populations (SMR):");
    s.print("");
    s.print(format!("{:>18}{:>12}{:>12}{:>31}", "", "Cases", "Cases", "Exact"));
    s.print(format!("{}{:>12}{:>12}{:>9}     Confidence Interval", name(by), "Observed", "Expected", "SMR"));
    s.print("-".repeat(76));
    for own in studies {
        s.print(format!(
            "{}{}{}{}    [{},{}]",
            name(&own.label),
            number(own.observed, "%9.0g", 12),
            number(own.expected, "%9.2f", 12),
            number(own.smr[0], "%6.3f", 9),
            number(own.smr[1], "%9.6f", 9),
            number(own.smr[2], "%9.6f", 10)
        ));
    }
}

/// A stored matrix: its name, and the value of a population.
type Row = (&'static str, fn(&Study) -> f64);

fn store(s: &mut Session, studies: &[Study], by: &str) {
    let mut r = Results::default();
    r.scalar("k", studies.len() as f64).text("by", by);
    for (g, own) in studies.iter().enumerate() {
        r.text(&format!("c{}", g + 1), &own.label);
    }
    let names: Vec<Stripe> = (1..=studies.len()).map(|g| Stripe::term(format!("c{g}"))).collect();
    let rows: [Row; 9] = [
        ("cases_obs", |own| own.observed),
        ("cases_exp", |own| own.expected),
        ("crude", Study::crude),
        ("adj", |own| own.adjusted[0]),
        ("lb_adj", |own| own.adjusted[1]),
        ("ub_adj", |own| own.adjusted[2]),
        ("smr", |own| own.smr[0]),
        ("lb_smr", |own| own.smr[1]),
        ("ub_smr", |own| own.smr[2]),
    ];
    for (name, value) in rows {
        let values = studies.iter().map(|own| stata(value(own))).collect();
        r.matrix(name, Matrix::row_vector(values, names.clone()));
    }
    s.r = r;
}
