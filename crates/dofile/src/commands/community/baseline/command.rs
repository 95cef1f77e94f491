//! The command `table1_mc`: makes the table as data, lists it, and saves it or leaves it in memory.

use super::cells::{Block, block, p_text};
use super::columns::{Heading, Total, columns};
use super::request::{Item, Kind, Look, items};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::{Result, StataError};
use crate::format;
use crate::frame::{Column, Frame, StorageType, Variable};
use crate::ops::run::shown;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::{top_level_comma, unquote};
use crate::syntax::{OptSpec, ParsedCommand, WeightKind};

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("by"),
    OptSpec::text("vars"),
    OptSpec::text("total"),
    OptSpec::flag("ONEcol"),
    OptSpec::flag("MISsing"),
    OptSpec::flag("test"),
    OptSpec::text("Format"),
    OptSpec::text("PERCFormat"),
    OptSpec::text("NFormat"),
    OptSpec::text("iqrmiddle"),
    OptSpec::text("sdleft"),
    OptSpec::text("sdright"),
    OptSpec::text("gsdleft"),
    OptSpec::text("gsdright"),
    OptSpec::text("percsign"),
    OptSpec::flag("NOSPACElowpercent"),
    OptSpec::flag("percent"),
    OptSpec::flag("percent_n"),
    OptSpec::flag("slashN"),
    OptSpec::flag("catrowperc"),
    OptSpec::int("pdp"),
    OptSpec::flag("gurmeet"),
    OptSpec::text("SAVing"),
    OptSpec::flag("clear"),
])
.weights(&[WeightKind::Frequency])
.unsupported(&["extraspace", "pairwise123", "STATistic", "varlabplus", "highpdp"]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "table1_mc",
    min: 9,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "table1_mc [if] [in] [fweight], vars(varname contn|contln|conts|cat|cate|bin|bine [%fmt1 [%fmt2]] [\\ ...]) [by(varname) total(before|after) onecol missing test format(%fmt) percformat(%fmt) nformat(%fmt) iqrmiddle(text) sdleft(text) sdright(text) gsdleft(text) gsdright(text) percsign(text) nospacelowpercent percent percent_n slashN catrowperc pdp(#) gurmeet saving(file [, options of export excel]) clear]",
    notes: "contn: mean and SD, analysis of variance; contln: the same of logarithms; conts: median and quartiles, rank-sum test or Kruskal-Wallis test with ties; cat and bin: Pearson's chi-squared; cate and bine: Fisher's exact test; percentages have no decimals below 200 observations and one above; clear leaves factor level by_# N_# m_# test pvalue in memory; stores r(Dapa), the sentence below the table",
    examples: &[Example {
        // means 2 and 5 with SD 1; rank sums 6 and 15: z = -4.5 / sqrt(5.25), two-sided p 0.0495; 1 of 3 and 3 of 3 are 1
        run: "set obs 6\ngenerate g = _n > 3\ngenerate x = _n\ngenerate b = _n > 2\ntable1_mc, by(g) vars(x contn %3.1f \\ x conts %3.1f \\ b bine) onecol clear",
        expect: &[
            ("g_0[3] == \"2.0 (1.0)\"", 1.0),
            ("g_1[3] == \"5.0 (1.0)\"", 1.0),
            ("g_0[4] == \"2.0 (1.0-3.0)\"", 1.0),
            ("pvalue[4] == \"0.050\"", 1.0),
            ("g_0[5] == \"1 (33%)\"", 1.0),
            ("pvalue[5] == \"0.40\"", 1.0),
            ("N_1[5]", 3.0),
            ("_N", 5.0),
        ],
    }],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let vars = cmd.options.text("vars").ok_or_else(|| StataError::invalid("option vars() required"))?;
    if !cmd.list.trim().is_empty() {
        return Err(StataError::standard(101));
    }
    let items = items(s, vars)?;
    let by = cmd.options.text("by").map(|v| s.variable(v.trim())).transpose()?;
    let total = match cmd.options.text("total").map(str::trim) {
        None => Total::None,
        Some("before") => Total::Before,
        Some("after") => Total::After,
        Some(_) => return Err(StataError::invalid("total() must be before or after")),
    };
    if total != Total::None && by.is_none() {
        return Err(StataError::invalid("total() requires by()"));
    }
    let look = Look::read(cmd);
    let rows = repeated_rows(s, cmd, by)?;
    let (columns, headings) = columns(s, by, &rows, total)?;
    let blocks: Vec<Block> =
        items.iter().map(|item| block(s, item, &look, &columns)).collect::<Result<_>>()?;
    let order: Vec<usize> = match total {
        Total::Before => {
            std::iter::once(headings.len() - 1).chain(0..headings.len() - 1).collect::<Vec<usize>>()
        }
        _ => (0..headings.len()).collect(),
    };
    let table = Table { items: &items, blocks: &blocks, headings: &headings, order: &order, look: &look };
    let sizes: Vec<usize> = columns.rows.iter().map(Vec::len).collect();
    let made = table.frame(s, by, &sizes, by.is_some() && columns.groups > 1, cmd.has("test"))?;
    let sentence = presented(&items, &look);
    finish(s, cmd, made, &sentence)
}

/// Rows of the command, repeated by frequency weights.
fn repeated_rows(s: &Session, cmd: &ParsedCommand, by: Option<usize>) -> Result<Vec<usize>> {
    let mut touse = s.rows(cmd)?;
    let weights = s.weights(cmd, WeightKind::Frequency, &mut touse)?;
    if let Some(by) = by {
        s.markout(&[by], &mut touse, true)?;
    }
    let times = |r: usize| weights.as_ref().map_or(1, |w| w.values[r] as usize);
    let rows: Vec<usize> =
        (0..touse.len()).filter(|r| touse[*r]).flat_map(|r| std::iter::repeat_n(r, times(r))).collect();
    if rows.is_empty() { Err(StataError::no_observations()) } else { Ok(rows) }
}

/// What the table is made of.
struct Table<'a> {
    items: &'a [Item],
    blocks: &'a [Block],
    headings: &'a [Heading],
    order: &'a [usize],
    look: &'a Look,
}

/// A line of the table as data.
#[derive(Default)]
struct Row {
    factor: String,
    level: String,
    cells: Vec<String>,
    counts: Option<Vec<(usize, usize)>>,
    p: String,
    test: String,
    part: f64,
}

impl Table<'_> {
    fn rows(&self, s: &Session, sizes: &[usize]) -> Vec<Row> {
        let size = |n: &usize| format!("N={}", format::bare(&self.look.count_format, *n as f64).trim());
        let titles = self.headings.iter().map(|h| h.title.clone()).collect();
        let p = "p-value".to_string();
        let mut out = vec![
            Row { factor: "Factor ".into(), cells: titles, p, test: "Test".into(), ..Row::default() },
            Row { factor: "N".into(), cells: sizes.iter().map(size).collect(), ..Row::default() },
        ];
        for (k, (item, block)) in self.items.iter().zip(self.blocks).enumerate() {
            let var = s.frame.var(item.var);
            let name = if var.label.is_empty() { var.name.clone() } else { var.label.clone() };
            let first = Row {
                factor: name,
                counts: Some(block.counts.clone()),
                p: p_text(block.p, self.look.decimals),
                test: block.test.to_string(),
                part: (k + 1) as f64,
                ..Row::default()
            };
            let part = first.part;
            if item.kind == Kind::Categorical && self.look.one_column {
                out.push(Row { cells: vec![String::new(); sizes.len()], ..first });
                for line in &block.lines {
                    let factor = format!("   {}", line.level);
                    out.push(Row { factor, cells: line.cells.clone(), part, ..Row::default() });
                }
                continue;
            }
            let mut lines = block.lines.iter().map(|l| (l.level.clone(), l.cells.clone()));
            let (level, cells) = lines.next().unwrap_or((String::new(), vec![String::new(); sizes.len()]));
            out.push(Row { level, cells, ..first });
            out.extend(lines.map(|(level, cells)| Row { level, cells, part, ..Row::default() }));
        }
        out
    }

    /// The table as a data set; the variable `part` separates its lines.
    fn frame(
        &self,
        s: &Session,
        by: Option<usize>,
        sizes: &[usize],
        compared: bool,
        test: bool,
    ) -> Result<Frame> {
        let rows = self.rows(s, sizes);
        let mut out = Frame::new();
        let mut text = |name: &str, of: &dyn Fn(&Row) -> &str, left: bool| -> Result<()> {
            let mut v =
                Variable::new(name, Column::from_strings(rows.iter().map(|r| of(r).into()).collect()));
            if left {
                v.format = v.format.replace('%', "%-");
            }
            out.add(v).map(|_| ())
        };
        text("factor", &|r| &r.factor, true)?;
        if !self.look.one_column && self.items.iter().any(|i| i.kind == Kind::Categorical) {
            text("level", &|r| &r.level, true)?;
        }
        let stub = by.map_or("Total", |v| s.frame.var(v).name.as_str());
        for j in self.order {
            let name = match by {
                None => stub.to_string(),
                Some(_) => format!("{stub}_{}", self.headings[*j].suffix),
            };
            text(&name, &|r| r.cells.get(*j).map_or("", String::as_str), true)?;
        }
        if compared && test {
            text("test", &|r| &r.test, true)?;
        }
        if compared {
            text("pvalue", &|r| &r.p, false)?;
        }
        for (letter, pick) in [("N", 0), ("m", 1)] {
            for j in self.order {
                let of = |r: &Row| {
                    r.counts.as_ref().map_or(crate::value::MISSING, |c| {
                        let (used, left) = c[*j];
                        (if pick == 0 { used } else { left }) as f64
                    })
                };
                let values: Vec<f64> = rows.iter().map(of).collect();
                let name = format!("{letter}_{}", self.headings[*j].suffix);
                let mut v = Variable::new(&name, Column::from_f64(StorageType::Long, &values));
                v.format = self.look.count_format.clone();
                out.add(v)?;
            }
        }
        let parts: Vec<f64> = rows.iter().map(|r| r.part).collect();
        out.add(Variable::new("_part", Column::from_f64(StorageType::Int, &parts)))?;
        Ok(out)
    }
}

/// The sentence below the table.
fn presented(items: &[Item], look: &Look) -> String {
    let mut numbers: Vec<String> = Vec::new();
    for item in items {
        let text = match item.kind {
            Kind::Normal => format!("mean{}SD{}", look.sd.0, look.sd.1),
            Kind::LogNormal => format!("geometric mean{}geometric SD{}", look.gsd.0, look.gsd.1),
            Kind::Skewed if look.middle == "-" => "median (IQR)".to_string(),
            Kind::Skewed => format!("median (Q1{}Q3)", look.middle),
            _ => continue,
        };
        if !numbers.contains(&text) {
            numbers.push(text);
        }
    }
    let count = if look.out_of { "n/N" } else { "n" };
    let share = match (look.percent_only, look.percent_first) {
        (true, _) => "%".to_string(),
        (_, true) => format!("% ({count})"),
        _ => format!("{count} (%)"),
    };
    let counted = items.iter().any(|i| matches!(i.kind, Kind::Categorical | Kind::Binary));
    let numbers = numbers.join(" or ");
    match (numbers.is_empty(), counted) {
        (false, true) => {
            format!(
                "Data are presented as {numbers} for continuous measures, and {share} for categorical measures."
            )
        }
        (false, false) => format!("Data are presented as {numbers}."),
        _ => format!("Data are presented as {share}."),
    }
}

/// Lists the table, saves it, and puts the data back unless it stays.
fn finish(s: &mut Session, cmd: &ParsedCommand, made: Frame, sentence: &str) -> Result<()> {
    let names: Vec<String> = made.vars().iter().map(|v| v.name.clone()).collect();
    let shown_names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|n| !n.starts_with("N_") && !n.starts_with("m_") && *n != "_part")
        .collect();
    let last = made.n_rows();
    let own = std::mem::replace(&mut s.frame, made);
    let listed = (|| {
        shown(
            s,
            &format!(
                "list factor N_* m_* if !missing(N_{0}) in 3/{last}, noobs sepby(_part) abbreviate(20)",
                names.iter().find_map(|n| n.strip_prefix("N_")).unwrap_or("T")
            ),
        )?;
        s.print("   N_ ... #records used below,   m_ ... #records not used");
        shown(s, &format!("list {}, noobs noheader sepby(_part)", shown_names.join(" ")))?;
        s.print(sentence);
        match cmd.options.text("saving") {
            None => Ok(()),
            Some(text) => {
                let (file, options) = match top_level_comma(text) {
                    Some(i) => (&text[..i], &text[i..]),
                    None => (text, ""),
                };
                let file = unquote(file.trim());
                let file = if file.contains('.') { file.to_string() } else { format!("{file}.xlsx") };
                let list = shown_names.join(" ");
                shown(s, &format!("export excel {list} using \"{file}\" {options}"))
            }
        }
    })();
    if listed.is_err() || !cmd.has("clear") {
        s.frame = own;
    } else if let Some(part) = s.frame.find("_part") {
        s.frame.drop_vars(&[part]);
    }
    listed?;
    let mut r = Results::default();
    r.text("Dapa", sentence);
    s.r = r;
    Ok(())
}
