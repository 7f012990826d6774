{{- define "farthing.deployment" }}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $set := $service.set }}
---
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ $service.full }}
  namespace: {{ $root.Release.Namespace }}
  labels:
    {{- include "farthing.labels" . | nindent 4 }}
    app.kubernetes.io/version: {{ $service.version | quote }}
spec:
  {{- if not $set.autoscaling.enabled }}
  replicas: {{ int $set.replicas }}
  {{- end }}
  revisionHistoryLimit: {{ int $set.revisionHistoryLimit }}
  progressDeadlineSeconds: {{ int $set.progressDeadlineSeconds }}
  strategy:
    type: RollingUpdate
    rollingUpdate: {maxUnavailable: 0, maxSurge: 1}
  selector:
    matchLabels:
      {{- include "farthing.selector" . | nindent 6 }}
  template:
    metadata:
      labels:
        {{- include "farthing.selector" . | nindent 8 }}
        app.kubernetes.io/version: {{ $service.version | quote }}
    spec:
      serviceAccountName: {{ $service.full }}
      automountServiceAccountToken: false
      enableServiceLinks: false
      terminationGracePeriodSeconds: 45
      {{- include "farthing.podSecurity" . | nindent 6 }}
      {{- with $root.Values.image.pullSecrets }}
      imagePullSecrets:
        {{- range . }}
        - name: {{ . }}
        {{- end }}
      {{- end }}
      {{- with $set.nodeSelector }}
      nodeSelector:
        {{- toYaml . | nindent 8 }}
      {{- end }}
      tolerations:
        {{- include "farthing.tolerations" $set | nindent 8 }}
      topologySpreadConstraints:
        - maxSkew: 1
          topologyKey: kubernetes.io/hostname
          whenUnsatisfiable: ScheduleAnyway
          labelSelector:
            matchLabels:
              {{- include "farthing.selector" . | nindent 14 }}
          matchLabelKeys: [pod-template-hash]
      initContainers:
        - name: migrate
          image: {{ $service.image }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          command: [python, -m, farthing.{{ $service.name }}, migrate]
          env:
            {{- include "farthing.environmentMigrate" . | nindent 12 }}
          resources:
            {{- toYaml $set.resources | nindent 12 }}
          {{- include "farthing.containerSecurity" . | nindent 10 }}
          volumeMounts:
            - {name: tmp, mountPath: /tmp}
        {{- if $root.Values.development.reload }}
        {{- include "farthing.copySources" . | nindent 8 }}
        {{- end }}
      containers:
        - name: {{ $service.name }}
          image: {{ $service.serving }}
          imagePullPolicy: {{ $root.Values.image.pullPolicy }}
          {{- if $set.implementation }}
          {{- /* It brings its command in its image. */}}
          {{- else if $root.Values.development.reload }}
          command: [python, /reload/reload.py, /sources, python, -m, farthing.{{ $service.name }}, serve]
          {{- else }}
          command: [python, -m, farthing.{{ $service.name }}, serve]
          {{- end }}
          ports:
            - {name: internal, containerPort: 8000}
            - {name: public, containerPort: 8001}
          env:
            {{- include "farthing.environment" . | nindent 12 }}
          # Listening is alive; the database and the present state of clock and faults make it ready.
          startupProbe:
            httpGet: {path: /livez, port: internal}
            periodSeconds: 1
            timeoutSeconds: 2
            failureThreshold: 60
          readinessProbe:
            httpGet: {path: /readyz, port: internal}
            periodSeconds: 2
            timeoutSeconds: 3
            failureThreshold: 3
          livenessProbe:
            httpGet: {path: /livez, port: internal}
            periodSeconds: 10
            timeoutSeconds: 5
            failureThreshold: 3
            terminationGracePeriodSeconds: 10  # preStop in it; what hangs hears no SIGTERM
          lifecycle:
            preStop:
              sleep: {seconds: 5}
          resources:
            {{- toYaml $set.resources | nindent 12 }}
          {{- include "farthing.containerSecurity" . | nindent 10 }}
          volumeMounts:
            {{- include "farthing.mounts" . | nindent 12 }}
      volumes:
        {{- include "farthing.volumes" . | nindent 8 }}
{{- end -}}

{{- define "farthing.podSecurity" -}}
securityContext:
  runAsNonRoot: true
  runAsUser: 10001
  runAsGroup: 10001
  fsGroup: 10001
  fsGroupChangePolicy: OnRootMismatch
  seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{- define "farthing.containerSecurity" -}}
securityContext:
  allowPrivilegeEscalation: false
  readOnlyRootFilesystem: true
  capabilities: {drop: [ALL]}
{{- end -}}

{{/* Pods leave a node that is gone sooner than after Kubernetes' five minutes. Takes what is set for the service. */}}
{{- define "farthing.tolerations" -}}
- {key: node.kubernetes.io/not-ready, operator: Exists, effect: NoExecute, tolerationSeconds: {{ int .evictAfterSeconds }}}
- {key: node.kubernetes.io/unreachable, operator: Exists, effect: NoExecute, tolerationSeconds: {{ int .evictAfterSeconds }}}
{{- with .tolerations }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "farthing.mounts" -}}
- {name: tmp, mountPath: /tmp}
- {name: identity, mountPath: /var/run/farthing/identity, readOnly: true}
{{- if .service.facts.calls }}
- {name: tokens, mountPath: /var/run/farthing/tokens, readOnly: true}
{{- end }}
{{- if .root.Values.nats.authentication }}
- {name: nats, mountPath: /var/run/farthing/nats, readOnly: true}
{{- end }}
{{- range (include "farthing.secrets" . | fromJson).secrets }}
{{- if .file }}
- {name: secrets, mountPath: /var/run/farthing/secrets/{{ .key }}, subPath: {{ .key }}, readOnly: true}
{{- end }}
{{- end }}
{{- if .root.Values.development.reload }}
- {name: sources, mountPath: /sources}
- {name: reload, mountPath: /reload, readOnly: true}
{{- end }}
{{- end -}}

{{- define "farthing.volumes" -}}
{{- $root := .root -}}
- name: tmp
  emptyDir: {sizeLimit: 64Mi}
# What reads the cluster's key set: a token for its API, and the authority of its certificate.
- name: identity
  projected:
    sources:
      - serviceAccountToken: {path: token, expirationSeconds: {{ int $root.Values.serviceTokens.expirationSeconds }}}
      - configMap:
          name: kube-root-ca.crt
          items: [{key: ca.crt, path: ca.crt}]
{{- if .service.facts.calls }}
# One token for each service that it calls: the audience is the callee's name.
- name: tokens
  projected:
    sources:
      {{- range .service.facts.calls }}
      - serviceAccountToken: {audience: {{ . }}, path: {{ . }}, expirationSeconds: {{ int $root.Values.serviceTokens.expirationSeconds }}}
      {{- end }}
{{- end }}
{{- if $root.Values.nats.authentication }}
- name: nats
  secret:
    secretName: {{ .service.natsSecret }}
    items: [{key: password, path: password}]
{{- end }}
{{- $files := list }}
{{- range (include "farthing.secrets" . | fromJson).secrets }}
{{- if .file }}{{ $files = append $files .key }}{{ end }}
{{- end }}
{{- if $files }}
- name: secrets
  secret:
    secretName: {{ .service.secret }}
    items:
      {{- range $files }}
      - {key: {{ . }}, path: {{ . }}}
      {{- end }}
{{- end }}
{{- if $root.Values.development.reload }}
- name: sources
  emptyDir: {}
- name: reload
  configMap: {name: {{ $root.Release.Name }}-reload}
{{- end }}
{{- end -}}

{{/* The code moves to a volume that can be written, so that changed files can be put over it. */}}
{{- define "farthing.copySources" -}}
- name: sources
  image: {{ .service.image }}
  imagePullPolicy: {{ .root.Values.image.pullPolicy }}
  command: [python, /reload/copy.py, /sources]
  resources:
    {{- toYaml .service.set.resources | nindent 4 }}
  {{- include "farthing.containerSecurity" . | nindent 2 }}
  volumeMounts:
    - {name: sources, mountPath: /sources}
    - {name: reload, mountPath: /reload, readOnly: true}
{{- end -}}
