{{- define "ss.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* Kubernetes limits names to 63 characters; a StatefulSet adds a hash of 10 and its number. */}}
{{- define "ss.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" -}}
{{- else if contains (include "ss.name" .) .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "ss.name" .) | trunc 50 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "ss.selector" -}}
app.kubernetes.io/name: {{ include "ss.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "ss.labels" -}}
{{ include "ss.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* True where servers share the records and the files: they reach each other. */}}
{{- define "ss.shared" -}}
{{- if and (eq .Values.store.backend "postgres") (eq .Values.files.backend "s3") -}}true{{- end -}}
{{- end -}}

{{- define "ss.image" -}}
{{- if .Values.image.digest -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- else -}}
{{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
{{- end -}}
{{- end -}}

{{- define "ss.secret" -}}
{{- default (include "ss.fullname" .) .Values.secrets.existingSecret -}}
{{- end -}}

{{/* Bounds of an orderly end: preStop, drain delay, requests, runs and their grace of 2 s, background 5 s, store 15 s,
     and 5 s to spare. */}}
{{- define "ss.graceSeconds" -}}
{{- with .Values.drain -}}
{{- add (int .preStopSeconds) (int .delaySeconds) (int .shutdownSeconds) (int .shutdownSeconds) 2 5 15 5 -}}
{{- end -}}
{{- end -}}

{{- define "ss.memoryLimit" -}}
{{- $limits := default dict .Values.resources.limits -}}
{{- if $limits.memory -}}
{{ $limits.memory }}
{{- else -}}
{{ add (mul (int .Values.worker.concurrency) (int .Values.run.memoryMb)) 1024 }}Mi
{{- end -}}
{{- end -}}

{{/* SS_A__B_C of the key a.b_c */}}
{{- define "ss.variable" -}}
SS_{{ . | replace "." "__" | upper }}
{{- end -}}

{{/* Numbers of values are floats: a whole one is printed as such. */}}
{{- define "ss.text" -}}
{{- if and (kindIs "float64" .) (eq (floor .) .) -}}{{ int64 . }}{{- else if kindIs "slice" . -}}{{ join "," . }}{{- else -}}{{ . }}{{- end -}}
{{- end -}}

{{/* The variable that names the file of a secret. */}}
{{- define "ss.secretVariable" -}}
{{- $variables := dict
  "bootstrap-admin-key" "SS_BOOTSTRAP_ADMIN_KEY_FILE"
  "admin-password-hash" "SS_ADMIN_PASSWORD_HASH_FILE"
  "llm-api-key" "SS_LLM_API_KEY_FILE"
  "llm-failover-api-key" "SS_LLM__FAILOVER_API_KEY_FILE"
  "link-keys" "SS_TOKENS__LINK_KEYS_FILE"
  "otel-headers" "SS_OTEL__HEADERS_FILE"
  "webhook-keys" "SS_WEBHOOKS__KEYS_FILE"
  "database-url" "SS_DATABASE_URL_FILE"
  "s3-access-key-id" "SS_S3_ACCESS_KEY_ID_FILE"
  "s3-secret-access-key" "SS_S3_SECRET_ACCESS_KEY_FILE" -}}
{{- get $variables . -}}
{{- end -}}

{{/* A rule of egress to one port. */}}
{{- define "ss.egress" -}}
- ports:
    - {port: {{ int .port }}, protocol: TCP}
  {{- with .to }}
  to: {{- toYaml . | nindent 4 }}
  {{- end }}
{{- end -}}
