* iv.gmm 1.1.0: instrumental variables by efficient GMM, next to 2SLS and LIML, with Hansen's J.
* Reads p_outcome p_endogenous p_instruments(_fv) p_controls(_fv) p_cluster_vars p_level.
local matrix "robust"
local vce "robust"
if "`p_cluster_vars'" != "" {
    local matrix "cluster `p_cluster_vars'"
    local vce "cluster `p_cluster_vars'"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_endogenous'
ss_sample `p_outcome' `p_endogenous' `p_instruments' `p_controls', strok(`p_cluster_vars')
ss_linear_probability `p_outcome'
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
local needed : word count `p_endogenous'
ss_event step name=sample status=ok

ss_event step name=first_stage status=begin
tempname handle weakest tests gmm tsls liml
tempfile stages rows
scalar `weakest' = .
postfile `handle' str128 endogenous double r2 double f_stat double df1 double df2 double p_value using "`stages'"
local row = 0
foreach variable of local p_endogenous {
    local row = `row' + 1
    regress `variable' `p_instruments_fv' `p_controls_fv' if ss_use, vce(`vce')
    local r2 = e(r2)
    testparm `p_instruments_fv'
    local count = r(df)
    ss_check underidentified, fail(`count' < `needed') value(`count') row(`row')
    ss_check weak_iv, warn(r(F) < 10) value(r(F)) row(`row')
    scalar `weakest' = min(`weakest', r(F))
    post `handle' ("`variable'") (`r2') (r(F)) (r(df)) (r(df_r)) (r(p))
}
postclose `handle'
ss_metric first_stage_f = `weakest'
ss_event step name=first_stage status=ok

ss_event step name=estimate status=begin
ivregress 2sls `p_outcome' `p_controls_fv' (`p_endogenous' = `p_instruments_fv') if ss_use, vce(`vce') level(`p_level')
matrix `tsls' = r(table)
ivregress liml `p_outcome' `p_controls_fv' (`p_endogenous' = `p_instruments_fv') if ss_use, vce(`vce') level(`p_level')
matrix `liml' = r(table)
local kappa = e(kappa)
ivregress gmm `p_outcome' `p_controls_fv' (`p_endogenous' = `p_instruments_fv') if ss_use, wmatrix(`matrix') vce(`vce') level(`p_level')
matrix `gmm' = r(table)
ss_metric rmse = e(rmse)
local excess = `count' - `needed'
local j = e(J)
local j_p = .
local note "exactly identified: no test"
if `excess' > 0 {
    local j_p = chi2tail(`excess', `j')
    local note "chi2; null: instruments are valid"
}
else {
    local j = .
}
* an exactly identified model has no such test
if !missing(`j_p') {
    ss_check overid_reject, warn(`j_p' < 0.05) value(`j_p')
}
ss_metric j_p = `j_p'
postfile `tests' str32 test double statistic double df1 double df2 double p_value str244 note using "`rows'"
post `tests' ("hansen_j") (`j') (`excess') (.) (`j_p') ("`note'")
post `tests' ("liml_kappa") (`kappa') (.) (.) (.) ("far above one: the instruments and the equation disagree")
postclose `tests'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N rmse chi2 df_m) se(`vce') values(first_stage_f `weakest' instruments `count' level `p_level')
ss_models_table using "table_coefficients.csv", models(gmm `gmm' tsls `tsls' liml `liml') focal(`: word 1 of `p_endogenous'') equation(`p_outcome')
ss_export using "table_first_stage.csv", rows("`stages'")
ss_export using "table_tests.csv", rows("`rows'")
ss_event step name=export status=ok
