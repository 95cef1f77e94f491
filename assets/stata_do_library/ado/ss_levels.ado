*! ss_levels 1.0.0: checks that a variable of the sample is a category with a fitting number of levels
* Usage: ss_levels variable, most(#)
* Prints not_integer, one_level, too_many_levels and sparse_cells (a level with fewer than 5 rows);
* returns r(levels) and r(count).
program define ss_levels, rclass
    syntax varname, Most(integer)
    quietly count if ss_use & (`varlist' != floor(`varlist') | `varlist' < 0)
    ss_check not_integer, fail(r(N) > 0) value(r(N))
    quietly levelsof `varlist' if ss_use, local(levels)
    local count : word count `levels'
    ss_check one_level, fail(`count' < 2) value(`count')
    ss_check too_many_levels, fail(`count' > `most') value(`count')
    local least = .
    foreach value of local levels {
        quietly count if ss_use & `varlist' == `value'
        local least = min(`least', r(N))
    }
    ss_check sparse_cells, warn(`least' < 5) value(`least')
    return local levels "`levels'"
    return scalar count = `count'
end
