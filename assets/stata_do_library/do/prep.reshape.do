* prep.reshape 1.0.0: turns groups of columns into rows (long), or rows into columns (wide).
* Reads p_direction p_stubs p_panel_id p_j_var p_j_string.
ss_event step name=sample status=begin
ss_sample
quietly keep if ss_use
drop ss_*
confirm variable `p_panel_id'
local string ""
if `p_j_string' {
    local string "string"
}
local rows_before = _N
local columns_before = c(k)
tempname table
tempfile rows
ss_event step name=sample status=ok

ss_event step name=reshape status=begin
local cells = 0
if "`p_direction'" == "long" {
    quietly duplicates report `p_panel_id'
    local repeated = r(N) - r(unique_value)
    ss_check dup_key, fail(`repeated' > 0) value(`repeated')
    local absent = 0
    foreach stub of local p_stubs {
        capture unab found : `stub'*
        if _rc != 0 {
            local absent = `absent' + 1
        }
        else {
            local own : list found - stub
            local absent = `absent' + ("`own'" == "")
        }
    }
    ss_check stub_absent, fail(`absent' > 0) value(`absent')
    capture confirm new variable `p_j_var'
    local taken = _rc != 0
    ss_check name_taken, fail(`taken') value(`taken')
    ss_check nonconstant_in_unit, fail(0) value(0)
    reshape long `p_stubs', i(`p_panel_id') j(`p_j_var') `string'
}
else {
    confirm variable `p_j_var'
    local absent = 0
    foreach stub of local p_stubs {
        capture confirm variable `stub'
        local absent = `absent' + (_rc != 0)
    }
    ss_check stub_absent, fail(`absent' > 0) value(`absent')
    quietly duplicates report `p_panel_id' `p_j_var'
    local repeated = r(N) - r(unique_value)
    quietly count if missing(`p_j_var')
    local repeated = `repeated' + r(N)
    ss_check dup_key, fail(`repeated' > 0) value(`repeated')
    local carried ""
    foreach variable of varlist _all {
        local carried "`carried' `variable'"
    }
    local used "`p_panel_id' `p_j_var' `p_stubs'"
    local carried : list carried - used
    local changing ""
    foreach variable of local carried {
        tempvar differs
        quietly bysort `p_panel_id': generate byte `differs' = `variable' != `variable'[1]
        quietly count if `differs'
        if r(N) > 0 {
            local changing "`changing' `variable'"
            ss_event note key=nonconstant value=`variable' rows=`r(N)'
        }
        drop `differs'
    }
    local changing : word count `changing'
    ss_check nonconstant_in_unit, fail(`changing' > 0) value(`changing')
    local type : type `p_j_var'
    local text = substr("`type'", 1, 3) == "str"
    ss_check name_taken, fail(0) value(0)
    if `text' {
        local string "string"
    }
    reshape wide `p_stubs', i(`p_panel_id') j(`p_j_var') `string'
}
generate byte ss_use = 1
quietly duplicates report `p_panel_id'
local units = r(unique_value)
local first : word 1 of `p_stubs'
if "`p_direction'" == "long" {
    foreach stub of local p_stubs {
        quietly count if missing(`stub')
        local cells = `cells' + r(N)
    }
}
else {
    foreach stub of local p_stubs {
        foreach variable of varlist `stub'* {
            quietly count if missing(`variable')
            local cells = `cells' + r(N)
        }
    }
}
local columns_after = c(k) - 1
ss_metric n_units = `units'
ss_metric n_result = _N
postfile `table' str32 item double value str2045 detail using "`rows'"
post `table' ("rows_before") (`rows_before') ("")
post `table' ("columns_before") (`columns_before') ("")
post `table' ("rows_after") (_N) ("")
post `table' ("columns_after") (`columns_after') ("")
post `table' ("units") (`units') ("different values of `p_panel_id'")
post `table' ("empty_cells") (`cells') ("missing values in the reshaped columns")
postclose `table'
ss_event step name=reshape status=ok

ss_event step name=export status=begin
ss_export using "table_reshape_report.csv", rows("`rows'")
ss_save using "data_reshaped.dta"
ss_event step name=export status=ok
