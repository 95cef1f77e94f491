//! Terms of `contrast`, `pwcompare` and `margins` with contrast operators, and their weights over cells.

use crate::error::{Result, StataError};
use crate::estimation::factors::Factor;
use crate::session::Session;
use crate::syntax::numlist;
use crate::value::is_missing;
use estimators::contrasts::{Comparison, Operator, comparisons};

/// One factor of a term.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The variable.
    pub name: String,
    /// The operator; absent means the factor is tested as a whole.
    pub operator: Option<Operator>,
    /// It stands after `@`: comparisons are made at each of its levels.
    pub nested: bool,
    /// The only level after `@`, as in `@1.b`.
    pub level: Option<i64>,
    /// The degrees of `p(numlist).` and `q(numlist).`; all where the list is empty.
    pub degrees: Vec<usize>,
}

/// A term such as `a`, `r.a#b`, `r.a@b`, `a#c.x`.
#[derive(Debug, Clone, PartialEq)]
pub struct TermSpec {
    /// As written.
    pub text: String,
    /// Factors in order.
    pub parts: Vec<Part>,
    /// Covariates: slopes are compared.
    pub covariates: Vec<String>,
    /// Weights of the cells in a term of braces, `{a 1 -1 0}`.
    pub weights: Option<Vec<f64>>,
}

/// The letters of an operator and the degrees of a polynomial, as in `q(1 3)`.
fn with_degrees(prefix: &str) -> Result<(&str, Vec<usize>)> {
    let Some((letters, list)) = prefix.split_once('(').filter(|(letters, _)| matches!(*letters, "p" | "q"))
    else {
        return Ok((prefix, Vec::new()));
    };
    let bad = || StataError::new(198, format!("{prefix} invalid contrast operator"));
    let list = numlist::expand(list.strip_suffix(')').ok_or_else(bad)?)?;
    let degree = |x: &f64| Some(*x as usize).filter(|d| *d >= 1 && *d as f64 == *x);
    let degrees: Option<Vec<usize>> = list.iter().map(degree).collect();
    Ok((letters, degrees.filter(|d| !d.is_empty()).ok_or_else(bad)?))
}

impl TermSpec {
    /// Reads one term.
    pub fn parse(text: &str) -> Result<Self> {
        let bad = || StataError::new(198, format!("{text} invalid contrast term"));
        let (crossed, nested) = text.split_once('@').map_or((text, None), |(a, b)| (a, Some(b)));
        let mut out =
            Self { text: text.to_string(), parts: Vec::new(), covariates: Vec::new(), weights: None };
        for (side, is_nested) in std::iter::once((crossed, false)).chain(nested.map(|n| (n, true))) {
            for word in side.split(['#', '|']) {
                let (prefix, name) = word.split_once('.').unwrap_or(("", word));
                if name.is_empty() {
                    return Err(bad());
                }
                let level = prefix.parse().ok().filter(|_| is_nested);
                let (prefix, degrees) = with_degrees(prefix)?;
                let operator = match prefix {
                    "c" => {
                        out.covariates.push(name.to_string());
                        continue;
                    }
                    "" | "i" => None,
                    _ if level.is_some() => None,
                    prefix => Some(Operator::parse(prefix).ok_or_else(|| {
                        StataError::unsupported_option("contrast", &format!("operator {prefix}."))
                    })?),
                };
                out.parts.push(Part { name: name.to_string(), operator, nested: is_nested, level, degrees });
            }
        }
        if out.parts.is_empty() { Err(bad()) } else { Ok(out) }
    }

    /// Reads a term of braces, `a#b 1 0 -1 0`: factors and the weights of their cells, the last factor fastest.
    ///
    /// # Errors
    /// r(198) for weights that do not sum to zero, or of which there are none.
    pub fn custom(text: &str) -> Result<Self> {
        let bad = |why: &str| StataError::new(198, format!("{{{text}}}: {why}"));
        let (name, numbers) =
            text.trim().split_once(char::is_whitespace).ok_or_else(|| bad("invalid contrast term"))?;
        let weights = numlist::expand(numbers)?;
        let size = weights.iter().fold(0.0, |m: f64, w| m.max(w.abs()));
        if weights.iter().sum::<f64>().abs() > 1e-8 * size {
            return Err(bad("the coefficients do not sum to zero"));
        }
        let mut out = Self::parse(name)?;
        if out.has_operator() || out.parts.iter().any(|p| p.nested) {
            return Err(bad("operators are not allowed in braces"));
        }
        out.weights = Some(weights);
        Ok(out)
    }

    /// The term without operators, as tables name it.
    pub fn title(&self) -> String {
        let mut out = String::new();
        let mut rest = self.text.as_str();
        while !rest.is_empty() {
            let end = rest.find(['#', '@', '|']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            match word.split_once('.') {
                Some((prefix, name)) if prefix != "c" => out.push_str(name),
                _ => out.push_str(word),
            }
            let mark = after.chars().next().map_or(0, char::len_utf8);
            out.push_str(&after[..mark]);
            rest = &after[mark..];
        }
        out
    }

    /// Whether any factor has an operator, or the term has weights.
    pub fn has_operator(&self) -> bool {
        self.weights.is_some() || self.parts.iter().any(|p| p.operator.is_some())
    }

    /// Whether every factor that is compared has an operator, or the term has weights.
    pub fn has_operators(&self) -> bool {
        self.weights.is_some() || self.parts.iter().all(|p| p.nested || p.operator.is_some())
    }

    /// Rows of weights over the cells of the term's factors (the last fastest), with labels and names.
    ///
    /// # Errors
    /// r(198) for a level of `rb#.` or `@#.` that the factor has not.
    pub fn rows(&self, session: &Session, factors: &[&Factor]) -> Result<Vec<Row>> {
        if let Some(weights) = &self.weights {
            let cells: usize = factors.iter().map(|f| f.levels.len()).product();
            if weights.len() > cells {
                return Err(StataError::new(198, format!("too many coefficients for {}", self.text)));
            }
            let mut weights = weights.clone();
            weights.resize(cells, 0.0);
            let label = "(1)".to_string();
            return Ok(vec![Row { name: label.clone(), label, tested: String::new(), weights }]);
        }
        let mut out = vec![Row {
            label: String::new(),
            tested: String::new(),
            name: String::new(),
            weights: vec![1.0],
        }];
        for (part, factor) in self.parts.iter().zip(factors) {
            let operator = match (part.nested, part.operator) {
                (true, None) => Operator::Each,
                (_, Some(operator)) => operator,
                (false, None) => Operator::Reference,
            };
            let fixed = if let Operator::Level(level) = operator { Some(level) } else { part.level };
            if let Some(level) = fixed.filter(|level| !factor.levels.contains(level)) {
                return Err(StataError::new(198, format!("{level} is not a level of {}", part.name)));
            }
            if operator.is_weighted() && self.parts.len() > 1 {
                let text = "operators gw., hw. and jw. in a term with another factor";
                return Err(StataError::unsupported_option("contrast", text));
            }
            let sizes = if operator.is_weighted() { sizes(session, factor)? } else { Vec::new() };
            let mut own = comparisons(operator, &factor.levels, factor.reference(), &sizes);
            own.retain(|c| part.level.is_none_or(|level| c.code == level.to_string()));
            if part.degrees.iter().any(|degree| *degree > own.len()) {
                let most = format!("{} has polynomials up to degree {}", part.name, own.len());
                return Err(StataError::new(198, most));
            }
            let mut degree = 0;
            own.retain(|_| {
                degree += 1;
                part.degrees.is_empty() || part.degrees.contains(&degree)
            });
            let shown: Vec<String> = own.iter().map(|c| shown(session, part, &c.label)).collect();
            out = out
                .iter()
                .flat_map(|row| {
                    own.iter().zip(&shown).map(|(c, shown)| row.cross(part, c, shown, self.has_operator()))
                })
                .collect();
        }
        Ok(out)
    }
}

/// The text of a comparison with the value labels of its levels. Levels that no operator compares are compared with the
/// base, which has no name then.
fn shown(session: &Session, part: &Part, label: &str) -> String {
    let named = |word: &str| {
        let digits = word.trim_start_matches(['<', '>', ' ']);
        let text = digits.parse::<i64>().map_or(digits.to_string(), |l| level_name(session, &part.name, l));
        format!("{}{text}", &word[..word.len() - digits.len()])
    };
    match label.split_once(" vs ") {
        Some((a, _)) if part.operator.is_none() => format!("{} vs base", named(a)),
        Some((a, b)) => format!("{} vs {}", named(a), named(b)),
        None => named(label),
    }
}

/// The value label of a level, or its number.
pub fn level_name(session: &Session, variable: &str, level: i64) -> String {
    let labels = session.frame.find(variable).filter(|_| !session.settings.table.no_labels);
    let text = labels.and_then(|v| session.frame.labels_of(v)).and_then(|l| l.get(level as f64));
    text.map_or_else(|| level.to_string(), str::to_string)
}

/// Sums of weights of the levels of a factor over the estimation sample.
fn sizes(session: &Session, factor: &Factor) -> Result<Vec<f64>> {
    if session.e.results.get_text("wtype").is_some_and(|kind| kind != "fweight") {
        let text = "operators gw., hw. and jw. after a weighted estimation";
        return Err(StataError::unsupported_option("contrast", text));
    }
    let variable = session.frame.position(&factor.name)?;
    let sample = session
        .estimation_sample()
        .ok_or_else(|| StataError::new(322, "e(sample) does not identify the estimation sample"))?;
    let rows: Vec<usize> = (0..sample.len()).filter(|i| sample[*i]).collect();
    let weights = weights_of_estimation(session, &rows)?;
    let of = |level: &i64| {
        let mine = rows.iter().zip(&weights);
        mine.filter(|(row, _)| session.frame.num_at(variable, **row) == *level as f64).map(|(_, w)| w).sum()
    };
    Ok(factor.levels.iter().map(of).collect())
}

/// Weights of the estimation on some rows.
///
/// # Errors
/// Those of the expression.
pub fn weights_of_estimation(session: &Session, rows: &[usize]) -> Result<Vec<f64>> {
    let Some(text) = session.e.results.get_text("wexp") else {
        return Ok(vec![1.0; rows.len()]);
    };
    let compiled = session.compile(text.trim_start_matches('=').trim())?;
    let ctx = session.ctx();
    Ok(rows.iter().map(|r| compiled.num(&ctx, *r)).map(|w| if is_missing(w) { 0.0 } else { w }).collect())
}

/// One comparison of cells.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// Name of the comparison: `(2 vs 1) 1`.
    pub label: String,
    /// Label of the test that it belongs to, `(2 vs 1) (joint)`: comparisons with one label are tested together.
    pub tested: String,
    /// Name in results: `r2vs1.a@1.b`.
    pub name: String,
    /// Weight of each cell.
    pub weights: Vec<f64>,
}

impl Row {
    fn cross(&self, part: &Part, comparison: &Comparison, shown: &str, operators: bool) -> Self {
        let weights =
            self.weights.iter().flat_map(|w| comparison.weights.iter().map(move |c| w * c)).collect();
        let joined = |before: &str, by: &str, after: String| {
            if before.is_empty() { after } else { format!("{before}{by}{after}") }
        };
        let (label, mark) = if part.nested && part.operator.is_none() {
            (shown.to_string(), "@")
        } else {
            (format!("({shown})"), if part.nested { "@" } else { "#" })
        };
        let letter = match part.operator {
            Some(Operator::Reference | Operator::Level(_)) => "r",
            Some(Operator::Adjacent) => "a",
            Some(Operator::ReverseAdjacent) => "ar",
            Some(Operator::GrandMean) => "g",
            Some(Operator::Helmert) => "h",
            Some(Operator::ReverseHelmert) => "j",
            Some(Operator::Polynomial) => "p",
            Some(Operator::OrderPolynomial) => "q",
            Some(Operator::WeightedGrandMean) => "gw",
            Some(Operator::WeightedHelmert) => "hw",
            Some(Operator::WeightedReverseHelmert) => "jw",
            Some(Operator::Each) | None => "",
        };
        let tested = match (part.nested || part.operator.is_some(), operators) {
            (true, _) => joined(&self.tested, " ", label.clone()),
            (false, true) => joined(&self.tested, " ", "(joint)".to_string()),
            (false, false) => self.tested.clone(),
        };
        Self {
            label: joined(&self.label, " ", label),
            tested,
            name: joined(&self.name, mark, format!("{letter}{}.{}", short_code(part, comparison), part.name)),
            weights,
        }
    }
}

/// The part of `1vs2` before its middle.
fn before(code: &str) -> String {
    code.split("vs").next().unwrap_or(code).to_string()
}

/// The comparison in a column name: `6vs4`, the level that is compared with a mean, the degree of a polynomial.
fn short_code(part: &Part, comparison: &Comparison) -> String {
    let code = comparison.code.as_str();
    match part.operator {
        Some(Operator::GrandMean | Operator::Helmert | Operator::ReverseHelmert) => before(code),
        Some(operator) if operator.is_weighted() => before(code),
        Some(Operator::Polynomial | Operator::OrderPolynomial) => {
            let names = ["linear", "quadratic", "cubic", "quartic", "quintic"];
            match names.iter().position(|n| *n == code) {
                Some(i) => (i + 1).to_string(),
                None => code.trim_start_matches("degree").to_string(),
            }
        }
        _ => code.to_string(),
    }
}
