*! ss_power 1.0.0: size or power of a comparison of two means or shares, or of one with a fixed value
* Usage: ss_power, baseline(#) [other(#)] sd(#) kind(means|shares) arms(1|2) alpha(#) [power(#) n(#) n1(#) n2(#) ratio(#)]
* With power() the smallest size; with n() the power; with both and without other() the least difference above the baseline.
* Returns r(N), r(N1), r(N2), r(power) and r(difference).
program define ss_power, rclass
    syntax , BASeline(string) SD(string) KInd(string) ARMs(integer) ALPha(string) [OTHer(string) POWer(string) N(string) N1(string) N2(string) RATio(string)]
    local asked ""
    if "`power'" != "" {
        local asked "power(`power')"
    }
    if "`n'" != "" {
        local asked "`asked' n(`n')"
    }
    if "`n1'" != "" {
        local asked "`asked' n1(`n1') n2(`n2')"
    }
    if `arms' == 2 & "`ratio'" != "" {
        local asked "`asked' nratio(`ratio')"
    }
    tempname N N1 N2 reached found
    if `arms' == 2 & "`kind'" == "shares" {
        quietly power twoproportions `baseline' `other', alpha(`alpha') `asked'
        scalar `found' = r(p2)
    }
    if `arms' == 2 & "`kind'" == "means" {
        quietly power twomeans `baseline' `other', sd(`sd') alpha(`alpha') `asked'
        scalar `found' = r(m2)
    }
    if `arms' == 1 & "`kind'" == "shares" {
        quietly power oneproportion `baseline' `other', alpha(`alpha') `asked'
        scalar `found' = r(pa)
    }
    if `arms' == 1 & "`kind'" == "means" {
        quietly power onemean `baseline' `other', sd(`sd') alpha(`alpha') `asked'
        scalar `found' = r(ma)
    }
    scalar `N' = r(N)
    scalar `N1' = cond(`arms' == 2, r(N1), r(N))
    scalar `N2' = cond(`arms' == 2, r(N2), .)
    scalar `reached' = r(power)
    return scalar N = `N'
    return scalar N1 = `N1'
    return scalar N2 = `N2'
    return scalar power = `reached'
    return scalar difference = `found' - `baseline'
end
