* linear.oaxaca 1.0.0: how much of a gap between two groups do their traits explain? Two-fold Oaxaca-Blinder decomposition.
* Reads p_outcome p_regressors(_fv) p_group p_reference p_level. The gap is the first group minus the second.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(two) small
local first : label ss_group 1
local second : label ss_group 2
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname b1 b2 bp v1 v2 x1 x2 m1 m2 d ref parts handle gap explained unexplained vr se_e se_u half w c
tempfile rows details
* columns of the model as variables, so that means and coefficients share one order
local number = 0
local columns ""
local names ""
foreach term of local p_regressors_fv {
    if substr("`term'", 1, 2) == "i." {
        local variable = substr("`term'", 3, .)
        quietly levelsof `variable' if ss_use, local(levels)
        gettoken base levels : levels
        foreach level of local levels {
            local number = `number' + 1
            quietly generate double ss_x`number' = `variable' == `level' if ss_use
            local columns "`columns' ss_x`number'"
            local names "`names' `level'.`variable'"
        }
    }
    else {
        local number = `number' + 1
        quietly generate double ss_x`number' = `term' if ss_use
        local columns "`columns' ss_x`number'"
        local names "`names' `term'"
    }
}
local names "`names' _cons"
local k = `number' + 1
quietly generate byte ss_first = ss_group == 1 if ss_use
if "`p_reference'" == "pooled" {
    * Jann (2008): the pooled model holds the group, else it takes up a part of the gap
    quietly regress `p_outcome' `columns' ss_first if ss_use, vce(robust)
    matrix `bp' = e(b)
    matrix `c' = e(V)
}
forvalues g = 1/2 {
    regress `p_outcome' `columns' if ss_group == `g', vce(robust) level(`p_level')
    local short = e(df_m) < `number'
    ss_check collinear, fail(`short') value(e(df_m)) row(`g')
    matrix `b`g'' = e(b)
    matrix `v`g'' = e(V)
    local n`g' = e(N)
    local r2_`g' = e(r2)
    quietly correlate `columns' if ss_group == `g', covariance
    * covariance of the means; the constant has none
    matrix `m`g'' = J(`k', `k', 0)
    matrix `x`g'' = J(1, `k', 1)
    tempname s
    matrix `s' = r(C)
    local j = 0
    foreach column of local columns {
        local j = `j' + 1
        quietly summarize `column' if ss_group == `g'
        matrix `x`g''[1, `j'] = r(mean)
        forvalues i = 1/`number' {
            matrix `m`g''[`j', `i'] = el(`s', `j', `i') / `n`g''
        }
    }
}
* coefficients without discrimination: those of one group, or of the pooled model
if "`p_reference'" == "first" {
    matrix `ref' = `b1'
    matrix `vr' = `v1'
}
if "`p_reference'" == "second" {
    matrix `ref' = `b2'
    matrix `vr' = `v2'
}
if "`p_reference'" == "pooled" {
    matrix `ref' = J(1, `k', 0)
    matrix `vr' = J(`k', `k', 0)
    forvalues i = 1/`k' {
        local from = cond(`i' == `k', `k' + 1, `i')
        matrix `ref'[1, `i'] = el(`bp', 1, `from')
        forvalues j = 1/`k' {
            local to = cond(`j' == `k', `k' + 1, `j')
            matrix `vr'[`i', `j'] = el(`c', `from', `to')
        }
    }
}
matrix `d' = `x1' - `x2'
matrix `explained' = `d' * `ref''
matrix `gap' = `x1' * `b1'' - `x2' * `b2''
matrix `unexplained' = `gap' - `explained'
* delta method, means and coefficients taken as independent
matrix `se_e' = `d' * `vr' * `d'' + `ref' * (`m1' + `m2') * `ref''
matrix `w' = `b1' - `ref'
matrix `parts' = `b2' - `ref'
if "`p_reference'" == "first" {
    matrix `se_u' = `x2' * (`v1' + `v2') * `x2'' + `parts' * `m2' * `parts''
}
if "`p_reference'" == "second" {
    matrix `se_u' = `x1' * (`v1' + `v2') * `x1'' + `w' * `m1' * `w''
}
postfile `handle' str32 part double estimate double std_error double statistic double p_value double ci_low double ci_high double share str244 note using "`rows'"
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2)
forvalues g = 1/2 {
    quietly summarize `p_outcome' if ss_group == `g'
    post `handle' ("mean_group`g'") (r(mean)) (r(sd) / sqrt(r(N))) (.) (.) (r(mean) - `half' * r(sd) / sqrt(r(N))) (r(mean) + `half' * r(sd) / sqrt(r(N))) (.) (`"`: label ss_group `g''"')
}
quietly ttest `p_outcome' if ss_use, by(ss_group) unequal
post `handle' ("gap") (el(`gap', 1, 1)) (r(se)) (el(`gap', 1, 1) / r(se)) (2 * normal(-abs(el(`gap', 1, 1) / r(se)))) (el(`gap', 1, 1) - `half' * r(se)) (el(`gap', 1, 1) + `half' * r(se)) (1) (`"`first' minus `second'"')
tempname e u
scalar `e' = sqrt(el(`se_e', 1, 1))
post `handle' ("explained") (el(`explained', 1, 1)) (`e') (el(`explained', 1, 1) / `e') (2 * normal(-abs(el(`explained', 1, 1) / `e'))) (el(`explained', 1, 1) - `half' * `e') (el(`explained', 1, 1) + `half' * `e') (el(`explained', 1, 1) / el(`gap', 1, 1)) ("by the means of the regressors; coefficients: `p_reference'")
scalar `u' = .
if "`p_reference'" != "pooled" {
    scalar `u' = sqrt(el(`se_u', 1, 1))
}
else {
    * with the group in the pooled model the rest is its coefficient
    scalar `u' = sqrt(el(`c', `k', `k'))
}
post `handle' ("unexplained") (el(`unexplained', 1, 1)) (`u') (el(`unexplained', 1, 1) / `u') (2 * normal(-abs(el(`unexplained', 1, 1) / `u'))) (el(`unexplained', 1, 1) - `half' * `u') (el(`unexplained', 1, 1) + `half' * `u') (el(`unexplained', 1, 1) / el(`gap', 1, 1)) ("by different coefficients")
postclose `handle'
postfile `handle' str2045 term double mean_first double mean_second double coefficient double explained double share using "`details'"
forvalues j = 1/`number' {
    post `handle' ("`: word `j' of `names''") (el(`x1', 1, `j')) (el(`x2', 1, `j')) (el(`ref', 1, `j')) (el(`d', 1, `j') * el(`ref', 1, `j')) (el(`d', 1, `j') * el(`ref', 1, `j') / el(`gap', 1, 1))
}
postclose `handle'
ss_metric gap = el(`gap', 1, 1)
ss_metric explained = el(`explained', 1, 1)
ss_metric unexplained = el(`unexplained', 1, 1)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_decomposition.csv", rows("`rows'")
ss_export using "table_detail.csv", rows("`details'")
quietly count if ss_use
ss_fit_table using "table_fit.csv", se(robust, delta method) values(N `n1'+`n2' n_first `n1' n_second `n2' r2_first `r2_1' r2_second `r2_2' level `p_level')
ss_bar_plot using "fig_parts.svg", rows("`details'") height(explained) names(term) title("Parts of the gap that traits explain") xtitle("Unit of the outcome") ytitle("") note(`"Gap: `first' minus `second'; coefficients: `p_reference'; N = `=`n1' + `n2'' rows"')
ss_event step name=export status=ok
