{{/* What the schema cannot say. Each mistake is one line that names the value and what may stand there. */}}
{{- define "farthing.checks" -}}
{{- $known := include "farthing.services" . | fromJson -}}
{{- range $name, $_ := .Values.services -}}
{{- if not (hasKey $known $name) -}}
{{- fail (printf "services.%s: there is no such service; there are %s" $name (keys $known | sortAlpha | join ", ")) -}}
{{- end -}}
{{- end -}}
{{- if gt (len .Release.Name) 40 -}}
{{- fail "the release's name is longer than 40 characters: names of its services would not fit" -}}
{{- end -}}
{{- if and .Values.gateway.enabled (not .Values.gateway.parentRefs) -}}
{{- fail "gateway.parentRefs is empty: name the Gateway that routes attach to, or set gateway.enabled=false" -}}
{{- end -}}
{{- if and .Values.ingress.enabled (not .Values.ingress.host) -}}
{{- fail "ingress.host is empty: the name under which the platform is reached" -}}
{{- end -}}
{{- if eq .Values.mode "split" -}}{{- include "farthing.checksSplit" . -}}{{- end -}}
{{- if and .Values.checkSecrets (lookup "v1" "Namespace" "" "kube-system") -}}{{- include "farthing.checkSecrets" . -}}{{- end -}}
{{- end -}}

{{- define "farthing.checksSplit" -}}
{{- if not .Values.nats.url -}}
{{- fail "nats.url is empty: events travel through NATS JetStream in mode split (nats://host:4222)" -}}
{{- end -}}
{{- if and .Values.database.cloudNativePG.enabled .Values.database.host -}}
{{- fail "database.host and database.cloudNativePG.enabled are both set: use one of them" -}}
{{- end -}}
{{- range $name, $_ := include "farthing.services" . | fromJson -}}
{{- $service := include "farthing.service" (dict "root" $ "name" $name) | fromJson -}}
{{- if not $service.host -}}
{{- fail (printf "database.host is empty, and services.%s.database.host too: name the PostgreSQL server, or set database.cloudNativePG.enabled=true" $name) -}}
{{- end -}}
{{- end -}}
{{- if and .Values.database.cloudNativePG.enabled .Release.IsInstall (lookup "v1" "Namespace" "" "kube-system") -}}
{{- if not (.Capabilities.APIVersions.Has "postgresql.cnpg.io/v1") -}}
{{- fail "database.cloudNativePG.enabled: the CloudNativePG operator is not in this cluster (no API postgresql.cnpg.io/v1)" -}}
{{- end -}}
{{- end -}}
{{- end -}}

{{/* Only with a cluster at hand: `helm template` sees none, and kube-system is in each. */}}
{{- define "farthing.checkSecrets" -}}
{{- $missing := list -}}
{{- range $name, $_ := include "farthing.services" . | fromJson -}}
{{- $service := include "farthing.service" (dict "root" $ "name" $name) | fromJson -}}
{{- $wanted := dict -}}
{{- if eq $.Values.mode "split" -}}
{{- $wanted = dict $service.databaseSecret (list "username" "password") $service.ownerSecret (list "username" "password") -}}
{{- end -}}
{{- if and (eq $.Values.mode "split") $.Values.nats.authentication -}}{{- $_ := set $wanted $service.natsSecret (list "username" "password") -}}{{- end -}}
{{- range (include "farthing.secrets" (dict "root" $ "service" $service) | fromJson).secrets -}}
{{- $_ := set $wanted $service.secret (append (index $wanted $service.secret | default list) .key) -}}
{{- end -}}
{{- range $secret, $entries := $wanted -}}
{{- $found := lookup "v1" "Secret" $.Release.Namespace $secret -}}
{{- range $entries -}}
{{- if not (hasKey ($found.data | default dict) .) -}}{{- $missing = append $missing (printf "%s (key %s)" $secret .) -}}{{- end -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- if $missing -}}
{{- fail (printf "secrets are missing in namespace %s: %s" .Release.Namespace (join ", " $missing)) -}}
{{- end -}}
{{- end -}}
