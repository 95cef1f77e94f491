//! Fits the columns of a question to the parameters of one template: those that the construction put elsewhere move
//! to where the template takes them, and the structure of the data fills what no word needs to name.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::asked_settings::Asked;
use super::columns::Named;
use super::periods::{PERIODS, is_within, period_in, year_in};
use super::said::names_value;
use super::structure::Structure;
use super::surveys::may_weigh;
use crate::domain::dataset::Column;
use crate::domain::draft::Statement;
use crate::domain::params::column_misfits;
use crate::domain::profile::is_binary;
use crate::domain::template::{ParameterType, TemplateMeta};
use crate::library::binding::takes;
use crate::library::missing_parameters::{MissingParameter, draft_gaps};

/// The columns of one question.
pub(super) struct Columns<'a> {
    pub(super) named: &'a [Named<'a>],
    pub(super) structure: &'a Structure,
    /// Columns that the question names, in its order, without those that it excludes.
    pub(super) asked: Vec<usize>,
    /// The words that name them.
    pub(super) words: Vec<&'a str>,
    pub(super) question: &'a str,
    /// The question as it was typed.
    pub(super) asked_as: &'a str,
    /// Column → texts of its values.
    pub(super) values: &'a BTreeMap<String, Vec<String>>,
    pub(super) columns: &'a [Column],
    pub(super) rows: u64,
}

/// Names of columns that number what the rows are about.
pub(super) const IDENTIFIERS: [&str; 4] = ["id", "nr", "编号", "序号"];

/// Names of factors that explain returns (Fama and French 1993, 2015; Carhart 1997).
const FACTORS: [&str; 9] = ["smb", "hml", "rmw", "cma", "umd", "mom", "wml", "size_factor", "value_factor"];

impl Named<'_> {
    /// True for returns of a share, fund or portfolio.
    pub(super) fn is_return(&self) -> bool {
        self.has("@return") && !self.is_market()
    }

    /// True for the return of the market.
    fn is_market(&self) -> bool {
        self.has("@market")
            || self.word(&[
                "mkt", "mktrf", "mkt_rf", "mktret", "mkt_ret", "rm", "rmrf", "rm_rf", "vwretd", "ewretd",
            ])
    }
}

/// Words of columns that hold a place from west to east and from south to north; the first ones are degrees.
pub(super) const DEGREES: [&[&str]; 2] =
    [&["lon", "lng", "long", "longitude", "经度", "jingdu"], &["lat", "latitude", "纬度", "weidu"]];
pub(super) const PLANE: [&[&str]; 2] =
    [&["x", "east", "easting", "xcoord", "横坐标"], &["y", "north", "northing", "ycoord", "纵坐标"]];

impl Columns<'_> {
    /// Returns the statement with every parameter that words or structure fill.
    pub(super) fn complete(&self, mut statement: Statement, meta: &TemplateMeta) -> Statement {
        for (role, names) in &mut statement.roles {
            let parameter = meta.parameters.iter().find(|p| p.bind == *role);
            let column = |name: &String| self.columns.iter().find(|c| c.name == *name);
            names.retain(|name| {
                parameter.zip(column(name)).is_some_and(|(p, c)| column_misfits(p, c).is_empty())
            });
        }
        statement.roles.retain(|role, columns| takes(meta, role) && !columns.is_empty());
        statement = self.filled(statement, meta);
        self.rest(meta, &mut statement);
        statement
    }

    /// Returns the statement with the parameters filled that a template needs.
    pub(super) fn filled(&self, mut statement: Statement, meta: &TemplateMeta) -> Statement {
        self.returns(meta, &mut statement);
        // twice: a column that is the only one left for a parameter is known after the others are filled
        for alone in [false, true] {
            for gap in draft_gaps(meta, &statement, self.columns) {
                self.fill(&gap, alone, meta, &mut statement);
            }
        }
        self.degrees(meta, &mut statement);
        self.set(statement, meta)
    }

    /// Returns the statement with the settings that the question gives.
    pub(super) fn set(&self, mut statement: Statement, meta: &TemplateMeta) -> Statement {
        let given = Asked::of(self.asked_as, self.columns).settings(&statement, meta);
        statement.parameters.extend(given);
        statement
    }

    /// Degrees of longitude and latitude are no plane.
    fn degrees(&self, meta: &TemplateMeta, statement: &mut Statement) {
        let x = statement.parameters.get("x_coord").and_then(Value::as_str);
        let is_degree = |c: &Named<'_>| Some(c.name()) == x && c.word(DEGREES[0]);
        if meta.parameters.iter().any(|p| p.name == "coordinates") && self.named.iter().any(is_degree) {
            statement.parameters.insert("coordinates".to_owned(), json!("latlong"));
        }
    }

    /// Analyses of finance explain the returns, whatever else the question names.
    fn returns(&self, meta: &TemplateMeta, statement: &mut Statement) {
        let returns = self.named.iter().find(|c| c.is_return());
        let finance = meta.id.as_str().starts_with("finance.") && takes(meta, "outcome_var");
        if let Some(column) = returns.filter(|_| finance) {
            statement.roles.values_mut().for_each(|names| names.retain(|name| name != column.name()));
            statement.roles.insert("outcome_var".to_owned(), vec![column.name().to_owned()]);
        }
        if finance && meta.parameters.iter().any(|p| p.name == "factors" && p.required) {
            self.factors(statement);
        }
    }

    /// The factors of a model of returns, the market first: all of them where the question speaks of factors, and the market
    /// where it names none.
    fn factors(&self, statement: &mut Statement) {
        let several = ["factor", "fama", "因子"].iter().any(|word| self.question.contains(word));
        let own = statement.roles.entry("regressors".to_owned()).or_default();
        if !own.is_empty() && !several {
            return;
        }
        let market = self.named.iter().filter(|c| c.is_market());
        let others = self.named.iter().filter(|c| several && c.word(&FACTORS) && !c.is_market());
        for name in market.chain(others).map(Named::name) {
            if !own.iter().any(|known| known == name) {
                own.push(name.to_owned());
            }
        }
        own.sort_by_key(|name| !self.named.iter().any(|c| c.name() == name && c.is_market()));
        statement.roles.retain(|_, names| !names.is_empty());
    }

    fn fill(&self, gap: &MissingParameter, alone: bool, meta: &TemplateMeta, statement: &mut Statement) {
        let Some(parameter) = meta.parameters.iter().find(|p| p.name == gap.parameter) else { return };
        match parameter.kind {
            ParameterType::Varname | ParameterType::Varlist => {}
            ParameterType::Number | ParameterType::Int => {
                let value = self.number_of(&gap.parameter, statement);
                statement.parameters.extend(value.map(|value| (gap.parameter.clone(), value)));
                return;
            }
            ParameterType::Text if gap.parameter == "treated_unit" => {
                let unit = self.named_unit(statement).map(|unit| (gap.parameter.clone(), json!(unit)));
                statement.parameters.extend(unit);
                return;
            }
            ParameterType::Enum => {
                let words: Vec<&str> = self.question.split(|c: char| !c.is_alphanumeric()).collect();
                let mut said = gap.candidates.iter().filter(|value| words.contains(&value.as_str()));
                if let (Some(value), None) = (said.next(), said.next()) {
                    statement.parameters.insert(gap.parameter.clone(), json!(value));
                }
                return;
            }
            _ => return,
        }
        let used: BTreeSet<&str> = used(statement);
        let free = |c: &usize| {
            let name = self.named[*c].name();
            !used.contains(name) && gap.candidates.iter().any(|fits| fits == name)
        };
        let list = parameter.kind == ParameterType::Varlist;
        let found: Vec<usize> = match self.by_structure(&gap.field) {
            Some(one) => one.into_iter().filter(free).collect(),
            None => {
                let mut pool: Vec<usize> = self.asked.iter().copied().filter(free).collect();
                pool.retain(|c| self.suits(*c, &gap.field));
                if gap.field == "outcome_var" && !list {
                    pool.sort_by(|a, b| self.named[*b].outcome().total_cmp(&self.named[*a].outcome()));
                }
                if !list {
                    pool.truncate(1);
                }
                pool
            }
        };
        // a column that words name as the cause and that does not fit is not replaced by one that fits by its kind
        let explains =
            ["treatment_var", "mediator_var", "focal_var", "endogenous_vars"].contains(&gap.field.as_str());
        let left_out = explains && self.asked.iter().any(|c| !used.contains(self.named[*c].name()));
        let found = if found.is_empty() && alone && !list && !left_out {
            let mut fits = (0..self.named.len()).filter(free).filter(|c| self.suits(*c, &gap.field));
            fits.next().filter(|_| fits.next().is_none()).into_iter().collect()
        } else {
            found
        };
        if found.is_empty() {
            return;
        }
        let names: Vec<String> = found.iter().map(|c| self.named[*c].name().to_owned()).collect();
        if gap.is_role {
            statement.roles.insert(gap.field.clone(), names);
        } else if list {
            statement.parameters.insert(gap.parameter.clone(), json!(names));
        } else {
            statement.parameters.insert(gap.parameter.clone(), json!(names[0]));
        }
    }

    /// The column that a role has by the structure of the data alone; `None` for roles that words name.
    fn by_structure(&self, role: &str) -> Option<Option<usize>> {
        let s = self.structure;
        let find = |test: &dyn Fn(&Named<'_>) -> bool| self.named.iter().position(test);
        Some(match role {
            "entity_var" => s.entity,
            "time_var" => s.time,
            "duration_var" => s.duration,
            "failure_var" => s.event,
            "adopt_time_var" => s.start,
            "post_var" => find(&|c| is_binary(c.column) && c.is_after()),
            "weight_var" => {
                find(&|c| c.word(&["weight", "wt", "pweight", "weights", "权重"]) && may_weigh(c))
            }
            "strata_var" => find(&|c| c.word(&["stratum", "strata", "set_id", "set", "pair", "层"])),
            "x_coord" => find(&|c| c.word(DEGREES[0])).or_else(|| find(&|c| c.word(PLANE[0]))),
            "y_coord" => find(&|c| c.word(DEGREES[1])).or_else(|| find(&|c| c.word(PLANE[1]))),
            "treatment_var" => {
                let named = self.asked.iter().copied().find(|c| is_binary(self.named[*c].column));
                let by_words =
                    |c: &Named<'_>| is_binary(c.column) && (c.has("@treatment") || c.has("@programme"));
                named.filter(|c| by_words(&self.named[*c])).or_else(|| find(&by_words)).or(named)
            }
            _ => return None,
        })
    }

    /// True where a column may have a role that takes one column.
    fn suits(&self, column: usize, role: &str) -> bool {
        let c = &self.named[column];
        let is_place = Some(column) == self.structure.time || c.is_unit(self.rows);
        match role {
            "group_var" | "row_var" | "col_var" | "moderator_var" => c.is_group(),
            "cluster_var" | "fixed_effects" | "key_vars" => true,
            "outcome_var" => !is_place && !c.word(&IDENTIFIERS),
            _ => !is_place,
        }
    }

    fn is_group(&self, name: &str) -> bool {
        self.named.iter().any(|c| c.name() == name && c.is_group())
    }

    /// Puts the columns that are left where a template takes further ones.
    fn rest(&self, meta: &TemplateMeta, statement: &mut Statement) {
        let left: Vec<String> = {
            let used = used(statement);
            let of_rows = |c: &usize| self.suits(*c, "") && !used.contains(self.named[*c].name());
            self.asked.iter().copied().filter(of_rows).map(|c| self.named[c].name().to_owned()).collect()
        };
        if left.is_empty() {
            return;
        }
        let groups: Vec<&String> = left.iter().filter(|name| self.is_group(name)).collect();
        if let ([group], true) = (&groups[..], takes(meta, "group_var") && !takes(meta, "regressors"))
            && !statement.roles.contains_key("group_var")
        {
            statement.roles.insert("group_var".to_owned(), vec![(*group).clone()]);
            return;
        }
        let lists = ["regressors", "item_vars"];
        if let Some(role) = lists.into_iter().find(|role| takes(meta, role)) {
            statement.roles.entry(role.to_owned()).or_default().extend(left);
        }
    }

    /// The number that a question has for a parameter: a threshold, or a period of the time variable.
    fn number_of(&self, parameter: &str, statement: &Statement) -> Option<Value> {
        let thresholds = ["cutoff", "null_value", "margin"];
        if thresholds.contains(&parameter) {
            return self.only_number();
        }
        if !PERIODS.contains(&parameter) {
            return None;
        }
        let name = statement.roles.get("time_var").and_then(|names| names.first());
        let time = self.columns.iter().find(|c| Some(&c.name) == name);
        let period =
            time.and_then(|time| period_in(self.asked_as, time).or_else(|| year_in(self.asked_as, time)));
        let period = period.map(|period| json!(period));
        // a year is no month of a series of months
        let fits = |value: &Value| {
            time.is_none_or(|time| value.as_f64().is_some_and(|number| is_within(number, time)))
        };
        period.or_else(|| self.only_number().filter(fits))
    }

    /// The unit of a panel that a question names by its value.
    fn named_unit(&self, statement: &Statement) -> Option<String> {
        let entity = statement.roles.get("entity_var")?.first()?;
        let question = self.asked_as.to_lowercase();
        let mut said = self.values.get(entity)?.iter().filter(|unit| names_value(&question, unit));
        said.next().filter(|_| said.next().is_none()).cloned()
    }

    /// The number of a question that has just one.
    fn only_number(&self) -> Option<Value> {
        static NUMBER: LazyLock<Regex> = LazyLock::new(|| {
            Regex::new(
                r"(?:^|[^A-Za-z0-9_.-])(-?[0-9]+(?:\.[0-9]+)?)(?:$|[^\w.%]|[分元岁点以或及]|\.(?:$|\s))",
            )
            .expect("a pattern")
        });
        let mut found = NUMBER.captures_iter(self.question).map(|c| c[1].to_owned());
        let first = found.next()?;
        found.next().is_none().then(|| first.parse::<f64>().ok()).flatten().map(|n| json!(n))
    }
}

/// The columns that a statement has in roles and parameters.
pub(super) fn used(statement: &Statement) -> BTreeSet<&str> {
    let roles: &BTreeMap<String, Vec<String>> = &statement.roles;
    let roles = roles.values().flatten().map(String::as_str);
    let parameters = statement.parameters.values().flat_map(|value| match value {
        Value::Array(list) => list.iter().filter_map(Value::as_str).collect(),
        other => other.as_str().into_iter().collect::<Vec<_>>(),
    });
    roles.chain(parameters).collect()
}
