* medical.mcnemar 1.0.0: did a yes/no status change within pairs?
* Reads p_first p_second p_level. A change upwards is from 0 in the first to 1 in the second.
ss_event step name=sample status=begin
confirm numeric variable `p_first' `p_second'
ss_sample `p_first' `p_second', maxloss(0.2)
quietly count if ss_use & (!inlist(`p_first', 0, 1) | !inlist(`p_second', 0, 1))
ss_check not_binary, fail(r(N) > 0) value(r(N))
quietly count if ss_use & `p_first' != `p_second'
local changed = r(N)
ss_check zero_spread, fail(`changed' == 0) value(`changed')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table cells exact chi2 difference se half
tempfile rows counts
quietly count if ss_use
local n = r(N)
postfile `cells' double first double second double count double share using "`counts'"
foreach i in 0 1 {
    foreach j in 0 1 {
        quietly count if ss_use & `p_first' == `i' & `p_second' == `j'
        local n`i'`j' = r(N)
        post `cells' (`i') (`j') (r(N)) (r(N) / `n')
    }
}
postclose `cells'
mcc `p_second' `p_first' if ss_use, level(`p_level')
scalar `chi2' = (`n01' - `n10')^2 / `changed'
scalar `exact' = min(1, 2 * binomial(`changed', min(`n01', `n10'), 0.5))
scalar `difference' = (`n01' - `n10') / `n'
scalar `se' = sqrt((`n01' + `n10') / `n' - `difference'^2) / sqrt(`n')
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2) * `se'
postfile `table' str32 measure double estimate double std_error double statistic double df1 double p_value double ci_low double ci_high str244 note using "`rows'"
post `table' ("share_first") ((`n10' + `n11') / `n') (.) (.) (.) (.) (.) (.) ("`p_first'")
post `table' ("share_second") ((`n01' + `n11') / `n') (.) (.) (.) (.) (.) (.) ("`p_second'")
post `table' ("difference") (`difference') (`se') (.) (.) (.) (`difference' - `half') (`difference' + `half') ("second minus first")
post `table' ("mcnemar_chi2") (.) (.) (`chi2') (1) (chi2tail(1, `chi2')) (.) (.) ("null: as many changes up as down")
post `table' ("mcnemar_exact") (.) (.) (`changed') (.) (`exact') (.) (.) ("binomial on the `changed' pairs that changed")
* exact limits of the share of changes upwards give those of the ratio
quietly cii proportions `changed' `n01', exact level(`p_level')
post `table' ("odds_ratio") (cond(`n10' > 0, `n01' / `n10', .)) (.) (.) (.) (.) (r(lb) / (1 - r(lb))) (cond(r(ub) < 1, r(ub) / (1 - r(ub)), .)) ("changes up over changes down, exact limits")
postclose `table'
ss_metric chi2 = `chi2'
ss_metric p_exact = `exact'
ss_metric difference = `difference'
ss_check small_group, warn(`changed' < 10) value(`changed')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_mcnemar.csv", rows("`rows'")
ss_export using "table_counts.csv", rows("`counts'")
ss_event step name=export status=ok
