//! Spellings from other languages in the text of an expression: for a refusal at one of them, how the same is written here.

use super::ExpressionError;
use crate::domain::dataset::Column;

/// Full-width signs of a Chinese or Japanese keyboard.
const FULL_WIDTH: &str = "＝＜＞！（），＆｜＋－＊／％．。、；：";

/// Words and signs of other languages, and how the same is written here.
const HABITS: [(&str, &[&str], &str); 29] = [
    ("and", &["&"], "`and` is written &"),
    ("or", &["|"], "`or` is written |"),
    ("&&", &["&"], "`&&` is written & here"),
    ("||", &["|"], "`||` is written | here"),
    ("<>", &["!="], "`<>` is written !="),
    ("**", &["^"], "`**` is written ^"),
    ("%in%", &["inlist(column, 1, 2)"], "a list of values is written inlist(column, 1, 2)"),
    (
        "%",
        &["number"],
        "a percent sign has no meaning in an expression: write the number as it is in the column",
    ),
    ("in", &["inlist(column, 1, 2)"], "a list of values is written inlist(column, 1, 2)"),
    ("between", &["inrange(column, 1, 5)"], "a range is written inrange(column, 1, 5)"),
    ("is", &["missing(column)", "!missing(column)"], "a value that is absent is found by missing(column)"),
    ("like", &["strpos(column, \"text\")"], "a part of a text is found by strpos(column, \"text\")"),
    ("contains", &["strpos(column, \"text\")"], "a part of a text is found by strpos(column, \"text\")"),
    ("not", &["!"], "`not` is written ! before a condition in parentheses"),
    (".", &["missing(column)"], "a value that is absent is found by missing(column), not by a point"),
    ("且", &["&"], "`且` is written &"),
    ("并且", &["&"], "`并且` is written &"),
    ("或者", &["|"], "`或者` is written |"),
    ("或", &["|"], "`或` is written |"),
    ("equals", &["=="], "`equals` is written =="),
    ("isin", &["inlist(column, 1, 2)"], "a list of values is written inlist(column, 1, 2)"),
    ("if", &["column"], "the condition begins without `if`"),
    ("≥", &[">="], "`≥` is written >="),
    ("≤", &["<="], "`≤` is written <="),
    ("≠", &["!="], "`≠` is written !="),
    ("=>", &[">="], "`=>` is written >="),
    ("=<", &["<="], "`=<` is written <="),
    ("[", &["inlist(column, 1, 2)"], "a list of values is written inlist(column, 1, 2)"),
    (";", &["the end"], "a condition ends without a semicolon"),
];
/// Functions of other languages, and how the same is written here.
const FUNCTIONS: [(&str, &[&str], &str); 12] = [
    ("log", &["ln", "log10"], "the natural logarithm is written ln(column), the decimal one log10(column)"),
    ("log2", &["ln(column) / ln(2)"], "a logarithm to the base 2 is written ln(column) / ln(2)"),
    ("pow", &["^"], "a power is written column ^ 2"),
    ("power", &["^"], "a power is written column ^ 2"),
    ("isnull", &["missing(column)"], "a value that is absent is found by missing(column)"),
    ("isna", &["missing(column)"], "a value that is absent is found by missing(column)"),
    ("mean", &["group_mean(column, key)"], "the mean of a group is written group_mean(column, key)"),
    ("avg", &["group_mean(column, key)"], "the mean of a group is written group_mean(column, key)"),
    ("sum", &["group_sum(column, key)"], "the sum of a group is written group_sum(column, key)"),
    ("if", &["comparison"], CHOICE),
    ("cond", &["comparison"], CHOICE),
    ("ifelse", &["comparison"], CHOICE),
];
const CHOICE: &str = "a variable of 0 and 1 is the comparison alone, such as age > 30: it is 1 where it is true, 0 where it is false";

/// Words for and and or that stand in Chinese without blanks around them.
const WITHOUT_BLANKS: [char; 4] = ['且', '或', '并', '和'];

/// True for a sign that begins a word of its own right after a number.
pub(super) fn begins_a_word(c: char) -> bool {
    WITHOUT_BLANKS.contains(&c)
}

/// Returns the refusal with the spelling that is meant, where it is at a known habit.
pub(super) fn advised(text: &str, columns: &[Column], refusal: ExpressionError) -> ExpressionError {
    let chars: Vec<char> = text.chars().collect();
    let is_column = |name: &str| columns.iter().any(|c| c.name == name);
    // the second of two signs is where the parser stops
    for at in [refusal.position, refusal.position.saturating_sub(1)] {
        let word = word_at(&chars, at);
        let called = FUNCTIONS.iter().find(|(name, ..)| word.eq_ignore_ascii_case(name));
        if let Some((_, expected, message)) = called.filter(|(name, ..)| is_called(&chars, at, name)) {
            return ExpressionError::new(at, *message, expected);
        }
        if word == "is" && is_before_value(&chars, at + 2) {
            return ExpressionError::new(at, "`is` is written ==", &["=="]);
        }
        if chars.get(at) == Some(&'[') && is_index(&chars, at) {
            let message = "a column is written by its name alone, without quotes around it";
            return ExpressionError::new(at, message, &["column"]);
        }
        let habit = HABITS.iter().find(|(habit, ..)| is_written(&chars, at, habit, &word));
        if let Some((_, expected, message)) = habit.filter(|_| !is_column(&word)) {
            return ExpressionError::new(at, *message, expected);
        }
    }
    match chars.get(refusal.position) {
        Some('=') if is_assigned(&chars, refusal.position, &is_column) => {
            let message =
                "the name of a new variable stands in `name`, and only what stands behind = in `expression`";
            ExpressionError::new(refusal.position, message, &["=="])
        }
        Some(',') if is_in_number(&chars, refusal.position) => {
            let message = "a number has no sign for thousands, and a point for decimals: 1000, 3.5";
            ExpressionError::new(refusal.position, message, &["1000", "3.5"])
        }
        Some('\'' | '“' | '”' | '‘' | '’' | '「' | '」') => {
            ExpressionError::new(refusal.position, "a text stands between double quotes, \"a\"", &["\""])
        }
        Some('`') => {
            let message = "a column is written by its name alone, without quotes around it";
            ExpressionError::new(refusal.position, message, &["column"])
        }
        Some(c) if FULL_WIDTH.contains(*c) => {
            let plain = half_width(*c).to_string();
            let message = format!("{c:?} is a full-width sign: write {plain} on the Latin keyboard");
            ExpressionError::new(refusal.position, message, &[&plain])
        }
        _ => quoted(&chars, &is_column, refusal),
    }
}

/// True where a text or a number follows: `shop is "A"`, unlike `shop is null`.
fn is_before_value(chars: &[char], from: usize) -> bool {
    let next = chars.iter().skip(from).find(|c| !c.is_whitespace());
    next.is_some_and(|c| matches!(c, '"' | '\'' | '“') || c.is_ascii_digit())
}

/// True for a bracket between a name and a quote: `df["wage"]`.
fn is_index(chars: &[char], at: usize) -> bool {
    let behind = at.checked_sub(1).and_then(|before| chars.get(before));
    behind.is_some_and(|c| c.is_alphanumeric() || *c == '_')
        && matches!(chars.get(at + 1), Some('"' | '\'' | '“'))
}

/// True for a name with parentheses behind it; of `if`, which may also begin a condition, with arguments between them.
fn is_called(chars: &[char], at: usize, name: &str) -> bool {
    let rest: String = chars.iter().skip(at + name.chars().count()).collect();
    rest.trim_start().starts_with('(') && (name != "if" || rest.contains(','))
}

/// True for the first sign behind a single name that no column has: `lwage = ln(wage)`.
fn is_assigned(chars: &[char], at: usize, is_column: &dyn Fn(&str) -> bool) -> bool {
    let before: String = chars.iter().take(at).collect();
    let name = before.trim();
    let is_name = name.starts_with(|c: char| c == '_' || c.is_alphabetic())
        && name.chars().all(|c| c == '_' || c.is_alphanumeric());
    is_name && !is_column(name)
}

/// True for a comma with a digit on either side.
fn is_in_number(chars: &[char], at: usize) -> bool {
    let is_digit = |at: Option<usize>| at.and_then(|at| chars.get(at)).is_some_and(char::is_ascii_digit);
    is_digit(at.checked_sub(1)) && is_digit(Some(at + 1))
}

/// A name that is no column, compared with something, is most likely a text without its quotes.
fn quoted(chars: &[char], is_column: &dyn Fn(&str) -> bool, refusal: ExpressionError) -> ExpressionError {
    let word = word_at(chars, refusal.position);
    let before: String = chars.iter().take(refusal.position).collect();
    let compared = ["==", "!="].iter().any(|sign| before.trim_end().ends_with(sign));
    if word.is_empty() || is_column(&word) || !compared {
        return refusal;
    }
    let text = format!("\"{word}\"");
    let message = format!("{}; a text is written in double quotes, {text}", refusal.message);
    let expected: Vec<&str> =
        std::iter::once(text.as_str()).chain(refusal.expected.iter().map(String::as_str)).collect();
    ExpressionError::new(refusal.position, message, &expected)
}

/// The name that begins at a place; empty for none.
fn word_at(chars: &[char], at: usize) -> String {
    let is_part = |c: &&char| **c == '_' || c.is_alphanumeric();
    let starts = at == 0 || chars.get(at - 1).is_none_or(|c| !is_part(&c));
    if starts { chars.iter().skip(at).take_while(is_part).collect() } else { String::new() }
}

fn is_written(chars: &[char], at: usize, habit: &str, word: &str) -> bool {
    if habit.starts_with(char::is_alphabetic) && !habit.starts_with(WITHOUT_BLANKS) {
        return word.eq_ignore_ascii_case(habit);
    }
    habit.chars().enumerate().all(|(i, c)| chars.get(at + i) == Some(&c))
}

/// The sign of the Latin keyboard (Unicode, Halfwidth and Fullwidth Forms; CJK Symbols and Punctuation).
fn half_width(c: char) -> char {
    match c {
        '。' => '.',
        '、' => ',',
        '＝' => '=',
        c => char::from_u32((c as u32).wrapping_sub(0xfee0)).unwrap_or(c),
    }
}
