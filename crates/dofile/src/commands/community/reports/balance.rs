//! Tables of means by group with tests of their differences: `iebaltab` (DIME, ietoolkit) and `balancetable` (Castro).
//! Written from the help files.

use super::balance_show::single_sheet;
use super::iebaltab_table;
use super::{Target, write};
use crate::commands::{ByRule, CommandSpec, Example, Form, StandardSyntax, Using};
use crate::error::{Result, StataError};
use crate::ops::files::with_extension;
use crate::ops::groups::{grouped, level_name};
use crate::ops::run::quietly;
use crate::results::Results;
use crate::session::Session;
use crate::syntax::{OptSpec, ParsedCommand};
use crate::value::MISSING;

const IEBALTAB: StandardSyntax = StandardSyntax::new(&[
    OptSpec::text("GROUPvar"),
    OptSpec::text("GRPVar"),
    OptSpec::text("COntrol"),
    OptSpec::text("SAVE"),
    OptSpec::text("SAVEXlsx"),
    OptSpec::text("SAVECsv"),
    OptSpec::text("SAVETex"),
    OptSpec::flag("replace"),
    OptSpec::text("vce"),
    OptSpec::text("FIXedeffect"),
    OptSpec::text("COVariates"),
    OptSpec::flag("FTest"),
    OptSpec::flag("FEQTest"),
    OptSpec::flag("TOTal"),
    OptSpec::flag("ROWVarlabels"),
    OptSpec::text("STATs"),
    OptSpec::text("STARlevels"),
    OptSpec::flag("NOSTARs"),
    OptSpec::text("FORMat"),
    OptSpec::flag("NONOTE"),
])
.unsupported(&[
    "BROWSE",
    "ORder",
    "GROUPLabels",
    "GROUPCodes",
    "ROWLabels",
    "TOTALLabel",
    "ONErow",
    "NORMdiff",
    "PTtest",
    "ADDNote",
    "TEXNotewidth",
    "TEXCaption",
    "TEXLabel",
    "TEXDocument",
    "TEXColwidth",
    "GENLog",
    "NOTEcombine",
    "ONLYAdjusted",
]);
const BALANCETABLE: StandardSyntax = StandardSyntax::new(&[
    OptSpec::flag("replace"),
    OptSpec::flag("append"),
    OptSpec::flag("VARLAbels"),
    OptSpec::text("CTItles"),
    OptSpec::text("vce"),
    OptSpec::text("FE"),
    OptSpec::flag("PVALues"),
    OptSpec::text("FORMat"),
    OptSpec::flag("noSTARs"),
    OptSpec::flag("noOBservations"),
    OptSpec::flag("noNUMbers"),
    OptSpec::flag("STDDiff"),
])
.using(Using::Required)
.unsupported(&[
    "PREHead",
    "POSTHead",
    "PREFoot",
    "POSTFoot",
    "WIDE",
    "STDEvs",
    "STDErrors",
    "TABUlar",
    "BOOKTabs",
    "VARNAmes",
    "GROUPs",
    "OBSLAST",
]);
/// The command `iebaltab`.
pub(crate) const SPEC_IEBALTAB: CommandSpec = CommandSpec {
    name: "iebaltab",
    min: 8,
    form: Form::Standard(&IEBALTAB),
    by: ByRule::No,
    run: iebaltab,
    syntax: "iebaltab varlist [if] [in], groupvar(v) [control(#) savexlsx(file) savecsv(file) savetex(file) replace vce(robust|cluster v) fixedeffect(v) covariates(varlist) ftest feqtest total rowvarlabels stats(desc(se|sd|var) pair(diff|t|p|se|nrmd|none) f(f|p) feq(f|p)) starlevels(# # #) nostars format(%fmt) nonote]",
    notes: "means by group from regressions on a constant, differences of pairs from regressions on the group with the fixed effects and covariates; control() limits the pairs to those with it; ftest tests that all variables are balanced in a pair, feqtest that a mean is equal in all groups; stores r(iebaltab), for each variable n_# mean_# of the groups and diff_#_# se_#_# p_#_# of the pairs",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = _n^2\ntempfile f\niebaltab x, groupvar(g) savecsv(`f'.csv) replace\nmatrix b = r(iebaltab)\nttest x, by(g)\nscalar d = r(mu_1) - r(mu_2)\nscalar p = r(p)\nscalar m = r(mu_1)\nerase `f'.csv",
        expect: &[("b[1,2] - m", 0.0), ("b[1,5] - d", 0.0), ("reldif(b[1,7], p) < 1e-10", 1.0)],
    }],
};

/// The command `balancetable`.
pub(crate) const SPEC_BALANCETABLE: CommandSpec = CommandSpec {
    name: "balancetable",
    min: 12,
    form: Form::Standard(&BALANCETABLE),
    by: ByRule::No,
    run: balancetable,
    syntax: "balancetable treatment varlist [if] [in] using file [, replace append varlabels ctitles(texts) vce(robust|cluster v) fe(v) pvalues stddiff format(%fmt) nostars noobservations nonumbers]",
    notes: "a treatment of 0 and 1: means with standard deviations of both groups and their difference with its standard error (pvalues: its p-value); columns in parentheses are refused; no results; Castro (SSC)",
    examples: &[Example {
        run: "set obs 8\ngenerate g = _n > 4\ngenerate x = _n^2\ntempfile f\nbalancetable g x using `f'.csv, replace nostars\nscalar got = fileread(\"`f'.csv\")\nerase `f'.csv",
        expect: &[("strpos(got, \"x,7.500,43.500,36.000\") > 0", 1.0)],
    }],
};

/// A mean, or a difference of means, with its tests.
#[derive(Clone, Copy)]
pub(super) struct Estimate {
    pub(super) n: f64,
    pub(super) clusters: f64,
    pub(super) value: f64,
    pub(super) se: f64,
    pub(super) sd: f64,
    pub(super) p: f64,
}

/// The groups and what the regressions have in common.
pub(super) struct Groups {
    pub(super) variable: String,
    pub(super) names: Vec<String>,
    /// Name of the marker of the sample: the number of the group, from 1.
    mark: String,
    vce: String,
    further: String,
}

const MARK: &str = "__balance";

impl Groups {
    /// Marks the rows of the groups; [`Self::end`] removes the mark.
    pub(super) fn begin(
        s: &mut Session,
        cmd: &ParsedCommand,
        by: &str,
        fe: Option<&str>,
        covariates: Option<&str>,
    ) -> Result<Self> {
        let by = s.variable(by.trim())?;
        let mut keep = s.rows(cmd)?;
        s.markout(&[by], &mut keep, true)?;
        let groups = grouped(s, &[by], (0..keep.len()).filter(|r| keep[*r]).collect());
        if groups.len() < 2 {
            return Err(StataError::new(420, format!("{} group found, at least 2 required", groups.len())));
        }
        let mut values = vec![MISSING; keep.len()];
        for (k, group) in groups.iter().enumerate() {
            group.iter().for_each(|r| values[*r] = (k + 1) as f64);
        }
        let names = groups.iter().map(|g| level_name(s, by, g[0])).collect();
        let variable = s.frame.var(by).name.clone();
        s.frame.add(crate::frame::Variable::new(MARK, crate::frame::Column::Double(values)))?;
        let vce = cmd.options.text("vce").map(|v| format!(", vce({v})")).unwrap_or_default();
        let fe = fe.map(|f| format!(" i.{}", f.trim())).unwrap_or_default();
        let further = format!("{fe} {}", covariates.unwrap_or(""));
        Ok(Self { variable, names, mark: MARK.to_string(), vce, further })
    }

    fn end(s: &mut Session) {
        if let Some(v) = s.frame.find(MARK) {
            s.frame.drop_vars(&[v]);
        }
    }

    fn posted(s: &Session, term: &str, sd: f64) -> Result<Estimate> {
        let get = |name: &str| s.e.results.get_scalar(name).unwrap_or(MISSING);
        let value = s.eval_num(&format!("_b[{term}]"))?;
        let se = s.eval_num(&format!("_se[{term}]"))?;
        let p = if se > 0.0 { estimators::wald::p_value(value / se, Some(get("df_r"))) } else { MISSING };
        Ok(Estimate { n: get("N"), clusters: get("N_clust"), value, se, sd, p })
    }

    /// The mean of a group; of all rows without a number.
    pub(super) fn mean(&self, s: &mut Session, variable: &str, group: Option<usize>) -> Result<Estimate> {
        let condition = match group {
            Some(k) => format!("{} == {}", self.mark, k + 1),
            None => format!("!missing({})", self.mark),
        };
        quietly(s, &format!("summarize {variable} if {condition}"))?;
        let sd = s.r.get_scalar("sd").unwrap_or(MISSING);
        quietly(s, &format!("regress {variable} if {condition}{}", self.vce))?;
        Self::posted(s, "_cons", sd)
    }

    /// The mean of the first group minus that of the second one, with effects and covariates held.
    pub(super) fn difference(
        &self,
        s: &mut Session,
        variable: &str,
        (a, b): (usize, usize),
    ) -> Result<Estimate> {
        let mark = &self.mark;
        quietly(
            s,
            &format!(
                "regress {variable} ib{}.{mark}{} if inlist({mark}, {}, {}){}",
                b + 1,
                self.further,
                a + 1,
                b + 1,
                self.vce
            ),
        )?;
        Self::posted(s, &format!("{}.{mark}", a + 1), MISSING)
    }

    /// F and its p-value: all variables are balanced in a pair.
    pub(super) fn joint(
        &self,
        s: &mut Session,
        variables: &[String],
        (a, b): (usize, usize),
    ) -> Result<(f64, f64, f64)> {
        let (mark, list) = (&self.mark, variables.join(" "));
        let model = format!(
            "regress {mark} {list}{} if inlist({mark}, {}, {}){}",
            self.further,
            a + 1,
            b + 1,
            self.vce
        );
        quietly(s, &model)?;
        let n = s.e.results.get_scalar("N").unwrap_or(MISSING);
        quietly(s, &format!("testparm {list}"))?;
        let get = |name: &str| s.r.get_scalar(name).unwrap_or(MISSING);
        Ok((get("F"), get("p"), n))
    }

    /// F and its p-value: the mean is equal in all groups.
    pub(super) fn equal(&self, s: &mut Session, variable: &str) -> Result<(f64, f64)> {
        let mark = &self.mark;
        quietly(s, &format!("regress {variable} i.{mark}{} if !missing({mark}){}", self.further, self.vce))?;
        quietly(s, &format!("testparm i.{mark}"))?;
        let get = |name: &str| s.r.get_scalar(name).unwrap_or(MISSING);
        Ok((get("F"), get("p")))
    }
}

/// Runs the regressions without touching the active estimates.
pub(super) fn apart<T>(s: &mut Session, work: impl FnOnce(&mut Session) -> Result<T>) -> Result<T> {
    let held = s.hold_estimates();
    let done = work(s);
    Groups::end(s);
    s.restore_estimates(held);
    done
}

pub(super) fn names(s: &Session, list: &str) -> Result<Vec<String>> {
    let vars = s.varlist(list)?;
    if vars.is_empty() {
        return Err(StataError::standard(100));
    }
    if vars.iter().any(|v| s.frame.var(*v).is_string()) {
        return Err(StataError::type_mismatch());
    }
    Ok(vars.iter().map(|v| s.frame.var(*v).name.clone()).collect())
}

/// Pairs of groups; with a control group those with it, the control last.
pub(super) fn pairs(count: usize, control: Option<usize>) -> Vec<(usize, usize)> {
    match control {
        Some(c) => (0..count).filter(|k| *k != c).map(|k| (k, c)).collect(),
        None => (0..count).flat_map(|a| (a + 1..count).map(move |b| (a, b))).collect(),
    }
}

fn iebaltab(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    let o = &cmd.options;
    let by = o
        .text("groupvar")
        .or(o.text("grpvar"))
        .ok_or_else(|| StataError::invalid("option groupvar() required"))?;
    let list = names(s, &cmd.list)?;
    let (sheet, table) = apart(s, |s| {
        let groups = Groups::begin(s, cmd, by, o.text("fixedeffect"), o.text("covariates"))?;
        let control = match o.text("control") {
            None => None,
            Some(text) => Some(
                groups
                    .names
                    .iter()
                    .position(|n| n == text.trim())
                    .or_else(|| {
                        let at = s.frame.find(&groups.variable)?;
                        let mark = s.frame.find(MARK)?;
                        let x: f64 = text.trim().parse().ok()?;
                        let row = (0..s.frame.n_rows()).find(|r| s.frame.num_at(at, *r) == x)?;
                        Some(s.frame.num_at(mark, row) as usize - 1)
                    })
                    .ok_or_else(|| {
                        StataError::invalid(format!("control({text}) is no group of {}", groups.variable))
                    })?,
            ),
        };
        let pairs = pairs(groups.names.len(), control);
        iebaltab_table::build(s, cmd, &groups, &list, &pairs)
    })?;
    sheet.print(s);
    let plain = |text: &str| text.trim().trim_matches('"').to_string();
    for (option, kind) in [("save", "xlsx"), ("savexlsx", "xlsx"), ("savecsv", "csv"), ("savetex", "tex")] {
        if let Some(file) = o.text(option).map(plain) {
            let file = with_extension(&file, kind);
            write::write(
                s,
                sheet.clone(),
                &Target { file: file.clone(), replace: cmd.has("replace"), append: false },
            )?;
            s.print(format!("Balance table saved to: {file}"));
        }
    }
    let mut r = Results::default();
    r.matrix("iebaltab", table);
    s.r = r;
    Ok(())
}

fn balancetable(s: &mut Session, cmd: &ParsedCommand) -> Result<()> {
    if cmd.list.trim_start().starts_with('(') {
        return Err(StataError::unsupported_option("balancetable", "columns in parentheses"));
    }
    let all = names(s, &cmd.list)?;
    let [treatment, list @ ..] = &all[..] else { return Err(StataError::standard(102)) };
    if list.is_empty() {
        return Err(StataError::standard(102));
    }
    let t = s.variable(treatment)?;
    let known = |x: f64| x == 0.0 || x == 1.0 || crate::value::is_missing(x);
    if (0..s.frame.n_rows()).any(|r| !known(s.frame.num_at(t, r))) {
        return Err(StataError::new(450, format!("{treatment} is not a 0/1 variable")));
    }
    let list = list.to_vec();
    let sheet = apart(s, |s| {
        let groups = Groups::begin(s, cmd, treatment, cmd.options.text("fe"), None)?;
        single_sheet(s, cmd, &groups, &list)
    })?;
    sheet.print(s);
    let file = with_extension(cmd.using.as_deref().unwrap_or_default(), "tex");
    write::write(s, sheet, &Target { file, replace: cmd.has("replace"), append: cmd.has("append") })
}
