//! The lists of options that the manuals document, by command; `documented.rs` reads them.
//!
//! Names are written as in `OptSpec`: capitals are the shortest abbreviation; `()` marks an argument.

/// Display options of coefficient tables, [R] Estimation options.
pub(super) const TABLE: &str = "Level() noCI noPVALues noOMITted VSQUISH noEMPTYcells BASElevels ALLBASElevels noFVLABel \
    FVWRAP() FVWRAPON() CFORMAT() PFORMAT() SFORMAT() noLSTRETCH COEFLegend";

/// Options of maximum likelihood, [R] Maximize, and of constrained models.
pub(super) const LIKELIHOOD: &str = "DIFficult TECHnique() ITERate() noLOG LOG TRace GRADient SHOWSTEP HESSian SHOWTOLerance \
    TOLerance() LTOLerance() NRTOLerance() NONRTOLerance FROM() CONSTraints() COLlinear noCNSReport";

/// Title, legend and other options of every graph, [G-3] twoway_options.
const GRAPH: &str = "TItle() SUBtitle() note() CAPtion() LEGend() SCHeme() NAME() SAVing() YLINE() XLINE() YLABel() \
    XLABel() YTItle() XTItle() YSCale() XSCale() TEXT() TTEXT() ASPECTratio() GRAPHRegion() PLOTRegion() XSIZe() \
    YSIZe() SCALE() noDRAW NODRAW BY() YMLABel() XMLABel() YTICK() XTICK() YMTICK() XMTICK() PLAY() T1title() \
    B1title() L1title() R1title()";

/// No shared list.
pub(super) const NOTHING: &str = "";

/// Options of inflated counts, [R] zip.
const INFLATED: &str = "INFlate() noCONstant Exposure() OFFset() PROBit vce() IRr VUONG FORCEVUONG ZIP";

/// Options of panel models of ordered and censored outcomes, [XT] xtologit, [XT] xttobit.
const PANEL: &str = "RE noCONstant OFFset() LL() UL() vce() LRMODEL noSKIP INTMethod() INTPoints() TOBIT";

/// Options of mixed-effects models, [ME] meglm.
const MIXED: &str = "noCONstant COVariance() OFFset() Exposure() OR IRr vce() INTMethod() INTPoints() noLRtest noGRoup \
    noHEader ESTMetric STARTValues() STARTGrid() ASIS BINomial() DISPersion()";

/// Options of a command: a shared list, another one, and its own.
pub(super) type Row = (&'static str, &'static str, &'static str, &'static str);

/// The lists.
pub(super) const ROWS: &[Row] = &[
    // [R] linear models
    (
        "regress",
        TABLE,
        NOTHING,
        "noCONstant HASCons TSSCONS vce() Beta EFORM() DEPname() noHEader noTABle PLus MSE1",
    ),
    ("areg", TABLE, NOTHING, "Absorb() noABSORB vce() noCONstant KEEPSINgletons"),
    ("cnsreg", TABLE, "CONSTraints() COLlinear noCNSReport", "noCONstant vce() MSE1 noHEader"),
    (
        "ivregress",
        TABLE,
        NOTHING,
        "noCONstant HASCons vce() SMALL noHEader DEPname() EFORM() PERFect First \
        WMATrix() CENter IGMM EPS() WEPS() OPTIMoptions()",
    ),
    ("rreg", TABLE, "ITERate() TOLerance() noLOG LOG", "TUne() Genwt() GRaph"),
    ("mvreg", TABLE, NOTHING, "noCONstant CORR noHEader noTABle"),
    ("ktau", NOTHING, NOTHING, "STats() Print() Bonferroni SIDak STar() PW MATrix"),
    ("median", NOTHING, NOTHING, "BY() EXact MEDianties()"),
    ("qreg", TABLE, "noLOG ITERate() TRace WLSiter()", "Quantile() vce()"),
    (
        "nl",
        TABLE,
        "noLOG LOG TRace ITERate() EPS()",
        "VARiables() INITial() PARAMeters() NPARAMeters() SCAling() \
        LNLSQ() noCONstant HASConstant() vce() LEAve TItle() TItle2() DELta()",
    ),
    (
        "gmm",
        TABLE,
        "noLOG LOG",
        "DERIVative() TWOstep ONEstep Igmm VAriables() noCOMMONesample INSTruments() XTINSTruments() WMATrix() \
        Center WINITial() vce() QUICKDerivatives TItle() TItle2() FROM() IGMMITerate() IGMMEPS() \
        IGMMWEPS() TECHnique() CONV_MAXITer() CONV_PTOL() CONV_VTOL() CONV_NRTOL() TRACElevel() EQuations() \
        NEQuations() PARAMeters() NPARAMeters() HASDERIVatives HASLFDERIVatives",
    ),
    (
        "sureg",
        TABLE,
        "CONSTraints() noLOG LOG ITERate() TRace TOLerance()",
        "ISure SMALL DFK DFK2 CORR noHEader noTABle",
    ),
    (
        "reg3",
        TABLE,
        "CONSTraints() noLOG LOG ITERate() TRace TOLerance()",
        "IReg3 SMALL DFK DFK2 CORR First EXog() \
        ENDog() INst() ALLexog SUre MVreg OLs 2sls 3sls noHEader noTABle noFOOTer",
    ),
    // [R] binary, ordered, multinomial
    ("logit", TABLE, LIKELIHOOD, "noCONstant OFFset() ASIS vce() OR EFORM() DOOPT noCOEF"),
    ("logistic", TABLE, LIKELIHOOD, "noCONstant OFFset() ASIS vce() COEF EFORM()"),
    ("probit", TABLE, LIKELIHOOD, "noCONstant OFFset() ASIS vce() noCOEF"),
    ("cloglog", TABLE, LIKELIHOOD, "noCONstant OFFset() ASIS vce() EForm"),
    ("clogit", TABLE, LIKELIHOOD, "GRoup() STRATA() OFFset() vce() NONEST OR"),
    ("ologit", TABLE, LIKELIHOOD, "OFFset() vce() OR"),
    ("oprobit", TABLE, LIKELIHOOD, "OFFset() vce()"),
    ("mlogit", TABLE, LIKELIHOOD, "noCONstant Baseoutcome() vce() RRr"),
    ("mprobit", TABLE, LIKELIHOOD, "noCONstant Baseoutcome() PROBITparam vce() INTPoints()"),
    ("slogit", TABLE, LIKELIHOOD, "DIMension() Baseoutcome() noCORNer vce() INITialize() noNORMalize"),
    ("zioprobit", TABLE, LIKELIHOOD, "INFlate() OFFset() vce()"),
    ("ziologit", TABLE, LIKELIHOOD, "INFlate() OFFset() vce() OR"),
    ("scobit", TABLE, LIKELIHOOD, "noCONstant OFFset() ASIS vce()"),
    // [R] counts
    ("poisson", TABLE, LIKELIHOOD, "noCONstant Exposure() OFFset() vce() IRr"),
    ("nbreg", TABLE, LIKELIHOOD, "noCONstant Dispersion() Exposure() OFFset() vce() IRr noLRtest"),
    ("zip", TABLE, LIKELIHOOD, INFLATED),
    ("zinb", TABLE, LIKELIHOOD, INFLATED),
    ("tpoisson", TABLE, LIKELIHOOD, "noCONstant LL() UL() Exposure() OFFset() vce() IRr"),
    ("cpoisson", TABLE, LIKELIHOOD, "noCONstant LL() UL() Exposure() OFFset() vce() IRr"),
    // [R] limited outcomes
    ("churdle", TABLE, LIKELIHOOD, "SELect() LL() UL() noCONstant HET() vce()"),
    ("tobit", TABLE, LIKELIHOOD, "LL() UL() noCONstant OFFset() vce()"),
    ("frontier", TABLE, LIKELIHOOD, "Distribution() UFRom() CM() UHet() VHet() COST noCONstant vce()"),
    ("betareg", TABLE, LIKELIHOOD, "noCONstant SCale() LInk() SLInk() vce()"),
    ("biprobit", TABLE, LIKELIHOOD, "noCONstant PARTial OFFSET1() OFFSET2() vce() LRMODEL"),
    ("ivprobit", TABLE, LIKELIHOOD, "MLe TWOstep ASIS vce() First"),
    ("ivtobit", TABLE, LIKELIHOOD, "MLe TWOstep LL() UL() vce() First"),
    ("heckpoisson", TABLE, LIKELIHOOD, "SELect() noCONstant OFFset() Exposure() vce() IRr INTPoints()"),
    ("heckprobit", TABLE, LIKELIHOOD, "SELect() noCONstant OFFset() vce() First LRMODEL noSKIP"),
    ("hetprobit", TABLE, LIKELIHOOD, "het() noCONstant OFFset() ASIS vce() LRMODEL WALDhet noSKIP"),
    ("hetregress", TABLE, LIKELIHOOD, "MLe TWOstep HET() noCONstant vce() LRMODEL WALDhet"),
    ("gnbreg", TABLE, LIKELIHOOD, "noCONstant LNAlpha() Exposure() OFFset() vce() IRr"),
    ("intreg", TABLE, LIKELIHOOD, "noCONstant HET() OFFset() vce()"),
    ("truncreg", TABLE, LIKELIHOOD, "noCONstant LL() UL() OFFset() vce() LRMODEL noSKIP"),
    (
        "heckman",
        TABLE,
        LIKELIHOOD,
        "SELect() TWOstep noCONstant OFFset() vce() RHOsigma RHOTrunc RHOLimited RHOForce \
        NSHazard() Mills() First LRMODEL noSKIP",
    ),
    ("fracreg", TABLE, LIKELIHOOD, "noCONstant OFFset() vce() OR HET()"),
    (
        "glm",
        TABLE,
        LIKELIHOOD,
        "Family() Link() noCONstant Exposure() OFFset() ASIS MU() INIt() DISP() SCAle() \
        vce() VFactor() EForm IRLS SEARCH() noHEader noTABle noDISPLAY LTOLerance() FISHer()",
    ),
    // [XT], [ME]
    (
        "xtreg",
        TABLE,
        LIKELIHOOD,
        "RE FE BE MLE PA CRE SA THeta vce() WLS noCONstant Correlation() OFFset() FORCE \
        NMP SCAle() RGF EForm",
    ),
    (
        "xtlogit",
        TABLE,
        LIKELIHOOD,
        "RE FE PA noCONstant OFFset() vce() OR LRMODEL noSKIP INTMethod() \
        INTPoints() ASIS Correlation() FORCE NONEST",
    ),
    (
        "xtprobit",
        TABLE,
        LIKELIHOOD,
        "RE PA noCONstant OFFset() vce() LRMODEL noSKIP INTMethod() INTPoints() ASIS \
        Correlation() FORCE",
    ),
    (
        "xtpoisson",
        TABLE,
        LIKELIHOOD,
        "RE FE PA noCONstant Exposure() OFFset() vce() IRr NORmal LRMODEL noSKIP \
        INTMethod() INTPoints() EForm FORCE Correlation()",
    ),
    (
        "xtgls",
        TABLE,
        NOTHING,
        "noCONstant PANels() CORR() RHOtype() IGLS FORCE NMK ITERate() TOLerance() noLOG",
    ),
    (
        "xtpcse",
        TABLE,
        NOTHING,
        "noCONstant CORRelation() RHOtype() NP1 HETonly INDependent CASEwise PAIRwise NMK DETail",
    ),
    (
        "xtgee",
        TABLE,
        "ITERate() TOLerance() noLOG TRace",
        "Family() Link() Correlation() Exposure() OFFset() \
        noCONstant ASIS FORCE vce() NMP RGF SCAle() EForm",
    ),
    (
        "mixed",
        TABLE,
        LIKELIHOOD,
        "MLe REml DFMethod() PWSCale() vce() STDDEViations VARiance noRETable noFETable \
        ESTMetric noHEader noGRoup noSTDerr RESiduals() EMITERate() EMTOLerance() EMONLY EMLOG EMDOts \
        MATLOG MATSQRT COVariance() noCONstant",
    ),
    ("xtcloglog", TABLE, LIKELIHOOD, PANEL),
    ("xtfrontier", TABLE, LIKELIHOOD, "TI TVD COST noCONstant vce()"),
    ("etpoisson", TABLE, LIKELIHOOD, "TREAt() noCONstant OFFset() Exposure() vce() IRr INTPoints()"),
    ("xtrc", TABLE, NOTHING, "I() OFFset() noCONstant vce() BETAs"),
    ("xtologit", TABLE, LIKELIHOOD, PANEL),
    ("xtoprobit", TABLE, LIKELIHOOD, PANEL),
    ("xttobit", TABLE, LIKELIHOOD, PANEL),
    ("melogit", TABLE, LIKELIHOOD, MIXED),
    ("meprobit", TABLE, LIKELIHOOD, MIXED),
    ("mecloglog", TABLE, LIKELIHOOD, MIXED),
    ("mepoisson", TABLE, LIKELIHOOD, MIXED),
    ("menbreg", TABLE, LIKELIHOOD, MIXED),
    ("meologit", TABLE, LIKELIHOOD, MIXED),
    ("meoprobit", TABLE, LIKELIHOOD, MIXED),
    // [ST]
    (
        "stcox",
        TABLE,
        LIKELIHOOD,
        "ESTImate STRata() SHared() OFFset() BREslow EFRon EXACTM EXACTP TVC() TEXP() \
        noADJust vce() noHR noSHow EFFects() ESR() SCHoenfeld() SCAledsch() BASECHazard() BASEHC() BASESurv() MGale()",
    ),
    (
        "streg",
        TABLE,
        LIKELIHOOD,
        "noCONstant Distribution() FRailty() SHared() STRata() OFFset() ANCillary() ANC2() \
        vce() noHR TR TIme noSHow noHEader LRMODEL noSKIP",
    ),
    (
        "stset",
        NOTHING,
        NOTHING,
        "ID() Failure() ORigin() SCale() ENter() EXit() TIME0() IF() EVer() NEver() AFter() \
        BEFore() noSHow CLEAR PAST PASTFuture FUTURE",
    ),
    // [CAUSAL]
    (
        "teffects",
        "Level() noCI noPVALues noOMITted VSQUISH noEMPTYcells BASElevels CFORMAT() PFORMAT() SFORMAT() COEFLegend",
        "ITERate() noLOG LOG FROM() CONVerge",
        "ATE POMeans vce() AEQuations DMVariables PSTOLerance() OSample() \
        CONtrol() TLevel() NNeighbor() BIASadj() EMatch() METric() CALiper() DTOLerance() GENerate() WNLS NLS",
    ),
    // [MV]
    (
        "pca",
        NOTHING,
        NOTHING,
        "COMponents() MINEigen() CORrelation COVariance vce() Level() BLanks() noVCE Novce MEans TOL() IGnore",
    ),
    (
        "factor",
        NOTHING,
        NOTHING,
        "PF PCF IPF ML FActors() MINEigen() CItol() CITERate() BLanks() ALTdivisor PROTect() \
        RANdom SEED()",
    ),
    ("alpha", NOTHING, NOTHING, "ASIS CASEwise DETail GENerate() Item Label MIN() Reverse() Std"),
    // [R] tests and tables
    (
        "summarize",
        NOTHING,
        NOTHING,
        "Detail MEANonly Format SEParator() VSQUISH noEMPTYcells BASElevels ALLBASElevels \
        noFVLABel FVWRAP() FVWRAPON()",
    ),
    (
        "tabulate",
        NOTHING,
        NOTHING,
        "CHi2 Exact() Gamma LRchi2 Taub V CCHi2 CELl CLRchi2 COlumn EXPected noKEY \
        Missing noFREQ ROw noLABel noLOG FIRst() GENerate() SUBPOP() MATCELL() MATROW() MATCOL() REPLACE SORT \
        PLot NOLabel Summarize() noMEANs noSTandard noOBs WRAP COMpress",
    ),
    (
        "tabstat",
        NOTHING,
        NOTHING,
        "BY() Statistics() STATs() LAbelwidth() VARwidth() COlumns() Format() CASEwise \
        noTotal Missing noSEParator LOngstub SAVE",
    ),
    ("correlate", NOTHING, NOTHING, "Means noFORMAT Covariance WRAP VIF"),
    ("pwcorr", NOTHING, NOTHING, "OBS SIG Print() STar() BONferroni SIDak CASEwise LISTwise"),
    ("ttest", NOTHING, NOTHING, "BY() Level() UNPaired UNEqual Welch REVerse"),
    (
        "oneway",
        NOTHING,
        NOTHING,
        "BONferroni SCHeffe SIDak TABulate Means STandard Freq Obs noANOVA noLABEL noWT \
        WRAP Missing NOLabel",
    ),
    (
        "anova",
        NOTHING,
        NOTHING,
        "REPeated() PARtial SEquential noCONstant DROPEmptycells BSE() BSEUNIT() GROUPing()",
    ),
    ("ranksum", NOTHING, NOTHING, "BY() EXact PORder"),
    ("signrank", NOTHING, NOTHING, "EXact"),
    ("kwallis", NOTHING, NOTHING, "BY()"),
    (
        "mean",
        "Level() noHEader noLEGend CFORMAT() PFORMAT() SFORMAT() VSQUISH noEMPTYcells BASElevels COEFLegend",
        NOTHING,
        "STDize() STDWeight() noSTDRescale OVER() vce()",
    ),
    (
        "proportion",
        "Level() noHEader noLEGend CFORMAT() VSQUISH BASElevels COEFLegend noFVLABel PERCENT",
        NOTHING,
        "STDize() STDWeight() noSTDRescale OVER() vce() CITYPE() CIType() MISSing noLABel",
    ),
    // [R] postestimation
    (
        "margins",
        TABLE,
        NOTHING,
        "NOPOSTestimation PREDict() EXPression() DYDX() EYEX() DYEX() EYDX() CONTinuous \
        GRAND AT() ATMEANS ASBALanced OVER() SUBPOP() WITHIN() CONTRast() PWCOMPare() VCE() NOATLegend POST MCOMPare() \
        DF() NOCHAINrule CHAINrule NOESAMPLE NOWEIGHTS EMPTYcells() ESTIMTOLerance() FORCE NOSE GENerate()",
    ),
    ("lincom", TABLE, NOTHING, "EFORM() OR HR SHR IRr RRr DF()"),
    ("nlcom", TABLE, NOTHING, "ITERate() POST noHEader DF() DF"),
    (
        "test",
        NOTHING,
        NOTHING,
        "MTest() MTest COEF Accumulate Notest COMmon CONStant NOSVYadjust MINimum DF() MATVLC() NOALL",
    ),
    (
        "hausman",
        NOTHING,
        NOTHING,
        "CONStant ALLEQs SKIPeqs() EQuations() FORCE DF() SIGmamore SIGMALess TCONSistent() TEFFicient()",
    ),
    ("lrtest", NOTHING, NOTHING, "STATs DIr DF() FORCE"),
    (
        "contrast",
        TABLE,
        NOTHING,
        "OVERALL ASOBSERVed LINCOM EQuation() ATEQuations EMPTYcells() noESTIMcheck MCOMPare() \
        EFFects CIEFFects PVEFFects noATLEVELS noSVYadjust POST noWALD DF() EFORM() ASBALanced",
    ),
    (
        "pwcompare",
        TABLE,
        NOTHING,
        "MCOMPare() ASOBSERVed EQuation() ATEQuations EMPTYcells() noESTIMcheck EFFects CIMargins \
        CIEFFects PVEFFects GROUPS SORT POST DF() EFORM()",
    ),
    // [D]
    (
        "merge",
        NOTHING,
        NOTHING,
        "KEEPUSing() GENerate() noGENerate noLabel noNOTEs UPDATE REPLACE noREPort FORCE \
        ASSERT() KEEP() SORTED",
    ),
    ("infix", NOTHING, NOTHING, "USING() CLEAR"),
    ("infile", NOTHING, NOTHING, "USING() Automatic BYVariable() CLEAR"),
    ("outfile", NOTHING, NOTHING, "Dictionary noLabel noQuote Comma Wide RJs FJs Runtogether Missing"),
    ("drawnorm", NOTHING, NOTHING, "CLEAR Double N() SDs() CORr() COV() CStorage() FORCEPSD Means() SEED()"),
    ("stsplit", NOTHING, NOTHING, "AT() EVery() TRIM noPREserve AFter() STrata() RIsksets()"),
    ("stjoin", NOTHING, NOTHING, "CENSored()"),
    ("suest", TABLE, NOTHING, "SVY vce() EFORM() Dir MINus()"),
    ("append", NOTHING, NOTHING, "GENerate() KEEP() noLabel noNOTEs FORCE"),
    ("collapse", NOTHING, NOTHING, "BY() CW FAST"),
    ("reshape", NOTHING, NOTHING, "I() J() String FAVORSPEED"),
    ("encode", NOTHING, NOTHING, "GENerate() LABel() NOExtend"),
    ("decode", NOTHING, NOTHING, "GENerate() MAXLength()"),
    ("destring", NOTHING, NOTHING, "GENerate() REPLACE IGNORE() FORCE FLOAT PERCENT DPCOMMA"),
    ("tostring", NOTHING, NOTHING, "GENerate() REPLACE FORCE FORMAT() USEDISPLAYFORMAT"),
    ("recode", NOTHING, NOTHING, "GENerate() PREfix() LABel() COPYrest TEST"),
    (
        "egen",
        NOTHING,
        NOTHING,
        "BY() MISSing LABel LABEL() LNAME() TRUNCATE() AUTOTYPE FIELD DECode PUNCT() ROWLABEL",
    ),
    ("codebook", NOTHING, NOTHING, "ALL HEader NOTEs MV TABulate() PROBlems DETail COMPact DOTS LANGuages()"),
    ("describe", NOTHING, NOTHING, "Simple SHort Fullnames Numbers REPLACE CLEAR VARList"),
    (
        "list",
        NOTHING,
        NOTHING,
        "COMPress noCOMPress FAST Absolute Clean Display Table String() noOBS Divider \
        SEParator() SEPBY() noHEader HEader LABVar() Mean SUM N Constant() CONSTANT noTRim NOLabel Linesize() \
        abbreviate() ABbreviate() NOtrim",
    ),
    ("duplicates", NOTHING, NOTHING, "COMpress NOCOMpress FAST FORCE GENerate() NOLabel noOBS"),
    (
        "histogram",
        GRAPH,
        NOTHING,
        "DISCrete Bin() Width() START() DENsity FRACtion FREQuency PERCent NORMal NORMOPts() \
        KDENsity KDENOPts() ADDLabels ADDLABOPts() HORizontal GAP() ADDPLOT() FColor() LColor() BColor() COLor() BARWidth()",
    ),
    (
        "kdensity",
        GRAPH,
        NOTHING,
        "Kernel() BWidth() GENerate() N() AT() noGRaph NORMal NORMOPts() STUdent() STOPts() ADDPLOT()",
    ),
];
