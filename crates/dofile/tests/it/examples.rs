//! Runs the examples in the declarations of all commands.

use dofile::Session;
use dofile::commands::registry;

#[test]
fn examples_hold() {
    let mut failures = Vec::new();
    for spec in registry::all() {
        for example in spec.examples {
            let mut session = Session::default();
            // Logs that an example opens are written, as in a batch run.
            session.out.keep = false;
            let (text, rc) = session.run_captured(example.run);
            if rc != 0 {
                failures.push(format!("{}: r({rc}) in\n{}\n{text}", spec.name, example.run));
                continue;
            }
            for (expression, want) in example.expect {
                match session.eval_num(expression) {
                    Ok(got) if (got - want).abs() <= 1e-7 * want.abs().max(1e-3) => {}
                    Ok(got) => failures.push(format!("{}: {expression} is {got}, not {want}", spec.name)),
                    Err(e) => failures.push(format!("{}: {expression}: {e}", spec.name)),
                }
            }
        }
    }
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

#[test]
fn every_command_has_an_example_that_runs_it() {
    let missing: Vec<&str> = registry::all()
        .filter(|c| !c.examples.iter().any(|e| e.run.contains(&c.name[..c.min]) && !e.expect.is_empty()))
        .map(|c| c.name)
        .collect();
    assert!(missing.is_empty(), "commands without an example: {missing:?}");
}

#[test]
fn names_are_unique() {
    let mut names: Vec<&str> = registry::all().map(|c| c.name).collect();
    names.sort_unstable();
    let count = names.len();
    names.dedup();
    assert_eq!(names.len(), count);
}
