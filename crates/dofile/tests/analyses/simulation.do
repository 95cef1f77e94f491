* postfile simulation and regressions by group
clear all
set seed 321
tempname h
tempfile res
postfile `h' int rep double(b se) using `res', replace
forvalues r = 1/20 {
    quietly {
        clear
        set obs 50
        gen x = rnormal()
        gen y = 1 + 2*x + rnormal()
        reg y x
    }
    post `h' (`r') (_b[x]) (_se[x])
}
postclose `h'
use `res', clear
summarize b se
assert abs(r(mean)) < 1
assert _N == 20
gen byte cover = inrange(2, b - 1.96*se, b + 1.96*se)
tab cover
simulate m=r(mean) sd=r(sd), reps(10) nodots: summarize b
bootstrap r(mean), reps(20) seed(5) nodots: summarize m
use `res', clear
gen g = mod(_n, 2)
statsby mean=r(mean) n=r(N), by(g) clear: summarize b
list

