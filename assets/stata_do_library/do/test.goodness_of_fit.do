* test.goodness_of_fit 1.0.0: do category shares match stated ones? Chi-square and likelihood-ratio test.
* Reads p_variable p_expected_shares (in the sort order of the categories; empty: equal shares).
ss_event step name=sample status=begin
ss_sample, strok(`p_variable')
ss_groups `p_variable', generate(ss_group) levels(many)
local groups = r(groups)
ss_check too_many_levels, fail(`groups' > 50) value(`groups')
local stated : word count `p_expected_shares'
local total = 0
local broken = 0
foreach share of local p_expected_shares {
    local total = `total' + `share'
    local broken = `broken' + (`share' <= 0)
}
ss_check bounds_order, fail(`stated' > 0 & (`stated' != `groups' | `broken' > 0)) value(`stated')
quietly count if ss_use
local n = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table tests chi2 lr expected least
tempfile rows test_rows
scalar `chi2' = 0
scalar `lr' = 0
scalar `least' = .
postfile `table' str2045 category double count double share double expected_share double expected double residual using "`rows'"
forvalues g = 1/`groups' {
    local share = 1 / `groups'
    if `stated' > 0 {
        local share : word `g' of `p_expected_shares'
        local share = `share' / `total'
    }
    local name : label ss_group `g'
    quietly count if ss_group == `g'
    scalar `expected' = `n' * `share'
    scalar `chi2' = `chi2' + (r(N) - `expected')^2 / `expected'
    scalar `lr' = `lr' + 2 * r(N) * ln(r(N) / `expected')
    scalar `least' = min(`least', `expected')
    post `table' (`"`macval(name)'"') (r(N)) (r(N) / `n') (`share') (`expected') ((r(N) - `expected') / sqrt(`expected' * (1 - `share')))
}
postclose `table'
local df = `groups' - 1
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
post `tests' ("pearson_chi2") (`chi2') (`df') (.) (chi2tail(`df', `chi2')) ("null: shares are those stated")
post `tests' ("likelihood_ratio_chi2") (`lr') (`df') (.) (chi2tail(`df', `lr')) ("null: shares are those stated")
post `tests' ("cohen_w") (sqrt(`chi2' / `n')) (.) (.) (.) ("effect size: 0.1 small, 0.3 medium, 0.5 large")
postclose `tests'
ss_metric chi2 = `chi2'
ss_metric p = chi2tail(`df', `chi2')
ss_check sparse_cells, warn(`least' < 5) value(`least')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_shares.csv", rows("`rows'")
ss_export using "table_tests.csv", rows("`test_rows'")
ss_label `p_variable'
ss_bar_plot using "fig_bars.svg", rows("`rows'") height(share) names(category) title(`"Shares: `=r(text)'"') xtitle("Share of rows") ytitle("") note("N = `n' rows of the sample")
ss_event step name=export status=ok
