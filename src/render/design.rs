//! The design of an analysis as its plan binds it: outcome, variables of the question, controls, fixed effects.

use std::collections::HashMap;

use serde_json::Value;

use super::Source;
use crate::domain::template::TemplateMeta;

/// Roles whose variables the question asks about, in the order in which they are read.
const FOCAL: [&str; 4] = ["treatment_var", "focal_var", "endogenous_vars", "regressors"];

/// Columns by their role.
#[derive(Debug, Default)]
pub(super) struct Design {
    /// Commands that the analysis depends on, as its declaration names them.
    pub(super) commands: Vec<String>,
    /// The outcome.
    pub(super) outcome: Option<String>,
    /// The level of the outcome that the others are compared with.
    pub(super) base_outcome: Option<String>,
    /// Variables of the question.
    pub(super) focal: Vec<String>,
    /// Those among them that are a treatment.
    pub(super) treatments: Vec<String>,
    /// Variables that are held constant.
    pub(super) controls: Vec<String>,
    /// Groups whose effects are absorbed.
    pub(super) absorbed: Vec<String>,
    /// Time of a panel or series.
    pub(super) time: Option<String>,
    /// The groups of a comparison.
    pub(super) group: Option<String>,
    /// The time until an event.
    pub(super) duration: Option<String>,
    /// The event that a duration ends with.
    pub(super) failure: Option<String>,
    /// Derived variables that are a natural logarithm.
    pub(super) logarithms: Vec<String>,
    /// The period after the change of a difference in differences.
    pub(super) post: Option<String>,
    /// True where the marginal effects are those on a probability, as their declaration says.
    pub(super) on_probability: bool,
    /// Bound values by the names of their parameters.
    pub(super) values: std::collections::BTreeMap<String, Value>,
    /// Numeric companion → the column that it stands for.
    companions: HashMap<String, String>,
}

impl Design {
    /// Reads the roles from the declaration and the bound values.
    pub(super) fn of(source: &Source<'_>) -> Self {
        let by = |bind: &str| bound(source, bind);
        let mut absorbed = by("fixed_effects");
        if source.meta.is_some_and(is_within) {
            absorbed.extend(by("entity_var"));
        }
        let first = |bind: &str| by(bind).into_iter().next();
        let outcome = source.plan.contract.bound.get("outcome").and_then(Value::as_str).map(str::to_owned);
        Self {
            commands: source.meta.map(commands).unwrap_or_default(),
            outcome: first("outcome_var").or(outcome),
            base_outcome: None,
            focal: FOCAL.into_iter().flat_map(by).collect(),
            treatments: by("treatment_var"),
            controls: by("controls"),
            absorbed,
            time: first("time_var"),
            group: first("group_var"),
            duration: first("duration_var"),
            failure: first("failure_var"),
            logarithms: logarithms(source),
            post: first("post_var"),
            on_probability: source.meta.is_some_and(is_on_probability) || of_yes_no(source),
            values: source.plan.contract.bound.clone(),
            companions: source.labels.companions.clone(),
        }
    }

    /// The bound value of a parameter as text: a column, a choice or a number.
    pub(super) fn value(&self, parameter: &str) -> Option<String> {
        match self.values.get(parameter)? {
            Value::String(text) if !text.is_empty() => Some(text.clone()),
            Value::Number(x) => Some(x.to_string()),
            _ => None,
        }
    }

    /// True for a setting that the plan turns on.
    pub(super) fn is_on(&self, setting: &str) -> bool {
        self.values.get(setting) == Some(&Value::Bool(true))
    }

    /// The columns of a bound list, or the only one.
    pub(super) fn list(&self, parameter: &str) -> Vec<String> {
        match self.values.get(parameter) {
            Some(Value::Array(items)) => items.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
            _ => self.value(parameter).into_iter().collect(),
        }
    }

    /// True for a term that is made of controls alone.
    pub(super) fn is_control(&self, term: &str) -> bool {
        columns_of(term).all(|name| self.controls.iter().any(|c| c == self.own(name)))
    }

    /// True for a term with a variable of the question.
    pub(super) fn has_focal(&self, term: &str) -> bool {
        columns_of(term).any(|name| self.focal.iter().any(|c| c == self.own(name)))
    }

    /// True for a term of a variable of the question alone, without lags and interactions.
    pub(super) fn is_focal(&self, term: &str) -> bool {
        !term.contains('#') && columns_of(term).all(|name| self.focal.iter().any(|c| c == self.own(name)))
    }

    /// True for the term where treatment and period meet: the effect of a difference in differences.
    pub(super) fn is_both(&self, term: &str) -> bool {
        let has = |wanted: &String| columns_of(term).any(|name| self.own(name) == wanted);
        term.contains('#') && self.post.as_ref().is_some_and(has) && self.focal.iter().any(has)
    }

    /// True for the effect of one period, `2014.year`, unless time itself is a variable of the question.
    pub(super) fn is_period(&self, term: &str) -> bool {
        let Some((level, name)) = term.split_once('.') else { return false };
        let named = |names: &[String]| names.iter().any(|c| c == self.own(name));
        level.starts_with(|c: char| c.is_ascii_digit())
            && !term.contains('#')
            && self.time.as_deref() == Some(self.own(name))
            && !named(&self.focal)
            && !named(&self.controls)
    }

    /// True for an interaction, or a power, with a column of the other term.
    pub(super) fn is_joint(&self, term: &str, other: &str) -> bool {
        let has = |name: &str| columns_of(other).any(|own| self.own(own) == self.own(name));
        term.contains('#') && columns_of(term).any(has)
    }

    /// True for a term that is made of this column, alone or with others.
    pub(super) fn has_column(&self, term: &str, column: &str) -> bool {
        columns_of(term).any(|name| self.own(name) == column)
    }

    /// True for the effect of one level of this column alone, `2.sector`.
    pub(super) fn is_level(&self, term: &str, column: &str) -> bool {
        let of = |(level, name): (&str, &str)| {
            level.starts_with(|c: char| c.is_ascii_digit()) && self.own(name) == column
        };
        !term.contains('#') && term.split_once('.').is_some_and(of)
    }

    /// True for an analysis that depends on one of these commands.
    pub(super) fn uses(&self, commands: &[&str]) -> bool {
        self.commands.iter().any(|own| commands.contains(&own.as_str()))
    }

    /// True for a model whose coefficients are differences of the mean of its outcome because its link changes nothing.
    pub(super) fn has_identity_link(&self) -> bool {
        self.value("link").as_deref() == Some("identity")
    }

    /// True for a natural logarithm, false for a name that may be one, none for other columns.
    pub(super) fn logarithm(&self, name: &str) -> Option<bool> {
        if self.logarithms.iter().any(|x| x == name) {
            return Some(true);
        }
        let name = name.to_ascii_lowercase();
        (name.starts_with("log_") || name.starts_with("ln_")).then_some(false)
    }

    pub(super) fn own<'a>(&'a self, name: &'a str) -> &'a str {
        self.companions.get(name).map_or(name, String::as_str)
    }
}

fn commands(meta: &TemplateMeta) -> Vec<String> {
    meta.dependencies.iter().map(|d| d.pkg.clone()).collect()
}

/// Derived variables whose expression is a natural logarithm.
fn logarithms(source: &Source<'_>) -> Vec<String> {
    let derived = source.plan.derived_variables.iter();
    let is_logarithm = |text: &str| {
        let text: String = text.split_whitespace().collect();
        ["ln(", "log("].iter().any(|f| text.strip_prefix(f).is_some_and(closes_at_its_end))
    };
    derived.filter(|d| is_logarithm(&d.expression)).map(|d| d.name.clone()).collect()
}

/// True where the bracket that is open before the text is closed by its last character.
fn closes_at_its_end(text: &str) -> bool {
    let mut open = 1_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' => open += 1,
            ')' => open -= 1,
            _ => {}
        }
        if open == 0 {
            return at + 1 == text.len();
        }
    }
    false
}

/// True for an analysis that always estimates within units (`xtreg, fe`), so that the units' effects are in no table:
/// random effects report the variance of the units.
fn is_within(meta: &TemplateMeta) -> bool {
    meta.dependencies.iter().any(|d| d.pkg == "xtreg") && !meta.metrics.iter().any(|m| m == "sigma_u")
}

/// True for an analysis whose marginal effects are those on the probability of its outcome.
fn is_on_probability(meta: &TemplateMeta) -> bool {
    let margins = meta.outputs.iter().find(|o| o.file == "table_margins.csv");
    margins.is_some_and(|o| o.description == "Average marginal effects on the probability")
}

/// True where a family that the plan chose makes the marginal effects those on a probability.
fn of_yes_no(source: &Source<'_>) -> bool {
    source.plan.contract.bound.get("family").is_some_and(|family| family == "binomial")
}

/// Columns of a term: `2.sector#c.age` has `sector` and `age`.
fn columns_of(term: &str) -> impl Iterator<Item = &str> {
    term.split('#').map(|part| part.rsplit_once('.').map_or(part, |(_, name)| name))
}

/// Columns that the plan binds to a role, in the order of the declaration.
pub(super) fn bound(source: &Source<'_>, bind: &str) -> Vec<String> {
    let values = &source.plan.contract.bound;
    let parameters = source.meta.map(|m| m.parameters.iter()).into_iter().flatten();
    let named = parameters.filter(|p| p.bind == bind).filter_map(|p| values.get(&p.name));
    named.flat_map(texts).collect()
}

/// The texts of a bound value: one, or those of a list.
pub(super) fn texts(value: &Value) -> Vec<String> {
    match value {
        Value::String(text) if !text.is_empty() => vec![text.clone()],
        Value::Array(values) => values.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_analyses_within_units_are_those_whose_body_says_so() {
        let library = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("assets/stata_do_library");
        let mut found = 0;
        for file in
            std::fs::read_dir(library.join("do")).expect("the library").map(|f| f.expect("a file").path())
        {
            let id = file.file_stem().expect("a name").to_string_lossy().into_owned();
            let meta = std::fs::read(library.join(format!("meta/{id}.meta.json"))).expect("a declaration");
            let meta: TemplateMeta = serde_json::from_slice(&meta).expect("a declaration");
            let body = std::fs::read_to_string(&file).expect("a body");
            let effects: Vec<&str> = body
                .lines()
                .map(|line| line.trim_start().trim_start_matches("capture noisily "))
                .filter_map(|line| line.strip_prefix("xtreg ")?.split_once(", "))
                .map(|(_, options)| options.split(' ').next().unwrap_or_default())
                .collect();
            let within = !effects.is_empty() && effects.iter().all(|e| *e == "fe");
            assert_eq!(is_within(&meta), within, "{id}");
            found += usize::from(within);
        }
        assert!(found >= 4, "{found}");
    }

    #[test]
    fn terms_belong_to_the_role_of_their_columns() {
        let design = Design {
            focal: vec!["x".to_owned()],
            controls: vec!["age".to_owned(), "sector".to_owned()],
            time: Some("year".to_owned()),
            companions: HashMap::from([("ss_c_sector".to_owned(), "sector".to_owned())]),
            ..Design::default()
        };
        assert!(["age", "2.ss_c_sector", "c.age#c.age", "L.age"].iter().all(|t| design.is_control(t)));
        assert!(!["x", "c.x#c.age", "_cons"].iter().any(|t| design.is_control(t)));
        assert!(design.is_period("2014.year") && !design.is_period("year") && !design.is_period("2.x"));
        assert!(design.has_focal("c.x#c.age") && !design.has_focal("age"));
        assert!(design.is_focal("x") && !design.is_focal("c.x#c.age") && !design.is_focal("age"));
    }
}
