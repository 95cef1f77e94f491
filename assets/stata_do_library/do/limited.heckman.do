* limited.heckman 1.0.0: regression of an outcome that is seen for selected rows only, with its selection equation.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_selection_vars(_fv) p_selection_var p_method p_vce p_cluster_vars p_weight_var p_weight_kind p_level.
local vce = cond("`p_vce'" == "classical", "oim", "robust")
if "`p_cluster_vars'" != "" {
    local vce "cluster `p_cluster_vars'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}
local options "vce(`vce')"
if "`p_method'" == "twostep" {
    local vce "two-step"
    local options "twostep"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_selection_vars' `p_selection_var', strok(`p_cluster_vars') weight(`p_weight_var') kind(`kind') nometric
quietly generate byte ss_selected = !missing(`p_outcome')
local chooser ""
if "`p_selection_var'" != "" {
    ss_binary `p_selection_var'
    quietly replace ss_selected = `p_selection_var' == 1
    local chooser "`p_selection_var' ="
}
* a selected row needs its outcome and regressors
local needed "`p_outcome' `p_regressors' `p_controls'"
foreach variable of local needed {
    quietly count if ss_use & ss_selected & missing(`variable')
    if r(N) > 0 {
        ss_event note key=missing value=`variable' rows=`r(N)'
    }
}
foreach variable of local needed {
    quietly replace ss_use = 0 if ss_selected & missing(`variable')
}
quietly count if ss_use & ss_selected
local chosen = r(N)
ss_check no_obs, fail(`chosen' == 0) value(`chosen')
quietly count if ss_use
ss_metric n_used = r(N)
ss_check none_censored, fail(r(N) == `chosen') value(r(N) - `chosen')
local inside "`p_regressors' `p_controls'"
local excluded : list p_selection_vars - inside
local count : word count `excluded'
ss_check no_exclusion, warn(`count' == 0) value(`count')
if "`p_cluster_vars'" != "" {
    ss_clusters `p_cluster_vars'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname all outcome selection
heckman `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use `weight', select(`chooser' `p_selection_vars_fv') `options' level(`p_level')
matrix `all' = r(table)
local equations : coleq `all'
local first : word 1 of `equations'
local terms = 0
local choosers = 0
foreach equation of local equations {
    if "`equation'" == "`first'" {
        local terms = `terms' + 1
    }
    else if substr("`equation'", 1, 1) != "/" {
        local choosers = `choosers' + 1
    }
}
matrix `outcome' = `all'[1..., 1..`terms']
matrix `selection' = `all'[1..., `=`terms' + 1'..`=`terms' + `choosers'']
local extra ""
if "`p_method'" == "ml" {
    ss_check converge, fail(e(converged) == 0) value(e(converged))
    local extra "ll e(ll) independence_chi2 e(chi2_c) independence_p e(p_c)"
}
ss_metric rho = e(rho)
ss_metric lambda = e(lambda)
ss_metric n_outcome_seen = e(N_selected)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local focal : word 1 of `p_regressors'
ss_fit_table using "table_fit.csv", scalars(N N_selected N_nonselected chi2 df_m rho sigma lambda selambda) se(`vce') weight(`kind') values(`extra' level `p_level')
ss_coef_table using "table_selection.csv", table(`selection') equation(selection)
ss_coef_table using "table_coefficients.csv", table(`outcome') equation(`p_outcome') focal(`focal') results
ss_event step name=export status=ok
