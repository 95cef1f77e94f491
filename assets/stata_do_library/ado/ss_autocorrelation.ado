*! ss_autocorrelation 1.0.0: Moran's I and Geary's c of a variable with the weights neighbours, with moments under both null models
* Usage: ss_autocorrelation varname; stores r(table), rows moran and geary under randomisation, then under normality; columns estimate, mean, sd
* Cliff and Ord (1981), Spatial Processes, equations 2.29 to 2.38; every unit counts, also one without neighbours.
program define ss_autocorrelation, rclass
    syntax varname
    tempname found
    quietly spmatrix matafromsp ss_weights ss_ids = neighbours
    mata: st_matrix("`found'", ss_autocorrelation(ss_weights, st_data(., "`varlist'")))
    mata: mata drop ss_weights ss_ids
    return matrix table = `found'
end

mata:
real matrix ss_autocorrelation(real matrix w, real colvector x)
{
    real colvector z
    real scalar n, s0, s1, s2, k, moran, geary, m, a, b, c, d
    n = rows(x)
    z = x :- mean(x)
    s0 = sum(w)
    s1 = sum((w + w'):^2) / 2
    s2 = sum((rowsum(w) + colsum(w)'):^2)
    k = n * sum(z:^4) / sum(z:^2)^2
    moran = n / s0 * (z' * w * z) / (z' * z)
    geary = (n - 1) / (2 * s0) * (sum((rowsum(w) + colsum(w)') :* z:^2) - 2 * z' * w * z) / (z' * z)
    m = -1 / (n - 1)
    a = (n * ((n^2 - 3*n + 3) * s1 - n * s2 + 3 * s0^2) - k * ((n^2 - n) * s1 - 2*n * s2 + 6 * s0^2)) / ((n - 1) * (n - 2) * (n - 3) * s0^2) - m^2
    b = ((n - 1) * s1 * (n^2 - 3*n + 3 - (n - 1) * k) - (n - 1) * s2 * (n^2 + 3*n - 6 - (n^2 - n + 2) * k) / 4 + s0^2 * (n^2 - 3 - (n - 1)^2 * k)) / (n * (n - 2) * (n - 3) * s0^2)
    c = (n^2 * s1 - n * s2 + 3 * s0^2) / (s0^2 * (n^2 - 1)) - m^2
    d = ((2 * s1 + s2) * (n - 1) - 4 * s0^2) / (2 * (n + 1) * s0^2)
    return((moran, m, sqrt(a) \ geary, 1, sqrt(b) \ moran, m, sqrt(c) \ geary, 1, sqrt(d)))
}
end
