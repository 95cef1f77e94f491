* iv.tsls 1.3.0: two-stage least squares with first-stage statistics and tests.
* Reads p_outcome p_endogenous p_instruments(_fv) p_controls(_fv) p_vce p_cluster_var p_weight_var p_weight_kind p_level.
local vce "robust"
local first_vce "robust"
if "`p_vce'" == "unadjusted" {
    local vce "unadjusted"
    local first_vce "ols"
}
if "`p_cluster_var'" != "" {
    local vce "cluster `p_cluster_var'"
    local first_vce "`vce'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_endogenous'
ss_sample `p_outcome' `p_endogenous' `p_instruments' `p_controls', strok(`p_cluster_var') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
local needed : word count `p_endogenous'
ss_event step name=sample status=ok

ss_event step name=first_stage status=begin
tempname stages coefficients restricted full strength freedom p weakest tests statistic
tempfile stage_rows test_rows
postfile `stages' str32 endogenous double r2 double partial_r2 double f_stat double df1 double df2 double p_value str32 note using "`stage_rows'"
scalar `weakest' = .
local firsts ""
local row = 0
foreach variable of local p_endogenous {
    local row = `row' + 1
    quietly regress `variable' `p_controls_fv' if ss_use `weight'
    scalar `restricted' = e(r2)
    regress `variable' `p_instruments_fv' `p_controls_fv' if ss_use `weight', vce(`first_vce') level(`p_level')
    tempname first`row'
    matrix `first`row'' = r(table)
    local firsts "`firsts' `variable' `first`row''"
    scalar `full' = e(r2)
    testparm `p_instruments_fv'
    scalar `strength' = r(F)
    scalar `freedom' = r(df)
    ss_check underidentified, fail(r(df) < `needed') value(r(df)) row(`row')
    ss_check weak_iv, warn(`strength' < 10) value(`strength') row(`row')
    post `stages' ("`variable'") (`full') ((`full' - `restricted') / (1 - `restricted')) (`strength') (r(df)) (r(df_r)) (r(p)) ("F of the excluded instruments")
    scalar `weakest' = min(`weakest', `strength')
}
postclose `stages'
ss_metric first_stage_f = `weakest'
* Anderson and Rubin: the instruments in the reduced form
quietly regress `p_outcome' `p_instruments_fv' `p_controls_fv' if ss_use `weight', vce(`first_vce')
quietly testparm `p_instruments_fv'
local reduced = r(F)
local reduced_df = r(df)
local reduced_df_r = r(df_r)
local reduced_p = r(p)
ss_event step name=first_stage status=ok

ss_event step name=estimate status=begin
ivregress 2sls `p_outcome' `p_controls_fv' (`p_endogenous' = `p_instruments_fv') if ss_use `weight', vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_metric r2 = e(r2)
ss_metric rmse = e(rmse)
ss_event step name=estimate status=ok

ss_event step name=tests status=begin
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`test_rows'"
estat firststage
estat endogenous
if r(durbin) < . {
    post `tests' ("durbin") (r(durbin)) (r(df)) (.) (r(p_durbin)) ("chi2; null: variables are exogenous")
    post `tests' ("wu_hausman") (r(wu)) (r(df)) (r(wudf_r)) (r(p_wu)) ("F; null: variables are exogenous")
    ss_metric p_endogenous = r(p_wu)
}
else {
    if r(r_score) < . {
        post `tests' ("robust_score") (r(r_score)) (r(df)) (.) (r(p_r_score)) ("chi2; null: variables are exogenous")
    }
    post `tests' ("robust_regression") (r(regF)) (r(regFdf_n)) (r(regFdf_d)) (r(p_regF)) ("F; null: variables are exogenous")
    ss_metric p_endogenous = r(p_regF)
}
local excess = `freedom' - `needed'
scalar `p' = .
if `excess' > 0 & "`p_cluster_var'" == "" {
    estat overid
    if r(sargan) < . {
        post `tests' ("sargan") (r(sargan)) (r(df)) (.) (r(p_sargan)) ("chi2; null: instruments are valid")
        post `tests' ("basmann") (r(basmann)) (r(df)) (.) (r(p_basmann)) ("chi2; null: instruments are valid")
        scalar `p' = r(p_sargan)
    }
    else {
        post `tests' ("score") (r(score)) (r(df)) (.) (r(p_score)) ("chi2; null: instruments are valid")
        scalar `p' = r(p_score)
    }
}
else {
    local reason = cond(`excess' > 0, "not computed with clustered standard errors", "exactly identified: no test")
    post `tests' ("overidentification") (.) (`excess') (.) (.) ("`reason'")
}
post `tests' ("anderson_rubin") (`reduced') (`reduced_df') (`reduced_df_r') (`reduced_p') ("F; null: no effect of the endogenous variables; holds with weak instruments")
postclose `tests'
* an exactly identified model has no such test
if !missing(`p') {
    ss_check overid_reject, warn(`p' < 0.05) value(`p')
}
ss_event step name=tests status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N r2 rmse chi2 p df_m) se(`vce') weight(`kind') values(first_stage_f `weakest' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') focal(`: word 1 of `p_endogenous'') results
ss_export using "table_first_stage.csv", rows("`stage_rows'")
ss_models_table using "table_first_stage_coefficients.csv", models(`firsts') column(endogenous) equation(first stage)
ss_export using "table_tests.csv", rows("`test_rows'")
ss_event step name=export status=ok
