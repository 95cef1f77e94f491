//! Numbers in the form of IBM mainframes, missing values, and what formats say about values.

/// A number of an observation.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Number {
    /// A value.
    Value(f64),
    /// A missing value: `.`, `_` or a letter from `A` to `Z`.
    Missing(char),
}

impl Number {
    /// Reads 2 to 8 bytes, of which the first is sign and exponent (a power of 16, excess 64), the others the fraction.
    /// Where there are fewer than 8 bytes, the last ones of the fraction were zero.
    pub(crate) fn of(bytes: &[u8]) -> Self {
        let (first, fraction) = (bytes[0], &bytes[1..]);
        let is_letter = first == b'.' || first == b'_' || first.is_ascii_uppercase();
        if is_letter && fraction.iter().all(|byte| *byte == 0) {
            return Self::Missing(char::from(first));
        }
        let mut word = [0; 8];
        word[1..bytes.len()].copy_from_slice(fraction);
        let fraction = u64::from_be_bytes(word) as f64;
        let exponent = (i32::from(first & 0x7f) - 64) * 4 - 56;
        let magnitude = fraction * 2f64.powi(exponent);
        Self::Value(if first & 0x80 == 0 { magnitude } else { -magnitude })
    }
}

/// How SAS prints the values of a variable.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Format {
    /// The name, in capitals, without width and decimals; empty if there is none.
    pub name: String,
    /// Width in characters; 0 if it is not said.
    pub width: u16,
    /// Digits behind the decimal sign.
    pub decimals: u16,
}

/// What a format says about the values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FormatKind {
    /// Nothing but how numbers or texts are printed.
    Plain,
    /// Days since 1960-01-01.
    Date,
    /// Days since 1960-01-01, of which month and year are shown.
    Month,
    /// Days since 1960-01-01, of which quarter and year are shown.
    Quarter,
    /// Seconds since 1960-01-01.
    DateTime,
    /// Seconds of a time of day or a duration.
    Time,
    /// A format of the users' own: labels that are in a catalog, not in the file.
    Labels,
}

/// Formats of SAS by kind ("SAS Formats and Informats: Reference", "Formats by Category"). Names that end with `*` have variants with a
/// letter for the separator.
const KINDS: &[(FormatKind, &[&str])] = &[
    (
        FormatKind::Date,
        &[
            "DATE", "DAY", "DDMMYY*", "DOWNAME", "JULDAY", "JULIAN", "MMDDYY*", "MONNAME", "MONTH", "QTR",
            "QTRR", "WEEKDATE", "WEEKDATX", "WEEKDAY", "WEEKU", "WEEKV", "WEEKW", "WORDDATE", "WORDDATX",
            "YEAR", "YYMMDD*", "E8601DA", "B8601DA", "IS8601DA", "NENGO", "MINGUO", "EURDFDD", "EURDFDE",
            "EURDFWDX", "NLDATE", "NLDATEL", "NLDATEM", "NLDATES", "NLDATEW",
        ],
    ),
    (FormatKind::Month, &["MONYY", "YYMM*", "MMYY*", "YYMON", "EURDFMY", "NLDATEYM"]),
    (FormatKind::Quarter, &["YYQ*", "YYQR*", "NLDATEYQ"]),
    (
        FormatKind::DateTime,
        &[
            "DATETIME", "DATEAMPM", "DTDATE", "DTMONYY", "DTWKDATX", "DTYEAR", "DTYYQC", "MDYAMPM",
            "E8601DT", "B8601DT", "E8601DN", "B8601DN", "E8601DZ", "B8601DZ", "IS8601DT", "IS8601DN",
            "EURDFDT", "NLDATM", "NLDATML", "NLDATMM", "NLDATMS", "NLDATMW",
        ],
    ),
    (
        FormatKind::Time,
        &[
            "TIME", "TIMEAMPM", "HHMM", "HOUR", "MMSS", "TOD", "E8601TM", "B8601TM", "E8601TZ", "B8601TZ",
            "IS8601TM", "NLTIME",
        ],
    ),
    (
        FormatKind::Plain,
        &[
            "", "F", "BEST", "BESTD", "BESTX", "BINARY", "COMMA", "COMMAX", "D", "DOLLAR", "DOLLARX", "E",
            "EURO", "EUROX", "FLOAT", "FRACT", "HEX", "IB", "IBR", "IEEE", "NEGPAREN", "NUMX", "OCTAL",
            "PCPIB", "PD", "PERCENT", "PERCENTN", "PIB", "PIBR", "PVALUE", "RB", "ROMAN", "SSN", "WORDF",
            "WORDS", "YEN", "Z", "ZD", "$", "$CHAR", "$F", "$HEX", "$QUOTE", "$UPCASE", "$VARYING", "CHAR",
        ],
    ),
];

impl Format {
    /// A format by its name, which may be written with width and decimals behind it, `COMMA12.2`: no name ends with a digit.
    pub fn new(written: &str, width: u16, decimals: u16) -> Self {
        let name = written.trim().trim_end_matches(|c: char| c == '.' || c.is_ascii_digit());
        Self { name: name.to_uppercase(), width, decimals }
    }

    /// What the format says about the values. A name that is not one of SAS is of the users' own.
    pub fn kind(&self) -> FormatKind {
        let is = |known: &str| match known.strip_suffix('*') {
            Some(stem) => self
                .name
                .strip_prefix(stem)
                .is_some_and(|rest| matches!(rest, "" | "B" | "C" | "D" | "N" | "P" | "S")),
            None => known == self.name,
        };
        let found = KINDS.iter().find(|(_, names)| names.iter().any(|name| is(name)));
        found.map_or(FormatKind::Labels, |(kind, _)| *kind)
    }
}
