* desc.percentiles 1.0.0: percentiles of variables with distribution-free intervals.
* Reads p_vars p_points p_method p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample
local broken = 0
foreach point of local p_points {
    local broken = `broken' + (`point' <= 0 | `point' >= 100)
}
ss_check bounds_order, fail(`broken' > 0) value(`broken')
local count : word count `p_points'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table
tempfile rows
local option = cond("`p_method'" == "binomial", "cci", "normal")
postfile `table' str128 variable double n double percentile double value double ci_low double ci_high using "`rows'"
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly count if ss_use & !missing(`variable')
    ss_check no_obs, fail(r(N) == 0) value(r(N)) row(`row')
    centile `variable' if ss_use, centile(`p_points') `option' level(`p_level')
    forvalues i = 1/`count' {
        local point : word `i' of `p_points'
        post `table' ("`variable'") (r(N)) (`point') (r(c_`i')) (r(lb_`i')) (r(ub_`i'))
    }
}
postclose `table'
ss_metric n_variables = `row'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_centiles.csv", rows("`rows'")
ss_event step name=export status=ok
