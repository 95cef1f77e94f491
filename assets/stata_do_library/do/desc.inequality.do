* desc.inequality 1.0.0: how unequal is the distribution? Gini, Theil, Atkinson, shares and the Lorenz curve.
* Reads p_variable p_group p_weight_var.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
local kind = cond("`p_weight_var'" == "", "none", "aweight")
ss_sample `p_variable', strok(`p_group') weight(`p_weight_var') kind(`kind')
quietly count if ss_use & `p_variable' < 0
ss_check neg_values, fail(r(N) > 0) value(r(N))
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(max) == 0) value(r(max))
local groups = 0
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group) small
    local groups = r(groups)
    ss_check too_many_levels, fail(`groups' > 20) value(`groups')
}
quietly generate double ss_weight = 1 if ss_use
if "`p_weight_var'" != "" {
    quietly replace ss_weight = `p_weight_var' if ss_use
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table mean total gini theil mld atkinson top bottom
tempfile rows curves
tempvar population income cell before logged
quietly generate double `logged' = ln(`p_variable') if ss_use & `p_variable' > 0
postfile `table' str2045 group double n double zeros double mean double median double gini double theil double mean_log_deviation double atkinson_1 double cv double p90_p10 double p90_p50 double share_top10 double share_bottom40 using "`rows'"
quietly generate double ss_share = .
quietly generate double ss_held = .
forvalues g = 0/`groups' {
    local name "all"
    local condition "ss_use"
    if `g' > 0 {
        local name : label ss_group `g'
        local condition "ss_use & ss_group == `g'"
    }
    quietly summarize `p_variable' [aweight = ss_weight] if `condition', detail
    local n = r(N)
    scalar `mean' = r(mean)
    local median = r(p50)
    local cv = r(sd) / r(mean) * sqrt((`n' - 1) / `n')
    local high = cond(r(p10) > 0, r(p90) / r(p10), .)
    local middle = cond(r(p50) > 0, r(p90) / r(p50), .)
    quietly count if `condition' & `p_variable' == 0
    local zeros = r(N)
    gsort `p_variable'
    quietly summarize ss_weight if `condition'
    scalar `total' = r(sum)
    * cumulative shares of people and of the amount, in ascending order
    quietly generate double `population' = sum(cond(`condition', ss_weight, 0)) / `total'
    quietly generate double `income' = sum(cond(`condition', ss_weight * `p_variable', 0)) / (`total' * `mean')
    quietly generate double `cell' = (`income' + cond(_n > 1, `income'[_n - 1], 0)) * cond(`condition', ss_weight, 0) / `total'
    quietly summarize `cell'
    scalar `gini' = 1 - r(sum)
    quietly replace `cell' = cond(`p_variable' > 0, ss_weight * `p_variable' / `mean' * ln(`p_variable' / `mean') / `total', 0)
    quietly summarize `cell' if `condition'
    scalar `theil' = r(sum)
    quietly replace `cell' = ss_weight * ln(`mean' / `p_variable') / `total'
    quietly summarize `cell' if `condition'
    scalar `mld' = cond(`zeros' == 0, r(sum), .)
    scalar `atkinson' = cond(`zeros' == 0, 1 - exp(-`mld'), 1)
    * the Lorenz curve between two persons is a straight line
    foreach part in top bottom {
        local at = cond("`part'" == "top", 0.9, 0.4)
        quietly summarize `population' if `condition' & `population' <= `at' + 1e-12
        local below = cond(r(N) > 0, r(max), 0)
        quietly summarize `income' if `condition' & `population' <= `at' + 1e-12
        local held = cond(r(N) > 0, r(max), 0)
        quietly summarize `population' if `condition' & `population' > `at' + 1e-12
        local above = r(min)
        quietly summarize `income' if `condition' & `population' > `at' + 1e-12
        scalar ``part'' = `held' + (r(min) - `held') * (`at' - `below') / (`above' - `below')
    }
    if `g' == 0 {
        quietly replace ss_share = `population' if ss_use
        quietly replace ss_held = `income' if ss_use
        ss_metric gini = `gini'
        ss_metric theil = `theil'
    }
    post `table' (`"`macval(name)'"') (`n') (`zeros') (`mean') (`median') (`gini') (`theil') (`mld') (`atkinson') (`cv') (`high') (`middle') (1 - `top') (`bottom')
    drop `population' `income' `cell'
}
postclose `table'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_inequality.csv", rows("`rows'")
ss_label `p_variable'
local words = r(text)
quietly count if ss_use
local used = r(N)
ss_source
sort ss_share
twoway (line ss_held ss_share if ss_use, lcolor("0 114 178")) (function y = x, range(0 1) lcolor(gs8) lpattern(dash)), ///
    title(`"Lorenz curve: `macval(words)'"') xtitle("Share of rows, from the smallest value") ytitle("Share of the total") ylabel(, angle(0)) ///
    legend(order(1 "Lorenz curve" 2 "equality")) note("N = `used' rows of the sample; weights: `kind'; `r(engine)'")
ss_figure using "fig_lorenz.svg"
ss_event step name=export status=ok
