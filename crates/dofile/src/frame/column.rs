//! Typed column vectors in Stata's storage types, with its ranges, rounding
//! and missing codes (manual [D] Data types).

use crate::value::{MISSING, is_missing, missing, missing_offset};
use std::borrow::Cow;

/// A storage type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageType {
    /// -127 to 100.
    Byte,
    /// -32,767 to 32,740.
    Int,
    /// -2,147,483,647 to 2,147,483,620.
    Long,
    /// 4-byte real.
    Float,
    /// 8-byte real.
    Double,
    /// Text of at most this many bytes (1 to 2045).
    Str(u16),
    /// Text of any length.
    StrL,
}

/// The values of one variable. Missing numbers are stored as in .dta files:
/// byte 101–127, int 32741–32767, long 2147483621–2147483647, float 2^127 on.
#[derive(Debug, Clone, PartialEq)]
pub enum Column {
    /// `byte` values.
    Byte(Vec<i8>),
    /// `int` values.
    Int(Vec<i16>),
    /// `long` values.
    Long(Vec<i32>),
    /// `float` values.
    Float(Vec<f32>),
    /// `double` values.
    Double(Vec<f64>),
    /// `str#` values with their declared width in bytes.
    Str(u16, Vec<Box<str>>),
    /// `strL` values.
    StrL(Vec<Box<str>>),
}

const FLOAT_MISSING: u32 = 0x7f00_0000;

fn float_to_f64(x: f32) -> f64 {
    if x.to_bits() >= FLOAT_MISSING && x.to_bits() < 0x8000_0000 {
        missing(((x.to_bits() - FLOAT_MISSING) >> 11).min(26) as u8)
    } else {
        f64::from(x)
    }
}

fn f64_to_float(x: f64) -> f32 {
    match missing_offset(x) {
        Some(k) => f32::from_bits(FLOAT_MISSING + (u32::from(k) << 11)),
        None => {
            let y = x as f32;
            if y.abs() < f32::from_bits(FLOAT_MISSING) { y } else { f32::from_bits(FLOAT_MISSING) }
        }
    }
}

impl StorageType {
    /// Parses `byte`, `str20`, `strL`, ….
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "byte" => Self::Byte,
            "int" => Self::Int,
            "long" => Self::Long,
            "float" => Self::Float,
            "double" => Self::Double,
            "strL" => Self::StrL,
            "str" => Self::Str(1),
            _ => {
                let n: u16 = text.strip_prefix("str")?.parse().ok()?;
                if !(1..=2045).contains(&n) {
                    return None;
                }
                Self::Str(n)
            }
        })
    }

    /// The name as Stata writes it.
    pub fn name(self) -> String {
        match self {
            Self::Byte => "byte".into(),
            Self::Int => "int".into(),
            Self::Long => "long".into(),
            Self::Float => "float".into(),
            Self::Double => "double".into(),
            Self::Str(n) => format!("str{n}"),
            Self::StrL => "strL".into(),
        }
    }

    /// True for text types.
    pub fn is_string(self) -> bool {
        matches!(self, Self::Str(_) | Self::StrL)
    }

    /// The display format that a new variable gets (manual [D] format).
    pub fn default_format(self) -> String {
        match self {
            Self::Byte | Self::Int => "%8.0g".into(),
            Self::Long => "%12.0g".into(),
            Self::Float => "%9.0g".into(),
            Self::Double => "%10.0g".into(),
            Self::Str(n) => format!("%{}s", n.max(9)),
            Self::StrL => "%9s".into(),
        }
    }

    /// An empty column of this type with `n` missing (or empty) values.
    pub fn column(self, n: usize) -> Column {
        match self {
            Self::Byte => Column::Byte(vec![101; n]),
            Self::Int => Column::Int(vec![32741; n]),
            Self::Long => Column::Long(vec![2_147_483_621; n]),
            Self::Float => Column::Float(vec![f32::from_bits(FLOAT_MISSING); n]),
            Self::Double => Column::Double(vec![MISSING; n]),
            Self::Str(w) => Column::Str(w, vec!["".into(); n]),
            Self::StrL => Column::StrL(vec!["".into(); n]),
        }
    }

    /// True when the type can hold the number without changing it beyond its own rounding.
    pub fn holds(self, x: f64) -> bool {
        if is_missing(x) {
            return true;
        }
        let whole = x.fract() == 0.0;
        match self {
            Self::Byte => whole && (-127.0..=100.0).contains(&x),
            Self::Int => whole && (-32767.0..=32740.0).contains(&x),
            Self::Long => whole && (-2_147_483_647.0..=2_147_483_620.0).contains(&x),
            Self::Float => x.abs() < 1.701_411_733_192_644_3e38,
            Self::Double => true,
            Self::Str(_) | Self::StrL => false,
        }
    }

    /// The value after storing it in this type: rounded to float precision for
    /// `float`, truncated for integer types, missing where out of range.
    pub fn stored(self, x: f64) -> f64 {
        if is_missing(x) {
            return x;
        }
        match self {
            Self::Float => float_to_f64(f64_to_float(x)),
            Self::Byte | Self::Int | Self::Long => {
                let t = x.trunc();
                if self.holds(t) { t } else { MISSING }
            }
            _ => x,
        }
    }

    /// The smallest type that holds what `self` and the value need (promotion of `replace`).
    pub fn promoted_for(self, x: f64) -> Self {
        if self.holds(x) || self.is_string() {
            return self;
        }
        let whole = x.fract() == 0.0;
        match self {
            Self::Byte | Self::Int | Self::Long if whole => {
                let wider = [Self::Int, Self::Long].into_iter().find(|t| t.holds(x));
                wider.unwrap_or(Self::Double)
            }
            Self::Byte | Self::Int => Self::Float,
            _ => Self::Double,
        }
    }
}

impl Column {
    /// Number of values.
    pub fn len(&self) -> usize {
        match self {
            Self::Byte(v) => v.len(),
            Self::Int(v) => v.len(),
            Self::Long(v) => v.len(),
            Self::Float(v) => v.len(),
            Self::Double(v) => v.len(),
            Self::Str(_, v) | Self::StrL(v) => v.len(),
        }
    }

    /// True when there is no value.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The storage type.
    pub fn storage_type(&self) -> StorageType {
        match self {
            Self::Byte(_) => StorageType::Byte,
            Self::Int(_) => StorageType::Int,
            Self::Long(_) => StorageType::Long,
            Self::Float(_) => StorageType::Float,
            Self::Double(_) => StorageType::Double,
            Self::Str(w, _) => StorageType::Str(*w),
            Self::StrL(_) => StorageType::StrL,
        }
    }

    /// True for text columns.
    pub fn is_string(&self) -> bool {
        matches!(self, Self::Str(..) | Self::StrL(_))
    }

    /// One number (missing for text columns).
    #[inline]
    pub fn num(&self, row: usize) -> f64 {
        match self {
            Self::Byte(v) => byte_to_f64(v[row]),
            Self::Int(v) => int_to_f64(v[row]),
            Self::Long(v) => long_to_f64(v[row]),
            Self::Float(v) => float_to_f64(v[row]),
            Self::Double(v) => v[row],
            Self::Str(..) | Self::StrL(_) => MISSING,
        }
    }

    /// One text (empty for numeric columns).
    #[inline]
    pub fn str(&self, row: usize) -> &str {
        match self {
            Self::Str(_, v) | Self::StrL(v) => &v[row],
            _ => "",
        }
    }

    /// Stores a number as the type keeps it ([`StorageType::stored`]).
    pub fn set_num(&mut self, row: usize, x: f64) {
        match self {
            Self::Byte(v) => v[row] = f64_to_byte(x),
            Self::Int(v) => v[row] = f64_to_int(x),
            Self::Long(v) => v[row] = f64_to_long(x),
            Self::Float(v) => v[row] = f64_to_float(x),
            Self::Double(v) => v[row] = x,
            Self::Str(..) | Self::StrL(_) => {}
        }
    }

    /// Stores a text, cut at a character boundary within the width of `str#`.
    pub fn set_str(&mut self, row: usize, s: &str) {
        match self {
            Self::Str(w, v) => v[row] = truncate_bytes(s, usize::from(*w)).into(),
            Self::StrL(v) => v[row] = s.into(),
            _ => {}
        }
    }

    /// All numbers as doubles; `None` for text. `double` columns are borrowed.
    pub fn as_f64(&self) -> Option<Cow<'_, [f64]>> {
        Some(match self {
            Self::Byte(v) => Cow::Owned(v.iter().map(|&x| byte_to_f64(x)).collect()),
            Self::Int(v) => Cow::Owned(v.iter().map(|&x| int_to_f64(x)).collect()),
            Self::Long(v) => Cow::Owned(v.iter().map(|&x| long_to_f64(x)).collect()),
            Self::Float(v) => Cow::Owned(v.iter().map(|&x| float_to_f64(x)).collect()),
            Self::Double(v) => Cow::Borrowed(v),
            Self::Str(..) | Self::StrL(_) => return None,
        })
    }

    /// A numeric column of a type from doubles.
    pub fn from_f64(ty: StorageType, values: &[f64]) -> Self {
        match ty {
            StorageType::Byte => Self::Byte(values.iter().map(|&x| f64_to_byte(x)).collect()),
            StorageType::Int => Self::Int(values.iter().map(|&x| f64_to_int(x)).collect()),
            StorageType::Long => Self::Long(values.iter().map(|&x| f64_to_long(x)).collect()),
            StorageType::Float => Self::Float(values.iter().map(|&x| f64_to_float(x)).collect()),
            _ => Self::Double(values.to_vec()),
        }
    }

    /// A text column as narrow as its values allow (`strL` beyond 2045 bytes).
    pub fn from_strings(values: Vec<Box<str>>) -> Self {
        let width = values.iter().map(|s| s.len()).max().unwrap_or(0).max(1);
        if width > 2045 { Self::StrL(values) } else { Self::Str(width as u16, values) }
    }

    /// The same values in another type of the same kind.
    pub fn convert(&self, ty: StorageType) -> Self {
        match (self, ty) {
            (Self::Str(_, v) | Self::StrL(v), StorageType::StrL) => Self::StrL(v.clone()),
            (Self::Str(_, v) | Self::StrL(v), StorageType::Str(w)) => {
                Self::Str(w, v.iter().map(|s| truncate_bytes(s, usize::from(w)).into()).collect())
            }
            _ => match self.as_f64() {
                Some(values) => Self::from_f64(ty, &values),
                None => self.clone(),
            },
        }
    }

    /// The values of the given rows, in that order; `None` gives a missing value.
    pub fn gather(&self, rows: impl Iterator<Item = Option<usize>>) -> Self {
        match self {
            Self::Byte(v) => Self::Byte(rows.map(|r| r.map_or(101, |r| v[r])).collect()),
            Self::Int(v) => Self::Int(rows.map(|r| r.map_or(32741, |r| v[r])).collect()),
            Self::Long(v) => Self::Long(rows.map(|r| r.map_or(2_147_483_621, |r| v[r])).collect()),
            Self::Float(v) => {
                Self::Float(rows.map(|r| r.map_or(f32::from_bits(FLOAT_MISSING), |r| v[r])).collect())
            }
            Self::Double(v) => Self::Double(rows.map(|r| r.map_or(MISSING, |r| v[r])).collect()),
            Self::Str(w, v) => Self::Str(*w, rows.map(|r| r.map_or("".into(), |r| v[r].clone())).collect()),
            Self::StrL(v) => Self::StrL(rows.map(|r| r.map_or("".into(), |r| v[r].clone())).collect()),
        }
    }
}

#[inline]
fn byte_to_f64(x: i8) -> f64 {
    if x > 100 { missing((x - 101) as u8) } else { f64::from(x) }
}

#[inline]
fn int_to_f64(x: i16) -> f64 {
    if x > 32740 { missing((x - 32741) as u8) } else { f64::from(x) }
}

#[inline]
fn long_to_f64(x: i32) -> f64 {
    if x > 2_147_483_620 { missing((x - 2_147_483_621) as u8) } else { f64::from(x) }
}

fn f64_to_byte(x: f64) -> i8 {
    match missing_offset(StorageType::Byte.stored(x)) {
        Some(k) => 101 + k as i8,
        None => x as i8,
    }
}

fn f64_to_int(x: f64) -> i16 {
    match missing_offset(StorageType::Int.stored(x)) {
        Some(k) => 32741 + i16::from(k),
        None => x as i16,
    }
}

fn f64_to_long(x: f64) -> i32 {
    match missing_offset(StorageType::Long.stored(x)) {
        Some(k) => 2_147_483_621 + i32::from(k),
        None => x as i32,
    }
}

/// The longest prefix of at most `width` bytes that ends at a character boundary.
pub fn truncate_bytes(s: &str, width: usize) -> &str {
    if s.len() <= width {
        return s;
    }
    let mut end = width;
    while !s.is_char_boundary(end) {
        end -= 1;
    }
    &s[..end]
}

/// True for a name that Stata accepts for a variable: 1 to 32 characters,
/// letters, digits and `_`, not starting with a digit, not reserved.
pub fn is_valid_name(name: &str) -> bool {
    const RESERVED: &[&str] = &[
        "_all", "_b", "byte", "_coef", "_cons", "double", "float", "if", "in", "int", "long", "_n", "_N",
        "_pi", "_pred", "_rc", "_skip", "str", "strL", "using", "with",
    ];
    let mut chars = name.chars();
    let first = chars.next().is_some_and(|c| c == '_' || c.is_alphabetic());
    first
        && chars.all(|c| c == '_' || c.is_alphanumeric())
        && name.chars().count() <= 32
        && !RESERVED.contains(&name)
        && !(name.starts_with("str") && name.len() > 3 && name[3..].bytes().all(|b| b.is_ascii_digit()))
}
