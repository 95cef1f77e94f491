//! Absorbed sets, clusters and degrees of freedom as the options of `reghdfe` and its relatives state them.

use crate::error::{Result, StataError};
use crate::estimation::model::{VceSpec, number_groups};
use crate::session::Session;
use crate::syntax::options::Options;
use estimators::absorb_fit::{self, Adjustments};
use estimators::panel::Units;

/// Variables of an absorbed set or of clusters, with the name as it is shown.
pub(super) struct Grouping {
    pub(super) name: String,
    pub(super) variables: Vec<usize>,
}

/// Slopes of variables that differ between the groups of an absorbed set.
pub(super) struct SlopeVariable {
    pub(super) name: String,
    pub(super) variable: usize,
}

/// One item of `absorb()`: `newvar=` and groups, their intercepts, or slopes, or both.
pub(super) struct Absorbed {
    pub(super) groups: Grouping,
    pub(super) intercepts: bool,
    pub(super) slopes: Vec<SlopeVariable>,
    /// The variable that gets the estimated effects.
    pub(super) saved: Option<String>,
}

/// Reads `absorb(id fe=year a#b i.id#c.t id##c.(t x), savefe)`.
pub(super) fn absorbed(s: &Session, text: &str) -> Result<Vec<Absorbed>> {
    let (list, save_all) = match text.split_once(',') {
        None => (text, false),
        Some((list, "")) => (list, false),
        Some((list, option)) if option.trim() == "savefe" => (list, true),
        Some((_, option)) => {
            return Err(StataError::unsupported_option("reghdfe", &format!("absorb(, {})", option.trim())));
        }
    };
    let mut out: Vec<Absorbed> = Vec::new();
    for item in items(list) {
        let (saved, effects) = match item.split_once('=') {
            Some((name, rest)) => (Some(name.to_string()), rest),
            None => (None, item.as_str()),
        };
        let from = out.len();
        if effects.contains("c.") {
            out.push(with_slopes(s, effects)?);
        } else {
            let plain = effects.replace("##", "#");
            let sets = groupings(s, &plain, "reghdfe", "absorb")?;
            out.extend(sets.into_iter().map(|groups| Absorbed {
                groups,
                intercepts: true,
                slopes: Vec::new(),
                saved: None,
            }));
        }
        if let Some(name) = saved {
            if out.len() != from + 1 {
                return Err(StataError::invalid("absorb(): one variable is saved for one set of effects"));
            }
            out[from].saved = Some(name);
        }
    }
    for (k, one) in out.iter_mut().enumerate().filter(|_| save_all) {
        one.saved.get_or_insert_with(|| format!("__hdfe{}__", k + 1));
    }
    Ok(out)
}

/// All variables of the sets and of their slopes.
pub(super) fn variables(items: &[Absorbed]) -> impl Iterator<Item = usize> + '_ {
    items.iter().flat_map(|item| {
        item.groups.variables.iter().copied().chain(item.slopes.iter().map(|slope| slope.variable))
    })
}

/// Positions among `rows` that are alone in a group, with the note that they leave the sample.
pub(super) fn singletons(s: &mut Session, items: &[Absorbed], rows: &[usize]) -> Vec<usize> {
    let all: Vec<Units> = items.iter().map(|item| units(s, &item.groups, rows)).collect();
    let alone = absorb_fit::singletons(&all);
    if !alone.is_empty() {
        let many = if alone.len() == 1 { "" } else { "s" };
        s.print(format!("(dropped {} singleton observation{many})", alone.len()));
    }
    alone
}

/// Splits at spaces outside of parentheses; spaces around `=` belong to the item.
fn items(list: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let (mut depth, mut open) = (0_usize, false);
    for c in list.chars() {
        match c {
            ' ' | '\t' if depth == 0 => open = open && out.last().is_some_and(|item| item.ends_with('=')),
            _ => {
                depth = match c {
                    '(' => depth + 1,
                    ')' => depth.saturating_sub(1),
                    _ => depth,
                };
                if !open && c != '=' || out.is_empty() {
                    out.push(String::new());
                }
                open = true;
                out.last_mut().expect("an item was begun").push(c);
            }
        }
    }
    out
}

/// Reads `i.id#c.t`, `id##c.t`, `a#b##c.(t x)`.
fn with_slopes(s: &Session, item: &str) -> Result<Absorbed> {
    let intercepts = item.contains("##");
    let (mut factors, mut slopes) = (Vec::new(), Vec::new());
    for part in item.split('#').filter(|p| !p.is_empty()) {
        match part.strip_prefix("c.") {
            None => factors.push(part),
            Some(list) => {
                let list = list.strip_prefix('(').and_then(|l| l.strip_suffix(')')).unwrap_or(list);
                for word in list.split_whitespace() {
                    for variable in s.varlist(word.strip_prefix("c.").unwrap_or(word))? {
                        slopes.push(SlopeVariable { name: s.frame.var(variable).name.clone(), variable });
                    }
                }
            }
        }
    }
    if factors.is_empty() {
        return Err(StataError::invalid(format!("absorb({item}): slopes need groups, as in i.id#c.x")));
    }
    let mut sets = groupings(s, &factors.join("#"), "reghdfe", "absorb")?;
    match (sets.pop(), sets.is_empty()) {
        (Some(groups), true) => Ok(Absorbed { groups, intercepts, slopes, saved: None }),
        _ => Err(StataError::invalid(format!("absorb({item}): slopes need one set of groups"))),
    }
}

/// Reads `dofadjustments()`.
pub(super) fn adjustments(text: Option<&str>) -> Result<Adjustments> {
    let none = Adjustments { pairwise: false, first_pair: false, clusters: false, continuous: false };
    let Some(text) = text else { return Ok(Adjustments::ALL) };
    let mut out = none;
    for word in text.split_whitespace() {
        match word {
            "all" => out = Adjustments::ALL,
            "none" => out = none,
            "pairwise" => out.pairwise = true,
            "firstpair" => out.first_pair = true,
            "clusters" | "cluster" => out.clusters = true,
            "continuous" => out.continuous = true,
            _ => return Err(StataError::unsupported_option("reghdfe", &format!("dofadjustments({word})"))),
        }
    }
    Ok(out)
}

/// Reads `i.a b a#b`: every item is one grouping. `command` and `what` name the option where an item is refused.
pub(super) fn groupings(s: &Session, text: &str, command: &str, what: &str) -> Result<Vec<Grouping>> {
    let refuse = |item: &str| StataError::unsupported_option(command, &format!("{what}({item})"));
    if let Some(i) = text.find(',') {
        return Err(refuse(text[i..].trim()));
    }
    let mut out: Vec<Grouping> = Vec::new();
    for item in text.split_whitespace() {
        if item.contains('=') || item.contains("##") || item.starts_with("c.") || item.contains("#c.") {
            return Err(refuse(item));
        }
        if item.contains('#') {
            let parts = item.split('#').map(|p| s.variable(p.trim_start_matches("i.")));
            let variables = parts.collect::<Result<Vec<_>>>()?;
            let name = |v: &usize| s.frame.var(*v).name.clone();
            out.push(Grouping { name: variables.iter().map(name).collect::<Vec<_>>().join("#"), variables });
            continue;
        }
        for variable in s.varlist(item.trim_start_matches("i."))? {
            out.push(Grouping { name: s.frame.var(variable).name.clone(), variables: vec![variable] });
        }
    }
    Ok(out)
}

pub(super) fn units(s: &Session, grouping: &Grouping, rows: &[usize]) -> Units {
    let own: Vec<Units> =
        grouping.variables.iter().map(|v| Units::new(number_groups(&s.frame, *v, rows).0)).collect();
    absorb_fit::intersection(&own.iter().collect::<Vec<_>>())
}

/// The covariance and its cluster variables.
pub(super) fn covariance(s: &Session, options: &Options, command: &str) -> Result<(VceSpec, Vec<Grouping>)> {
    let mut clusters = options.text("cluster").map(str::to_string);
    let mut robust = options.has("robust");
    if let Some(text) = options.text("vce") {
        let (kind, rest) = text.trim().split_once(char::is_whitespace).unwrap_or((text.trim(), ""));
        match kind {
            _ if kind.len() >= 2 && "cluster".starts_with(kind) => clusters = Some(rest.to_string()),
            _ if rest.is_empty() && !kind.is_empty() && "robust".starts_with(kind) => robust = true,
            _ if rest.is_empty() && kind.len() >= 2 && ("unadjusted".starts_with(kind) || kind == "ols") => {}
            _ => return Err(StataError::unsupported_option(command, &format!("vce({text})"))),
        }
    }
    match clusters {
        Some(text) if text.trim().is_empty() => Err(StataError::invalid("invalid vce() option")),
        Some(text) => Ok((VceSpec::Robust, groupings(s, &text, command, "cluster")?)),
        None => Ok((if robust { VceSpec::Robust } else { VceSpec::Default }, Vec::new())),
    }
}
