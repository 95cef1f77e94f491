//! Names of Stata's official commands, so that one which this engine does not
//! have is refused as "not supported" and anything else as unrecognized.

/// In one text: a list of texts is a list of addresses, which every start of the program would have to relocate.
const NAMES: &str = "
_estimates _pctile _predict _rmcoll _robust ac acprplot adopath adoupdate alpha ameans anova aorder append
appendfile arch areg arfima arfimasoc arima arimasoc asclogit asmprobit asroprobit assertnested avplot avplots bayes
bayesgraph bayesmh bayespredict bayesreps bayesselect bayesstats bayestest bcskew0 binreg biplot biprobit bitest
bitesti blogit bma bmacoefsample bmagraph bmapredict bmaregress bmastats bootstrap boxcox bprobit brier browse
bsample bstat bstrap ca cabiplot camat candisc canon caplot caprojection cate cc cchart cci cd cf cfprobit cfregress
changeeol chdir checksum churdle ci ci2 cii clogit cloglog cluster clustermat cmchoiceset cmclogit cmmixlogit
cmmprobit cmrologit cmroprobit cmsample cmset cmsummarize cmtab cmxtmixlogit cnreg cnsreg collapse compare
constraint contract contrast copy correlate corrgram cox coxbase coxhaz coxvar cprplot cross cs csi ct ctset cttost
cumsp cumul cusum datasignature db demandsys demean dfactor dfbeta dfgls dfuller dialog didregress dir discrim
docx2pdf doedit dotplot ds dsge dslogit dspoisson dsregress dstdize dtable dydx dyndoc dyntext edit egen eintreg
eivreg elasticnet eoprobit epitab eprobit erase ereg eregress esize esizei estat estimates estimation eteffects
etpoisson etregress exlogistic expandcl expoisson export factor factormat filefilter fillin findit fit fitstat fmm
forecast fracpoly fracreg fralias frame frames frget frlink frontier frunalias fvexpand fvrevar fvset gamma getmata
gladder glm glogit gmm gnbreg gompertz gprobit gr7 graph graph7 grmap grmeanby gsbounds gsdesign gsem h2o hadimvo
hausman hdidregress heckman heckoprobit heckpoisson heckprobit help hetoprobit hetprobit hetregress hettest hexdump
hilite histogram hlogit hotelling hprobit html2docx icd10 icd10cm icd10pcs icd9 icd9p import infile infix insheet
insobs inspect integ intreg ir irf iri irt istdize ivpoisson ivprobit ivqregress ivregress ivsvar ivtobit jackknife
java jdbc jknife joinby kap kapmeier kdensity ksmirnov ktau kwallis labelbook ladder lasso lassoinfo lassoselect
lincom line llogistic lnormal logistic logit logrank loneway lookfor lpirf lpoly lroc ls lsens ltable lv lvr2plot
makespline manovatest margins marginsplot markdown mata mca mcaplot mcaprojection mcc mcci mds mdslong mdsmat mean
median mediate meglm meintreg melogit menbreg menl meologit mepoisson meprobit merge mestreg meta metobit mfp mgarch
mhodds mi mixed mkdir mkspline ml mlexp mlogit moptimize mprobit mswitch mvdecode mvencode mvreg mvtest nbreg
nestreg net newey news nl nlcom nlogit nlogitgen nlogittree nlsur notes npregress numlabel odbc ologit oneway
oprobit outfile outsheet ovtest pac palette pause pca pcamat pchart pchi pcorr pctile pergram permute personal
pkcollapse pkcross pkequiv pkexamine pkshape pksumm plugin pnorm poisson poivregress pologit popoisson poregress
power pperron prais predict predictnl probit procoverlay procrustes proportion prtest prtesti psdensity putdocx
putexcel putmata putpdf pwcompare pwcorr pwd pwmean python qchi qladder qnorm qqplot qreg quadchk quantile query
ranksum ratio rchart recast reg3 regress reshape rm rmdir roccomp rocfit rocgold rocplot rocreg rocregplot roctab
rolling rologit rotate rotatemat rreg runtest rvfplot rvpplot sample sampsi scatter scobit score scoreplot sdtest
sdtesti search sem separate serrbar serset sfrancia shewhart signrank signtest simulate sktest sleep slogit smooth
snapshot snapspan spbalance spcompress spearman spikeplot spivregress split splitsample spmatrix spregress spset
spshape2dta spxtregress sqreg sqrtlasso ssc ssd sspace stack statsby stbase stci stcox stcoxkm stcrreg stcurve
stdescribe stem stfill stgen stintcox stintphplot stintreg stir stmc stmgintcox stmh stphplot stptime strate streg
sts stset stsplit stteffects sttocc sttoct stvary suest summarize sunflower sureg svar svy svydescribe svymarkout
svyset swilk symplot sysuse tab1 tab2 tabdisp tabi table tabstat tabulate tebalance teffects telasso teoverlap test
testnl testparm tetrachoric threshold timer tnbreg tobit total tpoisson translate translator transmap treatreg
truncreg tsappend tsline tsreport tsrevar tsunab ttest ttesti twoway type ucm unab unabcmd unicode unzipfile
uselabel var varbasic varfcast vargranger varirf varmanage varnorm varsoc varwle vec veclmar vecnorm vecrank view
viewsource vif vwls webuse weibull which wilcoxon wildbootstrap window wntestb wntestq xchart xcorr xi xmlsave
xmluse xpoivregress xpologit xpopoisson xporegress xpose xtabond xtcloglog xtcointtest xtdata xtdescribe
xtdidregress xtdpd xtdpdsys xteintreg xteoprobit xteprobit xteregress xtfrontier xtgee xtgls xtgraph xthdidregress
xtheckman xthtaylor xtile xtintreg xtivreg xtline xtlogit xtmixed xtmlogit xtnbreg xtologit xtpcse xtpoisson
xtprobit xtrc xtreg xtregar xtset xtstreg xtsum xttab xttest0 xttobit xttrans xtunitroot zinb ziologit zioprobit zip
zipfile ztest ztesti
";

/// True for a name of an official Stata command.
pub(crate) fn is_official(name: &str) -> bool {
    NAMES.split_ascii_whitespace().any(|own| own == name)
}
