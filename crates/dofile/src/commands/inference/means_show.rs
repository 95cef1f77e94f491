//! Output of `mean`, `proportion`, `total` and `ratio`.

use crate::error::{Result, StataError};
use crate::estimation::display::level;
use crate::format;
use crate::ops::means::{Item, Kind, Shown, ratio_legend, table};
use crate::session::Session;
use crate::syntax::split::ParsedCommand;
use crate::value::MISSING;

/// Shows the results; the legend of ratios is that of the items.
pub(super) fn display(s: &mut Session, cmd: &ParsedCommand, kind: Kind, items: &[Item]) -> Result<()> {
    let level = level(s, cmd)?;
    if !cmd.has("noheader") {
        let title = s.e.results.get_text("title").unwrap_or("").to_string();
        let n = format::bare("%10.0fc", s.e.results.get_scalar("N").unwrap_or(MISSING));
        s.print("");
        let observations = format!("Number of obs = {n}");
        match s.e.results.get_scalar("N_stdize") {
            Some(strata) => {
                s.print(title);
                s.print(format!("{:<40}{observations:>22}", format!("N. of std strata = {strata}")));
            }
            None => s.print(format!("{title:<40}{observations:>22}")),
        }
        s.print("");
        let results = &s.e.results;
        if let (Some(count), Some(by)) = (results.get_scalar("N_clust"), results.get_text("clustvar")) {
            let note = format!("(Std. err. adjusted for {count} clusters in {by})");
            s.print(format!("{note:>62}"));
        }
        ratio_legend(s, items);
    }
    let normal = match cmd.options.text("citype").map(str::trim) {
        None | Some("logit") => false,
        Some("normal" | "wald") => true,
        Some(other) => {
            return Err(StataError::unsupported_option(kind.name(), &format!("citype({other})")));
        }
    };
    let labels = std::mem::replace(&mut s.settings.table.no_labels, cmd.has("nolabel"));
    let shown = table(s, level, kind, Shown { percent: cmd.has("percent"), normal });
    s.settings.table.no_labels = labels;
    shown
}
