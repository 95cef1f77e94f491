//! `nptrend`: tests for trend across ordered groups. Formulas: [R] nptrend; Cuzick (1985), Jonckheere (1954),
//! Terpstra (1952), Cochran (1954), Armitage (1955), Agresti (2013, 3.4.1).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::post::stata;
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::is_missing;
use estimators::descriptive::mean_ranks;
use estimators::distributions::{normal_tail, normal_two_sided};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("group"),
    OptSpec::text("by"),
    OptSpec::text("SCore"),
    OptSpec::text("scoregroup"),
    OptSpec::flag("CUZick"),
    OptSpec::flag("JTerpstra"),
    OptSpec::flag("LINear"),
    OptSpec::flag("CArmitage"),
])
.unsupported(&["scoreresponse", "exact", "noTABle", "noLABel"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "nptrend",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::EachGroup,
    run,
    syntax: "nptrend varname [if] [in], {group(groupvar) | by(groupvar)} [cuzick jterpstra linear carmitage scoregroup(numlist)]",
    notes: "cuzick (the default): ranks of the response against the scores of the groups; linear: its values; carmitage: a 0/1 response; jterpstra: pairs in order; scores are the values of the group variable unless given; stores r(N) r(T) r(z) r(p) r(n_groups); [R] nptrend",
    examples: &[Example {
        // ranks 1..6 in groups 1 1 2 2 3 3: correlation of ranks and scores sqrt(32/35), z = r sqrt(5)
        run: "set obs 6\ngenerate y = 10*_n\ngenerate g = ceil(_n/2)\nnptrend y, group(g) cuzick",
        expect: &[("r(z)", 2.138_089_935_299_395), ("r(T)", 50.0), ("r(N)", 6.0)],
    }],
};

/// The tests.
#[derive(Clone, Copy, PartialEq)]
enum Test {
    Cuzick,
    Jonckheere,
    Linear,
    Armitage,
}

/// Responses with the number of their group.
struct Data {
    y: Vec<f64>,
    group: Vec<usize>,
    levels: Vec<f64>,
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let test = match ["cuzick", "jterpstra", "linear", "carmitage"]
        .into_iter()
        .filter(|o| cmd.has(o))
        .collect::<Vec<_>>()[..]
    {
        [] | ["cuzick"] => Test::Cuzick,
        ["jterpstra"] => Test::Jonckheere,
        ["linear"] => Test::Linear,
        ["carmitage"] => Test::Armitage,
        _ => return Err(StataError::invalid("only one test may be specified")),
    };
    if cmd.options.text("score").is_some() {
        return Err(StataError::unsupported_option("nptrend", "score()"));
    }
    let data = read(s, cmd)?;
    let scores = match cmd.options.text("scoregroup") {
        None => data.levels.clone(),
        Some(text) => crate::syntax::numlist::expand(text)?,
    };
    if scores.len() != data.levels.len() {
        return Err(StataError::invalid("scoregroup() must hold a score for each group"));
    }
    let two = |y: &[f64]| y.iter().all(|v| *v == 0.0 || *v == 1.0);
    if test == Test::Armitage && !two(&data.y) {
        return Err(StataError::new(450, "the response must be a 0/1 variable with carmitage"));
    }
    let n = data.y.len() as f64;
    let response = if test == Test::Cuzick { mean_ranks(&data.y).0 } else { data.y.clone() };
    let (statistic, z) = if test == Test::Jonckheere {
        jonckheere(&data)
    } else {
        let score: Vec<f64> = data.group.iter().map(|g| scores[*g]).collect();
        let (mean_score, mean) = (score.iter().sum::<f64>() / n, response.iter().sum::<f64>() / n);
        let sum = |f: &dyn Fn(usize) -> f64| (0..data.y.len()).map(f).sum::<f64>();
        let xy = sum(&|i| (score[i] - mean_score) * (response[i] - mean));
        let xx = sum(&|i| (score[i] - mean_score).powi(2));
        let yy = sum(&|i| (response[i] - mean).powi(2));
        // the variance over permutations divides by N - 1, that of proportions by N
        let count = if test == Test::Armitage { n } else { n - 1.0 };
        (sum(&|i| score[i] * response[i]), xy / (xx * yy / count).sqrt())
    };
    show(s, test, &data, (&scores, &response), (statistic, z));
    let mut r = Results::default();
    r.scalar("N", n).scalar("n_groups", data.levels.len() as f64);
    r.scalar("T", stata(statistic)).scalar("z", stata(z)).scalar("p", stata(normal_two_sided(z)));
    s.r = r;
    Ok(())
}

fn read(s: &Session, cmd: &ParsedCommand) -> Result<Data> {
    let name = match (cmd.options.text("group"), cmd.options.text("by")) {
        (Some(name), None) | (None, Some(name)) => name,
        _ => return Err(StataError::invalid("option group() required")),
    };
    let variables = s.varlist(&cmd.list)?;
    let [y] = variables[..] else {
        return Err(StataError::standard(if variables.is_empty() { 100 } else { 103 }));
    };
    let by = s.variable(name)?;
    if s.frame.var(y).is_string() || s.frame.var(by).is_string() {
        return Err(StataError::type_mismatch());
    }
    let touse = s.rows(cmd)?;
    let rows: Vec<usize> = (0..touse.len())
        .filter(|r| touse[*r] && !is_missing(s.frame.num_at(y, *r)) && !is_missing(s.frame.num_at(by, *r)))
        .collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let own: Vec<f64> = rows.iter().map(|r| s.frame.num_at(by, *r)).collect();
    let mut levels = own.clone();
    levels.sort_by(f64::total_cmp);
    levels.dedup();
    if levels.len() < 2 {
        return Err(StataError::new(420, "1 group found, at least 2 required"));
    }
    let group = own.iter().map(|x| levels.partition_point(|l| l < x)).collect();
    Ok(Data { y: rows.iter().map(|r| s.frame.num_at(y, *r)).collect(), group, levels })
}

/// Pairs of different groups whose responses are in the order of the groups (ties count half), standardised by the
/// variance of Kendall's score with ties in both variables.
fn jonckheere(data: &Data) -> (f64, f64) {
    let n = data.y.len() as f64;
    let mut sorted = data.y.clone();
    sorted.sort_by(f64::total_cmp);
    let mut distinct = sorted.clone();
    distinct.dedup();
    // counts of each group below the present value, in a tree of partial sums by value
    let mut tree = vec![0.0; distinct.len() + 1];
    let place = |y: f64| distinct.partition_point(|v| *v < y);
    let add = |tree: &mut [f64], at: usize| {
        let mut i = at + 1;
        while i < tree.len() {
            tree[i] += 1.0;
            i += i & i.wrapping_neg();
        }
    };
    let before = |tree: &[f64], at: usize| {
        let (mut i, mut sum) = (at, 0.0);
        while i > 0 {
            sum += tree[i];
            i -= i & i.wrapping_neg();
        }
        sum
    };
    let mut members: Vec<Vec<usize>> = vec![Vec::new(); data.levels.len()];
    data.y.iter().zip(&data.group).for_each(|(y, g)| members[*g].push(place(*y)));
    let mut j = 0.0;
    for own in &members {
        for at in own {
            let (below, with) = (before(&tree, *at), before(&tree, at + 1));
            j += below + (with - below) / 2.0;
        }
        own.iter().for_each(|at| add(&mut tree, *at));
    }
    let groups: Vec<f64> = members.iter().map(|m| m.len() as f64).collect();
    let ties: Vec<f64> = distinct
        .iter()
        .map(|v| (sorted.partition_point(|x| x <= v) - place_of(&sorted, *v)) as f64)
        .collect();
    let sum = |counts: &[f64], f: fn(f64) -> f64| counts.iter().map(|t| f(*t)).sum::<f64>();
    let first = |t: f64| t * (t - 1.0) * (2.0 * t + 5.0);
    let second = |t: f64| t * (t - 1.0) * (t - 2.0);
    let third = |t: f64| t * (t - 1.0);
    let mut variance = (first(n) - sum(&groups, first) - sum(&ties, first)) / 72.0;
    if n > 2.0 {
        variance += sum(&groups, second) * sum(&ties, second) / (36.0 * second(n));
    }
    variance += sum(&groups, third) * sum(&ties, third) / (8.0 * third(n));
    let mean = (n * n - groups.iter().map(|g| g * g).sum::<f64>()) / 4.0;
    (j, (j - mean) / variance.sqrt())
}

fn place_of(sorted: &[f64], value: f64) -> usize {
    sorted.partition_point(|x| *x < value)
}

fn show(s: &mut Session, test: Test, data: &Data, (scores, response): (&[f64], &[f64]), (t, z): (f64, f64)) {
    let (title, what) = match test {
        Test::Cuzick => ("Cuzick's test with rank scores", "Sum of ranks"),
        Test::Jonckheere => ("Jonckheere–Terpstra test for ordered alternatives", "Mean response"),
        Test::Linear => ("Linear-by-linear test for trend", "Mean response"),
        Test::Armitage => ("Cochran–Armitage test for trend", "Mean response"),
    };
    s.print("");
    s.print(title);
    s.print("");
    s.print(format!("     Group |   Group score   Number of obs   {what:>14}"));
    s.print(format!("-----------+{}", "-".repeat(49)));
    for (g, level) in data.levels.iter().enumerate() {
        let own: Vec<f64> =
            response.iter().zip(&data.group).filter(|(_, k)| **k == g).map(|(r, _)| *r).collect();
        let sum: f64 = own.iter().sum();
        let shown = if test == Test::Cuzick { sum } else { sum / own.len() as f64 };
        let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
        s.print(format!(
            "{:>10} |{}{}{}",
            format::bare("%9.0g", *level),
            cell(scores[g], 14),
            cell(own.len() as f64, 16),
            cell(shown, 17)
        ));
    }
    s.print("");
    let line = |name: &str, x: f64, fmt: &str| {
        format!("{name:>13} = {}", format::right(&format::bare(fmt, stata(x)), 9))
    };
    s.print(line("Number of obs", data.y.len() as f64, "%9.0fc"));
    s.print(line("Statistic", t, "%9.0g"));
    s.print(line("z", z, "%9.3f"));
    s.print(line("Prob > |z|", normal_two_sided(z), "%6.4f"));
    s.print(line("Prob > z", normal_tail(z), "%6.4f"));
}
