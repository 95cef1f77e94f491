//! `mlincom`: linear combinations of posted predictions by their numbers, Long and Freese (2014), section 4.4.

use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::estimation::linear::Parameters;
use crate::format;
use crate::matrix::{Matrix, Stripe};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};

const SYNTAX: StandardSyntax =
    StandardSyntax::whole(&[OptSpec::text("ROWName"), OptSpec::int("DECimals"), OptSpec::real("Level")])
        .unsupported(&[
            "STATistics",
            "CLEAR",
            "ADD",
            "SAVE",
            "ESTName",
            "ROWEQnm",
            "DETails",
            "Width",
            "TWidth",
            "TItle",
        ]);

/// The command.
pub(in super::super) const SPEC: CommandSpec = CommandSpec {
    name: "mlincom",
    min: 7,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "mlincom expression [, rowname(text) decimals(#) level(#)]; the expression has numbers of estimates with +, - and parentheses, mlincom (1-2) - (3-4)",
    notes: "the numbers are positions in e(b), after margins, post and mtable, post; stores r(est) r(se) r(p) r(ll) r(ul) and r(table); Long and Freese (2014)",
    examples: &[Example {
        run: "set obs 40\ngenerate x = mod(_n, 7)\ngenerate y = mod(_n * 7, 11) + x > 7\nlogit y x\nmtable, at(x = (1 3)) post\nscalar d = el(e(b),1,1) - el(e(b),1,2)\nmlincom 1 - 2",
        expect: &[("reldif(r(est), d) < 1e-12", 1.0)],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of(&s.e)?;
    let weights = weights(&cmd.list, parameters.b.len())?;
    let estimate: f64 = weights.iter().zip(&parameters.b).map(|(w, b)| w * b).sum();
    let se = parameters.v.quadratic(&weights).max(0.0).sqrt();
    let df = s.e.results.get_scalar("df_r");
    let half = estimators::wald::critical(level(s, cmd)?, df) * se;
    let p = estimators::wald::p_value(estimate / se, df);
    let cells = [estimate, p, estimate - half, estimate + half];
    let decimals = cmd.options.int("decimals").unwrap_or(3).clamp(0, 12);
    let name = cmd.options.text("rowname").unwrap_or("1").to_string();
    s.print("");
    let heads = ["lincom", "pvalue", "ll", "ul"];
    s.print(format!("{:13}|{}", "", heads.map(|h| format!("{h:>9} ")).concat()));
    s.print(format!("{}+{}", "-".repeat(13), "-".repeat(39)));
    let number = |x: f64| format!("{:>9} ", format::bare(&format!("%12.{decimals}f"), x).trim());
    s.print(format!("{:>12} |{}", format::abbrev(&name, 12), cells.map(number).concat()));
    let mut table = Matrix::new(1, 4, cells.to_vec());
    table.row_names = vec![Stripe::term(name)];
    table.col_names = heads.map(Stripe::term).to_vec();
    let mut r = Results::default();
    r.scalar("est", estimate).scalar("se", se).scalar("p", p).scalar("ll", cells[2]).scalar("ul", cells[3]);
    r.matrix("table", table);
    s.r = r;
    Ok(())
}

/// Weights of the estimates in an expression such as `(1-2) - (3-4)`.
fn weights(text: &str, size: usize) -> Result<Vec<f64>> {
    let wrong =
        || StataError::new(198, format!("expression {} is not one of numbers of estimates", text.trim()));
    let mut weights = vec![0.0; size];
    let mut signs = vec![1.0];
    let (mut sign, mut expects) = (1.0, true);
    let b = text.as_bytes();
    let mut i = 0;
    while i < b.len() {
        let outer = signs.last().copied().ok_or_else(wrong)?;
        match b[i] {
            c if c.is_ascii_whitespace() => {}
            b'+' | b'-' => {
                sign = if b[i] == b'-' { -1.0 } else { 1.0 };
                expects = true;
            }
            b'(' if expects => {
                signs.push(outer * sign);
                sign = 1.0;
            }
            b')' if !expects && signs.len() > 1 => {
                signs.pop();
            }
            c if c.is_ascii_digit() && expects => {
                let end = b[i..].iter().position(|c| !c.is_ascii_digit()).map_or(b.len(), |n| i + n);
                let number: usize = text[i..end].parse().map_err(|_| wrong())?;
                if !(1..=size).contains(&number) {
                    return Err(StataError::new(111, format!("estimate {number} not found")));
                }
                weights[number - 1] += outer * sign;
                (sign, expects) = (1.0, false);
                i = end;
                continue;
            }
            _ => return Err(wrong()),
        }
        i += 1;
    }
    if expects || signs.len() != 1 {
        return Err(wrong());
    }
    Ok(weights)
}
