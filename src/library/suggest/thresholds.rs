//! A rule that gives a treatment by a number of points: "from 75 points on they get the scholarship", 75分以上可获奖学金. Words for
//! the points name a column rarely as its header does.

use std::sync::LazyLock;

use regex::Regex;
use serde_json::{Value, json};

use super::assigned::Framing;
use super::columns::Named;
use super::effects::asks_effect;
use super::phrases::Parsed;
use super::structure::Structure;

/// The rule with its number: who has so much gets something, and something is given from so much on.
static RULES: LazyLock<[Regex; 4]> = LazyLock::new(|| {
    let number = r"([0-9]+(?:\.[0-9]+)?)";
    let from = r"\b(?:from|at|with|above|below|over|under|beyond|reach\w*|scor\w*|having|have|earn\w*|at least|exceed\w*|less than|more than)";
    let unit = r" ?(?:points?|marks?|%|percent)?";
    let gets = r"(?:gets?|got|receiv\w*|obtain\w*|earn\w*|(?:is|are|was|were) (?:given|awarded|granted|offered|eligible for|entitled to|admitted to)|do(?:es)? not get|did not get|don't get) (?:the|an?|no|their|this)\b";
    let given = r"(?:given|awarded|granted|offered|paid|reserved|available|starts?|begins?)\b";
    [
        format!(r"{from}[^0-9.?!]{{0,20}}{number}{unit}[^.?!]{{0,40}}?\b{gets}"),
        format!(r"\b{given}[^0-9.?!]{{0,30}}?{from}[^0-9.?!]{{0,20}}{number}"),
        format!(r"{number} ?分(?:及|或)?(?:以上|以下|起)?[^。？0-9]{{0,14}}(?:可|能|才能|就能|即可)?(?:获|得到|拿到|享受|领取|发放|给予)"),
        format!(r"(?:达到|达|满|超过|高于|不低于|低于|≥) ?{number} ?分?[^。？0-9]{{0,14}}(?:可|能|才能|就能|即可)?(?:获|得到|拿到|享受|领取|发放|给予)"),
    ]
    .map(|pattern| Regex::new(&pattern).expect("a pattern"))
});
/// Words of columns that hold points.
const POINTS: [&str; 12] =
    ["score", "points", "point", "marks", "mark", "test", "exam", "grade", "result", "分数", "成绩", "得分"];

/// The number of the rule, where a question asks what the treatment does.
pub(super) fn cutoff(parsed: &Parsed) -> Option<Value> {
    limit_of(parsed).map(|limit| json!(limit))
}

fn limit_of(parsed: &Parsed) -> Option<f64> {
    static ASKS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"what (?:does|do|did) (?:it|they|this|that) do|\bhelps?\b|\bhelped\b|\bmatters?\b|\bhigher\b|\blower\b|\bbetter\b")
            .expect("a pattern")
    });
    if !asks_effect(&parsed.text) && !parsed.text.fits(&ASKS) {
        return None;
    }
    RULES.iter().find_map(|rule| rule.captures(&parsed.text))?[1].parse().ok()
}

/// The statement with the column that the points of such a rule stand for; none where a question has no such rule, or names
/// the column.
pub(super) fn with_running(parsed: &Parsed, columns: &[Named<'_>], structure: &Structure) -> Option<Parsed> {
    if parsed.framing != Framing::Words || structure.panel {
        return None;
    }
    let limit = limit_of(parsed)?;
    // a column that the limit lies outside of holds no such points
    let holds = |c: &usize| {
        let (least, most) = (columns[*c].column.min, columns[*c].column.max);
        least.is_none_or(|least| least <= limit) && most.is_none_or(|most| limit <= most)
    };
    if parsed.running.iter().any(holds) {
        return None;
    }
    let spans = |c: &usize| {
        let column = &columns[*c];
        let (least, most) = (column.column.min, column.column.max);
        let within = least.is_some_and(|least| least < limit) && most.is_some_and(|most| limit < most);
        let numbers = column.is_named_for_units() || column.is_unit(u64::MAX);
        column.is_measure() && within && !column.has("@age") && !numbers
    };
    let counts = |c: &usize| {
        let parts = columns[*c].parts();
        let han = |word: &&&str| !word.is_ascii() && columns[*c].name().contains(**word);
        parts.iter().any(|part| POINTS.contains(&part.as_str())) || POINTS.iter().any(|word| han(&word))
    };
    let all: Vec<usize> = (0..columns.len()).filter(spans).collect();
    let of_points: Vec<usize> = all.iter().copied().filter(counts).collect();
    let running = match (&of_points[..], &all[..]) {
        ([only], _) | ([], [only]) => *only,
        _ => return None,
    };
    let mut ruled = parsed.clone();
    for list in
        [&mut ruled.outcome, &mut ruled.causes, &mut ruled.groups, &mut ruled.controls, &mut ruled.rest]
    {
        list.retain(|c| *c != running);
    }
    ruled.running = vec![running];
    Some(ruled)
}
