//! The variables and options of `dtable`.

use crate::error::{Result, StataError};
use crate::format;
use crate::ops::collection::{Collection, SamplePlace};
use crate::session::Session;
use crate::syntax::options::split_options;
use crate::syntax::split::{front_and_options, unquote};

/// Statistics of continuous variables; percentiles `p1` to `p99` come with them.
const CONTINUOUS: &[&str] = &[
    "mean", "sd", "median", "q1", "q2", "q3", "iqr", "min", "max", "count", "sum", "total", "variance",
    "semean", "cv", "skewness", "kurtosis", "range",
];
const FACTOR: &[&str] = &["fvfrequency", "fvpercent", "fvproportion"];
const SAMPLE: &[&str] = &["frequency", "percent", "proportion"];

/// A variable of the table.
pub(super) struct Line {
    pub(super) variable: usize,
    pub(super) is_factor: bool,
    /// Levels of a factor variable that are shown; all where the list is empty.
    pub(super) levels: Vec<f64>,
    pub(super) statistics: Vec<String>,
    pub(super) test: String,
}

/// Values of the options.
#[derive(Default)]
pub(super) struct Wanted {
    pub(super) lines: Vec<Line>,
    pub(super) by: Option<usize>,
    pub(super) hides_by: bool,
    pub(super) tests: bool,
    pub(super) totals: bool,
    pub(super) keeps_missing: bool,
    pub(super) is_listwise: bool,
    pub(super) has_sample: bool,
    pub(super) sample_label: String,
    pub(super) sample_statistics: Vec<String>,
    pub(super) sample_place: SamplePlace,
    pub(super) title: String,
    pub(super) notes: Vec<String>,
    pub(super) export: Option<String>,
    /// Name of the collection.
    pub(super) name: Option<String>,
    /// Formats of numbers, with the statistics that they are for (all without), and texts around them.
    numbers: Vec<(String, Vec<String>)>,
    texts: Vec<(String, Vec<String>)>,
}

impl Wanted {
    /// Sets the formats of the statistics of a collection.
    pub(super) fn style(&self, c: &mut Collection, statistics: &[String]) {
        c.styles.format_results(statistics, &self.numbers, &self.texts);
    }
}

/// The name of a statistic of counts, which may be abbreviated: `freq`, `fvperc`, `prop`.
fn full_name(word: &str) -> &str {
    let own = word.strip_prefix("fv").unwrap_or(word);
    let all = FACTOR.iter().chain(SAMPLE);
    all.copied().find(|name| own.len() >= 4 && name.starts_with(word)).unwrap_or(word)
}

fn known(text: &str, names: &[&str]) -> Result<Vec<String>> {
    let percentile = |w: &str| w.strip_prefix('p').is_some_and(|k| (1..100).any(|n| k == n.to_string()));
    let mut out = Vec::new();
    for word in text.split_whitespace() {
        let word = full_name(word);
        let is_known = names.contains(&word) || names == CONTINUOUS && percentile(word);
        if !is_known {
            return Err(StataError::unsupported_option("dtable", &format!("statistics({word})")));
        }
        out.push(word.to_string());
    }
    Ok(out)
}

/// A variable of a list, whether it is a factor variable, and its level of `1.x`.
type Listed = (usize, bool, Option<f64>);

/// Variables in the order of the text; those with `i.` or a level, alone or before a list in parentheses, are factors.
fn variables(s: &Session, text: &str) -> Result<Vec<Listed>> {
    let mut out: Vec<Listed> = Vec::new();
    let mut rest = text;
    while let Some((before, list)) = rest.split_once(".(") {
        let (inside, after) = list.split_once(')').ok_or_else(StataError::syntax)?;
        let (words, operator) = before.rsplit_once(char::is_whitespace).unwrap_or(("", before));
        out.extend(variables(s, words)?);
        let level = one_level(operator);
        let is_factor = match operator {
            _ if level.is_some() => true,
            "i" => true,
            "c" => false,
            _ => return Err(StataError::unsupported_option("dtable", &format!("{operator}.()"))),
        };
        out.extend(s.varlist(inside)?.into_iter().map(|v| (v, is_factor, level)));
        rest = after;
    }
    for word in rest.split_whitespace() {
        let word = word.strip_prefix("c.").unwrap_or(word);
        let factor = word.split_once('.').filter(|(before, _)| {
            one_level(before).is_some()
                || before.strip_prefix('i').is_some_and(|rest| {
                    rest.strip_prefix('b').unwrap_or(rest).bytes().all(|b| b.is_ascii_digit())
                })
        });
        match factor {
            Some((before, name)) => {
                out.extend(s.varlist(name)?.into_iter().map(|v| (v, true, one_level(before))));
            }
            None => out.extend(s.varlist(word)?.into_iter().map(|v| (v, false, None))),
        }
    }
    if out.iter().any(|(v, ..)| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    Ok(out)
}

/// The level of `1.x` or `i1.x`; `i.x` and `ib1.x` have all levels.
fn one_level(operator: &str) -> Option<f64> {
    let digits = operator.strip_prefix('i').unwrap_or(operator);
    if digits.bytes().all(|b| b.is_ascii_digit()) { digits.parse().ok() } else { None }
}

/// `nformat()` and `sformat()`: a text, and the statistics that it is for.
fn shape(text: &str) -> (String, Vec<String>) {
    let text = text.trim();
    let (first, rest) = match text.strip_prefix('"').and_then(|t| t.split_once('"')) {
        Some((first, rest)) => (first, rest),
        None => text.split_once(char::is_whitespace).unwrap_or((text, "")),
    };
    (first.to_string(), rest.split_whitespace().map(|name| full_name(name).to_string()).collect())
}

/// Statistics and test of some variables, or of all of their kind.
struct Kind {
    variables: Vec<Listed>,
    statistics: Vec<String>,
    test: String,
}

fn kind(s: &Session, text: &str, is_factor: bool) -> Result<Kind> {
    let (list, rest) = front_and_options(text);
    let (names, tests): (&[&str], &[&str]) = match is_factor {
        true => (FACTOR, &["pearson", "fisher", "lrchi2", "none"]),
        false => (CONTINUOUS, &["regress", "kwallis", "none"]),
    };
    let default: &[&str] = if is_factor { &["fvfrequency", "fvpercent"] } else { &["mean", "sd"] };
    let mut out = Kind {
        variables: variables(s, list)?,
        statistics: default.iter().map(|n| (*n).to_string()).collect(),
        test: tests[0].to_string(),
    };
    for (option, value) in split_options(rest)? {
        match (option.as_str(), value) {
            (o, Some(text)) if o.len() >= 4 && "statistics".starts_with(o) => {
                out.statistics = known(&text, names)?
            }
            ("test", Some(test)) if tests.contains(&test.trim()) => out.test = test.trim().to_string(),
            ("test", Some(test)) => {
                return Err(StataError::unsupported_option("dtable", &format!("test({})", test.trim())));
            }
            (o, _) => return Err(StataError::option_not_allowed(o)),
        }
    }
    Ok(out)
}

impl Wanted {
    fn read_by(&mut self, s: &Session, text: &str) -> Result<()> {
        let (name, rest) = front_and_options(text);
        self.by = Some(s.variable(name)?);
        for (option, _) in split_options(rest)? {
            match option.as_str() {
                "tests" | "test" => self.tests = true,
                "notests" | "notest" => self.tests = false,
                "nototals" | "nototal" => self.totals = false,
                "totals" | "total" => self.totals = true,
                "missing" => self.keeps_missing = true,
                o => return Err(StataError::option_not_allowed(o)),
            }
        }
        Ok(())
    }

    fn read_sample(&mut self, text: &str) -> Result<()> {
        let (label, rest) = front_and_options(text);
        if !label.is_empty() {
            self.sample_label = unquote(label).to_string();
        }
        for (option, value) in split_options(rest)? {
            match (option.as_str(), value) {
                (o, Some(text)) if o.len() >= 4 && "statistics".starts_with(o) => {
                    self.sample_statistics = known(&text, SAMPLE)?;
                }
                ("place", Some(text)) => {
                    self.sample_place = match text.trim() {
                        "items" => SamplePlace::Items,
                        "inlabels" => SamplePlace::InLabels,
                        "seplabels" => SamplePlace::SeparateLabels,
                        _ => return Err(StataError::invalid("option sample() incorrectly specified")),
                    }
                }
                ("place", _) => return Err(StataError::unsupported_option("dtable", "sample(, place())")),
                (o, _) => return Err(StataError::option_not_allowed(o)),
            }
        }
        Ok(())
    }

    /// Adds a variable, or a level to the levels of one that the table has.
    fn add(&mut self, (variable, is_factor, level): Listed) {
        match self.lines.iter_mut().find(|line| line.variable == variable) {
            Some(line) => {
                line.is_factor = is_factor;
                match level {
                    Some(level) if !line.levels.is_empty() && !line.levels.contains(&level) => {
                        line.levels.push(level);
                    }
                    Some(_) => {}
                    None => line.levels.clear(),
                }
            }
            None => self.lines.push(Line {
                variable,
                is_factor,
                levels: level.into_iter().collect(),
                statistics: Vec::new(),
                test: String::new(),
            }),
        }
    }

    /// Sets what the variables of a kind have; those that the table does not have yet are added.
    fn set(&mut self, kind: &Kind, is_factor: bool) {
        for (v, _, level) in &kind.variables {
            self.add((*v, is_factor, *level));
        }
        let listed = |v: usize| kind.variables.is_empty() || kind.variables.iter().any(|l| l.0 == v);
        for line in self.lines.iter_mut().filter(|line| line.is_factor == is_factor && listed(line.variable))
        {
            line.statistics.clone_from(&kind.statistics);
            line.test.clone_from(&kind.test);
        }
    }
}

/// Reads variables and options.
pub(super) fn options(s: &Session, list: &str, text: &str) -> Result<Wanted> {
    let mut out =
        Wanted { totals: true, has_sample: true, sample_label: "N".to_string(), ..Wanted::default() };
    let mut kinds = Vec::new();
    for (name, value) in split_options(text)? {
        match (name.as_str(), value) {
            ("by", Some(t)) => out.read_by(s, &t)?,
            (o, Some(t)) if o.len() >= 4 && "continuous".starts_with(o) => {
                kinds.push((kind(s, &t, false)?, false))
            }
            (o, Some(t)) if o.len() >= 3 && "factor".starts_with(o) => kinds.push((kind(s, &t, true)?, true)),
            ("sample", Some(t)) => out.read_sample(&t)?,
            ("nosample", None) => out.has_sample = false,
            ("listwise", None) => out.is_listwise = true,
            ("nformat", Some(t)) => {
                let shape = shape(&t);
                if format::Format::parse(&shape.0).is_none_or(|f| f.is_string()) {
                    return Err(StataError::standard(120));
                }
                out.numbers.push(shape);
            }
            ("sformat", Some(t)) => out.texts.push(shape(&t)),
            ("title", Some(t)) => out.title = unquote(t.trim()).to_string(),
            ("note", Some(t)) => out.notes.push(unquote(t.trim()).to_string()),
            ("export", Some(t)) => out.export = Some(t),
            ("name", Some(t)) => out.name = Some(t.trim().to_string()),
            // the table takes the place of a collection of its name
            ("replace", None) => {}
            ("column", Some(t)) if t.replace(' ', "") == "by(hide)" => out.hides_by = true,
            (
                "column" | "define" | "append" | "style" | "label" | "varlabel" | "halign" | "valign"
                | "fvlabel" | "novarlabel" | "nofvlabel" | "nolabel" | "notes" | "titlestyles" | "notestyles"
                | "subpop" | "svy",
                _,
            ) => return Err(StataError::unsupported_option("dtable", &name)),
            _ => return Err(StataError::option_not_allowed(&name)),
        }
    }
    for (variable, is_factor, level) in variables(s, list)? {
        if is_factor || out.lines.iter().all(|line| line.variable != variable) {
            out.add((variable, is_factor, level));
        }
    }
    for is_factor in [false, true] {
        out.set(&kind(s, "", is_factor)?, is_factor);
    }
    kinds.iter().for_each(|(kind, is_factor)| out.set(kind, *is_factor));
    if out.sample_statistics.is_empty() {
        let names: &[&str] = if out.by.is_some() { &["frequency", "percent"] } else { &["frequency"] };
        out.sample_statistics = names.iter().map(|n| (*n).to_string()).collect();
    }
    Ok(out)
}
