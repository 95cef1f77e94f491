*! ss_cutoffs 1.0.1: writes sensitivity and specificity of a marker at each of its values as cut-off
* Usage: ss_cutoffs using "file.csv", outcome(0/1 variable) markers(varlist); a row counts as positive at or above the cut-off.
* Returns r(best) and r(youden) of the first marker: the cut-off with the largest sensitivity + specificity - 1.
* A marker that does no better than chance at any cut-off has no best one.
program define ss_cutoffs, rclass
    syntax using/, OUTcome(varname) MARkers(varlist)
    tempname best youden
    tempfile rows all
    local number = 0
    foreach marker of local markers {
        local number = `number' + 1
        preserve
        quietly keep if ss_use
        keep `outcome' `marker'
        * both may have a name of the table's columns
        rename (`outcome' `marker') (ss_outcome ss_marker)
        local used = _N
        quietly count if ss_outcome == 1
        local ones = r(N)
        gsort -ss_marker
        quietly generate double sensitivity = sum(ss_outcome == 1) / `ones'
        quietly generate double ss_positive = sum(ss_outcome == 0)
        quietly keep if ss_marker != ss_marker[_n + 1]
        quietly generate double specificity = 1 - ss_positive / (`used' - `ones')
        quietly generate double correct = (sensitivity * `ones' + specificity * (`used' - `ones')) / `used'
        quietly generate double lr_plus = sensitivity / (1 - specificity) if specificity < 1
        quietly generate double lr_minus = (1 - sensitivity) / specificity if specificity > 0
        quietly generate double youden = sensitivity + specificity - 1
        quietly summarize youden, meanonly
        local most = r(max)
        quietly generate byte best = abs(youden - r(max)) < 1e-12 & r(max) > 1e-12
        quietly generate str244 marker = "`marker'"
        quietly generate double cutoff = ss_marker
        if `number' == 1 {
            scalar `youden' = r(max)
            quietly summarize cutoff if best == 1, meanonly
            scalar `best' = r(min)
        }
        keep marker cutoff sensitivity specificity correct lr_plus lr_minus youden best
        order marker cutoff sensitivity specificity correct lr_plus lr_minus youden best
        sort cutoff
        if `number' > 1 {
            quietly save "`rows'", replace
            quietly use "`all'", clear
            quietly append using "`rows'"
        }
        quietly save "`all'", replace
        restore
    }
    ss_export using "`using'", rows("`all'")
    return scalar best = `best'
    return scalar youden = `youden'
end
