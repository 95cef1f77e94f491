* test.anova_oneway 1.1.1: one-way analysis of variance with pairwise comparisons.
* Reads p_variable p_group p_adjust p_level.
ss_event step name=sample status=begin
confirm numeric variable `p_variable'
ss_sample `p_variable', strok(`p_group')
ss_groups `p_group', generate(ss_group) levels(many) small
local groups = r(groups)
ss_metric n_groups = `groups'
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
oneway `p_variable' ss_group if ss_use, tabulate
tempname anova pairs between within df_m df_r f bartlett error difference se t p half
tempfile anova_rows pair_rows
scalar `between' = r(mss)
scalar `within' = r(rss)
scalar `df_m' = r(df_m)
scalar `df_r' = r(df_r)
scalar `f' = r(F)
scalar `error' = `within' / `df_r'
postfile `anova' str32 source double sum_squares double df double mean_square double statistic double p_value str244 note using "`anova_rows'"
post `anova' ("between") (`between') (`df_m') (`between' / `df_m') (`f') (Ftail(`df_m', `df_r', `f')) ("F test of equal means")
post `anova' ("within") (`within') (`df_r') (`error') (.) (.) ("")
post `anova' ("total") (`between' + `within') (`df_m' + `df_r') (.) (.) (.) ("")
scalar `bartlett' = chi2tail(r(df_bart), r(chi2bart))
post `anova' ("bartlett") (.) (r(df_bart)) (.) (r(chi2bart)) (`bartlett') ("chi2 test of equal variances")
postclose `anova'
ss_check unequal_var, warn(`bartlett' < 0.05) value(`bartlett')
* means of the groups; Welch's test allows for unequal variances
tempname cells weight_sum weighted spread
tempfile cell_rows
scalar `weight_sum' = 0
scalar `weighted' = 0
postfile `cells' str2045 group double n double mean double sd double std_error double ci_low double ci_high using "`cell_rows'"
forvalues g = 1/`groups' {
    quietly summarize `p_variable' if ss_use & ss_group == `g'
    local n`g' = r(N)
    local mean`g' = r(mean)
    local weight`g' = r(N) / r(Var)
    scalar `weight_sum' = `weight_sum' + `weight`g''
    scalar `weighted' = `weighted' + `weight`g'' * r(mean)
    local spread`g' = invttail(r(N) - 1, (1 - `p_level' / 100) / 2) * r(sd) / sqrt(r(N))
    local name : label ss_group `g'
    post `cells' (`"`macval(name)'"') (r(N)) (r(mean)) (r(sd)) (r(sd) / sqrt(r(N))) (r(mean) - `spread`g'') (r(mean) + `spread`g'')
}
postclose `cells'
local welch = 0
local lambda = 0
forvalues g = 1/`groups' {
    local welch = `welch' + `weight`g'' * (`mean`g'' - `weighted' / `weight_sum')^2 / (`groups' - 1)
    local lambda = `lambda' + (1 - `weight`g'' / `weight_sum')^2 / (`n`g'' - 1)
}
local welch = `welch' / (1 + 2 * (`groups' - 2) / (`groups'^2 - 1) * `lambda')
local welch_df = (`groups'^2 - 1) / (3 * `lambda')
local eta2 = `between' / (`between' + `within')
local omega2 = (`between' - `df_m' * `error') / (`between' + `within' + `error')
ss_metric f_stat = `f'
ss_metric p = Ftail(`df_m', `df_r', `f')
* pairwise comparisons with the pooled variance, [R] pwmean, methods and formulas
local comparisons = `groups' * (`groups' - 1) / 2
local alpha = 1 - `p_level' / 100
scalar `half' = invttail(`df_r', `alpha' / 2)
if "`p_adjust'" == "bonferroni" {
    scalar `half' = invttail(`df_r', `alpha' / (2 * `comparisons'))
}
if "`p_adjust'" == "sidak" {
    scalar `half' = invttail(`df_r', (1 - (1 - `alpha')^(1 / `comparisons')) / 2)
}
if "`p_adjust'" == "scheffe" {
    scalar `half' = sqrt(`df_m' * invFtail(`df_m', `df_r', `alpha'))
}
postfile `pairs' str2045 group1 str2045 group2 double difference double std_error double statistic double p_value double ci_low double ci_high str32 note using "`pair_rows'"
forvalues j = 2/`groups' {
    local second : label ss_group `j'
    forvalues i = 1/`=`j' - 1' {
        local first : label ss_group `i'
        quietly summarize `p_variable' if ss_use & ss_group == `j', meanonly
        scalar `difference' = r(mean)
        scalar `se' = 1 / r(N)
        quietly summarize `p_variable' if ss_use & ss_group == `i', meanonly
        scalar `difference' = `difference' - r(mean)
        scalar `se' = sqrt(`error' * (`se' + 1 / r(N)))
        scalar `t' = `difference' / `se'
        scalar `p' = 2 * ttail(`df_r', abs(`t'))
        if "`p_adjust'" == "bonferroni" {
            scalar `p' = min(1, `comparisons' * `p')
        }
        if "`p_adjust'" == "sidak" {
            scalar `p' = 1 - (1 - `p')^`comparisons'
        }
        if "`p_adjust'" == "scheffe" {
            scalar `p' = Ftail(`df_m', `df_r', `t'^2 / `df_m')
        }
        post `pairs' (`"`macval(second)'"') (`"`macval(first)'"') (`difference') (`se') (`t') (`p') (`difference' - `half' * `se') (`difference' + `half' * `se') ("`p_adjust'")
    }
}
postclose `pairs'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_anova.csv", rows("`anova_rows'")
ss_export using "table_pairs.csv", rows("`pair_rows'")
ss_export using "table_groups.csv", rows("`cell_rows'")
quietly count if ss_use
local used = r(N)
ss_fit_table using "table_fit.csv", values(N `used' groups `groups' eta2 `eta2' omega2 `omega2' welch_F `welch' welch_df1 `groups'-1 welch_df2 `welch_df' welch_p Ftail(`groups'-1,`welch_df',`welch') level `p_level') se(pooled variance)
ss_label `p_variable'
ss_group_plot using "fig_group_means.svg", variables(`p_variable') group(ss_group) level(`p_level') title(`"Group means: `=r(text)'"')
ss_event step name=export status=ok
