{{/* Every service of the platform by name, from the manifests. */}}
{{- define "farthing.services" -}}
{{- .Files.Get "files/services.json" -}}
{{- end -}}

{{/* Labels of an object. Takes root and component. */}}
{{- define "farthing.labels" -}}
{{ include "farthing.selector" . }}
app.kubernetes.io/part-of: farthing
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
{{- end -}}

{{/* Labels by which an object's pods are found. Takes root and component. */}}
{{- define "farthing.selector" -}}
app.kubernetes.io/name: farthing
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/*
One service with everything about it: facts of its manifest, what the operator set over the defaults, and its names, as JSON.
Takes root and name.
*/}}
{{- define "farthing.service" -}}
{{- $root := .root -}}
{{- $facts := index (include "farthing.services" $root | fromJson) .name -}}
{{- $own := index $root.Values.services .name | default dict -}}
{{- $set := mustMergeOverwrite (deepCopy $root.Values.defaults) (deepCopy $own) -}}
{{- $full := printf "%s-%s" $root.Release.Name .name -}}
{{- $tag := dig "image" "tag" "" $own | default $facts.version -}}
{{- $image := printf "%s/%s:%s" $root.Values.image.repository .name $tag -}}
{{- $version := $tag -}}
{{- with $own.implementation -}}{{- $version = regexReplaceAll "^[^:@]*[:@]" (splitList "/" . | last) "" -}}{{- end -}}
{{- $database := $own.database | default dict -}}
{{- $host := $root.Values.database.host -}}
{{- if $root.Values.database.cloudNativePG.enabled -}}{{- $host = printf "%s-database-rw" $root.Release.Name -}}{{- end -}}
{{- dict
  "name" .name
  "full" $full
  "facts" $facts
  "set" $set
  "image" $image
  "serving" ($own.implementation | default $image)
  "version" (regexReplaceAll "[^A-Za-z0-9._-]" $version "-" | trunc 63 | trimAll "-._")
  "secret" ($own.secretName | default $full)
  "host" ($database.host | default $host)
  "port" ($database.port | default $root.Values.database.port)
  "database" ($database.name | default (printf "farthing_%s" .name))
  "databaseSecret" ($database.secretName | default (printf "%s-database" $full))
  "ownerSecret" ($database.ownerSecretName | default (printf "%s-database-owner" $full))
  "natsSecret" (dig "nats" "secretName" "" $own | default (printf "%s-nats" $full))
  | toJson -}}
{{- end -}}

{{/* The secrets that a service needs of its own: its manifest's, in this mode, as JSON {"secrets": [...]}. Takes root and service. */}}
{{- define "farthing.secrets" -}}
{{- $found := list -}}
{{- $own := index .root.Values.services .service.name | default dict -}}
{{- range .service.facts.container.secrets -}}
{{- $operator := eq .needed "always" -}}
{{- if or (and $operator $.root.Values.sandbox) (and (not $operator) (or (not $.root.Values.sandbox) $own.secretName)) -}}
{{- $found = append $found . -}}
{{- end -}}
{{- end -}}
{{- dict "secrets" $found | toJson -}}
{{- end -}}

{{/* Where the PostgreSQL of a service is. Takes root, service and variable (the prefix of user and password). */}}
{{- define "farthing.databaseUrl" -}}
postgresql://$({{ .prefix }}_USER):$({{ .prefix }}_PASSWORD)@{{ .service.host }}:{{ .service.port }}/{{ .service.database }}
{{- with .root.Values.database.parameters }}?{{ . }}{{ end }}
{{- end -}}
