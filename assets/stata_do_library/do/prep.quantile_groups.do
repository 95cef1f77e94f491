* prep.quantile_groups 1.0.0: cuts variables into groups of equal size, such as quartiles, overall or within groups.
* Reads p_vars p_n_groups p_by_var.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample, strok(`p_by_var')
quietly keep if ss_use
local parts = 1
if "`p_by_var'" != "" {
    ss_groups `p_by_var', generate(ss_group)
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
    capture confirm new variable q`p_n_groups'_`variable'
    if _rc != 0 {
        local taken = `taken' + 1
    }
}
ss_check name_taken, fail(`taken' > 0) value(`taken')
ss_event step name=sample status=ok

ss_event step name=cut status=begin
tempname handle
tempfile rows
postfile `handle' str128 variable str2045 part double quantile_group double n double min double max double mean using "`rows'"
local uneven = 0
local row = 0
foreach variable of local p_vars {
    local new "q`p_n_groups'_`variable'"
    quietly generate int `new' = .
    forvalues g = 1/`parts' {
        local row = `row' + 1
        local name : label ss_group `g'
        quietly levelsof `variable' if ss_group == `g'
        local distinct = r(r)
        ss_check too_few_values, fail(`distinct' < 2) value(`distinct') row(`row')
        tempvar cut
        quietly xtile `cut' = `variable' if ss_group == `g', nquantiles(`p_n_groups')
        quietly replace `new' = `cut' if ss_group == `g'
        drop `cut'
        quietly count if ss_group == `g' & !missing(`variable')
        local fair = r(N) / `p_n_groups'
        forvalues q = 1/`p_n_groups' {
            quietly summarize `variable' if ss_group == `g' & `new' == `q'
            post `handle' ("`variable'") (`"`macval(name)'"') (`q') (r(N)) (r(min)) (r(max)) (r(mean))
            local uneven = `uneven' + (abs(r(N) - `fair') >= 1 + 0.05 * `fair')
        }
    }
    local words : variable label `variable'
    if `"`macval(words)'"' == "" {
        local words "`variable'"
    }
    label variable `new' `"`macval(words)' (`p_n_groups' groups)"'
}
postclose `handle'
ss_check ties_at_cut, warn(`uneven' > 0) value(`uneven')
local made : word count `p_vars'
ss_metric n_made = `made'
ss_event step name=cut status=ok

ss_event step name=export status=begin
ss_export using "table_group_bounds.csv", rows("`rows'")
ss_save using "data_grouped.dta"
ss_event step name=export status=ok
