//! The tables of a layout as text: labels of rows and columns around the cells ([TABLES] collect style header, row, column).

use super::factor_levels::factor_label;
use super::items::Collection;
use super::layout::{Entry, Grid, Outcome};
use super::sheet::Sheet;
use super::styles::{Duplicates, LevelHeader, SamplePlace, TitleHeader};
use super::terms::{Choice, Term};

impl Collection {
    /// Label of a level in one text.
    pub(crate) fn level_text(&self, dim: &str, level: &str) -> String {
        let own = self.labels.level(dim, level).map(str::to_string);
        own.or_else(|| factor_label(self, dim, level).map(|l| l.bound)).unwrap_or_else(|| level.to_string())
    }

    /// Texts that stand for a level of a dimension, from the outermost to the innermost.
    fn nodes(&self, dim: &str, level: &str, binds: bool) -> Vec<String> {
        let mut out = Vec::new();
        match self.styles.title(dim) {
            TitleHeader::Hide => {}
            TitleHeader::Label => out.push(self.labels.dim(dim).to_string()),
            TitleHeader::Name => out.push(dim.to_string()),
        }
        match self.styles.level(dim, level) {
            LevelHeader::Hide => {}
            LevelHeader::Value => out.push(level.to_string()),
            LevelHeader::Label if binds || self.labels.level(dim, level).is_some() => {
                out.push(self.level_text(dim, level));
            }
            LevelHeader::Label => match factor_label(self, dim, level) {
                Some(label) => out.extend([label.group, label.level]),
                None => out.push(level.to_string()),
            },
        }
        out.retain(|text| !text.is_empty());
        out
    }

    /// The same for all dimensions of a row, a column or a table, one list for each.
    fn path(&self, terms: &[Term], entry: &Entry, binds: bool) -> Vec<Vec<String>> {
        let Some(term) = terms.get(entry.term) else { return Vec::new() };
        term.iter().zip(&entry.levels).map(|(choice, level)| self.nodes(&choice.dim, level, binds)).collect()
    }

    /// The tables that are shown, or why there are none.
    pub(crate) fn sheets(&self) -> Result<Vec<Sheet>, Outcome> {
        match self.lay_out() {
            Outcome::Tables(grids) => {
                let last = grids.len() - 1;
                Ok(grids.iter().enumerate().map(|(k, grid)| self.sheet(grid, k == 0, k == last)).collect())
            }
            other => Err(other),
        }
    }

    fn sheet(&self, grid: &Grid, first: bool, last: bool) -> Sheet {
        let mut sheet = Sheet { frame: self.styles.frame, ..Sheet::default() };
        if first {
            sheet.title.clone_from(&self.title);
        }
        sheet.panel = self.path(&self.layout.tables, &grid.table, true).concat().join(" ");
        if self.styles.rows.split {
            self.split_rows(grid, &mut sheet);
        } else {
            self.stacked_rows(grid, &mut sheet);
        }
        self.head(grid, &mut sheet);
        self.place_sample(grid, &mut sheet);
        if last {
            sheet.notes.extend(self.stars.as_ref().and_then(|stars| stars.note_text()));
            sheet.notes.extend(self.notes.iter().cloned());
        }
        sheet
    }

    /// Moves the first line, that of the sample, to the labels of the columns.
    fn place_sample(&self, grid: &Grid, sheet: &mut Sheet) {
        let is_sample = |choice: &Choice, level: &str| choice.dim == "var" && level == "_N";
        let first = grid.rows.first().and_then(|entry| {
            let term = self.layout.rows.get(entry.term)?;
            term.iter().zip(&entry.levels).find(|(choice, level)| is_sample(choice, level))
        });
        if self.styles.sample_place == SamplePlace::Items || first.is_none() || sheet.rows.is_empty() {
            return;
        }
        let mut line = sheet.rows.remove(0);
        line.iter_mut().take(sheet.labels()).for_each(String::clear);
        match sheet.head.last_mut().filter(|_| self.styles.sample_place == SamplePlace::InLabels) {
            Some(labels) => {
                labels.resize(labels.len().max(line.len()), String::new());
                for (label, text) in labels.iter_mut().zip(line).filter(|(_, text)| !text.is_empty()) {
                    *label = format!("{label} {text}").trim().to_string();
                }
            }
            None => sheet.head.push(line),
        }
    }

    /// Labels above each other, the inner ones indented.
    fn stacked_rows(&self, grid: &Grid, sheet: &mut Sheet) {
        let rows = &self.styles.rows;
        let blank = |text: String| {
            let mut line = vec![text];
            line.resize(grid.columns.len() + 1, String::new());
            line
        };
        let mut before: (usize, Vec<String>) = (usize::MAX, Vec::new());
        for (entry, cells) in grid.rows.iter().zip(&grid.cells) {
            let path = self.path(&self.layout.rows, entry, rows.binds).concat();
            let same = if before.0 == entry.term {
                before.1.iter().zip(&path).take_while(|(a, b)| a == b).count()
            } else {
                0
            };
            let apart = before.0 != entry.term || !path.is_empty();
            if rows.spacer && same == 0 && apart && !sheet.rows.is_empty() {
                sheet.rows.push(blank(String::new()));
            }
            let indent = |depth: usize| " ".repeat(if rows.indents { 2 * depth } else { 0 });
            let text = |depth: usize| format!("{}{}", indent(depth), path[depth]);
            let own = path.len().saturating_sub(1);
            (same..own).for_each(|depth| sheet.rows.push(blank(text(depth))));
            // the label of the rows before stands once
            let label = if path.len() > same { text(own) } else { String::new() };
            let numbers = cells.iter().map(|cell| cell.text.clone());
            sheet.rows.push(std::iter::once(label).chain(numbers).collect());
            before = (entry.term, path);
        }
    }

    /// Labels in columns, one for each dimension.
    fn split_rows(&self, grid: &Grid, sheet: &mut Sheet) {
        let label = |nodes: Vec<String>| nodes.join(" ");
        let paths: Vec<Vec<String>> = grid
            .rows
            .iter()
            .map(|entry| self.path(&self.layout.rows, entry, true).into_iter().map(label).collect())
            .collect();
        sheet.stub = paths.iter().map(Vec::len).max().unwrap_or(1).max(1);
        for (i, (path, cells)) in paths.iter().zip(&grid.cells).enumerate() {
            let same = |k: usize| {
                i > 0
                    && grid.rows[i - 1].term == grid.rows[i].term
                    && paths[i - 1].get(..=k) == path.get(..=k)
            };
            let shown = |k: usize| {
                path.get(k).filter(|_| k + 1 == path.len() || !same(k)).cloned().unwrap_or_default()
            };
            let numbers = cells.iter().map(|cell| cell.text.clone());
            sheet.rows.push((0..sheet.stub).map(shown).chain(numbers).collect());
        }
    }

    /// Lines of headings; the innermost ones stand over the cells.
    fn head(&self, grid: &Grid, sheet: &mut Sheet) {
        let paths: Vec<Vec<String>> =
            grid.columns.iter().map(|entry| self.path(&self.layout.columns, entry, true).concat()).collect();
        let depth = paths.iter().map(Vec::len).max().unwrap_or(0);
        let stub = sheet.labels();
        // texts from the bottom up
        let padded: Vec<Vec<&str>> = paths
            .iter()
            .map(|path| {
                let above = std::iter::repeat_n("", depth - path.len());
                above.chain(path.iter().map(String::as_str)).collect()
            })
            .collect();
        for line in 0..depth {
            let mut cells = vec![String::new(); stub];
            for (j, path) in padded.iter().enumerate() {
                let same = j > 0
                    && grid.columns[j - 1].term == grid.columns[j].term
                    && padded[j - 1][..=line] == path[..=line];
                let repeats = same && self.styles.duplicates != Duplicates::Repeat;
                cells.push(if repeats { String::new() } else { path[line].to_string() });
            }
            sheet.head.push(cells);
        }
        if sheet.head.is_empty() {
            sheet.head.push(vec![String::new(); stub + grid.columns.len()]);
        }
    }
}
