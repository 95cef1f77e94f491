//! The headings of a coefficient table.

use super::derived;
use super::table::{Layout, Table, title_lines};
use super::table_cells::{columns_width, hidden};
use super::table_effects::random_effect;
use crate::format;
use crate::session::{Session, TableLook};
use crate::syntax::Term;

/// Characters of the names of a table without long ones.
const NAMES: usize = 12;

impl Table<'_> {
    /// Prints the lines above the parameters.
    pub fn print_heading(&self, session: &mut Session) {
        self.heading_of_width(session, NAMES);
    }

    pub(super) fn heading_of_width(&self, session: &mut Session, names: usize) {
        session.settings.names_width = names;
        let look = session.settings.table.clone();
        let width = columns_width(&look);
        if let Some((count, variable)) = self.clusters.filter(|_| !look.legend) {
            let count = format::bare("%12.0fc", count);
            let text = format!("(Std. err. adjusted for {count} clusters in {variable})");
            session.print(format::right(&text, names + 2 + width));
        }
        session.print("-".repeat(names + 2 + width));
        let above = title_lines(look.outcome.as_deref().unwrap_or(self.title)).0;
        if !self.vce_title.is_empty() && !look.legend {
            session.print(format!("{above:<room$}|{}", self.vce_line(&look), room = names + 1));
        } else if !above.is_empty() {
            session.print(format!("{above:<room$}|", room = names + 1));
        }
        session.print(self.heading_line(&look, names));
        session.print(format!("{}+{}", "-".repeat(names + 1), "-".repeat(width)));
    }

    /// Characters of the names: as many as the longest takes, where the line leaves them next to the numbers ([R] set
    /// lstretch), else the usual ones. So have tables with rows below them.
    pub(super) fn names_width(&self, session: &Session, terms: &[Option<Term>], look: &TableLook) -> usize {
        let most = session.settings.linesize.saturating_sub(columns_width(look) + 2).max(NAMES);
        let effects = || self.stripe.iter().any(|s| random_effect(session, s).is_some());
        let narrow = self.is_open(session, look) && !look.follows_width;
        if look.no_stretch || narrow || effects() {
            return NAMES;
        }
        let length = |text: &str| text.chars().count();
        let rows = (0..self.stripe.len()).filter(|i| !terms[*i].as_ref().is_some_and(|t| hidden(look, t)));
        let names = rows.map(|i| {
            let eq = self.stripe[i].eq.as_str();
            let free = self.is_free(i);
            let equation = if self.equations && !free { length(eq) } else { 0 };
            let term = terms[i].as_ref().filter(|_| !free && !self.stands_alone(session, terms, look, i));
            let name = match term.and_then(|_| self.operated(terms, look, i)) {
                Some((variable, _)) => length(&variable),
                None => Layout::needed(session, &self.label(i, free), term),
            };
            equation.max(name)
        });
        let needed = names.fold(NAMES, usize::max);
        if needed <= most { needed } else { NAMES }
    }

    /// Whether a rule ends the table, for rows that follow it.
    pub(super) fn is_open(&self, session: &Session, look: &TableLook) -> bool {
        look.open_end || self.is_active(session) && derived::follow(session, self.stripe)
    }

    /// Whether a row has a parameter that is not one of an equation's variables.
    pub(super) fn is_free(&self, row: usize) -> bool {
        self.stripe[row].eq == "/"
            || !self.has_blocks() && self.ancillary_from.is_some_and(|from| row >= from)
    }

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

    pub(super) fn heading_line(&self, look: &TableLook, names: usize) -> String {
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
        let start = format!("{:>names$} |{heading}", format::abbrev(title_lines(title).1, names));
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
