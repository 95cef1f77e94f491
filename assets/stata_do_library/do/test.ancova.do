* test.ancova 1.0.1: do groups differ once covariates are held equal? Adjusted means, all pairs and the test of equal slopes.
* Reads p_outcome p_group p_covariates p_adjust p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_outcome' `p_covariates'
ss_sample `p_outcome' `p_covariates', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
* every pair of groups is compared
ss_check too_many_levels, fail(`groups' > 50) value(`groups')
quietly summarize `p_outcome' if ss_use
ss_check zero_spread, fail(r(sd) == 0 | missing(r(sd))) value(r(sd))
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname rss rss_full df_full f p means handle slopes slopes_p mse
tempfile rows mean_rows pair_rows
local covariates ""
local interactions ""
foreach variable of local p_covariates {
    local covariates "`covariates' c.`variable'"
    local interactions "`interactions' i.ss_group#c.`variable'"
}
quietly regress `p_outcome' i.ss_group `covariates' `interactions' if ss_use
scalar `rss_full' = e(rss)
scalar `df_full' = e(df_r)
anova `p_outcome' i.ss_group `covariates' if ss_use
scalar `rss' = e(rss)
scalar `mse' = e(rss) / e(df_r)
scalar `slopes' = ((`rss' - `rss_full') / (e(df_r) - `df_full')) / (`rss_full' / `df_full')
scalar `slopes_p' = Ftail(e(df_r) - `df_full', `df_full', `slopes')
postfile `handle' str128 source double sum_squares double df double mean_square double statistic double p_value double partial_eta2 using "`rows'"
quietly regress `p_outcome' i.ss_group `covariates' if ss_use
local degrees = e(df_r)
local r2 = e(r2)
testparm i.ss_group
scalar `f' = r(F)
scalar `p' = r(p)
post `handle' ("`p_group'") (r(F) * r(df) * `mse') (r(df)) (r(F) * `mse') (r(F)) (r(p)) (r(F) * r(df) / (r(F) * r(df) + `degrees'))
ss_metric f_stat = `f'
ss_metric p = `p'
foreach variable of local p_covariates {
    quietly test `variable'
    ss_check collinear, fail(r(df) == 0 | missing(r(F))) value(r(df))
    post `handle' ("`variable'") (r(F) * r(df) * `mse') (r(df)) (r(F) * `mse') (r(F)) (r(p)) (r(F) * r(df) / (r(F) * r(df) + `degrees'))
}
post `handle' ("residual") (`rss') (`degrees') (`mse') (.) (.) (.)
post `handle' ("equal_slopes") (`rss' - `rss_full') (`degrees' - `df_full') (.) (`slopes') (`slopes_p') (.)
postclose `handle'
ss_metric slopes_p = `slopes_p'
ss_metric r2 = `r2'
ss_event step name=estimate status=ok

ss_event step name=margins status=begin
* groups at the mean of every covariate
margins ss_group, atmeans level(`p_level')
matrix `means' = r(table)
postfile `handle' double position double series str2045 group double n double raw_mean double adjusted_mean double std_error double ci_low double ci_high using "`mean_rows'"
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    quietly summarize `p_outcome' if ss_group == `g'
    post `handle' (`g') (1) (`"`macval(name)'"') (r(N)) (r(mean)) (el(`means', 1, `g')) (el(`means', 2, `g')) (el(`means', 5, `g')) (el(`means', 6, `g'))
}
postclose `handle'
* all pairs, adjusted for their number as `oneway` does
local tests = `groups' * (`groups' - 1) / 2
tempname chance quantile
scalar `quantile' = invttail(`degrees', (1 - `p_level' / 100) / 2)
if "`p_adjust'" == "bonferroni" {
    scalar `quantile' = invttail(`degrees', (1 - `p_level' / 100) / (2 * `tests'))
}
if "`p_adjust'" == "sidak" {
    scalar `quantile' = invttail(`degrees', (1 - (`p_level' / 100)^(1 / `tests')) / 2)
}
if "`p_adjust'" == "scheffe" {
    scalar `quantile' = sqrt((`groups' - 1) * invFtail(`groups' - 1, `degrees', 1 - `p_level' / 100))
}
postfile `handle' str2045 group1 str2045 group2 double difference double std_error double statistic double p_value double ci_low double ci_high str12 note using "`pair_rows'"
forvalues i = 1/`groups' {
    local next = `i' + 1
    forvalues j = `next'/`groups' {
        local one : label ss_group `j'
        local two : label ss_group `i'
        lincom `j'.ss_group - `i'.ss_group, level(`p_level')
        scalar `chance' = 2 * ttail(`degrees', abs(r(estimate) / r(se)))
        if "`p_adjust'" == "bonferroni" {
            scalar `chance' = min(1, `tests' * `chance')
        }
        if "`p_adjust'" == "sidak" {
            scalar `chance' = 1 - (1 - `chance')^`tests'
        }
        if "`p_adjust'" == "scheffe" {
            scalar `chance' = Ftail(`groups' - 1, `degrees', (r(estimate) / r(se))^2 / (`groups' - 1))
        }
        post `handle' (`"`macval(one)'"') (`"`macval(two)'"') (r(estimate)) (r(se)) (r(estimate) / r(se)) (`chance') (r(estimate) - `quantile' * r(se)) (r(estimate) + `quantile' * r(se)) ("`p_adjust'")
    }
}
postclose `handle'
ss_event step name=margins status=ok

ss_event step name=export status=begin
ss_export using "table_ancova.csv", rows("`rows'")
ss_cells_table using "table_means.csv", rows("`mean_rows'")
ss_export using "table_pairs.csv", rows("`pair_rows'")
ss_label `p_outcome'
local words = r(text)
quietly count if ss_use
local used = r(N)
ss_source
local engine "`r(engine)'"
local axis ""
forvalues g = 1/`groups' {
    local name : label ss_group `g'
    local axis `"`macval(axis)' `g' `"`macval(name)'"'"'
}
preserve
quietly use "`mean_rows'", clear
twoway (rcap ci_low ci_high position, lcolor("0 114 178")) (scatter adjusted_mean position, mcolor("0 114 178")) (scatter raw_mean position, mcolor(gs8) msymbol(circle_hollow)), ///
    xlabel(`macval(axis)') xscale(range(0.5 `=`groups' + 0.5')) legend(order(2 "adjusted mean" 3 "raw mean")) title(`"Adjusted means: `macval(words)'"') xtitle("") ytitle(`"`macval(words)'"') ///
    note("Covariates at their means; `p_level'% intervals; N = `used'; `engine'")
ss_figure using "fig_means.svg"
restore
ss_event step name=export status=ok
