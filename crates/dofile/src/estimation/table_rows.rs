//! Names of the rows of coefficient tables, in the blocks that factor variables and time-series operators form.

use crate::format;
use crate::session::Session;
use crate::syntax::{Atom, Term};

/// Prints names in the blocks that factor variables form.
pub struct Layout {
    block: Option<String>,
    /// The block has one row so far, of a level of a factor that is not part of an interaction: a name without a block follows
    /// such a row without a line between.
    lone: bool,
    /// A row without a block stands before.
    pub plain_before: bool,
    /// Characters of a name.
    width: usize,
    /// Whether variables are shown by their labels.
    labels: bool,
}

impl Default for Layout {
    fn default() -> Self {
        Self::of_width(12)
    }
}

impl Layout {
    /// Rows whose names have this many characters.
    pub fn of_width(width: usize) -> Self {
        Self { block: None, lone: false, plain_before: false, width, labels: false }
    }

    /// Rows that show the labels of variables, and `Constant`, instead of names.
    #[must_use]
    pub fn labelled(mut self, labels: bool) -> Self {
        self.labels = labels;
        self
    }

    /// The label of a variable where rows have labels and it has one.
    fn shown(&self, session: &Session, name: &str) -> String {
        if !self.labels {
            return name.to_string();
        }
        if name == "_cons" {
            return "Constant".to_string();
        }
        let label = session.frame.find(name).map(|v| session.frame.var(v).label.clone());
        label.filter(|l| !l.is_empty()).unwrap_or_else(|| name.to_string())
    }

    /// Characters that the name of a row and the heading of its block take.
    pub fn needed(session: &Session, name: &str, term: Option<&Term>) -> usize {
        let length = |text: &str| text.chars().count();
        let Some(term) = term.filter(|t| is_block(t)) else {
            return length(&term.map_or(name.to_string(), plain_name));
        };
        let variables: Vec<String> = term.atoms.iter().map(heading_of).collect();
        // a blank follows the level
        let level = level_of(session, term).map_or(0, |level| length(&level) + 1);
        match level {
            // products of variables alone are wrapped
            0 => variables.iter().map(|name| length(name)).max().unwrap_or(0),
            _ => length(&variables.join("#")).max(level),
        }
    }

    /// The line between blocks.
    fn gap(&self) -> String {
        format!("{:>width$}|", "", width = self.width + 1)
    }

    /// A name that stands right, or the beginning of a line with one.
    fn line(&self, name: &str, cells: &str) -> String {
        format!("{} |{cells}", format::right(&format::abbrev(name, self.width), self.width))
    }

    /// A level of a factor, one blank further to the left than a name.
    fn level(&self, name: &str, cells: &str) -> String {
        let width = self.width - 1;
        format!("{}  |{cells}", format::right(&format::abbrev(name, width), width))
    }

    /// Prints one row of a variable with time-series operators, under a line with the variable's name.
    pub fn print_operated(&mut self, session: &mut Session, variable: &str, operators: &str, cells: &str) {
        let block = format!("{OPERATED}{variable}");
        self.lone = false;
        if self.block.as_ref() != Some(&block) {
            if self.plain_before || self.block.is_some() {
                session.print(self.gap());
            }
            session.print(self.line(&self.shown(session, variable), ""));
        }
        self.block = Some(block);
        self.plain_before = true;
        session.print(self.line(operators, cells));
    }

    /// Prints one row with its name.
    pub fn print(&mut self, session: &mut Session, name: &str, term: Option<&Term>, cells: &str) {
        let Some(term) = term.filter(|t| is_block(t)) else {
            if self.block.take().is_some() && !self.lone {
                session.print(self.gap());
            }
            self.lone = false;
            self.plain_before = true;
            let shown = term.map_or(name.to_string(), plain_name);
            session.print(self.line(&self.shown(session, &shown), cells));
            return;
        };
        let variables: Vec<String> = term.atoms.iter().map(heading_of).collect();
        let block = variables.join("#");
        let only_continuous = term.atoms.iter().all(|a| matches!(a, Atom::Cont { .. }));
        let opens = self.block.as_deref() != Some(&block);
        self.lone = opens && term.atoms.len() == 1;
        if opens || only_continuous {
            if self.plain_before || self.block.is_some() {
                session.print(self.gap());
            }
            let lines = match variables.as_slice() {
                [one] => vec![self.shown(session, one)],
                _ => heading_lines(&variables, self.width),
            };
            let (last, earlier) = lines.split_last().expect("a term has a factor");
            for line in earlier {
                // the sign between two factors stands in the column of the blank, the operator of a long name alone
                let sign = if line.ends_with('.') { ' ' } else { '#' };
                session.print(format!(
                    "{:>width$}{sign}|",
                    format::abbrev(line, self.width),
                    width = self.width
                ));
            }
            let last = self.line(last, "");
            session.print(if only_continuous { format!("{last}{cells}") } else { last });
        }
        self.block = Some(block);
        self.plain_before = true;
        if only_continuous {
            return;
        }
        let shown = level_of(session, term).unwrap_or_default();
        let one = term.atoms.iter().filter(|a| matches!(a, Atom::Level { .. })).count() == 1;
        let shown = if one { format::short_label(&shown, self.width - 1) } else { shown };
        session.print(self.level(&shown, cells));
    }
}

/// The levels of a term as its row shows them; none for a product of continuous variables.
fn level_of(session: &Session, term: &Term) -> Option<String> {
    let levels: Vec<String> = term.atoms.iter().filter_map(|a| level_text(session, a)).collect();
    // numbers alone stand side by side; labels are joined
    let numbers = levels.iter().all(|l| l.parse::<i64>().is_ok());
    (!levels.is_empty()).then(|| levels.join(if numbers { " " } else { "#" }))
}

impl Layout {
    /// Prints the row of a contrast of two levels, `r1vs0.a`, below the name of its factor: the labels of both sides, in
    /// lines of their own where they are long. Returns false for another name.
    pub fn print_contrast(&mut self, session: &mut Session, name: &str, cells: &str) -> bool {
        let Some((level, base, variable)) = contrast(name) else { return false };
        if self.block.as_deref() != Some(variable) {
            if self.plain_before || self.block.is_some() {
                session.print(self.gap());
            }
            session.print(self.line(variable, ""));
        }
        self.block = Some(variable.to_string());
        self.lone = false;
        self.plain_before = true;
        let text = |level: i64| {
            let ts = crate::tsset::TsOp::default();
            let var = variable.to_string();
            let atom = Atom::Level { var, ts, level, base: false, no_base: false, omitted: false };
            level_text(session, &atom).unwrap_or_default()
        };
        let (of, from) = (text(level), text(base));
        let whole = format!("({of} vs {from})");
        let length = whole.chars().count();
        if length < self.width {
            session.print(self.level(&whole, cells));
        } else if length == self.width {
            session.print(self.line(&whole, cells));
        } else {
            let side = |text: String| format::short_label(&text, self.width - 1);
            session.print(self.level(&side(format!("({of}")), ""));
            session.print(self.level("vs", ""));
            session.print(self.level(&side(format!("{from})")), cells));
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

/// The lines of a heading: as many factors in each as its width allows; `c.` before a name that fills its line alone.
fn heading_lines(variables: &[String], width: usize) -> Vec<String> {
    let length = |text: &str| text.chars().count();
    let mut lines: Vec<String> = Vec::new();
    for variable in variables {
        match (lines.last_mut(), variable.split_once('.')) {
            (Some(line), _) if length(line) + 1 + length(variable) <= width => {
                line.push('#');
                line.push_str(variable);
            }
            (_, Some((operator, name))) if length(variable) > width && length(operator) < width => {
                lines.extend([format!("{operator}."), name.to_string()]);
            }
            _ => lines.push(variable.clone()),
        }
    }
    lines
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
