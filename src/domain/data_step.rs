//! Data steps: repairs of the main data, and further data sets that a run merges with them or appends to them before
//! anything is derived. How they are checked is in `library::data_steps`, how they are printed in `library::render`.

use serde::{Deserialize, Serialize};

/// Most data steps of a draft.
pub const MAX_STEPS: usize = 10;
/// Most keys of a merge.
pub const MAX_KEYS: usize = 20;

/// Operation of a step on its data set.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum StepKind {
    /// Adds columns by keys.
    Merge,
    /// Adds rows.
    Append,
    /// Leaves out rows of the main data; a repair.
    DropRows,
    /// Reads a column of the main data again; a repair.
    Convert,
}

impl StepKind {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Merge => "merge",
            Self::Append => "append",
            Self::DropRows => "drop_rows",
            Self::Convert => "convert",
        }
    }

    /// True for steps that change the main data alone, as the reader of the file offered them.
    pub fn is_repair(self) -> bool {
        matches!(self, Self::DropRows | Self::Convert)
    }
}

/// How the cells of a converted column are read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum ConvertTo {
    /// Numbers, after `remove` and `decimal`.
    Number,
    /// Dates with the day first; a year of two digits is one of 1951 to 2050.
    DateDmy,
    /// Dates with the month first; years as above.
    DateMdy,
    /// Dates with the year first; years as above.
    DateYmd,
    /// Dates with the year first where it has four digits, else with the day first; years as above.
    DateYmdOrDmy,
    /// Dates with the year first where it has four digits, else with the month first; years as above.
    DateYmdOrMdy,
    /// Months with the month first, as a number or a name; years as above.
    MonthMy,
    /// Numbers that count the days of a spreadsheet (1 is 1900-01-01).
    DateSpreadsheet,
    /// Whole numbers of eight digits, the year first: 20240131.
    DateYyyymmdd,
    /// Whole numbers of six digits, the year first: 202401.
    MonthYyyymm,
    /// The first of two years that follow each other, after `remove`: 2018 of `2018/19`.
    FirstYear,
    /// Text without blanks around it.
    Text,
    /// The same in small letters.
    TextLower,
    /// 1 for the text `one`, 0 for the other text of the column.
    YesNo,
    /// The value of the row above where a cell has none.
    FillDown,
}

impl ConvertTo {
    /// Returns the order of day, month and year as Stata writes it (`help daily()`), that of the cells without the year first where
    /// there are two; `None` for others than dates in words.
    pub fn mask(&self) -> Option<&'static str> {
        match self {
            Self::DateDmy | Self::DateYmdOrDmy => Some("DMY"),
            Self::DateMdy | Self::DateYmdOrMdy => Some("MDY"),
            Self::DateYmd => Some("YMD"),
            Self::Number
            | Self::DateSpreadsheet
            | Self::DateYyyymmdd
            | Self::MonthYyyymm
            | Self::MonthMy
            | Self::FirstYear
            | Self::Text
            | Self::TextLower
            | Self::YesNo
            | Self::FillDown => None,
        }
    }

    /// True where cells with the year first are read next to those in the order of the mask.
    pub fn reads_year_first_too(&self) -> bool {
        matches!(self, Self::DateYmdOrDmy | Self::DateYmdOrMdy)
    }

    /// True if the result is a date.
    pub fn is_date(&self) -> bool {
        self.mask().is_some() || matches!(self, Self::DateSpreadsheet | Self::DateYyyymmdd)
    }

    /// True if the result is a month.
    pub fn is_month(&self) -> bool {
        matches!(self, Self::MonthMy | Self::MonthYyyymm)
    }

    /// True for numbers in, times out.
    pub fn reads_numbers_as_times(&self) -> bool {
        matches!(self, Self::DateSpreadsheet | Self::DateYyyymmdd | Self::MonthYyyymm)
    }

    /// True if the result is text.
    pub fn is_text(&self) -> bool {
        matches!(self, Self::Text | Self::TextLower)
    }
}

/// The last year that a date with a year of two digits can have.
pub const TOP_YEAR: i32 = 2050;
/// The day 1960-01-01 in the count of spreadsheets (their 1900 has a 29 February).
pub const SPREADSHEET_1960: i32 = 21_916;

/// On which sides of a merge the keys identify rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub enum MergeType {
    /// Keys identify the rows of both sides.
    #[serde(rename = "1:1")]
    OneToOne,
    /// Keys identify the rows of the further data set; rows of the data so far may share them.
    #[serde(rename = "m:1")]
    ManyToOne,
    /// Keys identify the rows of the data so far; rows of the further data set may share them.
    #[serde(rename = "1:m")]
    OneToMany,
}

impl MergeType {
    /// Returns the text of the contract, which is Stata's.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::OneToOne => "1:1",
            Self::ManyToOne => "m:1",
            Self::OneToMany => "1:m",
        }
    }

    /// True if the keys must identify the rows of the data so far.
    pub fn unique_main(self) -> bool {
        self != Self::ManyToOne
    }

    /// True if the keys must identify the rows of the other data set.
    pub fn unique_other(self) -> bool {
        self != Self::OneToMany
    }
}

/// Which rows of a merge stay.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Keep {
    /// Rows of both sides that belong together.
    Matched,
    /// All rows of the data so far, with or without a partner.
    #[default]
    Master,
    /// All rows of both sides.
    All,
}

impl Keep {
    /// Returns the text of the contract.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Matched => "matched",
            Self::Master => "master",
            Self::All => "all",
        }
    }
}

/// A data step as a draft states it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub struct DataStep {
    /// Adds columns (`merge`) or rows (`append`), or repairs the main data (`drop_rows`, `convert`).
    pub kind: StepKind,
    /// Key of the further data set: `data_2`, `data_3` …; `main` for a repair.
    pub dataset_key: String,
    /// The columns of both sides by which rows belong together; none for an append.
    #[serde(default)]
    pub keys: Vec<String>,
    /// Of a merge only, and needed there.
    #[serde(default)]
    pub merge_type: Option<MergeType>,
    /// Of a merge only; `master` without it.
    #[serde(default)]
    pub keep: Option<Keep>,
    /// Of `convert` only: the column.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub column: Option<String>,
    /// Of `convert` only: how its cells are read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<ConvertTo>,
    /// Of `convert` only: texts that are cut out of the cells before they are read, in this order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub remove: Vec<String>,
    /// Of `convert` only: the decimal sign, a point without it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decimal: Option<String>,
    /// Of `convert` only: cells that become missing values, as they are written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub missing: Vec<String>,
    /// Of `convert` to `yes_no` only: the text that becomes 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub one: Option<String>,
    /// Of `drop_rows` only: rows of the data, counted from 1 below the header.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub rows: Vec<u64>,
}

impl DataStep {
    /// A step without keys: an append, or a repair that still needs its own fields.
    pub fn new(kind: StepKind, dataset_key: impl Into<String>) -> Self {
        Self {
            kind,
            dataset_key: dataset_key.into(),
            keys: Vec::new(),
            merge_type: None,
            keep: None,
            column: None,
            to: None,
            remove: Vec::new(),
            decimal: None,
            missing: Vec::new(),
            one: None,
            rows: Vec::new(),
        }
    }

    /// Writes a cell of a text column again; `None` for a step whose result is no text.
    pub fn respelt(&self, cell: &str) -> Option<String> {
        match self.to.as_ref()? {
            ConvertTo::Text => Some(cell.trim().to_owned()),
            ConvertTo::TextLower => Some(cell.trim().to_lowercase()),
            _ => None,
        }
    }

    /// Describes the step in a few words, for reports: `convert y: number, without "€"`.
    pub fn words(&self) -> String {
        match self.kind {
            StepKind::Merge => format!("merge of {} by {}", self.dataset_key, self.keys.join(" ")),
            StepKind::Append => format!("append of {}", self.dataset_key),
            StepKind::DropRows => {
                let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
                let word = if rows.len() == 1 { "row" } else { "rows" };
                format!("leave out {word} {} of the data", rows.join(", "))
            }
            StepKind::Convert => {
                format!("convert {}: {}", self.column.as_deref().unwrap_or_default(), self.conversion(false))
            }
        }
    }

    /// The same in Chinese.
    pub fn words_zh(&self) -> String {
        match self.kind {
            StepKind::Merge => format!("按 {} 合并 {}", self.keys.join("、"), self.dataset_key),
            StepKind::Append => format!("追加 {} 的行", self.dataset_key),
            StepKind::DropRows => {
                let rows: Vec<String> = self.rows.iter().map(u64::to_string).collect();
                format!("剔除数据的第 {} 行", rows.join("、"))
            }
            StepKind::Convert => {
                format!("转换 {}：{}", self.column.as_deref().unwrap_or_default(), self.conversion(true))
            }
        }
    }

    /// What a conversion makes of the cells of its column: `numbers, without "€"`.
    pub fn conversion(&self, chinese: bool) -> String {
        let either = |en: &str, zh: &str| if chinese { zh.to_owned() } else { en.to_owned() };
        let quoted = |list: &[String]| {
            let texts: Vec<String> = list.iter().map(|t| format!("\"{t}\"")).collect();
            texts.join(if chinese { "、" } else { ", " })
        };
        let mut text = match &self.to {
            Some(ConvertTo::DateSpreadsheet) => {
                either("dates, from the days of a spreadsheet", "日期（来自电子表格的天数）")
            }
            Some(ConvertTo::DateYyyymmdd) => either("dates, written YYYYMMDD", "日期（YYYYMMDD）"),
            Some(ConvertTo::MonthYyyymm) => either("months, written YYYYMM", "月份（YYYYMM）"),
            Some(ConvertTo::MonthMy) => either("months, MY", "月份（MY）"),
            Some(ConvertTo::FirstYear) => either("the first of the two years", "两个年份中的前一个"),
            Some(ConvertTo::Text) => either("text without blanks around it", "去掉首尾空格的文本"),
            Some(ConvertTo::TextLower) => {
                either("text in small letters without blanks around it", "去掉首尾空格的小写文本")
            }
            Some(ConvertTo::YesNo) => {
                let one = self.one.as_deref().unwrap_or_default();
                either(&format!("0 and 1, 1 for \"{one}\""), &format!("0 和 1，\"{one}\" 为 1"))
            }
            Some(ConvertTo::FillDown) => {
                either("each empty cell like the one above", "空单元格沿用上一行的值")
            }
            Some(to) => match to.mask() {
                Some(mask) if to.reads_year_first_too() => {
                    either(&format!("dates, YMD or {mask}"), &format!("日期（YMD 或 {mask}）"))
                }
                Some(mask) => either(&format!("dates, {mask}"), &format!("日期（{mask}）")),
                None => either("numbers", "数值"),
            },
            None => String::new(),
        };
        if !self.remove.is_empty() {
            let texts = quoted(&self.remove);
            text += &either(&format!(", without {texts}"), &format!("，去掉 {texts}"));
        }
        if let Some(sign) = self.decimal.as_ref().filter(|sign| *sign != ".") {
            text += &either(&format!(", decimal sign \"{sign}\""), &format!("，小数点为 \"{sign}\""));
        }
        if !self.missing.is_empty() {
            let texts = quoted(&self.missing);
            text += &either(&format!(", missing: {texts}"), &format!("，视为缺失：{texts}"));
        }
        text
    }
}

/// A repair that the reader of a file offers, with the facts of the data after it. Only offered repairs can be data steps.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Repair {
    /// The step, as a draft can submit it.
    pub step: DataStep,
    /// Rows of the data after the step.
    pub row_count: u64,
    /// The columns that differ after the step.
    pub columns: Vec<super::dataset::Column>,
    /// True where only a person knows whether the step is right: rows that equal others may be other observations. No draft by
    /// rules has it.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_person: bool,
}

/// A data step as a plan carries it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, utoipa::ToSchema)]
pub struct PlannedStep {
    /// The step as it was submitted.
    #[serde(flatten)]
    pub step: DataStep,
    /// The columns that the run takes from the data set, besides the keys of a merge.
    pub columns: Vec<String>,
    /// Columns of both sides that are no keys: after a merge the values of the data so far stay.
    pub overlap: Vec<String>,
}

impl PlannedStep {
    /// Returns which rows of a merge stay.
    pub fn keep(&self) -> Keep {
        self.step.keep.unwrap_or_default()
    }

    /// Reason text of a merge in a sample flow: rows that matched, rows of the data so far and of the other data
    /// set without a partner, and which stay; of a repair its description. `None` for an append, or where a number is not
    /// known.
    pub fn flow_reason(&self, [matched, main_only, other_only]: [Option<u64>; 3]) -> Option<String> {
        match self.step.kind {
            StepKind::Append => return None,
            StepKind::DropRows => return Some(self.step.words().replacen("leave out ", "", 1)),
            StepKind::Convert => return Some(self.step.words()),
            StepKind::Merge => {}
        }
        let merge_type = self.step.merge_type?.as_str();
        Some(format!(
            "{merge_type} by {}: {} matched, {} only in the data before, {} only in {}; kept: {}",
            self.step.keys.join(", "),
            matched?,
            main_only?,
            other_only?,
            self.step.dataset_key,
            self.keep().as_str()
        ))
    }
}
