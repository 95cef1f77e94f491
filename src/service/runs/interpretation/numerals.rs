//! Numbers in words: Chinese numerals and units are read, English number words and fractions are refused,
//! since only digits can be compared with a cell.

/// Units that multiply the number before them.
const UNITS: [(&str, f64); 10] = [
    ("百万", 1e6),
    ("千万", 1e7),
    ("万亿", 1e12),
    ("十亿", 1e9),
    ("万", 1e4),
    ("亿", 1e8),
    ("千", 1e3),
    (" thousand", 1e3),
    (" million", 1e6),
    (" billion", 1e9),
];

/// English words that state a size by themselves.
const SIZES: [&str; 22] = [
    "hundred",
    "hundreds",
    "thousands",
    "millions",
    "dozen",
    "half",
    "halved",
    "halves",
    "twice",
    "double",
    "doubles",
    "doubled",
    "triple",
    "triples",
    "tripled",
    "tenfold",
    "twofold",
    "threefold",
    "twenty",
    "thirty",
    "forty",
    "fifty",
];
/// English words that state a size before one of [`MEASURES`].
const COUNTS: [&str; 22] = [
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
    "sixty",
    "seventy",
    "eighty",
];
const MEASURES: [&str; 10] =
    ["percent", "per", "percentage", "times", "point", "points", "thousand", "million", "billion", "fold"];
/// Chinese words that state a size by themselves.
const CHINESE_SIZES: [&str; 8] = ["翻倍", "翻番", "翻了", "加倍", "减半", "一半", "半数", "倍增"];

/// Returns the place behind a unit that follows a number, and what it multiplies by.
pub(super) fn unit_of(chars: &[char], at: usize) -> (usize, f64) {
    let found = UNITS.iter().find(|(unit, _)| {
        unit.chars().enumerate().all(|(k, c)| chars.get(at + k).is_some_and(|x| x.eq_ignore_ascii_case(&c)))
    });
    found.map_or((at, 1.0), |(unit, factor)| (at + unit.chars().count(), *factor))
}

/// Returns what is said in words of size that are not read.
pub(super) fn word_problems(chars: &[char]) -> Vec<String> {
    let text: String = chars.iter().collect::<String>().to_lowercase();
    let refuse = |word: &str| format!("{word:?}: write the number in digits, with its cell");
    let mut problems: Vec<String> =
        CHINESE_SIZES.iter().filter(|word| text.contains(**word)).map(|word| refuse(word)).collect();
    let words: Vec<&str> =
        text.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty()).collect();
    for (i, word) in words.iter().enumerate() {
        let next = words.get(i + 1).copied().unwrap_or_default();
        let counts = COUNTS.contains(word) && MEASURES.contains(&next) && !(*word == "one" && next == "per");
        let of = *word == "quarter" && next == "of";
        if SIZES.contains(word) || counts || of {
            problems.push(refuse(word));
        }
    }
    problems
}

fn digit(c: char) -> Option<f64> {
    let place = ["零〇", "一", "二两", "三", "四", "五", "六", "七", "八", "九"]
        .iter()
        .position(|s| s.contains(c))?;
    u32::try_from(place).ok().map(f64::from)
}

fn small_unit(c: char) -> Option<f64> {
    match c {
        '十' => Some(10.0),
        '百' => Some(100.0),
        '千' => Some(1000.0),
        _ => None,
    }
}

/// Reads Chinese numerals that begin here: the place behind them, their worth, and that of the last digit.
pub(super) fn chinese_number(chars: &[char], start: usize) -> Option<(usize, f64, f64)> {
    let is_part = |c: char| digit(c).is_some() || small_unit(c).is_some() || matches!(c, '万' | '亿' | '点');
    let mut end = start;
    while chars.get(end).copied().is_some_and(is_part) {
        end += 1;
    }
    while end > start && chars[end - 1] == '点' {
        end -= 1;
    }
    let run = chars.get(start..end).filter(|run| !run.is_empty() && run[0] != '点')?;
    let (whole, fraction) = match run.iter().position(|c| *c == '点') {
        Some(dot) => (&run[..dot], &run[dot + 1..]),
        None => (run, &run[run.len()..]),
    };
    let (mut total, mut section, mut current) = (0.0, 0.0, 0.0);
    let mut step = 1.0;
    for &c in whole {
        if let Some(value) = digit(c) {
            current = current * if current > 0.0 { 10.0 } else { 1.0 } + value;
            step = 1.0;
        } else if let Some(unit) = small_unit(c) {
            section += if current > 0.0 { current } else { 1.0 } * unit;
            (current, step) = (0.0, unit);
        } else {
            let unit = if c == '万' { 1e4 } else { 1e8 };
            let before = section + current;
            total += if before > 0.0 { before } else { 1.0 } * unit;
            (section, current, step) = (0.0, 0.0, unit);
        }
    }
    let mut value = total + section + current;
    if !fraction.is_empty() {
        step = 1.0;
        for &c in fraction {
            step /= 10.0;
            value += digit(c)? * step;
        }
    }
    Some((end, value, step))
}
