//! Names of the rows of coefficient tables, in the blocks that factor variables and time-series operators form.

use crate::format;
use crate::session::Session;
use crate::syntax::{Atom, Term};

/// Prints names in the blocks that factor variables form.
#[derive(Default)]
pub struct Layout {
    block: Option<String>,
    /// A row without a block stands before.
    pub plain_before: bool,
}

impl Layout {
    /// Prints one row of a variable with time-series operators, under a line with the variable's name.
    pub fn print_operated(&mut self, session: &mut Session, variable: &str, operators: &str, cells: &str) {
        let block = format!("{OPERATED}{variable}");
        if self.block.as_ref() != Some(&block) {
            if self.plain_before || self.block.is_some() {
                session.print("             |");
            }
            session.print(format!("{:>12} |", format::abbrev(variable, 12)));
        }
        self.block = Some(block);
        self.plain_before = true;
        session.print(format!("{operators:>12} |{cells}"));
    }

    /// Prints one row with its name.
    pub fn print(&mut self, session: &mut Session, name: &str, term: Option<&Term>, cells: &str) {
        let Some(term) = term.filter(|t| is_block(t)) else {
            if self.block.take().is_some() {
                session.print("             |");
            }
            self.plain_before = true;
            let shown = term.map_or(name.to_string(), plain_name);
            session.print(format!("{:>12} |{cells}", format::abbrev(&shown, 12)));
            return;
        };
        let variables: Vec<String> = term.atoms.iter().map(heading_of).collect();
        let block = variables.join("#");
        let only_continuous = term.atoms.iter().all(|a| matches!(a, Atom::Cont { .. }));
        if self.block.as_deref() != Some(&block) || only_continuous {
            if self.plain_before || self.block.is_some() {
                session.print("             |");
            }
            let lines =
                if block.chars().count() <= 12 { vec![block.clone()] } else { split_heading(&variables) };
            let (last, earlier) = lines.split_last().expect("a term has a factor");
            for line in earlier {
                session.print(format!("{:>13}|", format!("{}#", format::abbrev(line, 12))));
            }
            let last = format!("{:>12} |", format::abbrev(last, 12));
            session.print(if only_continuous { format!("{last}{cells}") } else { last });
        }
        self.block = Some(block);
        self.plain_before = true;
        if only_continuous {
            return;
        }
        let levels: Vec<String> = term.atoms.iter().filter_map(|a| level_text(session, a)).collect();
        // Numbers alone stand side by side; labels are joined.
        let numbers = levels.iter().all(|l| l.parse::<i64>().is_ok());
        let joined = levels.join(if numbers { " " } else { "#" });
        session.print(format!("{:>11}  |{cells}", format::abbrev(&joined, 11)));
    }
}

impl Layout {
    /// Prints the row of a contrast of two levels, `r1vs0.a`, below the name of its factor: the labels of both sides, in
    /// lines of their own where they are long. Returns false for another name.
    pub fn print_contrast(&mut self, session: &mut Session, name: &str, cells: &str) -> bool {
        let Some((level, base, variable)) = contrast(name) else { return false };
        if self.block.as_deref() != Some(variable) {
            if self.plain_before || self.block.is_some() {
                session.print("             |");
            }
            session.print(format!("{:>12} |", format::abbrev(variable, 12)));
        }
        self.block = Some(variable.to_string());
        self.plain_before = true;
        let text = |level: i64| {
            let ts = crate::tsset::TsOp::default();
            let var = variable.to_string();
            let atom = Atom::Level { var, ts, level, base: false, no_base: false, omitted: false };
            level_text(session, &atom).unwrap_or_default()
        };
        let (of, from) = (text(level), text(base));
        let whole = format!("({of} vs {from})");
        if whole.chars().count() <= 12 {
            session.print(format!("{whole:>12} |{cells}"));
        } else {
            session.print(format!("{:>12} |", format::abbrev(&format!("({of}"), 12)));
            session.print(format!("{:>12} |", "vs"));
            session.print(format!("{:>12} |{cells}", format::abbrev(&format!("{from})"), 12)));
        }
        true
    }
}

/// Level, base and variable of the name of a contrast, `r1vs0.a`.
fn contrast(name: &str) -> Option<(i64, i64, &str)> {
    let (levels, variable) = name.strip_prefix('r')?.split_once('.')?;
    let (level, base) = levels.split_once("vs")?;
    Some((level.parse().ok()?, base.parse().ok()?, variable))
}

/// Sets the block of a variable's lags apart from the block of its levels.
const OPERATED: &str = "L.";

fn is_block(term: &Term) -> bool {
    term.atoms.len() > 1 || matches!(term.atoms.first(), Some(Atom::Level { .. }))
}

fn plain_name(term: &Term) -> String {
    let atom = &term.atoms[0];
    let operators = atom.ts().prefix();
    if operators.is_empty() { atom.var().to_string() } else { format!("{operators}.{}", atom.var()) }
}

fn heading_of(atom: &Atom) -> String {
    let operators = atom.ts().prefix();
    match atom {
        Atom::Cont { var, .. } => format!("c{operators}.{var}"),
        Atom::Level { var, .. } if operators.is_empty() => var.clone(),
        Atom::Level { var, .. } => format!("{operators}.{var}"),
    }
}

fn split_heading(variables: &[String]) -> Vec<String> {
    variables.to_vec()
}

/// The value label of a level, or its number.
pub fn level_text(session: &Session, atom: &Atom) -> Option<String> {
    let Atom::Level { var, level, .. } = atom else {
        return None;
    };
    let label = session
        .frame
        .find(var)
        .filter(|_| !session.settings.table.no_labels)
        .and_then(|i| session.frame.labels_of(i))
        .and_then(|labels| labels.get(*level as f64))
        .map(str::to_string);
    Some(label.unwrap_or_else(|| level.to_string()))
}
