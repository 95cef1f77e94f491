//! Reads .dta files of releases 113 to 119 and writes 118 and 119, streaming in both directions.
//! It knows the file format, and what numbers of other formats are under the display formats for dates: no statistics, no naming rules.
//!
//! Layouts follow the published format descriptions (`help dta`, `help dta_115`, `help dta_117`,
//! `help dta_118`, `help dta_119`).

mod column;
mod dates;
mod error;
pub mod limits;
mod meta;
mod missing;
mod reader;
mod text;
mod writer;

pub use column::{Block, Column, ColumnRef, LongText, LongTexts, TextColumn, Texts};
pub use dates::{FirstDays, Reading};
pub use error::Error;
pub use meta::{Characteristic, Meta, StorageType, ValueLabelSet, Variable};
pub use missing::Missing;
pub use reader::{Options, Reader};
pub use text::{DecodeText, LegacyText};
pub use writer::{RowEncoder, Spool, Writer};
