* desc.partial_correlation 1.0.0: correlations of variables once other variables are held equal.
* Reads p_vars p_controls(_fv) p_method p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars' `p_controls', maxloss(0.2)
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
}
quietly count if ss_use
local n = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table partial plain z half t
tempfile rows
* residuals on the controls; by ranks for Spearman's coefficient
local count : word count `p_vars'
local terms "`p_controls_fv'"
if "`p_method'" == "spearman" {
    local terms ""
    local number = 0
    foreach control of local p_controls {
        local number = `number' + 1
        quietly egen double ss_control`number' = rank(`control') if ss_use
        local terms "`terms' ss_control`number'"
    }
}
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    if "`p_method'" == "spearman" {
        quietly egen double ss_value`number' = rank(`variable') if ss_use
    }
    else {
        quietly generate double ss_value`number' = `variable' if ss_use
    }
    quietly regress ss_value`number' `terms' if ss_use
    local held = e(df_m)
    quietly predict double ss_residual`number' if ss_use, residuals
    quietly summarize ss_residual`number' if ss_use
    ss_check collinear, fail(e(rss) <= 1e-12 * (e(rss) + e(mss))) value(e(rss))
}
local df = `n' - 2 - `held'
ss_check few_df, warn(`df' < 10) fail(`df' < 2) value(`df')
postfile `table' str128 first str128 second double correlation double partial double statistic double df double p_value double ci_low double ci_high double n using "`rows'"
forvalues i = 1/`count' {
    local next = `i' + 1
    forvalues j = `next'/`count' {
        quietly correlate ss_value`i' ss_value`j' if ss_use
        scalar `plain' = r(rho)
        quietly correlate ss_residual`i' ss_residual`j' if ss_use
        scalar `partial' = r(rho)
        scalar `t' = `partial' * sqrt(`df' / (1 - `partial'^2))
        * Fisher's z, one degree of freedom less for each control
        scalar `z' = atanh(`partial')
        scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2) / sqrt(`df' - 1)
        post `table' ("`: word `i' of `p_vars''") ("`: word `j' of `p_vars''") (`plain') (`partial') (`t') (`df') (2 * ttail(`df', abs(`t'))) (tanh(`z' - `half')) (tanh(`z' + `half')) (`n')
    }
}
postclose `table'
ss_metric n_pairs = `count' * (`count' - 1) / 2
ss_metric df = `df'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_partial.csv", rows("`rows'")
ss_event step name=export status=ok
