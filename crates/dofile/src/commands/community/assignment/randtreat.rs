//! `randtreat`: random assignment of treatments within strata, and of the rows that do not fit. Written from its help file
//! and Carril (2017), Stata Journal 17. Draws are not Stata's stream.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::ops::groups::grouped;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("Generate"),
    OptSpec::flag("replace"),
    OptSpec::int("SEtseed"),
    OptSpec::text("STrata"),
    OptSpec::int("MULTiple"),
    OptSpec::text("UNequal"),
    OptSpec::text("MIsfits"),
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "randtreat",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "randtreat [if] [in], generate(newvar) [replace setseed(#) strata(varlist) multiple(#) unequal(fractions) misfits(missing|strata|global|wstrata|wglobal)]",
    notes: "treatments 0, 1, ...; a block has as many rows as there are treatments, with unequal() as the least common multiple of the denominators; rows of a stratum beyond its whole blocks are missing, or drawn with equal chances (strata, global) or by the fractions (wstrata, wglobal); draws are not Stata's stream; no results",
    examples: &[
        Example {
            run: "set obs 65\nrandtreat, generate(t) unequal(1/2 1/3 1/6) setseed(3)\ncount if t == 0\nscalar a = r(N)\ncount if t == 1\nscalar b = r(N)\ncount if t == .",
            // ten blocks of six and five misfits
            expect: &[("a", 30.0), ("b", 20.0), ("r(N)", 5.0)],
        },
        Example {
            run: "set obs 22\ngenerate g = _n > 11\nrandtreat, generate(t) multiple(3) strata(g) misfits(global) setseed(3)\ncount if t == 0\nscalar a = r(N)\ncount if t == 1\nscalar most = max(a, r(N), 22 - a - r(N))\nscalar least = min(a, r(N), 22 - a - r(N))",
            // four misfits over three treatments: 7, 7 and 8 rows
            expect: &[("most", 8.0), ("least", 7.0)],
        },
    ],
};

/// How misfits are treated.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Misfits {
    Missing,
    Strata { weighted: bool },
    Global { weighted: bool },
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let name = cmd.options.text("generate").map(str::trim);
    let name = name.ok_or_else(|| StataError::invalid("option generate() required"))?.to_string();
    if !is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    let old = s.frame.find(&name);
    if old.is_some() && !cmd.has("replace") {
        return Err(StataError::already_defined(&name));
    }
    let block = block(cmd)?;
    let misfits = match cmd.options.text("misfits").map_or("missing", str::trim) {
        "missing" => Misfits::Missing,
        "strata" => Misfits::Strata { weighted: false },
        "wstrata" => Misfits::Strata { weighted: true },
        "global" => Misfits::Global { weighted: false },
        "wglobal" => Misfits::Global { weighted: true },
        other => return Err(StataError::invalid(format!("misfits({other}) invalid"))),
    };
    if let Some(seed) = cmd.options.int("setseed") {
        s.reseed(seed);
    }
    let strata = cmd.options.text("strata").map(|l| s.varlist(l)).transpose()?.unwrap_or_default();
    let mut touse = s.rows(cmd)?;
    s.markout(&strata, &mut touse, true)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    let mut out = vec![MISSING; touse.len()];
    let mut left_over = Vec::new();
    for mut stratum in grouped(s, &strata, rows) {
        shuffle(s, &mut stratum);
        let whole = stratum.len() - stratum.len() % block.len();
        for (k, r) in stratum[..whole].iter().enumerate() {
            out[*r] = block[k % block.len()];
        }
        left_over.push(stratum[whole..].to_vec());
    }
    let count: usize = left_over.iter().map(Vec::len).sum();
    s.print(format!("assignment produces {count} misfits"));
    match misfits {
        Misfits::Missing => {}
        Misfits::Strata { weighted } => {
            left_over.iter().for_each(|rows| assign(s, rows, &block, weighted, &mut out));
        }
        Misfits::Global { weighted } => {
            let mut all = left_over.concat();
            shuffle(s, &mut all);
            assign(s, &all, &block, weighted, &mut out);
        }
    }
    if let Some(old) = old {
        s.frame.drop_vars(&[old]);
    }
    s.frame.add(Variable::new(&name, Column::from_f64(StorageType::Byte, &out))).map(|_| ())
}

/// Treatments of a block: each as often as its fraction says.
fn block(cmd: &ParsedCommand) -> Result<Vec<f64>> {
    let Some(text) = cmd.options.text("unequal") else {
        let treatments = cmd.options.int("multiple").unwrap_or(2);
        if !(2..=100).contains(&treatments) {
            return Err(StataError::invalid("multiple() must be 2 to 100"));
        }
        return Ok((0..treatments).map(|t| t as f64).collect());
    };
    let wrong = || StataError::invalid("unequal() must be fractions a/b between 0 and 1 that add up to 1");
    let fractions: Vec<(u64, u64)> = text
        .split_whitespace()
        .map(|f| {
            let (a, b) = f.split_once('/').ok_or_else(wrong)?;
            let (a, b) = (a.parse().map_err(|_| wrong())?, b.parse().map_err(|_| wrong())?);
            if a == 0 || a >= b || b > 10_000 { Err(wrong()) } else { Ok((a, b)) }
        })
        .collect::<Result<_>>()?;
    let mut least = 1u64;
    for (_, b) in &fractions {
        let (mut x, mut y) = (least, *b);
        while y > 0 {
            (x, y) = (y, x % y);
        }
        least = least / x * b;
        if least > 1_000_000 {
            return Err(StataError::invalid("unequal(): the least common multiple is too large"));
        }
    }
    let mut out = Vec::new();
    for (t, (a, b)) in fractions.iter().enumerate() {
        out.extend(std::iter::repeat_n(t as f64, (least / b * a) as usize));
    }
    if out.len() as u64 == least { Ok(out) } else { Err(wrong()) }
}

/// Assigns misfits: in turn through the treatments in a random order, or through the places of a block in a random order.
fn assign(s: &Session, rows: &[usize], block: &[f64], weighted: bool, out: &mut [f64]) {
    let mut places = block.to_vec();
    if !weighted {
        places.dedup();
    }
    for part in rows.chunks(places.len()) {
        let mut order: Vec<usize> = (0..places.len()).collect();
        shuffle(s, &mut order);
        part.iter().zip(&order).for_each(|(r, k)| out[*r] = places[*k]);
    }
}

/// Puts rows into a random order.
fn shuffle(s: &Session, rows: &mut [usize]) {
    for i in (1..rows.len()).rev() {
        let j = s.rng.borrow_mut().uniform_int(0.0, i as f64) as usize;
        rows.swap(i, j);
    }
}
