* limited.count 1.1.0: Poisson and negative binomial regression of a count, with tests of overdispersion.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_interactions p_exposure_var p_models p_vce p_cluster_var p_irr p_weight_var p_weight_kind p_level.
local vce = cond("`p_cluster_var'" != "", "cluster `p_cluster_var'", "`p_vce'")
local kind = cond("`p_weight_var'" != "", "`p_weight_kind'", "none")
local weight ""
if "`kind'" != "none" {
    local weight "[`kind' = `p_weight_var']"
}
local exposure ""
if "`p_exposure_var'" != "" {
    local exposure "exposure(`p_exposure_var')"
}

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls' `p_exposure_var', strok(`p_cluster_var') weight(`p_weight_var') kind(`kind')
quietly count if ss_use & `p_outcome' < 0
local negative = r(N)
if "`p_exposure_var'" != "" {
    quietly count if ss_use & `p_exposure_var' <= 0
    local negative = `negative' + r(N)
}
ss_check neg_values, fail(`negative' > 0) value(`negative')
quietly count if ss_use & `p_outcome' != floor(`p_outcome')
ss_check not_integer, fail(r(N) > 0) value(r(N))
if "`p_cluster_var'" != "" {
    ss_clusters `p_cluster_var'
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname poisson nbreg p_ll p_r2 p_chi2 p_bic deviance n_ll n_chi2 n_bic alpha lr
local models ""
local fit ""
quietly generate double ss_poisson = .
quietly generate double ss_nbreg = .
scalar `alpha' = .
if "`p_models'" != "nbreg" {
    poisson `p_outcome' `p_regressors_fv' `p_controls_fv' `p_interactions' if ss_use `weight', `exposure' vce(`vce') level(`p_level')
    matrix `poisson' = r(table)
    ss_check converge, fail(e(converged) == 0) value(e(converged)) row(1)
    scalar `p_ll' = e(ll)
    scalar `p_r2' = e(r2_p)
    scalar `p_chi2' = e(chi2)
    scalar `p_bic' = -2 * e(ll) + ln(e(N)) * e(rank)
    tempvar expected part
    quietly predict double `expected' if ss_use, n
    quietly replace ss_poisson = `expected'
    * mean Pearson statistic: about 1 where the variance equals the mean
    quietly generate double `part' = (`p_outcome' - `expected')^2 / `expected' if ss_use
    quietly summarize `part'
    scalar `deviance' = r(sum) / (r(N) - e(rank))
    ss_metric dispersion = `deviance'
    local models "poisson `poisson'"
    local fit "poisson_ll `p_ll' poisson_chi2 `p_chi2' poisson_r2_p `p_r2' poisson_bic `p_bic' dispersion `deviance'"
}
if "`p_models'" != "poisson" {
    nbreg `p_outcome' `p_regressors_fv' `p_controls_fv' `p_interactions' if ss_use `weight', `exposure' vce(`vce') level(`p_level')
    matrix `nbreg' = r(table)
    ss_check converge, fail(e(converged) == 0) value(e(converged)) row(2)
    scalar `n_ll' = e(ll)
    scalar `n_chi2' = e(chi2)
    scalar `n_bic' = -2 * e(ll) + ln(e(N)) * e(rank)
    scalar `alpha' = e(alpha)
    * without overdispersion the parameter runs against its boundary, where its error says nothing
    ss_check boundary, warn(`alpha' < 1e-6) value(`alpha')
    if `alpha' < 1e-6 {
        local last = colsof(`nbreg')
        forvalues i = 2/6 {
            matrix `nbreg'[`i', `last'] = .
        }
    }
    tempvar expected
    quietly predict double `expected' if ss_use, n
    quietly replace ss_nbreg = `expected'
    local models "`models' nbreg `nbreg'"
    local fit "`fit' nbreg_ll `n_ll' nbreg_chi2 `n_chi2' nbreg_bic `n_bic' alpha `alpha'"
}
if "`p_models'" == "both" {
    * likelihood-ratio test of alpha = 0, a half chi2(1) as zero is the edge of its range; all mass lies at zero or above
    scalar `lr' = max(0, 2 * (`n_ll' - `p_ll'))
    local fit "`fit' overdispersion_chi2 `lr' overdispersion_p cond(`lr'>0,0.5*chi2tail(1,`lr'),1)"
}
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_fit_table using "table_fit.csv", scalars(N) values(`fit' level `p_level') se(`vce') weight(`kind')
local blank = cond(`p_irr' == 1, "", "blank")
ss_models_table using "table_coefficients.csv", models(`models') eform(irr) `blank'
ss_count_plot using "fig_observed_predicted.svg", outcome(`p_outcome') alpha(`=`alpha'')
ss_event step name=export status=ok
