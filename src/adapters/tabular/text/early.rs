//! Rows of a large file that are converted as soon as they are read, by a guess at its columns. The guess is right if
//! the facts on all rows lead to the same: then what was written is what a second pass would write. Otherwise it is
//! removed, and a second pass follows.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use foldhash::fast::RandomState;

use super::blocks::{Cuts, RawBlock};
use super::grid::{Cell, Grid};
use super::known::KnownBlocks;
use super::marks;
use super::measure::Survey;
use super::plan::Plan;
use super::sample::Guess;
use super::{Inferred, Table, gather};
use crate::adapters::tabular::advance;
use crate::adapters::tabular::convert::{Builder, Verbatim};
use crate::adapters::tabular::infer::{Digits, Inference, Taker};
use crate::adapters::tabular::number;
use crate::adapters::tabular::output::{self, Encoder, Output};
use crate::adapters::tabular::profile::{Duplicates, Gatherer};
use crate::adapters::tabular::{output::Block, remarks};
use crate::domain::error::Problem;
use crate::ports::blob_store::Written;

/// Passes where a guess was wrong: the file is measured, read for facts, and converted.
const PASSES_AFTER_A_WRONG_GUESS: u64 = 3;

/// Which files are converted early, and how.
#[derive(Debug, Clone, Copy)]
pub(super) struct Early {
    /// Smallest file in bytes.
    pub least_bytes: u64,
    /// Least bytes of a block.
    pub piece: usize,
    /// Parts that are measured at the same time.
    pub parts: u64,
    /// Bytes of each piece that is looked at beforehand.
    pub sample: usize,
}

impl Default for Early {
    fn default() -> Self {
        Self { least_bytes: 4 << 20, piece: 512 * 1024, parts: 2, sample: 32 * 1024 }
    }
}

/// Rows that were converted by a guess.
pub(super) struct Converted {
    plan: Plan,
    rows: u64,
    output: Output,
    gathered: Gatherer,
    duplicates: Duplicates,
    misfits: u64,
}

impl Converted {
    /// True if the facts on the whole file lead to the same plan and as many rows.
    pub(super) fn is_by(&self, plan: &Plan, rows: u64) -> bool {
        self.plan == *plan && self.rows == rows
    }

    /// Completes the file.
    ///
    /// # Errors
    /// I/O.
    pub(super) fn finish(self) -> Result<(Written, Gatherer, Duplicates), Problem> {
        remarks::assert_no_misfits(self.misfits);
        Ok((self.output.finish()?, self.gathered, self.duplicates))
    }
}

/// Reads all rows for facts on their columns and converts them on the way to `dest`. `None` where that is not tried, or
/// where anything is wrong with the file: the ordinary passes tell what. Without rows where the guess did not hold.
pub(super) fn infer(table: &Table, dest: &Path, early: &Early) -> Option<(Inferred, Option<Converted>)> {
    let mut guess = Guess::of(table, early)?;
    let survey = Survey {
        path: table.path,
        from: table.encoding.bom as u64,
        dialect: table.dialect,
        header_row: table.header.row,
        columns: &guess.open,
        piece: early.piece,
        parts: early.parts,
    };
    let measured = survey.run()?;
    if !guess.close(&measured.longest) {
        return None;
    }
    let blank = measured.blank.checked_sub(table.header.blank)?;
    let rows = measured.records.checked_sub(table.header.row)?.checked_sub(blank)?;
    let output = Output::create(dest, &named(&guess.plan), Vec::new(), rows).ok()?;
    let mut pass = Pass { table, encoder: output.encoder(), guess, wrong: AtomicBool::new(false) };
    let (inferred, converted) = pass.run(measured.cuts, rows, output)?;
    let written = converted.filter(|_| !*pass.wrong.get_mut());
    if written.is_none() {
        advance::expect_of(table.path, PASSES_AFTER_A_WRONG_GUESS);
    }
    let plan = pass.guess.plan;
    let converted = written.map(|(output, gathered, duplicates, misfits)| Converted {
        plan,
        rows,
        output,
        gathered,
        duplicates,
        misfits,
    });
    Some((inferred, converted))
}

/// The columns with the names that they get; remarks on them come with the facts.
fn named(plan: &Plan) -> Vec<output::ColumnPlan> {
    let mut columns = plan.columns.clone();
    output::name_columns(&mut columns, &mut super::Warnings::default());
    columns
}

/// What threads share.
struct Pass<'a> {
    table: &'a Table<'a>,
    guess: Guess,
    encoder: Encoder,
    /// The guess does not hold, or nothing can be written.
    wrong: AtomicBool,
}

/// State of a thread.
struct State {
    facts: Vec<Inference>,
    /// One for each column that is kept.
    builders: Vec<Option<Builder>>,
    gatherer: Gatherer,
    grid: Grid,
    last_row: u64,
}

type Rows = (Output, Gatherer, Duplicates, u64);

/// Number of rows of a block, and what they become, with a hash for each row.
type Done = (u64, Option<(Block, Vec<u64>)>);

impl Pass<'_> {
    fn run(&self, cuts: Cuts, expected: u64, output: Output) -> Option<(Inferred, Option<Rows>)> {
        let table = self.table;
        let blocks = KnownBlocks::open(table.path, table.encoding, table.dialect, &cuts).ok()?;
        let mut gathered = Gatherer::new(self.guess.plan.kept.len(), RandomState::default());
        let mut duplicates = Duplicates::of_rows(expected);
        let mut output = Some(output);
        let mut rows = 0;
        let states = blocks
            .in_parallel(
                || State::new(&self.guess.plan, table.header.names.len(), gathered.beside()),
                |state, block| self.work(state, block),
                |(count, converted)| {
                    rows += count;
                    let written = converted.zip(output.as_mut()).is_some_and(|((block, hashes), output)| {
                        duplicates.add(&hashes);
                        output.write(block).is_ok()
                    });
                    if !written {
                        self.wrong.store(true, Ordering::Relaxed);
                        output = None;
                    }
                    Ok(())
                },
            )
            .ok()?;
        let mut columns = vec![Inference::default(); table.header.names.len()];
        let (mut last_row, mut misfits) = (0, 0);
        for state in states {
            last_row = last_row.max(state.last_row);
            columns.iter_mut().zip(&state.facts).for_each(|(all, part)| all.merge(part));
            misfits += state.builders.iter().flatten().map(|builder| builder.misfits).sum::<u64>();
            gathered.merge(state.gatherer);
        }
        let inferred = Inferred { columns, rows, last_row, cuts };
        Some((inferred, output.map(|output| (output, gathered, duplicates, misfits))))
    }

    /// Takes in the rows of a block; returns their number and, as long as the guess holds, what they become.
    fn work(&self, state: &mut State, block: &RawBlock) -> Result<Done, Problem> {
        let converting = !self.wrong.load(Ordering::Relaxed);
        let State { facts, builders, gatherer, grid, last_row } = state;
        let count = self.table.each_grid(block, grid, |grid, text| {
            *last_row = grid.last().unwrap_or(*last_row);
            for (at, (fact, builder)) in facts.iter_mut().zip(&mut *builders).enumerate() {
                match builder.as_mut().filter(|_| converting) {
                    Some(builder) => both(fact, builder, grid, at, text),
                    None => gather(fact, grid, at, text),
                }
            }
        })?;
        if !converting || !self.guess.holds(facts) {
            self.wrong.store(true, Ordering::Relaxed);
            return Ok((count, None));
        }
        let columns: Vec<dta::Column> = builders.iter_mut().flatten().map(Builder::take).collect();
        let hashes = gatherer.add(&columns);
        Ok((count, self.encoder.block(columns).ok().map(|block| (block, hashes))))
    }
}

impl State {
    fn new(plan: &Plan, width: usize, gatherer: Gatherer) -> Self {
        let mut builders: Vec<Option<Builder>> = (0..width).map(|_| None).collect();
        for ((&at, &reading), column) in plan.kept.iter().zip(&plan.readings).zip(&plan.columns) {
            builders[at] = Some(Builder::new(reading, column.storage, 0));
        }
        Self {
            facts: vec![Inference::default(); width],
            builders,
            gatherer,
            grid: Grid::new(width),
            last_row: 0,
        }
    }
}

/// Takes in and converts the cells of a column. Plain numbers, dates and texts are read once for both. What finds bits in
/// words is compiled once more for processors that have instructions for it.
fn both(fact: &mut Inference, builder: &mut Builder, grid: &Grid, at: usize, text: &str) {
    #[cfg(target_arch = "x86_64")]
    if marks::has_avx2() {
        // SAFETY: the processor has what the function is compiled for.
        return unsafe { both_with_avx2(fact, builder, grid, at, text) };
    }
    both_by_words(fact, builder, grid, at, text);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
fn both_with_avx2(fact: &mut Inference, builder: &mut Builder, grid: &Grid, at: usize, text: &str) {
    both_by_words(fact, builder, grid, at, text);
}

#[inline(always)]
fn both_by_words(fact: &mut Inference, builder: &mut Builder, grid: &Grid, at: usize, text: &str) {
    if builder.takes_words() {
        for (cell, row) in grid.column(at, text) {
            one_by_one(fact, builder, &cell, grid.number(row));
        }
    } else if builder.takes_text() {
        texts(fact, builder, grid, at, text);
    } else if builder.takes_what_was_read() {
        numbers(fact, builder, grid, at, text);
    } else {
        for (cell, row) in grid.column(at, text) {
            match cell.place() {
                Some((bytes, range)) => {
                    fact.within(bytes, range.clone(), grid.number(row));
                    builder.within(bytes, range);
                }
                None => one_by_one(fact, builder, &cell, grid.number(row)),
            }
        }
    }
}

/// The cells of a column of texts.
#[inline(always)]
fn texts(fact: &mut Inference, builder: &mut Builder, grid: &Grid, at: usize, text: &str) {
    let mut digits = Digits::default();
    for (cell, row) in grid.column(at, text) {
        let Some((bytes, range)) = cell.place() else {
            digits.hand_over(fact);
            let cell = cell.text();
            let (bytes, row) = (cell.as_bytes(), grid.number(row));
            fact.within_to(bytes, 0..bytes.len(), row, &mut Verbatim { builder, block: &cell });
            continue;
        };
        if let Some(value) = number::few_digits(bytes, &range) {
            digits.add(value, bytes, &range);
            Verbatim { builder, block: text }.few_digits(value, range);
        } else {
            digits.hand_over(fact);
            let mut taker = Verbatim { builder, block: text };
            fact.others_within_to(bytes, range, grid.number(row), &mut taker);
        }
    }
    digits.hand_over(fact);
}

/// The cells of a column of plain numbers, or of dates with the year first.
#[inline(always)]
fn numbers(fact: &mut Inference, builder: &mut Builder, grid: &Grid, at: usize, text: &str) {
    let mut digits = Digits::default();
    let mut known = fact.known();
    for (cell, row) in grid.column(at, text) {
        if let Some((bytes, range)) = cell.place() {
            if let Some(number) = known.decimal::<true>(bytes, &range) {
                digits.add_decimal(range.len(), number.leading_zero);
                builder.decimal(number.value);
                continue;
            }
            if let Some(value) = number::few_digits(bytes, &range) {
                digits.add(value, bytes, &range);
                builder.few_digits(value, range);
                continue;
            }
            if let Some(day) = known.day(bytes, &range) {
                digits.add_day(range.len());
                builder.day(day);
                continue;
            }
            digits.hand_over(fact);
            fact.others_within_to(bytes, range, grid.number(row), builder);
        } else {
            digits.hand_over(fact);
            one_by_one(fact, builder, &cell, grid.number(row));
        }
        known = fact.known();
    }
    digits.hand_over(fact);
}

/// A cell that is read twice.
#[cold]
fn one_by_one(fact: &mut Inference, builder: &mut Builder, cell: &Cell<'_>, row: u64) {
    let cell = cell.text();
    fact.text(cell.as_bytes(), row);
    builder.text(&cell);
}

#[cfg(test)]
#[path = "early_tests.rs"]
mod tests;
