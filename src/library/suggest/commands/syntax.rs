//! The parts of a command of Stata, as its manual has them ([U] 11 Language syntax):
//! `prefix: command varlist = varlist if condition [weight], options`, and the parts of a call of R, which fill the same fields.

use std::sync::LazyLock;

use regex::Regex;

/// A command with its parts, as they were typed; no name is looked up yet.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Command {
    /// Its words, in small letters: `ivregress 2sls`.
    pub(super) name: String,
    /// What stands before a colon: `svy`, `bysort region`.
    pub(super) prefixes: Vec<String>,
    pub(super) parts: Vec<Part>,
    /// The right side of `ttest a == b`.
    pub(super) equal: Option<String>,
    pub(super) condition: Option<String>,
    /// Kind and column of a weight.
    pub(super) weight: Option<(String, String)>,
    pub(super) options: Vec<(String, String)>,
    /// Columns of `Surv(time, died)`.
    pub(super) follow_up: Option<(String, String)>,
    /// The unit of `|| school: slope` and its slope.
    pub(super) nested: Option<Level>,
    /// A call with parentheses: no sentence looks like it.
    pub(super) is_call: bool,
    /// Parts that are understood and have no place in a plan.
    pub(super) unread: Vec<String>,
}

/// A part of the list of variables.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Term(Term),
    /// `(y)`, `(endogenous = instruments)`.
    Group(Vec<Term>, Vec<Term>),
}

/// A variable, or several joined by `#`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Term {
    pub(super) factors: Vec<Factor>,
}

/// A variable with its operator of factors: `i.region`, `ib2.region`, `c.age`.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Factor {
    pub(super) name: String,
    pub(super) is_category: bool,
    /// `c.age`.
    pub(super) is_amount: bool,
    pub(super) base: Option<String>,
}

impl Command {
    pub(super) fn option(&self, name: &str) -> Option<&str> {
        self.options.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str())
    }
}

impl Term {
    pub(super) fn of(text: &str) -> Self {
        let factors = text.split('#').filter(|part| !part.is_empty()).map(Factor::of).collect();
        Self { factors }
    }

    /// The name of a single variable.
    pub(super) fn single(&self) -> Option<&Factor> {
        match &self.factors[..] {
            [only] => Some(only),
            _ => None,
        }
    }
}

impl Factor {
    fn of(text: &str) -> Self {
        static OPERATOR: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"^(?:(c)|i?b([0-9]+|first|last|freq)|i)\.(.+)$").expect("a pattern")
        });
        match OPERATOR.captures(text) {
            None => Self { name: text.to_owned(), ..Self::default() },
            Some(found) => Self {
                name: found[3].to_owned(),
                is_category: found.get(1).is_none(),
                is_amount: found.get(1).is_some(),
                base: found.get(2).map(|base| base.as_str().to_owned()),
            },
        }
    }
}

/// Words before a command that belong to no analysis.
const QUIET: [&str; 6] = ["xi", "quietly", "qui", "noisily", "capture", "cap"];

/// The parts of a line in Stata's syntax, without the name of its command; `name` is what stands there.
pub(super) fn stata(name: &str, prefixes: Vec<String>, rest: &str) -> Option<Command> {
    let (rest, nested) = without_levels(rest)?;
    let (body, options) = match at_top(&rest, ',') {
        Some(at) => (&rest[..at], &rest[at + 1..]),
        None => (&rest[..], ""),
    };
    let mut command = Command {
        name: name.to_owned(),
        prefixes: prefixes.into_iter().filter(|p| !QUIET.contains(&p.as_str())).collect(),
        nested,
        options: options_of(options)?,
        ..Command::default()
    };
    let body = command.take_weight(body);
    let body = command.take_condition(&body);
    command.take_varlist(&body)?;
    Some(command)
}

/// The unit of a second level and its slope.
type Level = (String, Option<String>);

/// Takes `|| school: slope` off a line.
fn without_levels(rest: &str) -> Option<(String, Option<Level>)> {
    let mut levels = rest.split("||");
    let main = levels.next()?.to_owned();
    let Some(level) = levels.next() else { return Some((main, None)) };
    let (unit, slopes) = level.split_once(':')?;
    let (slope, options) = slopes.split_once(',').unwrap_or((slopes, ""));
    let slope = slope.trim();
    let joined = if options.trim().is_empty() { main } else { format!("{main}, {options}") };
    Some((joined, Some((unit.trim().to_owned(), (!slope.is_empty()).then(|| slope.to_owned())))))
}

/// Where a sign stands outside of all brackets and quotation marks.
pub(super) fn at_top(text: &str, sign: char) -> Option<usize> {
    let (mut depth, mut quoted) = (0_i32, None);
    text.char_indices().find_map(|(at, c)| {
        match (quoted, c) {
            (Some(open), _) if open == c => quoted = None,
            (Some(_), _) => return None,
            (None, '"' | '\'') => quoted = Some(c),
            (None, _) if c == sign && depth == 0 => return Some(at),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            _ => {}
        }
        None
    })
}

/// Splits a text at a sign outside of all brackets.
pub(super) fn split_top(text: &str, sign: char) -> Vec<&str> {
    let (mut parts, mut rest) = (Vec::new(), text);
    while let Some(at) = at_top(rest, sign) {
        parts.push(rest[..at].trim());
        rest = &rest[at + sign.len_utf8()..];
    }
    parts.push(rest.trim());
    parts
}

/// `robust absorb(firm year)` → names with what stands in their brackets.
fn options_of(text: &str) -> Option<Vec<(String, String)>> {
    static OPTION: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"^([A-Za-z_][A-Za-z0-9_]*)\s*(\()?").expect("a pattern"));
    let mut rest = text.trim_matches(|c: char| c.is_whitespace() || c == ',');
    let mut options = Vec::new();
    while !rest.is_empty() {
        let found = OPTION.captures(rest)?;
        let name = found[1].to_lowercase();
        let end = found[0].len();
        if found.get(2).is_none() {
            options.push((name, String::new()));
            rest = &rest[end..];
        } else {
            let close = end + at_top(&rest[end..], ')')?;
            options.push((name, rest[end..close].trim().to_owned()));
            rest = &rest[close + 1..];
        }
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == ',');
    }
    Some(options)
}

impl Command {
    /// Takes `[pweight = w]` off the text before the options.
    fn take_weight(&mut self, body: &str) -> String {
        static WEIGHT: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(r"\[ *([a-z]+) *= *([A-Za-z_][A-Za-z0-9_]*) *\]").expect("a pattern")
        });
        let Some(found) = WEIGHT.captures(body) else { return body.to_owned() };
        self.weight = Some((found[1].to_owned(), found[2].to_owned()));
        WEIGHT.replace(body, " ").into_owned()
    }

    /// Takes `if` and `in` off the text before the options.
    fn take_condition(&mut self, body: &str) -> String {
        static CONDITION: LazyLock<Regex> =
            LazyLock::new(|| Regex::new(r"^(.*?)(?:^|\s)(if|in)\s(.+)$").expect("a pattern"));
        let Some(found) = CONDITION.captures(body) else { return body.to_owned() };
        let rows = found[3].trim();
        match &found[2] {
            "if" => self.condition = Some(rows.to_owned()),
            _ => self.unread.push(format!("in {rows}")),
        }
        found[1].to_owned()
    }

    /// Reads the variables; none where the text is no list of them.
    fn take_varlist(&mut self, body: &str) -> Option<()> {
        let body = match body.find("==").map(|at| (at, 2)).or_else(|| at_top(body, '=').map(|at| (at, 1))) {
            Some((at, length)) if at_top(body, '(').is_none_or(|bracket| at < bracket) => {
                self.equal = Some(body[at + length..].trim().to_owned());
                &body[..at]
            }
            _ => body,
        };
        let mut rest = body.trim();
        while !rest.is_empty() {
            let end = if let Some(inside) = rest.strip_prefix('(') {
                let close = at_top(inside, ')')?;
                let (left, right) = inside[..close].split_once('=').unwrap_or((&inside[..close], ""));
                self.parts.push(Part::Group(terms(left), terms(right)));
                close + 2
            } else {
                let end = rest.find(|c: char| c.is_whitespace() || c == '(').unwrap_or(rest.len());
                self.parts.push(Part::Term(Term::of(&rest[..end])));
                end
            };
            rest = rest[end..].trim_start();
        }
        Some(())
    }
}

/// The terms of a list; what follows a comma are options of a model inside of brackets.
fn terms(text: &str) -> Vec<Term> {
    let list = text.split(',').next().unwrap_or_default();
    list.split_whitespace().map(Term::of).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_has_its_parts() {
        let line = stata(
            "reghdfe",
            vec!["qui".into()],
            "y c.x##i.g ib2.r if a > 1 & b < 2 [pw = w], absorb(f t) vce(cluster f)",
        );
        let command = line.expect("a command");
        assert_eq!(command.prefixes, Vec::<String>::new());
        assert_eq!(command.parts.len(), 3);
        let Part::Term(joined) = &command.parts[1] else { panic!("a term") };
        assert_eq!(
            joined.factors.iter().map(|f| (f.name.as_str(), f.is_category)).collect::<Vec<_>>(),
            [("x", false), ("g", true)]
        );
        let Part::Term(based) = &command.parts[2] else { panic!("a term") };
        assert_eq!(based.single().and_then(|f| f.base.as_deref()), Some("2"));
        assert_eq!(command.condition.as_deref(), Some("a > 1 & b < 2"));
        assert_eq!(command.weight, Some(("pw".to_owned(), "w".to_owned())));
        assert_eq!(command.option("absorb"), Some("f t"));
        assert_eq!(command.option("vce"), Some("cluster f"));
    }

    #[test]
    fn groups_levels_and_equations_are_parts() {
        let iv = stata("ivregress 2sls", Vec::new(), "y w (x = z1 z2), first").expect("a command");
        let groups: Vec<_> = iv.parts.iter().filter(|p| matches!(p, Part::Group(..))).collect();
        assert_eq!(groups, [&Part::Group(vec![Term::of("x")], vec![Term::of("z1"), Term::of("z2")])]);
        let mixed = stata("mixed", Vec::new(), "y x || school: x, reml").expect("a command");
        assert_eq!(mixed.nested, Some(("school".to_owned(), Some("x".to_owned()))));
        assert_eq!(mixed.option("reml"), Some(""));
        let pairs = stata("ttest", Vec::new(), "before == after").expect("a command");
        assert_eq!((pairs.parts.len(), pairs.equal.as_deref()), (1, Some("after")));
        assert_eq!(stata("reg", Vec::new(), "y x, absorb(f"), None, "a bracket stays open");
    }
}
