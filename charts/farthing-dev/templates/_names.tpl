{{- define "dev.services" -}}{{ .Files.Get "files/services.json" }}{{- end -}}

{{/* Takes root and component. */}}
{{- define "dev.selector" -}}
app.kubernetes.io/name: farthing-dev
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "dev.labels" -}}
{{ include "dev.selector" . }}
app.kubernetes.io/part-of: farthing
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{/* The same password for the same purpose. The letter in front keeps NATS from reading a number. Takes root and purpose. */}}
{{- define "dev.password" -}}
{{ printf "p%s" (printf "%s/%s" .root.Values.passwordSeed .purpose | sha256sum | trunc 32) }}
{{- end -}}

{{- define "dev.placement" -}}
{{- with .Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}
