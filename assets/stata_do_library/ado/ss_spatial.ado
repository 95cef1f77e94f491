*! ss_spatial 1.0.0: declares the units of the sample with their coordinates and makes the matrix of spatial weights neighbours
* Usage: ss_spatial using "table.csv", x(varname) y(varname) coordinates(planar|latlong) kind(inverse|nearest) normalize(row|spectral|minmax)
*     [neighbours(#) threshold(#) unit(varname) least(#)]
* Drops the rows outside of the sample. inverse: one over the distance, 0 from threshold() on; nearest: 1 for the neighbours() nearest units,
* the earlier row first where distances are equal. Makes ss_unit, ss_row (row of the data) and ss_neighbours, writes the table of the weights.
* Checks too_many_obs, too_few_values, outside_limits, dup_key (two units at one place), bounds_order and island (a unit without neighbours).
program define ss_spatial
    syntax using/, X(varname) Y(varname) COordinates(string) Kind(string) Normalize(string) [NEighbours(integer 1) THreshold(string) UNIt(string) LEast(integer 4)]
    quietly generate long ss_row = _n
    quietly keep if ss_use
    local used = _N
    ss_check too_many_obs, fail(`used' > 3000) value(`used')
    ss_check too_few_values, fail(`used' < `least') value(`used')
    local system "coordsys(planar)"
    if "`coordinates'" == "latlong" {
        local system "coordsys(latlong, kilometers)"
        quietly count if abs(`x') > 180 | abs(`y') > 90
        ss_check outside_limits, fail(r(N) > 0) value(r(N))
    }
    tempvar same
    quietly duplicates tag `x' `y', generate(`same')
    quietly summarize ss_row if `same' > 0, meanonly
    ss_check dup_key, fail(r(N) > 0) value(r(N)) row(`=cond(r(N) > 0, r(min), 0)')
    ss_check bounds_order, fail("`kind'" == "nearest" & `neighbours' >= `used') value(`neighbours')
    quietly generate long ss_unit = _n
    quietly spset ss_unit, coord(`x' `y') `system'
    if "`kind'" == "nearest" {
        quietly spmatrix create idistance neighbours, normalize(none) replace
        quietly spmatrix matafromsp ss_weights ss_ids = neighbours
        mata: ss_weights = ss_nearest(ss_weights, `neighbours')
        quietly spmatrix spfrommata neighbours = ss_weights ss_ids, normalize(`normalize') replace
    }
    else {
        local cut ""
        if "`threshold'" != "" {
            local cut "vtruncate(`=1 / `threshold'')"
        }
        quietly spmatrix create idistance neighbours, normalize(none) `cut' replace
        quietly spmatrix matafromsp ss_weights ss_ids = neighbours
    }
    quietly generate long ss_neighbours = .
    mata: st_store(., "ss_neighbours", rowsum(ss_weights :> 0))
    quietly summarize ss_neighbours
    local fewest = r(min)
    local mean = r(mean)
    local most = r(max)
    quietly count if ss_neighbours == 0
    local alone = r(N)
    quietly summarize ss_row if ss_neighbours == 0, meanonly
    ss_check island, warn(`alone' > 0) fail(`alone' == `used') value(`alone') row(`=cond(`alone' > 0, r(min), 0)')
    if "`kind'" == "inverse" {
        quietly spmatrix create idistance neighbours, normalize(`normalize') `cut' replace
    }
    mata: mata drop ss_weights ss_ids
    local place = cond("`unit'" == "", "ss_row", "`unit'")
    local names ""
    if `alone' > 0 {
        local listed = 0
        forvalues i = 1/`used' {
            if ss_neighbours[`i'] == 0 & `listed' < 10 {
                local listed = `listed' + 1
                local comma = cond(`listed' > 1, ", ", "")
                local names "`names'`comma'`=`place'[`i']'"
            }
        }
        if `alone' > `listed' {
            local names "`names', …"
        }
        local names "without neighbours: `names'"
    }
    tempname handle
    tempfile rows
    postfile `handle' str32 metric double value str244 note using "`rows'"
    post `handle' ("units") (`used') ("weights: `kind', normalisation: `normalize'")
    post `handle' ("neighbours_min") (`fewest') ("")
    post `handle' ("neighbours_mean") (`mean') ("")
    post `handle' ("neighbours_max") (`most') ("")
    post `handle' ("isolated") (`alone') ("`names'")
    postclose `handle'
    ss_metric isolated = `alone'
    ss_export using "`using'", rows("`rows'")
end

mata:
real matrix ss_nearest(real matrix w, real scalar k)
{
    real matrix found
    real colvector near
    real scalar i
    found = J(rows(w), cols(w), 0)
    for (i = 1; i <= rows(w); i++) {
        near = order((-w[i, .]', (1::cols(w))), (1, 2))
        found[i, near[|1 \ k|]'] = J(1, k, 1)
    }
    return(found)
}
end
