* multivariate.kmeans 1.0.0: which groups do the rows form? K-means clusters with their centres and sizes.
* Reads p_vars p_k p_standardize.
ss_event step name=sample status=begin
confirm numeric variable `p_vars'
ss_sample `p_vars', maxloss(0.2)
quietly keep if ss_use
ss_check too_few_values, fail(_N < 2 * `p_k') value(_N)
capture confirm new variable cluster
ss_check name_taken, fail(_rc != 0) value(_rc)
local number = 0
local used ""
foreach variable of local p_vars {
    local number = `number' + 1
    quietly summarize `variable'
    local constant = !(r(sd) > 0) | missing(r(sd))
    ss_check zero_spread, fail(`constant') value(r(sd)) row(`number')
    quietly generate double ss_x`number' = `variable'
    if `p_standardize' == 1 {
        quietly replace ss_x`number' = (`variable' - r(mean)) / r(sd)
    }
    local used "`used' ss_x`number'"
}
ss_event step name=sample status=ok

ss_event step name=estimate status=begin
* starts at segments of the rows in the order of the first variable: the same data give the same clusters
sort `p_vars'
cluster kmeans `used', k(`p_k') start(segments) generate(ss_cluster) name(ss_means)
* numbered by size, the largest first
quietly egen double ss_size = count(ss_x1), by(ss_cluster)
quietly generate double ss_minus = -ss_size
quietly egen long cluster = group(ss_minus ss_cluster)
label variable cluster "k-means cluster, 1 is the largest"
quietly summarize cluster
local found = r(max)
ss_check one_level, fail(`found' < `p_k') value(`found')
tempname handle within total between
tempfile rows sizes
scalar `within' = 0
scalar `total' = 0
tempvar part centre
forvalues j = 1/`number' {
    quietly egen double `centre' = mean(ss_x`j'), by(cluster)
    quietly generate double `part' = (ss_x`j' - `centre')^2
    quietly summarize `part'
    scalar `within' = `within' + r(sum)
    quietly summarize ss_x`j'
    scalar `total' = `total' + r(Var) * (r(N) - 1)
    drop `part' `centre'
}
local n = _N
local index = ((`total' - `within') / (`p_k' - 1)) / (`within' / (`n' - `p_k'))
ss_metric within_ss = `within'
ss_metric explained = 1 - `within' / `total'
ss_metric calinski = `index'
postfile `handle' double cluster double n double share using "`sizes'"
local least = .
forvalues g = 1/`p_k' {
    quietly count if cluster == `g'
    local least = min(`least', r(N))
    post `handle' (`g') (r(N)) (r(N) / `n')
}
postclose `handle'
ss_check small_group, warn(`least' < 5) value(`least')
postfile `handle' double cluster str128 variable double mean double sd double distance using "`rows'"
forvalues g = 1/`p_k' {
    foreach variable of local p_vars {
        quietly summarize `variable'
        local mean = r(mean)
        local sd = r(sd)
        quietly summarize `variable' if cluster == `g'
        post `handle' (`g') ("`variable'") (r(mean)) (r(sd)) ((r(mean) - `mean') / `sd')
    }
}
postclose `handle'
ss_event step name=estimate status=ok

ss_event step name=export status=begin
ss_export using "table_sizes.csv", rows("`sizes'")
ss_export using "table_centres.csv", rows("`rows'")
local kind = cond(`p_standardize' == 1, "standardised", "as measured")
ss_fit_table using "table_fit.csv", values(N `n' clusters `p_k' variables `number' within_ss `within' total_ss `total' explained 1-`within'/`total' calinski `index')
local first : word 1 of `p_vars'
local second : word 2 of `p_vars'
ss_groups cluster, generate(ss_part)
ss_scatter_plot using "fig_clusters.svg", y(`second') x(`first') group(ss_part) fit(none) title("K-means clusters, variables `kind'")
ss_save using "data_clusters.dta"
ss_event step name=export status=ok
