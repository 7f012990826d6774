{{/* What every pod has. Takes root, component, user and token (whether it asks the cluster's API). */}}
{{- define "observability.pod" -}}
serviceAccountName: {{ include "observability.name" . }}
automountServiceAccountToken: {{ .token }}
enableServiceLinks: false
securityContext:
  runAsNonRoot: true
  runAsUser: {{ .user }}
  runAsGroup: {{ .user }}
  fsGroup: {{ .user }}
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- with .root.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with .root.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end -}}

{{- define "observability.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* The heap is kept below nine tenths of the limit, so that collecting comes before being killed. Takes resources. */}}
{{- define "observability.goMemoryLimit" -}}
{{- $limit := .limits.memory -}}
{{- $mebibytes := ternary (mul 1024 (trimSuffix "Gi" $limit | int)) (trimSuffix "Mi" $limit | int) (hasSuffix "Gi" $limit) -}}
- {name: GOMEMLIMIT, value: {{ printf "%dMiB" (div (mul $mebibytes 9) 10) | quote }}}
{{- end -}}

{{- define "observability.serviceAccount" }}
---
apiVersion: v1
kind: ServiceAccount
metadata:
  {{- include "observability.metadata" . | nindent 2 }}
automountServiceAccountToken: false
{{- end -}}

{{/* Takes root, component and ports (name: number). */}}
{{- define "observability.service" }}
---
apiVersion: v1
kind: Service
metadata:
  {{- include "observability.metadata" . | nindent 2 }}
spec:
  selector:
    {{- include "observability.selector" . | nindent 4 }}
  ports:
    {{- range $name, $number := .ports }}
    - {name: {{ $name }}, port: {{ $number }}, targetPort: {{ $name }}}
    {{- end }}
{{- end -}}

{{/* A role in a namespace for this component's account. Takes root, component, in and rules. */}}
{{- define "observability.role" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata:
  name: {{ include "observability.name" . }}
  namespace: {{ .in }}
  labels:
    {{- include "observability.labels" . | nindent 4 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata:
  name: {{ include "observability.name" . }}
  namespace: {{ .in }}
  labels:
    {{- include "observability.labels" . | nindent 4 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: {{ include "observability.name" . }}}
subjects:
  - {kind: ServiceAccount, name: {{ include "observability.name" . }}, namespace: {{ .root.Release.Namespace }}}
{{- end -}}

{{/* The same for what belongs to no namespace. Takes root, component and rules. */}}
{{- define "observability.clusterRole" }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata:
  {{- include "observability.clusterMetadata" . | nindent 2 }}
rules:
  {{- toYaml .rules | nindent 2 }}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata:
  {{- include "observability.clusterMetadata" . | nindent 2 }}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: {{ .root.Release.Namespace }}-{{ include "observability.name" . }}}
subjects:
  - {kind: ServiceAccount, name: {{ include "observability.name" . }}, namespace: {{ .root.Release.Namespace }}}
{{- end -}}
