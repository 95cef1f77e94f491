* multivariate.alpha 1.0.0: reliability of a scale (Cronbach's alpha) and statistics of its items.
* Reads p_vars p_reverse.
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
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
tempname handle alpha standard test rest mean without signs
tempfile scale_rows item_rows
* items that point the other way are turned only when asked for
local asis "asis"
if `p_reverse' == 1 {
    local asis ""
}
alpha `p_vars' if ss_use, casewise std `asis'
scalar `standard' = r(alpha)
local rho = r(rho)
alpha `p_vars' if ss_use, casewise item `asis'
scalar `alpha' = r(alpha)
matrix `test' = r(ItemTestCorr)
matrix `rest' = r(ItemRestCorr)
matrix `mean' = r(MeanInterItemCov)
matrix `without' = r(Alpha)
matrix `signs' = r(Signs)
ss_metric alpha = `alpha'
ss_metric alpha_standardized = `standard'
postfile `handle' str32 metric double value using "`scale_rows'"
post `handle' ("alpha") (`alpha')
post `handle' ("alpha_standardized") (`standard')
post `handle' ("items") (r(k))
post `handle' ("mean_covariance") (r(cov))
quietly count if ss_use
post `handle' ("n") (r(N))
postclose `handle'
postfile `handle' str2045 variable str8 turned double mean double sd double item_test double item_rest double mean_covariance double alpha_without using "`item_rows'"
local row = 0
local negative = 0
foreach variable of local p_vars {
    local row = `row' + 1
    quietly summarize `variable' if ss_use
    post `handle' ("`variable'") (cond(el(`signs', 1, `row') < 0, "yes", "no")) (r(mean)) (r(sd)) (el(`test', 1, `row')) (el(`rest', 1, `row')) (el(`mean', 1, `row')) (el(`without', 1, `row'))
    if el(`rest', 1, `row') < 0 {
        local negative = `negative' + 1
    }
}
postclose `handle'
ss_check negative_item, warn(`negative' > 0) value(`negative')
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_alpha.csv", rows("`scale_rows'")
ss_export using "table_items.csv", rows("`item_rows'")
ss_event step name=export status=ok
