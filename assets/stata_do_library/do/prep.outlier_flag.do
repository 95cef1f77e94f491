* prep.outlier_flag 1.0.0: marks extreme values by a stated rule and leaves every value as it is.
* Reads p_vars p_rule p_multiplier p_by_var.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample, strok(`p_by_var')
quietly keep if ss_use
local parts = 1
if "`p_by_var'" != "" {
    ss_groups `p_by_var', generate(ss_group) small
    local parts = r(groups)
    ss_check too_many_levels, fail(`parts' > 500) value(`parts')
}
else {
    quietly generate byte ss_group = 1
    label define ss_group 1 "all"
    label values ss_group ss_group
}
local taken = 0
foreach variable of local p_vars {
    capture confirm new variable out_`variable'
    if _rc != 0 {
        local taken = `taken' + 1
    }
}
ss_check name_taken, fail(`taken' > 0) value(`taken')
* multiples that are usual for each rule
local multiple "`p_multiplier'"
if "`multiple'" == "" {
    local multiple = cond("`p_rule'" == "iqr", 1.5, cond("`p_rule'" == "mad", 3.5, 3))
}
ss_event step name=sample status=ok

ss_event step name=flag status=begin
tempname handle low high centre spread
tempfile rows
postfile `handle' str128 variable str2045 part double n double centre double spread double low_bound double high_bound double low_count double high_count double share using "`rows'"
local flagged = 0
local row = 0
foreach variable of local p_vars {
    quietly generate byte out_`variable' = 0 if !missing(`variable')
    forvalues g = 1/`parts' {
        local row = `row' + 1
        local name : label ss_group `g'
        quietly summarize `variable' if ss_group == `g', detail
        local n = r(N)
        local constant = !(r(N) > 1 & r(max) > r(min))
        ss_check zero_spread, fail(`constant') value(r(sd)) row(`row')
        if "`p_rule'" == "iqr" {
            scalar `centre' = r(p50)
            scalar `spread' = r(p75) - r(p25)
            scalar `low' = r(p25) - `multiple' * `spread'
            scalar `high' = r(p75) + `multiple' * `spread'
        }
        if "`p_rule'" == "zscore" {
            scalar `centre' = r(mean)
            scalar `spread' = r(sd)
            scalar `low' = `centre' - `multiple' * `spread'
            scalar `high' = `centre' + `multiple' * `spread'
        }
        if "`p_rule'" == "mad" {
            * Iglewicz and Hoaglin (1993): the median distance over 0.6745 is a standard deviation of normal data
            scalar `centre' = r(p50)
            tempvar distance
            quietly generate double `distance' = abs(`variable' - `centre') if ss_group == `g'
            quietly summarize `distance', detail
            scalar `spread' = r(p50) / invnormal(0.75)
            scalar `low' = `centre' - `multiple' * `spread'
            scalar `high' = `centre' + `multiple' * `spread'
            drop `distance'
        }
        quietly count if ss_group == `g' & `variable' < `low'
        local below = r(N)
        quietly count if ss_group == `g' & `variable' > `high' & !missing(`variable')
        local above = r(N)
        quietly replace out_`variable' = -1 if ss_group == `g' & `variable' < `low'
        quietly replace out_`variable' = 1 if ss_group == `g' & `variable' > `high' & !missing(`variable')
        local flagged = `flagged' + `below' + `above'
        post `handle' ("`variable'") (`"`macval(name)'"') (`n') (`centre') (`spread') (`low') (`high') (`below') (`above') ((`below' + `above') / `n')
    }
    local words : variable label `variable'
    if `"`macval(words)'"' == "" {
        local words "`variable'"
    }
    label variable out_`variable' `"`macval(words)' (-1 low, 1 high, rule `p_rule')"'
}
postclose `handle'
ss_metric n_flagged = `flagged'
ss_event step name=flag status=ok

ss_event step name=export status=begin
ss_export using "table_outliers.csv", rows("`rows'")
ss_save using "data_flagged.dta"
ss_boxes_plot using "fig_box.svg", variables(`p_vars') group(ss_group) groups(`parts')
ss_event step name=export status=ok
