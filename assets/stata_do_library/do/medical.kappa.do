* medical.kappa 1.1.0: do two raters agree beyond chance? Cohen's kappa, plain or weighted.
* Reads p_rater_a p_rater_b p_weights p_level.
ss_event step name=sample status=begin
* ratings in words are numbered alike for both raters, in sort order, which is no order of severity
local first : type `p_rater_a'
local second : type `p_rater_b'
local words = substr("`first'", 1, 3) == "str" & substr("`second'", 1, 3) == "str"
if `words' {
    ss_sample, strok(`p_rater_a' `p_rater_b') maxloss(0.2)
    quietly generate long ss_row = _n
    quietly expand 2, generate(ss_copy)
    quietly generate ss_word = cond(ss_copy == 1, `p_rater_b', `p_rater_a')
    ss_groups ss_word, generate(ss_rating)
    sort ss_row ss_copy
    quietly by ss_row: generate long ss_rater_a = ss_rating[1]
    quietly by ss_row: generate long ss_rater_b = ss_rating[2]
    label values ss_rater_a ss_rating
    label values ss_rater_b ss_rating
    quietly keep if ss_copy == 0
    drop ss_copy ss_word ss_row
    local p_rater_a "ss_rater_a"
    local p_rater_b "ss_rater_b"
}
else {
    confirm numeric variable `p_rater_a' `p_rater_b'
    ss_sample `p_rater_a' `p_rater_b', maxloss(0.2)
}
* the levels of both raters together, in numeric order
preserve
quietly keep if ss_use
quietly expand 2, generate(ss_copy)
quietly generate double ss_level = cond(ss_copy == 1, `p_rater_b', `p_rater_a')
quietly levelsof ss_level, local(levels)
restore
local k : word count `levels'
quietly levelsof `p_rater_a' if ss_use, local(first_levels)
quietly levelsof `p_rater_b' if ss_use, local(second_levels)
local only : list first_levels === second_levels
ss_check one_level, fail(`k' < 2) value(`k')
ss_check too_many_levels, fail(`k' > 30) value(`k')
ss_check level_mismatch, warn(!`only') value(`k')
ss_check word_order, warn(`words' & "`p_weights'" != "none") value(`k')
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname p w rows columns table cells po pe a kappa se0 handle
tempfile results counts
quietly count if ss_use
local n = r(N)
matrix `p' = J(`k', `k', 0)
matrix `w' = I(`k')
postfile `cells' str80 rater_a str80 rater_b double count double share using "`counts'"
forvalues i = 1/`k' {
    local one : word `i' of `levels'
    local one_name : label (`p_rater_a') `one'
    forvalues j = 1/`k' {
        local two : word `j' of `levels'
        local two_name : label (`p_rater_b') `two'
        quietly count if ss_use & `p_rater_a' == `one' & `p_rater_b' == `two'
        matrix `p'[`i', `j'] = r(N) / `n'
        post `cells' (`"`macval(one_name)'"') (`"`macval(two_name)'"') (r(N)) (r(N) / `n')
        if "`p_weights'" == "linear" {
            matrix `w'[`i', `j'] = 1 - abs(`i' - `j') / (`k' - 1)
        }
        if "`p_weights'" == "quadratic" {
            matrix `w'[`i', `j'] = 1 - ((`i' - `j') / (`k' - 1))^2
        }
    }
}
postclose `cells'
local option = cond("`p_weights'" == "none", "", cond("`p_weights'" == "linear", "wgt(w)", "wgt(w2)"))
kap `p_rater_a' `p_rater_b' if ss_use, tab `option'
scalar `kappa' = r(kappa)
scalar `po' = r(prop_o)
scalar `pe' = r(prop_e)
scalar `se0' = r(se)
* Fleiss, Cohen and Everitt (1969): error of the estimate, for its interval
matrix `rows' = `p' * J(`k', 1, 1)
matrix `columns' = J(1, `k', 1) * `p'
tempname by_row by_column
matrix `by_row' = `w' * `columns''
matrix `by_column' = `rows'' * `w'
scalar `a' = 0
forvalues i = 1/`k' {
    forvalues j = 1/`k' {
        scalar `a' = `a' + el(`p', `i', `j') * (el(`w', `i', `j') * (1 - `pe') - (el(`by_row', `i', 1) + el(`by_column', 1, `j')) * (1 - `po'))^2
    }
}
tempname se half
scalar `se' = sqrt((`a' - (`po' * `pe' - 2 * `pe' + `po')^2) / `n') / (1 - `pe')^2
scalar `half' = invnormal(1 - (1 - `p_level' / 100) / 2) * `se'
postfile `handle' str32 measure double estimate double std_error double statistic double p_value double ci_low double ci_high double n str244 note using "`results'"
post `handle' ("kappa") (`kappa') (`se') (`kappa' / `se0') (2 * normal(-abs(`kappa' / `se0'))) (`kappa' - `half') (`kappa' + `half') (`n') ("weights: `p_weights'; z with the error under no agreement beyond chance")
post `handle' ("observed_agreement") (`po') (.) (.) (.) (.) (.) (`n') ("share, with weights for partial agreement")
post `handle' ("expected_agreement") (`pe') (.) (.) (.) (.) (.) (`n') ("by chance from the raters' own shares")
tempname limit
scalar `limit' = 0
forvalues i = 1/`k' {
    scalar `limit' = `limit' + min(el(`rows', `i', 1), el(`columns', 1, `i'))
}
if "`p_weights'" == "none" {
    post `handle' ("largest_kappa") ((`limit' - `pe') / (1 - `pe')) (.) (.) (.) (.) (.) (`n') ("largest value that the raters' shares allow")
    post `handle' ("pabak") ((`k' * `po' - 1) / (`k' - 1)) (.) (.) (.) (.) (.) (`n') ("adjusted for prevalence and bias")
}
postclose `handle'
ss_metric kappa = `kappa'
ss_metric agreement = `po'
ss_metric p = 2 * normal(-abs(`kappa' / `se0'))
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_kappa.csv", rows("`results'")
ss_export using "table_counts.csv", rows("`counts'")
ss_event step name=export status=ok
