//! Models that are written instead of said: `wage ~ educ + exper`, `y ~ x * z | firm`, `training -> wage`. They are read as the
//! sentences that they stand for. The notation is that of Wilkinson and Rogers (1973, Applied Statistics 22), as R, Python's
//! statsmodels and lme4 have it.

use std::sync::LazyLock;

use regex::{Captures, Regex};

use super::phrases::{columns_of, distinct, mark};

/// What stands for the head of an arrow: the angle brackets of a text with marks belong to the marks.
const HEAD: char = '\u{1}';

/// The question with the arrows kept that lose their angle brackets: as many bytes as before.
pub(super) fn with_arrows(question: &str) -> String {
    question.replace("->", "-\u{1}").replace("=>", "=\u{1}").replace("<-", "\u{1}-")
}

/// The text, in which marks stand for columns, with sentences for its formulas and arrows.
pub(super) fn worded(text: &str) -> String {
    let mut text = text.to_owned();
    if text.contains('~') {
        text = WRAPPED.replace_all(&text, "$1$2").into_owned();
        text = FORMULA.replace(&text, sentence).into_owned();
    }
    if text.contains(HEAD) || text.contains('→') || text.contains('⇒') {
        text = CHAIN.replace(&text, "$1 affects $3 through $2").into_owned();
        text = ARROW.replace(&text, "effect of $1 on $2").into_owned();
        text = BACK.replace(&text, "effect of $2 on $1").into_owned();
        text = text.replace(HEAD, " ");
    }
    text
}

/// A function around one column: `log(wage)`, `factor(region)`, `i.region`.
static WRAPPED: LazyLock<Regex> = LazyLock::new(|| {
    Regex::new(r"\b(?:log|ln|log10|log2|log1p|factor|as\.factor|scale|sqrt|exp|poly|bs|ns|s|c|i) ?\( ?(<[0-9,]+>)(?: ?[,^] ?[0-9]+)? ?\)|\b[ic]\.(<[0-9,]+>)")
        .expect("a pattern")
});

static FORMULA: LazyLock<Regex> = LazyLock::new(|| {
    let one = "<[0-9,]+>";
    let list = format!("{one}(?: ?\\+ ?{one})*");
    Regex::new(&format!(
        "(?P<y>{one}) ?~ ?(?:1 ?\\+ ?)?(?P<x>{one}(?: ?[+*:×#]+ ?{one})*)(?: ?\\+ ?\\( ?1 ?\\| ?(?P<n>{one}) ?\\))?(?: ?\\| ?(?P<f>{list}))?"
    ))
    .expect("a pattern")
});

static CHAIN: LazyLock<Regex> = LazyLock::new(|| arrows("(<[0-9,]+>){a}(<[0-9,]+>){a}(<[0-9,]+>)"));
static ARROW: LazyLock<Regex> = LazyLock::new(|| arrows("(<[0-9,]+>){a}(<[0-9,]+>)"));
static BACK: LazyLock<Regex> =
    LazyLock::new(|| Regex::new("(<[0-9,]+>) ?(?:\u{1}-+|←) ?(<[0-9,]+>)").expect("a pattern"));

fn arrows(pattern: &str) -> Regex {
    Regex::new(&pattern.replace("{a}", " ?(?:[-=]+\u{1}|→|⇒) ?")).expect("a pattern")
}

/// The sentence of a formula.
fn sentence(found: &Captures<'_>) -> String {
    static ONE: LazyLock<Regex> = LazyLock::new(|| Regex::new("([+*:×#]*) ?(<[0-9,]+>)").expect("a pattern"));
    let columns = |part: &str| ONE.captures_iter(part).flat_map(|c| columns_of(&c[2])).collect::<Vec<_>>();
    let all = distinct(columns(&found["x"]).into_iter());
    let mut terms: Vec<Vec<usize>> = Vec::new();
    let mut joined = None;
    for term in ONE.captures_iter(&found["x"]) {
        let own = columns_of(&term[2]);
        if let (Some(before), true) = (terms.last(), term[1].contains(['*', ':', '×', '#'])) {
            joined = joined.or(Some((before.clone(), own.clone())));
        }
        terms.push(own);
    }
    let y = &found["y"];
    let mut out = match joined {
        None => format!("regress {y} on {}", mark(&all)),
        Some((x, m)) => {
            let others: Vec<usize> = all.into_iter().filter(|c| !x.contains(c) && !m.contains(c)).collect();
            let held =
                if others.is_empty() { String::new() } else { format!(" controlling for {}", mark(&others)) };
            format!("does the effect of {} on {y} differ by {}{held}", mark(&x), mark(&m))
        }
    };
    if let Some(level) = found.name("n") {
        out += &format!(" with a random intercept for {}", level.as_str());
    }
    if let Some(effects) = found.name("f") {
        out += &format!(" with {} fixed effects", mark(&distinct(columns(effects.as_str()).into_iter())));
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formula_is_read_as_its_sentence() {
        assert_eq!(worded("<0> ~ <1> + <2>"), "regress <0> on <1,2>");
        assert_eq!(worded("please fit log(<0>) ~ factor(<1>) + <2>"), "please fit regress <0> on <1,2>");
        assert_eq!(worded("<0> ~ <1> | <2> + <3>"), "regress <0> on <1> with <2,3> fixed effects");
        assert_eq!(
            worded("<0> ~ <1> * <2> + <3>"),
            "does the effect of <1> on <0> differ by <2> controlling for <3>"
        );
        assert_eq!(worded("<0> ~ <1> + (1 | <2>)"), "regress <0> on <1> with a random intercept for <2>");
        assert_eq!(worded("~p<0> and <1>"), "~p<0> and <1>", "a quality is no formula");
    }

    #[test]
    fn an_arrow_is_read_as_an_effect() {
        let arrow = |text: &str| {
            worded(&with_arrows(text).replace('a', "<0>").replace('b', "<1>").replace('c', "<2>"))
        };
        assert_eq!(arrow("a -> b"), "effect of <0> on <1>");
        assert_eq!(arrow("a --> b"), "effect of <0> on <1>");
        assert_eq!(arrow("a → b"), "effect of <0> on <1>");
        assert_eq!(arrow("b <- a"), "effect of <0> on <1>");
        assert_eq!(arrow("a -> c -> b"), "<0> affects <1> through <2>");
    }
}
