* Staggered adoption: binned leads and lags, a table in LaTeX, a figure of the coefficients.
version 15.1
clear all
set seed 20190101
tempfile units
set obs 60
gen int state = _n
gen adopt = cond(state <= 30, 2005 + mod(state, 4), .)
gen alpha = rnormal()
save `units'
clear
set obs 16
gen year = 1999 + _n
gen delta = rnormal()*.2
cross using `units'
sort state year
gen post = year >= adopt & !missing(adopt)
gen rel = max(-5, min(5, year - adopt)) if adopt < .
gen y = alpha + delta + .5*post + rnormal()*.3
gen pop = 100 + mod(state*7, 50)
xtset state year
forvalues k = 5(-1)2 {
    gen lead`k' = rel == -`k'
    local leads "`leads' lead`k'"
}
forvalues k = 0/5 {
    gen lag`k' = rel == `k'
    local lags `lags' lag`k'
}
eststo clear
eststo a: qui reg y post i.state i.year, vce(cluster state)
estadd local fe "Yes"
eststo b: qui areg y post i.year, absorb(state) cluster(state)
estadd local fe "Yes"
eststo c: qui xtreg y `leads' `lags' i.year, fe vce(cluster state)
qui testparm `leads'
estadd scalar p_pre = r(p)
estadd local fe "Yes"
esttab a b c using did.tex, replace booktabs label b(3) se(3) keep(post lead* lag*) mtitles("OLS" "Within" "Event") ///
    stats(fe N p_pre, fmt(%s %9.0fc 3) labels("State FE" "Observations" "Pre-trend p")) prehead("\begin{table}") postfoot("\end{table}")
local tex = fileread("did.tex")
assert strpos(`"`tex'"', "State FE            &         Yes") > 0
qui estimates restore a
local first = _b[post]
qui estimates restore b
assert reldif(_b[post], `first') < 1e-8

* averages that weight the states by population
qui reg y i.post##c.pop i.year
margins [pw=pop], dydx(post) at((base) year)
scalar weighted = el(r(b), 1, 2)
qui su pop [aw=pop] if e(sample)
assert reldif(weighted, _b[1.post] + _b[1.post#c.pop]*r(mean)) < 1e-8
margins, dydx(post) at(pop=(100 140)) predict(xb)
assert reldif(el(r(b), 1, 3), _b[1.post] + 100*_b[1.post#c.pop]) < 1e-8

qui estimates restore c
tempname coefs
postfile `coefs' t b lo hi using es, replace
foreach v in `leads' `lags' {
    local t = real(regexr("`v'", "^(lead|lag)", ""))
    if strpos("`v'", "lead") local t = -`t'
    post `coefs' (`t') (_b[`v']) (_b[`v'] - invttail(e(df_r), .025)*_se[`v']) (_b[`v'] + invttail(e(df_r), .025)*_se[`v'])
}
post `coefs' (-1) (0) (0) (0)
postclose `coefs'
use es, clear
sort t
assert _N == 11 & t[5] == -1 & abs(b - .5*(t >= 0)) < .35
twoway (rcap lo hi t) (connected b t), yline(0, lpattern(dash)) xline(-.5) legend(off) name(es, replace)
graph export es.png, replace width(1200)
confirm file es.png
