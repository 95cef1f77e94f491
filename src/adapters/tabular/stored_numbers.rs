//! How numbers of a file that has formats of its own are stored: the smallest storage that holds them, and a display format.

use dta::{Reading, StorageType};

use super::infer::number_storage;

/// What was seen of the numbers of a variable.
pub(super) struct Numbers {
    /// Least and greatest number.
    pub range: Option<(f64, f64)>,
    pub has_fraction: bool,
    /// Width and decimals of the file's format, where it prints numbers.
    pub decimals: Option<(usize, usize)>,
}

impl Numbers {
    /// Storage and display format. Whole numbers have the default format of their storage, others the decimals of the file.
    pub(super) fn stored(&self, reading: Reading) -> (StorageType, String) {
        let (low, high) = self.range.unwrap_or((f64::INFINITY, f64::NEG_INFINITY));
        let storage = match reading {
            Reading::Day => StorageType::Long,
            Reading::Month | Reading::Quarter => StorageType::Int,
            Reading::Clock => StorageType::Double,
            Reading::Number => number_storage(!self.has_fraction, low, high),
        };
        let format = reading.display_format().map(str::to_owned);
        (storage, format.unwrap_or_else(|| self.format(storage)))
    }

    fn format(&self, storage: StorageType) -> String {
        match (storage, self.decimals) {
            (StorageType::Byte | StorageType::Int, _) => "%8.0g".to_owned(),
            (StorageType::Long, _) => "%12.0g".to_owned(),
            (_, Some((width, decimals))) if (1..=9).contains(&decimals) => {
                format!("%{}.{decimals}f", width.clamp(decimals + 3, 20))
            }
            _ => "%10.0g".to_owned(),
        }
    }
}
