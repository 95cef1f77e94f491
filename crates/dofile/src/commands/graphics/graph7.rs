//! `graph` as it was up to version 7, `graph y x, connect(l) symbol(i)`: the line of today that draws the same picture
//! ([G] of release 7; `graph7` and `gr7` are its names in later versions).

use crate::commands::{CommandSpec, Example, Interpreter};
use crate::error::{Result, StataError};
use crate::session::Session;
use crate::syntax::ParsedCommand;
use crate::syntax::options::{abbreviates, split_options};

/// `graph7`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    notes: "histogram of one variable, twoway, matrix, bar, box or pie graph of several; pens, sizes, margins and keys change nothing; [G] graph of release 7",
    examples: &[Example {
        run: "set obs 20\ngenerate x = _n\ngenerate y = x + mod(_n, 3)\ngraph7 y x, connect(l) symbol(i) xlabel ylabel(0,10,20)\ngr7 x, bin(4) freq\nversion 7\ngraph y x, c(l) s(o) t1(\"A title\")\nscalar n = _N",
        expect: &[("n", 20.0)],
    }],
    ..CommandSpec::raw(
        "graph7",
        6,
        |s, cmd| run(s, &cmd.raw),
        "graph7 varlist [if] [in] [weight] [, options of release 7]",
    )
};

/// `gr7`.
pub(super) const SHORT: CommandSpec = CommandSpec {
    name: "gr7",
    min: 3,
    syntax: "gr7 varlist [if] [in] [weight] [, options of release 7]",
    examples: &[Example { run: "set obs 9\ngenerate x = _n\ngr7 x\nscalar n = _N", expect: &[("n", 9.0)] }],
    ..SPEC
};

/// The language version of the lines that are made here, as 100 times the number.
const TODAY: u32 = 1800;

/// Options whose names and arguments are those of today, or that only change the look of the picture.
const KEPT: [(&str, &str); 6] = [
    ("SAving", "saving"),
    ("XSIze", "xsize"),
    ("YSIze", "ysize"),
    ("Jitter", "jitter"),
    ("SCHeme", "scheme"),
    ("NAME", "name"),
];
/// Options of pens, sizes and frames, and the text of the key.
const LOOKS: [&str; 16] = [
    "Pen", "TRim", "PSize", "TExtsize", "BOrder", "GAp", "noAXis", "KEY1", "KEY2", "KEY3", "KEY4", "SHading",
    "BBox", "MARgin", "ASis", "Alt",
];
/// Texts with the options that hold them today.
const TEXTS: [(&str, &str); 6] = [
    ("T1title", "title"),
    ("T2title", "subtitle"),
    ("B2title", "xtitle"),
    ("B1title", "note"),
    ("L1title", "ytitle"),
    ("L2title", "ytitle"),
];

/// What a graph of release 7 asks for.
#[derive(Default)]
struct Request {
    /// `matrix`, `bar`, `box`, `pie`, `histogram`, `twoway`, or none.
    kind: Option<&'static str>,
    connect: String,
    symbol: String,
    means: bool,
    stacked: bool,
    by: Option<String>,
    total: bool,
    rescaled: bool,
    bins: Option<String>,
    frequencies: bool,
    normal: bool,
    /// Options of today.
    options: Vec<String>,
}

/// Draws the graph.
pub(super) fn run(s: &mut Session, raw: &str) -> Result<()> {
    let cmd = ParsedCommand::split("graph", raw, false)?;
    if cmd.list.trim().is_empty() {
        return Err(StataError::standard(100));
    }
    let names: Vec<String> = s.varlist(&cmd.list)?.into_iter().map(|v| s.frame.var(v).name.clone()).collect();
    let line = modern(&names, &cmd, &Request::read(&cmd.option_text)?)?;
    // the line is one of today
    let version = std::mem::replace(&mut s.settings.version, TODAY);
    let done = s.run_expanded(&line);
    s.settings.version = version;
    done.map(|_| ())
}

impl Request {
    fn read(text: &str) -> Result<Self> {
        let mut out = Self::default();
        for (name, argument) in split_options(text)? {
            out.take(&name, argument.as_deref())?;
        }
        Ok(out)
    }

    fn take(&mut self, name: &str, argument: Option<&str>) -> Result<()> {
        let is = |declared: &str| abbreviates(name, declared);
        let kinds = ["Matrix", "BAr", "BOX", "Pie", "Histogram", "Twoway"];
        let today = ["matrix", "bar", "box", "pie", "histogram", "twoway"];
        if let (None, Some(at)) = (argument, kinds.iter().position(|k| is(k))) {
            self.kind = Some(today[at]);
            return Ok(());
        }
        if self.axis(name, argument) {
            return Ok(());
        }
        match argument {
            Some(a) if is("Connect") => self.connect = a.trim().to_string(),
            Some(a) if is("Symbol") => self.symbol = a.trim().to_string(),
            Some(a) if is("BY") => self.by = Some(a.trim().to_string()),
            Some(a) if is("BIN") => self.bins = Some(a.trim().to_string()),
            None if is("Freq") => self.frequencies = true,
            _ if is("Normal") => self.normal = true,
            None if is("MEANs") => self.means = true,
            None if is("STack") => self.stacked = true,
            None if is("TOTal") => self.total = true,
            None if is("REscale") => self.rescaled = true,
            None if is("SORt") => self.options.push("sort".to_string()),
            Some(a) if is("TItle") => self.options.push(format!("caption({a})")),
            Some(a) if TEXTS.iter().any(|t| is(t.0)) => {
                let text = TEXTS.iter().find(|t| is(t.0)).map_or("", |t| t.1);
                self.options.push(format!("{text}({a})"));
            }
            Some(a) if KEPT.iter().any(|k| is(k.0)) => {
                let kept = KEPT.iter().find(|k| is(k.0)).map_or("", |k| k.1);
                self.options.push(format!("{kept}({a})"));
            }
            _ if LOOKS.iter().any(|look| is(look)) => {}
            _ => return Err(StataError::unsupported_option("graph", &format!("{name} of release 7"))),
        }
        Ok(())
    }

    /// Takes an option of an axis: labels, ticks, lines, the range and the scale. Without numbers labels and ticks are where
    /// they fit.
    fn axis(&mut self, name: &str, argument: Option<&str>) -> bool {
        let is = |declared: &str| abbreviates(name, declared);
        let numbers = |a: &str| a.replace(',', " ");
        for axis in ['x', 'y'] {
            let own = |rest: &str| format!("{}{rest}", axis.to_ascii_uppercase());
            let found = match argument {
                _ if is(&own("LABel")) => argument.map(|a| format!("{axis}label({})", numbers(a))),
                _ if is(&own("Tick")) => argument.map(|a| format!("{axis}tick({})", numbers(a))),
                Some(a) if is(&own("LIne")) => Some(format!("{axis}line({})", numbers(a))),
                Some(a) if is(&own("SCale")) => Some(format!("{axis}scale(range({}))", numbers(a))),
                None if is(&own("LOg")) => Some(format!("{axis}scale(log)")),
                _ => continue,
            };
            self.options.extend(found);
            return true;
        }
        if argument.is_none() && name == "log" {
            self.options.extend(["xscale(log)", "yscale(log)"].map(str::to_string));
            return true;
        }
        false
    }
}

/// The parts of the connected series: a letter or a pair of bars for each variable.
fn letters(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut rest = text.trim();
    while let Some(first) = rest.chars().next() {
        let end = match first {
            '[' => rest.find(']').map_or(rest.len(), |at| at + 1),
            _ => first.len_utf8(),
        };
        // a line pattern follows its letter, `l[-]`
        match (first, out.last_mut()) {
            ('[', Some(_)) => {}
            (c, _) if c.is_whitespace() => {}
            _ => out.push(rest[..end].to_string()),
        }
        rest = &rest[end..];
    }
    out
}

/// Connection and symbol of today for letters of release 7.
fn styles(request: &Request, count: usize) -> Result<(String, String)> {
    let (connected, drawn) = (letters(&request.connect), letters(&request.symbol));
    let letter =
        |list: &[String], k: usize, default: &str| list.get(k).map_or(default.to_string(), Clone::clone);
    let (mut connect, mut symbol) = (Vec::new(), Vec::new());
    for k in 0..count {
        connect.push(match letter(&connected, k, ".").as_str() {
            "." => "i",
            "l" | "L" => "l",
            "J" => "J",
            other => return Err(StataError::unsupported_option("graph", &format!("connect({other})"))),
        });
        symbol.push(match letter(&drawn, k, "O").as_str() {
            "i" => "i",
            "." => "p",
            "p" => "+",
            "x" => "x",
            known @ ("O" | "S" | "T" | "o" | "d") => match known {
                "O" => "O",
                "S" => "S",
                "T" => "T",
                "o" => "o",
                _ => "d",
            },
            other => return Err(StataError::unsupported_option("graph", &format!("symbol({other})"))),
        });
    }
    Ok((connect.join(" "), symbol.join(" ")))
}

/// The line of today.
fn modern(names: &[String], cmd: &ParsedCommand, request: &Request) -> Result<String> {
    let list = names.join(" ");
    let mut condition = String::new();
    if let Some(text) = &cmd.if_exp {
        condition.push_str(&format!(" if {text}"));
    }
    if let Some(text) = &cmd.in_range {
        condition.push_str(&format!(" in {text}"));
    }
    if let Some(weight) = &cmd.weight {
        let kind = weight.kind.map_or("fweight", |k| k.name());
        condition.push_str(&format!(" [{kind}={}]", weight.exp));
    }
    let mut options = request.options.clone();
    let panels =
        request.by.as_ref().map(|v| format!("by({v}{})", if request.total { ", total" } else { "" }));
    let kind = request.kind.unwrap_or(if names.len() == 1 { "histogram" } else { "twoway" });
    let command = match kind {
        "histogram" => {
            options.push(format!("bin({})", request.bins.as_deref().unwrap_or("5")));
            options.push(if request.frequencies { "frequency" } else { "fraction" }.to_string());
            options.extend(request.normal.then(|| "normal".to_string()));
            options.extend(panels);
            format!("histogram {list}")
        }
        "matrix" => {
            options.extend(panels);
            format!("graph matrix {list}")
        }
        "bar" => {
            options.extend(request.by.as_ref().map(|v| format!("over({v})")));
            options.extend(request.stacked.then(|| "stack".to_string()));
            format!("graph bar ({}) {list}", if request.means { "mean" } else { "sum" })
        }
        "box" => {
            options.extend(request.by.as_ref().map(|v| format!("over({v})")));
            format!("graph box {list}")
        }
        "pie" => {
            options.extend(panels);
            format!("graph pie {list}")
        }
        _ => return twoway(names, &condition, request, options, panels),
    };
    Ok(format!("{command}{condition}, {}", options.join(" ")))
}

/// Points and lines of all variables but the last one, which is horizontal; with `rescale` the second has an axis of its own.
fn twoway(
    names: &[String],
    condition: &str,
    request: &Request,
    mut options: Vec<String>,
    panels: Option<String>,
) -> Result<String> {
    let Some((x, series)) = names.split_last().filter(|(_, y)| !y.is_empty()) else {
        return Err(StataError::standard(102));
    };
    let (connect, symbol) = styles(request, series.len())?;
    options.extend(panels);
    if request.rescaled && series.len() == 2 {
        let words = |text: &str| text.split(' ').map(str::to_string).collect::<Vec<_>>();
        let (c, m) = (words(&connect), words(&symbol));
        let plot = |k: usize| {
            format!(
                "(scatter {} {x}{condition}, connect({}) msymbol({}) yaxis({}))",
                series[k],
                c[k],
                m[k],
                k + 1
            )
        };
        return Ok(format!("twoway {} {}, {}", plot(0), plot(1), options.join(" ")));
    }
    options.insert(0, format!("connect({connect}) msymbol({symbol})"));
    Ok(format!("twoway scatter {} {x}{condition}, {}", series.join(" "), options.join(" ")))
}
