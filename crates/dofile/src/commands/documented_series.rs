//! The lists of options that the manuals of time series, of ranks, of survival times with random effects and of extended regression
//! models document, as
//! `documented_rows` has those of the others.

use super::documented_rows::{LIKELIHOOD, NOTHING, Row, TABLE};

const ARCH: &str = "noCONstant ARCH() Garch() SAArch() TArch() AArch() NArch() NARCHK() ABarch() ATarch() SDgarch() EArch() EGarch() \
    Parch() TParch() AParch() NParch() NPARCHK() PGarch() ARCHM ARCHMLags() ARCHMExp() ARIMA() AR() MA() DISTribution() HET() \
    SAVEspace ARCH0() ARMA0() CONDobs() vce() DETail";

/// Options of extended regression models, [ERM] eregress.
const EXTENDED: &str = "ENDOGenous() ENTReat() EXTReat() SELect() TOBITSELect() noCONstant OFFset() vce() INTPoints() \
    TRIINTPoints() REINTPoints() REINTMethod()";

/// The lists: [ME] mestreg, [XT] xtintreg, [R] rologit, [ERM], [TS].
pub(super) const ROWS: &[Row] = &[
    (
        "mestreg",
        TABLE,
        LIKELIHOOD,
        "Distribution() TIme noCONstant COVariance() OFFset() vce() INTMethod() INTPoints() noHR TRatio noSHow noLRtest \
        noGRoup noHEader noTABle ESTMetric STARTValues() STARTGrid()",
    ),
    (
        "xtintreg",
        TABLE,
        LIKELIHOOD,
        "RE noCONstant OFFset() vce() LRMODEL noSKIP INTMethod() INTPoints() INTREG",
    ),
    ("rologit", TABLE, LIKELIHOOD, "GRoup() OFFset() INComplete() REVerse NOTEstrhs TIEs() vce()"),
    ("cmrologit", TABLE, LIKELIHOOD, "OFFset() INComplete() REVerse NOTEstrhs TIEs() ALTwise vce()"),
    ("eregress", TABLE, LIKELIHOOD, EXTENDED),
    ("eprobit", TABLE, LIKELIHOOD, EXTENDED),
    ("arch", TABLE, LIKELIHOOD, ARCH),
    (
        "arima",
        TABLE,
        LIKELIHOOD,
        "ARIMA() SARIMA() AR() MA() MAR() MMA() noCONstant SAVEspace() DIFFuse P0() \
        STATE0() CONDition vce() DETail",
    ),
    ("newey", TABLE, NOTHING, "LAG() noCONstant FORCE"),
    (
        "prais",
        TABLE,
        "ITERate() TOLerance() noLOG",
        "RHOtype() CORC SSEsearch TWOstep noCONstant HASCons SAVEspace vce() noDW",
    ),
    (
        "var",
        TABLE,
        "CONSTraints() noLOG LOG ITERate() TOLerance()",
        "noCONstant Lags() EXog() DFK SMALL NOISure \
        noBIGF LUTstats",
    ),
    (
        "vec",
        TABLE,
        "ITERate() noLOG TRace TOLTRace TOLerance() LTOLerance() AFrom() BFrom()",
        "Rank() LAgs() Trend() BConstraints() AConstraints() SIndicators() noREDuce noBTable noIDtest ALpha PI noPTable MAI noETable DFORCE noCNSReport",
    ),
    (
        "svar",
        TABLE,
        "noLOG LOG TRace ITERate() TOLerance() FROM() noCNSReport",
        "ACONstraints() AEq() ACns() BCONstraints() BEq() BCns() LRCONstraints() LREq() LRCns() LAgs() EXog() noCONstant \
        VARConstraints() noISLOG ISITerate() ISTOLerance() noISUre DFK SMall noIDENcheck noBIGf Full VAR LUTstats",
    ),
    ("dfuller", NOTHING, NOTHING, "noCONstant TRend DRift REGress Lags()"),
    ("pperron", NOTHING, NOTHING, "noCONstant TRend REGress Lags()"),
];
