* linear.twoway_cluster 1.1.2: linear regression with standard errors clustered in two dimensions.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_first_cluster p_second_cluster p_absorb_vars p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_first_cluster' `p_second_cluster' `p_absorb_vars')
ss_linear_probability `p_outcome'
quietly egen long ss_one = group(`p_first_cluster') if ss_use
quietly egen long ss_two = group(`p_second_cluster') if ss_use
quietly egen long ss_both = group(ss_one ss_two) if ss_use
* the dimension with fewer clusters sets the degrees of freedom
quietly summarize ss_one if ss_use, meanonly
local clusters = r(max)
quietly summarize ss_two if ss_use, meanonly
local clusters = min(`clusters', r(max))
ss_check few_clusters, warn(`clusters' < 30) fail(`clusters' < 2) value(`clusters')
if "`p_absorb_vars'" != "" {
    ss_groups `p_absorb_vars', generate(ss_absorb)
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname b v part one two handle f p se half t
local sizes ""
foreach dimension in one two both {
    if "`p_absorb_vars'" == "" {
        regress `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, vce(cluster ss_`dimension')
    }
    else {
        areg `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, absorb(ss_absorb) vce(cluster ss_`dimension')
    }
    matrix `part' = e(V)
    local g_`dimension' = e(N_clust)
    if "`dimension'" == "one" {
        matrix `b' = e(b)
        matrix `v' = `part'
        matrix `one' = `part'
    }
    if "`dimension'" == "two" {
        matrix `v' = `v' + `part'
        matrix `two' = `part'
    }
    if "`dimension'" == "both" {
        * Cameron, Gelbach and Miller (2011): each sum keeps its own factor
        matrix `v' = `v' - `part'
    }
}
local n = e(N)
local r2 = e(r2)
* an outcome that repeats the terms leaves no errors, and no estimate has a standard error
ss_check collinear, fail(`r2' >= 1 - 1e-12) value(`r2')
local r2_a = e(r2_a)
local rmse = e(rmse)
local df = min(`g_one', `g_two') - 1
local fell = 0
local k = colsof(`b')
forvalues j = 1/`k' {
    local fell = `fell' + (el(`v', `j', `j') < 0)
}
* a difference of covariances can have a negative variance: then the larger of the two dimensions
ss_check boundary, warn(`fell' > 0) value(`fell')
tempname table
matrix `table' = J(6, `k', .)
matrix colnames `table' = `: colfullnames `b''
forvalues j = 1/`k' {
    scalar `se' = sqrt(cond(el(`v', `j', `j') >= 0, el(`v', `j', `j'), max(el(`one', `j', `j'), el(`two', `j', `j'))))
    if `se' > 0 {
        matrix `table'[1, `j'] = el(`b', 1, `j')
        matrix `table'[2, `j'] = `se'
        matrix `table'[3, `j'] = el(`b', 1, `j') / `se'
        matrix `table'[4, `j'] = 2 * ttail(`df', abs(el(`b', 1, `j') / `se'))
        matrix `table'[5, `j'] = el(`b', 1, `j') - invttail(`df', (1 - `p_level' / 100) / 2) * `se'
        matrix `table'[6, `j'] = el(`b', 1, `j') + invttail(`df', (1 - `p_level' / 100) / 2) * `se'
    }
}
ss_metric r2 = `r2'
ss_metric n_first = `g_one'
ss_metric n_second = `g_two'
* errors of one dimension next to those of both
tempfile rows
postfile `handle' str2045 term double estimate double se_first double se_second double se_both using "`rows'"
local terms : colnames `b'
forvalues j = 1/`k' {
    if !missing(el(`table', 2, `j')) {
        post `handle' ("`: word `j' of `terms''") (el(`b', 1, `j')) (sqrt(el(`one', `j', `j'))) (sqrt(el(`two', `j', `j'))) (el(`table', 2, `j'))
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", se(clustered in two dimensions) clusters(`p_first_cluster' `p_second_cluster') nclusters(`clusters') values(N `n' r2 `r2' r2_a `r2_a' rmse `rmse' clusters_first `g_one' clusters_second `g_two' clusters_both `g_both' df_r `df' level `p_level')
ss_coef_table using "table_coefficients.csv", table(`table') focal(`: word 1 of `p_regressors'') results equation(`p_outcome')
ss_export using "table_errors.csv", rows("`rows'")
ss_event step name=export status=ok
