* did.two_period 1.2.0: difference-in-differences of two groups and two periods.
* Reads p_outcome p_treatment p_post p_controls(_fv) p_cluster_var p_vce p_absorb_vars p_weight_var p_weight_kind p_level.
local vce "robust"
if "`p_vce'" == "classical" {
    local vce "ols"
}
if "`p_cluster_var'" != "" {
    local vce "cluster `p_cluster_var'"
}
local weight ""
local kind "none"
if "`p_weight_var'" != "" {
    local kind "`p_weight_kind'"
    local weight "[`p_weight_kind' = `p_weight_var']"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_treatment' `p_post'
ss_sample `p_outcome' `p_treatment' `p_post' `p_controls', strok(`p_cluster_var' `p_absorb_vars') weight(`p_weight_var') kind(`kind')
ss_linear_probability `p_outcome'
local row = 0
foreach variable in `p_treatment' `p_post' {
    local row = `row' + 1
    quietly count if ss_use & `variable' != 0 & `variable' != 1
    ss_check not_binary, fail(r(N) > 0) value(r(N)) row(`row')
}
local smallest = .
foreach t in 0 1 {
    foreach s in 0 1 {
        quietly count if ss_use & `p_treatment' == `t' & `p_post' == `s'
        local smallest = min(`smallest', r(N))
    }
}
ss_check empty_cell, fail(`smallest' == 0) value(`smallest')
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
if "`p_absorb_vars'" != "" {
    ss_groups `p_absorb_vars', generate(ss_absorb)
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients means adjusted
if "`p_absorb_vars'" == "" {
    regress `p_outcome' i.`p_treatment'##i.`p_post' `p_controls_fv' if ss_use `weight', vce(`vce') level(`p_level')
}
else {
    areg `p_outcome' i.`p_treatment'##i.`p_post' `p_controls_fv' if ss_use `weight', absorb(ss_absorb) vce(`vce') level(`p_level')
}
matrix `coefficients' = r(table)
ss_metric did = _b[1.`p_treatment'#1.`p_post']
ss_metric did_se = _se[1.`p_treatment'#1.`p_post']
ss_metric r2 = e(r2)
local rows_used = e(N)
margins `p_treatment'#`p_post', level(`p_level')
matrix `adjusted' = r(table)
tempfile mean_rows
postfile `means' double treatment double post double n double mean double sd double adjusted_mean double adjusted_se using "`mean_rows'"
local cell = 0
foreach t in 0 1 {
    foreach s in 0 1 {
        local cell = `cell' + 1
        quietly summarize `p_outcome' if ss_use & `p_treatment' == `t' & `p_post' == `s'
        post `means' (`t') (`s') (r(N)) (r(mean)) (r(sd)) (el(`adjusted', 1, `cell')) (el(`adjusted', 2, `cell'))
    }
}
postclose `means'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N r2 r2_a rmse F df_m df_r) se(`vce') weight(`kind') values(level `p_level')
ss_coef_table using "table_coefficients.csv", table(`coefficients') results
ss_export using "table_four_means.csv", rows("`mean_rows'")
ss_label `p_outcome'
ss_did_plot using "fig_means.svg", rows("`mean_rows'") title(`"`=r(text)'"') n(`rows_used') level(`p_level')
ss_event step name=export status=ok
