* spatial.regress 1.0.0: linear regression with spatial lags of the outcome, the regressors or the errors.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_x_coord p_y_coord p_unit p_coordinates p_weights p_neighbours p_threshold p_normalisation
* p_model p_estimator p_level.
local terms "`p_regressors_fv' `p_controls_fv'"
local lags ""
if inlist("`p_model'", "lag", "durbin", "both") {
    local lags "dvarlag(neighbours)"
}
if inlist("`p_model'", "error", "both") {
    local lags "`lags' errorlag(neighbours)"
}
if "`p_model'" == "durbin" {
    local lags "`lags' ivarlag(neighbours: `terms')"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_x_coord' `p_y_coord'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_x_coord' `p_y_coord'
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=weights status=begin
ss_spatial using "table_weights.csv", x(`p_x_coord') y(`p_y_coord') unit(`p_unit') coordinates(`p_coordinates') kind(`p_weights') neighbours(`p_neighbours') threshold(`p_threshold') normalize(`p_normalisation') least(10)
local used = _N
quietly regress `p_outcome' `terms'
ss_check few_df, fail(e(df_r) < 5) warn(e(df_r) < 20) value(e(df_r))
local plain_ll = e(ll)
quietly estat moran, errorlag(neighbours)
tempname tests moran
tempfile diagnostics
scalar `moran' = r(p)
postfile `tests' str32 test double statistic double df1 double df2 double p_value str120 note using "`diagnostics'"
post `tests' ("moran_residuals") (r(chi2)) (r(df)) (.) (r(p)) ("residuals of the plain regression; null: no spatial correlation")
ss_metric moran_chi2 = r(chi2)
ss_metric moran_p = r(p)
ss_event step name=weights status=ok

ss_event step name=estimate status=begin
capture noisily spregress `p_outcome' `terms', `p_estimator' `lags' level(`p_level')
local code = _rc
ss_check converge, fail(`code' == 430) value(`code')
if `code' != 0 {
    error `code'
}
tempname all coefficients
matrix `all' = r(table)
local last = colsof(`all') - ("`p_estimator'" == "ml")
matrix `coefficients' = `all'[1..., 1..`last']
ss_check converge, fail(e(converged) == 0) value(e(converged))
post `tests' ("spatial_terms") (e(chi2_c)) (e(df_c)) (.) (e(p_c)) ("Wald test; null: no spatial terms")
if "`p_estimator'" == "ml" {
    local count = e(df_c)
    post `tests' ("likelihood_ratio") (2 * (e(ll) - `plain_ll')) (`count') (.) (chi2tail(`count', 2 * (e(ll) - `plain_ll'))) ("against the plain regression")
}
postclose `tests'
ss_metric r2_p = e(r2_p)
local fit "N r2_p chi2 p df_m chi2_c p_c df_c"
if "`p_estimator'" == "ml" {
    local fit "`fit' ll"
}
ss_fit_table using "table_fit.csv", scalars(`fit') se(`p_estimator') values(level `p_level')
ss_event step name=estimate status=ok

ss_event step name=impacts status=begin
tempname handle
tempfile impacts
postfile `handle' str12 impact str2045 term double estimate double std_error double statistic double p_value double ci_low double ci_high using "`impacts'"
quietly estat impact, nolog
local z = invnormal(1 - (1 - `p_level' / 100) / 2)
foreach kind in direct indirect total {
    tempname b v
    matrix `b' = r(b_`kind')
    matrix `v' = r(V_`kind')
    local names : colnames `b'
    local k = 0
    foreach name of local names {
        local k = `k' + 1
        local estimate = el(`b', 1, `k')
        local se = sqrt(el(`v', `k', `k'))
        post `handle' ("`kind'") ("`name'") (`estimate') (`se') (`estimate' / `se') (2 * normal(-abs(`estimate' / `se'))) (`estimate' - `z' * `se') (`estimate' + `z' * `se')
    }
}
postclose `handle'
ss_event step name=impacts status=ok

ss_event step name=export status=begin
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_regressors'') results
ss_export using "table_impacts.csv", rows("`impacts'")
ss_export using "table_tests.csv", rows("`diagnostics'")
ss_label `p_outcome'
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`used') se(spatial regression: `p_model') title(`"Spatial regression: `=r(text)'"')
ss_event step name=export status=ok
