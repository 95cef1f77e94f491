* test.proportion_one 1.0.0: is a share different from a stated value?
* Reads p_variable p_null_value p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable'
quietly count if ss_use & `p_variable' != 0 & `p_variable' != 1
ss_check not_binary, fail(r(N) > 0) value(r(N))
ss_check bounds_order, fail(`p_null_value' <= 0 | `p_null_value' >= 1) value(`p_null_value')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table tail half exact density
tempfile rows
postfile `table' str32 test double estimate double statistic double p_value double p_less double p_greater double ci_low double ci_high double n str244 note using "`rows'"
quietly summarize `p_variable' if ss_use
local n = r(N)
local k = r(sum)
local share = r(mean)
* two-sided exact: outcomes that are no more likely than the one observed
scalar `exact' = 0
scalar `density' = binomialp(`n', `k', `p_null_value') * (1 + 1e-7)
forvalues i = 0/`n' {
    if binomialp(`n', `i', `p_null_value') <= `density' {
        scalar `exact' = `exact' + binomialp(`n', `i', `p_null_value')
    }
}
scalar `exact' = min(1, `exact')
ci proportions `p_variable' if ss_use, exact level(`p_level')
post `table' ("binomial_exact") (`share') (`k') (`exact') (binomial(`n', `k', `p_null_value')) (binomialtail(`n', `k', `p_null_value')) (r(lb)) (r(ub)) (`n') ("number of ones, Clopper-Pearson limits; null: share `p_null_value'")
ci proportions `p_variable' if ss_use, wilson level(`p_level')
scalar `tail' = (`share' - `p_null_value') / sqrt(`p_null_value' * (1 - `p_null_value') / `n')
post `table' ("z_score") (`share') (`tail') (2 * normal(-abs(`tail'))) (normal(`tail')) (normal(-`tail')) (r(lb)) (r(ub)) (`n') ("z, Wilson limits; null: share `p_null_value'")
postclose `table'
ss_metric share = `share'
ss_metric p_exact = `exact'
ss_metric z = `tail'
local least = `n' * min(`p_null_value', 1 - `p_null_value')
ss_check small_group, warn(`least' < 5) value(`least')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_share.csv", rows("`rows'")
ss_event step name=export status=ok
