//! Lists of columns in a question: "age, sex and income", a comma that parts two clauses, "cost of claims", what a
//! second question adds.

use std::sync::LazyLock;

use regex::Regex;

use super::columns::Named;
use super::natures::Natures;
use super::phrases::{Parsed, columns_of, distinct, mark};
use crate::domain::profile::is_binary;

/// A list of columns, also with commas.
pub(super) static JOINED: LazyLock<Regex> = LazyLock::new(|| joining("[,，、/&]"));
/// A list of columns in a question where commas part clauses.
pub(super) static JOINED_WITHOUT_COMMA: LazyLock<Regex> = LazyLock::new(|| joining("[、/&]"));

/// The pattern of two columns in one list; `signs` are those that join them.
fn joining(signs: &str) -> Regex {
    let words = "(?:~[ap]|and |or |being |having |whether |the |their |its |log |of |an? |same |number |level |my |fewer |more |less |higher |lower |longer |shorter |better |low |high |short |big |small |many |few |good |bad )*";
    // "wool type and tension"
    let kind = "(?: (?:types?|kinds?|groups?|levels?|status|categor(?:y|ies)|class|classes|destinations?|scores?|index|rates?|ratios?|sizes?|amounts?|use|usage))?";
    let joint = format!(
        "(?:'s)?(?:比例|比率|占比|比重|水平|程度|数量|人数|次数|金额|得分|评分|指数|规模|情况)?{kind}(?: ?{signs} ?{words}| (?:and|or|as well as|plus) {words}| |(?:和|与|及|以及|或|跟|、|，)是否|和|与|及|以及|或|跟|还是|[好高大多强]?[、，]有|[高低多少大小长短好差强弱]的(?:、|还是|或者|或|和))"
    );
    Regex::new(&format!("<([0-9,]+)>{joint}<([0-9,]+)>")).expect("a pattern")
}

/// Joins lists with several commas that end with "and": also where commas part clauses.
pub(super) fn enumerated(text: &str) -> String {
    static LIST: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("<[0-9,]+>(?:[,，、] ?(?:the |their )?<[0-9,]+>)+,? ?(?:and |or |和|与|及)(?:the |their )?<[0-9,]+>")
            .expect("a pattern")
    });
    LIST.replace_all(text, |found: &regex::Captures<'_>| merged(&found[0], &JOINED)).into_owned()
}

/// Joins lists of columns into one mark. A blank joins only names in a regression command.
pub(super) fn merged(text: &str, joined: &Regex) -> String {
    let mut text = text.to_owned();
    let mut from = 0;
    while let Some(found) = joined.captures_at(&text, from) {
        let whole = found.get(0).expect("the match").range();
        let blank = text[whole.clone()].contains("> <");
        if blank && !text.contains("regress") && !text.contains("> on <") {
            from = whole.start + found[1].len() + 2;
            continue;
        }
        let list = distinct(columns_of(&found[1]).into_iter().chain(columns_of(&found[2])));
        let at = whole.start;
        text.replace_range(whole, &mark(&list));
        from = at;
    }
    text
}

static OF: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(<[0-9,]+>) of (?:the |a |an |his |her |its |their |all |each )*<[0-9,]+>")
        .expect("a pattern")
});

static BRACKET: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("<([0-9,]+)>(?: [a-z]+)? ?[(（]<([0-9,]+)>[)）]").expect("a pattern"));

/// "cost of claims" is a cost: of two columns that `of` joins, the first is meant. "severity (apache)" is one column.
pub(super) fn headed(text: &str, natures: &Natures<'_>) -> String {
    // what stands in brackets says which column is meant: "iron stores (ferritin)"
    let once = |found: &regex::Captures<'_>| format!("<{}>", &found[2]);
    let text = text.replace("? same <", ", with the same <").replace(". same <", ", with the same <");
    let text = text.replace(", same <", ", with the same <").replace(", the same <", ", with the same <");
    let text = BRACKET.replace_all(&text, once);
    let text = within_larger(&text, natures);
    once_only(&OF.replace_all(&of_groups(&text, natures), "$1"))
}

/// "plots are nested in sites": the plots are rows and explain nothing.
fn within_larger(text: &str, natures: &Natures<'_>) -> String {
    static NESTED: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new("(<[0-9]+>) (?:are|is|were|was|being) nested (in|within|inside)").expect("a pattern")
    });
    let kept = |found: &regex::Captures<'_>| {
        let studied = columns_of(&found[1]).iter().any(|c| natures.columns[*c].outcome() > 0.0);
        if studied { found[0].to_owned() } else { format!("nested {}", &found[2]) }
    };
    NESTED.replace_all(text, kept).into_owned()
}

/// "mass of males and females", "pass rates of the schools" compare groups: `of` is read as `by`.
fn of_groups(text: &str, natures: &Natures<'_>) -> String {
    static GROUPS: LazyLock<Regex> = LazyLock::new(|| {
        let all = "(?:the |all |different |various |each |both |two |three |four )*";
        Regex::new(&format!("(<[0-9,]+>) of {all}(<[0-9,]+>)( (?:and|or|versus|vs\\.?) {all}<[0-9,]+>)?"))
            .expect("a pattern")
    });
    let by = |found: &regex::Captures<'_>| {
        let (of, groups) = (columns_of(&found[1]), columns_of(&found[2]));
        let all = |columns: &[usize], fits: &dyn Fn(&Named<'_>) -> bool| {
            columns.iter().all(|c| fits(&natures.columns[*c]))
        };
        let grouped = all(&groups, &|c| c.is_group()) && !all(&of, &|c| c.column.is_text());
        let same = found
            .get(3)
            .is_none_or(|m| MARKS.find(m.as_str()).is_some_and(|other| other.as_str() == &found[2]));
        let plural = found.get(3).is_some() || found[0].contains("of the ") || found[0].contains("different");
        if grouped && same && plural && of != groups {
            format!("{} by {}", &found[1], &found[2])
        } else {
            found[0].to_owned()
        }
    };
    GROUPS.replace_all(text, by).into_owned()
}

static MARKS: LazyLock<Regex> = LazyLock::new(|| Regex::new("<[0-9,]+>").expect("a pattern"));

/// Two names of one column next to each other are one: "leave their job".
fn once_only(text: &str) -> String {
    static NEXT: LazyLock<Regex> =
        LazyLock::new(|| Regex::new("<([0-9,]+)>([a-z的 ]{1,12})<([0-9,]+)>").expect("a pattern"));
    let apart = ["than", "on", "by", "and", "or", "to"];
    let once = |found: &regex::Captures<'_>| {
        let joins = found[2].split_whitespace().any(|word| apart.contains(&word));
        if found[1] == found[3] && !joins { format!("<{}>", &found[1]) } else { found[0].to_owned() }
    };
    NEXT.replace_all(text, once).into_owned()
}

static END: LazyLock<Regex> = LazyLock::new(|| {
    let subject = "(?:(?:the|a|an|his|her|their|they|it|he|she) )?(?:[a-z]+ )?(?:(?:is|are|was|were|gets?|has|have|been) )*";
    Regex::new(&format!("(?:(?:until|till|time to|before) {subject}(?:<[0-9,]+> )?|hazards? (?:of|for) (?:the |a )?|直到[^<>。？；]{{0,4}})(<[0-9,]+>)|(<[0-9,]+>) (?:(?:is|as) )?(?:the )?(?:event|failure)\\b|(<[0-9,]+>)(?:是|为)(?:事件|失效|结局)"))
        .expect("a pattern")
});

/// Binary columns that a question calls the end of a time.
pub(super) fn ends(text: &str, natures: &Natures<'_>) -> Vec<usize> {
    let named = |c: &regex::Captures<'_>| (1..=3).find_map(|at| c.get(at)).map(|m| columns_of(m.as_str()));
    let found = END.captures_iter(text).flat_map(|c| named(&c).unwrap_or_default());
    found.filter(|c| is_binary(natures.columns[*c].column)).collect()
}

static FURTHER: LazyLock<Regex> = LazyLock::new(|| {
    let asks = "(?:how|what|does|do|did|is|are)\\b";
    Regex::new(&format!("[,;?] ?(?:and |also )+{asks}[^<>.?!;]*(<[0-9,]+>)")).expect("a pattern")
});

/// Adds the column of a second question to the causes: "…, and how much do we lose per kilometre from the metro?".
pub(super) fn further(text: &str, parsed: &mut Parsed) {
    for found in FURTHER.captures_iter(text) {
        for column in columns_of(&found[1]) {
            let taken = [&parsed.outcome, &parsed.causes, &parsed.moderators];
            if taken.iter().all(|list| !list.contains(&column)) {
                parsed.causes.push(column);
            }
        }
    }
}

/// Adds what is listed after the first factor: "what explains costs? age of patients, smoking or not".
pub(super) fn listed_after(text: &str, parsed: &mut Parsed) {
    let Some(first) = parsed.causes.first() else { return };
    let Some(at) = text.find(&mark(&parsed.causes)).or_else(|| text.find(&format!("<{first}"))) else {
        return;
    };
    let end = text[at..].find(['.', '?', '!', '。', '？']).map_or(text.len(), |length| at + length);
    for column in MARKS.find_iter(&text[at..end]).flat_map(|m| columns_of(m.as_str())) {
        let taken = [&parsed.outcome, &parsed.causes, &parsed.moderators];
        if taken.iter().all(|list| !list.contains(&column)) {
            parsed.causes.push(column);
        }
    }
}
