//! The list of commands for templates against the commands of the open engine: each one is allowed, refused with a
//! reason, or named here as none of a template's.

use std::collections::BTreeSet;

use dofile::commands::registry;
use stata_service::library::lint::{Context, lint_body};

/// Commands of the engine that no template has a use for, and why.
const NOT_OF_TEMPLATES: &[(&str, &[&str])] = &[
    (
        "they show, install or wait for something, or a reader looks something up",
        &[
            "about",
            "browse",
            "cls",
            "creturn",
            "doedit",
            "edit",
            "findfile",
            "findit",
            "help",
            "memory",
            "more",
            "pwd",
            "search",
            "timer",
            "view",
            "viewsource",
            "which",
        ],
    ),
    (
        "they belong to programs and to the tests of programs",
        &[
            "_assert", "_rmdcoll", "args", "c_local", "char", "cscript", "fvexpand", "fvrevar", "fvset",
            "fvunab", "rcof", "sreturn", "tokenize", "tsrevar", "tsunab",
        ],
    ),
    (
        "tests and tables of textbooks that no template has: it keeps to ttest, stset with sts, and cs with its kin",
        &["dstdize", "ltable", "sdtesti", "stjoin", "stmc", "streset", "stvary", "ztesti"],
    ),
    (
        "graphs, tests and panel models of textbooks: templates keep to qnorm, kdensity, rvfplot, xtreg and xtabond",
        &[
            "grc1leg",
            "acprplot",
            "arfima",
            "bcskew0",
            "lnskew0",
            "pchi",
            "qchi",
            "kpss",
            "qqplot",
            "quantile",
            "spikeplot",
            "vwls",
            "xthtaylor",
            "xtserial",
            "zandrews",
        ],
    ),
    (
        "choices between alternatives: templates keep to clogit and mlogit",
        &["asclogit", "cmclogit", "cmrologit", "cmset", "gologit2", "mixlogit", "mixlpred", "rologit"],
    ),
    ("endogenous regressors: templates keep to ivprobit and ivregress", &["eprobit", "eregress"]),
    (
        "a likelihood or a system of the author's own",
        &["makecns", "matcproc", "ml", "mleval", "mlmatsum", "mlsum", "mlvecsum", "nlsur"],
    ),
    ("matrices of counts that the author types: templates keep to ca", &["camat"]),
    ("hidden states: templates keep to threshold", &["mswitch"]),
    ("searches among functions of regressors: a plan names them", &["mfp"]),
    (
        "the service renders tables and documents",
        &["erepost", "estadd", "estout", "estpost", "eststo", "esttab", "outreg2", "putdocx"],
    ),
    (
        "they read or write other data",
        &[
            "cf", "cross", "frame", "frames", "frget", "frlink", "getmata", "joinby", "putmata", "saveold",
            "snapshot",
        ],
    ),
    (
        "faster doubles of allowed commands",
        &[
            "fcollapse",
            "fegen",
            "fisid",
            "flevelsof",
            "fmerge",
            "gcollapse",
            "gdistinct",
            "gduplicates",
            "gegen",
            "gisid",
            "glevelsof",
            "gunique",
            "hashsort",
        ],
    ),
    (
        "interpretation of models: templates keep to margins and estat",
        &["fitstat", "listcoef", "margeff", "mchange", "mlincom", "mtable", "prchange", "prvalue"],
    ),
    (
        "figures and lists of the archive: templates keep to the graphs of the manual and to tabulate",
        &[
            "cdfplot",
            "ciplot",
            "distplot",
            "filelist",
            "fs",
            "groups",
            "ineqdec0",
            "qplot",
            "stripplot",
            "sumdist",
            "vl",
        ],
    ),
    ("absorbed effects: templates keep to areg and xtreg", &["ivreghdfe", "ppml", "ppmlhdfe", "reghdfe"]),
    (
        "panels and tables of the archive: templates keep to the commands of the manual",
        &[
            "bacondecomp",
            "boottest",
            "brant",
            "csdid_plot",
            "did2s",
            "drdid",
            "fre",
            "jwdid",
            "lpdid",
            "mmqreg",
            "rdplot",
            "twowayfeweights",
            "weakivtest",
            "xtbalance",
            "xtcips",
            "xtcsd",
            "xtfmb",
            "xtmg",
            "xtoverid",
            "xtpmg",
            "xtqreg",
            "xtscc",
            "xttest2",
            "xttest3",
        ],
    ),
    ("dynamic panels: templates keep to the commands of the manual", &["xtabond2"]),
    (
        "spatial data: templates keep to the commands of the manual and to whole matrices",
        &["spatgsa", "spdistance"],
    ),
    ("terms in angle brackets, which the lint does not read", &["fp"]),
    ("a table of numbers, which the lint does not read", &["kapwgt"]),
    ("instruments: templates keep to ivregress and its estat", &["ivreg2"]),
    (
        "shown on the screen only, or labels changed for reading",
        &["avplots", "binscatter2", "grstyle", "numlabel", "postutil", "xttrans"],
    ),
    (
        "older names of allowed commands",
        &[
            "dprobit",
            "hettest",
            "iis",
            "ivreg",
            "meqrlogit",
            "meqrpoisson",
            "mfx",
            "ovtest",
            "tis",
            "vif",
            "xtmelogit",
            "xtmepoisson",
            "xtmixed",
        ],
    ),
    ("penalties from theory of the SSC archive: templates keep to lasso", &["lasso2", "pdslasso", "rlasso"]),
    ("rows for interactive work, and copies of clusters", &["expandcl", "insobs"]),
    (
        "data work of the SSC archive: templates keep to the commands of the manual",
        &[
            "asreg",
            "asrol",
            "astile",
            "dataex",
            "dropmiss",
            "geodist",
            "gquantiles",
            "greshape",
            "gstats",
            "gtools",
            "gtop",
            "gtoplevelsof",
            "ineqdeco",
            "labelbook",
            "mat2txt",
            "missings",
            "nmissing",
            "randtreat",
            "rangejoin",
            "rangestat",
            "renvars",
        ],
    ),
    (
        "tables of the SSC archive in documents, and estimates as data: the service renders tables",
        &[
            "asdoc",
            "balancetable",
            "corr2docx",
            "iebaltab",
            "listtab",
            "listtex",
            "logout",
            "orth_out",
            "parmest",
            "reg2docx",
            "regsave",
            "stddiff",
            "sum2docx",
            "t2docx",
            "table1_mc",
            "tabout",
            "texsave",
        ],
    ),
    (
        "effects of the SSC archive that no template has yet",
        &[
            "cem",
            "conindex",
            "diff",
            "fmlogit",
            "glcurve",
            "polychoric",
            "ebalance",
            "imb",
            "khb",
            "leebounds",
            "lorenz",
            "metabias",
            "metafunnel",
            "metan",
            "metareg",
            "oglm",
            "pshare",
            "rbounds",
            "rifhdreg",
            "rifreg",
            "ritest",
            "rwolf",
            "rwolf2",
            "sdid",
            "sgmediation",
            "sgmediation2",
            "twopm",
            "wyoung",
        ],
    ),
];

/// True where the lint does not know a command.
fn is_unknown(name: &str) -> bool {
    let found = lint_body(format!("{name}\n").as_bytes(), &Context::default());
    found.iter().any(|f| f.reason.contains("is not on the list of commands"))
}

#[test]
fn every_command_of_the_engine_is_judged_for_templates() {
    let named: BTreeSet<&str> = NOT_OF_TEMPLATES.iter().flat_map(|(_, names)| *names).copied().collect();
    let all: BTreeSet<&str> = registry::all().map(|c| c.name).collect();
    assert!(all.len() > 400, "{} commands were read", all.len());
    let unknown: BTreeSet<&str> = all.iter().copied().filter(|name| is_unknown(name)).collect();
    let missing: Vec<&&str> = unknown.difference(&named).collect();
    assert!(missing.is_empty(), "neither allowed nor refused nor named here: {missing:?}");
    let stale: Vec<&&str> = named.difference(&unknown).collect();
    assert!(stale.is_empty(), "named here, but the lint knows them or the engine has them not: {stale:?}");
}
