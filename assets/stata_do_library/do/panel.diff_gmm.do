* panel.diff_gmm 1.0.0: difference GMM for a panel in which the past outcome matters, with its tests.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_panel_id p_time_var p_lags p_endogenous p_max_instrument_lag p_twostep p_vce p_level.
local vce "gmm"
local errors "conventional"
if "`p_vce'" == "robust" {
    local vce "robust"
    local errors "robust"
}
local steps ""
if `p_twostep' == 1 {
    local steps "twostep"
    local errors = cond("`p_vce'" == "robust", "Windmeijer-corrected", "two-step, uncorrected")
}
local limits ""
if "`p_max_instrument_lag'" != "" {
    local limits "maxldep(`p_max_instrument_lag') maxlags(`p_max_instrument_lag')"
}
local inner ""
if "`p_endogenous'" != "" {
    local inner "endogenous(`p_endogenous')"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_endogenous' `p_time_var', strok(`p_panel_id') nometric
local focal : word 1 of `p_regressors'
ss_panel `p_panel_id' `p_time_var', within(`p_outcome' `focal')
quietly keep if ss_use
xtset ss_panel ss_period
* an equation needs the change of the outcome and of its lags
tempvar ready
quietly generate byte `ready' = !missing(D.`p_outcome')
forvalues j = 1/`p_lags' {
    quietly replace `ready' = 0 if missing(L`j'D.`p_outcome')
}
quietly count if `ready'
ss_check too_few_periods, fail(r(N) == 0) value(r(N))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients handle sargan sargan_df sargan_p m1 p1 m2 p2
quietly xtabond `p_outcome' `p_regressors_fv' `p_controls_fv', noconstant lags(`p_lags') `inner' `limits' `steps'
scalar `sargan' = e(sargan)
scalar `sargan_df' = e(zrank) - e(rank)
scalar `sargan_p' = .
if `sargan_df' > 0 {
    estat sargan
    scalar `sargan_p' = r(p)
}
xtabond `p_outcome' `p_regressors_fv' `p_controls_fv', noconstant lags(`p_lags') `inner' `limits' `steps' vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_metric n_used = e(N)
ss_metric n_groups = e(N_g)
ss_metric n_instruments = e(zrank)
ss_check too_many_instruments, warn(e(zrank) > e(N_g)) value(e(zrank))
ss_event step name=estimate status=ok

ss_event step name=test status=begin
estat abond, artests(2)
scalar `m1' = r(m1)
scalar `p1' = r(p1)
scalar `m2' = r(m2)
scalar `p2' = r(p2)
ss_check ar2, warn(`p2' < 0.05) value(`p2')
tempfile tests
postfile `handle' str32 test double statistic double df1 double df2 double p_value str80 note using "`tests'"
post `handle' ("sargan") (`sargan') (`sargan_df') (.) (`sargan_p') ("overidentifying restrictions, conventional weights")
post `handle' ("ar1") (`m1') (.) (.) (`p1') ("serial correlation of first order is expected")
post `handle' ("ar2") (`m2') (.) (.) (`p2') ("second order: should not reject")
postclose `handle'
ss_event step name=test status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N N_g g_min g_avg g_max zrank chi2 df_m) se(`errors') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') equation(`p_outcome') focal(`focal') results
ss_export using "table_tests.csv", rows("`tests'")
ss_event step name=export status=ok
