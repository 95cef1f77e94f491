* panel.mundlak 1.1.2: correlated random effects: effects within units and between units in one model.
* Reads p_outcome p_regressors p_controls(_fv) p_panel_id p_time_var p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_regressors'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_time_var', strok(`p_panel_id')
ss_linear_probability `p_outcome'
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
quietly keep if ss_use
xtset ss_panel ss_period
ss_clusters ss_panel
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle p
tempfile rows tests
local means ""
local number = 0
foreach variable of local p_regressors {
    local number = `number' + 1
    quietly egen double ss_mean`number' = mean(`variable'), by(ss_panel)
    label variable ss_mean`number' "unit mean of `variable'"
    local means "`means' ss_mean`number'"
}
* random effects need more units than terms
quietly summarize ss_panel if ss_use, meanonly
local units = r(max)
capture noisily xtreg `p_outcome' `p_regressors' `p_controls_fv' `means', re vce(cluster ss_panel) level(`p_level')
local code = _rc
ss_check few_df, fail(`code' == 2001) value(`units')
if `code' != 0 {
    error `code'
}
matrix `coefficients' = r(table)
ss_metric rho = e(rho)
ss_metric sigma_u = e(sigma_u)
ss_metric n_groups = e(N_g)
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max r2_w r2_b r2_o sigma_u sigma_e rho chi2 df_m) se(cluster `p_panel_id') clusters(`p_panel_id') values(level `p_level')
postfile `handle' str128 term double within double se_within double p_within double between double se_between double p_between double contextual double se_contextual double p_contextual using "`rows'"
local number = 0
local tested ""
foreach variable of local p_regressors {
    local number = `number' + 1
    local w = _b[`variable']
    local sw = _se[`variable']
    local c = _b[ss_mean`number']
    local sc = _se[ss_mean`number']
    if `sc' == 0 {
        * a regressor that does not change within units is its own mean
        post `handle' ("`variable'") (.) (.) (.) (`w') (`sw') (2 * normal(-abs(`w' / `sw'))) (.) (.) (.)
        continue
    }
    local tested "`tested' ss_mean`number'"
    quietly lincom `variable' + ss_mean`number'
    local b = r(estimate)
    local sb = r(se)
    post `handle' ("`variable'") (`w') (`sw') (2 * normal(-abs(`w' / `sw'))) (`b') (`sb') (2 * normal(-abs(`b' / `sb'))) (`c') (`sc') (2 * normal(-abs(`c' / `sc')))
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=test status=begin
postfile `handle' str32 test double statistic double df1 double df2 double p_value str120 note using "`tests'"
* no unit mean has a standard error: an outcome that repeats the terms, or regressors that are their own means
ss_check collinear, fail("`tested'" == "") value(`number')
test `tested'
scalar `p' = r(p)
post `handle' ("unit_means") (r(chi2)) (r(df)) (.) (r(p)) ("chi2; null: random effects are consistent (Hausman test that allows for clusters)")
postclose `handle'
ss_metric mundlak_chi2 = r(chi2)
ss_metric mundlak_p = `p'
ss_event step name=test status=ok

ss_event step name=export status=begin
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`focal') results
ss_export using "table_within_between.csv", rows("`rows'")
ss_export using "table_tests.csv", rows("`tests'")
ss_event step name=export status=ok
