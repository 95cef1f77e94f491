*! version 0.1.0  client of stata-service: a question and data in, a frozen plan, a run and its numbers out
* Needs Stata 16 and curl. Everything but two lines (shell, fileread) is run by scripts/checks/clients_stata.py.

program define statasvc, rclass
    version 16
    gettoken sub 0 : 0, parse(" ,")
    if !inlist(`"`sub'"', "ask", "upload", "run", "findings", "fetch", "capsule", "status", "batch", "compare") & !inlist(`"`sub'"', "wait", "cancel") {
        display as error "statasvc ask | upload | run | wait | cancel | findings | fetch | batch | compare | capsule | status; see help statasvc"
        exit 198
    }
    if "`sub'" != "ask" & ("$STATASVC_JOB" == "" | "$STATASVC_TOKEN" == "") {
        display as error "there is no job; begin with statasvc ask"
        exit 198
    }
    _statasvc_`sub' `0'
    return add
end

* statasvc ask "question", code(task code) [url(address)]: makes the job; without code() changes its question
program define _statasvc_ask, rclass
    version 16
    gettoken question 0 : 0
    syntax [, CODE(string) URL(string)]
    if `"`url'"' != "" global STATASVC_URL = ustrregexra(`"`url'"', "/+$", "")
    if "$STATASVC_URL" == "" global STATASVC_URL "http://127.0.0.1:8080"
    _statasvc_text `"`question'"'
    local asked `"`r(json)'"'
    if `"`code'"' == "" {
        if "$STATASVC_JOB" == "" {
            display as error "code() required: the task code from your operator"
            exit 198
        }
        _statasvc_send PATCH "/v1/jobs/$STATASVC_JOB" `"{"requirement":`macval(asked)'}"'
    }
    else {
        _statasvc_text `"`code'"'
        global STATASVC_TOKEN
        _statasvc_send POST "/v1/task-codes/redeem" `"{"task_code":`r(json)',"requirement":`macval(asked)'}"'
        _statasvc_key token
        global STATASVC_TOKEN "`r(value)'"
        _statasvc_key job_id
        global STATASVC_JOB "`r(value)'"
    }
    display as text "job " as result "$STATASVC_JOB" as text " at $STATASVC_URL"
    return local job "$STATASVC_JOB"
end

* statasvc upload [using file]: a file, or the data in memory
program define _statasvc_upload, rclass
    version 16
    syntax [using/]
    if `"`using'"' == "" {
        tempfile saved
        preserve
        quietly save `"`saved'"'
        restore
        local using `"`saved'"'
        local name "memory.dta"
    }
    else {
        confirm file `"`using'"'
        local name = ustrregexra(`"`using'"', "^.*[/\\]", "")
    }
    _statasvc_open
    local path = subinstr(`"`using'"', "\", "/", .)
    _statasvc_send POST "/v1/jobs/$STATASVC_JOB/inputs/upload" "" `"`path'"' `"`name'"'
    local read 0
    while !`read' {
        _statasvc_call GET "/v1/jobs/$STATASVC_JOB/inputs/preview?rows=1&columns=1"
        local read = r(http) != 409 | !strpos(statasvc_body, `""ingesting""')
        if !`read' {
            display as text "the service reads the data"
            sleep 1000
        }
    }
    _statasvc_check
    _statasvc_number row_count
    local rows `r(value)'
    display as text `"`name': "' as result `rows' as text " rows"
    _statasvc_said `""severity":"warning","message""' "remark: "
    return scalar remarks = r(said)
    return scalar rows = `rows'
end

* Shows each text that the response has behind a key, and counts them
program define _statasvc_said, rclass
    args key before
    local found 0
    scalar statasvc_rest = statasvc_body
    while ustrregexm(statasvc_rest, `"`key':"((?:[^"\\]|\\.)*)""') {
        * a scalar, since a label of the data may hold what a macro would expand
        scalar statasvc_line = ustrregexs(1)
        scalar statasvc_rest = substr(statasvc_rest, strpos(statasvc_rest, statasvc_line) + strlen(statasvc_line), .)
        scalar statasvc_line = subinstr(subinstr(statasvc_line, "\" + char(34), char(34), .), "\\", "\", .)
        display as text "`before'" scalar(statasvc_line)
        local ++found
    }
    scalar drop statasvc_rest
    capture scalar drop statasvc_line
    return scalar said = `found'
end

* Opens the draft of a job again whose plan is frozen; the plan stays, with its runs.
program define _statasvc_open
    version 16
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB"
    _statasvc_key status
    if inlist("`r(value)'", "queued", "running") {
        display as error "a run is under way; statasvc wait waits for its end, statasvc cancel ends it"
        exit 9
    }
    if inlist("`r(value)'", "confirmed", "succeeded", "failed", "cancelled") {
        _statasvc_send POST "/v1/jobs/$STATASVC_JOB/plan/revise" "{}"
    }
end

* statasvc cancel: ends the run
program define _statasvc_cancel
    version 16
    syntax
    _statasvc_send POST "/v1/jobs/$STATASVC_JOB/cancel" "{}"
    display as text "job $STATASVC_JOB: cancelled"
end

* statasvc run [template], outcome() regressors() ...: draft, plan, run; without a template the draft of the model
program define _statasvc_run, rclass
    version 16
    syntax [anything] [, OUTcome(string) REGressors(string) CONtrols(string) ROLEs(string) ///
        PARAMeters(string) CATegorical(string) BASE(string) WHERE(string) WAIT(integer 3600)]
    local template `anything'
    local job "/v1/jobs/$STATASVC_JOB"
    _statasvc_open
    if `"`template'"' == "" _statasvc_model `wait'
    else {
        local lists ""
        if `"`regressors'"' != "" local lists `"regressors=`regressors'"'
        if `"`controls'"' != "" local lists `"`lists';controls=`controls'"'
        if `"`roles'"' != "" local lists `"`lists';`roles'"'
        _statasvc_pairs list `"`lists'"'
        local body `"{"template_id":"`template'","roles":{`r(json)'}"'
        if `"`outcome'"' != "" local body `"`body',"outcome_var":"`outcome'""'
        if `"`parameters'"' != "" {
            _statasvc_pairs one `"`parameters'"'
            local body `"`body',"parameters":{`r(json)'}"'
        }
        if `"`categorical'"' != "" {
            _statasvc_pairs list `"categorical_vars=`categorical'"'
            local body `"`body',`r(json)'"'
        }
        if `"`base'"' != "" {
            _statasvc_pairs text `"`base'"'
            local body `"`body',"base_levels":{`r(json)'}"'
        }
        if `"`where'"' != "" {
            _statasvc_text `"`where'"'
            local body `"`body',"sample_if":`r(json)'"'
        }
        _statasvc_send PUT "`job'/draft" `"`body'}"'
    }
    * a warning of the plan is shown; an error is that of the freeze
    _statasvc_call POST "`job'/plan/preview" "{}"
    _statasvc_said `""status":"warn",.*?"message""' "warning: "
    return scalar warnings = r(said)
    _statasvc_send POST "`job'/plan/freeze" "{}"
    _statasvc_key plan_id
    local plan `r(value)'
    display as text "plan " as result "`plan'"
    _statasvc_send POST "`job'/run" "{}"
    _statasvc_wait `wait'
    return local plan "`plan'"
    return local status "`r(status)'"
    return local run "`r(run)'"
end

* statasvc wait [seconds]: waits for the end of the run; shows its place in the queue and its steps
program define _statasvc_wait, rclass
    version 16
    args wait
    if "`wait'" == "" local wait 3600
    local shown ""
    forvalues second = 0/`wait' {
        _statasvc_send GET "/v1/jobs/$STATASVC_JOB"
        _statasvc_key status
        local status `r(value)'
        local now "`status'"
        if "`status'" == "queued" {
            _statasvc_number position
            local now "queued, `r(value)' before this one"
        }
        else if "`status'" == "running" {
            _statasvc_key step
            local now "running `r(value)'"
        }
        if "`now'" != "`shown'" display as text "`now'"
        local shown "`now'"
        if inlist("`status'", "succeeded", "failed", "cancelled") {
            _statasvc_key run_id
            local run `r(value)'
            return local run "`run'"
            return local status "`status'"
            if "`status'" == "failed" _statasvc_failed `run'
            if "`status'" != "succeeded" exit 9
            exit
        }
        if !inlist("`status'", "queued", "running") {
            display as error "no run is under way; begin with statasvc run"
            exit 9
        }
        sleep 1000
    }
    display as error "the run continues at the service; statasvc wait waits for its end, statasvc cancel ends it"
    exit 9
end

* Shows why a run failed.
program define _statasvc_failed
    version 16
    args run
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB/runs/`run'"
    _statasvc_key cause
    local cause `r(value)'
    _statasvc_key cause_detail
    local detail ""
    if `"`r(value)'"' != "" local detail `" (`r(value)')"'
    display as error `"the run failed: `cause'`detail'; statasvc fetch brings its log"'
end

* Waits for the draft of the service's language model.
program define _statasvc_model
    version 16
    args wait
    * curl would repeat this refusal (503) although it cannot succeed
    _statasvc_send GET "/v1/capabilities"
    if strpos(statasvc_body, `""configured":false"') {
        display as error "the service has no language model; name a do-template: statasvc run template, ..."
        exit 9
    }
    forvalues second = 0/`wait' {
        _statasvc_send GET "/v1/jobs/$STATASVC_JOB/draft/preview"
        if r(http) == 200 exit
        if strpos(statasvc_body, `""inputs_missing""') {
            display as error "there are no data; begin with statasvc upload"
            exit 9
        }
        display as text "the model writes a draft"
        sleep 1000
    }
    display as error "there is no draft yet; repeat statasvc run"
    exit 9
end

program define _statasvc_status, rclass
    version 16
    syntax
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB"
    _statasvc_key status
    display as text "job $STATASVC_JOB: " as result "`r(value)'"
    return local status "`r(value)'"
end

* statasvc findings [, language(en|zh)]: the main results of the run as sentences
program define _statasvc_findings, rclass
    version 16
    syntax [, LANGuage(string)]
    if "`language'" == "" local language "en"
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB"
    _statasvc_key run_id
    local run `r(value)'
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB/runs/`run'/findings?language=`language'"
    _statasvc_said `""text""' "- "
    return scalar findings = r(said)
    return local run "`run'"
end

* statasvc fetch [, saving(folder) clear replace]: files of the run; clear loads its coefficients
program define _statasvc_fetch, rclass
    version 16
    syntax [, SAVing(string) CLEAR REPLACE]
    if `"`saving'"' == "" local saving "."
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB"
    _statasvc_key run_id
    local run `r(value)'
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB/runs/`run'"
    capture mkdir `"`saving'"'
    local files ""
    local rest = strpos(statasvc_body, `""outputs":["')
    scalar statasvc_rest = substr(statasvc_body, `rest', .)
    scalar statasvc_rest = substr(statasvc_rest, 1, strpos(statasvc_rest, "]"))
    while ustrregexm(statasvc_rest, `""rel_path":"([A-Za-z0-9_./-]+)""') {
        local file = ustrregexs(1)
        local at = strpos(statasvc_rest, `""rel_path":"`file'""')
        scalar statasvc_rest = substr(statasvc_rest, `at' + 12, .)
        local files "`files' `file'"
    }
    scalar drop statasvc_rest
    foreach file of local files {
        if "`replace'" == "" confirm new file `"`saving'/`file'"'
        _statasvc_send GET "/v1/jobs/$STATASVC_JOB/artifacts/artifacts/runs/`run'/`file'" "" "" "" ///
            `"`saving'/`file'"'
        display as text `"`saving'/`file'"'
    }
    if "`clear'" != "" import delimited using `"`saving'/table_coefficients.csv"', clear varnames(1) asdouble
    return local run "`run'"
    return local files "`files'"
end

* statasvc batch template, outcome() regressors() ...: several specifications, each with its own plan and run
program define _statasvc_batch, rclass
    version 16
    syntax anything, OUTcome(string) REGressors(string) [CONtrolsets(string) SAMples(string) ROLEs(string) ///
        PARAMeters(string) WAIT(integer 3600)]
    local lists `"regressors=`regressors'"'
    if `"`roles'"' != "" local lists `"`lists';`roles'"'
    _statasvc_pairs list `"`lists'"'
    local first : word 1 of `outcome'
    local base `"{"template_id":"`anything'","outcome_var":"`first'","roles":{`r(json)'}"'
    if `"`parameters'"' != "" {
        _statasvc_pairs one `"`parameters'"'
        local base `"`base',"parameters":{`r(json)'}"'
    }
    local axes ""
    if `: word count `outcome'' > 1 {
        _statasvc_pairs list `"outcomes=`outcome'"'
        local axes `"`r(json)'"'
    }
    foreach axis in controls samples {
        local sets `"`samples'"'
        if "`axis'" == "controls" local sets `"`controlsets'"'
        if `"`sets'"' != "" {
            _statasvc_axis `axis' `"`sets'"'
            if `"`axes'"' != "" local axes `"`axes',"'
            local axes `"`axes'"`axis'":[`r(json)']"'
        }
    }
    if `"`axes'"' == "" {
        display as error "one specification is a run; name several: outcome(a b), controlsets(none; a; a b), samples(all; a > 1)"
        exit 198
    }
    _statasvc_send POST "/v1/jobs/$STATASVC_JOB/batches" `"{"base":`base'},"axes":{`axes'}}"'
    _statasvc_key batch_id
    global STATASVC_BATCH "`r(value)'"
    display as text "batch " as result "$STATASVC_BATCH"
    local shown ""
    forvalues second = 0/`wait' {
        _statasvc_send GET "/v1/jobs/$STATASVC_JOB/batches/$STATASVC_BATCH"
        _statasvc_key status
        local status "`r(value)'"
        _statasvc_number ended
        local ended `r(value)'
        _statasvc_number total
        local now "`status', `ended' of `r(value)' specifications"
        if "`now'" != "`shown'" display as text "`now'"
        local shown "`now'"
        if "`status'" != "running" {
            return local batch "$STATASVC_BATCH"
            return local status "`status'"
            return scalar ended = `ended'
            exit
        }
        sleep 1000
    }
    display as error "the batch continues at the service; repeat the command to wait for it"
    exit 9
end

* Sets of controls or conditions of samples, separated by ";", as members of a JSON list; none and all are the empty ones.
program define _statasvc_axis, rclass
    version 16
    args axis sets
    local json ""
    while `"`sets'"' != "" {
        gettoken set sets : sets, parse(";")
        if `"`set'"' != ";" {
            local set = strtrim(`"`set'"')
            if "`axis'" == "controls" {
                local items ""
                foreach name of local set {
                    if "`name'" != "none" local items `"`items',"`name'""'
                }
                local item `"{"columns":[`=substr(`"`items'"', 2, .)']}"'
            }
            else if `"`set'"' == "all" local item `"{"label":"all"}"'
            else {
                _statasvc_text `"`set'"'
                local item `"{"label":`r(json)',"condition":`r(json)'}"'
            }
            if `"`json'"' != "" local json `"`json',"'
            local json `"`json'`item'"'
        }
    }
    return local json `"`json'"'
end

* statasvc compare [using file] [, term(name) clear replace]: the specifications of the batch side by side
program define _statasvc_compare, rclass
    version 16
    syntax [using/] [, TERM(string) CLEAR REPLACE]
    if "$STATASVC_BATCH" == "" {
        display as error "there is no batch; begin with statasvc batch"
        exit 198
    }
    if `"`using'"' == "" local using "comparison.csv"
    if "`replace'" == "" confirm new file `"`using'"'
    local format = ustrregexra(`"`using'"', "^.*\.", "")
    if "`clear'" != "" & "`format'" != "csv" {
        display as error "clear loads a csv file"
        exit 198
    }
    local query "format=`format'"
    if `"`term'"' != "" local query = "`query'&term=" + subinstr(`"`term'"', "#", "%23", .)
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB/batches/$STATASVC_BATCH/comparison?`query'" "" "" "" `"`using'"'
    display as text `"`using'"'
    if "`clear'" != "" import delimited using `"`using'"', clear varnames(1) asdouble
    return local filename `"`using'"'
end

* statasvc capsule using file.zip [, replace]: one archive with everything needed to check and repeat the run
program define _statasvc_capsule, rclass
    version 16
    syntax using/ [, REPLACE]
    if "`replace'" == "" confirm new file `"`using'"'
    _statasvc_send GET "/v1/jobs/$STATASVC_JOB/capsule" "" "" "" `"`using'"'
    display as text `"`using'"'
    return local filename `"`using'"'
end

* As _statasvc_call, and stops at an error of the service.
program define _statasvc_send, rclass
    version 16
    _statasvc_call `macval(0)'
    return scalar http = r(http)
    _statasvc_check
end

* One request: method, path, JSON body, file to upload with its name, file for the bytes of the response.
* The text of the response is in the scalar statasvc_body, the status in r(http) and statasvc_http.
program define _statasvc_call, rclass
    version 16
    args method path body upload name target
    tempfile config sent received head trouble
    tempname f
    if `"`macval(body)'"' != "" {
        file open `f' using `"`sent'"', write text replace
        file write `f' `"`macval(body)'"'
        file close `f'
    }
    file open `f' using `"`config'"', write text replace
    file write `f' `"url = "$STATASVC_URL`path'""' _n `"request = "`method'""' _n
    if "$STATASVC_TOKEN" != "" file write `f' `"header = "Authorization: Bearer $STATASVC_TOKEN""' _n
    if "`method'" == "POST" {
        local key = "stata-" + subinstr(c(current_date), " ", "", .) + subinstr(c(current_time), ":", "", .)
        file write `f' `"header = "Idempotency-Key: `key'-`=ustrregexra("`config'", "[^A-Za-z0-9]", "")'""' _n
    }
    if `"`macval(body)'"' != "" {
        local sent = subinstr(`"`sent'"', "\", "/", .)
        file write `f' `"header = "Content-Type: application/json""' _n `"data-binary = "@`sent'""' _n
    }
    if `"`upload'"' != "" {
        file write `f' `"form = "file=@`upload';filename=`name'""' _n
        file write `f' `"form = "role=primary_dataset""' _n `"form = "filename=`name'""' _n
    }
    foreach file in received head trouble {
        local `file' = subinstr(`"``file''"', "\", "/", .)
    }
    local into `"`received'"'
    if `"`target'"' != "" local into = subinstr(`"`target'.part"', "\", "/", .)
    file write `f' `"output = "`into'""' _n `"dump-header = "`head'""' _n `"stderr = "`trouble'""' _n
    file write `f' "silent" _n "show-error" _n "connect-timeout = 30" _n "retry = 4" _n "retry-max-time = 300" _n
    * a large file may come from the object store of the service, to which curl does not send the token
    if `"`target'"' != "" file write `f' "location" _n
    file close `f'
    _statasvc_curl `"`config'"'
    capture erase `"`config'"'
    _statasvc_http `"`head'"'
    return scalar http = scalar(statasvc_http)
    if scalar(statasvc_http) == 0 capture noisily type `"`trouble'"'
    scalar statasvc_body = ""
    if `"`target'"' == "" | scalar(statasvc_http) >= 400 {
        capture confirm file `"`into'"'
        if _rc == 0 _statasvc_read `"`into'"'
        if `"`target'"' != "" capture erase `"`into'"'
    }
    else {
        copy `"`into'"' `"`target'"', replace
        erase `"`into'"'
    }
end

* The status of the last response among those in a file of headers; 0 if there is none.
program define _statasvc_http
    version 16
    args head
    tempname f
    scalar statasvc_http = 0
    capture confirm file `"`head'"'
    if _rc exit
    file open `f' using `"`head'"', read text
    file read `f' line
    while r(eof) == 0 {
        if substr(`"`macval(line)'"', 1, 5) == "HTTP/" scalar statasvc_http = real(word(`"`macval(line)'"', 2))
        file read `f' line
    }
    file close `f'
end

* Stops with the service's error: its code and text are shown, the code is in $STATASVC_ERROR.
program define _statasvc_check
    version 16
    global STATASVC_ERROR
    if scalar(statasvc_http) == 0 {
        display as error "no response from $STATASVC_URL; check the address, that the service runs, and that curl is there"
        exit 677
    }
    if scalar(statasvc_http) < 400 exit
    _statasvc_key error_code
    global STATASVC_ERROR "`r(value)'"
    * a scalar, since a text of the data may hold what a macro would expand
    scalar statasvc_line = ""
    if ustrregexm(statasvc_body, `""detail":"((?:[^"\\]|\\.)*)""') scalar statasvc_line = ustrregexs(1)
    scalar statasvc_line = subinstr(subinstr(statasvc_line, "\" + char(34), char(34), .), "\\", "\", .)
    display as error "$STATASVC_ERROR: " scalar(statasvc_line)
    scalar drop statasvc_line
    _statasvc_key trace_id
    display as error "trace `r(value)'; docs/errors.md of the service says what to do"
    exit 9
end

* The first text of a key in the response; empty if there is none.
program define _statasvc_key, rclass
    version 16
    args key
    local value ""
    if ustrregexm(statasvc_body, `""`key'":"([^"\\]*)"') local value = ustrregexs(1)
    return local value `"`value'"'
end

* The first number of a key in the response.
program define _statasvc_number, rclass
    version 16
    args key
    local value .
    if ustrregexm(statasvc_body, `""`key'":(-?[0-9.]+)"') local value = ustrregexs(1)
    return local value `value'
end

* A text as JSON, in r(json).
program define _statasvc_text, rclass
    version 16
    args text
    local text = subinstr(`"`text'"', "\", "\\", .)
    local text = subinstr(`"`text'"', char(34), "\u0022", .)
    return local json `""`text'""'
end

* name=a b;other=c as members of a JSON object: lists of texts, one text each, or one number, truth or text each.
program define _statasvc_pairs, rclass
    version 16
    args kind pairs
    local json ""
    while `"`pairs'"' != "" {
        gettoken pair pairs : pairs, parse(";")
        if `"`pair'"' != ";" {
            gettoken name values : pair, parse("=")
            gettoken equals values : values, parse("=")
            local name = strtrim("`name'")
            local items ""
            if "`kind'" == "list" {
                foreach value of local values {
                    local items `"`items',"`value'""'
                }
                local items `"[`=substr(`"`items'"', 2, .)']"'
            }
            else {
                local values = strtrim(`"`values'"')
                _statasvc_text `"`values'"'
                local items `"`r(json)'"'
                if "`kind'" == "one" & (real(`"`values'"') < . | inlist(`"`values'"', "true", "false")) local items "`values'"
            }
            local member `""`name'":`items'"'
            local json = cond(`"`json'"' == "", `"`member'"', `"`json',`member'"')
        }
    }
    return local json `"`json'"'
end

* The two lines that need Stata itself and its shell.
program define _statasvc_curl
    version 16
    args config
    shell curl -q -K "`config'"
end

program define _statasvc_read
    version 16
    args file
    scalar statasvc_body = fileread(`"`file'"')
end
