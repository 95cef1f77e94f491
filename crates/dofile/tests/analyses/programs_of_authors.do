* idioms of courses and papers: weights passed through, programs that replay their results, blocks in other frames
clear all
program define describe_means, rclass byable(recall)
    version 14
    syntax varlist(numeric min=1) [if] [in] [fweight aweight] [, Format(string) noPRINT]
    marksample touse, novarlist
    if "`format'" == "" local format "%9.3f"
    tempname M
    matrix `M' = J(`: word count `varlist'', 2, .)
    local i = 0
    foreach v of varlist `varlist' {
        local ++i
        quietly summarize `v' [`weight'`exp'] if `touse'
        matrix `M'[`i', 1] = r(N)
        matrix `M'[`i', 2] = r(mean)
    }
    matrix rownames `M' = `varlist'
    matrix colnames `M' = N mean
    if "`print'" == "" matrix list `M', format(`format') noheader
    return matrix stats = `M'
end
program define mymean, eclass sortpreserve
    version 13
    if replay() {
        if "`e(cmd)'" != "mymean" error 301
        ereturn display
        exit
    }
    syntax varlist(numeric) [if] [in] [, Level(cilevel)]
    marksample touse
    tempname b V
    local k : word count `varlist'
    matrix `b' = J(1, `k', 0)
    matrix `V' = J(`k', `k', 0)
    local j 0
    foreach v of local varlist {
        local ++j
        quietly summarize `v' if `touse'
        matrix `b'[1,`j'] = r(mean)
        matrix `V'[`j',`j'] = r(Var)/r(N)
        local N = r(N)
    }
    matrix colnames `b' = `varlist'
    matrix colnames `V' = `varlist'
    matrix rownames `V' = `varlist'
    ereturn post `b' `V', esample(`touse') obs(`N')
    ereturn local cmd "mymean"
    ereturn scalar level = `level'
    ereturn display, level(`level')
end
* an abbreviation of a command does not hide a program
program fact, rclass
    args n
    if `n' <= 1 {
        return scalar f = 1
        exit
    }
    fact `=`n'-1'
    return scalar f = `n'*r(f)
end

set obs 12
generate g = 1 + (_n > 6)
generate x = _n
generate y = x^2
generate w = mod(_n, 3) + 1
generate str1 s = cond(_n == 2, "", "a")
describe_means x y
matrix S = r(stats)
assert S[1,2] == 6.5 & rowsof(S) == 2
describe_means x [fw=w] if g == 1, noprint
matrix S = r(stats)
assert S[1,1] == 12
by g, sort: describe_means x
capture mymean
assert _rc == 301
mymean x y if g == 1
mymean
assert e(N) == 6 & e(level) == 95
mymean x y, level(90)
assert e(N) == 12 & e(level) == 90
capture mymean x, level(9)
assert _rc == 198
capture noisily mymean s
assert _rc == 109
fact 5
assert r(f) == 120

matrix A = (1, 2 \ 3, 4)
matrix B = A + J(2, 2, .5)
assert reldif(mreldif(B, A), .25) < 1e-12
regress y x
matrix b = e(b)
assert mreldif(b, e(b)) == 0
capture display mreldif(A, b)
assert _rc == 503

quietly summarize x in 1
matrix one = (r(N), r(mean), r(sd))
assert one[1,2] == 1 & missing(one[1,3])
capture matrix two = r(nosuch)
assert _rc == 111

frame put x y if g == 1, into(first)
frame first {
    collapse (mean) y
    local m = y[1]
}
assert _N == 12 & reldif(`m', 91/6) < 1e-6
capture frame nosuch {
    display 1
}
assert _rc == 111

egen known = rownonmiss(x s), strok
assert known == 1 + (_n != 2)
bysort g (x): ipolate y x if w != 2, generate(yi)
assert reldif(yi, y) < 1e-6 if w != 2

* rows of `in` are those of the data, not of a replication
jackknife _b[x], nodots: regress y x in 3/10
matrix V = e(V)
keep in 3/10
jackknife _b[x], nodots: regress y x
assert mreldif(V, e(V)) < 1e-12

mata:
X = (1, 2 \ 3, 4 \ 5, 7)
y = (1 \ 2 \ 3)
C = (X, J(3, 1, 1))
st_numscalar("same", cross(X, 1, X, 1) == cross(C, C))
st_numscalar("mixed", cross(X, 1, y, 0) == cross(C, y))
end
assert same == 1 & mixed == 1
