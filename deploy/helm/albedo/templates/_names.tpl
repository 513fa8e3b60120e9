{{/* What the chart's objects are called. The names of values are AWS Load Balancer Controller's. */}}
{{- define "albedo.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{/* The release's name, if it says what it is, else with the chart's behind it. */}}
{{- define "albedo.fullname" -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $composed := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- default $composed .Values.fullnameOverride | trunc 63 | trimSuffix "-" -}}
{{- end -}}

{{- define "albedo.serviceAccountName" -}}
{{- if .Values.serviceAccount.create -}}
{{- default (include "albedo.fullname" .) .Values.serviceAccount.name -}}
{{- else -}}
{{- default "default" .Values.serviceAccount.name -}}
{{- end -}}
{{- end -}}

{{/* The ServiceAccount, as bindings name it. */}}
{{- define "albedo.subjects" -}}
- kind: ServiceAccount
  name: {{ include "albedo.serviceAccountName" . }}
  namespace: {{ .Release.Namespace }}
{{- end -}}

{{/* What is remembered is here. */}}
{{- define "albedo.memoryNamespace" -}}
{{- default .Release.Namespace .Values.memory.namespace -}}
{{- end -}}

{{- define "albedo.ingressClassParamsName" -}}
{{- default .Values.ingressClass .Values.ingressClassParams.name -}}
{{- end -}}

{{/* What makes up the webhook that gives new pods their readiness gates. */}}
{{- define "albedo.injectorName" -}}
{{- printf "%s-readiness-gates" (include "albedo.fullname" . | trunc 47 | trimSuffix "-") -}}
{{- end -}}

{{/* What pods are known by; a Deployment's can never change. */}}
{{- define "albedo.selectorLabels" -}}
app.kubernetes.io/name: {{ include "albedo.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{/* What every object carries. */}}
{{- define "albedo.labels" -}}
{{ include "albedo.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
{{- if eq (default "helm" .Values.creator) "helm" }}
app.kubernetes.io/managed-by: Helm
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
{{- end }}
{{- with .Values.additionalLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{/* The port in an address such as ":8080". */}}
{{- define "albedo.metricsPort" -}}
{{- default "8080" (regexFind "[0-9]+$" (default "" .Values.metricsBindAddr)) -}}
{{- end -}}
