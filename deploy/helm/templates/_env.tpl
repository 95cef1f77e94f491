{{/* The settings of the container. Later entries of the list win where a name is given twice, so `settings` and
     `extraEnv` come last. */}}
{{- define "ss.env" -}}
- {name: SS_ENV, value: {{ .Values.environment }}}
- {name: SS_LISTEN, value: "0.0.0.0:8080"}
- {name: SS_DATA_DIR, value: /var/lib/stata-service}
- {name: SS_LOG_FORMAT, value: json}
- {name: SS_ON_SHUTDOWN, value: wait}
- {name: SS_DRAIN_DELAY_SECONDS, value: {{ .Values.drain.delaySeconds | quote }}}
- {name: SS_SHUTDOWN_TIMEOUT_SECONDS, value: {{ .Values.drain.shutdownSeconds | quote }}}
- {name: SS_WORKER_CONCURRENCY, value: {{ .Values.worker.concurrency | quote }}}
- {name: SS_STATA_SEATS, value: {{ .Values.worker.seats | quote }}}
- {name: SS_RUN_MEMORY_MB, value: {{ .Values.run.memoryMb | quote }}}
- {name: SS_RUN_TIMEOUT_SECONDS, value: {{ .Values.run.timeoutSeconds | quote }}}
- {name: SS_RUN__SANDBOX, value: {{ .Values.run.sandbox }}}
{{- with .Values.stata.command }}
- {name: SS_STATA_CMD, value: {{ . | quote }}}
{{- end }}
{{- if .Values.tls.secretName }}
- {name: SS_TLS_CERT_FILE, value: /etc/stata-service/tls/tls.crt}
- {name: SS_TLS_KEY_FILE, value: /etc/stata-service/tls/tls.key}
{{- end }}
{{- if eq .Values.store.backend "postgres" }}
- {name: SS_JOB_STORE_BACKEND, value: postgres}
{{- end }}
{{- if eq .Values.files.backend "s3" }}
{{- include "ss.s3Env" . }}
{{- end }}
{{- if include "ss.shared" . }}
- {name: POD_IP, valueFrom: {fieldRef: {fieldPath: status.podIP}}}
- {name: SS_NODE__ADDRESS, value: "{{ ternary "https" "http" (ne .Values.tls.secretName "") }}://$(POD_IP):8080"}
{{- end }}
{{- range .Values.secrets.keys }}
- {name: {{ include "ss.secretVariable" . }}, value: /etc/stata-service/secrets/{{ . }}}
{{- end }}
{{- range $key, $value := .Values.settings }}
- {name: {{ include "ss.variable" $key }}, value: {{ include "ss.text" $value | quote }}}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The bucket. What the platform sets for the credentials of a role is not repeated here. */}}
{{- define "ss.s3Env" }}
- {name: SS_FILES__BACKEND, value: s3}
- {name: SS_FILES__COPIES_MB, value: {{ int .Values.files.copiesMb | quote }}}
- {name: SS_FILES__PRESIGNED, value: {{ .Values.files.presigned | quote }}}
- {name: SS_FILES__REDIRECT, value: {{ .Values.files.redirect | quote }}}
{{- with .Values.s3 }}
- {name: SS_S3_BUCKET, value: {{ .bucket | quote }}}
- {name: SS_S3__CREDENTIALS, value: {{ .credentials }}}
- {name: SS_S3_FORCE_PATH_STYLE, value: {{ .forcePathStyle | quote }}}
{{- with .endpoint }}
- {name: SS_S3_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .publicEndpoint }}
- {name: SS_S3__PUBLIC_ENDPOINT, value: {{ . | quote }}}
{{- end }}
{{- with .region }}
- {name: SS_S3_REGION, value: {{ . | quote }}}
{{- end }}
{{- with .prefix }}
- {name: SS_S3__PREFIX, value: {{ . | quote }}}
{{- end }}
{{- end }}
{{- end -}}
