//! `metan`: fixed and random effects of studies, with a forest plot.

use super::forest;
use super::pools::Pool;
use super::request::{Studies, read};
use super::show::{Group, Table};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax};
use crate::error::Result;
use crate::estimation::display::checked_level;
use crate::estimation::post::stata;
use crate::frame::{Column, Variable};
use crate::ops::graphs::plain::RawOption;
use crate::ops::groups::{grouped, level_name};
use crate::results::Results;
use crate::session::Session;
use crate::syntax::split::unquote;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;
use estimators::meta_analysis::critical;

const SYNTAX: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("or"),
    OptSpec::flag("rr"),
    OptSpec::flag("rd"),
    OptSpec::flag("fixed"),
    OptSpec::flag("fixedi"),
    OptSpec::flag("random"),
    OptSpec::flag("randomi"),
    OptSpec::flag("peto"),
    OptSpec::flag("cohen"),
    OptSpec::flag("hedges"),
    OptSpec::flag("glass"),
    OptSpec::flag("noSTANDARD"),
    OptSpec::flag("noINTeger"),
    OptSpec::real("cc"),
    OptSpec::flag("LOG"),
    OptSpec::flag("EFORM"),
    OptSpec::text("by"),
    OptSpec::flag("noSUBgroup"),
    OptSpec::flag("noOVERALL"),
    OptSpec::text("LABEL"),
    OptSpec::text("LCols"),
    OptSpec::real("ILevel"),
    OptSpec::real("OLevel"),
    OptSpec::text("SORTBY"),
    OptSpec::text("EFFect"),
    OptSpec::flag("noKEEP"),
    OptSpec::flag("noTABLE"),
    OptSpec::flag("noGRAPH"),
    OptSpec::text("XLAbel"),
    OptSpec::text("XTick"),
    OptSpec::text("TItle"),
    OptSpec::text("SUBtitle"),
    OptSpec::text("NOTE"),
    OptSpec::text("CAPtion"),
    OptSpec::text("XTItle"),
    OptSpec::text("name"),
    OptSpec::text("saving"),
    OptSpec::text("SCHeme"),
    OptSpec::text("GRAPHRegion"),
    OptSpec::text("PLOTRegion"),
    OptSpec::text("XSIZe"),
    OptSpec::text("YSIZe"),
])
.unsupported(&[
    "ASTEXT",
    "BOXOPT",
    "BOXSCA",
    "BRESLOW",
    "CHI2",
    "CIOPT",
    "CLASSIC",
    "CORNFIELD",
    "COUNTS",
    "DIAMOPT",
    "DOUBLE",
    "EFFICACY",
    "FAVOURS",
    "FIRST",
    "FIRSTSTATS",
    "FLEVEL",
    "FORCE",
    "GROUP1",
    "GROUP2",
    "LEGEND",
    "noBOX",
    "noHET",
    "noSECSUB",
    "noSTATS",
    "noWARNING",
    "noWT",
    "NULL",
    "NULLOFF",
    "OLINEOPT",
    "POINTOPT",
    "RCOLS",
    "RFDIST",
    "RFLEVEL",
    "SECOND",
    "SECONDSTATS",
    "SGWEIGHT",
    "SUMMARYONLY",
    "TEXTSIZE",
    "WGT",
]);

/// The command.
pub(crate) const SPEC: CommandSpec = CommandSpec {
    name: "metan",
    min: 5,
    form: Form::Standard(&SYNTAX),
    by: ByRule::No,
    run,
    syntax: "metan es se | es lower upper | a b c d | n1 mean1 sd1 n0 mean0 sd0 [if] [in] [, or rr rd fixed random fixedi randomi peto cohen hedges glass nostandard nointeger cc(#) log eform by(v) nosubgroup nooverall label(namevar=v, yearvar=v) lcols(v) sortby(v) ilevel(#) olevel(#) effect(text) nokeep notable nograph graph_options]",
    notes: "as the Stata Journal describes it (version 9 of the command): ratios of risks and Mantel-Haenszel weights for counts, Cohen's difference for means, inverse variances otherwise; random takes the heterogeneity of counts about the Mantel-Haenszel pool, randomi about that by inverse variances; 0.5 (cc()) is added to the cells of a table with a zero; makes _ES, _seES (_selogES for ratios), _LCI, _UCI, _WT and _SS; stores r(ES seES|selogES ci_low ci_upp z p_z het df p_het i_sq tau2), r(measure); without r(ES ci_low ci_upp) under eform; lcols() only names the studies; Deeks, Altman and Bradburn (2001), DerSimonian and Laird (1986)",
    examples: &[Example {
        // Equal variances: the mean; between studies the variance of the effects less the variance within.
        run: "input es se\n0 1\n3 1\n6 1\nend\nmetan es se, random nograph\nscalar t = r(tau2)\nscalar q = r(het)\nmetan es se, fixed nograph",
        expect: &[("t", 8.0), ("q", 18.0), ("r(ES)", 3.0), ("3*r(seES)^2", 1.0), ("_ES[2]", 3.0)],
    }],
};

fn level(s: &Session, cmd: &ParsedCommand, name: &str) -> Result<f64> {
    checked_level(name, cmd.options.real(name).unwrap_or(s.settings.level))
}

fn run(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let by = match cmd.options.text("by") {
        Some(name) => Some(s.variable(name.trim())?),
        None => None,
    };
    let levels = (level(s, cmd, "ilevel")?, level(s, cmd, "olevel")?);
    let studies = read(s, cmd, by)?;
    let groups = groups(s, &studies, by);
    let all: Vec<usize> = (0..studies.y.len()).collect();
    let overall = Pool::of(&studies, &all);
    let with_overall = !cmd.has("nooverall");
    let shares = shares(&studies, &groups, &overall, with_overall);
    let effect = cmd.options.text("effect").map_or(studies.measure, |t| unquote(t.trim())).to_string();
    let by_name = by.map(|v| s.frame.var(v).name.clone());
    let table = Table {
        studies: &studies,
        groups: &groups,
        overall: &overall,
        by: by_name.as_deref(),
        shares: &shares,
        z: (critical(levels.0, None), critical(levels.1, None)),
        levels,
        effect: &effect,
        with_overall,
        with_groups: !cmd.has("nosubgroup"),
    };
    let excluded = s.rows(cmd)?.iter().filter(|t| **t).count() - studies.rows.len();
    if excluded > 0 {
        s.print(format!("(studies excluded because of missing or empty data: {excluded})"));
    }
    if !cmd.has("notable") {
        table.print(s);
        table.tests(s);
    }
    if !cmd.has("nokeep") {
        keep(s, &table)?;
    }
    if !cmd.has("nograph") {
        forest::draw(s, &table, &graph_options(cmd))?;
    }
    s.r = results(&table);
    Ok(())
}

fn groups(s: &Session, studies: &Studies, by: Option<usize>) -> Vec<Group> {
    let make = |name: String, at: Vec<usize>| Group { name, pool: Pool::of(studies, &at), at };
    let Some(by) = by else {
        return vec![make(String::new(), (0..studies.y.len()).collect())];
    };
    let sets = grouped(s, &[by], studies.rows.clone());
    let position = |row: &usize| studies.rows.iter().position(|r| r == row).unwrap_or(0);
    sets.iter()
        .map(|rows| {
            let mut at: Vec<usize> = rows.iter().map(position).collect();
            at.sort_unstable();
            make(level_name(s, by, rows[0]), at)
        })
        .collect()
}

/// Weights in percent of all studies, or of each group when there is no overall pool.
fn shares(studies: &Studies, groups: &[Group], overall: &Pool, with_overall: bool) -> Vec<f64> {
    if with_overall {
        let total: f64 = overall.weights.iter().sum();
        return overall.weights.iter().map(|w| 100.0 * w / total).collect();
    }
    let mut out = vec![0.0; studies.y.len()];
    for group in groups {
        let total: f64 = group.pool.weights.iter().sum();
        group.at.iter().zip(&group.pool.weights).for_each(|(i, w)| out[*i] = 100.0 * w / total);
    }
    out
}

fn graph_options(cmd: &ParsedCommand) -> Vec<RawOption> {
    const NAMES: [&str; 13] = [
        "xlabel",
        "xtick",
        "title",
        "subtitle",
        "note",
        "caption",
        "xtitle",
        "name",
        "saving",
        "scheme",
        "graphregion",
        "xsize",
        "ysize",
    ];
    let given = |n: &&str| cmd.options.text(n).map(|t| ((*n).to_string(), Some(t.to_string())));
    let mut out: Vec<RawOption> = NAMES.iter().filter_map(given).collect();
    out.extend(given(&"plotregion"));
    // metan writes its ticks with commas between them
    for (name, text) in &mut out {
        if (name == "xlabel" || name == "xtick") && text.as_deref().is_some_and(only_numbers) {
            *text = text.as_ref().map(|t| t.replace(',', " "));
        }
    }
    out
}

fn only_numbers(text: &str) -> bool {
    text.split(|c: char| c == ',' || c.is_whitespace()).all(|w| w.is_empty() || w.parse::<f64>().is_ok())
}

/// Makes the variables of the studies.
fn keep(s: &mut Session, table: &Table<'_>) -> Result<()> {
    let studies = table.studies;
    let logarithm = studies.own_logarithm() && studies.log_scale;
    let se_name = if logarithm { "_selogES" } else { "_seES" };
    let old: Vec<usize> = ["_ES", "_seES", "_selogES", "_LCI", "_UCI", "_WT", "_SS"]
        .iter()
        .filter_map(|n| s.frame.find(n))
        .collect();
    s.frame.drop_vars(&old);
    let n = s.frame.n_rows();
    let shown = |x: f64| if studies.log_scale { x.exp() } else { x };
    let column = |of: &dyn Fn(usize) -> f64| {
        let mut values = vec![MISSING; n];
        studies.rows.iter().enumerate().for_each(|(i, r)| values[*r] = stata(of(i)));
        Column::Double(values)
    };
    let half = |i: usize| table.z.0 * studies.se[i];
    let mut made = vec![
        ("_ES", "effect size", column(&|i| shown(studies.y[i]))),
        (se_name, "standard error", column(&|i| studies.se[i])),
        ("_LCI", "lower confidence limit", column(&|i| shown(studies.y[i] - half(i)))),
        ("_UCI", "upper confidence limit", column(&|i| shown(studies.y[i] + half(i)))),
        ("_WT", "weight in percent", column(&|i| table.shares[i])),
    ];
    if let Some(sizes) = &studies.sizes {
        made.push(("_SS", "sample size", column(&|i| sizes[i])));
    }
    for (name, label, data) in made {
        let mut variable = Variable::new(name, data);
        variable.label = label.to_string();
        s.frame.add(variable)?;
    }
    Ok(())
}

fn results(table: &Table<'_>) -> Results {
    let (pool, studies) = (table.overall, table.studies);
    let mut r = Results::default();
    r.text("measure", studies.measure);
    if !table.with_overall {
        return r;
    }
    let logarithm = studies.own_logarithm() && studies.log_scale;
    let shown = |x: f64| if studies.log_scale { x.exp() } else { x };
    // on which scale results are stored under eform is not documented
    if logarithm || !studies.log_scale {
        r.scalar("ES", shown(pool.y));
        r.scalar("ci_low", shown(pool.y - table.z.1 * pool.se));
        r.scalar("ci_upp", shown(pool.y + table.z.1 * pool.se));
    }
    let (z, p) = pool.test();
    r.scalar(if logarithm { "selogES" } else { "seES" }, pool.se)
        .scalar("z", z.abs())
        .scalar("p_z", stata(p));
    r.scalar("het", stata(pool.q)).scalar("df", pool.df).scalar("p_het", stata(pool.p_q()));
    r.scalar("i_sq", stata(pool.i2()));
    if studies.method.is_random() {
        r.scalar("tau2", pool.tau2);
    }
    r
}
