//! Lists of expressions behind `statsby`, `bootstrap`, `simulate` and the like ([U] exp_list):
//! `name=exp`, `(exp)`, `_b`, `_se`, `_b[x]`.

use crate::error::{Result, StataError};
use crate::expr::functions;
use crate::frame::is_valid_name;
use crate::session::Session;
use crate::syntax::split;
use crate::value::MISSING;

/// One statistic that is collected.
#[derive(Debug, Clone)]
pub(super) struct Statistic {
    /// Name of its column.
    pub name: String,
    /// Description, for legends and variable labels.
    pub text: String,
    what: What,
}

impl Statistic {
    /// Whether it is an expression, not one of all coefficients or standard errors.
    pub(super) fn is_expression(&self) -> bool {
        matches!(self.what, What::Expression(_))
    }
}

#[derive(Debug, Clone)]
enum What {
    Expression(String),
    Coefficient(usize),
    Error(usize),
}

impl Statistic {
    /// Its value in the present results; missing where the expression has none.
    pub(super) fn value(&self, s: &Session) -> Result<f64> {
        match &self.what {
            What::Expression(text) => s.eval_num(text),
            What::Coefficient(k) => Ok(s.e.b().filter(|b| *k < b.cols()).map_or(MISSING, |b| b.get(0, *k))),
            What::Error(k) => {
                let v = s.e.v().filter(|v| *k < v.cols());
                Ok(v.map_or(MISSING, |v| v.get(*k, *k).max(0.0).sqrt()))
            }
        }
    }

    /// True for a coefficient of `e(b)`.
    pub(super) fn coefficient(&self) -> Option<usize> {
        match self.what {
            What::Coefficient(k) => Some(k),
            _ => None,
        }
    }
}

/// Binds a list to the results of the first run. An empty list means `_b` after an estimation
/// command and all scalars of `r()` otherwise.
pub(super) fn bind(s: &Session, list: &str, estimated: bool, stem: &str) -> Result<Vec<Statistic>> {
    let mut out: Vec<Statistic> = Vec::new();
    if list.trim().is_empty() {
        if estimated {
            coefficients(s, "_b", stem, &mut out)?;
        } else {
            for (name, _) in s.r.scalars.iter() {
                push(&mut out, name, What::Expression(format!("r({name})")), &format!("r({name})"));
            }
        }
        if out.is_empty() {
            return Err(StataError::new(198, "there are no results to collect; state an expression list"));
        }
        return Ok(out);
    }
    // behind `_b` or `_se` other expressions belong to a second equation, whose name goes before theirs
    let datasets = ["sim", "stat"].contains(&stem);
    let (mut grouped, mut others) = (false, 0);
    for item in items(list)? {
        let (name, text) = match assignment(&item) {
            Some((n, e)) => (Some(n), e),
            None => (None, item.as_str()),
        };
        let bare = text.trim();
        if name.is_none() && (bare == "_b" || bare == "_se") {
            grouped |= others == 0;
            coefficients(s, bare, stem, &mut out)?;
            continue;
        }
        let inner = match bare.strip_prefix('(') {
            Some(_) if split::matching_paren(bare, 0) == Some(bare.len() - 1) => &bare[1..bare.len() - 1],
            _ => bare,
        };
        let (name, inner) = match (name, assignment_colon(inner)) {
            (None, Some((n, e))) => (Some(n), e),
            (n, _) => (n, inner),
        };
        others += 1;
        let second = grouped && datasets;
        let unnamed = if second { format!("{stem}_{others}") } else { format!("_{stem}_{}", out.len() + 1) };
        let name = format!("{}{}", if second { "_eq2_" } else { "" }, name.unwrap_or(&unnamed));
        push(&mut out, &name, What::Expression(inner.trim().to_string()), inner.trim());
    }
    Ok(out)
}

/// The coefficients or their standard errors as columns: `_b_x`, `_b_cons`, with several equations `eq_b_x`. A
/// coefficient whose name is no name of a variable (`L.x`, `1.a`) has the number of its place: `_stat_2`.
fn coefficients(s: &Session, which: &str, stem: &str, out: &mut Vec<Statistic>) -> Result<()> {
    let first = out.len() + 1;
    let b = s.e.b().ok_or_else(StataError::no_estimates)?.clone();
    let several = b.col_names.iter().any(|n| n.eq != b.col_names[0].eq);
    for (k, stripe) in b.col_names.iter().enumerate() {
        let omitted =
            stripe.name.starts_with("o.") || stripe.name.contains("o.") || stripe.name.contains("b.");
        if omitted {
            continue;
        }
        let eq = if several && !stripe.eq.is_empty() { format!("{}_", stripe.eq) } else { String::new() };
        let parameter = stripe.name.strip_prefix('_').unwrap_or(&stripe.name);
        let name = format!("{eq}{which}_{parameter}");
        let known = is_valid_name(&name) || s.frame.find(&stripe.name).is_some();
        let name = if known { functions::valid_name(&name) } else { format!("_{stem}_{}", first + k) };
        let what = if which == "_b" { What::Coefficient(k) } else { What::Error(k) };
        let text = if several {
            format!("[{}]{which}[{}]", stripe.eq, stripe.name)
        } else {
            format!("{which}[{}]", stripe.name)
        };
        push(out, &name, what, &text);
    }
    Ok(())
}

fn push(out: &mut Vec<Statistic>, name: &str, what: What, text: &str) {
    let base = name.chars().take(32).collect::<String>();
    let mut unique = base.clone();
    let mut k = 1;
    while out.iter().any(|o| o.name == unique) {
        k += 1;
        unique = format!("{}{k}", base.chars().take(29).collect::<String>());
    }
    out.push(Statistic { name: unique, text: text.to_string(), what });
}

/// Pieces at blanks outside quotes and brackets, `a = b` in one piece.
fn items(list: &str) -> Result<Vec<String>> {
    let b = list.as_bytes();
    let mut pieces: Vec<String> = Vec::new();
    let (mut i, mut start, mut depth) = (0, 0, 0i32);
    while i < b.len() {
        if split::quote_at(b, i) {
            i = split::skip_quote(b, i);
            continue;
        }
        match b[i] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            c if c.is_ascii_whitespace() && depth == 0 => {
                if start < i {
                    pieces.push(list[start..i].to_string());
                }
                start = i + 1;
            }
            _ => {}
        }
        if depth < 0 {
            return Err(StataError::new(198, "unbalanced parentheses"));
        }
        i += 1;
    }
    if depth != 0 {
        return Err(StataError::new(198, "unbalanced parentheses"));
    }
    if start < list.len() {
        pieces.push(list[start..].to_string());
    }
    let mut out: Vec<String> = Vec::new();
    for p in pieces {
        match out.last_mut() {
            Some(last) if last.ends_with('=') && !last.ends_with("==") => last.push_str(&p),
            Some(last) if p.starts_with('=') && !p.starts_with("==") => last.push_str(&p),
            _ => out.push(p),
        }
    }
    Ok(out)
}

fn assignment(item: &str) -> Option<(&str, &str)> {
    let (name, exp) = item.split_once('=')?;
    (is_valid_name(name.trim()) && !exp.starts_with('=')).then_some((name.trim(), exp))
}

fn assignment_colon(inner: &str) -> Option<(&str, &str)> {
    let (name, exp) = inner.split_once(':')?;
    is_valid_name(name.trim()).then_some((name.trim(), exp))
}
