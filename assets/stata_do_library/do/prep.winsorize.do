* prep.winsorize 1.0.1: replaces (winsorize) or empties (trim) values beyond two percentiles.
* Reads p_vars p_lower p_upper p_method p_by_var.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_check bounds_order, fail(`p_lower' >= `p_upper' | `p_lower' < 0 | `p_upper' > 100) value(`p_upper' - `p_lower')
ss_sample, strok(`p_by_var')
local groups = 1
quietly generate byte ss_group = 1 if ss_use
label define ss_group 1 "all"
label values ss_group ss_group
if "`p_by_var'" != "" {
    drop ss_group
    label drop ss_group
    ss_groups `p_by_var', generate(ss_group) small
    local groups = r(groups)
}
ss_event step name=sample status=ok

ss_event step name=transform status=begin
tempname table low high
tempfile rows
postfile `table' str32 variable str2045 group double n double low_bound double high_bound double low_count double high_count double mean_before double mean_after double sd_before double sd_after str16 note using "`rows'"
local focal : word 1 of `p_vars'
quietly generate double ss_before = `focal' if ss_use
quietly count if !missing(ss_before)
ss_check no_obs, fail(r(N) == 0) value(r(N))
local changed = 0
foreach variable of local p_vars {
    forvalues g = 1/`groups' {
        local name : label ss_group `g'
        quietly summarize `variable' if ss_group == `g'
        local n = r(N)
        local mean = r(mean)
        local sd = r(sd)
        scalar `low' = r(min)
        scalar `high' = r(max)
        if `n' > 0 & `p_lower' > 0 {
            _pctile `variable' if ss_group == `g', percentiles(`p_lower')
            scalar `low' = r(r1)
        }
        if `n' > 0 & `p_upper' < 100 {
            _pctile `variable' if ss_group == `g', percentiles(`p_upper')
            scalar `high' = r(r1)
        }
        quietly count if ss_group == `g' & `variable' < `low'
        local below = r(N)
        quietly count if ss_group == `g' & `variable' > `high' & !missing(`variable')
        local above = r(N)
        local changed = `changed' + `below' + `above'
        if "`p_method'" == "trim" {
            quietly replace `variable' = . if ss_group == `g' & (`variable' < `low' | `variable' > `high')
        }
        else {
            quietly replace `variable' = `low' if ss_group == `g' & `variable' < `low'
            quietly replace `variable' = `high' if ss_group == `g' & `variable' > `high' & !missing(`variable')
        }
        quietly summarize `variable' if ss_group == `g'
        post `table' ("`variable'") (`"`macval(name)'"') (`n') (`low') (`high') (`below') (`above') (`mean') (r(mean)) (`sd') (r(sd)) ("`p_method'")
    }
}
postclose `table'
ss_metric n_changed = `changed'
ss_event step name=transform status=ok

ss_event step name=export status=begin
ss_label `focal'
local title = r(text)
ss_source
local engine "`r(engine)'"
quietly count if ss_use
label variable ss_before "before"
graph box ss_before `focal' if ss_use, title(`"`macval(title)' before and after (`p_method')"') ytitle(`"`macval(title)'"') ///
    legend(order(1 "before" 2 "after")) note("N = `r(N)' rows of the sample; bounds: percentiles `p_lower' and `p_upper'; `engine'")
ss_figure using "fig_before_after.svg"
ss_export using "table_winsor_report.csv", rows("`rows'")
ss_save using "data_clean.dta"
ss_event step name=export status=ok
