// external-dns without the providers of other clouds: its own Ingress source, TXT registry and AWS
// provider, unmodified, in the loop that its controller package would run. That package itself
// imports every provider there is, and cannot be built where one of their modules is missing.
package main

import (
	"context"
	"log"
	"os"
	"os/signal"
	"syscall"
	"time"

	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/clientcmd"
	"sigs.k8s.io/external-dns/endpoint"
	"sigs.k8s.io/external-dns/pkg/apis/externaldns"
	"sigs.k8s.io/external-dns/plan"
	"sigs.k8s.io/external-dns/provider"
	"sigs.k8s.io/external-dns/provider/aws"
	"sigs.k8s.io/external-dns/registry"
	"sigs.k8s.io/external-dns/registry/txt"
	"sigs.k8s.io/external-dns/source"

	"k8s.io/apimachinery/pkg/labels"
)

func main() {
	config := externaldns.NewConfig()
	if err := config.ParseFlags(os.Args[1:]); err != nil {
		log.Fatal(err)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	ingresses, records, err := ends(ctx, config)
	if err != nil {
		log.Fatal(err)
	}
	for ctx.Err() == nil {
		if err := once(ctx, config, ingresses, records); err != nil {
			log.Print(err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(config.Interval):
		}
	}
}

// ends are where endpoints come from and where they go.
func ends(
	ctx context.Context, config *externaldns.Config,
) (source.Source, registry.Registry, error) {
	rest, err := clientcmd.BuildConfigFromFlags("", config.KubeConfig)
	if err != nil {
		return nil, nil, err
	}
	client, err := kubernetes.NewForConfig(rest)
	if err != nil {
		return nil, nil, err
	}
	everything := &source.Config{
		AnnotationFilter: labels.Everything(),
		LabelFilter:      labels.Everything(),
	}
	ingresses, err := source.NewIngressSource(ctx, client, everything)
	if err != nil {
		return nil, nil, err
	}
	route53, err := aws.New(ctx, config, endpoint.NewDomainFilter(config.DomainFilter))
	if err != nil {
		return nil, nil, err
	}
	records, err := txt.New(config, route53)
	return ingresses, records, err
}

// once makes the zones be what the Ingresses say.
func once(
	ctx context.Context, config *externaldns.Config, from source.Source, to registry.Registry,
) error {
	current, err := to.Records(ctx)
	if err != nil {
		return err
	}
	ctx = context.WithValue(ctx, provider.RecordsContextKey, current)
	found, err := from.Endpoints(ctx)
	if err != nil {
		return err
	}
	desired, err := to.AdjustEndpoints(found)
	if err != nil {
		return err
	}
	filter := endpoint.NewDomainFilter(config.DomainFilter)
	wanted := (&plan.Plan{
		Policies:       []plan.Policy{plan.Policies[config.Policy]},
		Current:        current,
		Desired:        desired,
		DomainFilter:   endpoint.MatchAllDomainFilters{filter, to.GetDomainFilter()},
		ManagedRecords: config.ManagedDNSRecordTypes,
		OwnerID:        to.OwnerID(),
	}).Calculate()
	if !wanted.Changes.HasChanges() {
		return nil
	}
	return to.ApplyChanges(ctx, wanted.Changes)
}
