import delimited using /work/h1/crates/dofile/tests/oracles/data/employment.csv, clear asdouble case(preserve)
sort id year
generate double lw = w[_n-1] if id == id[_n-1]
generate c = mod(id, 37)
xtset id year
bysort id (year): generate n_ = sum(lw < .)
drop if id == 5 & n_ > 1
xtivreg2 n k (w = ys lw), fe gmm2s cluster(id)
di "@@ _b[w] " %21.15e _b[w]
di "@@ _b[k] " %21.15e _b[k]
di "@@ _se[w] " %21.15e _se[w]
di "@@ _se[k] " %21.15e _se[k]
di "@@ e(j) " %21.15e e(j)
di "@@ e(N) " %21.15e e(N)
di "@@ e(N_clust) " %21.15e e(N_clust)
di "@@ e(N_g) " %21.15e e(N_g)
di "@@ e(singleton) " %21.15e e(singleton)
