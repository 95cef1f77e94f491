* panel: reshape, xtset, lags, within
version 17
clear
input id inc2018 inc2019 inc2020 str1 g
1 100 110 121 "a"
2 200 190 . "b"
3 50 55 60.5 "a"
end
reshape long inc, i(id) j(year)
assert _N == 9
xtset id year
gen dinc = D.inc
gen growth = (inc - L.inc)/L.inc * 100
format growth %6.2f
list, sepby(id)
by id: gen first = inc[1]
by id (year), sort: gen cum = sum(inc)
bys id: egen tot = total(inc)
assert tot == 331 if id == 1
bysort id (year): gen byte last = _n == _N
count if last
assert r(N) == 3
reshape wide inc dinc growth cum first last, i(id) j(year)
describe
assert inc2019[2] == 190
reshape long
xtsum inc
collapse (mean) minc=inc (sd) sdinc=inc (count) n=inc (p50) med=inc, by(g)
list
assert n[1] == 6
