* plot.binned 1.0.0: binned scatter: means of the outcome in equal-sized bins of a variable, after controls.
* Reads p_outcome p_focal p_controls(_fv) p_n_bins p_vce p_title p_level.
local vce "robust"
if "`p_vce'" == "classical" {
    local vce "ols"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_focal'
ss_sample `p_outcome' `p_focal' `p_controls', maxloss(0.2)
quietly summarize `p_focal' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
quietly count if ss_use
local used = r(N)
ss_check too_few_values, fail(`used' < 2 * `p_n_bins') value(`used')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle coefficients
tempfile rows
* residuals on the controls, moved back to the means
foreach part in outcome focal {
    quietly summarize `p_`part'' if ss_use
    local mean = r(mean)
    if "`p_controls'" == "" {
        quietly generate double ss_`part' = `p_`part'' if ss_use
    }
    else {
        quietly regress `p_`part'' `p_controls_fv' if ss_use
        quietly predict double ss_`part' if ss_use, residuals
        quietly replace ss_`part' = ss_`part' + `mean'
    }
}
quietly xtile ss_bin = ss_focal if ss_use, nquantiles(`p_n_bins')
quietly levelsof ss_bin, local(bins)
local found : word count `bins'
ss_check ties_at_cut, warn(`found' < `p_n_bins') value(`found')
local least = .
postfile `handle' double bin double n double x double y double std_error double ci_low double ci_high double x_low double x_high using "`rows'"
foreach bin of local bins {
    quietly summarize ss_focal if ss_use & ss_bin == `bin'
    local x = r(mean)
    local low = r(min)
    local high = r(max)
    quietly summarize ss_outcome if ss_use & ss_bin == `bin'
    local least = min(`least', r(N))
    local se = r(sd) / sqrt(r(N))
    local half = invttail(r(N) - 1, (1 - `p_level' / 100) / 2) * `se'
    post `handle' (`bin') (r(N)) (`x') (r(mean)) (`se') (r(mean) - `half') (r(mean) + `half') (`low') (`high')
}
postclose `handle'
ss_check small_group, warn(`least' < 5) value(`least')
regress `p_outcome' `p_focal' `p_controls_fv' if ss_use, vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
local slope = _b[`p_focal']
ss_metric slope = `slope'
ss_metric slope_se = _se[`p_focal']
ss_metric n_bins = `found'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_bins.csv", rows("`rows'")
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`p_focal') results
ss_fit_table using "table_fit.csv", scalars(N r2 rmse F df_m df_r) se(`vce') values(bins `found' level `p_level')
ss_label `p_outcome'
local ytitle = r(text)
ss_label `p_focal'
local xtitle = r(text)
local title `"`p_title'"'
if `"`macval(title)'"' == "" {
    local title `"`macval(ytitle)' by `macval(xtitle)', in bins"'
}
local note "no controls"
if "`p_controls'" != "" {
    local note "controls held constant: `p_controls'"
}
quietly summarize ss_outcome if ss_use, meanonly
local my = r(mean)
quietly summarize ss_focal if ss_use, meanonly
local mx = r(mean)
ss_source
local engine "`r(engine)'"
preserve
quietly use "`rows'", clear
quietly generate double line = `my' + `slope' * (x - `mx')
twoway (rcap ci_low ci_high x, lcolor(gs10)) (scatter y x, mcolor("0 114 178")) (line line x, lcolor("213 94 0")), title(`"`macval(title)'"') xtitle(`"`macval(xtitle)'"') ytitle(`"`macval(ytitle)'"') ///
    ylabel(, angle(0)) legend(order(2 "mean of a bin" 1 "`p_level'% interval" 3 "linear regression")) note(`"N = `used', `found' bins; `note'; `engine'"')
ss_figure using "fig_binned.svg"
restore
ss_event step name=export status=ok
