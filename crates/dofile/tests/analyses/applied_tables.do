* Tables of papers in applied microeconomics: options of esttab, estpost and outreg2, older words, tables as printed.
version 15
clear all
input y x z g id
1 1 0 0 1
2 3 1 0 1
3 2 0 0 2
4 5 1 1 2
6 4 1 1 3
8 7 0 1 3
end
la de g 0 "Before" 1 "After"
label values g g
label variable x "Schooling"

program define has
    args file text
    local all = subinstr(fileread("`file'"), char(10), "@@", .)
    assert strpos(`"`macval(all)'"', `"`macval(text)'"') > 0
end
program define lacks
    args file text
    local all = subinstr(fileread("`file'"), char(10), "@@", .)
    assert strpos(`"`macval(all)'"', `"`macval(text)'"') == 0
end

* balance: pattern() leaves columns out; means 2 and 6, the difference -4 over sqrt(5/2 * 2/3)
estpost summarize y x if g == 0
eststo a
estpost summarize y x if g == 1
eststo b
estpost ttest y x, by(g)
eststo c
esttab a b c using t.txt, tab replace noobs nonumber ///
    cells("mean(pattern(1 1 0) fmt(2)) sd(pattern(1 1 0) fmt(2)) b(star pattern(0 0 1) fmt(2)) t(pattern(0 0 1) par fmt(2))")
local tab = char(9)
has t.txt "`tab'mean`tab'sd`tab'mean`tab'sd`tab'b`tab't"
has t.txt "y`tab'2.00`tab'1.00`tab'6.00`tab'2.00`tab'-4.00*`tab'(-3.10)"
capture noisily esttab a b c, unstack cells("mean(pattern(1 1 0))")
assert _rc == 199

* numbers with coefficients, texts and p-values of their own
eststo clear
quietly regress y x
eststo
quietly regress y x z
estadd local fe "Yes"
eststo
esttab using t.txt, tab replace cells(b(star fmt(3) vacant(--)) se(par fmt(2) keep(x)) t(abs fmt(2) drop(x))) noobs
has t.txt "z`tab'--`tab'-0.735"
has t.txt "x`tab'1.071*`tab'1.103*"
has t.txt "`tab'(0.28)`tab'(0.31)"
has t.txt "`tab'`tab'0.61"
lacks t.txt "-0.61"
lacks t.txt "(1."
matrix P = (.001, .9)
matrix colnames P = x _cons
estadd matrix P: est1
esttab est1 using t.txt, tab replace cells(b(star pvalue(P) fmt(2)))
has t.txt "x`tab'1.07**"

* statistics with a layout and stars
esttab using t.tex, replace stats(N r2 fe, fmt(0 2) layout("\multicolumn{1}{c}{@}" "@ [@]") labels("Obs" "Fit"))
has t.tex "&\multicolumn{1}{c}{6}"
has t.tex "0.79 []"
has t.tex "0.81 [Yes]"
esttab using t.txt, tab replace stats(F N, fmt(2 0) star(F))
has t.txt "F`tab'14.85*`tab'6.44"
has t.txt "N`tab'6`tab'6"

* indicate() with texts; relax is no coefficient
esttab using t.txt, tab replace indicate("FE = z")
has t.txt "FE`tab'No`tab'Yes"
esttab using t.txt, tab replace indicate("FE = z", labels("X" "O"))
has t.txt "FE`tab'O`tab'X"
esttab using t.txt, tab replace indicate(FE = z, labels(X O))
has t.txt "FE`tab'O`tab'X"
esttab using t.txt, tab replace keep(x z, relax) drop(nosuch, relax)
has t.txt "z`tab'`tab'-0.735"
lacks t.txt "_cons"
capture noisily esttab, keep(x, nosuch)
assert _rc == 198

* LaTeX
esttab using t.tex, replace longtable title(T)
has t.tex "\begin{longtable}{l*{2}{c}}"
has t.tex "\hline\hline\endfirsthead\hline\endhead\hline\endfoot\endlastfoot"
has t.tex "\end{longtable}"
esttab using t.tex, replace booktabs width(\hsize) page(siunitx)
has t.tex "\usepackage{siunitx}"
has t.tex "\usepackage{booktabs}"
has t.tex "\begin{tabular*}{\hsize}{@{\hskip\tabcolsep\extracolsep\fill}l*{2}{c}}"
has t.tex "\end{document}"
esttab using t.tex, replace nofloat title(T)
lacks t.tex "{table}"
esttab using t.tex, replace cells("b se")
has t.tex "&\multicolumn{2}{c}{(1)}&\multicolumn{2}{c}{(2)}\\"
has t.tex "&\multicolumn{1}{c}{b}&\multicolumn{1}{c}{se}&\multicolumn{1}{c}{b}"
esttab est2 using t.tex, replace not ///
    varlabels(_cons Constant, end("" \addlinespace) nolast blist(z "\hline ") elist(z "\hline") prefix(A:))
has t.tex "\\@@\addlinespace@@\hline A:z"
has t.tex "\\\hline@@\addlinespace@@A:Constant"
lacks t.tex "\addlinespace@@\hline@@"
capture noisily esttab, varlabels(, end("" b))
assert _rc == 199

* signs, points, zeros, numbers, standardised coefficients
esttab est2 using t.txt, tab replace not nostar b(4) msign(--)
has t.txt "z`tab'--0.7353"
esttab est2 using t.txt, tab replace not nostar b(4) dmarker(,) nolz
has t.txt "z`tab'-,7353"
esttab using t.txt, tab replace numbers("[" "]")
has t.txt "`tab'[1]`tab'[2]"
esttab est1 using t.txt, tab replace beta not
has t.txt "x`tab'0.888*"
has t.txt "Standardized beta coefficients"
lacks t.txt "_cons"
quietly regress y x
matrix B = e(beta)
quietly correlate y x
assert reldif(B[1,1], r(rho)) < 1e-12
eststo clear
quietly regress y c.x#i.g
eststo
esttab using t.txt, tab replace label
has t.txt "After # Schooling"
esttab using t.tex, replace label
has t.tex "After $\times$ Schooling"
esttab using t.txt, tab replace label interaction(" by ")
has t.txt "After by Schooling"

* correlations as a triangle
eststo clear
estpost correlate y x z, matrix listwise
matrix b = e(b)
matrix p = e(p)
local names : colfullnames b
assert "`names'" == "y:y y:x y:z x:x x:z z:z"
quietly regress y x
assert reldif(p[1,2], 2*ttail(e(df_r), abs(_b[x]/_se[x]))) < 1e-9
estpost correlate y x z, matrix bonferroni
matrix q = e(p)
assert reldif(q[1,2], min(1, 3*p[1,2])) < 1e-12
estpost correlate y x z, matrix sidak
matrix q = e(p)
assert reldif(q[1,2], 1 - (1 - p[1,2])^3) < 1e-12
esttab . using t.txt, tab replace unstack not noobs
has t.txt "x`tab'0.888`tab'1"

* counts of two variables: (0,0) 2, (1,0) 1, (0,1) 1, (1,1) 2
estpost tabulate z g, chi2
matrix c = e(b)
matrix r = e(rowpct)
matrix k = e(colpct)
matrix p = e(pct)
assert c[1,1] == 2 & c[1,2] == 1 & c[1,3] == 3 & c[1,4] == 1 & c[1,5] == 2 & c[1,7] == 3 & c[1,9] == 6
assert reldif(r[1,1], 200/3) < 1e-12 & reldif(k[1,2], 100/3) < 1e-12 & reldif(p[1,1], 100/3) < 1e-12
assert reldif(e(chi2), 2/3) < 1e-12
local names : coleq c
assert "`names'" == "Before Before Before After After After Total Total Total"
estpost tabulate z, nototal
assert colsof(e(b)) == 2

* complete cases, weights, groups
preserve
replace x = . in 1
estpost summarize x y, listwise
assert el(e(count), 1, 2) == 5
estpost tabstat x y in 1/4, listwise statistics(count)
assert el(e(y), 1, 1) == 3
estpost tabstat y [aw = z], statistics(mean)
assert el(e(y), 1, 1) == 4
restore
eststo clear
bysort g: eststo: quietly regress y x
esttab using t.txt, tab replace nonumber
has t.txt "`tab'Before`tab'After"
by g: tabstat y, statistics(mean) save
matrix t = r(StatTotal)
assert t[1,1] == 6

* outreg2
quietly regress y x z
outreg2 x using o, replace nonotes cttop(standard) decmark(,) bdec(2) sdec(2)
has o.txt "standard y"
has o.txt "x`tab'1,10**"
lacks o.txt "z`tab'"
lacks o.txt "0."

* first stages that are kept
preserve
replace y = . in 6
ivreg2 y (x = z), robust savefirst
estimates restore _ivreg2_x
assert e(N) == 5
scalar f = _b[z]
ivreg2 y (x = z), savefprefix(st_)
estimates restore st_x
assert _b[z] == f
regress x z if y < .
assert reldif(_b[z], f) < 1e-12
restore

* older words
display = 2 + 3
tabulate g, g(d)
assert d2[6] == 1
drop d1 d2
assert tq(1994,q1) == 136
table g, format(%9.3f) contents(mean y sd y) row
table g, format(%9.3f)
snapshot save, label("before replace")
table g, contents(mean y) row replace
assert table1[3] == 4 & missing(g[3])
snapshot restore 1
postutil clear

* tables as Stata prints them for its automobile data
tabulate g z, nof row
preserve
clear
input rep78 foreign n
1 0 2
2 0 8
3 0 27
4 0 9
5 0 2
3 1 3
4 1 9
5 1 9
end
quietly expand n
label define origin 0 "Domestic" 1 "Foreign"
label values foreign origin
label variable foreign "Car type"
label variable rep78 "Repair record 1978"
tabulate foreign rep78
tabulate rep78 foreign
summarize rep78, detail
return list
summarize rep78
return list
restore

* columns of collected coefficients: a name that no variable can have is the number of its place
generate t = _n
tsset t
statsby _b _se, clear: regress y x L.z
quietly ds
assert "`r(varlist)'" == "_b_x _stat_2 _b_cons _se_x _stat_5 _se_cons"

* robust alone is the older name of vce(robust)
clear
set obs 60
set seed 4
generate id = ceil(_n / 6)
bysort id: generate t = _n
xtset id t
generate w = rnormal()
xtabond w, robust
scalar a = _se[L.w]
xtabond w, vce(robust)
assert a == _se[L.w]
