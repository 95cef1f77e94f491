//! What stands around a match: the word before and after it, what is said to be held constant, its place in a list and in the
//! question. These features say on which side a column stands, whatever pattern the question has.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::LazyLock;

use regex::Regex;

use super::comparisons::is_subject;
use super::features::{Features, add, flag};
use super::meaning::asks_which;
use super::mentions::Mention;
use super::reading::Reading;

/// Words before a match that say something of its side; those between are passed over.
const BEFORE: [&str; 36] = [
    "of", "by", "in", "among", "between", "per", "than", "after", "before", "since", "with", "without",
    "for", "on", "from", "to", "and", "or", "if", "when", "who", "whose", "which", "what", "how", "do",
    "does", "did", "is", "are", "have", "has", "get", "at", "given", "as",
];
const PASSED: [&str; 30] = [
    "the", "a", "an", "his", "her", "their", "its", "our", "my", "your", "all", "more", "less", "fewer",
    "higher", "lower", "longer", "shorter", "better", "worse", "bigger", "larger", "smaller", "most", "many",
    "much", "number", "level", "average", "mean",
];
const AFTER: [&str; 30] = [
    "than", "of", "and", "or", "more", "less", "fewer", "differ", "depend", "increase", "is", "are", "was",
    "were", "in", "by", "for", "with", "on", "have", "has", "get", "do", "when", "if", "the", "per",
    "between", "better", "among",
];
const HAN_BEFORE: [&str; 24] = [
    "对", "与", "和", "跟", "在", "按", "比", "各", "哪个", "哪种", "哪", "不同", "越", "的", "控制", "考虑",
    "有", "没有", "了", "、", "，", "是", "从", "用",
];
const HAN_AFTER: [&str; 34] = [
    "的",
    "更",
    "越",
    "是不是",
    "是否",
    "有没有",
    "有",
    "会",
    "多的",
    "高的",
    "大的",
    "低的",
    "少的",
    "长的",
    "好的",
    "远的",
    "多",
    "高",
    "低",
    "少",
    "大",
    "小",
    "好",
    "差",
    "长",
    "短",
    "和",
    "与",
    "跟",
    "、",
    "对",
    "影响",
    "之间",
    "吗",
];

static CHANCE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(
        "likel|chance|probab|\\bodds\\b|\\brisk\\b|more often|tend to|容易|可能|机会|概率|更愿意|几率|风险",
    )
    .expect("a pattern")
});
/// Words before what is compared: "have more visits", "the highest bill".
static MORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("(?:\\b(?:more|less|fewer|most|least|fewest|higher|lower|highest|lowest|better|worse|best|greater|much|many|longer|shorter|bigger|larger|smaller)) ?(?:of )?(?:the |a |their )?$")
        .expect("a pattern")
});
/// Words that turn the noun after them into the explaining side: "with more", "those with".
static WITH: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\\b(?:with|by|per|when|if|where|after|on|between|across|who|whose|among|in) (?:more |less |fewer |higher |lower |a |an |the |is |are |it |gets? |they |have |has )*$")
        .expect("a pattern")
});
/// Words that the outcome follows.
static ON: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\\b(?:on|affect\\w*|influence\\w*|change\\w*|raise\\w*|reduce\\w*|lower\\w*|increase\\w*|improve\\w*|cut|cuts|explain\\w*|predict\\w*|drive\\w*|hurt\\w*|help\\w*|boost\\w*|determine\\w*|cause\\w*|bring|save\\w*) (?:up |down |the |a |an |their |his |her |its |how (?:much |many |long |often )?)*$|(?:影响|提高|降低|减少|增加|改善|缩短|延长)了?$")
        .expect("a pattern")
});

/// Words that hold something constant.
static HELD: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("control|adjust|account|allow|holding|hold|keep|constant|correct|given|net of|same|regardless|taking|account|covariate|控制|调整|校正|考虑|同样|相同|同等|一样|剔除|不变|给定|固定")
        .expect("a pattern")
});
/// What joins two columns of one list.
static LISTED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("^[ ,，、/&]*(?:and|or|as well as|和|与|及|以及|或|还是|跟)?(?: ?(?:the|a|an|their|his|her|its|whether|having|being|by|number of|是否|有无))*[ ,，、/&]*$")
        .expect("a pattern")
});
static THE_MORE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\\bthe (?:more|less|longer|higher|fewer|older|\\w+er) (?:\\w+ )?$").expect("a pattern")
});
const SENTENCES: [char; 10] = ['.', '?', '!', ';', '。', '？', '！', '；', '\n', ':'];
const CLAUSES: [char; 12] = ['.', '?', '!', ';', '。', '？', '！', '；', '\n', ':', ',', '，'];

/// First word of a phrase, and the one after its last.
type Span = (usize, usize);

/// What a question says around its words, found once for all readings.
#[derive(Debug)]
pub(super) struct Surroundings {
    /// The question in lower case with the same bytes.
    text: String,
    /// The names of what holds around a phrase.
    spans: RefCell<BTreeMap<Span, Rc<Vec<String>>>>,
    held: bool,
    /// The words ask for a chance.
    pub(super) chance: bool,
    /// Design, role, whether its words stand in the question, and words that may mean it.
    designs: [(&'static str, &'static str, bool, bool); 2],
}

impl Surroundings {
    pub(super) fn of(question: &str) -> Self {
        let text = question.to_ascii_lowercase();
        let designs = [
            ("survival", "duration_var", SURVIVAL.is_match(&text), LASTS.is_match(&text)),
            ("did", "post_var", DIFFERENCES.is_match(&text), AFTERWARDS.is_match(&text)),
        ];
        let (held, chance) = (HELD.is_match(&text), CHANCE.is_match(&text));
        Self { text, spans: RefCell::default(), held, chance, designs }
    }

    /// The names of what holds around a phrase.
    fn around(&self, span: (usize, usize)) -> Rc<Vec<String>> {
        if let Some(known) = self.spans.borrow().get(&span) {
            return Rc::clone(known);
        }
        let found = Rc::new(self.found(span));
        self.spans.borrow_mut().insert(span, Rc::clone(&found));
        found
    }

    /// The word before a match that says something of its side.
    fn before(&self, start: usize) -> &'static str {
        let text = self.text[..start].trim_end();
        if text.is_empty() {
            return "begin";
        }
        if let Some(word) = HAN_BEFORE.iter().filter(|w| text.ends_with(**w)).max_by_key(|w| w.len()) {
            return word;
        }
        for word in text.rsplit(' ') {
            if let Some(known) = BEFORE.iter().find(|w| **w == word) {
                return known;
            }
            if !PASSED.contains(&word) {
                return if word.ends_with([',', ':', ';', '-']) { "comma" } else { "other" };
            }
        }
        "begin"
    }

    /// The word after a match.
    fn after(&self, end: usize) -> &'static str {
        let rest = self.text[end..].trim_start();
        if let Some(word) = HAN_AFTER.iter().filter(|w| rest.starts_with(**w)).max_by_key(|w| w.len()) {
            return word;
        }
        match rest.chars().next() {
            None | Some('?' | '.' | '!' | '。' | '？') => return "end",
            Some(',' | '，' | ';' | '；') => return "comma",
            Some(_) => {}
        }
        let word = rest.split([' ', ',', '?', '.']).next().unwrap_or_default();
        let known = |w: &&&str| word == **w || word.strip_suffix('s') == Some(**w);
        AFTER.iter().find(known).copied().unwrap_or("other")
    }

    fn found(&self, (start, end): (usize, usize)) -> Vec<String> {
        let mut names = vec![format!("before.{}", self.before(start)), format!("then.{}", self.after(end))];
        let before = &self.text[..start];
        let last = |signs: &[char]| before.rsplit(|c: char| signs.contains(&c)).next().unwrap_or(before);
        let (sentence, clause) = (last(&SENTENCES), last(&CLAUSES));
        let rest = self.text[end..].split(|c: char| CLAUSES.contains(&c)).next().unwrap_or_default();
        let said = before.trim_end();
        let more = said.ends_with('越') || rest.starts_with('越');
        let second = said.trim_end_matches('越').contains('越');
        let sorts = asks_which(before);
        let holds = [
            ("held_in_clause", HELD.is_match(clause)),
            ("held_in_sentence", HELD.is_match(sentence)),
            ("held_after", HELD.is_match(rest)),
            ("the_more", THE_MORE.is_match(before)),
            ("second_more", more && second),
            ("first_more", more && !second),
            ("later_sentence", before.len() > sentence.len() + 3),
            ("which", sorts),
            ("subject", is_subject(&self.text, start, end)),
            ("after_more", MORE.is_match(before)),
            ("after_with", WITH.is_match(before)),
            ("after_effect", ON.is_match(before)),
        ];
        names.extend(holds.into_iter().filter(|(_, holds)| *holds).map(|(name, _)| name.to_owned()));
        names
    }

    /// What stands around one match of a side, whose column forms groups or not.
    pub(super) fn of_match(&self, out: &mut Features, side: &str, mention: &Mention, group: bool) {
        for name in self.around((mention.start, mention.end)).iter() {
            let name = match name.as_str() {
                "which" if group => "which_group",
                "which" => "which_measure",
                other => other,
            };
            flag(out, side, name, true);
        }
    }

    /// True for the bare noun after the first word of the question.
    pub(super) fn is_subject(&self, span: (usize, usize)) -> bool {
        self.around(span).iter().any(|name| name == "subject")
    }

    /// Lists of columns, and the first and the last match.
    pub(super) fn order(
        &self,
        out: &mut Features,
        sides: &BTreeMap<&str, Vec<usize>>,
        reading: &Reading,
        form: &str,
    ) {
        let side = |m: &Mention| {
            sides
                .iter()
                .find(|(_, columns)| m.columns.iter().any(|c| columns.contains(c)))
                .map(|(side, _)| *side)
        };
        for pair in reading.mentions.windows(2) {
            let Some(between) = self.text.get(pair[0].end..pair[1].start) else { continue };
            if pair[0].columns == pair[1].columns || !LISTED.is_match(between) {
                continue;
            }
            match (side(&pair[0]), side(&pair[1])) {
                (Some(a), Some(b)) if a == b => flag(out, a, "listed", true),
                (Some(a), Some(b)) => flag(out, "list", &format!("{a}.{b}"), true),
                (Some(a), None) | (None, Some(a)) => flag(out, a, "list_broken", true),
                (None, None) => flag(out, "list", "unused", true),
            }
        }
        let used: Vec<&str> = reading.mentions.iter().filter_map(side).filter(|s| *s != "held").collect();
        if let (Some(first), Some(last)) = (used.first(), used.last())
            && used.len() > 1
        {
            flag(out, first, &format!("{form}.first"), true);
            flag(out, last, &format!("{form}.last"), true);
        }
        for (side, columns) in sides {
            for column in columns {
                let named = reading.mentions.iter().filter(|m| m.columns.contains(column)).count();
                flag(out, side, "named_again", named > 1);
            }
        }
    }
}

/// Words that ask for a time until an event, and for differences in differences.
static SURVIVAL: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\\bcox\\b|kaplan|log-?rank|hazard|surviv|生存分析|生存|\\bkm\\b|cox").expect("a pattern")
});
static LASTS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("how long|soon|faster|quicker|\\blasts?\\b|until|\\btill\\b|\\bstay|\\bkeeps?\\b|time to|多久|更早|更快|坚持")
        .expect("a pattern")
});
static DIFFERENCES: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("diff(?:erences?)?[- ]in[- ]diff|双重差分|倍差").expect("a pattern"));
static AFTERWARDS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new("\\bafter\\b|\\bsince\\b|before and after|relative to|之后|以后|前后|政策").expect("a pattern")
});

impl Surroundings {
    /// Whether the words ask for the design that a reading has.
    pub(super) fn designs(&self, out: &mut Features, reading: &Reading) {
        let roles = &reading.filled.roles;
        for (design, role, said, implied) in self.designs {
            let has = roles.contains_key(role);
            flag(out, design, "said", has && said);
            flag(out, design, "missed", !has && said);
            flag(out, design, "implied", has && implied && !said);
            flag(out, design, "unsaid", has && !implied && !said);
        }
        add(out, "held.number".to_owned(), roles.get("controls").map_or(0.0, |c| c.len() as f64));
        let none = !roles.contains_key("controls");
        flag(out, "held", "missed", self.held && none);
        flag(out, "held", "unsaid_all", !self.held && !none);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn around(question: &str, phrase: &str) -> Vec<String> {
        let start = question.find(phrase).expect("the phrase is there");
        Surroundings::of(question).found((start, start + phrase.len()))
    }

    #[test]
    fn the_words_around_a_phrase_are_named() {
        let question = "Do older dogs stay longer, controlling for the weight?";
        let names = around(question, "weight");
        for name in ["before.for", "then.end", "held_in_clause", "held_in_sentence"] {
            assert!(names.iter().any(|n| n == name), "{name} in {names:?}");
        }
        assert!(!around(question, "longer").iter().any(|n| n.starts_with("held")));
    }

    #[test]
    fn chinese_signs_part_sentences() {
        let question = "服药后收缩压下降的幅度男女有区别吗？请看体重";
        let names = around(question, "体重");
        assert!(names.iter().any(|n| n == "later_sentence"), "{names:?}");
        assert!(around(question, "收缩压").iter().any(|n| n == "then.other"));
    }
}
