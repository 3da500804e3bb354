package forge

import (
	"encoding/json"
	"strings"

	"github.com/pacspace/pacspace-go/proof"
)

func anchor(kind string, fields M) M {
	fields["format"], fields["kind"] = proof.AnchorFormat, kind
	return fields
}

// Record is what the public record answers for the file's root.
func (f *File) Record() M {
	count := 0
	for _, l := range f.Lines {
		if Under(l) {
			count++
		}
	}
	return anchor("public-record", M{"root": f.RootOf().String(), "verified": true, "environment": f.Header["environment"],
		"recordCount": Number(count), "netChange": f.Sum(Under).String(), "source": "api.example"})
}

// BatchRecord is what the public record answers for the batch of line i.
func (f *File) BatchRecord(i int) M {
	return anchor("public-record", M{"root": f.Lines[i]["proofHash"], "verified": true, "environment": f.Header["environment"]})
}

// InvoiceRoot is the root printed on the invoice.
func InvoiceRoot(root any) M { return anchor("invoice-root", M{"root": root}) }

// Own is the buyer's own list of the file's deltas that have a reference.
func (f *File) Own() M {
	var list []any
	for i := range f.Lines {
		if reference, ok := f.Item(i)["referenceId"]; ok {
			list = append(list, M{"referenceId": reference, "delta": f.Item(i)["delta"]})
		}
	}
	return anchor("own-deltas", M{"deltas": list, "partial": false})
}

// Earlier is what a verification of the file left, whatever its verdict was.
func (f *File) Earlier(verdict proof.Verdict) M {
	var billed []any
	for i, l := range f.Lines {
		entry := M{}
		if reference, ok := f.Item(i)["referenceId"]; ok {
			entry["referenceId"] = reference
		}
		if id, ok := l["recordId"]; ok {
			entry["recordId"] = id
		}
		billed = append(billed, entry)
	}
	earlier := anchor("earlier", M{
		"verdict": string(verdict), "account": clone(f.Header["account"]), "environment": f.Header["environment"],
		"usageDays": clone(f.Header["usageDays"]), "window": clone(f.Header["window"]),
		"balance": f.Header["claimedBalance"], "count": Number(len(f.Lines)), "root": f.RootOf().String(),
		"confirmed": Confirmed(f.Variant), "billed": billed,
	})
	if n := len(f.Lines); n > 0 {
		earlier["lastIndex"] = f.Lines[n-1]["index"]
	}
	return earlier
}

// Confirmed is how the levels stand after a variant reproduced all of them.
func Confirmed(v proof.Variant) M {
	var items []any
	for _, of := range proof.Variants() {
		if strings.HasSuffix(string(of), "-nul") == strings.HasSuffix(string(v), "-nul") {
			items = append(items, string(of))
		}
	}
	return M{"item": items, "batch": []any{string(v)}, "checkpoint": []any{string(v)}}
}

// Probe is a trial of the service that confirmed every level and saw what it is told.
func Probe(v proof.Variant, chain, index bool) M {
	return anchor("probe", M{"environment": "live", "confirmed": Confirmed(v), "chainPerAccount": chain, "indexPerAccount": index})
}

// Buyer is what the buyer expects of February.
func Buyer() M {
	return M{"customerId": Acme, "resource": Resource, "usageDays": Days(February), "environment": "live"}
}

// With returns a copy of an object with some members replaced.
func With(m M, members M) M {
	c := clone(m).(M)
	for name, value := range members {
		c[name] = value
	}
	return c
}

// Without returns a copy of an object without some members.
func Without(m M, names ...string) M {
	c := clone(m).(M)
	for _, name := range names {
		delete(c, name)
	}
	return c
}

// Amount is an amount in JSON.
func Amount(text string) json.Number { return json.Number(text) }
