//! Number lists: `1 2 3`, `1/5`, `1(2)9`, `1 2 to 8`, `1 2:8`, missing values
//! (manual [U] 11.1.8 numlist).

use super::options::parse_number;
use crate::error::{Result, StataError};
use crate::value::clean;

const MAX: usize = 1_000_000;

fn number(s: &str) -> Result<f64> {
    parse_number(s).ok_or_else(|| StataError::standard(121))
}

/// Takes out the blanks around a step in parentheses or brackets: `-3 (1) 3` is `-3(1)3`.
fn without_gaps(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if matches!(c, '(' | '[') {
            out.truncate(out.trim_end().len());
        }
        let inside = out.rfind(['(', '[']).is_some_and(|open| !out[open..].contains([')', ']']));
        if c.is_whitespace() && (inside || out.ends_with([')', ']'])) {
            continue;
        }
        out.push(c);
    }
    out
}

/// Expands a number list; r(121) when it is not one, r(123) when it has too many elements.
pub fn expand(text: &str) -> Result<Vec<f64>> {
    let spaced = without_gaps(&text.replace(',', " "));
    let tokens: Vec<&str> = spaced.split_whitespace().collect();
    let mut out: Vec<f64> = Vec::new();
    let mut i = 0;
    while i < tokens.len() {
        let t = tokens[i];
        if t == "to" || t == ":" {
            let end = number(tokens.get(i + 1).ok_or_else(|| StataError::standard(121))?)?;
            continue_by_step(&mut out, end)?;
            i += 2;
            continue;
        }
        if let Some((a, rest)) = t.split_once('(') {
            let (step, end) = rest.split_once(')').ok_or_else(|| StataError::standard(121))?;
            progression(&mut out, number(a)?, number(step)?, number(end)?)?;
        } else if let Some((a, rest)) = t.split_once('[') {
            let (step, end) = rest.split_once(']').ok_or_else(|| StataError::standard(121))?;
            progression(&mut out, number(a)?, number(step)?, number(end)?)?;
        } else if let Some((a, b)) = t.split_once('/') {
            let (a, b) = (number(a)?, number(b)?);
            progression(&mut out, a, if a <= b { 1.0 } else { -1.0 }, b)?;
        } else if let Some((a, b)) = t.split_once(':').filter(|(a, _)| !a.is_empty()) {
            out.push(number(a)?);
            continue_by_step(&mut out, number(b)?)?;
        } else {
            out.push(number(t)?);
        }
        i += 1;
    }
    Ok(out)
}

fn continue_by_step(out: &mut Vec<f64>, end: f64) -> Result<()> {
    let [.., a, b] = out[..] else { return Err(StataError::standard(121)) };
    let step = b - a;
    if step == 0.0 {
        return Err(StataError::standard(121));
    }
    progression(out, b + step, step, end)
}

/// Appends `a, a+step, …` up to `end`.
fn progression(out: &mut Vec<f64>, a: f64, step: f64, end: f64) -> Result<()> {
    if step == 0.0 {
        return Err(StataError::standard(121));
    }
    let count = ((end - a) / step + 1e-9).floor();
    if count >= MAX as f64 {
        return Err(StataError::standard(123));
    }
    let mut k = 0.0;
    while k <= count {
        // computed from the start so that rounding does not accumulate
        out.push(clean((a + k * step) * 1.0));
        k += 1.0;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_step_may_stand_apart() {
        assert_eq!(expand("-3 (1) 0 7").unwrap(), [-3.0, -2.0, -1.0, 0.0, 7.0]);
        assert_eq!(expand("1 [ 2 ] 5").unwrap(), [1.0, 3.0, 5.0]);
    }

    #[test]
    fn forms_of_the_manual() {
        assert_eq!(expand("1/3 5").expect("ok"), [1.0, 2.0, 3.0, 5.0]);
        assert_eq!(expand("10(-2)5").expect("ok"), [10.0, 8.0, 6.0]);
        assert_eq!(expand("1 3 to 9").expect("ok"), [1.0, 3.0, 5.0, 7.0, 9.0]);
        assert_eq!(expand("0 5:15").expect("ok"), [0.0, 5.0, 10.0, 15.0]);
        assert_eq!(expand("a").expect_err("not a number").code, 121);
    }
}
