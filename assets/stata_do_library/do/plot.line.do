* plot.line 1.0.0: a measure over time, by group when given.
* Reads p_y p_time_var p_group p_stat p_mark_date p_title.
ss_event step name=sample status=begin
confirm numeric variable `p_y' `p_time_var'
ss_sample `p_y' `p_time_var', strok(`p_group')
if "`p_group'" != "" {
    ss_groups `p_group', generate(ss_group)
    ss_check too_many_levels, fail(r(groups) > 6) value(r(groups))
}
else {
    quietly generate byte ss_group = 1 if ss_use
    label define ss_group 1 "all"
    label values ss_group ss_group
}
quietly duplicates report ss_group `p_time_var' if ss_use
ss_check dup_key, fail("`p_stat'" == "none" & r(unique_value) < r(N)) value(r(N) - r(unique_value))
ss_event step name=sample status=ok

ss_event step name=series status=begin
local statistic = cond("`p_stat'" == "none", "mean", "`p_stat'")
tempfile rows
ss_series using "`rows'", y(`p_y') time(`p_time_var') group(ss_group) stat(`statistic')
ss_metric n_points = r(points)
ss_event step name=series status=ok

ss_event step name=export status=begin
ss_export using "table_series.csv", rows("`rows'")
ss_line_plot using "fig_line.svg", rows("`rows'") y(`p_y') time(`p_time_var') group(ss_group) stat(`p_stat') mark(`p_mark_date') title(`"`p_title'"')
ss_event step name=export status=ok
