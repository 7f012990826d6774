{{/* Labels by which an object's pods are found. Takes root and component. */}}
{{- define "observability.selector" -}}
app.kubernetes.io/name: observability
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{- define "observability.labels" -}}
{{ include "observability.selector" . }}
app.kubernetes.io/part-of: farthing
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{- define "observability.name" -}}{{ .root.Release.Name }}-{{ .component }}{{- end -}}

{{/* Name, namespace and labels of an object. Takes root and component. */}}
{{- define "observability.metadata" -}}
name: {{ include "observability.name" . }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "observability.labels" . | nindent 2 }}
{{- end -}}

{{/* The same for what belongs to no namespace. */}}
{{- define "observability.clusterMetadata" -}}
name: {{ .root.Release.Namespace }}-{{ include "observability.name" . }}
labels:
  {{- include "observability.labels" . | nindent 2 }}
{{- end -}}

{{- define "observability.platformNamespace" -}}{{ .Values.platform.namespace | default .Release.Namespace }}{{- end -}}

{{/* Where each part is: this chart's own, or the cluster's. */}}
{{- define "observability.otlp" -}}{{ if .Values.jaeger.enabled }}{{ .Release.Name }}-jaeger:4317{{ else }}{{ .Values.jaeger.otlp }}{{ end }}{{- end -}}
{{- define "observability.query" -}}{{ if .Values.jaeger.enabled }}http://{{ .Release.Name }}-jaeger:16686{{ else }}{{ .Values.jaeger.query }}{{ end }}{{- end -}}
{{- define "observability.prometheus" -}}{{ if .Values.prometheus.enabled }}http://{{ .Release.Name }}-prometheus:9090{{ else }}{{ .Values.prometheus.address }}{{ end }}{{- end -}}
{{- define "observability.state" -}}{{ if .Values.kubeStateMetrics.enabled }}{{ .Release.Name }}-kube-state-metrics:8080{{ else }}{{ .Values.kubeStateMetrics.address }}{{ end }}{{- end -}}
{{- define "observability.collector" -}}{{ if .Values.collector.enabled }}http://{{ .Release.Name }}-collector:4318{{ else }}{{ .Values.collector.address }}{{ end }}{{- end -}}

{{/* What the schema cannot say. */}}
{{- define "observability.checks" -}}
{{- if and .Values.collector.enabled (not (include "observability.otlp" .)) -}}
{{- fail "jaeger.otlp is empty: the collector needs a store for traces (host:4317), or set jaeger.enabled=true" -}}
{{- end -}}
{{- if and .Values.grafana.enabled (not (include "observability.prometheus" .)) -}}
{{- fail "prometheus.address is empty: Grafana needs one (http://host:9090), or set prometheus.enabled=true" -}}
{{- end -}}
{{- if lt (mulf 300 .Values.slo.windowScale) (mulf 3 .Values.prometheus.scrapeSeconds) -}}
{{- fail (printf "slo.windowScale=%v: five minutes become shorter than three scrapes (prometheus.scrapeSeconds=%v)" .Values.slo.windowScale .Values.prometheus.scrapeSeconds) -}}
{{- end -}}
{{- if and .Values.grafana.enabled (not .Values.grafana.anonymousRole) (not .Values.grafana.adminSecret) -}}
{{- fail "grafana: nobody could sign in; name a secret in grafana.adminSecret, or set grafana.anonymousRole=Viewer" -}}
{{- end -}}
{{- end -}}
