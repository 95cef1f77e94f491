//! Terms of a layout: `dim`, `dim[levels]` and interactions `dim#dim[levels]` ([TABLES] collect layout).

use super::items::Tags;
use crate::error::{Result, StataError};

/// A dimension with the levels that are wanted; all, or the automatic ones, without a list.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Choice {
    pub(crate) dim: String,
    pub(crate) levels: Option<Vec<String>>,
}

impl Choice {
    pub(crate) fn all(dim: &str) -> Self {
        Self { dim: dim.to_string(), levels: None }
    }

    pub(crate) fn of(dim: &str, levels: &[&str]) -> Self {
        Self { dim: dim.to_string(), levels: Some(levels.iter().map(|l| (*l).to_string()).collect()) }
    }

    /// As it is written.
    pub(crate) fn text(&self) -> String {
        match &self.levels {
            None => self.dim.clone(),
            Some(levels) => {
                let word = |l: &String| if l.contains(' ') { format!("\"{l}\"") } else { l.clone() };
                format!("{}[{}]", self.dim, levels.iter().map(word).collect::<Vec<_>>().join(" "))
            }
        }
    }
}

/// An interaction of dimensions.
pub(crate) type Term = Vec<Choice>;

/// The text of a list of terms.
pub(crate) fn text_of(terms: &[Term]) -> String {
    let one = |term: &Term| term.iter().map(Choice::text).collect::<Vec<_>>().join("#");
    terms.iter().map(one).collect::<Vec<_>>().join(" ")
}

/// Parts of a text between separators that stand outside of quotes, brackets and parentheses.
fn parts(text: &str, separates: impl Fn(char) -> bool) -> Result<Vec<String>> {
    let (mut out, mut current) = (Vec::new(), String::new());
    let (mut brackets, mut round, mut quoted) = (0usize, 0usize, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            _ if quoted => {}
            '[' => brackets += 1,
            ']' => brackets = brackets.checked_sub(1).ok_or_else(StataError::syntax)?,
            '(' if brackets == 0 => round += 1,
            ')' if brackets == 0 => round = round.checked_sub(1).ok_or_else(StataError::syntax)?,
            _ => {}
        }
        if separates(c) && !quoted && brackets == 0 && round == 0 {
            out.push(std::mem::take(&mut current));
        } else {
            current.push(c);
        }
    }
    if quoted || brackets > 0 || round > 0 {
        return Err(StataError::syntax());
    }
    out.push(current);
    Ok(out)
}

/// Words of the levels in brackets; a level with blanks stands in quotes.
fn level_words(text: &str) -> Vec<String> {
    let (mut out, mut current, mut quoted, mut any) = (Vec::new(), String::new(), false, false);
    for c in text.chars() {
        match c {
            '"' => (quoted, any) = (!quoted, true),
            c if c.is_whitespace() && !quoted => {
                if any {
                    out.push(std::mem::take(&mut current));
                }
                any = false;
            }
            c => {
                current.push(c);
                any = true;
            }
        }
    }
    if any {
        out.push(current);
    }
    out
}

fn choice(text: &str) -> Result<Choice> {
    let text = text.trim();
    let (dim, levels) = match text.split_once('[') {
        Some((dim, rest)) => {
            let inner = rest.strip_suffix(']').ok_or_else(StataError::syntax)?;
            (dim.trim(), Some(level_words(inner)))
        }
        None => (text, None),
    };
    let fits = |c: char| c == '_' || c == '.' || c.is_alphanumeric();
    if dim.is_empty() || !dim.chars().all(fits) {
        return Err(StataError::invalid(format!("{text} invalid dimension")));
    }
    Ok(Choice { dim: dim.to_string(), levels: levels.filter(|l| !l.is_empty()) })
}

/// Reads `dim1#dim2[a b] dim3 (dim4 dim5)#dim6`.
pub(crate) fn terms_of(text: &str) -> Result<Vec<Term>> {
    let mut glued = String::new();
    for part in parts(text, |c| c == '#')? {
        if !glued.is_empty() {
            glued.push('#');
        }
        glued.push_str(part.trim());
    }
    // the levels belong to the dimension before them, whatever blanks stand between
    while let Some(at) = glued.find(" [") {
        glued.remove(at);
    }
    let mut out = Vec::new();
    for word in parts(&glued, char::is_whitespace)?.iter().filter(|w| !w.is_empty()) {
        let mut products: Vec<Term> = vec![Vec::new()];
        for factor in parts(word, |c| c == '#')? {
            let alternatives = match factor.strip_prefix('(').and_then(|f| f.strip_suffix(')')) {
                Some(inner) => terms_of(inner)?,
                None => vec![vec![choice(&factor)?]],
            };
            let joined =
                |a: &Term| alternatives.iter().map(|b| [&a[..], &b[..]].concat()).collect::<Vec<_>>();
            products = products.iter().flat_map(joined).collect();
        }
        out.extend(products);
    }
    Ok(out)
}

/// Reads tags, `dim[level] dim[level]`.
pub(crate) fn tags_of(text: &str) -> Result<Tags> {
    let mut out = Tags::new();
    for term in terms_of(text)? {
        for choice in term {
            let levels =
                choice.levels.ok_or_else(|| StataError::invalid(format!("invalid tag {}", choice.dim)))?;
            out.insert(choice.dim, levels.join(" "));
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_have_levels_interactions_and_groups() {
        let text = |t: &str| terms_of(t).map(|terms| text_of(&terms)).map_err(|e| e.code);
        assert_eq!(
            text("colname[1.g#c.x] # result[_r_b _r_se]"),
            Ok("colname[1.g#c.x]#result[_r_b _r_se]".into())
        );
        assert_eq!(text("(a b)#c"), Ok("a#c b#c".into()));
        assert_eq!(text("m[\"Model 1\" (2)]"), Ok("m[\"Model 1\" (2)]".into()));
        assert_eq!(text("a["), Err(198));
        assert_eq!(text("a-b"), Err(198));
        assert_eq!(tags_of("model[(1)] sex[Male]").map(|t| t.len()), Ok(2));
        assert!(tags_of("model").is_err());
    }
}
