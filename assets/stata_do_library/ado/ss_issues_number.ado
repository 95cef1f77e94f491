*! ss_issues_number 1.0.0: posts codes such as 999 or -9 that may stand for a missing value
* Usage: ss_issues_number handle variable rows
* A code is reported when it is the smallest or largest value and lies farther from the others than they are spread.
program define ss_issues_number
    args handle variable total
    quietly summarize `variable' if ss_use, meanonly
    local low = r(min)
    local high = r(max)
    foreach code in -9999 -999 -99 -9 -8 -1 99 999 9999 99999 {
        if `code' == `low' | `code' == `high' {
            quietly summarize `variable' if ss_use & `variable' != `code', meanonly
            local gap = min(abs(`code' - r(min)), abs(`code' - r(max)))
            if r(N) > 0 & `gap' > r(max) - r(min) {
                quietly count if ss_use & `variable' == `code'
                ss_issue `handle' `variable' suspicious_code `r(N)' `total' "code `code' lies far from all other values"
            }
        }
    }
end
