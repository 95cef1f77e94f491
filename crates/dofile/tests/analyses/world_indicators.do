* A file as the World Bank offers it: years above the columns, text for missing values, names with accents.
version 14
clear
tempname h
file open `h' using raw.csv, write replace text
file write `h' "Country Name;Series;1990;1991;1992" _n
file write `h' `"Côte d'Ivoire;GDP;"1,000.5";..;1200"' _n
file write `h' `"Côte d'Ivoire;POP;10;11;12"' _n
file write `h' `"Chad;GDP;500;510;.."' _n
file write `h' "Chad;POP;5;;6" _n
file close `h'
import delimited raw.csv, delimiter(";") varnames(1) encoding("utf-8") stringcols(_all) clear
foreach v of varlist v3-v5 {
    local year : variable label `v'
    rename `v' y`year'
    replace y`year' = "" if y`year' == ".."
}
reshape long y, i(countryname series) j(year)
destring y, replace ignore(",")
reshape wide y, i(countryname year) j(series) string
rename (yGDP yPOP) (gdp pop)
encode countryname, gen(cid)
xtset cid year, yearly
gen growth = D.gdp/L.gdp*100
bysort countryname: ipolate gdp year, gen(gdpi) epolate
gsort countryname -year
by countryname: gen latest = _n == 1
tostring year, gen(ys) format(%04.0f)
gen code = upper(usubstr(ustrto(ustrnormalize(countryname, "nfd"), "ascii", 2), 1, 3)) + "_" + ys
assert code == "COT_1992" if latest & countryname != "Chad"
assert reldif(growth, 2) < 1e-6 if countryname == "Chad" & year == 1991
assert missing(growth) if !(countryname == "Chad" & year == 1991)
assert reldif(gdpi, 1100.25) < 1e-6 if year == 1991 & countryname != "Chad"
assert gdpi == 520 if year == 1992 & countryname == "Chad"

* the same columns in a workbook: letters with the year as label
keep countryname year gdp
reshape wide gdp, i(countryname) j(year)
foreach v of varlist gdp* {
    label variable `v' "`=substr("`v'", 4, 4)'"
}
label variable countryname "Country"
export excel using indicators.xlsx, firstrow(varlabels) replace
import excel indicators.xlsx, firstrow clear
foreach v of varlist _all {
    local text : variable label `v'
    if real("`text'") < . rename `v' gdp`text'
}
confirm numeric variable gdp1990 gdp1991 gdp1992
assert gdp1991 == 510 if Country == "Chad"
