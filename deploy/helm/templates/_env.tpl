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
