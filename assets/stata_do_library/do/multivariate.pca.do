* multivariate.pca 1.0.1: principal components of several variables.
* Reads p_vars p_components p_standardize.
ss_event step name=sample status=begin
foreach variable of local p_vars {
    confirm numeric variable `variable'
}
ss_sample `p_vars', maxloss(0.2)
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
}
local count : word count `p_vars'
quietly count if ss_use
ss_check no_obs, fail(r(N) <= `count') value(r(N))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname ev loadings psi kmo kmow handle
tempfile value_rows loading_rows
local option ""
local kind "correlations"
if `p_standardize' != 1 {
    local option "covariance"
    local kind "covariances"
}
pca `p_vars' if ss_use, `option'
matrix `ev' = e(Ev)
local trace = e(trace)
* without a stated number: eigenvalues above the mean one
local components "`p_components'"
if "`components'" == "" {
    local components = 0
    forvalues j = 1/`count' {
        if el(`ev', 1, `j') > `trace' / `count' {
            local components = `components' + 1
        }
    }
    local components = max(1, `components')
}
ss_check bounds_order, fail(`components' > `count') value(`components')
quietly pca `p_vars' if ss_use, `option' components(`components')
matrix `loadings' = e(L)
matrix `psi' = e(Psi)
ss_metric n_components = e(f)
ss_metric explained = e(rho)
* the measure needs an inverse, the components do not
scalar `kmo' = .
matrix `kmow' = J(1, `count', .)
capture estat kmo
ss_check collinear, warn(_rc != 0) value(_rc)
if _rc == 0 {
    estat kmo
    scalar `kmo' = r(kmo)
    matrix `kmow' = r(kmow)
}
ss_metric kmo = `kmo'
postfile `handle' double component double eigenvalue double share double cumulative str8 retained using "`value_rows'"
tempname sum
scalar `sum' = 0
forvalues j = 1/`count' {
    scalar `sum' = `sum' + el(`ev', 1, `j') / `trace'
    post `handle' (`j') (el(`ev', 1, `j')) (el(`ev', 1, `j') / `trace') (`sum') (cond(`j' <= `components', "yes", "no"))
}
postclose `handle'
postfile `handle' str2045 variable double component double loading double unexplained double kmo using "`loading_rows'"
local row = 0
foreach variable of local p_vars {
    local row = `row' + 1
    forvalues j = 1/`components' {
        post `handle' ("`variable'") (`j') (el(`loadings', `row', `j')) (el(`psi', 1, `row')) (el(`kmow', 1, `row'))
    }
}
postclose `handle'
forvalues j = 1/`components' {
    local scores "`scores' component`j'"
}
foreach name of local scores {
    capture confirm new variable `name'
    ss_check name_taken, fail(_rc != 0) value(_rc)
}
quietly predict double `scores' if ss_use, score
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_eigenvalues.csv", rows("`value_rows'")
ss_export using "table_loadings.csv", rows("`loading_rows'")
ss_save using "data_scores.dta"
quietly count if ss_use
local used = r(N)
ss_source
screeplot, mean title("Eigenvalues of the `kind'") xtitle("Component") ytitle("Eigenvalue") note("Line: mean eigenvalue; N = `used' rows of the sample; `r(engine)'")
ss_figure using "fig_scree.svg"
ss_event step name=export status=ok
