* multivariate.factor 1.0.0: which latent factors lie behind several items? Principal factors or maximum likelihood, rotated.
* Reads p_vars p_factors p_method p_rotation.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
}
local count : word count `p_vars'
quietly count if ss_use
local n = r(N)
ss_check no_obs, fail(`n' <= `count') value(`n') row(2)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname ev loadings psi handle kmo total
tempfile values rows
* the number of factors: stated, or eigenvalues of the correlations above one
quietly pca `p_vars' if ss_use
matrix `ev' = e(Ev)
local factors "`p_factors'"
if "`factors'" == "" {
    local factors = 0
    forvalues j = 1/`count' {
        local factors = `factors' + (el(`ev', 1, `j') > 1)
    }
    local factors = max(1, `factors')
}
ss_check bounds_order, fail(`factors' >= `count') value(`factors')
postfile `handle' double component double eigenvalue double share double cumulative using "`values'"
scalar `total' = 0
forvalues j = 1/`count' {
    scalar `total' = `total' + el(`ev', 1, `j') / `count'
    post `handle' (`j') (el(`ev', 1, `j')) (el(`ev', 1, `j') / `count') (`total')
}
postclose `handle'
scalar `kmo' = .
capture estat kmo
ss_check collinear, warn(_rc != 0) value(_rc)
if _rc == 0 {
    estat kmo
    scalar `kmo' = r(kmo)
}
local fit ""
if "`p_method'" == "ml" {
    factor `p_vars' if ss_use, ml factors(`factors')
    local fit "chi2 e(chi2_1) df e(df_1) p e(p_1)"
}
else {
    factor `p_vars' if ss_use, pf factors(`factors')
}
matrix `psi' = e(Psi)
local kept = e(f)
local heywood = 0
forvalues i = 1/`count' {
    local heywood = `heywood' + (el(`psi', 1, `i') <= 0.001)
}
ss_check heywood, warn(`heywood' > 0) value(`heywood')
matrix `loadings' = e(L)
ss_fit_table using "table_fit.csv", values(N `n' items `count' factors `kept' kmo `kmo' `fit')
if "`p_rotation'" != "none" & `kept' > 1 {
    if "`p_rotation'" == "varimax" {
        rotate, varimax
    }
    else {
        rotate, promax
    }
    matrix `loadings' = e(r_L)
}
ss_metric kmo = `kmo'
ss_metric n_factors = `kept'
postfile `handle' str128 variable double factor double loading double uniqueness using "`rows'"
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    forvalues j = 1/`kept' {
        post `handle' ("`variable'") (`j') (el(`loadings', `row', `j')) (el(`psi', 1, `row'))
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_eigenvalues.csv", rows("`values'")
ss_export using "table_loadings.csv", rows("`rows'")
ss_source
local engine "`r(engine)'"
preserve
quietly use "`values'", clear
twoway (connected eigenvalue component, lcolor("0 114 178") mcolor("0 114 178")), yline(1, lcolor(gs8) lpattern(dash)) title("Eigenvalues of the correlations") xtitle("Component") ytitle("Eigenvalue") ylabel(, angle(0)) legend(off) note("`kept' factors (`p_method', rotation: `p_rotation'); N = `n'; `engine'")
ss_figure using "fig_scree.svg"
restore
ss_event step name=export status=ok
