* multivariate.cfa 1.0.1: confirmatory factor analysis: do the items measure the factors that they were written for?
* Reads p_vars p_factor2 p_factor3 p_factor4 p_factor5 p_factor6 p_method p_errors p_level.
ss_event step name=sample status=begin
local items "`p_vars' `p_factor2' `p_factor3' `p_factor4' `p_factor5' `p_factor6'"
confirm numeric variable `items'
if "`p_method'" == "mlmv" {
    * an answer is enough for a row to count
    quietly egen long ss_answers = rownonmiss(`items')
    quietly replace ss_use = 0 if ss_answers == 0
    ss_sample
}
else {
    ss_sample `items'
}
quietly keep if ss_use
local model ""
local factors = 0
local k = 0
foreach list in vars factor2 factor3 factor4 factor5 factor6 {
    if "`p_`list''" != "" {
        local factors = `factors' + 1
        local items`factors' "`p_`list''"
        local model "`model' (F`factors' -> `items`factors'')"
        local n_items`factors' : list sizeof items`factors'
    }
}
* a factor is called by the letters that its items begin with
forvalues f = 1/`factors' {
    local name : word 1 of `items`f''
    foreach item of local items`f' {
        local name = cond(length("`item'") < length("`name'"), substr("`name'", 1, length("`item'")), "`name'")
        while "`name'" != "" & substr("`item'", 1, length("`name'")) != "`name'" {
            local name = substr("`name'", 1, length("`name'") - 1)
        }
    }
    while "`name'" != "" & strpos("_0123456789", substr("`name'", -1, 1)) > 0 {
        local name = substr("`name'", 1, length("`name'") - 1)
    }
    local is_known : list name in names
    if "`name'" == "" | `is_known' {
        local name "factor`f'"
    }
    local names "`names' `name'"
    local name`f' "`name'"
}
foreach item of local items {
    local k = `k' + 1
    quietly summarize `item'
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`k')
}
* loadings, intercepts and error variances of the items, and the factors' variances and covariances, less the fixed loadings
local parameters = 3 * `k' + `factors' * (`factors' + 1) / 2 - `factors'
ss_check few_df, warn(_N < 5 * `parameters') value(_N)
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname raw standard handle drawn
tempfile loading_rows factor_rows pair_rows
capture noisily sem `model', method(`p_method') vce(`p_errors') level(`p_level')
local code = _rc
ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
if `code' != 0 {
    error `code'
}
ss_check converge, fail(e(converged) == 0) value(e(converged))
matrix `raw' = r(table)
local used = e(N)
local smallest = 1
foreach item of local items {
    local smallest = min(`smallest', _b[/var(e.`item')])
}
ss_check heywood, warn(`smallest' <= 0) value(`smallest')
sem, standardized level(`p_level')
matrix `standard' = r(table)
estat gof, stats(all)
foreach figure in chi2_ms df_ms p_ms chi2_bs df_bs rmsea lb90_rmsea ub90_rmsea pclose aic bic cfi tli srmr cd {
    local `figure' = r(`figure')
}
postfile `handle' str32 factor str32 variable double estimate double std_error double statistic double p_value double std_loading double std_loading_error double ci_low double ci_high double r_squared using "`loading_rows'"
matrix `drawn' = J(6, `k', .)
matrix colnames `drawn' = `items'
local place = 0
local weakest = 1
local against = 0
forvalues f = 1/`factors' {
    local sum`f' = 0
    local squares`f' = 0
    local leading : word 1 of `items`f''
    local start = colnumb(`raw', "`leading':F`f'")
    foreach item of local items`f' {
        local place = `place' + 1
        local j = colnumb(`raw', "`item':F`f'")
        local b = el(`standard', 1, `j')
        local sum`f' = `sum`f'' + `b'
        local squares`f' = `squares`f'' + (`b')^2
        local weakest = min(`weakest', abs(`b'))
        local against = max(`against', `b' * el(`standard', 1, `start') < 0)
        post `handle' ("`name`f''") ("`item'") (el(`raw', 1, `j')) (el(`raw', 2, `j')) (el(`raw', 3, `j')) (el(`raw', 4, `j')) (`b') (el(`standard', 2, `j')) (el(`standard', 5, `j')) (el(`standard', 6, `j')) ((`b')^2)
        forvalues r = 1/6 {
            matrix `drawn'[`r', `place'] = el(`standard', `r', `j')
        }
    }
}
postclose `handle'
* reliabilities add items up, which items of different directions do not bear
ss_check negative_item, warn(`against') value(`against')
ss_event step name=estimate status=ok

ss_event step name=reliability status=begin
* Fornell and Larcker (1981); ratios of correlations: Henseler, Ringle and Sarstedt (2015)
tempname r
quietly correlate `items'
matrix `r' = r(C)
forvalues f = 1/`factors' {
    local within`f' = 0
    local pairs = 0
    foreach a of local items`f' {
        foreach b of local items`f' {
            if rownumb(`r', "`a'") < rownumb(`r', "`b'") {
                local within`f' = `within`f'' + abs(el(`r', rownumb(`r', "`a'"), rownumb(`r', "`b'")))
                local pairs = `pairs' + 1
            }
        }
    }
    local within`f' = `within`f'' / `pairs'
    local largest`f' = .
}
postfile `handle' str32 factor_1 str32 factor_2 double correlation double std_error double statistic double p_value double ci_low double ci_high double htmt using "`pair_rows'"
local last = `factors' - 1
forvalues f = 1/`last' {
    local next = `f' + 1
    forvalues g = `next'/`factors' {
        local across = 0
        foreach a of local items`f' {
            foreach b of local items`g' {
                local across = `across' + abs(el(`r', rownumb(`r', "`a'"), rownumb(`r', "`b'")))
            }
        }
        local across = `across' / (`n_items`f'' * `n_items`g'')
        local j = colnumb(`standard', "/:cov(F`f',F`g')")
        local c = el(`standard', 1, `j')
        post `handle' ("`name`f''") ("`name`g''") (`c') (el(`standard', 2, `j')) (el(`standard', 3, `j')) (el(`standard', 4, `j')) (el(`standard', 5, `j')) (el(`standard', 6, `j')) (`across' / sqrt(`within`f'' * `within`g''))
        foreach h in `f' `g' {
            local largest`h' = cond(missing(`largest`h''), abs(`c'), max(`largest`h'', abs(`c')))
        }
    }
}
postclose `handle'
postfile `handle' str32 factor double items double alpha double composite_reliability double average_variance double root_average_variance double largest_correlation str60 note using "`factor_rows'"
local least_cr = 1
local least_ave = 1
forvalues f = 1/`factors' {
    local errors = `n_items`f'' - `squares`f''
    local cr = (`sum`f'')^2 / ((`sum`f'')^2 + `errors')
    local ave = `squares`f'' / `n_items`f''
    local least_cr = min(`least_cr', `cr')
    local least_ave = min(`least_ave', `ave')
    quietly alpha `items`f'', asis
    local note ""
    if !missing(`largest`f'') {
        local note = cond(sqrt(`ave') > `largest`f'', "root above every correlation with another factor", "root below a correlation with another factor")
    }
    post `handle' ("`name`f''") (`n_items`f'') (r(alpha)) (`cr') (`ave') (sqrt(`ave')) (`largest`f'') ("`note'")
}
postclose `handle'
ss_metric cfi = `cfi'
ss_metric rmsea = `rmsea'
ss_metric srmr = `srmr'
ss_metric chi2 = `chi2_ms'
ss_metric smallest_loading = `weakest'
ss_metric least_reliability = `least_cr'
ss_metric least_variance = `least_ave'
ss_event step name=reliability status=ok

ss_event step name=export status=begin
local se = cond("`p_errors'" == "oim", "information matrix", "robust")
ss_fit_table using "table_fit.csv", values(N `used' chi2 `chi2_ms' df `df_ms' p_value `p_ms' rmsea `rmsea' rmsea_low `lb90_rmsea' rmsea_high `ub90_rmsea' pclose `pclose' cfi `cfi' tli `tli' srmr `srmr' aic `aic' bic `bic' chi2_baseline `chi2_bs' df_baseline `df_bs' determination `cd' level `p_level') se(`se')
ss_export using "table_loadings.csv", rows("`loading_rows'")
ss_export using "table_reliability.csv", rows("`factor_rows'")
if `factors' > 1 {
    ss_export using "table_correlations.csv", rows("`pair_rows'")
}
ss_coef_plot using "fig_loadings.svg", table(`drawn') level(`p_level') n(`used') se(`se') title("Standardised loadings") xtitle("Loading with `p_level'% confidence interval")
ss_event step name=export status=ok
