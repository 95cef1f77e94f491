//! Numbers with a meaning of their own, and display formats.

/// The system-missing value, the least number of double precision.
pub(crate) const SYSTEM_MISSING: f64 = -f64::MAX;
/// `HIGHEST` as the end of a range of missing values.
pub const HIGHEST: f64 = f64::MAX;
/// `LOWEST` as the beginning of a range of missing values: the number next to the system-missing value.
pub const LOWEST: f64 = f64::from_bits(0xffef_ffff_ffff_fffe);

/// What a display format says about the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatKind {
    /// `A`, `AHEX`: text.
    Text,
    /// `F`, `COMMA`, `DOLLAR` and all others that show a number.
    Number,
    /// `DATE`, `ADATE`, `EDATE`, `JDATE`, `SDATE`, `WKYR`: a day, as seconds since 1582-10-14.
    Date,
    /// `MOYR`: a month, as the seconds of its first day.
    Month,
    /// `QYR`: a quarter, as the seconds of its first day.
    Quarter,
    /// `DATETIME`, `YMDHMS`: seconds since 1582-10-14.
    DateTime,
    /// `TIME`, `DTIME`, `MTIME`: a duration in seconds.
    Time,
}

/// A display format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Format {
    /// What the values are.
    pub kind: FormatKind,
    /// Characters shown.
    pub width: u8,
    /// Digits behind the decimal sign.
    pub decimals: u8,
}

impl Format {
    /// Reads a format as the dictionary codes it: type, width and decimals in the third, second and first byte.
    pub(crate) fn of(code: i32) -> Self {
        let [decimals, width, kind, _] = code.to_le_bytes();
        let kind = match kind {
            1 | 2 => FormatKind::Text,
            20 | 23 | 24 | 30 | 38 | 39 => FormatKind::Date,
            21 | 25 | 40 => FormatKind::Time,
            22 | 41 => FormatKind::DateTime,
            28 => FormatKind::Month,
            29 => FormatKind::Quarter,
            _ => FormatKind::Number,
        };
        Self { kind, width, decimals }
    }
}
