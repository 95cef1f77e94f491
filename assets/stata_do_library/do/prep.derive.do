* prep.derive 1.0.0: makes logarithms, squares, differences, lags, z-scores or deviations from the mean.
* Reads p_vars p_operation p_panel_id p_time_var p_lags.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample
quietly keep if ss_use
local prefix = cond("`p_operation'" == "log", "ln_", cond("`p_operation'" == "log1p", "ln1p_", cond("`p_operation'" == "square", "sq_", cond("`p_operation'" == "difference", "d`p_lags'_", cond("`p_operation'" == "lag", "l`p_lags'_", cond("`p_operation'" == "zscore", "z_", "dm_"))))))
local taken = 0
foreach variable of local p_vars {
    capture confirm new variable `prefix'`variable'
    if _rc != 0 {
        local taken = `taken' + 1
        ss_event note key=name_taken value=`prefix'`variable'
    }
}
ss_check name_taken, fail(`taken' > 0) value(`taken')
if "`p_operation'" == "difference" | "`p_operation'" == "lag" {
    local unset = "`p_time_var'" == ""
    if !`unset' {
        if "`p_panel_id'" != "" {
            quietly egen long ss_unit = group(`p_panel_id')
            capture xtset ss_unit `p_time_var'
            local unset = _rc != 0
        }
        else {
            capture tsset `p_time_var'
            local unset = _rc != 0
        }
    }
    ss_check panel_unset, fail(`unset') value(`unset')
}
ss_event step name=sample status=ok

ss_event step name=transform status=begin
tempname table average spread
tempfile rows
postfile `table' str32 variable str32 new_variable str16 operation double n double missing double missing_before double mean double sd double min double max str244 note using "`rows'"
quietly generate byte ss_all = 1
local group "ss_all"
if "`p_panel_id'" != "" {
    local group "`p_panel_id'"
}
foreach variable of local p_vars {
    local new "`prefix'`variable'"
    local words : variable label `variable'
    if `"`macval(words)'"' == "" {
        local words "`variable'"
    }
    local note ""
    if "`p_operation'" == "log" | "`p_operation'" == "log1p" {
        local floor = cond("`p_operation'" == "log", 0, -1)
        quietly count if `variable' <= `floor'
        ss_check neg_values, fail(r(N) > 0) value(r(N))
        quietly generate double `new' = ln(`variable' - `floor')
        local note "natural logarithm"
    }
    if "`p_operation'" == "square" {
        quietly generate double `new' = `variable'^2
        local note "square, in squared units"
    }
    if "`p_operation'" == "difference" {
        quietly generate double `new' = `variable' - L`p_lags'.`variable'
        local note "change over `p_lags' period(s); gaps stay missing"
    }
    if "`p_operation'" == "lag" {
        quietly generate double `new' = L`p_lags'.`variable'
        local note "value `p_lags' period(s) before; gaps stay missing"
    }
    if "`p_operation'" == "zscore" {
        quietly summarize `variable'
        scalar `average' = r(mean)
        scalar `spread' = r(sd)
        local constant = !(r(N) > 1 & r(sd) > 0)
        ss_check zero_spread, fail(`constant') value(r(sd))
        quietly generate double `new' = (`variable' - `average') / `spread'
        local note "in standard deviations from the mean of the sample"
    }
    if "`p_operation'" == "demean" {
        quietly egen double `new' = mean(`variable'), by(`group')
        quietly replace `new' = `variable' - `new'
        local note = cond("`p_panel_id'" == "", "deviation from the mean of the sample", "deviation from the mean of each `p_panel_id'")
    }
    label variable `new' `"`macval(words)' (`p_operation')"'
    quietly count if missing(`variable')
    local before = r(N)
    quietly count if missing(`new')
    local missing = r(N)
    quietly summarize `new'
    post `table' ("`variable'") ("`new'") ("`p_operation'") (r(N)) (`missing') (`before') (r(mean)) (r(sd)) (r(min)) (r(max)) ("`note'")
}
postclose `table'
local derived : word count `p_vars'
ss_metric n_derived = `derived'
ss_event step name=transform status=ok

ss_event step name=export status=begin
ss_export using "table_derive_report.csv", rows("`rows'")
ss_save using "data_derived.dta"
ss_event step name=export status=ok
