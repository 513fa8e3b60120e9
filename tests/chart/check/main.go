// Command check holds what a chart renders for Prometheus and Grafana against their own words: it
// reads Kubernetes objects as a JSON array and prints what is wrong with them, a line each.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"text/template"

	monitoring "github.com/prometheus-operator/prometheus-operator/pkg/apis/monitoring/v1"
	"github.com/prometheus/prometheus/promql/parser"
)

// What Grafana fills in before Prometheus reads a query.
var grafana = strings.NewReplacer("$__rate_interval", "5m", "$__range", "1h")

// wrong is what was found, in order.
var wrong []string

func complain(where string, err error) {
	if err != nil {
		wrong = append(wrong, fmt.Sprintf("%s: %v", where, err))
	}
}

// strictly decodes as the Go types of an API have it; a field that they lack is an error.
func strictly(text []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	return decoder.Decode(into)
}

// parses says whether Prometheus can read a query.
func parses(where, query string) {
	_, err := parser.NewParser(parser.Options{}).ParseExpr(query)
	complain(where+": "+query, err)
}

// fills says whether Prometheus can fill in a text about an alert.
func fills(where, text string) {
	_, err := template.New("").Parse("{{ $labels := .Labels }}{{ $value := .Value }}" + text)
	complain(where, err)
}

// rules checks the alerts of a PrometheusRule.
func rules(where string, text []byte) {
	var rule monitoring.PrometheusRule
	complain(where, strictly(text, &rule))
	for _, group := range rule.Spec.Groups {
		for _, one := range group.Rules {
			where := where + ": " + one.Alert
			parses(where, one.Expr.String())
			for _, text := range one.Annotations {
				fills(where, text)
			}
		}
	}
}

// dashboards checks the queries of every dashboard in a ConfigMap.
func dashboards(where string, data map[string]string) {
	for file, text := range data {
		if !strings.HasSuffix(file, ".json") {
			continue
		}
		var dashboard struct {
			Panels []struct {
				Title   string
				Targets []struct{ Expr string }
			}
		}
		complain(where+": "+file, json.Unmarshal([]byte(text), &dashboard))
		for _, panel := range dashboard.Panels {
			for _, target := range panel.Targets {
				parses(where+": "+panel.Title, grafana.Replace(target.Expr))
			}
		}
	}
}

func main() {
	var objects []json.RawMessage
	if err := json.NewDecoder(os.Stdin).Decode(&objects); err != nil {
		complain("input", err)
	}
	for _, text := range objects {
		var object struct {
			Kind     string
			Metadata struct{ Name string }
			Data     map[string]string
		}
		complain("input", json.Unmarshal(text, &object))
		where := object.Kind + " " + object.Metadata.Name
		switch object.Kind {
		case "ServiceMonitor":
			complain(where, strictly(text, &monitoring.ServiceMonitor{}))
		case "PrometheusRule":
			rules(where, text)
		case "ConfigMap":
			dashboards(where, object.Data)
		}
	}
	for _, line := range wrong {
		fmt.Fprintln(os.Stderr, line)
	}
	if len(wrong) > 0 {
		os.Exit(1)
	}
}
