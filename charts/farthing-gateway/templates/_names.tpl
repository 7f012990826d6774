{{- define "gateway.selector" -}}
app.kubernetes.io/name: farthing-gateway
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "gateway.labels" -}}
{{ include "gateway.selector" . }}
app.kubernetes.io/component: gateway
app.kubernetes.io/part-of: farthing
app.kubernetes.io/managed-by: {{ .Release.Service }}
{{- end -}}

{{- define "gateway.readyPath" -}}
/_gateway/ready
{{- end -}}
