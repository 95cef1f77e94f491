* Quarterly macroeconomic series, as textbooks of time series work through them.
version 14
clear all
set more off
set obs 120
generate q = tq(1985q1) + _n - 1
format q %tq
tsset q
generate trend = _n
generate lgdp = 5 + .007*trend + .02*sin(trend) + .01*mod(7*trend, 11)/11
generate rate = 4 + cos(trend/6) + mod(5*trend, 13)/13
label variable lgdp "Log GDP"
label variable rate "Interest rate"

* growth rates by operators, in variables and in lists
generate growth = 400*D.lgdp
generate year_on_year = 100*S4.lgdp
assert missing(growth) if q == tq(1985q1)
summarize growth D.lgdp S4.lgdp L(1/2).rate
assert r(N) == 118
quietly summarize D.lgdp
local mean = r(mean)
quietly summarize growth
assert abs(r(mean) - 400*`mean') < 1e-5

* autocorrelations by correlate and lagged lists
forvalues j = 1/3 {
    quietly correlate rate L`j'.rate
    local rho`j' = r(rho)
    display "lag `j': " %6.3f `rho`j''
}
correlate rate L(1/3).rate
matrix C = r(C)
assert colsof(C) == 4
pwcorr D.lgdp L.D.lgdp, obs
ttest D.lgdp == 0
tabstat D.lgdp rate, statistics(mean sd n) columns(statistics)

* windows of the sample
regress growth L(1/2).growth L.rate if tin(1990q1, 2004q4), vce(robust)
assert e(N) == 60
count if tin(, 1989q4)
assert r(N) == 20
count if twithin(1990q1, 1991q1)
assert r(N) == 3
generate byte late = tin(2005q1, .)
quietly summarize late
assert r(sum) == 40
replace growth = . if tin(2014q4,)
list q D.lgdp L.rate in 1/4, noobs

* graphs with operators and dates
tsline lgdp, tline(2000q1) tlabel(1985q1(20)2010q1, angle(45)) ttitle("")
twoway (tsline D.lgdp) (tsline L.D.lgdp, lpattern(dash)) if tin(1990q1, 1999q4), legend(ring(0) position(5) label(1 "growth") label(2 "lag"))
scatter D.lgdp L.D.lgdp, mcolor(navy%40) msize(small) plotregion(style(none)) graphregion(color(white) margin(small))
histogram D.lgdp, normal bin(10)

* older names of functions and commands
scalar z = invnorm(.975)
assert abs(z - invnormal(.975)) < 1e-14
assert norm(0) == .5
assert abs(chiprob(1, z^2) - .05) < 1e-12
regress growth L.growth L.rate trend
vce
dwstat
assert !missing(r(dw))
sw, pr(.99): regress growth rate trend
ds
describe, short
assert c(k) == 7
