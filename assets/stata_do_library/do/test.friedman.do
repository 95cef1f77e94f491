* test.friedman 1.0.0: do repeated measurements differ without assuming normality? Friedman test and all pairs.
* Reads p_vars: one column for each occasion or item, one row for each unit.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
local occasions : word count `p_vars'
quietly count if ss_use
local units = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table pairs statistic ties squares total z p
tempfile rows pair_rows
tempvar lower equal correction
* average ranks within each unit
quietly generate double `correction' = 0 if ss_use
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly generate double `lower' = 0 if ss_use
    quietly generate double `equal' = 0 if ss_use
    foreach other of local p_vars {
        quietly replace `lower' = `lower' + (`other' < `variable') if ss_use
        quietly replace `equal' = `equal' + (`other' == `variable') if ss_use
    }
    quietly generate double ss_rank`number' = `lower' + (`equal' + 1) / 2 if ss_use
    * a value tied t times contributes t squared minus one in each of its t cells
    quietly replace `correction' = `correction' + `equal'^2 - 1 if ss_use
    drop `lower' `equal'
}
quietly summarize `correction' if ss_use
scalar `ties' = r(sum)
scalar `total' = `units' * `occasions' * (`occasions'^2 - 1)
ss_check zero_spread, fail(`ties' >= `total') value(`ties')
postfile `table' str32 test double estimate double statistic double df1 double df2 double p_value double n str244 note using "`rows'"
scalar `squares' = 0
forvalues j = 1/`occasions' {
    quietly summarize ss_rank`j' if ss_use
    scalar `squares' = `squares' + r(sum)^2
}
scalar `statistic' = (12 * `squares' / (`units' * `occasions' * (`occasions' + 1)) - 3 * `units' * (`occasions' + 1)) / (1 - `ties' / `total')
local df = `occasions' - 1
scalar `p' = chi2tail(`df', `statistic')
post `table' ("friedman") (.) (`statistic') (`df') (.) (`p') (`units') ("chi2 adjusted for ties; null: equal distributions (0/1 data: Cochran's Q)")
scalar `z' = (`units' - 1) * `statistic' / (`units' * `df' - `statistic')
post `table' ("friedman_f") (.) (`z') (`df') (`df' * (`units' - 1)) (Ftail(`df', `df' * (`units' - 1), `z')) (`units') ("F of Iman and Davenport")
post `table' ("kendall_w") (`statistic' / (`units' * `df')) (.) (.) (.) (.) (`units') ("agreement of the units on the order, 0 to 1")
ss_metric chi2 = `statistic'
ss_metric p = `p'
ss_metric kendall_w = `statistic' / (`units' * `df')
local number = 0
foreach variable of local p_vars {
    local number = `number' + 1
    quietly summarize ss_rank`number' if ss_use
    post `table' ("mean_rank`number'") (r(mean)) (.) (.) (.) (.) (`units') ("`variable'")
    quietly summarize `variable' if ss_use, detail
    post `table' ("median`number'") (r(p50)) (.) (.) (.) (.) (`units') ("`variable'")
}
postclose `table'
local tests = `occasions' * (`occasions' - 1) / 2
postfile `pairs' str128 first str128 second double statistic double p_value double p_bonferroni double n_changed str20 note using "`pair_rows'"
forvalues i = 1/`occasions' {
    local next = `i' + 1
    local one : word `i' of `p_vars'
    forvalues j = `next'/`occasions' {
        local two : word `j' of `p_vars'
        quietly generate double `lower' = float(`two' - `one') if ss_use
        quietly count if ss_use & `lower' != 0
        if r(N) == 0 {
            post `pairs' ("`one'") ("`two'") (.) (.) (.) (0) ("no change")
        }
        else {
            quietly signrank `lower' = 0 if ss_use
            scalar `p' = 2 * normal(-abs(r(z)))
            post `pairs' ("`one'") ("`two'") (r(z)) (`p') (min(1, `tests' * `p')) (r(N_pos) + r(N_neg)) ("")
        }
        drop `lower'
    }
}
postclose `pairs'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_friedman.csv", rows("`rows'")
ss_export using "table_pairs.csv", rows("`pair_rows'")
quietly generate byte ss_all = 1 if ss_use
label define ss_all 1 "all"
label values ss_all ss_all
ss_boxes_plot using "fig_box.svg", variables(`p_vars') group(ss_all) groups(1)
ss_event step name=export status=ok
