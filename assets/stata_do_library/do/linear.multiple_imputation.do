* linear.multiple_imputation 1.0.0: regression after missing values were imputed several times by chained equations.
* Reads p_outcome p_regressors(_fv) p_controls(_fv) p_auxiliary(_fv) p_model p_method p_neighbours p_imputations p_burnin p_seed p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome'
* rows of which nothing in the model is known say nothing about it
quietly generate long ss_known = 0
quietly generate byte ss_complete = 1
foreach variable in `p_outcome' `p_regressors' `p_controls' {
    quietly replace ss_known = ss_known + !missing(`variable')
    quietly replace ss_complete = 0 if missing(`variable')
}
quietly replace ss_use = 0 if ss_known == 0
ss_sample
quietly keep if ss_use
if "`p_model'" == "logit" {
    quietly count if !missing(`p_outcome') & `p_outcome' != 0 & `p_outcome' != 1
    local others = r(N)
    quietly summarize `p_outcome', meanonly
    ss_check not_binary, fail(`others' > 0 | r(min) == r(max)) value(`others')
}
if "`p_model'" == "poisson" {
    quietly count if `p_outcome' < 0
    ss_check neg_values, fail(r(N) > 0) value(r(N))
}
quietly count if ss_complete
local complete = r(N)
ss_event step name=sample status=ok

ss_event step name=impute status=begin
tempname handle
tempfile missing
local known ""
local numbers ""
local binaries ""
local levels ""
foreach term in `p_outcome' `p_regressors_fv' `p_controls_fv' `p_auxiliary_fv' {
    local variable : subinstr local term "i." ""
    quietly count if missing(`variable')
    local gaps = r(N)
    quietly count if !missing(`variable')
    ss_check zero_spread, fail(r(N) < 2) value(r(N))
    if `gaps' == 0 {
        local known "`known' `term'"
    }
    else if "`term'" != "`variable'" {
        local levels "`levels' `variable'"
    }
    else {
        quietly count if !missing(`variable') & `variable' != 0 & `variable' != 1
        if r(N) == 0 {
            local binaries "`binaries' `variable'"
        }
        else {
            local numbers "`numbers' `variable'"
        }
    }
}
local imputed "`numbers' `binaries' `levels'"
local n_imputed : list sizeof imputed
ss_check no_missing, fail(`n_imputed' == 0) value(`n_imputed')
* marks of what was missing, which the imputed rows keep
local k = 0
foreach variable of local imputed {
    local k = `k' + 1
    quietly generate byte ss_gap`k' = missing(`variable')
}
local chain ""
if "`numbers'" != "" {
    local chain = cond("`p_method'" == "pmm", "(pmm, knn(`p_neighbours'))", "(regress)") + " `numbers'"
}
if "`binaries'" != "" {
    local chain "`chain' (logit) `binaries'"
}
if "`levels'" != "" {
    local chain "`chain' (mlogit) `levels'"
}
if "`known'" != "" {
    local chain "`chain' = `known'"
}
mi set mlong
mi register imputed `imputed'
mi impute chained `chain', add(`p_imputations') burnin(`p_burnin') rseed(`p_seed')
postfile `handle' str32 variable double missing double missing_share str8 method double observed_mean double observed_sd double imputed_mean double imputed_sd using "`missing'"
quietly count if _mi_m == 0
local rows = r(N)
foreach term in `p_outcome' `p_regressors_fv' `p_controls_fv' `p_auxiliary_fv' {
    local variable : subinstr local term "i." ""
    local method "none"
    local place : list posof "`variable'" in imputed
    if `: list variable in numbers' {
        local method "`p_method'"
    }
    if `: list variable in binaries' {
        local method "logit"
    }
    if `: list variable in levels' {
        local method "mlogit"
    }
    local mean = .
    local sd = .
    local gaps = 0
    if `place' > 0 {
        quietly count if _mi_m == 0 & ss_gap`place'
        local gaps = r(N)
        quietly summarize `variable' if _mi_m > 0 & ss_gap`place'
        local mean = r(mean)
        local sd = r(sd)
    }
    quietly summarize `variable' if _mi_m == 0
    post `handle' ("`variable'") (`gaps') (`gaps' / `rows') ("`method'") (r(mean)) (r(sd)) (`mean') (`sd')
}
postclose `handle'
ss_event step name=impute status=ok

ss_event step name=estimate status=begin
tempname b v df share more between all only
tempfile compared
* the complete rows alone, for comparison
local terms : list sizeof p_regressors_fv
local is_enough = `complete' > 2 * (`terms' + 2)
if `is_enough' {
    if "`p_model'" == "regress" {
        quietly regress `p_outcome' `p_regressors_fv' `p_controls_fv' if _mi_m == 0 & ss_complete, vce(robust) level(`p_level')
    }
    if "`p_model'" == "logit" {
        quietly logit `p_outcome' `p_regressors_fv' `p_controls_fv' if _mi_m == 0 & ss_complete, level(`p_level')
    }
    if "`p_model'" == "poisson" {
        quietly poisson `p_outcome' `p_regressors_fv' `p_controls_fv' if _mi_m == 0 & ss_complete, vce(robust) level(`p_level')
    }
    matrix `only' = r(table)
}
if "`p_model'" == "regress" {
    mi estimate, level(`p_level'): regress `p_outcome' `p_regressors_fv' `p_controls_fv', vce(robust)
}
if "`p_model'" == "logit" {
    mi estimate, level(`p_level'): logit `p_outcome' `p_regressors_fv' `p_controls_fv'
}
if "`p_model'" == "poisson" {
    mi estimate, level(`p_level'): poisson `p_outcome' `p_regressors_fv' `p_controls_fv', vce(robust)
}
matrix `b' = e(b_mi)
matrix `v' = e(V_mi)
matrix `df' = e(df_mi)
matrix `share' = e(fmi_mi)
matrix `more' = e(rvi_mi)
matrix `between' = e(B_mi)
local used = e(N_mi)
local smallest_df = e(df_min_mi)
local largest_share = e(fmi_max_mi)
local f = e(F_mi)
local f_df = e(df_m_mi)
local f_df_r = e(df_r_mi)
local f_p = e(p_mi)
local columns = colsof(`b')
local names : colfullnames `b'
matrix `all' = J(6, `columns', .)
matrix colnames `all' = `names'
postfile `handle' str2045 term double complete_estimate double complete_error double estimate double std_error double df double missing_information double variance_increase double efficiency double monte_carlo_error using "`compared'"
forvalues j = 1/`columns' {
    local name : word `j' of `names'
    local short = substr("`name'", strpos("`name'", ":") + 1, .)
    local one = el(`b', 1, `j')
    local se = sqrt(el(`v', `j', `j'))
    local d = el(`df', 1, `j')
    local is_kept = `se' > 0 & !missing(`se')
    matrix `all'[1, `j'] = `one'
    if `is_kept' {
        local t = `one' / `se'
        local p = cond(missing(`d'), 2 * normal(-abs(`t')), 2 * ttail(`d', abs(`t')))
        local half = `se' * cond(missing(`d'), invnormal(1 - (1 - `p_level' / 100) / 2), invttail(`d', (1 - `p_level' / 100) / 2))
        matrix `all'[2, `j'] = `se'
        matrix `all'[3, `j'] = `t'
        matrix `all'[4, `j'] = `p'
        matrix `all'[5, `j'] = `one' - `half'
        matrix `all'[6, `j'] = `one' + `half'
        local complete_b = .
        local complete_se = .
        if `is_enough' {
            local place = colnumb(`only', "`name'")
            if !missing(`place') {
                local complete_b = el(`only', 1, `place')
                local complete_se = el(`only', 2, `place')
            }
        }
        local fmi = el(`share', 1, `j')
        post `handle' ("`short'") (`complete_b') (`complete_se') (`one') (`se') (`d') (`fmi') (el(`more', 1, `j')) (1 / (1 + `fmi' / `p_imputations')) (sqrt(el(`between', `j', `j') / `p_imputations'))
    }
}
postclose `handle'
* White, Royston and Wood (2011): at least as many imputations as percent of information are missing
ss_check few_reps, warn(100 * `largest_share' > `p_imputations') value(`p_imputations')
ss_metric n_complete = `complete'
ss_metric imputations = `p_imputations'
ss_event metric name=seed value=`p_seed'
ss_metric missing_information = `largest_share'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
local se = cond("`p_model'" == "logit", "Rubin's rules", "Rubin's rules, robust")
ss_fit_table using "table_fit.csv", values(N `used' n_complete `complete' imputations `p_imputations' burnin `p_burnin' df_smallest `smallest_df' missing_information `largest_share' F `f' df_m `f_df' df_r `f_df_r' p `f_p' level `p_level') se(`se') sample("`used' rows, `complete' of them without missing values in the model")
local focal : word 1 of `p_regressors'
local blank = cond("`p_model'" == "regress", "blank", "")
ss_coef_table using "table_coefficients.csv", table(`all') focal(`focal') equation(`p_outcome') eform(ratio) `blank' results
ss_export using "table_comparison.csv", rows("`compared'")
ss_export using "table_missing.csv", rows("`missing'")
ss_label `p_outcome'
ss_coef_plot using "fig_coefficients.svg", table(`all') level(`p_level') n(`used') se(`se') title(`"Coefficients: `=r(text)'"') xtitle("Coefficient with `p_level'% confidence interval")
ss_event step name=export status=ok
