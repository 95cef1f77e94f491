//! What a coefficient plot shows of its models, and how: options that may stand at a model, at a plot, at a subgraph
//! or behind the last comma for all of them.

use super::look::{self, Look};
use crate::error::{Result, StataError};
use crate::syntax::options::{abbreviates, parse_number, split_options};
use crate::syntax::split::{top_level_comma, unquote, words};

/// Where the positions of `at()` come from.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum At {
    /// The first column of `e(at)` that varies, or the one of this number.
    Margins(Option<usize>),
    /// The numbers in the names of coefficients, or of equations.
    Names {
        /// Of equations.
        equations: bool,
    },
    /// Elements of a matrix.
    Matrix(String),
}

/// Texts at the markers.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum MarkerLabels {
    /// The values in a format.
    Values(String),
    /// A string expression with `@b`, `@se`, `@pval` and the like.
    Expression(String),
    /// Coefficients, the place of the text as on a clock, the text.
    Listed(Vec<(String, u8, String)>),
}

/// Options; what is not given here is taken from a more general place.
#[derive(Debug, Clone, Default)]
pub(super) struct Choice {
    pub(super) keep: Vec<String>,
    pub(super) drop: Vec<String>,
    pub(super) omitted: bool,
    pub(super) base: bool,
    pub(super) renamed: Vec<(String, String)>,
    pub(super) renamed_equations: Vec<(String, String)>,
    /// The model is an equation of this name, or of its own.
    pub(super) as_equation: Option<Option<String>>,
    pub(super) swap_names: bool,
    /// Elements of matrices that take the place of the usual ones.
    pub(super) b: Option<String>,
    pub(super) se: Option<String>,
    pub(super) v: Option<String>,
    pub(super) df: Option<String>,
    pub(super) ci: Option<String>,
    pub(super) at: Option<At>,
    /// Exponentiated coefficients; all if the list is empty.
    pub(super) eform: Option<Vec<String>>,
    pub(super) rescaled: Vec<(String, f64)>,
    pub(super) transformed: Vec<(String, String)>,
    /// Condition on `@b`, `@ll` and the like.
    pub(super) condition: Option<String>,
    pub(super) label: Option<String>,
    pub(super) no_key: bool,
    pub(super) offset: Option<f64>,
    pub(super) marker_labels: Option<MarkerLabels>,
    pub(super) no_intervals: bool,
    pub(super) look: Look,
}

impl Choice {
    /// These options, completed by more general ones.
    pub(super) fn over(&self, general: &Self) -> Self {
        fn list<T: Clone>(own: &[T], general: &[T]) -> Vec<T> {
            if own.is_empty() { general.to_vec() } else { own.to_vec() }
        }
        Self {
            keep: list(&self.keep, &general.keep),
            drop: list(&self.drop, &general.drop),
            omitted: self.omitted || general.omitted,
            base: self.base || general.base,
            renamed: list(&self.renamed, &general.renamed),
            renamed_equations: list(&self.renamed_equations, &general.renamed_equations),
            as_equation: self.as_equation.clone().or_else(|| general.as_equation.clone()),
            swap_names: self.swap_names || general.swap_names,
            b: self.b.clone().or_else(|| general.b.clone()),
            se: self.se.clone().or_else(|| general.se.clone()),
            v: self.v.clone().or_else(|| general.v.clone()),
            df: self.df.clone().or_else(|| general.df.clone()),
            ci: self.ci.clone().or_else(|| general.ci.clone()),
            at: self.at.clone().or_else(|| general.at.clone()),
            eform: self.eform.clone().or_else(|| general.eform.clone()),
            rescaled: list(&self.rescaled, &general.rescaled),
            transformed: list(&self.transformed, &general.transformed),
            condition: self.condition.clone().or_else(|| general.condition.clone()),
            label: self.label.clone().or_else(|| general.label.clone()),
            no_key: self.no_key || general.no_key,
            offset: self.offset.or(general.offset),
            marker_labels: self.marker_labels.clone().or_else(|| general.marker_labels.clone()),
            no_intervals: self.no_intervals || general.no_intervals,
            look: self.look.over(&general.look),
        }
    }

    /// Takes an option; `false` leaves it to others.
    pub(super) fn take(&mut self, name: &str, argument: Option<&str>) -> Result<bool> {
        Ok(self.take_names(name, argument)?
            || self.take_values(name, argument)?
            || self.take_labels(name, argument)?
            || self.look.take(name, argument)?)
    }

    /// Which coefficients, and what they are called.
    fn take_names(&mut self, name: &str, argument: Option<&str>) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        match argument {
            Some(list) if name == "keep" => self.keep = names(list),
            Some(list) if name == "drop" => self.drop = names(list),
            Some(list) if is("REName") => self.renamed = pairs(list)?,
            Some(list) if is("EQREName") => self.renamed_equations = pairs(list)?,
            Some(text) if is("ASEQuation") => {
                self.as_equation = Some(Some(unquote(text.trim()).to_string()));
            }
            None if is("ASEQuation") => self.as_equation = Some(None),
            None if is("SWAPnames") => self.swap_names = true,
            None if is("OMITted") => self.omitted = true,
            None if is("BASElevels") => self.base = true,
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Which numbers.
    fn take_values(&mut self, name: &str, argument: Option<&str>) -> Result<bool> {
        let text = || argument.map(|a| a.trim().to_string());
        let is = |declared: &str| abbreviates(name, declared);
        match (name, argument) {
            ("b", Some(_)) => self.b = text(),
            ("se", Some(_)) => self.se = text(),
            ("v", Some(_)) => self.v = text(),
            ("df", Some(_)) => self.df = text(),
            ("ci", Some(_)) => self.ci = text(),
            ("if", Some(_)) => self.condition = text(),
            ("at", place) => self.at = Some(at(place.map_or("", str::trim))),
            ("noci", None) => self.no_intervals = true,
            ("eform", list) => self.eform = Some(list.map_or_else(Vec::new, names)),
            ("transform", Some(list)) => self.transformed = expressions(list)?,
            (_, Some(list)) if is("RESCale") => {
                let bad = || StataError::invalid("option rescale() incorrectly specified");
                self.rescaled = match parse_number(list) {
                    Some(factor) => vec![("*".to_string(), factor)],
                    None => pairs(list)?
                        .into_iter()
                        .map(|(name, factor)| Ok((name, parse_number(&factor).ok_or_else(bad)?)))
                        .collect::<Result<_>>()?,
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// The key, the place and the texts at the markers.
    fn take_labels(&mut self, name: &str, argument: Option<&str>) -> Result<bool> {
        let is = |declared: &str| abbreviates(name, declared);
        match argument {
            Some(text) if name == "label" => self.label = Some(unquote(text.trim()).to_string()),
            None if name == "nokey" => self.no_key = true,
            // the key shows the marker, which no option changes here
            None if name == "key" => {}
            Some(number) if is("OFFset") => {
                let bad = || StataError::invalid("option offset() incorrectly specified");
                self.offset = Some(parse_number(number).ok_or_else(bad)?);
            }
            None if is("NOOFFsets") => self.offset = Some(0.0),
            None if is("MLabels") || is("MLABel") => {
                let values = MarkerLabels::Values("%9.0g".to_string());
                self.marker_labels.get_or_insert(values);
            }
            Some(list) if name == "mlabels" => self.marker_labels = Some(listed(list)?),
            Some(text) if is("MLABel") => self.marker_labels = Some(expression(text.trim())),
            Some(fmt) if is("Format") && crate::format::Format::parse(fmt.trim()).is_some() => {
                self.marker_labels = match self.marker_labels.take() {
                    None | Some(MarkerLabels::Values(_)) => {
                        Some(MarkerLabels::Values(fmt.trim().to_string()))
                    }
                    other => other,
                };
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

fn names(list: &str) -> Vec<String> {
    words(list).into_iter().map(|w| unquote(w).to_string()).collect()
}

fn at(place: &str) -> At {
    match place {
        "" => At::Margins(None),
        "_coef" => At::Names { equations: false },
        "_eq" => At::Names { equations: true },
        text => match text.parse::<usize>() {
            Ok(number) if number > 0 => At::Margins(Some(number)),
            _ => At::Matrix(matrix_name(text).to_string()),
        },
    }
}

/// `matrix(R[2])` or `R[2]`: what names elements of a matrix.
pub(super) fn matrix_name(text: &str) -> &str {
    let text = text.trim();
    ["matrix(", "matri(", "matr(", "mat(", "ma(", "m("]
        .iter()
        .find_map(|p| text.strip_prefix(p)?.strip_suffix(')'))
        .map_or(text, str::trim)
}

/// A numeric `@b` is shown in the usual format; everything else is a string expression.
fn expression(text: &str) -> MarkerLabels {
    match text {
        "@b" => MarkerLabels::Values("%9.0g".to_string()),
        _ => MarkerLabels::Expression(text.to_string()),
    }
}

/// `mlabels(x = 3 "text" z = "text")`.
fn listed(text: &str) -> Result<MarkerLabels> {
    let spaced = text.replace('=', " = ");
    let mut rest = words(&spaced).into_iter().peekable();
    let mut out = Vec::new();
    while let Some(name) = rest.next() {
        let bad = || StataError::invalid("option mlabels() incorrectly specified");
        if rest.next() != Some("=") {
            return Err(bad());
        }
        let clock = match rest.peek().filter(|w| w.parse::<u8>().is_ok()) {
            Some(number) => crate::ops::graphs::text::clock(number)?,
            None => 3,
        };
        let mut word = rest.next().ok_or_else(bad)?;
        if word.parse::<u8>().is_ok() {
            word = rest.next().ok_or_else(bad)?;
        }
        out.push((unquote(name).to_string(), clock, unquote(word).to_string()));
    }
    Ok(MarkerLabels::Listed(out))
}

/// `name = "text"` pairs; several names may stand before the sign, and several quoted lines behind it.
pub(super) fn pairs(list: &str) -> Result<Vec<(String, String)>> {
    let list = &list[..top_level_comma(list).unwrap_or(list.len())];
    let spaced = spaced_signs(list);
    let words = words(&spaced);
    let bad = || StataError::invalid("pairs of the form name = \"text\" are needed");
    let mut out: Vec<(String, String)> = Vec::new();
    let mut left: Vec<&str> = Vec::new();
    let mut at = 0;
    while at < words.len() {
        if words[at] != "=" {
            left.push(words[at]);
            at += 1;
            continue;
        }
        let first = words.get(at + 1).ok_or_else(bad)?;
        let mut lines = vec![unquote(first)];
        at += 2;
        let quoted = |w: &&&str| w.starts_with(['"', '`']);
        while first.starts_with(['"', '`'])
            && let Some(line) = words.get(at).filter(quoted)
            && words.get(at + 1).is_none_or(|next| *next != "=")
        {
            lines.push(unquote(line));
            at += 1;
        }
        if left.is_empty() {
            return Err(bad());
        }
        out.extend(left.drain(..).map(|name| (unquote(name).to_string(), lines.join(" "))));
    }
    if left.is_empty() { Ok(out) } else { Err(bad()) }
}

/// Blanks around each equals sign outside of quotes.
fn spaced_signs(list: &str) -> String {
    let mut inside = false;
    list.chars().fold(String::with_capacity(list.len()), |mut out, c| {
        inside ^= c == '"';
        match c {
            '=' if !inside => out.push_str(" = "),
            c => out.push(c),
        }
        out
    })
}

/// `pattern = expression` pairs of `transform()`; an expression without blanks, or in parentheses or quotes.
fn expressions(list: &str) -> Result<Vec<(String, String)>> {
    let bad = || StataError::invalid("option transform() incorrectly specified");
    let mut out = Vec::new();
    let mut rest = list.trim();
    while !rest.is_empty() {
        let (name, after) = rest.split_once('=').ok_or_else(bad)?;
        let after = after.trim_start();
        // the next pair begins at the last word before the next sign that is no comparison
        let next =
            after.find('=').map_or(after.len(), |sign| after[..sign].rfind(' ').unwrap_or(after.len()));
        let value = unquote(after[..next].trim());
        if name.trim().is_empty() || value.is_empty() {
            return Err(bad());
        }
        out.push((name.trim().to_string(), value.to_string()));
        rest = after[next..].trim_start();
    }
    Ok(out)
}

/// Options of one model, plot or subgraph; r(198) with the name of one that is not supported.
pub(super) fn read(text: &str, place: &str) -> Result<Choice> {
    let mut choice = Choice::default();
    for (name, argument) in split_options(text)? {
        if !choice.take(&name, argument.as_deref().map(str::trim))? {
            return Err(StataError::unsupported_option("coefplot", &format!("{name} of a {place}")));
        }
    }
    look::check(&choice.look)?;
    Ok(choice)
}
