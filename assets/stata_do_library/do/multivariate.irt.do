* multivariate.irt 1.0.0: how hard are the items of a test and how well do they separate persons? Models 1PL and 2PL for answers 0 and 1, graded responses for ordered ones.
* Reads p_vars p_model p_points p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
local row = 0
local binary = 1
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
    quietly count if ss_use & `variable' != floor(`variable')
    ss_check not_integer, fail(r(N) > 0) value(r(N)) row(`row')
    quietly levelsof `variable' if ss_use, local(values)
    local levels : word count `values'
    ss_check too_many_levels, fail(`levels' > 20) value(`levels') row(`row')
    if "`values'" != "0 1" {
        local binary = 0
    }
}
* without a stated model: 2PL where every item is 0 or 1, else graded responses
local model "`p_model'"
if "`model'" == "auto" {
    local model = cond(`binary', "2pl", "grm")
}
ss_check not_binary, fail("`model'" != "grm" & !`binary')
local count : word count `p_vars'
quietly count if ss_use
local n = r(N)
ss_check few_df, warn(`n' < 30 * `count') value(`n')
ss_event step name=sample status=ok

ss_event step name=dimension status=begin
tempname ev handle total
tempfile eigenrows
quietly pca `p_vars' if ss_use
matrix `ev' = e(Ev)
postfile `handle' double component double eigenvalue double share double cumulative using "`eigenrows'"
scalar `total' = 0
forvalues j = 1/`count' {
    scalar `total' = `total' + el(`ev', 1, `j') / `count'
    post `handle' (`j') (el(`ev', 1, `j')) (el(`ev', 1, `j') / `count') (`total')
}
postclose `handle'
* unrelated items have a largest eigenvalue near this limit (Marchenko and Pastur; Johnstone 2001)
local second = el(`ev', 1, 2)
ss_check second_dimension, warn(`second' > (1 + sqrt(`count' / `n'))^2) value(`second')
ss_event step name=dimension status=ok

ss_event step name=estimate status=begin
tempname models b slope critical
tempfile tests rows answers
local names "`model'"
if "`model'" != "grm" {
    * the model without own discriminations is tested against the one with them
    local names "1pl 2pl"
}
postfile `models' str8 model double ll double df double aic double bic double lr_chi2 double df1 double p_value using "`tests'"
local before = .
local freed = .
foreach name of local names {
    if "`name'" == "1pl" {
        capture noisily irt 1pl `p_vars' if ss_use, intpoints(`p_points')
        local code = _rc
    }
    else if "`name'" == "2pl" {
        capture noisily irt 2pl `p_vars' if ss_use, intpoints(`p_points')
        local code = _rc
    }
    else {
        capture noisily irt grm `p_vars' if ss_use, intpoints(`p_points')
        local code = _rc
    }
    ss_check converge, fail(`code' == 430 | `code' == 504) value(`code')
    if `code' != 0 {
        error `code'
    }
    ss_check converge, fail(e(converged) == 0) value(e(converged))
    local ll = e(ll)
    local df = e(rank)
    local chi2 = .
    local more = .
    local p = .
    if "`name'" == "2pl" {
        local chi2 = max(0, 2 * (`ll' - `before'))
        local more = `df' - `freed'
        local p = chi2tail(`more', `chi2')
    }
    post `models' ("`name'") (`ll') (`df') (2 * `df' - 2 * `ll') (`df' * ln(`n') - 2 * `ll') (`chi2') (`more') (`p')
    local before = `ll'
    local freed = `df'
}
postclose `models'
if "`model'" == "1pl" {
    irt 1pl `p_vars' if ss_use, intpoints(`p_points')
}
local ll = e(ll)
local df = e(rank)
ss_fit_table using "table_fit.csv", values(N `n' items `count' ll `ll' df_m `df' aic 2*`df'-2*`ll' bic `df'*ln(`n')-2*`ll' eigenvalue_1 el(`ev',1,1) eigenvalue_2 `second') se("oim")
ss_metric ll = `ll'
ss_metric eigenvalue_2 = `second'
ss_event step name=estimate status=ok

ss_event step name=items status=begin
* a difficulty is the trait at which the answer (or a higher category) has probability one half
scalar `critical' = invnormal(1 - (1 - `p_level' / 100) / 2)
postfile `handle' str128 variable str16 kind double category double estimate double std_error double ci_low double ci_high using "`rows'"
postfile `models' str128 variable double category double n double share using "`answers'"
local row = 0
local negative = 0
local extreme = 0
foreach variable of local p_vars {
    local row = `row' + 1
    scalar `slope' = _b[`variable':Theta]
    local negative = `negative' + (`slope' < 0)
    local extreme = `extreme' + (abs(`slope') > 6)
    post `handle' ("`variable'") ("discrimination") (.) (`slope') (_se[`variable':Theta]) (`slope' - `critical' * _se[`variable':Theta]) (`slope' + `critical' * _se[`variable':Theta])
    quietly levelsof `variable' if ss_use, local(values)
    local step = 0
    foreach value of local values {
        quietly count if ss_use & `variable' == `value'
        post `models' ("`variable'") (`value') (r(N)) (r(N) / `n')
        if `step' > 0 {
            if "`model'" == "grm" {
                quietly nlcom _b[/`variable':cut`step'] / _b[`variable':Theta]
            }
            else {
                quietly nlcom -_b[`variable':_cons] / _b[`variable':Theta]
            }
            matrix `b' = r(b)
            local at = el(`b', 1, 1)
            matrix `b' = r(V)
            local se = sqrt(el(`b', 1, 1))
            post `handle' ("`variable'") ("difficulty") (`value') (`at') (`se') (`at' - `critical' * `se') (`at' + `critical' * `se')
        }
        local step = `step' + 1
    }
}
postclose `handle'
postclose `models'
ss_check negative_item, warn(`negative' > 0) value(`negative')
ss_check boundary, warn(`extreme' > 0) value(`extreme')
ss_event step name=items status=ok

ss_event step name=export status=begin
ss_export using "table_items.csv", rows("`rows'")
ss_export using "table_models.csv", rows("`tests'")
ss_export using "table_answers.csv", rows("`answers'")
ss_export using "table_eigenvalues.csv", rows("`eigenrows'")
ss_item_plots using "fig_curves.svg", information("fig_information.svg") rows("`rows'") variables(`p_vars') n(`n')
ss_event step name=export status=ok
