* a labour economist's file of 2003 under version 8; numbers by numpy, scipy and statsmodels from the same formulas
version 8
clear
set mem 20m
set matsize 100
set obs 240
gen id = int((_n - 1)/6) + 1
gen year = 1990 + mod(_n - 1, 6)
gen educ = 8 + mod(7*id, 10)
gen region = 1 + mod(id, 4)
gen hours = 30 + mod(13*_n, 17)
gen double lw = 1 + .08*educ + .03*(year - 1990) + mod(29*_n, 41)/80 + mod(11*id, 13)/20 - .2*(region == 3)
gen byte union = mod(37*_n, 53)/53 + .1*(educ - 12)/4 > .5
for var educ hours: egen mX = mean(X), by(region) \ gen dX = X - mX
for num 1/4: gen byte rX = region == X
egen early = any(year), values(1990 1991)
count if early == .
assert r(N) == 160
#delimit ;
local t = 1990;
while `t' <= 1995 {;
   quietly summarize lw if year == `t', detail;
   local iqr`t' = r(p75) - r(p25);
   local t = `t' + 1;
};
assert `iqr1990' > 0 & `iqr1995' < .;
tempfile base cells;
sort region year; save `base', replace;
collapse (mean) mw=lw (sd) sw=lw (count) n=lw, by(region year);
sort region year; save `cells', replace;
use `base', clear;
merge region year using `cells';
assert _merge == 3;
drop _merge;
summarize mw if region == 3 & year == 1992, meanonly;
assert reldif(r(mean), 2.22625) < 1e-6;
summarize sw if region == 3 & year == 1992, meanonly;
assert reldif(r(mean), .3705499853820893) < 1e-6;
#delimit cr
* marginal effects at the means, with the probability under its short name
xi: logit union educ hours i.region
mfx compute, predict(p)
matrix D = e(Xmfx_dydx)
matrix S = e(Xmfx_se_dydx)
assert reldif(e(Xmfx_y), .504274074587419) < 1e-6
assert reldif(D[1,1], .026518609091800018) < 1e-5
assert reldif(S[1,1], .011642540500842385) < 1e-4
* fixed against random effects
iis id
tis year
quietly xtreg lw hours year, fe
assert reldif(_b[hours], .0009257709543368237) < 1e-6
hausman, save
quietly xtreg lw hours year, re theta
assert reldif(_b[hours], .0009009074885845783) < 1e-6
assert reldif(e(theta), .806349269116021) < 1e-6
hausman
scalar saved = r(chi2)
estimates store re
quietly xtreg lw hours year, fe
hausman . re
assert r(chi2) == saved
* one regression for each region, and the two-tailed quantile of that time
statsby "regress lw educ year" b=_b[educ] se=_se[educ] r2=e(r2) df=e(df_r), by(region) clear
list
assert reldif(b[1], .05234374999999776) < 1e-6 & reldif(b[4], .11036458333333542) < 1e-6
assert reldif(se[2], .010844808595787715) < 1e-6 & reldif(r2[2], .4754271864703479) < 1e-6
gen lo = b - invt(df, .95)*se
assert reldif(lo[2], .056148228707646144) < 1e-5
gen p = tprob(df, b/se)
assert p < .05
