package main

import (
	"context"
	"strconv"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/pacspace/pacspace-go"
)

// metrics counts the requests of one client. Its labels take few values: a route is a
// template without ids.
type metrics struct {
	requests *prometheus.CounterVec
	retries  *prometheus.CounterVec
	seconds  *prometheus.HistogramVec
	waiting  *prometheus.CounterVec
}

func newMetrics(registry prometheus.Registerer) (*metrics, error) {
	m := &metrics{
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pacspace_requests_total",
			Help: "Requests to the service, by the status of the answer; none where no whole answer came.",
		}, []string{"method", "route", "status"}),
		retries: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pacspace_retries_total",
			Help: "Requests after which another one of the same call followed.",
		}, []string{"method", "route"}),
		seconds: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "pacspace_request_duration_seconds",
			Help:    "Time from sending a request to the last byte of its answer.",
			Buckets: []float64{.01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30}, // to the time limit of an attempt
		}, []string{"method", "route"}),
		waiting: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "pacspace_retry_wait_seconds_total",
			Help: "Time that calls wait before their next request.",
		}, []string{"method", "route"}),
	}
	for _, c := range []prometheus.Collector{m.requests, m.retries, m.seconds, m.waiting} {
		if err := registry.Register(c); err != nil {
			return nil, err
		}
	}
	return m, nil
}

// observe is what pacspace.WithObserver takes.
func (m *metrics) observe(_ context.Context, a pacspace.Attempt) {
	status := "none"
	if a.Err == nil {
		status = strconv.Itoa(a.StatusCode)
	}
	m.requests.WithLabelValues(a.Method, a.Route, status).Inc()
	m.seconds.WithLabelValues(a.Method, a.Route).Observe(a.Duration.Seconds())
	if a.WillRetry {
		m.retries.WithLabelValues(a.Method, a.Route).Inc()
		m.waiting.WithLabelValues(a.Method, a.Route).Add(a.Wait.Seconds())
	}
}
