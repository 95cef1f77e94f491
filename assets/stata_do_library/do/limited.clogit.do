* limited.clogit 1.0.1: conditional logit of cases and controls that were matched into sets.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_set_id p_vce p_level.
local vce = cond("`p_vce'" == "classical", "oim", "cluster ss_set")
local errors = cond("`p_vce'" == "classical", "information matrix", "cluster `p_set_id'")

ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
ss_sample `p_outcome' `p_regressors' `p_controls', strok(`p_set_id') nometric
ss_binary `p_outcome'
quietly egen long ss_set = group(`p_set_id') if ss_use
quietly egen double ss_share = mean(`p_outcome') if ss_use, by(ss_set)
quietly count if ss_use & ss_share > 0 & ss_share < 1
ss_check no_within, fail(r(N) == 0) value(r(N))
quietly egen byte ss_first = tag(ss_set) if ss_use
quietly count if ss_first == 1
local sets = r(N)
quietly count if ss_first == 1 & (ss_share == 0 | ss_share == 1)
local unused = r(N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname coefficients crude
quietly logit `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, vce(cluster ss_set) level(`p_level')
matrix `crude' = r(table)
local everyone = e(N)
clogit `p_outcome' `p_regressors_fv' `p_controls_fv' if ss_use, group(ss_set) vce(`vce') level(`p_level')
matrix `coefficients' = r(table)
ss_check converge, fail(e(converged) == 0) value(e(converged))
quietly replace ss_use = 0 if !e(sample)
ss_metric n_used = e(N)
ss_metric n_sets = `sets' - `unused'
ss_metric ll = e(ll)
ss_metric chi2 = e(chi2)
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local used = e(N)
ss_fit_table using "table_fit.csv", scalars(N ll ll_0 r2_p chi2 p df_m) se(`errors') clusters(`p_set_id') values(N_unmatched `everyone' sets_used `sets'-`unused' sets_unused `unused' level `p_level')
ss_models_table using "table_coefficients.csv", models(matched `coefficients' unmatched `crude') focal(`: word 1 of `p_regressors'') eform(odds_ratio) equation(`p_outcome')
ss_label `p_outcome'
ss_coef_plot using "fig_coef_plot.svg", table(`coefficients') level(`p_level') n(`used') se(standard errors: `errors') title(`"Conditional logit: `=r(text)'"') xtitle("Log odds ratio with interval")
ss_event step name=export status=ok
