{{/* What a serving container is told. */}}
{{- define "farthing.environment" -}}
{{- $root := .root -}}
{{- $service := .service -}}
{{- $plain := dict
  "HOST" "0.0.0.0"
  "PORT" "8000"
  "PUBLIC_PORT" "8001"
  "FARTHING_PUBLIC_URL" $root.Values.publicUrl
  "FARTHING_TRACE_RATIO" (toString $root.Values.telemetry.traceRatio)
  "FARTHING_LOG_REQUESTS" (ternary "1" "0" $root.Values.telemetry.logRequests)
  "FARTHING_CALLERS" (join "," $service.facts.callers)
  "FARTHING_APP_JWKS" (printf "http://%s:8001/v1/oauth2/certs" (ternary "127.0.0.1" (printf "%s-identity" $root.Release.Name) (eq $service.name "identity")))
  "FARTHING_SERVICE_JWKS" $root.Values.serviceTokens.jwks
  "FARTHING_SERVICE_JWKS_TOKEN" "/var/run/farthing/identity/token"
  "FARTHING_SERVICE_JWKS_CA" "/var/run/farthing/identity/ca.crt"
  "FARTHING_SERVICE_SUBJECT_PREFIX" (printf "system:serviceaccount:%s:%s-" $root.Release.Namespace $root.Release.Name)
  "FARTHING_TOKENS" "/var/run/farthing/tokens"
  "FARTHING_NATS_URL" $root.Values.nats.url
  "FARTHING_DRAIN_SECONDS" (ternary "0" "5" $root.Values.development.reload)
-}}
{{- with $root.Values.telemetry.otlpEndpoint -}}{{- $_ := set $plain "OTEL_EXPORTER_OTLP_ENDPOINT" . -}}{{- end -}}
{{- if $root.Values.nats.authentication -}}{{- $_ := set $plain "FARTHING_NATS_PASSWORD_FILE" "/var/run/farthing/nats/password" -}}{{- end -}}
{{- if $root.Values.development.reload -}}{{- $_ := set $plain "PYTHONPATH" "/sources" -}}{{- end -}}
{{- range $service.facts.calls -}}
{{- $_ := set $plain (printf "%s_URL" (upper .)) (printf "http://%s-%s:8000" $root.Release.Name .) -}}
{{- end -}}
{{- $plain = mustMergeOverwrite $plain $service.set.env -}}
{{ include "farthing.environmentDatabase" . }}
{{- if $root.Values.nats.authentication }}
- name: FARTHING_NATS_USER
  valueFrom: {secretKeyRef: {name: {{ $service.natsSecret }}, key: username}}
{{- end }}
{{- with include "farthing.environmentSecrets" . }}
{{ . }}
{{- end }}
{{- range $name, $value := $plain }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- end -}}

{{/* The secrets of a service: a file by its path, anything else by its key. */}}
{{- define "farthing.environmentSecrets" -}}
{{- $service := .service -}}
{{- $lines := list -}}
{{- range (include "farthing.secrets" . | fromJson).secrets -}}
{{- $lines = append $lines (printf "- name: %s" .variable) -}}
{{- $path := printf "  value: /var/run/farthing/secrets/%s" .key -}}
{{- $reference := printf "  valueFrom: {secretKeyRef: {name: %s, key: %s}}" $service.secret .key -}}
{{- $lines = append $lines (ternary $path $reference .file) -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end -}}

{{/* What `migrate` is told: it alone has the owner's password. */}}
{{- define "farthing.environmentMigrate" -}}
{{ include "farthing.environmentDatabase" . }}
- name: OWNER_USER
  valueFrom: {secretKeyRef: {name: {{ .service.ownerSecret }}, key: username}}
- name: OWNER_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .service.ownerSecret }}, key: password}}
- name: DATABASE_OWNER_URL
  value: {{ include "farthing.databaseUrl" (dict "root" .root "service" .service "prefix" "OWNER") }}
{{- end -}}

{{- define "farthing.environmentDatabase" -}}
- name: FARTHING_MODE
  value: {{ ternary "sandbox" "live" .root.Values.sandbox }}
- name: DATABASE_USER
  valueFrom: {secretKeyRef: {name: {{ .service.databaseSecret }}, key: username}}
- name: DATABASE_PASSWORD
  valueFrom: {secretKeyRef: {name: {{ .service.databaseSecret }}, key: password}}
- name: DATABASE_URL
  value: {{ include "farthing.databaseUrl" (dict "root" .root "service" .service "prefix" "DATABASE") }}
{{- end -}}
