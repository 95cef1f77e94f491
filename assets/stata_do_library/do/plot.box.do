* plot.box 1.0.0: box plots of one or several variables, by group on request.
* Reads p_vars p_group p_title.
ss_event step name=sample status=begin
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    capture confirm numeric variable `variable'
    ss_check non_numeric, fail(_rc != 0) row(`row')
}
ss_sample, strok(`p_group')
local groups = 1
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group)
    local groups = r(groups)
    ss_check too_many_levels, fail(`groups' > 20) value(`groups')
}
else {
    quietly generate byte ss_group = 1 if ss_use
    label define ss_group 1 "all"
    label values ss_group ss_group
}
ss_event step name=sample status=ok

ss_event step name=count status=begin
tempname table q1 q2 q3 low high
tempfile rows
postfile `table' str32 variable str2045 group double n double lower_adjacent double q1 double median double q3 double upper_adjacent double n_outside double min double max using "`rows'"
local row = 0
local outside = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly count if ss_use & !missing(`variable')
    ss_check no_obs, fail(r(N) == 0) value(r(N)) row(`row')
    forvalues g = 1/`groups' {
        local name : label ss_group `g'
        quietly summarize `variable' if ss_group == `g', detail
        local n = r(N)
        if `n' == 0 {
            post `table' ("`variable'") (`"`macval(name)'"') (0) (.) (.) (.) (.) (.) (0) (.) (.)
            continue
        }
        scalar `q1' = r(p25)
        scalar `q2' = r(p50)
        scalar `q3' = r(p75)
        scalar `low' = r(min)
        scalar `high' = r(max)
        * adjacent values: the last ones within 1.5 interquartile ranges, Tukey (1977)
        quietly summarize `variable' if ss_group == `g' & `variable' >= `q1' - 1.5 * (`q3' - `q1') & `variable' <= `q3' + 1.5 * (`q3' - `q1')
        post `table' ("`variable'") (`"`macval(name)'"') (`n') (r(min)) (`q1') (`q2') (`q3') (r(max)) (`n' - r(N)) (`low') (`high')
        local outside = `outside' + `n' - r(N)
    }
}
postclose `table'
ss_metric n_groups = `groups'
ss_metric n_outside = `outside'
ss_event step name=count status=ok

ss_event step name=export status=begin
ss_export using "table_five_numbers.csv", rows("`rows'")
ss_boxes_plot using "fig_box.svg", variables(`p_vars') group(ss_group) groups(`groups') title(`"`p_title'"')
ss_event step name=export status=ok
