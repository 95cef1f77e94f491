//! Conditions mean what `docs/expressions.md` says: Kleene's logic over missing values. The printed form is
//! read by a second evaluator with Stata's own rules and compared with a truth table of its own.

use proptest::prelude::*;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use stata_service::adapters::tabular::TabularFiles;
use stata_service::domain::dataset::{Column, InferredType};
use stata_service::domain::expression::parse_condition;
use stata_service::ports::tabular::{IngestOptions, Tabular};

use crate::support::columns::{date, number, text};
use crate::support::stata_expression::{Row, Value, evaluate};

/// True, false or missing.
type Kleene = Option<bool>;

/// A condition as the test itself understands it.
#[derive(Debug, Clone)]
enum Tree {
    Compare(&'static str, &'static str, Side),
    Reversed(f64, &'static str, &'static str),
    Words(&'static str, &'static str, &'static str),
    Missing(&'static str),
    Range(&'static str, f64, Side),
    List(&'static str, Vec<f64>),
    WordList(Vec<&'static str>),
    Contains(&'static str),
    Not(Box<Tree>),
    Both(Box<Tree>, Box<Tree>),
    Either(Box<Tree>, Box<Tree>),
}

#[derive(Debug, Clone)]
enum Side {
    Literal(f64),
    Column(&'static str),
}

const OPS: [&str; 6] = ["==", "!=", "<", "<=", ">", ">="];
const NUMBERS: [&str; 3] = ["x", "y", "f"];
const VALUES: [f64; 6] = [-1.0, 0.0, 0.1, 1.0, 2.5, 1e-7];
const WORDS: [&str; 12] = ["a", "b", "北京", "a b", "c1", "c2", "c3", "c4", "c5", "c6", "c7", "c8"];

fn columns() -> Vec<Column> {
    let float = Column {
        storage: "float".to_owned(),
        inferred_type: InferredType::Number,
        ..number("f", 9, 0.0, 1.0, false)
    };
    vec![
        number("x", 9, 0.0, 1.0, false),
        number("y", 9, 0.0, 1.0, false),
        float,
        text("s", 5),
        text("t", 5),
        date("d"),
    ]
}

impl Tree {
    fn text(&self) -> String {
        match self {
            Tree::Compare(a, op, side) => format!("{a} {op} {}", side.text()),
            Tree::Reversed(value, op, a) => format!("{value}{op}{a}"),
            Tree::Words(a, op, word) => format!("{a}{op}\"{word}\""),
            Tree::Missing(a) => format!("missing( {a} )"),
            Tree::Range(a, low, high) => format!("inrange({a},{low},{})", high.text()),
            Tree::List(a, values) => {
                format!("inlist({a},{})", values.iter().map(f64::to_string).collect::<Vec<_>>().join(","))
            }
            Tree::WordList(words) => format!("inlist(s,\"{}\")", words.join("\", \"")),
            Tree::Contains(word) => format!("strpos(s,\"{word}\")"),
            Tree::Not(a) => format!("!({})", a.text()),
            Tree::Both(a, b) => format!("({}) & ({})", a.text(), b.text()),
            Tree::Either(a, b) => format!("({}) | ({})", a.text(), b.text()),
        }
    }

    fn meaning(&self, row: &Row) -> Kleene {
        match self {
            Tree::Compare(a, op, Side::Column(b)) => compare(get(row, a)?, op, get(row, b)?),
            Tree::Compare(a, op, Side::Literal(value)) => compare(get(row, a)?, op, rounded(a, *value)),
            Tree::Reversed(value, op, a) => compare(rounded(a, *value), op, get(row, a)?),
            Tree::Words(a, op, word) => {
                let text = word_of(row, a)?;
                Some(holds(text.as_bytes().cmp(word.as_bytes()), op))
            }
            Tree::Missing("s") => Some(word_of(row, "s").is_none()),
            Tree::Missing(a) => Some(get(row, a).is_none()),
            Tree::Range(a, low, high) => {
                let value = get(row, a)?;
                let high = match high {
                    Side::Literal(high) => rounded(a, *high),
                    Side::Column(b) => get(row, b)?,
                };
                Some(rounded(a, *low) <= value && value <= high)
            }
            Tree::List(a, values) => {
                let value = get(row, a)?;
                Some(values.iter().any(|v| rounded(a, *v) == value))
            }
            Tree::WordList(words) => Some(words.contains(&word_of(row, "s")?.as_str())),
            Tree::Contains(word) => Some(word_of(row, "s")?.contains(word)),
            Tree::Not(a) => a.meaning(row).map(|v| !v),
            Tree::Both(a, b) => match (a.meaning(row), b.meaning(row)) {
                (Some(false), _) | (_, Some(false)) => Some(false),
                (Some(true), Some(true)) => Some(true),
                _ => None,
            },
            Tree::Either(a, b) => match (a.meaning(row), b.meaning(row)) {
                (Some(true), _) | (_, Some(true)) => Some(true),
                (Some(false), Some(false)) => Some(false),
                _ => None,
            },
        }
    }
}

impl Side {
    fn text(&self) -> String {
        match self {
            Side::Literal(value) => value.to_string(),
            Side::Column(name) => (*name).to_owned(),
        }
    }
}

fn rounded(column: &str, literal: f64) -> f64 {
    if column == "f" { f64::from(literal as f32) } else { literal }
}

fn get(row: &Row, column: &str) -> Option<f64> {
    match &row[column] {
        Value::Number(value) => *value,
        Value::Text(_) => panic!("{column} is text"),
    }
}

fn word_of(row: &Row, column: &str) -> Option<String> {
    match &row[column] {
        Value::Text(text) => Some(text.clone()).filter(|t| !t.is_empty()),
        Value::Number(_) => panic!("{column} is a number"),
    }
}

fn compare(a: f64, op: &str, b: f64) -> Kleene {
    Some(holds(a.partial_cmp(&b).expect("numbers"), op))
}

fn holds(order: std::cmp::Ordering, op: &str) -> bool {
    match op {
        "==" => order.is_eq(),
        "!=" => order.is_ne(),
        "<" => order.is_lt(),
        "<=" => order.is_le(),
        ">" => order.is_gt(),
        _ => order.is_ge(),
    }
}

fn leaf() -> impl Strategy<Value = Tree> {
    let column = || prop::sample::select(&NUMBERS[..]);
    let value = || prop::sample::select(&VALUES[..]);
    let op = || prop::sample::select(&OPS[..]);
    let word = || prop::sample::select(&WORDS[..]);
    let side = || prop_oneof![value().prop_map(Side::Literal), column().prop_map(Side::Column)];
    prop_oneof![
        (column(), op(), side()).prop_map(|(a, op, b)| Tree::Compare(a, op, b)),
        (value(), op(), column()).prop_map(|(v, op, a)| Tree::Reversed(v, op, a)),
        (prop::sample::select(&["s", "t"][..]), op(), word()).prop_map(|(a, op, w)| Tree::Words(a, op, w)),
        prop::sample::select(&["x", "f", "s"][..]).prop_map(Tree::Missing),
        (column(), value(), side()).prop_map(|(a, low, high)| Tree::Range(a, low, high)),
        (column(), prop::collection::vec(value(), 1..5)).prop_map(|(a, v)| Tree::List(a, v)),
        prop::collection::vec(word(), 1..25).prop_map(Tree::WordList),
        word().prop_map(Tree::Contains),
    ]
}

fn tree() -> impl Strategy<Value = Tree> {
    leaf().prop_recursive(5, 40, 2, |inner| {
        let boxed = || inner.clone().prop_map(Box::new);
        prop_oneof![
            boxed().prop_map(Tree::Not),
            (boxed(), boxed()).prop_map(|(a, b)| Tree::Both(a, b)),
            (boxed(), boxed()).prop_map(|(a, b)| Tree::Either(a, b)),
        ]
    })
}

fn row() -> impl Strategy<Value = Row> {
    let value = || prop::option::weighted(0.7, prop::sample::select(&VALUES[..]));
    let word = || prop::option::weighted(0.7, prop::sample::select(&WORDS[..]));
    (value(), value(), value(), word(), word()).prop_map(|(x, y, f, s, t)| {
        let word = |w: Option<&str>| Value::Text(w.unwrap_or_default().to_owned());
        let float = f.map(|v| f64::from(v as f32));
        [
            ("x", Value::Number(x)),
            ("y", Value::Number(y)),
            ("f", Value::Number(float)),
            ("s", word(s)),
            ("t", word(t)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .into()
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, ..ProptestConfig::default() })]

    #[test]
    fn the_printed_condition_is_true_exactly_where_the_condition_is_true(tree in tree(), row in row()) {
        let condition = parse_condition(&tree.text(), &columns()).expect("a condition");
        let meaning = tree.meaning(&row);
        prop_assert_eq!(evaluate(&condition.stata_true(), &row), meaning == Some(true), "{}", condition.stata_true());
        prop_assert_eq!(evaluate(&condition.stata_false(), &row), meaning == Some(false), "{}", condition.stata_false());
    }

    #[test]
    fn the_canonical_text_and_the_stored_tree_give_the_same_condition(tree in tree()) {
        let condition = parse_condition(&tree.text(), &columns()).expect("a condition");
        let again = parse_condition(&condition.canonical(), &columns()).expect("the canonical text");
        prop_assert_eq!(&again, &condition, "{}", condition.canonical());
        let stored = serde_json::to_string(&condition).expect("it serialises");
        let read: stata_service::domain::expression::Condition =
            serde_json::from_str(&stored).expect("it reads back");
        prop_assert_eq!(read, condition);
    }
}

/// Random rows as ingest stores them, with what each condition means on every row.
fn table(rows: usize, runner: &mut TestRunner) -> Vec<Row> {
    (0..rows).map(|_| row().new_tree(runner).expect("a row").current()).collect()
}

fn reads_float(tree: &Tree) -> bool {
    let text = tree.text();
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == "f")
}

/// The evaluator that counts rows for a preview and the engine itself agree with the truth table.
#[test]
fn counted_rows_and_rows_of_the_engine_are_those_on_which_the_condition_is_true() {
    let mut runner = TestRunner::deterministic();
    let rows = table(300, &mut runner);
    let mut csv = "n,x,y,s,t\n".to_owned();
    for (n, row) in rows.iter().enumerate() {
        let number = |name| get(row, name).map(|v| v.to_string()).unwrap_or_default();
        let word = |name| word_of(row, name).unwrap_or_default();
        csv.push_str(&format!("{n},{},{},{},{}\n", number("x"), number("y"), word("s"), word("t")));
    }
    let dir = tempfile::tempdir().expect("a folder");
    let (source, data) = (dir.path().join("rows.csv"), dir.path().join("data.dta"));
    std::fs::write(&source, csv).expect("a file");
    let made = TabularFiles.ingest(&source, "rows.csv", &IngestOptions::default(), &data).expect("ingested");
    let trees = (0..300).map(|_| tree().new_tree(&mut runner).expect("a tree").current());
    let trees: Vec<Tree> = trees.filter(|tree| !reads_float(tree)).collect();
    let mut text = "use data.dta\n".to_owned();
    let mut expected = Vec::new();
    for tree in &trees {
        let condition = parse_condition(&tree.text(), &made.columns).expect("a condition");
        let truths: Vec<Kleene> = rows.iter().map(|row| tree.meaning(row)).collect();
        let count = |truth| truths.iter().filter(|t| **t == Some(truth)).count() as u64;
        let counted = TabularFiles.count_rows(&data, Some(&condition), &[]).expect("counted");
        assert_eq!(counted.matching, count(true), "{}", tree.text());
        for (printed, truth) in [(condition.stata_true(), true), (condition.stata_false(), false)] {
            text.push_str(&format!("quietly count if {printed}\ndisplay \"rows \" r(N)\n"));
            expected.push(format!("rows {}", count(truth)));
        }
    }
    assert!(trees.len() > 60, "{} conditions", trees.len());
    std::fs::write(dir.path().join("main.do"), text).expect("a file");
    let status = std::process::Command::new(env!("CARGO_BIN_EXE_stata-service"))
        .args(["dofile", "-q", "-b", "do", "main.do"])
        .current_dir(dir.path())
        .stdout(std::process::Stdio::null())
        .status()
        .expect("the engine starts");
    assert!(status.success());
    let log = std::fs::read_to_string(dir.path().join("main.log")).expect("a log");
    let seen: Vec<&str> = log.lines().filter(|l| l.starts_with("rows ")).collect();
    assert_eq!(seen, expected);
}
