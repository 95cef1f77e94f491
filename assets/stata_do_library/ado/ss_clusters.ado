*! ss_clusters 1.0.0: counts the clusters of the sample and prints the check few_clusters
* Usage: ss_clusters variable (number or text); warns below 30, fails with one.
program define ss_clusters
    syntax varname
    tempvar first
    quietly egen byte `first' = tag(`varlist') if ss_use
    quietly count if `first' == 1
    ss_check few_clusters, warn(r(N) < 30) fail(r(N) < 2) value(r(N))
end
