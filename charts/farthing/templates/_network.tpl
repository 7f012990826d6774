{{/*
Both ways, from the manifests: callers reach the internal port, the gateway the public one, monitoring the metrics; the service reaches what it
calls, names, its database, the broker and the key sets.
*/}}
{{- define "farthing.networkPolicy" }}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $values := .root.Values }}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: {{ $service.full }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
spec:
  podSelector:
    matchLabels:
      {{- include "farthing.selector" . | nindent 6 }}
  policyTypes: [Ingress, Egress]
  ingress:
    {{- with $service.facts.callers }}
    - from:
        {{- range . }}
        - {{ include "farthing.peer" (dict "root" $root "component" .) }}
        {{- end }}
      ports: [{port: 8000}]
    {{- end }}
    {{- if $service.facts.public }}
    {{- if $values.gateway.peers }}
    - from:
        {{- toYaml $values.gateway.peers | nindent 8 }}
        - {{ include "farthing.peer" (dict "root" $root "component" "test") }}
        {{- if eq $service.name "identity" }}
        {{- range $name, $facts := include "farthing.services" $root | fromJson }}
        {{- if and $facts.public (ne $name "identity") }}
        - {{ include "farthing.peer" (dict "root" $root "component" $name) }}
        {{- end }}
        {{- end }}
        {{- end }}
      ports: [{port: 8001}]
    {{- else }}
    - ports: [{port: 8001}]
    {{- end }}
    {{- end }}
    {{- with $values.monitoring.peers }}
    - from:
        {{- toYaml . | nindent 8 }}
      ports: [{port: 8000}]
    {{- end }}
    {{- if not (or $service.facts.callers $service.facts.public $values.monitoring.peers) }}
    []
    {{- end }}
  egress:
    - to:
        {{- toYaml $values.networkPolicy.dns | nindent 8 }}
      ports: [{port: 53, protocol: UDP}, {port: 53}]
    - to:
        {{- toYaml $values.networkPolicy.apiServer | nindent 8 }}
      ports: [{port: 443}, {port: 6443}]
    {{- if $values.database.cloudNativePG.enabled }}
    - to: [{podSelector: {matchLabels: {cnpg.io/cluster: {{ $root.Release.Name }}-database}}}]
      ports: [{port: 5432}]
    {{- else }}
    {{- include "farthing.egress" (dict "peers" $values.database.peers "port" $service.port) | nindent 4 }}
    {{- end }}
    {{- include "farthing.egress" (dict "peers" $values.nats.peers "port" $values.nats.port) | nindent 4 }}
    {{- if $values.telemetry.otlpEndpoint }}
    {{- include "farthing.egress" (dict "peers" $values.telemetry.peers "port" 4318) | nindent 4 }}
    {{- end }}
    {{- if $service.facts.public }}
    - to: [{{ include "farthing.peer" (dict "root" $root "component" "identity") }}]
      ports: [{port: 8001}]
    {{- end }}
    {{- with $service.facts.calls }}
    - to:
        {{- range . }}
        - {{ include "farthing.peer" (dict "root" $root "component" .) }}
        {{- end }}
      ports: [{port: 8000}]
    {{- end }}
    {{- if $service.facts.container.outside }}
    - to:
        {{- if $values.sandbox }}
        - ipBlock: {cidr: 0.0.0.0/0}
        {{- else }}
        - ipBlock:
            cidr: 0.0.0.0/0
            except:
              {{- toYaml $values.networkPolicy.private | nindent 14 }}
        {{- end }}
    {{- end }}
{{- end -}}

{{- define "farthing.peer" -}}
podSelector: {matchLabels: {app.kubernetes.io/name: farthing, app.kubernetes.io/instance: {{ .root.Release.Name }}, app.kubernetes.io/component: {{ .component }}}}
{{- end -}}

{{- define "farthing.egress" -}}
{{- if .peers -}}
- to:
    {{- toYaml .peers | nindent 4 }}
  ports: [{port: {{ int .port }}}]
{{- else -}}
- ports: [{port: {{ int .port }}}]
{{- end }}
{{- end -}}
