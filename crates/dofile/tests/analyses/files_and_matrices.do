* loops over files and macros
clear
forvalues y = 2019/2021 {
    clear
    set obs 3
    gen year = `y'
    gen v = _n * `y'
    save part`y', replace
}
use part2019, clear
foreach y of numlist 2020 2021 {
    append using part`y'
}
assert _N == 9
local files : dir . files "part*.dta"
local n : word count `files'
assert `n' == 3
foreach f of local files {
    erase "`f'"
}
summarize v if year == 2020, meanonly
local m = r(mean)
di "mean `m' = " %9.2f `m'
gen ratio = v / `m'
preserve
collapse (sum) v, by(year)
list, noobs clean
local tot = v[1] + v[2] + v[3]
restore
assert `tot' == 6*2019 + 6*2020 + 6*2021
egen yr = group(year)
tabulate year, summarize(v)
tab year, sum(v) nofreq


gen idx = 100 * v / v[1]
matrix M = J(3,2,.)
local r 0
levelsof year, local(ys)
foreach y of local ys {
    local ++r
    qui sum v if year == `y'
    matrix M[`r',1] = r(mean)
    matrix M[`r',2] = r(sd)
}
matrix rownames M = `ys'
matrix colnames M = mean sd
matrix list M, format(%9.2f)





svmat M, names(col)

assert mean[2] == 4040
