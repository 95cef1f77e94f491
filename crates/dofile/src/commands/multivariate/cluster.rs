//! `cluster`: partitions, trees, groups from trees and the list of analyses. Stopping rules and the dendrogram are
//! in `cluster_stop`; numbers: `estimators::clusters`.

use super::super::{ByRule, CommandSpec, Example, Form};
use super::cluster_object::{Object, find, measure, names, tree};
use super::cluster_stop;
use crate::error::{Result, StataError};
use crate::frame::{Column, StorageType, Variable, is_valid_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::numlist;
use crate::syntax::options::{OptSpec, parse_number};
use crate::syntax::split::ParsedCommand;
use crate::syntax::varlist::check_new;
use crate::value::{MISSING, is_missing};
use estimators::clusters::{Centre, Linkage, Measure, below, cut, link, nearest, partition};

/// `cluster`.
pub(super) const SPEC: CommandSpec = CommandSpec {
    name: "cluster",
    min: 7,
    form: Form::Raw,
    by: ByRule::No,
    run,
    syntax: "cluster {kmeans|kmedians} [varlist] [if] [in], k(#) [measure() name() start(krandom[(#)]|firstk|lastk|everykth|segments|group(varname)) generate(newvar) iterate(#)] | cluster {singlelinkage|completelinkage|averagelinkage|waveragelinkage|wardslinkage} [varlist] [if] [in] [, measure() name() generate(stub)] | cluster generate newvar = {groups(numlist) | cut(#)} [, name() ties(error|skip)] | cluster stop [name] [, rule(calinski|duda) groups(numlist)] | cluster dendrogram [name] [, labels(varname) cutnumber(#) graph_options] | cluster {list|dir|use|drop}",
    notes: "measures L2, L2squared, L1, Linfinity, Canberra (L2; wards: L2squared); random starts are not Stata's stream; stop stores r(calinski_#) or r(duda_#) r(dudat2_#); [MV] cluster",
    examples: &[
        Example {
            run: "input x\n1\n2\n10\n11\n30\nend\ncluster kmeans x, k(3) start(lastk) name(g)\ncluster stop g",
            expect: &[("g[1] != g[3]", 1.0), ("g[3] == g[4]", 1.0), ("g[5] != g[4]", 1.0)],
        },
        Example {
            run: "input x\n1\n2\n10\n11.5\n30\nend\ncluster single x, name(t)\ncluster generate g = groups(3)\ncluster generate c = cut(1.2)",
            // heights 1, 1.5, 8, 18.5
            expect: &[
                ("t_hgt[1]", 1.0),
                ("t_hgt[2]", 8.0),
                ("g[3] == g[4]", 1.0),
                ("g[5]", 3.0),
                ("c[4]", 3.0),
            ],
        },
    ],
};

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let raw = cmd.raw.trim();
    let end = raw.find(|c: char| c.is_whitespace() || c == ',').unwrap_or(raw.len());
    let (word, rest) = (&raw[..end], raw[end..].trim());
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let tree = |s: &mut Session, linkage, method| hierarchy(s, rest, linkage, method);
    match () {
        () if is("kmeans", 1) => divide(s, rest, Centre::Mean, "kmeans"),
        () if is("kmedians", 4) => divide(s, rest, Centre::Median, "kmedians"),
        () if is("singlelinkage", 1) => tree(s, Linkage::Single, "single"),
        () if is("completelinkage", 1) => tree(s, Linkage::Complete, "complete"),
        () if is("averagelinkage", 1) => tree(s, Linkage::Average, "average"),
        () if is("waveragelinkage", 2) => tree(s, Linkage::Weighted, "waverage"),
        () if is("wardslinkage", 4) => tree(s, Linkage::Ward, "wards"),
        () if is("generate", 3) => generate(s, rest),
        () if is("stop", 4) => cluster_stop::stop(s, rest),
        () if is("dendrogram", 4) || is("tree", 4) => cluster_stop::dendrogram(s, rest),
        () if is("list", 4) || is("dir", 3) => list(s, rest, word.starts_with('l')),
        () if is("drop", 4) => drop_names(s, rest),
        () if is("use", 3) => {
            let object = find(&s.frame, Some(rest))?;
            object.store(&mut s.frame);
            Ok(())
        }
        () if is("medianlinkage", 3)
            || is("centroidlinkage", 4)
            || is("measures", 4)
            || is("notes", 4)
            || is("query", 3)
            || is("rename", 3)
            || is("renamevar", 7)
            || is("set", 3)
            || is("delete", 3)
            || is("parsedistance", 5) =>
        {
            Err(StataError::unsupported_command(&format!("cluster {word}")))
        }
        () if word.is_empty() => Err(StataError::syntax()),
        () => Err(StataError::invalid(format!("cluster {word} is unrecognized"))),
    }
}

/// Common start of partitions and trees: the rows, their values and the name of the analysis.
struct Start {
    rows: Vec<usize>,
    x: Vec<Vec<f64>>,
    variables: Vec<String>,
    name: String,
    measure: Measure,
    measure_text: String,
}

impl Start {
    /// Keeps the analysis with the data under its name, and says so.
    fn keep(self, s: &mut Session, method: &str, made: String) {
        s.print(format!("cluster name: {}", self.name));
        let object = Object {
            name: self.name,
            method: method.to_string(),
            measure: self.measure_text,
            variables: self.variables,
            made,
        };
        object.store(&mut s.frame);
    }
}

fn begin(s: &Session, cmd: &ParsedCommand, usual: &str) -> Result<Start> {
    if cmd.weight.is_some() {
        return Err(StataError::new(101, "weights not allowed"));
    }
    let positions = if cmd.list.trim().is_empty() {
        (0..s.frame.n_vars()).filter(|v| !s.frame.var(*v).is_string()).collect()
    } else {
        s.varlist(&cmd.list)?
    };
    if positions.is_empty() {
        return Err(StataError::standard(100));
    }
    if positions.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    let mut touse = s.rows(cmd)?;
    s.markout(&positions, &mut touse, false)?;
    let rows: Vec<usize> = (0..touse.len()).filter(|r| touse[*r]).collect();
    if rows.is_empty() {
        return Err(StataError::no_observations());
    }
    if rows.len() < 2 {
        return Err(StataError::insufficient_observations());
    }
    let text = cmd.options.text("measure").unwrap_or(usual);
    let name = match cmd.options.text("name").map(str::trim) {
        Some(name) => name.to_string(),
        None => {
            let taken = |k: usize| {
                let name = format!("_clus_{k}");
                names(&s.frame).contains(&name) || s.frame.find(&name).is_some()
            };
            format!("_clus_{}", (1..).find(|k| !taken(*k)).unwrap_or(1))
        }
    };
    if !is_valid_name(&name) {
        return Err(StataError::new(198, format!("{name} invalid name")));
    }
    if names(&s.frame).contains(&name) {
        return Err(StataError::new(110, format!("cluster analysis {name} already defined")));
    }
    Ok(Start {
        x: rows.iter().map(|r| positions.iter().map(|v| s.frame.num_at(*v, *r)).collect()).collect(),
        rows,
        variables: positions.iter().map(|v| s.frame.var(*v).name.clone()).collect(),
        name,
        measure: measure(text)?,
        measure_text: text.trim().to_string(),
    })
}

/// Adds a variable with values on rows and missing elsewhere.
fn put(
    s: &mut Session,
    name: &str,
    rows: &[usize],
    kind: StorageType,
    value: impl Fn(usize) -> f64,
) -> Result<()> {
    let mut column = vec![MISSING; s.frame.n_rows()];
    rows.iter().enumerate().for_each(|(i, r)| column[*r] = value(i));
    s.frame.add(Variable::new(name, Column::from_f64(kind, &column)))?;
    Ok(())
}

const PARTITION: &[OptSpec] = &[
    OptSpec::int("K"),
    OptSpec::text("MEAsure"),
    OptSpec::text("Name"),
    OptSpec::text("Start"),
    OptSpec::text("GENerate"),
    OptSpec::int("ITERate"),
];

fn divide(s: &mut Session, text: &str, centre: Centre, method: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("cluster", text, false)?;
    cmd.check_options(PARTITION, &["KEEPcenters"])?;
    let own = begin(s, &cmd, "L2")?;
    let k = cmd.options.int("k").ok_or_else(|| StataError::invalid("option k() required"))?;
    if k < 2 || k as usize > own.rows.len() {
        return Err(StataError::invalid("k() must be between 2 and the number of observations"));
    }
    let k = k as usize;
    let most = cmd.options.int("iterate").unwrap_or(10_000);
    if most < 0 {
        return Err(StataError::invalid("iterate() must not be negative"));
    }
    let made = cmd.options.text("generate").unwrap_or(&own.name).trim().to_string();
    check_new(&s.frame, &made)?;
    let first = first_groups(s, cmd.options.text("start").unwrap_or("krandom"), &own, k)?;
    let (group, settled) = partition(&own.x, first, k, centre, own.measure, most as usize);
    if !settled {
        s.print("note: convergence not achieved");
    }
    put(s, &made, &own.rows, StorageType::Byte.promoted_for(k as f64), |i| (group[i] + 1) as f64)?;
    own.keep(s, method, made);
    Ok(())
}

/// The groups that a partition starts with.
fn first_groups(s: &Session, text: &str, own: &Start, k: usize) -> Result<Vec<usize>> {
    let text = text.trim();
    let (word, inside) = match text.split_once('(') {
        Some((word, rest)) => (word.trim(), rest.trim_end().strip_suffix(')').map(str::trim)),
        None => (text, None),
    };
    let is = |full: &str, least: usize| word.len() >= least && full.starts_with(word);
    let n = own.x.len();
    let near = |chosen: &[usize]| {
        let centres: Vec<Vec<f64>> = chosen.iter().map(|i| own.x[*i].clone()).collect();
        nearest(&own.x, &centres, own.measure)
    };
    Ok(match () {
        () if is("krandom", 2) => {
            let seeded = match inside {
                None => None,
                Some(seed) => Some(parse_number(seed).filter(|x| *x >= 0.0).ok_or_else(StataError::syntax)?),
            };
            let mut fresh = seeded.map(|seed| crate::rng::Mt64::new(seed as u64));
            let mut all: Vec<usize> = (0..n).collect();
            for i in 0..k {
                let (low, high) = (i as f64, (n - 1) as f64);
                let j = match &mut fresh {
                    Some(rng) => rng.uniform_int(low, high),
                    None => s.rng.borrow_mut().uniform_int(low, high),
                };
                all.swap(i, j as usize);
            }
            near(&all[..k])
        }
        () if is("firstk", 1) => near(&(0..k).collect::<Vec<_>>()),
        () if is("lastk", 1) => near(&(n - k..n).collect::<Vec<_>>()),
        () if is("everykth", 1) => (0..n).map(|i| i % k).collect(),
        () if is("segments", 3) => (0..n).map(|i| i * k / n).collect(),
        () if is("group", 1) => {
            let by = s.numeric_variable(inside.ok_or_else(StataError::syntax)?)?;
            let given: Vec<f64> = own.rows.iter().map(|r| s.frame.num_at(by, *r)).collect();
            let mut levels = given.clone();
            levels.sort_by(f64::total_cmp);
            levels.dedup();
            if levels.len() != k || levels.iter().any(|x| is_missing(*x)) {
                return Err(StataError::invalid(format!(
                    "the variable of start(group()) must define {k} groups"
                )));
            }
            given.iter().map(|x| levels.partition_point(|l| l < x)).collect()
        }
        () if is("prandom", 2) || is("random", 1) => {
            return Err(StataError::unsupported_option("cluster", &format!("start({word})")));
        }
        () => return Err(StataError::invalid(format!("start({text}) is unrecognized"))),
    })
}

const TREE: &[OptSpec] = &[OptSpec::text("MEAsure"), OptSpec::text("Name"), OptSpec::text("GENerate")];

fn hierarchy(s: &mut Session, text: &str, linkage: Linkage, method: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("cluster", text, false)?;
    cmd.check_options(TREE, &[])?;
    let own = begin(s, &cmd, if linkage == Linkage::Ward { "L2squared" } else { "L2" })?;
    let made = cmd.options.text("generate").unwrap_or(&own.name).trim().to_string();
    for end in ["_id", "_ord", "_hgt"] {
        check_new(&s.frame, &format!("{made}{end}"))?;
    }
    let n = own.x.len();
    let pairs = n as f64 * (n as f64 - 1.0) / 2.0;
    if pairs * 8.0 > 1e9 {
        return Err(StataError::new(
            909,
            "op. sys. refuses to provide memory\ntoo many observations for a tree",
        ));
    }
    s.room_for(pairs, 8.0)?;
    let mut gaps = Vec::with_capacity(pairs as usize);
    for i in 0..n {
        if s.interrupted() {
            return Err(StataError::standard(1));
        }
        gaps.extend((0..i).map(|j| own.measure.of(&own.x[i], &own.x[j])));
    }
    let tree = link(n, gaps, linkage);
    let number = |i: usize| (own.rows[i] + 1) as f64;
    let whole = StorageType::Int.promoted_for(s.frame.n_rows() as f64);
    put(s, &format!("{made}_id"), &own.rows, whole, number)?;
    put(s, &format!("{made}_ord"), &own.rows, whole, |i| number(tree.order[i]))?;
    put(s, &format!("{made}_hgt"), &own.rows, StorageType::Double, |i| {
        tree.heights.get(i).copied().unwrap_or(MISSING)
    })?;
    own.keep(s, method, made);
    Ok(())
}

fn generate(s: &mut Session, text: &str) -> Result<()> {
    let mut cmd = ParsedCommand::split("cluster generate", text, true)?;
    cmd.check_options(&[OptSpec::text("Name"), OptSpec::text("Ties")], &[])?;
    let function = cmd.exp.clone().ok_or_else(StataError::syntax)?;
    let (word, inside) = function.split_once('(').ok_or_else(StataError::syntax)?;
    let inside = inside.trim_end().strip_suffix(')').ok_or_else(StataError::syntax)?;
    let object = find(&s.frame, cmd.options.text("name").map(str::trim))?;
    if !object.is_tree() {
        return Err(StataError::new(198, format!("cluster analysis {} is not hierarchical", object.name)));
    }
    let skip = match cmd.options.text("ties").map(str::trim) {
        None | Some("error") => false,
        Some("skip") => true,
        Some(other) => {
            return Err(StataError::unsupported_option("cluster generate", &format!("ties({other})")));
        }
    };
    let tree = tree(s, &object)?;
    let stub = cmd.list.trim().to_string();
    let mut new: Vec<(String, Vec<usize>)> = Vec::new();
    let word = word.trim();
    if !word.is_empty() && "groups".starts_with(word) {
        let counts = numlist::expand(inside)?;
        for count in &counts {
            if *count < 1.0 || count.fract() != 0.0 {
                return Err(StataError::invalid("groups() must hold positive integers"));
            }
            let name = if counts.len() == 1 { stub.clone() } else { format!("{stub}{count}") };
            match cut(&tree.heights, *count as usize) {
                Some(groups) => new.push((name, groups)),
                None if skip => {}
                None => {
                    return Err(StataError::invalid(format!("cannot create {count} groups because of ties")));
                }
            }
        }
    } else if word == "cut" {
        let height = parse_number(inside).ok_or_else(StataError::syntax)?;
        new.push((stub, below(&tree.heights, height)));
    } else {
        return Err(StataError::invalid(format!("cluster generate function {word}() is unrecognized")));
    }
    for (name, _) in &new {
        check_new(&s.frame, name)?;
    }
    for (name, groups) in new {
        let most = groups.last().map_or(1, |g| g + 1);
        let kind = StorageType::Byte.promoted_for(most as f64);
        put(s, &name, &tree.order, kind, |i| (groups[i] + 1) as f64)?;
    }
    Ok(())
}

fn list(s: &mut Session, text: &str, detail: bool) -> Result<()> {
    let all: Vec<String> =
        if text.is_empty() { names(&s.frame) } else { text.split_whitespace().map(str::to_string).collect() };
    let mut results = Results::default();
    results.text("names", all.join(" "));
    for name in &all {
        let object = find(&s.frame, Some(name))?;
        s.print(name);
        if detail {
            let kind = if object.is_tree() { "hierarchical" } else { "partition" };
            s.print(format!(
                "      (type: {kind},  method: {},  dissimilarity: {})",
                object.method, object.measure
            ));
            s.print(format!("      vars: {}", object.made_variables().join(" ")));
            s.print(format!("     other: varlist {}", object.variables.join(" ")));
        }
    }
    s.r = results;
    Ok(())
}

fn drop_names(s: &mut Session, text: &str) -> Result<()> {
    let all: Vec<String> =
        if text == "_all" { names(&s.frame) } else { text.split_whitespace().map(str::to_string).collect() };
    if all.is_empty() && text != "_all" {
        return Err(StataError::syntax());
    }
    for name in all {
        let object = find(&s.frame, Some(&name))?;
        let made: Vec<usize> = object.made_variables().iter().filter_map(|v| s.frame.find(v)).collect();
        s.frame.drop_vars(&made);
        object.forget(&mut s.frame);
    }
    Ok(())
}
