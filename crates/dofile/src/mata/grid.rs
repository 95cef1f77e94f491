//! A rectangular array of one kind of element: the storage of all values of Mata.

use std::sync::Arc;

/// An array in row-major order. Copies share the elements until one of them is changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Grid<T> {
    rows: usize,
    cols: usize,
    data: Arc<Vec<T>>,
}

impl<T: Clone> Grid<T> {
    /// An array from its elements in row-major order.
    pub fn new(rows: usize, cols: usize, data: Vec<T>) -> Self {
        assert_eq!(data.len(), rows * cols, "one value for each cell");
        Self { rows, cols, data: Arc::new(data) }
    }

    /// An array of one repeated element.
    pub fn filled(rows: usize, cols: usize, x: T) -> Self {
        Self::new(rows, cols, vec![x; rows * cols])
    }

    /// One element.
    pub fn scalar(x: T) -> Self {
        Self::new(1, 1, vec![x])
    }

    /// One row.
    pub fn row(data: Vec<T>) -> Self {
        Self::new(1, data.len(), data)
    }

    /// One column.
    pub fn column(data: Vec<T>) -> Self {
        Self::new(data.len(), 1, data)
    }

    /// No element: 0 × 0.
    pub fn empty() -> Self {
        Self::new(0, 0, Vec::new())
    }

    /// An array from a function of row and column (from 0).
    pub fn from_fn(rows: usize, cols: usize, mut value: impl FnMut(usize, usize) -> T) -> Self {
        let mut data = Vec::with_capacity(rows * cols);
        for i in 0..rows {
            for j in 0..cols {
                data.push(value(i, j));
            }
        }
        Self::new(rows, cols, data)
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn cols(&self) -> usize {
        self.cols
    }

    /// Number of elements.
    pub fn len(&self) -> usize {
        self.data.len()
    }

    /// True without elements.
    pub fn is_empty(&self) -> bool {
        self.data.is_empty()
    }

    /// True for 1 × 1.
    pub fn is_scalar(&self) -> bool {
        self.rows == 1 && self.cols == 1
    }

    /// True for one row or one column.
    pub fn is_vector(&self) -> bool {
        self.rows == 1 || self.cols == 1
    }

    /// The element in a row and a column (from 0).
    pub fn get(&self, i: usize, j: usize) -> &T {
        &self.data[i * self.cols + j]
    }

    /// All elements, row by row.
    pub fn data(&self) -> &[T] {
        &self.data
    }

    /// All elements to change; they are copied first where another value shares them.
    pub fn data_mut(&mut self) -> &mut [T] {
        Arc::make_mut(&mut self.data).as_mut_slice()
    }

    /// The elements of a row.
    pub fn row_of(&self, i: usize) -> &[T] {
        &self.data[i * self.cols..(i + 1) * self.cols]
    }

    /// The elements of a column.
    pub fn column_of(&self, j: usize) -> impl Iterator<Item = &T> {
        (0..self.rows).map(move |i| self.get(i, j))
    }

    /// The transpose.
    pub fn transpose(&self) -> Self {
        if self.is_vector() {
            return Self { rows: self.cols, cols: self.rows, data: self.data.clone() };
        }
        Self::from_fn(self.cols, self.rows, |i, j| self.get(j, i).clone())
    }

    /// The same elements in another shape of the same size.
    pub fn reshaped(&self, rows: usize, cols: usize) -> Self {
        assert_eq!(rows * cols, self.len(), "the shapes have the same size");
        Self { rows, cols, data: self.data.clone() }
    }

    /// Rows and columns picked by position (from 0), in the given order.
    pub fn select(&self, rows: &[usize], cols: &[usize]) -> Self {
        Self::from_fn(rows.len(), cols.len(), |i, j| self.get(rows[i], cols[j]).clone())
    }

    /// Rows picked by position, in the given order.
    pub fn select_rows(&self, rows: &[usize]) -> Self {
        let mut data = Vec::with_capacity(rows.len() * self.cols);
        rows.iter().for_each(|i| data.extend_from_slice(self.row_of(*i)));
        Self::new(rows.len(), self.cols, data)
    }

    /// Applies a function to every element.
    pub fn map<U: Clone>(&self, f: impl FnMut(&T) -> U) -> Grid<U> {
        Grid::new(self.rows, self.cols, self.data.iter().map(f).collect())
    }

    /// `self` above `other`, which has as many columns.
    pub fn above(&self, other: &Self) -> Self {
        Self::new(self.rows + other.rows, self.cols, [self.data(), other.data()].concat())
    }

    /// `self` beside `other`, which has as many rows.
    pub fn beside(&self, other: &Self) -> Self {
        let mut data = Vec::with_capacity(self.len() + other.len());
        for i in 0..self.rows {
            data.extend_from_slice(self.row_of(i));
            data.extend_from_slice(other.row_of(i));
        }
        Self::new(self.rows, self.cols + other.cols, data)
    }
}
