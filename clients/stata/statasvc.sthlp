{smcl}
{* *! version 0.1.0}{...}
{title:Title}

{p2colset 5 17 19 2}{...}
{p2col:{cmd:statasvc} {hline 2}}Client of stata-service{p_end}

{title:Syntax}

{p 8 8 2}{cmd:statasvc ask} {cmd:"}{it:question}{cmd:"} [{cmd:,} {cmdab:code(}{it:task_code}{cmd:)} {cmdab:url(}{it:address}{cmd:)}]

{p 8 8 2}{cmd:statasvc upload} [{cmd:using} {it:filename}]

{p 8 8 2}{cmd:statasvc run} [{it:do_template}] [{cmd:,} {cmdab:out:come(}{it:name}{cmd:)} {cmdab:reg:ressors(}{it:names}{cmd:)}
{cmdab:con:trols(}{it:names}{cmd:)} {cmdab:role:s(}{it:role=names;...}{cmd:)} {cmdab:param:eters(}{it:name=value;...}{cmd:)}
{cmdab:cat:egorical(}{it:names}{cmd:)} {cmd:base(}{it:name=level;...}{cmd:)} {cmd:where(}{it:condition}{cmd:)} {cmd:wait(}{it:seconds}{cmd:)}]

{p 8 8 2}{cmd:statasvc wait} [{it:seconds}]

{p 8 8 2}{cmd:statasvc cancel}

{p 8 8 2}{cmd:statasvc status}

{p 8 8 2}{cmd:statasvc findings} [{cmd:,} {cmdab:lang:uage(en}|{cmd:zh)}]

{p 8 8 2}{cmd:statasvc fetch} [{cmd:,} {cmdab:sav:ing(}{it:folder}{cmd:)} {cmd:clear} {cmd:replace}]

{p 8 8 2}{cmd:statasvc batch} {it:do_template}{cmd:,} {cmdab:out:come(}{it:names}{cmd:)} {cmdab:reg:ressors(}{it:names}{cmd:)}
[{cmdab:con:trolsets(}{it:none; names; ...}{cmd:)} {cmdab:sam:ples(}{it:all; condition; ...}{cmd:)}
{cmdab:role:s(}{it:role=names;...}{cmd:)} {cmdab:param:eters(}{it:name=value;...}{cmd:)} {cmd:wait(}{it:seconds}{cmd:)}]

{p 8 8 2}{cmd:statasvc compare} [{cmd:using} {it:filename}] [{cmd:,} {cmd:term(}{it:name}{cmd:)} {cmd:clear} {cmd:replace}]

{p 8 8 2}{cmd:statasvc capsule using} {it:filename} [{cmd:,} {cmd:replace}]

{title:Description}

{pstd}{cmd:statasvc ask} makes a job with the task code from your operator; without {cmd:code()} it changes the question of
the job. {cmd:statasvc upload} sends a file (CSV, XLSX, XLSB, XLS, ODS, DTA, SAV, XPT, SAS7BDAT, RDS, RDATA, PARQUET), or the data in memory. {cmd:statasvc run} submits a draft
for a do-template, freezes the plan, runs it and waits; warnings of the plan are shown. A plan that is there stays, with its runs:
{cmd:statasvc run} and {cmd:statasvc upload} open the draft again. {cmd:categorical()} names columns that enter as categories,
{cmd:base()} the levels that others are compared with. If you press Break, the run continues: {cmd:statasvc wait} waits for its end again,
{cmd:statasvc cancel} ends it. Without a do-template it takes the draft of the service's language
model. {cmd:statasvc findings} shows the main results as sentences. {cmd:statasvc fetch} brings tables, figures and log of the run; with {cmd:clear} it loads the coefficients.
{cmd:statasvc batch} analyses the data by every combination of outcomes, sets of controls and samples, and waits for all of them;
{cmd:statasvc compare} brings them side by side: a csv file, which {cmd:clear} loads, or by the ending of the file xlsx, docx, tex, pdf;
svg and png are the specification curve alone. {cmd:statasvc capsule} brings one archive with everything needed to check and repeat the run.

{title:Example}

{phang2}{cmd:. statasvc ask "What goes with higher pay?", url(http://127.0.0.1:8080) code(ssc_...)}{p_end}
{phang2}{cmd:. statasvc upload using pay.csv}{p_end}
{phang2}{cmd:. statasvc run linear.ols_robust, outcome(log_pay) regressors(schooling years_work) parameters(level=90)}{p_end}
{phang2}{cmd:. statasvc findings}{p_end}
{phang2}{cmd:. statasvc fetch, saving(results) clear}{p_end}
{phang2}{cmd:. list term estimate std_error}{p_end}

{title:Stored results}

{pstd}{cmd:ask}: {cmd:r(job)}. {cmd:upload}: {cmd:r(rows)}. {cmd:run}: {cmd:r(plan)}, {cmd:r(run)}, {cmd:r(status)},
{cmd:r(warnings)}, their number. {cmd:wait}: {cmd:r(run)}, {cmd:r(status)}. {cmd:batch}: {cmd:r(batch)}, {cmd:r(status)}, {cmd:r(ended)}. {cmd:compare}: {cmd:r(filename)}.
{cmd:status}: {cmd:r(status)}. {cmd:findings}: {cmd:r(run)}, {cmd:r(findings)}, their number. {cmd:fetch}: {cmd:r(run)}, {cmd:r(files)}. {cmd:capsule}: {cmd:r(filename)}.

{title:Errors}

{pstd}An error of the service, and a run that does not succeed, end with {cmd:r(9)}; the code of the service is in the global
{cmd:STATASVC_ERROR}. No response at all is {cmd:r(677)}.

{title:Remarks}

{pstd}The address, the job and its token are in the globals {cmd:STATASVC_URL}, {cmd:STATASVC_JOB} and {cmd:STATASVC_TOKEN}
of the session: {cmd:macro list} shows them. curl gets the token in a temporary file, which is erased after the request.
{p_end}
