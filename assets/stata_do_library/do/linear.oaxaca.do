* linear.oaxaca 1.2.0: how much of a gap between two groups do their traits explain? Two-fold Oaxaca-Blinder decomposition.
* Reads p_outcome p_regressors(_fv) p_group p_reference p_level. The gap is the first group minus the second.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors', strok(`p_group')
ss_linear_probability `p_outcome'
ss_groups `p_group', generate(ss_group) levels(two) small
local first : label ss_group 1
local second : label ss_group 2
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname b1 b2 ref handle half gap value se
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
forvalues g = 1/2 {
    regress `p_outcome' `columns' if ss_group == `g', vce(robust) level(`p_level')
    local short = e(df_m) < `number'
    ss_check collinear, fail(`short') value(e(df_m)) row(`g')
    matrix `b`g'' = e(b)
    local n`g' = e(N)
    local r2_`g' = e(r2)
}
* coefficients without discrimination: those of one group, or of the pooled model
matrix `ref' = `b1'
local split "weight(1)"
if "`p_reference'" == "second" {
    matrix `ref' = `b2'
    local split "weight(0)"
}
if "`p_reference'" == "pooled" {
    * Jann (2008): the pooled model holds the group, else it takes up a part of the gap
    quietly generate byte ss_first = ss_group == 1 if ss_use
    quietly regress `p_outcome' `columns' ss_first if ss_use
    matrix `ref' = e(b)
    local split "pooled"
}
oaxaca `p_outcome' `columns' if ss_use, by(ss_group) `split' vce(robust) detail level(`p_level')
scalar `gap' = _b[overall:difference]
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2)
postfile `handle' str32 part double estimate double std_error double statistic double p_value double ci_low double ci_high double share str244 note using "`rows'"
foreach part in group_1 group_2 difference explained unexplained {
    local name "`part'"
    local note ""
    scalar `value' = _b[overall:`part']
    scalar `se' = _se[overall:`part']
    if substr("`part'", 1, 6) == "group_" {
        local g = substr("`part'", 7, 1)
        local name : label ss_group `g'
        post `handle' ("mean_group`g'") (`value') (`se') (.) (.) (`value' - `half' * `se') (`value' + `half' * `se') (.) (`"`macval(name)'"')
    }
    else {
        if "`part'" == "difference" {
            local name "gap"
            local note `"`macval(first)' minus `macval(second)'"'
        }
        if "`part'" == "explained" {
            local note "by the means of the regressors; coefficients: `p_reference'"
        }
        if "`part'" == "unexplained" {
            local note "by different coefficients"
        }
        post `handle' ("`name'") (`value') (`se') (`value' / `se') (2 * normal(-abs(`value' / `se'))) (`value' - `half' * `se') (`value' + `half' * `se') (`value' / `gap') (`"`macval(note)'"')
    }
}
postclose `handle'
postfile `handle' str2045 term double mean_first double mean_second double coefficient double explained double explained_error double explained_p double share double unexplained double unexplained_error double unexplained_p using "`details'"
forvalues j = 1/`number' {
    local term : word `j' of `names'
    quietly summarize ss_x`j' if ss_group == 1, meanonly
    local mean1 = r(mean)
    quietly summarize ss_x`j' if ss_group == 2, meanonly
    local mean2 = r(mean)
    local explained "(_b[explained:ss_x`j']) (_se[explained:ss_x`j']) (2 * normal(-abs(_b[explained:ss_x`j'] / _se[explained:ss_x`j']))) (_b[explained:ss_x`j'] / `gap')"
    post `handle' ("`term'") (`mean1') (`mean2') (el(`ref', 1, `j')) `explained' (_b[unexplained:ss_x`j']) (_se[unexplained:ss_x`j']) (2 * normal(-abs(_b[unexplained:ss_x`j'] / _se[unexplained:ss_x`j'])))
}
* the constants differ too; the means of a constant do not
post `handle' ("_cons") (.) (.) (.) (.) (.) (.) (.) (_b[unexplained:_cons]) (_se[unexplained:_cons]) (2 * normal(-abs(_b[unexplained:_cons] / _se[unexplained:_cons])))
postclose `handle'
ss_metric gap = `gap'
ss_metric explained = _b[overall:explained]
ss_metric unexplained = _b[overall:unexplained]
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_decomposition.csv", rows("`rows'")
ss_export using "table_detail.csv", rows("`details'")
quietly count if ss_use
ss_fit_table using "table_fit.csv", se(robust, delta method) values(N `n1'+`n2' n_first `n1' n_second `n2' r2_first `r2_1' r2_second `r2_2' level `p_level')
ss_bar_plot using "fig_parts.svg", rows("`details'") height(explained) names(term) condition(!missing(explained)) title("Parts of the gap that traits explain") xtitle("Unit of the outcome") ytitle("") note(`"Gap: `macval(first)' minus `macval(second)'; coefficients: `p_reference'; N = `=`n1' + `n2'' rows"')
ss_event step name=export status=ok
