//! Conditions on rows by numbers: "older than 60", 60岁以上, "RTs below 200 ms", "with 4 lanes", "after 2005", 第1学期.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

use super::SuggestInput;
use super::conditions::Clause;
use super::rewritten::{place_of, written};
use crate::domain::dataset::{Column, InferredType};

/// Most values of a column of which one is chosen by its number: a term, a number of lanes.
const FEW: u64 = 20;

pub(super) fn numbers(input: &SuggestInput<'_>, text: &str) -> Vec<Clause> {
    let columns = &input.dataset.columns;
    let mut found: Vec<Clause> = Vec::new();
    found.extend(of_age(columns, text));
    found.extend(of_years(columns, text));
    for column in columns.iter().filter(|c| !c.is_text() && c.inferred_type != InferredType::Date) {
        found.extend(compared(column, text));
        found.extend(counted(column, text));
    }
    found
}

fn clause(range: Range<usize>, column: &Column, condition: String) -> Option<Clause> {
    Some(Clause { range, column: column.name.clone(), words: String::new(), condition })
}

/// Where a text limits the age, the sign and the number.
fn age_of(text: &str) -> Option<(Range<usize>, &'static str, f64)> {
    static OLDER: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:,? ?\b(?:in|for|among|only|of)? ?(?:the )?(?:patients|people|persons|participants|women|men|adults|those|subjects|individuals|workers|employees|respondents|everyone)? ?(?:who (?:are|were) )?)\b(?:(older than|over the age of|above the age of|younger than|under the age of|below the age of) ([0-9]{1,3})|aged? (over|under|above|below) ([0-9]{1,3})|aged? ([0-9]{1,3})(?: years)? (?:and|or) (over|above|older|up|under|younger|below)|([0-9]{1,3})(?: years)?(?: of age)? (?:and|or) (older|younger))(?: years)?(?: old)?\b")
            .expect("a pattern")
    });
    static HAN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"([0-9]{1,3}) ?周?岁(及以上|以上|及以下|以下)的?(?:人群?|患者|病人|老人|居民|者|女性|男性)?(?:中|里)?")
            .expect("a pattern")
    });
    if let Some(found) = OLDER.captures(text) {
        let group = |at: usize| found.get(at).map(|m| m.as_str());
        let (word, number, with) = match (group(1), group(3), group(6), group(8)) {
            (Some(word), ..) => (word, group(2)?, false),
            (_, Some(word), ..) => (word, group(4)?, false),
            (_, _, Some(word), _) => (word, group(5)?, true),
            (_, _, _, Some(word)) => (word, group(7)?, true),
            _ => return None,
        };
        let up = ["older", "over", "above", "up"].iter().any(|own| word.starts_with(own));
        let sign = match (up, with) {
            (true, false) => ">",
            (true, true) => ">=",
            (false, false) => "<",
            (false, true) => "<=",
        };
        return Some((found.get(0)?.range(), sign, number.parse().ok()?));
    }
    let found = HAN.captures(text)?;
    // as tables of ages use it, 60岁以上 has the 60 and 60岁以下 has not
    let sign = match &found[2] {
        "及以上" | "以上" => ">=",
        "及以下" => "<=",
        _ => "<",
    };
    Some((found.get(0)?.range(), sign, found[1].parse().ok()?))
}

fn of_age(columns: &[Column], text: &str) -> Option<Clause> {
    let (range, sign, number) = age_of(text)?;
    let is_age = |c: &&Column| {
        let words = written(&format!("{} {}", c.name, c.label.as_deref().unwrap_or_default()));
        !c.is_text()
            && (words.split(|c: char| !c.is_alphanumeric()).any(|word| word == "age")
                || words.contains("年龄"))
    };
    let mut ages = columns.iter().filter(is_age);
    let column = ages.next().filter(|_| ages.next().is_none())?;
    clause(range, column, format!("{} {sign} {number}", column.name))
}

/// "after 2005", "in 2010", "from 2001 to 2008" where the data have years and the question is about no change in time.
fn of_years(columns: &[Column], text: &str) -> Option<Clause> {
    static YEARS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r",? ?\b(?:(?:for|using|with|only|in)? ?(?:the )?(?:data|observations|years|period)? ?)(?:(after|before|since|until|up to|in) ((?:19|20)[0-9]{2})|(?:from|between) ((?:19|20)[0-9]{2}) (?:to|and|until|-) ((?:19|20)[0-9]{2}))(?: only| onwards?)?\s*(?:$|[,.?!;])")
            .expect("a pattern")
    });
    static IN_TIME: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:laws?|polic\w+|reforms?|effects?|impacts?|intervention|treat\w*|introduc\w+|events?|breaks?|chang\w+|trend|jump\w*|drop\w*|fell|fall|rise|rose|increase\w*|decrease\w*|when|treated|adopt\w*|began|start\w*|pandemic|covid|crisis|forecast|synthetic)\b")
            .expect("a pattern")
    });
    let found = YEARS.captures(text).filter(|_| !IN_TIME.is_match(text))?;
    let year = |c: &&Column| {
        let whole =
            c.integer_valued && c.min.is_some_and(|m| m >= 1800.0) && c.max.is_some_and(|m| m <= 2200.0);
        !c.is_text() && (c.inferred_type == InferredType::Date && c.format.starts_with("%td") || whole)
    };
    let mut years = columns.iter().filter(year);
    let column = years.next().filter(|_| years.next().is_none())?;
    let name = match column.inferred_type {
        InferredType::Date if column.format.starts_with("%td") => format!("year({})", column.name),
        _ => column.name.clone(),
    };
    let condition = match (found.get(1).map(|m| m.as_str()), found.get(3), found.get(4)) {
        (Some("after"), ..) => format!("{name} > {}", &found[2]),
        (Some("before"), ..) => format!("{name} < {}", &found[2]),
        (Some("since"), ..) => format!("{name} >= {}", &found[2]),
        (Some("until" | "up to"), ..) => format!("{name} <= {}", &found[2]),
        (Some(_), ..) => format!("{name} == {}", &found[2]),
        (None, Some(from), Some(to)) => format!("{name} >= {} & {name} <= {}", from.as_str(), to.as_str()),
        _ => return None,
    };
    let whole = found.get(0)?;
    let words = whole.as_str().trim_end_matches([',', '.', '?', '!', ';', ' ']);
    clause(whole.start()..whole.start() + words.len(), column, condition)
}

/// "drop RTs below 200 ms", "only if accuracy = 1", 学期为1时, 第1学期.
fn compared(column: &Column, text: &str) -> Option<Clause> {
    places(column, text).into_iter().find_map(|(at, length)| {
        term(column, text, at, length).or_else(|| compared_at(column, text, at, length))
    })
}

fn compared_at(column: &Column, text: &str, at: usize, length: usize) -> Option<Clause> {
    static SIGN: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"^s?(?: values?| times?)?(?: of| is| are| that is| that are)? ?(below|under|less than|smaller than|lower than|faster than|shorter than|<=|<|above|over|greater than|more than|larger than|higher than|slower than|longer than|>=|>|at least|at most|==|=|equal to|为|等于)(?: or equal to)? ?(-?[0-9]+(?:\.[0-9]+)?)(?: ?(?:ms|milliseconds|s|sec|seconds|years?|%|km|kg|g|cm|mm|m|days?|hours?|eur|usd|时))?")
            .expect("a pattern")
    });
    static BEFORE: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?:\b(drop|dropping|exclude|excluding|remove|removing|omit|omitting|without|except|discard|discarding|filter out)|\b(?:only|where|keep|keeping|restricted to|limited to|using only))(?: (?:if|for|the|all|any|only|those|rows?|observations?|trials?|cases?|patients?|people|with|where|a|an))* $|[(（]$|(剔除|去掉|排除|除去)$|(?:只看|仅看|只分析|只用|在|当)$")
            .expect("a pattern")
    });
    let sign = SIGN.captures(&text[at + length..])?;
    let lead = BEFORE.captures(&text[..at]);
    let han = matches!(&sign[1], "为" | "等于")
        && text[at + length + sign[0].len()..].starts_with(['，', ',', '的', '时']);
    let lead_start = match (&lead, han) {
        (Some(lead), _) => lead.get(0)?.start(),
        (None, true) => at,
        (None, false) => return None,
    };
    let excludes = lead.as_ref().is_some_and(|lead| lead.get(1).is_some() || lead.get(2).is_some());
    let own = match &sign[1] {
        "below" | "under" | "less than" | "smaller than" | "lower than" | "faster than" | "shorter than"
        | "<" => "<",
        "above" | "over" | "greater than" | "more than" | "larger than" | "higher than" | "slower than"
        | "longer than" | ">" => ">",
        "at least" | ">=" => ">=",
        "at most" | "<=" => "<=",
        _ => "==",
    };
    let opposite = match own {
        "<" => ">=",
        ">" => "<=",
        ">=" => "<",
        "<=" => ">",
        _ => "!=",
    };
    let sign_of = if excludes { opposite } else { own };
    let end = at + length + sign.get(2)?.end();
    clause(lead_start..end, column, format!("{} {sign_of} {}", column.name, &sign[2]))
}

/// 第1学期: a number that a column of few numbers has.
fn term(column: &Column, text: &str, at: usize, length: usize) -> Option<Clause> {
    static NUMBER: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("第([0-9]+|[一二三四五六七八九])个?$").expect("a pattern"));
    let found = NUMBER.captures(&text[..at])?;
    let digit =
        |word: &str| "一二三四五六七八九".chars().position(|c| word.starts_with(c)).map(|place| place + 1);
    let number = found[1].parse().ok().or_else(|| digit(&found[1]))?;
    let is_value = column.integer_valued
        && column.distinct <= FEW
        && column.min.is_some_and(|m| m <= number as f64)
        && column.max.is_some_and(|m| m >= number as f64);
    is_value.then_some(())?;
    clause(found.get(0)?.start()..at + length, column, format!("{} == {number}", column.name))
}

/// "for roads with 4 lanes": the whole name of a column of few numbers behind a number.
fn counted(column: &Column, text: &str) -> Option<Clause> {
    static WITH: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"\b(?:(?:in|for|among|only|on) [a-z]+ )?with (?:exactly )?([0-9]+) $").expect("a pattern")
    });
    let name = written(&column.original_name);
    let at = place_of(text, &name)?;
    let found = WITH.captures(&text[..at]).filter(|_| column.integer_valued && column.distinct <= FEW)?;
    clause(found.get(0)?.start()..at + name.len(), column, format!("{} == {}", column.name, &found[1]))
}

/// Where a text has the name of a column, or its first part, also in the plural.
fn places(column: &Column, text: &str) -> Vec<(usize, usize)> {
    let whole = written(&column.original_name);
    let raw = column.original_name.to_ascii_lowercase();
    let first = whole.split(' ').next().unwrap_or_default().to_owned();
    let spelled = [raw, whole.clone(), first.clone(), format!("{first}s")];
    let long = spelled.iter().filter(|own| own.chars().count() > 1);
    long.filter_map(|own| Some((place_of(text, own)?, own.len()))).collect()
}
