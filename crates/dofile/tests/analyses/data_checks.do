* data checks: assert, count, inspect, egen
clear
set obs 100
gen id = _n
gen x = mod(id*7, 13)
gen grp = cond(id <= 30, "A", cond(id <= 70, "B", "C"))
egen r = rank(x), by(grp)
egen sd = sd(x), by(grp)
egen std = std(x)
egen med = median(x), by(grp)
egen p90 = pctile(x), p(90)
egen g2 = group(grp x), label
egen mx = rowmax(x r)
egen mode = mode(x), minmode
egen cnt = count(x), by(grp)
egen seq = seq(), from(1) to(5)
egen cc = concat(grp id), punct("-")
egen iqr = iqr(x)
egen anyv = anymatch(x), values(1 2 3)
egen diff = diff(x r)
count if x == 5 & grp == "B"
sort grp id
by grp: gen n = _n
by grp: gen lagx = x[_n-1]
by grp: replace lagx = 0 if _n == 1
gen byte flag = inlist(grp, "A", "C")
gen z = x^2 if !flag, after(x)
drop if x == . | mi(grp)
recast double x
gen double sqrtx = sqrt(x)
format x %8.3f
table grp, statistic(mean x) statistic(sd x) nformat(%6.2f)
table (grp) (flag), statistic(frequency) nototals
tabstat x r, by(grp) stat(mean sd n) nototal
list grp x r in 1/5, clean noobs
summarize x if grp == "A", d
return list
di r(p50)
gsort -x grp
contract grp flag
list

