//! The headings of a coefficient table.

use super::table::{Table, title_lines};
use crate::format;
use crate::session::TableLook;

impl Table<'_> {
    /// Whether the coefficients are those of the data beside errors of the bootstrap.
    fn is_bootstrap(&self) -> bool {
        self.vce_title == "Bootstrap"
    }

    /// The kind of the standard errors, centred over them; the bootstrap also names what stands beside them.
    pub(super) fn vce_line(&self, look: &TableLook) -> String {
        if !self.is_bootstrap() {
            let title = self.vce_title.trim();
            let pad = 18usize.saturating_sub(title.chars().count() / 2);
            return format!("{}{title}", " ".repeat(pad));
        }
        let gap = if look.no_tests { 10 } else { 25 };
        let limits = if look.no_limits || self.beta.is_some() {
            String::new()
        } else {
            let kind = look.limits.as_ref().map_or("Normal-based", |l| l.0);
            format!("{}{kind:^12}", " ".repeat(gap)).trim_end().to_string()
        };
        format!("   Observed   Bootstrap{limits}")
    }

    pub(super) fn heading_line(&self, look: &TableLook) -> String {
        let (letter, p) = if self.df_r.is_some() { ("t", "P>|t|") } else { ("z", "P>|z|") };
        let error = if self.vce_title.is_empty() { "Std. err." } else { "std. err." };
        let level = format::bare("%5.0g", self.level);
        let interval =
            if self.beta.is_some() { "Beta".to_string() } else { format!("[{level}% conf. interval]") };
        // the word above it begins the heading of a bootstrap
        let heading = match self.heading.strip_prefix(['C', 'E', 'O', 'H']) {
            Some(rest) if self.is_bootstrap() && !look.legend => {
                format!("{}{rest}", self.heading[..1].to_lowercase())
            }
            _ => self.heading.to_string(),
        };
        let heading = if heading.len() >= 11 { format!(" {heading}  ") } else { format!("{heading:>11}   ") };
        let title = look.outcome.as_deref().unwrap_or(self.title);
        let start = format!("{:>12} |{heading}", format::abbrev(title_lines(title).1, 12));
        if look.legend {
            return format!("{}  Legend", start.trim_end());
        }
        if look.only_estimates {
            return start.trim_end().to_string();
        }
        let tests = if look.no_tests { String::new() } else { format!("      {letter}    {p}") };
        let limits = if look.no_limits { String::new() } else { format!("{interval:>25}") };
        format!("{start}{error}{tests}{limits}")
    }
}
