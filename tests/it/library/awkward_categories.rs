//! Categories whose words a careless template would expand as macros: every table has them as the data do.

use std::collections::BTreeSet;

use stata_service::library::{Library, Template};

use super::adversarial_data::{Case, Must, Table, case, every_role, run};

/// What follows each category: a global macro, a local one and quotation marks.
const AWKWARD: &str = " $25k ${x} `y' \"z\" end9";

/// True for a cell that has lost a part of what follows a category.
pub(super) fn is_maimed(cell: &str) -> bool {
    cell.contains("end9") && !cell.contains(AWKWARD)
}

/// The sample of a template with awkward words in place of the values of every role that takes groups of any kind.
fn awkward(template: &Template, table: &Table) -> Option<Case> {
    let mut changed = table.clone();
    let mut any = false;
    let of_texts = |name: &str, kinds: &[String]| kinds.iter().any(|k| k == "text") && !name.contains("key");
    for column in
        every_role(template).iter().filter(|(name, kinds, _, _)| of_texts(name, kinds)).flat_map(|r| &r.3)
    {
        let at = table.names.iter().position(|n| n == column)?;
        let levels: BTreeSet<&str> = table.rows.iter().map(|row| row[at].as_str()).collect();
        if levels.len() > 12 {
            continue;
        }
        any = true;
        changed = changed.with(column, |_, v| match v {
            "" => String::new(),
            v => format!("g{v}{AWKWARD}"),
        });
    }
    any.then(|| case("categories of quotes and macros", changed, Must::Succeed))
}

#[test]
fn categories_that_read_as_macros_keep_their_words() {
    let library = Library::embedded().expect("the library");
    let (mut wrong, mut count) = (Vec::new(), 0);
    for template in library.templates().filter(|t| t.meta.stata.engine == "supported") {
        let table = Table::read(library.file(&template.meta.sample_data.file).expect("sample data"));
        // a value that a parameter names is no longer in the data
        let names_a_value = |text: &str| table.rows.iter().flatten().any(|cell| cell == text);
        let given = &template.meta.sample_data.parameters;
        if given.values().any(|v| v.as_str().is_some_and(names_a_value)) {
            continue;
        }
        let Some(case) = awkward(template, &table) else { continue };
        count += 1;
        if let Err(reason) = run(&library, template, &case) {
            wrong.push(format!("{}: {reason}", template.meta.id));
        }
    }
    assert!(count >= 20, "{count} cases");
    assert!(wrong.is_empty(), "{} of {count} cases\n{}", wrong.len(), wrong.join("\n"));
}
