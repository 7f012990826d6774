{{/* Pods of this release. Takes root and component; without a component all of them. */}}
{{- define "observability.peer" -}}
podSelector: {matchLabels: {app.kubernetes.io/name: observability, app.kubernetes.io/instance: {{ .root.Release.Name }}{{ with .component }}, app.kubernetes.io/component: {{ . }}{{ end }}}}
{{- end -}}

{{/* Pods of the platform, wherever it is. */}}
{{- define "observability.platformPeer" -}}
namespaceSelector: {matchLabels: {kubernetes.io/metadata.name: {{ include "observability.platformNamespace" . }}}}
podSelector: {matchLabels: {app.kubernetes.io/name: farthing, app.kubernetes.io/instance: {{ .Values.platform.release }}}}
{{- end -}}

{{/* Takes root, component, ingress and egress (both YAML). */}}
{{- define "observability.networkPolicy" }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  {{- include "observability.metadata" . | nindent 2 }}
spec:
  podSelector:
    matchLabels:
      {{- include "observability.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- .ingress | trim | nindent 4 }}
  egress:
    {{- .egress | trim | nindent 4 }}
{{- end -}}

{{- define "observability.toNames" -}}
- to:
    {{- toYaml .Values.networkPolicy.dns | nindent 4 }}
  ports: [{port: 53, protocol: UDP}, {port: 53}]
{{- end -}}

{{- define "observability.toApiServer" -}}
- to:
    {{- toYaml .Values.networkPolicy.apiServer | nindent 4 }}
  ports: [{port: 443}, {port: 6443}]
{{- end -}}

{{/* Who looks: Grafana, and whom the operator names. Takes root and port. */}}
{{- define "observability.fromReaders" -}}
- from:
    - {{ include "observability.peer" (dict "root" .root "component" "grafana") }}
    {{- with .root.Values.networkPolicy.readers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports: [{port: {{ .port }}}]
{{- end -}}

{{/* Takes root and port. */}}
{{- define "observability.fromPrometheus" -}}
- from:
    - {{ include "observability.peer" (dict "root" .root "component" "prometheus") }}
    {{- with .root.Values.operator.peers }}
    {{- toYaml . | nindent 4 }}
    {{- end }}
  ports: [{port: {{ .port }}}]
{{- end -}}
