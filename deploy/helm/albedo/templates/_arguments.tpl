{{/* A word of a list with commas, as flags read it: in quotes where it holds a comma or quotes itself. */}}
{{- define "albedo.word" -}}
{{- if regexMatch "[,\"]" . -}}
"{{ replace "\"" "\"\"" . }}"
{{- else -}}
{{ . }}
{{- end -}}
{{- end -}}

{{/* A flag, from its name and the value for it; nothing where that says nothing. */}}
{{- define "albedo.argument" -}}
{{- $flag := first . -}}
{{- $value := last . -}}
{{- $words := list -}}
{{- if kindIs "bool" $value -}}
{{- $words = list (toString $value) -}}
{{- else if kindIs "map" $value -}}
{{- range $key, $one := $value -}}
{{- $words = append $words (include "albedo.word" (printf "%s=%v" $key $one)) -}}
{{- end -}}
{{- else if kindIs "slice" $value -}}
{{- range $value -}}
{{- $words = append $words (include "albedo.word" (toString .)) -}}
{{- end -}}
{{- else if kindIs "float64" $value -}}
{{- $words = ternary (list (toString (int64 $value))) list (ne $value 0.0) -}}
{{- else if $value -}}
{{- $words = list (toString $value) -}}
{{- end -}}
{{- if $words -}}
- {{ printf "--%s=%s" $flag (join "," $words) | quote }}
{{ end -}}
{{- end -}}

{{/* A value, from the controller's own default and the value; nothing where they are the same. */}}
{{- define "albedo.unless" -}}
{{- $value := default "" (last .) -}}
{{- ternary "" $value (eq $value (first .)) -}}
{{- end -}}

{{/* The arguments of the controller, each from the value of LBC's chart that means it, or from one of ours. */}}
{{- define "albedo.arguments" -}}
{{- $values := .Values -}}
- run
{{ range list
  (list "memory-namespace" $values.memory.namespace)
  (list "scope" (include "albedo.unless" (list "all" $values.scope)))
  (list "ingress-class" (include "albedo.unless" (list "alb" $values.ingressClass)))
  (list "aws-region" (tpl (default "" $values.region) $))
  (list "aws-vpc-id" (tpl (default "" $values.vpcId) $))
  (list "aws-vpc-tags" $values.vpcTags)
  (list "aws-api-endpoints" $values.awsApiEndpoints)
  (list "aws-api-throttle" $values.awsApiThrottle)
  (list "aws-max-retries" $values.awsMaxRetries)
  (list "default-target-type" (include "albedo.unless" (list "instance" $values.defaultTargetType)))
  (list "default-load-balancer-scheme" $values.defaultLoadBalancerScheme)
  (list "default-ssl-policy" $values.defaultSSLPolicy)
  (list "default-tags" $values.defaultTags)
  (list "external-managed-tags" $values.externalManagedTags)
  (list "enable-shield" $values.enableShield)
  (list "enable-waf" $values.enableWaf)
  (list "enable-wafv2" $values.enableWafv2)
  (list "enable-endpoint-slices" $values.enableEndpointSlices)
  (list "enable-backend-security-group" $values.enableBackendSecurityGroup)
  (list "backend-security-group" $values.backendSecurityGroup)
  (list "enable-manage-backend-security-group-rules" $values.enableManageBackendSecurityGroupRules)
  (list "disable-restricted-sg-rules" $values.disableRestrictedSecurityGroupRules)
  (list "disable-ingress-class-annotation" $values.disableIngressClassAnnotation)
  (list "disable-ingress-group-name-annotation" $values.disableIngressGroupNameAnnotation)
  (list "tolerate-non-existent-backend-service" $values.tolerateNonExistentBackendService)
  (list "tolerate-non-existent-backend-action" $values.tolerateNonExistentBackendAction)
  (list "max-targets-per-target-group" $values.maxTargetsPerTargetGroup)
  (list "service-target-eni-security-group-tags" $values.serviceTargetENISGTags)
  (list "allowed-certificate-authority-arns" $values.certDiscovery.allowedCertificateAuthorityARNs)
  (list "default-pca-arn" $values.certManagement.defaultPCAARN)
  (list "feature-gates" $values.controllerConfig.featureGates)
  (list "watch-namespace" $values.watchNamespace)
  (list "ingress-max-concurrent-reconciles" $values.ingressMaxConcurrentReconciles)
  (list "targetgroupbinding-max-concurrent-reconciles" $values.targetgroupbindingMaxConcurrentReconciles)
  (list "sync-period" $values.syncPeriod)
  (list "metrics-bind-addr" $values.metricsBindAddr)
  (list "readiness-gate-webhook" (ternary (include "albedo.injectorName" .) "" $values.readinessGateInjector.enabled))
  (list "readiness-gate-webhook-bind-addr" (include "albedo.unless" (list ":9443" (printf ":%d" (int $values.readinessGateInjector.port)))))
  (list "log-level" $values.logLevel)
  (list "log-format" $values.logFormat)
  (list "targets-without-pods" $values.targetsWithoutPods)
  (list "tls-secrets" $values.tlsSecrets)
  (list "replacement-grace" $values.replacementGrace)
  (list "dns" $values.dns)
  (list "txt-owner-id" $values.txtOwnerId)
  (list "policy" $values.policy)
  (list "annotation-prefix" $values.annotationPrefix)
  (list "aws-evaluate-target-health" $values.awsEvaluateTargetHealth) }}
{{- include "albedo.argument" . }}
{{- end }}
{{- range $values.takeNamesFrom }}
{{- include "albedo.argument" (list "take-names-from" .) }}
{{- end }}
{{- range $values.domainFilters }}
{{- include "albedo.argument" (list "domain-filter" .) }}
{{- end }}
{{- range $values.zoneIdFilters }}
{{- include "albedo.argument" (list "zone-id-filter" .) }}
{{- end }}
{{- if or (not $values.topologyPage.enabled) $values.hostNetwork -}}
- "--page-bind-addr="
{{ else if ne (int $values.topologyPage.port) 61780 -}}
- {{ printf "--page-bind-addr=127.0.0.1:%d" (int $values.topologyPage.port) | quote }}
{{ end -}}
{{- if $values.watchNamespaceIsAll -}}
- --watch-namespace-is-all
{{ end -}}
{{- if $values.takeOver.enabled -}}
- {{ printf "--take-over=%s" (join "," $values.takeOver.duties) | quote }}
{{ end -}}
{{- with $values.extraArgs -}}
{{- toYaml . }}
{{ end -}}
{{- end -}}
