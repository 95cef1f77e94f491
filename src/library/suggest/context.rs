//! What a letter has beside its question: a greeting, thanks, how many people answered. These sentences name no role, and their
//! words resemble columns ("Dear list" and a price), so they are blanked before a question is read. The text keeps its length,
//! so that positions in it are positions in what the user wrote.

use std::ops::Range;
use std::sync::LazyLock;

use regex::Regex;

/// Returns the question with blanks instead of the sentences that only surround it, and where it asks for something else.
pub(super) fn without_surroundings(question: &str) -> (String, Vec<Range<usize>>) {
    let mut text = question.to_owned();
    for pattern in [&*GREETING, &*THANKS, &*ASKER, &*SURVIVES] {
        let part = |found: regex::Captures<'_>| found.get(1).or_else(|| found.get(0)).map(|m| m.range());
        let found: Vec<Range<usize>> = pattern.captures_iter(&text).filter_map(part).collect();
        found.into_iter().for_each(|range| blank(&mut text, range));
    }
    for sentence in sentences(&text) {
        let own = &text[sentence.clone()];
        if SAMPLE.is_match(own) && !ASKS.is_match(own) && !rest_is_empty(&text, &sentence) {
            blank(&mut text, sentence);
        }
    }
    let parts = second_parts(&text);
    parts.iter().cloned().for_each(|part| blank(&mut text, part));
    // a letter of greetings alone is read as it is
    if text.trim().is_empty() { (question.to_owned(), Vec::new()) } else { (text, parts) }
}

/// Sentences after the first that ask for something else: "Also check satisfaction", 另外看看复购次数. What adds to the first
/// question, such as a control or a group, is none of them.
fn second_parts(text: &str) -> Vec<Range<usize>> {
    static SECOND: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)^(?:also|additionally|in addition|besides),? (?:please )?(?:check|look at|have a look at|show|report|see|plot|describe|summari[sz]e) |^(?:另外|此外|顺便|再)(?:也|再|还)?(?:看看|看一下|看|了解一下|描述一下|统计一下|报告)")
            .expect("a pattern")
    });
    static ADDS: LazyLock<Regex> = LazyLock::new(|| {
        Regex::new(r"(?i)control|adjust|account|differ|depend|var(?:y|ies)|moderat|mediat|robust|interact|whether|effects?\b|cluster|控制|调整|调节|中介|异质|不同|差异|稳健|聚类|固定|是否|影响|效应")
            .expect("a pattern")
    });
    let mut parts = sentences(text);
    if parts.is_empty() {
        return parts;
    }
    parts.remove(0);
    parts.retain(|part| {
        let own = text[part.clone()].trim_start();
        SECOND.is_match(own) && !ADDS.is_match(own)
    });
    parts
}

/// True if nothing but blanks would be left.
fn rest_is_empty(text: &str, sentence: &Range<usize>) -> bool {
    text[..sentence.start].trim().is_empty() && text[sentence.end..].trim().is_empty()
}

fn blank(text: &mut String, range: Range<usize>) {
    let blanks = " ".repeat(range.len());
    text.replace_range(range, &blanks);
}

/// The sentences of a text. A point ends one only before a blank: "3.5 kg", "e.g. age" has another letter before it.
fn sentences(text: &str) -> Vec<Range<usize>> {
    static END: LazyLock<Regex> =
        LazyLock::new(|| Regex::new(r"[a-z0-9)\]][.!?]+(?:\s+|$)|[。！？]\s*|\n+").expect("a pattern"));
    let mut from = 0;
    let mut out = Vec::new();
    for end in END.find_iter(text) {
        out.push(from..end.end());
        from = end.end();
    }
    out.push(from..text.len());
    out.retain(|range| !text[range.clone()].trim().is_empty());
    out
}

static GREETING: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:(?:hi|hello|hey|dear|greetings|good (?:morning|afternoon|evening))\b[^.,!?:;\n<>]{0,40}[.,!:\n]|(?:大家好|各位[^，。！,]{0,8}好|老师好|您好|你好|请教一下|请问一下)[，。！,!]?)")
        .expect("a pattern")
});

/// Who asks: "Reviewer 2 wants to know whether", "our client asks:", 审稿人要求. What they ask stays.
static ASKER: LazyLock<Regex> = LazyLock::new(|| {
    let who = "reviewers?|referees?|(?:associate )?editors?|clients?|boss|supervisors?|advis[oe]rs?|board|ministry|minister|committee|statisticians?|consultants?|management|managers?|colleagues?|co-?authors?|professor|sponsor|funder|agency|director|head of [a-z]+|department head|chief [a-z]+";
    let asks = "asks?|asked|wants?|wanted|would like|wonders?|wondered|suggests?|suggested|requests?|requested|requires?|required|insists?|demands?|is asking|needs";
    let what = "comments?|briefs?|requests?|questions?|remarks?|points?|reports?|concerns?";
    Regex::new(&format!(
        "(?i)(?:^|[.;!?。；！？])\\s*((?:(?:the|our|my|a|an|one) )?(?:anonymous )?(?:{who})(?: #?[0-9]+| [A-Z]\\b)?(?:(?:['’]s?)?(?: (?:{what}))? ?:| (?:also |has |have |then )*(?:{asks})\\b(?: us| me)?(?: to (?:know|see|check|test|show|report|find out|learn))?(?: that\\b)?:?)|(?:审稿人|评审(?:专家|人)?|专家|导师|领导|客户|编辑|老板|甲方|主管)(?: ?[0-9一二三甲乙])?(?:的?意见)?(?:要求|建议|想知道|想了解|希望|想问|问|提出|[：:])+(?:我们|我)?)"
    ))
    .expect("a pattern")
});

/// "Does the effect survive controlling for size": no time until an event.
static SURVIVES: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\b(?:effect|association|relation\w*|link|result|finding|gap|difference|premium)s?\b[^.?!]*?\b(survives?|holds?(?: up)?|remains?|persists?) (?:when |after |once )?(?:we )?(?:controll|adjust|account|add|includ)")
        .expect("a pattern")
});

static THANKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)(?:\b(?:(?:many )?thanks|thank you|thx|best regards|kind regards|cheers)\b[^.!?\n]*|\bany (?:help|advice|suggestions?|hints?|ideas?|guidance)\b[^.!?\n]*|(?:谢谢|感谢|多谢)[^。！？\n]*)[.!。！]*\s*$")
        .expect("a pattern")
});

/// Sentences about the sample and about who asks.
static SAMPLE: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)^\s*(?:(?:i|we) (?:(?:have|had) (?:an? |the |about |around |some |approximately |roughly )*(?:[0-9]+|data|sample|survey|panel|questionnaire|spreadsheet|excel|csv|file)|collected|gathered|recruited|surveyed|interviewed|obtained|sampled|enrolled|handed out|distributed)\b|(?:i am|i'm|we are) (?:a|an|currently|new|writing|working|doing|studying|pretty|rusty)\b|(?:each|every) [a-z]+(?: \([a-z]+\))? (?:was|were|has been|is) (?:measured|observed|tested|visited|assessed|asked|surveyed|followed)\b|(?:我是|我在写|我正在|本人|共?(?:发放|回收|收集)))")
        .expect("a pattern")
});

/// Words with which such a sentence says more than that.
static ASKS: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"(?i)\?|？|effect|impact|depend|explain|regress|relat|associat|predict|compar|differ|whether|outcome|controll|control for|covariate|nested|within|panel|data from|monthly|daily|weekly|quarterly|yearly|annual|time series|fixed|random|adjust|instrument|test\b|model|influenc|affect|correlat|影响|关系|效应|作用|因变量|自变量|解释变量|比较|差异|是否|面板|控制|回归|相关|预测|检验")
        .expect("a pattern")
});

#[cfg(test)]
mod tests {
    use super::*;

    fn kept(question: &str) -> String {
        let (text, _) = without_surroundings(question);
        assert_eq!(text.len(), question.len(), "{question}");
        text.trim().to_owned()
    }

    #[test]
    fn a_letter_is_read_without_its_greeting_and_its_thanks() {
        assert_eq!(kept("Dear list, is pay higher in banks? Many thanks!"), "is pay higher in banks?");
        assert_eq!(kept("Hi all! Does tea help? Any advice would be great."), "Does tea help?");
        assert_eq!(kept("大家好，学历影响工资吗？谢谢各位"), "学历影响工资吗？");
    }

    #[test]
    fn a_sentence_about_the_sample_is_left_out_and_one_that_asks_is_not() {
        assert_eq!(kept("I have 90 patients. Does pain fall with age?"), "Does pain fall with age?");
        assert_eq!(kept("Each patient (ID) was measured three times. Does pain fall?"), "Does pain fall?");
        let nested = "My data are teachers nested in schools. Does pay affect stress?";
        assert_eq!(kept(nested), nested);
        let asks = "I have monthly data. Does oil cause rates?";
        assert_eq!(kept(asks), asks);
        let alone = "I have wage and education";
        assert_eq!(kept(alone), alone);
        assert_eq!(kept("hello"), "hello");
    }

    #[test]
    fn who_asks_is_left_out_and_what_they_ask_is_not() {
        assert_eq!(kept("Reviewer 2 asks whether pay depends on age."), "whether pay depends on age.");
        assert_eq!(kept("Our client asks: is pay higher in banks?"), "is pay higher in banks?");
        assert_eq!(kept("审稿人要求检验年龄对收入的影响"), "检验年龄对收入的影响");
        let board = "Does the share of women on the board raise profit?";
        assert_eq!(kept(board), board);
    }

    #[test]
    fn an_effect_that_survives_controls_is_no_time_until_an_event() {
        let question = "Does the effect of age on pay survive controlling for size?";
        assert_eq!(kept(question), question.replace("survive", "       "));
        let survival = "Do women survive longer after surgery?";
        assert_eq!(kept(survival), survival);
    }
}
