* loops and programs
clear
capture program drop mysum
program define mysum, rclass
    version 16
    syntax varlist(numeric) [if] [in] [, Detail Level(real 95)]
    marksample touse
    tempname tot
    scalar `tot' = 0
    foreach v of local varlist {
        quietly summarize `v' if `touse'
        scalar `tot' = `tot' + r(mean)
        if "`detail'" != "" {
            display as text "`v'" _col(15) as result %9.3f r(mean) %9.3f r(sd)
        }
    }
    return scalar total = `tot'
    return local vars "`varlist'"
end
set obs 20
forvalues i = 1/3 {
    gen x`i' = _n * `i'
}
mysum x1 x2 x3, detail
return list
assert r(total) == 63
mysum x* if x1 > 10
local n : word count `r(vars)'
assert `n' == 3
local sum 0
forvalues k = 10(-2)2 {
    local sum = `sum' + `k'
}
assert `sum' == 30
local i = 0
while `i' < 3 {
    local ++i
    if `i' == 2 continue
    di "i is `i'"
}
foreach f in a b "c d" {
    di `"[`f']"'
}
local list1 a b c d
local list2 b d
local both : list list1 & list2
local not : list list1 - list2
di "`both' / `not'"
assert "`both'" == "b d"
levelsof x1 if x1 < 4, local(levs)
foreach l of local levs {
    di `l'
}
capture confirm variable zzz
assert _rc == 111
capture noisily regress zzz x1
assert _rc == 111
cap assert x1 == 3
assert _rc == 9
tokenize "one two three"
assert "`2'" == "two"
local long = "abc" + "def"
assert `"`=upper("`long'")'"' == "ABCDEF"
global path "tmp"
di "$path ${path}x"
matrix A = (1,2\3,4)
matrix B = A * A'
matrix list B
assert B[2,2] == 25
scalar detA = det(A)
di detA
