* plot.histogram 1.0.0: histogram of a variable, with a normal curve on request; frequency lines by group.
* Reads p_variable p_group p_bins p_density p_normal p_title.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
quietly summarize `p_variable' if ss_use
ss_check zero_spread, fail(r(N) < 2 | r(sd) == 0) value(r(sd))
tempname low width mean sd table
scalar `low' = r(min)
scalar `mean' = r(mean)
scalar `sd' = r(sd)
local total = r(N)
* default number of bins: [R] histogram, min(sqrt(N), 10 log10(N))
local bins "`p_bins'"
if "`bins'" == "" {
    local bins = round(min(sqrt(`total'), 10 * ln(`total') / ln(10)))
}
scalar `width' = (r(max) - r(min)) / `bins'
local groups = 1
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group)
    local groups = r(groups)
    ss_check too_many_levels, fail(`groups' > 6) value(`groups')
}
else {
    quietly generate byte ss_group = 1 if ss_use
    label define ss_group 1 "all"
    label values ss_group ss_group
}
ss_metric n_bins = `bins'
ss_event step name=sample status=ok

ss_event step name=count status=begin
* a value on the upper edge of the last bin belongs to it
quietly generate long ss_bin = min(`bins', 1 + floor((`p_variable' - `low') / `width')) if ss_use
tempfile rows
postfile `table' str2045 group double bin double low double high double count double percent double density using "`rows'"
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly count if ss_group == `g'
    local n = r(N)
    forvalues b = 1/`bins' {
        quietly count if ss_group == `g' & ss_bin == `b'
        post `table' (`"`macval(name)'"') (`b') (`low' + (`b' - 1) * `width') (`low' + `b' * `width') (r(N)) (100 * r(N) / `n') (r(N) / (`n' * `width'))
    }
}
postclose `table'
ss_event step name=count status=ok

ss_event step name=export status=begin
ss_export using "table_bins.csv", rows("`rows'")
local height = cond(`p_density' == 1 | `p_normal' == 1, "density", "percent")
local curve ""
if `p_normal' == 1 {
    local curve "mean(`=strofreal(`mean', "%18.0g")') sd(`=strofreal(`sd', "%18.0g")')"
}
ss_bins_plot using "fig_histogram.svg", rows("`rows'") variable(`p_variable') group(ss_group) height(`height') n(`total') title(`"`p_title'"') `curve'
ss_event step name=export status=ok
