//! The layout that `tabdisp` and the `table` of releases before 17 print: a stub with the rows, columns under supercolumns,
//! superrows one below the other. Widths follow published logs of Stata 8 to 16, because the manual leaves them to the command.

use crate::format;
use crate::session::Session;
use std::collections::HashMap;
use unicode_width::{UnicodeWidthChar, UnicodeWidthStr};

/// Narrowest stub, and narrowest cell where the statistics are the columns.
const STUB: usize = 9;
const STATISTIC: usize = 10;
/// Widest cell that the layout chooses itself.
const WIDEST: usize = 32;

/// A variable along a side of the table.
pub(super) struct Axis {
    pub(super) title: String,
    /// Its levels as they are printed.
    pub(super) levels: Vec<String>,
    /// The last level is a total.
    pub(super) total: bool,
}

/// Where a number stands in its cell.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Align {
    /// At the right end.
    Right,
    /// In the middle; names of columns too.
    Center,
    /// At the left end.
    Left,
}

/// Options of the layout; widths in characters.
pub(super) struct Look {
    pub(super) align: Align,
    pub(super) concise: bool,
    pub(super) cell: Option<usize>,
    pub(super) gap: Option<usize>,
    pub(super) wide_gap: Option<usize>,
    pub(super) stub: Option<usize>,
}

/// Superrow, row, supercolumn and column of a cell; 0 for a side without a variable.
pub(super) type Place = [usize; 4];

/// A table that is ready to be printed.
pub(super) struct Display {
    /// Titles of the superrow variables, and the labels of each superrow; one without labels if there are no such variables.
    pub(super) over: (Vec<String>, Vec<Vec<String>>),
    pub(super) rows: Axis,
    pub(super) columns: Option<Axis>,
    pub(super) supers: Option<Axis>,
    /// Names of the statistics: as they are, and shorter for a table that is too wide.
    pub(super) heads: Vec<[String; 2]>,
    /// The text of each statistic; an empty one leaves the place blank.
    pub(super) cells: HashMap<Place, Vec<String>>,
    pub(super) look: Look,
}

/// A column with the supercolumn and column of its cells, and the statistic if it shows only one.
struct Shown {
    at: [usize; 2],
    statistic: Option<usize>,
    head: Vec<String>,
}

/// Columns under one supercolumn.
struct Group {
    name: String,
    columns: Vec<Shown>,
}

/// Widths of one table.
struct Widths {
    stub: usize,
    cell: usize,
    gap: usize,
    wide_gap: usize,
}

impl Widths {
    fn group(&self, columns: usize) -> usize {
        columns * self.cell + columns.saturating_sub(1) * self.gap
    }

    /// Characters right of the line.
    fn body(&self, groups: &[Group]) -> usize {
        let own: usize = groups.iter().map(|g| self.group(g.columns.len())).sum();
        1 + own + groups.len().saturating_sub(1) * self.wide_gap
    }

    fn fits(&self, groups: &[Group], linesize: usize) -> bool {
        self.stub + 2 + self.body(groups) <= linesize
    }
}

fn width(text: &str) -> usize {
    text.width()
}

/// The beginning of a text that takes at most `field` columns; wide characters take two.
fn cut(text: &str, field: usize) -> String {
    let mut used = 0;
    let fits = |c: &char| {
        used += c.width().unwrap_or(0);
        used <= field
    };
    text.chars().take_while(fits).collect()
}

/// A text in the middle of a field; an odd blank stands on the left.
fn centred(text: &str, field: usize) -> String {
    let free = field.saturating_sub(width(text));
    format!("{}{text}{}", " ".repeat(free.div_ceil(2)), " ".repeat(free / 2))
}

/// Lines of at most `field` characters; longer words are broken.
fn wrapped(text: &str, field: usize) -> Vec<String> {
    let mut lines: Vec<String> = vec![String::new()];
    for word in text.split_whitespace() {
        let mut rest = word;
        loop {
            let last = lines.last_mut().expect("there is always a line");
            let used = width(last) + usize::from(!last.is_empty());
            if used + width(rest) <= field {
                if !last.is_empty() {
                    last.push(' ');
                }
                last.push_str(rest);
                break;
            }
            if last.is_empty() {
                let piece = cut(rest, field.max(2));
                rest = &rest[piece.len()..];
                last.push_str(&piece);
            }
            lines.push(String::new());
        }
    }
    lines
}

impl Display {
    /// Prints the table; columns that do not fit in the line are in further tables.
    pub(super) fn print(&self, s: &mut Session) {
        let linesize = s.settings.linesize;
        let mut shorter = 0;
        let mut groups = self.groups(0, usize::MAX);
        let mut widths = self.widths(&groups);
        if !widths.fits(&groups, linesize) && self.columns.is_none() {
            shorter = 1;
            groups = self.groups(1, usize::MAX);
            widths = self.widths(&groups);
        }
        if !widths.fits(&groups, linesize) && self.look.gap.is_none() {
            widths.gap = 1;
        }
        if widths.fits(&groups, linesize) {
            self.part(s, &groups, &widths);
            return;
        }
        let room = linesize.saturating_sub(widths.stub + 3);
        let most = ((room + widths.gap) / (widths.cell + widths.gap)).max(1);
        // a supercolumn stays together if one fits
        let parts: Vec<Vec<Group>> = self.groups(shorter, most).into_iter().map(|g| vec![g]).collect();
        for part in parts {
            self.part(s, &part, &widths);
        }
    }

    /// The columns, at most `most` of them in a group.
    fn groups(&self, shorter: usize, most: usize) -> Vec<Group> {
        let Some(columns) = &self.columns else {
            let one = |(k, head): (usize, &[String; 2])| Shown {
                at: [0, 0],
                statistic: Some(k),
                head: wrapped(&head[shorter], WIDEST / 2),
            };
            let all: Vec<Shown> = self.heads.iter().enumerate().map(one).collect();
            return parts(String::new(), all, most);
        };
        let names = self.supers.as_ref().map_or_else(|| vec![String::new()], |axis| axis.levels.clone());
        let group = |(sup, name): (usize, String)| {
            let one = |(k, label): (usize, &String)| Shown {
                at: [sup, k],
                statistic: None,
                head: vec![cut(label, WIDEST)],
            };
            parts(name, columns.levels.iter().enumerate().map(one).collect(), most)
        };
        names.into_iter().enumerate().flat_map(group).collect()
    }

    fn widths(&self, groups: &[Group]) -> Widths {
        let labels = self.rows.levels.iter().map(|l| width(l)).max().unwrap_or(0);
        let over = self.over.1.iter().flatten().map(|l| width(l)).max().unwrap_or(0);
        let stub = self.look.stub.unwrap_or_else(|| labels.max(over).clamp(STUB, WIDEST));
        let heads = groups.iter().flat_map(|g| &g.columns).flat_map(|c| &c.head).map(|h| width(h)).max();
        let texts = self.cells.values().flatten().map(|t| width(t.trim())).max().unwrap_or(0);
        let least = if self.columns.is_none() { STATISTIC } else { 1 };
        let cell = self.look.cell.unwrap_or_else(|| heads.unwrap_or(0).max(texts).clamp(least, WIDEST));
        // centred statistics stand closer
        let gap = if self.look.align == Align::Center && self.columns.is_none() { 1 } else { 2 };
        let gap = self.look.gap.unwrap_or(gap);
        Widths { stub, cell, gap, wide_gap: self.look.wide_gap.unwrap_or(4) }
    }

    /// The title of the stub: superrow variables and the row variable.
    fn stub_title(&self) -> String {
        match &self.over.0[..] {
            [] => self.rows.title.clone(),
            over => format!("{} and {}", over.join(", "), self.rows.title),
        }
    }

    /// The lines right of the stub above the rule.
    fn heading(&self, groups: &[Group], widths: &Widths) -> Vec<String> {
        let body = widths.body(groups);
        let mut lines = Vec::new();
        if let Some(columns) = &self.columns {
            let title = match &self.supers {
                Some(supers) => format!("{} and {}", supers.title, columns.title),
                None => columns.title.clone(),
            };
            lines.extend(wrapped(&title, body.max(1)).iter().map(|line| centred(line, body)));
        }
        let wide = " ".repeat(widths.wide_gap);
        if self.supers.is_some() {
            let one = |g: &Group| {
                let room = widths.group(g.columns.len());
                let name = cut(&g.name, room.saturating_sub(4).max(1));
                let dashes = room.saturating_sub(width(&name) + 2);
                let left = "-".repeat(dashes.div_ceil(2));
                format!("{left} {name} {}", "-".repeat(dashes / 2))
            };
            let names: Vec<String> = groups.iter().map(one).collect();
            lines.push(format!(" {}", names.join(&wide)));
        }
        let tall = groups.iter().flat_map(|g| &g.columns).map(|c| c.head.len()).max().unwrap_or(0);
        for k in 0..tall {
            let name = |c: &Shown| {
                let line = (k + c.head.len()).checked_sub(tall).map_or("", |at| c.head[at].as_str());
                match self.look.align {
                    Align::Center => centred(&cut(line, widths.cell), widths.cell),
                    Align::Right => format::right(&cut(line, widths.cell), widths.cell),
                    Align::Left => format::left(&cut(line, widths.cell), widths.cell),
                }
            };
            lines.push(joined(groups, widths, &name));
        }
        lines
    }

    /// One table with the columns of the groups.
    fn part(&self, s: &mut Session, groups: &[Group], widths: &Widths) {
        let stub = widths.stub;
        let heading = self.heading(groups, widths);
        let title = wrapped(&self.stub_title(), stub);
        let tall = heading.len().max(title.len());
        let body = widths.body(groups);
        let rule = format!("{}+{}", "-".repeat(stub + 1), "-".repeat(body));
        s.print("");
        s.print("-".repeat(stub + 2 + body));
        for k in 0..tall {
            let left = (k + title.len()).checked_sub(tall).map_or("", |at| title[at].as_str());
            let right = (k + heading.len()).checked_sub(tall).map_or("", |at| heading[at].as_str());
            let left = if title.len() == 1 { format::right(left, stub) } else { format::left(left, stub) };
            s.print(format!("{left} |{right}"));
        }
        s.print(&rule);
        let mut first = true;
        for (o, labels) in self.over.1.iter().enumerate() {
            let shown = self.shown_rows(o, groups);
            if shown.is_empty() {
                continue;
            }
            if !first {
                s.print(&rule);
            }
            first = false;
            for label in labels {
                s.print(format!("{} |", format::left(&cut(label, stub), stub)));
            }
            self.rows_of(s, o, &shown, groups, widths);
        }
        s.print("-".repeat(stub + 2 + body));
    }

    /// Rows of a superrow: all, or those with a number where the table is concise.
    fn shown_rows(&self, over: usize, groups: &[Group]) -> Vec<usize> {
        let filled = |row: &usize| {
            groups.iter().flat_map(|g| &g.columns).any(|c| {
                let cell = self.cells.get(&[over, *row, c.at[0], c.at[1]]);
                cell.is_some_and(|texts| texts.iter().any(|t| !t.trim().is_empty()))
            })
        };
        (0..self.rows.levels.len()).filter(|row| !self.look.concise || filled(row)).collect()
    }

    fn rows_of(&self, s: &mut Session, over: usize, shown: &[usize], groups: &[Group], widths: &Widths) {
        let stub = widths.stub;
        let stacked = if self.columns.is_some() { self.heads.len() } else { 1 };
        for (n, &row) in shown.iter().enumerate() {
            let total = self.rows.total && row + 1 == self.rows.levels.len();
            if n > 0 && (stacked > 1 || total) {
                s.print(format!("{} | ", " ".repeat(stub)));
            }
            for k in 0..stacked {
                let text = |c: &Shown| {
                    let cell = self.cells.get(&[over, row, c.at[0], c.at[1]]);
                    let text = cell.map_or("", |texts| texts[c.statistic.unwrap_or(k)].as_str());
                    self.placed(text, widths.cell)
                };
                let label = if k == 0 { cut(&self.rows.levels[row], stub) } else { String::new() };
                s.print(format!("{} |{}", format::right(&label, stub), joined(groups, widths, &text)));
            }
        }
    }

    /// A text in its cell. Numbers in the middle keep the width of their format, so that their points stand one below the other.
    fn placed(&self, text: &str, cell: usize) -> String {
        let bare = text.trim();
        match self.look.align {
            Align::Right => format::right(&cut(bare, cell), cell),
            Align::Left => format::left(&cut(bare, cell), cell),
            Align::Center => {
                let over = width(text).saturating_sub(cell);
                let blanks = width(text) - width(text.trim_start());
                let kept: String = text.chars().skip(over.min(blanks)).collect();
                centred(&cut(&kept, cell), cell)
            }
        }
    }
}

/// Splits the columns of a group.
fn parts(name: String, columns: Vec<Shown>, most: usize) -> Vec<Group> {
    let mut out = vec![Group { name: name.clone(), columns: Vec::new() }];
    for column in columns {
        if out[out.len() - 1].columns.len() == most {
            out.push(Group { name: name.clone(), columns: Vec::new() });
        }
        let last = out.len() - 1;
        out[last].columns.push(column);
    }
    out
}

/// A line of all columns.
fn joined(groups: &[Group], widths: &Widths, text: &dyn Fn(&Shown) -> String) -> String {
    let one = |g: &Group| g.columns.iter().map(text).collect::<Vec<_>>().join(&" ".repeat(widths.gap));
    format!(" {}", groups.iter().map(one).collect::<Vec<_>>().join(&" ".repeat(widths.wide_gap)))
}
