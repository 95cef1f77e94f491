* multivariate.latent_classes 1.0.0: which groups of persons give alike answers? Latent classes of items with their shares and answers, and the fit of one class and more.
* Reads p_vars p_classes p_most p_starts p_level p_seed.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
local row = 0
local count : word count `p_vars'
local yesno ""
local several ""
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd)) row(`row')
    quietly count if ss_use & (`variable' != floor(`variable') | `variable' < 0)
    ss_check not_integer, fail(r(N) > 0) value(r(N)) row(`row')
    quietly levelsof `variable' if ss_use, local(values)
    local levels : word count `values'
    ss_check too_many_levels, fail(`levels' > 12) value(`levels') row(`row')
    if "`values'" == "0 1" {
        local yesno "`yesno' `variable'"
    }
    else {
        local several "`several' `variable'"
    }
}
local most = `p_most'
if "`p_classes'" != "" {
    local most = max(`most', `p_classes')
}
quietly count if ss_use
local n = r(N)
ss_check few_df, warn(`n' < 30 * `most') value(`n')
ss_event step name=sample status=ok

ss_event step name=choose status=begin
local yesno_part ""
local several_part ""
if "`yesno'" != "" {
    local yesno_part "(`yesno' <- , logit)"
}
if "`several'" != "" {
    local several_part "(`several' <- , mlogit)"
}
tempname fits handle table
tempfile models classes profiles
postfile `fits' double classes double ll double df double aic double bic double entropy double smallest_share using "`models'"
local chosen = 2
local best = .
forvalues k = 1/`most' {
    if `k' == 1 {
        capture noisily quietly gsem `yesno_part' `several_part' if ss_use, lclass(C 1)
        local code = _rc
    }
    else {
        capture noisily quietly gsem `yesno_part' `several_part' if ss_use, lclass(C `k') startvalues(randomid, draws(`p_starts') seed(`p_seed'))
        local code = _rc
    }
    ss_check converge, fail(`code' == 430 | `code' == 504) value(`code') row(`k')
    if `code' != 0 {
        error `code'
    }
    ss_check converge, fail(e(converged) == 0) value(e(converged)) row(`k')
    local ll = e(ll)
    local df = e(rank)
    local bic = `df' * ln(`n') - 2 * `ll'
    local entropy = .
    local smallest = 1
    if `k' > 1 {
        quietly predict double ss_p* if ss_use, classposteriorpr
        quietly generate double ss_spread = 0
        forvalues c = 1/`k' {
            quietly replace ss_spread = ss_spread - ss_p`c' * ln(ss_p`c') if ss_p`c' > 0 & ss_use
            quietly summarize ss_p`c' if ss_use, meanonly
            local smallest = min(`smallest', r(mean))
        }
        quietly summarize ss_spread if ss_use, meanonly
        local entropy = 1 - r(sum) / (`n' * ln(`k'))
        drop ss_p* ss_spread
        if `bic' < `best' {
            local best = `bic'
            local chosen = `k'
        }
    }
    post `fits' (`k') (`ll') (`df') (2 * `df' - 2 * `ll') (`bic') (`entropy') (`smallest')
}
postclose `fits'
if "`p_classes'" != "" {
    local chosen = `p_classes'
}
ss_metric classes = `chosen'
ss_event metric name=seed value=`p_seed'
ss_event step name=choose status=ok

ss_event step name=estimate status=begin
* single random starts: how many of them end where the best one ends?
local reached = 0
local top = -1e300
local tries = min(`p_starts', 10)
forvalues start = 1/`tries' {
    local own = `p_seed' + `start'
    capture gsem `yesno_part' `several_part' if ss_use, lclass(C `chosen') startvalues(randomid, draws(1) seed(`own'))
    * a start without convergence does not end where the best one ends
    local end`start' = cond(_rc == 0, e(ll), -1e300)
    local top = max(`top', `end`start'')
}
gsem `yesno_part' `several_part' if ss_use, lclass(C `chosen') startvalues(randomid, draws(`p_starts') seed(`p_seed'))
local ll = e(ll)
local df = e(rank)
local top = max(`top', `ll')
forvalues start = 1/`tries' {
    local reached = `reached' + (`end`start'' > `top' - 1e-3)
}
local lower = `top' - `ll' > 1e-3
ss_check local_maxima, warn(`lower' | `reached' < `tries' / 2) value(`reached')
quietly predict double ss_p* if ss_use, classposteriorpr
quietly egen double ss_top = rowmax(ss_p*)
quietly generate double ss_spread = 0
forvalues c = 1/`chosen' {
    quietly replace ss_spread = ss_spread - ss_p`c' * ln(ss_p`c') if ss_p`c' > 0 & ss_use
    quietly count if ss_use & ss_p`c' == ss_top
    local assigned`c' = r(N)
}
quietly summarize ss_spread if ss_use, meanonly
local entropy = 1 - r(sum) / (`n' * ln(`chosen'))
quietly summarize ss_top if ss_use, meanonly
local certain = r(mean)
drop ss_p* ss_top ss_spread
estat lcprob, level(`p_level')
matrix `table' = r(table)
* classes are numbered by size, the largest first
forvalues c = 1/`chosen' {
    local place = 1
    forvalues other = 1/`chosen' {
        local place = `place' + (`table'["b", `other'] > `table'["b", `c'] | (`table'["b", `other'] == `table'["b", `c'] & `other' < `c'))
    }
    local class`place' = `c'
}
postfile `handle' double class double share double std_error double ci_low double ci_high double n_assigned using "`classes'"
forvalues place = 1/`chosen' {
    local c = `class`place''
    post `handle' (`place') (`table'["b", `c']) (`table'["se", `c']) (`table'["ll", `c']) (`table'["ul", `c']) (`assigned`c'')
}
postclose `handle'
local smallest = `table'["b", `class`chosen'']
ss_check small_class, warn(`smallest' < 0.05) value(`smallest')
estat lcmean, level(`p_level')
matrix `table' = r(table)
postfile `handle' double class str128 variable double category double probability double std_error double ci_low double ci_high using "`profiles'"
* a column for each answer 1 and each category, class by class
local columns = colsof(`table') / `chosen'
local edge = 0
forvalues place = 1/`chosen' {
    local at = (`class`place'' - 1) * `columns'
    foreach variable in `yesno' `several' {
        local values 1
        local is_yesno : list variable in yesno
        if !`is_yesno' {
            quietly levelsof `variable' if ss_use, local(values)
        }
        foreach value of local values {
            local at = `at' + 1
            local edge = `edge' + (`table'["b", `at'] < 1e-4 | `table'["b", `at'] > 1 - 1e-4)
            post `handle' (`place') ("`variable'") (`value') (`table'["b", `at']) (`table'["se", `at']) (`table'["ll", `at']) (`table'["ul", `at'])
        }
    }
}
postclose `handle'
ss_check boundary, warn(`edge' > 0) value(`edge')
estat lcgof
local chi2 = r(chi2_ms)
local free = r(df_ms)
local p = r(p_ms)
ss_fit_table using "table_fit.csv", values(N `n' items `count' classes `chosen' ll `ll' df_m `df' aic 2*`df'-2*`ll' bic `df'*ln(`n')-2*`ll' entropy `entropy' certainty `certain' chi2_ms `chi2' df_ms `free' p_ms `p' starts `tries' starts_at_maximum `reached') se("oim")
ss_metric ll = `ll'
ss_metric entropy = `entropy'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_models.csv", rows("`models'")
ss_export using "table_classes.csv", rows("`classes'")
ss_export using "table_profiles.csv", rows("`profiles'")
ss_class_plot using "fig_profiles.svg", rows("`profiles'") shares("`classes'") variables(`yesno' `several') n(`n') level(`p_level')
ss_event step name=export status=ok
