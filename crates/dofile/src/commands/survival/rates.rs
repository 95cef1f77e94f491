//! `stsum`, `strate` and `stir`: incidence rates of survival-time data
//! ([ST] stsum, [ST] strate, [ST] stir).

use super::sts::Curves;
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::post::stata;
use crate::estimation::survival::{Records, Settings, show};
use crate::format;
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::matrix::{Matrix, Stripe};
use crate::ops::files;
use crate::ops::record_groups::Grouping;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::OptSpec;
use crate::syntax::split::{ParsedCommand, unquote};
use crate::value::MISSING;
use estimators::epidemiology::{Interval, Rates};
use estimators::survivor::percentile;

const STSUM: StandardSyntax = StandardSyntax::new(&[OptSpec::text("by"), OptSpec::flag("noShow")]);
const STRATE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::real("per"),
    OptSpec::real("Level"),
    OptSpec::text("OUTput"),
    OptSpec::text("smr"),
    OptSpec::flag("noLIst"),
    OptSpec::flag("noShow"),
])
.unsupported(&["CLuster", "JACKknife", "MISSing", "Graph", "NOWhisker"]);
const STIR: StandardSyntax = StandardSyntax::new(&[OptSpec::real("Level"), OptSpec::flag("noShow")])
    .unsupported(&["STrata", "noCrude", "Pool", "noHom", "tb", "ird", "ESTandard", "ISTandard", "STANDard"]);

pub(super) const SPEC_STSUM: CommandSpec = CommandSpec {
    name: "stsum",
    min: 5,
    form: Form::Standard(&STSUM),
    by: ByRule::No,
    run: stsum,
    syntax: "stsum [if] [in] [, by(varlist) noshow]",
    notes: "stores r(risk) r(ir) r(N_sub) r(p25) r(p50) r(p75) of the whole sample; [ST] stsum",
    examples: &[Example {
        run: "set obs 4\ngenerate t = _n\nstset t\nstsum",
        expect: &[("r(risk)", 10.0), ("r(ir)", 0.4), ("r(p50)", 2.0)],
    }],
};

pub(super) const SPEC_STRATE: CommandSpec = CommandSpec {
    name: "strate",
    min: 6,
    form: Form::Standard(&STRATE),
    by: ByRule::No,
    run: strate,
    syntax: "strate [varlist] [if] [in] [, per(#) smr(varname) level(#) output(filename [, replace]) nolist noshow]",
    notes: "output() writes a row for each group with _D _Y _Rate _Lower _Upper, or with smr() _D _E _SMR _Lower _Upper; smr() names the variable with the reference rate of each record, for per() units of time: expected failures stand instead of time; limits by the quadratic approximation of the log rate; stores r(rates) with failures, time, rate and limits; [ST] strate",
    examples: &[
        Example {
            // Four failures in 1 + 2 + 3 + 4.
            run: "set obs 4\ngenerate t = _n\nstset t\nstrate\nmatrix m = r(rates)",
            expect: &[("m[1,1]", 4.0), ("m[1,2]", 10.0), ("m[1,3]", 0.4)],
        },
        Example {
            // Expected: .1*1 + .2*2 + .3*3 + .4*4.
            run: "set obs 4\ngenerate t = _n\ngenerate r = t/10\nstset t\nstrate, smr(r)\nmatrix m = r(rates)",
            expect: &[("m[1,2]", 3.0), ("m[1,3]", 4.0 / 3.0)],
        },
    ],
};

pub(super) const SPEC_STIR: CommandSpec = CommandSpec {
    name: "stir",
    min: 4,
    form: Form::Standard(&STIR),
    by: ByRule::No,
    run: stir,
    syntax: "stir exposedvar [if] [in] [, level(#) noshow]",
    notes: "incidence-rate difference and ratio with exact limits; stores r(ird) r(irr) with r(lb_*) r(ub_*), r(afe) r(afp) r(p); [ST] stir",
    examples: &[Example {
        // Rates 2/3 and 2/8.
        run: "input t x\n1 1\n2 1\n3 0\n5 0\nend\nstset t\nstir x",
        expect: &[("r(irr)", 8.0 / 3.0), ("r(ird)", 2.0 / 3.0 - 0.25)],
    }],
};

/// Failures and time at risk.
fn sums(records: &Records) -> (f64, f64) {
    (records.failures(), records.time_at_risk())
}

fn stsum(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let settings = Settings::of(&s.frame)?;
    let whole = Curves::read(s, cmd, None)?;
    let parts = match cmd.options.text("by") {
        Some(by) => Some(Curves::read(s, cmd, Some(by))?),
        None => None,
    };
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let rule = format!("---------+{}", "-".repeat(69));
    let name = parts.as_ref().map_or(String::new(), |p| p.groups.variables.join(" "));
    s.print("");
    s.print("         |               Incidence     Number of   |------ Survival time -----|");
    s.print(format!(
        "{:<9}| Time at risk       rate      subjects        25%       50%       75%",
        format::abbrev(&name, 8)
    ));
    s.print(&rule);
    let numbers = |records: &Records, table: &[estimators::survivor::Point], frame: &crate::frame::Frame| {
        let (failures, time) = sums(records);
        let p = |q: f64| stata(percentile(table, q, 95.0).time.unwrap_or(MISSING));
        [time, stata(failures / time), records.subjects(frame, &settings), p(25.0), p(50.0), p(75.0)]
    };
    let line = |label: &str, x: [f64; 6]| {
        let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
        format!(
            "{:>8} |{}{}{}{}{}{}",
            format::abbrev(label, 8),
            format::right(&format::bare("%12.0gc", x[0]), 13),
            cell(x[1], 11),
            cell(x[2], 14),
            cell(x[3], 11),
            cell(x[4], 10),
            cell(x[5], 10)
        )
    };
    if let Some(parts) = &parts {
        for (g, table) in parts.tables.iter().enumerate() {
            let records = parts.records.select(&parts.groups.members(g));
            let text = line(&parts.groups.labels[g].join(" "), numbers(&records, table, &s.frame));
            s.print(text);
        }
        s.print(&rule);
    }
    let total = numbers(&whole.records, &whole.tables[0], &s.frame);
    s.print(line("Total", total));
    let mut r = Results::default();
    for (name, x) in ["risk", "ir", "N_sub", "p25", "p50", "p75"].iter().zip(total) {
        r.scalar(name, x);
    }
    s.r = r;
    Ok(())
}

/// Rates of groups: failures, time, rate and limits of each.
struct RateRows {
    settings: Settings,
    groups: Grouping,
    rows: Vec<[f64; 5]>,
    /// A row of the data in each group.
    first: Vec<usize>,
}

/// Rates of groups: one row of failures, time, rate and limits each.
fn rates(s: &Session, cmd: &ParsedCommand, list: &str, per: f64) -> Result<RateRows> {
    let settings = Settings::of(&s.frame)?;
    let level = level(s, cmd)?;
    if per <= 0.0 {
        return Err(StataError::invalid("per() must be positive"));
    }
    let mut touse = s.rows(cmd)?;
    let variables = Grouping::positions(s, list, &mut touse)?;
    let reference = match cmd.options.text("smr") {
        Some(name) => Some(s.numeric_variable(name.trim())?),
        None => None,
    };
    s.markout(&reference.into_iter().collect::<Vec<_>>(), &mut touse, false)?;
    let records = Records::read(s, &settings, &mut touse)?;
    let groups = Grouping::of(s, &variables, &records);
    let rate_of = |row: usize| reference.map_or(1.0, |v| s.frame.num_at(v, row));
    if records.rows.iter().any(|row| rate_of(*row) < 0.0) {
        return Err(StataError::new(411, "smr() has negative rates"));
    }
    // time at risk in units of per(), or expected failures
    let base = |records: &Records| -> f64 {
        let of =
            |i: usize| records.multiplicity(i) * (records.t[i] - records.t0[i]) * rate_of(records.rows[i]);
        (0..records.rows.len()).map(of).sum::<f64>() / per
    };
    let row = |records: &Records| {
        let (failures, base) = (records.failures(), base(records));
        let rate = failures / base;
        let x = Interval::logarithmic(rate, 1.0 / failures.sqrt(), level);
        [failures, base, stata(rate), stata(x.low), stata(x.high)]
    };
    let rows = (0..groups.count()).map(|g| row(&records.select(&groups.members(g)))).collect();
    let first = (0..groups.count()).filter_map(|g| Some(records.rows[*groups.members(g).first()?])).collect();
    Ok(RateRows { settings, groups, rows, first })
}

/// Writes the rates of groups as a data set: `filename [, replace]`.
fn output(s: &Session, text: &str, rates: &RateRows, smr: bool) -> Result<()> {
    let (name, options) = text.split_once(',').unwrap_or((text, ""));
    let replace = match options.trim() {
        "" => false,
        "replace" => true,
        other => return Err(StataError::option_not_allowed(other)),
    };
    let file = files::with_extension(unquote(name.trim()), "dta");
    let path = s.path(&file);
    files::check_replace(&path, &file, replace)?;
    let mut frame = Frame::new();
    for name in &rates.groups.variables {
        let var = s.frame.var(s.frame.position(name)?);
        let values = var.data.gather(rates.first.iter().map(|row| Some(*row)));
        let mut own = Variable::new(name, values);
        (own.format, own.label) = (var.format.clone(), var.label.clone());
        if let Some(labels) = s.frame.value_labels.get(&var.value_label) {
            own.value_label.clone_from(&var.value_label);
            frame.value_labels.insert(var.value_label.clone(), labels.clone());
        }
        frame.add(own)?;
    }
    let names = if smr {
        ["_D", "_E", "_SMR", "_Lower", "_Upper"]
    } else {
        ["_D", "_Y", "_Rate", "_Lower", "_Upper"]
    };
    for (j, name) in names.into_iter().enumerate() {
        let values: Vec<f64> = rates.rows.iter().map(|row| row[j]).collect();
        frame.add(Variable::new(name, Column::from_f64(StorageType::Double, &values)))?;
    }
    crate::ops::data_files::write_dta(&frame, &path)
}

/// Prints the rates unless `nolist`; with `smr` the ratios to expected numbers. Gives the matrix.
fn table(s: &mut Session, found: &RateRows, level: f64, smr: bool, listed: bool) -> Matrix {
    let (groups, rows) = (&found.groups, &found.rows);
    let mut print = |text: String| {
        if listed {
            s.print(text);
        }
    };
    let [base, measure] = if smr { ["E", "SMR"] } else { ["Y", "Rate"] };
    let name = groups.variables.join(" ");
    print(String::new());
    print(format!(
        "{:>12} |{:>10}{:>15}{:>12}     {:>22}",
        format::abbrev(&name, 12),
        "D",
        base,
        measure,
        format!("[{}% conf. interval]", format::bare("%5.0g", level))
    ));
    print(format!("-------------+{}", "-".repeat(64)));
    let line = |label: &str, x: [f64; 5]| {
        let cell = |x: f64, w: usize| format::right(&format::bare("%9.0g", x), w);
        format!(
            "{:>12} |{}{}{}{}{}",
            format::abbrev(label, 12),
            cell(x[0], 10),
            cell(x[1], 15),
            cell(x[2], 12),
            cell(x[3], 15),
            cell(x[4], 12)
        )
    };
    let mut names = Vec::new();
    if !name.is_empty() {
        for (g, row) in rows.iter().enumerate() {
            let label = groups.labels[g].join(" ");
            print(line(&label, *row));
            names.push(Stripe::term(label));
        }
    }
    let mut data: Vec<f64> = if name.is_empty() { Vec::new() } else { rows.concat() };
    if let Some(total) = rows.first().copied().filter(|_| name.is_empty()) {
        print(line("Total", total));
        names.push(Stripe::term("Total"));
        data.extend(total);
    }
    let mut m = Matrix::new(names.len(), 5, data);
    m.row_names = names;
    let columns = if smr { ["D", "E", "SMR", "lb", "ub"] } else { ["D", "Y", "rate", "lb", "ub"] };
    m.col_names = columns.map(Stripe::term).to_vec();
    m
}

fn strate(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let per = cmd.options.real("per").unwrap_or(1.0);
    let found = rates(s, cmd, &cmd.list, per)?;
    if let Some(text) = cmd.options.text("output") {
        output(s, text, &found, cmd.has("smr"))?;
    }
    if !cmd.has("noshow") && !cmd.has("nolist") {
        show(s, &found.settings);
    }
    let level = level(s, cmd)?;
    let (smr, listed) = (cmd.has("smr"), !cmd.has("nolist"));
    if listed {
        s.print("");
        s.print(match smr {
            true => "Estimated SMRs".to_string(),
            false => format!("Estimated failure rates{}", per_text(per)),
        });
    }
    let m = table(s, &found, level, smr, listed);
    let mut r = Results::default();
    r.matrix("rates", m);
    s.r = r;
    Ok(())
}

fn per_text(per: f64) -> String {
    if per == 1.0 { String::new() } else { format!(" (per {})", format::bare("%9.0g", per)) }
}

fn stir(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let settings = Settings::of(&s.frame)?;
    let v = s.numeric_variable(cmd.list.trim())?;
    level(s, cmd)?;
    let mut touse = s.rows(cmd)?;
    s.markout(&[v], &mut touse, false)?;
    let records = Records::read(s, &settings, &mut touse)?;
    // the least value is unexposed, the largest one exposed
    let mut values: Vec<f64> = records.rows.iter().map(|row| s.frame.num_at(v, *row)).collect();
    values.sort_by(f64::total_cmp);
    values.dedup();
    let (name, label) = (s.frame.var(v).name.clone(), s.frame.var(v).label.clone());
    if values.len() > 2 {
        return Err(StataError::new(134, format!("{name} takes on more than two values")));
    }
    let unexposed = values.first().copied().unwrap_or(MISSING);
    let mut sums = Rates::default();
    for (i, &row) in records.rows.iter().enumerate() {
        let (w, time) = (records.multiplicity(i), records.t[i] - records.t0[i]);
        let failure = if records.d[i] { w } else { 0.0 };
        if s.frame.num_at(v, row) != unexposed {
            (sums.a, sums.t1) = (sums.a + failure, sums.t1 + w * time);
        } else {
            (sums.b, sums.t0) = (sums.b + failure, sums.t0 + w * time);
        }
    }
    if !cmd.has("noshow") {
        show(s, &settings);
    }
    let text = |x: f64| match s.frame.labels_of(v).and_then(|labels| labels.get(x)) {
        Some(label) => format!("{name}=={label}"),
        None => format!("{name}=={}", format::bare("%9.0g", x)),
    };
    let exposed = text(values.last().copied().unwrap_or(MISSING));
    let note = format!("Note: Exposed <-> {exposed} and Unexposed <-> {}", text(unexposed));
    s.print("");
    s.print(note);
    let title = if label.is_empty() { &name } else { &label };
    crate::ops::epitab::incidence_rates(s, cmd, sums, [title, "Failure", "Time"])
}
