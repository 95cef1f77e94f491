//! The field widths that differ between releases of the format; no reading here.

use crate::meta::StorageType;

/// Field widths of one release.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    pub(super) release: u16,
    /// Width of the number of variables.
    pub(super) variable_count: usize,
    /// Width of the number of rows.
    pub(super) row_count: usize,
    /// Width of the data label's length (tagged releases).
    pub(super) label_length: usize,
    /// Width of one entry of the sort list.
    pub(super) sort_entry: usize,
    /// Width of the names of variables, value labels and characteristics.
    pub(super) name: usize,
    pub(super) format: usize,
    pub(super) variable_label: usize,
    /// Width of the variable number inside a strL reference in a row; the rest of the eight bytes
    /// is the row number.
    pub(super) strl_variable: usize,
    /// Width of the row number in a strL's own entry.
    pub(super) strl_row: usize,
}

impl Layout {
    /// The layout of a supported release.
    pub(super) fn of(release: u16) -> Option<Self> {
        let old = Self {
            release,
            variable_count: 2,
            row_count: 4,
            label_length: 1,
            sort_entry: 2,
            name: 33,
            format: 49,
            variable_label: 81,
            strl_variable: 4,
            strl_row: 4,
        };
        let unicode = Self {
            row_count: 8,
            label_length: 2,
            name: 129,
            format: 57,
            variable_label: 321,
            strl_variable: 2,
            strl_row: 8,
            ..old
        };
        match release {
            113 => Some(Self { format: 12, ..old }),
            114 | 115 | 117 => Some(old),
            118 => Some(unicode),
            119 => Some(Self { variable_count: 4, sort_entry: 4, strl_variable: 3, ..unicode }),
            _ => None,
        }
    }

    /// True for the releases with XML-like tags.
    pub(super) fn tagged(self) -> bool {
        self.release >= 117
    }

    /// The storage type of a type code.
    pub(super) fn storage(self, code: u16) -> Option<StorageType> {
        Some(if self.tagged() {
            match code {
                1..=2045 => StorageType::Str(code),
                32_768 => StorageType::StrL,
                65_526 => StorageType::Double,
                65_527 => StorageType::Float,
                65_528 => StorageType::Long,
                65_529 => StorageType::Int,
                65_530 => StorageType::Byte,
                _ => return None,
            }
        } else {
            match code {
                1..=244 => StorageType::Str(code),
                251 => StorageType::Byte,
                252 => StorageType::Int,
                253 => StorageType::Long,
                254 => StorageType::Float,
                255 => StorageType::Double,
                _ => return None,
            }
        })
    }
}
