//! How often the ranking alone finds the labelled template first, and among the first three: over the
//! questions of `tests/fixtures/selection`, with and without the kinds of the columns.
//! `cargo bench --bench selection`; `-- --misses` lists the questions whose template is not first.
#![expect(clippy::print_stdout, reason = "a benchmark prints its table")]

use serde_json::Value;
use stata_service::domain::draft::Statement;
use stata_service::library::Library;
use stata_service::library::select::{SelectionInput, select};
use stata_service::library::sketch::sketch;

#[allow(dead_code, reason = "other benchmarks use the rest")]
mod report;

use report::Row;

const QUESTIONS: &str = include_str!("../tests/fixtures/selection/questions.jsonl");

fn texts(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// Questions, those with a labelled template first, and among the first three.
fn score(library: &Library, questions: &[Value], with_kinds: bool, misses: bool) -> (usize, usize, usize) {
    let (mut first, mut three) = (0, 0);
    for question in questions {
        let columns = if with_kinds { texts(&question["columns"]) } else { Vec::new() };
        let dataset = sketch(&columns, 1000).expect("kinds of the fixture are known");
        let text = question["question"].as_str().unwrap_or_default();
        let selected = select(&SelectionInput {
            library,
            question: text,
            question_kinds: &[],
            statement: &Statement::default(),
            dataset: dataset.as_ref(),
        });
        let expected = texts(&question["expected"]);
        let ranking: Vec<&str> =
            selected.candidates.ranking.iter().take(3).map(|r| r.template_id.as_str()).collect();
        let is_expected = |id: &&str| expected.iter().any(|e| e == id);
        three += usize::from(ranking.iter().any(is_expected));
        if ranking.first().is_some_and(is_expected) {
            first += 1;
        } else if misses {
            println!("{} <- {text}: {}", expected.join(" or "), ranking.join(", "));
        }
    }
    (questions.len(), first, three)
}

fn main() {
    let library = Library::embedded().expect("the library");
    let questions: Vec<Value> =
        QUESTIONS.lines().map(|line| serde_json::from_str(line).expect("a question")).collect();
    let misses = std::env::args().any(|argument| argument == "--misses");
    for (name, with_kinds) in [("columns known", true), ("no columns known", false)] {
        let (n, first, three) = score(&library, &questions, with_kinds, misses);
        let share = |k: usize| format!("{:.1} %", 100.0 * k as f64 / n.max(1) as f64);
        let figure = format!("first {}, among three {}", share(first), share(three));
        Row::of(format!("labelled template by the ranking alone, {n} questions, {name}"), figure).write();
    }
}
