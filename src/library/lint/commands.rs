//! The commands, prefixes and macro functions that bodies may use, with their shortest abbreviations
//! (Stata's manuals, "Syntax"), and the reasons for the ones that are refused by name.

/// `name` or `name:shortest abbreviation`.
const ALLOWED: &str = "
_estimates _ms_parse_parts _pctile _return _rmcoll ac alpha ameans anova append arch areg arima assert
avplot bayes bayesgraph bayesstats betareg binreg binscatter biprobit bitest bitesti bootstrap boxcox bsample bsqreg ca candisc
canon carryforward catplot cc cci centile churdle ci cibar cii clogit cloglog clonevar cluster cnsreg codebook coefplot collapse compare
collect compress confirm:conf constraint continue contract contrast corr2data correlate:cor corrgram count:cou
cpoisson cprplot cs csdid csi cumsp cumul cvplot datasignature decode describe:d destring dfbeta dfgls dfuller did_imputation
didregress discrim display:di distinct dotplot drawnorm drop ds dsregress dtable duplicates dydx egen egranger eivreg
elasticnet encode ereturn:eret error:err esize estat estimates:est etable etpoisson etregress eventstudyinteract expand
export extremes factor fcast fillin foreach forecast:fore format:form forvalues:forv fracreg frontier generate:g gettoken
gladder glm gmm gnbreg graph:gr gsem gsort hausman hdidregress heckman heckoprobit heckpoisson heckprobit hetprobit hetregress histogram:hist
hotelling icc inspect integ intreg ipolate iqreg ir irf iri irt irtgraph isid ivpoisson ivprobit ivregress ivtobit
jackknife kap kappa kdensity keep ksmirnov ktau kwallis label:la labmask ladder lasso lassocoef lassogof
lassoknots levelsof lincom line linktest list:l loadingplot local:loc logistic logit loneway lookfor
lowess lpoly lroc lrtest lsens lv lvr2plot manova margins marginsplot mark markout marksample matlist
matrix:mat mcc mcci mdesc mds mdsconfig mdslong mdsmat mean mecloglog median meglm meintreg melogit menbreg
meologit meoprobit mepoisson meprobit merge:mer mestreg meta metobit mhodds mi misstable mixed mkmat mkspline
mlexp mlogit mofd mprobit mvdecode mvencode mvreg mvtest nbreg nestreg newey nl nlcom nlogit nlogitgen notes
npregress nptrend numlist oaxaca ologit oneway oprobit order orthog orthpoly pac pca pcorr pctile pergram permute pescadf
pnorm poisson poregress post postclose postfile power pperron prais predict:pred predictnl preserve
probit proportion:prop prtest prtesti psmatch2 pstest pwcompare pwcorr pwmean qladder qnorm qreg quadchk range ranksum ratio
rdbwdensity rdbwselect rddensity rdrobust recast recode:rec reg3 regress:reg rename:ren replace reshape
restore return:ret robvar roccomp rocfit roctab rolling rotate rreg runtest rvfplot rvpplot sample sampsi save scalar:sca
scatter scobit score scoreplot screeplot sdtest sem separate serrbar sfrancia signrank signtest simulate sktest
slogit sort:so spearman spgenerate split splitsample spmatrix spregress spset sqreg stack statsby stci stcox stcoxkm
stcrreg stcurve stdescribe stem stepwise stir stmh stphplot stptime strate streg sts stset stsplit stsum stteffects
suest summarize:su sunflower sureg svar svmat svy svydescribe svyset swilk symmetry symmi symplot syntax synth tab1 tab2 tabdisp tabi
table tabodds tabstat tabulate:ta tebalance teffects tempfile tempname tempvar teoverlap test testnl testparm
tetrachoric threshold tnbreg tobit tostring total tpoisson truncreg tsappend tsfill tsfilter tsline tsrline tsset tssmooth
ttest ttesti twoway:tw unab unique use var varbasic vargranger varlmar varnorm varsoc varstable varwle vec
veclmar vecnorm vecrank vecstable winsor winsor2 wntestb wntestq xcorr xi xporegress xpose xtabond
xtcloglog xtcointtest xtdata xtdescribe:xtdes xtdidregress xtdpd xtdpdsys xtfrontier xtgee xtgls xthdidregress xtile
xtintreg xtivreg xtline xtlogit xtnbreg xtologit xtoprobit xtpcse xtpoisson xtprobit xtrc xtreg xtregar xtset
xtstreg xtsum xttab xttest0 xttobit xtunitroot xtvar zinb ziologit zioprobit zip ztest
";

/// Commands of the contract's second list, refused by name, with the reason.
const REFUSED: &[(&str, &str)] = &[
    ("version", "the preamble decides the version"),
    ("exit", "it skips the closing lines; stop with `error`"),
    ("log", "the log is the service's"),
    ("cmdlog", "the log is the service's"),
    ("set", "the settings are the preamble's"),
    ("shell", "no shell"),
    ("xshell", "no shell"),
    ("winexec", "no shell"),
    ("sh", "no shell"),
    ("do", "a body includes no other file"),
    ("run", "a body includes no other file"),
    ("include", "a body includes no other file"),
    ("cd", "the working folder is the run's"),
    ("chdir", "the working folder is the run's"),
    ("mkdir", "no change of the file system"),
    ("rmdir", "no change of the file system"),
    ("erase", "no change of the file system"),
    ("rm", "no change of the file system"),
    ("copy", "no change of the file system"),
    ("file", "no reading or writing by hand"),
    ("type", "no reading of files"),
    ("ls", "no reading of folders"),
    ("dir", "no reading of folders"),
    ("net", "no network"),
    ("ssc", "no network"),
    ("adoupdate", "no network"),
    ("update", "no network"),
    ("webuse", "no network"),
    ("bcuse", "no network"),
    ("causaldata", "no network"),
    ("frause", "no network"),
    ("sysuse", "a body reads only its inputs"),
    ("import", "a body reads only its inputs"),
    ("infile", "a body reads only its inputs"),
    ("infix", "a body reads only its inputs"),
    ("insheet", "a body reads only its inputs"),
    ("odbc", "no databases"),
    ("jdbc", "no databases"),
    ("translate", "renderings are made by the service"),
    ("python", "no other language"),
    ("java", "no other language"),
    ("javacall", "no other language"),
    ("mata", "no Mata in a body"),
    ("plugin", "no plugins"),
    ("adopath", "the ado path is the preamble's"),
    ("sysdir", "the ado path is the preamble's"),
    ("discard", "the preamble owns the session"),
    ("clear", "the data are the preamble's; drop what is not needed"),
    ("macro", "a body has no global state"),
    ("global", "a body has no global state"),
    ("pause", "a run has no keyboard"),
    ("sleep", "a run does not wait"),
    ("window", "a run has no windows"),
    ("query", "no global state"),
    ("program", "shared programs belong to the ado folder"),
    ("filefilter", "an input is not changed"),
    ("outfile", "tables are exported as CSV"),
    ("outsheet", "tables are exported as CSV"),
    ("putexcel", "renderings are made by the service"),
    ("putpdf", "renderings are made by the service"),
];

/// Words before a command that change how it runs; the command after them is checked.
pub(super) const PREFIXES: &[(&str, &str)] =
    &[("capture", "cap"), ("quietly", "qui"), ("noisily", "noi"), ("bysort", "bys"), ("by", "by")];

/// Commands that run the command after their colon.
pub(super) const COLON_PREFIXES: &[&str] = &[
    "bayes",
    "bootstrap",
    "collect",
    "jackknife",
    "mi",
    "nestreg",
    "permute",
    "rolling",
    "simulate",
    "statsby",
    "stepwise",
    "svy",
    "xi",
];

/// Parts of allowed commands that read or write files of their own, or keep settings.
const REFUSED_PARTS: &[(&str, &[&str])] = &[
    ("graph", &["use", "save", "print", "play", "set", "query", "dir"]),
    ("estimates", &["use", "save"]),
    ("label", &["save", "language"]),
    ("irf", &["set", "use", "add", "drop", "rename"]),
    ("cluster", &["use"]),
    ("collect", &["save", "use", "export"]),
    ("spmatrix", &["save", "use", "import", "export"]),
    ("mi", &["import", "export", "copy", "erase", "rename", "convert"]),
    ("_estimates", &["save", "use"]),
];

/// True where the second word of an allowed command is refused, in full or abbreviated to two letters or more.
pub(super) fn is_refused_part(command: &str, second: &str) -> bool {
    if command == "export" {
        return second.len() < 5 || !"delimited".starts_with(second);
    }
    let parts = REFUSED_PARTS.iter().find(|(name, _)| *name == command).map_or(&[][..], |(_, parts)| *parts);
    parts.iter().any(|part| second.len() >= 2 && part.starts_with(second))
}

/// Functions of the macro language (`local x : word count …`) that touch neither files nor settings.
pub(super) const MACRO_FUNCTIONS: &[&str] = &[
    "word",
    "list",
    "label",
    "type",
    "format",
    "variable",
    "value",
    "data",
    "sortedby",
    "subinstr",
    "permname",
    "colnames",
    "rownames",
    "colfullnames",
    "rowfullnames",
    "coleq",
    "roweq",
    "colnumb",
    "rownumb",
    "properties",
    "char",
    "display",
    "di",
    "strlen",
    "ustrlen",
    "length",
    "piece",
    "copy",
    "results",
    "constraint",
    "colsof",
    "rowsof",
    "tsnorm",
    "all",
    "e",
    "r",
    "colvarlist",
    "rowvarlist",
    "collfnames",
    "rowlfnames",
    "tempvar",
];

/// Functions in expressions that touch files.
pub(super) const FILE_FUNCTIONS: &[&str] = &["fileread(", "filewrite(", "fileexists(", "filereaderror("];

/// Class of a command word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Known {
    /// The full name.
    Allowed(&'static str),
    Refused(&'static str),
    Unknown,
}

/// Looks a command word up, in full or abbreviated.
pub(super) fn lookup(word: &str) -> Known {
    if let Some((_, reason)) = REFUSED.iter().find(|(name, _)| *name == word) {
        return Known::Refused(reason);
    }
    for entry in ALLOWED.split_whitespace() {
        let (name, shortest) = entry.split_once(':').unwrap_or((entry, entry));
        if word == name || (word.len() >= shortest.len() && name.starts_with(word)) {
            return Known::Allowed(name);
        }
    }
    // an abbreviation of a refused command: three letters are enough for all of them
    match REFUSED.iter().find(|(name, _)| word.len() >= 3 && name.starts_with(word)) {
        Some((_, reason)) => Known::Refused(reason),
        None => Known::Unknown,
    }
}
