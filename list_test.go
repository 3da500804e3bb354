package pacspace_test

import (
	"fmt"
	"iter"
	"net/http"
	"strconv"
	"strings"
	"testing"

	"github.com/jarcoal/httpmock"
	"github.com/stretchr/testify/require"

	"github.com/pacspace/pacspace-go"
)

// lists are the iterators over a list, each giving its rows' ids, and a row of each.
var lists = map[string]struct {
	row  string
	walk func(*testing.T, *pacspace.Client) ([]string, error)
}{
	"checkpoints": {`{"checkpointId":%q}`, func(t *testing.T, c *pacspace.Client) ([]string, error) {
		return collect(c.Balance.Checkpoints(t.Context(), pacspace.CheckpointsParams{}), func(c pacspace.Checkpoint) string { return c.CheckpointID })
	}},
	"deliveries": {`{"eventId":%q}`, func(t *testing.T, c *pacspace.Client) ([]string, error) {
		return collect(c.Webhooks.Deliveries(t.Context(), pacspace.DeliveriesParams{}), func(d pacspace.Delivery) string { return d.EventID })
	}},
	"customers": {`{"customerId":%q}`, func(t *testing.T, c *pacspace.Client) ([]string, error) {
		return collect(c.Customers.All(t.Context(), pacspace.CustomersParams{}), func(c pacspace.Customer) string { return c.CustomerID })
	}},
}

func collect[T any](list iter.Seq2[T, error], id func(T) string) (ids []string, err error) {
	for v, e := range list {
		if e != nil {
			return ids, e
		}
		ids = append(ids, id(v))
	}
	return ids, nil
}

// A service that gives fewer rows than it was asked for, and no count of pages, still
// gives them all.
func TestAListGoesOnUntilAPageIsEmpty(t *testing.T) {
	t.Parallel()
	const total, most = 7, 3
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			client := scripted(t, paged(&requests, func(q func(string) int) string {
				offset := q("offset")
				if page := q("page"); page > 0 {
					offset = (page - 1) * most
				}
				var rows []string
				for i := offset; i < min(offset+most, total); i++ {
					rows = append(rows, fmt.Sprintf(list.row, "id_"+strconv.Itoa(i)))
				}
				return fmt.Sprintf(`{"success":true,"data":{%q:[%s]}}`, name, strings.Join(rows, ","))
			}))
			ids, err := list.walk(t, client)
			require.NoError(t, err)
			require.Equal(t, []string{"id_0", "id_1", "id_2", "id_3", "id_4", "id_5", "id_6"}, ids)
			require.Equal(t, 4, requests)
		})
	}
}

func TestAListWhosePagingDoesNotMoveEndsWithAnError(t *testing.T) {
	t.Parallel()
	for name, list := range lists {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			requests := 0
			client := scripted(t, paged(&requests, func(func(string) int) string {
				return fmt.Sprintf(`{"success":true,"data":{%q:[%s]}}`, name, fmt.Sprintf(list.row, "same"))
			}))
			ids, err := list.walk(t, client)
			require.ErrorIs(t, err, pacspace.ErrListMoved)
			require.Equal(t, []string{"same"}, ids)
			require.Equal(t, 2, requests)
		})
	}
}

// The consumer may stop at any row; nothing more is asked for.
func TestAListStopsWhereItsReaderStops(t *testing.T) {
	t.Parallel()
	requests := 0
	client := scripted(t, paged(&requests, func(func(string) int) string {
		return `{"success":true,"data":{"checkpoints":[{"checkpointId":"a"},{"checkpointId":"b"}]}}`
	}))
	for c, err := range client.Balance.Checkpoints(t.Context(), pacspace.CheckpointsParams{}) {
		require.NoError(t, err)
		require.Equal(t, "a", c.CheckpointID)
		break
	}
	require.Equal(t, 1, requests)
}

func TestCustomersEndWithTheLastPageThatTheServiceCounts(t *testing.T) {
	t.Parallel()
	requests := 0
	client := scripted(t, paged(&requests, func(q func(string) int) string {
		return fmt.Sprintf(`{"success":true,"data":{"customers":[{"customerId":"c%d"}],"pagination":{"total":2,"page":%[1]d,"limit":1,"totalPages":2}}}`, q("page"))
	}))
	ids, err := lists["customers"].walk(t, client)
	require.NoError(t, err)
	require.Equal(t, []string{"c1", "c2"}, ids)
	require.Equal(t, 2, requests)
}

// paged answers each request by its query, in which a missing number is 0.
func paged(requests *int, answer func(query func(name string) int) string) http.RoundTripper {
	mock := httpmock.NewMockTransport()
	mock.RegisterNoResponder(func(r *http.Request) (*http.Response, error) {
		*requests++
		return httpmock.NewStringResponse(200, answer(func(name string) int {
			n, _ := strconv.Atoi(r.URL.Query().Get(name))
			return n
		})), nil
	})
	return mock
}
