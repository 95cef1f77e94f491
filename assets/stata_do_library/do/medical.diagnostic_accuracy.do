* medical.diagnostic_accuracy 1.0.0: how good is a yes/no test? Sensitivity, specificity, predictive values, likelihood ratios.
* Reads p_disease p_test_result p_prevalence p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_disease' `p_test_result'
ss_sample `p_disease' `p_test_result'
ss_binary `p_disease'
ss_binary `p_test_result'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table cells sens spec half se prevalence
tempfile rows counts
postfile `cells' double disease double test_result double count using "`counts'"
foreach d in 0 1 {
    foreach t in 0 1 {
        quietly count if ss_use & `p_disease' == `d' & `p_test_result' == `t'
        local n`d'`t' = r(N)
        post `cells' (`d') (`t') (r(N))
    }
}
postclose `cells'
local ill = `n10' + `n11'
local well = `n00' + `n01'
local n = `ill' + `well'
tabulate `p_disease' `p_test_result' if ss_use, row column
postfile `table' str32 measure double estimate double ci_low double ci_high double numerator double denominator str244 note using "`rows'"
local list "sensitivity `n11' `ill' specificity `n00' `well' accuracy `=`n11' + `n00'' `n' prevalence `ill' `n'"
local list "`list' positive_predictive `n11' `=`n11' + `n01'' negative_predictive `n00' `=`n00' + `n10''"
while "`list'" != "" {
    gettoken measure list : list
    gettoken over list : list
    gettoken under list : list
    quietly cii proportions `under' `over', exact level(`p_level')
    post `table' ("`measure'") (`over' / `under') (r(lb)) (r(ub)) (`over') (`under') ("exact limits")
}
scalar `sens' = `n11' / `ill'
scalar `spec' = `n00' / `well'
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2)
* limits on the log scale (Simel, Samsa and Matchar 1991)
local note ""
if min(`n11', `n01', `n10', `n00') == 0 {
    local note "a count is zero: no limits"
}
scalar `se' = sqrt(1 / `n11' - 1 / `ill' + 1 / `n01' - 1 / `well')
post `table' ("likelihood_ratio_positive") (`sens' / (1 - `spec')) (exp(ln(`sens' / (1 - `spec')) - `half' * `se')) (exp(ln(`sens' / (1 - `spec')) + `half' * `se')) (.) (.) ("`note'")
scalar `se' = sqrt(1 / `n10' - 1 / `ill' + 1 / `n00' - 1 / `well')
post `table' ("likelihood_ratio_negative") ((1 - `sens') / `spec') (exp(ln((1 - `sens') / `spec') - `half' * `se')) (exp(ln((1 - `sens') / `spec') + `half' * `se')) (.) (.) ("`note'")
scalar `se' = sqrt(1 / `n11' + 1 / `n01' + 1 / `n10' + 1 / `n00')
post `table' ("diagnostic_odds_ratio") (`n11' * `n00' / (`n10' * `n01')) (exp(ln(`n11' * `n00' / (`n10' * `n01')) - `half' * `se')) (exp(ln(`n11' * `n00' / (`n10' * `n01')) + `half' * `se')) (.) (.) ("`note'")
post `table' ("youden") (`sens' + `spec' - 1) (.) (.) (.) (.) ("sensitivity + specificity - 1")
if "`p_prevalence'" != "" {
    scalar `prevalence' = `p_prevalence'
    post `table' ("positive_predictive_at") (`sens' * `prevalence' / (`sens' * `prevalence' + (1 - `spec') * (1 - `prevalence'))) (.) (.) (.) (.) ("at a prevalence of `p_prevalence'")
    post `table' ("negative_predictive_at") (`spec' * (1 - `prevalence') / (`spec' * (1 - `prevalence') + (1 - `sens') * `prevalence')) (.) (.) (.) (.) ("at a prevalence of `p_prevalence'")
}
postclose `table'
ss_metric sensitivity = `sens'
ss_metric specificity = `spec'
ss_check sparse_cells, warn(min(`n11', `n01', `n10', `n00') < 5) value(min(`n11', `n01', `n10', `n00'))
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_accuracy.csv", rows("`rows'")
ss_export using "table_counts.csv", rows("`counts'")
ss_event step name=export status=ok
