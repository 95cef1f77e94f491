//! `stmh` and `stmc`: rate ratios over strata by Mantel and Haenszel, and over the risk sets of time by Mantel and Cox
//! ([ST] strate; Clayton and Hills 1993, Statistical Models in Epidemiology, chapters 15 and 23).

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::ops::epitab::test_line;
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::syntax::{OptSpec, numlist};
use estimators::distributions::chi2_tail;
use estimators::epidemiology::Rates;
use estimators::rate_ratios::RatioSums;
use std::collections::BTreeMap;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::text("Compare"),
    OptSpec::real("Level"),
    OptSpec::flag("noShow"),
])
.unsupported(&["MISSing"]);

pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "stmh",
    min: 4,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run: stmh,
    syntax: "stmh expvar [vars_adjust] [if] [in] [, by(varlist) compare(num,den) level(#) noshow]",
    notes: "Mantel–Haenszel rate ratio of the larger of two values of expvar (or num) against the smaller one (or den); more than two values without compare(), a trend, is not supported; stores r(rr), with by() for all strata together; [ST] strate",
    examples: &[Example {
        // one stratum: (2/3)/(2/8)
        run: "input t x\n1 1\n2 1\n3 0\n5 0\nend\nstset t\nstmh x",
        expect: &[("r(rr)", 8.0 / 3.0)],
    }],
};

pub(super) const SPEC_STMC: CommandSpec = CommandSpec {
    name: "stmc",
    run: stmc,
    syntax: "stmc expvar [vars_adjust] [if] [in] [, by(varlist) compare(num,den) level(#) noshow]",
    notes: "as stmh, with each time of failure as a stratum of those at risk then; stores r(rr); [ST] strate",
    examples: &[Example {
        // all fail: at 1, 1.5 and 2 one of the exposed, the other and an exposed one among 3 of 5, ... ; afterwards no exposed
        // one is left
        run: "input t x\n1 1\n1.5 0\n2 1\n3 0\n5 0\nend\nstset t\nstmc x",
        // Q = 3/5 + 2/3, R = 1/4
        expect: &[("r(rr)", (3.0 / 5.0 + 2.0 / 3.0) / 0.25)],
    }],
    ..SPEC
};

fn stmh(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, false)
}

fn stmc(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    run(s, cmd, true)
}

/// What is compared: the values of exposure in numerator and denominator.
fn compared(cmd: &ParsedCommand, exposure: &[f64]) -> Result<(f64, f64)> {
    if let Some(text) = cmd.options.text("compare") {
        return match numlist::expand(&text.replace(',', " "))?[..] {
            [num, den] if num != den => Ok((num, den)),
            _ => Err(StataError::invalid("compare() takes two values")),
        };
    }
    let mut values = exposure.to_vec();
    values.sort_by(f64::total_cmp);
    values.dedup();
    match values[..] {
        [low, high] => Ok((high, low)),
        [] | [_] => Err(StataError::new(459, "exposure variable does not vary")),
        _ => Err(StataError::unsupported_option(
            &cmd.name,
            "a trend over more than two values (use compare())",
        )),
    }
}

/// Time at risk and failures of some records by exposure.
fn person_time(records: &Records, members: &[usize], exposed: &[Option<bool>]) -> Rates {
    let mut r = Rates::default();
    for &i in members {
        let Some(high) = exposed[i] else { continue };
        let w = records.multiplicity(i);
        let (cases, time) = if high { (&mut r.a, &mut r.t1) } else { (&mut r.b, &mut r.t0) };
        *cases += w * f64::from(u8::from(records.d[i]));
        *time += w * (records.t[i] - records.t0[i]);
    }
    r
}

/// The sums of one stratum: person-time, or the risk sets of all times of failure.
fn sums(records: &Records, members: &[usize], exposed: &[Option<bool>], by_time: bool) -> RatioSums {
    if !by_time {
        return RatioSums::of_rates(person_time(records, members, exposed));
    }
    let used: Vec<usize> = members.iter().copied().filter(|i| exposed[*i].is_some()).collect();
    // events by time: cases of the exposed and the others
    let mut events: BTreeMap<u64, [f64; 2]> = BTreeMap::new();
    for &i in used.iter().filter(|i| records.d[**i]) {
        let own = usize::from(exposed[i] != Some(true));
        events.entry(records.t[i].to_bits()).or_default()[own] += records.multiplicity(i);
    }
    // times of analysis are positive, so that their bits are in their order
    let times: Vec<f64> = events.keys().map(|bits| f64::from_bits(*bits)).collect();
    let mut at_risk = vec![[0.0; 2]; times.len() + 1];
    for &i in &used {
        let own = usize::from(exposed[i] != Some(true));
        // at risk at the times in (t0, t]: differences that are added up afterwards
        let (from, to) =
            (times.partition_point(|t| *t <= records.t0[i]), times.partition_point(|t| *t <= records.t[i]));
        at_risk[from][own] += records.multiplicity(i);
        at_risk[to][own] -= records.multiplicity(i);
    }
    let mut risk = [0.0; 2];
    let mut total = RatioSums::default();
    for (change, cases) in at_risk.iter().zip(events.values()) {
        risk = [risk[0] + change[0], risk[1] + change[1]];
        total = total.plus(RatioSums::of_risk_set(*cases, risk));
    }
    total
}

fn run(s: &mut Session, cmd: &ParsedCommand, by_time: bool) -> Result<()> {
    let settings = Settings::of(&s.frame)?;
    let level = level(s, cmd)?;
    let mut touse = s.rows(cmd)?;
    let variables = Grouping::positions(s, &cmd.list, &mut touse)?;
    let Some((&exposure, adjust)) = variables.split_first() else {
        return Err(StataError::standard(100));
    };
    let by = match cmd.options.text("by") {
        Some(list) => Grouping::positions(s, list, &mut touse)?,
        None => Vec::new(),
    };
    if s.frame.var(exposure).is_string() {
        return Err(StataError::type_mismatch());
    }
    let records = Records::read(s, &settings, &mut touse)?;
    let values: Vec<f64> = records.rows.iter().map(|row| s.frame.num_at(exposure, *row)).collect();
    let (num, den) = compared(cmd, &values)?;
    let exposed: Vec<Option<bool>> = values
        .iter()
        .map(|x| {
            if *x == num {
                Some(true)
            } else if *x == den {
                Some(false)
            } else {
                None
            }
        })
        .collect();
    let both: Vec<usize> = by.iter().chain(adjust).copied().collect();
    let cells = Grouping::of(s, &both, &records);
    let groups = Grouping::of(s, &by, &records);
    let mut parts = vec![RatioSums::default(); groups.count()];
    for cell in 0..cells.count() {
        let members = cells.members(cell);
        let Some(first) = members.first() else { continue };
        let group = groups.of[*first];
        parts[group] = parts[group].plus(sums(&records, &members, &exposed, by_time));
    }
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let method = if by_time { "Mantel–Cox" } else { "Mantel–Haenszel" };
    let names =
        |list: &[usize]| list.iter().map(|v| s.frame.var(*v).name.clone()).collect::<Vec<_>>().join(" ");
    let (own, controls, layers) = (names(&[exposure]), names(adjust), names(&by));
    let number = |x: f64| format::bare("%9.0g", x);
    s.print("");
    s.print(format!("{method} estimate of the rate ratio"));
    s.print(format!("  comparing {own}=={} vs. {own}=={}", number(num), number(den)));
    if !controls.is_empty() {
        s.print(format!("  controlling for {controls}"));
    }
    if !layers.is_empty() {
        s.print(format!("  by {layers}"));
        by_groups(s, &groups, &parts, &layers, level);
    }
    overall(s, &parts, if layers.is_empty() { controls } else { layers }, level);
    Ok(())
}

/// The ratios of the groups of `by()`.
fn by_groups(s: &mut Session, groups: &Grouping, parts: &[RatioSums], layers: &str, level: f64) {
    let level_text = format::bare("%5.0g", level);
    s.print("");
    s.print(format!("RR estimate, and lower and upper {level_text}% confidence limits"));
    s.print("");
    let width = layers.chars().count().clamp(8, 24);
    s.print(format!("{:>width$} |       RR       Lower       Upper", format::abbrev(layers, 24)));
    s.print(format!("{}-+{}", "-".repeat(width), "-".repeat(34)));
    for (group, part) in parts.iter().enumerate() {
        let ratio = part.ratio(level);
        let cell = |x: f64, w: usize| format::right(&format::bare("%9.2f", stata(x)), w);
        let label = format::abbrev(&groups.labels[group].join(" "), 24);
        let text = format!(
            "{label:>width$} |{}{}{}",
            cell(ratio.value, 10),
            cell(ratio.low, 12),
            cell(ratio.high, 12)
        );
        s.print(text);
    }
}

/// The combined ratio, the test that it is one, and that of equal ratios of the groups.
fn overall(s: &mut Session, parts: &[RatioSums], controls: String, level: f64) {
    let total = parts.iter().fold(RatioSums::default(), |sum, part| sum.plus(*part));
    let (ratio, chi2) = (total.ratio(level), total.association());
    s.print("");
    if !controls.is_empty() {
        s.print(format!("Overall estimate controlling for {controls}"));
        s.print("");
    }
    let interval = format!("[{}% conf. interval]", format::bare("%5.0g", level));
    s.print("-".repeat(64));
    s.print(format!("{:>12}{:>11}{:>12}{interval:>27}", "RR", "chi2", "P>chi2"));
    s.print("-".repeat(64));
    let cell = |fmt: &str, x: f64, w: usize| format::right(&format::bare(fmt, stata(x)), w);
    s.print(format!(
        "{}{}{}{}{}",
        cell("%9.3f", ratio.value, 12),
        cell("%8.2f", chi2, 11),
        cell("%6.4f", chi2_tail(1.0, chi2), 12),
        cell("%9.3f", ratio.low, 14),
        cell("%9.3f", ratio.high, 13)
    ));
    s.print("-".repeat(64));
    if parts.len() > 1 {
        let used: Vec<&RatioSums> = parts.iter().filter(|p| p.q > 0.0 && p.r > 0.0).collect();
        let unequal: f64 = used
            .iter()
            .map(|p| (p.q / p.r).ln() - ratio.value.ln())
            .zip(&used)
            .map(|(gap, p)| gap * gap * p.q * p.r / p.v)
            .sum();
        let df = used.len() as f64 - 1.0;
        s.print("");
        let p = if df > 0.0 { chi2_tail(df, unequal) } else { f64::NAN };
        test_line(s, &format!("Approx test for unequal RRs (effect modification): chi2({df})"), unequal, p);
    }
    let mut r = Results::default();
    r.scalar("rr", stata(ratio.value));
    s.r = r;
}
