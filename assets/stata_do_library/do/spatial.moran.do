* spatial.moran 1.0.0: are values of neighbouring units alike? Moran's I and Geary's c of one variable, with the lag of the neighbours.
* Reads p_outcome p_x_coord p_y_coord p_unit p_coordinates p_weights p_neighbours p_threshold p_normalisation.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_x_coord' `p_y_coord'
ss_sample `p_outcome' `p_x_coord' `p_y_coord', maxloss(0.2)
quietly summarize `p_outcome' if ss_use
local centre = r(mean)
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=weights status=begin
ss_spatial using "table_weights.csv", x(`p_x_coord') y(`p_y_coord') unit(`p_unit') coordinates(`p_coordinates') kind(`p_weights') neighbours(`p_neighbours') threshold(`p_threshold') normalize(`p_normalisation') least(10)
local used = _N
ss_check few_df, warn(`used' < 30) value(`used')
ss_event step name=weights status=ok

ss_event step name=estimate status=begin
tempname found handle cells z p
tempfile rows quadrants
ss_autocorrelation `p_outcome'
matrix `found' = r(table)
postfile `handle' str8 measure str16 assumption double estimate double expected double std_error double statistic double p_value str120 note using "`rows'"
forvalues k = 1/4 {
    local measure = cond(mod(`k', 2), "moran", "geary")
    local null = cond(`k' < 3, "randomisation", "normality")
    local note = cond(`k' < 3, "null: values are placed at random", "null: values are independent and normal")
    scalar `z' = (`found'[`k', 1] - `found'[`k', 2]) / `found'[`k', 3]
    scalar `p' = 2 * normal(-abs(`z'))
    post `handle' ("`measure'") ("`null'") (`found'[`k', 1]) (`found'[`k', 2]) (`found'[`k', 3]) (`z') (`p') ("`note'")
    if `k' == 1 {
        ss_metric moran = `found'[1, 1]
        ss_metric moran_z = `z'
        ss_metric moran_p = `p'
    }
}
postclose `handle'
ss_metric geary = `found'[2, 1]
ss_event step name=estimate status=ok

ss_event step name=quadrants status=begin
* units above or below the mean beside neighbours above or below it
quietly generate double ss_own = `p_outcome' - `centre'
quietly spgenerate double ss_beside = neighbours*ss_own
quietly spgenerate double ss_lag = neighbours*`p_outcome'
quietly replace ss_lag = . if ss_neighbours == 0
quietly count if ss_neighbours > 0
local judged = r(N)
postfile `cells' str12 quadrant double n double share using "`quadrants'"
foreach name in high_high low_low high_low low_high {
    local own = cond(strpos("`name'", "high") == 1, ">", "<=")
    local beside = cond(substr("`name'", -4, 4) == "high", ">", "<=")
    quietly count if ss_own `own' 0 & ss_beside `beside' 0 & ss_neighbours > 0
    post `cells' ("`name'") (r(N)) (r(N) / `judged')
}
postclose `cells'
ss_event step name=quadrants status=ok

ss_event step name=export status=begin
ss_export using "table_autocorrelation.csv", rows("`rows'")
ss_export using "table_quadrants.csv", rows("`quadrants'")
ss_label `p_outcome'
local text = r(text)
label variable ss_lag "Neighbours: `macval(text)'"
quietly generate byte ss_all = 1
ss_scatter_plot using "fig_moran.svg", y(ss_lag) x(`p_outcome') group(ss_all) fit(linear) title(`"Spatial lag: `macval(text)'"')
ss_event step name=export status=ok
