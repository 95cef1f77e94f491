//! Names of Stata's official commands, so that one which this engine does not
//! have is refused as "not supported" and anything else as unrecognized.

const NAMES: &[&str] = &[
    "ac", "acprplot", "adoupdate", "alpha", "ameans", "anova", "appendfile", "arch", "areg", "arfima", "arima",
    "asclogit", "asmprobit", "avplot", "avplots", "bayes", "bayesmh", "biprobit", "biplot", "bitest", "bootstrap",
    "boxcox", "brier", "browse", "ca", "canon", "cc", "centile", "churdle", "ci", "clogit", "cloglog", "cluster",
    "cmclogit", "cnsreg", "collect", "constraint", "copy", "corrgram", "cs", "cttost", "cumsp", "cumul", "cusum",
    "demean", "dfactor", "dfgls", "dfuller", "didregress", "discrim", "doedit", "dotplot", "dslogit", "dsregress",
    "edit", "eivreg", "elasticnet", "epitab", "esize", "estat", "estimates", "etable", "etregress", "exlogistic",
    "expoisson", "factor", "filefilter", "fracpoly", "fracreg", "frame", "frames", "frontier", "gmm", "glm", "gnbreg",
    "graph", "gsem", "hausman", "hetprobit", "heckman", "heckprobit", "hetregress", "histogram", "hotelling",
    "intreg", "ir", "irf", "irt", "ivprobit", "ivregress", "ivtobit", "jackknife", "joinby", "kap", "kappa",
    "kdensity", "ksmirnov", "ktau", "kwallis", "ladder", "lasso", "lincom", "logistic", "logit", "loneway", "lowess",
    "lpoly", "lroc", "lrtest", "lsens", "lv", "margins", "marginsplot", "mata", "mca", "mcc", "mds", "mean", "meglm",
    "melogit", "meologit", "mepoisson", "meprobit", "menbreg", "meta", "mfp", "mgarch", "mhodds", "mi", "mixed",
    "mkmat", "mkspline", "mlogit", "mprobit", "mswitch", "mvreg", "mvtest", "nbreg", "nestreg", "net", "newey", "nl",
    "nlcom", "nlogit", "nlsur", "npregress", "nptrend", "odbc", "ologit", "oneway", "oprobit", "orthog", "pac", "pca",
    "pcorr", "pergram", "permute", "pkcross", "poisson", "poregress", "power", "pperron", "prais", "predict",
    "predictnl", "probit", "procrustes", "proportion", "prtest", "putdocx", "putexcel", "putpdf", "pwcompare",
    "pwcorr", "pwmean", "python", "qnorm", "qqplot", "qreg", "quantile", "ranksum", "ratio", "reg3", "regress",
    "roccomp", "roctab", "rolling", "rotate", "rreg", "runtest", "rvfplot", "sampsi", "scobit", "sdtest", "sem",
    "serrbar", "sfrancia", "signrank", "signtest", "simulate", "sktest", "slogit", "spearman", "spmatrix",
    "spregress", "spset", "sqreg", "ssc", "sspace", "statsby", "stci", "stcox", "stcrreg", "stcurve", "stintreg",
    "stir", "stmc", "stmh", "stphplot", "stptime", "strate", "streg", "sts", "stset", "stsplit", "stteffects",
    "suest", "sunflower", "sureg", "svar", "svy", "svyset", "swilk", "symplot", "table", "teffects", "test",
    "testnl", "testparm", "tetrachoric", "threshold", "tnbreg", "tobit", "total", "tpoisson", "translate",
    "truncreg", "tsappend", "tsfill", "tsfilter", "tsline", "tsreport", "tssmooth", "ttest", "tebalance", "teoverlap",
    "twoway", "ucm", "var", "varbasic", "varsoc", "vargranger", "vec", "veclmar", "vecrank", "vwls", "wntestb",
    "wntestq", "xcorr", "xi", "xpologit", "xporegress", "xtabond", "xtcloglog", "xtcointtest", "xtdata",
    "xtdescribe", "xtdidregress", "xtdpd", "xtdpdsys", "xteregress", "xtfrontier", "xtgee", "xtgls", "xtgraph",
    "xthtaylor", "xtintreg", "xtivreg", "xtline", "xtlogit", "xtmixed", "xtnbreg", "xtologit", "xtpcse", "xtpoisson",
    "xtprobit", "xtrc", "xtreg", "xtregar", "xtset", "xtsum", "xttab", "xttest0", "xttobit", "xtunitroot", "zinb",
    "zip", "zioprobit", "fillin", "separate", "split", "stack", "sample", "splitsample", "xpose", "xtile", "pctile",
    "inspect", "lookfor", "mvencode", "mvdecode", "cross", "ds", "icd10", "egen", "import", "export", "insheet",
    "infile", "infix", "outsheet", "outfile", "webuse", "sysuse", "timer", "window", "view", "help", "search",
    "findit", "query", "which", "viewsource", "ml", "moptimize", "mlexp", "_estimates", "_robust", "fvset", "fvexpand",
    "tsrevar", "fvrevar", "tsunab", "unab", "_rmcoll", "_predict", "erase", "rm", "mkdir", "rmdir", "cd", "chdir",
    "pwd", "ls", "dir", "type", "checksum", "zipfile", "unzipfile", "snapshot", "datasignature", "cf", "scatter",
    "line", "reshape", "merge", "append", "collapse", "contract", "tabstat", "correlate", "_pctile", "tabulate",
    "estimation", "adopath", "pause", "sleep", "plugin", "java", "h2o", "docx2pdf", "dyndoc", "markdown", "dyntext",
    "putmata", "getmata", "hexdump", "notes", "recast", "varmanage", "bstat", "bsample", "bstrap", "jknife", "vif",
    "ovtest", "hettest", "fitstat", "tab1", "tab2", "tabi", "summarize", "stem", "spikeplot", "pnorm", "pchi",
    "qchi", "rvpplot", "cprplot", "lvr2plot", "dfbeta", "hadimvo", "grmeanby", "ci2", "cii", "ttesti", "prtesti",
    "sdtesti", "bitesti", "csi", "cci", "iri", "mcci", "esizei", "ztest", "ztesti", "contrast", "pwcompare", "lrtest",
    "suest", "nlcom", "dtable", "hdidregress", "xthdidregress", "bma", "bmaregress", "lpirf", "ivsvar", "ivqregress",
];

/// True for a name of an official Stata command.
pub fn is_official(name: &str) -> bool {
    NAMES.contains(&name)
}
