//! Settings of an analysis that a question gives in words or numbers: which quantiles, the power and the difference of a sample
//! size, the number of clusters, how far a forecast goes. A template without the setting leaves it out.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Map, Value, json};

use super::asked_numbers::{NUMBER, UNIT, days_of, listed, percentiles, times, value_of};
use crate::domain::dataset::{Column, InferredType};
use crate::domain::draft::Statement;
use crate::domain::profile::is_binary;
use crate::domain::template::{Parameter, ParameterType, TemplateMeta};

/// Patterns of which the first that fits counts.
type Patterns<const N: usize> = LazyLock<[Regex; N]>;

fn compiled<const N: usize>(patterns: [&str; N]) -> [Regex; N] {
    patterns.map(|pattern| {
        let whole = pattern.replace("{number}", NUMBER).replace("{unit}", UNIT);
        Regex::new(&whole.replace(r"\b", r"(?-u:\b)")).expect("a pattern")
    })
}

/// Words that name a choice.
static SPEARMAN: Patterns<1> =
    LazyLock::new(|| compiled([r"\bspearman|rank(?:ed|[- ]order)? correlation|斯皮尔曼|等级相关|秩相关"]));
static NEGATIVE_BINOMIAL: Patterns<1> =
    LazyLock::new(|| compiled([r"negative[- ]binomial|\bnbreg\b|\bzinb\b|负二项"]));
static POISSON: Patterns<1> = LazyLock::new(|| compiled([r"\bpoisson\b|泊松"]));
static RELATIVE_RISK: Patterns<1> = LazyLock::new(|| {
    compiled([r"\brelative risks?\b|\brisk ratios?\b|\brr\b|相对危险|相对风险|危险比|风险比"])
});
static CASE_CONTROL: Patterns<1> = LazyLock::new(|| compiled([r"case[- ]control|病例[- ]?对照"]));
static MEDIAN: Patterns<1> = LazyLock::new(|| compiled([r"\bmedian\b|中位数"]));

/// A number before or behind the word for it.
static POWER: Patterns<2> = LazyLock::new(|| {
    compiled([
        r"([0-9]+(?:\.[0-9]+)?|0?\.[0-9]+) ?(?:%|percent|per cent)?(?: statistical)? power\b",
        r"(?:\bpower|把握度|检验效能|统计效能|效能|功效|检验力)(?: of| at|=|:|：|为|是|达到?|取| )*([0-9]*\.[0-9]+|[0-9]+)",
    ])
});
static ALPHA: Patterns<2> = LazyLock::new(|| {
    compiled([
        r"([0-9]+(?:\.[0-9]+)?|0?\.[0-9]+) ?(?:%|percent|per cent) (?:significance|level of significance|alpha|level\b)",
        r"(?:\balpha|α|significance(?: level)?|level of significance|显著性(?:水平)?|检验水准)(?: of| at|=|:|：|为|是|取| )*([0-9]*\.[0-9]+|[0-9]+)",
    ])
});
static DROPOUT: Patterns<2> = LazyLock::new(|| {
    compiled([
        r"([0-9]+(?:\.[0-9]+)?|0?\.[0-9]+) ?(?:%|percent|per cent) (?:drop-?out|attrition|loss to follow|lost to follow)",
        r"(?:\bdrop-?out(?: rate)?|\battrition(?: rate)?|失访率?|脱落率?)(?: of|=|:|：|为|是|约| )*([0-9]*\.[0-9]+|[0-9]+)",
    ])
});
static ICC: Patterns<2> = LazyLock::new(|| {
    compiled([
        r"\bicc(?: of|=|:|：|为| )*([0-9]*\.[0-9]+|[0-9]+)",
        r"(?:intra-?(?:class|cluster) correlation|组内相关(?:系数)?)(?: of|=|:|：|为| )*([0-9]*\.[0-9]+|[0-9]+)",
    ])
});
static DIFFERENCES: Patterns<4> = LazyLock::new(|| {
    compiled([
        r"\b(?:differences?|effects?|change|reduction|increase|decrease|improvement|drop|rise)(?: in [^0-9.?]{1,40}?)?(?: of| by|:| =)+(?: at least| about| only)? ?([0-9]+(?:\.[0-9]+)?|0?\.[0-9]+)",
        r"\b(?:detect|find|show|see|demonstrate|with|for) (?:an? |the )?([0-9]+(?:\.[0-9]+)?|0?\.[0-9]+)(?:[ -](?:percentage |mm ?)?(?:[a-z/%]+))? ?(?:differences?|change|reduction|increase|decrease|improvement|effect|drop|rise)\b",
        r"(?:差异|差值|差别|相差|相差了|差|提高|降低|下降|减少|增加)(?:为|是|达到?|约|至少|：|:| )*([0-9]+(?:\.[0-9]+)?)",
        r"([0-9]+(?:\.[0-9]+)?) ?(?:mmhg|[a-z/]+|个?百分点|个?单位|分|点|毫米汞柱|元|天|%)? ?的?(?:差异|差值|差别)",
    ])
});
static LEVEL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"([0-9]{2}(?:\.[0-9]+)?) ?(?:%|percent|per cent)(?: ?的)? ?(?:confidence|credible|ci\b|cis\b|置信|可信)")
        .expect("a pattern")
});
static CLUSTERS: Patterns<3> = LazyLock::new(|| {
    compiled([
        r"\bk ?= ?([0-9]+)",
        r"({number})[ -](?:[a-z]+ )?(?:clusters|groups|segments|classes|types|kinds|profiles)\b",
        r"({number})(?:个|种)?(?:类|组|群|簇|聚类)",
    ])
});
static HORIZONS: Patterns<5> = LazyLock::new(|| {
    compiled([
        r"\b(?:next|coming|following|upcoming|another|further) ({number})[ -](?:[a-z]+ )?({unit})\b",
        r"({number})[ -]({unit})(?:[ -](?:ahead|horizon|forecast|out|into the future)|s? of (?:forecasts?|predictions?))",
        r"\b(?:horizon|forecast|predict|project)\w*\b[^.?!0-9]{0,40}?(?:of|for|over|is|:|=|by) ?({number})(?:[ -]({unit})\b)?",
        r"(?:未来|接下来|今后|之后|往后|后续|向前)的?({number})(?:个)?({unit})?",
        r"(?:\b(?:next|coming|following)()? ?|(?:明|下一?)(?:个)?)(days?|weeks?|months?|quarters?|years?|天|周|月|季度|年)",
    ])
});

/// The orders of a model of a series, and lags.
static ORDERS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?:arima|sarima) ?\( ?([0-9]+) ?[,，] ?([0-9]+) ?[,，] ?([0-9]+) ?\)").expect("a pattern")
});
static GARCH: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"garch ?\( ?([0-9]+) ?[,，] ?([0-9]+) ?\)").expect("a pattern"));
static LAGS: Patterns<3> = LazyLock::new(|| {
    compiled([
        r"\bvar ?\( ?([0-9]+) ?\)",
        r"\b({number}) lags?\b|\blags?(?: of|=|:| )+([0-9]+)",
        r"滞后(?:阶数|期数)?(?:为|取|是)?([0-9]+)(?:期|阶)?",
    ])
});

/// Largest share that a power, a level of significance or a dropout may be written as; larger numbers are percentages.
const SHARE: f64 = 1.0;

/// What settings are read from.
pub(super) struct Asked<'a> {
    /// The question in small letters.
    pub(super) text: String,
    pub(super) columns: &'a [Column],
}

impl<'a> Asked<'a> {
    pub(super) fn of(question: &str, columns: &'a [Column]) -> Self {
        Self { text: question.to_lowercase(), columns }
    }

    fn says(&self, [name]: &[Regex; 1]) -> bool {
        name.is_match(&self.text)
    }

    /// The settings of a template that the question gives.
    pub(super) fn settings(&self, statement: &Statement, meta: &TemplateMeta) -> Map<String, Value> {
        let free = |parameter: &&Parameter| !statement.parameters.contains_key(&parameter.name);
        let given = |parameter: &Parameter| {
            let value = self.value(parameter, statement)?;
            is_within(parameter, &value).then(|| (parameter.name.clone(), value))
        };
        meta.parameters.iter().filter(free).filter_map(given).collect()
    }

    fn value(&self, parameter: &Parameter, statement: &Statement) -> Option<Value> {
        let has = |value: &str| parameter.values.iter().flatten().any(|v| v == value);
        match (parameter.kind, parameter.name.as_str()) {
            (ParameterType::Enum, _) => self.choice(parameter, &has),
            (ParameterType::Text, "quantiles") => self.quantiles(),
            (ParameterType::Text, "points") => listed(percentiles(&self.text)).map(Value::from),
            (ParameterType::Text, "times") => self.times(statement),
            (ParameterType::Number, "limit") => self.limit(statement),
            (ParameterType::Number, "level") => self.level(),
            (ParameterType::Int, "horizon") => self.horizon(statement),
            (ParameterType::Int, "k") => self.clusters(),
            (ParameterType::Int, "p") => self.order(&ORDERS, 1),
            (ParameterType::Int, "d") => self.order(&ORDERS, 2),
            (ParameterType::Int, "q") => self.order(&ORDERS, 3),
            (ParameterType::Int, "arch") => self.order(&GARCH, 2),
            (ParameterType::Int, "garch") => self.order(&GARCH, 1),
            (ParameterType::Int, "lags") => self.lags(),
            (ParameterType::Number, "power") => self.share(&POWER),
            (ParameterType::Number, "alpha") => self.share(&ALPHA),
            (ParameterType::Number, "dropout") => self.share(&DROPOUT),
            (ParameterType::Number, "icc") => self.share(&ICC),
            (ParameterType::Number, "difference") => self.difference(statement),
            (ParameterType::Boolean, "irr") => self.says(&RELATIVE_RISK).then(|| json!(true)),
            _ => None,
        }
    }

    /// A choice whose name the field has in words.
    fn choice(&self, parameter: &Parameter, has: &dyn Fn(&str) -> bool) -> Option<Value> {
        let value = match parameter.name.as_str() {
            "method" if has("spearman") && self.says(&SPEARMAN) => "spearman",
            "models" if has("nbreg") && self.says(&NEGATIVE_BINOMIAL) => "nbreg",
            "models" if has("poisson") && (self.says(&POISSON) || self.says(&RELATIVE_RISK)) => "poisson",
            "model" if has("zinb") && self.says(&NEGATIVE_BINOMIAL) => "zinb",
            "design" if has("case_control") && self.says(&CASE_CONTROL) => "case_control",
            "design" if has("cohort") && self.says(&RELATIVE_RISK) => "cohort",
            _ => return None,
        };
        Some(json!(value))
    }

    /// The quantiles of a regression as shares; the median where it alone is named.
    fn quantiles(&self) -> Option<Value> {
        let shares: Vec<f64> = percentiles(&self.text).iter().map(|p| (p * 1e6).round() / 1e8).collect();
        let median = || self.says(&MEDIAN).then(|| "0.5".to_owned());
        listed(shares).or_else(median).map(Value::from)
    }

    /// A number after a word, as a share.
    fn share(&self, patterns: &[Regex; 2]) -> Option<Value> {
        let found = patterns.iter().find_map(|pattern| pattern.captures(&self.text))?;
        let number: f64 = found[1].parse().ok()?;
        Some(json!(if number >= SHARE { rounded(number / 100.0) } else { number }))
    }

    /// The level of intervals, in percent.
    fn level(&self) -> Option<Value> {
        let found = LEVEL.captures(&self.text)?;
        found[1].parse::<f64>().ok().map(Value::from)
    }

    /// The difference that a sample is to find; percentage points of a yes or no are shares.
    fn difference(&self, statement: &Statement) -> Option<Value> {
        let found = DIFFERENCES.iter().find_map(|pattern| pattern.captures(&self.text))?;
        let number: f64 = found.get(1).or_else(|| found.get(2))?.as_str().parse().ok()?;
        let outcome = self.column_of(statement, "outcome_var");
        let of_shares = outcome.is_some_and(is_binary) && number >= SHARE;
        Some(json!(if of_shares { rounded(number / 100.0) } else { number }))
    }

    /// A number of `arima(1,1,0)`; of garch(p, q) the first is that of the variances (Bollerslev 1986).
    fn order(&self, pattern: &Regex, place: usize) -> Option<Value> {
        pattern.captures(&self.text)?[place].parse::<i64>().ok().map(Value::from)
    }

    fn lags(&self) -> Option<Value> {
        let found = LAGS.iter().find_map(|pattern| pattern.captures(&self.text))?;
        let number = found.get(1).or_else(|| found.get(2)).and_then(|n| value_of(n.as_str()))?;
        (number.fract() == 0.0).then(|| json!(number as i64))
    }

    fn clusters(&self) -> Option<Value> {
        let found = CLUSTERS.iter().find_map(|pattern| pattern.captures(&self.text))?;
        let number = value_of(&found[1])?;
        (number.fract() == 0.0).then(|| json!(number as i64))
    }

    /// How many periods a forecast goes: "the next 12 months" of a monthly series are 12, of a quarterly one 4.
    fn horizon(&self, statement: &Statement) -> Option<Value> {
        let found = HORIZONS.iter().find_map(|pattern| pattern.captures(&self.text))?;
        let number = found.get(1).filter(|n| !n.is_empty()).map_or(Some(1.0), |n| value_of(n.as_str()))?;
        let step = step_of(self.column_of(statement, "time_var")?);
        let unit = found.get(2).and_then(|unit| days_of(unit.as_str()));
        let periods = match (unit, step) {
            (Some(unit), Some(step)) => (number * unit / step).round(),
            _ => number,
        };
        Some(json!(periods as i64))
    }

    /// The end of the time that is compared, in the unit of the follow-up.
    fn limit(&self, statement: &Statement) -> Option<Value> {
        match &self.in_unit_of_follow_up(statement)?[..] {
            [only] => Some(json!(only)),
            _ => None,
        }
    }

    fn times(&self, statement: &Statement) -> Option<Value> {
        listed(self.in_unit_of_follow_up(statement)?).map(Value::from)
    }

    fn in_unit_of_follow_up(&self, statement: &Statement) -> Option<Vec<f64>> {
        let (numbers, unit) = times(&self.text)?;
        let asked = days_of(&unit)?;
        let own = unit_of(self.column_of(statement, "duration_var")?).unwrap_or(asked);
        Some(numbers.into_iter().map(|number| rounded(number * asked / own)).collect())
    }

    fn column_of(&self, statement: &Statement, role: &str) -> Option<&'a Column> {
        let name = statement.roles.get(role)?.first()?;
        self.columns.iter().find(|column| column.name == *name)
    }
}

/// True for a value that the parameter allows.
fn is_within(parameter: &Parameter, value: &Value) -> bool {
    value.as_f64().is_none_or(|number| {
        parameter.min.is_none_or(|least| number >= least) && parameter.max.is_none_or(|most| number <= most)
    })
}

fn rounded(number: f64) -> f64 {
    (number * 1e4).round() / 1e4
}

/// Days between two periods of a time variable; years where whole numbers are years.
fn step_of(time: &Column) -> Option<f64> {
    let years = time.min.is_some_and(|least| least >= 1500.0) && time.max.is_some_and(|most| most <= 2200.0);
    match time.format.get(..3) {
        Some("%tm") => days_of("month"),
        Some("%tq") => days_of("quarter"),
        Some("%tw") => days_of("week"),
        Some("%ty") => days_of("year"),
        _ if matches!(time.inferred_type, InferredType::Date) => {
            let (first, last) = time.min.zip(time.max)?;
            (time.distinct > 1).then(|| (last - first) / (time.distinct - 1) as f64)
        }
        _ if years && time.integer_valued => days_of("year"),
        _ => None,
    }
}

/// Days in the unit that the name or the label of a follow-up has.
fn unit_of(duration: &Column) -> Option<f64> {
    let text = format!("{} {}", duration.name, duration.label.as_deref().unwrap_or_default()).to_lowercase();
    let mut words = text.split(|c: char| !c.is_alphanumeric());
    let known = |word: &str| (word.len() > 1).then(|| days_of(word)).flatten();
    let han = || ["天", "周", "月", "年"].into_iter().find(|unit| text.contains(unit)).and_then(days_of);
    words.find_map(known).or_else(han)
}
