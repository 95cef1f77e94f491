*! ss_event 1.0.0: prints one anchor line, SS_EVENT|kind|k=key|name=value...
* Usage: ss_event kind name=value [name=value ...]; a value with blanks is quoted.
* Leaves r() and e() as they are. Bytes outside printable ASCII and % | { } become %XX.
program define ss_event
    gettoken kind 0 : 0
    local line "SS_EVENT|`kind'|k=$SS_KEY"
    while strtrim(`"`0'"') != "" {
        gettoken key 0 : 0, parse(" =")
        gettoken equals 0 : 0, parse(" =")
        gettoken value 0 : 0
        if !regexm(`"`value'"', "^[ !-#&-z~]*$") {
            ss_event_escape `"`value'"'
            local value `"$SS_ESCAPED"'
            macro drop SS_ESCAPED
        }
        local line `"`line'|`key'=`value'"'
    }
    local line = substr(`"`line'"', 1, 200)
    * an escape that the cut has split is left out
    local rest = strpos(substr(`"`line'"', 199, 2), "%")
    if strlen(`"`line'"') == 200 & `rest' > 0 {
        local line = substr(`"`line'"', 1, 197 + `rest')
    }
    display as text _asis `"`line'"'
end

* Percent-escapes a value by code point; the result is in global SS_ESCAPED for the caller alone.
program define ss_event_escape
    args value
    local digits "0123456789ABCDEF"
    local out ""
    local length = ustrlen(`"`value'"')
    forvalues i = 1/`length' {
        local character = usubstr(`"`value'"', `i', 1)
        if regexm(`"`character'"', "^[ !-#&-z~]$") {
            local out `"`out'`character'"'
        }
        else {
            local hex = strupper(substr(ustrtohex(`"`character'"'), 3, .))
            local code = 0
            local width = strlen("`hex'")
            forvalues j = 1/`width' {
                local code = 16 * `code' + strpos("`digits'", substr("`hex'", `j', 1)) - 1
            }
            * UTF-8 as in RFC 3629, section 3
            if `code' < 128 {
                local bytes "`code'"
            }
            else if `code' < 2048 {
                local bytes "`=192 + floor(`code' / 64)' `=128 + mod(`code', 64)'"
            }
            else if `code' < 65536 {
                local bytes "`=224 + floor(`code' / 4096)' `=128 + mod(floor(`code' / 64), 64)' `=128 + mod(`code', 64)'"
            }
            else {
                local bytes "`=240 + floor(`code' / 262144)' `=128 + mod(floor(`code' / 4096), 64)' `=128 + mod(floor(`code' / 64), 64)' `=128 + mod(`code', 64)'"
            }
            foreach byte of local bytes {
                local high = substr("`digits'", floor(`byte' / 16) + 1, 1)
                local low = substr("`digits'", mod(`byte', 16) + 1, 1)
                local out `"`out'%`high'`low'"'
            }
        }
    }
    global SS_ESCAPED `"`out'"'
end
