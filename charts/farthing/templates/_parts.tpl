{{- define "farthing.serviceAccount" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  name: {{ .service.full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
automountServiceAccountToken: false
{{- end -}}

{{- define "farthing.kubernetesService" }}
---
apiVersion: v1
kind: Service
metadata:
  name: {{ .service.full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
spec:
  selector:
    {{- include "farthing.selector" . | nindent 4 }}
  ports:
    - {name: internal, port: 8000, targetPort: internal}
    - {name: public, port: 8001, targetPort: public}
{{- end -}}

{{- define "farthing.disruptionBudget" }}
---
apiVersion: policy/v1
kind: PodDisruptionBudget
metadata:
  name: {{ .service.full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
spec:
  maxUnavailable: 1
  unhealthyPodEvictionPolicy: AlwaysAllow
  selector:
    matchLabels:
      {{- include "farthing.selector" . | nindent 6 }}
{{- end -}}

{{- define "farthing.autoscaler" }}
{{- $scaling := .service.set.autoscaling }}
---
apiVersion: autoscaling/v2
kind: HorizontalPodAutoscaler
metadata:
  name: {{ .service.full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
spec:
  scaleTargetRef: {apiVersion: apps/v1, kind: Deployment, name: {{ .service.full }}}
  minReplicas: {{ int $scaling.minReplicas }}
  maxReplicas: {{ int $scaling.maxReplicas }}
  metrics:
    - type: Resource
      resource:
        name: cpu
        target: {type: Utilization, averageUtilization: {{ int $scaling.targetCPU }}}
  behavior:
    scaleDown:
      stabilizationWindowSeconds: {{ int $scaling.scaleDownSeconds }}
{{- end -}}

{{- define "farthing.route" }}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: {{ .service.full }}
  namespace: {{ .root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
spec:
  parentRefs:
    {{- toYaml .root.Values.gateway.parentRefs | nindent 4 }}
  {{- with .root.Values.gateway.hostnames }}
  hostnames:
    {{- toYaml . | nindent 4 }}
  {{- end }}
  rules:
    - matches:
        {{- range .service.facts.public }}
        - path: {type: PathPrefix, value: {{ . }}}
        {{- end }}
        # An SDK that joins its own absolute address to ours, after the gateway merged the slashes.
        {{- range $prefix := .service.facts.public }}
        {{- range $host := list "api-m.sandbox.paypal.com" "api-m.paypal.com" }}
        - path: {type: PathPrefix, value: "/https:/{{ $host }}{{ $prefix }}"}
        {{- end }}
        {{- end }}
        {{- if eq .service.name "console" }}
        - path: {type: PathPrefix, value: /}  # whatever no other service serves
        {{- end }}
      backendRefs:
        - name: {{ .service.full }}
          port: 8001
{{- end -}}
