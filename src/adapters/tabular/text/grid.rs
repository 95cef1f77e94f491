//! Some rows of a block as a grid of fields. Columns are worked on one after the other: the cells of a column are alike,
//! and so is what is done with them. Where every row has as many fields as the header, a grid is the positions of its
//! separators; otherwise its fields are found record by record.

use std::borrow::Cow;
use std::ops::Range;

use super::marks::{self, Marks, Quoting, STEP};
use super::scan::{Dialect, Field};

/// Cells of a grid, so that it stays in the processor's cache.
const CELLS: usize = 8192;

/// Rows of data, each with as many fields as the header.
pub(super) struct Grid {
    width: usize,
    /// Fields of a row that is not kept yet.
    added: Vec<Field>,
    /// Where the kept fields begin and end, row by row; separators have another form.
    begins: Vec<u32>,
    ends: Vec<u32>,
    /// The rows' numbers in the file; for separators that of the first row alone.
    numbers: Vec<u64>,
    separators: Separators,
}

/// Where the fields of regular rows end.
#[derive(Default)]
struct Separators {
    /// The byte in front of the first field, and the ends of all fields row by row, with room for those of 64 more bytes.
    places: Vec<u32>,
    /// Rows among them; none where a grid has its fields.
    rows: usize,
    /// Carriage returns may stand in front of ends of lines.
    may_return: bool,
    /// A quote stands twice for one somewhere.
    twice: bool,
}

impl Grid {
    /// An empty grid for rows of `width` fields.
    pub(super) fn new(width: usize) -> Self {
        Self {
            width,
            added: Vec::new(),
            begins: Vec::new(),
            ends: Vec::new(),
            numbers: Vec::new(),
            separators: Separators::default(),
        }
    }

    /// True once it has enough rows.
    pub(super) fn is_full(&self) -> bool {
        self.ends.len() + self.width > CELLS
    }

    /// Rows in it.
    pub(super) fn rows(&self) -> usize {
        self.separators.rows.max(self.numbers.len())
    }

    /// The number of its last row in the file.
    pub(super) fn last(&self) -> Option<u64> {
        self.rows().checked_sub(1).map(|row| self.number(row))
    }

    /// The number of a row in the file.
    pub(super) fn number(&self, row: usize) -> u64 {
        match self.separators.rows {
            0 => self.numbers[row],
            _ => self.numbers[0] + row as u64,
        }
    }

    /// Removes all rows.
    pub(super) fn clear(&mut self) {
        self.added.clear();
        self.begins.clear();
        self.ends.clear();
        self.numbers.clear();
        self.separators.rows = 0;
    }

    /// The fields of a row that is not kept yet.
    pub(super) fn added(&mut self) -> &mut Vec<Field> {
        &mut self.added
    }

    /// Keeps the fields that were added as a row with this number; those beyond the header's are left out.
    pub(super) fn keep(&mut self, number: u64) {
        self.numbers.push(number);
        for field in self.added.iter().take(self.width) {
            let whole = field.whole();
            self.begins.push(whole.start);
            self.ends.push(whole.end);
        }
    }

    /// Takes rows from `at` on, where the row `number` begins, as many as have room; returns where the next one begins.
    /// `None`, without rows, where they are not regular or quotes are odd: then they are to be found record by record.
    pub(super) fn take_regular(
        &mut self,
        block: &str,
        at: usize,
        dialect: Dialect,
        number: u64,
    ) -> Option<usize> {
        self.clear();
        // a blank line is no row of one field
        if self.width < 2 {
            return None;
        }
        let most = (CELLS / self.width).max(1) * self.width;
        let end = self.separators.find(block.as_bytes(), at, dialect, (self.width, most))?;
        self.numbers.push(number);
        Some(end)
    }

    /// The cells of a column, each with its row in the grid.
    #[inline(always)]
    pub(super) fn column<'a>(&'a self, at: usize, block: &'a str) -> Column<'a> {
        let Separators { places, rows, may_return, twice } = &self.separators;
        let is_regular = *rows > 0;
        let (begins, ends) = match is_regular {
            true => (&places[..], &places[1..]),
            false => (&self.begins[..], &self.ends[..]),
        };
        Column {
            block,
            begins,
            ends,
            // a field begins behind the separator in front of it
            behind: u32::from(is_regular),
            place: at,
            width: self.width,
            rows: 0..self.rows(),
            returns: is_regular && *may_return && at + 1 == self.width,
            twice: *twice || !is_regular,
        }
    }
}

/// The cells of a column.
pub(super) struct Column<'a> {
    block: &'a str,
    begins: &'a [u32],
    ends: &'a [u32],
    behind: u32,
    place: usize,
    width: usize,
    rows: Range<usize>,
    returns: bool,
    twice: bool,
}

impl<'a> Iterator for Column<'a> {
    type Item = (Cell<'a>, usize);

    // in its loop a cell is a few registers
    #[inline(always)]
    fn next(&mut self) -> Option<Self::Item> {
        let row = self.rows.next()?;
        let start = self.begins[self.place].wrapping_add(self.behind) as usize;
        let end = self.ends[self.place] as usize;
        self.place += self.width;
        let returned = self.returns && end > start && self.block.as_bytes()[end - 1] == b'\r';
        Some((Cell::of(self.block, start, end - usize::from(returned), self.twice), row))
    }
}

impl Separators {
    /// Finds the separators of whole rows from `from` on, up to `most`; returns where the next row begins.
    fn find(&mut self, text: &[u8], from: usize, dialect: Dialect, sizes: (usize, usize)) -> Option<usize> {
        #[cfg(target_arch = "x86_64")]
        if marks::has_avx2() {
            // SAFETY: the processor has what the function is compiled for.
            return unsafe { self.find_with_avx2(text, from, dialect, sizes) };
        }
        self.find_by(text, from, dialect, sizes, marks::marks_of)
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2,lzcnt,popcnt")]
    fn find_with_avx2(
        &mut self,
        text: &[u8],
        from: usize,
        dialect: Dialect,
        sizes: (usize, usize),
    ) -> Option<usize> {
        self.find_by(text, from, dialect, sizes, |chunk, dialect| marks::marks_with_avx2(chunk, dialect))
    }

    #[inline(always)]
    fn find_by(
        &mut self,
        text: &[u8],
        from: usize,
        dialect: Dialect,
        (width, most): (usize, usize),
        find_marks: impl Fn(&[u8; STEP], Dialect) -> Marks,
    ) -> Option<usize> {
        self.places.resize(1 + most + STEP, 0);
        self.places[0] = (from as u32).wrapping_sub(1);
        let (mut count, mut lines, mut twice, mut at) = (0, 0, 0, from);
        let mut quoting = Quoting::FRONT;
        while at < text.len() && count < most {
            let (chunk, length) = marks::step(text, at);
            let found = find_marks(&chunk, dialect);
            let (outside, doubled) = quoting.outside(&found, length)?;
            twice |= doubled;
            lines += (found.terminators & outside).count_ones() as usize;
            let room = self.places[1 + count..].first_chunk_mut().expect("a step fits behind the last one");
            count +=
                marks::write_positions(room, at as u32, (found.delimiters | found.terminators) & outside);
            at += length;
        }
        let rows = count.min(most) / width;
        let (kept, others) = self.places[1..=count].split_at(rows * width);
        let ends_line = |at: &u32| text[*at as usize] == dialect.terminator;
        let last = *kept.last()? as usize;
        // as many lines as rows, and each row ends with one: no row has a line within
        let whole = kept.chunks_exact(width).all(|row| row.last().is_some_and(ends_line));
        if !whole || lines != rows + others.iter().filter(|at| ends_line(at)).count() {
            return None;
        }
        (self.rows, self.twice) = (rows, twice != 0);
        self.may_return = dialect.terminator == b'\n';
        Some(last + 1)
    }
}

/// A cell of a block.
#[derive(Clone, Copy)]
pub(super) struct Cell<'a> {
    block: &'a str,
    start: usize,
    end: usize,
    /// Quotes have to be taken off the range.
    is_quoted: bool,
}

impl<'a> Cell<'a> {
    /// The field that begins and ends there; `twice` where quotes may stand twice for one.
    #[inline(always)]
    fn of(block: &'a str, start: usize, end: usize, twice: bool) -> Self {
        // behind the last field of a text without a last end of line is nothing
        if block.as_bytes().get(start) != Some(&b'"') {
            return Self { block, start, end, is_quoted: false };
        }
        let is_quoted = has_other_quotes(&block.as_bytes()[start..end], twice);
        let around = usize::from(!is_quoted);
        Self { block, start: start + around, end: end - around, is_quoted }
    }

    /// Where the cell lies in the bytes of the block; `None` for one whose quotes have to be taken off first.
    #[inline(always)]
    pub(super) fn place(&self) -> Option<(&'a [u8], Range<usize>)> {
        (!self.is_quoted).then_some((self.block.as_bytes(), self.start..self.end))
    }

    /// The cell's text.
    #[inline]
    pub(super) fn text(&self) -> Cow<'a, str> {
        let raw = &self.block[self.start..self.end];
        if self.is_quoted { super::scan::unquote(raw) } else { Cow::Borrowed(raw) }
    }
}

/// True for a field in quotes unless these are the first and the last byte and there are no others.
#[inline(always)]
fn has_other_quotes(field: &[u8], twice: bool) -> bool {
    match field {
        [b'"', inner @ .., b'"'] => twice && memchr::memchr(b'"', inner).is_some(),
        _ => true,
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::super::scan::Records;
    use super::*;

    const COMMA: Dialect = Dialect { delimiter: b',', terminator: b'\n' };

    /// Cells column by column: the text, whether quotes have to be taken off, and the number of the row.
    type Cells = Vec<Vec<(String, bool, u64)>>;

    fn cells(grid: &Grid, text: &str, width: usize) -> Cells {
        let column = |at| {
            let cells = grid.column(at, text);
            cells
                .map(|(cell, row)| (cell.text().into_owned(), cell.place().is_none(), grid.number(row)))
                .collect()
        };
        (0..width).map(column).collect()
    }

    /// The same, record by record; `None` where a record has another number of fields.
    fn recorded(text: &str, width: usize, rows: usize) -> Option<(Cells, usize)> {
        let mut columns = vec![Vec::new(); width];
        let (mut records, mut fields) = (Records::new(text, COMMA), Vec::new());
        let mut grid = Grid::new(width);
        for row in 7..7 + rows as u64 {
            records.next_record(&mut fields);
            if fields.len() != width {
                return None;
            }
            for (cells, field) in columns.iter_mut().zip(&fields) {
                cells.push((field.value(text).into_owned(), field.range().is_none(), row));
            }
            grid.added().clone_from(&fields);
            grid.keep(row);
        }
        assert_eq!(cells(&grid, text, width), columns, "fields that were kept");
        Some((columns, records.at()))
    }

    fn cell() -> impl Strategy<Value = String> {
        let odd =
            prop_oneof![Just("\"a\"b"), Just("a\"b"), Just("\"\r\n\""), Just("\r"), Just("a,"), Just("\n")];
        prop_oneof![
            20 => "[ab é]{0,9}",
            10 => "\"[ab,\n]{0,30}\"",
            3 => "\"(\"\"|a){0,4}\"",
            1 => odd.prop_map(str::to_owned),
        ]
    }

    proptest! {
        #[test]
        fn regular_rows_have_the_fields_of_their_records(
            (width, cells_of_text) in (2usize..5).prop_flat_map(|width| (Just(width), vec(cell(), width..width * 40))),
            end in prop_oneof![Just("\n"), Just("\r\n")],
        ) {
            let rows = cells_of_text.chunks_exact(width).map(|row| row.join(",") + end);
            let text: String = rows.collect();
            let mut grid = Grid::new(width);
            if let Some(next) = grid.take_regular(&text, 0, COMMA, 7) {
                let expected = recorded(&text, width, grid.rows());
                prop_assert_eq!(Some((cells(&grid, &text, width), next)), expected);
                prop_assert_eq!(grid.last(), Some(6 + grid.rows() as u64));
            } else {
                prop_assert_eq!(grid.rows(), 0);
            }
        }
    }

    #[test]
    fn long_texts_are_taken_in_grids_and_odd_ones_are_not() {
        let text = "1,\"a, \"\"b\"\"\",x\r\n".repeat(10_000);
        let (mut grid, mut at, mut rows) = (Grid::new(3), 0, 0);
        while at < text.len() {
            at = grid.take_regular(&text, at, COMMA, 1).expect("regular rows");
            rows += grid.rows();
            let cells = cells(&grid, &text, 3);
            assert!(cells[1].iter().all(|cell| cell.0 == "a, \"b\"" && cell.1));
            assert!(cells[2].iter().all(|cell| cell.0 == "x"));
        }
        assert_eq!(rows, 10_000);
        for odd in ["1,2\n\n3,4\n", "1,a\"b\n", "1,2\n3,4,5\n6\n", "1,2", "1\n2\n", ""] {
            assert_eq!(Grid::new(2).take_regular(odd, 0, COMMA, 1), None, "{odd:?}");
        }
        assert_eq!(Grid::new(1).take_regular("1\n\n2\n", 0, COMMA, 1), None);
    }
}
