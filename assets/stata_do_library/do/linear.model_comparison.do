* linear.model_comparison 1.1.0: how do estimates change as blocks of regressors are added?
* Reads p_outcome p_regressors(_fv) p_block2(_fv) p_block3(_fv) p_vce p_cluster_vars p_weight_var p_weight_kind p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`kind' = `p_weight_var']"
}
tempvar narrow
quietly generate byte `narrow' = ss_use & !missing(`p_outcome')
foreach variable of local p_regressors {
    quietly replace `narrow' = 0 if missing(`variable')
}
quietly count if `narrow'
local alone = r(N)
ss_sample `p_outcome' `p_regressors' `p_block2' `p_block3', strok(`p_cluster_vars') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
quietly count if ss_use
ss_check sample_changes, warn(r(N) < `alone') value(`alone' - r(N))
local errors = cond("`p_vce'" == "ols", "ols", "robust")
if "`p_cluster_vars'" != "" {
    local errors "cluster `p_cluster_vars'"
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname table1 table2 table3 rows information
tempfile posted
postfile `rows' str32 model double n double df_m double df_r double r2 double r2_a double rmse double ll double aic double bic double added_f double added_df1 double added_df2 double added_p str244 note using "`posted'"
local terms "`p_regressors_fv'"
local models ""
local stored ""
forvalues k = 1/3 {
    local added ""
    if `k' > 1 {
        local added "`p_block`k'_fv'"
        if "`added'" == "" {
            continue
        }
        local terms "`terms' `added'"
    }
    regress `p_outcome' `terms' if ss_use `weight', vce(`errors') level(`p_level')
    matrix `table`k'' = r(table)
    local models "`models' model`k' `table`k''"
    estimates store ss_model`k'
    local stored "`stored' ss_model`k'"
    tempname f df1 df2 p
    foreach part in f df1 df2 p {
        scalar ``part'' = .
    }
    if `k' > 1 {
        capture quietly testparm `added'
        if _rc == 0 {
            scalar `f' = r(F)
            scalar `df1' = r(df)
            scalar `df2' = r(df_r)
            scalar `p' = r(p)
        }
    }
    quietly estat ic
    matrix `information' = r(S)
    post `rows' ("model`k'") (e(N)) (e(df_m)) (e(df_r)) (e(r2)) (e(r2_a)) (e(rmse)) (e(ll)) (el(`information', 1, 5)) (el(`information', 1, 6)) (`f') (`df1') (`df2') (`p') ("standard errors: `errors'")
    ss_metric r2_model`k' = e(r2)
}
postclose `rows'
estimates table `stored', b(%9.4f) se(%9.4f) stats(N r2 r2_a)
ss_metric n_models = `: word count `stored''
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_models_table using "table_models.csv", models(`models') focal(`: word 1 of `p_regressors'')
ss_export using "table_comparison.csv", rows("`posted'")
ss_event step name=export status=ok
