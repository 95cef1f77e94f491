* data.panel_structure 1.0.0: is the panel balanced, where are gaps, and what varies within units?
* Reads p_panel_id p_time_var p_vars (all numeric variables when empty).
ss_event step name=sample status=begin
ss_sample `p_time_var', strok(`p_panel_id')
ss_panel `p_panel_id' `p_time_var'
local vars "`p_vars'"
if "`vars'" == "" {
    foreach variable of varlist _all {
        local type : type `variable'
        if substr("`variable'", 1, 3) != "ss_" & substr("`type'", 1, 3) != "str" & "`variable'" != "`p_panel_id'" & "`variable'" != "`p_time_var'" {
            local vars "`vars' `variable'"
        }
    }
}
foreach variable of local vars {
    capture confirm numeric variable `variable'
    local text = _rc != 0
    ss_check non_numeric, fail(`text') value(`text')
}
quietly keep if ss_use
ss_event step name=sample status=ok

ss_event step name=describe status=begin
tempname handle rows_n units periods first last least most average median gaps cells
tempvar size from to tag
xtset ss_panel ss_period
xtdescribe
scalar `units' = r(N)
scalar `least' = r(min)
scalar `most' = r(max)
scalar `average' = r(mean)
scalar `median' = r(p50)
quietly summarize ss_period, meanonly
scalar `periods' = r(max)
scalar `rows_n' = r(N)
quietly summarize `p_time_var', meanonly
scalar `first' = r(min)
scalar `last' = r(max)
quietly egen double `size' = count(ss_period), by(ss_panel)
quietly egen double `from' = min(ss_period), by(ss_panel)
quietly egen double `to' = max(ss_period), by(ss_panel)
quietly egen byte `tag' = tag(ss_panel)
quietly count if `tag' == 1 & `to' - `from' + 1 > `size'
scalar `gaps' = r(N)
scalar `cells' = `units' * `periods'
ss_check gap_time, warn(`gaps' > 0) value(`gaps')
tempfile structure
postfile `handle' str32 metric double value str80 note using "`structure'"
post `handle' ("n_rows") (`rows_n') ("rows with unit and time")
post `handle' ("n_units") (`units') ("`p_panel_id'")
post `handle' ("n_periods") (`periods') ("distinct values of `p_time_var'")
post `handle' ("first_period") (`first') ("")
post `handle' ("last_period") (`last') ("")
post `handle' ("rows_per_unit_min") (`least') ("")
post `handle' ("rows_per_unit_mean") (`average') ("")
post `handle' ("rows_per_unit_median") (`median') ("")
post `handle' ("rows_per_unit_max") (`most') ("")
post `handle' ("balanced") (`rows_n' == `cells') ("1: every unit has every period")
post `handle' ("share_filled") (`rows_n' / `cells') ("rows over units times periods")
post `handle' ("units_with_gaps") (`gaps') ("a period is missing between the first and the last of the unit")
postclose `handle'
ss_metric n_units = `units'
ss_metric n_periods = `periods'
ss_metric balanced = `rows_n' == `cells'
ss_metric units_with_gaps = `gaps'
ss_event step name=describe status=ok

ss_event step name=variation status=begin
tempfile variation
postfile `handle' str32 variable str8 component double n double mean double sd double min double max str20 note using "`variation'"
foreach variable of local vars {
    quietly count if !missing(`variable')
    if r(N) == 0 {
        post `handle' ("`variable'") ("overall") (0) (.) (.) (.) (.) ("all missing")
        continue
    }
    xtsum `variable', i(ss_panel)
    local note ""
    if r(sd_w) == 0 | missing(r(sd_w)) {
        local note "constant in units"
    }
    post `handle' ("`variable'") ("overall") (r(N)) (r(mean)) (r(sd)) (r(min)) (r(max)) ("")
    post `handle' ("`variable'") ("between") (r(n)) (.) (r(sd_b)) (r(min_b)) (r(max_b)) ("")
    post `handle' ("`variable'") ("within") (r(Tbar)) (.) (r(sd_w)) (r(min_w)) (r(max_w)) ("`note'")
}
postclose `handle'
ss_event step name=variation status=ok

ss_event step name=export status=begin
ss_export using "table_structure.csv", rows("`structure'")
ss_export using "table_xtsum.csv", rows("`variation'")
ss_event step name=export status=ok
