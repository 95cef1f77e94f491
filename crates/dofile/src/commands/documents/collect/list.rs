//! What is in a collection: `collect dims`, `levelsof` and `dir` ([TABLES] collect dims, levelsof, dir).

use super::{Given, none_found};
use crate::error::Result;
use crate::ops::collection::Collections;
use crate::session::Session;

/// `collect dims`.
pub(super) fn dims(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("dims", text)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let name = c.name.clone();
    let dims: Vec<(String, usize)> =
        c.dims().into_iter().map(|dim| (dim.to_string(), c.levels(dim).len())).collect();
    let rule = "-".repeat(41);
    s.print("");
    s.print("Collection dimensions");
    s.print(format!("Collection: {name}"));
    s.print(&rule);
    s.print(format!("{:>28}   No. levels", "Dimension"));
    s.print(&rule);
    s.print("Layout, style, header, label");
    for (dim, count) in &dims {
        s.print(format!("{dim:>28}   {count}"));
    }
    s.print("");
    s.print("Style only");
    s.print(format!("{:>28}   4", "border_block"));
    s.print(format!("{:>28}   4", "cell_type"));
    s.print(&rule);
    s.s.clear();
    let names: Vec<&str> = dims.iter().map(|d| d.0.as_str()).collect();
    s.s.text("collection", name).text("dimnames", names.join(" "));
    Ok(())
}

/// `collect levelsof`.
pub(super) fn levels_of(s: &mut Session, text: &str) -> Result<()> {
    let mut given = Given::read("levelsof", text)?;
    let c = given.collection(s)?;
    given.finish(&[])?;
    let dim = given.main.trim().to_string();
    if !c.has_dim(&dim) {
        return Err(none_found(&dim));
    }
    let quoted = |level: String| if level.contains(' ') { format!("\"{level}\"") } else { level };
    let mut levels = c.levels(&dim);
    // the total of a table stands in front here
    levels.sort_by_key(|level| level != ".m");
    let levels = levels.into_iter().map(quoted).collect::<Vec<_>>().join(" ");
    let name = c.name.clone();
    s.print("");
    s.print(format!("Collection: {name}"));
    s.print(format!(" Dimension: {dim}"));
    s.print(format!("    Levels: {levels}"));
    s.s.clear();
    s.s.text("collection", name).text("dimname", dim).text("levels", levels);
    Ok(())
}

/// `collect dir`.
pub(super) fn dir(s: &mut Session, text: &str) -> Result<()> {
    Given::read("dir", text)?.finish(&[])?;
    let all = Collections::of(s);
    let current = all.current_name().to_string();
    let rows: Vec<(String, usize)> = all.all().iter().map(|c| (c.name.clone(), c.items().len())).collect();
    let width = rows.iter().map(|r| r.0.chars().count()).max().unwrap_or(0).max(4);
    let rule = "-".repeat(width + 12);
    s.print("");
    s.print("Collections in memory");
    s.print(format!("Current: {current}"));
    s.print(&rule);
    s.print(format!("{:<width$}   No. items", "Name"));
    s.print(&rule);
    for (name, count) in &rows {
        s.print(format!("{name:<width$}   {count}"));
    }
    s.print(&rule);
    let names: Vec<&str> = rows.iter().map(|r| r.0.as_str()).collect();
    s.s.clear();
    s.s.text("current", current).text("names", names.join(" "));
    Ok(())
}
