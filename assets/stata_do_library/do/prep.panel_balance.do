* prep.panel_balance 1.0.0: make a panel balanced by keeping complete units or by adding empty rows.
* Reads p_panel_id p_time_var p_vars p_method p_first p_last.
ss_event step name=sample status=begin
confirm numeric variable `p_time_var'
ss_sample `p_time_var', strok(`p_panel_id')
ss_panel `p_panel_id' `p_time_var'
quietly keep if ss_use
quietly summarize `p_time_var'
local first = cond("`p_first'" == "", r(min), real("`p_first'"))
local last = cond("`p_last'" == "", r(max), real("`p_last'"))
ss_check bounds_order, fail(`first' > `last') value(`first')
local rows_before = _N
quietly egen byte ss_one = tag(ss_panel)
quietly count if ss_one
local units_before = r(N)
quietly keep if `p_time_var' >= `first' & `p_time_var' <= `last'
ss_check no_obs, fail(_N == 0) value(_N)
quietly levelsof `p_time_var', local(times)
local periods : word count `times'
ss_event step name=sample status=ok

ss_event step name=balance status=begin
tempname handle
tempfile rows by_period
* a row is complete when none of the stated variables is missing
quietly generate byte ss_whole = 1
foreach variable of local p_vars {
    quietly replace ss_whole = 0 if missing(`variable')
}
quietly egen long ss_complete = total(ss_whole), by(ss_panel)
local inside = _N
postfile `handle' double time double rows_before double complete_before double rows_after using "`by_period'"
foreach time of local times {
    quietly count if `p_time_var' == `time'
    local here`time' = r(N)
    quietly count if `p_time_var' == `time' & ss_whole
    local whole`time' = r(N)
}
local added = 0
if "`p_method'" == "keep" {
    quietly keep if ss_complete == `periods'
    ss_check no_obs, fail(_N == 0) value(_N)
}
else {
    quietly drop ss_period
    quietly egen long ss_period = group(`p_time_var')
    xtset ss_panel ss_period
    quietly generate byte observed = 1
    tsfill, full
    quietly replace observed = 0 if missing(observed)
    label variable observed "row of the original data (0: added)"
    quietly count if observed == 0
    local added = r(N)
    * keys of the added rows
    sort ss_panel ss_period
    forvalues i = 1/`periods' {
        quietly replace `p_time_var' = `: word `i' of `times'' if ss_period == `i'
    }
    * rows of the data sort behind the added ones
    quietly bysort ss_panel (observed): replace `p_panel_id' = `p_panel_id'[_N]
    sort ss_panel ss_period
    quietly replace ss_use = 1
}
foreach time of local times {
    quietly count if `p_time_var' == `time'
    post `handle' (`time') (`here`time'') (`whole`time'') (r(N))
}
postclose `handle'
quietly drop ss_one
quietly egen byte ss_one = tag(ss_panel)
quietly count if ss_one
local units_after = r(N)
postfile `handle' str40 metric double value using "`rows'"
foreach pair in "rows_before `rows_before'" "rows_in_periods `inside'" "rows_added `added'" "rows_after `=_N'" "units_before `units_before'" "units_after `units_after'" "periods `periods'" "first_period `first'" "last_period `last'" {
    gettoken metric value : pair
    post `handle' ("`metric'") (`value')
}
postclose `handle'
ss_metric n_units = `units_after'
ss_metric n_periods = `periods'
ss_metric rows_after = _N
ss_check missing_loss, warn(`units_after' < 0.5 * `units_before') value(1 - `units_after' / `units_before')
ss_event step name=balance status=ok

ss_event step name=export status=begin
ss_export using "table_balance.csv", rows("`rows'")
ss_export using "table_periods.csv", rows("`by_period'")
ss_save using "data_balanced.dta"
ss_event step name=export status=ok
