//! Critical values of Stock and Yogo (2005), "Testing for weak instruments in linear IV regression", tables 5.1 to
//! 5.4, for one endogenous regressor and up to ten excluded instruments. Every number was compared with two
//! independent reproductions of the tables.

/// Largest relative biases of the table for two-stage least squares.
pub const BIASES: [f64; 4] = [0.05, 0.10, 0.20, 0.30];
/// Largest rejection rates of a nominal 5 % Wald test.
pub const SIZES: [f64; 4] = [0.10, 0.15, 0.20, 0.25];

/// Relative bias of 2SLS by number of instruments, from three on (table 5.1).
const BIAS: [[f64; 4]; 8] = [
    [13.91, 9.08, 6.46, 5.39],
    [16.85, 10.27, 6.71, 5.34],
    [18.37, 10.83, 6.77, 5.25],
    [19.28, 11.12, 6.76, 5.15],
    [19.86, 11.29, 6.73, 5.07],
    [20.25, 11.39, 6.69, 4.99],
    [20.53, 11.46, 6.65, 4.92],
    [20.74, 11.49, 6.61, 4.86],
];

/// Size of the 2SLS Wald test by number of instruments, from one on (table 5.2).
const SIZE: [[f64; 4]; 10] = [
    [16.38, 8.96, 6.66, 5.53],
    [19.93, 11.59, 8.75, 7.25],
    [22.30, 12.83, 9.54, 7.80],
    [24.58, 13.96, 10.26, 8.31],
    [26.87, 15.09, 10.98, 8.84],
    [29.18, 16.23, 11.72, 9.38],
    [31.50, 17.38, 12.48, 9.93],
    [33.84, 18.54, 13.24, 10.50],
    [36.19, 19.71, 14.01, 11.07],
    [38.54, 20.88, 14.78, 11.65],
];

/// Size of the LIML Wald test by number of instruments, from one on (table 5.4).
const LIML_SIZE: [[f64; 4]; 10] = [
    [16.38, 8.96, 6.66, 5.53],
    [8.68, 5.33, 4.42, 3.92],
    [6.46, 4.36, 3.69, 3.32],
    [5.44, 3.87, 3.30, 2.98],
    [4.84, 3.56, 3.05, 2.77],
    [4.45, 3.34, 2.87, 2.61],
    [4.18, 3.18, 2.73, 2.49],
    [3.97, 3.04, 2.63, 2.39],
    [3.81, 2.93, 2.54, 2.32],
    [3.68, 2.84, 2.46, 2.25],
];

/// Critical values of the relative bias of 2SLS, where the table has them (three instruments or more).
pub fn bias(endogenous: usize, instruments: usize) -> Option<[f64; 4]> {
    (endogenous == 1).then(|| instruments.checked_sub(3).and_then(|i| BIAS.get(i)).copied())?
}

/// Critical values of the size of the Wald test of 2SLS or LIML.
pub fn size(endogenous: usize, instruments: usize, liml: bool) -> Option<[f64; 4]> {
    let table = if liml { &LIML_SIZE } else { &SIZE };
    (endogenous == 1).then(|| instruments.checked_sub(1).and_then(|i| table.get(i)).copied())?
}
