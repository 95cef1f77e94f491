//! `testnl`: Wald tests of nonlinear restrictions after an estimation.
//!
//! Syntax: `testnl exp = exp [= exp ...]`, `testnl (exp = exp [= ...]) (exp = exp) ...`.
//! Stores in `r()`: df p, F and df_r or chi2. Formulas: [R] testnl (delta method; numerical derivatives as in `nlcom`).

use super::super::{ByRule, CommandSpec, Example, Form};
use super::lincom::{gradient, restore, value_at};
use crate::error::{Result, StataError};
use crate::estimation::linear::Parameters;
use crate::estimation::post::stata;
use crate::estimation::reference::{Statement, degrees};
use crate::format;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::leading_groups;
use crate::syntax::options::{OptSpec, Options};
use crate::syntax::split::{ParsedCommand, front_and_options};
use estimators::matrix::Mat;
use estimators::wald;

/// The command.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "testnl",
    min: 6,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "testnl exp = exp [= exp ...] | (exp = exp [= ...]) [(exp = exp) ...] [, df(#)]",
    notes: "stores r(F) and r(df_r), or r(chi2), r(df), r(p); formulas: [R] testnl",
    examples: &[Example {
        // A linear restriction has the Wald test of `test`: F = 8.76 by hand there.
        run: "set obs 6\ngen x = _n\ngen y = cond(mod(_n,2), _n+1, _n-1)\nregress y x\ntestnl _b[x] = 0, df(4)",
        expect: &[("r(F)", 8.760_416_666_666_666), ("r(df)", 1.0), ("r(df_r)", 4.0)],
    }],
};

fn run(session: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let parameters = Parameters::of_session(session)?;
    let (body, options) = front_and_options(&cmd.raw);
    let refused = &["MTest", "ITERate", "noSVYadjust", "g", "r"];
    let options = Options::parse("testnl", options, &[OptSpec::real("df")], refused)?;
    let mut differences = Vec::new();
    let mut shown = Vec::new();
    for spec in specifications(body)? {
        let sides = sides(&spec);
        if sides.len() < 2 || sides.iter().any(String::is_empty) {
            return Err(StataError::new(198, "testnl needs exp = exp"));
        }
        for other in &sides[1..] {
            differences.push(format!("({}) - ({other})", sides[0]));
            shown.push(format!("{} = {other}", sides[0]));
        }
    }
    let size = parameters.b.len();
    let mut values = Vec::new();
    let mut jacobian = Vec::new();
    for text in &differences {
        values.push(value_at(session, &parameters.b, text));
        jacobian.push(gradient(session, &parameters.b, &parameters.v, text));
    }
    restore(session, &parameters.b);
    let values: Vec<f64> = values.into_iter().collect::<Result<_>>()?;
    let jacobian: Vec<Vec<f64>> = jacobian.into_iter().collect::<Result<_>>()?;
    let v = Mat::from_rows(values.len(), size, jacobian.concat()).sandwich(&parameters.v);
    let all: Vec<usize> = (0..values.len()).collect();
    let test = wald::test_zero(&values, &v, &all);
    let df_r = options.real("df").or_else(|| degrees(session, Statement::Nonlinear));
    session.print("");
    shown.iter().enumerate().for_each(|(i, text)| session.print(format!("  ({})  {text}", i + 1)));
    for i in &test.dropped {
        session.print(format!("       Constraint ({}) dropped", i + 1));
    }
    session.print("");
    let p = stata(test.p(df_r));
    let mut results = Results::default();
    let (label, p_label, value) = match df_r {
        Some(df_r) => {
            results.scalar("df_r", df_r).scalar("F", stata(test.f()));
            (format!("F({}, {})", test.df, format::bare("%9.0g", df_r)), "Prob > F", test.f())
        }
        None => {
            results.scalar("chi2", stata(test.chi2));
            (format!("chi2({})", test.df), "Prob > chi2", test.chi2)
        }
    };
    session.print(format!("{label:>26} = {:>10}", format::bare("%9.2f", stata(value))));
    session.print(format!("{p_label:>26} = {:>10}", format::bare("%6.4f", p)));
    results.scalar("df", test.df as f64).scalar("p", p);
    session.r = results;
    Ok(())
}

/// `(a = b) (c = d)` as two specifications, anything else as one.
fn specifications(body: &str) -> Result<Vec<String>> {
    let (groups, rest) =
        leading_groups(body).ok_or_else(|| StataError::new(198, "unbalanced parentheses"))?;
    // A parenthesis can also open an expression.
    let parts = if rest.is_empty() && !groups.is_empty() { groups } else { vec![body.trim()] };
    Ok(parts.into_iter().map(str::to_string).collect())
}

/// Splits at single equal signs outside parentheses and brackets.
fn sides(text: &str) -> Vec<String> {
    let bytes = text.as_bytes();
    let mut out = vec![String::new()];
    let mut depth = 0_i32;
    for (i, c) in text.char_indices() {
        match c {
            '(' | '[' => depth += 1,
            ')' | ']' => depth -= 1,
            _ => {}
        }
        let before = i > 0 && matches!(bytes[i - 1], b'=' | b'<' | b'>' | b'!' | b'~');
        let comparison = before || matches!(bytes.get(i + 1), Some(b'='));
        if c == '=' && depth == 0 && !comparison {
            out.push(String::new());
        } else if let Some(last) = out.last_mut() {
            last.push(c);
        }
    }
    out.into_iter().map(|s| s.trim().to_string()).collect()
}
